/* SPDX-License-Identifier: MIT */
/*
 * lister: one whole list of a collection, page by page. Resource version "" is requested,
 * the most recent state: a cached one ("0") would be cheaper for a large cluster, but may
 * be older than what was observed and written already.
 */
#ifndef DAEMON_KUBE_LISTER_H
#define DAEMON_KUBE_LISTER_H

#include <json-c/json.h>

#include "daemon/kube/http.h"
#include "lib/base/mono.h"
#include "lib/model/watch.h"

struct lister_callbacks {
	void (*begin)(void *arg); /* again where a list has to start over */
	/* False: no more is taken in, and the list has failed. */
	bool (*item)(void *arg, struct json_object *object);
	void (*complete)(void *arg, const char *version);
	/* `why` NULL: `answer` says it; else it was answered, but with no list, or `full`,
	 * with one that is too much. */
	void (*failed)(
	    void *arg, const struct http_answer *answer, const char *why, bool full);
};

struct lister {
	/* set by the owner */
	const char *collection;
	const struct lister_callbacks *callbacks;
	void *arg;
	int64_t timeout;
	/* its own */
	struct http *http;
	struct http_request *request;
	char *version; /* of the first page */
	char *token;   /* of the page under way; NULL: it is the first */
	struct mono begun;
	size_t pages, items; /* so far */
	size_t empty;	     /* pages in a row without any */
	unsigned page;	     /* objects a page; 0: as many as usual */
	bool unpaged;
};

void lister_start(struct lister *l, struct http *http);
void lister_stop(struct lister *l); /* without calling back */

/* The watch's path, with its selector as a query. */
const char *lister_url(struct arena *a, const struct watch *watch);
/* PATH with a query added, whether it has one or not. Freed with free(). */
char *lister_path(const char *collection, const char *query);

#endif
