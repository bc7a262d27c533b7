/* SPDX-License-Identifier: MIT */
/*
 * vm_record: what a domain was observed doing, turned into why it stopped, how often in a
 * row, and when it may be started again.
 *
 * libvirt keeps the reason of a stop only until libvirtd restarts, and says nothing of
 * who requested it. So the cause is worked out once, when a domain that was observed
 * running is observed stopped, and kept: a later "unknown" does not overwrite it.
 */
#include "lib/kind/vm/vm_record.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/hash.h"
#include "lib/base/retry.h"
#include "lib/kind/kinds.h"
#include "lib/kind/vm/vm.h"
#include "lib/kind/vm/vm_remedy.h"
#include "lib/kind/vm/vm_restart.h"
#include "lib/kind/vm/vm_start.h"
#include "lib/kind/vm/vm_state.h"
#include "lib/kind/vm/vm_wish.h"
#include "lib/kind/actions.h"

/* Of a domain that was started and not observed yet. */
#define ID_NOT_OBSERVED INT_MAX

static bool is_set(struct mono t)
{
	return t.ms != 0;
}

/* Our own request explains a stop for as long as we would have waited for it. */
static bool requested_by_us(
    const struct vm_record *vm, const struct settings *settings, struct mono now)
{
	return is_set(vm->stop_sent) &&
	       !mono_reached(mono_add(vm->stop_sent, settings->vm.stop_timeout), now);
}

/* Its power is managed (vm_power.h), or was when it stopped last. */
static bool is_managed(
    const struct vm_record *vm, const struct vm *have, const struct vm *want)
{
	return have->marked || vm->start_requested || vm->quick_stops > 0 ||
	       (want && want->power_written);
}

/* Nobody's wish. A failed start is counted where the step's failure is reported. */
static bool counts(const struct vm_record *vm, enum stop_cause cause, bool managed)
{
	return managed && vm->desired == VM_RUNNING && cause != STOP_OURS &&
	       cause != STOP_SAVED && cause != STOP_START_FAILED;
}

/* It ran when last observed and has stopped since. */
static void stopped(struct vm_record *vm, enum stop_cause cause, bool managed,
    const struct settings *settings, struct mono now, uint32_t random)
{
	struct mono long_enough =
	    mono_add(vm->running_since, settings->vm.minimum_uptime);

	if (cause != STOP_CRASH && requested_by_us(vm, settings, now))
		cause = STOP_OURS;
	vm->cause = cause;
	/* One that ran before the host was restarted was saved by the restart. */
	vm->saved_at =
	    cause == STOP_SAVED && vm->running_since.ms > 0 ? now : (struct mono){ 0 };
	vm->stop_first = vm->stop_sent = vm->stop_requested = (struct mono){ 0 };
	vm->start_at = now;
	if (mono_reached(long_enough, now)) {
		vm->quick_stops = 0;
	} else if (counts(vm, cause, managed)) {
		vm->quick_stops++;
		if (vm->quick_stops > 1)
			vm->start_at = mono_add(
			    now, retry_start((unsigned)vm->quick_stops - 1, random));
	}
}

/* It was stopped when last observed, or was never observed. */
static void still_stopped(struct vm_record *vm, enum stop_cause cause)
{
	bool may_be_ours = cause == STOP_GUEST || cause == STOP_DESTROYED;

	if (vm->cause != STOP_NONE && cause == STOP_UNKNOWN)
		return;
	if (vm->cause == STOP_OURS && may_be_ours)
		return;
	vm->cause = cause;
}

static bool stops(const struct action *action)
{
	return action == &domain_shutdown_action || action == &domain_destroy_action;
}

/* A request counts from when it is sent to when the last answer came: it may be heeded at any
 * time in between, and one that failed may have been carried out all the same. Nobody who asks for another
 * try makes it undone; a guest that is to run, and is still up when its time is over, has
 * not heeded it. */
static void stop_requested(
    struct vm_record *vm, const struct action *action, struct mono now)
{
	if (stops(action))
		vm->stop_requested = now;
}

/* A procedure that shuts it down has its own idea of how long it goes on. */
static void forget_stop(
    struct object_state *state, const struct settings *settings, struct mono now)
{
	struct vm_record *vm = state->own;

	if (vm->desired != VM_RUNNING ||
	    !mono_reached(mono_add(vm->stop_requested, settings->vm.stop_timeout), now))
		return;
	vm->stop_requested = vm->taken_down = (struct mono){ 0 };
	if (!state->procedure.phase)
		vm->stop_first = vm->stop_sent = (struct mono){ 0 };
}

/* A disk error a while after it was resumed is another one. */
static void note_disk_error(struct vm_record *vm, const struct domain_facts *facts,
    const struct settings *settings, struct mono now)
{
	bool paused = facts->state == STATE_PAUSED && facts->reason == PAUSED_IOERROR;

	if (paused && !vm->disk_paused &&
	    mono_reached(mono_add(vm->resumed_at, settings->vm.minimum_uptime), now))
		vm->resumed_in_vain = 0;
	vm->disk_paused = paused;
}

static void observed_running(struct object_state *state, const struct domain_facts *facts,
    const struct settings *settings, struct mono now)
{
	struct vm_record *vm = state->own;

	if (!vm->observed || vm->domain_id != facts->id) {
		/* Whoever did it: it was restarted, as somebody had requested. */
		wish_end(&state->restart);
		vm->running_since = vm->up_at = now;
		vm->start_at = vm->taken_down = (struct mono){ 0 };
		vm->stop_first = vm->stop_sent = vm->stop_requested = (struct mono){ 0 };
		vm->resumed_in_vain = 0;
		vm->cpu_id = 0; /* libvirt's numbers begin anew with the host */
		/* The failure that is reported is over, whatever else is not as written. */
		if (vm->cause == STOP_START_FAILED)
			object_state_recover(state);
	} else if (mono_reached(
		       mono_add(vm->running_since, settings->vm.minimum_uptime), now)) {
		vm->quick_stops = 0;
	}
	forget_stop(state, settings, now);
	note_disk_error(vm, facts, settings, now);
	vm->cause = STOP_NONE;
	vm->saved_at = (struct mono){ 0 };
	vm->domain_id = facts->id;
	vm->start_requested = false;
	if (vm->desired == VM_RUNNING)
		vm->has_run = true;
}

static void observed_stopped(struct vm_record *vm, const struct domain_facts *facts,
    bool managed, const struct settings *settings, struct mono now, uint32_t random)
{
	enum stop_cause cause = vm_stop_cause(facts);

	if (vm->observed && vm->domain_id >= 0)
		stopped(vm, cause, managed, settings, now, random);
	else
		still_stopped(vm, cause);
	vm->domain_id = -1;
	vm->cpu_id = 0;
	vm->running_since = (struct mono){ 0 };
}

/* Undefined by somebody: what it did is history; what is desired of it is not. */
static void forget(struct vm_record *vm, struct mono now)
{
	*vm = (struct vm_record){
		.domain_id = -1,
		.desired = vm->desired,
		.start_requested = vm->start_requested,
		.power_written = vm->power_written,
		.given = vm->given,
		.unsettled = vm->unsettled,
		.withdrawn = vm->withdrawn,
		.uuid = vm->uuid,
		.domain = vm->domain,
		.cpu_before = vm->cpu_before,
		.left = vm->left,
		.left_id = vm->left_id,
		.gone_at = vm->observed ? now : vm->gone_at,
	};
}

/* Kept also while there is no domain of its name. */
static bool remember_uuid(struct vm_record *vm, const char *uuid)
{
	if (!uuid || (vm->uuid && strcmp(vm->uuid, uuid) == 0))
		return false;
	record_set_text(&vm->uuid, uuid);
	return true;
}

bool vm_record_observed(struct object_state *state, const struct observed *observed,
    const struct object *want, const struct settings *settings, struct mono now,
    uint32_t random)
{
	struct vm_record *vm = state->own, before = *vm;
	const char *uuid = NULL;
	bool changed;

	if (observed && observed->presence == UNKNOWN)
		return false;
	/* One that is not written any more was another domain. */
	if (!want && observed && vm->domain && strcmp(vm->domain, observed->name) != 0)
		return false;
	if (!observed) {
		forget(vm, now);
	} else {
		const struct vm *side =
		    (const struct vm *)(observed->live ? observed->live
						       : observed->config);

		if (side->facts.id >= 0)
			observed_running(state, &side->facts, settings, now);
		else
			observed_stopped(vm, &side->facts,
			    is_managed(vm, side, (const struct vm *)want), settings, now,
			    random);
		vm->observed = true;
		vm->gone_at = (struct mono){ 0 };
		vm->stored |= side->facts.persistent;
		uuid = side->uuid;
	}
	changed = !record_same(&vm_record_fields, &before, vm);
	return remember_uuid(vm, uuid) || changed;
}

static uint64_t hash_text(uint64_t hash, const char *text)
{
	return text ? hash_bytes(hash, text, strlen(text) + 1) : hash * 31;
}

/* What only one machine may have, and under which name. */
static uint64_t hash_given(const struct vm *vm)
{
	const struct vm_interface *nics = vm ? vm->interfaces.items : NULL;
	uint64_t hash = HASH_START;

	if (!vm)
		return 0;
	hash = hash_text(hash, vm->domain);
	for (size_t i = 0; i < vm->disk_count; i++)
		hash = hash_bytes(hash, &vm->disks[i].hash, sizeof(vm->disks[i].hash));
	for (size_t i = 0; i < vm->interfaces.count; i++) {
		hash = hash_bytes(hash, &nics[i].mac, sizeof(nics[i].mac));
		hash = hash_text(hash_text(hash, nics[i].network), nics[i].bridge);
	}
	return hash;
}

/* A step under way does what was written before. */
static void note_given(struct object_state *state, const struct vm *desired)
{
	struct vm_record *vm = state->own;
	uint64_t given = hash_given(desired);

	vm->unsettled = state->busy && (vm->unsettled || vm->given != given);
	vm->given = given;
}

/* The procedure that goes on is about the domain before, or the one before that. */
static void leave(struct vm_record *vm, const char *phase)
{
	int64_t id = vm_restart_id(phase);

	if (id < 0 || (vm->left && vm->left_id == id))
		return;
	record_set_text(&vm->left, vm->domain);
	vm->left_id = id;
}

/* Another domain is written for the VM: how often the one before stopped, and that it was to
 * be started, says nothing of this one. */
static void note_domain(struct object_state *state, const struct vm *desired)
{
	struct vm_record *vm = state->own;

	if (!desired || !desired->domain)
		return;
	if (vm->domain && strcmp(vm->domain, desired->domain) != 0) {
		leave(vm, state->procedure.phase);
		vm->quick_stops = 0;
		vm->start_requested = false;
		vm->start_at = (struct mono){ 0 };
	}
	record_set_text(&vm->domain, desired->domain);
}

void vm_record_desired(struct object_state *state, const struct object *desired)
{
	struct vm_record *vm = state->own;
	int64_t before = vm->desired;
	int64_t after =
	    desired ? (int64_t)vm_wish_state(state, (const struct vm *)desired) : -1;
	bool written = desired && ((const struct vm *)desired)->power_written;

	note_given(state, (const struct vm *)desired);
	note_domain(state, (const struct vm *)desired);
	/* What was begun because it was written ends with that, the start under way too. */
	if (vm->power_written && !written) {
		vm->quick_stops = 0;
		vm->start_requested = false;
		vm->withdrawn = state->busy;
	}
	vm->power_written = written;
	if (before == after)
		return;
	vm->desired = after;
	vm->taken_down = (struct mono){ 0 };
	/* What was approved, or held, was something else. */
	approval_done(&state->approval);
	vm->quick_stops = 0;
	vm->start_at = (struct mono){ 0 };
	/* To leave a key out is no wish that it be started. */
	vm->start_requested = before == VM_STOPPED && after == VM_RUNNING && written;
	vm->has_run = after == VM_RUNNING && vm->observed && vm->domain_id >= 0;
	/* A request already sent may still take effect when the VM is to run again: it
	 * must then be known as ours. But a new wish to stop begins a new deadline. */
	if (after == VM_STOPPED)
		vm->stop_first = vm->stop_sent = (struct mono){ 0 };
}

/* A guest whose disk is full pauses again at its next write; this is often enough to be
 * back within a minute of the disk's being mended. */
#define RESUME_PACE_MS 30000

static void done(struct vm_record *vm, const struct action *action, struct mono now)
{
	if (action == &domain_define_action) {
		vm->start_requested = vm->desired != VM_STOPPED;
	} else if (action == &domain_shutdown_action ||
		   action == &domain_destroy_action) {
		if (!is_set(vm->stop_first))
			vm->stop_first = now;
		vm->stop_sent = now;
	} else if (action == &domain_resume_action || action == &domain_wakeup_action) {
		vm->start_at = mono_add(now, RESUME_PACE_MS);
		if (action == &domain_resume_action) {
			vm->resumed_at = now;
			vm->resumed_in_vain++;
		}
	} else if (action == &domain_start_action) {
		/* Should it be gone before it is read, it has run all the same. */
		vm->domain_id = ID_NOT_OBSERVED;
		vm->running_since = now;
		/* It was heeded: this is another run. */
		vm->stop_first = vm->stop_sent = vm->stop_requested = (struct mono){ 0 };
	}
}

static void start_failed(struct object_state *state, struct mono now, uint32_t random)
{
	struct vm_record *vm = state->own;

	vm->cause = STOP_START_FAILED;
	/* It is not tried again for its own sake. */
	if (vm->withdrawn && !vm->power_written && !vm->start_requested)
		return;
	vm->quick_stops++;
	vm->start_at = mono_add(now, retry_start((unsigned)vm->quick_stops, random));
	/* One wait, not two: that between starts is the longer one. */
	state->retry_at = vm->start_at;
}

/* Points in time of before the host's boot are below zero (lib/state/record.h). */
bool vm_record_awaits_turn(const struct object_state *state)
{
	const struct vm_record *vm = vm_record_of(state);

	return vm->up_at.ms < 0 && !vm->start_requested && !state->procedure.phase;
}

void vm_record_sent(
    struct object_state *state, const struct action *action, struct mono now)
{
	struct vm_record *vm = state->own;

	stop_requested(vm, action, now);
	if (action == &domain_start_action && vm_record_awaits_turn(state))
		vm->boot_turn = now;
	else if (stops(action) && vm->desired == VM_RUNNING)
		vm->taken_down = now;
	if (action == &domain_reboot_action || action == &domain_reset_action ||
	    (action == &domain_destroy_action && vm_remedy_is(state->procedure.phase)))
		vm->remedy_at = now;
}

/* libvirt's words, on every machine type. */
#define NO_SLOT "No more available PCI slots"

static void live_failed(struct object_state *state)
{
	struct vm_record *vm = state->own;

	if (state->error && strstr(state->error, NO_SLOT)) {
		vm->no_slot_id = vm->domain_id;
		/* What is done instead is not to wait for it. */
		object_state_recover(state);
		return;
	}
	if (vm->failed_id != vm->domain_id)
		vm->live_failures = 0;
	vm->failed_id = vm->domain_id;
	vm->live_failures++;
}

/* What is stored can be changed whatever runs. A disk that cannot be attached is not stored:
 * with it the domain may not start. */
static bool is_live(
    const struct object_state *state, const struct action *action, const void *arguments)
{
	const struct domain_device *device = arguments;

	if (action != &domain_attach_action)
		return action == &domain_resize_action;
	return device->live &&
	       (!device->disk || (state->error && strstr(state->error, NO_SLOT)));
}

static void resized(
    struct vm_record *vm, const struct domain_resize *resize, struct mono now)
{
	vm->resized_id = vm->domain_id;
	if (resize->vcpus)
		vm->resized_vcpus = resize->vcpus;
	else
		vm->resized_memory = resize->memory;
	if (resize->memory) {
		vm->counted_id = vm->domain_id;
		vm->counted_memory = resize->counted;
	}
	vm->resized_at = now;
}

/* Of a run the first one counts. */
static void cpu_stored(struct vm_record *vm, const struct domain_patch *patch)
{
	if (!patch->cpu || vm->domain_id <= 0 || vm->cpu_id == vm->domain_id)
		return;
	vm->cpu_id = vm->domain_id;
	record_set_text(&vm->cpu_before, patch->cpu_before);
}

void vm_record_ended(struct object_state *state, const struct action *action,
    const void *arguments, bool failed, const struct settings *settings, struct mono now,
    uint32_t random)
{
	struct vm_record *vm = state->own;

	(void)settings;
	stop_requested(vm, action, now);
	if (action == &kube_evict_action)
		vm->evicted_at = now;
	if (failed && is_live(state, action, arguments))
		live_failed(state);
	else if (action == &domain_resize_action)
		resized(vm, arguments, now);
	if (!failed && action == &domain_patch_action)
		cpu_stored(vm, arguments);
	if (!failed)
		done(vm, action, now);
	else if (action == &domain_start_action)
		start_failed(state, now, random);
	vm->withdrawn = false;
}

bool vm_record_converged(struct object_state *state, const struct object *want)
{
	struct vm_record *vm = state->own;
	bool any = vm->resized_id || vm->failed_id || vm->no_slot_id;

	(void)want;
	vm->resized_id = vm->resized_vcpus = vm->resized_memory = 0;
	vm->resized_at = (struct mono){ 0 };
	vm->failed_id = vm->live_failures = vm->no_slot_id = 0;
	return any;
}

void vm_record_requested(struct object_state *state)
{
	struct vm_record *vm = state->own;

	vm->start_requested = vm->desired != VM_STOPPED;
}
