/* SPDX-License-Identifier: MIT */
/* text: growing strings and the checks that untrusted text has to pass. */
#include "lib/base/text.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longer words are nobody's typing mistake. */
#define WORD_LIMIT 48

static void make_room(struct text *t, size_t more)
{
	size_t need = t->length + more + 1, room = t->room ? t->room : 64;

	if (need <= t->room)
		return;
	while (room < need)
		room *= 2;
	t->data = must_realloc(t->data, room);
	t->room = room;
}

void text_add(struct text *t, const char *format, ...)
{
	va_list args, again;
	int length;

	va_start(args, format);
	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length < 0)
		abort();
	make_room(t, (size_t)length);
	vsnprintf(t->data + t->length, (size_t)length + 1, format, again);
	va_end(again);
	t->length += (size_t)length;
}

void text_add_n(struct text *t, const char *bytes, size_t length)
{
	make_room(t, length);
	if (length)
		memcpy(t->data + t->length, bytes, length);
	t->length += length;
	t->data[t->length] = '\0';
}

void text_done(struct text *t)
{
	free(t->data);
	*t = (struct text){ 0 };
}

size_t text_character(const char *bytes, size_t length, uint32_t *code)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *p = (const unsigned char *)bytes;
	size_t size = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	uint32_t value = p[0];

	if (size > 1) {
		if (p[0] < 0xc2 || p[0] > 0xf4 || size > length)
			return 0;
		value = p[0] & (0x7fu >> size);
	}
	for (size_t i = 1; i < size; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (p[i] & 0x3fu);
	}
	if (value < smallest[size] || value > 0x10ffff ||
	    (value >= 0xd800 && value <= 0xdfff))
		return 0;
	*code = value;
	return size;
}

long text_invalid_utf8(const char *bytes, size_t length)
{
	uint32_t code;
	size_t size;

	for (size_t i = 0; i < length; i += size) {
		size = text_character(bytes + i, length - i, &code);
		if (!size)
			return (long)i;
	}
	return -1;
}

/* What turns the direction of text round, breaks lines or is not visible at all. */
static bool is_deceiving(uint32_t code)
{
	return code == 0x061c || code == 0x200e || code == 0x200f ||
	       (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) ||
	       code == 0xfeff;
}

static bool is_control(uint32_t code, bool multiline)
{
	if (code < 0x20)
		return !multiline || (code != '\t' && code != '\n');
	return (code >= 0x7f && code < 0xa0) || is_deceiving(code);
}

long text_control(const char *bytes, size_t length, bool multiline)
{
	uint32_t code;
	size_t size;

	for (size_t i = 0; i < length; i += size) {
		size = text_character(bytes + i, length - i, &code);
		if (!size) /* what is no UTF-8 is text_invalid_utf8's business */
			size = 1;
		else if (is_control(code, multiline))
			return (long)i;
	}
	return -1;
}

void text_scrub(char *text)
{
	size_t length = strlen(text), size, used = 0;
	uint32_t code = 0;

	for (size_t i = 0; i < length; i += size) {
		size = text_character(text + i, length - i, &code);
		if (size && !is_control(code, false)) {
			memmove(text + used, text + i, size);
			used += size;
			continue;
		}
		text[used++] = size && (code == '\n' || code == '\t') ? ' ' : '?';
		size = size ? size : 1;
	}
	text[used] = '\0';
}

const char *text_clean(struct arena *a, const char *untrusted, size_t limit)
{
	size_t length = strnlen(untrusted, limit + 1);
	char *copy;

	if (length > limit) /* back to where a character begins */
		for (length = limit; length; length--)
			if (((unsigned char)untrusted[length] & 0xc0) != 0x80)
				break;
	copy = arena_copy_n(a, untrusted, length);
	text_scrub(copy);
	return copy;
}

/* The length of the label at the start, up to a dot or the end; 0 when it is none. */
static size_t label_length(const char *name)
{
	size_t length = 0;

	while (islower((unsigned char)name[length]) ||
	       isdigit((unsigned char)name[length]) || name[length] == '-')
		length++;
	if (length > 63 || (name[length] && name[length] != '.'))
		return 0;
	return length && name[0] != '-' && name[length - 1] != '-' ? length : 0;
}

bool name_is_label(const char *name)
{
	size_t length = label_length(name);

	return length && !name[length];
}

size_t name_to_label(const char *text, char *out, size_t size)
{
	size_t length = 0;

	for (; *text && length + 1 < size; text++) {
		if (isascii(*text) && isalnum(*text))
			out[length++] = (char)tolower(*text);
		else if (length && out[length - 1] != '-')
			out[length++] = '-';
	}
	while (length && out[length - 1] == '-')
		length--;
	out[length] = '\0';
	return length;
}

bool name_is_subdomain(const char *name)
{
	size_t length;

	if (strnlen(name, 254) > 253)
		return false;
	while ((length = label_length(name))) {
		if (!name[length])
			return true;
		name += length + 1;
	}
	return false;
}

bool name_is_libvirt(const char *name)
{
	size_t length = strspn(
	    name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+@-");

	return length >= 1 && length <= 63 && !name[length] && name[0] != '.' &&
	       name[0] != '-';
}

bool name_is_device(const char *name)
{
	return *name && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
	       !name[strcspn(name, " \t\n\v\f\r/:%")];
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Insertions, deletions, changes and swaps of neighbours; letters' case is nothing. */
static size_t word_distance(const char *a, const char *b)
{
	size_t rows[3][WORD_LIMIT + 1], n = strlen(a), m = strlen(b);
	size_t *above = rows[0], *row = rows[1], *top = rows[2], *spare;

	for (size_t j = 0; j <= m; j++)
		row[j] = j;
	for (size_t i = 1; i <= n; i++) {
		spare = top;
		top = above;
		above = row;
		row = spare;
		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			int x = tolower((unsigned char)a[i - 1]);
			int y = tolower((unsigned char)b[j - 1]);

			row[j] = least(
			    above[j - 1] + (x != y), least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
			    y == tolower((unsigned char)a[i - 2]))
				row[j] = least(row[j], top[j - 2] + 1);
		}
	}
	return row[m];
}

const char *nearest_word(const char *word, const char *const *words)
{
	size_t length = strnlen(word, WORD_LIMIT + 1), best = length / 3 + 1;
	const char *nearest = NULL;

	if (length > WORD_LIMIT || length < 2)
		return NULL;
	for (; *words; words++) {
		size_t distance;

		if (strnlen(*words, WORD_LIMIT + 1) > WORD_LIMIT)
			continue;
		distance = word_distance(word, *words);
		/* Not finished rather than mistyped. */
		if (distance <= length / 3 + 1 && strncmp(*words, word, length) == 0)
			distance = 0;
		if (distance < best || (distance == best && !nearest && length > 3)) {
			best = distance;
			nearest = *words;
		}
	}
	return nearest;
}
