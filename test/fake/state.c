/* SPDX-License-Identifier: MIT */
/* state: lines of {"rv":N,"resource":"...","key":"ns/name","object":{...} or null}. */
#include "test/fake/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test/fake/crd.h"
#include "test/fake/tree.h"

#define APPEND_MAX (64 << 20) /* rewritten when this much was appended */

struct state {
	char *path;
	int fd;
	size_t appended;
};

static void complain(const struct state *st)
{
	fprintf(stderr, "fake-apiserver: %s: %s\n", st->path, strerror(errno));
}

static void read_line(struct store *s, const char *line, size_t n)
{
	const char *why;
	struct json_object *row = tree_parse(line, n, &why);
	uint64_t rv = (uint64_t)json_object_get_int64(tree_get(row, "rv", NULL));
	const char *name = tree_str(row, "resource", NULL);
	const struct resource *res = resource_by_name(name);
	struct json_object *obj = tree_get(row, "object", NULL);

	if (row && !*name) {
		store_set_rv(s, rv);
	} else if (res && obj) {
		store_restore(s, res, rv, obj);
		if (is_crd(res))
			crd_serve(obj);
	} else if (res) {
		store_forget(s, res, rv, tree_str(row, "key", NULL));
	}
	json_object_put(row);
}

static void load(const struct state *st, struct store *s)
{
	FILE *f = fopen(st->path, "re");
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	if (!f)
		return;
	while ((n = getline(&line, &cap, f)) > 0)
		if (line[n - 1] == '\n')
			read_line(s, line, (size_t)n);
	free(line);
	fclose(f);
}

static void put_line(struct buf *out, uint64_t rv, const struct version *v, bool there)
{
	char *name = resource_full_name(v->res);

	buf_fmt(out, "{\"rv\":%llu,\"resource\":\"%s\",\"key\":\"%s\",\"object\":",
	    (unsigned long long)rv, name, v->key);
	if (there)
		buf_add(out, v->text, v->len);
	else
		buf_str(out, "null");
	buf_str(out, "}\n");
	free(name);
}

static bool write_all(int fd, const struct buf *b)
{
	size_t done = 0;

	while (done < b->len) {
		ssize_t n = write(fd, buf_data(b) + done, b->len - done);

		if (n < 0 && errno != EINTR)
			return false;
		done += n > 0 ? (size_t)n : 0;
	}
	return true;
}

static void everything(struct buf *out, struct store *s)
{
	for (size_t i = 0; i < resource_count; i++) {
		size_t count;
		struct version **all = store_at(s, &resources[i], store_rv(s), &count);

		for (size_t j = 0; j < count; j++)
			put_line(out, all[j]->rv, all[j], true);
		store_release(all, count);
	}
	buf_fmt(out, "{\"rv\":%llu}\n", (unsigned long long)store_rv(s));
}

void state_save(struct state *st, struct store *s)
{
	char *fresh = xfmt("%s.new", st->path);
	int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	struct buf out = { 0 };

	everything(&out, s);
	if (fd < 0 || !write_all(fd, &out) || fsync(fd) < 0 ||
	    rename(fresh, st->path) < 0) {
		complain(st);
		if (fd >= 0)
			close(fd);
	} else {
		if (st->fd >= 0)
			close(st->fd);
		st->fd = fd;
		st->appended = 0;
	}
	buf_free(&out);
	free(fresh);
}

struct state *state_open(const char *path, struct store *s)
{
	struct state *st = xalloc(sizeof(*st));

	st->path = xstrdup(path);
	st->fd = -1;
	load(st, s);
	state_save(st, s);
	if (st->fd >= 0)
		return st;
	state_close(st);
	return NULL;
}

void state_note(struct state *st, struct store *s, const struct event *ev)
{
	struct buf out = { 0 };

	if (!ev || st->appended > APPEND_MAX) {
		state_save(st, s);
		return;
	}
	put_line(&out, ev->rv, ev->now, ev->type != CHANGE_DELETED);
	if (!write_all(st->fd, &out))
		complain(st);
	st->appended += out.len;
	buf_free(&out);
}

void state_close(struct state *st)
{
	if (st->fd >= 0)
		close(st->fd);
	free(st->path);
	free(st);
}
