/* SPDX-License-Identifier: MIT */
/* lint_reservation: fixed addresses against their network, the pools, the VMs and each other.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/kind/kinds.h"
#include "lib/kind/network/network.h"
#include "lib/kind/network/reservation.h"
#include "lib/kind/vm/vm.h"
#include "lib/lint/lint.h"
#include "lib/lint/lint_spans.h"

static struct finding *add(struct report *report, enum severity severity, const char *id,
    const struct reservation *reservation, const struct object *other, const char *text)
{
	char ip[IP_TEXT];
	struct finding *f = report_add(report, severity, id,
	    field_place(reservation, "ip"), "static_ips: %s has %s, %s",
	    reservation->host, ip_text(reservation->ip, ip), text);

	lint_about(report, f, &reservation->object, other);
	return f;
}

static void lint_in_network(const struct reservation *reservation,
    const struct network *network, struct report *report)
{
	struct range whole = cidr_range(network->address);
	const struct object *object = &network->object;
	char cidr[CIDR_TEXT];
	struct finding *f;

	if (!cidr_contains(network->address, reservation->ip)) {
		f = add(report, SEVERITY_ERROR, "static-ip-outside-network", reservation,
		    object,
		    arena_printf(report->arena, "which is not inside network %s (%s)",
			object->name, cidr_text(network->address, cidr)));
		if (network->address.prefix < 31)
			whole = (struct range){ { 4, whole.first.value + 1 },
				{ 4, whole.last.value - 1 } };
		report_fix(report, f, "choose an address from %s",
		    range_text(report->arena, whole));
		return;
	}
	if (ip_equal(reservation->ip, network->address.address)) {
		f = add(report, SEVERITY_ERROR, "static-ip-is-gateway", reservation,
		    object, "which is the host's own address in the network");
		report_fix(report, f, "choose another address");
	}
	if (network->address.prefix > 30)
		return;
	if (ip_equal(reservation->ip, whole.first) ||
	    ip_equal(reservation->ip, whole.last)) {
		bool first = ip_equal(reservation->ip, whole.first);

		f = add(report, SEVERITY_ERROR,
		    first ? "static-ip-is-network-address" : "static-ip-is-broadcast",
		    reservation, object,
		    first ? "which stands for the network itself"
			  : "which is the network's broadcast address");
		report_fix(report, f, "choose another address");
	}
}

static void lint_in_pool(const struct reservation *reservation, const struct spans *pools,
    struct report *report)
{
	const struct span *pool = spans_find(pools, reservation->ip);
	struct finding *f;

	if (!pool)
		return;
	f = add(report, SEVERITY_ERROR, "static-ip-in-pool", reservation, pool->object,
	    arena_printf(report->arena,
		"which %s may give to a Service: two machines would answer", pool->what));
	report_fix(report, f, "leave the address out of the pool, or choose another");
}

static const struct vm_interface *interface_in(
    const struct vm *vm, const struct reservation *reservation)
{
	const struct vm_interface *interfaces = vm->interfaces.items;

	for (size_t i = 0; i < vm->interfaces.count; i++) {
		if (interfaces[i].network &&
		    !strcmp(interfaces[i].network, reservation->network))
			return &interfaces[i];
	}
	return NULL;
}

/* With no vms at all they may well be made by something else. */
static void without_vm(const struct config *config, const struct reservation *reservation,
    size_t others, struct report *report)
{
	const struct set *vms = config_get(config, &vm_kind);
	struct arena a = { 0 };
	struct finding *f = add(report, vms->count ? SEVERITY_WARNING : SEVERITY_INFO,
	    "address-without-vm", reservation, NULL,
	    others
		? arena_printf(&a,
		      "and is the last of %zu more for which neither a VM nor a MAC is written",
		      others)
		: "but neither a VM of that name nor a MAC is written: who is to have it is not known");

	f->as_written = true;
	report_fix(report, f, "add %s to vms, or write {ip: ..., mac: \"...\"}",
	    reservation->host);
	arena_done(&a);
}

/* Is there a machine that will ask for the address, with the MAC that is waited for? */
static void lint_machine(const struct reservation *reservation, const struct vm *vm,
    bool given, struct report *report)
{
	const struct vm_interface *nic = interface_in(vm, reservation);
	struct finding *f;

	if (nic && given && nic->mac_given && !mac_equal(nic->mac, reservation->mac)) {
		f = add(report, SEVERITY_ERROR, "mac-mismatch", reservation, &vm->object,
		    "but its MAC address is another one than in vms");
		report_fix(report, f, "write the MAC in one of the two places only");
	} else if (!nic && !given) {
		f = add(report, SEVERITY_WARNING, "address-without-interface",
		    reservation, &vm->object,
		    arena_printf(report->arena,
			"but no interface of the VM is written in network %s",
			reservation->network));
		f->as_written = true;
		report_fix(report, f, "add {network: %s} to its interfaces",
		    reservation->network);
	}
}

static void lint_machines(const struct config *config, struct report *report)
{
	const struct set *reservations = config_get(config, &reservation_kind);
	const struct set *vms = config_get(config, &vm_kind);
	const struct reservation *last = NULL;
	size_t lost = 0;

	for (size_t i = 0; i < reservations->count; i++) {
		const struct reservation *reservation =
		    (const struct reservation *)reservations->items[i];
		const struct vm *vm = (const struct vm *)set_find(vms, reservation->host);
		bool given = lint_has(&reservation->object, "mac");

		if (vm) {
			lint_machine(reservation, vm, given, report);
		} else if (!given && lint_has(&reservation->object, "ip")) {
			last = reservation;
			if (++lost <= LINT_SHOWN)
				without_vm(config, reservation, 0, report);
		}
	}
	if (lost > LINT_SHOWN)
		without_vm(config, last, lost - LINT_SHOWN, report);
}

static int compare_ips(const void *x, const void *y)
{
	const struct reservation *a = *(const struct reservation *const *)x;
	const struct reservation *b = *(const struct reservation *const *)y;
	int order = ip_compare(a->ip, b->ip);

	return order ? order : strcmp(a->object.name, b->object.name);
}

static void lint_duplicates(const struct config *config, struct report *report)
{
	const struct set *set = config_get(config, &reservation_kind);
	struct arena a = { 0 };
	const struct reservation **reservations =
	    arena_array(&a, set->count, sizeof(*reservations));

	for (size_t i = 0; i < set->count; i++)
		reservations[i] = (const struct reservation *)set->items[i];
	qsort(reservations, set->count, sizeof(*reservations), compare_ips);
	for (size_t i = 1; i < set->count; i++) {
		const struct reservation *first = reservations[i - 1];
		struct finding *f;

		if (!reservations[i]->ip.version ||
		    !ip_equal(first->ip, reservations[i]->ip))
			continue;
		f = add(report, SEVERITY_ERROR, "duplicate-ip", reservations[i],
		    &first->object, arena_printf(&a, "and so has %s", first->host));
		report_fix(report, f, "give one of them another address");
	}
	arena_done(&a);
}

void lint_reservation(const struct config *config, struct report *report)
{
	const struct set *reservations = config_get(config, &reservation_kind);
	const struct set *networks = config_get(config, &network_kind);
	struct arena a = { 0 };
	struct spans pools = spans_of_pools(&a, config);

	for (size_t i = 0; i < reservations->count; i++) {
		const struct reservation *reservation =
		    (const struct reservation *)reservations->items[i];
		const struct network *network =
		    (const struct network *)set_find(networks, reservation->network);

		if (!lint_has(&reservation->object, "ip"))
			continue;
		if (network && lint_has(&network->object, "address"))
			lint_in_network(reservation, network, report);
		lint_in_pool(reservation, &pools, report);
	}
	lint_machines(config, report);
	lint_duplicates(config, report);
	arena_done(&a);
}
