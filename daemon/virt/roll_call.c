/* SPDX-License-Identifier: MIT */
/* roll_call: a sorted table of what each object was doing when it was read last. */
#include "daemon/virt/roll_call.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/sorted.h"

#define EVERY_S 30.0
#define UNUSED_MS 25000 /* nobody needed it since the round before */

struct noted {
	char *name;
	uint64_t doing;
	bool called; /* it was on the roll */
};

struct roll_call {
	struct ev_loop *loop;
	struct calls *calls;
	const struct noun *noun;
	struct roll_call *next; /* follows it in each round */
	struct observer_callbacks callbacks;
	void *arg;
	struct observer *observer;
	struct connection *connection;
	struct noted *items; /* sorted by name */
	size_t count, room;
	bool under_way;
	ev_timer timer;
};

struct roll {
	struct virt_call call;
	struct roll_call *of;
	const struct noun *noun;
	struct link *link;
	uint64_t key;
	bool round; /* the next one follows it */
	char *what;
	struct arena arena;
	struct roll_entry *entries;
	int count; /* -1: it failed */
	struct fault fault;
};

/* What is known of each */

static int order(const void *element, const void *name)
{
	return strcmp(((const struct noted *)element)->name, name);
}

static size_t place_of(const struct roll_call *r, const char *name, bool *found)
{
	return sorted_position(r->items, r->count, sizeof(*r->items), name, order, found);
}

static void note(struct roll_call *r, const char *name, uint64_t doing)
{
	bool found;
	size_t at = place_of(r, name, &found);

	if (!found) {
		if (r->count == r->room) {
			r->room = r->room ? 2 * r->room : 16;
			r->items = must_realloc(r->items, r->room * sizeof(*r->items));
		}
		memmove(&r->items[at + 1], &r->items[at],
		    (r->count - at) * sizeof(*r->items));
		r->items[at] = (struct noted){ .name = must_copy(name) };
		r->count++;
	}
	r->items[at].doing = doing;
}

static void forget(struct roll_call *r, const char *name)
{
	bool found;
	size_t at = place_of(r, name, &found);

	if (!found)
		return;
	free(r->items[at].name);
	r->count--;
	memmove(&r->items[at], &r->items[at + 1], (r->count - at) * sizeof(*r->items));
}

/* Between the observer and the rest */

static void on_observed(void *arg, const struct kind *kind, const struct reading *reading)
{
	struct roll_call *r = arg;

	if (r->noun->doing)
		note(r, reading->name, r->noun->doing(reading));
	r->callbacks.observed(r->arg, kind, reading);
}

/* It may be there under another name, which no event has reported yet. */
static void on_gone(void *arg, const struct kind *kind, const char *name)
{
	struct roll_call *r = arg;

	forget(r, name);
	r->callbacks.gone(r->arg, kind, name);
	roll_call_now(r);
}

/* It is read again by the observer itself. */
static void on_unreadable(
    void *arg, const struct kind *kind, const char *name, const char *why)
{
	struct roll_call *r = arg;

	r->callbacks.unreadable(r->arg, kind, name, why);
}

static void on_listed(
    void *arg, const struct kind *kind, const char *const *names, size_t count)
{
	struct roll_call *r = arg;

	r->callbacks.listed(r->arg, kind, names, count);
}

const struct observer_callbacks roll_call_callbacks = {
	.observed = on_observed,
	.gone = on_gone,
	.unreadable = on_unreadable,
	.listed = on_listed,
};

/* The call */

static void run_roll(struct virt_call *call)
{
	struct roll *roll = (struct roll *)call;
	autouse struct use use = { 0 };

	roll->count = -1;
	if (link_take(roll->link, roll->key, call->thread, &use, &roll->fault) < 0)
		return;
	if (roll->round)
		link_trim(roll->link, UNUSED_MS);
	roll->fault = (struct fault){ .code = 0 };
	roll->count = roll->noun->roll(use.conn, &roll->arena, &roll->entries);
	if (roll->count < 0)
		fault_take(&roll->fault, use.conn);
	call->answered = !roll->fault.lost;
}

static void free_roll(struct virt_call *call)
{
	struct roll *roll = (struct roll *)call;

	arena_done(&roll->arena);
	free(roll->what);
	free(roll);
}

/* Reads what does something else than it did, what is new, and what is not called. */
static void compare(struct roll_call *r, const struct roll *roll)
{
	for (size_t i = 0; i < r->count; i++)
		r->items[i].called = false;
	for (int i = 0; i < roll->count; i++) {
		const struct roll_entry *entry = &roll->entries[i];
		bool found;
		size_t at = place_of(r, entry->name, &found);

		if (found)
			r->items[at].called = true;
		if (!found || r->items[at].doing != entry->doing)
			observer_read(r->observer, entry->name, PRIORITY_BULK);
	}
	for (size_t i = 0; i < r->count; i++)
		if (!r->items[i].called)
			observer_read(r->observer, r->items[i].name, PRIORITY_BULK);
}

static void ask(struct roll_call *r, bool round);

/* One after the other, so that one thread and one connection do it all. */
static void ask_next(struct roll_call *r)
{
	if (r->next)
		ask(r->next, true);
}

static void on_roll(struct virt_call *call)
{
	struct roll *roll = (struct roll *)call;
	struct roll_call *r = roll->of;
	bool round = roll->round;

	r->under_way = false;
	if (roll->key == connection_key(r->connection)) {
		if (roll->fault.lost)
			connection_broken(
			    r->connection, roll->key, roll->fault.error.text);
		else if (roll->count >= 0)
			compare(r, roll);
	}
	free_roll(call);
	if (round)
		ask_next(r);
}

static void ask(struct roll_call *r, bool round)
{
	struct roll *roll;

	if (!r->noun->roll || r->under_way || !connection_key(r->connection)) {
		if (round)
			ask_next(r);
		return;
	}
	r->under_way = true;
	roll = must_alloc(sizeof(*roll));
	roll->of = r;
	roll->noun = r->noun;
	roll->link = connection_link(r->connection);
	roll->key = connection_key(r->connection);
	roll->round = round;
	roll->what = must_printf("ask what all %ss do", r->noun->word);
	roll->call = (struct virt_call){ .run = run_roll,
		.done = on_roll,
		.drop = free_roll,
		.what = roll->what,
		.patience = r->noun->patience,
		.peer = r->connection,
		.probe = true };
	calls_post(r->calls, &roll->call, PRIORITY_BULK);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	ask(timer->data, true);
}

void roll_call_now(struct roll_call *r)
{
	ask(r, false);
}

struct roll_call *roll_call_new(struct ev_loop *loop, struct calls *calls,
    const struct noun *noun, const struct observer_callbacks *callbacks, void *arg,
    struct roll_call *previous)
{
	struct roll_call *r = must_alloc(sizeof(*r));

	r->loop = loop;
	r->calls = calls;
	r->noun = noun;
	r->callbacks = *callbacks;
	r->arg = arg;
	ev_timer_init(&r->timer, on_timer, EVERY_S, EVERY_S);
	r->timer.data = r;
	if (previous)
		previous->next = r;
	else
		ev_timer_again(loop, &r->timer);
	return r;
}

void roll_call_use(
    struct roll_call *r, struct observer *observer, struct connection *connection)
{
	r->observer = observer;
	r->connection = connection;
}

void roll_call_free(struct roll_call *r)
{
	ev_timer_stop(r->loop, &r->timer);
	for (size_t i = 0; i < r->count; i++)
		free(r->items[i].name);
	free(r->items);
	free(r);
}
