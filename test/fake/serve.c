/* SPDX-License-Identifier: MIT */
/*
 * serve: the order in which a request meets the parts: the log, the test controls,
 * faults, authentication, then what its path names.
 */
#include "test/fake/serve.h"

#include <stdlib.h>
#include <string.h>

#include "test/fake/answer.h"
#include "test/fake/budget.h"
#include "test/fake/control.h"
#include "test/fake/discovery.h"
#include "test/fake/fault.h"
#include "test/fake/list.h"
#include "test/fake/reqlog.h"
#include "test/fake/watch.h"
#include "test/fake/write.h"

#define PARTS 8

static bool authenticated(
    const struct fake *f, const struct conn *c, const struct request *r)
{
	const char *sent = http_header(r, "authorization");

	if (!f->token && !f->client_certs)
		return true;
	if (f->token && !strncmp(sent, "Bearer ", 7) && !strcmp(sent + 7, f->token))
		return true;
	return f->client_certs && !*sent && conn_peer_trusted(c);
}

/* Cuts a path at its slashes, in place. Returns the number of parts, or -1 for too many.
 */
static int cut(char *path, const char *parts[PARTS])
{
	char *at = path, *part;
	int n = 0;

	for (int i = 0; i < PARTS; i++)
		parts[i] = "";
	while ((part = strsep(&at, "/"))) {
		if (!*part)
			continue;
		if (n == PARTS)
			return -1;
		parts[n++] = part;
	}
	return n;
}

/* Fills the call from ["api", V, ...] or ["apis", G, V, ...]. False: no such resource. */
static bool find_resource(struct call *call, const char *const *parts, int n)
{
	bool core = n > 0 && !strcmp(parts[0], "api");
	const char *group = core ? "" : parts[1], *version = parts[core ? 1 : 2];
	const char *const *rest = parts + (core ? 2 : 3);
	int left = n - (core ? 2 : 3);

	if (left < 1 || (!core && strcmp(parts[0], "apis")))
		return false;
	call->ns = "";
	if (left >= 3 && !strcmp(rest[0], "namespaces") && strcmp(rest[2], "status")) {
		call->ns = rest[1];
		rest += 2;
		left -= 2;
	}
	call->res = resource_by_url(group, version, rest[0]);
	call->name = left > 1 ? rest[1] : "";
	call->sub = left > 2 ? rest[2] : "";
	return call->res && left <= 3 && (call->res->namespaced || !*call->ns);
}

static struct json_object *not_allowed(void)
{
	return status_new(405, "MethodNotAllowed",
	    "the server does not allow this method on the requested resource");
}

/* Subresources: status where the resource has one, and eviction of pods. */
static bool known_sub(const struct call *call)
{
	return !*call->sub || (call->res->has_status && !strcmp(call->sub, "status")) ||
	       (!strcmp(call->sub, "eviction") && !strcmp(call->res->plural, "pods"));
}

static void read_or_watch(const struct call *call, const struct fault *fault)
{
	if (is_watch(call->req))
		watch_open(call, fault);
	else if (*call->name)
		get_one(call);
	else
		get_list(call);
}

static void dispatch(const struct call *call, const struct fault *fault)
{
	const char *method = call->req->method;
	bool one = *call->name, placed = !call->res->namespaced || *call->ns;
	bool evict = !strcmp(call->sub, "eviction");

	if (!known_sub(call))
		answer_status(call->conn, call->req,
		    status_new(404, "NotFound",
			"the server could not find the requested resource"));
	else if (!strcmp(method, "GET") && !evict && (placed || !one))
		read_or_watch(call, fault);
	else if (!strcmp(method, "POST") && evict)
		write_evict(call);
	else if (!strcmp(method, "POST") && !one && placed)
		write_create(call);
	else if (!strcmp(method, "PUT") && one && placed && !evict)
		write_update(call);
	else if (!strcmp(method, "PATCH") && one && placed && !evict)
		write_patch(call);
	else if (!strcmp(method, "DELETE") && one && placed && !*call->sub)
		write_delete(call);
	else
		answer_status(call->conn, call->req, not_allowed());
}

static void route(
    struct fake *f, struct conn *c, const struct request *r, const struct fault *fault)
{
	struct call call = { .fake = f, .conn = c, .req = r };
	const char *parts[PARTS];
	char *path;

	if (health(c, r) || discovery(c, r))
		return;
	path = xstrdup(r->path);
	if (find_resource(&call, parts, cut(path, parts)))
		dispatch(&call, fault);
	else
		answer_no_such_path(c);
	free(path);
}

static void serve_one(struct fake *f, struct conn *c, const struct request *r)
{
	const struct fault *fault;

	if (!strncmp(r->path, "/fake", 5) && (!r->path[5] || r->path[5] == '/')) {
		control(f, c, r);
		return;
	}
	reqlog_add(f->reqlog, r);
	fault = faults_strike(f, r);
	if (fault && fault_act(fault, c, r))
		return;
	if (authenticated(f, c, r))
		route(f, c, r, fault);
	else
		answer_status(c, r, status_new(401, "Unauthorized", "Unauthorized"));
}

void serve(struct server *s, struct conn *c, const struct request *r)
{
	struct fake *f = (struct fake *)s;
	uint64_t before = store_rv(f->store);

	serve_one(f, c, r);
	if (store_rv(f->store) != before)
		budgets_settle(f);
}
