/* SPDX-License-Identifier: MIT */
/*
 * probe: asks the server as a whole whether it is there: /readyz, then the collection
 * that was refused with 401 last, if there is one, then /version.
 */
#ifndef DAEMON_KUBE_PROBE_H
#define DAEMON_KUBE_PROBE_H

#include "daemon/kube/http.h"

enum probe_result {
	PROBE_UP,
	PROBE_DOWN,	    /* `why` says it; not to be asked again for `wait` ms */
	PROBE_UNAUTHORIZED, /* 401 */
};

struct probe {
	/* set by the owner */
	int64_t timeout; /* ms, per request */
	void (*done)(void *arg, enum probe_result result, const char *why, int64_t wait);
	void *arg;
	/* its own */
	struct http *http;
	struct http_request *request;
	const char *server;
	char *refused;
	char *version; /* "v1.29.0", of the last PROBE_UP; NULL when it did not say */
};

/* `server` as shown in errors, borrowed until the end; `refused` NULL: none. Nothing,
 * while one is under way. */
void probe_start(
    struct probe *p, struct http *http, const char *server, const char *refused);
void probe_stop(struct probe *p); /* without calling back */
bool probe_is_running(const struct probe *p);
void probe_done(struct probe *p);

#endif
