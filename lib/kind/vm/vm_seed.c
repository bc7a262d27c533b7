/* SPDX-License-Identifier: MIT */
/* vm_seed: the CD that a domain has, the one it should have, and its element. */
#include "lib/kind/vm/vm_seed.h"

#include <string.h>

#include "lib/doc/xml.h"
#include "lib/kind/actions.h"
#include "lib/kind/volume/volume.h"

#define TARGET "sda"

/* What a domain has */

static const struct domain_disk *seed_of(const struct vm *side)
{
	size_t length;
	uint64_t hash;

	for (size_t i = 0; side && i < side->disk_count; i++)
		if (side->disks[i].pool &&
		    seed_name_parse(side->disks[i].path, &length, &hash))
			return &side->disks[i];
	return NULL;
}

static bool is_volume(const struct domain_disk *disk, const char *volume)
{
	size_t length = disk ? strlen(disk->pool) : 0;

	return disk && strncmp(volume, disk->pool, length) == 0 &&
	       volume[length] == '/' && strcmp(volume + length + 1, disk->path) == 0;
}

bool vm_has_seed(const struct observed *domain, const char *volume)
{
	return is_volume(seed_of((const struct vm *)domain->live), volume) ||
	       is_volume(seed_of((const struct vm *)domain->config), volume);
}

static bool is_seed(const struct domain_disk *disk, const struct seed *seed)
{
	return disk && strcmp(disk->pool, seed->pool) == 0 &&
	       strcmp(disk->path, seed->volume) == 0;
}

/* Planning */

static const char *object_name(struct planner *p, const struct vm *want)
{
	return arena_printf(p->arena, "%s/%s.seed", want->seed->pool, want->object.name);
}

void vm_seed_wait(struct planner *p, struct program *program, const struct vm *want)
{
	if (want->seed)
		program_waits_for(p, program, &volume_kind, object_name(p, want));
}

const char *vm_seed_coming(struct planner *p, const struct vm *want)
{
	const struct item *item =
	    want->seed ? planner_item(p, &volume_kind, object_name(p, want)) : NULL;

	return item && item->verdict == VERDICT_PENDING ? item->short_name : NULL;
}

static bool is_taken(const struct vm *stored, const char *target)
{
	for (size_t i = 0; i < stored->disk_count; i++)
		if (stored->disks[i].target &&
		    strcmp(stored->disks[i].target, target) == 0)
			return true;
	return false;
}

/* Where a CD goes that there is none of yet: somebody may have added another. */
static const char *free_target(struct planner *p, const struct vm *stored)
{
	const char *target = TARGET;

	for (char c = 'b'; is_taken(stored, target) && c <= 'z'; c++)
		target = arena_printf(p->arena, "sd%c", c);
	return target;
}

const char *vm_seed_plan(
    struct planner *p, struct item *item, const struct vm *want, const struct vm *stored)
{
	const struct domain_disk *disk = seed_of(stored);
	struct domain_seed *arguments;
	struct program *program;

	if (!want->seed || !stored || is_seed(disk, want->seed))
		return NULL;
	if (!stored->marked)
		return "is not given what cloud_init says: homek8sd has not defined its domain, and with a seed its guest would begin anew; leave cloud_init out";
	program = item_program(p, item, NULL);
	arguments = step_arguments(program_step(p, program, &domain_seed_action,
	    want->domain, "store seed %s with domain %s, for its next boot",
	    want->seed->volume, want->domain));
	arguments->target = disk ? disk->target : free_target(p, stored);
	arguments->attach = !disk;
	vm_seed_wait(p, program, want);
	return NULL;
}

void vm_seed_compare(struct planner *p, const struct vm *want, const struct vm *live,
    const struct vm *stored, struct differences *out)
{
	const struct domain_disk *disk = seed_of(live);

	if (want->seed && is_seed(seed_of(stored), want->seed) &&
	    !is_seed(disk, want->seed))
		*(struct difference *)arena_push(
		    p->arena, &out->items, &out->count, sizeof(struct difference)) =
		    (struct difference){ .field = "cloud_init",
			    .want = want->seed->volume,
			    .have = disk ? disk->path : NULL };
}

/* The element */

static void write_disk(xmlNode *disk, const struct seed *seed, const char *target)
{
	xmlNode *driver, *source, *dev;

	xml_set_attribute(disk, "type", "volume");
	xml_set_attribute(disk, "device", "cdrom");
	driver = xml_append(disk, "driver");
	xml_set_attribute(driver, "name", "qemu");
	xml_set_attribute(driver, "type", "raw");
	source = xml_append(disk, "source");
	xml_set_attribute(source, "pool", seed->pool);
	xml_set_attribute(source, "volume", seed->volume);
	dev = xml_append(disk, "target");
	xml_set_attribute(dev, "dev", target);
	xml_set_attribute(dev, "bus", "scsi");
	xml_append(disk, "readonly");
}

void vm_seed_write(xmlNode *devices, const struct seed *seed)
{
	xmlNode *controller = xml_append(devices, "controller");

	xml_set_attribute(controller, "type", "scsi");
	xml_set_attribute(controller, "model", "virtio-scsi");
	write_disk(xml_append(devices, "disk"), seed, TARGET);
}

const char *vm_seed_render(struct planner *p, const struct step *step, struct error *e)
{
	const struct vm *want =
	    (const struct vm *)planner_desired(p, &vm_kind, step->name);
	const struct domain_seed *arguments = step->arguments;
	autoxml xmlDoc *doc = xml_parse("<disk/>", e);

	if (!doc)
		return NULL;
	if (!want || !want->seed) {
		fail(e, "vm/%s has no cloud_init any longer", step->name);
		return NULL;
	}
	write_disk(xml_root(doc), want->seed, arguments->target);
	return xml_print(p->arena, doc, e);
}
