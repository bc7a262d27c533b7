/* SPDX-License-Identifier: MIT */
/*
 * rollout: a procedure over two sources. To bring a new revision to a node its VM's host
 * does something once, while the node takes no new Pods:
 *
 *	(none) ----> cordon ----> run ----> uncordon ----> (none)
 *	    it is due     cordoned    in force      schedulable
 *
 * The phase names its node, so that it is put right also where another one, or none, is
 * written meanwhile. A phase that lasts too long leads to "uncordon" at once. What is so
 * is always observed: the phase only says whose the cordon is.
 */
#include <string.h>

#include "lib/kind/actions.h"
#include "lib/doc/json.h"
#include "lib/kind/node/node.h"
#include "lib/kind/sources.h"
#include "lib/plan/item.h"
#include "test/frame/arguments.h"

#define PHASE_MS 30000

struct rollout {
	struct object object; /* must be first */
	const char *node;
	const char *revision;
};

static const struct field rows[] = {
	{ "node", FIELD_HOSTNAME, at(struct rollout, node), FIELD_NEEDED,
	    .help = "The node that is cordoned meanwhile.", .example = "worker-1" },
	{ "revision", FIELD_LABEL, at(struct rollout, revision),
	    FIELD_NEEDED | FIELD_COMPARED, .help = "What is to be in force.",
	    .example = "r2" },
	{ 0 },
};

static const struct section sections[] = {
	{ .path = "rollouts", .shape = SECTION_MAP },
};

static int decode(
    struct observed *observed, const struct reading *reading, struct error *e)
{
	struct rollout *rollout = observed_object(observed);
	const char *revision = json_string_at(reading->json, "revision");

	(void)e;
	if (revision && name_is_label(revision)) {
		rollout->revision = arena_copy(&observed->arena, revision);
		rollout->object.record.has = field_bit(&rollout_kind.fields, "revision");
	}
	observed->live = &rollout->object;
	return 0;
}

void rollout_run_keep(struct arena *a, void *arguments)
{
	struct rollout_run *run = arguments;

	run->revision = arena_copy(a, run->revision);
}

/* Where it stands */

enum phase { NONE, CORDON, RUN, UNCORDON };

static const char *const words[] = { "", "cordon", "run", "uncordon" };

struct scene {
	enum phase phase;
	const char *node;
	bool missing; /* the cluster has no such node */
	bool cordoned;
	bool due;  /* written of this node, and not in force */
	bool late; /* the phase has taken too long */
};

/* "cordon worker-1" */
static void read_phase(struct arena *a, const char *phase, struct scene *scene)
{
	for (size_t i = CORDON; phase && i <= UNCORDON; i++) {
		size_t length = strlen(words[i]);

		if (strncmp(phase, words[i], length) != 0 || phase[length] != ' ')
			continue;
		scene->phase = (enum phase)i;
		scene->node = arena_copy(a, phase + length + 1);
	}
}

static const char *phase_text(struct planner *p, const struct scene *s)
{
	return arena_printf(p->arena, "%s %s", words[s->phase], s->node);
}

static enum phase next_phase(const struct scene *s)
{
	switch (s->phase) {
	case NONE:
		return s->due ? CORDON : NONE;
	case CORDON:
		return !s->due || s->late ? UNCORDON : s->cordoned ? RUN : CORDON;
	case RUN:
		return !s->due || s->late ? UNCORDON : RUN;
	case UNCORDON:
		return s->cordoned ? UNCORDON : NONE;
	}
	return NONE;
}

/* What to do in it */

static void set_schedulable(struct planner *p, struct item *item, const struct scene *s)
{
	bool cordon = s->phase == CORDON;
	struct step *step = program_step(p, item_program(p, item, NULL),
	    &kube_merge_action, NULL, "%s node %s", words[s->phase], s->node);
	struct kube_request *request = step_arguments(step);

	step_edits(step, &node_kind, s->node);
	request->path = arena_printf(p->arena, "/api/v1/nodes/%s", s->node);
	request->body = cordon ? "{\"spec\":{\"unschedulable\":true}}"
			       : "{\"spec\":{\"unschedulable\":null}}";
}

static void add_step(
    struct planner *p, struct item *item, const struct rollout *want, struct scene *s)
{
	struct rollout_run *run;

	item_phase(item, phase_text(p, s));
	switch (s->phase) {
	case NONE:
		break;
	case CORDON:
	case UNCORDON:
		set_schedulable(p, item, s);
		break;
	case RUN:
		run = step_arguments(program_step(p, item_program(p, item, NULL),
		    &rollout_run_action, NULL, "run revision %s", want->revision));
		run->revision = want->revision;
		break;
	}
}

static bool is_in_force(const struct item *item, const struct rollout *want)
{
	const struct rollout *live =
	    item->observed ? (const struct rollout *)item->observed->live : NULL;

	return live && live->revision && strcmp(live->revision, want->revision) == 0;
}

/* What is so in this phase (NULL: in none); false: that is not known. */
static bool observe(struct planner *p, struct item *item, const struct rollout *want,
    const char *phase, struct scene *scene)
{
	struct mono end = mono_add(item->state->procedure.since, PHASE_MS);
	const struct observed *node;

	*scene = (struct scene){ .node = want ? want->node : NULL };
	read_phase(p->arena, phase, scene);
	if (!scene->node)
		return true;
	if (scene->phase != NONE) {
		scene->late = mono_reached(end, p->input->now);
		plan_wake(p, end);
	}
	node = planner_observed(p, &node_kind, scene->node);
	scene->missing = !node && planner_knows(p, &node_kind, scene->node);
	scene->cordoned = node && ((const struct node_object *)node->live)->unschedulable;
	scene->due = !scene->missing && want && strcmp(want->node, scene->node) == 0 &&
		     !is_in_force(item, want);
	return node || scene->missing || (scene->phase == NONE && !scene->due);
}

/* Goes on until something is to be done or waited for; false as observe(). */
static bool proceed(
    struct planner *p, struct item *item, const struct rollout *want, struct scene *scene)
{
	enum phase next;

	if (!observe(p, item, want, item->state->procedure.phase, scene))
		return false;
	while ((next = next_phase(scene)) != scene->phase) {
		bool ends = next == NONE, begins = scene->phase == NONE;

		if (begins && scene->cordoned)
			break;
		scene->phase = next;
		scene->late = false;
		if (ends && !observe(p, item, want, NULL, scene))
			return false;
	}
	return true;
}

static void plan(struct planner *p, struct item *item, const struct object *object,
    const struct observed *have)
{
	const struct rollout *want = (const struct rollout *)object;
	struct scene scene;

	if (want)
		field_compare(&rollout_kind.fields, want, have ? have->live : NULL,
		    p->arena, &item->differences);
	if (!proceed(p, item, want, &scene)) {
		item_unknown(p, item, "nothing is known of node/%s", scene.node);
		if (scene.phase != NONE)
			item_phase(item, phase_text(p, &scene));
	} else if (scene.phase != NONE) {
		item_pending(p, item, "%s while %s is cordoned: %s",
		    want ? want->revision : "nothing", scene.node, words[scene.phase]);
		add_step(p, item, want, &scene);
	} else if (scene.due) {
		item_blocked(
		    p, item, "node/%s is cordoned, and not for this", scene.node);
	} else if (want && !is_in_force(item, want)) {
		item_blocked(p, item, "there is no node/%s", want->node);
	} else if (want) {
		item_ok(item);
	}
}

static const char *const columns[] = { "node", "revision", NULL };

const struct kind rollout_kind = {
	.row = &rollout_row,
	.name = "rollout",
	.plural = "rollouts",
	.title = "rollout",
	.source = &host_source,
	.fields = { rows, sizeof(struct rollout) },
	.sections = sections,
	.section_count = 1,
	.list_columns = columns,
	.decode = decode,
	.plan = plan,
};
