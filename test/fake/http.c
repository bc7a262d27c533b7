/* SPDX-License-Identifier: MIT */
/* http: request line, headers, query, and bodies with a length or in chunks. */
#include "test/fake/http.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static char *unescape(const char *s, size_t n, bool plus)
{
	char *out = xalloc(n + 1), *to = out;

	for (size_t i = 0; i < n; i++) {
		if (s[i] == '%' && i + 2 < n && hex(s[i + 1]) >= 0 &&
		    hex(s[i + 2]) >= 0) {
			*to++ = (char)(hex(s[i + 1]) * 16 + hex(s[i + 2]));
			i += 2;
		} else {
			*to++ = plus && s[i] == '+' ? ' ' : s[i];
		}
	}
	return out;
}

static void read_params(struct request *r)
{
	const char *p = r->query;

	while (*p && r->nparams < HTTP_PAIRS) {
		size_t n = strcspn(p, "&");
		const char *eq = memchr(p, '=', n);
		size_t name = eq ? (size_t)(eq - p) : n;

		if (n) {
			struct pair *pair = &r->params[r->nparams++];

			pair->name = unescape(p, name, true);
			pair->value =
			    eq ? unescape(eq + 1, n - name - 1, true) : xstrdup("");
		}
		p += n + (p[n] == '&');
	}
}

static bool read_line(struct request *r, char *line)
{
	char *target = strchr(line, ' '), *version, *query;

	if (!target || !(version = strchr(target + 1, ' ')))
		return false;
	*target++ = '\0';
	*version++ = '\0';
	if (*target != '/' || strncmp(version, "HTTP/1.", 7))
		return false;
	r->method = xstrdup(line);
	r->target = xstrdup(target);
	r->keep_alive = version[7] == '1';
	query = strchr(target, '?');
	r->path =
	    unescape(target, query ? (size_t)(query - target) : strlen(target), false);
	r->query = xstrdup(query ? query + 1 : "");
	read_params(r);
	return true;
}

static bool read_header(struct request *r, char *line)
{
	char *colon = strchr(line, ':'), *end;

	if (!colon || r->nheaders == HTTP_PAIRS)
		return false;
	*colon++ = '\0';
	while (*colon == ' ' || *colon == '\t')
		colon++;
	end = colon + strlen(colon);
	while (end > colon && isspace((unsigned char)end[-1]))
		*--end = '\0';
	for (char *p = line; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	r->headers[r->nheaders++] = (struct pair){ xstrdup(line), xstrdup(colon) };
	return true;
}

static enum http_result judge_head(struct request *r)
{
	const char *length = http_header(r, "content-length");
	const char *connection = http_header(r, "connection");
	char *end;

	r->head_read = true;
	if (*connection)
		r->keep_alive = strcasecmp(connection, "close") != 0;
	r->expects = !strcasecmp(http_header(r, "expect"), "100-continue");
	r->chunked = !strcasecmp(http_header(r, "transfer-encoding"), "chunked");
	r->body_left = strtoul(length, &end, 10);
	if (*end)
		return HTTP_BAD;
	return r->body_left > HTTP_BODY_MAX ? HTTP_TOO_LARGE : HTTP_MORE;
}

/* Finds the end of a line; returns its length without the line break, or -1. */
static ssize_t line_end(struct buf *in, size_t *eaten)
{
	char *p = in->len ? memchr(buf_data(in), '\n', in->len) : NULL;
	size_t n;

	if (!p)
		return -1;
	n = (size_t)(p - buf_data(in));
	*eaten = n + 1;
	if (n && p[-1] == '\r')
		n--;
	return (ssize_t)n;
}

static enum http_result read_head(struct request *r, struct buf *in)
{
	size_t eaten;
	ssize_t n;

	while ((n = line_end(in, &eaten)) >= 0) {
		bool ok = true;
		char *line;

		if (n == 0 && r->method) {
			buf_drop(in, eaten);
			return judge_head(r);
		}
		line = strndup(buf_data(in), (size_t)n);
		if (n)
			ok = r->method ? read_header(r, line) : read_line(r, line);
		free(line);
		if (!ok)
			return HTTP_BAD;
		buf_drop(in, eaten);
	}
	return in->len > HTTP_HEAD_MAX ? HTTP_BAD : HTTP_MORE;
}

static void move_body(struct request *r, struct buf *in)
{
	size_t n = in->len < r->body_left ? in->len : r->body_left;

	buf_add(&r->body, buf_data(in), n);
	buf_drop(in, n);
	r->body_left -= n;
}

static enum http_result chunk_line(
    struct request *r, struct buf *in, size_t n, size_t eaten)
{
	if (r->chunk == CHUNK_SIZE) {
		r->body_left = strtoul(buf_data(in), NULL, 16);
		if (r->body_left > HTTP_BODY_MAX - r->body.len)
			return HTTP_TOO_LARGE;
		r->chunk = r->body_left ? CHUNK_DATA : CHUNK_TRAILER;
	} else if (r->chunk == CHUNK_TRAILER && n == 0) {
		buf_drop(in, eaten);
		return HTTP_READY;
	} else if (r->chunk == CHUNK_END) {
		r->chunk = CHUNK_SIZE;
	}
	buf_drop(in, eaten);
	return HTTP_MORE;
}

static enum http_result read_chunks(struct request *r, struct buf *in)
{
	for (;;) {
		enum http_result res;
		size_t eaten;
		ssize_t n;

		if (r->chunk == CHUNK_DATA) {
			move_body(r, in);
			if (r->body_left)
				return HTTP_MORE;
			r->chunk = CHUNK_END;
		}
		if ((n = line_end(in, &eaten)) < 0)
			return in->len > HTTP_HEAD_MAX ? HTTP_BAD : HTTP_MORE;
		if ((res = chunk_line(r, in, (size_t)n, eaten)) != HTTP_MORE)
			return res;
	}
}

enum http_result http_read(struct request *r, struct buf *in)
{
	if (!r->head_read) {
		enum http_result res = read_head(r, in);

		if (res != HTTP_MORE || !r->head_read)
			return res;
	}
	if (r->chunked)
		return read_chunks(r, in);
	move_body(r, in);
	return r->body_left ? HTTP_MORE : HTTP_READY;
}

static void free_pairs(struct pair *p, int n)
{
	for (int i = 0; i < n; i++) {
		free(p[i].name);
		free(p[i].value);
	}
}

void http_reset(struct request *r)
{
	free(r->method);
	free(r->target);
	free(r->path);
	free(r->query);
	free_pairs(r->headers, r->nheaders);
	free_pairs(r->params, r->nparams);
	buf_free(&r->body);
	*r = (struct request){ 0 };
}

const char *http_header(const struct request *r, const char *name)
{
	for (int i = 0; i < r->nheaders; i++)
		if (!strcmp(r->headers[i].name, name))
			return r->headers[i].value;
	return "";
}

const char *http_param(const struct request *r, const char *name)
{
	for (int i = 0; i < r->nparams; i++)
		if (!strcmp(r->params[i].name, name))
			return r->params[i].value;
	return NULL;
}

bool http_flag(const struct request *r, const char *name)
{
	const char *v = http_param(r, name);

	return v && (!strcmp(v, "true") || !strcmp(v, "1"));
}

const char *http_reason(int code)
{
	static const struct {
		int code;
		const char *words;
	} rows[] = {
		{ 200, "OK" },
		{ 201, "Created" },
		{ 202, "Accepted" },
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 406, "Not Acceptable" },
		{ 409, "Conflict" },
		{ 410, "Gone" },
		{ 413, "Request Entity Too Large" },
		{ 415, "Unsupported Media Type" },
		{ 422, "Unprocessable Entity" },
		{ 429, "Too Many Requests" },
		{ 500, "Internal Server Error" },
		{ 502, "Bad Gateway" },
		{ 503, "Service Unavailable" },
		{ 504, "Gateway Timeout" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].code == code)
			return rows[i].words;
	return "Unknown";
}
