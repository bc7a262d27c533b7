/* SPDX-License-Identifier: MIT */
/* guest_addresses: virDomainInterfaceAddresses(), its strings parsed and written anew. */
#include "daemon/virt/guest_addresses.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/virt/auto.h"
#include "lib/base/addr.h"
#include "lib/base/cleanup.h"
#include "lib/doc/json.h"
#include "lib/kind/vm/vm_agent.h"

/* libvirt's own default is to wait for ever, and all guests would with it. */
#define AGENT_TIMEOUT_S 5

/* What the guest says is parsed: nothing else of it leaves this file. */
static void add_address(
    struct json_object *out, struct mac mac, const virDomainIPAddress *address)
{
	char text[MAC_TEXT + 1 + IP_TEXT];
	struct ip ip;

	if (json_count(out) >= AGENT_ADDRESSES_MAX || !address->addr ||
	    ip_parse(address->addr, &ip, NULL) < 0)
		return;
	snprintf(text, sizeof(text), "%s %s", mac_text(mac, (char[MAC_TEXT]){ 0 }),
	    ip_text(ip, (char[IP_TEXT]){ 0 }));
	json_object_array_add(out, json_object_new_string(text));
}

static void add_interface(struct json_object *out, const virDomainInterface *nic)
{
	struct mac mac;

	if (!nic->hwaddr || mac_parse(nic->hwaddr, &mac, NULL) < 0)
		return;
	for (unsigned i = 0; i < nic->naddrs; i++)
		add_address(out, mac, &nic->addrs[i]);
}

struct json_object *guest_addresses(
    virConnectPtr conn, const char *question, struct fault *fault)
{
	autodomain virDomainPtr domain =
	    virDomainLookupByName(conn, question + strlen(AGENT_NAME));
	autofree virDomainInterfacePtr *nics = NULL;
	struct json_object *out;
	int count = -1;

	if (domain) {
		virDomainAgentSetResponseTimeout(domain, AGENT_TIMEOUT_S, 0);
		count = virDomainInterfaceAddresses(
		    domain, &nics, VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT, 0);
	}
	if (count < 0) {
		fault_take(fault, conn);
		return NULL;
	}
	out = json_object_new_array();
	for (int i = 0; i < count; i++) {
		add_interface(out, nics[i]);
		virDomainInterfaceFree(nics[i]);
	}
	return out;
}
