/* SPDX-License-Identifier: MIT */
/* vm_boot_order: see the header. */
#include "lib/kind/vm/vm_boot_order.h"

#include <stdlib.h>
#include <string.h>

#include "lib/kind/vm/vm_fields.h"

/* In the order of `sorts`. */
const char *const vm_boot_words[] = { "disk", "network", "cdrom", NULL };

const struct hint vm_boot_hints[] = {
	{ "hd", "write disk", false },
	{ "hdd", "write disk", false },
	{ "vda", "write disk", false },
	{ "pxe", "write network", false },
	{ "net", "write network", false },
	{ "nic", "write network", false },
	{ "cd", "write cdrom", false },
	{ "dvd", "write cdrom", false },
	{ "iso", "write cdrom", false },
	{ 0 },
};

static const struct sort {
	const char *dev;     /* in <os> */
	const char *element; /* of a device, */
	const char *device;  /* and what it is; NULL: any */
} sorts[] = {
	{ "hd", "disk", "disk" },
	{ "network", "interface", NULL },
	{ "cdrom", "disk", "cdrom" },
};
#define SORTS (sizeof(sorts) / sizeof(sorts[0]))

/* SORTS: another one. */
static size_t sort_of_dev(const char *dev)
{
	size_t i = 0;

	while (i < SORTS && strcmp(sorts[i].dev, dev) != 0)
		i++;
	return i;
}

int vm_boot_sort(const char *word)
{
	for (size_t i = 0; i < SORTS; i++)
		if (strcmp(vm_boot_words[i], word) == 0)
			return (int)i;
	return -1;
}

static size_t sort_of_device(struct arena *a, xmlNode *device)
{
	const char *name = (const char *)device->name;
	const char *what = xml_attribute(a, device, NULL, "device");
	size_t i = 0;

	if (!what || strcmp(what, "lun") == 0)
		what = "disk";
	while (i < SORTS && (strcmp(sorts[i].element, name) != 0 ||
				(sorts[i].device && strcmp(sorts[i].device, what) != 0)))
		i++;
	return i;
}

/* Devices */

struct device {
	xmlNode *node;
	size_t sort;
	long order; /* 0: none */
};

struct devices {
	struct device *items;
	size_t count;
	size_t placed; /* that many have an order; they come first, in it */
};

static int by_order(const void *x, const void *y)
{
	const struct device *a = x, *b = y;

	if (!a->order != !b->order)
		return a->order ? -1 : 1;
	return (a->order > b->order) - (a->order < b->order);
}

static struct devices read_devices(struct arena *a, xmlNode *root)
{
	xmlNode *parent = xml_first(root, "devices");
	struct devices out = { 0 };

	for (xmlNode *n = parent ? parent->children : NULL; n; n = n->next) {
		const char *order = NULL;
		struct device *slot;
		size_t sort;

		if (n->type != XML_ELEMENT_NODE)
			continue;
		order = xml_attribute(a, n, "boot", "order");
		sort = sort_of_device(a, n);
		if (!order && sort == SORTS)
			continue;
		slot = arena_push(a, &out.items, &out.count, sizeof(*slot));
		*slot = (struct device){ n, sort, order ? strtol(order, NULL, 10) : 0 };
		out.placed += slot->order != 0;
	}
	/* Those of equal rank, which have no order, are to stay in that of the document. */
	for (size_t i = 1; i < out.count; i++)
		for (size_t k = i;
		     k > 0 && by_order(&out.items[k - 1], &out.items[k]) > 0; k--) {
			struct device swap = out.items[k];

			out.items[k] = out.items[k - 1];
			out.items[k - 1] = swap;
		}
	return out;
}

/* Reading */

static void add(struct arena *a, struct texts *list, const char *word)
{
	const char **items = (const char **)(uintptr_t)list->items;

	if (list->count && strcmp(list->items[list->count - 1], word) == 0)
		return;
	*(const char **)arena_push(a, &items, &list->count, sizeof(*items)) = word;
	list->items = items;
}

static void read_os(struct arena *a, xmlNode *root, struct texts *out)
{
	xmlNode *os = xml_first(root, "os");

	for (xmlNode *n = os ? xml_first(os, "boot") : NULL; n; n = xml_next(n)) {
		const char *dev = xml_attribute(a, n, NULL, "dev");
		size_t sort = dev ? sort_of_dev(dev) : SORTS;

		if (dev)
			add(a, out,
			    sort < SORTS	     ? vm_boot_words[sort]
			    : strcmp(dev, "fd") == 0 ? "floppy"
						     : dev);
	}
}

static const char *device_word(struct arena *a, const struct device *device)
{
	const char *what = xml_attribute(a, device->node, NULL, "device");

	if (device->sort < SORTS)
		return vm_boot_words[device->sort];
	return what ? what : arena_copy(a, (const char *)device->node->name);
}

static struct texts read_order(
    struct arena *a, xmlNode *root, const struct devices *devices)
{
	struct texts out = { 0 };

	for (size_t i = 0; i < devices->placed; i++)
		add(a, &out, device_word(a, &devices->items[i]));
	if (!devices->placed)
		read_os(a, root, &out);
	return out;
}

void vm_boot_order_read(struct arena *a, xmlNode *root, struct vm *out)
{
	struct devices devices = read_devices(a, root);

	out->boot_order_of_devices = devices.placed > 0;
	out->boot_order = read_order(a, root, &devices);
	for (size_t i = 0; i < devices.count; i++)
		if (devices.items[i].sort < SORTS)
			out->boot_devices |= 1u << devices.items[i].sort;
	if (out->boot_order.count)
		out->object.record.has |= field_bit(&vm_kind.fields, "boot_order");
}

/* Writing */

void vm_boot_order_write(xmlNode *os, struct texts order)
{
	for (size_t i = 0; i < order.count; i++)
		xml_set_attribute(xml_append(os, "boot"), "dev",
		    sorts[vm_boot_sort(order.items[i])].dev);
}

static void place(struct edit *edit, xmlNode *device, int order)
{
	edit_attribute(edit, xml_make(device, "boot"), "order",
	    arena_printf(edit->arena, "%d", order));
}

/* Gives those of the sort the next places; false: there is none. */
static bool place_sort(
    struct edit *edit, const struct devices *devices, size_t sort, int *next)
{
	const struct device *items = devices->items;
	int before = *next;

	for (size_t i = 0; i < devices->count; i++)
		if (items[i].sort == sort && (items[i].order || *next == before))
			place(edit, items[i].node, (*next)++);
	return *next > before;
}

static bool has(struct texts order, const char *word)
{
	for (size_t i = 0; i < order.count; i++)
		if (strcmp(order.items[i], word) == 0)
			return true;
	return false;
}

static int order_devices(
    struct edit *edit, const struct devices *devices, struct texts order)
{
	int next = 1;

	for (size_t i = 0; i < devices->placed; i++) {
		const char *word = device_word(edit->arena, &devices->items[i]);

		if (devices->items[i].sort == SORTS)
			return fail(edit->e,
			    "its boot order has a %.40s in it, which stays as it is",
			    word);
		if (!has(order, word))
			edit_remove(edit, devices->items[i].node, "boot");
	}
	for (size_t i = 0; i < order.count; i++)
		if (!place_sort(
			edit, devices, (size_t)vm_boot_sort(order.items[i]), &next))
			return fail(edit->e, "it has no %s to boot from", order.items[i]);
	return 0;
}

static bool is_so(struct texts now, struct texts order)
{
	size_t i = 0;

	while (
	    i < now.count && i < order.count && strcmp(now.items[i], order.items[i]) == 0)
		i++;
	return i == now.count && i == order.count;
}

int edit_boot_order(struct edit *edit, struct texts order)
{
	struct devices devices = read_devices(edit->arena, edit->root);
	xmlNode *os;

	if (is_so(read_order(edit->arena, edit->root, &devices), order))
		return 0;
	if (devices.placed)
		return order_devices(edit, &devices, order);
	os = xml_make(edit->root, "os");
	edit_remove(edit, os, "boot");
	vm_boot_order_write(os, order);
	edit->changed = true;
	return 0;
}
