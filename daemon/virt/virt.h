/* SPDX-License-Identifier: MIT */
/*
 * virt: libvirt, behind threads of its own. Hides every libvirt type and call; what
 * crosses is values.
 *
 * All functions here are called from, and all callbacks run on, the main loop's thread,
 * and none of them blocks: libvirtd stopped, killed or hung changes virt_state() and
 * nothing else.
 */
#ifndef DAEMON_VIRT_VIRT_H
#define DAEMON_VIRT_VIRT_H

#include <ev.h>

#include "daemon/virt/status.h"
#include "lib/model/kind.h"
#include "lib/model/settings.h"
#include "lib/model/action.h"

struct fault;

struct virt_state {
	enum virt_status status;
	int64_t since; /* ms since 1970 */
	const char *
	    detail; /* "qemu:///system: Connection refused; next try in 4s"; never NULL */
	const char *version; /* "9.0.0" or NULL; lives as long as virt */
};

/* All the main loop is sent. Texts and readings are borrowed for the call. A kind is
 * one of those in noun.c: network, vm, hypervisor. */
struct virt_callbacks {
	void (*state)(void *arg); /* virt_state() has changed */
	/* One object was read; its name is libvirt's. After an event that a domain has
	 * stopped, first a reading that is `facts_only`, and the whole a moment later. */
	void (*observed)(
	    void *arg, const struct kind *kind, const struct reading *reading);
	void (*gone)(void *arg, const struct kind *kind, const char *name);
	/* It could not be read, for another reason than not being there. */
	void (*unreadable)(
	    void *arg, const struct kind *kind, const char *name, const char *why);
	/* The whole kind has been read; every object named was delivered by observed() or
	 * unreadable() since the list was taken; all others are gone. */
	void (*listed)(
	    void *arg, const struct kind *kind, const char *const *names, size_t count);
	/* The connection is lost: nothing of the kind is known any more. */
	void (*lost)(void *arg, const struct kind *kind, const char *why);
	/* An event arrived (for the history; the read it causes is virt's own business). */
	void (*event)(
	    void *arg, const struct kind *kind, const char *name, const char *what);
	/*
	 * A call is overdue; said once a call, and nothing is undone: it goes on, and all
	 * others do. `token`: the call's, 0 where it is a read or the connecting; `what`:
	 * "start domain worker-1", "read domain worker-1"; `ms`: for so long so far.
	 */
	void (*overdue)(void *arg, uint64_t token, const char *what, int64_t ms);
	/*
	 * The call given to virt_run() under this token has ended, with the fault, or
	 * NULL: libvirt returned success (which earns a read, already on its way:
	 * `observed` or `gone` follows). After a fault the object is read too, unless the
	 * connection is lost.
	 */
	void (*step_done)(void *arg, uint64_t token, const struct fault *fault);
};

struct virt;

/* Starts the threads and the first connection. Settings are copied. Never fails: being
 * unable to connect is a state. */
struct virt *virt_new(struct ev_loop *loop, const struct libvirt_settings *settings,
    const struct virt_callbacks *callbacks, void *arg);

/* Waits up to 5 s for the calls under way, then leaves their threads behind. True: all
 * ended. */
bool virt_free(struct virt *virt);

const struct virt_state *virt_state(const struct virt *virt);

/* Reads one object before anything that is not urgent; while one such read waits, any
 * number of others are the same read. Kinds that are not libvirt's are ignored. */
void virt_read(struct virt *virt, const struct kind *kind, const char *name);
/* The same a moment later, once nothing urgent is left to do. */
void virt_read_later(struct virt *virt, const struct kind *kind, const char *name);
/* Reads everything there is, as many small calls that let urgent ones pass. */
void virt_read_all(struct virt *virt);
/* The same of one of libvirt's kinds. */
void virt_read_kind(struct virt *virt, const struct kind *kind);
/* Where libvirt is down: connects now instead of waiting for the next try. */
void virt_try_now(struct virt *virt);

/* Queues one call; it is copied. The answer comes through step_done. Calls on one document are carried out one after the other, in this order; those on
 * different documents, two at a time. */
void virt_run(struct virt *virt, const struct call *call);

/* New settings: reconnects if an URI differs. */
void virt_configure(struct virt *virt, const struct libvirt_settings *settings);

#endif
