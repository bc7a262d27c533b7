/* SPDX-License-Identifier: MIT */
/*
 * logind: an inhibitor is a file descriptor that logind hands out and waits for to be closed.
 * It is taken as soon as the bus is there, for while a shutdown is under way no more are
 * given. When logind says that it prepares for one, systemd is queried about
 * libvirt-guests.service once more before that is reported, so that what is done then goes
 * by what is so then.
 */
#include "daemon/host/logind.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "daemon/host/clock.h"
#include "lib/base/arena.h"

#define AGAIN_S 10.0
#define CALL_US ((uint64_t)3000000)

#define LOGIND "org.freedesktop.login1"
#define LOGIND_PATH "/org/freedesktop/login1"
#define MANAGER "org.freedesktop.login1.Manager"
#define SYSTEMD "org.freedesktop.systemd1"
#define GUESTS_PATH "/org/freedesktop/systemd1/unit/libvirt_2dguests_2eservice"
#define PROPERTIES "org.freedesktop.DBus.Properties"

struct logind {
	struct ev_loop *loop;
	void (*changed)(void *arg);
	void *arg;
	bool use;
	sd_bus *bus;	/* NULL: not connected */
	int inhibitor;	/* -1: none */
	bool requested; /* one, and not answered yet */
	bool answers;	/* logind did, the last time */
	struct host_power power;
	bool prepares; /* the last that logind said; power.since follows */
	ev_io io;
	ev_timer timer; /* the bus's own time-outs */
	ev_timer again;
};

static void report(struct logind *l)
{
	l->changed(l->arg);
}

static void release(struct logind *l)
{
	if (l->inhibitor >= 0)
		close(l->inhibitor);
	l->inhibitor = -1;
}

/* The connection */

static void disconnect(struct logind *l)
{
	ev_io_stop(l->loop, &l->io);
	ev_timer_stop(l->loop, &l->timer);
	if (l->bus)
		sd_bus_close_unref(l->bus);
	l->bus = NULL;
	l->requested = false;
}

static void try_again_later(struct logind *l)
{
	ev_timer_stop(l->loop, &l->again);
	ev_timer_set(&l->again, AGAIN_S, 0.0);
	ev_timer_start(l->loop, &l->again);
}

/* That it shuts down stays so until somebody says otherwise. */
static void lose(struct logind *l)
{
	bool was = l->power.reached;

	disconnect(l);
	l->power.reached = l->power.refused = false;
	l->power.guests = SWITCHED_UNKNOWN;
	try_again_later(l);
	if (was)
		report(l);
}

static void arm(struct logind *l)
{
	int events = sd_bus_get_events(l->bus);
	uint64_t until = UINT64_MAX, now = (uint64_t)clock_micros();

	ev_io_stop(l->loop, &l->io);
	ev_timer_stop(l->loop, &l->timer);
	if (events < 0 || sd_bus_get_timeout(l->bus, &until) < 0) {
		lose(l);
		return;
	}
	ev_io_set(&l->io, sd_bus_get_fd(l->bus),
	    (events & POLLIN ? EV_READ : 0) | (events & POLLOUT ? EV_WRITE : 0));
	ev_io_start(l->loop, &l->io);
	if (until == UINT64_MAX)
		return;
	ev_timer_set(&l->timer, until > now ? (double)(until - now) / 1e6 : 0.0, 0.0);
	ev_timer_start(l->loop, &l->timer);
}

static void work(struct logind *l)
{
	int result = 1;

	while (l->bus && (result = sd_bus_process(l->bus, NULL)) > 0)
		;
	if (!l->bus)
		return;
	if (result < 0)
		lose(l);
	else
		arm(l);
}

static void on_io(struct ev_loop *loop, ev_io *io, int events)
{
	(void)loop;
	(void)events;
	work(io->data);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	work(timer->data);
}

/* Calls */

static int ask_property(struct logind *l, const char *service, const char *path,
    const char *interface, const char *property, sd_bus_message_handler_t answer)
{
	sd_bus_message *m = NULL;
	int result =
	    sd_bus_message_new_method_call(l->bus, &m, service, path, PROPERTIES, "Get");

	if (result >= 0)
		result = sd_bus_message_append(m, "ss", interface, property);
	if (result >= 0)
		result = sd_bus_call_async(l->bus, NULL, m, answer, l, CALL_US);
	sd_bus_message_unref(m);
	return result;
}

/* While a shutdown is under way none is given out: that one is not delayed. At boot logind
 * may be up before polkit, which it asks, is. */
static int on_inhibitor(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct logind *l = arg;
	bool was = l->power.refused;
	int fd;

	(void)error;
	l->requested = false;
	l->power.refused = sd_bus_message_is_method_error(m, NULL) ||
			   sd_bus_message_read(m, "h", &fd) < 0;
	if (!l->power.refused) {
		release(l);
		l->inhibitor = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		l->power.refused = l->inhibitor < 0;
	}
	if (l->power.refused)
		try_again_later(l);
	if (l->power.refused != was)
		report(l);
	return 0;
}

/* One that is held already may be of a logind that is no more: it makes room for the new. */
static void take(struct logind *l)
{
	if (l->requested || l->prepares)
		return;
	l->requested = sd_bus_call_method_async(l->bus, NULL, LOGIND, LOGIND_PATH,
			   MANAGER, "Inhibit", on_inhibitor, l, "ssss", "shutdown",
			   "homek8sd", "VMs are shut down in order", "delay") >= 0;
}

/* The last of the answers: only now it is said that it shuts down, or not. */
static int on_guests(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct logind *l = arg;
	const char *state = NULL;

	(void)error;
	l->power.guests = SWITCHED_UNKNOWN;
	if (!sd_bus_message_is_method_error(m, NULL) &&
	    sd_bus_message_read(m, "v", "s", &state) >= 0)
		l->power.guests =
		    strcmp(state, "inactive") == 0 || strcmp(state, "failed") == 0
			? SWITCHED_OFF
			: SWITCHED_ON;
	if (!l->prepares)
		l->power.since = (struct mono){ 0 };
	else if (!l->power.since.ms)
		l->power.since = clock_mono();
	l->power.reached = l->answers;
	report(l);
	return 0;
}

static int ask_guests(struct logind *l)
{
	return ask_property(l, SYSTEMD, GUESTS_PATH, "org.freedesktop.systemd1.Unit",
	    "ActiveState", on_guests);
}

static int on_longest(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct logind *l = arg;
	uint64_t longest = 0;

	(void)error;
	if (!sd_bus_message_is_method_error(m, NULL) &&
	    sd_bus_message_read(m, "v", "t", &longest) >= 0)
		l->power.longest = (int64_t)(longest / 1000);
	return ask_guests(l);
}

static int on_prepares(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct logind *l = arg;
	int prepares = 0;

	(void)error;
	l->answers = !sd_bus_message_is_method_error(m, NULL) &&
		     sd_bus_message_read(m, "v", "b", &prepares) >= 0;
	if (l->answers)
		l->prepares = prepares;
	return ask_property(
	    l, LOGIND, LOGIND_PATH, MANAGER, "InhibitDelayMaxUSec", on_longest);
}

/* One after the other: each answer asks the next question. */
static int ask_all(struct logind *l)
{
	return ask_property(
	    l, LOGIND, LOGIND_PATH, MANAGER, "PreparingForShutdown", on_prepares);
}

static int on_signal(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct logind *l = arg;
	int prepares;

	(void)error;
	if (sd_bus_message_read(m, "b", &prepares) < 0)
		return 0;
	l->prepares = prepares;
	l->answers = true;
	if (!prepares)
		take(l);
	return ask_guests(l);
}

static void connect_bus(struct logind *l)
{
	int result = sd_bus_open_system(&l->bus);

	if (result >= 0)
		result = sd_bus_match_signal_async(l->bus, NULL, LOGIND, LOGIND_PATH,
		    MANAGER, "PrepareForShutdown", on_signal, NULL, l);
	if (result >= 0)
		result = ask_all(l);
	if (result < 0) {
		lose(l);
		return;
	}
	take(l);
	arm(l);
}

static void on_again(struct ev_loop *loop, ev_timer *again, int events)
{
	struct logind *l = again->data;

	(void)loop;
	(void)events;
	if (!l->bus) {
		connect_bus(l);
		return;
	}
	take(l);
	arm(l);
}

/* For the host's adapter */

void logind_use(struct logind *l, bool use)
{
	if (l->use == use)
		return;
	l->use = use;
	if (use) {
		connect_bus(l);
		return;
	}
	ev_timer_stop(l->loop, &l->again);
	disconnect(l);
	release(l);
	l->power = (struct host_power){ .reached = false };
	l->prepares = false;
}

void logind_refresh(struct logind *l)
{
	if (!l->bus)
		return;
	if (ask_all(l) < 0)
		lose(l);
	else
		work(l);
}

void logind_release(struct logind *l)
{
	if (l->power.since.ms)
		release(l);
}

const struct host_power *logind_power(const struct logind *l)
{
	return &l->power;
}

struct logind *logind_new(struct ev_loop *loop, void (*changed)(void *arg), void *arg)
{
	struct logind *l = must_alloc(sizeof(*l));

	l->loop = loop;
	l->changed = changed;
	l->arg = arg;
	l->inhibitor = -1;
	ev_io_init(&l->io, on_io, -1, 0);
	ev_timer_init(&l->timer, on_timer, 0.0, 0.0);
	ev_timer_init(&l->again, on_again, 0.0, 0.0);
	l->io.data = l->timer.data = l->again.data = l;
	return l;
}

void logind_free(struct logind *l)
{
	logind_use(l, false);
	free(l);
}
