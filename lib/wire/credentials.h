/* SPDX-License-Identifier: MIT */
/*
 * credentials: who we are to which server: a kubeconfig with every file it names read
 * into memory. Keys and tokens are overwritten when it is freed, and no text made here
 * holds one. Files have the names by which users know them: of a file that the service
 * manager has handed out as a copy, that of the file it was copied from. Reads local files
 * only, a few KiB: short enough for the main loop.
 */
#ifndef LIB_WIRE_CREDENTIALS_H
#define LIB_WIRE_CREDENTIALS_H

#include <stdbool.h>

#include "lib/wire/kubeconfig.h"

struct credentials_source {	/* all borrowed */
	const char *configured; /* path of the kubeconfig; NULL: where it is by default */
	const char *config_dir;
	const char *handed_out; /* $CREDENTIALS_DIRECTORY, or NULL */
	const char *context;	/* NULL: the file's current-context */
};

struct credentials {
	struct arena arena;
	/* Of the files' names nothing is left: their contents stand in ca,
	 * client_certificate, client_key and token. */
	struct kubeconfig config;
	struct credentials_source source; /* handed_out NULL: it is no copy */
};

/* The kubeconfig to be read: as configured, else the one handed out where that holds more
 * than a line end, else CONFIG_DIR/kubeconfig. In the arena. */
const char *credentials_path(const struct credentials_source *source, struct arena *a);
/* The same as users know it: where it was handed out, CONFIG_DIR/kubeconfig. */
const char *credentials_written(const struct credentials_source *source, struct arena *a);

enum credentials_copy {
	CREDENTIALS_NO_COPY, /* what is read is the file itself */
	CREDENTIALS_COPY,
	CREDENTIALS_CHANGED_SINCE, /* the file is another one than was copied */
	CREDENTIALS_GONE_SINCE,
};
/*
 * How what is read stands to what users write: the kubeconfig and, with `now` (NULL allowed),
 * the files that it names. A copy is not made anew before the service is restarted.
 * `*written`: the file that is another one now, else the kubeconfig; in the arena.
 */
enum credentials_copy credentials_copy(const struct credentials_source *source,
    struct credentials *now, struct arena *a, const char **written);
/* The file that holds who we are, as users know it: of the token, else of the client
 * certificate, else the kubeconfig. `*copy`: whether it was handed out. */
const char *credentials_secret_file(const struct credentials_source *source,
    struct credentials *now, struct arena *a, bool *copy);

/*
 * NULL on error; `*missing`: whether it is that the kubeconfig does not exist. Files that
 * it names relative to itself are searched, where it was handed out, there first and then
 * in `config_dir`. credentials_parse() reads the kubeconfig alone, credentials_read() then
 * the files it names; credentials_load() does both.
 */
struct credentials *credentials_load(
    const struct credentials_source *source, bool *missing, struct error *e);
struct credentials *credentials_parse(
    const struct credentials_source *source, bool *missing, struct error *e);
int credentials_read(struct credentials *c, struct error *e);
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
