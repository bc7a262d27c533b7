/* SPDX-License-Identifier: MIT */
/*
 * vm: a libvirt domain, as it is written and as it was observed.
 */
#ifndef LIB_KIND_VM_VM_H
#define LIB_KIND_VM_VM_H

#include "lib/kind/kinds.h"
#include "lib/kind/volume/seed.h"

enum vm_role { ROLE_CONTROL_PLANE, ROLE_WORKER, ROLE_NONE };
enum vm_state { VM_RUNNING, VM_STOPPED };
enum vm_power { POWER_ALWAYS, POWER_ON_FAILURE, POWER_MANUAL };
enum vm_type { VM_AUTO, VM_KVM, VM_QEMU };
enum vm_firmware { FIRMWARE_BIOS, FIRMWARE_UEFI };

/* A disk on whose account a domain is paused. */
struct disk_error {
	const char *disk; /* its target: "vda" */
	bool no_space;	  /* else something else, which libvirt does not say */
};

/* What libvirt says of a domain beside its documents; facts of a reading. */
struct domain_facts {
	int id;		   /* -1 when it does not run */
	int state, reason; /* virDomainGetState, libvirt's numbers */
	bool persistent, autostart, managed_save;
	const struct disk_error *disk_errors;
	size_t disk_error_count;
};

struct vm_disk {
	struct record record;
	const char *path;  /* a file or block device that exists */
	const char *pool;  /* or a volume NAME.qcow2 of this storage pool */
	const char *image; /* base image of that volume */
	int64_t size;
	const char *name; /* among `disks`; NULL: it is the one of `disk` */
};

/* A document of `cloud_init:`, as it was found. */
struct vm_document {
	const struct node *node; /* what is written; NULL: nothing */
	const char *text; /* of it, or of the file that it names; NULL: it is a map */
	size_t length;
	struct place place; /* where the text begins */
	bool is_file;
	const struct node *map; /* what the text holds, where that is needed; or NULL */
};

struct vm_cloud_init {
	struct record record;
	const struct node *user_data, *meta_data, *network_config;
	const char *hostname, *user, *pool;
	struct texts keys;
	/* By enum seed_file, where cloud_init is written; none for SEED_VENDOR. */
	struct vm_document *documents;
};

struct vm_boot { /* direct kernel boot */
	struct record record;
	const char *kernel, *initrd, *cmdline;
};

struct vm_interface {
	struct record record;
	/* Written: exactly one of the two, once the defaults are there. Observed: `network`
	 * NULL where it is in no libvirt network; `bridge` the bridge it is plugged into
	 * where libvirt names one, which for a network it does on the live side only. NICs of
	 * other types (direct, user) have neither. Hot-plugged ones are on the live side. */
	const char *network;
	const char *bridge; /* of the host; homek8sd does not manage it */
	struct mac mac;	    /* written; else derived from the VM's name and the index */
	bool mac_given;
	const char *target; /* observed only: the tap, live side */
};

/* A disk of an observed domain, or a file of its backing chain (vm_disk.h). */
struct domain_disk {
	const char *target; /* "vda" */
	const char *bus;    /* "virtio"; observed only, or NULL */
	const char *pool;   /* of a volume, or NULL */
	const char *path;   /* file, device or directory; else the volume's name */
	const char *name;   /* under which it is known; see vm_disk.h */
	uint64_t hash;	    /* of the name */
	bool known_here;    /* this host can say what it is */
	bool hard;	    /* a hard disk, no CD or floppy */
	bool boot;	    /* has a place in the boot order */
	bool shared;	    /* readonly or shareable: others may have it too */
	bool backing;	    /* only read, as what the disk before it is laid over */
	const struct vm_disk *written; /* where it is written; NULL: it was observed */
};

struct vm {
	struct object object;
	const char *domain; /* its name in libvirt; default: the object's name */
	const char *node;   /* its name in the cluster, where that is written */
	int role, state, power, type;
	/* What is found by the guest when it boots (vm_hardware.h). */
	const char *machine; /* its type: "q35"; observed: "pc-q35-7.2", or NULL */
	const char *cpu;     /* "host-model" or another mode, or a model: "EPYC" */
	int firmware;
	struct texts boot_order; /* observed: of other devices too: "floppy" */
	int64_t vcpus;
	int64_t memory;	    /* bytes; what the guest has, not the most that it may */
	bool power_written; /* state or power is, and not only a default */
	bool autostart;
	struct vm_disk disk;
	struct list more_disks; /* of struct vm_disk */
	struct vm_cloud_init cloud_init;
	const struct seed *seed; /* written: what comes of it; NULL: it has none */
	struct vm_boot boot;
	struct list
	    interfaces; /* of struct vm_interface; default: one in the only network */
	const struct vm
	    *as_new; /* written: with `vm_defaults` filled in; NULL: there are none */
	/* Observed: all; written: that of `disk`, where there is one, and the others. */
	struct domain_disk *disks;
	size_t disk_count;
	/* Observed only. */
	const char *uuid;
	bool virtio;	     /* it has a disk or an interface of that sort */
	struct texts drives; /* names of all its drives, those without a medium too */
	bool cpu_is_model;   /* `cpu` is, so that it may be what a mode came to */
	const char *nvram; /* the file, where its name is not what libvirt would choose */
	bool cpu_cache_of_host;	    /* the guest is shown the caches of the host */
	bool boot_order_of_devices; /* it stands at them, not in <os> */
	unsigned boot_devices;	    /* those it has, as bits, by vm_boot_words */
	bool many_vcpus;	    /* it has an IOMMU that lets it have more than 255 */
	struct domain_facts facts;
	int64_t most_vcpus, most_memory; /* that it can be given while it runs */
	bool no_balloon;  /* so its memory changes with its next start only */
	bool agent;	  /* its guest's agent is connected */
	bool marked;	  /* carries our mark, which names its own UUID */
	uint64_t version; /* of the document: vm_patch_version() */
};

/* The stored side of a domain, else the running one; NULL: there is none. */
static inline const struct vm *vm_side(const struct observed *observed)
{
	return !observed ? NULL
			 : (const struct vm *)(observed->config ? observed->config
								: observed->live);
}

/* The one rule by which sizes of memory are rounded, written or observed: up to whole MiB;
 * libvirt itself rounds up to KiB. */
static inline int64_t vm_memory_round(int64_t bytes)
{
	const int64_t mib = (int64_t)1 << 20;

	return bytes > INT64_MAX - mib ? bytes : (bytes + mib - 1) / mib * mib;
}

#endif
