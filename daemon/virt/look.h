/* SPDX-License-Identifier: MIT */
/*
 * look: reading one object, or the list of all, on the call thread. What was read comes
 * as plain values. Kinds are network_kind and vm_kind.
 */
#ifndef DAEMON_VIRT_LOOK_H
#define DAEMON_VIRT_LOOK_H

#include "daemon/virt/fault.h"
#include "lib/kind/network/network.h"
#include "lib/kind/vm/vm.h"

enum outcome {
	LOOK_SEEN,
	LOOK_GONE,	 /* libvirt says that there is no such object */
	LOOK_CHANGED,	 /* between two calls; look_at() never ends so */
	LOOK_UNREADABLE, /* and `fault` says why */
};

/* What a look found. Zeroed before, sight_done() after. */
struct sight {
	struct reading reading; /* points into the members below */
	struct domain_facts domain;
	struct network_facts network;
	struct fault fault;
	struct arena arena;
};

enum outcome look_at(
    virConnectPtr conn, const struct kind *kind, const char *name, struct sight *sight);
void sight_done(struct sight *sight);

/* Names of all there are, in the arena. A driver that has no such thing has none. */
int look_list(virConnectPtr conn, const struct kind *kind, struct arena *a,
    const char ***names, size_t *count, struct fault *fault);

/* Within: one try each, and what a failed call of one makes of it, given the code that
 * says "no such object". */
enum outcome look_domain(virConnectPtr conn, const char *name, struct sight *sight);
enum outcome look_network(virConnectPtr conn, const char *name, struct sight *sight);
enum outcome look_failed(virConnectPtr conn, struct sight *sight, int absent);
int look_domains(virConnectPtr conn, struct arena *a, const char ***names);
int look_networks(virConnectPtr conn, struct arena *a, const char ***names);

#endif
