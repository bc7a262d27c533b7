/* SPDX-License-Identifier: MIT */
/* view_plan: what would be done, and what differs. */
#include <string.h>

#include "lib/view/view.h"

static bool touches_somebody(const struct program *program)
{
	for (size_t i = 0; i < program->effect_count; i++)
		if (program->effects[i].in_use)
			return true;
	return false;
}

/* The time to the next try goes on counting after the plan was made. */
static const char *why_held(
    struct arena *a, const struct view *v, const struct program *program)
{
	if (program->gate == GATE_OPEN)
		return NULL;
	if (!program->timed)
		return program->why;
	return arena_printf(
	    a, "next try in %s", duration_text(a, view_retry_in(v, program->item)));
}

static void add_step(
    struct arena *a, const struct view *v, const struct step *step, struct list *out)
{
	const struct program *program = step->program;
	struct step_view *view = arena_push(a, &out->items, &out->count, sizeof(*view));
	bool busy = program->gate == GATE_BUSY,
	     held = program->gate != GATE_OPEN && !busy;

	*view = (struct step_view){
		.kind = program->item->kind->name,
		.name = program->item->short_name,
		.key = view_key(a, program->item),
		.text = step->text,
		.reason = program->item->reason,
		.disruptive = touches_somebody(program),
		.held = held,
		.why_held = held ? why_held(a, v, program) : NULL,
		.progress = busy ? program->why : NULL,
	};
}

/* An object that is reported beside a plan or the differences. */
static void add_other(struct arena *a, const struct item *item, struct list *out)
{
	struct other_view *view = arena_push(a, &out->items, &out->count, sizeof(*view));

	*view = (struct other_view){
		.kind = item->kind->name,
		.name = item->short_name,
		.key = view_key(a, item),
		.verdict = verdict_text(item->verdict),
		.reason = item->reason,
		.since = item->state->since,
	};
}

static void add_approval(struct arena *a, const struct program *program, struct list *out)
{
	const struct item *item = program->item;
	struct approval_view *view =
	    arena_push(a, &out->items, &out->count, sizeof(*view));

	*view = (struct approval_view){
		.kind = item->kind->name,
		.name = item->short_name,
		.key = view_key(a, item),
		.hash = program->hash,
		.text = program->text,
	};
	for (size_t i = 0; i < program->effect_count; i++) {
		struct list *effects = &view->effects;
		const char **slot =
		    arena_push(a, &effects->items, &effects->count, sizeof(*slot));

		*slot = effect_text(a, &program->effects[i]);
	}
}

/* Not as it is written, or not known to be, and there is no step that would change it. */
static bool is_stuck(const struct item *item)
{
	bool paused =
	    item->verdict == VERDICT_PAUSED && item->state->wish.what == WISH_NONE;
	enum verdict verdict = paused ? item->unpaused : item->verdict;

	return !item->off && !item_has_steps(item) && verdict != VERDICT_CONVERGED;
}

/* What of a program is not done now. */
static void add_program(struct arena *a, const struct view *v,
    const struct program *program, struct plan_reply *out)
{
	for (size_t i = 0; program->gate != GATE_OPEN && i < program->step_count; i++)
		add_step(a, v, program->steps[i], &out->steps);
	if (view_waits(program))
		add_approval(a, program, &out->approvals);
}

/* Before there is a good configuration nothing is compared: that is not "nothing to do". */
static const char *no_plan(struct arena *a, const struct view *v)
{
	return v->load.generation ? NULL : view_headline(a, v);
}

void view_plan(const struct view *v, struct arena *a, struct plan_reply *out)
{
	*out = (struct plan_reply){ .no_plan = no_plan(a, v) };
	for (size_t i = 0; v->plan && i < v->plan->step_count; i++)
		add_step(a, v, v->plan->steps[i], &out->steps);
	for (size_t i = 0; v->plan && i < v->plan->item_count; i++) {
		const struct item *item = v->plan->items[i];

		for (size_t k = 0; k < item->program_count; k++)
			add_program(a, v, item->programs[k], out);
		if (is_stuck(item))
			add_other(a, item, &out->others);
	}
}

/* Differences */

/* A difference's field as one side has it; NULL where the side or the key is not there.
 */
static const char *side_text(struct arena *a, const struct fields *fields,
    const struct object *side, const char *key)
{
	return side ? field_text_at(a, fields, side, key) : NULL;
}

/* Whether it is there at all: of what is written and missing, and of what is to go. */
static bool differs_in_existence(const struct item *item)
{
	bool there = item->live || item->config;

	if (item->off || item->differences.count || item->verdict == VERDICT_UNKNOWN)
		return false;
	if (item->desired)
		return !there && item->verdict != VERDICT_CONVERGED;
	return there && item_has_steps(item);
}

static bool says(const char *text, const char *want)
{
	return text && want && strcmp(text, want) == 0;
}

/* What stands for the live side where the sides themselves do not show the difference:
 * a paused VM has the key state: running. */
static const char *live_text(
    const struct difference *d, const char *live, const char *stored)
{
	bool shown = (live && !says(live, d->want)) || (stored && !says(stored, d->want));

	return shown ? live : d->have;
}

static struct difference_view existence(const struct item *item)
{
	return (struct difference_view){
		.field = "existence",
		.want = item->desired ? "present" : "absent",
		.live = item->live ? "present" : "absent",
		.persistent = item->config ? "present" : NULL,
	};
}

static struct difference_view difference(
    struct arena *a, const struct item *item, const struct difference *d)
{
	const struct fields *fields = &item->kind->fields;
	const char *live = side_text(a, fields, item->live, d->field);
	const char *stored = side_text(a, fields, item->config, d->field);

	return (struct difference_view){
		.field = d->field,
		.want = d->want,
		.live = live_text(d, live, stored),
		.persistent = stored,
	};
}

static void add_differences(struct arena *a, const struct item *item, struct list *out)
{
	struct object_difference_view *view =
	    arena_push(a, &out->items, &out->count, sizeof(*view));
	struct list *changes = &view->changes;
	struct difference_view *row;

	view->kind = item->kind->name;
	view->name = item->short_name;
	view->key = view_key(a, item);
	if (differs_in_existence(item)) {
		row = arena_push(a, &changes->items, &changes->count, sizeof(*row));
		*row = existence(item);
	}
	for (size_t i = 0; i < item->differences.count; i++) {
		row = arena_push(a, &changes->items, &changes->count, sizeof(*row));
		*row = difference(a, item, &item->differences.items[i]);
	}
}

void view_diff(const struct view *v, struct arena *a, struct diff_reply *out)
{
	*out = (struct diff_reply){ .no_plan = no_plan(a, v) };
	for (size_t i = 0; v->plan && i < v->plan->item_count; i++) {
		const struct item *item = v->plan->items[i];

		if (item->differences.count || differs_in_existence(item))
			add_differences(a, item, &out->objects);
		if (item->verdict == VERDICT_UNKNOWN && !item->off)
			add_other(a, item, &out->unknown);
	}
}
