/* SPDX-License-Identifier: MIT */
/*
 * vm_memory: what a domain was seen doing, turned into why it stopped, how often in a
 * row, and when it may be started again.
 *
 * libvirt keeps the reason of a stop only until libvirtd restarts, and says nothing of
 * who asked. So the cause is worked out once, when a domain that was seen running is seen
 * stopped, and kept: a later "unknown" does not overwrite what was known.
 */
#include "lib/kind/vm/vm_record.h"

#include <limits.h>
#include <stdlib.h>

#include "lib/base/retry.h"
#include "lib/kind/kinds.h"
#include "lib/kind/vm/vm.h"
#include "lib/kind/vm/vm_start.h"
#include "lib/plan/plan.h"

/* Of a domain that was started and not looked at yet. */
#define ID_NOT_SEEN INT_MAX

static bool is_set(struct mono t)
{
	return t.ms != 0;
}

/* A request of ours explains a stop for as long as we would have waited for it. */
static bool asked_by_us(
    const struct vm_record *vm, const struct settings *settings, struct mono now)
{
	return is_set(vm->stop_sent) &&
	       !mono_reached(mono_add(vm->stop_sent, settings->vm.stop_timeout), now);
}

static void count_quick_stop(struct vm_record *vm, const struct settings *settings)
{
	vm->quick_stops++;
	vm->gave_up = (int64_t)vm->quick_stops >= settings->vm.start_attempts;
}

/* Nobody's wish. A failed start is counted where the step's failure is told. */
static bool counts(const struct vm_record *vm, enum stop_cause cause)
{
	return vm->wanted == VM_RUNNING && cause != STOP_OURS && cause != STOP_SAVED &&
	       cause != STOP_START_FAILED;
}

/* It ran when last looked at and has stopped since. */
static void stopped(struct vm_record *vm, enum stop_cause cause,
    const struct settings *settings, struct mono now, uint32_t random)
{
	struct mono long_enough =
	    mono_add(vm->running_since, settings->vm.minimum_uptime);

	if (cause != STOP_CRASH && asked_by_us(vm, settings, now))
		cause = STOP_OURS;
	vm->cause = cause;
	vm->stop_first = vm->stop_sent = (struct mono){ 0 };
	vm->start_at = now;
	if (mono_reached(long_enough, now)) {
		vm->quick_stops = 0;
	} else if (counts(vm, cause)) {
		count_quick_stop(vm, settings);
		if (vm->quick_stops > 1)
			vm->start_at =
			    mono_add(now, retry_start(vm->quick_stops - 1, random));
	}
}

/* It was stopped when last looked at, or was never looked at. */
static void still_stopped(struct vm_record *vm, enum stop_cause cause)
{
	bool looks_like_ours = cause == STOP_GUEST || cause == STOP_DESTROYED;

	if (vm->cause != STOP_NONE && cause == STOP_UNKNOWN)
		return;
	if (vm->cause == STOP_OURS && looks_like_ours)
		return;
	vm->cause = cause;
}

static void observed_running(struct object_state *state, const struct domain_facts *facts,
    const struct settings *settings, struct mono now)
{
	struct vm_record *vm = &state->vm;

	if (!vm->seen || vm->domain_id != facts->id) {
		vm->running_since = now;
		vm->start_at = (struct mono){ 0 };
		vm->stop_first = vm->stop_sent = (struct mono){ 0 };
		/* The failure that is told is over, whatever else is not as written. */
		if (vm->cause == STOP_START_FAILED) {
			state->failures = 0;
			free(state->error);
			state->error = NULL;
		}
	} else if (mono_reached(
		       mono_add(vm->running_since, settings->vm.minimum_uptime), now)) {
		vm->quick_stops = 0;
	}
	vm->cause = STOP_NONE;
	vm->domain_id = facts->id;
	vm->gave_up = false;
	vm->start_wanted = false;
	if (vm->wanted == VM_RUNNING)
		vm->seen_running = true;
}

static void observed_stopped(struct vm_record *vm, const struct domain_facts *facts,
    const struct settings *settings, struct mono now, uint32_t random)
{
	enum stop_cause cause = vm_stop_cause(facts);

	if (vm->seen && vm->domain_id >= 0)
		stopped(vm, cause, settings, now, random);
	else
		still_stopped(vm, cause);
	vm->domain_id = -1;
	vm->running_since = (struct mono){ 0 };
}

/* Undefined by somebody: what it did is history; what is wanted of it is not. */
static void forget(struct vm_record *vm)
{
	*vm = (struct vm_record){
		.domain_id = -1,
		.wanted = vm->wanted,
		.start_wanted = vm->start_wanted,
	};
}

static bool is_same(const struct vm_record *a, const struct vm_record *b)
{
	return a->seen == b->seen && a->seen_running == b->seen_running &&
	       a->domain_id == b->domain_id && a->wanted == b->wanted &&
	       a->cause == b->cause && a->running_since.ms == b->running_since.ms &&
	       a->quick_stops == b->quick_stops && a->start_at.ms == b->start_at.ms &&
	       a->gave_up == b->gave_up && a->start_wanted == b->start_wanted &&
	       a->stop_first.ms == b->stop_first.ms && a->stop_sent.ms == b->stop_sent.ms;
}

bool vm_record_observed(struct object_state *state, const struct observed *seen,
    const struct object *want, const struct settings *settings, struct mono now,
    uint32_t random)
{
	struct vm_record before = state->vm;

	(void)want; /* told to vm_record_wanted() */
	if (seen && seen->presence == UNKNOWN)
		return false;
	if (!seen) {
		forget(&state->vm);
	} else {
		const struct vm *side =
		    (const struct vm *)(seen->live ? seen->live : seen->config);

		if (side->facts.id >= 0)
			observed_running(state, &side->facts, settings, now);
		else
			observed_stopped(&state->vm, &side->facts, settings, now, random);
		state->vm.seen = true;
	}
	return !is_same(&before, &state->vm);
}

void vm_record_wanted(struct object_state *state, const struct object *want)
{
	struct vm_record *vm = &state->vm;
	int before = vm->wanted, wanted = want ? ((const struct vm *)want)->state : -1;

	if (before == wanted)
		return;
	vm->wanted = wanted;
	/* What was allowed, or held, was something else. */
	free(state->approved);
	state->approved = NULL;
	state->braked = false;
	vm->quick_stops = 0;
	vm->gave_up = false;
	vm->start_at = (struct mono){ 0 };
	vm->start_wanted = before == VM_STOPPED && wanted == VM_RUNNING;
	vm->seen_running = wanted == VM_RUNNING && vm->seen && vm->domain_id >= 0;
	/* A request already sent may still take effect when the VM is wanted again: it
	 * must then be known as ours. But a new wish to stop begins a new deadline. */
	if (wanted == VM_STOPPED)
		vm->stop_first = vm->stop_sent = (struct mono){ 0 };
}

/* A guest whose disk is full pauses again at its next write; this is often enough to be
 * back within a minute of the disk's being mended. */
#define RESUME_PACE_MS 30000

static void done(struct vm_record *vm, enum step_op op, struct mono now)
{
	switch (op) {
	case STEP_DOMAIN_DEFINE:
		vm->start_wanted = true;
		break;
	case STEP_DOMAIN_SHUTDOWN:
	case STEP_DOMAIN_DESTROY:
		if (!is_set(vm->stop_first))
			vm->stop_first = now;
		vm->stop_sent = now;
		break;
	case STEP_DOMAIN_RESUME:
	case STEP_DOMAIN_WAKEUP:
		vm->start_at = mono_add(now, RESUME_PACE_MS);
		break;
	case STEP_DOMAIN_START:
		/* Should it be gone before it is looked at, it has run all the same. */
		vm->domain_id = ID_NOT_SEEN;
		vm->running_since = now;
		break;
	case STEP_DOMAIN_AUTOSTART:
	case STEP_NETWORK_DEFINE:
	case STEP_NETWORK_START:
	case STEP_NETWORK_STOP:
	case STEP_NETWORK_AUTOSTART:
	case STEP_NETWORK_UPDATE:
	case STEP_KUBE_APPLY:
	case STEP_KUBE_DELETE:
		break;
	}
}

static void start_failed(struct object_state *state, const struct settings *settings,
    struct mono now, uint32_t random)
{
	struct vm_record *vm = &state->vm;

	vm->cause = STOP_START_FAILED;
	count_quick_stop(vm, settings);
	vm->start_at = mono_add(now, retry_start(vm->quick_stops, random));
	/* One wait, not two: that between starts is the longer one. */
	state->retry_at = vm->start_at;
}

void vm_record_ended(struct object_state *state, const struct step *step, bool failed,
    const struct settings *settings, struct mono now, uint32_t random)
{
	if (!failed)
		done(&state->vm, step->op, now);
	else if (step->op == STEP_DOMAIN_START)
		start_failed(state, settings, now, random);
}
