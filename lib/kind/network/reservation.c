/* SPDX-License-Identifier: MIT */
/* reservation: a machine's fixed address: how it is written, and the MAC it is for. */
#include "lib/kind/network/reservation_plan.h"
#include "lib/kind/sources.h"

#include <string.h>

#include "lib/kind/network/network.h"
#include "lib/kind/network/network_import.h"
#include "lib/kind/network/reservation.h"
#include "lib/kind/network/reservation_record.h"
#include "lib/kind/vm/vm.h"

static const struct field rows[] = {
	{ "ip", FIELD_IP, at(struct reservation, ip), FIELD_NEEDED,
	    .help = "Its address.", .example = "192.168.122.11" },
	{ "mac", FIELD_MAC, at(struct reservation, mac),
	    .help = "Its MAC address; needed for a machine that is no VM written here.",
	    .example = "\"52:54:00:12:34:56\"" },
	{ 0 },
};

const struct fields reservation_fields = { rows, sizeof(struct reservation) };

#define STATIC_IPS                                                                       \
	"Fixed addresses: a VM's name and its address, or {ip, mac} for a machine that is no VM written here."

static const struct section sections[] = {
	{ "network.static_ips", SECTION_INSIDE, .short_for = "ip", .help = STATIC_IPS,
	    .example = "{worker-1: 192.168.122.11}" },
	{ "networks.static_ips", SECTION_INSIDE, .short_for = "ip", .help = STATIC_IPS,
	    .example = "{worker-1: 192.168.122.11}" },
};

/* Its name is "NETWORK/HOST". */
static void read_object(struct config *config, struct object *object,
    const struct node *map, struct report *report)
{
	struct reservation *reservation = (struct reservation *)object;
	const char *slash = strrchr(object->name, '/');

	(void)map;
	reservation->network =
	    arena_copy_n(&config->arena, object->name, (size_t)(slash - object->name));
	reservation->host = slash + 1;
	reservation->mac_given = field_has(&reservation_fields, reservation, "mac");
	if (reservation->ip.version == 6)
		report_add(report, SEVERITY_ERROR, "bad-value",
		    field_place(reservation, "ip"),
		    "static_ips.%s: only IPv4 addresses can be reserved by MAC",
		    reservation->host);
}

const struct reservation *reservation_desired(
    const struct planner *p, const char *network, const char *host)
{
	return (const struct reservation *)planner_desired(
	    p, &reservation_kind, reservation_name(p->arena, network, host));
}

const struct object_state *reservation_state(
    const struct planner *p, const char *network, const char *host)
{
	return state_find(p->input->state, &reservation_kind,
	    reservation_name(p->arena, network, host));
}

const struct item *reservation_item(
    const struct planner *p, const char *network, const char *host)
{
	return planner_item(
	    p, &reservation_kind, reservation_name(p->arena, network, host));
}

/* libvirt's name of the machine's domain. */
static const char *domain_of(
    const struct planner *p, const struct reservation *reservation)
{
	const struct vm *vm =
	    (const struct vm *)planner_desired(p, &vm_kind, reservation->host);

	return vm && vm->domain ? vm->domain : reservation->host;
}

const struct observed *reservation_machine(
    const struct planner *p, const struct reservation *reservation)
{
	return planner_observed(p, &vm_kind, domain_of(p, reservation));
}

const char *reservation_unknown(
    const struct planner *p, const struct reservation *reservation)
{
	const struct observations *o = p->input->observed;
	const struct observed_set *vms = &o->kinds[kind_index(&vm_kind)];
	const struct observed *observed =
	    planner_entry(p, &vm_kind, domain_of(p, reservation));

	if (!vms->known)
		return vms->why ? vms->why : "not observed yet";
	return observed && observed->presence == UNKNOWN ? observed->why : NULL;
}

static const char *const columns[] = { "ip", "mac", NULL };

const struct kind reservation_kind = {
	.row = &reservation_row,
	.name = "reservation",
	.alias = "lease",
	.plural = "reservations",
	.title = "DHCP reservation",
	.source = &libvirt_source,
	.fields = { rows, sizeof(struct reservation) },
	.sections = sections,
	.section_count = 2,
	.list_columns = columns,
	.read_object = read_object,
	.prepare = reservation_prepare,
	.plan = reservation_plan,
	.import = reservation_import,
	.settle = reservation_settle,
	.state_fields = &reservation_record_fields,
	.ended = reservation_record_ended,
	.converged = reservation_record_converged,
	.old_state = "lease",
	.old_name = reservation_old_name,
};
