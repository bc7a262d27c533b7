/* SPDX-License-Identifier: MIT */
/* merge: the replies of a stream that has objects, put together: after its first reply a
 * stream sends only what has changed (methods.def, GetStatus). */
#ifndef DAEMON_HOMEK8SCTL_MERGE_H
#define DAEMON_HOMEK8SCTL_MERGE_H

#include <json-c/json.h>

struct merge {			     /* zeroed before the first reply */
	struct json_object *objects; /* "KIND/NAME" to object */
};

/* Makes `reply` what the daemon would answer now: all objects,
 * in the order of kinds and names, and no member `removed`. */
void merge_reply(struct merge *m, struct json_object *reply);
void merge_done(struct merge *m);

#endif
