/* SPDX-License-Identifier: MIT */
/*
 * observer: which object is being read, and what a round still waits for.
 *
 * Every object that was named has an entry, with its newest read not delivered yet.
 * Asking again while that one waits in the queue adds nothing; while it runs, it may
 * already have passed what has changed since, so one more is queued behind it.
 *
 * A round is a list and then a read of each name on it. It ends when every one of those
 * reads was delivered. What an event brought up meanwhile belongs to the round too, and
 * what was found to be gone does not: when it ends, the names of the round are exactly
 * what is there. The list and a read that was requested after it may be made in either
 * order, so an object found by such a read and not on the list is read once more.
 *
 * What could not be read is read again after a while, since no event may report that the
 * cause is gone.
 */
#include "daemon/virt/observer.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/virt/observer_calls.h"

#define UNREADABLE_AGAIN_S 10.0
#define LATER_S 0.05 /* what the news leads to has been planned and sent by then */

struct entry {
	char *name;
	struct read *read;  /* posted last and not delivered yet */
	uint64_t delivered; /* number of the last read that was delivered */
	uint64_t awaited;   /* the round waits for the read of this number or a later */
	bool in_round, unreadable;
	bool later; /* to be read when the timer of that name is due */
};

struct observer {
	struct ev_loop *loop;
	struct calls *calls;
	const struct noun *noun;
	struct observer_callbacks callbacks;
	void *arg;
	struct connection *connection;
	struct entry **entries; /* sorted by name */
	size_t count, room;
	uint64_t last_number;
	struct listing *listing; /* posted and not delivered yet */
	bool round, again;	 /* a round is under way; another was requested */
	size_t awaited;		 /* entries the round waits for */
	ev_timer retry, later;
};

/* Entries. */

/* Where `name` stands or would have to. */
static size_t place_of(const struct observer *o, const char *name)
{
	size_t low = 0, high = o->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(o->entries[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct entry *entry_find(const struct observer *o, const char *name)
{
	size_t at = place_of(o, name);

	if (at < o->count && strcmp(o->entries[at]->name, name) == 0)
		return o->entries[at];
	return NULL;
}

static struct entry *entry_get(struct observer *o, const char *name)
{
	struct entry *entry = entry_find(o, name);
	size_t at;

	if (entry)
		return entry;
	if (o->count == o->room) {
		o->room = o->room ? o->room * 2 : 16;
		o->entries = must_realloc(o->entries, o->room * sizeof(*o->entries));
	}
	at = place_of(o, name);
	memmove(
	    &o->entries[at + 1], &o->entries[at], (o->count - at) * sizeof(*o->entries));
	entry = must_alloc(sizeof(*entry));
	entry->name = must_copy(name);
	o->entries[at] = entry;
	o->count++;
	return entry;
}

static void entry_free(struct entry *entry)
{
	free(entry->name);
	free(entry);
}

/* Forgets objects that are neither there nor being read. */
static void prune(struct observer *o)
{
	size_t kept = 0;

	for (size_t i = 0; i < o->count; i++) {
		if (o->entries[i]->in_round || o->entries[i]->read)
			o->entries[kept++] = o->entries[i];
		else
			entry_free(o->entries[i]);
	}
	o->count = kept;
}

/* Reads. */

/* The round's books, before the outcome is reported. */
static void enter(struct observer *o, struct entry *entry, const struct read *r)
{
	if (entry->read == r)
		entry->read = NULL;
	entry->delivered = r->number;
	entry->in_round = r->outcome != READ_GONE;
	entry->unreadable = r->outcome == READ_FAILED;
	if (entry->unreadable && !ev_is_active(&o->retry)) {
		ev_timer_set(&o->retry, UNREADABLE_AGAIN_S, 0.0);
		ev_timer_start(o->loop, &o->retry);
	}
	if (entry->awaited && r->number >= entry->awaited && !r->stopped) {
		entry->awaited = 0;
		o->awaited--;
	}
}

static void report(struct observer *o, const struct read *r)
{
	const struct kind *kind = o->noun->kind;

	switch (r->outcome) {
	case READ_FOUND:
		o->callbacks.observed(o->arg, kind, &r->answer.reading);
		break;
	case READ_GONE:
		o->callbacks.gone(o->arg, kind, r->name);
		break;
	case READ_CHANGED:
	case READ_FAILED:
		o->callbacks.unreadable(
		    o->arg, kind, r->name, r->answer.fault.error.text);
		break;
	}
}

/* The round is complete: what is in it is what there is. */
static void end_round(struct observer *o)
{
	struct arena a = { 0 };
	const char **names;
	size_t count = 0;

	o->round = false;
	prune(o);
	names = arena_array(&a, o->count + 1, sizeof(*names));
	for (size_t i = 0; i < o->count; i++)
		if (o->entries[i]->in_round)
			names[count++] = arena_copy(&a, o->entries[i]->name);
	o->callbacks.listed(o->arg, o->noun->kind, names, count);
	arena_done(&a);
	if (o->again) {
		o->again = false;
		observer_read_all(o);
	}
}

static void on_read(struct virt_call *call)
{
	struct read *r = (struct read *)call;
	struct observer *o = r->observer;
	uint64_t key = connection_key(o->connection);

	if (r->key != key) { /* of a connection that is no more */
		read_free(call);
		return;
	}
	if (r->answer.fault.lost) {
		connection_broken(o->connection, key, r->answer.fault.error.text);
		read_free(call);
		return;
	}
	enter(o, entry_get(o, r->name), r);
	report(o, r);
	read_free(call);
	if (o->round && o->awaited == 0)
		end_round(o);
}

/* Requested now, of the connection there is. */
static struct observer_call call_of(struct observer *o)
{
	return (struct observer_call){ o, o->noun, o->connection, o->last_number };
}

static void post_read(
    struct observer *o, struct entry *entry, bool stopped, enum priority priority)
{
	struct observer_call of;

	o->last_number++;
	of = call_of(o);
	entry->read = read_new(&of, entry->name, stopped, on_read);
	entry->later &= stopped;
	calls_post(o->calls, &entry->read->call, priority);
}

void observer_read(struct observer *o, const char *name, enum priority priority)
{
	struct entry *entry;

	if (!connection_key(o->connection))
		return;
	entry = entry_get(o, name);
	if (!entry->read || entry->read->stopped ||
	    !calls_hurry(o->calls, &entry->read->call, priority))
		post_read(o, entry, false, priority);
}

/* A read of the whole that still waits does as well. */
void observer_read_stop(struct observer *o, const char *name)
{
	struct entry *entry;

	if (!o->noun->read_stop || !connection_key(o->connection)) {
		observer_read(o, name, PRIORITY_URGENT);
		return;
	}
	entry = entry_get(o, name);
	if (entry->read && calls_hurry(o->calls, &entry->read->call, PRIORITY_URGENT))
		return;
	post_read(o, entry, true, PRIORITY_URGENT);
	observer_read_later(o, name);
}

/* Rounds. */

static void await(struct observer *o, const char *name)
{
	struct entry *entry = entry_get(o, name);

	observer_read(o, name, PRIORITY_BULK);
	entry->in_round = true;
	if (!entry->awaited)
		o->awaited++;
	entry->awaited = entry->read->number;
}

static void begin_round(struct observer *o, const struct listing *l)
{
	o->round = true;
	o->awaited = 0;
	for (size_t i = 0; i < o->count; i++) {
		struct entry *entry = o->entries[i];
		bool after = entry->in_round && entry->delivered > l->number;

		entry->in_round = false;
		entry->awaited = 0;
		if (after)
			await(o, entry->name);
	}
	for (size_t i = 0; i < l->count; i++)
		await(o, l->names[i]);
	if (o->awaited == 0)
		end_round(o);
}

/* A connection that cannot list is of no use: it counts as broken, and the back-off of
 * connecting again is the back-off of listing again. */
static void on_listed(struct virt_call *call)
{
	struct listing *l = (struct listing *)call;
	struct observer *o = l->observer;

	if (o->listing == l)
		o->listing = NULL;
	if (l->key == connection_key(o->connection)) {
		if (l->listed) {
			begin_round(o, l);
		} else {
			fail_in(&l->fault.error, "list %ss", o->noun->word);
			connection_broken(o->connection, l->key, l->fault.error.text);
		}
	}
	listing_free(call);
}

static void post_listing(struct observer *o)
{
	struct observer_call of = call_of(o);

	o->listing = listing_new(&of, on_listed);
	calls_post(o->calls, &o->listing->call, PRIORITY_BULK);
}

void observer_read_all(struct observer *o)
{
	if (!connection_key(o->connection))
		return;
	if (o->listing && calls_hurry(o->calls, &o->listing->call, PRIORITY_BULK))
		return;
	if (o->listing || o->round)
		o->again = true;
	else
		post_listing(o);
}

/* The observer itself. */

static void on_retry(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct observer *o = timer->data;

	(void)loop;
	(void)events;
	for (size_t i = 0; i < o->count; i++)
		if (o->entries[i]->unreadable)
			observer_read(o, o->entries[i]->name, PRIORITY_BULK);
}

static void on_later(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct observer *o = timer->data;

	(void)loop;
	(void)events;
	for (size_t i = 0; i < o->count; i++) {
		if (!o->entries[i]->later)
			continue;
		o->entries[i]->later = false;
		observer_read(o, o->entries[i]->name, PRIORITY_BULK);
	}
}

void observer_read_later(struct observer *o, const char *name)
{
	if (!connection_key(o->connection))
		return;
	entry_get(o, name)->later = true;
	if (!ev_is_active(&o->later)) {
		ev_timer_set(&o->later, LATER_S, 0.0);
		ev_timer_start(o->loop, &o->later);
	}
}

struct observer *observer_new(struct ev_loop *loop, struct calls *calls,
    const struct noun *noun, const struct observer_callbacks *callbacks, void *arg)
{
	struct observer *o = must_alloc(sizeof(*o));

	o->loop = loop;
	o->calls = calls;
	o->noun = noun;
	o->callbacks = *callbacks;
	o->arg = arg;
	ev_timer_init(&o->retry, on_retry, 0.0, 0.0);
	ev_timer_init(&o->later, on_later, LATER_S, 0.0);
	o->retry.data = o->later.data = o;
	return o;
}

void observer_use(struct observer *o, struct connection *connection)
{
	o->connection = connection;
}

void observer_lost(struct observer *o)
{
	ev_timer_stop(o->loop, &o->retry);
	ev_timer_stop(o->loop, &o->later);
	for (size_t i = 0; i < o->count; i++)
		entry_free(o->entries[i]);
	o->count = 0;
	o->listing = NULL;
	o->round = o->again = false;
	o->awaited = 0;
}

void observer_free(struct observer *o)
{
	if (!o)
		return;
	observer_lost(o);
	free(o->entries);
	free(o);
}
