/* SPDX-License-Identifier: MIT */
/*
 * kube: the Kubernetes API, behind libcurl's multi interface on the main loop. Hides
 * every libcurl type, the kubeconfig, list and watch, and resource versions. One thread,
 * never blocking.
 *
 * It lists and watches what kube_watch() says (lib/model/watch.h) and hands over whole
 * objects, without the fields others manage and without last-applied annotations. Their
 * external name is the watch's prefix, then [NAMESPACE/]NAME.
 */
#ifndef DAEMON_KUBE_KUBE_H
#define DAEMON_KUBE_KUBE_H

#include <ev.h>

#include "lib/model/kind.h"
#include "lib/model/probe.h"
#include "lib/model/settings.h"

enum kube_status {
	KUBE_OFF, /* no kubeconfig, or switched off */
	KUBE_CONNECTING,
	KUBE_CONNECTED,
	KUBE_UNAUTHORIZED,
	KUBE_DOWN,
};

struct kube_state { /* valid until kube_state() is called again */
	enum kube_status status;
	int64_t since;	     /* ms since 1970 */
	const char *detail;  /* never NULL; names the server, or why, and the next try */
	const char *version; /* "v1.29.0" or NULL */
};

struct kube_outcome {	   /* of a write */
	const char *error; /* NULL: done */
	bool slow;	   /* it was refused; to try again soon is of no use */
	bool lost;	   /* no answer came: it may have been done, or be done later */
	bool refused;	   /* it was certainly not done */
	int64_t retry_after_ms; /* the server asks to wait for so long (429, 5xx); 0 */
};

struct kube_callbacks { /* texts and readings are borrowed for the call */
	/* Status, or the reason for it, has changed. */
	void (*state)(void *arg);
	void (*observed)(
	    void *arg, const struct kind *kind, const struct reading *reading);
	void (*gone)(void *arg, const struct kind *kind, const char *name);
	/* Whether no more of the kind is to be handed over: what the watch has shown is then
	 * forgotten, and said to be lost. NULL: never. */
	bool (*full)(void *arg, const struct kind *kind);
	/* A watch begins: nothing is known of it yet. It ends: its objects are to be
	 * forgotten. `prefix` says which of the kind's watches; borrowed. */
	void (*begun)(void *arg, const struct kind *kind, const char *prefix);
	void (*ended)(void *arg, const struct kind *kind, const char *prefix);
	/* The list is complete: `names` are all there are of this watch. */
	void (*listed)(void *arg, const struct kind *kind, const char *prefix,
	    const char *const *names, size_t count);
	/* Nothing of the watch is known: down, forbidden, or its API is missing (then
	 * `why` is the watch's `missing`). Said once per cause; the next listed() ends
	 * it. Only this says so, not kube_state(): while the server is away for less than
	 * 20 s, what was observed stays valid, so that objects do not notice its restart. */
	void (*lost)(void *arg, const struct kind *kind, const char *prefix,
	    const char *why, bool refused);
	/* A write has ended. After success `observed` or `gone` with the server's answer has
	 * run already, where the object is watched. */
	void (*step_done)(void *arg, uint64_t ticket, const struct kube_outcome *outcome);
	/* A probe was answered, or status 0: it could not be, `error` says why, and the
	 * plan is to ask again (kube_ask() waits by itself). NULL: nobody asks. */
	void (*answered)(void *arg, const struct answer *answer);
};

struct kube;
struct kube_write;

/* Settings are copied. `config_dir`: where kubeconfig is searched when no path is set
 * and there is no credentials directory. Never fails: being off or down is a state. */
struct kube *kube_new(struct ev_loop *loop, const struct kubernetes_settings *settings,
    const char *config_dir, const struct kube_callbacks *callbacks, void *arg);
void kube_free(struct kube *kube); /* not from a callback */

const struct kube_state *kube_state(struct kube *kube);

/* The whole set of watches that is needed from now on; at first none is. Copied. Those
 * that are no longer needed end, new ones begin, both with a callback from within this
 * call; the others go on undisturbed. Not from a callback. */
void kube_watch(struct kube *kube, const struct watch_request *items, size_t count);

/* Lists everything anew (resync), or reads the kubeconfig again and starts over if it
 * differs. Both begin when the loop turns; allowed from callbacks, as are kube_ask(),
 * and kube_send(). */
void kube_read_all(struct kube *kube);
void kube_configure(struct kube *kube, const struct kubernetes_settings *settings);
/* Where the server is down or refuses us: asks now instead of waiting for the next try.
 */
void kube_try_now(struct kube *kube);

/* Asks what the probe says (lib/model/probe.h), unless that is under way; what was requested
 * under its kind and name before, with another hash, is no longer waited for. Copied.
 * While there is no connection nothing is sent and nothing answered. */
void kube_ask(struct kube *kube, const struct probe *probe);

/* A write (daemon/kube/request.h); copied. `about` names its object in errors. Up to 8
 * run at a time, never two on one object; those on one object in the order in which they
 * came. */
void kube_send(struct kube *kube, const struct kube_write *write, const char *about,
    uint64_t ticket);

#endif
