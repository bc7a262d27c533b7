/* SPDX-License-Identifier: MIT */
/* metallb: marks, bodies and steps of MetalLB's objects. */
#include "lib/kind/metallb/metallb.h"

#include <string.h>

#include "lib/doc/json.h"
#include "lib/kind/actions.h"
#include "lib/kind/metallb/pool.h"

/* "metallb.io/v1beta1", from the path of the kind's collection. */
static const char *api_version(struct arena *a, const struct kind *kind)
{
	const char *path = kind->watches[0].path + strlen("/apis/");

	return arena_copy_n(a, path, (size_t)(strrchr(path, '/') - path));
}

static const char *namespace_now(const struct planner *p)
{
	struct hold ignored = { 0 };

	return metallb_namespace(p->input->desired, p->input->observed, &ignored);
}

/* Whether the step was planned for the object as it is there, or not there, now. */
static bool is_planned_for(const struct step *step, const char *uid)
{
	const char *planned = ((const struct kube_request *)step->arguments)->uid;

	return planned && uid ? strcmp(planned, uid) == 0 : planned == uid;
}

const char *metallb_body(struct planner *p, const struct step *step,
    const struct metallb_body *of, struct error *e)
{
	autojson struct json_object *body = json_object_new_object();
	const char *uid = of->live ? of->live->uid : NULL;
	struct json_object *metadata, *labels = of->labels;

	if (!is_planned_for(step, uid)) {
		json_object_put(of->spec);
		json_object_put(labels);
		fail(e, "%s/%s was deleted or made anew meanwhile", step->kind->name,
		    step->name);
		return NULL;
	}
	metadata = json_object_new_object();
	json_put_string(metadata, "name", step->name);
	json_put_string(metadata, "namespace", namespace_now(p));
	if (uid)
		json_put_string(metadata, "uid", uid);
	if (of->owned && !labels)
		labels = json_object_new_object();
	if (of->owned)
		json_put_string(labels, MARK_LABEL, MARK_MANAGER);
	if (labels)
		json_put(metadata, "labels", labels);
	json_put_string(body, "apiVersion", api_version(p->arena, step->kind));
	json_put_string(body, "kind", of->kind);
	json_put(body, "metadata", metadata);
	json_put(body, "spec", of->spec);
	return arena_copy(p->arena, json_text(body));
}

static struct kube_request *add_step(struct planner *p, struct program *program,
    const struct action *action, const char *text)
{
	const struct item *item = program->item;
	struct kube_request *request =
	    step_arguments(program_step(p, program, action, item->name, "%s", text));

	request->path = arena_printf(p->arena, "%s/%s",
	    watch_path_in(p->arena, item->kind->watches[0].path, namespace_now(p)),
	    item->name);
	return request;
}

struct program *metallb_apply(struct planner *p, struct item *item,
    const struct metallb_meta *live, const char *text)
{
	struct program *program = item_program(p, item, NULL);

	add_step(p, program, &kube_apply_action, text)->uid = live ? live->uid : NULL;
	return program;
}

struct program *metallb_unwritten(
    struct planner *p, struct item *item, const struct metallb_meta *meta)
{
	struct program *program = meta->deleting ? NULL
						 : item_unwritten(p, item, meta->owned,
						       "delete it with kubectl");

	if (program)
		add_step(p, program, &kube_delete_action,
		    arena_printf(p->arena, "delete %s/%s, which is no longer written",
			item->kind->name, item->name))
		    ->uid = meta->uid;
	return program;
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
