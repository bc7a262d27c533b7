/* SPDX-License-Identifier: MIT */
/* item: what kinds say of an object while it is planned: verdicts, steps, effects,
 * findings. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/plan/item.h"

/* Of any length: what an approval shows is never cut. */
static const char *format_in(struct arena *a, const char *format, va_list args)
{
	va_list again;
	char *text;
	int length;

	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	text = arena_alloc(a, (size_t)length + 1);
	vsnprintf(text, (size_t)length + 1, format, args);
	return text;
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

void item_paused(struct planner *p, struct item *item, const char *format, ...)
{
	item->verdict = VERDICT_PAUSED;
	FORMATTED(item->reason);
}

void item_failing(struct planner *p, struct item *item, const char *format, ...)
{
	item->verdict = VERDICT_FAILING;
	FORMATTED(item->reason);
}

struct program *item_program(
    struct planner *p, struct item *item, const char *format, ...)
{
	struct program *program = arena_alloc(p->arena, sizeof(*program));
	struct program **slot =
	    arena_push(p->arena, &item->programs, &item->program_count, sizeof(*slot));

	program->item = item;
	program->of_phase = item->phase != NULL;
	if (format)
		FORMATTED(program->text);
	*slot = program;
	return program;
}

struct step *program_step(struct planner *p, struct program *program,
    const struct action *action, const char *target, const char *format, ...)
{
	struct step *step = arena_alloc(p->arena, sizeof(*step));
	struct step **slot =
	    arena_push(p->arena, &program->steps, &program->step_count, sizeof(*slot));
	const struct item *item = program->item;

	*step = (struct step){
		.action = action,
		.program = program,
		.kind = item->kind,
		.name = item->name,
		.target_kind = action->target ? action->target : item->kind,
		.target = target ? target : item->name,
		.arguments = action->size ? arena_alloc(p->arena, action->size) : NULL,
	};
	FORMATTED(step->text);
	*slot = step;
	return step;
}

void *step_arguments(struct step *step)
{
	return (void *)(uintptr_t)step->arguments;
}

void step_edits(struct step *step, const struct kind *kind, const char *name)
{
	step->target_kind = kind;
	step->target = name;
}

void program_change(
    struct planner *p, struct program *program, const char *field, const char *desired)
{
	uint64_t *part =
	    arena_push(p->arena, &program->parts, &program->part_count, sizeof(*part));

	*part = change_hash(field, desired);
}

struct effect *program_effect(struct planner *p, struct program *program,
    enum effect_what what, const struct kind *kind, const char *name)
{
	struct effect *effect = arena_push(
	    p->arena, &program->effects, &program->effect_count, sizeof(*effect));

	*effect = (struct effect){ .what = what, .kind = kind, .name = name };
	return effect;
}

void program_waits(struct planner *p, struct program *program, const char *format, ...)
{
	if (program->gate == GATE_WAITS)
		return;
	program->gate = GATE_WAITS;
	FORMATTED(program->why);
}

/* Whether something of the item is still to be done; of an approval it is not known
 * when. */
static bool is_unfinished(const struct item *item)
{
	return item->verdict != VERDICT_CONVERGED || item_has_steps(item);
}

void program_waits_for(
    struct planner *p, struct program *program, const struct kind *kind, const char *name)
{
	const struct item *item = planner_item(p, kind, name);

	if (item && is_unfinished(item))
		program_waits(p, program, "waits for %s/%s", kind->name, name);
}

void program_waits_until(
    struct planner *p, struct item *item, struct program *program, struct mono when)
{
	item->retry_in = when.ms - p->input->now.ms;
	program->timed = program->gate != GATE_WAITS;
	plan_wake(p, when);
	program_waits(
	    p, program, "next try in %s", duration_text(p->arena, item->retry_in));
}

static const struct answer *probe(struct planner *p, const struct kind *kind,
    const char *name, const char *question, uint64_t hash, int64_t every)
{
	struct plan *plan = p->plan;
	const struct answer *answer;

	if (plan)
		*(struct probe *)arena_push(
		    p->arena, &plan->probes, &plan->probe_count, sizeof(struct probe)) =
		    (struct probe){ kind, name, question, hash, every };
	if (!p->input->probes)
		return NULL;
	answer = probe_store_find(p->input->probes, kind, name, hash);
	return answer && answer->status ? answer : NULL;
}

const struct answer *planner_probe_every(struct planner *p, const struct kind *kind,
    const char *name, const char *question, uint64_t hash, int64_t every)
{
	const struct answer *answer = probe(p, kind, name, question, hash, every);

	if (answer && every && p->plan)
		plan_wake(p, mono_add(answer->at, every));
	return answer;
}

const struct answer *planner_probe(struct planner *p, const struct kind *kind,
    const char *name, const char *question, uint64_t hash)
{
	return planner_probe_every(p, kind, name, question, hash, 0);
}

const struct answer *item_probe(
    struct planner *p, struct item *item, const char *question, uint64_t hash)
{
	return planner_probe(p, item->kind, item->name, question, hash);
}

void item_phase(struct item *item, const char *phase)
{
	item->phase = phase;
}

bool item_acts(const struct item *item)
{
	for (size_t i = 0; i < item->program_count; i++)
		if (item->programs[i]->step_count && item->programs[i]->gate == GATE_OPEN)
			return true;
	return false;
}

bool item_has_steps(const struct item *item)
{
	for (size_t i = 0; i < item->program_count; i++)
		if (item->programs[i]->step_count)
			return true;
	return false;
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

/* A finding of the same words, so that what is true of many objects is reported once. */
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

struct program *item_unwritten(
    struct planner *p, struct item *item, bool owned, const char *by_hand)
{
	const char *object =
	    arena_printf(p->arena, "%s/%s", item->kind->name, item->name);
	struct program *program;

	if (!owned)
		return NULL;
	if (!p->input->desired->settings.prune) {
		plan_finding(p, SEVERITY_INFO, "no-longer-written", object,
		    "%s is owned by homek8sd and no longer written; it is left alone",
		    object)
		    ->fix = arena_printf(
		    p->arena, "write it again, %s, or set `prune: true`", by_hand);
		return NULL;
	}
	item_pending(p, item, "is no longer written");
	program = item_program(p, item, NULL);
	program->removal = true;
	program_effect(p, program, EFFECT_REMOVES, item->kind, item->name);
	return program;
}

void plan_wake(struct planner *p, struct mono when)
{
	if (!mono_reached(when, p->input->now))
		p->plan->next = mono_earlier(p->plan->next, when);
}

const struct object *planner_desired(
    const struct planner *p, const struct kind *kind, const char *name)
{
	return set_find_near(config_get(p->input->desired, kind), name,
	    p->near ? &p->near->desired[kind_index(kind)] : NULL);
}

const struct observed *planner_entry(
    const struct planner *p, const struct kind *kind, const char *name)
{
	size_t row = kind_index(kind), none = 0;
	const struct observed_set *set = &p->input->observed->kinds[row];
	size_t *at = p->near ? &p->near->observed[row] : &none;

	return observed_set_near(set, name, at) ? set->items[*at] : NULL;
}

/* Whether it is known of that object, whose entry is `found`, if it exists. */
static bool knows(const struct planner *p, const struct kind *kind, const char *name,
    const struct observed *found)
{
	const char *why;

	return p->input->sources[source_index(kind->source)].up &&
	       observed_known(&p->input->observed->kinds[kind_index(kind)], name, &why) &&
	       !(found && found->presence == UNKNOWN);
}

bool planner_knows(const struct planner *p, const struct kind *kind, const char *name)
{
	return knows(p, kind, name, planner_entry(p, kind, name));
}

const struct observed *planner_observed(
    const struct planner *p, const struct kind *kind, const char *name)
{
	const struct observed *found = planner_entry(p, kind, name);

	return knows(p, kind, name, found) ? found : NULL;
}

const struct item *plan_find(
    const struct plan *plan, const struct kind *kind, const char *name)
{
	const struct item_range *span = &plan->ranges[kind_index(kind)];
	size_t low = span->first, high = span->first + span->desired;

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
	for (size_t i = span->first + span->desired; i < span->end; i++)
		if (strcmp(plan->items[i]->name, name) == 0)
			return plan->items[i];
	return NULL;
}

struct item *planner_item(
    const struct planner *p, const struct kind *kind, const char *name)
{
	return (struct item *)(uintptr_t)plan_find(p->plan, kind, name);
}
