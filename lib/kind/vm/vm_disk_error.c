/* SPDX-License-Identifier: MIT */
/*
 * vm_disk_error: a guest whose disk is full pauses again at its next write, so it is
 * resumed once some space is free, and after each resumption that did not last only where
 * there is twice as much. Of other errors, and of places whose space cannot be read from
 * here, only another try shows that they are over: those are paced by the record.
 */
#include "lib/kind/vm/vm_disk_error.h"

#include <string.h>

#include "lib/kind/vm/vm_disk.h"
#include "lib/kind/vm/vm_record.h"
#include "lib/kind/vm/vm_word.h"

#define NEEDED ((int64_t)64 << 20)
#define DOUBLED_MAX 4	   /* so often: up to 1 GiB */
#define ASK_EVERY_MS 10000 /* space comes back without any event */

/* The better first. */
enum space { SPACE_ENOUGH, SPACE_NOT_KNOWN, SPACE_NOT_ASKED, SPACE_LACKS };

static int64_t needed(const struct item *item)
{
	int64_t vain = vm_record_of(item->state)->resumed_in_vain;

	return NEEDED << (vain < DOUBLED_MAX ? vain : DOUBLED_MAX);
}

/* NULL: the document has no such disk. */
static const struct domain_disk *disk_of(const struct item *item, const char *target)
{
	const struct object *live = item->observed ? item->observed->live : NULL;
	const struct vm *vm = (const struct vm *)live;

	for (size_t i = 0; vm && i < vm->disk_count; i++)
		if (!vm->disks[i].backing && vm->disks[i].target &&
		    strcmp(vm->disks[i].target, target) == 0)
			return &vm->disks[i];
	return NULL;
}

static enum space space_of(
    struct planner *p, const struct item *item, const struct domain_disk *disk)
{
	const struct answer *answer;
	const char *question;

	if (!disk || !disk->known_here)
		return SPACE_NOT_KNOWN;
	question = arena_printf(p->arena, DISK_SPACE "%s", disk->name);
	answer = planner_probe_every(
	    p, item->kind, question, question, disk->hash, ASK_EVERY_MS);
	if (!answer)
		return SPACE_NOT_ASKED;
	if (!json_object_is_type(answer->json, json_type_int))
		return SPACE_NOT_KNOWN;
	return json_object_get_int64(answer->json) >= needed(item) ? SPACE_ENOUGH
								   : SPACE_LACKS;
}

static const char *disk_text(
    struct planner *p, const char *target, const struct domain_disk *disk)
{
	return disk ? arena_printf(
			  p->arena, "%s (%s)", target, vm_disk_text(p->arena, disk))
		    : target;
}

/* What is to be said of them, together. */
struct found {
	const char *full, *broken; /* "vda (/a/b.qcow2), vdb", or NULL */
	enum space space;	   /* of the worst of those that are full */
};

static const char *joined(struct planner *p, const char *list, const char *one)
{
	return list ? arena_printf(p->arena, "%s, %s", list, one) : one;
}

static void examine(
    struct planner *p, const struct item *item, const struct vm *have, struct found *out)
{
	for (size_t i = 0; i < have->facts.disk_error_count; i++) {
		const struct disk_error *e = &have->facts.disk_errors[i];
		const struct domain_disk *disk = disk_of(item, e->disk);
		const char *text = disk_text(p, e->disk, disk);
		enum space space;

		if (!e->no_space) {
			out->broken = joined(p, out->broken, text);
			continue;
		}
		out->full = joined(p, out->full, text);
		space = space_of(p, item, disk);
		if (space > out->space)
			out->space = space;
	}
}

/* No disk is full, or nothing says whether it still is. */
static void report_other(
    struct planner *p, struct item *item, const struct vm *want, const struct found *f)
{
	if (f->full)
		item_failing(p, item,
		    "is paused: the host had no space left for its disk %s; how much is free there cannot be read from here, so it is resumed every 30 s",
		    f->full);
	else if (f->broken)
		item_failing(p, item,
		    "is paused: the host could not read or write its disk %s; it is resumed every 30 s; `journalctl -k` and /var/log/libvirt/qemu/%s.log may say why",
		    f->broken, want->domain);
	else
		item_failing(p, item,
		    "is paused on a disk error, and libvirt does not say of which disk; it is resumed every 30 s; /var/log/libvirt/qemu/%s.log may say why",
		    want->domain);
}

const char *vm_disk_error_plan(
    struct planner *p, struct item *item, const struct vm *want, const struct vm *have)
{
	struct found f = { .full = NULL };
	const char *size = size_text(p->arena, needed(item));

	examine(p, item, have, &f);
	if (!f.full || f.space == SPACE_NOT_KNOWN) {
		report_other(p, item, want, &f);
		return NULL;
	}
	if (f.space == SPACE_ENOUGH) {
		item_failing(p, item,
		    "is paused: no space was left on this host for its disk %s; there is again, so it is resumed",
		    f.full);
		return NULL;
	}
	item_failing(p, item,
	    "is paused: no space is left on this host for its disk %s; free some there; it is resumed once %s are free",
	    f.full, size);
	return arena_printf(
	    p->arena, "waits until %s are free for its disk %s", size, f.full);
}
