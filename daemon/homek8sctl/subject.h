/* SPDX-License-Identifier: MIT */
/* subject: "KIND/NAME" on the command line as parameters of a call. */
#ifndef DAEMON_HOMEK8SCTL_SUBJECT_H
#define DAEMON_HOMEK8SCTL_SUBJECT_H

#include "daemon/homek8sctl/ctl.h"

/*
 * {"kind", "name"} from the argument ("vm/worker-1", or "vm" and "worker-1"); {} where
 * there is none and none is `needed`. NULL after saying what is wrong. New reference.
 */
struct json_object *subject_parse(struct ctl *ctl, bool needed);

/* The same, as the daemon knows the object: "key" is there too. `*status` says why it is
 * NULL. */
struct json_object *subject_resolve(struct ctl *ctl, enum status *status);

/* Says that there is no such kind, and which one may have been meant. */
void subject_no_kind(struct ctl *ctl, const char *kind);

#endif
