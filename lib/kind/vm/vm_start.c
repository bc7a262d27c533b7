/* SPDX-License-Identifier: MIT */
/*
 * vm_start: what is written decides what an unexpected stop means (power); the record
 * (vm_record.c) knows why it stopped, how often in a row, and when it may be
 * started again. A start that has to wait is planned and held, so that it can be shown
 * coming.
 */
#include "lib/kind/vm/vm_start.h"

#include <string.h>

#include "lib/kind/actions.h"
#include "lib/kind/host/host.h"
#include "lib/kind/vm/vm_claims.h"
#include "lib/kind/vm/vm_defaults.h"
#include "lib/kind/vm/vm_fields.h"
#include "lib/kind/vm/vm_power.h"
#include "lib/kind/vm/vm_record.h"
#include "lib/kind/vm/vm_seed.h"
#include "lib/kind/network/reservation_plan.h"
#include "lib/kind/vm/vm_state.h"
#include "lib/kind/vm/vm_word.h"
#include "lib/kind/network/network.h"
#include "lib/kind/network/reservation.h"
#include "lib/kind/vm/vm.h"
#include "lib/kind/volume/storage.h"
#include "lib/kind/volume/volume.h"

enum stop_cause vm_stop_cause(const struct domain_facts *facts)
{
	if (facts->state == STATE_CRASHED)
		return STOP_CRASH;
	if (facts->state != STATE_SHUTOFF)
		return STOP_UNKNOWN;
	switch (facts->reason) {
	case SHUTOFF_SHUTDOWN:
		return STOP_GUEST;
	case SHUTOFF_DESTROYED:
	case SHUTOFF_MIGRATED:
	case SHUTOFF_FROM_SNAPSHOT:
		return STOP_DESTROYED;
	case SHUTOFF_CRASHED:
	case SHUTOFF_DAEMON:
		return STOP_CRASH;
	case SHUTOFF_SAVED:
		return STOP_SAVED;
	case SHUTOFF_FAILED:
		return STOP_START_FAILED;
	default: /* numbers of a newer libvirt */
		return STOP_UNKNOWN;
	}
}

static const char *cause_text(enum stop_cause cause)
{
	switch (cause) {
	case STOP_NONE:
		return "does not run";
	case STOP_CRASH:
		return "crashed";
	case STOP_GUEST:
		return "was powered off by its guest";
	case STOP_DESTROYED:
		return "was stopped by another client (virsh destroy or the like)";
	case STOP_SAVED:
		return "was saved by another client";
	case STOP_START_FAILED:
		return "failed to start";
	case STOP_UNKNOWN:
		return "does not run, and libvirt no longer knows why";
	case STOP_OURS:
		return "was shut down by homek8sd";
	}
	return "";
}

static enum stop_cause cause_of(const struct item *item, const struct vm *have)
{
	enum stop_cause cause = vm_record_of(item->state)->cause;

	return cause == STOP_NONE ? vm_stop_cause(&have->facts) : cause;
}

/* It was observed being saved, and the host has not been restarted since. Points in time of
 * before the host's start are below zero (lib/state/record.h). */
static bool saved_by_hand(const struct item *item)
{
	return vm_record_of(item->state)->saved_at.ms > 0;
}

static bool is_failure(
    const struct item *item, enum stop_cause cause, const struct domain_facts *facts)
{
	switch (cause) {
	case STOP_GUEST:
	case STOP_DESTROYED:
		return false;
	case STOP_SAVED: /* by whoever shut the host down, so that it goes on */
		return facts->managed_save && !saved_by_hand(item);
	case STOP_NONE:
	case STOP_CRASH:
	case STOP_START_FAILED:
	case STOP_UNKNOWN:
	case STOP_OURS:
		break;
	}
	return true;
}

static bool may_start(
    const struct item *item, const struct vm *want, const struct vm *have)
{
	const struct vm_record *vm = vm_record_of(item->state);

	/* What we took down in this boot of the host we bring back. */
	if (vm->start_requested || vm->taken_down.ms > 0)
		return true;
	switch (vm_power_due(want, have)) {
	case POWER_ALWAYS:
		return true;
	case POWER_ON_FAILURE:
		return !vm->has_run ||
		       is_failure(item, cause_of(item, have), &have->facts);
	case POWER_MANUAL:
		break;
	}
	return false;
}

static bool is_elsewhere(const struct item *item, const struct vm *have)
{
	return have->facts.state == STATE_SHUTOFF &&
	       have->facts.reason == SHUTOFF_MIGRATED &&
	       !vm_record_of(item->state)->start_requested;
}

bool vm_start_is_left(
    const struct item *item, const struct vm *want, const struct vm *have)
{
	if (is_elsewhere(item, have))
		return true;
	if (is_failure(item, cause_of(item, have), &have->facts))
		return false;
	return !vm_power_managed(item, want, have) || !may_start(item, want, have);
}

/* Starting */

static bool network_runs(const struct planner *p, const char *name)
{
	const struct observed *observed = planner_observed(p, &network_kind, name);
	const struct object *side =
	    observed ? (observed->live ? observed->live : observed->config) : NULL;

	return side && ((const struct network *)side)->active;
}

/* The first network it is attached to that does not run, or NULL. */
static const char *missing_network(const struct planner *p, const struct vm *vm)
{
	const struct vm_interface *nics = vm->interfaces.items;

	for (size_t i = 0; i < vm->interfaces.count; i++)
		if (nics[i].network && !network_runs(p, nics[i].network))
			return nics[i].network;
	return NULL;
}

/*
 * The reservation that is about to be written, so that the first boot already gets its
 * address. One that cannot be written now does not keep a VM down.
 */
static const char *coming_reservation(const struct planner *p, const struct vm *want)
{
	const struct vm_interface *nics = want->interfaces.items;

	for (size_t i = 0; i < want->interfaces.count; i++) {
		const struct item *item =
		    nics[i].network
			? reservation_item(p, nics[i].network, want->object.name)
			: NULL;

		if (item && item->verdict == VERDICT_PENDING &&
		    (item_acts(item) || item->state->busy))
			return item->short_name;
	}
	return NULL;
}

/* What the start has to wait for, as a reason that begins with `why`; NULL: nothing. */
static const char *waits_for(struct planner *p, struct item *item, const struct vm *want,
    const struct vm *attached, const char *why)
{
	const char *network = missing_network(p, attached), *reservation;
	bool known = p->input->observed->kinds[kind_index(&network_kind)].known;

	if (host_shutdown(p) != HOST_STAYS)
		return arena_printf(p->arena, "%s; this host is shutting down", why);
	if (network && known && !planner_desired(p, &network_kind, network)) {
		item_blocked(p, item,
		    "%s; network %s is not active and not written here: `virsh net-start %s`",
		    why, network, network);
		return item->reason;
	}
	if (network)
		return arena_printf(p->arena, "%s; waits for network/%s", why, network);
	if (vm_seed_coming(p, want))
		return arena_printf(
		    p->arena, "%s; waits for volume/%s", why, vm_seed_coming(p, want));
	reservation = coming_reservation(p, want);
	return reservation ? arena_printf(p->arena, "%s; waits for reservation/%s", why,
				 reservation)
			   : NULL;
}

static void add_step(struct planner *p, struct program *program, const struct vm *want,
    const struct vm *have)
{
	const struct vm_settings *settings = &p->input->desired->settings.vm;
	struct step *step = program_step(p, program, &domain_start_action, want->domain,
	    "start domain %s", want->domain);
	struct domain_start *start = step_arguments(step);

	start->fresh = have && have->facts.managed_save && settings->boot_fresh;
}

/* A program of its own. */
static struct program *add_start(
    struct planner *p, struct item *item, const struct vm *want, const struct vm *have)
{
	struct program *program = item_program(p, item, NULL);

	add_step(p, program, want, have);
	return program;
}

void vm_start_new(struct planner *p, struct item *item, struct program *define,
    const struct vm *want, const char *why)
{
	const char *reason = waits_for(p, item, want, want, why);

	if (reason)
		program_waits(p, add_start(p, item, want, NULL), "%s", reason);
	else
		add_step(p, define, want, NULL);
}

/* Another machine that can run has a disk of it; or its MAC address, where it runs or is
 * to run. True: it is blocked, or waits for what is not known, which `waits` then says. */
static bool is_claimed(struct planner *p, struct item *item, const struct vm *want,
    const char *why, const char **waits)
{
	struct vm_claim other;
	const char *unsettled;

	*waits = NULL;
	switch (vm_claimed_disk(p, want, item->observed, &other)) {
	case CLAIM_FOUND:
		item_blocked(p, item,
		    "%s; not started: domain %s has its disk %s too, and two that write one disk destroy it; give one of them its own (`virsh edit %s`), or `virsh undefine %s`, which keeps the disk",
		    why, other.domain, other.what, vm_word(p, other.domain),
		    vm_word(p, other.domain));
		return true;
	case CLAIM_UNKNOWN:
		*waits = arena_printf(p->arena, "%s; %s", why, other.what);
		return true;
	case CLAIM_NONE:
		break;
	}
	unsettled = vm_claims_unsettled(p, want);
	if (unsettled) {
		*waits = arena_printf(p->arena, "%s; waits for vm/%s", why, unsettled);
		return true;
	}
	switch (vm_claimed_mac(p, want, item->observed, &other)) {
	case CLAIM_NONE:
		return false;
	case CLAIM_UNKNOWN:
		*waits = arena_printf(p->arena, "%s; %s", why, other.what);
		return true;
	case CLAIM_FOUND:
		break;
	}
	if (!other.may_run)
		return false;
	item_blocked(p, item,
	    "%s; not started: domain %s has its MAC address %s in the same network; give one of them another (`virsh edit %s`)",
	    why, other.domain, other.what, vm_word(p, other.domain));
	return true;
}

static const char *volume_way_back(struct planner *p, const char *name)
{
	const struct storage *pool = storage_pool(p, name);

	if (!pool)
		return "libvirt has no such pool";
	return arena_printf(p->arena,
	    pool->active ? "put it back; `virsh pool-refresh %s` if it is there"
			 : "`virsh pool-start %s`",
	    name);
}

/* libvirt looks up in its pool a volume that it was given by name, or does not start the
 * domain. True: one is missing, and the item blocked. */
static bool lacks_volume(
    struct planner *p, struct item *item, const struct vm *have, const char *why)
{
	for (size_t i = 0; i < have->disk_count; i++) {
		const char *in = have->disks[i].pool, *file = have->disks[i].path;
		const char *name = in ? arena_printf(p->arena, "%s/%s", in, file) : NULL;

		if (!in || have->disks[i].backing ||
		    !planner_knows(p, &storage_kind, in) ||
		    !planner_knows(p, &volume_kind, name) ||
		    planner_observed(p, &volume_kind, name))
			continue;
		item_blocked(p, item,
		    "%s; not started: its disk, volume %s of storage pool %s, is not there; %s",
		    why, file, in, volume_way_back(p, in));
		return true;
	}
	return false;
}

static void start_now(struct planner *p, struct item *item, const struct vm *want,
    const struct vm *have, const char *why)
{
	const char *reason;

	item_pending(p, item, "%s; to be started", why);
	if (!is_claimed(p, item, want, why, &reason))
		reason = waits_for(p, item, want, have, why);
	if (item->verdict == VERDICT_BLOCKED)
		return;
	if (reason)
		program_waits(p, add_start(p, item, want, have), "%s", reason);
	else
		add_start(p, item, want, have);
}

static void report_managed_save(
    struct planner *p, struct item *item, const struct vm *have)
{
	if (!have->facts.managed_save)
		return;
	item_condition(p, item, "ManagedSave", "%s",
	    p->input->desired->settings.vm.boot_fresh
		? "its memory was saved; the image is dropped and the guest boots afresh (vm.boot_fresh: true)"
		: "its memory was saved; the guest goes on from there, with the clock and the definition of then (vm.boot_fresh: false)");
}

/* A domain that was never observed running has not stopped for any reason. */
static const char *reason_text(const struct item *item, const struct vm *have)
{
	enum stop_cause cause = cause_of(item, have);

	if (cause == STOP_UNKNOWN && !vm_record_of(item->state)->has_run)
		return "does not run yet";
	return cause_text(cause);
}

static void left_alone(
    struct planner *p, struct item *item, enum vm_power power, enum stop_cause cause)
{
	item_blocked(p, item,
	    "%s; power: %s leaves it so; `homek8sctl start vm/%s` starts it",
	    cause_text(cause), vm_power_words[power], item->name);
}

/* However often it was, it is tried again: what keeps it down may end any time. */
static void paced(struct planner *p, struct item *item, const char *why)
{
	int64_t times = vm_record_of(item->state)->quick_stops;

	if (times >= p->input->desired->settings.vm.start_attempts)
		item_failing(p, item,
		    "%s, after %lld stops and failed starts in a row; it goes on being started, every 30 s at most; /var/log/libvirt/qemu/%s.log may say why",
		    why, (long long)times, item->observed->name);
	else
		item_failing(p, item,
		    "%s%s soon after its start; waits before the next start", why,
		    times > 1 ? arena_printf(
				    p->arena, ", %lld times in a row", (long long)times)
			      : "");
}

/* As soon as it may be. */
static void start_in_time(struct planner *p, struct item *item, const struct vm *want,
    const struct vm *have, const char *why)
{
	struct mono at = vm_record_of(item->state)->start_at;

	if (lacks_volume(p, item, have, why))
		return;
	if (mono_reached(at, p->input->now)) {
		start_now(p, item, want, have, why);
		return;
	}
	paced(p, item, why);
	program_waits_until(p, item, add_start(p, item, want, have), at);
}

void vm_start_again(struct planner *p, struct item *item, const struct vm *want,
    const struct vm *have, const char *why)
{
	report_managed_save(p, item, have);
	start_in_time(p, item, want, have, why);
}

void vm_start_plan(
    struct planner *p, struct item *item, const struct vm *want, const struct vm *have)
{
	const char *why = reason_text(item, have);

	report_managed_save(p, item, have);
	if (is_elsewhere(item, have)) {
		item_blocked(p, item,
		    "was migrated to another host; if it no longer runs there, `homek8sctl start vm/%s` starts it here",
		    item->name);
	} else if (!may_start(item, want, have)) {
		left_alone(p, item, vm_power_due(want, have), cause_of(item, have));
	} else {
		start_in_time(p, item, want, have, why);
	}
}
