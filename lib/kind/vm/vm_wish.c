/* SPDX-License-Identifier: MIT */
/*
 * vm_wish: a wish takes the place of `state` in all that is planned, so that it is carried
 * out as an edit of it would be. It is never "converged": what is written is not in force,
 * or somebody holds what is written nowhere.
 */
#include "lib/kind/vm/vm_wish.h"

#include <string.h>

#include "lib/kind/kinds.h"
#include "lib/kind/vm/vm_power.h"

#define MINUTE_MS ((int64_t)60 * 1000)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)

bool vm_written_up(const struct object *desired)
{
	return ((const struct vm *)desired)->state == VM_RUNNING;
}

enum vm_state vm_wish_state(const struct object_state *state, const struct vm *want)
{
	switch (state ? state->wish.what : WISH_NONE) {
	case WISH_START:
		return VM_RUNNING;
	case WISH_STOP:
		return VM_STOPPED;
	case WISH_RESTART: /* never here: it stands beside this one */
	case WISH_NONE:
		break;
	}
	return (enum vm_state)want->state;
}

enum vm_state vm_due_state(const struct planner *p, const struct vm *want)
{
	return vm_wish_state(
	    state_find(p->input->state, &vm_kind, want->object.name), want);
}

/* "just now", "5m ago": in whole minutes, hours or days, so that a plan an hour says it
 * right. */
static const char *ago(struct planner *p, struct mono at)
{
	int64_t age = p->input->now.ms - at.ms;
	int64_t unit = age >= DAY_MS ? DAY_MS : age >= HOUR_MS ? HOUR_MS : MINUTE_MS;

	age = age > 0 ? age / unit * unit : 0;
	plan_wake(p, mono_add(at, age + unit));
	return age ? arena_printf(p->arena, "%s ago", duration_text(p->arena, age))
		   : "just now";
}

static const char *state_text(enum vm_state state)
{
	return state == VM_RUNNING ? "running" : "stopped";
}

/* Where its state is homek8sd's to keep: it is written, or we defined the domain. */
static void add_difference(
    struct planner *p, struct item *item, const struct vm *want, const struct vm *side)
{
	const char *due = state_text((enum vm_state)want->state);
	const char *found = vm_power_text(&side->facts);

	if ((want->power_written || side->marked) && strcmp(due, found) != 0)
		item_difference(p, item, "state", due, found);
}

void vm_wish_plan(struct planner *p, struct item *item, const struct vm *want,
    const struct observed *have)
{
	const struct wish *wish = &item->state->wish;
	bool stop = wish->what == WISH_STOP;
	const char *why;

	if (wish->what == WISH_NONE)
		return;
	why = arena_printf(p->arena,
	    "because %s requested it %s; `homek8sctl resume vm/%s` or an edit of it ends that",
	    wish->by ? wish->by : "somebody", ago(p, wish->at), item->name);
	if (have)
		add_difference(p, item, want,
		    (const struct vm *)(have->config ? have->config : have->live));
	if (item->verdict == VERDICT_CONVERGED)
		item_paused(p, item, "%s %s", stop ? "is stopped" : "runs", why);
	else
		item_condition(p, item, "Requested", "it is to %s %s",
		    stop ? "be stopped" : "run", why);
}
