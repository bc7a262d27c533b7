/* SPDX-License-Identifier: MIT */
/*
 * world: what there is beside the daemon: libvirt's networks and domains, the cluster's
 * objects, MetalLB. All of it is values without owners (texts live in the seed's arena), so
 * that a copy by assignment is a picture of an instant, which the judges compare.
 *
 * It behaves as libvirt 9.0, dnsmasq, MetalLB and the API server were measured to. Nothing
 * here knows the code under test.
 */
#ifndef TEST_SIM_WORLD_H
#define TEST_SIM_WORLD_H

#include "lib/base/addr.h"
#include "lib/base/arena.h"
#include "test/sim/rng.h"

#define NETS 7
#define IPS 3
#define HOSTS 18
#define RANGES 24
#define LEASES 24
#define DOMS 14
#define NICS 4
#define DISKS 4
#define OBJECTS 26
#define VOLUMES 80
#define ADDRESSES 5
#define LABELS 4
#define MANAGERS 4

#define TAG_NET 1
#define TAG_DOM 2
#define TAG_OBJECT 10 /* and its type */

/* Of every object that can be read. */
struct entity {
	const char *name; /* NULL: the place is free */
	bool exists;
	unsigned version;    /* grows with each change */
	unsigned announced;  /* the version that an event was last sent for, or dropped */
	unsigned read;	     /* the version that the daemon was last given; 0: none */
	unsigned known;	     /* the same, or a later one that it has made itself */
	uint64_t known_news; /* and when, in readings: what was read, */
	uint64_t own_news;   /* what it has done */
	int tag;	     /* which table it is of, and which type */
};

struct w_host {
	bool has_mac;
	bool by_us;   /* a step of the daemon has put it there, */
	bool adopted; /* or it has found it as it should be once */
	struct mac mac;
	struct ip ip;
	const char *name;
	const char *extra; /* XML inside it; or NULL */
};

struct w_range {
	struct range range;
	const char *extra;
};

struct w_ip { /* an <ip> element */
	struct cidr cidr;
	bool dhcp, netmask; /* netmask: it is written so */
	struct w_range ranges[RANGES];
	size_t range_count;
	struct w_host hosts[HOSTS];
	size_t host_count;
};

enum w_mode { MODE_NAT, MODE_ROUTE, MODE_OPEN, MODE_ISOLATED };

struct w_side { /* live or stored */
	const char *uuid, *bridge, *mac;
	enum w_mode mode;
	const char *forward_extra; /* inside <forward> */
	int mtu;		   /* 0: not written */
	bool marked, txt;	   /* txt: the record that starts a dead dnsmasq */
	const char *extra;	   /* other elements */
	struct w_ip ips[IPS];
	size_t ip_count;
};

struct w_lease {
	struct mac mac;
	struct ip ip;
};

struct w_net {
	struct entity e;
	bool active, persistent, autostart;
	bool bridge_gone, dnsmasq_dead;
	unsigned index; /* of its bridge, in the order in which interfaces were made */
	struct w_side live, config;
	struct w_lease leases[LEASES];
	size_t lease_count;
};

struct w_nic {
	struct mac mac;
	const char *network; /* or */
	const char *bridge;
	const char *tap; /* live */
	unsigned index;	 /* of it */
	bool on_bridge;	 /* live: the tap is a port of it */
	struct ip ip;	 /* live: the address it uses; version 0: none */
};

struct w_disk {
	const char *path;	   /* or */
	const char *pool, *volume; /* of a pool */
	const char *target;	   /* NULL: by its place in the list */
	bool readonly, cd;
};

struct w_domside {
	const char *uuid;
	int64_t memory_kib, current_kib;
	int vcpus, most_vcpus; /* most: 0: no more than it has */
	bool kvm;
	const char *mark; /* the element of our mark, as it was given; or NULL */
	struct w_nic nics[NICS];
	size_t nic_count;
	struct w_disk disks[DISKS];
	size_t disk_count;
};

struct w_dom {
	struct entity e;
	int id; /* -1: it does not run */
	int state, reason;
	bool persistent, autostart, managed_save;
	struct w_domside live, config;
	unsigned
	    stop_answer;  /* how its guest takes a shutdown: 0 soon, 1 slowly, 2 never */
	int64_t stops_at; /* us; 0: no shutdown under way */
	int64_t started_us;
	bool broken;	/* it cannot be started */
	bool disk_full; /* it is paused because its first disk found no space */
};

/* Of the storage pool "default". */
struct w_volume {
	const char *name; /* NULL: the place is free */
	bool exists;
	int64_t size;	     /* bytes */
	const char *backing; /* path; or NULL */
	/* Seeds of cloud-init; what stands in them is kept when they are deleted. */
	enum w_holds { HOLDS_DISK, HOLDS_SEED, HOLDS_PART, HOLDS_OTHER } holds;
	const char *contents;
	unsigned changed; /* counts, as its time of change */
};

enum w_type { OBJECT_POOL, OBJECT_L2, OBJECT_BGP, OBJECT_SERVICE, OBJECT_NODE, TYPES };

struct w_object {
	struct entity e; /* the name: "NAMESPACE/NAME" of a Service, else "NAME" */
	enum w_type type;
	unsigned uid;
	struct w_label {
		const char *key, *value;
	} labels[LABELS];
	size_t label_count;
	const char *managers[MANAGERS]; /* the last is the one that wrote last */
	size_t manager_count;
	bool label_ours; /* our label is a field that we manage */
	const char *finalizer;
	bool deleting;
	struct ranges had;  /* a pool: what it had when it was last handed over, */
	unsigned had_in;    /* in this life of the daemon */
	struct ranges held; /* a pool: the same, written or not, */
	int64_t held_us;    /* since then, us; whatever of the daemon's lives */
	const char *last;   /* a Service: the address it had last */
	int64_t gone_at;    /* us: the finalizer is removed then */
	/* Pools: texts; Services and Nodes: addresses. */
	const char *addresses[ADDRESSES];
	size_t address_count;
	int auto_assign, avoid; /* -1: not written */
	const char *extra;	/* a field of the spec that is somebody else's */
	/* Advertisements. */
	const char *pools[ADDRESSES];
	size_t pool_count;
	const char *selector; /* pools with this label, "key=value" */
	bool limited;
	/* Services. */
	const char *pinned;
	/* Nodes. */
	bool ready;
	unsigned
	    hangs; /* what brings its kubelet back: 1 a reboot, 2 a reset, 3 a start, 4 none */
	const char *uuid;
	const char *mark; /* the annotation of a drain; or NULL */
	bool unschedulable, excluded, cordoned_by_hand;
	int64_t excluded_at; /* us */
	int booted;	     /* the id of the domain it runs in, or last did */
	unsigned boots;	     /* how often its kubelet has come up */
	int64_t boots_at;    /* us; 0: it has */
	bool never_back;     /* its kubelet does not come up */
	unsigned pods;	     /* that can be evicted; the first is kept by a budget */
	unsigned pod_uids;
};

struct world {
	struct arena *arena;
	struct w_net nets[NETS];
	struct w_dom doms[DOMS];
	struct w_object objects[OBJECTS];
	struct w_volume volumes[VOLUMES];
	bool pool_off, pool_full; /* the storage pool */
	bool no_space;		  /* where the disks lie, */
	int64_t no_space_us;	  /* since then */
	int next_id;		  /* of a domain */
	unsigned next_uuid;	  /* and of macs, taps, uids */
	unsigned next_index;	  /* of interfaces */
	int64_t now_us;
	bool budget_blocks; /* the disruption budget of Pods allows no disruption */
	bool metallb_due;   /* pools or Services have changed: it assigns soon */
	bool kvm;
};

/* Entities */

void world_touch(struct entity *e);
/* The one of that name, free places included where `make`; NULL: none, or no room. */
struct w_net *world_net(struct world *w, const char *name, bool make);
struct w_dom *world_dom(struct world *w, const char *name, bool make);
struct w_object *world_object(
    struct world *w, enum w_type type, const char *name, bool make);
const char *world_uuid(struct world *w);
/* Our mark on a domain. */
const char *world_mark(struct world *w, const char *name, const char *uuid);
struct mac world_mac(struct world *w);

/* Networks (world_net.c). Each returns NULL, or why libvirt refuses. */

/* The <ip> that has DHCP, else the first of IPv4; NULL: none. */
struct w_ip *net_main_ip(struct w_side *side);
const char *net_define(struct world *w, const char *name, const struct w_side *side);
const char *net_start(struct world *w, struct w_net *n);
const char *net_stop(struct world *w, struct w_net *n);
const char *net_undefine(struct w_net *n);
/* virNetworkUpdate() of one side, of the <ip> element at `place` (-1: the one that libvirt
 * takes). Hosts match as measured; each update of what runs starts a dnsmasq that is dead. */
struct w_update {
	bool live;
	enum { W_ADD, W_DELETE, W_MODIFY } command;
	int place;
};
const char *net_update_host(
    struct w_net *n, const struct w_update *update, const struct w_host *host);
const char *net_update_range(
    struct w_net *n, const struct w_update *update, const struct w_range *range);
const char *net_update_txt(struct w_net *n, const struct w_update *update);
/* The network that a running NIC is plugged into, by network or bridge; NULL: none. */
struct w_net *net_of_nic(struct world *w, const struct w_nic *nic);
/* What dnsmasq would answer that MAC; version 0: nothing. */
struct ip net_dhcp(struct world *w, struct w_net *n, struct mac mac, struct ip now);
/* The NIC asks for its address anew. */
void net_renew(struct world *w, struct w_nic *nic);
/* The reservation of a MAC that is in force; NULL: none. */
struct w_host *net_reserved(const struct w_side *side, struct mac mac);
const char *net_xml(struct world *w, const struct w_net *n, bool live);
/* A document somebody gives libvirt; NULL: it is none. */
const char *net_parse(struct world *w, const char *xml, struct w_side *out);
const char *net_parse_host(struct arena *a, const char *xml, struct w_host *out);
const char *net_parse_range(struct arena *a, const char *xml, struct w_range *out);

/* Domains (world_dom.c). */

#define WORLD_VCPUS 8 /* most that libvirt takes */

const char *dom_define(struct world *w, const char *name, const struct w_domside *side);
const char *dom_start(struct world *w, struct w_dom *d, bool fresh);
/* A request: it stops some time later, or never. */
const char *dom_shutdown(struct world *w, struct w_dom *d, struct rng *rng);
/* It stops now; `state` and `reason` as libvirt has them. */
void dom_stopped(struct world *w, struct w_dom *d, int state, int reason);
/* The guest begins anew in the same process. */
const char *dom_reboot(struct world *w, struct w_dom *d);
/* One interface, as a document. */
const char *dom_parse_nic(struct world *w, const char *xml, struct w_nic *out);
/* To what runs: it is plugged in, and asks for an address. */
const char *dom_attach(struct world *w, struct w_dom *d, const struct w_nic *nic);
void dom_detach(struct w_domside *side, struct mac mac);
const char *dom_undefine(struct w_dom *d);
/* A Node that is not ready and is that domain; NULL: there is none. */
struct w_object *dom_node_unready(struct world *w, const struct w_dom *d);
const char *dom_rename(struct world *w, struct w_dom *d, const char *to);
const char *dom_xml(struct world *w, const struct w_dom *d, bool live);
/* A disk given as a document, to the sides asked for, and taken from them again. */
const char *dom_attach_disk(
    struct world *w, struct w_dom *d, const char *xml, bool live, bool config);
const char *dom_unplug(struct w_domside *side, const char *target);
/* NULL, with the name; else why it cannot be read. */
const char *dom_set_seed(struct world *w, struct w_dom *d, const char *xml, bool attach);
const char *dom_parse(
    struct world *w, const char *xml, const char **name, struct w_domside *out);
/* What a disk ends at: the same text for the same file. */
const char *disk_identity(struct arena *a, const struct w_disk *disk);

/* Storage (world_storage.c). */

#define IMAGE "base.img" /* a volume that others are laid over */

struct w_volume *world_volume(struct world *w, const char *name, bool make);
bool volume_exists(const struct world *w, const char *name);
/* NULL, or why libvirt refuses. */
const char *volume_make(
    struct world *w, const char *name, int64_t size, const char *backing);
/* A seed is begun, and is then HOLDS_PART; ends. */
const char *seed_begin(struct world *w, const char *name);
void seed_finish(struct world *w, const char *name, const char *contents);
/* The domain's CD; NULL: it has none. */
const struct w_disk *dom_seed(const struct w_domside *side);
const char *volume_xml(struct arena *a, const struct w_volume *v);

/* The cluster (world_kube.c). */

struct json_object;
/* As the API server shows it. A new reference. */
struct json_object *object_json(struct world *w, const struct w_object *o);
/* Server-side apply of a body by a manager; NULL or the refusal, with its HTTP status. */
const char *object_apply(struct world *w, struct w_object *o, struct json_object *body,
    const char *manager, int *status);
void object_delete(struct world *w, struct w_object *o, struct rng *rng);
void object_managed(struct w_object *o, const char *manager);
void object_label(struct w_object *o, const char *key, const char *value);
const char *object_labelled(const struct w_object *o, const char *key);
/* Whether it is ours: label and manager. */
bool object_owned(const struct w_object *o);
/* The pool's addresses; false for what is no pool that exists. */
bool object_ranges(struct arena *a, const struct w_object *o, struct ranges *out);
bool adv_covers(
    const struct world *w, const struct w_object *adv, const struct w_object *pool);
/* Nodes (world_node.c): time that goes on, and when it next does. */
void node_advance(struct world *w, struct w_object *o);
int64_t node_next(const struct world *w, const struct w_object *o);
/* The domain it is by its system UUID; NULL: none. */
const struct w_dom *node_machine(struct world *w, const struct w_object *o);
void node_show(struct world *w, const struct w_object *o, struct json_object *metadata,
    struct json_object *spec, struct json_object *info);
/* What the API server lists. New references. */
struct json_object *node_pods(struct world *w, const char *name);
struct json_object *node_budgets(const struct world *w);
struct json_object *node_announcements(const struct world *w);
/* A merge patch, an eviction; NULL or the refusal, with its HTTP status. */
const char *node_patch(
    struct world *w, struct w_object *o, struct json_object *body, int *status);
const char *node_evict(
    struct world *w, struct w_object *o, const char *path, int *status);

/* MetalLB's controller: gives and takes Services' addresses. */
void metallb_assign(struct world *w);

/* Time goes on: guests stop, finalizers go, MetalLB assigns. The next time something is
 * due (us), or INT64_MAX. */
void world_advance(struct world *w, int64_t now_us);
int64_t world_next(const struct world *w);

#endif
