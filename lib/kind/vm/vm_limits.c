/* SPDX-License-Identifier: MIT */
/* vm_limits: of vCPUs, which depend on the machine type. */
#include "lib/kind/vm/vm_limits.h"

#include <string.h>

#include "lib/kind/vm/hypervisor.h"

/* A PC's interrupt controller names no more processors; an IOMMU in extended interrupt mode
 * goes beyond. */
#define VCPUS_OF_APIC 255

static int64_t most(
    const struct host_facts *host, const char *machine, const struct vm *side)
{
	int64_t limit = 0;

	for (size_t i = 0; i < host->machine_count; i++)
		if (strcmp(host->machines[i].name, machine) == 0)
			limit = host->machines[i].vcpus;
	if (limit > VCPUS_OF_APIC && strcmp(host->arch, "x86_64") == 0 &&
	    !(side && side->many_vcpus))
		return VCPUS_OF_APIC;
	return limit;
}

const char *vm_vcpus_excess(
    struct planner *p, const struct vm *want, const struct vm *side)
{
	const struct host_facts *host = hypervisor_facts(p);
	const char *machine = side	      ? side->machine
			      : want->machine ? want->machine
			      : host	      ? host->machine
					      : NULL;
	int64_t limit = host && machine ? most(host, machine, side) : 0;

	if (!limit || !field_has(&vm_kind.fields, want, "vcpus") || want->vcpus <= limit)
		return NULL;
	return arena_printf(p->arena,
	    "libvirt takes at most %lld vCPUs with machine type %s; write `vcpus: %lld` or fewer",
	    (long long)limit, machine, (long long)limit);
}
