/* SPDX-License-Identifier: MIT */
/*
 * judge: what the judges share. They compare the world before and after each step with what
 * is written, and know nothing of lib/kind or lib/plan but what a plan shows to people. What
 * the daemon could not know when it sent the step is not held against it.
 */
#ifndef TEST_SIM_JUDGE_H
#define TEST_SIM_JUDGE_H

#include "lib/plan/plan.h"
#include "test/sim/sim.h"

#define APPROVALS 40
#define APPROVED 24
#define REMOVED 12

struct approved_effect {
	enum effect_what what;
	const char *kind, *name, *from, *to;
};

struct approved { /* what somebody was shown and has approved */
	const char *kind, *name;
	struct approved_effect effects[APPROVED];
	size_t count;
	int64_t void_us; /* since when it holds no more; 0: it holds */
};

/* A running NIC's live reservation, or the range that has its address, was taken away: for
 * a moment, if the program's next steps put it back. */
struct removed {
	const char *net, *domain, *vm, *text;
	int id; /* of the domain */
	int64_t at_us, sent_us;
	struct mac mac;
	struct ip was, used; /* reserved (version 0: none), and used by the machine */
};

#define PLANNED 64

struct queued_step { /* a step, and what was known when it was planned */
	const char *text, *target;
	const struct home *home;
	int64_t at_us;
	uint64_t news;
	bool pools_known, libvirt_known, nodes_known;
	bool in_window; /* of maintenance */
};

struct judge {
	struct world before;
	int64_t sent_us;	 /* when the step that is judged was sent */
	bool begun[SIM_SOURCES]; /* of a first start: nothing was there to take over */
	struct approved approvals[APPROVALS];
	size_t approval_count;
	struct removed removed[REMOVED];
	size_t removed_count;
	int asked_down[DOMS];	/* the id of which a step has requested the shutdown, */
	int64_t asked_us[DOMS]; /* and when; */
	int64_t asked_sent_us[DOMS]; /* when the first such step was planned */
	int64_t remedied_us;	     /* the last step of a remediation; 0: none */
	bool requested[DOMS];	     /* by a reconcile of its VM */
	bool may_start[DOMS],
	    may_stop[DOMS];	       /* by `start`, `stop`, whatever ended that */
	bool may_restart[DOMS];	       /* by `restart`, whatever ended that */
	bool taken_down[DOMS];	       /* by a policy that was written then */
	const char *ran_at_boot[DOMS]; /* the VM, before the host booted; or NULL */
	int64_t turn_us; /* when one of these was last started; of its plan */
	const struct home *previous, *current; /* configurations in force */
	unsigned
	    once_version[DOMS]; /* its version after our step that must not be repeated */
	struct queued_step planned[PLANNED]; /* the latest, in a ring */
	size_t planned_count;
	struct ranges taken;  /* of ranges: what the step before took away */
	struct arena scratch; /* emptied after each judgement */
};

/* A running NIC on a libvirt network, for which a reservation would count. */
struct plugged {
	const struct w_dom *dom;
	const struct w_nic *nic;
	const struct w_net *net;
};

/* dnsmasq has its lease: where that was forgotten, with a network that was started anew, the
 * daemon cannot know what address the machine goes on with. */
bool judge_is_leased(const struct w_net *net, struct mac mac);
/* All of them; the count. */
size_t judge_plugged(struct world *w, struct plugged out[DOMS * NICS]);

/* Whether the move of the machine's address was approved; `to` version 0: to whatever. */
bool judge_move_approved(struct sim *s, const char *whom, struct ip from, struct ip to);
/* Another effect on the object of this name; `from` NULL: none is meant. */
bool judge_approved(
    struct sim *s, enum effect_what what, const char *whom, const char *from);

/* The policy that was written when the step was planned approves this restart, by then. */
bool judge_is_maintenance(const struct h_vm *vm, const struct call_in_world *call);

/* Each examines one step: `b` the world before, `s->world` after. */
void judge_addresses(struct sim *s, struct world *b, const struct call_in_world *call);
void judge_services(struct sim *s, struct world *b, const struct call_in_world *call);
void judge_foreign(struct sim *s, struct world *b, const struct call_in_world *call);
void judge_cluster(struct sim *s, struct world *b, const struct call_in_world *call);
void judge_exposed(struct sim *s, struct world *b, const struct call_in_world *call);
void judge_power(struct sim *s, struct world *b, const struct call_in_world *call);
void judge_drain(struct sim *s, struct world *b, const struct call_in_world *call);
/* At the end no Node has our mark, nor a cordon that is nobody's. */
void judge_given_back(struct sim *s, const struct plan *plan);
void judge_change(struct sim *s, struct world *b, const struct call_in_world *call);
/* A seed is deleted. */
void judge_seed(struct sim *s, struct world *b, const struct call_in_world *call);
/* Programs of a network have ended: what was taken away is back. */
void judge_settled(struct sim *s, const struct plan *plan);
/* What a plan calls converged is so. `strict`: whatever the daemon may know. */
void judge_converged(struct sim *s, const struct plan *plan, bool strict);

#endif
