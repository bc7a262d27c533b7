/* SPDX-License-Identifier: MIT */
/*
 * home: what is written, as values: the model that people's edits change, that is printed
 * as YAML for the daemon, and that the judges compare the world with. A value of 0 or NULL
 * where nothing else is said: the key is not written.
 */
#ifndef TEST_SIM_HOME_H
#define TEST_SIM_HOME_H

#include "lib/base/text.h"
#include "test/sim/world.h"

#define H_NETS 4
#define H_VMS 9
#define H_POOLS 5
#define H_STATICS 9
#define H_NICS 3
#define H_SHUTDOWN_TIMEOUT 20 /* seconds; host.shutdown_timeout */
#define H_STOP_TIMEOUT 40     /* seconds; written as vm.stop_timeout */

enum tri { UNWRITTEN, YES, NO };

struct h_static {
	const char *host;
	struct ip ip;
	bool has_mac;
	struct mac mac;
};

struct h_net {
	const char *name;
	const char *mode, *bridge;
	struct cidr address; /* version 0: not written */
	enum tri autostart;
	int mtu;
	struct range range; /* version 0: not written */
	struct h_static statics[H_STATICS];
	size_t static_count;
};

struct h_nic {
	const char *network; /* or */
	const char *bridge;
	bool has_mac;
	struct mac mac;
};

struct h_vm {
	const char *name, *domain;
	const char *role, *power, *type;
	int vcpus, memory_mib;
	enum tri runs, autostart;
	const char *disk_path;	/* or */
	const char *disk_pool;	/* with a volume called as the VM, */
	int disk_gib;		/* of that size, */
	const char *disk_image; /* over that image */
	int seed;		/* a word of its user data; 0: no cloud_init */
	bool nics_written;
	struct h_nic nics[H_NICS];
	size_t nic_count;
};

struct h_pool {
	const char *name;
	struct range ranges[2];
	size_t range_count;
	enum tri auto_assign;
	const char *advertise;
};

enum automatic { AUTOMATIC_UNWRITTEN, AUTOMATIC_WORKERS, AUTOMATIC_ALL };

struct h_maintenance {
	enum automatic automatic;
	int from, to; /* of its daily window, minutes; equal: there is none */
};

struct home {
	bool prune, stop_force, observe; /* observe: first_start */
	bool ordered;			 /* host.shutdown */
	bool remedy;			 /* remediation: is written */
	bool off;			 /* kubernetes.mode */
	struct h_maintenance maintenance;
	struct h_net nets[H_NETS];
	size_t net_count;
	struct h_vm vms[H_VMS];
	size_t vm_count;
	struct h_pool pools[H_POOLS];
	size_t pool_count;
	bool split;	     /* over two files */
	const char *garbage; /* what an editor has left at the end: it does not load */
};

/* Of a model that may be changed they can be changed through these, as with strchr(). */
struct h_net *home_net(const struct home *h, const char *name);
struct h_vm *home_vm(const struct home *h, const char *name);
/* The VM whose domain this is. */
struct h_vm *home_vm_of(const struct home *h, const char *domain);
struct h_pool *home_pool(const struct home *h, const char *name);
const char *home_domain(const struct h_vm *vm);
/* The interfaces it is to have: those written, else one in the only network. */
size_t home_nics(const struct home *h, const struct h_vm *vm, struct h_nic out[H_NICS]);
/* The MAC of the VM's first interface in the network as it is written or follows from its
 * name; false: it has none there. */
bool home_mac(
    const struct home *h, const struct h_vm *vm, const char *network, struct mac *out);
/* The policy that is written approves a restart of the VM, at that time of the wall clock, ms. */
bool home_restarts(const struct home *h, const struct h_vm *vm);
bool home_window_is_open(const struct home *h, int64_t wall_ms);
/* Some of what is written is there: in libvirt, in the cluster; in either. */
bool home_exists_in_libvirt(const struct home *h, const struct world *w);
bool home_exists_in_cluster(const struct home *h, const struct world *w);
bool home_exists(const struct home *h, const struct world *w);
/* All pools' addresses that are written. */
struct ranges home_pools(struct arena *a, const struct home *h);

/* desired.d's files (`second`: the VMs, where it is split), and homek8s.yaml. */
void home_print(const struct home *h, struct text *first, struct text *second);
void home_print_settings(const struct home *h, struct text *out);

/* A home and a world for it, from chance: some of it written, some of it there. */
void home_random(struct home *h, struct world *w, struct rng *rng);
void home_random_cluster(struct home *h, struct world *w, struct rng *rng);

#endif
