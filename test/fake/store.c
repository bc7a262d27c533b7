/* SPDX-License-Identifier: MIT */
/*
 * store: sorted arrays of versions, one per resource, and one log of events in order of
 * their resource versions. To see the past, copy an array and undo the newer events on
 * it; to go back to it, undo them on the array itself.
 */
#include "test/fake/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/fake/tree.h"

#define LOG_KEEP 8192 /* events kept for a rollback, whatever the watch window */

struct set {
	struct version **v;
	size_t count, cap;
};

struct store {
	struct set *sets;
	struct event *log;
	size_t first, end, cap; /* the log holds log[first] .. log[end - 1] */
	size_t window;
	uint64_t rv, oldest;
	void (*changed)(void *arg, const struct event *ev);
	void *arg;
};

struct version *version_ref(struct version *v)
{
	if (v)
		v->refs++;
	return v;
}

void version_unref(struct version *v)
{
	if (!v || --v->refs)
		return;
	free(v->key);
	free(v->text);
	free(v);
}

static struct version *version_make(
    const struct resource *res, uint64_t rv, struct json_object *obj)
{
	struct version *v = xalloc(sizeof(*v));
	struct buf text = { 0 };
	char number[24];

	snprintf(number, sizeof(number), "%llu", (unsigned long long)rv);
	tree_set(tree_child(obj, "metadata"), "resourceVersion", number);
	tree_write(&text, obj, true, false);
	v->len = text.len;
	v->text = xgrow(text.base, text.len);
	v->refs = 1;
	v->rv = rv;
	v->res = res;
	v->key = xfmt("%s/%s", tree_str(obj, "metadata", "namespace", NULL),
	    tree_str(obj, "metadata", "name", NULL));
	return v;
}

struct json_object *store_object(const struct version *v)
{
	const char *why;
	struct json_object *obj = tree_parse(v->text, v->len, &why);

	if (!obj)
		abort();
	return obj;
}

/* Where the key is, or where it belongs. */
static size_t set_seek(const struct set *set, const char *key, bool *found)
{
	size_t lo = 0, hi = set->count;

	*found = false;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		int order = strcmp(set->v[mid]->key, key);

		if (order == 0) {
			*found = true;
			return mid;
		}
		if (order < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Makes the set hold v (its reference is taken over) under the key, or nothing for NULL.
 */
static void set_assign(struct set *set, const char *key, struct version *v)
{
	bool found;
	size_t at = set_seek(set, key, &found);
	struct version *old = found ? set->v[at] : NULL;

	if (found && v) {
		set->v[at] = v;
	} else if (found) {
		set->count--;
		memmove(
		    set->v + at, set->v + at + 1, (set->count - at) * sizeof(*set->v));
	} else if (v) {
		if (set->count == set->cap) {
			set->cap = set->cap ? set->cap * 2 : 64;
			set->v = xgrow(set->v, set->cap * sizeof(*set->v));
		}
		memmove(
		    set->v + at + 1, set->v + at, (set->count - at) * sizeof(*set->v));
		set->v[at] = v;
		set->count++;
	}
	version_unref(old);
}

static struct set *set_of(const struct store *s, const struct resource *res)
{
	return &s->sets[res - resources];
}

struct store *store_new(size_t window)
{
	struct store *s = xalloc(sizeof(*s));

	s->sets = xalloc(RESOURCES_MAX * sizeof(*s->sets));
	s->window = window;
	s->rv = s->oldest = 1;
	return s;
}

static void log_drop_first(struct store *s)
{
	version_unref(s->log[s->first].now);
	version_unref(s->log[s->first].before);
	s->first++;
}

void store_free(struct store *s)
{
	while (s->first < s->end)
		log_drop_first(s);
	for (size_t i = 0; i < resource_count; i++)
		store_release(s->sets[i].v, s->sets[i].count);
	free(s->sets);
	free(s->log);
	free(s);
}

uint64_t store_rv(const struct store *s)
{
	return s->rv;
}

uint64_t store_oldest(const struct store *s)
{
	return s->oldest;
}

void store_listen(
    struct store *s, void (*changed)(void *arg, const struct event *ev), void *arg)
{
	s->changed = changed;
	s->arg = arg;
}

struct version *store_find(
    const struct store *s, const struct resource *res, const char *ns, const char *name)
{
	struct set *set = set_of(s, res);
	char *key = xfmt("%s/%s", ns, name);
	bool found;
	size_t at = set_seek(set, key, &found);

	free(key);
	return found ? set->v[at] : NULL;
}

/* Appends to the log and moves the window's far end. */
static void log_add(struct store *s, struct event ev)
{
	if (s->end == s->cap) {
		size_t held = s->end - s->first;

		if (s->first > s->cap / 2) {
			memmove(s->log, s->log + s->first, held * sizeof(*s->log));
		} else {
			s->cap = s->cap ? s->cap * 2 : 256;
			s->log = xgrow(s->log, s->cap * sizeof(*s->log));
			memmove(s->log, s->log + s->first, held * sizeof(*s->log));
		}
		s->first = 0;
		s->end = held;
	}
	s->log[s->end++] = ev;
	if (s->end - s->first > s->window) {
		uint64_t gone = s->log[s->end - s->window - 1].rv;

		s->oldest = gone > s->oldest ? gone : s->oldest;
	}
	if (s->end - s->first > LOG_KEEP && s->end - s->first > s->window + 1)
		log_drop_first(s);
	if (s->changed)
		s->changed(s->arg, &s->log[s->end - 1]);
}

struct version *store_put(
    struct store *s, const struct resource *res, struct json_object *obj)
{
	struct version *v = version_make(res, ++s->rv, obj), *before;
	struct set *set = set_of(s, res);
	bool found;
	size_t at = set_seek(set, v->key, &found);

	before = found ? version_ref(set->v[at]) : NULL;
	set_assign(set, v->key, v);
	log_add(s, (struct event){
		       .rv = s->rv,
		       .type = before ? CHANGE_MODIFIED : CHANGE_ADDED,
		       .now = version_ref(v),
		       .before = before,
		   });
	return v;
}

struct version *store_remove(struct store *s, struct version *v)
{
	struct json_object *obj = store_object(v);
	struct version *last = version_make(v->res, ++s->rv, obj);

	json_object_put(obj);
	version_ref(v);
	set_assign(set_of(s, v->res), v->key, NULL);
	log_add(s, (struct event){
		       .rv = s->rv, .type = CHANGE_DELETED, .now = last, .before = v });
	return last;
}

void store_restore(
    struct store *s, const struct resource *res, uint64_t rv, struct json_object *obj)
{
	struct version *v = version_make(res, rv, obj);

	set_assign(set_of(s, res), v->key, v);
	store_set_rv(s, rv);
}

void store_forget(
    struct store *s, const struct resource *res, uint64_t rv, const char *key)
{
	set_assign(set_of(s, res), key, NULL);
	store_set_rv(s, rv);
}

void store_set_rv(struct store *s, uint64_t rv)
{
	s->rv = rv > s->rv ? rv : s->rv;
	s->oldest = s->rv;
}

static void undo(struct set *set, const struct event *ev)
{
	set_assign(set, ev->now->key, version_ref(ev->before));
}

struct version **store_at(
    const struct store *s, const struct resource *res, uint64_t rv, size_t *count)
{
	const struct set *live = set_of(s, res);
	struct set past = { .count = live->count, .cap = live->count + 1 };

	past.v = xgrow(NULL, past.cap * sizeof(*past.v));
	for (size_t i = 0; i < live->count; i++)
		past.v[i] = version_ref(live->v[i]);
	for (size_t i = s->end; i > s->first && s->log[i - 1].rv > rv; i--)
		if (s->log[i - 1].now->res == res)
			undo(&past, &s->log[i - 1]);
	*count = past.count;
	return past.v;
}

void store_release(struct version **list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		version_unref(list[i]);
	free(list);
}

const struct event *store_after(const struct store *s, uint64_t rv)
{
	size_t lo = s->first, hi = s->end;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (s->log[mid].rv > rv)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo < s->end ? &s->log[lo] : NULL;
}

void store_compact(struct store *s)
{
	s->oldest = s->rv;
}

bool store_rollback(struct store *s, uint64_t rv)
{
	uint64_t reach = s->first < s->end ? s->log[s->first].rv - 1 : s->rv;

	if (rv < reach || rv > s->rv)
		return false;
	while (s->end > s->first && s->log[s->end - 1].rv > rv) {
		struct event *ev = &s->log[--s->end];

		undo(set_of(s, ev->now->res), ev);
		version_unref(ev->now);
		version_unref(ev->before);
	}
	s->rv = rv;
	s->oldest = s->oldest < rv ? s->oldest : rv;
	if (s->changed)
		s->changed(s->arg, NULL);
	return true;
}
