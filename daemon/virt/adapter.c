/* SPDX-License-Identifier: MIT */
/* adapter: libvirt as a source of the engine: virt.h's callbacks as an inbox, and what
 * the files that libvirt writes say. */
#include "daemon/engine/adapter.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/host/dnsmasq.h"
#include "daemon/host/libvirt_files.h"
#include "daemon/host/links.h"
#include "daemon/virt/prober.h"
#include "daemon/virt/fault.h"
#include "daemon/virt/slow_steps.h"
#include "daemon/virt/virt.h"
#include "lib/kind/kinds.h"
#include "lib/kind/network/network.h"
#include "lib/kind/sources.h"

struct source_of_libvirt {
	struct virt *virt;
	struct libvirt_files *files;
	struct links *links;
	struct prober *prober;
	struct slow_steps *slow;
	struct dnsmasq_watch *dnsmasq;
	const struct inbox *inbox;
	char *uri;
};

static void on_state(void *arg)
{
	struct source_of_libvirt *s = arg;

	s->inbox->state(s->inbox->arg, &libvirt_source);
}

static void on_read(void *arg, const struct kind *kind, const struct reading *reading)
{
	struct source_of_libvirt *s = arg;

	if (kind == &network_kind)
		dnsmasq_watch_set(s->dnsmasq, reading->name,
		    ((const struct network_facts *)reading->facts)->dnsmasq_pid);
	s->inbox->observed(s->inbox->arg, kind, reading);
}

static void on_gone(void *arg, const struct kind *kind, const char *name)
{
	struct source_of_libvirt *s = arg;

	if (kind == &network_kind)
		dnsmasq_watch_set(s->dnsmasq, name, 0);
	s->inbox->gone(s->inbox->arg, kind, name);
}

static void on_unreadable(
    void *arg, const struct kind *kind, const char *name, const char *why)
{
	struct source_of_libvirt *s = arg;

	s->inbox->unreadable(s->inbox->arg, kind, name, why);
}

static void on_listed(
    void *arg, const struct kind *kind, const char *const *names, size_t count)
{
	struct source_of_libvirt *s = arg;

	s->inbox->listed(s->inbox->arg, kind, "", names, count);
}

static void on_lost(void *arg, const struct kind *kind, const char *why)
{
	struct source_of_libvirt *s = arg;

	s->inbox->lost(s->inbox->arg, kind, "", why);
}

/* What becomes of a pool decides on its volumes, which have no events. */
static void on_event(
    void *arg, const struct kind *kind, const char *name, const char *what)
{
	struct source_of_libvirt *s = arg;

	s->inbox->event(s->inbox->arg, &libvirt_source, kind, name, what);
	if (kind == &storage_kind)
		virt_read_kind(s->virt, &volume_kind);
}

/* Where the connection is lost it has a back-off of its own, and what the step has come
 * to is observed once it is there again. */
static void on_step(void *arg, uint64_t token, const struct fault *fault)
{
	struct source_of_libvirt *s = arg;
	struct outcome outcome = { .error = NULL };

	if (fault)
		outcome = (struct outcome){ .error = fault->error.text,
			.slow = fault->slow,
			.lost = fault->lost,
			.refused = fault->refused,
			.observed = fault->lost,
			.waits = fault->lost };
	s->inbox->done(s->inbox->arg, token, &outcome);
}

static void on_overdue(void *arg, uint64_t token, const char *what, int64_t ms)
{
	struct source_of_libvirt *s = arg;
	struct arena a = { 0 };

	if (token)
		s->inbox->progress(s->inbox->arg, token,
		    arena_printf(
			&a, "no answer to \"%s\" for %s", what, duration_text(&a, ms)));
	arena_done(&a);
}

static void on_progress(void *arg, uint64_t token, const char *text)
{
	struct source_of_libvirt *s = arg;

	s->inbox->progress(s->inbox->arg, token, text);
}

/* One that was cancelled is not tried later than the rest of its object. */
static void on_slow_step(
    void *arg, const struct call *call, const struct fault *fault, bool cancelled)
{
	struct source_of_libvirt *s = arg;
	struct outcome outcome = { .error = cancelled ? "cancelled" : NULL,
		.waits = cancelled };

	if (fault)
		outcome = (struct outcome){ .error = fault->error.text,
			.slow = fault->slow,
			.lost = fault->lost,
			.refused = fault->refused,
			.observed = fault->lost };
	s->inbox->done(s->inbox->arg, call->token, &outcome);
	virt_read(s->virt, call->kind, call->target);
}

static const struct slow_steps_callbacks slow_callbacks = { on_progress, on_slow_step };

static const struct virt_callbacks callbacks = {
	.overdue = on_overdue,
	.state = on_state,
	.observed = on_read,
	.gone = on_gone,
	.unreadable = on_unreadable,
	.listed = on_listed,
	.lost = on_lost,
	.event = on_event,
	.step_done = on_step,
};

static void on_file(void *arg, enum libvirt_file what, const char *name)
{
	struct source_of_libvirt *s = arg;
	const struct kind *kind = what == FILE_OF_DOMAIN ? &vm_kind : &network_kind;

	if (name)
		virt_read(s->virt, kind, name);
	else
		virt_read_kind(s->virt, kind);
}

static void on_links(void *arg)
{
	struct source_of_libvirt *s = arg;

	virt_read_kind(s->virt, &network_kind);
}

static void on_answered(void *arg, const struct answer *answer)
{
	struct source_of_libvirt *s = arg;

	s->inbox->answered(s->inbox->arg, answer);
}

static void on_dnsmasq(void *arg, const char *network)
{
	struct source_of_libvirt *s = arg;

	virt_read(s->virt, &network_kind, network);
}

static void *start(const struct adapter_start *start)
{
	struct source_of_libvirt *s = must_alloc(sizeof(*s));
	const struct libvirt_settings *settings = &start->config->settings.libvirt;

	s->inbox = start->inbox;
	s->uri = must_copy(settings->uri);
	s->dnsmasq = dnsmasq_watch_new(start->loop, on_dnsmasq, s);
	s->virt = virt_new(start->loop, settings, &callbacks, s);
	s->files = libvirt_files_new(start->loop, on_file, s);
	s->links = links_new(start->loop, on_links, s);
	s->prober = prober_new(start->loop, on_answered, s);
	s->slow = slow_steps_new(start->loop, &slow_callbacks, s);
	return s;
}

static void stop(void *self)
{
	struct source_of_libvirt *s = self;

	slow_steps_free(s->slow);
	prober_free(s->prober);
	links_free(s->links);
	libvirt_files_free(s->files);
	virt_free(s->virt);
	dnsmasq_watch_free(s->dnsmasq);
	free(s->uri);
	free(s);
}

static void configure(void *self, const struct config *config)
{
	struct source_of_libvirt *s = self;

	free(s->uri);
	s->uri = must_copy(config->settings.libvirt.uri);
	virt_configure(s->virt, &config->settings.libvirt);
}

static void read_one(void *self, const struct kind *kind, const char *name, bool later)
{
	struct source_of_libvirt *s = self;

	if (later)
		virt_read_later(s->virt, kind, name);
	else
		virt_read(s->virt, kind, name);
}

static void read_all(void *self)
{
	virt_read_all(((struct source_of_libvirt *)self)->virt);
}

static void retry_now(void *self)
{
	virt_try_now(((struct source_of_libvirt *)self)->virt);
}

static const char *word(enum virt_status status)
{
	switch (status) {
	case VIRT_CONNECTING:
		return "connecting";
	case VIRT_CONNECTED:
		return "connected";
	case VIRT_UNRESPONSIVE:
		return "unresponsive";
	case VIRT_DOWN:
		break;
	}
	return "down";
}

static void state(void *self, struct source_report *out)
{
	const struct virt_state *v = virt_state(((struct source_of_libvirt *)self)->virt);

	*out = (struct source_report){ .state = word(v->status),
		.since = v->since,
		.detail = v->detail,
		.version = v->version,
		.up = v->status != VIRT_UNRESPONSIVE };
}

static bool hears_all(void *self)
{
	struct source_of_libvirt *s = self;

	return libvirt_files_complete(s->files, s->uri);
}

/* The kinds vm and volume ask. */
static void ask(void *self, const struct probe *probe)
{
	struct source_of_libvirt *s = self;

	prober_ask(s->prober, s->uri, probe);
}

static void run(void *self, const struct call *call)
{
	struct source_of_libvirt *s = self;

	if (call->action->slow)
		slow_steps_run(s->slow, s->uri, call);
	else
		virt_run(s->virt, call);
}

static void cancel(void *self, uint64_t token)
{
	slow_steps_cancel(((struct source_of_libvirt *)self)->slow, token);
}

const struct adapter libvirt_adapter = {
	.source = &libvirt_source,
	.limit = 2,
	.start = start,
	.stop = stop,
	.configure = configure,
	.read = read_one,
	.read_all = read_all,
	.retry_now = retry_now,
	.state = state,
	.hears_all = hears_all,
	.run = run,
	.ask = ask,
	.cancel = cancel,
};
