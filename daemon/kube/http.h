/* SPDX-License-Identifier: MIT */
/*
 * http: requests to one API server, on the main loop. Hides libcurl, connections, TLS,
 * timeouts and size caps; knows nothing of Kubernetes but how to send its credentials.
 *
 * HTTP/1.1, TLS 1.2 or later, no redirects, no environment proxies. Every callback runs
 * from the loop, never from within a call made here, and may start and cancel any
 * request, but not free the http it came from.
 */
#ifndef DAEMON_KUBE_HTTP_H
#define DAEMON_KUBE_HTTP_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/wire/credentials.h"

enum http_failure {
	HTTP_ANSWERED,	  /* none: there is a status, and a whole body */
	HTTP_REFUSED,	  /* nothing listens there */
	HTTP_UNREACHABLE, /* no connection: unknown name, no route, no answer */
	HTTP_TLS,	  /* a certificate was refused by one of the two */
	HTTP_BROKEN,	  /* the connection was lost, or its time was over */
	HTTP_SILENT,	  /* a stream without a byte for `idle` */
	HTTP_TOO_LARGE,
};

struct http_answer { /* borrowed for the call */
	enum http_failure failure;
	int status;	  /* 0 when none came */
	bool sent;	  /* the server may have received the request */
	const char *body; /* NUL-terminated; empty for a stream's 200 */
	size_t length;
	int64_t retry_after; /* ms, as the server says; -1 */
	const char *error;   /* failures: "connection refused (https://...)"; else "" */
};

struct http_call {
	const char *method;
	const char *path;	  /* with its query; "/api/v1/nodes?limit=500" */
	const char *content_type; /* of the body; NULL without one */
	const char *body;
	int64_t timeout;  /* ms in all; 0 for a stream */
	int64_t idle;	  /* streams: ms without a byte until it is closed; else 0 */
	size_t max_bytes; /* of the answer's body; streams have no such end */
	/* Streams: called with 0 bytes when the 200 has come, then with each piece. */
	void (*bytes)(void *arg, const char *bytes, size_t length);
	/* Once, at the end, unless the request was cancelled. It is gone then. */
	void (*done)(void *arg, const struct http_answer *answer);
	void *arg;
};

struct http;
struct http_request;

/* The credentials are borrowed and must outlive it. */
struct http *http_new(struct ev_loop *loop, const struct credentials *credentials);
/* Ends all requests without calling back, closes all connections. NULL allowed. */
void http_free(struct http *http);

/* For requests begun from now on; copied. NULL: none. */
void http_set_token(struct http *http, const char *token);

/* What it needs of the call is copied. */
struct http_request *http_start(struct http *http, const struct http_call *call);
/* Ends it without calling back. NULL allowed. */
void http_cancel(struct http_request *request);

/* A query value, escaped. Freed with free(). */
char *http_escape(const char *value);

#endif
