/* SPDX-License-Identifier: MIT */
/* server: the control socket in a child process, and clients that talk to it. */
#include "test/control/server.h"
#include "test/scratch.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon/control/control.h"
#include "daemon/engine/engine.h"
#include "lib/base/cleanup.h"
#include "lib/doc/json.h"
#include "lib/kind/kinds.h"

#define LARGE 400000

/* The server: an engine that only counts. */

struct engine {
	struct view view;
	struct state state;
	struct control *control;
	struct plan plan; /* what the orders below have made of it */
	struct object_state nothing_known;
	struct ev_loop *loop;
	struct ev_timer planned; /* active: a plan is due */
	bool counts;		 /* its generation counts the views of it */
	char large[LARGE + 1];
};

bool engine_pending(const struct engine *r)
{
	return r && ev_is_active(&r->planned);
}

/* The view must not be read while a plan is due. */
void engine_view(const struct engine *r, struct view *out)
{
	if (engine_pending(r))
		abort();
	if (r->counts)
		((struct engine *)(uintptr_t)r)->view.load.generation++;
	*out = r->view;
	out->now.ms = now_ms();
}

void engine_import(struct engine *r, const struct import_only *only, size_t count,
    struct arena *a, struct import_result *out)
{
	(void)r;
	(void)a;
	*out = (struct import_result){
		.text = "# nothing\n", .complete = true, .missing = count ? only : NULL
	};
}

static void on_planned(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	struct engine *r = timer->data;

	(void)loop;
	(void)revents;
	r->view.load.generation += 1000;
	control_changed(r->control);
}

static const char *names_of(struct engine *r, size_t i)
{
	return arena_printf(&r->plan.arena, "vm-%05zu", i);
}

static void make_objects(struct engine *r, size_t count)
{
	struct item *items = arena_array(&r->plan.arena, count, sizeof(*items));

	r->plan.items = arena_array(&r->plan.arena, count + 1, sizeof(*r->plan.items));
	r->plan.item_count = count;
	r->plan.ranges[kind_index(&vm_kind)] = (struct item_range){ 0, count, count };
	r->view.plan = &r->plan;
	for (size_t i = 0; i < count; i++) {
		items[i] = (struct item){ .kind = &vm_kind,
			.name = names_of(r, i),
			.short_name = names_of(r, i),
			.state = &r->nothing_known,
			.reason = "",
			.retry_in = -1 };
		r->plan.items[i] = &items[i];
	}
}

/* One program that waits, and its hash is that of the number. */
static void ask_approval(struct engine *r, struct item *item, size_t number)
{
	struct arena *a = &r->plan.arena;
	struct program *program = arena_alloc(a, sizeof(*program));

	program->item = item;
	program->gate = GATE_APPROVAL;
	program->text = arena_printf(a, "moves it to .%zu", number);
	program->why = program->text;
	program->hash = arena_printf(a, "%032zx", number);
	program->effects = arena_alloc(a, sizeof(*program->effects));
	program->effect_count = 1;
	program->effects[0] = (struct effect){ .what = EFFECT_MOVES_ADDRESS,
		.kind = item->kind,
		.name = item->name,
		.from = "10.0.0.1",
		.in_use = true };
	item->programs = arena_alloc(a, sizeof(*item->programs));
	item->programs[0] = program;
	item->program_count = 1;
}

/* What the home of the test does: Pause of everything with one of these as the reason. */
static void obey(struct engine *r, const char *order, size_t number)
{
	struct item **items = r->plan.items;

	if (strcmp(order, "make objects") == 0)
		make_objects(r, number);
	else if (strcmp(order, "change object") == 0)
		items[number]->reason =
		    arena_printf(&r->plan.arena, "%s!", items[number]->reason);
	else if (strcmp(order, "fail object") == 0)
		items[number]->retry_in = now_ms() + 60000; /* planned at 0 */
	else if (strcmp(order, "ask approval") == 0)
		ask_approval(r, items[0], number);
	else if (strcmp(order, "remove object") == 0)
		memmove(items + number, items + number + 1,
		    (r->plan.item_count-- - number) * sizeof(*items));
	else if (strcmp(order, "count views") == 0)
		r->counts = true;
	else if (strcmp(order, "plan later") == 0) {
		ev_timer_set(&r->planned, (double)number / 1000, 0);
		ev_timer_start(r->loop, &r->planned);
	}
}

/* "vm/NAME" is refused with the whole of what was requested; all else is counted. */
static int ask(struct engine *r, const struct kind *kind, const char *name,
    const char *what, const char *who, struct error *e)
{
	if (kind)
		return fail(e, "%s %s/%s by %s", what, kind->name, name, who);
	r->view.load.generation++;
	control_changed(r->control);
	return 0;
}

enum reload_result engine_reload(struct engine *r, struct text *errors)
{
	(void)r;
	text_add(errors, "home.yaml:1:1: error[test]: first\nhome.yaml:2:1: second");
	return RELOAD_REFUSED;
}

int engine_reconcile(struct engine *r, const struct kind *kind, const char *name,
    const char *who, struct error *e)
{
	return ask(r, kind, name, "reconcile", who, e);
}

int engine_pause(struct engine *r, const struct kind *kind, const char *name,
    const char *reason, int64_t ms, const char *who, struct error *e)
{
	if (!kind)
		obey(r, reason, (size_t)ms);
	if (engine_pending(r))
		return 0;
	return ask(r, kind, name, "pause", who, e);
}

int engine_resume(struct engine *r, const struct kind *kind, const char *name,
    const char *who, struct error *e)
{
	/* From now on a status is larger than what a socket takes at once. */
	if (!kind)
		r->view.load.error = r->large;
	return ask(r, kind, name, "resume", who, e);
}

int engine_wish(struct engine *r, const struct kind *kind, const char *name,
    enum wish_for what, const char *by, const char *who, struct error *e)
{
	(void)by;
	return ask(r, kind, name, what == WISH_START ? "start" : "stop", who, e);
}

int engine_approve(struct engine *r, const struct kind *kind, const char *name,
    const char *hash, uid_t uid, const char *who, bool *changed, struct error *e)
{
	const struct item *item = plan_find(&r->plan, kind, name);

	(void)uid;
	*changed =
	    item && item->program_count && strcmp(item->programs[0]->hash, hash) != 0;
	if (*changed)
		return fail(e, "it has changed meanwhile");
	return ask(r, kind, name, "approve", who, e);
}

char directory[64];
struct sockaddr_un address = { .sun_family = AF_UNIX };
pid_t server;

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
	static struct engine r = { .view = { .sources = { { .state = "off" },
						 { .state = "off" }, { .state = "off" } },
				       .load = { .ok = true } } };
	struct ev_signal term;
	struct error e = { "" };

	memset(r.large, 'x', LARGE);
	r.view.state = &r.state;
	r.loop = loop;
	ev_timer_init(&r.planned, on_planned, 0, 0);
	r.planned.data = &r;
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
	ev_timer_stop(loop, &r.planned);
	control_free(r.control);
	arena_done(&r.plan.arena);
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

void server_setup(void)
{
	ck_assert(scratch_make(directory, sizeof(directory), "control"));
	chmod(directory, 0755);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", directory);
	start();
}

void server_teardown(void)
{
	stop();
	ck_assert_int_eq(rmdir(directory), 0);
}

/* A client. */

int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct client dial(void)
{
	struct client c = { .fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) };

	ck_assert_int_eq(connect(c.fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return c;
}

struct client dial_as(uid_t uid)
{
	struct client c;

	ck_assert_int_eq(seteuid(uid), 0);
	c = dial();
	ck_assert_int_eq(seteuid(0), 0);
	return c;
}

void hang_up(struct client *c)
{
	close(c->fd);
	varlink_reader_done(&c->reader);
}

void say_bytes(struct client *c, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t n = send(c->fd, bytes, length, MSG_NOSIGNAL);

		/* A server that has had enough closes, which the reader of the test finds out.
		 */
		if (n < 0)
			return;
		bytes += n;
		length -= (size_t)n;
	}
}

/* With its NUL. */
void say_text(struct client *c, const char *text)
{
	say_bytes(c, text, strlen(text) + 1);
}

/* The next message within `ms`, a new reference; NULL: none, or the end (*ended). */
struct json_object *receive(struct client *c, int ms, bool *ended)
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

struct json_object *answer(struct client *c, const char *what)
{
	bool ended;
	struct json_object *message = receive(c, SOON_MS, &ended);

	ck_assert_msg(message != NULL, "%s: %s", what, ended ? "closed" : "no answer");
	return message;
}

void expect_closed(struct client *c, int ms, const char *what)
{
	bool ended = false;
	int64_t end = now_ms() + ms;

	while (!ended && now_ms() < end)
		json_object_put(receive(c, 100, &ended));
	ck_assert_msg(ended, "%s: still open", what);
}

/* The server answers somebody else at once. */
void expect_alive(const char *what)
{
	struct client c = dial();
	int64_t before = now_ms(), took;
	autojson struct json_object *reply = NULL;

	say_text(&c, CALL("GetVersion", ""));
	reply = answer(&c, what);
	took = now_ms() - before;
	ck_assert_str_eq(json_string_at(reply, "parameters.version"), HOMEK8S_VERSION);
	ck_assert_msg(took < 1000, "%s: took %lld ms", what, (long long)took);
	hang_up(&c);
}
