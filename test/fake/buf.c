/* SPDX-License-Identifier: MIT */
/* buf: the growing byte buffer, and allocation that aborts. */
#include "test/fake/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEEP (1 << 20) /* an emptied buffer larger than this is given back */

void *xgrow(void *p, size_t n)
{
	p = realloc(p, n ? n : 1);
	if (!p)
		abort();
	return p;
}

void *xalloc(size_t n)
{
	return memset(xgrow(NULL, n), 0, n);
}

char *xstrdup(const char *s)
{
	size_t n = strlen(s) + 1;

	return memcpy(xgrow(NULL, n), s, n);
}

char *xfmt(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		abort();
	va_end(ap);
	return s;
}

char *buf_room(struct buf *b, size_t n)
{
	if (b->start && b->start + b->len + n > b->cap) {
		memmove(b->base, b->base + b->start, b->len);
		b->start = 0;
	}
	if (b->len + n > b->cap) {
		size_t want = b->cap ? b->cap : 512;

		while (want < b->len + n)
			want *= 2;
		b->base = xgrow(b->base, want);
		b->cap = want;
	}
	return b->base + b->start + b->len;
}

void buf_grew(struct buf *b, size_t n)
{
	b->len += n;
}

void buf_add(struct buf *b, const void *p, size_t n)
{
	if (!n)
		return;
	memcpy(buf_room(b, n), p, n);
	b->len += n;
}

void buf_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_fmt(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	char *s;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	if (n < 0)
		abort();
	buf_add(b, s, (size_t)n);
	free(s);
}

const char *buf_cstr(struct buf *b)
{
	*buf_room(b, 1) = '\0';
	return buf_data(b);
}

void buf_drop(struct buf *b, size_t n)
{
	b->start += n;
	b->len -= n;
	if (b->len)
		return;
	b->start = 0;
	if (b->cap > KEEP)
		buf_free(b);
}

void buf_free(struct buf *b)
{
	free(b->base);
	*b = (struct buf){ 0 };
}
