/* SPDX-License-Identifier: MIT */
/*
 * plan: how a home is compared and what comes of it.
 *
 * Theory of operation
 *
 * Kinds are taken in row order. Within a kind every desired object is paired with what
 * was observed under its external name; what is left over was only observed. Each pair
 * becomes an item. The questions below are put in this order, and the first "no"
 * decides what the item comes to:
 *
 *   source    is the kind's source there, and was the kind read? else unknown
 *   unknown   could the object be read? else unknown (unknown is not absent)
 *   kind      kind->plan() compares, and adds programs: separate changes, each in steps
 *             that run one after the other, with what they do to whom
 *
 * What is unknown keeps the phase of its procedure; what has one and is neither desired
 * nor observed is an item, too.
 *
 * Then each program has a gate of its own (gates.h): paused, busy, waits, approval,
 * unsaved, back-off; after all items are known, the budget (budget.h) and the order of
 * removals. The item's verdict is the worst of its own and its programs'.
 *
 * Programs whose gate is open run: removals first, in reverse row order, then the others
 * in row order. Nothing here acts, reads a clock or keeps anything; whatever must be
 * known comes in through struct plan_input.
 */
#include "lib/plan/plan.h"

#include <stdlib.h>
#include <string.h>

#include "lib/plan/budget.h"
#include "lib/plan/first_start.h"
#include "lib/plan/gates.h"
#include "lib/plan/item.h"

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
		.index = p->plan->item_count - 1,
		.kind = kind,
		.name = name,
		.short_name = want ? want->short_name : name,
		.desired = want,
		.observed = have,
		.live = have ? have->live : NULL,
		.config = have ? have->config : NULL,
		.reason = "",
		.retry_in = -1,
		.state = state_find_near(p->input->state, kind, name, &p->near->state),
	};
	if (!item->state)
		item->state = blank(p, kind);
	*slot = item;
	return item;
}

/* Why nothing may be planned for any kind of the source now, or NULL. */
static const char *source_closed(struct planner *p, const struct kind *kind, bool *off)
{
	const struct source_input *source =
	    &p->input->sources[source_index(kind->source)];

	*off = source->off;
	if (source->off)
		return source->why;
	if (!source->up)
		return source->why ? source->why : "not observed yet";
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
	name = item->desired	? external_name(kind, item->desired)
	       : item->observed ? item->observed->name
				: item->name;
	if (observed_known(&p->input->observed->kinds[kind_index(kind)], name, &why))
		return NULL;
	return why ? why : "not observed yet";
}

/* What goes on waits for better times. */
static void keep_phase(struct planner *p, struct item *item)
{
	item->phase = arena_copy(p->arena, item->state->procedure.phase);
}

static void plan_object(struct planner *p, struct item *item)
{
	item->phase = NULL;
	item->kind->plan(p, item, item->desired, item->observed);
}

static void judge(struct planner *p, struct item *item)
{
	bool off;
	const char *closed = object_closed(p, item, &off);

	item->off = closed && off;
	keep_phase(p, item);
	if (item->off)
		item_unknown(p, item, "not managed: %s", closed);
	else if (closed &&
		 (p->input->observed->kinds[kind_index(item->kind)].hold.blocks ||
		     watch_is_missing(item->kind, item->desired, closed)))
		item_blocked(p, item, "%s", closed);
	else if (closed)
		item_unknown(p, item, "%s", closed);
	else if (item->observed && item->observed->presence == UNKNOWN)
		item_unknown(p, item, "%s", item->observed->why);
	else
		plan_object(p, item);
}

/* Pairs desired with observed; `taken` marks the observed ones that found their partner. */
static void plan_desired(struct planner *p, const struct kind *kind, bool *taken)
{
	const struct set *desired = config_get(p->input->desired, kind);
	const struct observed_set *observed =
	    &p->input->observed->kinds[kind_index(kind)];

	for (size_t i = 0; i < desired->count; i++) {
		const struct object *want = desired->items[i];
		const struct observed *have = NULL;
		struct item *item;
		size_t *at = &p->near->observed[kind_index(kind)];

		if (observed_set_near(observed, external_name(kind, want), at)) {
			have = observed->items[*at];
			taken[*at] = true;
		}
		item = add_item(p, kind, want->name, want, have);
		p->plan->ranges[kind_index(kind)].desired++;
		judge(p, item);
		gates_item(p, item);
	}
}

/* Objects nobody wrote. A kind that has nothing to say of one leaves its reason NULL;
 * that its procedure has ended is worth knowing all the same. One whose name is the key of
 * another that is written is no item: state, approvals and procedure under that key are of
 * the other. */
static void plan_undesired(struct planner *p, const struct kind *kind, const bool *taken)
{
	const struct set *desired = config_get(p->input->desired, kind);
	const struct observed_set *observed =
	    &p->input->observed->kinds[kind_index(kind)];
	bool off;

	if (source_closed(p, kind, &off))
		return;
	for (size_t i = 0; i < observed->count; i++) {
		struct item *item;
		const char *why;

		if (taken[i] ||
		    !observed_known(observed, observed->items[i]->name, &why) ||
		    set_find(desired, observed->items[i]->name))
			continue;
		item =
		    add_item(p, kind, observed->items[i]->name, NULL, observed->items[i]);
		item->reason = NULL;
		judge(p, item);
		if (!item->reason && !item->state->procedure.phase) {
			p->plan->item_count--;
			continue;
		}
		item->reason = item->reason ? item->reason : "";
		gates_item(p, item);
	}
}

/* What is not written and not there, or there as another object that is written, and whose
 * procedure must be brought to an end. The state is sorted by row; `at`: where its kind
 * begins. */
static void plan_unfinished(
    struct planner *p, const struct kind *kind, size_t at, const bool *taken)
{
	const struct set *desired = config_get(p->input->desired, kind);
	const struct observed_set *observed =
	    &p->input->observed->kinds[kind_index(kind)];
	const struct state *state = p->input->state;
	struct item *item;
	size_t there;

	for (size_t i = at; i < state->count && state->items[i]->kind == kind; i++) {
		const struct object_state *one = state->items[i];

		if (!one->procedure.phase || set_find(desired, one->name) ||
		    (observed_set_index(observed, one->name, &there) && !taken[there]))
			continue;
		item = add_item(p, kind, arena_copy(p->arena, one->name), NULL, NULL);
		judge(p, item);
		gates_item(p, item);
	}
}

/* What was made only because of another object: a kind without keys of its own. */
static bool is_derived(const struct kind *kind)
{
	return !kind->fields.rows[0].key;
}

/* Of a source that is off only what is written itself is reported. */
static bool is_planned(const struct planner *p, const struct kind *kind)
{
	return kind->plan &&
	       !(p->input->sources[source_index(kind->source)].off && is_derived(kind));
}

static void plan_kind(struct planner *p, const struct kind *kind, size_t state_at)
{
	size_t k = kind_index(kind);
	struct item_range *range = &p->plan->ranges[k];
	bool *taken;

	range->first = range->end = p->plan->item_count;
	taken = arena_array(p->arena, p->input->observed->kinds[k].count, sizeof(*taken));
	if (kind->prepare)
		p->prepared[k] = kind->prepare(p);
	plan_desired(p, kind, taken);
	if (kind->decode)
		plan_undesired(p, kind, taken);
	plan_unfinished(p, kind, state_at, taken);
	range->end = p->plan->item_count;
	if (kind->settle)
		kind->settle(p);
}

static void add_open(struct planner *p, const struct item *item, bool removals)
{
	for (size_t k = 0; k < item->program_count; k++) {
		struct program *program = item->programs[k], **slot;

		if (program->gate != GATE_OPEN || !program->step_count ||
		    program->removal != removals)
			continue;
		slot = arena_push(
		    p->arena, &p->plan->programs, &p->plan->program_count, sizeof(*slot));
		program->order = p->plan->program_count - 1;
		*slot = program;
	}
}

/* A program takes away before it adds, as the documents' queues do. */
static void order_within(struct arena *a, struct program *program)
{
	struct step **sorted = arena_array(a, program->step_count + 1, sizeof(*sorted));
	size_t count = 0;

	for (int adding = 0; adding < 2; adding++)
		for (size_t i = 0; i < program->step_count; i++)
			if (program->steps[i]->removes == !adding)
				sorted[count++] = program->steps[i];
	program->steps = sorted;
}

static void order_programs(struct planner *p)
{
	const struct plan *plan = p->plan;

	for (size_t i = plan->item_count; i-- > 0;)
		add_open(p, plan->items[i], true);
	for (size_t i = 0; i < plan->item_count; i++)
		add_open(p, plan->items[i], false);
	for (size_t i = 0; i < plan->program_count; i++)
		order_within(p->arena, plan->programs[i]);
}

/* Adds the steps of the programs from `first` on that are of one kind. */
static size_t add_kind_steps(struct planner *p, size_t first, bool removing)
{
	struct plan *plan = p->plan;
	const struct kind *kind = plan->programs[first]->item->kind;
	size_t i;

	for (i = first; i < plan->program_count; i++) {
		const struct program *program = plan->programs[i];

		if (program->item->kind != kind)
			break;
		for (size_t k = 0; k < program->step_count; k++) {
			struct step **slot;

			if (program->steps[k]->removes != removing)
				continue;
			slot = arena_push(
			    p->arena, &plan->steps, &plan->step_count, sizeof(*slot));
			*slot = program->steps[k];
		}
	}
	return i;
}

/* Within a kind what is taken away goes first, so that swaps and chains go through. */
static void order_steps(struct planner *p)
{
	for (size_t i = 0; i < p->plan->program_count;) {
		add_kind_steps(p, i, true);
		i = add_kind_steps(p, i, false);
	}
}

static bool is_held(const struct item *item)
{
	bool has_steps = false;

	for (size_t i = 0; i < item->program_count; i++) {
		const struct program *program = item->programs[i];

		if (!program->of_phase || !program->step_count)
			continue;
		if (program->gate == GATE_OPEN)
			return false;
		has_steps = true;
	}
	return has_steps;
}

/* A phase begins with a step of it that runs: what waits for approval, or is paused, has
 * not begun yet, and its time does not run. */
static void end_item(struct planner *p, struct item *item)
{
	gates_verdict(p, item);
	if (item->phase && is_held(item))
		keep_phase(p, item);
}

struct plan *plan_make(const struct plan_input *input)
{
	struct plan *plan = must_alloc(sizeof(*plan));
	struct planner p = { .plan = plan, .arena = &plan->arena, .input = input };
	size_t state_at = 0;

	p.near = arena_alloc(p.arena, sizeof(*p.near));
	plan->next = MONO_NEVER;
	first_start_judge(&p);
	for (size_t k = 0; k < kind_count; k++) {
		while (state_at < input->state->count &&
		       kind_index(input->state->items[state_at]->kind) < k)
			state_at++;
		if (is_planned(&p, kinds[k]))
			plan_kind(&p, kinds[k], state_at);
	}
	gates_removals(&p);
	budget_apply(&p);
	first_start_report(&p);
	for (size_t i = 0; i < plan->item_count; i++)
		end_item(&p, plan->items[i]);
	order_programs(&p);
	order_steps(&p);
	return plan;
}

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	arena_done(&plan->arena);
	free(plan);
}
