/* SPDX-License-Identifier: MIT */
/*
 * vm_change: see the header. What can be patched is decided by the names of the fields that
 * differ; everything else is reported, with what a person can do.
 */
#include "lib/kind/vm/vm_change.h"

#include <string.h>

#include "lib/kind/actions.h"
#include "lib/kind/vm/hypervisor.h"
#include "lib/kind/vm/vm_disks.h"
#include "lib/kind/vm/vm_hardware.h"
#include "lib/kind/vm/vm_limits.h"
#include "lib/kind/vm/vm_nics.h"
#include "lib/kind/vm/vm_resize.h"
#include "lib/kind/vm/vm_seed.h"
#include "lib/kind/vm/vm_word.h"
#include "lib/kind/volume/volume.h"

/* Comparing */

static void add(struct arena *a, struct differences *out, const char *field,
    const char *want, const char *have)
{
	struct difference *d =
	    arena_push(a, &out->items, &out->count, sizeof(*out->items));

	*d = (struct difference){ .field = field, .want = want, .have = have };
}

static void compare_type(struct planner *p, const struct vm *want, const struct vm *have,
    struct differences *out)
{
	const struct host_facts *host;
	const char *due, *found;

	if (want->type == VM_AUTO || !field_has(&vm_kind.fields, have, "type"))
		return;
	host = hypervisor_facts(p);
	if (!host)
		return;
	due = hypervisor_type(host, (enum vm_type)want->type);
	found = field_text_at(p->arena, &vm_kind.fields, have, "type");
	if (strcmp(due, found) != 0)
		add(p->arena, out, "type", due, found);
}

static struct differences compare(
    struct planner *p, const struct vm *want, const struct vm *side, bool live)
{
	struct differences found = { 0 };

	field_compare(&vm_kind.fields, want, side, p->arena, &found);
	vm_nics_compare(p, want, side, &found);
	compare_type(p, want, side, &found);
	vm_hardware_compare(p, want, side, live, &found);
	vm_disks_compare(p, want, side, &found);
	return found;
}

/* What runs, its seed too, which a stored one that is written replaces with the next start. */
static struct differences compare_live(struct planner *p, const struct vm *want,
    const struct vm *live, const struct vm *config)
{
	struct differences found = compare(p, want, live, true);

	vm_seed_compare(p, want, live, config, &found);
	return found;
}

static const struct difference *find(const struct differences *d, const char *field)
{
	for (size_t i = 0; i < d->count; i++)
		if (strcmp(d->items[i].field, field) == 0)
			return &d->items[i];
	return NULL;
}

/* "vcpus 1 instead of 2, memory 1GiB instead of 2GiB", of those that `picks` picks. */
static const char *text_of(struct planner *p, const struct differences *d,
    bool (*picks)(struct planner *p, const struct difference *d))
{
	const char *text = NULL;

	for (size_t i = 0; i < d->count; i++)
		if (!picks || picks(p, &d->items[i]))
			text = arena_printf(p->arena, "%s%s%s %s instead of %s",
			    text ? text : "", text ? ", " : "", d->items[i].field,
			    d->items[i].have ? d->items[i].have : "none",
			    d->items[i].want);
	return text;
}

/* The stored side */

static bool is_possible(struct planner *p, const struct difference *d)
{
	const struct host_facts *host = hypervisor_facts(p);

	return strcmp(d->field, "type") != 0 || strcmp(d->want, "kvm") != 0 ||
	       !hypervisor_emulates(host);
}

static bool is_patched(struct planner *p, const struct difference *d)
{
	static const char *const fields[] = { "vcpus", "memory", "type", "boot.kernel",
		"boot.initrd", "boot.cmdline" };

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (strcmp(fields[i], d->field) == 0)
			return is_possible(p, d);
	return vm_nics_is_changed(d->field);
}

static bool is_left(struct planner *p, const struct difference *d)
{
	return !is_patched(p, d) && !vm_nics_is_whole(d->field) &&
	       !vm_disks_is_further(d->field) && !vm_hardware_is(d->field);
}

static void put(struct domain_patch *patch, const struct vm *want,
    const struct vm *config, const struct difference *d)
{
	if (strcmp(d->field, "vcpus") == 0)
		patch->vcpus = want->vcpus;
	else if (strcmp(d->field, "memory") == 0)
		patch->memory = want->memory;
	else if (strcmp(d->field, "type") == 0)
		patch->type = d->want;
	else if (strcmp(d->field, "boot.kernel") == 0)
		patch->kernel = want->boot.kernel;
	else if (strcmp(d->field, "boot.initrd") == 0)
		patch->initrd = want->boot.initrd;
	else if (strcmp(d->field, "boot.cmdline") == 0)
		patch->cmdline = want->boot.cmdline;
	else
		vm_hardware_put(patch, want, config, d->field);
}

/* What is stored at once; firmware only once that is approved, and interfaces all or none. */
static bool is_stored(struct planner *p, const struct vm *want, const struct vm *config,
    const struct domain_patch *patch, const struct difference *d)
{
	if (vm_hardware_is(d->field))
		return strcmp(d->field, "firmware") != 0 &&
		       !vm_hardware_refusal(p, want, config, d->field);
	if (vm_nics_is_changed(d->field))
		return patch->nic_count > 0;
	return is_patched(p, d) &&
	       !(strcmp(d->field, "vcpus") == 0 && vm_vcpus_excess(p, want, config));
}

/* Returns why an interface is not changed, or NULL. */
static const char *store(struct planner *p, struct item *item, const struct vm *want,
    const struct vm *config, const struct differences *d)
{
	struct domain_patch patch = { .version = config->version };
	const char *text = NULL, *why = NULL;
	struct program *program;
	struct step *step;

	patch.nics = vm_nics_patches(p, item, want, config, &patch.nic_count, &why);
	for (size_t i = 0; i < d->count; i++) {
		if (!is_stored(p, want, config, &patch, &d->items[i]))
			continue;
		put(&patch, want, config, &d->items[i]);
		text = arena_printf(p->arena, "%s%s%s %s", text ? text : "",
		    text ? ", " : "", d->items[i].field, d->items[i].want);
	}
	if (text) {
		program = item_program(p, item, NULL);
		step = program_step(p, program, &domain_patch_action, want->domain,
		    "set %s of domain %s", text, want->domain);
		*(struct domain_patch *)step_arguments(step) = patch;
		if (patch.nic_count)
			vm_nics_wait(p, program, want, config);
	}
	for (size_t i = 0; text && i < d->count; i++)
		if (is_stored(p, want, config, &patch, &d->items[i]))
			program_change(p, program, d->items[i].field, d->items[i].want);
	vm_hardware_store_firmware(p, item, want, config, find(d, "firmware"), text);
	return why;
}

/* What this host or this domain cannot have. */
static const char *refused_text(struct planner *p, const struct vm *want,
    const struct vm *side, const struct differences *stored)
{
	for (size_t i = 0; i < stored->count; i++) {
		const struct difference *d = &stored->items[i];
		const char *why = vm_hardware_is(d->field)
				      ? vm_hardware_refusal(p, want, side, d->field)
				      : NULL;

		if (why)
			return arena_printf(p->arena, "has %s %s instead of %s: %s",
			    d->field, d->have ? d->have : "none", d->want, why);
	}
	return NULL;
}

/* A restart would not put the disk right: it would give it up for the one that is stored. */
static const char *left_text(struct planner *p, const struct vm *want,
    const struct vm *side, const struct differences *stored,
    const struct differences *running)
{
	const char *path = volume_disk_path(p, &side->disk);
	const char *left = text_of(p, stored, is_left);
	const struct difference *disk = find(running, "disk");

	if (!left && disk)
		return arena_printf(p->arena,
		    "runs with disk %s instead of %s, which is stored: it is not restarted for that; write the disk that is right, or `virsh edit %s`",
		    disk->have ? disk->have : "none", disk->want,
		    vm_word(p, want->domain));
	disk = find(stored, "disk");
	if (disk && path)
		return arena_printf(p->arena,
		    "has %s; write `disk: {path: %s}` to keep that one, or `virsh edit %s`, then shut the guest down",
		    left, path, vm_word(p, want->domain));
	return left
		   ? arena_printf(p->arena,
			 "has %s; that is left to you: `virsh edit %s`, then shut the guest down",
			 left, vm_word(p, want->domain))
		   : NULL;
}

/* What runs */

/* It would begin with as much again: only its balloon gives memory back. */
static bool is_balloons(
    const struct vm *want, const struct vm *live, const struct vm *config)
{
	return want->memory < live->memory && live->most_memory == config->most_memory;
}

/* Devices are attached and detached while it runs, where that can be. */
static bool comes_with_start(struct planner *p, const struct vm *want,
    const struct vm *live, const struct difference *d)
{
	if (vm_nics_is_whole(d->field))
		return vm_nics_restarts(p, want, live, d->want);
	if (vm_disks_is_further(d->field))
		return vm_disks_restarts(p, want, live, d->want);
	return true;
}

/* Of what differs there, what is stored as it is written and needs a restart; nothing where
 * a restart would change the disk. */
static struct differences waiting(struct planner *p, const struct vm *want,
    const struct vm *live, const struct vm *config, const struct differences *running,
    const struct differences *stored)
{
	struct differences found = { 0 };

	for (size_t i = 0; !find(running, "disk") && i < running->count; i++) {
		const struct difference *d = &running->items[i];

		if (find(stored, d->field) || vm_resize_can(p, want, live, d->field) ||
		    (strcmp(d->field, "memory") == 0 && is_balloons(want, live, config)))
			continue;
		if (comes_with_start(p, want, live, d))
			add(p->arena, &found, d->field, d->want, d->have);
	}
	return found;
}

const char *vm_restart_reasons(
    struct planner *p, const struct vm *want, const struct observed *have)
{
	const struct vm *live = have ? (const struct vm *)have->live : NULL;
	const struct vm *config = have ? (const struct vm *)have->config : NULL;
	struct differences stored, running, found;

	if (!live || !config)
		return NULL;
	stored = compare(p, want, config, false);
	running = compare_live(p, want, live, config);
	found = waiting(p, want, live, config, &running, &stored);
	return text_of(p, &found, NULL);
}

/* Whoever has the guest knows what it can do without. */
static const char *balloon_text(struct planner *p, const struct vm *want,
    const struct vm *live, const struct vm *config, const struct differences *running,
    const struct differences *stored)
{
	const struct difference *d = find(running, "memory");

	if (!d || find(stored, "memory") || !is_balloons(want, live, config))
		return NULL;
	return arena_printf(p->arena,
	    "its guest has memory %s instead of %s, and the domain may have %s; `virsh setmem %s %lldKiB --live` has its balloon driver give some back",
	    d->have, d->want, size_text(p->arena, live->most_memory),
	    vm_word(p, want->domain), (long long)want->memory / 1024);
}

/* Why devices that wait for it were not attached to what runs; "" where nothing is to say. */
static const char *devices_text(struct planner *p, const struct vm *want,
    const struct vm *live, const struct differences *waits)
{
	const char *why = NULL;

	for (size_t i = 0; !why && i < waits->count; i++)
		if (vm_nics_is_whole(waits->items[i].field))
			why = vm_no_slot(p, want, live);
		else if (vm_disks_is_further(waits->items[i].field))
			why = vm_disks_restart_why(p, want, live);
	return why ? arena_printf(p->arena, " (%s)", why) : "";
}

static const char *restart_text(
    struct planner *p, struct item *item, const char *reasons, const char *devices)
{
	if (!reasons)
		return NULL;
	item_condition(p, item, "NeedsRestart",
	    "runs with %s%s: what is written is stored and comes with its next start",
	    reasons, devices);
	return arena_printf(p->arena,
	    "runs with %s%s; it is stored as written and takes effect once the guest is shut down and started again: `homek8sctl restart vm/%s`",
	    reasons, devices, item->name);
}

/* Without a restart; what the guest is still to take on. */
static const char *change_running(struct planner *p, struct item *item,
    const struct vm *want, const struct vm *live, const struct differences *running)
{
	const char *under_way = NULL;

	for (size_t i = 0; i < running->count; i++) {
		const struct difference *d = &running->items[i];

		if (vm_resize_can(p, want, live, d->field) &&
		    !vm_resize_plan(p, item, want, live, d->field))
			under_way =
			    arena_printf(p->arena, "its guest has %s %s and was given %s",
				d->field, d->have, d->want);
	}
	return under_way;
}

/* Of devices: which cannot be attached, and what is waited for. */
static const char *change_devices(struct planner *p, struct item *item,
    const struct vm *want, const struct vm *live, const struct vm *config,
    const char **waits)
{
	const char *blocked = vm_nics_plan(p, item, want, live, config);
	struct vm_disks disks = vm_disks_plan(p, item, want, live, config);

	*waits = *waits ? *waits : disks.waits;
	return blocked ? blocked : disks.blocked;
}

struct vm_change vm_change_plan(struct planner *p, struct item *item,
    const struct vm *want, const struct vm *live, const struct vm *config)
{
	struct differences stored = compare(p, want, config ? config : live, !config);
	struct differences running = { 0 }, waits = { 0 };
	struct vm_change change = { 0 };
	const char *restart, *unattached, *unchanged = NULL;

	if (config && stored.count)
		unchanged = store(p, item, want, config, &stored);
	if (config && live) {
		running = compare_live(p, want, live, config);
		waits = waiting(p, want, live, config, &running, &stored);
		change.waits = change_running(p, item, want, live, &running);
	}
	unattached = change_devices(p, item, want, live, config, &change.waits);
	item->differences = stored.count ? stored : running;
	change.restart = text_of(p, &waits, NULL);
	restart =
	    restart_text(p, item, change.restart, devices_text(p, want, live, &waits));
	change.blocked = left_text(p, want, config ? config : live, &stored, &running);
	if (find(&stored, "vcpus") && vm_vcpus_excess(p, want, config ? config : live))
		change.blocked =
		    arena_printf(p->arena, "has %s; %s", text_of(p, &stored, NULL),
			vm_vcpus_excess(p, want, config ? config : live));
	if (!change.blocked)
		change.blocked = refused_text(p, want, config ? config : live, &stored);
	if (!change.blocked && config && live)
		change.blocked = balloon_text(p, want, live, config, &running, &stored);
	if (!change.blocked)
		change.blocked = unchanged    ? unchanged
				 : unattached ? unattached
					      : restart;
	return change;
}
