/* SPDX-License-Identifier: MIT */
/* hypervisor: the facts of a reading are all there is to it. */
#include "lib/kind/vm/hypervisor.h"

#include <string.h>

#include "lib/kind/sources.h"
#include "lib/plan/item.h"

struct hypervisor {
	struct object object;
	struct host_facts facts;
};

static const struct field rows[] = { { 0 } };

static const struct machine_type *copy_machines(
    struct arena *a, const struct host_facts *facts)
{
	struct machine_type *copy =
	    arena_array(a, facts->machine_count + 1, sizeof(*copy));

	for (size_t i = 0; i < facts->machine_count; i++)
		copy[i] = (struct machine_type){ arena_copy(a, facts->machines[i].name),
			facts->machines[i].vcpus };
	return copy;
}

static int decode(
    struct observed *observed, const struct reading *reading, struct error *e)
{
	struct hypervisor *h;

	if (!reading->facts)
		return fail(e, "libvirt says nothing of this host");
	h = observed_object(observed);
	h->facts = *(const struct host_facts *)reading->facts;
	h->facts.machines = copy_machines(&observed->arena, &h->facts);
	observed->live = &h->object;
	return 0;
}

const struct host_facts *hypervisor_facts(const struct planner *p)
{
	const struct observed *observed =
	    planner_observed(p, &hypervisor_kind, HYPERVISOR_NAME);

	return observed ? &((const struct hypervisor *)observed->live)->facts : NULL;
}

bool hypervisor_emulates(const struct host_facts *host)
{
	return !host->kvm && strcmp(host->domain_type, "qemu") == 0;
}

const char *hypervisor_type(const struct host_facts *host, enum vm_type type)
{
	if (type == VM_QEMU && strcmp(host->domain_type, "kvm") == 0)
		return "qemu";
	if (type == VM_KVM && hypervisor_emulates(host))
		return "kvm";
	return host->domain_type;
}

const struct kind hypervisor_kind = {
	.row = &hypervisor_row,
	.name = "hypervisor",
	.plural = "hypervisors",
	.title = "hypervisor",
	.source = &libvirt_source,
	.fields = { rows, sizeof(struct hypervisor) },
	.decode = decode,
};
