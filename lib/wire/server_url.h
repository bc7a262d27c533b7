/* SPDX-License-Identifier: MIT */
/* server_url: the address of an API server, as a kubeconfig has it. */
#ifndef LIB_WIRE_SERVER_URL_H
#define LIB_WIRE_SERVER_URL_H

#include <stdbool.h>

#include "lib/base/arena.h"
#include "lib/base/error.h"

struct server_url {
	const char *text; /* without slashes at its end; in the arena */
	bool plain;	  /* http:// */
	bool loopback;	  /* the host is this machine itself */
};

/* "https://HOST", "https://HOST:PORT", each perhaps with a path; HOST is a name in lower
 * case or an address. -1: the error says what it must be ("must begin with ..."). */
int server_url_parse(
    const char *text, struct arena *a, struct server_url *out, struct error *e);

#endif
