/* SPDX-License-Identifier: MIT */
/*
 * vm_restart_scene: where the restart of a VM stands: what its phase keeps and what is so;
 * for the files vm_restart*.c alone.
 */
#ifndef LIB_KIND_VM_VM_RESTART_SCENE_H
#define LIB_KIND_VM_VM_RESTART_SCENE_H

#include "lib/kind/node/node_drain.h"
#include "lib/kind/vm/vm.h"
#include "lib/plan/item.h"

#define MOVE_MS 15000  /* that addresses may take to move; then it goes on */
#define SILENT_MS 3000 /* that they are given where nobody says whether they have */
#define DRAIN_MS ((int64_t)10 * 60 * 1000) /* then it is said that it takes long */
#define READY_MS ((int64_t)10 * 60 * 1000)
#define SETTLE_MS 15000 /* a Node that is Ready for so long stays it */

#define WHICH_DISK "whether its disk is the one that is written"

enum phase { NONE, CORDON, MOVE, DRAIN, SHUTDOWN, START, READY, SETTLE, UNCORDON };

struct scene {
	struct planner *p;
	struct item *item;
	const struct vm *want, *have;
	const char *domain; /* NULL: there is none */
	const char *reasons;
	enum phase phase;
	/* What the phase keeps. */
	const char *name;    /* of the Node; NULL: it is none */
	const char *boot;    /* of the Node, before */
	const char *token;   /* of our cordon */
	const char *unmoved; /* a Service it announced when its time was over, or NULL */
	const char *moving;  /* in MOVE: what is waited for; NULL: for its cordon */
	int64_t id;	     /* of the domain, before */
	/* What is so. */
	const struct node_object *node; /* NULL: absent, or not known */
	bool known;			/* whether there is such a Node */
	bool due;			/* requested, or approved */
	bool moved;			/* it was in another phase in the last plan */
};

/* Whether the domain runs; whether it is to; whether somebody requested a restart. */
bool restart_runs(const struct scene *s);
bool restart_is_to_run(const struct scene *s);
bool restart_is_wished(const struct scene *s);
/* Whether what is to be changed by it was approved, by a person or by what is written. */
bool restart_is_approved(const struct scene *s);
/* Where it is written when it needs no approval, and that is later: the time, for people;
 * there is a plan then. NULL: it is not, or that is now. */
const char *restart_window(const struct scene *s);
/* Whether it may run with another disk than is written, which a restart for what else differs
 * would give up: libvirt has not said yet. */
bool restart_is_unsure(const struct scene *s);
/* A program of the steps before anything is interrupted, or of that which interrupts: with
 * what an approval is for. */
struct program *restart_program(const struct scene *s);

/* Reads the phase (NULL: none), and the Node it names. */
void restart_read(struct scene *s, const char *phase);
/* Of one that is not written any more: its domain, where that is called otherwise and is
 * nobody else's. */
void restart_find_domain(struct scene *s);
/* Nothing goes on: which Node it would be about, and the token of a new procedure. */
void restart_find_node(struct scene *s);
/* It is about this one; NULL: about none. */
void restart_take_node(struct scene *s, const struct node_object *n);
const char *restart_token(const struct scene *s);
/* The phase as it is kept. */
const char *restart_phase(const struct scene *s);

/* The Node that has its name or address is another machine by its system UUID, and nobody
 * has written that it is this one. */
bool restart_is_other_machine(const struct scene *s);
/* The Node carries this procedure's mark. */
bool restart_is_ours(const struct scene *s);
/* So, and nothing comes to it any more. */
bool restart_is_cordoned(const struct scene *s);
/* Kubernetes is switched off. */
bool restart_is_node_off(const struct scene *s);
/* A phase that begins now is not late, but will be. */
bool restart_is_late(const struct scene *s, int64_t ms);
/* Until when a request to shut down that was sent may be heeded. */
struct mono restart_heeded_until(const struct scene *s);

/* Plans its power as that of any other; false: there is something about it, which goes
 * before what is said of a restart. */
bool restart_power_is_well(const struct scene *s);
/* Says what goes on in the phase, and adds its step. `drain`: in DRAIN, what it comes to. */
void restart_act(struct scene *s, const struct drain *drain);
/* Says that it stands still until that is known. */
void restart_wait_for_disk(struct scene *s);

#endif
