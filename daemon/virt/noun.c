/* SPDX-License-Identifier: MIT */
/*
 * noun: the rows, and what is common to them. A read is several calls, and the object may
 * change between them; then it is read again from the start, so that what is handed out
 * belongs together.
 */
#include "daemon/virt/noun.h"

#include "lib/kind/kinds.h"

#define TRIES 3
#define PATIENCE_MS 3000
#define HOST_PATIENCE_MS 30000 /* libvirt may have to ask every emulator anew */

const struct noun nouns[] = {
	{ .kind = &network_kind,
	    .word = "network",
	    .endpoint = ENDPOINT_NETWORK,
	    .topic = TOPIC_NETWORK,
	    .patience = PATIENCE_MS,
	    .read = read_network,
	    .list = list_networks,
	    .roll = roll_networks,
	    .doing = doing_network },
	{ .kind = &vm_kind,
	    .word = "domain",
	    .endpoint = ENDPOINT_MAIN,
	    .topic = TOPIC_DOMAIN,
	    .patience = PATIENCE_MS,
	    .read = read_domain,
	    .read_stop = read_domain_stop,
	    .list = list_domains,
	    .roll = roll_domains,
	    .doing = doing_domain },
	{ .kind = &storage_kind,
	    .word = "storage pool",
	    .endpoint = ENDPOINT_MAIN,
	    .topic = TOPIC_STORAGE,
	    .patience = PATIENCE_MS,
	    .read = read_storage,
	    .list = list_storage },
	/* libvirt has no events for volumes: see the adapter. */
	{ .kind = &volume_kind,
	    .word = "volume",
	    .endpoint = ENDPOINT_MAIN,
	    .topic = TOPIC_NONE,
	    .patience = PATIENCE_MS,
	    .read = read_volume,
	    .list = list_volumes },
	/* Last, as nothing that exists depends on it. */
	{ .kind = &hypervisor_kind,
	    .word = "hypervisor",
	    .endpoint = ENDPOINT_MAIN,
	    .topic = TOPIC_NONE,
	    .patience = HOST_PATIENCE_MS,
	    .read = read_hypervisor,
	    .list = list_hypervisors },
};

const size_t noun_count = sizeof(nouns) / sizeof(nouns[0]);

const struct noun *noun_of(const struct kind *kind)
{
	for (size_t i = 0; i < noun_count; i++)
		if (nouns[i].kind == kind)
			return &nouns[i];
	return NULL;
}

const struct noun *noun_about(enum topic topic)
{
	for (size_t i = 0; i < noun_count; i++)
		if (nouns[i].topic == topic)
			return &nouns[i];
	return NULL;
}

enum outcome noun_read(const struct noun *noun, virConnectPtr conn, const char *name,
    bool stopped, struct raw *answer)
{
	enum outcome outcome = READ_CHANGED;

	for (int i = 0; i < TRIES && outcome == READ_CHANGED; i++) {
		answer_done(answer);
		outcome = stopped ? noun->read_stop(conn, name, answer)
				  : noun->read(conn, name, answer);
	}
	if (outcome == READ_CHANGED) {
		fail(&answer->fault.error, "it keeps changing while it is read");
		outcome = READ_FAILED;
	}
	answer->reading.kind = noun->kind;
	answer->reading.name = arena_copy(&answer->arena, name);
	return outcome;
}

int noun_list(const struct noun *noun, virConnectPtr conn, struct arena *a,
    const char ***names, size_t *count, struct fault *fault)
{
	int found = noun->list(conn, a, names);

	*count = found < 0 ? 0 : (size_t)found;
	if (found >= 0)
		return 0;
	fault_take(fault, conn);
	return fault->code == VIR_ERR_NO_SUPPORT ? 0 : -1;
}
