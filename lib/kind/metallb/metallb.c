/* SPDX-License-Identifier: MIT */
/* metallb: marks, bodies and steps of MetalLB's objects. */
#include "lib/kind/metallb/metallb.h"

#include <string.h>

#include "lib/doc/json.h"
#include "lib/kind/kinds.h"

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

static struct step *add(struct planner *p, struct item *item, enum step_op op,
    unsigned stage, const char *plural, const char *text)
{
	struct step *step = item_step(p, item, op, stage, item->name, "%s", text);

	step->path = arena_printf(p->arena, METALLB_API "%s/%s", plural, item->name);
	return step;
}

struct step *metallb_apply(struct planner *p, struct item *item, unsigned stage,
    const char *plural, const char *body, const char *text)
{
	struct step *step = add(p, item, STEP_KUBE_APPLY, stage, plural, text);

	step->body = body;
	return step;
}

struct step *metallb_delete(struct planner *p, struct item *item, const char *plural,
    const char *uid, const char *text)
{
	struct step *step = add(p, item, STEP_KUBE_DELETE, 3, plural, text);

	step->uid = uid;
	return step;
}

void metallb_unwritten(struct planner *p, struct item *item, const char *plural,
    bool marked, const char *uid)
{
	const char *object =
	    arena_printf(p->arena, "%s/%s", item->kind->name, item->name);

	if (!marked)
		return;
	if (p->input->desired->settings.prune) {
		metallb_delete(p, item, plural, uid,
		    arena_printf(
			p->arena, "delete %s, which is no longer written", object));
		item_pending(p, item, "is no longer written");
		return;
	}
	plan_finding(p, SEVERITY_INFO, "no-longer-written", object,
	    "%s was made by homek8sd and is no longer written; it is left alone", object)
	    ->fix = "write it again, delete it with kubectl, or set `prune: true`";
}
