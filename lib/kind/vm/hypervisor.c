/* SPDX-License-Identifier: MIT */
/* hypervisor: the facts of a reading are all there is to it. */
#include "lib/kind/vm/hypervisor.h"

#include <ctype.h>
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
			facts->machines[i].vcpus,
			arena_copy(a, facts->machines[i].canonical) };
	return copy;
}

static const struct cpu_model *copy_models(
    struct arena *a, const struct cpu_model *models, size_t count)
{
	struct cpu_model *copy = arena_array(a, count, sizeof(*copy));

	for (size_t i = 0; i < count; i++)
		copy[i] =
		    (struct cpu_model){ arena_copy(a, models[i].name), models[i].usable };
	return copy;
}

static const struct host_offer *copy_offers(
    struct arena *a, const struct host_facts *facts)
{
	struct host_offer *copy = arena_array(a, facts->offer_count, sizeof(*copy));

	for (size_t i = 0; i < facts->offer_count; i++) {
		copy[i] = facts->offers[i];
		copy[i].type = arena_copy(a, copy[i].type);
		copy[i].machine = arena_copy(a, copy[i].machine);
		copy[i].models = copy_models(a, copy[i].models, copy[i].model_count);
	}
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
	h->facts.offers = copy_offers(&observed->arena, &h->facts);
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

/* What an alias stands for; else the name itself. */
static const char *canonical(const struct host_facts *host, const char *name)
{
	for (size_t i = 0; host && i < host->machine_count; i++)
		if (host->machines[i].canonical &&
		    strcmp(host->machines[i].name, name) == 0)
			return host->machines[i].canonical;
	return strcmp(name, "q35") == 0	 ? "pc-q35"
	       : strcmp(name, "pc") == 0 ? "pc-i440fx"
					 : name;
}

/* Without its version, which vendors of PC machines call as they like ("pc-q35-rhel9.2.0"). */
static size_t family_length(const char *name)
{
	static const char *const families[] = { "pc-q35", "pc-i440fx" };
	const char *dash = strrchr(name, '-');

	for (size_t i = 0; i < 2; i++)
		if (strncmp(name, families[i], strlen(families[i])) == 0)
			return strlen(families[i]);
	return dash && isdigit((unsigned char)dash[1]) ? (size_t)(dash - name)
						       : strlen(name);
}

bool hypervisor_machine_is_akin(
    const struct host_facts *host, const char *x, const char *y)
{
	size_t length;

	x = canonical(host, x);
	y = canonical(host, y);
	length = family_length(x);
	return length == family_length(y) && strncmp(x, y, length) == 0;
}

bool hypervisor_machine_fits(
    const struct host_facts *host, const char *written, const char *have)
{
	const char *due = canonical(host, written);

	if (due != written)
		return hypervisor_machine_is_akin(host, written, have);
	return strcmp(due, canonical(host, have)) == 0;
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
