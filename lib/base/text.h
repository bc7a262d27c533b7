/* SPDX-License-Identifier: MIT */
/*
 * text: growing strings, checks on untrusted text, sizes and durations as people write
 * them, and the nearest word for "did you mean".
 */
#ifndef LIB_BASE_TEXT_H
#define LIB_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/error.h"

/* A growing string. Zeroed is empty; `data` is NUL-terminated once anything was added. */
struct text {
	char *data;
	size_t length, room;
};

void text_add(struct text *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void text_add_n(struct text *t, const char *bytes, size_t length);
void text_done(struct text *t); /* frees; the text is then empty again */
/* For locals: `autotext struct text t = { 0 };` */
#define autotext __attribute__((cleanup(text_done)))

/* The address of the data or "" when nothing was added. */
static inline const char *text_get(const struct text *t)
{
	return t->data ? t->data : "";
}

/*
 * Reads the UTF-8 character at the start of `bytes` (length >= 1): returns its size in
 * bytes, or 0 where there is none. Overlong forms and surrogates are none.
 */
size_t text_character(const char *bytes, size_t length, uint32_t *code);

/* Where the first byte that is no valid UTF-8 stands, or -1. Overlong forms and
 * surrogates count. */
long text_invalid_utf8(const char *bytes, size_t length);

/*
 * Where the first character stands that must not reach another program or a terminal: C0
 * (tab and newline too unless `multiline`), DEL, C1, the bidirectional marks, the line
 * and paragraph separators and the byte order mark; or -1.
 */
long text_control(const char *bytes, size_t length, bool multiline);

/* RFC 1123 label: 1-63 of a-z 0-9 '-', no dash at either end. Lower case only. */
bool name_is_label(const char *name);
/* The label nearest to a text, in lower case, with "-" for what does not fit: at most
 * size - 1 characters. Its length; 0: nothing is left of the text. */
size_t name_to_label(const char *text, char *out, size_t size);
/* RFC 1123 subdomain: labels joined by dots, at most 253 characters. */
bool name_is_subdomain(const char *name);
/* What libvirt takes as a domain, network or pool name, narrowed to what is safe in
 * files, logs and XML: 1-63 of A-Z a-z 0-9 and . _ + @ -, not beginning with '.' or '-'.
 */
bool name_is_libvirt(const char *name);
/* What the kernel takes as the name of an interface, its length apart, and libvirt does not
 * take for a pattern: not ".", "..", and without blanks, '/', ':' and '%'. */
bool name_is_device(const char *name);

/* "8GiB", "512MiB", "4096" (bytes), KB/MB/GB/TB decimal, KiB... binary. Fractions
 * refused. */
int size_parse(const char *text, int64_t *bytes, struct error *e);
/* The largest binary unit that divides it: "8GiB", "1536MiB", "1000B". */
const char *size_text(struct arena *a, int64_t bytes);

/* "90s", "5m", "2h", "1d", "250ms", "1h30m". Milliseconds. */
int duration_parse(const char *text, int64_t *ms, struct error *e);
/* "250ms", "43s", "3m12s", "2h5m", "3d4h": two units at most. */
const char *duration_text(struct arena *a, int64_t ms);

/* RFC 3339 in UTC with seconds: "2026-11-23T04:08:06Z", from ms since 1970. */
const char *time_text(struct arena *a, int64_t wall_ms);
/* The inverse, as Kubernetes writes it (fractions allowed and dropped); -1 on anything
 * else. */
int64_t time_parse(const char *text);

/* The word of the NULL-terminated list nearest to `word`, or NULL when none is near
 * enough. */
const char *nearest_word(const char *word, const char *const *words);

/*
 * Makes one printable line of untrusted text, in place: newlines and tabs become blanks,
 * other control characters and what is no UTF-8 become '?'.
 */
void text_scrub(char *text);

/* A scrubbed copy, cut to `limit` bytes at the end of a character. */
const char *text_clean(struct arena *a, const char *untrusted, size_t limit);

#endif
