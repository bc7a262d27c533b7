/* SPDX-License-Identifier: MIT */
/* health: the version, and checks that always pass; a fault makes them fail. */
#include <string.h>

#include "test/fake/answer.h"
#include "test/fake/discovery.h"
#include "test/fake/tree.h"

static const char *const checks[] = { "ping", "log", "etcd", "informer-sync",
	"poststarthook/start-apiextensions-controllers",
	"poststarthook/rbac/bootstrap-roles", "autoregister-completion", "shutdown" };

static void answer_verbose(struct conn *c, const char *which)
{
	struct buf out = { 0 };

	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++)
		buf_fmt(&out, "[+]%s ok\n", checks[i]);
	buf_fmt(&out, "%s check passed\n", which);
	answer_text(c, 200, buf_cstr(&out));
	buf_free(&out);
}

static void answer_version(struct conn *c, const struct request *req)
{
	static const char *const rows[][2] = { { "major", "1" }, { "minor", "29" },
		{ "gitVersion", "v1.29.0" },
		{ "gitCommit", "0000000000000000000000000000000000000000" },
		{ "gitTreeState", "clean" }, { "buildDate", "2023-12-13T00:00:00Z" },
		{ "goVersion", "none" }, { "compiler", "gcc" },
		{ "platform", "linux/amd64" } };
	struct json_object *obj = json_object_new_object();

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		tree_set(obj, rows[i][0], rows[i][1]);
	answer_object(c, req, 200, NULL, obj);
	json_object_put(obj);
}

/* One check by itself: /readyz/etcd. */
static bool known_check(const char *name)
{
	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++)
		if (!strcmp(checks[i], name))
			return true;
	return false;
}

bool health(struct conn *c, const struct request *req)
{
	static const char *const names[] = { "healthz", "livez", "readyz" };

	if (strcmp(req->method, "GET"))
		return false;
	if (!strcmp(req->path, "/version")) {
		answer_version(c, req);
		return true;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		size_t n = strlen(names[i]);
		const char *rest = req->path + 1 + n;

		if (strncmp(req->path + 1, names[i], n))
			continue;
		if (*rest == '/' && known_check(rest + 1))
			answer_text(c, 200, "ok");
		else if (*rest)
			return false;
		else if (http_param(req, "verbose"))
			answer_verbose(c, names[i]);
		else
			answer_text(c, 200, "ok");
		return true;
	}
	return false;
}
