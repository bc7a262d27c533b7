/* SPDX-License-Identifier: MIT */
/* domain_patch: see the header. Passwords are in libvirt's answer only on request, and
 * would be lost if they were not stored again; they never leave this function. */
#include "daemon/virt/domain_patch.h"

#include "daemon/virt/auto.h"
#include "lib/base/cleanup.h"
#include "lib/kind/vm/vm_patch.h"

static int refuse(struct fault *fault, bool slow)
{
	fault->refused = true;
	fault->slow = slow;
	return -1;
}

static int store(virConnectPtr conn, const char *xml, const char *patched,
    const struct domain_patch *patch, struct fault *fault)
{
	autodomain virDomainPtr stored = NULL;

	if (vm_patch_version(xml) != patch->version) {
		fail(&fault->error,
		    "its stored definition was changed meanwhile; it is compared anew");
		return refuse(fault, false);
	}
	stored = virDomainDefineXMLFlags(conn, patched, 0);
	return stored ? 0 : fault_take(fault, conn);
}

int domain_patch_run(virDomainPtr domain, const struct call *call, struct fault *fault)
{
	const struct domain_patch *patch = call->arguments;
	virConnectPtr conn = virDomainGetConnect(domain);
	autofree char *whole =
	    virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE);
	autofree char *shown = virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE);
	struct arena a = { 0 };
	const char *patched;
	int result;

	if (!whole || !shown)
		return fault_take(fault, conn);
	patched = vm_patch_apply(&a, whole, patch, &fault->error);
	if (!patched)
		result = refuse(fault, true);
	else if (patched == whole)
		result = 0;
	else
		result = store(conn, shown, patched, patch, fault);
	arena_done(&a);
	return result;
}

/* Drivers that do not know the flags have nothing to keep; libvirt itself refuses to undefine
 * without them what has NVRAM. */
static int undefine(virDomainPtr domain)
{
	const unsigned flags =
	    VIR_DOMAIN_UNDEFINE_KEEP_NVRAM | VIR_DOMAIN_UNDEFINE_KEEP_TPM;

	if (virDomainUndefineFlags(domain, flags) == 0)
		return 0;
	if (virGetLastErrorCode() != VIR_ERR_INVALID_ARG)
		return -1;
	return virDomainUndefineFlags(domain, 0);
}

int domain_undefine_run(virDomainPtr domain, const struct call *call, struct fault *fault)
{
	const struct domain_undefine *arguments = call->arguments;
	virConnectPtr conn = virDomainGetConnect(domain);
	autofree char *xml = virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE);
	int active = virDomainIsActive(domain);

	if (!xml || active < 0)
		return fault_take(fault, conn);
	if (active || vm_patch_version(xml) != arguments->version) {
		fail(&fault->error, "it was %s meanwhile; it is read anew",
		    active ? "started" : "changed");
		return refuse(fault, false);
	}
	return undefine(domain) == 0 ? 0 : fault_take(fault, conn);
}
