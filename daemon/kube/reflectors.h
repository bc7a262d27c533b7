/* SPDX-License-Identifier: MIT */
/* reflectors: all of them, one per watch of a kind, treated alike. */
#ifndef DAEMON_KUBE_REFLECTORS_H
#define DAEMON_KUBE_REFLECTORS_H

#include "daemon/kube/reflector.h"

struct reflectors {
	struct reflector **items;
	size_t count;
};

/* Of the kinds that the host's tuning names. */
void reflectors_make(struct reflectors *all, struct reflector_host *host);
void reflectors_free(struct reflectors *all);

/* As the functions of reflector.h, for each. */
void reflectors_resume(struct reflectors *all);
void reflectors_resume_missing(struct reflectors *all);
void reflectors_pause(struct reflectors *all, enum loss cause, const char *why);
void reflectors_lose(struct reflectors *all, enum loss cause, const char *why);
void reflectors_relist(struct reflectors *all);

struct reflector *reflectors_find(const struct reflectors *all, const struct kind *kind);
size_t reflectors_skipped(const struct reflectors *all); /* the sum */

#endif
