/* SPDX-License-Identifier: MIT */
/*
 * guest_addresses: the addresses a guest says it has, through its agent. On a thread that
 * may wait: an agent that does not answer costs libvirt's 5 s, and a broken one more. The
 * agent's time limit is left alone: it is the domain's, and backups freeze with it.
 */
#ifndef DAEMON_VIRT_GUEST_ADDRESSES_H
#define DAEMON_VIRT_GUEST_ADDRESSES_H

#include <json-c/json.h>
#include <libvirt/libvirt.h>

#include "daemon/virt/fault.h"

/*
 * The answer to the probe "agent DOMAIN" (lib/kind/vm/vm_agent.h), a new reference. NULL:
 * the agent did not say, and `fault` says why.
 */
struct json_object *guest_addresses(
    virConnectPtr conn, const char *question, struct fault *fault);

#endif
