/* SPDX-License-Identifier: MIT */
/*
 * reflector: keeps one watch's collection known: lists it, watches it, and does both again for as
 * long as the server is there. It speaks to the callbacks; to kube it says only what
 * concerns the server as a whole. See reflector.c for how it works.
 */
#ifndef DAEMON_KUBE_REFLECTOR_H
#define DAEMON_KUBE_REFLECTOR_H

#include "daemon/kube/knowledge.h"
#include "lib/wire/api_path.h"

struct reflector;

/* The watch is copied. Paused at first. */
struct reflector *reflector_new(
    struct kube_host *host, const struct kind *kind, const struct watch *watch);
void reflector_free(struct reflector *r); /* not from its callbacks */

const struct kind *reflector_kind(const struct reflector *r);
const struct watch *reflector_watch(const struct reflector *r);
/* The path of its collection, with the selector; and whether that is known now. */
const char *reflector_url(const struct reflector *reflector);
bool reflector_known(const struct reflector *reflector);
/* Its collection alone is refused with 401: it is not known, and tried
 * once more soon, then seldom. */
void reflector_refuse(struct reflector *reflector, const char *why);
/* The server has said plainly that there is no such collection, or that we may not. */
bool reflector_refused(const struct reflector *reflector);
/* Why nothing of use has been answered, and since when; NULL: something has. */
const char *reflector_failing(const struct reflector *reflector, struct mono *since);
size_t reflector_skipped(const struct reflector *r); /* objects with impossible names */

/* The server is there: go on from where it stopped. Nothing, if it is at work. */
void reflector_resume(struct reflector *r);
/* As reflector_resume(), if what it waits for is its API. */
void reflector_resume_missing(struct reflector *r);
/* The server is not there. What was observed stays valid for the time of grace. */
void reflector_pause(struct reflector *r, enum loss cause, const char *why);
/* The same without grace. */
void reflector_lose(struct reflector *r, enum loss cause, const char *why);
/* List anew: at once, or when it is resumed. */
void reflector_relist(struct reflector *r);

/* Our own write was answered: the object as it is now, or that it is gone. */
void reflector_wrote(struct reflector *r, struct json_object *object);
void reflector_removed(struct reflector *r, const struct api_path *path, const char *uid);

#endif
