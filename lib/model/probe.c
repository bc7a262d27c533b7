/* SPDX-License-Identifier: MIT */
/* probe: a sorted array, one entry for each object with a question. */
#include "lib/model/probe.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/sorted.h"
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
	size_t *near; /* where the last look-up found something: most come in order */
};

struct probe_store *probe_store_new(void)
{
	struct probe_store *store = must_alloc(sizeof(*store));

	store->near = must_alloc(sizeof(*store->near));
	return store;
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
	free(store->near);
	free(store);
}

struct key {
	const struct kind *kind;
	const char *name;
};

static int order(const void *element, const void *key)
{
	const struct answer *at = &((const struct entry *)element)->answer;
	const struct key *k = key;
	int by_kind = at->kind == k->kind ? 0 : strcmp(at->kind->name, k->kind->name);

	return by_kind ? by_kind : strcmp(at->name, k->name);
}

/* Where the object's entry stands, or would; true when it does. */
static bool find(const struct probe_store *store, const struct kind *kind,
    const char *name, size_t *index)
{
	struct key key = { kind, name };
	bool found;

	*index = sorted_near(store->items, store->count, sizeof(*store->items), &key,
	    order, &found, store->near);
	return found;
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
	e->answer.at = answer->at;
	e->answer.error = e->error = must_copy(answer->error);
	return true;
}

/* Most look-ups come in order: the one after the last is tried first. */
static bool is_next(const struct probe_store *store, const struct kind *kind,
    const char *name, uint64_t hash, size_t *index)
{
	size_t i = *store->near + 1;
	const struct answer *at;

	if (i >= store->count)
		return false;
	at = &store->items[i].answer;
	if (at->hash != hash || at->kind != kind || strcmp(at->name, name) != 0)
		return false;
	*index = *store->near = i;
	return true;
}

const struct answer *probe_store_find(const struct probe_store *store,
    const struct kind *kind, const char *name, uint64_t hash)
{
	size_t i;

	if (!is_next(store, kind, name, hash, &i) && !find(store, kind, name, &i))
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

bool probe_store_due(
    const struct probe_store *store, const struct probe *probe, struct mono now)
{
	const struct entry *e;
	size_t i;

	if (!find(store, probe->kind, probe->name, &i))
		return true;
	e = &store->items[i];
	return e->old || e->answer.hash != probe->hash || !e->answer.status ||
	       (probe->every && mono_reached(mono_add(e->answer.at, probe->every), now));
}
