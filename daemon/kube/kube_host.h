/* SPDX-License-Identifier: MIT */
/* kube_host: what the parts of one kube share, and what they may say to it. */
#ifndef DAEMON_KUBE_HOST_H
#define DAEMON_KUBE_HOST_H

#include "daemon/kube/http.h"
#include "daemon/kube/tuning.h"

struct kube_host {
	struct ev_loop *loop;
	struct http *http; /* NULL: no connection can be made */
	const struct kube_tuning *tuning;
	const struct kube_callbacks *callbacks;
	void *callback_arg;
	/* A request did not get through: is the server still there? */
	void (*suspect)(struct kube_host *host);
	/* 401: it does not know us (any more); `path` of a collection. */
	void (*refused)(struct kube_host *host, const char *path);
	/* An API that was missing has been listed: others may be there now as well. */
	void (*appeared)(struct kube_host *host);
	/* A collection is being answered as it should be, or no longer is. */
	void (*health)(struct kube_host *host);
};

#endif
