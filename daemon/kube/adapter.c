/* SPDX-License-Identifier: MIT */
/* adapter: the Kubernetes API as a source of the engine: kube.h's callbacks as an inbox. */
#include "daemon/engine/adapter.h"

#include <stdlib.h>

#include "daemon/kube/actions.h"
#include "daemon/kube/kube.h"
#include "lib/base/cleanup.h"
#include "lib/kind/sources.h"

struct source_of_kubernetes {
	struct kube *kube;
	const struct inbox *inbox;
};

static void on_state(void *arg)
{
	struct source_of_kubernetes *s = arg;

	s->inbox->state(s->inbox->arg, &kubernetes_source);
}

static void on_observed(void *arg, const struct kind *kind, const struct reading *reading)
{
	struct source_of_kubernetes *s = arg;

	s->inbox->observed(s->inbox->arg, kind, reading);
}

static void on_gone(void *arg, const struct kind *kind, const char *name)
{
	struct source_of_kubernetes *s = arg;

	s->inbox->gone(s->inbox->arg, kind, name);
}

static bool on_full(void *arg, const struct kind *kind)
{
	struct source_of_kubernetes *s = arg;

	return s->inbox->full(s->inbox->arg, kind);
}

static void on_begun(void *arg, const struct kind *kind, const char *prefix)
{
	struct source_of_kubernetes *s = arg;

	s->inbox->begun(s->inbox->arg, kind, prefix);
}

static void on_ended(void *arg, const struct kind *kind, const char *prefix)
{
	struct source_of_kubernetes *s = arg;

	s->inbox->ended(s->inbox->arg, kind, prefix);
}

static void on_listed(void *arg, const struct kind *kind, const char *prefix,
    const char *const *names, size_t count)
{
	struct source_of_kubernetes *s = arg;

	s->inbox->listed(s->inbox->arg, kind, prefix, names, count);
}

static void on_lost(
    void *arg, const struct kind *kind, const char *prefix, const char *why, bool refused)
{
	struct source_of_kubernetes *s = arg;

	if (refused)
		s->inbox->refused(s->inbox->arg, kind, prefix, why);
	else
		s->inbox->lost(s->inbox->arg, kind, prefix, why);
}

/* The answer to a write carries the object: it was observed before this call. Where there
 * was no answer the watch says what has become of it. */
static void on_step(void *arg, uint64_t token, const struct kube_outcome *outcome)
{
	struct source_of_kubernetes *s = arg;

	s->inbox->done(s->inbox->arg, token,
	    &(struct outcome){ .error = outcome->error,
		.slow = outcome->slow,
		.lost = outcome->lost,
		.refused = outcome->refused,
		.observed = true,
		.retry_after = outcome->retry_after_ms });
}

static void on_answered(void *arg, const struct answer *answer)
{
	struct source_of_kubernetes *s = arg;

	s->inbox->answered(s->inbox->arg, answer);
}

static const struct kube_callbacks callbacks = {
	.state = on_state,
	.observed = on_observed,
	.gone = on_gone,
	.full = on_full,
	.begun = on_begun,
	.ended = on_ended,
	.listed = on_listed,
	.lost = on_lost,
	.step_done = on_step,
	.answered = on_answered,
};

static void *start(const struct adapter_start *start)
{
	struct source_of_kubernetes *s = must_alloc(sizeof(*s));

	s->inbox = start->inbox;
	s->kube = kube_new(start->loop, &start->config->settings.kubernetes,
	    start->config_dir, &callbacks, s);
	return s;
}

static void stop(void *self)
{
	struct source_of_kubernetes *s = self;

	kube_free(s->kube);
	free(s);
}

static void configure(void *self, const struct config *config)
{
	kube_configure(
	    ((struct source_of_kubernetes *)self)->kube, &config->settings.kubernetes);
}

static void watch(void *self, const struct watch_set *needed)
{
	kube_watch(
	    ((struct source_of_kubernetes *)self)->kube, needed->items, needed->count);
}

static void read_all(void *self)
{
	kube_read_all(((struct source_of_kubernetes *)self)->kube);
}

static void retry_now(void *self)
{
	kube_try_now(((struct source_of_kubernetes *)self)->kube);
}

static const char *word(enum kube_status status)
{
	switch (status) {
	case KUBE_OFF:
		return "off";
	case KUBE_CONNECTING:
		return "connecting";
	case KUBE_CONNECTED:
		return "connected";
	case KUBE_UNAUTHORIZED:
		return "unauthorized";
	case KUBE_DOWN:
		break;
	}
	return "down";
}

static void state(void *self, struct source_report *out)
{
	const struct kube_state *k =
	    kube_state(((struct source_of_kubernetes *)self)->kube);

	*out = (struct source_report){ .state = word(k->status),
		.since = k->since,
		.detail = k->detail,
		.version = k->version,
		.up = true,
		.off = k->status == KUBE_OFF };
}

static bool hears_all(void *self)
{
	(void)self;
	return true;
}

static void run(void *self, const struct call *call)
{
	struct source_of_kubernetes *s = self;
	autofree char *about = must_printf("%s %s", call->kind->name, call->target);
	struct error e = { "" };
	struct kube_write write;

	if (actions_request(call, &write, &e) == 0)
		kube_send(s->kube, &write, about, call->token);
	else
		s->inbox->done(s->inbox->arg, call->token,
		    &(struct outcome){ .error = e.text,
			.slow = true,
			.refused = true,
			.observed = true });
}

static void ask(void *self, const struct probe *probe)
{
	kube_ask(((struct source_of_kubernetes *)self)->kube, probe);
}

const struct adapter kubernetes_adapter = {
	.source = &kubernetes_source,
	.limit = 8,
	.start = start,
	.stop = stop,
	.configure = configure,
	.watch = watch,
	.read_all = read_all,
	.retry_now = retry_now,
	.state = state,
	.hears_all = hears_all,
	.run = run,
	.ask = ask,
};
