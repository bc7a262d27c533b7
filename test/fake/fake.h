/* SPDX-License-Identifier: MIT */
/* fake: the whole server's state, and one call on it, as every handler gets them. */
#ifndef TEST_FAKE_FAKE_H
#define TEST_FAKE_FAKE_H

#include "test/fake/conn.h"
#include "test/fake/store.h"

struct faults;
struct reqlog;
struct state;
struct storm;
struct watch;

struct fake {
	struct server server;
	struct store *store;
	struct faults *faults;
	struct reqlog *reqlog;
	struct state *state; /* NULL without --state */
	struct storm *storm;
	struct watch *watches;
	struct json_object
	    *webhooks;	   /* of resources whose webhook is down; may be NULL */
	const char *token; /* NULL: no token asked */
	bool client_certs; /* a trusted client certificate lets in */
	double bookmark_interval;
};

/* A request for a resource. The strings are "" where the URL has no such part. */
struct call {
	struct fake *fake;
	struct conn *conn;
	const struct request *req;
	const struct resource *res;
	const char *ns, *name, *sub;
};

#endif
