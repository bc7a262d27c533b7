/* SPDX-License-Identifier: MIT */
/* domain_disk: see the header. */
#include "daemon/virt/domain_disk.h"

#include "daemon/virt/auto.h"
#include "lib/base/cleanup.h"
#include "lib/kind/actions.h"
#include "lib/kind/vm/vm_disk.h"

/* Its element on that side, in the arena; NULL with the fault: it is not there. */
static const char *find(struct arena *a, virDomainPtr domain, bool live,
    const struct domain_unplug *unplug, struct fault *fault)
{
	autofree char *xml =
	    virDomainGetXMLDesc(domain, live ? 0 : VIR_DOMAIN_XML_INACTIVE);
	const char *element =
	    xml ? vm_disk_element(a, xml, unplug->target, unplug->name) : NULL;

	if (!xml) {
		fault_take(fault, virDomainGetConnect(domain));
	} else if (!element) {
		fault->refused = true;
		fail(&fault->error,
		    "%s is another disk meanwhile, or none; it is read anew",
		    unplug->target);
	}
	return element;
}

int domain_unplug_run(virDomainPtr domain, const struct call *call, struct fault *fault)
{
	const struct domain_unplug *unplug = call->arguments;
	unsigned flags = (unplug->live ? VIR_DOMAIN_AFFECT_LIVE : 0u) |
			 (unplug->config ? VIR_DOMAIN_AFFECT_CONFIG : 0u);
	const char *element = NULL;
	struct arena a = { 0 };
	int result = -1;

	if (!unplug->live || (element = find(&a, domain, true, unplug, fault)))
		if (!unplug->config || (element = find(&a, domain, false, unplug, fault)))
			result = virDomainDetachDeviceFlags(domain, element, flags);
	if (result < 0 && element)
		fault_take(fault, virDomainGetConnect(domain));
	arena_done(&a);
	return result;
}
