/* SPDX-License-Identifier: MIT */
/* yard: plans from rows, and what the executor calls its hooks with. */
#include "test/engine/yard.h"

#include <stdlib.h>
#include <string.h>

#include "lib/kind/kinds.h"
#include "lib/kind/sources.h"

static void keep(struct arena *a, void *arguments)
{
	struct argument *argument = arguments;

	argument->text = arena_copy(a, argument->text);
}

/* Rendering goes through the executor's hook. */
static const char *render(struct planner *p, const struct step *step, struct error *e)
{
	(void)p;
	(void)step;
	fail(e, "nobody calls this");
	return NULL;
}

#define ARGUMENT .size = sizeof(struct argument), .keep = keep

const struct action edit = { "edit", &libvirt_source, .target = &network_kind, ARGUMENT };
const struct action define = { "define", &libvirt_source, .target = &vm_kind, ARGUMENT };
const struct action destroy = { "destroy", &libvirt_source, .target = &vm_kind,
	.once = true, ARGUMENT };
const struct action halt = { "halt", &libvirt_source, .target = &vm_kind, .lasts = true,
	ARGUMENT };
const struct action copy = { "copy", &libvirt_source, .target = &vm_kind, .slow = true,
	ARGUMENT };
const struct action apply = { "apply", &kubernetes_source, .target = &pool_kind,
	.render = render, ARGUMENT };

/* Hooks */

static struct flight *add_flight(struct yard *y, const char *text, uint64_t token)
{
	struct flight *flight;

	y->flights =
	    must_realloc(y->flights, (y->flight_count + 1) * sizeof(*y->flights));
	flight = &y->flights[y->flight_count++];
	*flight = (struct flight){ .text = must_copy(text), .token = token };
	return flight;
}

static struct flight take_flight(struct yard *y, uint64_t token)
{
	size_t i = 0;
	struct flight flight;

	while (i < y->flight_count && y->flights[i].token != token)
		i++;
	ck_assert_msg(i < y->flight_count, "token %llu", (unsigned long long)token);
	flight = y->flights[i];
	y->flights[i] = y->flights[--y->flight_count];
	return flight;
}

static void land(struct flight flight)
{
	free(flight.text);
	free(flight.target);
}

static void on_send(void *arg, const struct call *call)
{
	struct yard *y = arg;
	const struct argument *argument = call->arguments;
	struct flight *flight = add_flight(y, call->text, call->token);

	ck_assert_str_eq(argument->text, call->text);
	ck_assert_msg(!call->action->render == !call->document, "%s", call->text);
	text_add(&y->sent, "%s ", call->text);
	flight->action = call->action;
	flight->number = argument->number;
	flight->kind = call->kind->name;
	flight->target = must_copy(call->target);
	if (y->on_send)
		y->on_send(y->arg, flight);
}

static const char *on_render(
    void *arg, struct arena *a, const struct step *step, struct error *e)
{
	struct yard *y = arg;
	const struct argument *argument = step->arguments;

	y->rendered++;
	if (y->on_attempt)
		y->on_attempt(y->arg, argument->number);
	if (!y->render_error)
		return arena_printf(a, "document of %s", step->text);
	fail(e, "%s", y->render_error);
	return NULL;
}

static void on_note(void *arg, const struct step *step, uint64_t token)
{
	struct yard *y = arg;
	const struct argument *argument = step->arguments;
	struct flight *flight = add_flight(y, step->text, token);

	flight->noting = true;
	flight->number = argument->number;
	if (y->on_attempt)
		y->on_attempt(y->arg, argument->number);
}

static void on_cancel(void *arg, const struct source *source, uint64_t token)
{
	struct yard *y = arg;

	for (size_t i = 0; i < y->flight_count; i++)
		if (y->flights[i].token == token) {
			ck_assert(y->flights[i].action->source == source);
			text_add(&y->cancelled, "%s ", y->flights[i].text);
			return;
		}
	ck_abort_msg("what is cancelled is not under way");
}

static void on_ended(
    void *arg, const struct ended_step *step, const struct outcome *outcome)
{
	struct yard *y = arg;
	const struct argument *argument = step->arguments;

	ck_assert(step->kind == &vm_kind);
	ck_assert_str_eq(argument->text, step->text);
	text_add(&y->ended, "%s%s%s ", step->text, outcome->error ? "!" : "",
	    outcome->error ? outcome->error : "");
}

static void on_busy(void *arg, const struct kind *kind, const char *name, bool busy)
{
	struct yard *y = arg;

	ck_assert(kind == &vm_kind);
	text_add(&y->busy, "%s%s ", busy ? "+" : "-", name);
	y->busy_count += busy ? 1 : -1;
	if (y->on_busy)
		y->on_busy(y->arg, name, busy);
}

static const struct executor_hooks hooks = { .send = on_send,
	.render = on_render,
	.note = on_note,
	.cancel = on_cancel,
	.ended = on_ended,
	.busy = on_busy };

void yard_begin(struct yard *y)
{
	*y = (struct yard){ 0 };
	y->executor = executor_new(&hooks, y, FIRST_TOKEN);
}

void yard_end(struct yard *y)
{
	executor_free(y->executor);
	while (y->flight_count)
		land(y->flights[--y->flight_count]);
	free(y->flights);
	text_done(&y->sent);
	text_done(&y->ended);
	text_done(&y->cancelled);
	text_done(&y->busy);
}

/* Plans */

static struct step *make_step(
    struct arena *a, struct program *program, const struct row *row)
{
	struct argument *argument = arena_alloc(a, sizeof(*argument));
	struct step *step = arena_alloc(a, sizeof(*step)), **slot;

	*argument = (struct argument){ arena_copy(a, row->text), row->number };
	*step = (struct step){ .action = row->action,
		.program = program,
		.kind = &vm_kind,
		.name = program->item->name,
		.target_kind = row->action->target,
		.target = arena_copy(a, row->target),
		.arguments = argument,
		.text = argument->text,
		.until = row->until,
		.removes = row->removes };
	slot = arena_push(a, &program->steps, &program->step_count, sizeof(*slot));
	*slot = step;
	if (row->restores)
		step->restores = program->steps[row->restores - 1];
	return step;
}

static struct program *make_program(
    struct arena *a, struct plan *plan, const struct row *row)
{
	struct item *item = arena_alloc(a, sizeof(*item));
	struct program *program = arena_alloc(a, sizeof(*program)), **slot;

	item->kind = &vm_kind;
	item->name = arena_copy(a, row->item);
	item->phase = row->phase;
	program->item = item;
	program->order = plan->program_count;
	slot = arena_push(a, &plan->programs, &plan->program_count, sizeof(*slot));
	*slot = program;
	return program;
}

/* What is taken away goes first, as in a plan's kind. */
static void order_steps(struct arena *a, struct plan *plan)
{
	for (int adding = 0; adding < 2; adding++)
		for (size_t i = 0; i < plan->program_count; i++)
			for (size_t k = 0; k < plan->programs[i]->step_count; k++) {
				struct step *step = plan->programs[i]->steps[k], **slot;

				if (step->removes != !adding)
					continue;
				slot = arena_push(
				    a, &plan->steps, &plan->step_count, sizeof(*slot));
				*slot = step;
			}
}

static void make_programs(
    struct arena *a, struct plan *plan, const struct row *rows, size_t count)
{
	struct program *program = NULL;

	for (size_t i = 0; i < count; i++) {
		if (!i || rows[i].program != rows[i - 1].program)
			program = make_program(a, plan, &rows[i]);
		make_step(a, program, &rows[i]);
	}
}

void yard_refuse(struct yard *y, const struct row *rows, size_t count)
{
	struct plan plan = { 0 };
	struct arena a = { 0 };

	make_programs(&a, &plan, rows, count);
	plan.items = arena_array(&a, plan.program_count, sizeof(struct item *));
	for (; plan.item_count < plan.program_count; plan.item_count++) {
		struct program *program = plan.programs[plan.item_count];

		program->gate = GATE_BUSY;
		program->unapproved = true;
		program->item->programs = &plan.programs[plan.item_count];
		program->item->program_count = 1;
		plan.items[plan.item_count] = program->item;
	}
	plan.program_count = 0;
	executor_take(y->executor, &plan);
	arena_done(&a);
}

void yard_take(struct yard *y, const struct row *rows, size_t count)
{
	struct plan plan = { 0 };
	struct arena a = { 0 };

	make_programs(&a, &plan, rows, count);
	order_steps(&a, &plan);
	executor_take(y->executor, &plan);
	arena_done(&a);
}

/* What comes back */

uint64_t yard_token(const struct yard *y, const char *text)
{
	for (size_t i = 0; i < y->flight_count; i++)
		if (strcmp(y->flights[i].text, text) == 0)
			return y->flights[i].token;
	ck_abort_msg("%s is not under way", text);
	return 0;
}

void yard_outcome(struct yard *y, const char *text, const struct outcome *outcome)
{
	uint64_t token = yard_token(y, text);

	land(take_flight(y, token));
	executor_ended(y->executor, token, outcome);
}

void yard_done(struct yard *y, const char *text)
{
	yard_outcome(y, text, &(struct outcome){ 0 });
}

void yard_fails(struct yard *y, const char *text)
{
	yard_outcome(y, text, &(struct outcome){ .error = "refused", .refused = true });
}

void yard_noted(struct yard *y, const char *text, const char *error)
{
	uint64_t token = yard_token(y, text);

	land(take_flight(y, token));
	executor_noted(y->executor, token, error);
}

void yard_check(const struct yard *y, const char *sent, size_t under_way)
{
	ck_assert_str_eq(text_get(&y->sent), sent);
	ck_assert_uint_eq(y->flight_count, under_way);
}
