/* SPDX-License-Identifier: MIT */
/* server_url: the addresses of an API server and of a proxy, as a kubeconfig has them. */
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

/* "https://HOST", "https://HOST:PORT", each perhaps with a path; HOST is a name,
 * made lower case, or an address. -1: the error says what it must be ("must begin with ..."). */
int server_url_parse(
    const char *text, struct arena *a, struct server_url *out, struct error *e);

/* http://, https:// or socks5://, perhaps USER:PASSWORD@ with what is special in them as
 * %XX, and HOST[:PORT]. */
bool proxy_url_is_valid(const char *text);

#endif
