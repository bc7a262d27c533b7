/* SPDX-License-Identifier: MIT */
/* fault: the list of faults, and those that strike one request. */
#include "test/fake/fault.h"

#include <stdlib.h>
#include <string.h>

#include "test/fake/answer.h"
#include "test/fake/tree.h"
#include "test/fake/watch.h"

#define FAULTS_MAX 256
#define HUGE_SIZE (5 << 20)
#define TRICKLE_MS 100

enum who { ANY, WATCHES, BOTH, WRITES };

static const struct {
	const char *word;
	enum fault_kind kind;
	enum who who; /* ANY: any request; BOTH: any, and open watches at once */
} kinds[] = {
	{ "status", FAULT_STATUS, ANY },
	{ "reset", FAULT_RESET, ANY },
	{ "close", FAULT_CLOSE, ANY },
	{ "stall", FAULT_STALL, ANY },
	{ "trickle", FAULT_TRICKLE, ANY },
	{ "error-event", FAULT_ERROR_EVENT, WATCHES },
	{ "end-watch", FAULT_END_WATCH, WATCHES },
	{ "silence", FAULT_SILENCE, WATCHES },
	{ "split", FAULT_SPLIT, WATCHES },
	{ "garbage", FAULT_GARBAGE, BOTH },
	{ "huge", FAULT_HUGE, BOTH },
	{ "webhook-down", FAULT_WEBHOOK, WRITES },
};

struct faults {
	struct fault *first;
	int count;
};

struct faults *faults_new(void)
{
	return xalloc(sizeof(struct faults));
}

static void fault_free(struct fault *fault)
{
	json_object_put(fault->spec);
	free(fault->match);
	free(fault);
}

/* Removes the faults that have struck their last, or all. */
static void purge(struct faults *fs, bool all)
{
	struct fault **at = &fs->first, *fault;

	while ((fault = *at)) {
		if (!all && fault->times) {
			at = &fault->next;
			continue;
		}
		*at = fault->next;
		fs->count--;
		fault_free(fault);
	}
}

void faults_free(struct faults *fs)
{
	purge(fs, true);
	free(fs);
}

static int kind_row(const char *word)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(kinds[i].word, word))
			return (int)i;
	return -1;
}

struct json_object *faults_add(struct fake *f, struct json_object *spec)
{
	const char *word = tree_str(spec, "do", NULL);
	struct json_object *times = tree_get(spec, "times", NULL);
	int row = kind_row(word);
	struct fault *fault, **at = &f->faults->first;

	if (row < 0)
		return status_bad_request("unknown fault \"%s\"", word);
	if (f->faults->count >= FAULTS_MAX)
		purge(f->faults, false);
	if (f->faults->count >= FAULTS_MAX)
		return status_bad_request("more than %d faults", FAULTS_MAX);
	fault = xalloc(sizeof(*fault));
	fault->match = xstrdup(tree_str(spec, "match", NULL));
	fault->times = times ? json_object_get_int(times) : 1;
	fault->kind = kinds[row].kind;
	fault->spec = json_object_get(spec);
	while (*at)
		at = &(*at)->next;
	*at = fault;
	f->faults->count++;
	if (kinds[row].who == WATCHES || kinds[row].who == BOTH)
		if (watches_hit(f, fault) && fault->times > 0)
			fault->times--;
	return NULL;
}

void faults_clear(struct fake *f)
{
	purge(f->faults, true);
	server_heal(&f->server);
	watches_heal(f);
}

struct json_object *faults_list(const struct faults *fs)
{
	struct json_object *list = json_object_new_array();

	for (const struct fault *fault = fs->first; fault; fault = fault->next) {
		struct json_object *row = tree_copy(fault->spec);

		tree_set_int(row, "left", fault->times);
		json_object_array_add(list, row);
	}
	return list;
}

bool fault_matches(const struct fault *fault, const char *method, const char *target)
{
	char *line = xfmt("%s %s", method, target);
	bool found = strstr(line, fault->match) != NULL;

	free(line);
	return found;
}

bool is_watch(const struct request *req)
{
	return !strcmp(req->method, "GET") && http_flag(req, "watch");
}

static bool concerns(const struct fault *fault, const struct request *req)
{
	switch (kinds[kind_row(tree_str(fault->spec, "do", NULL))].who) {
	case ANY:
	case BOTH:
		return true;
	case WATCHES:
		return is_watch(req);
	case WRITES:
		return !strcmp(req->method, "POST") || !strcmp(req->method, "PUT") ||
		       !strcmp(req->method, "PATCH");
	}
	return false;
}

const struct fault *faults_strike(struct fake *f, const struct request *req)
{
	for (struct fault *fault = f->faults->first; fault; fault = fault->next) {
		if (!fault->times || !concerns(fault, req) ||
		    !fault_matches(fault, req->method, req->target))
			continue;
		if (fault->times > 0)
			fault->times--;
		return fault;
	}
	return NULL;
}

struct json_object *fault_error(const struct fault *fault)
{
	struct json_object *code = tree_get(fault->spec, "code", NULL);
	const char *reason = tree_str(fault->spec, "reason", NULL);
	const char *message = tree_str(fault->spec, "message", NULL);

	return status_new(code ? json_object_get_int(code) : 410,
	    *reason ? reason
	    : code  ? NULL
		    : "Expired",
	    "%s", *message ? message : "scripted");
}

struct json_object *fault_huge(const struct resource *res)
{
	struct json_object *obj = json_object_new_object(), *meta;
	char *filler = xalloc(HUGE_SIZE + 1), *version = resource_api_version(res);

	memset(filler, 'x', HUGE_SIZE);
	tree_set(obj, "apiVersion", version);
	tree_set(obj, "kind", res->kind);
	meta = tree_child(obj, "metadata");
	tree_set(meta, "name", "huge");
	if (res->namespaced)
		tree_set(meta, "namespace", "default");
	tree_set(meta, "resourceVersion", "1");
	tree_set(tree_child(meta, "annotations"), "filler", filler);
	free(version);
	free(filler);
	return obj;
}

static char *header_lines(struct json_object *headers)
{
	struct buf out = { 0 };

	if (json_object_is_type(headers, json_type_object)) {
		json_object_object_foreach (headers, name, v)
			buf_fmt(&out, "%s: %s\r\n", name, json_object_get_string(v));
	}
	buf_cstr(&out);
	return out.base;
}

static void act_status(const struct fault *fault, struct conn *c)
{
	struct json_object *code = tree_get(fault->spec, "code", NULL);
	struct json_object *body = tree_get(fault->spec, "body", NULL);
	const char *type = tree_str(fault->spec, "content_type", NULL);
	bool text = json_object_is_type(body, json_type_string);
	char *headers = header_lines(tree_get(fault->spec, "headers", NULL));
	struct buf out = { 0 };

	if (text)
		buf_str(&out, json_object_get_string(body));
	else if (body)
		tree_write(&out, body, false, false);
	if (!*type)
		type = text || !body ? "text/plain; charset=utf-8" : "application/json";
	conn_answer(c, code ? json_object_get_int(code) : 500, type, headers,
	    buf_data(&out), out.len);
	buf_free(&out);
	free(headers);
}

static void act_webhook(struct conn *c, const struct request *req)
{
	static const char why[] =
	    "failed calling webhook \"ipaddresspoolvalidationwebhook.metallb.io\": "
	    "failed to "
	    "call webhook: connection refused";
	struct json_object *st =
	    status_new(500, "InternalError", "Internal error occurred: %s", why);

	answer_status(c, req, status_cause(st, NULL, why, NULL));
}

static void act_huge(struct conn *c, const struct request *req)
{
	struct json_object *obj = fault_huge(resource_by_name("configmaps"));

	answer_object(c, req, 200, NULL, obj);
	json_object_put(obj);
}

bool fault_act(const struct fault *fault, struct conn *c, const struct request *req)
{
	static const char broken[] =
	    "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[{";
	struct json_object *ms = tree_get(fault->spec, "ms", NULL);

	switch (fault->kind) {
	case FAULT_STATUS:
		act_status(fault, c);
		return true;
	case FAULT_RESET:
		conn_reset(c);
		return true;
	case FAULT_CLOSE:
		conn_close(c);
		return true;
	case FAULT_STALL:
		conn_stall(c);
		return true;
	case FAULT_TRICKLE:
		conn_trickle(c, ms ? json_object_get_int(ms) : TRICKLE_MS);
		return false;
	case FAULT_GARBAGE:
		if (is_watch(req))
			return false;
		conn_answer(c, 200, "application/json", NULL, broken, sizeof(broken) - 1);
		return true;
	case FAULT_HUGE:
		if (is_watch(req))
			return false;
		act_huge(c, req);
		return true;
	case FAULT_WEBHOOK:
		act_webhook(c, req);
		return true;
	case FAULT_ERROR_EVENT:
	case FAULT_END_WATCH:
	case FAULT_SILENCE:
	case FAULT_SPLIT:
		break;
	}
	return false;
}
