/* SPDX-License-Identifier: MIT */
/* look_domain: one domain, and the list of all. */
#include <stdlib.h>
#include <string.h>

#include "daemon/virt/auto.h"
#include "daemon/virt/look.h"
#include "lib/base/cleanup.h"
#include "lib/kind/vm/vm.h"

static enum outcome read_managed_save(
    virConnectPtr conn, virDomainPtr domain, struct sight *sight)
{
	int saved = virDomainHasManagedSaveImage(domain, 0);
	enum outcome outcome;

	if (saved < 0) {
		outcome = look_failed(conn, sight, VIR_ERR_NO_DOMAIN);
		return sight->fault.code == VIR_ERR_NO_SUPPORT ? LOOK_SEEN : outcome;
	}
	sight->domain.managed_save = saved > 0;
	return LOOK_SEEN;
}

/* A transient domain has no autostart flag and no stored configuration. */
static enum outcome read_flags(
    virConnectPtr conn, virDomainPtr domain, struct sight *sight)
{
	int persistent = virDomainIsPersistent(domain), autostart = 0;

	if (persistent < 0)
		return look_failed(conn, sight, VIR_ERR_NO_DOMAIN);
	if (persistent && virDomainGetAutostart(domain, &autostart) < 0)
		return look_failed(conn, sight, VIR_ERR_NO_DOMAIN);
	sight->domain.persistent = persistent > 0;
	sight->domain.autostart = autostart > 0;
	return read_managed_save(conn, domain, sight);
}

static enum outcome read_xml(virConnectPtr conn, virDomainPtr domain, unsigned flags,
    const char **out, struct sight *sight)
{
	autofree char *xml = virDomainGetXMLDesc(domain, flags);

	if (!xml)
		return look_failed(conn, sight, VIR_ERR_NO_DOMAIN);
	*out = arena_copy(&sight->arena, xml);
	return LOOK_SEEN;
}

/* A crashed domain may be active or not; in every other state the id tells. */
static bool consistent(const struct domain_facts *facts)
{
	if (facts->state == VIR_DOMAIN_CRASHED || facts->state == VIR_DOMAIN_NOSTATE)
		return true;
	return (facts->state == VIR_DOMAIN_SHUTOFF) == (facts->id < 0);
}

static enum outcome read_domain(
    virConnectPtr conn, virDomainPtr domain, struct sight *sight)
{
	struct domain_facts *facts = &sight->domain;
	enum outcome outcome;

	facts->id = (int)virDomainGetID(domain); /* (unsigned)-1 when it does not run */
	if (virDomainGetState(domain, &facts->state, &facts->reason, 0) < 0)
		return look_failed(conn, sight, VIR_ERR_NO_DOMAIN);
	if (!consistent(facts))
		return LOOK_CHANGED;
	outcome = read_flags(conn, domain, sight);
	if (outcome == LOOK_SEEN && facts->persistent)
		outcome = read_xml(conn, domain, VIR_DOMAIN_XML_INACTIVE,
		    &sight->reading.config_xml, sight);
	if (outcome == LOOK_SEEN && facts->id >= 0)
		outcome = read_xml(conn, domain, 0, &sight->reading.live_xml, sight);
	return outcome;
}

enum outcome look_domain(virConnectPtr conn, const char *name, struct sight *sight)
{
	autodomain virDomainPtr domain = virDomainLookupByName(conn, name);

	sight->reading.facts = &sight->domain;
	if (domain)
		return read_domain(conn, domain, sight);
	fault_take(&sight->fault, conn);
	return sight->fault.code == VIR_ERR_NO_DOMAIN ? LOOK_GONE : LOOK_UNREADABLE;
}

int look_domains(virConnectPtr conn, struct arena *a, const char ***names)
{
	autofree virDomainPtr *domains = NULL;
	int count = virConnectListAllDomains(conn, &domains, 0);

	if (count > 0)
		*names = arena_array(a, (size_t)count, sizeof(**names));
	for (int i = 0; i < count; i++) {
		(*names)[i] = arena_copy(a, virDomainGetName(domains[i]));
		virDomainFree(domains[i]);
	}
	return count;
}
