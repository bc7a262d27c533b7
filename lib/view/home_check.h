/* SPDX-License-Identifier: MIT */
/*
 * home_check: a configuration and its kubeconfig only checked: everything that can be found
 * in one run, where loading it to be acted on ends with the first file that cannot be used.
 * `homek8sctl validate`, `doctor` and `homek8sd --check` show it.
 */
#ifndef LIB_VIEW_HOME_CHECK_H
#define LIB_VIEW_HOME_CHECK_H

#include "lib/base/account.h"
#include "lib/model/config.h"

struct home_check_request { /* all borrowed */
	const char *path;   /* a configuration directory, or one file of desired state */
	/* It is the directory of the service: nobody but root and who reads it may write
	 * there. */
	bool is_service;
	const struct account *account; /* who must be able to read it, or NULL */
	int64_t now;		       /* ms since 1970 */
};

struct home_check {
	struct report report;  /* all findings, sorted */
	struct config *config; /* never NULL; without what could not be read */
	bool kubernetes;       /* there is a kubeconfig, and it can be used */
	const char *server;    /* the API server's URL, or NULL */
	struct arena arena;
	struct config_files files;
};

/* The request for a path as somebody on this host gives it: whether it is the service's
 * directory, or a file in it, is found out, and whom the service runs as, which is kept in
 * `account`. */
struct home_check_request home_check_here(
    const char *path, struct account *account, int64_t now);

/* `out` is initialised here and not moved afterwards. Free with home_check_done(). Files that
 * the account may not read are errors, and are checked all the same where this process
 * may. */
void home_check(const struct home_check_request *request, struct home_check *out);
void home_check_done(struct home_check *check);

#endif
