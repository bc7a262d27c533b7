/* SPDX-License-Identifier: MIT */
/*
 * Tests of the control socket against clients of every sort. The server runs in a child
 * process with a reconcile of our own behind it: its generation counts what it was asked
 * for, and what it was asked for, and by whom, comes back in its errors.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon/control/control.h"
#include "daemon/reconcile.h"
#include "lib/base/cleanup.h"
#include "lib/doc/json.h"
#include "lib/wire/interface.h"
#include "lib/wire/varlink.h"

#include <check.h>
#undef fail

#define NOBODY ((uid_t)65534)
#define SOON_MS 2000
#define LARGE 400000

/* The server: a reconcile that only counts. */

struct reconcile {
	struct view view;
	struct memory memory;
	struct control *control;
	char large[LARGE + 1];
};

const struct view *reconcile_view(struct reconcile *r)
{
	return &r->view;
}

/* "vm/NAME" is refused with the whole of what was asked for; all else is counted. */
static int ask(struct reconcile *r, const struct kind *kind, const char *name,
    const char *what, const char *who, struct error *e)
{
	if (kind)
		return fail(e, "%s %s/%s by %s", what, kind->name, name, who);
	r->view.load.generation++;
	control_changed(r->control);
	return 0;
}

int reconcile_reload(struct reconcile *r, struct text *errors)
{
	(void)r;
	text_add(errors, "home.yaml:1:1: error[test]: first\nhome.yaml:2:1: second");
	return -1;
}

int reconcile_now(struct reconcile *r, const struct kind *kind, const char *name,
    const char *who, struct error *e)
{
	return ask(r, kind, name, "reconcile", who, e);
}

int reconcile_pause(struct reconcile *r, const struct kind *kind, const char *name,
    const char *reason, int64_t ms, const char *who, struct error *e)
{
	(void)reason;
	(void)ms;
	return ask(r, kind, name, "pause", who, e);
}

int reconcile_resume(struct reconcile *r, const struct kind *kind, const char *name,
    const char *who, struct error *e)
{
	/* From now on a status is larger than what a socket takes at once. */
	if (!kind)
		r->view.load.error = r->large;
	return ask(r, kind, name, "resume", who, e);
}

int reconcile_approve(struct reconcile *r, const struct kind *kind, const char *name,
    const char *who, struct error *e)
{
	return ask(r, kind, name, "approve", who, e);
}

static char directory[] = "/tmp/test_control.XXXXXX";
static struct sockaddr_un address = { .sun_family = AF_UNIX };
static pid_t server;

static void on_term(struct ev_loop *loop, struct ev_signal *signal, int revents)
{
	(void)signal;
	(void)revents;
	ev_break(loop, EVBREAK_ALL);
}

/* Serves until SIGTERM; the exit status is 0 (the sanitizers make it another). */
static void serve(int ready)
{
	struct ev_loop *loop = ev_loop_new(0);
	static struct reconcile r = { .view = { .libvirt = { .state = "off" },
					  .kubernetes = { .state = "off" },
					  .load = { .ok = true } } };
	struct ev_signal term;
	struct error e = { "" };

	memset(r.large, 'x', LARGE);
	r.view.memory = &r.memory;
	r.control = control_new(loop, address.sun_path, &r, &e);
	if (!r.control) {
		fprintf(stderr, "%s\n", e.text);
		_exit(99);
	}
	chmod(address.sun_path, 0666);
	ev_signal_init(&term, on_term, SIGTERM);
	ev_signal_start(loop, &term);
	close(ready);
	ev_run(loop, 0);
	ev_signal_stop(loop, &term);
	control_free(r.control);
	ev_loop_destroy(loop);
	exit(0);
}

static void start(void)
{
	char nothing;
	int ready[2];

	ck_assert_int_eq(pipe(ready), 0);
	server = fork();
	if (server == 0) {
		close(ready[0]);
		serve(ready[1]);
	}
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &nothing, 1), 0);
	close(ready[0]);
}

static void stop(void)
{
	int status;

	kill(server, SIGTERM);
	ck_assert_int_eq(waitpid(server, &status, 0), server);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	    "server ended with %x", (unsigned)status);
	ck_assert_msg(access(address.sun_path, F_OK) != 0, "the socket was left behind");
}

static void setup(void)
{
	memcpy(directory + strlen(directory) - 6, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(directory));
	chmod(directory, 0755);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", directory);
	start();
}

static void teardown(void)
{
	stop();
	ck_assert_int_eq(rmdir(directory), 0);
}

/* A client. */

struct client {
	int fd;
	struct varlink_reader reader;
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static struct client dial(void)
{
	struct client c = { .fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) };

	ck_assert_int_eq(connect(c.fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return c;
}

static void hang_up(struct client *c)
{
	close(c->fd);
	varlink_reader_done(&c->reader);
}

static void say_bytes(struct client *c, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t n = send(c->fd, bytes, length, MSG_NOSIGNAL);

		/* A server that has had enough closes; the reader of the test will see.
		 */
		if (n < 0)
			return;
		bytes += n;
		length -= (size_t)n;
	}
}

/* With its NUL. */
static void say_text(struct client *c, const char *text)
{
	say_bytes(c, text, strlen(text) + 1);
}

/* The next message within `ms`, a new reference; NULL: none, or the end (*ended). */
static struct json_object *hear(struct client *c, int ms, bool *ended)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	int64_t end = now_ms() + ms, left;
	struct json_object *message;
	char buffer[65536];
	bool broken;
	ssize_t n;

	*ended = false;
	while (!(message = varlink_next(&c->reader, 32, &broken, NULL))) {
		ck_assert(!broken);
		left = end - now_ms();
		if (poll(&p, 1, left > 0 ? (int)left : 0) < 1)
			return NULL;
		n = recv(c->fd, buffer, sizeof(buffer), 0);
		*ended = n <= 0;
		if (n <= 0)
			return NULL;
		varlink_feed(&c->reader, buffer, (size_t)n, (size_t)64 << 20, NULL);
	}
	return message;
}

static struct json_object *answer(struct client *c, const char *what)
{
	bool ended;
	struct json_object *message = hear(c, SOON_MS, &ended);

	ck_assert_msg(message != NULL, "%s: %s", what, ended ? "closed" : "no answer");
	return message;
}

static void expect_closed(struct client *c, int ms, const char *what)
{
	bool ended = false;
	int64_t end = now_ms() + ms;

	while (!ended && now_ms() < end)
		json_object_put(hear(c, 100, &ended));
	ck_assert_msg(ended, "%s: still open", what);
}

#define CALL(method, rest) "{\"method\":\"" INTERFACE_NAME "." method "\"" rest "}"

/* The server answers somebody else at once. */
static void expect_alive(const char *what)
{
	struct client c = dial();
	int64_t before = now_ms(), took;
	autojson struct json_object *reply = NULL;

	say_text(&c, CALL("GetVersion", ""));
	reply = answer(&c, what);
	took = now_ms() - before;
	ck_assert_str_eq(json_string_at(reply, "parameters.version"), HOMEK8S_VERSION);
	ck_assert_msg(took < 300, "%s: took %lld ms", what, (long long)took);
	hang_up(&c);
}

static const struct {
	const char *what, *request;
	const char *error; /* NULL: a reply */
	const char *path, *value;
} exchanges[] = {
	{ "version", CALL("GetVersion", ""), NULL, "parameters.version",
	    HOMEK8S_VERSION },
	{ "status", CALL("GetStatus", ",\"parameters\":null"), NULL, "parameters.verdict",
	    "unknown" },
	{ "info", "{\"method\":\"org.varlink.service.GetInfo\"}", NULL,
	    "parameters.product", "homek8sd" },
	{ "more where nothing streams", CALL("GetVersion", ",\"more\":true"), NULL,
	    "parameters.version", HOMEK8S_VERSION },
	{ "an unknown method", CALL("Destroy", ""), ERROR_METHOD_NOT_FOUND,
	    "parameters.method", INTERFACE_NAME ".Destroy" },
	{ "an unknown interface", "{\"method\":\"a.b.C\"}", ERROR_INTERFACE_NOT_FOUND,
	    "parameters.interface", "a.b" },
	{ "the description of another interface",
	    "{\"method\":\"org.varlink.service.GetInterfaceDescription\","
	    "\"parameters\":{\"interface\":\"a.b\"}}",
	    ERROR_INTERFACE_NOT_FOUND, "parameters.interface", "a.b" },
	{ "an unknown parameter", CALL("List", ",\"parameters\":{\"x\":1}"),
	    ERROR_INVALID_PARAMETER, "parameters.parameter", "x" },
	{ "a kind without a name", CALL("Reconcile", ",\"parameters\":{\"kind\":\"vm\"}"),
	    ERROR_INVALID_PARAMETER, "parameters.parameter", "name" },
	{ "a name without a kind", CALL("Pause", ",\"parameters\":{\"name\":\"a\"}"),
	    ERROR_INVALID_PARAMETER, "parameters.parameter", "kind" },
	{ "an unknown kind", CALL("List", ",\"parameters\":{\"kind\":\"vmm\"}"),
	    ERROR_NO_SUCH_OBJECT, "parameters.kind", "vmm" },
	{ "an unknown object",
	    CALL("Describe", ",\"parameters\":{\"kind\":\"vm\",\"name\":\"a\"}"),
	    ERROR_NO_SUCH_OBJECT, "parameters.name", "a" },
	{ "a refused configuration", CALL("Reload", ""), ERROR_CONFIG_REFUSED,
	    "parameters.errors",
	    "home.yaml:1:1: error[test]: first\nhome.yaml:2:1: second" },
};

START_TEST(requests_get_the_right_answer)
{
	struct client c = dial();
	autojson struct json_object *reply = NULL;
	const char *error, *value;

	say_text(&c, exchanges[_i].request);
	reply = answer(&c, exchanges[_i].what);
	error = json_string_at(reply, "error");
	value = json_string_at(reply, exchanges[_i].path);
	ck_assert_msg(!error == !exchanges[_i].error &&
			  (!error || strcmp(error, exchanges[_i].error) == 0),
	    "%s: %s", exchanges[_i].what, json_text(reply));
	ck_assert_msg(value && strcmp(value, exchanges[_i].value) == 0, "%s: %s",
	    exchanges[_i].what, json_text(reply));
	ck_assert(!json_bool_at(reply, "continues", false));
	hang_up(&c);
}
END_TEST

START_TEST(the_interface_describes_itself)
{
	struct client c = dial();
	autojson struct json_object *reply = NULL;

	say_text(&c, "{\"method\":\"org.varlink.service.GetInterfaceDescription\","
		     "\"parameters\":{\"interface\":\"" INTERFACE_NAME "\"}}");
	reply = answer(&c, "description");
	ck_assert_str_eq(json_string_at(reply, "parameters.description"),
	    interface_description(INTERFACE_NAME));
	hang_up(&c);
}
END_TEST

START_TEST(changes_carry_who_asked)
{
	autofree char *want = must_printf("approve vm/a by uid %ld (", (long)geteuid());
	autofree char *pid = must_printf(") pid %ld", (long)getpid());
	struct client c = dial();
	autojson struct json_object *reply = NULL;
	const char *text;

	say_text(&c, CALL("Approve", ",\"parameters\":{\"kind\":\"vm\",\"name\":\"a\"}"));
	reply = answer(&c, "approve");
	text = json_string_at(reply, "parameters.text");
	ck_assert_msg(
	    text && strstr(text, want) == text && strstr(text, pid), "%s", text);
	hang_up(&c);
}
END_TEST

/* Bytes with the NUL that ends them. */
#define WHOLE(text) text, sizeof(text)

static const struct {
	const char *what, *bytes;
	size_t length;
} rubbish[] = {
	{ "HTTP", WHOLE("GET / HTTP/1.1\r\n\r\n") },
	{ "no JSON object", WHOLE("[]") },
	{ "a NUL", WHOLE("") },
	{ "many NULs", WHOLE("\0\0\0\0\0\0\0") },
	{ "no UTF-8", WHOLE("{\"method\":\"\xff\xfe\"}") },
	{ "no method", WHOLE("{\"parameters\":{}}") },
	{ "a number for a method", WHOLE("{\"method\":1}") },
};

START_TEST(rubbish_is_refused_and_closed)
{
	struct client c = dial();
	autojson struct json_object *reply = NULL;

	say_bytes(&c, rubbish[_i].bytes, rubbish[_i].length);
	reply = answer(&c, rubbish[_i].what);
	ck_assert_str_eq(json_string_at(reply, "error"), ERROR_INVALID_PARAMETER);
	expect_closed(&c, SOON_MS, rubbish[_i].what);
	hang_up(&c);
	expect_alive(rubbish[_i].what);
}
END_TEST

START_TEST(bombs_cost_little)
{
	size_t length = 4 << 20;
	autofree char *bytes = malloc(length);
	struct client c = dial();

	memset(bytes, '[', length);
	say_bytes(&c, bytes, length);
	expect_closed(&c, SOON_MS, "four megabytes without an end");
	hang_up(&c);
	expect_alive("after four megabytes");
	c = dial();
	bytes[(1 << 20) - 1] = '\0';
	say_bytes(&c, bytes, 1 << 20);
	expect_closed(&c, SOON_MS, "a megabyte of brackets");
	hang_up(&c);
	expect_alive("after a megabyte of brackets");
}
END_TEST

START_TEST(bytes_may_come_one_by_one)
{
	static const char request[] = CALL("GetVersion", "");
	struct client c = dial();
	autojson struct json_object *reply = NULL;
	bool ended;

	for (size_t i = 0; i < sizeof(request); i++) {
		ck_assert_ptr_null(hear(&c, 1, &ended));
		say_bytes(&c, request + i, 1);
	}
	reply = answer(&c, "byte by byte");
	ck_assert_str_eq(json_string_at(reply, "parameters.version"), HOMEK8S_VERSION);
	hang_up(&c);
}
END_TEST

START_TEST(a_half_closed_client_gets_its_answers)
{
	struct client c = dial();

	for (int i = 0; i < 3; i++)
		say_text(&c, CALL("GetVersion", ""));
	shutdown(c.fd, SHUT_WR);
	for (int i = 0; i < 3; i++) {
		autojson struct json_object *reply = answer(&c, "half-closed");

		ck_assert_ptr_nonnull(json_string_at(reply, "parameters.version"));
	}
	expect_closed(&c, SOON_MS, "after the answers");
	hang_up(&c);
}
END_TEST

START_TEST(oneway_calls_get_no_answer)
{
	struct client c = dial();
	autojson struct json_object *reply = NULL;

	say_text(&c, CALL("Reconcile", ",\"oneway\":true"));
	say_text(&c, CALL("GetStatus", ""));
	reply = answer(&c, "after a oneway call");
	ck_assert_int_eq(
	    json_int_at(reply, "parameters.sources.config.generation", -1), 1);
	hang_up(&c);
}
END_TEST

START_TEST(silence_is_closed)
{
	struct client c = dial(), talked = dial();
	int64_t before = now_ms();
	bool ended;

	say_text(&talked, CALL("GetVersion", ""));
	json_object_put(answer(&talked, "first"));
	say_bytes(&c, "{", 1);
	expect_closed(&c, 15000, "silence");
	ck_assert_int_ge(now_ms() - before, 9000);
	ck_assert_ptr_null(hear(&talked, 500, &ended));
	ck_assert_msg(!ended, "who has talked once may be silent");
	hang_up(&c);
	hang_up(&talked);
}
END_TEST

/* Thousands of requests, none of the answers read: all come, in order, when they are. */
START_TEST(who_never_reads_waits_alone)
{
	enum { COUNT = 5000 };
	struct client c = dial();
	autotext struct text all = { 0 };
	size_t sent = 0;
	int answers = 0;

	for (int i = 0; i < COUNT; i++)
		varlink_put_call(&all, INTERFACE_NAME ".GetStatus", NULL, false);
	for (int i = 0; i < 50; i++) {
		ssize_t n = send(c.fd, all.data + sent, all.length - sent,
		    MSG_DONTWAIT | MSG_NOSIGNAL);

		sent += n > 0 ? (size_t)n : 0;
		usleep(1000);
		expect_alive("beside a flood");
	}
	while (answers < COUNT) {
		bool ended;
		struct json_object *reply;
		ssize_t n = sent < all.length
				? send(c.fd, all.data + sent, all.length - sent,
				      MSG_DONTWAIT | MSG_NOSIGNAL)
				: 0;

		sent += n > 0 ? (size_t)n : 0;
		reply = hear(&c, SOON_MS, &ended);
		ck_assert_msg(reply != NULL, "after %d answers: %s", answers,
		    ended ? "closed" : "nothing");
		json_object_put(reply);
		answers++;
	}
	hang_up(&c);
}
END_TEST

static int64_t generation(struct json_object *reply)
{
	return json_int_at(reply, "parameters.sources.config.generation", -1);
}

/* The state after a burst arrives once or twice, not twenty times, and is the last. */
START_TEST(streams_tell_the_latest)
{
	struct client watcher = dial(), changer = dial();
	struct json_object *reply;
	int64_t seen = 0;
	int told = 0;
	bool ended;

	say_text(&watcher, CALL("GetStatus", ",\"more\":true"));
	reply = answer(&watcher, "the first state");
	ck_assert(json_bool_at(reply, "continues", false));
	json_object_put(reply);
	for (int i = 0; i < 20; i++) {
		say_text(&changer, CALL("Reconcile", ""));
		json_object_put(answer(&changer, "reconcile"));
	}
	while ((reply = hear(&watcher, 400, &ended))) {
		ck_assert(json_bool_at(reply, "continues", false));
		seen = generation(reply);
		told++;
		json_object_put(reply);
	}
	ck_assert_msg(!ended, "the stream ended");
	ck_assert_int_eq(seen, 20);
	ck_assert_int_ge(told, 1);
	ck_assert_int_le(told, 5);
	hang_up(&watcher);
	hang_up(&changer);
	expect_alive("after streams");
}
END_TEST

/* A stream nobody reads costs its peers nothing, and has the latest state when it is. */
START_TEST(slow_streams_skip)
{
	enum { STREAMS = 30 };
	struct client slow[STREAMS], changer = dial();
	int64_t seen = -1;
	int told = 0, size = 4096;
	struct json_object *reply;
	bool ended;

	say_text(&changer, CALL("Resume", ""));
	json_object_put(answer(&changer, "resume"));
	for (int i = 0; i < STREAMS; i++) {
		slow[i] = dial();
		setsockopt(slow[i].fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
		say_text(&slow[i], CALL("GetStatus", ",\"more\":true"));
	}
	for (int i = 0; i < 40; i++) {
		say_text(&changer, CALL("Reconcile", ""));
		json_object_put(answer(&changer, "reconcile"));
		usleep(50000);
	}
	while ((reply = hear(&slow[7], 400, &ended))) {
		seen = generation(reply);
		told++;
		json_object_put(reply);
	}
	/* What was on its way when it was slow, and the latest. */
	ck_assert_int_eq(seen, 41);
	ck_assert_int_le(told, 3);
	for (int i = 0; i < STREAMS; i++)
		hang_up(&slow[i]);
	hang_up(&changer);
	expect_alive("after slow streams");
}
END_TEST

START_TEST(descriptors_sent_along_are_dropped)
{
	enum { COUNT = 200 };
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(COUNT * sizeof(int))];
	} control = { 0 };
	static char request[] = CALL("GetVersion", "");
	struct iovec data = { request, sizeof(request) };
	struct msghdr message = { .msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	struct client c = dial();
	int fds[COUNT], pipe_ends[2];
	char byte;

	ck_assert_int_eq(pipe(pipe_ends), 0);
	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(sizeof(fds));
	for (int i = 0; i < COUNT; i++)
		fds[i] = pipe_ends[1];
	memcpy(CMSG_DATA(&control.align), fds, sizeof(fds));
	ck_assert_int_eq(sendmsg(c.fd, &message, 0), sizeof(request));
	json_object_put(answer(&c, "with 200 descriptors"));
	/* Had the server kept one, the pipe would not end. */
	close(pipe_ends[1]);
	fcntl(pipe_ends[0], F_SETFL, O_NONBLOCK);
	ck_assert_int_eq(read(pipe_ends[0], &byte, 1), 0);
	close(pipe_ends[0]);
	hang_up(&c);
}
END_TEST

/* Connections. */

static const char *refusal(struct client *c)
{
	bool ended;
	autojson struct json_object *reply = hear(c, 200, &ended);
	const char *error = json_string_at(reply, "error");

	return error && strcmp(error, ERROR_BUSY) == 0 ? ERROR_BUSY : "";
}

START_TEST(one_user_has_32_connections)
{
	struct client c[40];

	for (size_t i = 0; i < 40; i++)
		c[i] = dial();
	for (size_t i = 0; i < 40; i++)
		ck_assert_msg(strcmp(refusal(&c[i]), i < 32 ? "" : ERROR_BUSY) == 0,
		    "connection %zu", i);
	for (size_t i = 0; i < 40; i++)
		hang_up(&c[i]);
	usleep(100000);
	expect_alive("when they are gone");
}
END_TEST

static struct client dial_as(uid_t uid)
{
	struct client c;

	ck_assert_int_eq(seteuid(uid), 0);
	c = dial();
	ck_assert_int_eq(seteuid(0), 0);
	return c;
}

START_TEST(all_users_have_128_connections)
{
	struct client c[140];
	size_t refused = 0;

	if (geteuid() != 0) {
		printf("skipped: other users need root\n");
		return;
	}
	for (size_t i = 0; i < 140; i++)
		c[i] = dial_as(NOBODY - 1 - (uid_t)(i / 30));
	for (size_t i = 0; i < 140; i++)
		refused += refusal(&c[i])[0] != '\0';
	ck_assert_uint_eq(refused, 12);
	for (size_t i = 0; i < 140; i++)
		hang_up(&c[i]);
	usleep(100000);
	expect_alive("when they are gone");
}
END_TEST

START_TEST(others_read_but_change_nothing)
{
	static const char *const changing[] = { CALL("Reconcile", ""), CALL("Reload", ""),
		CALL("Pause", ""), CALL("Resume", ""),
		CALL("Approve", ",\"parameters\":{\"kind\":\"vm\",\"name\":\"a\"}") };
	struct client c;
	struct json_object *reply;

	if (geteuid() != 0) {
		printf("skipped: other users need root\n");
		return;
	}
	c = dial_as(NOBODY);
	for (size_t i = 0; i < sizeof(changing) / sizeof(changing[0]); i++) {
		say_text(&c, changing[i]);
		reply = answer(&c, changing[i]);
		ck_assert_msg(json_string_at(reply, "error") &&
				  strcmp(json_string_at(reply, "error"),
				      ERROR_PERMISSION_DENIED) == 0,
		    "%s: %s", changing[i], json_text(reply));
		json_object_put(reply);
	}
	say_text(&c, CALL("GetStatus", ""));
	reply = answer(&c, "status");
	ck_assert_int_eq(generation(reply), 0);
	json_object_put(reply);
	hang_up(&c);
}
END_TEST

static long cpu_ticks(void)
{
	autofree char *path = must_printf("/proc/%ld/stat", (long)server);
	autofile FILE *f = fopen(path, "r");
	long user, system;

	ck_assert_int_eq(fscanf(f,
			     "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u "
			     "%ld %ld",
			     &user, &system),
	    2);
	return user + system;
}

START_TEST(running_out_of_descriptors_is_waited_out)
{
	struct rlimit few = { 20, 20 }, many;
	struct client first = dial(), c[25];
	long before;

	say_text(&first, CALL("GetVersion", ""));
	json_object_put(answer(&first, "before"));
	ck_assert_int_eq(prlimit(server, RLIMIT_NOFILE, NULL, &many), 0);
	few.rlim_max = many.rlim_max;
	ck_assert_int_eq(prlimit(server, RLIMIT_NOFILE, &few, NULL), 0);
	for (size_t i = 0; i < 25; i++)
		c[i] = dial();
	usleep(300000);
	before = cpu_ticks();
	say_text(&first, CALL("GetVersion", ""));
	json_object_put(answer(&first, "who is connected is served"));
	usleep(500000);
	ck_assert_msg(cpu_ticks() - before < sysconf(_SC_CLK_TCK) / 5, "it spins");
	for (size_t i = 0; i < 20; i++)
		hang_up(&c[i]);
	say_text(&c[24], CALL("GetVersion", ""));
	json_object_put(answer(&c[24], "who waited is served"));
	for (size_t i = 20; i < 25; i++)
		hang_up(&c[i]);
	hang_up(&first);
	prlimit(server, RLIMIT_NOFILE, &many, NULL);
}
END_TEST

START_TEST(random_bytes_kill_nothing)
{
	unsigned seed = 12345;
	char bytes[256];

	for (int round = 0; round < 300; round++) {
		struct client c = dial();

		for (size_t i = 0; i < sizeof(bytes); i++) {
			seed = seed * 1103515245 + 12345;
			bytes[i] = "{}[]\":,\\\0ntmethod.\xff\x01"[(seed >> 16) % 20];
		}
		say_bytes(&c, bytes, sizeof(bytes));
		hang_up(&c);
	}
	expect_alive("after random bytes");
}
END_TEST

/* The listening socket. */

START_TEST(a_live_socket_is_not_taken)
{
	static struct reconcile r;
	struct ev_loop *loop = ev_loop_new(0);
	struct error e = { "" };

	ck_assert_ptr_null(control_new(loop, address.sun_path, &r, &e));
	ck_assert_msg(strstr(e.text, "another homek8sd") != NULL, "%s", e.text);
	ev_loop_destroy(loop);
	expect_alive("after the attempt");
}
END_TEST

START_TEST(a_stale_socket_is_replaced_but_nothing_else)
{
	static struct reconcile r;
	struct ev_loop *loop = ev_loop_new(0);
	autofree char *path = must_printf("%s/other", directory);
	struct sockaddr_un stale = { .sun_family = AF_UNIX };
	struct control *control;
	struct error e = { "" };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(stale.sun_path, sizeof(stale.sun_path), "%s", path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&stale, sizeof(stale)), 0);
	close(fd);
	control = control_new(loop, path, &r, &e);
	ck_assert_msg(control != NULL, "%s", e.text);
	control_free(control);
	ck_assert_int_ne(access(path, F_OK), 0);
	close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	ck_assert_ptr_null(control_new(loop, path, &r, &e));
	ck_assert_msg(strstr(e.text, "no socket") != NULL, "%s", e.text);
	unlink(path);
	ck_assert_int_eq(symlink(address.sun_path, path), 0);
	ck_assert_ptr_null(control_new(loop, path, &r, &e));
	unlink(path);
	ev_loop_destroy(loop);
	expect_alive("beside it");
}
END_TEST

START_TEST(a_socket_of_systemd_is_used)
{
	autofree char *path = must_printf("%s/passed", directory);
	autofree char *pid = NULL;
	struct sockaddr_un passed = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), status;
	pid_t child;

	snprintf(passed.sun_path, sizeof(passed.sun_path), "%s", path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&passed, sizeof(passed)), 0);
	ck_assert_int_eq(listen(fd, 5), 0);
	child = fork();
	if (child == 0) {
		static struct reconcile r;
		struct ev_loop *loop = ev_loop_new(0);
		struct control *control;
		struct error e = { "" };

		dup2(fd, 3);
		pid = must_printf("%ld", (long)getpid());
		setenv("LISTEN_PID", pid, 1);
		setenv("LISTEN_FDS", "1", 1);
		control = control_new(loop, "/nowhere/s", &r, &e);
		control_free(control);
		/* systemd's socket stays: the next start is handed it again. */
		_exit(control && access(path, F_OK) == 0 ? 0 : 1);
	}
	close(fd);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	unlink(path);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("control");
	TCase *t = tcase_create("control");
	SRunner *runner;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, requests_get_the_right_answer, 0,
	    sizeof(exchanges) / sizeof(exchanges[0]));
	tcase_add_test(t, the_interface_describes_itself);
	tcase_add_test(t, changes_carry_who_asked);
	tcase_add_loop_test(
	    t, rubbish_is_refused_and_closed, 0, sizeof(rubbish) / sizeof(rubbish[0]));
	tcase_add_test(t, bombs_cost_little);
	tcase_add_test(t, bytes_may_come_one_by_one);
	tcase_add_test(t, a_half_closed_client_gets_its_answers);
	tcase_add_test(t, oneway_calls_get_no_answer);
	tcase_add_test(t, silence_is_closed);
	tcase_add_test(t, who_never_reads_waits_alone);
	tcase_add_test(t, streams_tell_the_latest);
	tcase_add_test(t, slow_streams_skip);
	tcase_add_test(t, descriptors_sent_along_are_dropped);
	tcase_add_test(t, one_user_has_32_connections);
	tcase_add_test(t, all_users_have_128_connections);
	tcase_add_test(t, others_read_but_change_nothing);
	tcase_add_test(t, running_out_of_descriptors_is_waited_out);
	tcase_add_test(t, random_bytes_kill_nothing);
	tcase_add_test(t, a_live_socket_is_not_taken);
	tcase_add_test(t, a_stale_socket_is_replaced_but_nothing_else);
	tcase_add_test(t, a_socket_of_systemd_is_used);
	suite_add_tcase(suite, t);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
