/* SPDX-License-Identifier: MIT */
/* arena: a chain of blocks, the newest first; large requests get a block of their own. */
#include "lib/base/arena.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE ((size_t)256)
#define SMALL_SIZE ((size_t)1024)
#define LARGEST_SIZE ((size_t)64 * 1024) /* larger ones malloc would map and unmap */

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	_Alignas(max_align_t) char data[];
};

/* glibc's calloc() passes by its cache of small pieces, malloc() does not. */
void *must_alloc(size_t size)
{
	bool small = size <= SMALL_SIZE;
	void *p = small ? malloc(size ? size : 1) : calloc(1, size);

	if (!p)
		abort();
	return small ? memset(p, 0, size) : p;
}

void *must_realloc(void *old, size_t size)
{
	void *p = realloc(old, size ? size : 1);

	if (!p)
		abort();
	return p;
}

char *must_copy(const char *text)
{
	char *copy = text ? strdup(text) : NULL;

	if (text && !copy)
		abort();
	return copy;
}

char *must_printf(const char *format, ...)
{
	char *text;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		abort();
	va_end(args);
	return text;
}

void arena_done(struct arena *a)
{
	struct arena_block *next;

	for (struct arena_block *b = a->blocks; b; b = next) {
		next = b->next;
		free(b);
	}
	*a = (struct arena){ 0 };
}

static struct arena_block *add_block(struct arena *a, size_t size)
{
	/* Small arenas (one observed object, one line of text) stay small and come out of
	 * malloc's cache of small pieces; large ones grow by doubling. */
	size_t room = a->bytes > FIRST_SIZE ? a->bytes : FIRST_SIZE;
	struct arena_block *b;

	if (room > LARGEST_SIZE)
		room = LARGEST_SIZE;
	if (room < size)
		room = size;
	b = must_alloc(sizeof(*b) + room);
	b->size = room;
	b->next = a->blocks;
	a->blocks = b;
	return b;
}

void *arena_alloc(struct arena *a, size_t size)
{
	struct arena_block *b = a->blocks;
	void *p;

	if (size > SIZE_MAX / 2)
		abort();
	size = (size + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);
	if (!b || b->size - b->used < size)
		b = add_block(a, size);
	p = b->data + b->used;
	b->used += size;
	a->bytes += size;
	return p;
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes))
		abort();
	return arena_alloc(a, bytes);
}

char *arena_copy_n(struct arena *a, const char *text, size_t length)
{
	char *copy = arena_alloc(a, length + 1);

	memcpy(copy, text, length);
	return copy;
}

char *arena_copy(struct arena *a, const char *text)
{
	return text ? arena_copy_n(a, text, strlen(text)) : NULL;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
	va_list args, again;
	char *text;
	int length;

	va_start(args, format);
	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length < 0)
		abort();
	text = arena_alloc(a, (size_t)length + 1);
	vsnprintf(text, (size_t)length + 1, format, again);
	va_end(again);
	return text;
}

void *arena_push(struct arena *a, void *items, size_t *count, size_t size)
{
	void *old, *grown;

	memcpy(&old, items, sizeof(old));
	/* Capacity is the next power of two, so it need not be stored. */
	if ((*count & (*count - 1)) == 0) {
		grown = arena_array(a, *count ? *count * 2 : 1, size);
		if (*count)
			memcpy(grown, old, *count * size);
		memcpy(items, &grown, sizeof(grown));
		old = grown;
	}
	return (char *)old + (*count)++ * size;
}
