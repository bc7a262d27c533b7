/* SPDX-License-Identifier: MIT */
/*
 * actions: the actions by name, and the arguments of those that have some. Kinds put
 * them into steps; the adapters take them out of calls.
 */
#ifndef LIB_KIND_ACTIONS_H
#define LIB_KIND_ACTIONS_H

#include "lib/kind/network/network.h"
#include "lib/plan/plan.h"

#ifndef ACTIONS_DEF
#define ACTIONS_DEF "lib/kind/actions.def"
#endif

#define ACTION(name, source, ...) extern const struct action name##_action;
#include ACTIONS_DEF
#undef ACTION

enum update_command { UPDATE_ADD, UPDATE_DELETE, UPDATE_MODIFY };
enum update_section { UPDATE_HOST, UPDATE_RANGE, UPDATE_TXT };

struct autostart { /* network_autostart, domain_autostart */
	bool on;
};

struct network_update { /* one <host>, <range> or <txt> of one side */
	enum update_command command;
	enum update_section section;
	enum side side;
	int64_t run; /* of struct network, as it runs; -1: it does not */
	int place;   /* of the <ip> element; -1: not part of one */
	struct host_entry host;
	struct range_entry range;
};

struct domain_start {
	bool fresh; /* drop a managed save image */
};

struct nic_patch { /* of the stored interface that has this MAC now */
	struct mac now;
	bool sets_mac;
	struct mac mac;
	const char *network, *bridge; /* where it is plugged in; both NULL: it stays */
};

struct domain_patch {	  /* of the stored definition; 0, NULL: stays as it is */
	uint64_t version; /* of what it was planned for: vm_patch_version() */
	int64_t vcpus;
	int64_t memory;	  /* bytes */
	const char *type; /* "kvm", "qemu" */
	const char *kernel, *initrd, *cmdline;
	const char *machine, *cpu; /* as they are written */
	const char *firmware;	   /* "bios", "uefi" */
	struct texts boot_order;   /* none: stays as it is */
	const char
	    *cpu_before; /* where `cpu` is: what was stored; to be remembered only */
	const struct nic_patch *nics;
	size_t nic_count;
};

struct domain_resize { /* of what runs: one of the two, the other 0 */
	int64_t vcpus;
	int64_t memory; /* bytes */
	/* Memory that its Node counts before; 0: it is none. Of no use to libvirt: it is kept,
	 * to know when the Node counts anew. */
	int64_t counted;
};

struct domain_device {	   /* domain_attach, domain_detach */
	bool live, config; /* from what runs, from what is stored */
	const char *xml;   /* of the device; detached is the interface of its MAC */
	bool disk;
};

struct domain_unplug { /* a disk: */
	bool live, config;
	const char *target; /* the one there, "vdb", */
	const char *name;   /* if it is this (struct domain_disk) */
};

struct domain_undefine {
	uint64_t version; /* of what is stored: vm_patch_version() */
};

struct volume_resize {
	int64_t size;	    /* bytes, more than it has */
	const char *domain; /* that runs with it, */
	const char *target; /* as this disk: "vda"; NULL: none runs */
};

struct domain_seed {	    /* where it is stored */
	const char *target; /* as this disk: "sda" */
	bool attach;	    /* it has none yet */
};

struct kube_request {
	const char *path; /* of the object: "/apis/..."; kube_create: what is posted to */
	const char *uid;  /* only the object that has it; NULL: any, or a new one */
	const char *body; /* what is sent; NULL: what the kind's document() says */
	uint64_t only; /* for it: the fields that change, as bits of its table; 0: all */
};

#endif
