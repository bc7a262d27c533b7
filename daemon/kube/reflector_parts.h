/* SPDX-License-Identifier: MIT */
/* reflector_parts: a reflector's own state, for reflector.c and reflector_failures.c alone. */
#ifndef DAEMON_KUBE_REFLECTOR_PARTS_H
#define DAEMON_KUBE_REFLECTOR_PARTS_H

#include "daemon/kube/collection.h"
#include "daemon/kube/lister.h"
#include "daemon/kube/reflector.h"
#include "daemon/kube/watcher.h"
#include "lib/base/arena.h"

enum phase { PHASE_PAUSED, PHASE_LISTING, PHASE_WATCHING, PHASE_WAITING };

struct reflector {
	struct kube_host *host;
	struct arena texts; /* of the watch */
	struct watch watch;
	const char *url; /* its path, with the selector */
	struct collection collection;
	struct lister lister;
	struct watcher watcher;
	enum phase phase;
	char *version;	/* to watch from; NULL: there must be a list first */
	bool must_list; /* though there is a version */
	bool refused;	/* it alone, since it was known last */
	struct knowledge knowledge;

	struct ev_timer retry;
	unsigned failures;
	struct mono failed_at, expired_at;

	struct mono opened_at; /* the watch, */
	struct mono brief_at;  /* and the end of the last one that ended soon */
};

/* What is known is in doubt, for that reason. */
void reflector_doubt(struct reflector *r, enum loss cause, const char *why);
/* Everything under way ends; it goes on after so many ms, or by the connection law. */
void reflector_wait(struct reflector *r, int64_t ms);
void reflector_back_off(struct reflector *r, int64_t at_least);

/* A list or a watch failed: `verb` says which. */
void reflector_on_failure(
    struct reflector *r, const char *verb, const struct http_answer *answer);
/* The server shows more than is kept of any: all of that is dropped. */
void reflector_on_full(struct reflector *r);
/* The lister's callback. */
void reflector_on_list_failed(
    void *arg, const struct http_answer *answer, const char *why, bool full);

#endif
