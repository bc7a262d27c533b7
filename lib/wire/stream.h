/* SPDX-License-Identifier: MIT */
/*
 * stream: cuts a Kubernetes watch (JSON values one after the other, cut anywhere by the
 * network) into events. Does not depend on newlines. One object may be 4 MiB at most.
 */
#ifndef LIB_WIRE_STREAM_H
#define LIB_WIRE_STREAM_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/base/error.h"

#define STREAM_MAX_EVENT ((size_t)4 * 1024 * 1024)

enum watch_event {
	EVENT_ADDED,
	EVENT_MODIFIED,
	EVENT_DELETED,
	EVENT_BOOKMARK,
	EVENT_ERROR,
	EVENT_OTHER, /* a type we do not know: to be skipped */
};

struct stream;

struct stream *stream_new(void);
void stream_free(struct stream *s);

/*
 * Feeds bytes; calls back once per whole event, `object` borrowed. Returns 0, or -1 when
 * the text is broken or too large: the watch must then be closed. A callback returning
 * false stops the feeding at once (0 is returned).
 */
int stream_feed(struct stream *s, const char *bytes, size_t length,
    bool (*on_event)(enum watch_event type, struct json_object *object, void *arg),
    void *arg, struct error *e);

/*
 * Resource versions as decimal numbers of any length (KEP-5504): <0, 0, >0; versions that
 * are no numbers compare as equal or, if they differ, as newer.
 */
int resource_version_compare(const char *a, const char *b);

#endif
