/* SPDX-License-Identifier: MIT */
/* server_state: what is said of the server as a whole: the state, since when, and why. */
#ifndef DAEMON_KUBE_SERVER_STATE_H
#define DAEMON_KUBE_SERVER_STATE_H

#include "daemon/kube/kube.h"

struct server_state {
	enum kube_status status;
	int64_t since; /* ms since 1970 */
	char *reason;  /* without "next try" */
	struct kube_state shown;
};

void server_state_init(struct server_state *s, enum kube_status status);
void server_state_done(struct server_state *s);

/* True where it is another one, or has another reason, than before. */
bool server_state_set(
    struct server_state *s, enum kube_status status, const char *reason);

/*
 * For people; valid until it is called again. `wait`: ms until the next try, 0: under way;
 * `skipped`: objects whose names are not allowed; `version`: the server's, or NULL.
 */
const struct kube_state *server_state_show(
    struct server_state *s, int64_t wait, size_t skipped, const char *version);

#endif
