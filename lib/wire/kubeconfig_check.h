/* SPDX-License-Identifier: MIT */
/*
 * kubeconfig_check: whether homek8sd will be able to use a kubeconfig: found, readable by the
 * user it runs as, valid, with credentials that are accepted still. Without asking the
 * server. Secrets are in no finding.
 */
#ifndef LIB_WIRE_KUBECONFIG_CHECK_H
#define LIB_WIRE_KUBECONFIG_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/account.h"
#include "lib/doc/report.h"
#include "lib/wire/credentials.h"

struct kubeconfig_check {
	struct credentials_source source;
	bool needed; /* that there is none is an error */
	/* Who will read it; the file kubeconfig of the configuration directory is handed to it
	 * by the service manager. NULL: nobody to be judged, a draft. */
	const struct account *account;
	int64_t now; /* ms since 1970 */
};

/* Adds errors, warnings and notes to the report. True: it can be used; where `server` is not
 * NULL, it then is the server's URL in the report's arena. False also where there is none. */
bool kubeconfig_check(
    const struct kubeconfig_check *check, struct report *report, const char **server);

#endif
