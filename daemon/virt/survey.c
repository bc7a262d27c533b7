/* SPDX-License-Identifier: MIT */
/*
 * survey: which object is being looked at, and what a round still waits for.
 *
 * Every object that was named has an entry, with its newest look not yet heard. Asking
 * again while that look waits in the queue adds nothing; while it runs, it may already
 * have read what has changed since, so one more is queued behind it.
 *
 * A round is a list and then a look at each name on it. It ends when every one of those
 * looks has been heard. What an event brought up meanwhile belongs to the round too, and
 * what was seen to be gone does not: when it ends, the names of the round are exactly
 * what is there.
 *
 * What could not be read is looked at again after a while, since no event may tell that
 * the cause is gone.
 */
#include "daemon/virt/survey.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/virt/look.h"
#include "lib/kind/kinds.h"

#define LOOK_PATIENCE_MS 3000
#define UNREADABLE_AGAIN_S 10.0
#define LATER_S 0.05 /* what the news leads to has been planned and sent by then */

struct look;

struct entry {
	char *name;
	struct look *look; /* posted last and not heard yet */
	uint64_t awaited;  /* the round waits for the look of this number or a later */
	bool in_round, unreadable;
	bool later; /* to be looked at when the timer of that name is due */
};

struct survey {
	struct ev_loop *loop;
	struct call_thread *thread;
	const struct kind *kind;
	struct survey_owner owner;
	struct connection *connection;
	struct entry **entries; /* sorted by name */
	size_t count, room;
	uint64_t last_number;
	struct listing *listing; /* posted and not heard yet */
	bool round, again;	 /* a round is under way; another was asked for */
	size_t awaited;		 /* entries the round waits for */
	ev_timer retry, later;
};

struct look {
	struct job job;
	struct survey *survey;
	const struct kind *kind;
	struct link *link;
	uint64_t key, number;
	char *name, *what;
	enum outcome outcome;
	struct sight sight;
};

struct listing {
	struct job job;
	struct survey *survey;
	const struct kind *kind;
	struct link *link;
	uint64_t key;
	bool listed;
	struct arena arena;
	const char **names;
	size_t count;
	struct fault fault;
};

static const char *libvirt_word(const struct kind *kind)
{
	return kind == &network_kind ? "network" : "domain";
}

/* Entries. */

/* Where `name` stands or would have to. */
static size_t place_of(const struct survey *s, const char *name)
{
	size_t low = 0, high = s->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(s->entries[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct entry *entry_find(const struct survey *s, const char *name)
{
	size_t at = place_of(s, name);

	if (at < s->count && strcmp(s->entries[at]->name, name) == 0)
		return s->entries[at];
	return NULL;
}

static struct entry *entry_get(struct survey *s, const char *name)
{
	struct entry *entry = entry_find(s, name);
	size_t at;

	if (entry)
		return entry;
	if (s->count == s->room) {
		s->room = s->room ? s->room * 2 : 16;
		s->entries = must_realloc(s->entries, s->room * sizeof(*s->entries));
	}
	at = place_of(s, name);
	memmove(
	    &s->entries[at + 1], &s->entries[at], (s->count - at) * sizeof(*s->entries));
	entry = must_alloc(sizeof(*entry));
	entry->name = must_copy(name);
	s->entries[at] = entry;
	s->count++;
	return entry;
}

static void entry_free(struct entry *entry)
{
	free(entry->name);
	free(entry);
}

/* Forgets objects that are neither there nor being looked at. */
static void prune(struct survey *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->count; i++) {
		if (s->entries[i]->in_round || s->entries[i]->look)
			s->entries[kept++] = s->entries[i];
		else
			entry_free(s->entries[i]);
	}
	s->count = kept;
}

/* Looks. */

static void run_look(struct job *job)
{
	struct look *look = (struct look *)job;
	virConnectPtr conn = link_use(look->link, look->key, &look->sight.fault);

	look->outcome = LOOK_UNREADABLE;
	if (conn)
		look->outcome = look_at(conn, look->kind, look->name, &look->sight);
}

static void free_look(struct job *job)
{
	struct look *look = (struct look *)job;

	sight_done(&look->sight);
	free(look->name);
	free(look->what);
	free(look);
}

/* The round's books, before anybody hears of the outcome. */
static void enter(struct survey *s, struct entry *entry, const struct look *look)
{
	if (entry->look == look)
		entry->look = NULL;
	entry->in_round = look->outcome != LOOK_GONE;
	entry->unreadable = look->outcome == LOOK_UNREADABLE;
	if (entry->unreadable && !ev_is_active(&s->retry)) {
		ev_timer_set(&s->retry, UNREADABLE_AGAIN_S, 0.0);
		ev_timer_start(s->loop, &s->retry);
	}
	if (entry->awaited && look->number >= entry->awaited) {
		entry->awaited = 0;
		s->awaited--;
	}
}

static void tell(struct survey *s, const struct look *look)
{
	const struct virt_callbacks *to = s->owner.callbacks;
	void *arg = s->owner.callbacks_arg;

	switch (look->outcome) {
	case LOOK_SEEN:
		to->seen(arg, s->kind, &look->sight.reading);
		break;
	case LOOK_GONE:
		to->gone(arg, s->kind, look->name);
		break;
	case LOOK_CHANGED:
	case LOOK_UNREADABLE:
		to->unreadable(arg, s->kind, look->name, look->sight.fault.error.text);
		break;
	}
}

/* The round is complete: what is in it is what there is. */
static void end_round(struct survey *s)
{
	struct arena a = { 0 };
	const char **names;
	size_t count = 0;

	s->round = false;
	prune(s);
	names = arena_array(&a, s->count + 1, sizeof(*names));
	for (size_t i = 0; i < s->count; i++)
		if (s->entries[i]->in_round)
			names[count++] = arena_copy(&a, s->entries[i]->name);
	s->owner.callbacks->listed(s->owner.callbacks_arg, s->kind, names, count);
	arena_done(&a);
	s->owner.listed(s->owner.arg, s->kind);
	if (s->again) {
		s->again = false;
		survey_list(s);
	}
}

static void on_looked(struct job *job)
{
	struct look *look = (struct look *)job;
	struct survey *s = look->survey;
	uint64_t key = connection_key(s->connection);

	if (look->key != key) { /* of a connection that is no more */
		free_look(job);
		return;
	}
	if (look->sight.fault.lost) {
		connection_broken(s->connection, key, look->sight.fault.error.text);
		free_look(job);
		return;
	}
	enter(s, entry_get(s, look->name), look);
	tell(s, look);
	free_look(job);
	if (s->round && s->awaited == 0)
		end_round(s);
}

static void post_look(struct survey *s, struct entry *entry, enum lane lane)
{
	struct look *look = must_alloc(sizeof(*look));

	look->survey = s;
	look->kind = s->kind;
	look->link = connection_link(s->connection);
	look->key = connection_key(s->connection);
	look->number = ++s->last_number;
	look->name = must_copy(entry->name);
	look->what = must_printf("look at %s %s", libvirt_word(s->kind), entry->name);
	look->job = (struct job){ .run = run_look,
		.done = on_looked,
		.drop = free_look,
		.what = look->what,
		.patience = LOOK_PATIENCE_MS };
	entry->look = look;
	thread_post(s->thread, &look->job, lane);
}

void survey_look(struct survey *s, const char *name, enum lane lane)
{
	struct entry *entry;

	if (!connection_key(s->connection))
		return;
	entry = entry_get(s, name);
	if (!entry->look || !thread_requeue(s->thread, &entry->look->job, lane))
		post_look(s, entry, lane);
}

/* Rounds. */

static void run_listing(struct job *job)
{
	struct listing *listing = (struct listing *)job;
	virConnectPtr conn = link_use(listing->link, listing->key, &listing->fault);

	if (conn)
		listing->listed =
		    look_list(conn, listing->kind, &listing->arena, &listing->names,
			&listing->count, &listing->fault) == 0;
}

static void free_listing(struct job *job)
{
	struct listing *listing = (struct listing *)job;

	arena_done(&listing->arena);
	free(listing);
}

static void begin_round(struct survey *s, const struct listing *listing)
{
	s->round = true;
	s->awaited = 0;
	for (size_t i = 0; i < s->count; i++) {
		s->entries[i]->in_round = false;
		s->entries[i]->awaited = 0;
	}
	for (size_t i = 0; i < listing->count; i++) {
		struct entry *entry = entry_get(s, listing->names[i]);

		survey_look(s, listing->names[i], LANE_BULK);
		entry->in_round = true;
		if (!entry->awaited)
			s->awaited++;
		entry->awaited = entry->look->number;
	}
	if (s->awaited == 0)
		end_round(s);
}

/* A connection that cannot list is of no use: it counts as broken, and the back-off of
 * connecting again is the back-off of listing again. */
static void on_listed(struct job *job)
{
	struct listing *listing = (struct listing *)job;
	struct survey *s = listing->survey;

	if (s->listing == listing)
		s->listing = NULL;
	if (listing->key == connection_key(s->connection)) {
		if (listing->listed) {
			begin_round(s, listing);
		} else {
			fail_in(&listing->fault.error, "list %ss", libvirt_word(s->kind));
			connection_broken(
			    s->connection, listing->key, listing->fault.error.text);
		}
	}
	free_listing(job);
}

void survey_list(struct survey *s)
{
	struct listing *listing;

	if (!connection_key(s->connection))
		return;
	if (s->listing && thread_requeue(s->thread, &s->listing->job, LANE_BULK))
		return;
	if (s->listing || s->round) {
		s->again = true;
		return;
	}
	listing = must_alloc(sizeof(*listing));
	listing->survey = s;
	listing->kind = s->kind;
	listing->link = connection_link(s->connection);
	listing->key = connection_key(s->connection);
	listing->job = (struct job){ .run = run_listing,
		.done = on_listed,
		.drop = free_listing,
		.what = s->kind == &network_kind ? "list networks" : "list domains",
		.patience = LOOK_PATIENCE_MS };
	s->listing = listing;
	thread_post(s->thread, &listing->job, LANE_BULK);
}

/* The survey itself. */

static void on_retry(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct survey *s = timer->data;

	(void)loop;
	(void)events;
	for (size_t i = 0; i < s->count; i++)
		if (s->entries[i]->unreadable)
			survey_look(s, s->entries[i]->name, LANE_BULK);
}

static void on_later(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct survey *s = timer->data;

	(void)loop;
	(void)events;
	for (size_t i = 0; i < s->count; i++) {
		if (!s->entries[i]->later)
			continue;
		s->entries[i]->later = false;
		survey_look(s, s->entries[i]->name, LANE_BULK);
	}
}

void survey_look_later(struct survey *s, const char *name)
{
	if (!connection_key(s->connection))
		return;
	entry_get(s, name)->later = true;
	if (!ev_is_active(&s->later)) {
		ev_timer_set(&s->later, LATER_S, 0.0);
		ev_timer_start(s->loop, &s->later);
	}
}

struct survey *survey_new(struct ev_loop *loop, struct call_thread *thread,
    const struct kind *kind, const struct survey_owner *owner)
{
	struct survey *s = must_alloc(sizeof(*s));

	s->loop = loop;
	s->thread = thread;
	s->kind = kind;
	s->owner = *owner;
	ev_timer_init(&s->retry, on_retry, 0.0, 0.0);
	ev_timer_init(&s->later, on_later, LATER_S, 0.0);
	s->retry.data = s->later.data = s;
	return s;
}

void survey_use(struct survey *s, struct connection *connection)
{
	s->connection = connection;
}

void survey_lost(struct survey *s)
{
	ev_timer_stop(s->loop, &s->retry);
	ev_timer_stop(s->loop, &s->later);
	for (size_t i = 0; i < s->count; i++)
		entry_free(s->entries[i]);
	s->count = 0;
	s->listing = NULL;
	s->round = s->again = false;
	s->awaited = 0;
}

void survey_free(struct survey *s)
{
	survey_lost(s);
	free(s->entries);
	free(s);
}
