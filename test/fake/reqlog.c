/* SPDX-License-Identifier: MIT */
/* reqlog: a ring of request lines. */
#include "test/fake/reqlog.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "test/fake/tree.h"

#define RING 65536
#define SHOWN 1000
#define TARGET_MAX 1000 /* longer targets are cut */

struct entry {
	char *line; /* "METHOD path?query" */
	int64_t at;
	size_t bytes;
};

struct reqlog {
	struct entry ring[RING];
	size_t total; /* the newest is ring[(total - 1) % RING] */
};

int64_t monotonic_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

struct reqlog *reqlog_new(void)
{
	return xalloc(sizeof(struct reqlog));
}

void reqlog_clear(struct reqlog *log)
{
	for (size_t i = 0; i < RING && log->total; i++) {
		free(log->ring[i].line);
		log->ring[i].line = NULL;
	}
	log->total = 0;
}

void reqlog_free(struct reqlog *log)
{
	reqlog_clear(log);
	free(log);
}

void reqlog_add(struct reqlog *log, const struct request *req)
{
	struct entry *e = &log->ring[log->total++ % RING];

	free(e->line);
	e->line = xfmt("%.15s %.*s", req->method, TARGET_MAX, req->target);
	e->at = monotonic_us();
	e->bytes = req->body.len;
}

static struct json_object *show_entry(const struct entry *e)
{
	struct json_object *row = json_object_new_object();
	char *method = xstrdup(e->line), *path = strchr(method, ' '), *query;

	*path++ = '\0';
	query = strchr(path, '?');
	if (query)
		*query++ = '\0';
	tree_set(row, "method", method);
	tree_set(row, "path", path);
	tree_set(row, "query", query ? query : "");
	tree_set_int(row, "time_monotonic_us", e->at);
	tree_set_int(row, "bytes", (int64_t)e->bytes);
	free(method);
	return row;
}

static void count_method(struct json_object *methods, const char *line)
{
	char *method = strndup(line, strcspn(line, " "));

	tree_set_int(
	    methods, method, json_object_get_int64(tree_get(methods, method, NULL)) + 1);
	free(method);
}

struct json_object *reqlog_show(const struct reqlog *log, const char *match)
{
	struct json_object *out = json_object_new_object();
	struct json_object *methods = json_object_new_object();
	struct json_object *rows = json_object_new_array();
	const struct entry **hits = xalloc(RING * sizeof(*hits));
	size_t count = 0;

	for (size_t i = log->total > RING ? log->total - RING : 0; i < log->total; i++) {
		const struct entry *e = &log->ring[i % RING];

		if (match && !strstr(e->line, match))
			continue;
		hits[count++] = e;
		count_method(methods, e->line);
	}
	for (size_t i = count > SHOWN ? count - SHOWN : 0; i < count; i++)
		json_object_array_add(rows, show_entry(hits[i]));
	free(hits);
	tree_set_int(out, "total", (int64_t)log->total);
	tree_set_int(out, "count", (int64_t)count);
	json_object_object_add(out, "methods", methods);
	json_object_object_add(out, "requests", rows);
	return out;
}
