/* SPDX-License-Identifier: MIT */
/* server_state: the state and its texts. */
#include "daemon/kube/server_state.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/host/clock.h"
#include "lib/base/arena.h"
#include "lib/base/text.h"

void server_state_init(struct server_state *s, enum kube_status status)
{
	*s = (struct server_state){
		.status = status, .since = clock_wall(), .reason = must_copy("starting")
	};
}

static void forget_shown(struct server_state *s)
{
	free((char *)(uintptr_t)s->shown.detail);
	s->shown.detail = NULL;
}

void server_state_done(struct server_state *s)
{
	forget_shown(s);
	free(s->reason);
	s->reason = NULL;
}

bool server_state_set(struct server_state *s, enum kube_status status, const char *reason)
{
	bool same = s->status == status && strcmp(s->reason, reason) == 0;
	char *copy = must_copy(reason); /* it may be the old one */

	if (s->status != status)
		s->since = clock_wall();
	s->status = status;
	free(s->reason);
	s->reason = copy;
	return !same;
}

static char *make_detail(const struct server_state *s, int64_t wait, size_t skipped)
{
	struct arena a = { 0 };
	char *detail;

	switch (s->status) {
	case KUBE_OFF:
	case KUBE_CONNECTING:
		return must_copy(s->reason);
	case KUBE_CONNECTED:
		if (skipped == 0)
			return must_copy(s->reason);
		return must_printf(
		    "%s; %zu times an object was skipped whose name is not allowed",
		    s->reason, skipped);
	case KUBE_UNAUTHORIZED:
	case KUBE_DOWN:
		break;
	}
	if (wait <= 0)
		return must_printf("%s; trying again", s->reason);
	detail = must_printf("%s; next try in %s", s->reason,
	    duration_text(&a, (wait + 999) / 1000 * 1000));
	arena_done(&a);
	return detail;
}

const struct kube_state *server_state_show(
    struct server_state *s, int64_t wait, size_t skipped, const char *version)
{
	forget_shown(s);
	s->shown = (struct kube_state){ .status = s->status,
		.since = s->since,
		.detail = make_detail(s, wait, skipped),
		.version = version };
	return &s->shown;
}
