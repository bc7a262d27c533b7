/* SPDX-License-Identifier: MIT */
/*
 * host: whether this host is shutting down, and who takes its VMs down then. Observed only,
 * as one object named HOST_NAME; nobody writes it, it is neither planned nor shown. The
 * kind vm asks for it while it plans (host_shutdown()).
 */
#ifndef LIB_KIND_HOST_HOST_H
#define LIB_KIND_HOST_HOST_H

#include "lib/kind/kinds.h"

#define HOST_NAME "power"

enum switched { SWITCHED_UNKNOWN, SWITCHED_OFF, SWITCHED_ON };

/* Facts of a reading. */
struct host_power {
	bool reached;	   /* logind answers, */
	bool refused;	   /* but gives no inhibitor */
	struct mono since; /* it is shutting down since then; { 0 }: it is not */
	int64_t longest;   /* ms that logind waits for an inhibitor; 0: it does not say */
	enum switched guests;	     /* libvirt-guests.service */
	enum switched auto_shutdown; /* libvirt's own (qemu.conf), of 11.2 or later */
};

enum host_shutdown {
	HOST_STAYS,
	HOST_TAKES_DOWN, /* it shuts down, and we shut the VMs down in order */
	HOST_WAITS,	 /* it shuts down, and it is not known yet whose the VMs are */
	HOST_LEAVES,	 /* it shuts down, and the VMs are others' to take down */
};

enum host_shutdown host_shutdown(const struct planner *p);

/* While we take them down: until when control planes wait for the others, and until when
 * the host's shutdown is held at the latest. */
struct mono host_others_until(const struct planner *p);
struct mono host_until(const struct planner *p);
/* And until when it is held where nothing is known of the VMs. */
struct mono host_known_by(const struct planner *p);

/* Says, as findings, what keeps `host.shutdown: ordered` from being done. */
void host_report(struct planner *p);

#endif
