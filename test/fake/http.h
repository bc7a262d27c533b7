/* SPDX-License-Identifier: MIT */
/* http: one HTTP/1.1 request, read piece by piece from a buffer. */
#ifndef TEST_FAKE_HTTP_H
#define TEST_FAKE_HTTP_H

#include <stdbool.h>

#include "test/fake/buf.h"

#define HTTP_HEAD_MAX (64 << 10)
#define HTTP_BODY_MAX (3 << 20)
#define HTTP_PAIRS 48

struct pair {
	char *name, *value;
};

struct request {
	char *method;
	char *target; /* path and query as they came */
	char *path;   /* unescaped */
	char *query;  /* as it came, "" when there is none */
	struct pair headers[HTTP_PAIRS], params[HTTP_PAIRS];
	int nheaders, nparams;
	struct buf body;
	bool keep_alive;
	/* reader's own */
	bool head_read, chunked, expects;
	size_t body_left;
	enum { CHUNK_SIZE, CHUNK_DATA, CHUNK_END, CHUNK_TRAILER } chunk;
};

enum http_result { HTTP_MORE, HTTP_READY, HTTP_BAD, HTTP_TOO_LARGE };

/*
 * Eats what it can of `in`. HTTP_READY: the request is whole. HTTP_MORE: call again with
 * more bytes; `expects` then says once that the client waits for "100 Continue".
 */
enum http_result http_read(struct request *r, struct buf *in);

/* Makes the request empty for the next one. */
void http_reset(struct request *r);

/* A header (name in lower case), "" when absent. A query parameter, NULL when absent. */
const char *http_header(const struct request *r, const char *name);
const char *http_param(const struct request *r, const char *name);

/* The parameter as yes or no: "true" and "1" are yes. */
bool http_flag(const struct request *r, const char *name);

/* The standard words for a status code. */
const char *http_reason(int code);

#endif
