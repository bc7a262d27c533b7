/* SPDX-License-Identifier: MIT */
/*
 * vm_host: all VMs that are written go down with the host, whatever is written of their
 * state, and nothing is started meanwhile. What was taken down so, and the host stays after
 * all, is started again (`taken_down` of vm_record.h).
 */
#include "lib/kind/vm/vm_host.h"

#include "lib/kind/actions.h"
#include "lib/kind/host/host.h"
#include "lib/kind/vm/vm_power.h"
#include "lib/kind/vm/vm_record.h"
#include "lib/kind/vm/vm_state.h"
#include "lib/kind/vm/vm_wish.h"

#define ALL_BEGUN_MS 30000

/* Shutting down */

/* It runs, and can take a request to shut down or has. */
static bool goes_down(const struct observed *observed)
{
	const struct vm *live =
	    observed ? (const struct vm *)(const void *)observed->live : NULL;

	if (!live || observed->presence != PRESENT)
		return false;
	switch (live->facts.state) {
	case STATE_PAUSED:
	case STATE_CRASHED:
	case STATE_PMSUSPENDED:
		return false;
	default:
		return true;
	}
}

static bool others_are_up(const struct planner *p)
{
	const struct set *vms = config_get(p->input->desired, &vm_kind);

	for (size_t i = 0; i < vms->count; i++) {
		const struct vm *vm = (const struct vm *)vms->items[i];

		if (vm->role != ROLE_CONTROL_PLANE &&
		    goes_down(planner_observed(p, &vm_kind, vm->domain)))
			return true;
	}
	return false;
}

static struct program *add_stop(struct planner *p, struct item *item, void *arg)
{
	struct program *program =
	    item_program(p, item, "shut down vm/%s with this host", item->name);
	struct effect *effect =
	    program_effect(p, program, EFFECT_INTERRUPTS, item->kind, item->name);

	(void)arg;
	effect->in_use = effect->as_written = true;
	return program;
}

/* What is not stored is lost with the host's shutdown anyway; its power need not be cut. */
static void shut_down(
    struct planner *p, struct item *item, const struct vm *want, const struct vm *have)
{
	struct vm *as_stored = arena_alloc(p->arena, sizeof(*as_stored));

	*as_stored = *have;
	as_stored->facts.persistent = true;
	vm_power_stop(p, item, want, as_stored, add_stop, NULL);
}

static void take_down(
    struct planner *p, struct item *item, const struct vm *want, const struct vm *have)
{
	struct mono until = host_others_until(p);

	if (!goes_down(item->observed)) {
		item_pending(p, item,
		    "is %s, so it cannot shut down; this host is shutting down",
		    vm_power_text(&have->facts));
	} else if (want->role == ROLE_CONTROL_PLANE && others_are_up(p) &&
		   !mono_reached(until, p->input->now)) {
		item_pending(p, item,
		    "this host is shutting down; a control plane is shut down after the other VMs");
		plan_wake(p, until);
	} else {
		shut_down(p, item, want, have);
	}
	if (item->verdict != VERDICT_FAILING)
		item_condition(p, item, "HostShutdown", "this host is shutting down");
}

bool vm_host_plan(
    struct planner *p, struct item *item, const struct vm *want, const struct vm *have)
{
	bool runs = have->facts.id >= 0;
	enum host_shutdown host = host_shutdown(p);

	if (host == HOST_STAYS ||
	    (!runs && vm_wish_state(item->state, want) == VM_STOPPED))
		return false;
	/* What goes on at it goes on afterwards. */
	item_phase(item, arena_copy(p->arena, item->state->procedure.phase));
	if (!runs)
		item_pending(p, item, "is stopped; this host is shutting down");
	else if (host == HOST_TAKES_DOWN)
		take_down(p, item, want, have);
	else
		item_pending(p, item, "this host is shutting down%s",
		    host == HOST_LEAVES ? "; its VMs are left to others" : "");
	return true;
}

static void hold_until(struct planner *p, struct mono when)
{
	if (mono_reached(when, p->input->now))
		return;
	p->plan->shutdown = SHUTDOWN_HELD;
	plan_wake(p, when);
}

/* What is not known yet, of a daemon that was just started, is waited for a moment. */
static void settle_shutdown(struct planner *p)
{
	const struct item_range *range = &p->plan->ranges[kind_index(&vm_kind)];
	enum host_shutdown host = host_shutdown(p);
	struct mono known_by;
	bool waits = false, unknown = false;

	if (host == HOST_STAYS)
		return;
	known_by = mono_earlier(host_known_by(p), host_until(p));
	for (size_t i = range->first; i < range->first + range->desired; i++) {
		const struct item *item = p->plan->items[i];

		unknown |= item->verdict == VERDICT_UNKNOWN;
		waits |= item->verdict != VERDICT_PAUSED &&
			 item->verdict != VERDICT_UNKNOWN && goes_down(item->observed);
	}
	p->plan->shutdown = SHUTDOWN_FREE;
	if (host == HOST_TAKES_DOWN && waits)
		hold_until(p, host_until(p));
	else if (host == HOST_WAITS || (host == HOST_TAKES_DOWN && unknown))
		hold_until(p, known_by);
}

/* Booting */

static bool is_start(const struct program *program, enum gate gate)
{
	return program->gate == gate && program->step_count &&
	       program->steps[0]->action == &domain_start_action &&
	       vm_record_awaits_turn(program->item->state);
}

static bool is_boot_start(const struct program *program)
{
	return is_start(program, GATE_OPEN);
}

/* Its turn is taken, and the call is not sent yet: libvirt takes few at a time. */
static bool is_turn_taken(const struct planner *p)
{
	const struct item_range *range = &p->plan->ranges[kind_index(&vm_kind)];

	for (size_t i = range->first; i < range->first + range->desired; i++) {
		const struct item *item = p->plan->items[i];

		for (size_t k = 0; k < item->program_count; k++)
			if (is_start(item->programs[k], GATE_BUSY))
				return true;
	}
	return false;
}

/* The one whose turn it is: control planes before the others, each by name; NULL: none. */
static struct program *next_start(struct planner *p, size_t *count)
{
	const struct item_range *range = &p->plan->ranges[kind_index(&vm_kind)];
	struct program *first = NULL;
	bool critical = false;

	*count = 0;
	for (size_t i = range->first; i < range->first + range->desired; i++) {
		const struct item *item = p->plan->items[i];
		bool is = ((const struct vm *)item->desired)->role == ROLE_CONTROL_PLANE;

		for (size_t k = 0; k < item->program_count; k++) {
			if (!is_boot_start(item->programs[k]))
				continue;
			++*count;
			if (!first || (is && !critical)) {
				first = item->programs[k];
				critical = is;
			}
		}
	}
	return first;
}

/* When a turn was last taken since the host has booted; { 0 }: none was. What else is
 * started meanwhile takes none. */
static struct mono last_turn(const struct planner *p)
{
	const struct set *vms = config_get(p->input->desired, &vm_kind);
	struct mono last = { 0 };

	for (size_t i = 0; i < vms->count; i++) {
		const struct object_state *state =
		    state_find(p->input->state, &vm_kind, vms->items[i]->name);

		if (state && vm_record_of(state)->boot_turn.ms > last.ms)
			last = vm_record_of(state)->boot_turn;
	}
	return last;
}

static int64_t interval_of(const struct planner *p)
{
	int64_t vms = (int64_t)config_get(p->input->desired, &vm_kind)->count;
	int64_t interval = p->input->desired->settings.host.start_interval;

	return vms && interval > ALL_BEGUN_MS / vms ? ALL_BEGUN_MS / vms : interval;
}

static void hold_back(struct planner *p, const struct program *first)
{
	const struct item_range *range = &p->plan->ranges[kind_index(&vm_kind)];

	for (size_t i = range->first; i < range->first + range->desired; i++) {
		const struct item *item = p->plan->items[i];

		for (size_t k = 0; k < item->program_count; k++)
			if (item->programs[k] != first &&
			    is_boot_start(item->programs[k]))
				program_waits(p, item->programs[k],
				    "this host has booted: waits for its turn to be started");
	}
}

/* Nobody is restarted while others have not had their turn, whatever the budget has left:
 * it begins afterwards. */
static void hold_restarts(struct planner *p)
{
	const struct item_range *range = &p->plan->ranges[kind_index(&vm_kind)];

	for (size_t i = range->first; i < range->end; i++) {
		const struct item *item = p->plan->items[i];

		for (size_t k = 0; k < item->program_count; k++) {
			struct program *program = item->programs[k];

			if (program->of_phase && program->effect_count &&
			    program->gate == GATE_OPEN && !item->state->procedure.phase)
				program_waits(p, program,
				    "this host has booted: waits until its VMs are started");
		}
	}
}

static void settle_boot(struct planner *p)
{
	size_t count;
	struct program *first = next_start(p, &count);
	struct mono last = last_turn(p), again;

	if (!first)
		return;
	hold_restarts(p);
	again = mono_add(last, interval_of(p));
	if (is_turn_taken(p)) {
		hold_back(p, NULL);
	} else if (last.ms > 0 && !mono_reached(again, p->input->now)) {
		hold_back(p, NULL);
		plan_wake(p, again);
	} else if (count > 1 && interval_of(p)) {
		hold_back(p, first);
		plan_wake(p, mono_add(p->input->now, interval_of(p)));
	}
}

void vm_host_settle(struct planner *p)
{
	host_report(p);
	settle_shutdown(p);
	settle_boot(p);
}
