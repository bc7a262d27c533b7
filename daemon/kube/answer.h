/* SPDX-License-Identifier: MIT */
/*
 * answer: what an API server's answer says. Errors come as a Status object, or as plain
 * text or HTML from filters and proxies before it; never as one of them only.
 */
#ifndef DAEMON_KUBE_ANSWER_H
#define DAEMON_KUBE_ANSWER_H

#include <json-c/json.h>

#include "daemon/kube/http.h"

/* The server's own words (cut and cleaned), or "" where it gave none. */
const char *answer_message(struct arena *a, const struct http_answer *answer);

/* "403 Forbidden: <message>"; the failure's text where no answer came. */
const char *answer_text(struct arena *a, const struct http_answer *answer);

/* The body as a JSON object, a new reference; NULL with the reason. */
struct json_object *answer_object(const struct http_answer *answer, struct error *e);

/* How long the server wants us to wait, in ms, capped at 30 s; 0: it says nothing. */
int64_t answer_wait(const struct http_answer *answer);

#endif
