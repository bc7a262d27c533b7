/* SPDX-License-Identifier: MIT */
/*
 * vm_disks: see the header.
 *
 * A disk that the domain has and that nobody wrote may be a written one that was moved on to a
 * snapshot or a copy: to give the guest both would show it one file system twice. So nothing
 * is attached while there is such a one.
 */
#include "lib/kind/vm/vm_disks.h"

#include <string.h>

#include "lib/kind/actions.h"
#include "lib/kind/vm/vm_claims.h"
#include "lib/kind/vm/vm_disk.h"
#include "lib/kind/vm/vm_disk_slot.h"
#include "lib/kind/vm/vm_resize.h"
#include "lib/kind/vm/vm_word.h"
#include "lib/kind/vm/vm_xml.h"
#include "lib/kind/volume/image.h"
#include "lib/kind/volume/volume.h"

/* Which is which */

static bool is_further(const struct domain_disk *disk)
{
	return disk->written->name != NULL;
}

/* Or what one that is written was moved on to: a snapshot is laid over it. */
static bool is_written(struct planner *p, const struct vm *want, const struct vm *side,
    const struct domain_disk *disk)
{
	for (size_t i = 0; i < want->disk_count; i++) {
		const struct domain_disk *user = vm_disk_user(p, &want->disks[i], side);

		if (user && user->target && strcmp(user->target, disk->target) == 0)
			return true;
	}
	return false;
}

static bool is_any_unknown(
    struct planner *p, const struct vm *want, const struct vm *side)
{
	for (size_t i = 0; i < want->disk_count; i++)
		if (vm_disk_match_of(p, &want->disks[i], side) == DISK_NOT_KNOWN)
			return true;
	return false;
}

/* The next from `*at` on that is further and that nobody wrote; NULL: there is none. */
static const struct domain_disk *next_left_over(
    struct planner *p, const struct vm *want, const struct vm *side, size_t *at)
{
	if (!side || !field_has(&vm_kind.fields, want, "disks") ||
	    is_any_unknown(p, want, side))
		return NULL;
	while (*at < side->disk_count) {
		const struct domain_disk *disk = &side->disks[(*at)++];

		if (disk->hard && !disk->backing && disk->target &&
		    !vm_disk_is_first(side, disk) && !is_written(p, want, side, disk))
			return disk;
	}
	return NULL;
}

/* Comparing */

static void add(struct arena *a, struct differences *out, const char *field,
    const char *want, const char *have)
{
	struct difference *d =
	    arena_push(a, &out->items, &out->count, sizeof(*out->items));

	*d = (struct difference){ .field = field, .want = want, .have = have };
}

static const char *first_text(struct arena *a, const struct vm *side)
{
	struct domain_disk found = { .path = side->disk.path, .pool = side->disk.pool };

	return found.path ? vm_disk_text(a, &found) : NULL;
}

/* What it was moved on to; NULL: it is missing. */
static const char *moved_text(
    struct planner *p, const struct domain_disk *disk, const struct vm *side)
{
	const struct domain_disk *user = vm_disk_user(p, disk, side);

	for (size_t i = 0; user && user->target && i < side->disk_count; i++)
		if (!side->disks[i].backing && side->disks[i].target &&
		    strcmp(side->disks[i].target, user->target) == 0)
			return vm_disk_text(p->arena, &side->disks[i]);
	return NULL;
}

static const char *field_of(struct arena *a, const struct domain_disk *written)
{
	return is_further(written) ? arena_printf(a, "disks.%s", written->written->name)
				   : "disk";
}

void vm_disks_compare(struct planner *p, const struct vm *want, const struct vm *side,
    struct differences *out)
{
	struct arena *a = p->arena;
	const struct domain_disk *disk;

	for (size_t i = 0; i < want->disk_count; i++) {
		disk = &want->disks[i];
		if (vm_disk_match_of(p, disk, side) == DISK_OTHER)
			add(a, out, field_of(a, disk), vm_disk_text(a, disk),
			    is_further(disk) ? moved_text(p, disk, side)
					     : first_text(a, side));
	}
	for (size_t at = 0; (disk = next_left_over(p, want, side, &at));)
		add(a, out, arena_printf(a, "disks[%s]", disk->target), "none",
		    vm_disk_text(a, disk));
}

bool vm_disks_is_further(const char *field)
{
	return strncmp(field, "disks", 5) == 0;
}

/* What comes with its next start */

bool vm_disks_restarts(struct planner *p, const struct vm *want, const struct vm *live,
    const char *want_text)
{
	return strcmp(want_text, "none") != 0 && vm_disks_restart_why(p, want, live);
}

const char *vm_disks_restart_why(
    struct planner *p, const struct vm *want, const struct vm *live)
{
	const char *bus = vm_disk_bus(live);

	if (!vm_disk_bus_is_hot(bus))
		return arena_printf(p->arena,
		    "its disks are on bus %s, to which none can be added while it runs",
		    bus);
	return vm_no_slot(p, want, live);
}

struct both { /* sides of a domain that is stored and may run */
	struct planner *p;
	struct item *item;
	const struct vm *want, *live, *config;
};

/* Attaching */

enum format { FORMAT_KNOWN, FORMAT_WAITS, FORMAT_NOT_READ };

/* What its file is, whatever it is called. */
static enum format find_format(
    struct planner *p, const struct domain_disk *disk, const char **format)
{
	const char *name = volume_of_disk(p->arena, disk);
	const struct observed *observed =
	    name ? planner_observed(p, &volume_kind, name) : NULL;
	const struct volume *file =
	    observed ? (const struct volume *)observed->config : NULL;

	*format = NULL;
	if (!name && strncmp(disk->path, "/dev/", 5) != 0) {
		file = image_at(p, disk->path, format);
		if (!file)
			return *format ? FORMAT_NOT_READ : FORMAT_WAITS;
	}
	*format = file ? file->format : NULL;
	return FORMAT_KNOWN;
}

static const char *sides_text(bool live, bool config)
{
	return live && config ? "live and stored" : live ? "live" : "stored";
}

static void wait_for_volume(
    struct planner *p, struct program *program, const struct domain_disk *disk)
{
	const char *name = volume_of_disk(p->arena, disk);
	const struct observed *volume =
	    name ? planner_observed(p, &volume_kind, name) : NULL;

	if (name && !volume)
		program_waits_for(p, program, &volume_kind, name);
}

struct missing { /* a written one, and what it becomes */
	const struct domain_disk *disk;
	const char *bus, *target, *format;
	bool live, config;
};

static void attach(const struct both *b, const struct missing *m)
{
	struct arena *a = b->p->arena;
	struct domain_disk placed = *m->disk;
	struct domain_device *arguments;
	struct program *program;
	struct step *step;

	placed.bus = m->bus;
	placed.target = m->target;
	program = item_program(b->p, b->item, NULL);
	step = program_step(b->p, program, &domain_attach_action, b->want->domain,
	    "attach disk %s to domain %s as %s (%s)", vm_disk_text(a, m->disk),
	    b->want->domain, m->target, sides_text(m->live, m->config));
	arguments = step_arguments(step);
	*arguments = (struct domain_device){ .live = m->live,
		.config = m->config,
		.xml = vm_xml_disk(a, &placed, m->format),
		.disk = true };
	program_change(b->p, program, field_of(a, m->disk), vm_disk_text(a, m->disk));
	wait_for_volume(b->p, program, m->disk);
}

/* Why it must not be attached as things are, or NULL. */
static const char *obstacle(const struct both *b, const struct missing *m)
{
	const struct vm *sides[] = { m->live ? b->live : NULL,
		m->config ? b->config : NULL };
	struct planner *p = b->p;

	for (int i = 0; i < 2; i++) {
		size_t at = 0;
		const struct domain_disk *found =
		    sides[i] ? vm_disk_user(p, m->disk, sides[i]) : NULL;

		if (found)
			return arena_printf(p->arena,
			    "disk %s of its domain is laid over it, as after a snapshot: write the file that `virsh domblklist %s` shows there as `path`, or `virsh blockcommit %s %s --active --pivot --wait` to go back to it",
			    found->target, vm_word(p, b->want->domain),
			    vm_word(p, b->want->domain), found->target);
		found = next_left_over(p, b->want, sides[i], &at);
		if (found)
			return arena_printf(p->arena,
			    "its domain has %s as %s, which is not written and may be the same disk, moved: write it in `disks` too, or have it detached with `homek8sctl approve vm/%s`",
			    vm_disk_text(p->arena, found), found->target, b->item->name);
	}
	return NULL;
}

/* Whether nobody else has it; else one of both says why not. */
static bool is_unclaimed(
    const struct both *b, const struct domain_disk *disk, struct vm_disks *out)
{
	const char *unsettled = vm_claims_unsettled(b->p, b->want);
	struct vm_claim other;

	switch (vm_claimed_new_disk(b->p, b->want, b->item->observed, disk, &other)) {
	case CLAIM_FOUND:
		out->blocked = arena_printf(b->p->arena,
		    "%s is not attached: %s %s has %s too, and two that write one disk destroy it; give each its own",
		    field_of(b->p->arena, disk), other.by ? "domain" : "VM", other.domain,
		    other.what);
		return false;
	case CLAIM_UNKNOWN:
		out->waits = other.what;
		return false;
	case CLAIM_NONE:
		break;
	}
	if (unsettled)
		out->waits = arena_printf(b->p->arena, "waits for vm/%s", unsettled);
	return !unsettled;
}

/* Where it goes and what it is; else one of both says why that cannot be. */
static bool place(const struct both *b, struct missing *m, const struct texts *given,
    struct vm_disks *out)
{
	struct arena *a = b->p->arena;

	switch (find_format(b->p, m->disk, &m->format)) {
	case FORMAT_WAITS:
		out->waits = arena_printf(a, "waits for what %s holds", m->disk->path);
		return false;
	case FORMAT_NOT_READ:
		out->blocked = arena_printf(a,
		    "%s is not attached: %s cannot be read: %s; put it there and let homek8sd read it (`chmod a+r`); `homek8sctl reconcile` reads it at once",
		    field_of(a, m->disk), m->disk->path, m->format);
		return false;
	case FORMAT_KNOWN:
		break;
	}
	if (!m->bus)
		m->bus = vm_disk_bus(b->config);
	if (!m->target)
		m->target =
		    vm_disk_free_name(b->p->arena, b->live, b->config, m->bus, given);
	if (!m->target)
		out->blocked = arena_printf(a,
		    "%s is not attached: domain %s has no name left for a disk on bus %s",
		    field_of(a, m->disk), b->want->domain, m->bus);
	return m->target;
}

static struct vm_disks plan_missing(
    const struct both *b, struct missing *m, struct texts *given)
{
	struct vm_disks why = { 0 };
	const char *in_the_way = obstacle(b, m);

	if (in_the_way)
		why.blocked = arena_printf(b->p->arena, "%s is not attached: %s",
		    field_of(b->p->arena, m->disk), in_the_way);
	else if (is_unclaimed(b, m->disk, &why) && place(b, m, given, &why)) {
		*(const char **)arena_push(b->p->arena, &given->items, &given->count,
		    sizeof(const char *)) = m->target;
		attach(b, m);
	}
	return why;
}

static bool lacks(const struct both *b, const struct vm *side, size_t i)
{
	return side && vm_disk_match_of(b->p, &b->want->disks[i], side) == DISK_OTHER;
}

/* Where it is on the other side, so that the guest finds it there after its next start too. */
static void place_as(
    const struct both *b, struct missing *m, const struct vm *has, const struct vm *lacks)
{
	enum vm_disk_match match;
	const struct domain_disk *found = vm_disk_found(b->p, m->disk, has, &match);

	if (!found || !found->bus || !found->target ||
	    vm_disk_has_drive(lacks, found->target))
		return;
	m->bus = found->bus;
	m->target = found->target;
}

static struct vm_disks attach_missing(const struct both *b)
{
	bool restarts = b->live && vm_disks_restarts(b->p, b->want, b->live, "a disk");
	struct texts given = { 0 };
	struct vm_disks why = { 0 };

	for (size_t i = 0; i < b->want->disk_count; i++) {
		struct missing m = { .disk = &b->want->disks[i] };
		struct vm_disks found;

		if (!is_further(m.disk))
			continue;
		m.live = !restarts && lacks(b, b->live, i);
		m.config = lacks(b, b->config, i);
		if (!m.live && !m.config)
			continue;
		if (b->live && m.live != m.config)
			place_as(b, &m, m.live ? b->config : b->live,
			    m.live ? b->live : b->config);
		found = plan_missing(b, &m, &given);
		why.blocked = why.blocked ? why.blocked : found.blocked;
		why.waits = why.waits ? why.waits : found.waits;
	}
	return why;
}

/* Detaching */

static void detach(
    const struct both *b, const struct domain_disk *disk, bool live, bool config)
{
	struct arena *a = b->p->arena;
	const char *text =
	    arena_printf(a, "disk %s (%s)", disk->target, vm_disk_text(a, disk));
	struct program *program = item_program(b->p, b->item, NULL);
	struct effect *effect =
	    program_effect(b->p, program, EFFECT_CUTS_OFF, b->item->kind, b->item->name);
	struct domain_unplug *arguments;

	effect->from = text;
	effect->in_use = true;
	program_change(b->p, program, text, "none");
	arguments = step_arguments(program_step(b->p, program, &domain_unplug_action,
	    b->want->domain, "detach %s from domain %s (%s)", text, b->want->domain,
	    sides_text(live, config)));
	*arguments = (struct domain_unplug){ live, config, disk->target, disk->name };
}

/* The same disk at the same place of the other side. */
static bool is_left_over(
    const struct both *b, const struct vm *side, const struct domain_disk *disk)
{
	const struct domain_disk *other;

	for (size_t at = 0; (other = next_left_over(b->p, b->want, side, &at));)
		if (other->hash == disk->hash && strcmp(other->target, disk->target) == 0)
			return true;
	return false;
}

static void detach_left_over(const struct both *b)
{
	const struct domain_disk *disk;

	for (size_t at = 0; (disk = next_left_over(b->p, b->want, b->config, &at));)
		detach(b, disk, is_left_over(b, b->live, disk), true);
	for (size_t at = 0; (disk = next_left_over(b->p, b->want, b->live, &at));)
		if (!is_left_over(b, b->config, disk))
			detach(b, disk, true, false);
}

struct vm_disks vm_disks_plan(struct planner *p, struct item *item, const struct vm *want,
    const struct vm *live, const struct vm *config)
{
	const struct both b = {
		.p = p, .item = item, .want = want, .live = live, .config = config
	};
	struct vm_disks why = { 0 };

	if (!config)
		return why;
	why = attach_missing(&b);
	detach_left_over(&b);
	return why;
}
