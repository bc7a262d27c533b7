/* SPDX-License-Identifier: MIT */
/*
 * hypervisor: what libvirt can run on this host. Observed only, as one object named
 * HYPERVISOR_NAME; nobody writes it, it is neither planned nor shown. Other kinds look it
 * up with planner_observed() and read its facts with hypervisor_facts().
 */
#ifndef LIB_KIND_VM_HYPERVISOR_H
#define LIB_KIND_VM_HYPERVISOR_H

#include "lib/kind/kinds.h"
#include "lib/kind/vm/vm.h"

#define HYPERVISOR_NAME "host"

struct machine_type {
	const char *name;      /* "pc-q35-7.2"; a short one, "q35", is one of its own */
	int64_t vcpus;	       /* most that libvirt takes; 0: not known */
	const char *canonical; /* what that is: "pc-q35-7.2"; NULL: of its own name */
};

struct cpu_model {
	const char *name; /* "EPYC" */
	bool usable;	  /* on this host's processor, or libvirt does not know */
};

/* What domains of one type may have with one machine type: libvirt's domain capabilities. */
struct host_offer {
	const char *type;    /* "kvm", "qemu" */
	const char *machine; /* "pc-q35-7.2" */
	bool uefi;
	bool passthrough, host_model, maximum; /* modes of the CPU */
	const struct cpu_model *models;
	size_t model_count;
};

/* Facts of a reading; values are libvirt's capabilities document, reduced. */
struct host_facts {
	bool kvm;		  /* domains of type kvm can be defined */
	char domain_type[16];	  /* best type there is: "kvm", "qemu", "test" */
	char machine[32];	  /* "q35" where offered, else "" */
	char arch[16];		  /* "x86_64" */
	char uuid[40];		  /* the host's, "" where libvirt does not say it */
	unsigned libvirt_version; /* 9000000 for 9.0.0 */
	const struct machine_type *machines; /* of that architecture */
	size_t machine_count;
	const struct host_offer *offers; /* of some machine types; none: not known */
	size_t offer_count;
};

/* NULL: not observed yet, or it could not be read. Lives as long as what was observed. */
const struct host_facts *hypervisor_facts(const struct planner *p);

/* KVM is not there, and what it would run can be emulated. */
bool hypervisor_emulates(const struct host_facts *host);
/* libvirt's word for how a domain is run of which this is written, be it that the host
 * cannot. */
const char *hypervisor_type(const struct host_facts *host, enum vm_type type);

/*
 * Whether a machine type that is written is in force where a domain has `have`: an alias
 * ("q35", which libvirt writes out) where that is of its family, else where they are the
 * same. `host` NULL: as far as their names say.
 */
bool hypervisor_machine_fits(
    const struct host_facts *host, const char *written, const char *have);
/* Of one family: "pc-q35-6.2" and "q35". */
bool hypervisor_machine_is_akin(
    const struct host_facts *host, const char *x, const char *y);

#endif
