/* SPDX-License-Identifier: MIT */
/*
 * volume_plan: the disk of a VM that is to be made, and one that is to be grown.
 *
 * It is made only while there is no domain that could have been its machine: a disk that
 * vanished under one held data, and an empty one in its place would hide that.
 * Making it changes nothing that exists; libvirt refuses where the file is there already.
 */
#include <string.h>

#include "lib/doc/xml.h"
#include "lib/kind/actions.h"
#include "lib/kind/vm/vm.h"
#include "lib/kind/vm/vm_claims.h"
#include "lib/kind/vm/vm_defaults.h"
#include "lib/kind/vm/vm_limits.h"
#include "lib/kind/vm/vm_plan.h"
#include "lib/kind/vm/vm_word.h"
#include "lib/kind/volume/image.h"
#include "lib/kind/volume/storage.h"
#include "lib/kind/volume/volume.h"

#define POOLS "/var/lib/libvirt" /* where libvirt's own packages have theirs */

static const struct vm *vm_of(const struct planner *p, const struct volume *want)
{
	return (const struct vm *)planner_desired(p, &vm_kind, want->vm);
}

/* Pools */

static void block_missing_pool(
    struct planner *p, struct item *item, const struct volume *want)
{
	const char *directory =
	    strcmp(want->pool, "default") == 0 ? "images" : want->pool;
	const char *pool = want->pool;

	item_blocked(p, item,
	    "libvirt has no storage pool %s: `virsh pool-define-as %s dir --target %s/%s && virsh pool-build %s && virsh pool-autostart %s && virsh pool-start %s` makes it",
	    pool, pool, POOLS, directory, pool, pool, pool);
}

bool volume_pool_is_there(struct planner *p, struct item *item, const struct volume *want)
{
	const struct storage *pool = storage_pool(p, want->pool);

	if (!planner_knows(p, &storage_kind, want->pool))
		item_pending(p, item, "waits for what libvirt says of storage pool %s",
		    want->pool);
	else if (!pool)
		block_missing_pool(p, item, want);
	else if (!pool->active)
		item_blocked(p, item,
		    "storage pool %s is not active: `virsh pool-start %s`", want->pool,
		    want->pool);
	return pool && pool->active;
}

/* Making */

static bool has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

void volume_report_pool(struct planner *p, struct item *item, const struct volume *want)
{
	const struct storage *pool = storage_pool(p, want->pool);
	const char *error = item->state->error, *path = pool ? pool->path : NULL;

	if (!error)
		return;
	if (has(error, "No space left") || has(error, "not enough free space") ||
	    has(error, "quota exceeded"))
		item_condition(p, item, "PoolFull",
		    "storage pool %s has no space left: free some (`virsh pool-info %s` shows how much there is), or write another pool; it is tried again by itself",
		    want->pool, want->pool);
	else if (has(error, "Permission denied") || has(error, "Read-only file system"))
		item_condition(p, item, "PoolNotWritable",
		    "libvirt may not write in storage pool %s: `ls -ld %s` and `findmnt -T %s` show why; or write another pool; it is tried again by itself",
		    want->pool, path ? path : "/", path ? path : "/");
}

static bool is_busy(const struct planner *p, const struct vm *vm)
{
	const struct object_state *state =
	    state_find(p->input->state, &vm_kind, vm->object.name);

	return state && state->busy;
}

/* What the domain has is all known, and this disk is none of it. */
static bool is_new_to(
    struct planner *p, const struct volume *want, const struct observed *domain)
{
	const struct object *sides[] = { domain->live, domain->config };

	for (size_t i = 0; i < 2; i++)
		if (sides[i] && vm_disk_match_of(p, want->disk,
				    (const struct vm *)sides[i]) != DISK_OTHER)
			return false;
	return true;
}

/* The domain has its disk elsewhere: nothing is gone. NULL: it is not so. */
static const char *elsewhere(
    struct planner *p, const struct volume *want, const struct observed *domain)
{
	const struct vm *side = vm_side(domain);

	if (want->disk->written->name ||
	    vm_disk_match_of(p, want->disk, side) != DISK_OTHER)
		return NULL;
	return volume_disk_path(p, &side->disk);
}

static void block_gone(struct planner *p, struct item *item, const struct volume *want)
{
	const char *domain = vm_of(p, want)->domain;
	const char *path = elsewhere(p, want, planner_observed(p, &vm_kind, domain));

	if (path)
		item_blocked(p, item,
		    "is not made: domain %s has disk %s; write `disk: {path: %s}` to keep that one",
		    domain, path, path);
	else
		item_blocked(p, item,
		    "storage pool %s has no volume %s, though domain %s exists: an empty disk in its place would hide that its data is gone; put it back, or `virsh undefine %s` to begin anew",
		    want->pool, want->file, domain, vm_word(p, domain));
}

/* True: its machine is new, and can be defined; or has no such disk yet. */
static bool is_first(struct planner *p, struct item *item, const struct volume *want)
{
	const struct vm *vm = vm_of(p, want);
	struct vm_claim twin;
	const char *why;

	if (!planner_knows(p, &vm_kind, vm->domain)) {
		item_pending(p, item,
		    "is missing; waits for what libvirt says of domain %s", vm->domain);
		return false;
	}
	if (!planner_observed(p, &vm_kind, vm->domain)) {
		/* What defines it may be under way since before the volume vanished. */
		if (is_busy(p, vm)) {
			item_pending(p, item,
			    "is missing; waits until the change of vm/%s that is under way has been observed",
			    want->vm);
			return false;
		}
		if (!vm_missing_keys(p, vm) && !vm_vcpus_excess(p, vm_as_new(vm), NULL) &&
		    vm_twin(p, vm, &twin, &why) == CLAIM_NONE)
			return true;
		item_pending(p, item, "waits until vm/%s can be defined", want->vm);
		return false;
	}
	if (want->disk->written->name &&
	    is_new_to(p, want, planner_observed(p, &vm_kind, vm->domain)))
		return true;
	block_gone(p, item, want);
	return false;
}

/* True: it can be made; else the item is blocked. */
static bool can_be_made(struct planner *p, struct item *item, const struct volume *want)
{
	const struct storage *pool = storage_pool(p, want->pool);

	if (!pool->files)
		item_blocked(p, item,
		    "storage pool %s is of type %s, and disks are made in pools of files (dir, fs, netfs): make the volume %s yourself, or write another pool",
		    want->pool, pool->type, want->file);
	else if (!want->image && !want->size)
		item_blocked(p, item,
		    "storage pool %s has no volume %s: write disk.image, disk.size or both to have it made",
		    want->pool, want->file);
	else
		return image_fits(p, item, want);
	return false;
}

static void plan_absent(struct planner *p, struct item *item, const struct volume *want)
{
	struct program *program;

	if (!volume_pool_is_there(p, item, want) || !is_first(p, item, want) ||
	    !can_be_made(p, item, want))
		return;
	item_pending(p, item, "to be made");
	volume_report_pool(p, item, want);
	program = item_program(p, item, NULL);
	program_step(p, program, &volume_create_action, NULL,
	    "make volume %s in storage pool %s%s%s", want->file, want->pool,
	    want->image ? " over " : "", want->image ? want->image : "");
}

const char *volume_render(struct planner *p, const struct step *step, struct error *e)
{
	const struct volume *want =
	    (const struct volume *)planner_desired(p, &volume_kind, step->name);
	const struct volume *image = want && want->image ? image_of(p, want) : NULL;
	autoxml xmlDoc *doc = xml_parse("<volume/>", e);
	int64_t size = want ? want->size : 0;
	xmlNode *root, *backing;

	if (!doc)
		return NULL;
	if (!want || (want->image && (!image || !image->path))) {
		fail(e,
		    want ? "volume/%s: its image is not there any longer"
			 : "volume/%s is no longer written",
		    step->name);
		return NULL;
	}
	if (!size && image)
		size = image->size;
	root = xml_root(doc);
	xml_set_content(xml_make(root, "name"), want->file);
	xml_set_content(
	    xml_make(root, "capacity"), arena_printf(p->arena, "%lld", (long long)size));
	xml_set_content(xml_make(root, "allocation"), "0");
	xml_set_attribute(xml_make(root, "target/format"), "type", "qcow2");
	if (!image)
		return xml_print(p->arena, doc, e);
	backing = xml_make(root, "backingStore");
	xml_set_content(xml_make(backing, "path"), image->path);
	xml_set_attribute(xml_make(backing, "format"), "type", image->format);
	return xml_print(p->arena, doc, e);
}

/* Growing */

/* Why it may not be grown now: it is the disk of its VM alone that is. NULL: it may. */
static const char *growth_waits(struct planner *p, const struct vm *vm,
    const struct domain_disk *disk, const struct observed *domain)
{
	const struct vm *sides[] = { domain ? (const struct vm *)domain->live : NULL,
		domain ? (const struct vm *)domain->config : NULL };
	struct vm_claim other;
	const char *why;

	if (!planner_knows(p, &vm_kind, vm->domain))
		return arena_printf(
		    p->arena, "waits for what libvirt says of domain %s", vm->domain);
	if (!domain)
		return vm_twin(p, vm, &other, &why) == CLAIM_NONE
			   ? NULL
			   : arena_printf(p->arena, "waits until vm/%s can be defined",
				 vm->object.name);
	for (size_t i = 0; i < 2; i++)
		if (sides[i] && !vm_disk_target_of(p, disk, sides[i]))
			return arena_printf(p->arena,
			    "waits until it is the disk of domain %s", vm->domain);
	if (vm_claimed_disk(p, vm, domain, &other) != CLAIM_NONE)
		return arena_printf(
		    p->arena, "waits until no other domain than %s has it", vm->domain);
	return NULL;
}

static void plan_growth(struct planner *p, struct item *item, const struct volume *want,
    const struct volume *have)
{
	const struct vm *vm = vm_of(p, want);
	const struct observed *domain = planner_observed(p, &vm_kind, vm->domain);
	const struct vm *live = domain ? (const struct vm *)domain->live : NULL;
	const char *waits = growth_waits(p, vm, want->disk, domain);
	struct program *program;
	struct volume_resize *arguments;

	item_pending(p, item, "to be grown");
	program = item_program(p, item, NULL);
	arguments = step_arguments(program_step(p, program, &volume_resize_action, NULL,
	    "grow volume %s of storage pool %s from %s to %s", want->file, want->pool,
	    size_text(p->arena, have->size), size_text(p->arena, want->size)));
	arguments->size = want->size;
	arguments->domain = live ? vm->domain : NULL;
	arguments->target = live ? vm_disk_target_of(p, want->disk, live) : NULL;
	if (waits)
		program_waits(p, program, "%s", waits);
}

/* What is compared is rounded as memory is: libvirt rounds up to whole sectors. */
static void plan_present(struct planner *p, struct item *item, const struct volume *want,
    const struct volume *have)
{
	const char *found = size_text(p->arena, have->size);

	item_ok(item);
	if (!want->size || vm_memory_round(have->size) == vm_memory_round(want->size))
		return;
	item_difference(p, item, "size", size_text(p->arena, want->size), found);
	if (have->size > want->size)
		item_blocked(p, item,
		    "has %s instead of %s: a disk is never made smaller; write `size: %s`",
		    found, size_text(p->arena, want->size), found);
	else
		plan_growth(p, item, want, have);
}

void volume_plan(struct planner *p, struct item *item, const struct object *want,
    const struct observed *have)
{
	if (!want)
		seed_plan_unwritten(p, item, have);
	else if (((const struct volume *)want)->seed)
		seed_plan(p, item, (const struct volume *)want, have);
	else if (have)
		plan_present(p, item, (const struct volume *)want,
		    (const struct volume *)have->config);
	else
		plan_absent(p, item, (const struct volume *)want);
}
