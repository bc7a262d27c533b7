/* SPDX-License-Identifier: MIT */
/* copy: sentences about the file that users know, never about the copy. */
#include "daemon/kube/copy.h"

#define RESTART "`systemctl restart homek8sd`"

char *copy_note(const struct credentials_source *source, struct credentials *now)
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

char *copy_renew(const struct credentials_source *source, struct credentials *now)
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
