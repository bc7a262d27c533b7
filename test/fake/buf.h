/* SPDX-License-Identifier: MIT */
/*
 * buf: bytes that grow at the end and are eaten from the front. Running out of memory
 * aborts. A zeroed struct is an empty buffer.
 */
#ifndef TEST_FAKE_BUF_H
#define TEST_FAKE_BUF_H

#include <stdarg.h>
#include <stddef.h>

struct buf {
	char *base;   /* allocation */
	size_t start; /* bytes already eaten */
	size_t len;   /* bytes held, from base + start */
	size_t cap;
};

/* The first byte held. Valid until the buffer is changed. */
static inline char *buf_data(const struct buf *b)
{
	return b->base ? b->base + b->start : NULL;
}

/* Makes room for n more bytes and returns where they go; buf_grew() then counts them. */
char *buf_room(struct buf *b, size_t n);
void buf_grew(struct buf *b, size_t n);

/* Appends n bytes; a string; formatted text. */
void buf_add(struct buf *b, const void *p, size_t n);
void buf_str(struct buf *b, const char *s);
void buf_fmt(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The content as a string; it still belongs to the buffer. */
const char *buf_cstr(struct buf *b);

/* Eats n bytes from the front. An emptied buffer that grew large gives its memory back.
 */
void buf_drop(struct buf *b, size_t n);

void buf_free(struct buf *b);

/* malloc(), strdup() and asprintf() that abort instead of failing. */
void *xalloc(size_t n);
void *xgrow(void *p, size_t n);
char *xstrdup(const char *s);
char *xfmt(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
