/* SPDX-License-Identifier: MIT */
/*
 * credentials: who we are to which server: a kubeconfig with every file it names read
 * into memory. Keys and tokens are overwritten when it is freed, and no text made here
 * holds one. Reads local files only, a few KiB: short enough for the main loop.
 */
#ifndef DAEMON_KUBE_CREDENTIALS_H
#define DAEMON_KUBE_CREDENTIALS_H

#include <stdbool.h>

#include "lib/wire/kubeconfig.h"

struct credentials {
	struct arena arena;
	/* Of the files' names nothing is left: their contents stand in ca,
	 * client_certificate, client_key and token. */
	struct kubeconfig config;
};

/* Where the kubeconfig should be: `configured`, else $CREDENTIALS_DIRECTORY/kubeconfig
 * where that holds more than a line end, else CONFIG_DIR/kubeconfig. Freed with free().
 */
char *credentials_path(const char *configured, const char *config_dir);

/*
 * NULL on error; `*missing`: whether it is that the kubeconfig does not exist. Files that
 * it names relative to itself are searched beside it and, where the service manager has
 * handed it out as a copy, where that came from: in `config_dir`.
 */
struct credentials *credentials_load(const char *path, const char *config_dir,
    const char *context, bool *missing, struct error *e);
void credentials_free(struct credentials *c); /* NULL allowed */

/* Do both lead to the same server, whoever we are there? */
bool credentials_same_server(const struct credentials *a, const struct credentials *b);
/* Would a connection made with one do for the other (all but the token)? */
bool credentials_same_connection(
    const struct credentials *a, const struct credentials *b);
/* Takes over the other's token. */
void credentials_take_token(struct credentials *c, const struct credentials *from);
bool credentials_same_token(const struct credentials *a, const struct credentials *b);

#endif
