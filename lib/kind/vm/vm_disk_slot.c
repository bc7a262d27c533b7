/* SPDX-License-Identifier: MIT */
/* vm_disk_slot: see the header. */
#include "lib/kind/vm/vm_disk_slot.h"

#include <string.h>

bool vm_disk_is_first(const struct vm *side, const struct domain_disk *disk)
{
	return disk->path == side->disk.path;
}

static const struct domain_disk *first_of(const struct vm *side)
{
	for (size_t i = 0; i < side->disk_count; i++)
		if (vm_disk_is_first(side, &side->disks[i]))
			return &side->disks[i];
	return NULL;
}

/* That of its first disk, where disks can be added to that while it runs, or where it is not
 * known to have virtio's. */
const char *vm_disk_bus(const struct vm *side)
{
	const struct domain_disk *first = first_of(side);

	if (!first || !first->bus || strcmp(first->bus, "scsi") == 0)
		return first && first->bus ? first->bus : "virtio";
	return side->virtio ? "virtio" : first->bus;
}

bool vm_disk_bus_is_hot(const char *bus)
{
	return strcmp(bus, "virtio") == 0 || strcmp(bus, "scsi") == 0 ||
	       strcmp(bus, "usb") == 0;
}

bool vm_disk_has_drive(const struct vm *side, const char *name)
{
	for (size_t i = 0; side && i < side->drives.count; i++)
		if (strcmp(side->drives.items[i], name) == 0)
			return true;
	return false;
}

static bool is_given(const struct texts *given, const char *name)
{
	for (size_t i = 0; i < given->count; i++)
		if (strcmp(given->items[i], name) == 0)
			return true;
	return false;
}

const char *vm_disk_free_name(struct arena *a, const struct vm *live,
    const struct vm *config, const char *bus, const struct texts *given)
{
	bool ide = strcmp(bus, "ide") == 0;
	const char *prefix = strcmp(bus, "virtio") == 0 ? "vd" : ide ? "hd" : "sd";
	const char *found = NULL;

	for (char c = ide ? 'd' : 'z'; c > 'a'; c--) {
		const char *name = arena_printf(a, "%s%c", prefix, c);

		if (!is_given(given, name) && !vm_disk_has_drive(live, name) &&
		    !vm_disk_has_drive(config, name))
			found = name;
		else if (found)
			break;
	}
	return found;
}
