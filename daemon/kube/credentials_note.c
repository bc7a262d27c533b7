/* SPDX-License-Identifier: MIT */
/* credentials_note: sentences about the file that users know, never about a copy of it. */
#include "daemon/kube/credentials_note.h"

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/wire/validity.h"

#define DAY ((int64_t)24 * 60 * 60 * 1000)

#define RESTART "`systemctl restart homek8sd`"

static char *copy_note(const struct credentials_source *source, struct credentials *now)
{
	struct arena a = { 0 };
	const char *written;
	char *note = NULL;

	switch (credentials_copy(source, now, &a, &written)) {
	case CREDENTIALS_CHANGED_SINCE:
		note = must_printf(
		    "%s has changed since homek8sd was started and is read only then: " RESTART,
		    written);
		break;
	case CREDENTIALS_GONE_SINCE:
		note = must_printf(
		    "%s is gone, and homek8sd works with the copy made when it was started: " RESTART
		    " ends that",
		    written);
		break;
	case CREDENTIALS_COPY:
	case CREDENTIALS_NO_COPY:
		break;
	}
	arena_done(&a);
	return note;
}

static const char *what_to_do(const struct kubeconfig *config)
{
	if (config->token)
		return "renew the token in";
	if (config->client_certificate.data)
		return "renew the client certificate in";
	return "put a token or a client certificate into";
}

char *credentials_renew(const struct credentials_source *source, struct credentials *now)
{
	struct arena a = { 0 };
	const char *file;
	char *text = NULL;
	bool copy;

	if (credentials_copy(source, now, &a, &file) <= CREDENTIALS_COPY) {
		file = credentials_secret_file(source, now, &a, &copy);
		text = must_printf(": %s %s%s", what_to_do(&now->config), file,
		    copy ? ", then " RESTART : "");
	}
	arena_done(&a);
	return text ? text : must_copy("");
}

/* "the token expired on 2026-12-07"; NULL: it does not end before `wall` and `soon`. */
static char *end_note(const char *what, int64_t end, int64_t wall, int64_t soon)
{
	struct arena a = { 0 };
	char *note = NULL;

	if (end >= 0 && end - wall < soon)
		note = must_printf("%s %s on %.10s", what,
		    end > wall ? "expires" : "expired", time_text(&a, end));
	arena_done(&a);
	return note;
}

/* Tokens are renewed by programs, certificates by people. */
static char *expiry_note(const struct kubeconfig *k, int64_t wall)
{
	struct validity v;
	char *note = NULL;

	if (k->token)
		note = end_note("the token", token_expiry(k->token), wall, 0);
	if (!note && certificate_validity(k->client_certificate, &v) == 0)
		note = end_note("the client certificate", v.to, wall, 30 * DAY);
	if (!note && certificate_validity(k->ca, &v) == 0)
		note = end_note("the cluster's CA certificate", v.to, wall, 0);
	return note;
}

char *credentials_note(const struct credentials_source *source, struct credentials *now,
    int64_t wall, bool advise)
{
	char *note = copy_note(source, now);
	autofree char *renew = NULL, *end = NULL;

	if (note || !now)
		return note;
	end = expiry_note(&now->config, wall);
	if (!end || !advise)
		return must_copy(end);
	renew = credentials_renew(source, now);
	return must_printf("%s%s", end, renew);
}
