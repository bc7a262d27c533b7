/* SPDX-License-Identifier: MIT */
/* roll: what every domain and network is doing, for few calls. */
#include <string.h>

#include "daemon/virt/auto.h"
#include "daemon/virt/read.h"
#include "lib/base/cleanup.h"
#include "lib/kind/network/network.h"
#include "lib/kind/vm/vm.h"

static uint64_t number_of(int id, int state, int reason)
{
	return (uint64_t)(uint32_t)id << 32 | (uint64_t)(state & 0xff) << 16 |
	       (uint64_t)(reason & 0xffff);
}

uint64_t doing_domain(const struct reading *reading)
{
	const struct domain_facts *facts = reading->facts;

	return number_of(facts->id, facts->state, facts->reason);
}

uint64_t doing_network(const struct reading *reading)
{
	return ((const struct network_facts *)reading->facts)->active;
}

static void free_stats(virDomainStatsRecordPtr **stats)
{
	if (*stats)
		virDomainStatsRecordListFree(*stats);
}

int roll_domains(virConnectPtr conn, struct arena *a, struct roll_entry **entries)
{
	__attribute__((cleanup(free_stats))) virDomainStatsRecordPtr *stats = NULL;
	int count = virConnectGetAllDomainStats(conn, VIR_DOMAIN_STATS_STATE, &stats, 0);

	if (count > 0)
		*entries = arena_array(a, (size_t)count, sizeof(**entries));
	for (int i = 0; i < count; i++) {
		int state = 0, reason = 0;

		virTypedParamsGetInt(
		    stats[i]->params, stats[i]->nparams, "state.state", &state);
		virTypedParamsGetInt(
		    stats[i]->params, stats[i]->nparams, "state.reason", &reason);
		(*entries)[i] = (struct roll_entry){ arena_copy(a,
							 virDomainGetName(stats[i]->dom)),
			number_of((int)virDomainGetID(stats[i]->dom), state, reason) };
	}
	return count;
}

/* Those that are (not) active; each with that as its number. */
static int add_networks(virConnectPtr conn, bool active, struct arena *a,
    struct roll_entry **entries, size_t *count)
{
	autofree virNetworkPtr *networks = NULL;
	int found = virConnectListAllNetworks(conn, &networks,
	    active ? VIR_CONNECT_LIST_NETWORKS_ACTIVE
		   : VIR_CONNECT_LIST_NETWORKS_INACTIVE);

	for (int i = 0; i < found; i++) {
		struct roll_entry *entry = arena_push(a, entries, count, sizeof(*entry));

		*entry =
		    (struct roll_entry){ arena_copy(a, virNetworkGetName(networks[i])),
			    active };
		virNetworkFree(networks[i]);
	}
	return found;
}

int roll_networks(virConnectPtr conn, struct arena *a, struct roll_entry **entries)
{
	size_t count = 0;

	if (add_networks(conn, true, a, entries, &count) < 0 ||
	    add_networks(conn, false, a, entries, &count) < 0)
		return -1;
	return (int)count;
}
