/* SPDX-License-Identifier: MIT */
/* server_url: cuts host and port out and checks them. */
#include "lib/wire/server_url.h"

#include <stdlib.h>
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

	return length > 0 && length <= 5 && strspn(port, "0123456789") == length &&
	       strtol(port, NULL, 10) <= 65535;
}

/* As kubectl takes it: with underscores, and with the dot of the root behind it. */
static bool is_host_name(const char *host)
{
	char name[256];
	size_t length = strlen(host);

	if (length == 0 || length >= sizeof(name))
		return false;
	for (size_t i = 0; i <= length; i++)
		name[i] = host[i] == '_' ? 'x' : host[i];
	if (name[length - 1] == '.')
		name[length - 1] = '\0';
	return name_is_subdomain(name);
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
	return !bracketed && is_host_name(host);
}

/* Neither depends on case (RFC 3986, 6.2.2.1); a path does. */
static void lower_scheme_and_host(char *text)
{
	char *host = strstr(text, "://"), *end;

	end = host ? host + 3 + strcspn(host + 3, "/") : text;
	for (char *c = text; c < end; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
}

int server_url_parse(
    const char *text, struct arena *a, struct server_url *out, struct error *e)
{
	char *copy = arena_copy(a, text), *rest;

	lower_scheme_and_host(copy);
	out->plain = strncmp(copy, "http://", 7) == 0;
	if (!out->plain && strncmp(copy, "https://", 8) != 0)
		return fail(e, "must begin with https://");
	rest = strstr(copy, "//") + 2;
	/* A user part, a query or a fragment make no sense in a server's address. */
	if (strpbrk(rest, "@?# \\") ||
	    !host_is_valid(arena_copy_n(a, rest, strcspn(rest, "/")), &out->loopback))
		return fail(e,
		    "must be https://HOST or https://HOST:PORT, with a name or an address");
	for (size_t i = strlen(copy); i > 0 && copy[i - 1] == '/'; i--)
		copy[i - 1] = '\0';
	out->text = copy;
	return 0;
}

/* What follows the scheme: [USER[:PASSWORD]@]HOST[:PORT], and a "/" at most. A "#" or "?"
 * in a password would end the host in the middle of it. */
static bool is_authority(const char *text)
{
	static const char allowed[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	    "-._~%!$&'()*+,;=:[]@";
	size_t length = strspn(text, allowed);
	const char *at = memchr(text, '@', length);
	const char *host = at ? at + 1 : text;

	return length && (!text[length] || strcmp(text + length, "/") == 0) &&
	       host < text + length && *host != ':' &&
	       !memchr(host, '@', (size_t)(text + length - host));
}

bool proxy_url_is_valid(const char *text)
{
	static const char *const schemes[] = { "http://", "https://", "socks5://" };

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (strncmp(text, schemes[i], strlen(schemes[i])) == 0 &&
		    is_authority(text + strlen(schemes[i])))
			return true;
	return false;
}
