/* SPDX-License-Identifier: MIT */
/*
 * http_request: what http.c (the loop), http_options.c (a request's options, set before it
 * starts) and http_error.c (what its end means) share. For these three files only.
 */
#ifndef DAEMON_KUBE_HTTP_REQUEST_H
#define DAEMON_KUBE_HTTP_REQUEST_H

#include <curl/curl.h>

#include "daemon/kube/http.h"
#include "lib/base/text.h"

#define CONNECT_TIMEOUT_MS 5000

struct http {
	struct ev_loop *loop;
	CURLM *multi;
	struct ev_timer timeout;
	const struct credentials *credentials;
	char *token;
	struct http_request *requests;
	struct text spare; /* a buffer that no request uses */
};

struct http_request {
	struct http *http;
	struct http_request *next, *previous;
	CURL *easy;
	struct curl_slist *headers, *connect_to;
	struct http_call call; /* its texts are not valid any more */
	char *body;
	struct text in; /* received and not handed on */
	bool opened;	/* a stream whose 200 was reported */
	bool headers_done, too_large;
	char error[CURL_ERROR_SIZE];
	struct ev_timer idle;
};

/* Sets everything of libcurl but where received bytes go. */
void http_set_options(struct http_request *r, const struct http_call *call);

/* The answer's status, 0 before it came. */
int http_status(const struct http_request *r);
enum http_failure http_classify(const struct http_request *r, CURLcode code);
/* What failed, for people, naming the server. */
const char *http_describe(struct arena *a, const struct http_request *r, CURLcode code);

#endif
