/* SPDX-License-Identifier: MIT */
/* subject: "KIND/NAME" on the command line as parameters of a call. */
#ifndef DAEMON_HOMEK8SCTL_SUBJECT_H
#define DAEMON_HOMEK8SCTL_SUBJECT_H

#include "daemon/homek8sctl/ctl.h"

/*
 * {"kind", "name"} from the first argument; {} where there is none and none is `needed`.
 * NULL after saying what is wrong. New reference.
 */
struct json_object *subject_parse(struct ctl *ctl, bool needed);

#endif
