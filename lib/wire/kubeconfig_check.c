/* SPDX-License-Identifier: MIT */
/* kubeconfig_check: the file, then the files it names, then how long they are good for. */
#include "lib/wire/kubeconfig_check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/wire/validity.h"

#define DAY ((int64_t)24 * 60 * 60 * 1000)
#define SOON (30 * DAY)	 /* to renew a certificate takes a person */
#define TOKEN_SOON (DAY) /* what is shorter was made for trying out */

#define RENEW "make a new one: `man homek8sd`, The cluster"

struct checker {
	const struct kubeconfig_check *check;
	struct report *report;
	const char *path; /* of the kubeconfig */
};

static struct finding *add(const struct checker *c, enum severity severity,
    const char *id, const char *path, const char *text)
{
	struct source_text *source = arena_alloc(c->report->arena, sizeof(*source));
	struct place place = { .source = source };

	source->name = arena_copy(c->report->arena, path);
	source->text = ""; /* no line of it is shown: it may hold a secret */
	return report_add(c->report, severity, id, &place, "%s", text);
}

static void add_fixed(const struct checker *c, enum severity severity, const char *id,
    const char *path, const char *text, const char *fix)
{
	report_fix(c->report, add(c, severity, id, path, text), "%s", fix);
}

/* An error's text may begin with "PATH:LINE:COLUMN: ". */
static void add_error(const struct checker *c, const char *text)
{
	size_t length = strlen(c->path);
	struct finding *f;
	unsigned long line = 0, column = 0;
	char *end = NULL;

	if (strncmp(text, c->path, length) == 0 && text[length] == ':') {
		line = strtoul(text + length + 1, &end, 10);
		if (*end == ':')
			column = strtoul(end + 1, &end, 10);
		if (strncmp(end, ": ", 2) != 0)
			line = 0;
	} else if (strncmp(text, c->path, length) == 0 && text[length] == ' ') {
		text += length + 1;
	}
	if (line)
		text = end + 2;
	f = add(c, SEVERITY_ERROR, "kubeconfig-invalid", c->path, text);
	f->place.line = (unsigned)line;
	f->place.column = (unsigned)column;
}

/* False after a finding. */
static bool is_there(const struct checker *c, const struct stat *st, int reason)
{
	const struct kubeconfig_check *k = c->check;
	struct arena *a = c->report->arena;
	/* What is not handed over the service must be able to read. */
	const char *copy = arena_printf(a, "install %s YOUR-KUBECONFIG %s",
	    k->source.configured ? "-g " ACCOUNT_SERVICE " -m 640" : "-m 600", c->path);

	if (st)
		return true;
	if (reason != ENOENT && reason != ENOTDIR)
		add_fixed(c, SEVERITY_INFO, "kubeconfig-not-checked", c->path,
		    "this user may not examine it", "check it as root");
	else if (k->needed)
		add_fixed(c, SEVERITY_ERROR, "kubeconfig-missing", c->path,
		    "there is none, and kubernetes.mode is on", copy);
	else if (k->source.configured)
		add_fixed(c, SEVERITY_WARNING, "kubeconfig-missing", c->path,
		    "kubernetes.kubeconfig names it, and it is not there: the Kubernetes half is off",
		    copy);
	return false;
}

/* The unit hides these from the service; where it hides the configuration, that is known. */
static bool is_hidden(const struct checker *c, const char *path)
{
	static const char *const hidden[] = { "/home/", "/root/", "/run/user/", "/tmp/",
		"/var/tmp/" };
	const char *beside = c->check->source.config_dir;

	if (strncmp(path, beside, strlen(beside)) == 0 && path[strlen(beside)] == '/')
		return false;
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (strncmp(path, hidden[i], strlen(hidden[i])) == 0)
			return true;
	return false;
}

/* May the service read it? What it hands to the service the service manager reads. */
static bool check_readable(const struct checker *c, const char *path, bool handed_over)
{
	struct arena *a = c->report->arena;
	const struct account *account = c->check->account;
	const char *denied;

	if (!account || handed_over)
		return true;
	if (account->uid != 0 && is_hidden(c, path)) {
		add_fixed(c, SEVERITY_ERROR, "kubeconfig-unreadable", path,
		    "the service's sandbox hides home directories and /tmp from it",
		    arena_printf(a, "put a copy into %s and name that one",
			c->check->source.config_dir));
		return false;
	}
	denied = account_denied(account, a, path, R_OK);
	if (!denied)
		return true;
	if (strcmp(denied, path) != 0)
		add_fixed(c, SEVERITY_ERROR, "kubeconfig-unreadable", denied,
		    arena_printf(a, "user %s may not pass this directory to %s",
			account->name, path),
		    arena_printf(a, "chmod a+x %s", denied));
	else
		add_fixed(c, SEVERITY_ERROR, "kubeconfig-unreadable", path,
		    arena_printf(a, "user %s may not read it", account->name),
		    arena_printf(
			a, "chgrp %s %s && chmod 640 %s", account->name, path, path));
	return false;
}

/* May we ourselves? */
static bool can_read(const struct checker *c, const char *path)
{
	if (access(path, R_OK) == 0 || errno == ENOENT || errno == ENOTDIR)
		return true;
	add_fixed(c, SEVERITY_INFO, "kubeconfig-not-checked", path,
	    "this user may not read it, so what is in it was not checked",
	    "check it as root");
	return false;
}

static bool check_file(const struct checker *c, const char *path, bool handed_over)
{
	bool readable = check_readable(c, path, handed_over);

	return can_read(c, path) && readable;
}

/* What is inline wins over a file, which is not read then. */
static bool check_named_files(const struct checker *c, const struct kubeconfig *k)
{
	const char *const files[] = { k->ca.data ? NULL : k->ca_file,
		k->client_certificate.data ? NULL : k->client_certificate_file,
		k->client_key.data ? NULL : k->client_key_file, k->token_file };
	bool good = true;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (files[i])
			good = check_file(c, files[i], false) && good;
	return good;
}

static void check_exposed(const struct checker *c, const struct stat *st)
{
	if (!c->check->account || !(st->st_mode & S_IROTH))
		return;
	add_fixed(c, SEVERITY_WARNING, "kubeconfig-exposed", c->path,
	    arena_printf(c->report->arena,
		"everybody on this host may read the credentials in it (mode %04o)",
		st->st_mode & 07777u),
	    arena_printf(c->report->arena, "chmod o-r %s", c->path));
}

/* "what" expires: an error or a warning. True: it is good now. */
static bool check_end(const struct checker *c, const char *what, int64_t to, int64_t soon)
{
	struct arena *a = c->report->arena;
	int64_t now = c->check->now, left = to - now;

	if (left <= 0)
		add_fixed(c, SEVERITY_ERROR, "kubeconfig-expired", c->path,
		    arena_printf(a, "%s expired on %.10s, %s ago", what, time_text(a, to),
			duration_text(a, -left)),
		    RENEW);
	else if (left < soon)
		add_fixed(c, SEVERITY_WARNING, "kubeconfig-expires", c->path,
		    arena_printf(a, "%s expires on %.10s, in %s", what, time_text(a, to),
			duration_text(a, left)),
		    RENEW);
	return left > 0;
}

static bool check_certificate(
    const struct checker *c, const char *what, struct bytes pem, struct validity *v)
{
	struct arena *a = c->report->arena;

	*v = (struct validity){ 0 };
	if (!pem.data)
		return true;
	if (certificate_validity(pem, v)) {
		add(c, SEVERITY_ERROR, "kubeconfig-invalid", c->path,
		    arena_printf(a, "%s is no X.509 certificate", what));
		return false;
	}
	if (v->from > c->check->now) {
		add_fixed(c, SEVERITY_ERROR, "kubeconfig-expired", c->path,
		    arena_printf(
			a, "%s is valid only from %s on", what, time_text(a, v->from)),
		    "if that is past, this host's clock is wrong: see `timedatectl`");
		return false;
	}
	return check_end(c, what, v->to, SOON);
}

static bool check_credentials(const struct checker *c, const struct kubeconfig *k)
{
	struct validity ca, client;
	int64_t expiry = k->token ? token_expiry(k->token) : -1;
	bool good = check_certificate(c, "the cluster's CA certificate", k->ca, &ca);

	good = check_certificate(
		   c, "the client certificate", k->client_certificate, &client) &&
	       good;
	if (expiry >= 0)
		good = check_end(c, "the token", expiry, TOKEN_SOON) && good;
	if (client.is_admin)
		add_fixed(c, SEVERITY_INFO, "kubeconfig-admin", c->path,
		    "its client certificate may do everything in the cluster, homek8sd needs little of that",
		    RENEW);
	if (!k->token && !k->client_certificate.data &&
	    strncmp(k->server, "https:", 6) == 0)
		add(c, SEVERITY_WARNING, "kubeconfig-anonymous", c->path,
		    "its user has neither a token nor a client certificate");
	return good;
}

/* What is read, and then judged. */
static bool check_contents(const struct checker *c, const char **server)
{
	struct error e = { "" };
	struct credentials *read;
	bool missing, good = false;

	read = credentials_parse(&c->check->source, &missing, &e);
	if (!read) {
		add_error(c, e.text);
		return false;
	}
	if (server)
		*server = arena_copy(c->report->arena, read->config.server);
	if (!check_named_files(c, &read->config))
		good = false;
	else if (credentials_read(read, &e))
		add_error(c, e.text);
	else
		good = check_credentials(c, &read->config);
	credentials_free(read);
	return good;
}

bool kubeconfig_check(
    const struct kubeconfig_check *check, struct report *report, const char **server)
{
	struct checker c = { check, report,
		credentials_written(&check->source, report->arena) };
	struct stat st;
	bool found = stat(c.path, &st) == 0;

	if (server)
		*server = NULL;
	if (!is_there(&c, found ? &st : NULL, errno))
		return false;
	check_exposed(&c, &st);
	if (!check_file(&c, c.path, !check->source.configured))
		return false;
	return check_contents(&c, server);
}
