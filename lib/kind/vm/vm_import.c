/* SPDX-License-Identifier: MIT */
/*
 * vm_import: virtual machines as `homek8sctl import` writes them. What runs is to run; of
 * what does not, power is left to people.
 */
#include "lib/kind/vm/vm_import.h"

#include <string.h>
#include <strings.h>

#include "lib/kind/node/node.h"
#include "lib/kind/vm/vm.h"
#include "lib/kind/vm/vm_xml.h"
#include "lib/plan/import.h"

static uint64_t bit(const char *key)
{
	return field_bit(&vm_kind.fields, key);
}

/* One that the cluster names so, or knows by its UUID. */
static const struct node_object *node_of(
    const struct importer *i, const char *name, const struct vm *vm)
{
	const struct observed_set *set =
	    &i->planner.input->observed->kinds[kind_index(&node_kind)];
	const struct node_object *named = NULL;

	for (size_t k = 0; k < set->count; k++) {
		const struct node_object *n =
		    (const struct node_object *)set->items[k]->live;

		if (n && n->system_uuid && vm->uuid &&
		    strcasecmp(n->system_uuid, vm->uuid) == 0)
			return n;
		if (n && strcmp(set->items[k]->name, name) == 0)
			named = n;
	}
	return named;
}

static void import_role(struct importer *i, struct vm *vm, const char *key)
{
	const struct node_object *node = node_of(i, key, vm);

	if (!node)
		return;
	vm->role = node->control_plane ? ROLE_CONTROL_PLANE : ROLE_WORKER;
	vm->object.record.has |= bit("role");
}

/* Of a network or a bridge: other ones cannot be written, and so none is. */
static void import_nics(struct importer *i, struct imported *object)
{
	struct vm *vm = object->record;
	const struct vm_interface *nics = vm->interfaces.items;

	for (size_t k = 0; k < vm->interfaces.count; k++) {
		if (nics[k].network || nics[k].bridge)
			continue;
		vm->object.record.has &= ~bit("interfaces");
		import_note(i, object,
		    "its interfaces are left as they are: number %zu is in no network and on no bridge",
		    k + 1);
		return;
	}
	if (!vm->interfaces.count)
		vm->object.record.has &= ~bit("interfaces");
}

/* Only where it is the only one, so that the machine could be defined with it. */
static void import_disk(struct importer *i, struct imported *object)
{
	struct vm *vm = object->record;
	struct vm_disk *disk = &vm->disk;
	size_t hard = 0;

	for (size_t k = 0; k < vm->disk_count; k++)
		hard += vm->disks[k].hard && !vm->disks[k].backing;
	if (!(vm->object.record.has & bit("disk")))
		return;
	if (hard > 1)
		import_note(i, object, "its %zu disks are left as they are", hard);
	if (hard == 1 && !disk->pool && disk->path[0] == '/')
		return;
	vm->object.record.has &= ~bit("disk");
	if (hard == 1)
		import_note(i, object, "its disk is left as it is: %s%s%s",
		    disk->pool ? disk->pool : "", disk->pool ? "/" : "",
		    disk->path ? disk->path : "");
}

static void import_one(struct importer *i, const struct observed *observed)
{
	const struct vm *side =
	    (const struct vm *)(observed->config ? observed->config : observed->live);
	const char *key = import_key(i, &vm_kind, NULL, observed->name);
	struct imported *object =
	    import_add(i, &vm_kind, NULL, key, observed->name, side);
	struct vm *vm = object->record;

	/* What a machine found at its first boot it is left with. */
	vm->object.record.has &= ~(bit("type") | bit("state") | bit("machine") |
				   bit("cpu") | bit("firmware") | bit("boot_order"));
	if (strcmp(key, observed->name) == 0)
		vm->object.record.has &= ~bit("domain");
	if (observed->live) {
		vm->state = VM_RUNNING;
		vm->object.record.has |= bit("state");
	} else {
		import_note(i, object,
		    "stopped, and left so while neither `state` nor `power` is written");
	}
	import_role(i, vm, key);
	import_nics(i, object);
	import_disk(i, object);
}

/* First those that keep their names. */
void vm_import(struct importer *i)
{
	const struct observed_set *set =
	    &i->planner.input->observed->kinds[kind_index(&vm_kind)];

	for (int odd = 0; odd < 2; odd++)
		for (size_t k = 0; k < set->count; k++)
			if (set->items[k]->presence == PRESENT &&
			    name_is_label(set->items[k]->name) == !odd)
				import_one(i, set->items[k]);
}
