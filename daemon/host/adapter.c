/* SPDX-License-Identifier: MIT */
/*
 * adapter: this host as a source of the engine. Everything is read and changed on the
 * worker's thread, one thing after the other; nothing of that sends events, so all of
 * it is read again at every resync and after every step. That the host shuts down logind
 * says, where the settings want to know it.
 */
#include "daemon/engine/adapter.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/host/auto_shutdown.h"
#include "daemon/host/clock.h"
#include "daemon/host/logind.h"
#include "daemon/host/noun.h"
#include "daemon/host/worker.h"
#include "lib/kind/sources.h"

#define END_MS 2000

struct host {
	struct worker *worker;
	struct logind *logind;
	const struct inbox *inbox;
	int64_t since;
	bool shuts_down; /* as was said last */
};

/* Shutting down */

static void give_power(struct host *h)
{
	const char *const names[] = { HOST_NAME };
	struct host_power facts = *logind_power(h->logind);
	struct reading reading = {
		.kind = host_signalled, .name = HOST_NAME, .facts = &facts
	};

	facts.auto_shutdown = auto_shutdown_read(AUTO_SHUTDOWN_FILE);
	h->inbox->observed(h->inbox->arg, host_signalled, &reading);
	h->inbox->listed(h->inbox->arg, host_signalled, "", names, 1);
}

static void on_power(void *arg)
{
	struct host *h = arg;
	bool shuts_down = logind_power(h->logind)->since.ms;

	if (shuts_down != h->shuts_down)
		h->inbox->event(h->inbox->arg, &host_source, host_signalled, HOST_NAME,
		    shuts_down ? "is about to shut down"
			       : "does not shut down after all");
	h->shuts_down = shuts_down;
	give_power(h);
}

static void shutdown_planned(void *self, enum shutdown shutdown)
{
	if (shutdown == SHUTDOWN_FREE)
		logind_release(((struct host *)self)->logind);
}

/* Reads all of a kind, or one object of it. */
struct read_item {
	struct work_item item;
	struct host *host;
	const struct host_noun *noun;
	struct arena arena;
	bool all;
	const char **names;
	size_t count;
	struct found {
		struct reading reading;
		int result;
		struct error error;
	} * found; /* as many as names */
	bool failed;
	struct error error;
};

static void run_read(struct work_item *item)
{
	struct read_item *r = (struct read_item *)item;

	if (r->all)
		r->failed = r->noun->list(&r->arena, &r->names, &r->count, &r->error) < 0;
	if (r->failed)
		return;
	r->found = arena_array(&r->arena, r->count + 1, sizeof(*r->found));
	for (size_t i = 0; i < r->count; i++) {
		struct found *f = &r->found[i];

		f->reading.name = r->names[i];
		f->result = r->noun->read(&r->arena, r->names[i], &f->reading, &f->error);
	}
}

static void free_read(struct work_item *item)
{
	struct read_item *r = (struct read_item *)item;

	for (size_t i = 0; r->found && i < r->count; i++)
		json_object_put(r->found[i].reading.json);
	arena_done(&r->arena);
	free(r);
}

static void hand_over(const struct read_item *r, const struct found *f)
{
	const struct inbox *inbox = r->host->inbox;

	if (f->result == 0)
		inbox->observed(inbox->arg, r->noun->kind, &f->reading);
	else if (f->result > 0)
		inbox->gone(inbox->arg, r->noun->kind, f->reading.name);
	else
		inbox->unreadable(
		    inbox->arg, r->noun->kind, f->reading.name, f->error.text);
}

static void on_read(struct work_item *item)
{
	struct read_item *r = (struct read_item *)item;
	const struct inbox *inbox = r->host->inbox;

	for (size_t i = 0; !r->failed && i < r->count; i++)
		hand_over(r, &r->found[i]);
	if (r->failed)
		inbox->lost(inbox->arg, r->noun->kind, "", r->error.text);
	else if (r->all)
		inbox->listed(inbox->arg, r->noun->kind, "", r->names, r->count);
	free_read(item);
}

static void post_read(struct host *h, const struct host_noun *noun, const char *name)
{
	struct read_item *r = must_alloc(sizeof(*r));

	r->host = h;
	r->noun = noun;
	r->all = !name;
	if (name) {
		r->names = arena_array(&r->arena, 1, sizeof(*r->names));
		r->names[0] = arena_copy(&r->arena, name);
		r->count = 1;
	}
	r->item =
	    (struct work_item){ .run = run_read, .done = on_read, .drop = free_read };
	worker_post(h->worker, &r->item);
}

static void read_all(void *self)
{
	struct host *h = self;

	logind_refresh(h->logind);
	give_power(h);
	for (const struct host_noun *noun = host_nouns; noun->kind; noun++)
		post_read(self, noun, NULL);
}

static void read_one(void *self, const struct kind *kind, const char *name, bool later)
{
	(void)later;
	for (const struct host_noun *noun = host_nouns; noun->kind; noun++)
		if (noun->kind == kind)
			post_read(self, noun, name);
}

/* Calls */

struct call_item {
	struct work_item item;
	struct host *host;
	struct arena arena;
	struct call call;
	bool failed;
	struct error error;
};

static void run_call(struct work_item *item)
{
	struct call_item *c = (struct call_item *)item;

	c->failed = host_run(&c->call, &c->error) < 0;
}

static void free_call(struct work_item *item)
{
	struct call_item *c = (struct call_item *)item;

	arena_done(&c->arena);
	free(c);
}

/* Success or not, only a read says what is so now. */
static void on_call(struct work_item *item)
{
	struct call_item *c = (struct call_item *)item;
	const struct inbox *inbox = c->host->inbox;

	read_one(c->host, c->call.kind, c->call.target, false);
	inbox->done(inbox->arg, c->call.token,
	    &(struct outcome){ .error = c->failed ? c->error.text : NULL });
	free_call(item);
}

static void run(void *self, const struct call *call)
{
	struct host *h = self;
	struct call_item *c = must_alloc(sizeof(*c));

	c->host = h;
	c->call = call_copy(&c->arena, call);
	c->item =
	    (struct work_item){ .run = run_call, .done = on_call, .drop = free_call };
	worker_post(h->worker, &c->item);
}

/* The source */

static void use_logind(struct host *h, const struct config *config)
{
	logind_use(h->logind, config->settings.host.shutdown == SHUTDOWN_ORDERED);
}

static void *start(const struct adapter_start *start)
{
	struct host *h = must_alloc(sizeof(*h));

	h->inbox = start->inbox;
	h->worker = worker_new(start->loop);
	h->logind = logind_new(start->loop, on_power, h);
	h->since = clock_wall();
	use_logind(h, start->config);
	read_all(h);
	return h;
}

static void stop(void *self)
{
	struct host *h = self;

	worker_free(h->worker, END_MS);
	logind_free(h->logind);
	free(h);
}

static void configure(void *self, const struct config *config)
{
	use_logind(self, config);
	read_all(self);
}

static void state(void *self, struct source_report *out)
{
	const struct host *h = self;

	*out = (struct source_report){
		.state = "connected", .since = h->since, .detail = "", .up = true
	};
}

static bool hears_all(void *self)
{
	(void)self;
	return !host_nouns[0].kind;
}

const struct adapter host_adapter = {
	.source = &host_source,
	.limit = 1,
	.start = start,
	.stop = stop,
	.configure = configure,
	.read = read_one,
	.read_all = read_all,
	.retry_now = read_all,
	.state = state,
	.hears_all = hears_all,
	.run = run,
	.shutdown = shutdown_planned,
};
