/* SPDX-License-Identifier: MIT */
/* words: small texts made of a reply, in the run's arena. */
#ifndef DAEMON_HOMEK8SCTL_WORDS_H
#define DAEMON_HOMEK8SCTL_WORDS_H

#include "daemon/homek8sctl/ctl.h"

/* "KIND/NAME" of an object with both members; "" without. */
const char *object_name(struct ctl *ctl, struct json_object *o);
/* "3m12s" since an RFC 3339 time, or until one; "-" where there is none. */
const char *time_since(struct ctl *ctl, const char *time);
/* "Sep 21 14:13:20", where we are. */
const char *time_of_day(struct ctl *ctl, const char *time_of);
const char *time_until(struct ctl *ctl, const char *time);
/* A value on one line: "8GiB", "yes", "a, b". NULL for null. */
const char *value_text(struct ctl *ctl, struct json_object *value);

#endif
