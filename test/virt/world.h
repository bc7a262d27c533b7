/* SPDX-License-Identifier: MIT */
/*
 * world: a main loop with one virt on it, everything that virt says kept for checks,
 * and how long the loop's turns took.
 */
#ifndef TEST_VIRT_WORLD_H
#define TEST_VIRT_WORLD_H

#include <ev.h>

#include "daemon/virt/virt.h"
#include "lib/kind/actions.h"
#include "lib/base/text.h"
#include "lib/kind/kinds.h"
#include "lib/kind/vm/hypervisor.h"
#include "lib/kind/volume/storage.h"
#include "lib/kind/vm/vm.h"

struct mirrored { /* the last word on one object */
	char *name;
	unsigned observed;   /* how often, since it was first delivered */
	unsigned facts_only; /* of those */
	char *unreadable;    /* NULL: it was readable */
	char *live_xml, *config_xml;
	struct domain_facts domain;
	bool active, persistent, autostart, leases_known;
};

struct mirror { /* of one kind, kept as the daemon's store is */
	struct mirrored *items;
	size_t count;
	bool known;
	unsigned observed, gone, listed, lost;
	char *why; /* it was lost */
};

/* A call as the tests write it. */
struct order {
	const struct action *action;
	const char *target, *text, *body;
	bool on, fresh;
	enum update_command command;
	enum update_section section;
	enum side side;
	const struct domain_patch *patch;
};

struct world {
	struct ev_loop *loop;
	struct virt *virt;
	struct mirror networks, domains, hypervisors, pools, volumes;
	struct host_facts host;
	struct text overdue; /* "7 start domain w\n0 read domain w\n": ticket, what */
	struct text states;  /* "connecting connected down ...", each change */
	struct text events;  /* "vm/test: stopped (destroyed)\n"... */
	unsigned event_count;
	uint64_t ticket; /* of the last step done */
	unsigned steps_done;
	char *error; /* its error, or NULL */
	bool slow, lost, refused;
	unsigned reads_at_done; /* how many there had been */
	int64_t turn_us;	/* longest turn, in processor time */
	int64_t pause_us;	/* longest time the loop did not come round */
	/* A test's own ear, before the mirror is changed; may be NULL. */
	void (*on_observed)(struct world *w, const struct kind *kind, const char *name,
	    const struct reading *reading);
	void (*on_event)(struct world *w, const struct kind *kind, const char *name);
	/* The world's own. */
	int64_t turn_began, came_round;
	ev_timer tick;
	ev_check check;
	ev_prepare prepare;
};

int64_t world_now_us(void);

/* A world whose virt connects to `uri`, networks too unless `network_uri` says else. */
struct world *world_new(const char *uri, const char *network_uri);
/* Ends virt if it is still there; false where it was left behind. */
bool world_free(struct world *w);

/* Runs the loop until cond(w) or for `ms`; whether it came true. */
bool world_wait(struct world *w, bool (*cond)(struct world *w), int64_t ms);
bool world_wait_status(struct world *w, enum virt_status status, int64_t ms);
/* All kinds known. */
bool world_wait_known(struct world *w, int64_t ms);
void world_run(struct world *w, int64_t ms);
void world_reset_times(struct world *w);

const struct mirrored *world_find(
    const struct world *w, const struct kind *kind, const char *name);

/* Runs one step to its end; true when it succeeded. The object's read has come, too. */
bool world_step(struct world *w, struct order step);
/* Hands it to virt, to be answered under the token. */
void world_send(struct world *w, const struct order *order, uint64_t token);

#endif
