/* SPDX-License-Identifier: MIT */
/* store: chained buckets, doubled when there is more than one entry each. */
#include "daemon/kube/store.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"

#define FIRST_BUCKETS 16

/* FNV-1a. Names are of objects somebody may create in the cluster; a flood of colliding
 * ones makes a chain longer, no worse. */
static size_t hash(const char *name)
{
	uint64_t h = 14695981039346656037u;

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 1099511628211u;
	return (size_t)h;
}

static struct entry **slot(const struct store *s, const char *name)
{
	struct entry **at = &s->buckets[hash(name) & (s->bucket_count - 1)];

	while (*at && strcmp((*at)->name, name) != 0)
		at = &(*at)->next;
	return at;
}

static void grow(struct store *s)
{
	struct store bigger = { .bucket_count = s->bucket_count ? s->bucket_count * 2
								: FIRST_BUCKETS };

	bigger.buckets = must_alloc(bigger.bucket_count * sizeof(struct entry *));
	for (size_t i = 0; i < s->bucket_count; i++) {
		while (s->buckets[i]) {
			struct entry *moved = s->buckets[i];

			s->buckets[i] = moved->next;
			moved->next = NULL;
			*slot(&bigger, moved->name) = moved;
		}
	}
	bigger.count = s->count;
	free(s->buckets);
	*s = bigger;
}

struct entry *store_find(const struct store *s, const char *name)
{
	return s->bucket_count ? *slot(s, name) : NULL;
}

struct entry *store_make(struct store *s, const char *name)
{
	struct entry **at;

	if (s->count >= s->bucket_count)
		grow(s);
	at = slot(s, name);
	if (!*at) {
		*at = must_alloc(sizeof(**at));
		(*at)->name = must_copy(name);
		s->count++;
	}
	return *at;
}

/* In place where it has the same length: uids stay, versions grow slowly. */
static void set_text(char **text, const char *with)
{
	size_t length = strlen(with);

	if (*text && strlen(*text) == length) {
		memcpy(*text, with, length);
		return;
	}
	free(*text);
	*text = must_copy(with);
}

void store_set(struct entry *entry, const char *uid, const char *version)
{
	set_text(&entry->uid, uid);
	set_text(&entry->version, version);
}

static void remove_at(struct store *s, struct entry **at)
{
	struct entry *entry = *at;

	*at = entry->next;
	s->count--;
	free(entry->name);
	free(entry->uid);
	free(entry->version);
	free(entry);
}

void store_remove(struct store *s, const char *name)
{
	struct entry **at = s->bucket_count ? slot(s, name) : NULL;

	if (at && *at)
		remove_at(s, at);
}

void store_filter(
    struct store *s, bool (*keep)(struct entry *entry, void *arg), void *arg)
{
	for (size_t i = 0; i < s->bucket_count; i++) {
		struct entry **at = &s->buckets[i];

		while (*at) {
			if (keep(*at, arg))
				at = &(*at)->next;
			else
				remove_at(s, at);
		}
	}
}

static bool keep_none(struct entry *entry, void *arg)
{
	(void)entry;
	(void)arg;
	return false;
}

void store_clear(struct store *s)
{
	store_filter(s, keep_none, NULL);
	free(s->buckets);
	*s = (struct store){ 0 };
}
