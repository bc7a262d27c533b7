/* SPDX-License-Identifier: MIT */
/*
 * read: reading one object of libvirt, or the names of all, as plain values. On a call
 * thread. Which objects there are says noun.h; here is what its functions share.
 */
#ifndef DAEMON_VIRT_READ_H
#define DAEMON_VIRT_READ_H

#include "daemon/virt/fault.h"
#include "lib/base/arena.h"
#include "lib/model/kind.h"

enum outcome {
	READ_FOUND,
	READ_GONE,    /* libvirt says that there is no such object */
	READ_CHANGED, /* between two calls: to be read again from the start */
	READ_FAILED,  /* and `fault` says why */
};

/* What a read brought. Zeroed before, answer_done() after. */
struct raw {
	struct reading reading; /* what it points to is in the arena */
	struct fault fault;
	struct arena arena;
};

void answer_done(struct raw *answer);

/*
 * The calling thread's last error, as the outcome of a read in which the object was once
 * found already; `absent`: the code that says "no such object", which then means that it
 * changed meanwhile, for it may be back.
 */
enum outcome read_failed(virConnectPtr conn, struct raw *answer, int absent);
/* The same where the object was being looked up. */
enum outcome read_missed(virConnectPtr conn, struct raw *answer, int absent);

/* One try each. The list functions return the count or -1, with libvirt's error. */
enum outcome read_domain(virConnectPtr conn, const char *name, struct raw *answer);
/* After an event that says it has stopped: only what decides whether it is started again,
 * `facts_only`; everything where it has not. */
enum outcome read_domain_stop(virConnectPtr conn, const char *name, struct raw *answer);
enum outcome read_network(virConnectPtr conn, const char *name, struct raw *answer);
enum outcome read_hypervisor(virConnectPtr conn, const char *name, struct raw *answer);
enum outcome read_storage(virConnectPtr conn, const char *name, struct raw *answer);
/* Under the name POOL/VOLUME; of a pool that is not active there are none. */
enum outcome read_volume(virConnectPtr conn, const char *name, struct raw *answer);
int list_storage(virConnectPtr conn, struct arena *a, const char ***names);
int list_volumes(virConnectPtr conn, struct arena *a, const char ***names);
int list_domains(virConnectPtr conn, struct arena *a, const char ***names);
int list_networks(virConnectPtr conn, struct arena *a, const char ***names);

/* An object and a number that stands for what it is doing. */
struct roll_entry {
	const char *name;
	uint64_t doing;
};
int roll_domains(virConnectPtr conn, struct arena *a, struct roll_entry **entries);
int roll_networks(virConnectPtr conn, struct arena *a, struct roll_entry **entries);
uint64_t doing_domain(const struct reading *reading);
uint64_t doing_network(const struct reading *reading);
/* What domains of each type that the host has may have with each machine type that has an
 * alias: into `offers`. What libvirt does not say is left out. */
struct host_facts;
void read_offers(virConnectPtr conn, struct arena *a, struct host_facts *facts);

int list_hypervisors(virConnectPtr conn, struct arena *a, const char ***names);

#endif
