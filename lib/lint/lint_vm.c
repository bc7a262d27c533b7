/* SPDX-License-Identifier: MIT */
/* lint_vm: VMs' references, and MACs, domains and disks that two machines would share. */
#include <stdlib.h>
#include <string.h>

#include "lib/kind/kinds.h"
#include "lib/kind/network/reservation.h"
#include "lib/kind/vm/vm.h"
#include "lib/kind/vm/vm_defaults.h"
#include "lib/kind/vm/vm_plan.h"
#include "lib/lint/lint.h"
#include "lib/lint/lint_spans.h"

/* Something that may be used once: its text, who uses it and where that is written. */
struct use {
	const char *text;
	const struct object *object;
	const struct place *place;
	size_t order;
};

struct uses {
	struct use *items;
	size_t count;
};

static void use_add(struct arena *a, struct uses *uses, const char *text,
    const struct object *object, const struct place *place)
{
	struct use *use = arena_push(a, &uses->items, &uses->count, sizeof(*use));

	*use = (struct use){ text, object, place ? place : object->place, uses->count };
}

static int compare_uses(const void *x, const void *y)
{
	const struct use *a = x, *b = y;
	int order = strcmp(a->text, b->text);

	if (order)
		return order;
	return a->order < b->order ? -1 : a->order > b->order;
}

static void report_duplicates(struct uses *uses, const char *id, const char *what,
    const char *fix, struct report *report)
{
	if (uses->count)
		qsort(uses->items, uses->count, sizeof(*uses->items), compare_uses);
	for (size_t i = 1; i < uses->count; i++) {
		const struct use *first = &uses->items[i - 1], *use = &uses->items[i];
		struct finding *f;

		if (strcmp(first->text, use->text) != 0)
			continue;
		f = report_add(report, SEVERITY_ERROR, id, use->place,
		    "%s %s is used by %s and by %s", what, use->text,
		    first->object->short_name, use->object->short_name);
		report_fix(report, f, "%s", fix);
		lint_about(report, f, first->object,
		    use->object == first->object ? NULL : use->object);
	}
}

static const struct vm_interface *interfaces_of(const struct vm *vm)
{
	return vm->interfaces.items;
}

static void add_mac(struct arena *a, struct uses *uses, struct mac mac,
    const struct object *object, const struct place *place)
{
	static const struct mac none;
	char text[MAC_TEXT];

	if (!mac_equal(mac, none))
		use_add(a, uses, arena_copy(a, mac_text(mac, text)), object, place);
}

static bool is_own_mac(const struct vm *vm, struct mac mac)
{
	for (size_t i = 0; vm && i < vm->interfaces.count; i++) {
		if (mac_equal(interfaces_of(vm)[i].mac, mac))
			return true;
	}
	return false;
}

/* Of VMs, derived ones too, and of the machines in static_ips that are none of them. */
static void lint_macs(const struct config *config, struct report *report)
{
	const struct set *vms = config_get(config, &vm_kind);
	const struct set *reservations = config_get(config, &reservation_kind);
	struct arena a = { 0 };
	struct uses uses = { 0 };

	for (size_t i = 0; i < vms->count; i++) {
		const struct vm *vm = (const struct vm *)vms->items[i];

		for (size_t n = 0; n < vm->interfaces.count; n++) {
			const struct vm_interface *nic = &interfaces_of(vm)[n];

			add_mac(
			    &a, &uses, nic->mac, &vm->object, field_place(nic, "mac"));
		}
	}
	for (size_t i = 0; i < reservations->count; i++) {
		const struct reservation *reservation =
		    (const struct reservation *)reservations->items[i];
		const struct vm *vm = (const struct vm *)set_find(vms, reservation->host);

		if (lint_has(&reservation->object, "mac") &&
		    !is_own_mac(vm, reservation->mac))
			add_mac(&a, &uses, reservation->mac, &reservation->object,
			    field_place(reservation, "mac"));
	}
	report_duplicates(&uses, "duplicate-mac", "MAC address",
	    "give one of them another mac: two machines with one MAC cut each other off",
	    report);
	arena_done(&a);
}

static void lint_domains(const struct config *config, struct report *report)
{
	const struct set *vms = config_get(config, &vm_kind);
	struct arena a = { 0 };
	struct uses domains = { 0 }, disks = { 0 }, nodes = { 0 };

	for (size_t i = 0; i < vms->count; i++) {
		const struct vm *vm = (const struct vm *)vms->items[i];

		use_add(&a, &domains, vm->domain ? vm->domain : vm->object.name,
		    &vm->object, field_place(vm, "domain"));
		if (vm->node)
			use_add(
			    &a, &nodes, vm->node, &vm->object, field_place(vm, "node"));
		for (size_t k = 0; k < vm->disk_count; k++)
			if (!vm->disks[k].pool)
				use_add(&a, &disks, vm->disks[k].path, &vm->object,
				    field_place(vm->disks[k].written, "path"));
	}
	report_duplicates(&domains, "duplicate-domain", "the libvirt domain",
	    "each VM needs a domain of its own", report);
	report_duplicates(&disks, "duplicate-disk", "the disk",
	    "give each VM a disk of its own: two that write one destroy it", report);
	report_duplicates(
	    &nodes, "duplicate-node", "the cluster's node", "a node is one VM", report);
	arena_done(&a);
}

/* Has the VM a fixed address in any of its networks? One that is not written is another
 * finding, and who gives addresses on a bridge of the host is not known here. */
static bool has_address(struct arena *a, const struct config *config, const struct vm *vm)
{
	const struct set *reservations = config_get(config, &reservation_kind);
	const struct set *networks = config_get(config, &network_kind);

	if (!vm->interfaces.count) /* in no network that is written */
		return true;
	for (size_t i = 0; i < vm->interfaces.count; i++) {
		const char *network = interfaces_of(vm)[i].network;

		if (interfaces_of(vm)[i].bridge)
			return true;
		if (network && (!set_find(networks, network) ||
				   set_find(reservations,
				       reservation_name(a, network, vm->object.name))))
			return true;
	}
	return false;
}

static void without_address(const struct vm *vm, const char *what, struct report *report)
{
	struct finding *f =
	    report_add(report, SEVERITY_INFO, "vm-without-address", vm->object.place,
		"%s no address in static_ips: DHCP may give another one each time", what);

	report_fix(report, f, "add \"%s: ADDRESS\" to its network's static_ips",
	    vm->object.name);
	lint_about(report, f, &vm->object, NULL);
}

static void lint_addresses(const struct config *config, struct report *report)
{
	const struct set *vms = config_get(config, &vm_kind);
	const struct vm *last = NULL;
	struct arena a = { 0 };
	size_t count = 0;

	for (size_t i = 0; i < vms->count; i++) {
		const struct vm *vm = (const struct vm *)vms->items[i];

		if (has_address(&a, config, vm))
			continue;
		last = vm;
		if (++count <= LINT_SHOWN)
			without_address(
			    vm, arena_printf(&a, "VM %s has", vm->object.name), report);
	}
	if (count > LINT_SHOWN)
		without_address(last,
		    arena_printf(&a, "%zu more VMs, the last of them %s, have",
			count - LINT_SHOWN, last->object.name),
		    report);
	arena_done(&a);
}

static void unknown_network(const struct set *networks, const struct vm *vm,
    const struct vm_interface *nic, struct report *report)
{
	struct arena a = { 0 };
	const char **names = arena_array(&a, networks->count + 1, sizeof(*names));
	const char *near;
	struct finding *f;

	for (size_t i = 0; i < networks->count; i++)
		names[i] = networks->items[i]->name;
	/* Past the cap errors are only counted. */
	near = report->not_shown ? NULL : nearest_word(nic->network, names);
	f = report_add(report, SEVERITY_ERROR, "unknown-network",
	    field_place(nic, "network"), "VM %s: no network %s is written here",
	    vm->object.name, nic->network);
	if (near)
		report_fix(report, f, "did you mean \"%s\"?", near);
	else
		report_fix(report, f,
		    "add it under networks (\"%s: {}\" where libvirt has it already), or name one that is written",
		    nic->network);
	lint_about(report, f, &vm->object, NULL);
	arena_done(&a);
}

static void lint_networks(const struct config *config, struct report *report)
{
	const struct set *vms = config_get(config, &vm_kind);
	const struct set *networks = config_get(config, &network_kind);

	for (size_t i = 0; i < vms->count; i++) {
		const struct vm *vm = (const struct vm *)vms->items[i];

		for (size_t n = 0; n < vm->interfaces.count; n++) {
			const struct vm_interface *nic = &interfaces_of(vm)[n];

			if (nic->network && nic->record.node &&
			    !set_find(networks, nic->network))
				unknown_network(networks, vm, nic, report);
		}
	}
}

/* What is missing, as it would be written. */
static const char *missing_fix(
    struct arena *a, const struct config *config, const struct vm *vm)
{
	const struct set *networks = config_get(config, &network_kind);
	const char *text = "add";

	if (!lint_has(&vm_as_new(vm)->object, "vcpus"))
		text = arena_printf(a, "%s \"vcpus: 2\"", text);
	if (!lint_has(&vm_as_new(vm)->object, "memory"))
		text = arena_printf(a, "%s \"memory: 4GiB\"", text);
	if (!lint_has(&vm->object, "disk") && !lint_has(&vm->object, "boot"))
		text = arena_printf(a,
		    "%s \"disk: {size: 30GiB, image: noble-server-cloudimg-amd64.img}\"",
		    text);
	if (!lint_has(&vm->object, "interfaces") && networks->count > 1)
		text = arena_printf(a, "%s \"interfaces: [{network: %s}]\"", text,
		    networks->items[0]->name);
	return text;
}

/* Of one that exists it does not matter, and what is written of a volume or a kernel is
 * mostly of use for a new one. */
static bool is_for_new(const struct vm *vm)
{
	const struct vm_disk *more = vm->more_disks.items;

	for (size_t i = 0; i < vm->more_disks.count; i++)
		if (more[i].size || more[i].image)
			return true;
	return vm->disk.size || vm->disk.image || vm->boot.kernel;
}

/* Only where there is no error: what is missing may be what was refused. */
static void lint_missing(const struct config *config, struct report *report)
{
	const struct set *vms = config_get(config, &vm_kind);

	for (size_t i = 0; !report->errors && i < vms->count; i++) {
		const struct vm *vm = (const struct vm *)vms->items[i];
		const char *missing =
		    is_for_new(vm) ? vm_missing(report->arena, config, vm) : NULL;
		struct finding *f;

		if (!missing)
			continue;
		f = report_add(report, SEVERITY_WARNING, "vm-incomplete",
		    vm->object.place,
		    "VM %s cannot be defined where there is no domain %s yet: %s not written",
		    vm->object.name, vm->domain, missing);
		f->as_written = true;
		report_fix(report, f, "%s, or leave it so where the domain exists",
		    missing_fix(report->arena, config, vm));
		lint_about(report, f, &vm->object, NULL);
	}
}

void lint_vm(const struct config *config, struct report *report)
{
	lint_missing(config, report);
	lint_networks(config, report);
	lint_domains(config, report);
	lint_macs(config, report);
	lint_addresses(config, report);
}
