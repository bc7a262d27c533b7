/* SPDX-License-Identifier: MIT */
/*
 * fake-logind PATH: a system bus at the socket PATH with logind on it and, of systemd, the unit
 * libvirt-guests.service. Each client is answered as the bus would; there is no bus between.
 * Lines on its standard input change what is so:
 *
 *   shutdown   it prepares for one, and waits for who holds an inhibitor
 *   cancel     it does not after all
 *   refuse, grant   whoever requests an inhibitor
 *   guests STATE, longest MS   what is answered when it is asked
 *
 * It says on its standard output: "inhibited", "released", each when it is so.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#define CLIENTS 8
#define LOGIND "org.freedesktop.login1"
#define LOGIND_PATH "/org/freedesktop/login1"
#define MANAGER "org.freedesktop.login1.Manager"

static struct {
	sd_bus *clients[CLIENTS];
	int inhibitor; /* our end of it, -1: none is held */
	int prepares, refuses;
	uint64_t longest_us;
	char guests[32];
} fake = { .inhibitor = -1, .longest_us = 120000000, .guests = "inactive" };

static int on_hello(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	(void)arg;
	(void)error;
	return sd_bus_reply_method_return(m, "s", ":1.7");
}

static int on_match(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	(void)arg;
	(void)error;
	return sd_bus_reply_method_return(m, "");
}

static int on_inhibit(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	const char *what, *who, *why, *mode;
	int ends[2], result;

	(void)arg;
	if (fake.prepares)
		return sd_bus_error_set(error,
		    "org.freedesktop.login1.OperationInProgress", "it is under way");
	if (fake.refuses)
		return sd_bus_error_set(
		    error, SD_BUS_ERROR_ACCESS_DENIED, "polkit is not there yet");
	result = sd_bus_message_read(m, "ssss", &what, &who, &why, &mode);
	if (result < 0 || strcmp(what, "shutdown") != 0 || strcmp(mode, "delay") != 0)
		return sd_bus_error_set(error, SD_BUS_ERROR_INVALID_ARGS, "another one");
	if (pipe(ends) < 0)
		return -errno;
	if (fake.inhibitor >= 0)
		close(fake.inhibitor);
	fake.inhibitor = ends[0];
	result = sd_bus_reply_method_return(m, "h", ends[1]);
	close(ends[1]);
	puts("inhibited");
	return result;
}

static int get_guests(sd_bus *bus, const char *path, const char *interface,
    const char *property, sd_bus_message *reply, void *arg, sd_bus_error *error)
{
	(void)bus;
	(void)path;
	(void)interface;
	(void)property;
	(void)arg;
	(void)error;
	return sd_bus_message_append(reply, "s", fake.guests);
}

static const sd_bus_vtable driver[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("Hello", "", "s", on_hello, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("AddMatch", "s", "", on_match, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("RemoveMatch", "s", "", on_match, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END,
};

static const sd_bus_vtable manager[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("Inhibit", "ssss", "h", on_inhibit, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_PROPERTY("PreparingForShutdown", "b", NULL, 0, 0),
	SD_BUS_PROPERTY("InhibitDelayMaxUSec", "t", NULL, sizeof(int) * 2, 0),
	SD_BUS_VTABLE_END,
};

static const sd_bus_vtable unit[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("ActiveState", "s", get_guests, 0, 0),
	SD_BUS_VTABLE_END,
};

/* What the two properties point to. */
static struct {
	int prepares;
	int unused;
	uint64_t longest_us;
} shown;

static void show(void)
{
	shown.prepares = fake.prepares;
	shown.longest_us = fake.longest_us;
}

static sd_bus *greet(int fd)
{
	sd_id128_t id;
	sd_bus *bus = NULL;

	sd_id128_randomize(&id);
	if (sd_bus_new(&bus) < 0 || sd_bus_set_fd(bus, fd, fd) < 0 ||
	    sd_bus_set_server(bus, 1, id) < 0 || sd_bus_negotiate_fds(bus, 1) < 0 ||
	    sd_bus_start(bus) < 0 ||
	    sd_bus_add_object_vtable(bus, NULL, "/org/freedesktop/DBus",
		"org.freedesktop.DBus", driver, NULL) < 0 ||
	    sd_bus_add_object_vtable(bus, NULL, LOGIND_PATH, MANAGER, manager, &shown) <
		0 ||
	    sd_bus_add_object_vtable(bus, NULL,
		"/org/freedesktop/systemd1/unit/libvirt_2dguests_2eservice",
		"org.freedesktop.systemd1.Unit", unit, NULL) < 0)
		abort();
	return bus;
}

static void welcome(int listener)
{
	int fd = accept(listener, NULL, NULL);

	for (size_t i = 0; fd >= 0 && i < CLIENTS; i++)
		if (!fake.clients[i]) {
			fake.clients[i] = greet(fd);
			return;
		}
}

static void serve(size_t i)
{
	int result;

	while ((result = sd_bus_process(fake.clients[i], NULL)) > 0)
		;
	if (result >= 0)
		return;
	sd_bus_close_unref(fake.clients[i]);
	fake.clients[i] = NULL;
}

static void announce(int prepares)
{
	fake.prepares = prepares;
	show();
	for (size_t i = 0; i < CLIENTS; i++) {
		sd_bus_message *m = NULL;

		if (!fake.clients[i])
			continue;
		if (sd_bus_message_new_signal(fake.clients[i], &m, LOGIND_PATH, MANAGER,
			"PrepareForShutdown") >= 0 &&
		    sd_bus_message_append(m, "b", prepares) >= 0 &&
		    sd_bus_message_set_sender(m, LOGIND) >= 0)
			sd_bus_send(fake.clients[i], m, NULL);
		sd_bus_message_unref(m);
	}
}

static void obey(const char *line)
{
	unsigned long long ms;

	if (strncmp(line, "shutdown", 8) == 0)
		announce(1);
	else if (strncmp(line, "cancel", 6) == 0)
		announce(0);
	else if (strncmp(line, "refuse", 6) == 0)
		fake.refuses = 1;
	else if (strncmp(line, "grant", 5) == 0)
		fake.refuses = 0;
	else if (sscanf(line, "longest %llu", &ms) == 1)
		fake.longest_us = ms * 1000;
	else
		sscanf(line, "guests %31s", fake.guests);
	show();
}

static void check_inhibitor(const struct pollfd *end)
{
	if (end->fd < 0 || !(end->revents & (POLLHUP | POLLERR)))
		return;
	close(fake.inhibitor);
	fake.inhibitor = -1;
	puts("released");
}

static void turn(int listener)
{
	struct pollfd fds[CLIENTS + 3] = { { .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = listener, .events = POLLIN }, { .fd = fake.inhibitor } };
	char line[256];

	for (size_t i = 0; i < CLIENTS; i++) {
		fds[i + 3].fd = fake.clients[i] ? sd_bus_get_fd(fake.clients[i]) : -1;
		fds[i + 3].events =
		    fake.clients[i] ? (short)sd_bus_get_events(fake.clients[i]) : 0;
	}
	poll(fds, CLIENTS + 3, -1);
	check_inhibitor(&fds[2]);
	for (size_t i = 0; i < CLIENTS; i++)
		if (fake.clients[i])
			serve(i);
	if (fds[1].revents)
		welcome(listener);
	if (fds[0].revents && !fgets(line, sizeof(line), stdin))
		exit(0);
	if (fds[0].revents)
		obey(line);
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (argc != 2 || strlen(argv[1]) >= sizeof(address.sun_path))
		return 2;
	strcpy(address.sun_path, argv[1]);
	unlink(argv[1]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	setvbuf(stdin, NULL, _IONBF, 0);
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(listener, CLIENTS) < 0) {
		perror(argv[1]);
		return 1;
	}
	show();
	for (;;)
		turn(listener);
}
