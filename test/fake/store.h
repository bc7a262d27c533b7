/* SPDX-License-Identifier: MIT */
/*
 * store: the objects, one resource version counter for all of them, and the history of
 * their changes. An object's version never changes once stored: it is kept as its JSON
 * text, and a change makes a new one. The history serves watches (as far back as the
 * window reaches), lists at an exact resource version, and the way back of a restored
 * etcd.
 */
#ifndef TEST_FAKE_STORE_H
#define TEST_FAKE_STORE_H

#include <json-c/json.h>
#include <stdint.h>

#include "test/fake/resource.h"

struct version {
	int refs;
	uint64_t rv;
	const struct resource *res;
	char *key; /* "namespace/name", or "/name" for what has no namespace */
	char *text;
	size_t len;
};

enum change { CHANGE_ADDED, CHANGE_MODIFIED, CHANGE_DELETED };

struct event {
	uint64_t rv;
	enum change type;
	struct version
	    *now; /* for CHANGE_DELETED the last state, with the deletion's rv */
	struct version *before; /* NULL for CHANGE_ADDED */
};

struct store;

/* `window` is how many events a watch may look back. */
struct store *store_new(size_t window);
void store_free(struct store *s);

/* The current resource version, and the oldest one a watch can start from. */
uint64_t store_rv(const struct store *s);
uint64_t store_oldest(const struct store *s);

/* Names one listener for changes: ev is NULL after a rollback. */
void store_listen(
    struct store *s, void (*changed)(void *arg, const struct event *ev), void *arg);

/* The stored version, borrowed, or NULL. `ns` is "" for what has no namespace. */
struct version *store_find(
    const struct store *s, const struct resource *res, const char *ns, const char *name);

/* The object of a version, parsed; owned by the caller. */
struct json_object *store_object(const struct version *v);

/*
 * Writes an object under its metadata's namespace and name and sets its resourceVersion.
 * Removes one. The version returned is borrowed; for a removal it is the last state.
 */
struct version *store_put(
    struct store *s, const struct resource *res, struct json_object *obj);
struct version *store_remove(struct store *s, struct version *v);

/* Puts back a version read from a state file, with the rv it had. Makes no event. */
void store_restore(
    struct store *s, const struct resource *res, uint64_t rv, struct json_object *obj);
void store_forget(
    struct store *s, const struct resource *res, uint64_t rv, const char *key);
void store_set_rv(struct store *s, uint64_t rv);

/*
 * All versions of a resource in key order as they were at `rv`, which must lie between
 * store_oldest() and store_rv(). The array (and a reference to each) is the caller's:
 * store_release().
 */
struct version **store_at(
    const struct store *s, const struct resource *res, uint64_t rv, size_t *count);
void store_release(struct version **list, size_t count);

/* The first event after `rv`, borrowed until the next change; NULL when there is none. */
const struct event *store_after(const struct store *s, uint64_t rv);

/* Ends all history: only the current resource version can still be watched from. */
void store_compact(struct store *s);

/* Goes back to how everything was at `rv`. False when history does not reach that far. */
bool store_rollback(struct store *s, uint64_t rv);

struct version *version_ref(struct version *v);
void version_unref(struct version *v);

#endif
