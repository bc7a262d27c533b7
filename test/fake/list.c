/* SPDX-License-Identifier: MIT */
/*
 * list: a page is cut from the collection as it was at the first page's resource version;
 * the continue token carries that version and the last key. The bodies are pasted
 * together from stored texts, so a long list costs little more than copying it.
 */
#include "test/fake/list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "test/fake/answer.h"
#include "test/fake/selector.h"
#include "test/fake/tree.h"

#define OLD_TOKEN                                                                        \
	"The provided continue parameter is too old to display a consistent list "       \
	"result."
#define OLD_LIST "The resourceVersion for the provided list is too old."

struct page {
	uint64_t rv;
	char *after; /* continue after this key; NULL: from the start */
	size_t limit;
};

static bool number(const char *text, uint64_t *n)
{
	char *end;

	errno = 0;
	*n = strtoull(text, &end, 10);
	return !*end && !errno && *text != '-' && *text != '+';
}

static struct json_object *too_large(uint64_t want, uint64_t have)
{
	struct json_object *st = status_new(504, "Timeout",
	    "Timeout: Too large resource version: %llu, current: %llu",
	    (unsigned long long)want, (unsigned long long)have);

	status_cause(st, "ResourceVersionTooLarge", "Too large resource version", NULL);
	tree_set_int(tree_get(st, "details", NULL), "retryAfterSeconds", 1);
	return st;
}

struct json_object *read_rv(const struct call *call, bool may_be_ahead, uint64_t *rv)
{
	const char *text = http_param(call->req, "resourceVersion");
	uint64_t have = store_rv(call->fake->store);

	if (!number(text ? text : "", rv))
		return status_bad_request(
		    "Invalid value: \"%s\": not a resource version", text);
	if (*rv > have && !may_be_ahead)
		return too_large(*rv, have);
	return NULL;
}

void get_one(const struct call *call)
{
	struct version *v =
	    store_find(call->fake->store, call->res, call->ns, call->name);
	uint64_t rv;
	struct json_object *st = read_rv(call, false, &rv);

	if (!st && !v)
		st = status_not_found(call->res, call->name);
	if (st)
		answer_status(call->conn, call->req, st);
	else
		answer_json(call->conn, call->req, 200, NULL, v->text, v->len);
}

/* The token is readable on purpose: "RV:last key" in hex digits. */
static char *token_make(uint64_t rv, const char *key)
{
	char *plain = xfmt("%llu:%s", (unsigned long long)rv, key);
	struct buf out = { 0 };

	for (const char *p = plain; *p; p++)
		buf_fmt(&out, "%02x", (unsigned)(unsigned char)*p);
	free(plain);
	buf_cstr(&out);
	return out.base;
}

static bool token_read(const char *token, uint64_t *rv, char **key)
{
	size_t n = strlen(token) / 2;
	char *plain = xalloc(n + 1), *colon;
	bool ok;

	for (size_t i = 0; i < n; i++) {
		char digits[3] = { token[2 * i], token[2 * i + 1] };

		plain[i] = (char)strtoul(digits, NULL, 16);
	}
	colon = strchr(plain, ':');
	ok = colon != NULL;
	if (ok) {
		*colon = '\0';
		ok = number(plain, rv);
		*key = xstrdup(colon + 1);
	}
	free(plain);
	return ok;
}

/* A page from a token. A token that is too old is answered with one that works. */
static struct json_object *continue_page(
    const struct call *call, const char *token, struct page *page)
{
	const char *asked = http_param(call->req, "resourceVersion");
	struct json_object *st;
	char *fresh;

	if (asked && *asked && strcmp(asked, "0"))
		return status_bad_request(
		    "specifying resource version is not allowed when using continue");
	if (!token_read(token, &page->rv, &page->after))
		return status_bad_request("continue key is not valid");
	if (page->rv == 0)
		page->rv = store_rv(call->fake->store);
	if (page->rv <= store_rv(call->fake->store) &&
	    page->rv >= store_oldest(call->fake->store))
		return NULL;
	st = status_expired(OLD_TOKEN);
	fresh = token_make(0, page->after);
	tree_set(tree_child(st, "metadata"), "continue", fresh);
	free(fresh);
	return st;
}

static struct json_object *first_page(const struct call *call, struct page *page)
{
	const char *match = http_param(call->req, "resourceVersionMatch");
	struct json_object *st = read_rv(call, false, &page->rv);
	bool exact = match ? !strcmp(match, "Exact") : page->limit > 0;

	if (st)
		return st;
	if (match && *match && !http_param(call->req, "resourceVersion"))
		return status_bad_option("ListOptions", "FieldValueForbidden",
		    "resourceVersionMatch",
		    "Forbidden: resourceVersionMatch is forbidden unless resourceVersion "
		    "is "
		    "provided");
	if (exact && page->rv && page->rv < store_oldest(call->fake->store))
		return status_expired(OLD_LIST);
	if (!exact || !page->rv)
		page->rv = store_rv(call->fake->store);
	return NULL;
}

static struct json_object *page_read(const struct call *call, struct page *page)
{
	const char *token = http_param(call->req, "continue");
	const char *limit = http_param(call->req, "limit");
	uint64_t n = 0;

	if (limit && !number(limit, &n))
		return status_bad_request("limit: Invalid value: \"%s\"", limit);
	page->limit = n;
	if (token && *token)
		return continue_page(call, token, page);
	return first_page(call, page);
}

/* Appends the list's metadata; `last` is the last key sent when more is to come. */
static void write_metadata(
    struct buf *out, const struct page *page, const char *last, size_t left)
{
	char *token = last ? token_make(page->rv, last) : xstrdup("");

	buf_fmt(out, "\"metadata\":{\"continue\":\"%s\",", token);
	if (left)
		buf_fmt(out, "\"remainingItemCount\":%zu,", left);
	buf_fmt(out, "\"resourceVersion\":\"%llu\"}", (unsigned long long)page->rv);
	free(token);
}

static void write_list(struct buf *out, const struct call *call,
    const struct selector *sel, const struct page *page)
{
	size_t count, sent = 0, left = 0;
	struct version **all = store_at(call->fake->store, call->res, page->rv, &count);
	char *version = resource_api_version(call->res);
	const char *last = NULL;

	buf_fmt(out, "{\"apiVersion\":\"%s\",\"items\":[", version);
	for (size_t i = 0; i < count; i++) {
		if (page->after && strcmp(all[i]->key, page->after) <= 0)
			continue;
		if (!selector_takes(sel, all[i]))
			continue;
		if (page->limit && sent == page->limit) {
			left++;
			continue;
		}
		if (sent++)
			buf_add(out, ",", 1);
		buf_add(out, all[i]->text, all[i]->len);
		last = all[i]->key;
	}
	buf_fmt(out, "],\"kind\":\"%sList\",", call->res->kind);
	write_metadata(out, page, left ? last : NULL, selector_picks(sel) ? 0 : left);
	buf_add(out, "}", 1);
	free(version);
	store_release(all, count);
}

void get_list(const struct call *call)
{
	struct selector sel = { 0 };
	struct page page = { 0 };
	struct buf out = { 0 };
	struct json_object *st = selector_read(&sel, call);

	if (!st)
		st = page_read(call, &page);
	if (st) {
		answer_status(call->conn, call->req, st);
	} else {
		write_list(&out, call, &sel, &page);
		answer_json(call->conn, call->req, 200, NULL, buf_data(&out), out.len);
	}
	buf_free(&out);
	free(page.after);
	selector_free(&sel);
}
