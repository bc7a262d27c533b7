/* SPDX-License-Identifier: MIT */
/*
 * virt: libvirt, behind two threads. Hides every libvirt type and call; what crosses is
 * values.
 *
 * All functions here are called from, and all callbacks run on, the main loop's thread,
 * and none of them blocks: libvirtd stopped, killed or hung changes virt_state() and
 * nothing else.
 */
#ifndef DAEMON_VIRT_VIRT_H
#define DAEMON_VIRT_VIRT_H

#include <ev.h>

#include "lib/model/kind.h"
#include "lib/model/settings.h"
#include "lib/plan/plan.h"

enum virt_status {
	VIRT_CONNECTING,
	VIRT_CONNECTED,
	VIRT_UNRESPONSIVE, /* a call or an open is overdue */
	VIRT_DOWN,	   /* not reachable; next try is on its way */
};

struct virt_state {
	enum virt_status status;
	int64_t since; /* ms since 1970 */
	const char *
	    detail; /* "qemu:///system: Connection refused; next try in 4s"; never NULL */
	const char *version; /* "9.0.0" or NULL; lives as long as virt */
};

/* Everything the main loop hears. Texts and readings are borrowed for the call. */
struct virt_callbacks {
	void (*state)(void *arg); /* virt_state() has changed */
	void (*host)(void *arg, const struct host_facts *facts);
	/* One object was looked at: kind is network_kind or vm_kind, name is libvirt's.
	 */
	void (*seen)(void *arg, const struct kind *kind, const struct reading *reading);
	void (*gone)(void *arg, const struct kind *kind, const char *name);
	/* It could not be read, for another reason than not being there. */
	void (*unreadable)(
	    void *arg, const struct kind *kind, const char *name, const char *why);
	/* The whole kind has been read; every object named was delivered by seen() or
	 * unreadable() since the list was taken; all others are gone. */
	void (*listed)(
	    void *arg, const struct kind *kind, const char *const *names, size_t count);
	/* The connection is lost: nothing of the kind is known any more. */
	void (*lost)(void *arg, const struct kind *kind, const char *why);
	/* An event arrived (for the history; the look it causes is virt's own business).
	 */
	void (*event)(
	    void *arg, const struct kind *kind, const char *name, const char *what);
	/*
	 * The step given to virt_step() under this ticket has ended. `error` NULL:
	 * libvirt returned success (which earns a look, already on its way: `seen` or
	 * `gone` follows). `slow`: retrying soon is pointless (refused, not supported).
	 * After an error the object is looked at too. `lost`: the outcome is unknown, the
	 * connection broke.
	 */
	void (*step_done)(
	    void *arg, uint64_t ticket, const char *error, bool slow, bool lost);
};

struct virt;

/* Starts both threads and the first connection. Settings are copied. Never fails: being
 * unable to connect is a state. */
struct virt *virt_new(struct ev_loop *loop, const struct libvirt_settings *settings,
    const struct virt_callbacks *callbacks, void *arg);

/* Waits up to 5 s for a call under way, then leaves the thread behind. True: all ended.
 */
bool virt_free(struct virt *virt);

const struct virt_state *virt_state(const struct virt *virt);

/* Look at one object (deduplicated while one look is queued), or at everything. */
void virt_look(struct virt *virt, const struct kind *kind, const char *name);
void virt_look_all(struct virt *virt);
/* Where libvirt is down: connects now instead of waiting for the next try. */
void virt_try_now(struct virt *virt);
/* Look at one object a moment later, once nothing urgent is left to do. */
void virt_look_later(struct virt *virt, const struct kind *kind, const char *name);

/* Queues one step; what it needs of it is copied. The answer comes through step_done. */
void virt_step(struct virt *virt, const struct step *step, uint64_t ticket);

/* New settings: reconnects if an URI differs. */
void virt_configure(struct virt *virt, const struct libvirt_settings *settings);

#endif
