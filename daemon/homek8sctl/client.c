/* SPDX-License-Identifier: MIT */
/* client: one connection to the daemon. */
#include "daemon/homek8sctl/client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/doc/json.h"
#include "lib/wire/varlink.h"

#define REPLY_MAX ((size_t)64 * 1024 * 1024)
#define REPLY_MAX_DEPTH 64
#define SEND_MS 10000
#define CONNECT_SECONDS 3
#define FOR_EVER INT64_MAX

struct client {
	int fd;
	struct varlink_reader reader;
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int connect_to(const char *path)
{
	static const struct timeval patience = { .tv_sec = CONNECT_SECONDS };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* A backlog that is full because somebody connects without end has room again in a
	 * moment, and who waits gets it; that of a daemon which does not accept has not. */
	if (fd >= 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) == 0 &&
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	    fcntl(fd, F_SETFL, O_NONBLOCK) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

struct client *client_open(const char *path, enum status *status, struct error *e)
{
	struct client *client;
	int fd = connect_to(path), why = errno;

	if (fd >= 0) {
		client = must_alloc(sizeof(*client));
		client->fd = fd;
		return client;
	}
	*status = STATUS_UNREACHABLE;
	if (why == EACCES || why == EPERM) {
		*status = STATUS_DENIED;
		fail(e, "%s: permission denied; be root or join group homek8s", path);
	} else if (why == EAGAIN)
		fail(e, "%s: homek8sd does not answer; see `systemctl status homek8sd`",
		    path);
	else
		fail(e,
		    "%s: homek8sd is not running (%s); see `systemctl status homek8sd`",
		    path, strerror(why));
	return NULL;
}

void client_close(struct client *client)
{
	if (!client)
		return;
	close(client->fd);
	varlink_reader_done(&client->reader);
	free(client);
}

/* Waits until the socket is ready for `events`; false once `end` has come. */
static bool wait_for(const struct client *client, short events, int64_t end)
{
	struct pollfd p = { .fd = client->fd, .events = events };
	int64_t left;
	int n;

	do {
		left = end == FOR_EVER ? -1 : end - now_ms();
		n = poll(&p, 1, left < 0 && end != FOR_EVER ? 0 : (int)left);
	} while (n < 0 && errno == EINTR);
	return n > 0;
}

int client_send(struct client *client, const char *method, struct json_object *parameters,
    bool more, struct error *e)
{
	autotext struct text message = { 0 };
	size_t sent = 0;
	ssize_t n;

	varlink_put_call(&message, method, parameters, more);
	while (sent < message.length) {
		n = send(
		    client->fd, message.data + sent, message.length - sent, MSG_NOSIGNAL);
		if (n >= 0)
			sent += (size_t)n;
		else if (errno != EAGAIN && errno != EINTR)
			return fail(
			    e, "homek8sd closed the connection: %s", strerror(errno));
		else if (!wait_for(client, POLLOUT, now_ms() + SEND_MS))
			return fail(e, "homek8sd does not read the request");
	}
	return 0;
}

/* Takes the message apart; `message` is dropped. */
static enum exit_answer take(struct json_object *message, struct reply *out)
{
	const char *error = json_string_at(message, "error");

	out->error = must_copy(error);
	out->continues = json_bool_at(message, "continues", false);
	out->parameters = json_object_get(json_at(message, "parameters"));
	if (!out->parameters)
		out->parameters = json_object_new_object();
	json_object_put(message);
	return error ? ANSWER_ERROR : ANSWER_REPLY;
}

enum exit_answer client_receive(
    struct client *client, int64_t ms, struct reply *out, struct error *e)
{
	int64_t end = ms < 0 ? FOR_EVER : now_ms() + ms;
	struct json_object *message;
	char buffer[64 * 1024];
	bool broken;
	ssize_t n;

	*out = (struct reply){ 0 };
	while (!(message = varlink_next(&client->reader, REPLY_MAX_DEPTH, &broken, e))) {
		if (broken)
			return ANSWER_CLOSED;
		if (!wait_for(client, POLLIN, end)) {
			fail(
			    e, "homek8sd has not answered within %lld ms", (long long)ms);
			return ANSWER_TIMEOUT;
		}
		n = recv(client->fd, buffer, sizeof(buffer), 0);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0) {
			fail(e, "homek8sd closed the connection");
			return ANSWER_CLOSED;
		}
		if (varlink_feed(&client->reader, buffer, (size_t)n, REPLY_MAX, e) < 0)
			return ANSWER_CLOSED;
	}
	return take(message, out);
}

void reply_done(struct reply *reply)
{
	json_object_put(reply->parameters);
	free(reply->error);
	*reply = (struct reply){ 0 };
}
