/* SPDX-License-Identifier: MIT */
/* reqlog: what was asked, and when, so that tests can count writes and measure delays. */
#ifndef TEST_FAKE_REQLOG_H
#define TEST_FAKE_REQLOG_H

#include <json-c/json.h>

#include "test/fake/http.h"

struct reqlog;

struct reqlog *reqlog_new(void);
void reqlog_free(struct reqlog *log);

/* Notes one request, stamped with CLOCK_MONOTONIC now. */
void reqlog_add(struct reqlog *log, const struct request *req);

/*
 * {"total": all since the last clear, "count": those that match, "methods": {"GET": n,
 * ...} of those, "requests": the newest 1000 of those, oldest first}. "count" looks back
 * 65536 requests. The match is part of "METHOD path?query"; NULL takes all. Owned by the
 * caller.
 */
struct json_object *reqlog_show(const struct reqlog *log, const char *match);

void reqlog_clear(struct reqlog *log);

/* CLOCK_MONOTONIC in microseconds. */
int64_t monotonic_us(void);

#endif
