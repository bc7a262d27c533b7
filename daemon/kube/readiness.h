/* SPDX-License-Identifier: MIT */
/*
 * readiness: asks the server as a whole whether it is there: /readyz, then the collection
 * that was refused with 401 last, if there is one, then /version. Where that collection is
 * refused again, others are tried: we are unknown to the server only if it refuses
 * those as well.
 */
#ifndef DAEMON_KUBE_READINESS_H
#define DAEMON_KUBE_READINESS_H

#include "daemon/kube/http.h"

enum readiness_result {
	READINESS_UP,
	READINESS_DOWN,		/* `why` says it; not to be read again for `wait` ms */
	READINESS_UNAUTHORIZED, /* 401 */
	READINESS_UP_BUT,	/* up, and refuses the one collection */
};

struct readiness {
	/* set by the owner */
	int64_t timeout; /* ms, per request */
	void (*done)(
	    void *arg, enum readiness_result result, const char *why, int64_t wait);
	/* The path of another collection than `refused`, of several; NULL: no more. */
	const char *(*other)(void *arg, const char *refused, size_t nth);
	void *arg;
	/* its own */
	struct http *http;
	struct http_request *request;
	const char *server;
	char *refused;
	size_t others; /* that were tried, too */
	char *version; /* "v1.29.0", of the last READINESS_UP; NULL when it did not say */
};

/* `server` as shown in errors, borrowed until the end; `refused` NULL: none. Nothing,
 * while one is under way. */
void readiness_start(
    struct readiness *p, struct http *http, const char *server, const char *refused);
void readiness_stop(struct readiness *p); /* without calling back */
bool readiness_is_asking(const struct readiness *p);
void readiness_done(struct readiness *p);

#endif
