/* SPDX-License-Identifier: MIT */
/* print: items with their programs, findings, questions, steps with their documents. */
#include "test/golden/print.h"

#include <string.h>

#include "lib/kind/actions.h"
#include "lib/plan/item.h"

static const char *const gate_words[] = {
	[GATE_OPEN] = "open",
	[GATE_BUSY] = "busy",
	[GATE_WAITS] = "waits",
	[GATE_BACK_OFF] = "back-off",
	[GATE_PAUSED] = "paused",
	[GATE_UNSAVED] = "unsaved",
	[GATE_BUDGET] = "budget",
	[GATE_APPROVAL] = "approval",
};

/* Steps of an open program follow later, in their order. */
static void print_program(struct text *out, const struct program *program)
{
	struct arena a = { 0 };

	for (size_t i = 0; i < program->effect_count; i++)
		text_add(out, "    effect: %s%s\n", effect_text(&a, &program->effects[i]),
		    effect_needs_approval(&program->effects[i]) ? "" : " (allowed)");
	for (size_t i = 0; program->gate != GATE_OPEN && i < program->step_count; i++)
		text_add(out, "    %s: %s\n", gate_words[program->gate],
		    program->steps[i]->text);
	arena_done(&a);
}

static void print_item(struct text *out, const struct item *item)
{
	text_add(out, "%s/%s %s%s%s\n", item->kind->name, item->short_name,
	    verdict_text(item->verdict), *item->reason ? ": " : "", item->reason);
	for (size_t i = 0; i < item->differences.count; i++)
		text_add(out, "    %s: want %s, have %s\n",
		    item->differences.items[i].field, item->differences.items[i].want,
		    item->differences.items[i].have ? item->differences.items[i].have
						    : "nothing");
	for (size_t i = 0; i < item->condition_count; i++)
		text_add(out, "    %s: %s\n", item->conditions[i].type,
		    item->conditions[i].message);
	if (item->phase)
		text_add(out, "    phase: %s\n", item->phase);
	for (size_t i = 0; i < item->program_count; i++)
		print_program(out, item->programs[i]);
}

/* Of an update that is not about the first <ip> element: about which, counted from 0. */
static const char *where(struct arena *a, const struct step *step)
{
	const struct network_update *update = step->arguments;

	if (step->action != &network_update_action || update->place <= 0)
		return "";
	return arena_printf(a, " at %d", update->place);
}

/* With the document it would send. */
static void print_step(struct text *out, const struct plan_input *input,
    const struct step *step, size_t number)
{
	struct arena a = { 0 };
	struct planner p = { .arena = &a, .input = input };
	struct error e = { "" };
	const char *document =
	    step->action->render ? step->action->render(&p, step, &e) : NULL;

	text_add(out, "%zu. %s%s\n", number, step->text, where(&a, step));
	if (*e.text)
		text_add(out, "cannot be sent: %s\n", e.text);
	if (document)
		text_add(out, "%s%s", document,
		    document[strlen(document) - 1] == '\n' ? "" : "\n");
	arena_done(&a);
}

/* What is asked of every disk there is says nothing of the plan. */
static bool is_answered_disk(const struct plan_input *input, const struct probe *probe)
{
	return strcmp(probe->kind->name, "vm") == 0 && input->probes &&
	       probe_store_find(input->probes, probe->kind, probe->name, probe->hash);
}

void print_plan(struct text *out, const struct plan_input *input, const struct plan *plan,
    struct mono now)
{
	for (size_t i = 0; i < plan->item_count; i++)
		print_item(out, plan->items[i]);
	if (plan->shutdown != SHUTDOWN_NONE)
		text_add(out, "shutdown of the host: %s\n",
		    plan->shutdown == SHUTDOWN_HELD ? "held" : "free");
	for (size_t i = 0; i < plan->finding_count; i++)
		text_add(out, "finding %s: %s\n", plan->findings[i].id,
		    plan->findings[i].text);
	for (size_t i = 0; i < plan->probe_count; i++)
		if (!is_answered_disk(input, &plan->probes[i]))
			text_add(out, "asks for %s/%s: %s\n", plan->probes[i].kind->name,
			    plan->probes[i].name, plan->probes[i].question);
	for (size_t i = 0; i < plan->step_count; i++)
		print_step(out, input, plan->steps[i], i + 1);
	if (plan->next.ms != INT64_MAX)
		text_add(out, "again in %lld ms\n", (long long)(plan->next.ms - now.ms));
}
