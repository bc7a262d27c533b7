/* SPDX-License-Identifier: MIT */
/* verbs_wait: returns as soon as a condition holds, or when the time is up. The daemon
 * may be down at the start and go away meanwhile: that is waited for, too. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/homek8sctl/client.h"
#include "daemon/homek8sctl/merge.h"
#include "daemon/homek8sctl/subject.h"
#include "daemon/homek8sctl/verbs.h"
#include "daemon/homek8sctl/words.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/doc/json.h"
#include "lib/model/kind.h"
#include "lib/state/state.h"
#include "lib/view/interface.h"

#define DEFAULT_MS 30000
#define AGAIN_MS 200

struct condition_waited {
	enum { FOR_CONVERGED, FOR_READY, FOR_OBJECT } what;
	const char *object; /* "vm/worker-1" */
	const char *verdict;
	char *last; /* how it stood in the last reply; malloc'd */
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* "vm/worker-1" of "vms/worker-1=...": by the name of its kind, as replies have it. NULL
 * after saying that there is no such kind. */
static const char *object_named(struct ctl *ctl, const char *text, const char *end)
{
	const char *slash = strchr(text, '/');
	const char *word = arena_copy_n(&ctl->arena, text, (size_t)(slash - text));
	const struct kind *kind = kind_find(word);

	if (!kind) {
		subject_no_kind(ctl, word);
		return NULL;
	}
	return arena_printf(&ctl->arena, "%s%.*s", kind->name, (int)(end - slash), slash);
}

static enum status parse(struct ctl *ctl, struct condition_waited *out)
{
	const char *text = ctl->options.for_what ? ctl->options.for_what : "converged";
	const char *equals = strrchr(text, '=');

	*out = (struct condition_waited){ 0 };
	if (strcmp(text, "converged") == 0) {
		out->what = FOR_CONVERGED;
		return STATUS_YES;
	}
	if (strcmp(text, "ready") == 0) {
		out->what = FOR_READY;
		return STATUS_YES;
	}
	if (!equals || !strchr(text, '/') || strchr(text, '/') > equals ||
	    verdict_parse(equals + 1) < 0) {
		say("--for: \"%s\" is neither converged nor ready nor KIND/NAME=VERDICT, as in vm/worker-1=converged, with a verdict of converged, pending, failing, blocked, unknown or paused",
		    text);
		return STATUS_USAGE;
	}
	out->what = FOR_OBJECT;
	out->object = object_named(ctl, text, equals);
	out->verdict = equals + 1;
	return out->object ? STATUS_YES : STATUS_USAGE;
}

/* Ready: every source that is not off can be read. */
static bool is_ready(struct json_object *status)
{
	static const char *const paths[] = { "sources.libvirt.state",
		"sources.kubernetes.state" };

	for (size_t i = 0; i < 2; i++) {
		const char *state = json_string_at(status, paths[i]);

		if (!state ||
		    (strcmp(state, "connected") != 0 && strcmp(state, "off") != 0))
			return false;
	}
	return true;
}

static bool object_is(
    struct ctl *ctl, struct json_object *status, struct condition_waited *w)
{
	struct json_object *objects = json_at(status, "objects");

	for (size_t i = 0; i < json_count(objects); i++) {
		struct json_object *object = json_item(objects, i);
		const char *verdict = json_string_at(object, "verdict");
		const char *reason = json_string_at(object, "reason");
		const char *key = json_string_at(object, "key");

		if (strcmp(object_name(ctl, object), w->object) != 0 &&
		    (!key || strcmp(key, w->object) != 0))
			continue;
		free(w->last);
		w->last =
		    must_printf("%s is %s%s%s", w->object, verdict ? verdict : "unknown",
			reason && *reason ? ": " : "", reason ? reason : "");
		return verdict && strcmp(verdict, w->verdict) == 0;
	}
	free(w->last);
	w->last = must_printf("there is no %s", w->object);
	return false;
}

static bool holds(struct ctl *ctl, struct json_object *status, struct condition_waited *w)
{
	const char *verdict = json_string_at(status, "verdict");
	const char *summary = json_string_at(status, "summary");

	if (w->what == FOR_OBJECT)
		return object_is(ctl, status, w);
	free(w->last);
	w->last = must_printf(
	    "%s: %s", verdict ? verdict : "unknown", summary ? summary : "no summary");
	if (w->what == FOR_READY)
		return is_ready(status);
	return verdict && strcmp(verdict, "converged") == 0;
}

/* One connection. STATUS_YES: it holds; STATUS_NO: the time is up; STATUS_UNREACHABLE:
 * the connection ended. */
static enum status wait_on(
    struct ctl *ctl, struct client *client, struct condition_waited *w, int64_t end)
{
	enum status status = STATUS_NO;
	struct error e = { 0 };
	struct merge merge = { 0 };
	struct reply reply;
	bool go_on = true;

	if (client_send(client, INTERFACE_NAME ".GetStatus", NULL, true, &e) < 0)
		return STATUS_UNREACHABLE;
	while (go_on) {
		int64_t left = end - now_ms();

		switch (client_receive(client, left > 0 ? left : 0, &reply, &e)) {
		case ANSWER_REPLY:
			merge_reply(&merge, reply.parameters);
			if (holds(ctl, reply.parameters, w)) {
				status = STATUS_YES;
				go_on = false;
			}
			break;
		case ANSWER_ERROR:
			status = reply_complain(&reply);
			go_on = false;
			break;
		case ANSWER_TIMEOUT:
			go_on = false;
			break;
		case ANSWER_CLOSED:
			status = STATUS_UNREACHABLE;
			go_on = false;
			break;
		}
		reply_done(&reply);
	}
	merge_done(&merge);
	return status;
}

/* Connects, and again as long as there is time. */
static enum status wait_until(
    struct ctl *ctl, struct condition_waited *w, int64_t end, struct error *e)
{
	enum status status;

	for (;;) {
		struct client *client = client_open(ctl->options.socket, &status, e);

		if (client) {
			status = wait_on(ctl, client, w, end);
			client_close(client);
		}
		if (status != STATUS_UNREACHABLE || now_ms() >= end)
			return status;
		usleep(AGAIN_MS * 1000);
	}
}

enum status verb_wait(struct ctl *ctl)
{
	struct condition_waited w;
	int64_t timeout = ctl->options.timeout ? ctl->options.timeout : DEFAULT_MS;
	enum status status = parse(ctl, &w);
	struct error e = { 0 };

	if (status != STATUS_YES)
		return status;
	status = wait_until(ctl, &w, now_ms() + timeout, &e);
	if (status == STATUS_NO)
		say("not so after %s: %s", duration_text(&ctl->arena, timeout),
		    w.last ? w.last : "homek8sd did not answer");
	else if (status == STATUS_UNREACHABLE || status == STATUS_DENIED)
		say("%s", *e.text ? e.text : "homek8sd went away");
	free(w.last);
	return status;
}
