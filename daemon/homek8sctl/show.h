/* SPDX-License-Identifier: MIT */
/* show: a method whose answers are shown: once, or with -w again and again. */
#ifndef DAEMON_HOMEK8SCTL_SHOW_H
#define DAEMON_HOMEK8SCTL_SHOW_H

#include "daemon/homek8sctl/ctl.h"
#include "daemon/homek8sctl/merge.h"

struct shown {
	const char *method;
	bool merges; /* later replies of a stream have only what has changed */
	struct merge merge;
	struct json_object *parameters; /* given away; NULL for none */
	const char *names;		/* see output() */
	const char *only; /* the key of the one object it is about, or NULL: all */
	void (*trim)(struct json_object *reply); /* or NULL: before it is shown */
	void (*text)(struct ctl *ctl, struct json_object *reply);
	struct json_object *last; /* shown; while it is watched */
};

/* `out` NULL or where the answer is kept, a new reference. */
enum status show(struct ctl *ctl, struct shown *s, struct json_object **out);
/* One answer, which is changed to what is shown of it. */
void show_reply(struct ctl *ctl, struct json_object *reply, struct shown *s);

#endif
