/* SPDX-License-Identifier: MIT */
/* reflectors: all of them, one per watch that is needed now, treated alike. */
#ifndef DAEMON_KUBE_REFLECTORS_H
#define DAEMON_KUBE_REFLECTORS_H

#include "daemon/kube/reflector.h"
#include "lib/wire/api_path.h"

struct reflectors {
	struct kube_host *host;
	struct reflector **items;
	size_t count;
	struct ev_timer read_all;
	bool running;	 /* resumed, and not paused since */
	enum loss cause; /* of the last pause; LOSS_NONE: there was none */
	char *why;
};

/* At first there is none. */
void reflectors_init(struct reflectors *all, struct kube_host *host);
void reflectors_free(struct reflectors *all);

/* From now on exactly these; calls ended() and begun(). Not from a callback. */
void reflectors_set(
    struct reflectors *all, const struct watch_request *items, size_t count);

/* As the functions of reflector.h, for each; also for those that come later. */
void reflectors_resume(struct reflectors *all);
void reflectors_resume_missing(struct reflectors *all);
void reflectors_pause(struct reflectors *all, enum loss cause, const char *why);
void reflectors_lose(struct reflectors *all, enum loss cause, const char *why);

/* The URL of a collection other than `url`, the nth: first those that are known; NULL: there
 * are no more. */
const char *reflectors_other(const struct reflectors *all, const char *url, size_t nth);
/* The server does not take our credentials for this one, though it does for others. */
void reflectors_refuse(struct reflectors *all, const char *url, const char *why);

/* Lists everything anew, when the loop turns: we may be in the midst of a list. */
void reflectors_read_all(struct reflectors *all);

/* Our own write was answered: to those that watch the collection of this path. */
void reflectors_wrote(
    struct reflectors *all, const struct api_path *path, struct json_object *object);
void reflectors_removed(
    struct reflectors *all, const struct api_path *path, const char *uid);

size_t reflectors_skipped(const struct reflectors *all); /* the sum */
/* Why no collection at all has been answered with anything of use for `ms`; NULL: one has,
 * or not for so long. */
const char *reflectors_failing(const struct reflectors *all, int64_t ms);

#endif
