/* SPDX-License-Identifier: MIT */
/*
 * health: that one call takes long says nothing of libvirt: it may be starting a machine,
 * or the object may be locked by what somebody else does to it. libvirt is silent when a
 * probe (a read, a ping, an opening) is overdue and that connection has answered nothing
 * at all since it began. So while a call is slow and nothing else is being answered, a
 * ping goes to the same connection by another thread.
 *
 * The worst there is to say of any connection is said of the whole. A try that repeats a
 * failed one leaves it DOWN until it has succeeded.
 */
#include "daemon/virt/health.h"

#include <stdlib.h>

#include "lib/base/arena.h"

#define PING_AFTER_MS 1500 /* without any answer */
#define PING_PATIENCE_MS 3000

struct peer {
	const struct connection *connection;
	int64_t answered;		/* us; when it last did */
	const struct virt_call *silent; /* overdue probe that says so; only compared */
	char *what;			/* of that probe */
	bool pinged;			/* a ping is out */
};

struct health {
	struct calls *calls;
	struct peer peers[ENDPOINTS];
};

struct ping {
	struct virt_call call;
	struct peer *peer;
	struct link *link;
	uint64_t key;
};

struct health *health_new(struct calls *calls, struct connection *const *connections)
{
	struct health *h = must_alloc(sizeof(*h));

	h->calls = calls;
	for (int i = 0; i < ENDPOINTS; i++)
		h->peers[i].connection = connections[i];
	return h;
}

void health_free(struct health *h)
{
	if (!h)
		return;
	for (int i = 0; i < ENDPOINTS; i++)
		free(h->peers[i].what);
	free(h);
}

static struct peer *peer_of(struct health *h, const void *connection)
{
	for (int i = 0; i < ENDPOINTS; i++)
		if (h->peers[i].connection == connection)
			return &h->peers[i];
	return NULL;
}

/* Pings. */

static void run_ping(struct virt_call *call)
{
	struct ping *ping = (struct ping *)call;
	struct fault fault = { 0 };
	autouse struct use use = { 0 };
	unsigned long version;

	if (link_take(ping->link, ping->key, call->thread, &use, &fault) == 0 &&
	    virConnectGetLibVersion(use.conn, &version) < 0)
		fault_take(&fault, use.conn);
	call->answered = !fault.lost;
}

static void on_pinged(struct virt_call *call)
{
	((struct ping *)call)->peer->pinged = false;
	free(call);
}

static void drop_ping(struct virt_call *call)
{
	free(call);
}

static void post_ping(struct health *h, struct peer *peer)
{
	struct ping *ping = must_alloc(sizeof(*ping));

	ping->peer = peer;
	ping->link = connection_link(peer->connection);
	ping->key = connection_key(peer->connection);
	ping->call = (struct virt_call){ .run = run_ping,
		.done = on_pinged,
		.drop = drop_ping,
		.what = "are you there",
		.patience = PING_PATIENCE_MS,
		.peer = peer->connection,
		.probe = true };
	peer->pinged = true;
	calls_post(h->calls, &ping->call, PRIORITY_URGENT);
}

void health_slow(struct health *h, const struct virt_call *call, int64_t ms)
{
	struct peer *peer = peer_of(h, call->peer);
	int64_t now = call->began + ms * 1000;

	if (!peer || peer->pinged || !connection_key(peer->connection))
		return;
	if (ms >= PING_AFTER_MS && now - peer->answered >= PING_AFTER_MS * 1000)
		post_ping(h, peer);
}

/* Silence. */

static void set_silent(struct peer *peer, const struct virt_call *call)
{
	free(peer->what);
	peer->what = call ? must_copy(call->what) : NULL;
	peer->silent = call;
}

void health_overdue(struct health *h, const struct virt_call *call)
{
	struct peer *peer = peer_of(h, call->peer);

	if (peer && call->probe && peer->answered < call->began)
		set_silent(peer, call);
}

void health_ended(
    struct health *h, const struct virt_call *call, const void *connection, int64_t at)
{
	struct peer *peer = peer_of(h, connection);

	if (!peer)
		return;
	if (at > peer->answered)
		peer->answered = at;
	if (at || peer->silent == call)
		set_silent(peer, NULL);
}

/* The state. */

static const struct connection *first_in(
    const struct health *h, enum connection_phase phase)
{
	for (int i = 0; i < ENDPOINTS; i++)
		if (connection_phase(h->peers[i].connection) == phase)
			return h->peers[i].connection;
	return NULL;
}

static const struct peer *first_silent(const struct health *h)
{
	for (int i = 0; i < ENDPOINTS; i++)
		if (h->peers[i].silent)
			return &h->peers[i];
	return NULL;
}

static void add_uris(const struct health *h, struct text *detail)
{
	const char *comma = "";

	for (int i = 0; i < ENDPOINTS; i++) {
		const struct connection *c = h->peers[i].connection;

		if (connection_phase(c) == CONNECTION_OFF)
			continue;
		text_add(detail, "%s%s", comma, connection_uri(c));
		comma = ", ";
	}
}

enum virt_status health_status(const struct health *h, struct text *detail)
{
	const struct connection *waiting = first_in(h, CONNECTION_WAITING);
	const struct connection *opening = first_in(h, CONNECTION_OPENING);
	const struct peer *silent = first_silent(h);

	if (waiting) {
		text_add(detail, "%s", connection_detail(waiting));
		return VIRT_DOWN;
	}
	if (silent) {
		text_add(detail, "%s: no answer to \"%s\"",
		    connection_uri(silent->connection), silent->what);
		return VIRT_UNRESPONSIVE;
	}
	if (opening && connection_detail(opening)) {
		text_add(detail, "%s", connection_detail(opening));
		return VIRT_DOWN;
	}
	add_uris(h, detail);
	if (!opening)
		return VIRT_CONNECTED;
	text_add(detail, ": connecting");
	return VIRT_CONNECTING;
}
