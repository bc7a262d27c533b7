/* SPDX-License-Identifier: MIT */
/*
 * store: of each object of a collection the uid and resource version that were handed on
 * last, by name; a hash table. The objects themselves are the callback's.
 */
#ifndef DAEMON_KUBE_STORE_H
#define DAEMON_KUBE_STORE_H

#include <stdbool.h>
#include <stddef.h>

struct entry {
	struct entry *next; /* in its bucket */
	char *name;
	char *uid, *version;
	bool deleted; /* we deleted it, and its last event has not come yet */
	bool fresh;   /* by our own write since the list under way began */
	bool listed;  /* by the list under way */
};

struct store { /* zeroed is empty */
	struct entry **buckets;
	size_t bucket_count, count;
};

struct entry *store_find(const struct store *s, const char *name); /* NULL: none */
struct entry *store_make(struct store *s, const char *name);	   /* found or new */
void store_set(struct entry *entry, const char *uid, const char *version);
void store_remove(struct store *s, const char *name);
/* Removes what `keep` says no to. */
void store_filter(
    struct store *s, bool (*keep)(struct entry *entry, void *arg), void *arg);
void store_clear(struct store *s);

#endif
