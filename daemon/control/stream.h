/* SPDX-License-Identifier: MIT */
/*
 * stream: replies that follow one another: the first is whole, each later one has only the
 * objects that differ from what its client was sent last (lib/view/revisions.h), and where
 * nothing differs there is none. What is the same for several clients is computed once.
 */
#ifndef DAEMON_CONTROL_STREAM_H
#define DAEMON_CONTROL_STREAM_H

#include "daemon/control/client.h"
#include "lib/view/view.h"

struct engine;
struct streams;

struct streams *streams_new(const struct engine *engine);
void streams_free(struct streams *streams); /* NULL allowed */

/* The first reply to a call; the only one where the client wants no more. `after` is
 * STREAM_EVENTS' only. Except for events the plan must be current. */
void stream_start(struct streams *streams, struct client *client, enum stream_of of,
    const struct kind *kind, uint64_t after, bool more);

/* Queues what the client was not sent yet, if anything: where its queue is empty and,
 * except for events, the plan is current; else it stays stale. */
void stream_send(struct streams *streams, struct client *client);

/* Lets go of what the replies of this turn were made from: after the last of them. */
void streams_settle(struct streams *streams);
/* No client streams any more: what was remembered of the objects is dropped. */
void streams_forget(struct streams *streams);

/* The last `most` events, of one object or (kind NULL) of all. */
struct list stream_last_events(
    struct arena *a, const struct kind *kind, const char *name, size_t most);

#endif
