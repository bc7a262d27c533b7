/* SPDX-License-Identifier: MIT */
/* server_url: cuts host and port out and checks them. */
#include "lib/wire/server_url.h"

#include <string.h>

#include "lib/base/addr.h"
#include "lib/base/text.h"

/* Splits "host", "host:port", "[::1]:port" in place. Returns the host, NULL where the
 * brackets make no sense; *port NULL: none. */
static char *split_port(char *authority, char **port)
{
	char *end;

	*port = NULL;
	if (authority[0] != '[') {
		*port = strchr(authority, ':');
		if (*port)
			*(*port)++ = '\0';
		return authority;
	}
	end = strchr(authority, ']');
	if (!end || (end[1] != '\0' && end[1] != ':'))
		return NULL;
	if (end[1] == ':')
		*port = end + 2;
	*end = '\0';
	return authority + 1;
}

static bool port_is_valid(const char *port)
{
	size_t length = strlen(port);

	return length > 0 && length <= 5 && strspn(port, "0123456789") == length;
}

static bool host_is_valid(char *authority, bool *loopback)
{
	bool bracketed = authority[0] == '[';
	struct ip ip;
	char *port, *host = split_port(authority, &port);

	if (!host || (port && !port_is_valid(port)))
		return false;
	if (ip_parse(host, &ip, NULL) == 0) {
		*loopback = ip.version == 4 ? ip.value >> 24 == 127 : ip.value == 1;
		return bracketed == (ip.version == 6);
	}
	*loopback = strcmp(host, "localhost") == 0;
	return !bracketed && name_is_subdomain(host);
}

int server_url_parse(
    const char *text, struct arena *a, struct server_url *out, struct error *e)
{
	char *copy = arena_copy(a, text);
	const char *rest;

	out->plain = strncmp(copy, "http://", 7) == 0;
	if (!out->plain && strncmp(copy, "https://", 8) != 0)
		return fail(e, "must begin with https://");
	rest = strstr(copy, "//") + 2;
	/* A user part, a query or a fragment make no sense in a server's address. */
	if (strpbrk(rest, "@?# \\") ||
	    !host_is_valid(arena_copy_n(a, rest, strcspn(rest, "/")), &out->loopback))
		return fail(e,
		    "must be https://HOST or https://HOST:PORT, with a name in lower case or an address");
	for (size_t i = strlen(copy); i > 0 && copy[i - 1] == '/'; i--)
		copy[i - 1] = '\0';
	out->text = copy;
	return 0;
}
