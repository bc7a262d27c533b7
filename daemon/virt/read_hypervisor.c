/* SPDX-License-Identifier: MIT */
/*
 * read_hypervisor: the capabilities document. It lists per architecture the machine and
 * domain types offered; that KVM really works is checked once more, with the emulator
 * itself.
 */
#include "daemon/virt/read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/doc/xml.h"
#include "lib/kind/vm/hypervisor.h"

#define MACHINE "q35"

static bool text_is(struct arena *a, xmlNode *element, const char *word)
{
	const char *text = xml_content(a, element, NULL);

	return text && strcmp(text, word) == 0;
}

/* The <arch> that describes fully virtualised guests of the host's own architecture. */
static xmlNode *find_arch(struct arena *a, xmlNode *root, const char *arch)
{
	xmlNode *guest = xml_first(root, "guest");

	for (; guest; guest = xml_next(guest)) {
		xmlNode *type = xml_find(guest, "os_type");
		const char *name = xml_attribute(a, guest, "arch", "name");

		if (type && text_is(a, type, "hvm") && name && strcmp(name, arch) == 0)
			return xml_find(guest, "arch");
	}
	return NULL;
}

/* libvirt lists a short name beside each versioned one: <machine ...>q35</machine>. */
static bool offers_machine(struct arena *a, xmlNode *parent)
{
	xmlNode *machine = xml_first(parent, "machine");

	for (; machine; machine = xml_next(machine))
		if (text_is(a, machine, MACHINE))
			return true;
	return false;
}

/* Those of a type of domain, KVM's say, stand inside its element, and repeat the others. */
static void read_machines(struct arena *a, xmlNode *arch, struct host_facts *facts)
{
	struct machine_type *all = NULL;
	xmlNode *machine = xml_first(arch, "machine");

	for (; machine; machine = xml_next(machine)) {
		struct machine_type *slot =
		    arena_push(a, &all, &facts->machine_count, sizeof(*slot));
		const char *name = xml_content(a, machine, NULL);
		const char *most = xml_attribute(a, machine, NULL, "maxCpus");

		*slot = (struct machine_type){ name ? name : "",
			most ? strtoll(most, NULL, 10) : 0,
			xml_attribute(a, machine, NULL, "canonical") };
	}
	facts->machines = all;
}

static bool offers_domain(struct arena *a, xmlNode *arch, const char *type)
{
	xmlNode *domain = xml_first(arch, "domain");

	for (; domain; domain = xml_next(domain)) {
		const char *name = xml_attribute(a, domain, NULL, "type");

		if (name && strcmp(name, type) == 0)
			return true;
	}
	return false;
}

static bool kvm_works(virConnectPtr conn, const struct host_facts *facts)
{
	const char *machine = facts->machine[0] ? facts->machine : NULL;
	autofree char *xml =
	    virConnectGetDomainCapabilities(conn, NULL, facts->arch, machine, "kvm", 0);

	return xml != NULL;
}

static void choose_type(
    virConnectPtr conn, struct arena *a, xmlNode *arch, struct host_facts *facts)
{
	static const char *const types[] = { "qemu", "test" };

	facts->kvm = offers_domain(a, arch, "kvm") && kvm_works(conn, facts);
	if (facts->kvm)
		snprintf(facts->domain_type, sizeof(facts->domain_type), "kvm");
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (!facts->domain_type[0] && offers_domain(a, arch, types[i]))
			snprintf(facts->domain_type, sizeof(facts->domain_type), "%s",
			    types[i]);
}

static int read_capabilities(virConnectPtr conn, const char *xml, struct arena *a,
    struct host_facts *facts, struct error *e)
{
	autoxml xmlDoc *doc = xml_parse(xml, e);
	const char *name, *uuid;
	xmlNode *arch;

	if (!doc)
		return -1;
	name = xml_content(a, xml_root(doc), "host/cpu/arch");
	arch = name ? find_arch(a, xml_root(doc), name) : NULL;
	if (!arch)
		return fail(e,
		    "the capabilities name no virtual machines of this host's kind; is an emulator installed?");
	uuid = xml_content(a, xml_root(doc), "host/uuid");
	snprintf(facts->uuid, sizeof(facts->uuid), "%s", uuid ? uuid : "");
	snprintf(facts->arch, sizeof(facts->arch), "%s", name);
	if (offers_machine(a, arch))
		snprintf(facts->machine, sizeof(facts->machine), MACHINE);
	read_machines(a, arch, facts);
	choose_type(conn, a, arch, facts);
	read_offers(conn, a, facts);
	return 0;
}

static enum outcome read_all(
    virConnectPtr conn, struct host_facts *facts, struct raw *answer)
{
	autofree char *xml = virConnectGetCapabilities(conn);
	unsigned long version = 0;

	if (!xml || virConnectGetLibVersion(conn, &version) < 0) {
		fault_take(&answer->fault, conn);
		return READ_FAILED;
	}
	facts->libvirt_version = (unsigned)version;
	return read_capabilities(
		   conn, xml, &answer->arena, facts, &answer->fault.error) == 0
		   ? READ_FOUND
		   : READ_FAILED;
}

/* There is one, of one name. */
enum outcome read_hypervisor(virConnectPtr conn, const char *name, struct raw *answer)
{
	struct host_facts *facts = arena_alloc(&answer->arena, sizeof(*facts));

	answer->reading.facts = facts;
	if (strcmp(name, HYPERVISOR_NAME) != 0)
		return READ_GONE;
	return read_all(conn, facts, answer);
}

int list_hypervisors(virConnectPtr conn, struct arena *a, const char ***names)
{
	(void)conn;
	*names = arena_array(a, 1, sizeof(**names));
	(*names)[0] = HYPERVISOR_NAME;
	return 1;
}
