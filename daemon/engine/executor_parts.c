/* SPDX-License-Identifier: MIT */
/* executor_parts: hash tables by kind and name, copies of programs, waiting objects. */
#include "daemon/engine/executor_parts.h"

#include <stdlib.h>
#include <string.h>

#define ROOM_AT_FIRST 64

static size_t hash_of(const struct kind *kind, const char *name)
{
	size_t hash = (size_t)(uintptr_t)kind;

	for (const char *c = name; *c; c++)
		hash = (hash ^ (unsigned char)*c) * (size_t)0x100000001b3ULL;
	return hash ^ (hash >> 29);
}

void *table_find(const struct table *t, const struct kind *kind, const char *name)
{
	struct keyed *p =
	    t->room ? t->buckets[hash_of(kind, name) & (t->room - 1)] : NULL;

	while (p && (p->kind != kind || strcmp(p->name, name) != 0))
		p = p->next;
	return p;
}

static void insert(struct keyed **buckets, size_t room, struct keyed *keyed)
{
	struct keyed **bucket = &buckets[hash_of(keyed->kind, keyed->name) & (room - 1)];

	keyed->next = *bucket;
	*bucket = keyed;
}

static void grow(struct table *t)
{
	size_t room = t->room ? 2 * t->room : ROOM_AT_FIRST;
	struct keyed **buckets = must_alloc(room * sizeof(struct keyed *));

	for (size_t i = 0; i < t->room; i++)
		for (struct keyed *p = t->buckets[i], *next; p; p = next) {
			next = p->next;
			insert(buckets, room, p);
		}
	free(t->buckets);
	t->buckets = buckets;
	t->room = room;
}

void *table_add(struct table *t, const struct kind *kind, const char *name, size_t size)
{
	struct keyed *keyed = must_alloc(size);

	if (t->count >= t->room)
		grow(t);
	keyed->kind = kind;
	keyed->name = must_copy(name);
	insert(t->buckets, t->room, keyed);
	t->count++;
	return keyed;
}

void table_remove(struct table *t, void *item)
{
	struct keyed *keyed = item, **at;

	at = &t->buckets[hash_of(keyed->kind, keyed->name) & (t->room - 1)];
	while (*at != keyed)
		at = &(*at)->next;
	*at = keyed->next;
	free(keyed->name);
	free(keyed);
	t->count--;
}

void **table_all(const struct table *t, struct arena *a)
{
	void **all = arena_array(a, t->count + 1, sizeof(*all));
	size_t count = 0;

	for (size_t i = 0; i < t->room; i++)
		for (struct keyed *p = t->buckets[i]; p; p = p->next)
			all[count++] = p;
	return all;
}

void table_done(struct table *t)
{
	free(t->buckets);
	*t = (struct table){ 0 };
}

/* Programs */

static void copy_step(struct run *run, struct entry *entry, const struct step *step)
{
	struct arena *a = &run->arena;

	entry->run = run;
	entry->step = *step;
	entry->step.program = NULL;
	entry->step.name = run->work->key.name;
	entry->step.target = arena_copy(a, step->target);
	entry->step.text = arena_copy(a, step->text);
	if (step->arguments) {
		void *arguments = arena_alloc(a, step->action->size);

		memcpy(arguments, step->arguments, step->action->size);
		if (step->action->keep)
			step->action->keep(a, arguments);
		entry->step.arguments = arguments;
	}
}

struct run *run_new(struct work *work, const struct program *program)
{
	struct run *run = must_alloc(sizeof(*run));

	run->work = work;
	run->count = program->step_count;
	run->entries = arena_array(&run->arena, run->count, sizeof(*run->entries));
	for (size_t i = 0; i < run->count; i++) {
		copy_step(run, &run->entries[i], program->steps[i]);
		run->entries[i].must_be =
		    program->item->phase || program->steps[i]->action->once;
		run->entries[i].noted =
		    run->entries[i].must_be || program->steps[i]->action->lasts;
		for (size_t k = 0; k < i; k++)
			if (program->steps[i]->restores == program->steps[k])
				run->entries[i].restores = k + 1;
	}
	run->next = work->runs;
	work->runs = run;
	return run;
}

void run_free(struct run *run)
{
	arena_done(&run->arena);
	free(run);
}

/* Waiting */

/* A thousand objects may wait for one document, and each end of a step asks: nearly always
 * the work waits for nothing yet, or for this one alone. */
static bool awaits(const struct document *d, const struct work *work)
{
	if (!work->awaited || work->last == d)
		return work->last == d;
	for (size_t i = 0; i < d->waiters.count; i++)
		if (d->waiters.items[i] == work)
			return true;
	return false;
}

void document_await(struct document *d, struct work *work)
{
	if (awaits(d, work))
		return;
	work->last = d;
	d->waiters.items = must_realloc(
	    d->waiters.items, (d->waiters.count + 1) * sizeof(*d->waiters.items));
	d->waiters.items[d->waiters.count++] = work;
	work->awaited++;
}

void document_observed(struct document *d,
    void (*each)(void *arg, struct document *d, struct work *work), void *arg)
{
	struct waiters waiters = d->waiters;

	d->waiters = (struct waiters){ 0 };
	for (size_t i = 0; i < waiters.count; i++) {
		struct work *work = waiters.items[i];

		work->awaited--;
		if (work->last == d)
			work->last = NULL;
		each(arg, d, work);
	}
	free(waiters.items);
}
