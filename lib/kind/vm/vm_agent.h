/* SPDX-License-Identifier: MIT */
/*
 * vm_agent: the addresses a guest says it has, through its agent: those of a machine whose
 * addresses dnsmasq does not hand out. Only guests whose agent is connected are queried,
 * by probes of the kind vm, and what they say is only shown.
 */
#ifndef LIB_KIND_VM_VM_AGENT_H
#define LIB_KIND_VM_VM_AGENT_H

#include "lib/kind/vm/vm.h"
#include "lib/plan/plan.h"

/*
 * Before the name of the domain; what the probe is called and its question. The answer, of
 * status AGENT_ANSWERED, is an array of texts, one for each address of each interface that
 * has a MAC: "MAC ADDRESS". No array and an error: the agent did not say.
 */
#define AGENT_NAME "agent "
#define AGENT_ANSWERED 200
#define AGENT_ADDRESSES_MAX 256 /* more than that is not listened to */

/* The plan's probes, one for each domain whose agent is connected. */
void vm_agent_ask(struct planner *p);

/* The addresses that the guest has on the interfaces of its domain, those of the link left
 * out, as texts in the guest's order; NULL: none are known. A new reference. */
struct json_object *vm_agent_addresses(
    const struct list_input *in, const struct item *item, const struct vm *live);

#endif
