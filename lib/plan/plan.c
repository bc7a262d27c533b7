/* SPDX-License-Identifier: MIT */
/*
 * plan: how a home is compared and what comes of it.
 *
 * Theory of operation
 *
 * Kinds are taken in row order. Within a kind every desired object is paired with what
 * was seen under its name; what is left over was seen only. Each pair becomes an item.
 * The gates below are passed in this order, and the first that closes decides:
 *
 *   1. source   the kind's source is off, down or not yet read: unknown, no steps;
 *   2. unknown  the object could not be read: unknown, no steps (unknown is not absent);
 *   3. kind     kind->plan() compares and adds steps;
 *   4. busy     steps of an earlier plan are under way or not yet looked at: steps are
 * held;
 *   5. pause    hands off: steps are held, the verdict is "paused";
 *   6. back-off the last try failed and its time has not come: steps are held, "failing";
 *   7. consent  the kind asked for approval of exactly this: held until approved;
 *   8. brake    disruptive items that together touch more than a third of the VMs, or two
 *               control planes, each need approval (P10).
 *
 * What is left runs: steps are put in order of kind, stage and planning. Nothing here
 * acts, reads a clock or remembers; whatever must be known comes in through struct
 * plan_input.
 */
#include "lib/plan/plan.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "lib/plan/brake.h"

static const struct object_state *blank(struct planner *p, const struct kind *kind)
{
	const struct object_state **state = &p->blank[kind_index(kind)];

	if (!*state)
		*state = object_state_blank(p->arena, kind);
	return *state;
}

static struct item *add_item(struct planner *p, const struct kind *kind, const char *name,
    const struct object *want, const struct observed *have)
{
	struct item *item = arena_alloc(p->arena, sizeof(*item));
	struct item **slot =
	    arena_push(p->arena, &p->plan->items, &p->plan->item_count, sizeof(*slot));

	*item = (struct item){
		.kind = kind,
		.name = name,
		.short_name = want ? want->short_name : name,
		.desired = want,
		.observed = have,
		.live = have ? have->live : NULL,
		.config = have ? have->config : NULL,
		.reason = "",
		.retry_in = -1,
		.state = state_find(p->input->state, kind, name),
	};
	if (!item->state)
		item->state = blank(p, kind);
	*slot = item;
	return item;
}

/* Why nothing may be planned for any kind of the source now, or NULL. */
static const char *source_closed(struct planner *p, const struct kind *kind, bool *off)
{
	const struct source_state *source = &p->input->sources[kind->origin];

	*off = source->off;
	if (source->off)
		return source->why;
	if (!source->up)
		return source->why ? source->why : "not looked at yet";
	return NULL;
}

static const char *external_name(const struct kind *kind, const struct object *want)
{
	return kind->external_name ? kind->external_name(want) : want->name;
}

/* Why nothing may be planned for the object now, or NULL. */
static const char *object_closed(struct planner *p, const struct item *item, bool *off)
{
	const struct kind *kind = item->kind;
	const char *closed = source_closed(p, kind, off), *why, *name;

	if (closed || !kind->decode)
		return closed;
	name = item->desired ? external_name(kind, item->desired) : item->observed->name;
	if (observed_known(&p->input->observed->kinds[kind_index(kind)], name, &why))
		return NULL;
	return why ? why : "not looked at yet";
}

/* Gates 1 to 3. */
static void judge(struct planner *p, struct item *item)
{
	bool off;
	const char *closed = object_closed(p, item, &off);

	item->off = closed && off;
	if (item->off)
		item_unknown(p, item, "not looked after: %s", closed);
	else if (closed && watch_is_missing(item->kind, item->desired, closed))
		item_blocked(p, item, "%s", closed);
	else if (closed)
		item_unknown(p, item, "%s", closed);
	else if (item->observed && item->observed->presence == UNKNOWN)
		item_unknown(p, item, "%s", item->observed->why);
	else
		item->kind->plan(p, item, item->desired, item->observed);
}

static bool pause_of(struct planner *p, const struct object_state *state,
    const char **reason, struct mono *until)
{
	const struct state *m = p->input->state;

	if (state->paused && !mono_reached(state->pause_until, p->input->now)) {
		*reason = state->pause_reason;
		*until = state->pause_until;
		return true;
	}
	if (m->paused && !mono_reached(m->pause_until, p->input->now)) {
		*reason = m->pause_reason;
		*until = m->pause_until;
		return true;
	}
	return false;
}

static void hold_for_pause(
    struct planner *p, struct item *item, const char *reason, struct mono until)
{
	const char *end = "until resumed";

	if (until.ms != INT64_MAX) {
		end = arena_printf(p->arena, "for %s more",
		    duration_text(p->arena, until.ms - p->input->now.ms));
		plan_wake(p, until);
	}
	item->held = true;
	item->verdict = VERDICT_PAUSED;
	item->reason = arena_printf(p->arena, "hands off %s%s%s%s%s", end,
	    reason ? ": " : "", reason ? reason : "", item->step_count ? "; would: " : "",
	    item->step_count ? item->steps[0]->text : "");
}

/* Gates 4 to 7. */
static void hold(struct planner *p, struct item *item)
{
	const struct object_state *state = item->state;
	const char *reason = NULL;
	struct mono until = MONO_NEVER;

	if (pause_of(p, state, &reason, &until)) {
		hold_for_pause(p, item, reason, until);
		return;
	}
	/* A copy: the plan outlives what the memory forgets once all is well. */
	if (state->failures && item->verdict != VERDICT_CONVERGED)
		item->error = arena_copy(p->arena, state->error);
	if (!item->step_count)
		return;
	if (state->busy) {
		item->held = true;
	} else if (item->consent) {
		item->approved = item_is_approved(item);
		if (!item->approved) {
			item->held = true;
			item_blocked(p, item, "waits for approval: %s", item->consent);
			return;
		}
	}
	if (state->failures) {
		item->verdict = VERDICT_FAILING;
		item->reason = item->error ? item->error : "the last try failed";
		if (!mono_reached(state->retry_at, p->input->now)) {
			item->held = true;
			item->retry_in = state->retry_at.ms - p->input->now.ms;
			plan_wake(p, state->retry_at);
		}
	}
}

/* Pairs desired with seen; `taken` marks the seen objects that found their partner. */
static void plan_wanted(struct planner *p, const struct kind *kind, bool *taken)
{
	const struct set *wanted = config_get(p->input->desired, kind);
	const struct observed_set *seen = &p->input->observed->kinds[kind_index(kind)];

	for (size_t i = 0; i < wanted->count; i++) {
		const struct object *want = wanted->items[i];
		const struct observed *have = NULL;
		struct item *item;
		size_t at_index;

		if (observed_set_index(seen, external_name(kind, want), &at_index)) {
			have = seen->items[at_index];
			taken[at_index] = true;
		}
		item = add_item(p, kind, want->name, want, have);
		p->plan->spans[kind_index(kind)].wanted++;
		judge(p, item);
		hold(p, item);
	}
}

/* Objects nobody wrote. A kind that has nothing to say of one leaves its reason NULL. */
static void plan_unwanted(struct planner *p, const struct kind *kind, const bool *taken)
{
	const struct observed_set *seen = &p->input->observed->kinds[kind_index(kind)];
	bool off;

	if (source_closed(p, kind, &off))
		return;
	for (size_t i = 0; i < seen->count; i++) {
		struct item *item;
		const char *why;

		if (taken[i] || !observed_known(seen, seen->items[i]->name, &why))
			continue;
		item = add_item(p, kind, seen->items[i]->name, NULL, seen->items[i]);
		item->reason = NULL;
		judge(p, item);
		if (item->reason)
			hold(p, item);
		else
			p->plan->item_count--;
	}
}

static int by_stage(const void *a, const void *b)
{
	const struct step *x = *(struct step *const *)a, *y = *(struct step *const *)b;

	if (x->stage != y->stage)
		return x->stage < y->stage ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

static void collect_steps(struct planner *p)
{
	struct plan *plan = p->plan;

	for (size_t i = 0; i < plan->item_count; i++) {
		struct item *item = plan->items[i];

		for (size_t s = 0; !item->held && s < item->step_count; s++) {
			struct step **slot;

			slot = arena_push(
			    p->arena, &plan->steps, &plan->step_count, sizeof(*slot));
			*slot = item->steps[s];
			item->steps[s]->order = (unsigned)plan->step_count;
		}
	}
	if (plan->step_count)
		qsort(plan->steps, plan->step_count, sizeof(struct step *), by_stage);
}

struct plan *plan_make(const struct plan_input *input)
{
	struct plan *plan = must_alloc(sizeof(*plan));
	struct planner p = { .plan = plan, .arena = &plan->arena, .input = input };

	plan->next = MONO_NEVER;
	for (size_t k = 0; k < kind_count; k++) {
		struct span *span = &plan->spans[k];
		bool *taken;

		/* Of a source that is off only what was written itself is told, not what
		 * was derived: kinds without keys. */
		if (!kinds[k]->plan || (input->sources[kinds[k]->origin].off &&
					   !kinds[k]->fields.rows[0].key))
			continue;
		span->first = span->end = plan->item_count;
		taken =
		    arena_array(p.arena, input->observed->kinds[k].count, sizeof(*taken));
		plan_wanted(&p, kinds[k], taken);
		if (kinds[k]->decode)
			plan_unwanted(&p, kinds[k], taken);
		span->end = plan->item_count;
		if (kinds[k]->settle)
			kinds[k]->settle(&p);
	}
	brake_apply(&p);
	collect_steps(&p);
	return plan;
}

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	arena_done(&plan->arena);
	free(plan);
}
