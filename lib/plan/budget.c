/* SPDX-License-Identifier: MIT */
/* budget: members that are up, and what the programs of a plan take from them. */
#include "lib/plan/budget.h"

#include "lib/plan/gates.h"

struct budget {
	size_t members, critical;      /* all there are */
	size_t down, critical_down;    /* so far */
	bool *is_down;		       /* by item */
	struct availability *standing; /* by item */
	const struct item *procedure;  /* that goes on; NULL: none */
	size_t doubted; /* members that are up, and may be on their way down */
};

static void take(struct budget *b, size_t i)
{
	if (b->is_down[i])
		return;
	b->is_down[i] = true;
	b->down++;
	b->critical_down += b->standing[i].critical != NULL;
}

/* The member that the effect interrupts; NULL for none. */
static const struct item *interrupted(
    const struct plan *plan, const struct budget *b, const struct effect *effect)
{
	const struct item *item;

	if (effect->what != EFFECT_INTERRUPTS || !effect->kind->availability)
		return NULL;
	item = plan_find(plan, effect->kind, effect->name);
	return item && b->standing[item->index].counts ? item : NULL;
}

static bool interrupts_any(
    const struct plan *plan, const struct budget *b, const struct program *program)
{
	for (size_t e = 0; e < program->effect_count; e++)
		if (interrupted(plan, b, &program->effects[e]))
			return true;
	return false;
}

static bool any_interrupts(const struct plan *plan, const struct budget *b)
{
	for (size_t i = 0; i < plan->item_count; i++)
		for (size_t k = 0; k < plan->items[i]->program_count; k++)
			if (interrupts_any(plan, b, plan->items[i]->programs[k]))
				return true;
	return false;
}

/* Where it is not remembered what was requested, at a person's wish too, any of them may be
 * on its way down, for as long as that can take. */
static void doubt(struct planner *p, struct budget *b)
{
	bool lost = p->input->state->lost || p->plan->start == START_LOST;

	if (!lost || !any_interrupts(p->plan, b))
		return;
	for (size_t i = 0; i < p->plan->item_count; i++) {
		struct availability *standing = &b->standing[i];

		if (!standing->counts || !standing->up ||
		    mono_reached(standing->settled_at, p->input->now))
			continue;
		plan_wake(p, standing->settled_at);
		standing->up = false;
		standing->unsure = true;
		b->doubted++;
	}
}

/* Its procedure: one that ends in this plan is over, and one that begins with putting back
 * what was taken goes on: who began it is no longer remembered. */
static bool goes_on(
    const struct plan *plan, const struct budget *b, const struct item *item)
{
	if (!item->phase || item->state->procedure.phase)
		return item->phase;
	for (size_t k = 0; k < item->program_count; k++)
		if (item->programs[k]->of_phase &&
		    interrupts_any(plan, b, item->programs[k]))
			return false;
	return true;
}

static void count(struct planner *p, struct budget *b)
{
	const struct plan *plan = p->plan;

	b->is_down = arena_array(p->arena, plan->item_count, sizeof(*b->is_down));
	b->standing = arena_array(p->arena, plan->item_count, sizeof(*b->standing));
	for (size_t i = 0; i < plan->item_count; i++)
		if (plan->items[i]->kind->availability)
			plan->items[i]->kind->availability(
			    p, plan->items[i], &b->standing[i]);
	doubt(p, b);
	for (size_t i = 0; i < plan->item_count; i++) {
		const struct availability *standing = &b->standing[i];
		const struct item *item = plan->items[i];
		bool busy = goes_on(plan, b, item);

		/* Also of one that is no member any more: what it took is not back yet. */
		if (busy && item->kind->availability && !b->procedure)
			b->procedure = item;
		if (!standing->counts)
			continue;
		b->members++;
		b->critical += standing->critical != NULL;
		if (!standing->up || busy)
			take(b, i);
	}
}

/* All that the program interrupts. */
static void take_all(
    const struct plan *plan, struct budget *b, const struct program *program)
{
	for (size_t e = 0; e < program->effect_count; e++) {
		const struct item *item = interrupted(plan, b, &program->effects[e]);

		if (item)
			take(b, item->index);
	}
}

/* It is down, so that nothing more is taken with it; one whose procedure goes on may be up
 * still, and others have gone down meanwhile. */
static bool is_spent(const struct budget *b, const struct item *item)
{
	const struct availability *standing = &b->standing[item->index];

	return b->is_down[item->index] && !standing->unsure && !standing->up;
}

/* Why it is too much that the item is down, beside all that are, or NULL. */
static const char *why_not(
    struct planner *p, const struct budget *b, const struct item *item)
{
	const struct availability *standing = &b->standing[item->index];
	size_t more = !b->is_down[item->index];
	size_t down = b->down + more, critical_down = b->critical_down + more;

	if (standing->critical && critical_down == b->critical)
		return arena_printf(
		    p->arena, "no %s would then be up", standing->critical);
	if (standing->critical && critical_down > 1)
		return arena_printf(p->arena, "%zu of %zu %ss would then not be up",
		    critical_down, b->critical, standing->critical);
	if (down * 3 > b->members)
		return arena_printf(p->arena, "%zu of %zu %s%s would then not be up",
		    down, b->members, item->kind->title, b->members == 1 ? "" : "s");
	return NULL;
}

/* Whether an effect before this one interrupts the same. */
static bool is_named_before(const struct plan *plan, const struct budget *b,
    const struct program *program, size_t e)
{
	const struct item *item = interrupted(plan, b, &program->effects[e]);

	for (size_t i = 0; i < e; i++)
		if (interrupted(plan, b, &program->effects[i]) == item)
			return true;
	return false;
}

/* The same for all that the program interrupts, one after the other. */
static const char *why_not_all(
    struct planner *p, const struct budget *b, const struct program *program)
{
	struct budget after = *b;
	const char *why = NULL;

	for (size_t e = 0; !why && e < program->effect_count; e++) {
		const struct item *item = interrupted(p->plan, b, &program->effects[e]);

		if (!item || is_spent(b, item) || is_named_before(p->plan, b, program, e))
			continue;
		why = why_not(p, &after, item);
		if (b->is_down[item->index])
			continue;
		after.down++;
		after.critical_down += b->standing[item->index].critical != NULL;
	}
	return why;
}

/* What goes on is spent, whatever it leaves. */
static void spend_running(const struct plan *plan, struct budget *b)
{
	for (size_t n = 0; n < plan->item_count; n++)
		for (size_t k = 0; k < plan->items[n]->program_count; k++) {
			const struct program *program = plan->items[n]->programs[k];

			/* What failed may have been done all the same. */
			if (program->gate == GATE_BUSY ||
			    program->gate == GATE_BACK_OFF || !program->step_count)
				take_all(plan, b, program);
		}
}

/* It would begin a procedure that interrupts somebody, and another one goes on. */
static bool waits_for_procedure(
    struct planner *p, struct budget *b, struct program *program)
{
	const struct item *item = program->item, *other = b->procedure;

	if (!program->of_phase || item->state->procedure.phase ||
	    !interrupts_any(p->plan, b, program) || !other || other == item)
		return false;
	program->gate = GATE_WAITS;
	program->why = arena_printf(p->arena, "waits until what goes on at %s/%s is done",
	    other->kind->name, other->short_name);
	return true;
}

static void spend(struct planner *p, struct budget *b, struct program *program)
{
	const char *why;

	if (program->gate != GATE_OPEN || !program->step_count ||
	    waits_for_procedure(p, b, program))
		return;
	why = why_not_all(p, b, program);
	if (why && b->doubted)
		why = arena_printf(p->arena,
		    "%s: %zu that run may be on their way down, since what was requested before the state was lost is not known; each counts as up again once it was observed up for long enough",
		    why, b->doubted);
	if (why && !program->approved) {
		program->gate = GATE_BUDGET;
		program->why = gates_approval_text(p, program, why);
		return;
	}
	take_all(p->plan, b, program);
	if (program->of_phase && interrupts_any(p->plan, b, program))
		b->procedure = program->item;
}

static void spend_all(struct planner *p, struct budget *b, bool approved)
{
	for (size_t n = 0; n < p->plan->item_count; n++)
		for (size_t k = 0; k < p->plan->items[n]->program_count; k++) {
			struct program *program = p->plan->items[n]->programs[k];

			if (program->approved == approved)
				spend(p, b, program);
		}
}

void budget_apply(struct planner *p)
{
	struct budget b = { 0 };

	count(p, &b);
	if (!b.members)
		return;
	spend_running(p->plan, &b);
	/* What is approved runs whatever is left; the others get what it leaves. */
	spend_all(p, &b, true);
	spend_all(p, &b, false);
}
