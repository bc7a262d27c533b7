/* SPDX-License-Identifier: MIT */
/* reflector_failures: what an answer means that is not the one that was due. */
#include "daemon/kube/reflector_parts.h"

#include "daemon/kube/answer.h"

static void on_forbidden(
    struct reflector *r, const char *verb, const struct http_answer *answer)
{
	struct arena a = { 0 };
	const char *message = answer_message(&a, answer);

	knowledge_lose(&r->knowledge, LOSS_FORBIDDEN,
	    arena_printf(&a, "forbidden: this user may not %s %s%s%s", verb,
		api_path_text(&a, r->url), message[0] ? ": " : "", message));
	arena_done(&a);
	reflector_wait(r, r->host->tuning->slow);
}

/* An answer that is none of the well-known ones. */
static void on_odd_answer(
    struct reflector *r, const char *verb, const struct http_answer *answer)
{
	struct arena a = { 0 };
	bool busy = answer->status == 429 || answer->status == 503;

	reflector_doubt(r, LOSS_UNREADABLE,
	    arena_printf(&a, "%s %s: %s", verb, api_path_text(&a, r->url),
		answer_text(&a, answer)));
	arena_done(&a);
	/* A busy server keeps its history, and a list would make it busier. */
	r->must_list = r->must_list || !busy;
	reflector_back_off(r, answer_wait(answer));
}

void reflector_on_failure(
    struct reflector *r, const char *verb, const struct http_answer *answer)
{
	if (answer->failure == HTTP_TOO_LARGE) {
		on_odd_answer(r, verb, answer);
	} else if (answer->failure != HTTP_ANSWERED) {
		reflector_doubt(r, LOSS_DOWN, answer->error);
		reflector_back_off(r, 0);
		r->host->suspect(r->host);
	} else if (answer->status == 401) {
		reflector_back_off(r, r->host->tuning->slow);
		r->host->refused(r->host, r->url);
	} else if (answer->status == 403) {
		on_forbidden(r, verb, answer);
	} else if (answer->status == 404) {
		const char *missing = r->watch.missing;

		knowledge_lose(&r->knowledge, LOSS_MISSING,
		    missing ? missing : "the server has no such API");
		reflector_wait(r, r->host->tuning->slow);
	} else {
		on_odd_answer(r, verb, answer);
	}
}

/* The server shows more than is kept of any. All of that is dropped, so that what it shows
 * next time may fit. */
void reflector_on_full(struct reflector *r)
{
	const struct kube_callbacks *callbacks = r->host->callbacks;
	struct arena a = { 0 };
	const char *why = arena_printf(&a,
	    "the server shows so many or such large %s that homek8sd keeps none of them",
	    r->collection.kind->plural);

	reflector_doubt(r, LOSS_UNREADABLE, why);
	callbacks->ended(r->host->callback_arg, r->collection.kind, r->watch.prefix);
	callbacks->begun(r->host->callback_arg, r->collection.kind, r->watch.prefix);
	r->knowledge.loss = LOSS_NONE; /* nothing is said of it any more */
	knowledge_lose(&r->knowledge, LOSS_UNREADABLE, why);
	arena_done(&a);
	r->must_list = true;
	reflector_back_off(r, 0);
}

void reflector_on_list_failed(
    void *arg, const struct http_answer *answer, const char *why, bool full)
{
	struct reflector *r = arg;
	struct arena a = { 0 };

	if (full) {
		reflector_on_full(r);
		return;
	}
	if (!why) {
		reflector_on_failure(r, "list", answer);
		return;
	}
	reflector_doubt(r, LOSS_UNREADABLE,
	    arena_printf(&a, "list %s: %s", api_path_text(&a, r->url), why));
	arena_done(&a);
	r->must_list = true;
	reflector_back_off(r, 0);
}
