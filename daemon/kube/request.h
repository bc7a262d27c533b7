/* SPDX-License-Identifier: MIT */
/* request: what a write is, and how it is sent. */
#ifndef DAEMON_KUBE_REQUEST_H
#define DAEMON_KUBE_REQUEST_H

#include "daemon/kube/http.h"
#include "lib/base/error.h"

struct kube_write {
	enum kube_write_kind {
		KUBE_APPLY,  /* server-side apply as our field manager, with force */
		KUBE_MERGE,  /* JSON merge patch (RFC 7396): annotations, one field */
		KUBE_CREATE, /* POST to a collection or a subresource: an eviction */
		KUBE_DELETE,
	} what;
	const char *path; /* of the object; KUBE_CREATE: what is posted to. No query. */
	const char *body; /* JSON; NULL for KUBE_DELETE */
	const char *uid;  /* KUBE_DELETE: only the object with this one; NULL: any */
	bool dry_run;	  /* the server only says what would come of it */
};

/* "apply", "patch", "create", "delete". */
const char *kube_write_verb(const struct kube_write *w);

/*
 * Method, path, content type and body of the call; texts are in the arena. -1: the body
 * is no JSON.
 */
int request_of_write(
    struct arena *a, const struct kube_write *w, struct http_call *call, struct error *e);

#endif
