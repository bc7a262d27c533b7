/* SPDX-License-Identifier: MIT */
/* read_domain: one domain, and the list of all. */
#include <stdlib.h>
#include <string.h>

#include "daemon/virt/auto.h"
#include "daemon/virt/read.h"
#include "lib/base/cleanup.h"
#include "lib/kind/vm/vm.h"

static enum outcome read_managed_save(virConnectPtr conn, virDomainPtr domain,
    struct domain_facts *facts, struct raw *answer)
{
	int saved = virDomainHasManagedSaveImage(domain, 0);
	enum outcome outcome;

	if (saved < 0) {
		outcome = read_failed(conn, answer, VIR_ERR_NO_DOMAIN);
		return answer->fault.code == VIR_ERR_NO_SUPPORT ? READ_FOUND : outcome;
	}
	facts->managed_save = saved > 0;
	return READ_FOUND;
}

/* A transient domain has no autostart flag and no stored configuration. */
static enum outcome read_flags(virConnectPtr conn, virDomainPtr domain,
    struct domain_facts *facts, struct raw *answer)
{
	int persistent = virDomainIsPersistent(domain), autostart = 0;

	if (persistent < 0)
		return read_failed(conn, answer, VIR_ERR_NO_DOMAIN);
	if (persistent && virDomainGetAutostart(domain, &autostart) < 0)
		return read_failed(conn, answer, VIR_ERR_NO_DOMAIN);
	facts->persistent = persistent > 0;
	facts->autostart = autostart > 0;
	return read_managed_save(conn, domain, facts, answer);
}

static enum outcome read_xml(virConnectPtr conn, virDomainPtr domain, unsigned flags,
    const char **out, struct raw *answer)
{
	autofree char *xml = virDomainGetXMLDesc(domain, flags);

	if (!xml)
		return read_failed(conn, answer, VIR_ERR_NO_DOMAIN);
	*out = arena_copy(&answer->arena, xml);
	return READ_FOUND;
}

/* A crashed domain may be active or not; in every other state the id shows it. */
static bool consistent(const struct domain_facts *facts)
{
	if (facts->state == VIR_DOMAIN_CRASHED || facts->state == VIR_DOMAIN_NOSTATE)
		return true;
	return (facts->state == VIR_DOMAIN_SHUTOFF) == (facts->id < 0);
}

/* Which disks a paused domain waits for. Not to know them is no failure: the reading goes
 * by the state. */
static void read_disk_errors(
    virDomainPtr domain, struct domain_facts *facts, struct raw *answer)
{
	int most = virDomainGetDiskErrors(domain, NULL, 0, 0), count;
	virDomainDiskErrorPtr found;
	struct disk_error *errors;

	if (most <= 0)
		return;
	found = arena_array(&answer->arena, (size_t)most, sizeof(*found));
	errors = arena_array(&answer->arena, (size_t)most, sizeof(*errors));
	count = virDomainGetDiskErrors(domain, found, (unsigned)most, 0);
	for (int i = 0; i < count; i++) {
		errors[i] =
		    (struct disk_error){ arena_copy(&answer->arena, found[i].disk),
			    found[i].error == VIR_DOMAIN_DISK_ERROR_NO_SPACE };
		free(found[i].disk);
	}
	facts->disk_errors = errors;
	facts->disk_error_count = count > 0 ? (size_t)count : 0;
}

static enum outcome read_rest(virConnectPtr conn, virDomainPtr domain,
    struct domain_facts *facts, struct raw *answer)
{
	enum outcome outcome = read_flags(conn, domain, facts, answer);

	if (outcome == READ_FOUND && facts->state == VIR_DOMAIN_PAUSED &&
	    facts->reason == VIR_DOMAIN_PAUSED_IOERROR)
		read_disk_errors(domain, facts, answer);
	if (outcome == READ_FOUND && facts->persistent)
		outcome = read_xml(conn, domain, VIR_DOMAIN_XML_INACTIVE,
		    &answer->reading.config_xml, answer);
	if (outcome == READ_FOUND && facts->id >= 0)
		outcome = read_xml(conn, domain, 0, &answer->reading.live_xml, answer);
	return outcome;
}

/* `stop`: of one that does not run only what decides whether it is started again. */
static enum outcome read_by_name(
    virConnectPtr conn, const char *name, bool stop, struct raw *answer)
{
	autodomain virDomainPtr domain = virDomainLookupByName(conn, name);
	struct domain_facts *facts = arena_alloc(&answer->arena, sizeof(*facts));

	answer->reading.facts = facts;
	if (!domain)
		return read_missed(conn, answer, VIR_ERR_NO_DOMAIN);
	facts->id = (int)virDomainGetID(domain); /* (unsigned)-1 when it does not run */
	if (virDomainGetState(domain, &facts->state, &facts->reason, 0) < 0)
		return read_failed(conn, answer, VIR_ERR_NO_DOMAIN);
	if (!consistent(facts))
		return READ_CHANGED;
	if (!stop || facts->id >= 0)
		return read_rest(conn, domain, facts, answer);
	answer->reading.facts_only = true;
	return read_managed_save(conn, domain, facts, answer);
}

enum outcome read_domain(virConnectPtr conn, const char *name, struct raw *answer)
{
	return read_by_name(conn, name, false, answer);
}

enum outcome read_domain_stop(virConnectPtr conn, const char *name, struct raw *answer)
{
	return read_by_name(conn, name, true, answer);
}

int list_domains(virConnectPtr conn, struct arena *a, const char ***names)
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
