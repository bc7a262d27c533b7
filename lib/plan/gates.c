/* SPDX-License-Identifier: MIT */
/* gates: pause, busy, waits, approval, unsaved, back-off; and what an item comes to. */
#include "lib/plan/gates.h"

#include <string.h>

#include "lib/plan/first_start.h"

#define EFFECTS_SHOWN 3

static bool is_paused(
    struct planner *p, const struct item *item, const char **reason, struct mono *until)
{
	const struct object_state *state = item->state;
	const struct state *all = p->input->state;

	if (state->paused && !mono_reached(state->pause_until, p->input->now)) {
		*reason = state->pause_reason;
		*until = state->pause_until;
		return true;
	}
	if (all->paused && !mono_reached(all->pause_until, p->input->now)) {
		*reason = all->pause_reason;
		*until = all->pause_until;
		return true;
	}
	*reason = first_start_reason;
	*until = MONO_NEVER;
	return first_start_holds(p->plan, item);
}

/* What is to be known of it while it is paused: the step that would be done first, or why
 * there is none. */
static const char *would_be(
    struct planner *p, const struct item *item, const struct step *first)
{
	if (first)
		return arena_printf(p->arena, "; would: %s", first->text);
	if (item->verdict == VERDICT_CONVERGED || item->verdict == VERDICT_UNKNOWN)
		return "";
	return arena_printf(p->arena, "; would be %s: %s", verdict_text(item->verdict),
	    item->reason ? item->reason : "");
}

static void pause_item(
    struct planner *p, struct item *item, const char *reason, struct mono until)
{
	const char *end = "until resumed";
	const struct step *first = NULL;

	if (until.ms != INT64_MAX) {
		end = arena_printf(p->arena, "for %s more",
		    duration_text(p->arena, until.ms - p->input->now.ms));
		plan_wake(p, until);
	}
	for (size_t i = 0; i < item->program_count; i++) {
		struct program *program = item->programs[i];

		program->gate = GATE_PAUSED;
		program->why = arena_printf(p->arena, "paused %s", end);
		if (!first && program->step_count)
			first = program->steps[0];
	}
	item->reason =
	    arena_printf(p->arena, "paused %s%s%s%s", end, reason && *reason ? ": " : "",
		reason ? reason : "", would_be(p, item, first));
	item->unpaused = item->verdict;
	item->verdict = VERDICT_PAUSED;
}

static bool needs_approval(const struct program *program)
{
	for (size_t i = 0; i < program->effect_count; i++)
		if (effect_needs_approval(&program->effects[i]))
			return true;
	return false;
}

/* Why it has to be known after a restart, or NULL. What was requested to go down counts for
 * the budget until it is down, and a procedure has to know where it is. */
static const char *must_be_noted(const struct program *program)
{
	if (program->item->phase)
		return "is a step of a procedure";
	for (size_t i = 0; i < program->step_count; i++) {
		if (program->steps[i]->action->once)
			return "must not be done twice";
		if (program->steps[i]->action->lasts)
			return "must be remembered until it is heeded";
	}
	return NULL;
}

const char *gates_approval_text(
    struct planner *p, const struct program *program, const char *more)
{
	autotext struct text text = { 0 };
	size_t count = program->effect_count;

	text_add(&text, "waits for approval: %s", program->text);
	for (size_t i = 0; i < count && i < EFFECTS_SHOWN; i++)
		text_add(&text, "%s%s", i ? ", " : ": ",
		    effect_text(p->arena, &program->effects[i]));
	if (count > EFFECTS_SHOWN)
		text_add(&text, " and %zu more", count - EFFECTS_SHOWN);
	if (more)
		text_add(&text, "; %s", more);
	return arena_copy(p->arena, text_get(&text));
}

/* What an approval is for: the changes, which the kind has added, and the effects. */
static void add_effects(struct planner *p, struct program *program)
{
	for (size_t i = 0; i < program->effect_count; i++) {
		uint64_t *part = arena_push(
		    p->arena, &program->parts, &program->part_count, sizeof(*part));

		*part = effect_hash(&program->effects[i]);
	}
	if (!program->effect_count)
		return;
	program->hash = approval_hash(p->arena, program->item->kind->name,
	    program->item->name, program->parts, program->part_count);
	program->approved = approval_covers(
	    &program->item->state->approval, program->parts, program->part_count);
}

static void gate(struct planner *p, struct program *program)
{
	const struct object_state *state = program->item->state;

	add_effects(p, program);
	program->unapproved = needs_approval(program) && !program->approved;
	if (state->busy) {
		program->gate = GATE_BUSY;
		program->why =
		    state->progress ? arena_copy(p->arena, state->progress) : "under way";
	} else if (program->gate == GATE_WAITS) {
		return;
	} else if (program->unapproved) {
		program->gate = GATE_APPROVAL;
		program->why = gates_approval_text(p, program, NULL);
	} else if (must_be_noted(program) && p->input->unsaved) {
		program->gate = GATE_UNSAVED;
		program->why =
		    arena_printf(p->arena, "%s, and the state cannot be kept on disk: %s",
			must_be_noted(program), p->input->unsaved);
	} else if (state->failures && !mono_reached(state->retry_at, p->input->now)) {
		program->gate = GATE_BACK_OFF;
		program->timed = true;
		program->why = arena_printf(p->arena, "next try in %s",
		    duration_text(p->arena, state->retry_at.ms - p->input->now.ms));
		program->item->retry_in = state->retry_at.ms - p->input->now.ms;
		plan_wake(p, state->retry_at);
	}
}

void gates_item(struct planner *p, struct item *item)
{
	const struct object_state *state = item->state;
	const char *reason = NULL;
	struct mono until = MONO_NEVER;

	for (size_t i = 0; i < item->program_count; i++)
		if (!item->programs[i]->text && item->programs[i]->step_count)
			item->programs[i]->text = item->programs[i]->steps[0]->text;
	if (is_paused(p, item, &reason, &until)) {
		pause_item(p, item, reason, until);
		return;
	}
	/* A copy: the plan outlives what the state forgets once all is well. */
	if (state->error && item->verdict != VERDICT_CONVERGED)
		item->error = arena_copy(p->arena, state->error);
	for (size_t i = 0; i < item->program_count; i++)
		gate(p, item->programs[i]);
}

/* Removals */

static bool is_to_go(const struct program *program)
{
	return program->removal && program->step_count;
}

void gates_removals(struct planner *p)
{
	const struct program *later = NULL; /* of a later row than this one */
	const struct program *row = NULL;   /* of this row */

	for (size_t i = p->plan->item_count; i-- > 0;) {
		struct item *item = p->plan->items[i];

		if (row && row->item->kind != item->kind) {
			later = row;
			row = NULL;
		}
		for (size_t k = 0; k < item->program_count; k++) {
			struct program *program = item->programs[k];

			if (!is_to_go(program))
				continue;
			row = program;
			if (!later || program->gate != GATE_OPEN)
				continue;
			program->gate = GATE_WAITS;
			program->why = arena_printf(p->arena, "waits until %s/%s is gone",
			    later->item->kind->name, later->item->name);
		}
	}
}

/* What an item comes to */

int verdict_rank(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_FAILING:
		return 5;
	case VERDICT_BLOCKED:
		return 4;
	case VERDICT_PENDING:
		return 3;
	case VERDICT_UNKNOWN:
		return 2;
	case VERDICT_PAUSED:
		return 1;
	case VERDICT_CONVERGED:
		return 0;
	}
	return 0;
}

static enum verdict program_verdict(const struct program *program)
{
	switch (program->gate) {
	case GATE_OPEN:
	case GATE_BUSY:
	case GATE_WAITS:
		break;
	case GATE_BACK_OFF:
		return VERDICT_FAILING;
	case GATE_PAUSED:
		return VERDICT_PAUSED;
	case GATE_UNSAVED:
	case GATE_BUDGET:
	case GATE_APPROVAL:
		return VERDICT_BLOCKED;
	}
	return VERDICT_PENDING;
}

static const char *program_reason(const struct program *program)
{
	switch (program->gate) {
	case GATE_WAITS:
	case GATE_UNSAVED:
	case GATE_BUDGET:
	case GATE_APPROVAL:
		return program->why;
	case GATE_BUSY:
		return program->item->state->progress ? program->why : program->text;
	case GATE_OPEN:
	case GATE_BACK_OFF:
	case GATE_PAUSED:
		break;
	}
	return program->text;
}

static void judge_program(struct item *item, const struct program *program, bool waits)
{
	enum verdict verdict = program_verdict(program);
	bool failing =
	    item->error && (program->gate == GATE_OPEN || program->gate == GATE_BUSY ||
			       program->gate == GATE_BACK_OFF);
	const char *reason = failing ? item->error : program_reason(program);

	if (failing)
		verdict = VERDICT_FAILING;
	/* What is waited for is not known either: unknown says more than pending. */
	if (item->verdict == VERDICT_UNKNOWN && program->gate == GATE_WAITS)
		return;
	/* Of an item that only waits, what for is said rather than what is to be done; of a
	 * point in time its retry_in says it. */
	if (verdict_rank(verdict) > verdict_rank(item->verdict) ||
	    (waits && verdict == VERDICT_PENDING && item->verdict == verdict &&
		program->gate == GATE_WAITS && item->retry_in < 0) ||
	    (program->gate == GATE_BUSY && item->state->progress)) {
		item->verdict = verdict;
		item->reason = reason ? reason : "";
	}
}

void gates_verdict(struct planner *p, struct item *item)
{
	bool waits = true;

	(void)p;
	for (size_t i = 0; i < item->program_count; i++)
		if (item->programs[i]->step_count &&
		    (item->programs[i]->gate == GATE_OPEN ||
			item->programs[i]->gate == GATE_BUSY))
			waits = false;
	for (size_t i = 0; i < item->program_count; i++)
		if (item->programs[i]->step_count)
			judge_program(item, item->programs[i], waits);
}
