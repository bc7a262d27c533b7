/* SPDX-License-Identifier: MIT */
/*
 * steps: one function per step. Each looks its object up by name (no handle outlives a
 * step) and makes one call; the few that need more say why.
 */
#include "daemon/virt/steps.h"

#include <string.h>

#include "daemon/virt/auto.h"
#include "lib/kind/kinds.h"

#define AGENT_TIMEOUT_S 5 /* libvirt's own default is to wait for ever */

static int network_define(virConnectPtr conn, const struct step *step)
{
	autonetwork virNetworkPtr network = virNetworkDefineXML(conn, step->body);

	return network ? 0 : -1;
}

static int network_start(virNetworkPtr network, const struct step *step)
{
	(void)step;
	return virNetworkCreate(network);
}

static int network_stop(virNetworkPtr network, const struct step *step)
{
	(void)step;
	return virNetworkDestroy(network);
}

static int network_autostart(virNetworkPtr network, const struct step *step)
{
	return virNetworkSetAutostart(network, step->on);
}

/*
 * One side per call: libvirt's LIVE and CONFIG together are refused as a whole when one
 * side has the entry already. Index -1 is the <ip> element that has DHCP.
 */
static int network_update(virNetworkPtr network, const struct step *step)
{
	unsigned command = step->command == UPDATE_ADD
			       ? VIR_NETWORK_UPDATE_COMMAND_ADD_LAST
			       : VIR_NETWORK_UPDATE_COMMAND_DELETE;
	unsigned section = step->section == UPDATE_HOST
			       ? VIR_NETWORK_SECTION_IP_DHCP_HOST
			       : VIR_NETWORK_SECTION_IP_DHCP_RANGE;
	unsigned flags = step->side == SIDE_LIVE ? VIR_NETWORK_UPDATE_AFFECT_LIVE
						 : VIR_NETWORK_UPDATE_AFFECT_CONFIG;

	return virNetworkUpdate(network, command, section, -1, step->body, flags);
}

/*
 * What we composed ourselves is checked against libvirt's schema, since libvirt ignores
 * what it does not know. A document with a UUID is libvirt's own, patched: it is taken
 * back as it was given.
 */
static int domain_define(virConnectPtr conn, const struct step *step)
{
	unsigned flags = strstr(step->body, "<uuid>") ? 0 : VIR_DOMAIN_DEFINE_VALIDATE;
	autodomain virDomainPtr domain = virDomainDefineXMLFlags(conn, step->body, flags);

	return domain ? 0 : -1;
}

static int domain_autostart(virDomainPtr domain, const struct step *step)
{
	return virDomainSetAutostart(domain, step->on);
}

/* libvirt's test driver has managed save images, but no flag to start without. */
static int start_fresh(virDomainPtr domain)
{
	if (virDomainCreateWithFlags(domain, VIR_DOMAIN_START_FORCE_BOOT) == 0)
		return 0;
	if (virGetLastErrorCode() != VIR_ERR_INVALID_ARG)
		return -1;
	if (virDomainManagedSaveRemove(domain, 0) < 0)
		return -1;
	return virDomainCreate(domain);
}

static int domain_start(virDomainPtr domain, const struct step *step)
{
	if (step->fresh && virDomainHasManagedSaveImage(domain, 0) > 0)
		return start_fresh(domain);
	return virDomainCreate(domain);
}

/* A request only. Without the time limit a hung guest agent would hold the call, and with
 * it every other one; a driver without agents has nothing to limit. */
static int domain_shutdown(virDomainPtr domain, const struct step *step)
{
	(void)step;
	virDomainAgentSetResponseTimeout(domain, AGENT_TIMEOUT_S, 0);
	return virDomainShutdownFlags(domain, 0);
}

/* Politely first: qemu then writes out its caches. */
static int domain_destroy(virDomainPtr domain, const struct step *step)
{
	int code;

	(void)step;
	if (virDomainDestroyFlags(domain, VIR_DOMAIN_DESTROY_GRACEFUL) == 0)
		return 0;
	code = virGetLastErrorCode();
	if (code == VIR_ERR_OPERATION_INVALID || code == VIR_ERR_ACCESS_DENIED)
		return -1;
	return virDomainDestroyFlags(domain, VIR_DOMAIN_DESTROY_DEFAULT);
}

static int domain_resume(virDomainPtr domain, const struct step *step)
{
	(void)step;
	return virDomainResume(domain);
}

static int domain_wakeup(virDomainPtr domain, const struct step *step)
{
	(void)step;
	return virDomainPMWakeup(domain, 0);
}

enum goal { GOAL_OTHER, GOAL_ACTIVE, GOAL_INACTIVE };

/* One of the three functions is set. `goal`: what the object is when nothing is left to
 * do. */
static const struct action {
	int (*define)(virConnectPtr conn, const struct step *step);
	int (*network)(virNetworkPtr network, const struct step *step);
	int (*domain)(virDomainPtr domain, const struct step *step);
	const struct kind *kind;
	enum goal goal;
} actions[] = {
	[STEP_NETWORK_DEFINE] = { .define = network_define, .kind = &network_kind },
	[STEP_NETWORK_START] = { .network = network_start,
	    .kind = &network_kind,
	    .goal = GOAL_ACTIVE },
	[STEP_NETWORK_STOP] = { .network = network_stop,
	    .kind = &network_kind,
	    .goal = GOAL_INACTIVE },
	[STEP_NETWORK_AUTOSTART] = { .network = network_autostart,
	    .kind = &network_kind },
	[STEP_NETWORK_UPDATE] = { .network = network_update, .kind = &network_kind },
	[STEP_DOMAIN_DEFINE] = { .define = domain_define, .kind = &vm_kind },
	[STEP_DOMAIN_AUTOSTART] = { .domain = domain_autostart, .kind = &vm_kind },
	[STEP_DOMAIN_START] = { .domain = domain_start,
	    .kind = &vm_kind,
	    .goal = GOAL_ACTIVE },
	[STEP_DOMAIN_SHUTDOWN] = { .domain = domain_shutdown,
	    .kind = &vm_kind,
	    .goal = GOAL_INACTIVE },
	[STEP_DOMAIN_DESTROY] = { .domain = domain_destroy,
	    .kind = &vm_kind,
	    .goal = GOAL_INACTIVE },
	[STEP_DOMAIN_RESUME] = { .domain = domain_resume, .kind = &vm_kind },
	[STEP_DOMAIN_WAKEUP] = { .domain = domain_wakeup, .kind = &vm_kind },
	[STEP_KUBE_APPLY] = { .kind = NULL },
	[STEP_KUBE_DELETE] = { .kind = NULL },
};

/*
 * Somebody may have been faster: "domain is already running" is what was wanted. Drivers
 * do not agree on the code for it, so the object is asked.
 */
static bool may_be_reached(const struct fault *fault, const struct action *action)
{
	return !fault->lost && action->goal != GOAL_OTHER;
}

static int reached(const struct action *action, int active)
{
	return active == (action->goal == GOAL_ACTIVE) ? 0 : -1;
}

static int run_on_network(virConnectPtr conn, const struct action *action,
    const struct step *step, struct fault *fault)
{
	autonetwork virNetworkPtr network = virNetworkLookupByName(conn, step->target);

	if (!network)
		return fault_take(fault, conn);
	if (action->network(network, step) == 0)
		return 0;
	fault_take(fault, conn);
	if (!may_be_reached(fault, action))
		return -1;
	return reached(action, virNetworkIsActive(network));
}

static int run_on_domain(virConnectPtr conn, const struct action *action,
    const struct step *step, struct fault *fault)
{
	autodomain virDomainPtr domain = virDomainLookupByName(conn, step->target);

	if (!domain)
		return fault_take(fault, conn);
	if (action->domain(domain, step) == 0)
		return 0;
	fault_take(fault, conn);
	if (!may_be_reached(fault, action))
		return -1;
	return reached(action, virDomainIsActive(domain));
}

const struct kind *steps_kind(enum step_op op)
{
	return actions[op].kind;
}

int steps_run(virConnectPtr conn, const struct step *step, struct fault *fault)
{
	const struct action *action = &actions[step->op];

	if (action->define)
		return action->define(conn, step) == 0 ? 0 : fault_take(fault, conn);
	if (action->network)
		return run_on_network(conn, action, step, fault);
	if (action->domain)
		return run_on_domain(conn, action, step, fault);
	fault->slow = true;
	return fail(&fault->error, "this is no step of libvirt's");
}
