/* SPDX-License-Identifier: MIT */
/*
 * kube: the server as a whole: where it is, who we are to it, and whether it answers.
 *
 * One timer drives it. On each turn the credentials are read from disk again; then,
 * unless we are connected and nothing has changed, the server is probed (readiness.h). A
 * probe that succeeds resumes the reflectors, one that fails pauses them all, so that
 * however many watches break, there is one state and one back-off. Requests of reflectors
 * that do not get through only make the timer fire at once: they never judge the server
 * by themselves.
 *
 * Everything that closes connections runs from the timer, never from an answer.
 */
#include "daemon/kube/kube.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/host/clock.h"
#include "daemon/kube/asker.h"
#include "daemon/kube/credentials_note.h"
#include "daemon/kube/http.h"
#include "daemon/kube/readiness.h"
#include "daemon/kube/reflectors.h"
#include "daemon/kube/server_state.h"
#include "daemon/kube/tuning.h"
#include "daemon/kube/writer.h"
#include "lib/base/cleanup.h"
#include "lib/base/retry.h"
#include "lib/base/text.h"
#include "lib/wire/credentials.h"

#define USELESS_MS                                                                       \
	15000 /* as long as nothing of use is answered, it is still connected */

struct kube {
	struct kube_host host;
	struct kube_callbacks callbacks;
	void *arg;
	struct kube_tuning tuning;
	int mode; /* enum kubernetes_mode */
	char *kubeconfig, *context, *config_dir;

	struct credentials *credentials; /* NULL: none; then host.http is NULL too */
	struct reflectors reflectors;
	struct writer *writer;
	struct asker *asker;

	struct server_state state;

	struct ev_timer timer;
	struct mono next; /* when it is due */
	struct readiness readiness;
	unsigned failures; /* probes in a row */
	bool configured;   /* by kube_configure(), not acted on yet */
	bool suspected;	   /* a request did not get through */
	bool resume;	   /* after the probe, though we never ceased to be connected */
	/* It is there, and answers with nothing of use: down, while we go on asking. */
	bool useless;
	struct ev_timer health; /* until that is decided */
	char
	    *refused; /* the path of the collection that was answered with 401, or NULL */
};

static void replace(char **text, const char *with)
{
	char *copy = must_copy(with);

	free(*text);
	*text = copy;
}

/* Where the kubeconfig is; borrows from `k`. */
static struct credentials_source source_of(const struct kube *k)
{
	return (struct credentials_source){ .configured = k->kubeconfig,
		.config_dir = k->config_dir,
		.handed_out = getenv("CREDENTIALS_DIRECTORY"),
		.context = k->context };
}

/* The only place that changes the state. */
static void set_state(struct kube *k, enum kube_status status, const char *reason)
{
	const struct credentials_source source = source_of(k);
	autofree char *note = status == KUBE_OFF
				  ? NULL
				  : credentials_note(&source, k->credentials,
					clock_wall(), status == KUBE_CONNECTED);
	autofree char *both = note ? must_printf("%s; %s", reason, note) : NULL;

	if (server_state_set(&k->state, status, both ? both : reason))
		k->callbacks.state(k->arg);
}

static void wake_in(struct kube *k, int64_t ms)
{
	k->next = mono_add(clock_mono(), ms);
	ev_timer_stop(k->host.loop, &k->timer);
	ev_timer_set(&k->timer, (double)ms / 1000, 0);
	ev_timer_start(k->host.loop, &k->timer);
}

/* Closes every connection. */
static void disconnect(struct kube *k)
{
	if (!k->host.http)
		return;
	readiness_stop(&k->readiness);
	writer_abandon(k->writer);
	asker_abandon(k->asker);
	reflectors_pause(&k->reflectors, LOSS_DOWN, "the connection is opened anew");
	http_free(k->host.http);
	k->host.http = NULL;
	credentials_free(k->credentials);
	k->credentials = NULL;
}

static void go_off(struct kube *k, const char *why)
{
	disconnect(k);
	k->useless = false;
	reflectors_lose(&k->reflectors, LOSS_OFF, why);
	set_state(k, KUBE_OFF, why);
}

static void go_down(struct kube *k, const char *why, int64_t at_least)
{
	int64_t wait = retry_connection(++k->failures, clock_random());

	k->useless = false;
	reflectors_pause(&k->reflectors, LOSS_DOWN, why);
	wake_in(k, wait > at_least ? wait : at_least);
	set_state(k, KUBE_DOWN, why);
}

static void go_unauthorized(struct kube *k)
{
	const struct credentials_source source = source_of(k);
	autofree char *renew = credentials_renew(&source, k->credentials);
	autofree char *why =
	    must_printf("%s does not accept our credentials (401 Unauthorized)%s",
		k->credentials->config.server, renew);

	readiness_stop(&k->readiness);
	reflectors_pause(&k->reflectors, LOSS_UNAUTHORIZED, why);
	wake_in(k, k->tuning.slow);
	set_state(k, KUBE_UNAUTHORIZED, why);
}

static void go_connected(struct kube *k)
{
	bool resume = k->state.status != KUBE_CONNECTED || k->resume;

	k->failures = 0;
	k->resume = false;
	replace(&k->refused, NULL);
	wake_in(k, k->tuning.slow);
	if (!k->useless)
		set_state(k, KUBE_CONNECTED, k->credentials->config.server);
	if (resume)
		reflectors_resume(&k->reflectors);
}

/* Of one collection alone: the rest goes on. */
static void go_connected_but(struct kube *k)
{
	autofree char *refused = k->refused;
	autofree char *why =
	    must_printf("%s accepts our credentials, but not for %s (401 Unauthorized)",
		k->credentials->config.server, refused);

	k->refused = NULL;
	k->resume = false;
	go_connected(k);
	reflectors_refuse(&k->reflectors, refused, why);
}

static const char *other_collection(void *arg, const char *refused, size_t nth)
{
	return reflectors_other(&((struct kube *)arg)->reflectors, refused, nth);
}

static void on_readiness(
    void *arg, enum readiness_result result, const char *why, int64_t wait)
{
	struct kube *k = arg;

	switch (result) {
	case READINESS_UP:
		go_connected(k);
		break;
	case READINESS_DOWN:
		go_down(k, why, wait);
		break;
	case READINESS_UNAUTHORIZED:
		go_unauthorized(k);
		break;
	case READINESS_UP_BUT:
		go_connected_but(k);
		break;
	}
}

enum refresh { CREDENTIALS_SAME, CREDENTIALS_CHANGED, CREDENTIALS_FAILED };

/* Takes over what stands on disk now. After a failure, what was read before stays. */
static enum refresh refresh_credentials(struct kube *k, bool *missing, struct error *e)
{
	const struct credentials_source source = source_of(k);
	struct credentials *now = credentials_load(&source, missing, e);
	bool same_token, moved;

	if (!now)
		return CREDENTIALS_FAILED;
	if (k->credentials && credentials_same_connection(k->credentials, now)) {
		same_token = credentials_same_token(k->credentials, now);
		if (!same_token) {
			http_set_token(k->host.http, now->config.token);
			/* The rest stays where running requests point to. */
			credentials_take_token(k->credentials, now);
		}
		credentials_free(now);
		return same_token ? CREDENTIALS_SAME : CREDENTIALS_CHANGED;
	}
	moved = k->credentials && !credentials_same_server(k->credentials, now);
	disconnect(k);
	k->credentials = now;
	k->host.http = http_new(k->host.loop, now);
	k->resume = true;
	if (moved) {
		/* Of another cluster nothing is known, and our versions mean nothing. */
		reflectors_lose(
		    &k->reflectors, LOSS_DOWN, "another server was configured");
		set_state(k, KUBE_CONNECTING, now->config.server);
	}
	return CREDENTIALS_CHANGED;
}

static void on_no_credentials(
    struct kube *k, bool missing, bool configured, const char *why)
{
	const struct credentials_source source = source_of(k);
	struct arena a = { 0 };
	const char *path = credentials_written(&source, &a);

	/* One that was there is being replaced, unless its path was configured anew. */
	if (missing && k->mode == KUBERNETES_AUTO && (configured || !k->credentials)) {
		go_off(k, arena_printf(
			      &a, "no kubeconfig at %s; Kubernetes half is off", path));
		wake_in(k, k->tuning.slow);
	} else {
		disconnect(k);
		if (missing)
			why = arena_printf(&a,
			    "no kubeconfig at %s: put one there, or set kubernetes.kubeconfig in homek8s.yaml",
			    path);
		go_down(k, why, 0);
	}
	arena_done(&a);
}

/* The timer's turn. */
static void check_server(struct kube *k)
{
	bool configured = k->configured, suspected = k->suspected, missing;
	bool connected;
	enum refresh refresh;
	struct error e;

	k->configured = k->suspected = false;
	if (k->mode == KUBERNETES_OFF) {
		go_off(k, "switched off in homek8s.yaml (kubernetes.mode)");
		return;
	}
	refresh = refresh_credentials(k, &missing, &e);
	connected = k->state.status == KUBE_CONNECTED;
	if (refresh == CREDENTIALS_FAILED && (configured || !connected)) {
		on_no_credentials(k, missing, configured, e.text);
		return;
	}
	if (connected && !suspected && !k->resume) {
		/* The kubeconfig may be another one than was copied. */
		set_state(k, KUBE_CONNECTED, k->credentials->config.server);
		wake_in(k, k->tuning.slow);
		return;
	}
	if (k->state.status == KUBE_OFF)
		set_state(k, KUBE_CONNECTING, k->credentials->config.server);
	readiness_start(
	    &k->readiness, k->host.http, k->credentials->config.server, k->refused);
}

static void on_timer(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	check_server(timer->data);
}

static void on_suspect(struct kube_host *host)
{
	struct kube *k = (struct kube *)(void *)host;

	if (k->state.status != KUBE_CONNECTED || readiness_is_asking(&k->readiness))
		return;
	k->suspected = true;
	wake_in(k, 0);
}

static void on_refused(struct kube_host *host, const char *path)
{
	struct kube *k = (struct kube *)(void *)host;

	if (k->state.status != KUBE_CONNECTED)
		return;
	replace(&k->refused, path);
	k->resume = true;
	wake_in(k, 0);
}

static void judge_answers(struct kube *k)
{
	const char *why = reflectors_failing(&k->reflectors, USELESS_MS);
	autofree char *text = NULL;

	if (why && (k->state.status == KUBE_CONNECTED || k->useless)) {
		k->useless = true;
		text = must_printf("nothing it answers is of use: %s", why);
		set_state(k, KUBE_DOWN, text);
	} else if (!why && k->useless) {
		k->useless = false;
		if (k->state.status == KUBE_DOWN && k->credentials)
			set_state(k, KUBE_CONNECTED, k->credentials->config.server);
	}
}

static void on_health_timer(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	judge_answers(timer->data);
}

static void on_health(struct kube_host *host)
{
	struct kube *k = (struct kube *)(void *)host;

	judge_answers(k);
	if (ev_is_active(&k->health) || k->useless)
		return;
	ev_timer_set(&k->health, (double)USELESS_MS / 1000 + 0.1, 0);
	ev_timer_start(k->host.loop, &k->health);
}

static void on_appeared(struct kube_host *host)
{
	struct kube *k = (struct kube *)(void *)host;

	reflectors_resume_missing(&k->reflectors);
}

const struct kube_state *kube_state(struct kube *k)
{
	int64_t left = k->next.ms - clock_mono().ms;

	return server_state_show(&k->state, readiness_is_asking(&k->readiness) ? 0 : left,
	    reflectors_skipped(&k->reflectors), k->readiness.version);
}

void kube_watch(struct kube *k, const struct watch_request *items, size_t count)
{
	reflectors_set(&k->reflectors, items, count);
}

void kube_read_all(struct kube *k)
{
	reflectors_read_all(&k->reflectors);
}

void kube_try_now(struct kube *k)
{
	bool waits = k->state.status == KUBE_DOWN || k->state.status == KUBE_UNAUTHORIZED;

	if (waits && !readiness_is_asking(&k->readiness))
		wake_in(k, 0);
}

static void copy_settings(struct kube *k, const struct kubernetes_settings *settings)
{
	k->mode = settings->mode;
	replace(&k->kubeconfig, settings->kubeconfig);
	replace(&k->context, settings->context);
}

void kube_configure(struct kube *k, const struct kubernetes_settings *settings)
{
	copy_settings(k, settings);
	k->configured = true;
	wake_in(k, 0);
}

void kube_ask(struct kube *k, const struct probe *probe)
{
	if (k->state.status == KUBE_CONNECTED && k->host.http)
		asker_ask(k->asker, probe);
}

/* Why nothing can be sent, or NULL. */
static const char *why_down(struct kube *k)
{
	bool up = k->state.status == KUBE_CONNECTED && k->host.http;

	return up ? NULL : kube_state(k)->detail;
}

void kube_send(
    struct kube *k, const struct kube_write *write, const char *about, uint64_t ticket)
{
	writer_write(k->writer, write, about, ticket, why_down(k));
}

struct kube *kube_new_tuned(struct ev_loop *loop,
    const struct kubernetes_settings *settings, const char *config_dir,
    const struct kube_callbacks *callbacks, void *arg, const struct kube_tuning *tuning)
{
	struct kube *k = must_alloc(sizeof(*k));

	k->callbacks = *callbacks;
	k->arg = arg;
	k->tuning = *tuning;
	k->host = (struct kube_host){ .loop = loop,
		.tuning = &k->tuning,
		.callbacks = &k->callbacks,
		.callback_arg = arg,
		.suspect = on_suspect,
		.refused = on_refused,
		.appeared = on_appeared,
		.health = on_health };
	copy_settings(k, settings);
	k->config_dir = must_copy(config_dir);
	server_state_init(
	    &k->state, k->mode == KUBERNETES_OFF ? KUBE_OFF : KUBE_CONNECTING);
	k->readiness = (struct readiness){ .timeout = tuning->answer,
		.done = on_readiness,
		.other = other_collection,
		.arg = k };
	reflectors_init(&k->reflectors, &k->host);
	k->writer = writer_new(&k->host, &k->reflectors);
	k->asker = asker_new(&k->host);
	ev_init(&k->timer, on_timer);
	ev_init(&k->health, on_health_timer);
	k->timer.data = k->health.data = k;
	wake_in(k, 0);
	return k;
}

void kube_free(struct kube *k)
{
	ev_timer_stop(k->host.loop, &k->timer);
	ev_timer_stop(k->host.loop, &k->health);
	readiness_done(&k->readiness);
	writer_free(k->writer);
	asker_free(k->asker);
	reflectors_free(&k->reflectors);
	http_free(k->host.http);
	credentials_free(k->credentials);
	server_state_done(&k->state);
	free(k->refused);
	free(k->kubeconfig);
	free(k->context);
	free(k->config_dir);
	free(k);
}
