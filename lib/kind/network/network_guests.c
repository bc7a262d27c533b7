/* SPDX-License-Identifier: MIT */
/* network_guests: counts the interfaces of the domains that are observed running. */
#include "lib/kind/network/network_guests.h"
#include "lib/kind/network/network.h"
#include "lib/kind/vm/vm.h"

#include <string.h>

struct count {
	int64_t interfaces, ports; /* ports: those the network has as a connection */
	int64_t unknown;	   /* domains that cannot be read */
};

static void add_domain(
    struct count *count, const char *network, const struct observed *observed)
{
	const struct vm *vm = (const struct vm *)observed->live;
	const struct vm_interface *nics = vm ? vm->interfaces.items : NULL;

	count->unknown += observed->presence == UNKNOWN;
	for (size_t i = 0; vm && i < vm->interfaces.count; i++) {
		if (!nics[i].network || strcmp(nics[i].network, network) != 0)
			continue;
		count->interfaces++;
		count->ports += nics[i].port;
	}
}

static struct count count_on(const struct planner *p, const char *network)
{
	const struct observed_set *vms = &p->input->observed->kinds[kind_index(&vm_kind)];
	struct count count = { .unknown = !vms->known };

	for (size_t i = 0; i < vms->count; i++)
		add_domain(&count, network, vms->items[i]);
	return count;
}

/* Somebody may have started a domain since libvirt's own count was read. */
int64_t network_guests(
    const struct planner *p, const char *name, const struct network *live)
{
	struct count count = count_on(p, name);
	int64_t guests = count.interfaces + count.unknown;

	return guests > live->connections ? guests : live->connections;
}

/*
 * A network that stops takes its bridge away; the guests' taps are left behind, and
 * starting it again does not bring them back. libvirt then counts fewer connections than
 * running domains have ports.
 */
void network_guests_report(
    struct planner *p, struct item *item, const struct network *live)
{
	struct count count = count_on(p, item->name);
	int64_t lost = count.ports - live->connections;
	const char *text;

	if (lost <= 0)
		return;
	text = arena_printf(p->arena,
	    "%lld of %lld guest interfaces in network %s are cut off since it was stopped",
	    (long long)lost, (long long)count.ports, item->name);
	item_condition(p, item, "GuestsCutOff", "%s", text);
	plan_finding(p, SEVERITY_WARNING, "guests-cut-off",
	    arena_printf(p->arena, "network/%s", item->name), "%s", text)
	    ->fix =
	    "restart libvirtd, which attaches them again while they run, or stop and start the guests";
}
