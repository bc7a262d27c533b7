/* SPDX-License-Identifier: MIT */
/* screen: the terminal, the clock and the daemon of a test. */
#include "test/screens/screen.h"

#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/homek8sctl/client.h"
#include "lib/base/cleanup.h"
#include "lib/doc/json.h"
#include "lib/kind/actions.h"
#include "lib/kind/sources.h"
#include "lib/view/interface.h"
#include "lib/view/view.h"
#include "test/golden/world.h"

#define LINES 24
#define WORDS 16

struct screen {
	struct world world;
	struct plan *plan;
	struct view view;
	struct json_object *given; /* view.json, or NULL */
};

static struct screen *now_shown; /* of the run under way */
static int now_columns;

/* In place of terminal.c */

void terminal_measure(struct ctl *ctl)
{
	ctl->terminal = (struct terminal){ .tty = now_columns > 0,
		.utf8 = true,
		.color = strcmp(ctl->options.color, "always") == 0,
		.columns = now_columns,
		.rows = LINES };
}

void terminal_page(const struct ctl *ctl, const char *text)
{
	(void)ctl;
	fputs(text, stdout);
}

int64_t wall_ms(void)
{
	return WORLD_WALL;
}

void say(const char *format, ...)
{
	va_list args;

	fputs("homek8sctl: ", stdout);
	va_start(args, format);
	vfprintf(stdout, format, args);
	va_end(args);
	fputc('\n', stdout);
}

/* The home */

static void view_sources(struct screen *s)
{
	for (size_t i = 0; i < source_count; i++) {
		struct json_object *given =
		    json_at(json_at(s->given, "sources"), sources[i]->name);
		const char *state = json_string_at(given, "state");
		const char *since = json_string_at(given, "since");
		bool off = sources[i] == &kubernetes_source && !s->world.kubernetes;

		s->view.sources[i] = (struct source_view){
			.state = state ? state
				 : off ? "off"
				       : "connected",
			.since = since ? time_parse(since) : WORLD_WALL - 3600000,
			.detail = json_string_at(given, "detail"),
			.version = json_string_at(given, "version"),
			.off = off,
		};
	}
}

/* Every verdict was reported an hour ago. */
static void reported(struct screen *s)
{
	struct plan_input input;
	struct plan *plan;

	world_input(&s->world, &input);
	plan = plan_make(&input);
	for (size_t i = 0; i < plan->item_count; i++)
		state_get(&s->world.state, plan->items[i]->kind, plan->items[i]->name)
		    ->since = WORLD_WALL - 3600000;
	plan_free(plan);
}

/* What has happened to objects, which no file of the state has. */
static void remember(struct screen *s)
{
	struct json_object *list = json_at(s->given, "objects");

	for (size_t i = 0; i < json_count(list); i++) {
		struct json_object *o = json_item(list, i);
		const struct kind *kind = kind_find(json_string_at(o, "kind"));
		const char *name = json_string_at(o, "name");
		const char *error = json_string_at(o, "error");
		const char *since = json_string_at(o, "since");

		if (error)
			state_step_failed(&s->world.state, kind, name,
			    &domain_start_action, NULL, error, true, 41000,
			    &s->world.config->settings, WORLD_NOW, 0);
		state_get(&s->world.state, kind, name)->since =
		    since ? time_parse(since) : WORLD_WALL;
	}
}

struct screen *screen_open(const char *directory)
{
	struct screen *s = must_alloc(sizeof(*s));
	struct plan_input input;
	const char *error;

	world_load(&s->world, directory);
	reported(s);
	s->given = world_json(&s->world, directory, "view.json");
	remember(s);
	world_input(&s->world, &input);
	s->plan = plan_make(&input);
	error = json_string_at(s->given, "error");
	s->view = (struct view){
		.config = s->world.config,
		.load = { .ok = !error,
		    .generation = 3,
		    .error = error,
		    .since = WORLD_WALL - 60000,
		    .directory = DEFAULT_CONFIG_DIR },
		.plan = s->plan,
		.planned = WORLD_NOW,
		.state = &s->world.state,
		.observed = &s->world.observed,
		.probes = s->world.probes,
		.now = WORLD_NOW,
		.wall = WORLD_WALL,
	};
	view_sources(s);
	return s;
}

void screen_close(struct screen *s)
{
	plan_free(s->plan);
	json_object_put(s->given);
	world_done(&s->world);
	free(s);
}

/* In place of client.c: the connection is this process. */

struct client {
	const struct interface_method *method;
	struct json_object *parameters;
	bool answered; /* nothing more comes */
};

struct client *client_open(const char *path, enum status *status, struct error *e)
{
	if (now_shown)
		return must_alloc(sizeof(struct client));
	*status = STATUS_UNREACHABLE;
	fail(e, "%s: homek8sd is not running (%s); see `systemctl status homek8sd`", path,
	    strerror(2));
	return NULL;
}

void client_close(struct client *client)
{
	if (!client)
		return;
	json_object_put(client->parameters);
	free(client);
}

int client_send(struct client *client, const char *method, struct json_object *parameters,
    bool more, struct error *e)
{
	(void)more;
	client->method = interface_find(method);
	client->parameters = json_object_get(parameters);
	return client->method ? 0 : fail(e, "there is no method %s", method);
}

/* Events are the journal's: they are put into what the view says. */
static void add_events(struct screen *s, const struct client *client, const char *key,
    const char *about, struct json_object *reply)
{
	struct json_object *given = json_at(s->given, "events");
	struct json_object *out = json_object_new_array();

	(void)client;
	for (size_t i = 0; i < json_count(given); i++) {
		struct json_object *event = json_item(given, i);
		const char *its = json_string_at(event, "key");

		if (!about || (its && strcmp(its, about) == 0))
			json_object_array_add(out, json_object_get(event));
	}
	json_object_object_add(reply, key, out);
}

static struct json_object *as_json(const struct shape *shape, const void *record)
{
	autotext struct text text = { 0 };

	shape_write(shape, record, &text);
	return json_parse(text.data, text.length, 64, NULL);
}

struct question {
	struct screen *screen;
	const struct client *client;
	struct arena arena;
	const struct kind *kind;
	const char *name;
};

static struct json_object *get_status(struct question *q)
{
	struct status_reply out;
	struct json_object *reply;

	view_status(&q->screen->view, &q->arena, &out);
	reply = as_json(&status_shape, &out);
	add_events(q->screen, q->client, "events", NULL, reply);
	return reply;
}

static struct json_object *list(struct question *q)
{
	struct list_reply out;

	view_list(&q->screen->view, &q->arena, q->kind, &out);
	return as_json(&list_shape, &out);
}

static struct json_object *list_unwritten(struct question *q)
{
	struct unwritten_reply out;

	view_unwritten(&q->screen->view, &q->arena, q->kind, &out);
	return as_json(&unwritten_shape, &out);
}

static struct json_object *describe(struct question *q)
{
	struct describe_reply out;
	struct json_object *reply;

	if (!view_describe(&q->screen->view, &q->arena, q->kind, q->name, &out))
		abort();
	reply = as_json(&describe_shape, &out);
	add_events(q->screen, q->client, "history", out.object.key, reply);
	return reply;
}

static struct json_object *plan(struct question *q)
{
	struct plan_reply out;

	view_plan(&q->screen->view, &q->arena, &out);
	return as_json(&plan_shape, &out);
}

static struct json_object *diff(struct question *q)
{
	struct diff_reply out;

	view_diff(&q->screen->view, &q->arena, &out);
	return as_json(&diff_shape, &out);
}

static struct json_object *events(struct question *q)
{
	struct json_object *reply = json_object_new_object();

	add_events(q->screen, q->client, "events",
	    q->name ? arena_printf(&q->arena, "%s/%s", q->kind->name, q->name) : NULL,
	    reply);
	return reply;
}

static const struct {
	const char *method;
	struct json_object *(*answer)(struct question *q);
} answers[] = {
	{ "GetStatus", get_status },
	{ "List", list },
	{ "ListUnwritten", list_unwritten },
	{ "Describe", describe },
	{ "Plan", plan },
	{ "Diff", diff },
	{ "Events", events },
};

static enum exit_answer no_such_object(struct reply *out, const char *text)
{
	out->error = must_copy(ERROR_NO_SUCH_OBJECT);
	out->parameters = json_object_new_object();
	json_put_string(out->parameters, "text", text);
	return ANSWER_ERROR;
}

static enum exit_answer answer(struct question *q, struct reply *out)
{
	const char *kind = json_string_at(q->client->parameters, "kind");
	const struct item *item;
	struct error e = { 0 };

	q->name = json_string_at(q->client->parameters, "name");
	q->kind = kind ? kind_find(kind) : NULL;
	if (q->name) {
		item = plan_lookup(q->screen->plan, q->kind, q->name, &e);
		if (!item)
			return no_such_object(out, e.text);
		q->name = item->name;
	}
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if (strcmp(answers[i].method, q->client->method->name) == 0)
			out->parameters = answers[i].answer(q);
	if (!out->parameters) /* of what changes something: done */
		out->parameters = json_object_new_object();
	return ANSWER_REPLY;
}

enum exit_answer client_receive(
    struct client *client, int64_t ms, struct reply *out, struct error *e)
{
	struct question q = { .screen = now_shown, .client = client };
	enum exit_answer result;

	(void)ms;
	(void)e;
	*out = (struct reply){ 0 };
	if (client->answered)
		return ANSWER_TIMEOUT;
	client->answered = true;
	result = answer(&q, out);
	arena_done(&q.arena);
	return result;
}

void reply_done(struct reply *reply)
{
	json_object_put(reply->parameters);
	free(reply->error);
	*reply = (struct reply){ 0 };
}

/* One run */

static int split(char *line, char **words)
{
	int count = 0;

	words[count++] = (char *)"homek8sctl";
	for (char *word = strtok_r(line, " ", &line); word && count < WORDS;
	     word = strtok_r(NULL, " ", &line))
		words[count++] = word;
	words[count] = NULL;
	return count;
}

int screen_run(struct screen *screen, const char *line, int columns, struct text *out)
{
	autofree char *copy = must_copy(line);
	FILE *page = tmpfile();
	char *words[WORDS + 1], buffer[4096];
	int kept, kept_error, status, count;
	size_t n;

	if (!page)
		abort();
	now_shown = screen;
	now_columns = columns;
	fflush(stdout);
	kept = dup(STDOUT_FILENO);
	kept_error = dup(STDERR_FILENO);
	dup2(fileno(page), STDOUT_FILENO);
	dup2(fileno(page), STDERR_FILENO);
	count = split(copy, words);
	status = ctl_run(count, words);
	fflush(stdout);
	dup2(kept, STDOUT_FILENO);
	dup2(kept_error, STDERR_FILENO);
	close(kept);
	close(kept_error);
	rewind(page);
	while ((n = fread(buffer, 1, sizeof(buffer), page)) > 0)
		text_add_n(out, buffer, n);
	fclose(page);
	return status;
}
