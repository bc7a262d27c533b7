/* SPDX-License-Identifier: MIT */
/* metallb: marks, bodies and steps of MetalLB's objects. */
#include "lib/kind/metallb/metallb.h"

#include <string.h>

#include "lib/doc/json.h"
#include "lib/kind/actions.h"
#include "lib/kind/metallb/pool.h"

bool metallb_marked(struct json_object *object)
{
	struct json_object *label = NULL;

	/* The label's name has dots, so no path can name it. */
	json_object_object_get_ex(json_at(object, "metadata.labels"), MARK_LABEL, &label);
	return label && strcmp(json_object_get_string(label), MARK_MANAGER) == 0;
}

const char *metallb_body(struct planner *p, const char *kind, const char *name, bool ours,
    struct json_object *spec)
{
	autojson struct json_object *body = json_object_new_object();
	struct json_object *metadata = json_object_new_object();
	struct json_object *labels;

	json_put_string(metadata, "name", name);
	json_put_string(metadata, "namespace", "metallb-system");
	if (ours) {
		labels = json_object_new_object();
		json_put_string(labels, MARK_LABEL, MARK_MANAGER);
		json_put(metadata, "labels", labels);
	}
	json_put_string(body, "apiVersion", "metallb.io/v1beta1");
	json_put_string(body, "kind", kind);
	json_put(body, "metadata", metadata);
	json_put(body, "spec", spec);
	return arena_copy(p->arena, json_text(body));
}

static struct program *add(struct planner *p, struct item *item,
    const struct action *action, const char *plural, const char *uid, const char *text)
{
	struct program *program = item_program(p, item, NULL);
	struct step *step = program_step(p, program, action, item->name, "%s", text);
	struct kube_request *request = step_arguments(step);

	request->path = arena_printf(p->arena, METALLB_API "%s/%s", plural, item->name);
	request->uid = uid;
	return program;
}

struct program *metallb_apply(
    struct planner *p, struct item *item, const char *plural, const char *text)
{
	return add(p, item, &kube_apply_action, plural, NULL, text);
}

struct program *metallb_delete(struct planner *p, struct item *item, const char *plural,
    const char *uid, const char *text)
{
	struct program *program = add(p, item, &kube_delete_action, plural, uid, text);

	program->removal = true;
	program_effect(p, program, EFFECT_REMOVES, item->kind, item->name);
	return program;
}

struct program *metallb_unwritten(struct planner *p, struct item *item,
    const char *plural, bool marked, const char *uid)
{
	const char *object =
	    arena_printf(p->arena, "%s/%s", item->kind->name, item->name);

	if (!marked)
		return NULL;
	if (p->input->desired->settings.prune) {
		item_pending(p, item, "is no longer written");
		return metallb_delete(p, item, plural, uid,
		    arena_printf(
			p->arena, "delete %s, which is no longer written", object));
	}
	plan_finding(p, SEVERITY_INFO, "no-longer-written", object,
	    "%s was made by homek8sd and is no longer written; it is left alone", object)
	    ->fix = "write it again, delete it with kubectl, or set `prune: true`";
	return NULL;
}

static const struct observed_set *services_of(const struct planner *p)
{
	return &p->input->observed->kinds[kind_index(&service_kind)];
}

void metallb_effects(struct planner *p, struct program *program, enum effect_what what,
    struct ranges addresses)
{
	const struct observed_set *services = services_of(p);

	for (size_t i = 0; addresses.count && i < services->count; i++) {
		const struct service *s =
		    (const struct service *)services->items[i]->live;

		for (size_t k = 0; s && k < s->address_count; k++) {
			struct effect *effect;

			if (!ranges_contain(addresses, s->addresses[k]))
				continue;
			effect = program_effect(
			    p, program, what, &service_kind, s->object.name);
			effect->from = arena_copy(
			    p->arena, ip_text(s->addresses[k], (char[IP_TEXT]){ 0 }));
			effect->in_use = true;
		}
	}
}

bool metallb_services_known(
    struct planner *p, struct program *program, struct ranges addresses)
{
	const struct observed_set *services = services_of(p);

	if (services->known || !addresses.count)
		return true;
	program_waits(p, program,
	    "gives up %s, and which Services live there is not known: %s",
	    ranges_text(p->arena, addresses),
	    services->why ? services->why : "not observed yet");
	item_unknown(p, program->item, "%s", program->why);
	return false;
}
