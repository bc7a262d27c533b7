/* SPDX-License-Identifier: MIT */
/* observer_calls: making them, and what they do on a call thread. */
#include "daemon/virt/observer_calls.h"

#include <stdlib.h>

#include "daemon/virt/connection.h"

/* Reads. */

static void run_read(struct virt_call *call)
{
	struct read *r = (struct read *)call;
	autouse struct use use = { 0 };

	r->outcome = READ_FAILED;
	if (link_take(r->link, r->key, call->thread, &use, &r->answer.fault) == 0)
		r->outcome =
		    noun_read(r->noun, use.conn, r->name, r->stopped, &r->answer);
	call->answered = !r->answer.fault.lost;
}

void read_free(struct virt_call *call)
{
	struct read *r = (struct read *)call;

	answer_done(&r->answer);
	free(r->name);
	free(r->what);
	free(r);
}

struct read *read_new(const struct observer_call *of, const char *name, bool stopped,
    void (*done)(struct virt_call *call))
{
	struct read *r = must_alloc(sizeof(*r));

	r->observer = of->observer;
	r->noun = of->noun;
	r->link = connection_link(of->connection);
	r->key = connection_key(of->connection);
	r->number = of->number;
	r->stopped = stopped;
	r->name = must_copy(name);
	r->what = must_printf("read %s %s", of->noun->word, name);
	r->call = (struct virt_call){ .run = run_read,
		.done = done,
		.drop = read_free,
		.what = r->what,
		.patience = of->noun->patience,
		.kind = of->noun->kind,
		.name = r->name,
		.peer = of->connection,
		.probe = true };
	return r;
}

/* Lists. */

static void run_listing(struct virt_call *call)
{
	struct listing *l = (struct listing *)call;
	autouse struct use use = { 0 };

	if (link_take(l->link, l->key, call->thread, &use, &l->fault) == 0)
		l->listed = noun_list(l->noun, use.conn, &l->arena, &l->names, &l->count,
				&l->fault) == 0;
	call->answered = !l->fault.lost;
}

void listing_free(struct virt_call *call)
{
	struct listing *l = (struct listing *)call;

	arena_done(&l->arena);
	free(l->what);
	free(l);
}

struct listing *listing_new(
    const struct observer_call *of, void (*done)(struct virt_call *call))
{
	struct listing *l = must_alloc(sizeof(*l));

	l->observer = of->observer;
	l->noun = of->noun;
	l->link = connection_link(of->connection);
	l->key = connection_key(of->connection);
	l->number = of->number;
	l->what = must_printf("list %ss", of->noun->word);
	l->call = (struct virt_call){ .run = run_listing,
		.done = done,
		.drop = listing_free,
		.what = l->what,
		.patience = of->noun->patience,
		.peer = of->connection,
		.probe = true };
	return l;
}
