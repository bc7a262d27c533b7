/* SPDX-License-Identifier: MIT */
/*
 * steps: one function per step. Each looks its object up by name (no handle outlives a
 * step) and makes one call; the few that need more say why.
 */
#include "daemon/virt/steps.h"

#include <string.h>

#include "daemon/virt/auto.h"
#include "daemon/virt/domain_disk.h"
#include "daemon/virt/domain_patch.h"
#include "daemon/virt/seed_volume.h"
#include "lib/base/cleanup.h"
#include "lib/doc/xml.h"
#include "lib/kind/actions.h"

#define AGENT_TIMEOUT_S 5 /* libvirt's own default is to wait for ever */

static int network_define(
    virConnectPtr conn, const struct call *call, struct fault *fault)
{
	autonetwork virNetworkPtr network = virNetworkDefineXML(conn, call->document);

	return network ? 0 : fault_take(fault, conn);
}

static int network_start(virNetworkPtr network, const struct call *call)
{
	(void)call;
	return virNetworkCreate(network);
}

static int network_stop(virNetworkPtr network, const struct call *call)
{
	(void)call;
	return virNetworkDestroy(network);
}

static int network_autostart(virNetworkPtr network, const struct call *call)
{
	const struct autostart *arguments = call->arguments;

	return virNetworkSetAutostart(network, arguments->on);
}

static unsigned command_of(enum update_command command)
{
	switch (command) {
	case UPDATE_ADD:
		return VIR_NETWORK_UPDATE_COMMAND_ADD_LAST;
	case UPDATE_DELETE:
		return VIR_NETWORK_UPDATE_COMMAND_DELETE;
	case UPDATE_MODIFY:
		return VIR_NETWORK_UPDATE_COMMAND_MODIFY;
	}
	return VIR_NETWORK_UPDATE_COMMAND_NONE;
}

static unsigned section_of(enum update_section section)
{
	switch (section) {
	case UPDATE_HOST:
		return VIR_NETWORK_SECTION_IP_DHCP_HOST;
	case UPDATE_RANGE:
		return VIR_NETWORK_SECTION_IP_DHCP_RANGE;
	case UPDATE_TXT:
		return VIR_NETWORK_SECTION_DNS_TXT;
	}
	return VIR_NETWORK_SECTION_NONE;
}

/*
 * One side per call: libvirt's LIVE and CONFIG together are refused as a whole when one
 * side has the entry already. Of several <ip> elements the plan has said which.
 */
static int network_update(virNetworkPtr network, const struct call *call)
{
	const struct network_update *update = call->arguments;
	unsigned flags = update->side == SIDE_LIVE ? VIR_NETWORK_UPDATE_AFFECT_LIVE
						   : VIR_NETWORK_UPDATE_AFFECT_CONFIG;

	return virNetworkUpdate(network, command_of(update->command),
	    section_of(update->section), update->place, call->document, flags);
}

/* What we composed ourselves is checked against libvirt's schema, since libvirt ignores
 * what it does not know. */
static int domain_define(virConnectPtr conn, const struct call *call, struct fault *fault)
{
	autodomain virDomainPtr domain =
	    virDomainDefineXMLFlags(conn, call->document, VIR_DOMAIN_DEFINE_VALIDATE);

	return domain ? 0 : fault_take(fault, conn);
}

/* One that was undefined while it runs: what libvirt would store of it is stored again, all
 * of it, in one job. */
static int domain_redefine(virDomainPtr domain, const struct call *call)
{
	const unsigned flags = VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE;
	autofree char *xml = NULL;
	autodomain virDomainPtr stored = NULL;

	(void)call;
	if (virDomainIsPersistent(domain) == 1)
		return 0;
	xml = virDomainGetXMLDesc(domain, flags);
	if (xml)
		stored = virDomainDefineXMLFlags(virDomainGetConnect(domain), xml, 0);
	return stored ? 0 : -1;
}

/* Of what runs only: what is stored is patched. */
static int domain_resize(virDomainPtr domain, const struct call *call)
{
	const struct domain_resize *resize = call->arguments;

	if (resize->vcpus)
		return virDomainSetVcpusFlags(
		    domain, (unsigned)resize->vcpus, VIR_DOMAIN_VCPU_LIVE);
	return virDomainSetMemoryFlags(
	    domain, (unsigned long)(resize->memory / 1024), VIR_DOMAIN_MEM_LIVE);
}

static unsigned sides_of(const struct call *call)
{
	const struct domain_device *device = call->arguments;

	return (device->live ? VIR_DOMAIN_AFFECT_LIVE : 0u) |
	       (device->config ? VIR_DOMAIN_AFFECT_CONFIG : 0u);
}

static int domain_attach(virDomainPtr domain, const struct call *call)
{
	return virDomainAttachDeviceFlags(domain, call->document, sides_of(call));
}

/* Of what runs it is a request: the guest may take its time. */
static int domain_detach(virDomainPtr domain, const struct call *call)
{
	return virDomainDetachDeviceFlags(domain, call->document, sides_of(call));
}

static int domain_autostart(virDomainPtr domain, const struct call *call)
{
	const struct autostart *arguments = call->arguments;

	return virDomainSetAutostart(domain, arguments->on);
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

static int domain_start(virDomainPtr domain, const struct call *call)
{
	const struct domain_start *start = call->arguments;

	if (start->fresh && virDomainHasManagedSaveImage(domain, 0) > 0)
		return start_fresh(domain);
	return virDomainCreate(domain);
}

/* A request only. Without the time limit a hung guest agent would hold the call, and with
 * it every other one; a driver without agents has nothing to limit. */
static int domain_shutdown(virDomainPtr domain, const struct call *call)
{
	(void)call;
	virDomainAgentSetResponseTimeout(domain, AGENT_TIMEOUT_S, 0);
	return virDomainShutdownFlags(domain, 0);
}

/* Politely first: qemu then writes out its caches. */
static int domain_destroy(virDomainPtr domain, const struct call *call)
{
	int code;

	(void)call;
	if (virDomainDestroyFlags(domain, VIR_DOMAIN_DESTROY_GRACEFUL) == 0)
		return 0;
	code = virGetLastErrorCode();
	if (code == VIR_ERR_OPERATION_INVALID || code == VIR_ERR_ACCESS_DENIED)
		return -1;
	return virDomainDestroyFlags(domain, VIR_DOMAIN_DESTROY_DEFAULT);
}

/* By the guest agent where there is one, else by the power button: the guest may take its
 * time, or not heed it. */
static int domain_reboot(virDomainPtr domain, const struct call *call)
{
	(void)call;
	return virDomainReboot(domain, VIR_DOMAIN_REBOOT_DEFAULT);
}

static int domain_reset(virDomainPtr domain, const struct call *call)
{
	(void)call;
	return virDomainReset(domain, 0);
}

static int domain_resume(virDomainPtr domain, const struct call *call)
{
	(void)call;
	return virDomainResume(domain);
}

static int domain_wakeup(virDomainPtr domain, const struct call *call)
{
	(void)call;
	return virDomainPMWakeup(domain, 0);
}

/* `name` is POOL/VOLUME. NULL, with libvirt's error, where there is no such pool. */
static virStoragePoolPtr find_pool(virConnectPtr conn, const char *name)
{
	autofree char *pool = must_printf("%.*s", (int)strcspn(name, "/"), name);

	return virStoragePoolLookupByName(conn, pool);
}

static int volume_create(virConnectPtr conn, const struct call *call, struct fault *fault)
{
	autopool virStoragePoolPtr pool = find_pool(conn, call->target);
	autovolume virStorageVolPtr volume =
	    pool ? virStorageVolCreateXML(pool, call->document, 0) : NULL;

	return volume ? 0 : fault_take(fault, conn);
}

/* While a domain runs with it, its qemu is who writes to it. */
static int volume_resize(virConnectPtr conn, const struct call *call, struct fault *fault)
{
	const struct volume_resize *resize = call->arguments;
	unsigned long long size = (unsigned long long)resize->size;
	autodomain virDomainPtr domain =
	    resize->domain ? virDomainLookupByName(conn, resize->domain) : NULL;
	autopool virStoragePoolPtr pool = NULL;
	autovolume virStorageVolPtr volume = NULL;

	if (domain && virDomainBlockResize(domain, resize->target, size,
			  VIR_DOMAIN_BLOCK_RESIZE_BYTES) == 0)
		return 0;
	if (resize->domain)
		return fault_take(fault, conn);
	pool = find_pool(conn, call->target);
	volume = pool ? virStorageVolLookupByName(
			    pool, call->target + strcspn(call->target, "/") + 1)
		      : NULL;
	return volume && virStorageVolResize(volume, size, 0) == 0
		   ? 0
		   : fault_take(fault, conn);
}

static bool has_scsi(xmlNode *root)
{
	xmlNode *devices = xml_first(root, "devices");
	xmlNode *n = devices ? xml_first(devices, "controller") : NULL;

	for (; n; n = xml_next(n)) {
		struct arena a = { 0 };
		const char *type = xml_attribute(&a, n, NULL, "type");
		bool is = type && strcmp(type, "scsi") == 0;

		arena_done(&a);
		if (is)
			return true;
	}
	return false;
}

/* libvirt would add one of a model that cloud images have no driver for. */
static int add_scsi(virDomainPtr domain)
{
	const unsigned flags = VIR_DOMAIN_XML_INACTIVE;
	autofree char *xml = virDomainGetXMLDesc(domain, flags);
	struct error ignored;
	autoxml xmlDoc *doc = xml ? xml_parse(xml, &ignored) : NULL;

	if (!xml)
		return -1;
	if (doc && has_scsi(xml_root(doc)))
		return 0;
	return virDomainAttachDeviceFlags(domain,
	    "<controller type='scsi' model='virtio-scsi'/>", VIR_DOMAIN_AFFECT_CONFIG);
}

/* Stored only: what runs goes on with its own. */
static int domain_seed(virDomainPtr domain, const struct call *call)
{
	const struct domain_seed *seed = call->arguments;

	if (!seed->attach)
		return virDomainUpdateDeviceFlags(
		    domain, call->document, VIR_DOMAIN_AFFECT_CONFIG);
	if (add_scsi(domain) < 0)
		return -1;
	return virDomainAttachDeviceFlags(
	    domain, call->document, VIR_DOMAIN_AFFECT_CONFIG);
}

enum goal { GOAL_OTHER, GOAL_ACTIVE, GOAL_INACTIVE };

/* How a row of libvirt's actions is done: one of the five functions is set, of which
 * `direct` finds what it needs itself; that, `slow` and `edit` take the fault, before they
 * free what they have found: libvirt forgets it then. `goal`: what the object is when
 * nothing is left to do. */
struct doer {
	int (*direct)(virConnectPtr conn, const struct call *call, struct fault *fault);
	int (*network)(virNetworkPtr network, const struct call *call);
	int (*domain)(virDomainPtr domain, const struct call *call);
	int (*slow)(virConnectPtr conn, const struct call *call,
	    struct transfer_control *control, struct fault *fault);
	int (*edit)(virDomainPtr domain, const struct call *call, struct fault *fault);
	enum goal goal;
};

static const struct doer do_network_define = { .direct = network_define };
static const struct doer do_network_start = { .network = network_start,
	.goal = GOAL_ACTIVE };
static const struct doer do_network_stop = { .network = network_stop,
	.goal = GOAL_INACTIVE };
static const struct doer do_network_autostart = { .network = network_autostart };
static const struct doer do_network_update = { .network = network_update };
static const struct doer do_volume_create = { .direct = volume_create };
static const struct doer do_volume_resize = { .direct = volume_resize };
static const struct doer do_seed_make = { .slow = seed_volume_make };
static const struct doer do_seed_delete = { .slow = seed_volume_delete };
static const struct doer do_domain_seed = { .domain = domain_seed };
static const struct doer do_domain_define = { .direct = domain_define };
static const struct doer do_domain_redefine = { .domain = domain_redefine };
static const struct doer do_domain_patch = { .edit = domain_patch_run };
static const struct doer do_domain_resize = { .domain = domain_resize };
static const struct doer do_domain_attach = { .domain = domain_attach };
static const struct doer do_domain_detach = { .domain = domain_detach };
static const struct doer do_domain_unplug = { .edit = domain_unplug_run };
static const struct doer do_domain_undefine = { .edit = domain_undefine_run };
static const struct doer do_domain_autostart = { .domain = domain_autostart };
static const struct doer do_domain_start = { .domain = domain_start,
	.goal = GOAL_ACTIVE };
static const struct doer do_domain_shutdown = { .domain = domain_shutdown,
	.goal = GOAL_INACTIVE };
static const struct doer do_domain_reboot = { .domain = domain_reboot };
static const struct doer do_domain_reset = { .domain = domain_reset };
static const struct doer do_domain_destroy = { .domain = domain_destroy,
	.goal = GOAL_INACTIVE };
static const struct doer do_domain_resume = { .domain = domain_resume };
static const struct doer do_domain_wakeup = { .domain = domain_wakeup };

/* One for each row of libvirt's: a missing one does not compile. */
#define ROW_libvirt(name) { &name##_action, &do_##name },
#define ROW_kubernetes(name)
#define ROW_host(name)
#define ACTION(name, source, ...) ROW_##source(name)
static const struct {
	const struct action *action;
	const struct doer *doer;
} doers[] = {
#include ACTIONS_DEF
};
#undef ACTION

static const struct doer *doer_of(const struct action *action)
{
	for (size_t i = 0; i < sizeof(doers) / sizeof(doers[0]); i++)
		if (doers[i].action == action)
			return doers[i].doer;
	return NULL;
}

/*
 * Somebody may have been faster: "domain is already running" is what was requested. Drivers
 * do not agree on the code for it, so the object is looked up.
 */
static bool may_be_reached(const struct fault *fault, const struct doer *doer)
{
	return !fault->lost && doer->goal != GOAL_OTHER;
}

static int reached(const struct doer *doer, int active)
{
	return active == (doer->goal == GOAL_ACTIVE) ? 0 : -1;
}

static int run_on_network(virConnectPtr conn, const struct doer *doer,
    const struct call *call, struct fault *fault)
{
	autonetwork virNetworkPtr network = virNetworkLookupByName(conn, call->target);

	if (!network)
		return fault_take(fault, conn);
	if (doer->network(network, call) == 0)
		return 0;
	fault_take(fault, conn);
	if (!may_be_reached(fault, doer))
		return -1;
	return reached(doer, virNetworkIsActive(network));
}

static int run_on_domain(virConnectPtr conn, const struct doer *doer,
    const struct call *call, struct fault *fault)
{
	autodomain virDomainPtr domain = virDomainLookupByName(conn, call->target);

	if (!domain)
		return fault_take(fault, conn);
	if (doer->edit)
		return doer->edit(domain, call, fault);
	if (doer->domain(domain, call) == 0)
		return 0;
	fault_take(fault, conn);
	if (!may_be_reached(fault, doer))
		return -1;
	return reached(doer, virDomainIsActive(domain));
}

static int not_ours(const struct call *call, struct fault *fault)
{
	fault->slow = fault->refused = true;
	return fail(&fault->error, "%s is no action of libvirt's", call->action->name);
}

int steps_run_slow(virConnectPtr conn, const struct call *call,
    struct transfer_control *control, struct fault *fault)
{
	const struct doer *doer = doer_of(call->action);

	if (doer && doer->slow)
		return doer->slow(conn, call, control, fault);
	if (doer && doer->direct)
		return doer->direct(conn, call, fault);
	return not_ours(call, fault);
}

int steps_run(virConnectPtr conn, const struct call *call, struct fault *fault)
{
	const struct doer *doer = doer_of(call->action);

	if (!doer)
		return not_ours(call, fault);
	if (doer->direct)
		return doer->direct(conn, call, fault);
	if (doer->network)
		return run_on_network(conn, doer, call, fault);
	return run_on_domain(conn, doer, call, fault);
}
