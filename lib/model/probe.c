/* SPDX-License-Identifier: MIT */
/* probe: a sorted array, one entry for each object with a question. */
#include "lib/model/probe.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/model/kind.h"

struct entry {
	struct answer answer; /* kind, name and hash: the question; name is owned */
	char *error;
	bool answered, requested;
	bool old; /* its answer: another one is due */
};

struct probe_store {
	struct entry *items; /* sorted by the kind's name, then the object's */
	size_t count, room;
};

struct probe_store *probe_store_new(void)
{
	return must_alloc(sizeof(struct probe_store));
}

static void forget_answer(struct entry *e)
{
	json_object_put(e->answer.json);
	free(e->error);
	e->answer.json = NULL;
	e->answer.status = 0;
	e->answer.error = e->error = NULL;
	e->answered = e->old = false;
}

static void free_entry(struct entry *e)
{
	forget_answer(e);
	free((char *)(uintptr_t)e->answer.name);
}

void probe_store_free(struct probe_store *store)
{
	for (size_t i = 0; i < store->count; i++)
		free_entry(&store->items[i]);
	free(store->items);
	free(store);
}

/* Where the object's entry stands, or would; true when it does. */
static bool find(const struct probe_store *store, const struct kind *kind,
    const char *name, size_t *index)
{
	size_t low = 0, high = store->count;
	int order = 1;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct answer *at = &store->items[middle].answer;

		order = strcmp(at->kind->name, kind->name);
		if (order == 0)
			order = strcmp(at->name, name);
		if (order == 0) {
			*index = middle;
			return true;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*index = low;
	return false;
}

static struct entry *insert(struct probe_store *store, size_t index)
{
	struct entry *e;

	if (store->count == store->room) {
		store->room = store->room ? 2 * store->room : 16;
		store->items =
		    must_realloc(store->items, store->room * sizeof(*store->items));
	}
	e = store->items + index;
	memmove(e + 1, e, (store->count - index) * sizeof(*e));
	store->count++;
	*e = (struct entry){ .answered = false };
	return e;
}

static void ask_one(struct probe_store *store, const struct probe *probe)
{
	struct entry *e;
	size_t i;

	if (find(store, probe->kind, probe->name, &i)) {
		e = &store->items[i];
		if (e->answer.hash != probe->hash)
			forget_answer(e);
	} else {
		e = insert(store, i);
		e->answer.kind = probe->kind;
		e->answer.name = must_copy(probe->name);
	}
	e->answer.hash = probe->hash;
	e->requested = true;
}

void probe_store_ask(struct probe_store *store, const struct probe *probes, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < store->count; i++)
		store->items[i].requested = false;
	for (size_t i = 0; i < count; i++)
		ask_one(store, &probes[i]);
	for (size_t i = 0; i < store->count; i++) {
		if (store->items[i].requested)
			store->items[kept++] = store->items[i];
		else
			free_entry(&store->items[i]);
	}
	store->count = kept;
}

bool probe_store_put(struct probe_store *store, const struct answer *answer)
{
	struct entry *e;
	size_t i;

	if (!find(store, answer->kind, answer->name, &i) ||
	    store->items[i].answer.hash != answer->hash)
		return false;
	e = &store->items[i];
	forget_answer(e);
	e->answered = true;
	e->answer.status = answer->status;
	e->answer.json = json_object_get(answer->json);
	e->answer.error = e->error = must_copy(answer->error);
	return true;
}

const struct answer *probe_store_find(const struct probe_store *store,
    const struct kind *kind, const char *name, uint64_t hash)
{
	size_t i;

	if (!find(store, kind, name, &i))
		return NULL;
	if (!store->items[i].answered || store->items[i].answer.hash != hash)
		return NULL;
	return &store->items[i].answer;
}

void probe_store_renew(struct probe_store *store, const struct source *source)
{
	for (size_t i = 0; i < store->count; i++)
		store->items[i].old |= store->items[i].answer.kind->source == source;
}

bool probe_store_due(const struct probe_store *store, const struct probe *probe)
{
	const struct entry *e;
	size_t i;

	if (!find(store, probe->kind, probe->name, &i))
		return true;
	e = &store->items[i];
	return e->old || e->answer.hash != probe->hash || !e->answer.status;
}
