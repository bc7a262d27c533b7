/* SPDX-License-Identifier: MIT */
/*
 * host: the capabilities document. It lists per architecture the machine and domain types
 * offered; that KVM really works is asked for once more, of the emulator itself.
 */
#include "daemon/virt/host.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/doc/xml.h"

#define MACHINE "q35"

static bool text_is(struct arena *a, xmlNode *element, const char *wanted)
{
	const char *text = xml_content(a, element, NULL);

	return text && strcmp(text, wanted) == 0;
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
	const char *name;
	xmlNode *arch;

	if (!doc)
		return -1;
	name = xml_content(a, xml_root(doc), "host/cpu/arch");
	arch = name ? find_arch(a, xml_root(doc), name) : NULL;
	if (!arch)
		return fail(e,
		    "the capabilities name no virtual machines of this host's kind; is an emulator installed?");
	snprintf(facts->arch, sizeof(facts->arch), "%s", name);
	if (offers_machine(a, arch))
		snprintf(facts->machine, sizeof(facts->machine), MACHINE);
	choose_type(conn, a, arch, facts);
	facts->known = true;
	return 0;
}

int host_read(virConnectPtr conn, struct host_facts *facts, struct fault *fault)
{
	autofree char *xml = virConnectGetCapabilities(conn);
	struct arena a = { 0 };
	int result;

	*facts = (struct host_facts){ .known = false };
	if (!xml)
		return fault_take(fault, conn);
	result = read_capabilities(conn, xml, &a, facts, &fault->error);
	arena_done(&a);
	return result;
}
