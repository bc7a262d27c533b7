/* SPDX-License-Identifier: MIT */
/* item: what kinds say of an object while it is planned: verdicts, steps, consent,
 * findings. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/plan/plan.h"

static const char *format_in(struct arena *a, const char *format, va_list args)
{
	char text[1024];

	vsnprintf(text, sizeof(text), format, args);
	return arena_copy(a, text);
}

#define FORMATTED(result)                                                                \
	do {                                                                             \
		va_list args;                                                            \
		va_start(args, format);                                                  \
		(result) = format_in(p->arena, format, args);                            \
		va_end(args);                                                            \
	} while (0)

void item_ok(struct item *item)
{
	item->verdict = VERDICT_CONVERGED;
	item->reason = "";
}

void item_converged(struct planner *p, struct item *item, const char *format, ...)
{
	item->verdict = VERDICT_CONVERGED;
	FORMATTED(item->reason);
}

void item_pending(struct planner *p, struct item *item, const char *format, ...)
{
	item->verdict = VERDICT_PENDING;
	FORMATTED(item->reason);
}

void item_blocked(struct planner *p, struct item *item, const char *format, ...)
{
	item->verdict = VERDICT_BLOCKED;
	FORMATTED(item->reason);
}

void item_unknown(struct planner *p, struct item *item, const char *format, ...)
{
	item->verdict = VERDICT_UNKNOWN;
	FORMATTED(item->reason);
}

void item_failing(struct planner *p, struct item *item, const char *format, ...)
{
	item->verdict = VERDICT_FAILING;
	FORMATTED(item->reason);
}

/* Stages of a kind follow those of the kinds in earlier rows. */
#define STAGES 4

struct step *item_step(struct planner *p, struct item *item, enum step_op op,
    unsigned stage, const char *target, const char *format, ...)
{
	struct step *step = arena_alloc(p->arena, sizeof(*step));
	struct step **slot =
	    arena_push(p->arena, &item->steps, &item->step_count, sizeof(*slot));

	*step = (struct step){
		.op = op,
		.item = item,
		.kind = item->kind,
		.name = item->name,
		.target = target,
		.stage = (unsigned)kind_index(item->kind) * STAGES + stage,
	};
	FORMATTED(step->text);
	*slot = step;
	return step;
}

void item_difference(struct planner *p, struct item *item, const char *field,
    const char *want, const char *have)
{
	struct difference *d = arena_push(
	    p->arena, &item->differences.items, &item->differences.count, sizeof(*d));

	*d = (struct difference){ .field = field, .want = want, .have = have };
}

void item_condition(
    struct planner *p, struct item *item, const char *type, const char *format, ...)
{
	struct condition *c =
	    arena_push(p->arena, &item->conditions, &item->condition_count, sizeof(*c));

	c->type = type;
	FORMATTED(c->message);
}

void item_consent(struct planner *p, struct item *item, const char *format, ...)
{
	FORMATTED(item->consent);
	item->fingerprint = item->consent;
}

bool item_is_approved(const struct item *item)
{
	uint64_t part;

	if (!item->fingerprint)
		return false;
	part = approval_part(item->fingerprint);
	return approval_covers(&item->state->approval, &part, 1);
}

/* A finding of the same words, so that what is true of many objects is told once. */
static struct finding *find_finding(struct plan *plan, const char *id, const char *text)
{
	for (size_t i = plan->finding_count; i-- > 0;)
		if (strcmp(plan->findings[i].id, id) == 0 &&
		    strcmp(plan->findings[i].text, text) == 0)
			return &plan->findings[i];
	return NULL;
}

struct finding *plan_finding(struct planner *p, enum severity severity, const char *id,
    const char *object, const char *format, ...)
{
	struct plan *plan = p->plan;
	struct finding *f;
	const char *text;

	FORMATTED(text);
	f = find_finding(plan, id, text);
	if (f)
		return f;
	f = arena_push(p->arena, &plan->findings, &plan->finding_count, sizeof(*f));
	f->id = id;
	f->severity = severity;
	f->objects[0] = object;
	f->text = text;
	return f;
}

void plan_wake(struct planner *p, struct mono when)
{
	p->plan->next = mono_earlier(p->plan->next, when);
}

const struct observed *planner_observed(
    const struct planner *p, const struct kind *kind, const char *name)
{
	const struct observed *seen;
	const char *why;

	if (!p->input->sources[kind->origin].up ||
	    !observed_known(&p->input->observed->kinds[kind_index(kind)], name, &why))
		return NULL;
	seen = observations_find(p->input->observed, kind, name);
	return seen && seen->presence == PRESENT ? seen : NULL;
}

const struct item *plan_find(
    const struct plan *plan, const struct kind *kind, const char *name)
{
	const struct span *span = &plan->spans[kind_index(kind)];
	size_t low = span->first, high = span->first + span->wanted;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(plan->items[middle]->name, name);

		if (order == 0)
			return plan->items[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (size_t i = span->first + span->wanted; i < span->end; i++)
		if (strcmp(plan->items[i]->name, name) == 0)
			return plan->items[i];
	return NULL;
}

const struct item *planner_item(
    const struct planner *p, const struct kind *kind, const char *name)
{
	return plan_find(p->plan, kind, name);
}
