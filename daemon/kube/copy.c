/* SPDX-License-Identifier: MIT */
/* copy: sentences about the file that users know, never about the copy. */
#include "daemon/kube/copy.h"

#define RESTART "`systemctl restart homek8sd`"

char *copy_note(const struct credentials_source *source)
{
	struct arena a = { 0 };
	const char *written = credentials_written(source, &a);
	char *note = NULL;

	switch (credentials_copy(source)) {
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

char *copy_renew(const struct credentials_source *source)
{
	enum credentials_copy copy = credentials_copy(source);
	struct arena a = { 0 };
	char *text;

	if (copy == CREDENTIALS_CHANGED_SINCE || copy == CREDENTIALS_GONE_SINCE)
		return must_copy("");
	text = must_printf(": renew the token or client certificate in %s%s",
	    credentials_written(source, &a),
	    copy == CREDENTIALS_COPY ? ", then " RESTART : "");
	arena_done(&a);
	return text;
}
