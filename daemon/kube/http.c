/* SPDX-License-Identifier: MIT */
/*
 * http: libcurl's multi interface, driven by libev.
 *
 * libcurl says which sockets and which timeout it waits for (on_socket, on_timeout) and
 * is called when they are due (curl_multi_socket_action). What it receives is only kept
 * (on_body); callers get it afterwards, in deliver() and finish_done(), when libcurl
 * is not on the stack: it forbids starting and ending requests from within its callbacks.
 * So http_start() may send at once, and whoever called it is not called back before it
 * returns.
 */
#include "daemon/kube/http.h"

#include <stdio.h>
#include <string.h>

#include "daemon/kube/http_request.h"
#include "lib/base/cleanup.h"

#define STREAM_HEADER_MS 15000 /* until a stream's headers have come */
#define MAX_CONNECTIONS 64L    /* kept open; libcurl counts the watches' as well */
#define MAX_SPARE ((size_t)64 * 1024)
#define MAX_STREAM_ERROR ((size_t)64 * 1024) /* body of a stream that is no 200 */

struct socket_watch { /* one per socket of libcurl's */
	struct http *http;
	struct ev_io io;
};

static struct http_request *unlink_request(struct http_request *r)
{
	struct http *h = r->http;

	if (r->previous)
		r->previous->next = r->next;
	else
		h->requests = r->next;
	if (r->next)
		r->next->previous = r->previous;
	ev_timer_stop(h->loop, &r->idle);
	curl_multi_remove_handle(h->multi, r->easy);
	return r;
}

static void free_request(struct http_request *r)
{
	curl_easy_cleanup(r->easy);
	/* One of the headers is the token. */
	for (struct curl_slist *i = r->headers; i; i = i->next)
		explicit_bzero(i->data, strlen(i->data));
	curl_slist_free_all(r->headers);
	curl_slist_free_all(r->connect_to);
	text_done(&r->in);
	free(r->body);
	free(r);
}

void http_cancel(struct http_request *request)
{
	if (request)
		free_request(unlink_request(request));
}

static bool is_stream(const struct http_request *r)
{
	return r->call.bytes && r->headers_done && http_status(r) == 200;
}

/* Takes the request out, reports to its owner, and drops it. */
static void end_request(
    struct http_request *r, enum http_failure failure, const char *error)
{
	struct http_answer answer = { .failure = failure, .error = error };
	curl_off_t retry_after = 0;
	long sent = 0;

	curl_easy_getinfo(r->easy, CURLINFO_RETRY_AFTER, &retry_after);
	curl_easy_getinfo(r->easy, CURLINFO_REQUEST_SIZE, &sent);
	answer.status = http_status(r);
	answer.sent = sent > 0;
	answer.retry_after =
	    retry_after > 0 && retry_after < 86400 ? retry_after * 1000 : -1;
	answer.body = text_get(&r->in);
	answer.length = r->in.length;
	unlink_request(r);
	r->call.done(r->call.arg, &answer);
	free_request(r);
}

/* A buffer for what comes next: to allocate one for each event costs more than the event. */
static void keep_spare(struct http *h, struct text *bytes)
{
	text_done(&h->spare);
	if (bytes->room <= MAX_SPARE) {
		bytes->length = 0;
		h->spare = *bytes;
	} else {
		text_done(bytes);
	}
}

/* Hands on what streams received. The callback may end any request, this one too. */
static void deliver(struct http *h)
{
	struct http_request *r = h->requests;

	while (r) {
		if (!is_stream(r) || (r->opened && r->in.length == 0)) {
			r = r->next;
			continue;
		}
		if (!r->opened) {
			r->opened = true;
			r->call.bytes(r->call.arg, "", 0);
		} else {
			struct text bytes = r->in;

			r->in = h->spare;
			h->spare = (struct text){ 0 };
			r->call.bytes(r->call.arg, bytes.data, bytes.length);
			keep_spare(h, &bytes);
		}
		/* Start over: `r` may be gone. There are but a few of them. */
		r = h->requests;
	}
}

static void finish_done(struct http *h)
{
	struct http_request *r;
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(h->multi, &left))) {
		struct arena a = { 0 };
		CURLcode code = message->data.result;

		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &r);
		end_request(
		    r, http_classify(r, code), code ? http_describe(&a, r, code) : "");
		arena_done(&a);
	}
}

static void act(struct http *h, curl_socket_t fd, int what)
{
	int running;

	curl_multi_socket_action(h->multi, fd, what, &running);
	deliver(h);
	finish_done(h);
}

static void on_io(struct ev_loop *loop, struct ev_io *io, int events)
{
	struct socket_watch *watch = io->data;
	int what = (events & EV_READ ? CURL_CSELECT_IN : 0) |
		   (events & EV_WRITE ? CURL_CSELECT_OUT : 0);

	(void)loop;
	/* `watch` may be freed by this. */
	act(watch->http, io->fd, what);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *assigned)
{
	struct http *h = arg;
	struct socket_watch *watch = assigned;
	int events =
	    (what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0);

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (watch)
			ev_io_stop(h->loop, &watch->io);
		free(watch);
		return 0;
	}
	if (!watch) {
		watch = must_alloc(sizeof(*watch));
		watch->http = h;
		watch->io.data = watch;
		ev_init(&watch->io, on_io);
		curl_multi_assign(h->multi, fd, watch);
	}
	ev_io_stop(h->loop, &watch->io);
	ev_io_set(&watch->io, fd, events);
	ev_io_start(h->loop, &watch->io);
	return 0;
}

static void on_due(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static int on_timeout(CURLM *multi, long ms, void *arg)
{
	struct http *h = arg;

	(void)multi;
	ev_timer_stop(h->loop, &h->timeout);
	if (ms >= 0) {
		ev_timer_set(&h->timeout, (double)ms / 1000, 0);
		ev_timer_start(h->loop, &h->timeout);
	}
	return 0;
}

/* A stream's headers come at once, so their time is shorter. */
static int64_t idle_limit(const struct http_request *r)
{
	if (r->headers_done || r->call.idle < STREAM_HEADER_MS)
		return r->call.idle;
	return STREAM_HEADER_MS;
}

static void on_idle(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	struct http_request *r = timer->data;
	struct arena a = { 0 };

	(void)loop;
	(void)events;
	end_request(r, HTTP_SILENT,
	    arena_printf(&a, "no byte for %lld s (%s)", (long long)idle_limit(r) / 1000,
		r->http->credentials->config.server));
	arena_done(&a);
}

static void restart_idle(struct http_request *r)
{
	if (!r->call.idle)
		return;
	r->idle.repeat = (double)idle_limit(r) / 1000;
	ev_timer_again(r->http->loop, &r->idle);
}

static size_t on_header(char *bytes, size_t size, size_t count, void *arg)
{
	struct http_request *r = arg;

	/* The blank line; an informational answer (1xx) has one too. */
	if (size * count <= 2 && bytes[0] == '\r' && http_status(r) >= 200) {
		r->headers_done = true;
		restart_idle(r);
	}
	return size * count;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
	struct http_request *r = arg;
	size_t length = size * count, max = r->call.max_bytes;

	if (r->call.bytes)
		max = is_stream(r) ? SIZE_MAX : MAX_STREAM_ERROR;
	if (length > max - r->in.length) {
		r->too_large = true;
		snprintf(r->error, sizeof(r->error),
		    "the answer is larger than %zu bytes", max);
		return 0;
	}
	text_add_n(&r->in, bytes, length);
	restart_idle(r);
	return length;
}

struct http_request *http_start(struct http *http, const struct http_call *call)
{
	struct http_request *r = must_alloc(sizeof(*r));
	int running;

	r->http = http;
	r->call = *call;
	r->easy = curl_easy_init();
	if (!r->easy)
		abort();
	ev_init(&r->idle, on_idle);
	r->idle.data = r;
	http_set_options(r, call);
	curl_easy_setopt(r->easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(r->easy, CURLOPT_HEADERDATA, r);
	curl_easy_setopt(r->easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(r->easy, CURLOPT_WRITEDATA, r);
	r->next = http->requests;
	if (r->next)
		r->next->previous = r;
	http->requests = r;
	restart_idle(r);
	curl_multi_add_handle(http->multi, r->easy);
	/* On its way now, not in the next turn; what came of it is reported there. */
	curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	ev_feed_event(http->loop, &http->timeout, EV_TIMER);
	return r;
}

void http_set_token(struct http *http, const char *token)
{
	char *old = http->token;

	http->token = must_copy(token);
	if (old)
		explicit_bzero(old, strlen(old));
	free(old);
}

struct http *http_new(struct ev_loop *loop, const struct credentials *credentials)
{
	struct http *h = must_alloc(sizeof(*h));

	curl_global_init(CURL_GLOBAL_DEFAULT);
	h->loop = loop;
	h->credentials = credentials;
	http_set_token(h, credentials->config.token);
	ev_init(&h->timeout, on_due);
	h->timeout.data = h;
	h->multi = curl_multi_init();
	if (!h->multi)
		abort();
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_timeout);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, MAX_CONNECTIONS);
	curl_multi_setopt(h->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
	return h;
}

void http_free(struct http *http)
{
	if (!http)
		return;
	while (http->requests)
		http_cancel(http->requests);
	curl_multi_cleanup(http->multi);
	ev_timer_stop(http->loop, &http->timeout);
	http_set_token(http, NULL);
	text_done(&http->spare);
	free(http);
	curl_global_cleanup();
}

char *http_escape(const char *value)
{
	char *escaped = curl_easy_escape(NULL, value, 0);
	char *copy = must_copy(escaped);

	if (!copy)
		abort();
	curl_free(escaped);
	return copy;
}
