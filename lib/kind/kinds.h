/* SPDX-License-Identifier: MIT */
/*
 * kinds: the structs of every kind. Both sides of a comparison use them: what is written
 * (desired) and what was read (observed). Members below "seen only" have no key in the
 * field table: they are facts the plan needs.
 */
#ifndef LIB_KIND_KINDS_H
#define LIB_KIND_KINDS_H

#include "lib/model/kind.h"

#define KIND(name) extern const struct kind name##_kind;
#include "lib/kind/kinds.def"
#undef KIND

/* The namespace of our mark on what we made: metadata in libvirt's XML, prefix "homek8s".
 */
#define MARK_URI "urn:homek8s:owner:1"
/* Kubernetes: label and field manager. */
#define MARK_LABEL "app.kubernetes.io/managed-by"
#define MARK_MANAGER "homek8sd"

/* network: a libvirt network with its DHCP service */

enum network_mode {
	NETWORK_NAT,
	NETWORK_ROUTE,
	NETWORK_OPEN,
	NETWORK_ISOLATED,
};

struct dhcp_range { /* dhcp.range as written */
	struct record record;
	struct ip start, end;
};

struct dhcp {
	struct record record;
	struct dhcp_range range;
	bool reserve_pools;
};

struct host_entry { /* seen only: one <host> of libvirt's DHCP section */
	bool has_mac;
	struct mac mac;
	struct ip ip;
	const char *name; /* NULL when it has none */
};

struct network {
	struct object object;
	int mode; /* enum network_mode */
	const char *bridge;
	struct cidr address; /* the host's own address in it: 192.168.122.1/24 */
	bool autostart;
	int64_t mtu;
	struct dhcp dhcp;
	/* Derived (desired) or read (seen): the dynamic ranges, with pools cut out. */
	struct ranges ranges;
	struct ranges reserved; /* desired: what was cut out */
	/* Seen only. */
	bool active, persistent;
	int64_t connections;
	const char *xml;	   /* the side's document, for patching */
	struct range *range_items; /* as libvirt has them, each one <range> */
	size_t range_count;
	struct host_entry *hosts; /* sorted by MAC */
	size_t host_count;
	bool hosts_distinct; /* no MAC, address or name stands twice or is missing */
	bool leases_known;
	struct lease_fact *leases;
	size_t lease_count;
};

/* lease: a name with a fixed address in a network (libvirt's <host>) */

struct lease {
	struct object object;
	const char *network; /* name of its network */
	const char *host;    /* the DHCP host name: the key in static_ips */
	struct mac mac;	     /* bit "mac": written, or derived from the VM of that name */
	struct ip ip;
	bool mac_given; /* written in static_ips or in the VM's interface */
};

/* vm: a libvirt domain */

enum vm_role { ROLE_CONTROL_PLANE, ROLE_WORKER, ROLE_NONE };
enum vm_state { VM_RUNNING, VM_STOPPED };
enum vm_power { POWER_ALWAYS, POWER_ON_FAILURE, POWER_MANUAL };
enum vm_type { VM_AUTO, VM_KVM, VM_QEMU };

struct vm_disk {
	struct record record;
	const char *path;  /* a file or block device that exists */
	const char *pool;  /* or a volume NAME.qcow2 of this storage pool */
	const char *image; /* base image of that volume */
	int64_t size;
};

struct vm_boot { /* direct kernel boot */
	struct record record;
	const char *kernel, *initrd, *cmdline;
};

struct vm_interface {
	struct record record;
	const char *network;
	struct mac mac; /* written; else derived from the VM's name and the index */
	bool mac_given;
	const char *target; /* seen only: the tap, live side */
	bool port;	    /* seen only: the network counts it as a connection */
};

struct vm {
	struct object object;
	const char *domain; /* its name in libvirt; default: the object's name */
	int role, state, power, type;
	int64_t vcpus;
	int64_t memory; /* bytes */
	bool autostart;
	struct vm_disk disk;
	struct vm_boot boot;
	struct list
	    interfaces; /* of struct vm_interface; default: one in the only network */
	/* Seen only. */
	const char *uuid;
	struct domain_facts facts;
	bool marked; /* carries our mark */
};

/* node: a machine of the cluster, seen only */

struct node_object {
	struct object object;
	bool ready;
	const char *ready_reason; /* of the Ready condition: "KubeletNotReady" */
	int64_t ready_since;	  /* ms since 1970; 0 unknown */
	const char *version;	  /* kubelet */
	const char *system_uuid;
	struct ip internal_ip;
	bool unschedulable, control_plane;
};

/* service: a Service of type LoadBalancer, seen only */

struct service {
	struct object object; /* name: "NAMESPACE/NAME" */
	struct ip *addresses; /* assigned by MetalLB */
	size_t address_count;
};

/* pool: MetalLB's IPAddressPool */

struct pool {
	struct object object;
	struct ranges addresses;    /* as a set */
	const char **address_texts; /* as written, for the API */
	size_t address_text_count;
	bool auto_assign;
	bool avoid_buggy_ips;
	int advertise; /* desired: index in {"layer2", "none"} */
	/* Seen only. */
	bool marked;
	const char *uid;
};

/* advertisement: MetalLB's L2Advertisement */

struct advertisement {
	struct object object;
	const char **pools; /* names; none and !selective: every pool */
	size_t pool_count;
	bool selective; /* seen only: limited by selectors, interfaces or nodes */
	bool marked;
	const char *uid;
};

/* cluster: pod and service networks; read and checked, not converged yet */

struct pod_network {
	struct record record;
	struct cidr cidr;
	int backend;
	int64_t vni, port, mtu;
};

struct service_network {
	struct record record;
	struct cidr cidr;
	struct ip dns, api;
};

struct cluster {
	struct object object; /* name: "cluster" */
	struct pod_network pod_network;
	struct service_network service_network;
};

#endif
