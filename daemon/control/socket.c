/* SPDX-License-Identifier: MIT */
/* socket: accepts clients under caps, and tells all streams what has changed. */
#include "daemon/control/client.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/journal/journal.h"
#include "lib/base/arena.h"
#include "lib/base/cleanup.h"
#include "lib/doc/json.h"
#include "lib/wire/interface.h"

#define PAUSE_SECONDS 1.0
#define SETTLE_SECONDS 0.1
/* Accepted in one turn of the loop; a flood of connections waits in the backlog. */
#define ACCEPT_TURN 16

static size_t clients_of(const struct control *control, uid_t uid)
{
	size_t count = 0;

	for (const struct client *c = control->clients; c; c = c->next)
		count += c->peer.uid == uid;
	return count;
}

/* One message, if it fits at once, so that the refused know why. */
static void refuse(int fd, const char *why)
{
	autojson struct json_object *parameters = json_object_new_object();
	autotext struct text message = { 0 };

	json_put_string(parameters, "text", why);
	varlink_put_error(&message, ERROR_BUSY, parameters);
	if (send(fd, message.data, message.length, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		shutdown(fd, SHUT_RDWR);
	close(fd);
}

static void admit(struct control *control, int fd)
{
	struct peer peer;

	if (peer_read(control, fd, &peer) < 0)
		close(fd);
	else if (control->client_count >= CLIENTS_MAX)
		refuse(fd, "too many connections; close some or try again later");
	else if (clients_of(control, peer.uid) >= CLIENTS_MAX_PER_UID)
		refuse(fd, "too many connections of one user; close some first");
	else
		client_new(control, fd, &peer);
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

/* The same status goes to every stream: it is made once. */
static bool make_status(struct control *control, struct text *out)
{
	autojson struct json_object *status = NULL;
	bool wanted = false;

	for (const struct client *c = control->clients; c; c = c->next)
		wanted |= c->stream == STREAM_STATUS;
	if (!wanted)
		return false;
	status = methods_status(control);
	varlink_put_reply(out, status, true);
	return true;
}

static void tell_all(struct control *control)
{
	autotext struct text status = { 0 };
	bool made = make_status(control, &status);
	struct client *next;

	for (struct client *c = control->clients; c; c = next) {
		next = c->next;
		if (c->stream != STREAM_NONE)
			client_tell(c, made ? &status : NULL);
	}
}

static void on_settled(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	struct control *control = timer->data;

	(void)loop;
	(void)revents;
	tell_all(control);
	control->told = ev_now(control->loop);
}

/* Never told from here: whoever calls may be in the middle of one client's call. */
void control_changed(struct control *control)
{
	ev_tstamp wait = control->told + SETTLE_SECONDS - ev_now(control->loop);

	if (ev_is_active(&control->settle) || !control->clients)
		return;
	/* A wall clock that was set back must not silence us. */
	wait = wait < 0 || wait > SETTLE_SECONDS ? 0 : wait;
	ev_timer_set(&control->settle, wait, 0.);
	ev_timer_start(control->loop, &control->settle);
}

static void on_event(void *arg)
{
	control_changed(arg);
}

struct control *control_new(
    struct ev_loop *loop, const char *path, struct reconcile *reconcile, struct error *e)
{
	struct control *control = must_alloc(sizeof(*control));

	control->loop = loop;
	control->reconcile = reconcile;
	control->fd = -1;
	if (methods_check(e) < 0 || listener_open(control, path, e) < 0) {
		listener_close(control);
		free(control);
		return NULL;
	}
	ev_io_init(&control->acceptable, on_acceptable, control->fd, EV_READ);
	ev_timer_init(&control->pause, on_pause_over, 0., PAUSE_SECONDS);
	ev_timer_init(&control->settle, on_settled, 0., 0.);
	control->acceptable.data = control->pause.data = control->settle.data = control;
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
	ev_io_stop(control->loop, &control->acceptable);
	ev_timer_stop(control->loop, &control->pause);
	ev_timer_stop(control->loop, &control->settle);
	for (struct client *c = control->clients; c; c = next) {
		next = c->next;
		client_free(c);
	}
	listener_close(control);
	free(control);
}
