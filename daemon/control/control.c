/* SPDX-License-Identifier: MIT */
/*
 * control: accepts clients under caps, and says when calls that wait and streams go on.
 *
 * Each file of this folder includes only those before it: peer, listener, client
 * (bytes), stream (what follows a first reply), methods (what each call does), control.
 */
#include "daemon/control/control.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/control/listener.h"
#include "daemon/control/methods.h"
#include "daemon/journal/journal.h"
#include "daemon/engine/engine.h"
#include "lib/base/cleanup.h"
#include "lib/view/interface.h"

#define PAUSE_SECONDS 1.0
#define SETTLE_SECONDS 0.1
/* Accepted in one turn of the loop; a flood of connections waits in the backlog. */
#define ACCEPT_TURN 16

struct control {
	struct clients clients;
	struct listener listener;
	struct engine *engine;
	struct streams *streams;
	struct ev_io acceptable;
	struct ev_timer pause;	/* no accepting meanwhile */
	struct ev_timer settle; /* changes that come meanwhile are sent together */
	ev_tstamp sent;		/* when the streams last were */
	bool due;		/* the streams wait for a plan */
	bool answering;		/* calls that waited */
};

static size_t clients_of(const struct control *control, uid_t uid)
{
	size_t count = 0;

	for (const struct client *c = control->clients.first; c; c = c->next)
		count += c->peer.uid == uid;
	return count;
}

/* One message, if it fits at once, so that the refused know why. */
static void refuse(int fd, const char *why)
{
	autotext struct text message = { 0 };

	varlink_open_error(&message, ERROR_BUSY);
	shape_write(interface_error(ERROR_BUSY), &(struct one_text){ why }, &message);
	varlink_close(&message);
	if (send(fd, message.data, message.length, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		shutdown(fd, SHUT_RDWR);
	close(fd);
}

static void admit(struct control *control, int fd)
{
	const struct listener *l = &control->listener;
	size_t count = control->clients.count;
	struct peer peer;

	if (peer_read(fd, l->has_group ? &l->group : NULL, &peer) < 0)
		close(fd);
	else if (count >= CLIENTS_MAX || (count >= CLIENTS_MAX - CLIENTS_RESERVED &&
					     !peer_is_administrator(&peer)))
		refuse(fd, "too many connections; close some or try again later");
	else if (clients_of(control, peer.uid) >= CLIENTS_MAX_PER_UID)
		refuse(fd, "too many connections of one user; close some first");
	else
		client_new(&control->clients, fd, &peer);
}

static void on_acceptable(struct ev_loop *loop, struct ev_io *io, int revents)
{
	struct control *control = io->data;
	int fd;

	(void)revents;
	for (int i = 0; i < ACCEPT_TURN; i++) {
		fd = accept4(io->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			admit(control, fd);
			continue;
		}
		/* Without a descriptor the connection stays in the backlog and the socket
		 * stays readable: waiting is the only thing that is not spinning. */
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		    errno == ENOMEM) {
			ev_io_stop(loop, io);
			ev_timer_again(loop, &control->pause);
		}
		return;
	}
}

static void on_pause_over(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	struct control *control = timer->data;

	(void)revents;
	ev_timer_stop(loop, timer);
	ev_io_start(loop, &control->acceptable);
}

/* Streams */

static void send_all(struct control *control)
{
	bool any = false;

	for (struct client *c = control->clients.first; c; c = c->next) {
		if (c->stream.of == STREAM_NONE)
			continue;
		any |= c->stream.of != STREAM_EVENTS;
		stream_send(control->streams, c);
		client_go_on(c);
	}
	streams_settle(control->streams);
	if (!any)
		streams_forget(control->streams);
	control->due = false;
	control->sent = ev_now(control->clients.loop);
}

/* While a plan is due, what it would be made of may be gone already. */
static void on_settled(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	struct control *control = timer->data;

	(void)loop;
	(void)revents;
	if (engine_pending(control->engine))
		control->due = true;
	else
		send_all(control);
}

static void send_soon(struct control *control)
{
	struct ev_loop *loop = control->clients.loop;
	ev_tstamp wait = control->sent + SETTLE_SECONDS - ev_now(loop);

	if (ev_is_active(&control->settle) || control->due || !control->clients.first)
		return;
	/* A wall clock that was set back must not silence us. */
	wait = wait < 0 || wait > SETTLE_SECONDS ? 0 : wait;
	ev_timer_set(&control->settle, wait, 0.);
	ev_timer_start(loop, &control->settle);
}

/* Calls */

static struct client *first_waiting(const struct control *control)
{
	struct client *c = control->clients.first;

	while (c && !c->waiting)
		c = c->next;
	return c;
}

void control_changed(struct control *control)
{
	struct client *c;

	/* A call that changes something makes a plan of its own, and that brings us here
	 * once more: the loop below goes on with what waits. */
	if (control->answering)
		return;
	control->answering = true;
	while ((c = first_waiting(control)))
		client_answer(c);
	control->answering = false;
	if (control->due)
		send_all(control);
	else
		send_soon(control);
}

static bool on_call(struct client *client, const struct varlink_call *call, bool may_wait)
{
	struct control *control = client->clients->arg;

	return methods_call(control->engine, control->streams, client, call, may_wait);
}

static void on_drained(struct client *client)
{
	struct control *control = client->clients->arg;

	stream_send(control->streams, client);
	streams_settle(control->streams);
	if (client->stream.stale)
		send_soon(control);
}

static const struct client_hooks hooks = { on_call, on_drained };

/* In the middle of a plan, perhaps. */
static void on_event(void *arg)
{
	send_soon(arg);
}

struct control *control_new(
    struct ev_loop *loop, const char *path, struct engine *engine, struct error *e)
{
	struct control *control = must_alloc(sizeof(*control));

	control->clients =
	    (struct clients){ .loop = loop, .hooks = &hooks, .arg = control };
	control->engine = engine;
	if (listener_open(&control->listener, path, e) < 0) {
		listener_close(&control->listener);
		free(control);
		return NULL;
	}
	control->streams = streams_new(engine);
	ev_io_init(&control->acceptable, on_acceptable, control->listener.fd, EV_READ);
	ev_timer_init(&control->pause, on_pause_over, 0., PAUSE_SECONDS);
	ev_timer_init(&control->settle, on_settled, 0., 0.);
	control->acceptable.data = control->pause.data = control->settle.data = control;
	/* Before clients that are there: the administrator may be among those who wait. */
	ev_set_priority(&control->acceptable, 1);
	ev_io_start(loop, &control->acceptable);
	journal_listen(on_event, control);
	return control;
}

void control_free(struct control *control)
{
	struct client *next;

	if (!control)
		return;
	journal_listen(NULL, NULL);
	ev_io_stop(control->clients.loop, &control->acceptable);
	ev_timer_stop(control->clients.loop, &control->pause);
	ev_timer_stop(control->clients.loop, &control->settle);
	for (struct client *c = control->clients.first; c; c = next) {
		next = c->next;
		client_free(c);
	}
	streams_free(control->streams);
	listener_close(&control->listener);
	free(control);
}
