/* SPDX-License-Identifier: MIT */
/*
 * knowledge: whether a watch's collection is known, what is reported where it is not, and
 * since when nothing of use was answered. Knowledge outlives the connection for a time of
 * grace; lost() is called once per cause.
 */
#ifndef DAEMON_KUBE_KNOWLEDGE_H
#define DAEMON_KUBE_KNOWLEDGE_H

#include "daemon/kube/kube_host.h"
#include "lib/base/mono.h"

enum loss { /* why nothing is known of a watch */
	LOSS_NONE,
	LOSS_DOWN,
	LOSS_UNAUTHORIZED,
	LOSS_FORBIDDEN,
	LOSS_MISSING,	 /* there is no such API */
	LOSS_UNREADABLE, /* the server answers, but with nothing to work with */
	LOSS_OFF,
};

struct knowledge {
	/* set by the owner */
	struct kube_host *host;
	const struct kind *kind;
	const char *prefix; /* the watch's */
	/* All that was observed is to be forgotten; `late`: the time of grace is over. */
	void (*forget)(void *arg, bool late);
	void *arg;
	/* its own */
	bool known;	/* the callbacks hold what the server has */
	enum loss loss; /* reported last; LOSS_NONE when known, or nothing was yet */
	/* Since when, and why, nothing of use was answered; NULL: something was. */
	char *failing;
	struct mono failing_since;
	struct ev_timer grace;
	enum loss pending; /* what will be reported when it is over */
	char *pending_why;
};

void knowledge_init(struct knowledge *k);
void knowledge_done(struct knowledge *k);

/* A list is complete: all is known. A watch has been accepted: what is known is current. */
void knowledge_complete(struct knowledge *k);
void knowledge_current(struct knowledge *k);

/* Nothing is known any more. */
void knowledge_lose(struct knowledge *k, enum loss cause, const char *why);
/* Something is wrong that may pass soon: what is known stays known for a while. `answers`:
 * it was found by a request, so that the collection counts as failing. */
void knowledge_doubt(struct knowledge *k, enum loss cause, const char *why, bool answers);

/* The server has said plainly that there is no such collection, or that we may not. */
static inline bool knowledge_is_refused(const struct knowledge *k)
{
	return k->loss == LOSS_MISSING || k->loss == LOSS_FORBIDDEN;
}

#endif
