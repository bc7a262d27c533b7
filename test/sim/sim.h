/* SPDX-License-Identifier: MIT */
/*
 * sim: one home, one daemon, one seed. The engine, the plan and all of lib/ are linked as
 * they are; the event loop, the clocks, the disk, the journal and the sources are the
 * simulator's own (host.c, virt.c, kube.c). Nothing here is a thread, a socket or real time:
 * the same seed does the same for ever.
 */
#ifndef TEST_SIM_SIM_H
#define TEST_SIM_SIM_H

#include "daemon/engine/engine.h"
#include "daemon/engine/executor.h"
#include "test/sim/home.h"
#include "test/sim/rng.h"
#include "test/sim/world.h"

struct sim;
struct judge;

#define MS ((int64_t)1000)
#define SECOND ((int64_t)1000000)

enum sim_source { SIM_LIBVIRT, SIM_KUBERNETES, SIM_HOST, SIM_SOURCES };

struct faults {
	bool lossy;			 /* of this home: events of libvirt may be lost */
	int64_t down_until[SIM_SOURCES]; /* the source does not answer */
	unsigned fail_calls;		 /* so many of the next steps fail, */
	unsigned half_calls;		 /* fail though they were done, */
	unsigned slow_calls;		 /* or take long */
	unsigned lost_events, double_events;
	int64_t late_until; /* events come late, in any order, until then */
	bool disk_full;
};

struct call_in_world { /* a step on its way, for the judges */
	const struct action *action;
	const struct kind *kind;
	const char *target, *text, *document;
	const void *arguments;
	const struct home *home; /* what was in force when it was sent */
	uint64_t token;
	int64_t sent_us;  /* this and what follows: of the plan that it is of */
	uint64_t news;	  /* what was known when it was sent */
	bool nodes_known; /* and whether all nodes, */
	bool pools_known; /* and whether all pools, all of libvirt were known */
	bool libvirt_known;
	bool in_window;	  /* whether a window of maintenance was open */
	bool failed_half; /* it is done, and reported as failed, or to nobody */
};

struct disk_file {
	char *text;
	struct home home; /* of last-good.json */
};

struct sim {
	struct arena arena;
	uint64_t seed;
	struct rng rng; /* latencies and the like */
	int64_t now_us, boot_us, wall_ms;
	struct world world;
	struct home home, first;     /* in the files now, and at the beginning */
	const struct home *in_force; /* that the daemon works by; NULL: none yet */
	struct engine *engine;	     /* NULL: it does not run */
	unsigned life;		     /* counts starts and ends of the daemon, */
	int64_t ended_us;	     /* of which the last was then */
	bool stopping;		     /* it is just ending */
	uint64_t news;		     /* readings handed to the daemon */
	struct faults faults;
	struct disk_file state, last_good;
	struct judge *judge;
	bool state_lost;		    /* once */
	struct host_down {		    /* the host is shutting down, or was last */
		int64_t since_us, ended_us; /* 0: not yet */
		unsigned number;
	} down;
	bool observing;	     /* nothing may be done before somebody resumes */
	bool trace, calm;    /* calm: no chance any more, all is prompt */
	const char *promise; /* broken; NULL: none */
	char *failure;
	size_t steps; /* steps of the daemon so far */
	/* Of host.c, virt.c, kube.c. */
	struct host *host;
	struct virt_sim *virt;
	struct kube_sim *kube;
};

extern struct sim *sim; /* the one that runs, for what the engine calls */

void sim_say(const struct sim *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A promise is broken; the first counts. */
void sim_fail(struct sim *s, const char *promise, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Time (host.c) */

/* Called at the time; `life` 0: whatever becomes of the daemon. The argument is in the
 * seed's arena. */
void sim_at(struct sim *s, int64_t at_us, bool of_daemon,
    void (*run)(struct sim *, void *), void *arg);
/* Does what is due next, up to `until`; false: nothing is. */
bool sim_step(struct sim *s, int64_t until_us);
void sim_run(struct sim *s, int64_t us);
/* first .. last ms from now, in us; prompt where the sim is calm. */
int64_t sim_later(struct sim *s, unsigned first_ms, unsigned last_ms);

/* The daemon (host.c) */

void sim_begin(struct sim *s, uint64_t seed);
void sim_end(struct sim *s);
void daemon_start(struct sim *s);
/* Crashing, nothing more is written; stopping, what is to be kept is. */
void daemon_stop(struct sim *s, bool crash);
/* A call of that life of the daemon, which ends now: whether its source carries it out, as one
 * that it had already when the daemon died. */
bool daemon_has_sent(const struct sim *s, unsigned life, uint64_t token);
/* The files were changed; the watch on them reports it. */
/* The storage pool has an event, or one is lost. */
void virt_storage_event(struct sim *s);
void files_changed(struct sim *s);
/* `systemctl reload`: they are read at once. */
void files_reload(struct sim *s);
/* The host begins to shut down, or does not after all. It is off when it is released, when
 * the daemon ends, or after its time. */
void host_shut_down(struct sim *s);
void host_stay(struct sim *s);
/* The host boots: all that ran is gone. */
void host_reboot(struct sim *s);

/* Sources (virt.c, kube.c) */

/* What has changed in the world since is announced. */
void virt_announce(struct sim *s);
void kube_announce(struct sim *s);
void virt_down(struct sim *s, int64_t until_us);
void kube_down(struct sim *s, int64_t until_us);
bool virt_is_idle(const struct sim *s);
/* Everything of it was read since it is there. */
bool virt_knows(const struct sim *s);
bool kube_knows(const struct sim *s, enum w_type type);

/* Judges (judge.c) */

struct judge *judge_new(struct sim *s);
void judge_free(struct sim *s);
/* Around each change of the world; `call` NULL: not ours. */
void judge_before(struct sim *s);
/* The host goes down, to boot again. */
void judge_reboot(struct sim *s);
void judge_after(struct sim *s, const struct call_in_world *call);
/* After each plan. */
void judge_plan(struct sim *s);
/* The daemon sends a step; it must not while it ends. */
void judge_sends(struct sim *s, const struct call *call);
/* The daemon has ended: nothing has become of that. */
void judge_ended(struct sim *s);
/* Somebody approves what is shown: one waiting program of the plan, chosen by `pick`. */
bool judge_approve(struct sim *s, unsigned pick);
/* The same of a kind, at once; what the object is called in its network, or NULL. */
const char *judge_approve_of(struct sim *s, const char *kind, unsigned pick);
/* Somebody has asked for a reconcile of this very VM, which may start it. */
void judge_requested(struct sim *s, const char *vm);
/* Or that it run, or be stopped, until that ends. */
void judge_wish(struct sim *s, const char *vm, bool start);
/* Or that it be restarted. */
void judge_restart(struct sim *s, const char *vm);
/* The configuration in force is another. */
void judge_edited(struct sim *s);
/* Faults have ended a minute ago; and a while later, in which nothing was to be done. */
void judge_end(struct sim *s);
void judge_quiet(struct sim *s, size_t steps);
/* The same where all that has happened is that the daemon was started again. */
void judge_restarted(struct sim *s, size_t steps);
/* The call as it is now, in the arena. */
struct call_in_world *judge_sent(struct sim *s, const struct call *call);
/* The daemon knows the object as it is, and did when the step was sent. */
bool judge_knows(const struct entity *e, const struct call_in_world *call);

#endif
