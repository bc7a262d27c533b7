/* SPDX-License-Identifier: MIT */
/* lister: follows `continue` until it is empty, never the number of items. */
#include "daemon/kube/lister.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/host/clock.h"
#include "daemon/kube/answer.h"
#include "lib/base/cleanup.h"
#include "lib/doc/json.h"

#define PAGE 500
#define PAGE_MIN 10 /* of objects that large */
#define MAX_PAGES 1000
#define MAX_EMPTY 50 /* pages in a row: one may be, of a server that has filtered it */
#define MAX_ITEMS 100000			 /* ten times the largest home */
#define MAX_MS 120000				 /* for all pages together */
#define MAX_PAGE_BYTES ((size_t)8 * 1024 * 1024) /* more: smaller pages */

const char *lister_url(struct arena *a, const struct watch *watch)
{
	autofree char *selector = watch->selector ? http_escape(watch->selector) : NULL;

	if (!selector)
		return arena_copy(a, watch->path);
	return arena_printf(a, "%s?fieldSelector=%s", watch->path, selector);
}

char *lister_path(const char *collection, const char *query)
{
	return must_printf(
	    "%s%c%s", collection, strchr(collection, '?') ? '&' : '?', query);
}

/* `done` is on_page(), which stands below because it asks for further pages itself. */
static void request_page(struct lister *l, const char *token,
    void (*done)(void *arg, const struct http_answer *answer))
{
	autofree char *escaped = token ? http_escape(token) : NULL;
	autofree char *query = must_printf("limit=%u%s%s",
	    l->unpaged ? 0
	    : l->page  ? l->page
		       : PAGE,
	    escaped ? "&continue=" : "", escaped ? escaped : "");
	autofree char *path = lister_path(l->collection, query);

	l->pages++;
	l->request = http_start(l->http, &(struct http_call){ .method = "GET",
					     .path = path,
					     .timeout = l->timeout,
					     .max_bytes = MAX_PAGE_BYTES,
					     .done = done,
					     .arg = l });
}

static void set_token(struct lister *l, const char *token)
{
	char *copy = must_copy(token);

	free(l->token);
	l->token = copy;
}

static void begin(
    struct lister *l, void (*done)(void *arg, const struct http_answer *answer))
{
	free(l->version);
	l->version = NULL;
	l->pages = l->items = l->empty = 0;
	l->begun = clock_mono();
	set_token(l, NULL);
	l->callbacks->begin(l->arg);
	request_page(l, NULL, done);
}

/* The token of the next page, "" for none. */
static const char *next_page(struct lister *l, struct json_object *list)
{
	const char *token = json_string_at(list, "metadata.continue");

	if (!l->version)
		l->version = must_copy(json_string_at(list, "metadata.resourceVersion"));
	return token ? token : "";
}

/* False: not all of it was taken in. */
static bool hand_on(struct lister *l, struct json_object *list)
{
	struct json_object *items = json_at(list, "items");

	l->items += json_count(items);
	l->empty = json_count(items) ? 0 : l->empty + 1;
	for (size_t i = 0; i < json_count(items); i++)
		if (!l->callbacks->item(l->arg, json_item(items, i)))
			return false;
	return true;
}

/* A page that is too large is requested again, smaller; false: it cannot be. */
static bool shrink(
    struct lister *l, void (*done)(void *arg, const struct http_answer *answer))
{
	if (l->unpaged || (l->page && l->page <= PAGE_MIN))
		return false;
	l->page = l->page ? PAGE_MIN : PAGE / 10;
	begin(l, done);
	return true;
}

/* A server, or what stands before it, may lead on and on: why the next page is not
 * requested; NULL: it is. */
static const char *why_no_further(const struct lister *l, const char *token)
{
	if (l->pages >= MAX_PAGES || l->items >= MAX_ITEMS || l->empty >= MAX_EMPTY)
		return "the list has no end";
	if (l->token && strcmp(token, l->token) == 0)
		return "the list goes round in a circle: two pages have the same continue token";
	if (mono_reached(mono_add(l->begun, MAX_MS), clock_mono()))
		return "the list was not complete within two minutes";
	return NULL;
}

static void on_list(struct lister *l, const struct http_answer *answer,
    void (*done)(void *arg, const struct http_answer *answer))
{
	struct error e = { "the answer is no list" };
	autojson struct json_object *list = answer_object(answer, &e);
	const char *token, *why;

	if (!list && strstr(e.text, JSON_TOO_HEAVY) && shrink(l, done))
		return;
	if (!list || !json_string_at(list, "metadata.resourceVersion")) {
		l->callbacks->failed(l->arg, answer, e.text, false);
		return;
	}
	token = next_page(l, list);
	why = *token ? why_no_further(l, token) : NULL;
	if (why) {
		l->callbacks->failed(l->arg, answer, why, false);
		return;
	}
	/* First the next page, so that the server works on it meanwhile. */
	if (*token) {
		set_token(l, token);
		request_page(l, token, done);
	}
	if (!hand_on(l, list))
		l->callbacks->failed(l->arg, answer, "", true);
	else if (!*token)
		l->callbacks->complete(l->arg, l->version);
}

static void on_page(void *arg, const struct http_answer *answer)
{
	struct lister *l = arg;

	l->request = NULL;
	if (answer->failure == HTTP_ANSWERED && answer->status == 200) {
		on_list(l, answer, on_page);
	} else if (answer->failure == HTTP_TOO_LARGE && shrink(l, on_page)) {
		return;
	} else if (answer->status == 410 && l->pages > 1 && !l->unpaged) {
		/* The token has expired between two pages: all at once then. */
		l->unpaged = true;
		begin(l, on_page);
	} else {
		l->callbacks->failed(l->arg, answer, NULL, false);
	}
}

void lister_start(struct lister *l, struct http *http)
{
	lister_stop(l);
	l->http = http;
	l->unpaged = false;
	begin(l, on_page);
}

void lister_stop(struct lister *l)
{
	http_cancel(l->request);
	l->request = NULL;
	set_token(l, NULL);
	free(l->version);
	l->version = NULL;
}
