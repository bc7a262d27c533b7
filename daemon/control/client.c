/* SPDX-License-Identifier: MIT */
/* client: bytes in, calls out; answers in, bytes out. */
#include "daemon/control/client.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/journal/journal.h"
#include "lib/base/arena.h"
#include "lib/base/cleanup.h"
#include "lib/doc/json.h"
#include "lib/wire/interface.h"

#define READ_SIZE ((size_t)64 * 1024)

static size_t queued(const struct client *client)
{
	return client->out.length - client->sent;
}

static size_t bytes_held(const struct control *control)
{
	size_t sum = 0;

	for (const struct client *c = control->clients; c; c = c->next)
		sum += c->reader.bytes.room + c->out.room;
	return sum;
}

void client_free(struct client *client)
{
	struct ev_loop *loop = client->control->loop;

	ev_io_stop(loop, &client->readable);
	ev_io_stop(loop, &client->writable);
	ev_timer_stop(loop, &client->first);
	ev_timer_stop(loop, &client->stall);
	ev_timer_stop(loop, &client->turn);
	close(client->fd);
	*client->link = client->next;
	if (client->next)
		client->next->link = client->link;
	client->control->client_count--;
	varlink_reader_done(&client->reader);
	text_done(&client->out);
	free(client);
}

/* Queues one whole message. Past the cap nothing is queued and the client is done for. */
static void queue(struct client *client, const struct text *message)
{
	if (client->closing)
		return;
	if (queued(client) > 0 && queued(client) + message->length > CLIENT_MAX_QUEUE) {
		client->closing = true;
		client->sent = client->out.length;
		return;
	}
	text_add_n(&client->out, message->data, message->length);
}

void client_reply(struct client *client, struct json_object *parameters, bool continues)
{
	autotext struct text message = { 0 };

	varlink_put_reply(&message, parameters, continues);
	queue(client, &message);
}

void client_error(
    struct client *client, const char *error, struct json_object *parameters)
{
	autotext struct text message = { 0 };

	varlink_put_error(&message, error, parameters);
	queue(client, &message);
}

void client_error_text(
    struct client *client, const char *error, const char *key, const char *text)
{
	autojson struct json_object *parameters = json_object_new_object();

	json_put_string(parameters, key, text);
	client_error(client, error, parameters);
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
		ev_timer_again(client->control->loop, &client->stall);
	}
	text_done(&client->out);
	client->sent = 0;
	return true;
}

static void handle_message(struct client *client)
{
	struct error e = { 0 };
	bool broken;
	autojson struct json_object *message =
	    varlink_next(&client->reader, VARLINK_MAX_DEPTH, &broken, &e);
	struct varlink_call call;
	size_t before = client->out.length;

	ev_timer_stop(client->control->loop, &client->first);
	if (broken || varlink_call_parse(message, &call, &e) < 0) {
		/* Who sends this speaks another language: nothing that follows is safe.
		 */
		client_error_text(client, ERROR_INVALID_PARAMETER, "parameter", e.text);
		client->closing = true;
		return;
	}
	methods_call(client, &call);
	if (call.oneway && client->out.length > before)
		client->out.length = before;
}

/* May the next message be looked at? */
static bool ready(const struct client *client)
{
	return client->reader.pending > 0 && !client->closing &&
	       client->stream == STREAM_NONE && queued(client) == 0;
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
	return !client->eof || client->reader.pending > 0 ||
	       client->stream != STREAM_NONE;
}

/* Sets every watcher by what the client waits for. */
static void arm(struct client *client)
{
	struct ev_loop *loop = client->control->loop;
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
	if (ready(client) && !ev_is_active(&client->turn)) {
		ev_timer_set(&client->turn, 0., 0.);
		ev_timer_start(loop, &client->turn);
	}
}

/* The news of a stream, once what was sent before has left. */
static void send_news(struct client *client, const struct text *reply)
{
	autojson struct json_object *parameters = NULL;

	if (client->stream == STREAM_NONE || !client->stale || queued(client) > 0)
		return;
	client->stale = false;
	if (reply && client->stream == STREAM_STATUS) {
		queue(client, reply);
		return;
	}
	if (client->stream == STREAM_EVENTS && client->after == journal_last())
		return;
	parameters = methods_stream(client);
	client_reply(client, parameters, true);
}

/* Goes on with the client after anything has happened; may free it. */
static void go_on(struct client *client)
{
	send_news(client, NULL);
	if (!flush(client) || !handle_messages(client)) {
		client_free(client);
		return;
	}
	arm(client);
}

void client_tell(struct client *client, const struct text *reply)
{
	client->stale = true;
	send_news(client, reply);
	go_on(client);
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
		client_error_text(client, ERROR_INVALID_PARAMETER, "parameter", e.text);
		client->closing = true;
	} else if (client->reader.bytes.length > READ_SIZE &&
		   bytes_held(client->control) > CLIENTS_MAX_BYTES) {
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

void client_new(struct control *control, int fd, const struct peer *peer)
{
	struct client *client = must_alloc(sizeof(*client));

	client->control = control;
	client->fd = fd;
	client->peer = *peer;
	client->link = &control->clients;
	client->next = control->clients;
	if (client->next)
		client->next->link = &client->next;
	control->clients = client;
	control->client_count++;
	ev_io_init(&client->readable, on_readable, fd, EV_READ);
	ev_io_init(&client->writable, on_writable, fd, EV_WRITE);
	ev_timer_init(&client->first, on_too_late, CLIENT_FIRST_SECONDS, 0.);
	ev_timer_init(&client->stall, on_too_late, 0., CLIENT_STALL_SECONDS);
	ev_timer_init(&client->turn, on_turn, 0., 0.);
	client->readable.data = client->writable.data = client->first.data =
	    client->stall.data = client->turn.data = client;
	ev_timer_start(control->loop, &client->first);
	ev_io_start(control->loop, &client->readable);
}
