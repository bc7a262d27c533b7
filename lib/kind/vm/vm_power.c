/* SPDX-License-Identifier: MIT */
/*
 * vm_power: what is written decides what should be (state), libvirt's state what is.
 * Nothing here interrupts a domain that should run: what somebody has paused stays paused
 * and is said.
 */
#include "lib/kind/vm/vm_power.h"

#include <string.h>

#include "lib/kind/actions.h"
#include "lib/kind/vm/vm_disk_error.h"
#include "lib/kind/vm/vm_record.h"
#include "lib/kind/vm/vm_start.h"
#include "lib/kind/vm/vm_state.h"
#include "lib/kind/vm/vm_wish.h"
#include "lib/kind/vm/vm_word.h"
#include "lib/kind/vm/vm.h"

/* Running, as it should */

/* Resuming and waking say nothing of how long it lasts, so they are paced. `waits`: for
 * what else they do, or NULL. */
static void plan_revive(struct planner *p, struct item *item, const struct action *action,
    const char *domain, const char *text, const char *waits)
{
	struct mono when = vm_record_of(item->state)->start_at;
	struct program *program = item_program(p, item, NULL);

	program_step(p, program, action, domain, "%s %s", text, domain);
	if (waits)
		program_waits(p, program, "%s", waits);
	else if (!mono_reached(when, p->input->now))
		program_waits_until(p, item, program, when);
}

static bool is_passing(int paused_reason)
{
	switch (paused_reason) {
	case PAUSED_MIGRATION:
	case PAUSED_SAVE:
	case PAUSED_DUMP:
	case PAUSED_SHUTTING_DOWN:
	case PAUSED_SNAPSHOT:
	case PAUSED_STARTING_UP:
	case PAUSED_POSTCOPY:
		return true;
	default:
		return false;
	}
}

static void plan_paused(
    struct planner *p, struct item *item, const struct vm *want, const struct vm *have)
{
	const char *domain = vm_word(p, want->domain), *waits;

	if (is_passing(have->facts.reason)) {
		item_pending(p, item, "is paused while libvirt works on it");
		return;
	}
	switch (have->facts.reason) {
	case PAUSED_IOERROR:
		waits = vm_disk_error_plan(p, item, want, have);
		plan_revive(
		    p, item, &domain_resume_action, want->domain, "resume domain", waits);
		break;
	case PAUSED_WATCHDOG:
		item_blocked(p, item,
		    "was paused by its watchdog: the guest hangs; `virsh reset %s`, then `virsh resume %s`",
		    domain, domain);
		break;
	case PAUSED_CRASHED:
	case PAUSED_POSTCOPY_FAILED:
		item_blocked(p, item,
		    "its guest has crashed and is kept paused; `virsh destroy %s` once you have examined it, then it is started anew",
		    domain);
		break;
	case PAUSED_FROM_SNAPSHOT:
	default: /* by a user, for a reason unknown, or one of a newer libvirt */
		item_blocked(p, item,
		    "was paused by another client; `virsh resume %s` lets it go on",
		    domain);
		break;
	}
}

static void plan_up(
    struct planner *p, struct item *item, const struct vm *want, const struct vm *have)
{
	switch (have->facts.state) {
	case STATE_PAUSED:
		plan_paused(p, item, want, have);
		break;
	case STATE_SHUTDOWN:
		item_pending(p, item, "is shutting down; waits until it has");
		break;
	case STATE_CRASHED:
		item_blocked(p, item,
		    "its guest has crashed and is kept as it is; `virsh destroy %s`, then it is started anew",
		    vm_word(p, want->domain));
		break;
	case STATE_PMSUSPENDED:
		item_pending(p, item, "was put to sleep by its guest");
		plan_revive(
		    p, item, &domain_wakeup_action, want->domain, "wake up domain", NULL);
		break;
	default: /* running, blocked on a resource, or a driver without states */
		item_ok(item);
		break;
	}
}

/* Running, though it should not */

/* Between two requests there is no step, and yet it is going down: the budget counts it. */
static struct program *add_stop(struct planner *p, struct item *item, void *arg)
{
	struct program *program = item_program(p, item, "stop vm/%s", item->name);
	struct effect *effect =
	    program_effect(p, program, EFFECT_INTERRUPTS, item->kind, item->name);

	(void)arg;
	effect->in_use = true;
	effect->as_written = true;
	program_change(p, program, "state", "stopped");
	return program;
}

/* Who makes the program that stops it. */
struct stopper {
	vm_add_stop *add;
	void *arg;
};

/* The time given for shutting down is over. */
static void plan_overdue(struct planner *p, struct item *item, const struct vm *want,
    struct mono deadline, const struct stopper *by)
{
	const struct vm_settings *settings = &p->input->desired->settings.vm;
	const char *time = duration_text(p->arena, settings->stop_timeout);
	struct mono sent = vm_record_of(item->state)->stop_sent;
	struct mono again = mono_add(sent, settings->stop_resend);

	if (!settings->stop_force) {
		item_failing(p, item,
		    "has not shut down within %s of the request; `virsh destroy %s` cuts its power, as would vm.stop_force: true; `homek8sctl reconcile vm/%s` asks again",
		    time, vm_word(p, want->domain), item->name);
		return;
	}
	item_pending(p, item, "has not shut down within %s; its power is cut", time);
	if (sent.ms < deadline.ms || mono_reached(again, p->input->now))
		program_step(p, by->add(p, item, by->arg), &domain_destroy_action,
		    want->domain, "cut the power of domain %s", want->domain);
	else
		plan_wake(p, again);
}

static void plan_stop(struct planner *p, struct item *item, const struct vm *want,
    bool can_ask, const struct stopper *by)
{
	const struct vm_settings *settings = &p->input->desired->settings.vm;
	const struct vm_record *vm = vm_record_of(item->state);
	struct mono deadline = mono_add(vm->stop_first, settings->stop_timeout);
	struct mono again = mono_add(vm->stop_sent, settings->stop_resend);
	struct program *program;

	if (vm->stop_first.ms && mono_reached(deadline, p->input->now)) {
		plan_overdue(p, item, want, deadline, by);
		return;
	}
	program = by->add(p, item, by->arg);
	item_pending(p, item,
	    vm->stop_first.ms || !can_ask ? "is shutting down" : "to be shut down");
	if (can_ask && (!vm->stop_first.ms || mono_reached(again, p->input->now)))
		program_step(p, program, &domain_shutdown_action, want->domain,
		    "shut down domain %s", want->domain);
	if (vm->stop_first.ms)
		plan_wake(p, can_ask ? mono_earlier(again, deadline) : deadline);
}

void vm_power_stop(struct planner *p, struct item *item, const struct vm *want,
    const struct vm *have, vm_add_stop *add, void *arg)
{
	const struct domain_facts *facts = &have->facts;
	struct stopper by = { add, arg };

	if (!facts->persistent) {
		item_blocked(p, item,
		    "should be stopped, but has no stored definition and would be lost; `virsh dumpxml %s` to a file and `virsh define` it first",
		    vm_word(p, want->domain));
	} else if (facts->state == STATE_PAUSED && is_passing(facts->reason)) {
		plan_paused(p, item, want, have);
	} else if (facts->state == STATE_PAUSED) {
		item_blocked(p, item,
		    "is paused, and a paused guest cannot shut down; `virsh resume %s`, or `virsh destroy %s` to cut its power",
		    vm_word(p, want->domain), vm_word(p, want->domain));
	} else if (facts->state == STATE_CRASHED) {
		item_blocked(p, item,
		    "its guest has crashed and is kept as it is; `virsh destroy %s` ends it",
		    vm_word(p, want->domain));
	} else if (facts->state == STATE_PMSUSPENDED) {
		item_pending(p, item, "sleeps; is woken up to be shut down");
		plan_revive(
		    p, item, &domain_wakeup_action, want->domain, "wake up domain", NULL);
	} else {
		plan_stop(p, item, want, facts->state != STATE_SHUTDOWN, &by);
	}
}

const char *vm_power_text(const struct domain_facts *facts)
{
	if (facts->id < 0)
		return "stopped";
	switch (facts->state) {
	case STATE_PAUSED:
		return "paused";
	case STATE_SHUTDOWN:
		return "shutting down";
	case STATE_CRASHED:
		return "crashed";
	case STATE_PMSUSPENDED:
		return "asleep";
	default: /* as in plan_up() */
		return "running";
	}
}

bool vm_power_managed(
    const struct item *item, const struct vm *want, const struct vm *have)
{
	const struct vm_record *vm = vm_record_of(item->state);

	/* A start that was begun is tried until it lasts. */
	return have->marked || want->power_written || vm->start_requested ||
	       vm->quick_stops > 0 || item->state->wish.what != WISH_NONE;
}

/* As it is, which is all there is to say. */
static void plan_unmanaged(struct planner *p, struct item *item, const struct vm *have)
{
	const char *state = vm_power_text(&have->facts);

	if (strcmp(state, "running") == 0)
		item_ok(item);
	else
		item_converged(p, item,
		    "is %s and left so: neither its state nor its power is written",
		    state);
}

void vm_power_plan(
    struct planner *p, struct item *item, const struct vm *want, const struct vm *have)
{
	bool runs = have->facts.id >= 0;
	bool due = vm_wish_state(item->state, want) == VM_RUNNING;

	if (!vm_power_managed(item, want, have)) {
		plan_unmanaged(p, item, have);
		return;
	}
	if (due && runs)
		plan_up(p, item, want, have);
	else if (due)
		vm_start_plan(p, item, want, have);
	else if (runs)
		vm_power_stop(p, item, want, have, add_stop, NULL);
	else
		item_ok(item);
	if (item->verdict != VERDICT_CONVERGED && item->state->wish.what == WISH_NONE)
		item_difference(p, item, "state",
		    want->state == VM_RUNNING ? "running" : "stopped",
		    vm_power_text(&have->facts));
}
