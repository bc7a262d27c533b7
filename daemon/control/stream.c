/* SPDX-License-Identifier: MIT */
/*
 * stream: Theory of operation. For each of the two replies that have objects there is a
 * `feed`: the reply as it is in this turn of the loop, with a revision beside each
 * object, and the table of revisions that outlives the turn. A client that is behind is
 * sent the objects with a later revision than its own. Clients that are equally far
 * behind share the bytes.
 */
#include "daemon/control/stream.h"

#include <string.h>

#include "daemon/journal/journal.h"
#include "daemon/engine/engine.h"
#include "lib/view/revisions.h"
#include "lib/view/shapes.h"

#define STATUS_EVENTS 5

struct feed {
	struct revisions *revisions; /* NULL until a client streams it */
	struct revision_row *rows;   /* of this turn: one for each object; or NULL */
	uint64_t current;
};

/* The message made last in this turn, and for whom it would be the same. */
struct made {
	struct text message;
	enum stream_of of;
	const struct kind *kind;
	uint64_t since;
	bool empty; /* nothing is to be sent */
};

struct streams {
	const struct engine *engine;
	/* Of this turn: */
	struct arena arena;
	struct view view;
	struct status_reply status;
	struct list_reply list;
	struct feed status_feed, list_feed;
	struct made made;
};

struct streams *streams_new(const struct engine *engine)
{
	struct streams *s = must_alloc(sizeof(*s));

	s->engine = engine;
	return s;
}

void streams_settle(struct streams *s)
{
	text_done(&s->made.message);
	s->made = (struct made){ 0 };
	s->status_feed.rows = s->list_feed.rows = NULL;
	arena_done(&s->arena);
}

void streams_forget(struct streams *s)
{
	revisions_free(s->status_feed.revisions);
	revisions_free(s->list_feed.revisions);
	s->status_feed = s->list_feed = (struct feed){ 0 };
}

void streams_free(struct streams *s)
{
	if (!s)
		return;
	streams_settle(s);
	streams_forget(s);
	free(s);
}

struct list stream_last_events(
    struct arena *a, const struct kind *kind, const char *name, size_t most)
{
	struct list all = journal_events(a, 0);
	const struct event_view *events = all.items;
	struct event_view *last = arena_array(a, most, sizeof(*last));
	const char *key = kind ? arena_printf(a, "%s/%s", kind->name, name) : NULL;
	size_t found = 0;

	for (size_t i = all.count; i > 0 && found < most; i--) {
		const struct event_view *e = &events[i - 1];

		if (!key || (e->key && strcmp(e->key, key) == 0))
			last[most - ++found] = *e;
	}
	return (struct list){ last + (most - found), found };
}

/* What there is now */

static struct revision_row *new_rows(struct streams *s, struct feed *feed, size_t count)
{
	if (!feed->revisions)
		feed->revisions = revisions_new();
	feed->rows = arena_array(&s->arena, count + 1, sizeof(*feed->rows));
	return feed->rows;
}

static struct revision_row row_of(
    const struct shape *shape, const struct object_view *object, int64_t now)
{
	return (struct revision_row){ .kind = object->kind,
		.name = object->name,
		.hash = shape_hash(shape, object, now, NULL) };
}

static void view_now(struct streams *s, enum stream_of of, const struct kind *kind)
{
	engine_view(s->engine, &s->view);
	if (of == STREAM_LIST) {
		view_list(&s->view, &s->arena, kind, &s->list);
		return;
	}
	view_status(&s->view, &s->arena, &s->status);
	s->status.events = stream_last_events(&s->arena, NULL, NULL, STATUS_EVENTS);
}

/* Fills the feed of this turn. */
static struct feed *feed_now(struct streams *s, enum stream_of of)
{
	struct feed *feed = of == STREAM_LIST ? &s->list_feed : &s->status_feed;
	struct revision_row *rows;
	uint64_t rest = 0;
	int64_t now;

	if (feed->rows)
		return feed;
	view_now(s, of, NULL);
	now = s->view.now.ms;
	if (of == STREAM_LIST) {
		const struct listed_view *objects = s->list.objects.items;

		rows = new_rows(s, feed, s->list.objects.count);
		for (size_t i = 0; i < s->list.objects.count; i++)
			rows[i] = row_of(&listed_shape, &objects[i].object, now);
		feed->current =
		    revisions_update(feed->revisions, rows, s->list.objects.count, 0);
	} else {
		const struct object_view *objects = s->status.objects.items;

		rows = new_rows(s, feed, s->status.objects.count);
		for (size_t i = 0; i < s->status.objects.count; i++)
			rows[i] = row_of(&object_shape, &objects[i], now);
		rest = shape_hash(&status_shape, &s->status, now, "objects");
		feed->current = revisions_update(
		    feed->revisions, rows, s->status.objects.count, rest);
	}
	return feed;
}

/* Replies */

/* Those of the objects, `size` bytes each and beginning with a struct object_view, that
 * are of the kind and newer than `since`. */
static struct list newer(struct streams *s, const struct feed *feed,
    const struct list *objects, size_t size, const struct kind *kind, uint64_t since)
{
	char *out = arena_array(&s->arena, objects->count + 1, size);
	size_t count = 0;

	for (size_t i = 0; i < objects->count; i++) {
		const char *object = (const char *)objects->items + i * size;

		if (feed->rows[i].at > since &&
		    (!kind || strcmp(feed->rows[i].kind, kind->name) == 0))
			memcpy(out + count++ * size, object, size);
	}
	return (struct list){ out, count };
}

static void write_reply(
    struct text *out, const struct shape *shape, const void *record, bool continues)
{
	varlink_open_reply(out, continues);
	shape_write(shape, record, out);
	varlink_close(out);
}

/* `since` 0: a whole reply. */
static void make_status(struct streams *s, uint64_t since, struct made *out)
{
	struct feed *feed = feed_now(s, STREAM_STATUS);
	struct status_reply reply = s->status;

	out->empty = since == feed->current;
	if (out->empty)
		return;
	if (since) {
		reply.objects =
		    newer(s, feed, &s->status.objects, object_shape.size, NULL, since);
		reply.removed =
		    revisions_removed(feed->revisions, since, NULL, &s->arena);
	}
	write_reply(&out->message, &status_shape, &reply, true);
}

static void make_list(
    struct streams *s, const struct kind *kind, uint64_t since, struct made *out)
{
	struct feed *feed = feed_now(s, STREAM_LIST);
	struct list_reply reply = {
		.objects =
		    newer(s, feed, &s->list.objects, listed_shape.size, kind, since),
	};

	if (since)
		reply.removed = revisions_removed(
		    feed->revisions, since, kind ? kind->name : NULL, &s->arena);
	out->empty = since && !reply.objects.count && !reply.removed.count;
	if (!out->empty)
		write_reply(&out->message, &list_shape, &reply, true);
}

/* What brings the client from what it was sent to what there is. */
static void send_difference(struct streams *s, struct client *client)
{
	struct stream *stream = &client->stream;
	struct feed *feed = feed_now(s, stream->of);
	uint64_t since =
	    revisions_reach(feed->revisions, stream->sent) ? stream->sent : 0;
	struct made *made = &s->made;

	if (made->of != stream->of || made->kind != stream->kind ||
	    made->since != since) {
		text_done(&made->message);
		*made = (struct made){
			.of = stream->of, .kind = stream->kind, .since = since
		};
		if (stream->of == STREAM_LIST)
			make_list(s, stream->kind, since, made);
		else
			make_status(s, since, made);
	}
	stream->sent = feed->current;
	stream->stale = false;
	if (!made->empty)
		client_send(client, &made->message);
}

static void send_events(struct client *client, bool continues)
{
	struct arena a = { 0 };
	struct events_reply reply = { journal_events(&a, client->stream.sent) };

	client->stream.sent = journal_last();
	client->stream.stale = false;
	client_reply(client, &events_shape, &reply, continues);
	arena_done(&a);
}

/* To a client that asks once, no revision matters. */
static void send_once(
    struct streams *s, struct client *client, enum stream_of of, const struct kind *kind)
{
	if (of == STREAM_EVENTS) {
		send_events(client, false);
		return;
	}
	view_now(s, of, kind);
	if (of == STREAM_LIST)
		client_reply(client, &list_shape, &s->list, false);
	else
		client_reply(client, &status_shape, &s->status, false);
}

void stream_start(struct streams *s, struct client *client, enum stream_of of,
    const struct kind *kind, uint64_t after, bool more)
{
	client->stream = (struct stream){ .of = of, .kind = kind, .sent = after };
	if (!more) {
		send_once(s, client, of, kind);
		client->stream.of = STREAM_NONE;
	} else if (of == STREAM_EVENTS)
		send_events(client, true);
	else
		send_difference(s, client);
	streams_settle(s);
}

void stream_send(struct streams *s, struct client *client)
{
	struct stream *stream = &client->stream;

	stream->stale = true;
	if (!client_is_drained(client))
		return;
	if (stream->of == STREAM_EVENTS) {
		stream->stale = stream->sent != journal_last();
		if (stream->stale)
			send_events(client, true);
	} else if (!engine_pending(s->engine))
		send_difference(s, client);
}
