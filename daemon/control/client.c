/* SPDX-License-Identifier: MIT */
/* client: framing, queueing, and the timers of one connection. */
#include "daemon/control/client.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/base/arena.h"
#include "lib/base/cleanup.h"
#include "lib/doc/json.h"
#include "lib/view/interface.h"

#define READ_SIZE ((size_t)64 * 1024)
/* Smaller messages are not worth counting what all clients hold. */
#define SMALL_MESSAGE READ_SIZE

static size_t queued(const struct client *client)
{
	return client->out.length - client->sent;
}

bool client_is_drained(const struct client *client)
{
	return queued(client) == 0;
}

/* May the client hold `more` bytes beside what its user and all users hold? */
static bool has_room(const struct client *client, size_t more)
{
	size_t own = more, all = more, limit = CLIENTS_MAX_BYTES;

	for (const struct client *c = client->clients->first; c; c = c->next) {
		size_t held = c->reader.bytes.room + c->out.room;

		all += held;
		own += c->peer.uid == client->peer.uid ? held : 0;
	}
	if (!peer_is_administrator(&client->peer))
		limit -= CLIENTS_RESERVED_BYTES;
	return own <= CLIENTS_MAX_BYTES_PER_UID && all <= limit;
}

void client_free(struct client *client)
{
	struct ev_loop *loop = client->clients->loop;

	ev_io_stop(loop, &client->readable);
	ev_io_stop(loop, &client->writable);
	ev_timer_stop(loop, &client->first);
	ev_timer_stop(loop, &client->stall);
	ev_timer_stop(loop, &client->turn);
	close(client->fd);
	*client->link = client->next;
	if (client->next)
		client->next->link = client->link;
	client->clients->count--;
	json_object_put(client->waiting);
	varlink_reader_done(&client->reader);
	text_done(&client->out);
	free(client);
}

/* A first message takes no more memory than it has bytes, and is not copied where it is
 * the client's alone. */
static void append(struct client *client, const struct text *message, struct text *own)
{
	struct text *out = &client->out;

	if (out->length == 0 && own && own->length > SMALL_MESSAGE) {
		text_done(out);
		*out = *own;
		*own = (struct text){ 0 };
		out->data = must_realloc(out->data, out->length + 1);
		out->room = out->length + 1;
		return;
	}
	if (out->length == 0 && out->room <= message->length) {
		out->data = must_realloc(out->data, message->length + 1);
		out->room = message->length + 1;
	}
	text_add_n(out, message->data, message->length);
}

/* Past its own cap nothing is queued and the client is done for; past the cap of its user
 * or of all it is refused, and what it streamed ends. */
static void send_message(
    struct client *client, const struct text *message, struct text *own)
{
	static const char why[] =
	    "other clients do not read what they are sent; try again later";
	bool full = message->length > SMALL_MESSAGE && !has_room(client, message->length);

	if (client->closing)
		return;
	if (queued(client) > 0 && queued(client) + message->length > CLIENT_MAX_QUEUE) {
		client->closing = true;
		client->sent = client->out.length;
		return;
	}
	if (!full) {
		append(client, message, own);
		return;
	}
	client->stream.of = STREAM_NONE;
	client_error_text(client, ERROR_BUSY, why);
}

void client_send(struct client *client, const struct text *message)
{
	send_message(client, message, NULL);
}

void client_reply(
    struct client *client, const struct shape *shape, const void *record, bool continues)
{
	autotext struct text message = { 0 };

	varlink_open_reply(&message, continues);
	shape_write(shape, record, &message);
	varlink_close(&message);
	send_message(client, &message, &message);
}

void client_error(struct client *client, const char *error, const void *record)
{
	autotext struct text message = { 0 };

	varlink_open_error(&message, error);
	shape_write(interface_error(error), record, &message);
	varlink_close(&message);
	client_send(client, &message);
}

void client_error_text(struct client *client, const char *error, const char *text)
{
	client_error(client, error, &(struct one_text){ text });
}

/* Sends what it can; false when the connection is broken. */
static bool flush(struct client *client)
{
	ssize_t n;

	while (queued(client) > 0) {
		n = send(client->fd, client->out.data + client->sent, queued(client),
		    MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		client->sent += (size_t)n;
		ev_timer_again(client->clients->loop, &client->stall);
	}
	text_done(&client->out);
	client->sent = 0;
	return true;
}

/* A call without a wish for a reply gets none. */
static void run(struct client *client, const struct varlink_call *call,
    struct json_object *message, bool may_wait)
{
	size_t before = client->out.length;

	if (!client->clients->hooks->call(client, call, may_wait)) {
		client->waiting = json_object_get(message);
		return;
	}
	if (call->oneway && client->out.length > before)
		client->out.length = before;
}

void client_answer(struct client *client)
{
	autojson struct json_object *message = client->waiting;
	struct varlink_call call;

	client->waiting = NULL;
	if (!message || varlink_call_parse(message, &call, NULL) < 0)
		return;
	run(client, &call, message, false);
	client_go_on(client);
}

static void handle_message(struct client *client)
{
	struct error e = { 0 };
	bool broken;
	autojson struct json_object *message =
	    varlink_next(&client->reader, VARLINK_MAX_DEPTH, &broken, &e);
	struct varlink_call call;

	ev_timer_stop(client->clients->loop, &client->first);
	if (broken || varlink_call_parse(message, &call, &e) < 0) {
		/* Who sends this speaks another language: nothing that follows is safe.
		 */
		client_error_text(client, ERROR_INVALID_PARAMETER, e.text);
		client->closing = true;
		return;
	}
	run(client, &call, message, true);
}

/* May the next message be handled? */
static bool ready(const struct client *client)
{
	return client->reader.pending > 0 && !client->closing && !client->waiting &&
	       client->stream.of == STREAM_NONE && queued(client) == 0;
}

/* What is there to do for the client, in fair portions. False: nothing more, ever. */
static bool handle_messages(struct client *client)
{
	ev_tstamp end = ev_time() + CLIENT_TURN_SECONDS;

	for (int i = 0; i < CLIENT_TURN_MESSAGES && ready(client); i++) {
		if (i > 0 && ev_time() > end)
			break;
		handle_message(client);
		if (!flush(client))
			return false;
	}
	if (queued(client) > 0)
		return true;
	if (client->closing)
		return false;
	return !client->eof || client->reader.pending > 0 || client->waiting ||
	       client->stream.of != STREAM_NONE;
}

/* Sets every watcher by what the client waits for. */
static void arm(struct client *client)
{
	struct ev_loop *loop = client->clients->loop;
	bool full = client->reader.pending >= CLIENT_MAX_PIPELINE;

	if (client->eof || full || client->closing)
		ev_io_stop(loop, &client->readable);
	else
		ev_io_start(loop, &client->readable);
	if (queued(client) > 0) {
		ev_io_start(loop, &client->writable);
		if (!ev_is_active(&client->stall))
			ev_timer_again(loop, &client->stall);
	} else {
		ev_io_stop(loop, &client->writable);
		ev_timer_stop(loop, &client->stall);
	}
	if (ready(client))
		client_go_on(client);
}

/* Is there time left in this turn of the loop? */
static bool has_turn(struct client *client)
{
	struct clients *clients = client->clients;
	unsigned turn = ev_iteration(clients->loop);

	if (clients->turn != turn)
		clients->spent = 0;
	clients->turn = turn;
	return peer_is_administrator(&client->peer) ||
	       clients->spent < CLIENTS_TURN_SECONDS;
}

static bool take_turn(struct client *client)
{
	struct clients *clients = client->clients;
	ev_tstamp begun = ev_time();
	bool more = handle_messages(client);

	clients->spent += ev_time() - begun;
	return more;
}

/* Goes on with the client after anything has happened; may free it. */
static void go_on(struct client *client)
{
	bool sent = flush(client);

	/* What is left may just have gone out: a client that is behind is not to wait for
	 * the next change. */
	if (sent && client->stream.of != STREAM_NONE && client->stream.stale &&
	    queued(client) == 0) {
		client->clients->hooks->drained(client);
		sent = flush(client);
	}
	if (sent && ready(client) && !has_turn(client)) {
		client_go_on(client);
		return;
	}
	if (!sent || !take_turn(client)) {
		client_free(client);
		return;
	}
	arm(client);
}

void client_go_on(struct client *client)
{
	if (ev_is_active(&client->turn))
		return;
	ev_timer_set(&client->turn, 0., 0.);
	ev_timer_start(client->clients->loop, &client->turn);
}

/* Half-closed clients may still listen; those that are gone altogether do not. */
static bool hung_up(const struct client *client)
{
	struct pollfd p = { .fd = client->fd, .events = 0 };

	return poll(&p, 1, 0) == 1 && (p.revents & (POLLHUP | POLLERR));
}

static void on_readable(struct ev_loop *loop, struct ev_io *io, int revents)
{
	struct client *client = io->data;
	char buffer[READ_SIZE];
	struct error e = { 0 };
	ssize_t n;

	(void)loop;
	(void)revents;
	/* Without room for control data the kernel closes descriptors sent along. */
	n = recv(client->fd, buffer, sizeof(buffer), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0 || (n == 0 && hung_up(client))) {
		client_free(client);
		return;
	}
	client->eof = n == 0;
	if (varlink_feed(&client->reader, buffer, (size_t)n, VARLINK_MAX_MESSAGE, &e) <
	    0) {
		client_error_text(client, ERROR_INVALID_PARAMETER, e.text);
		client->closing = true;
	} else if (client->reader.bytes.length > READ_SIZE && !has_room(client, 0)) {
		client_free(client);
		return;
	}
	go_on(client);
}

static void on_writable(struct ev_loop *loop, struct ev_io *io, int revents)
{
	(void)loop;
	(void)revents;
	if (flush(io->data))
		go_on(io->data);
	else
		client_free(io->data);
}

static void on_turn(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	go_on(timer->data);
}

static void on_too_late(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	client_free(timer->data);
}

void client_new(struct clients *clients, int fd, const struct peer *peer)
{
	struct client *client = must_alloc(sizeof(*client));

	client->clients = clients;
	client->fd = fd;
	client->peer = *peer;
	client->link = &clients->first;
	client->next = clients->first;
	if (client->next)
		client->next->link = &client->next;
	clients->first = client;
	clients->count++;
	ev_io_init(&client->readable, on_readable, fd, EV_READ);
	ev_io_init(&client->writable, on_writable, fd, EV_WRITE);
	ev_timer_init(&client->first, on_too_late, CLIENT_FIRST_SECONDS, 0.);
	ev_timer_init(&client->stall, on_too_late, 0., CLIENT_STALL_SECONDS);
	ev_timer_init(&client->turn, on_turn, 0., 0.);
	client->readable.data = client->writable.data = client->first.data =
	    client->stall.data = client->turn.data = client;
	if (peer_is_administrator(peer)) {
		ev_set_priority(&client->readable, 1);
		ev_set_priority(&client->writable, 1);
		ev_set_priority(&client->turn, 1);
	}
	ev_timer_start(clients->loop, &client->first);
	ev_io_start(clients->loop, &client->readable);
}
