/* SPDX-License-Identifier: MIT */
/*
 * arena: memory that is freed all at once. A configuration, one observed object and a
 * plan are each built in an arena of their own and dropped whole, so nothing in them
 * needs a destructor. Running out of memory aborts the process (the service manager
 * starts it again; see the promise on memory in the reliability notes of README): no
 * caller checks for NULL.
 */
#ifndef LIB_BASE_ARENA_H
#define LIB_BASE_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *blocks;
	size_t bytes; /* handed out since the start, for bounds and statistics */
};

/* A zeroed struct arena is an empty one. Frees everything; the arena is then empty again.
 */
void arena_done(struct arena *a);

/* Zeroed memory, aligned for any type. */
void *arena_alloc(struct arena *a, size_t size);

/* Zeroed array of `count` elements; aborts when the product overflows. */
void *arena_array(struct arena *a, size_t count, size_t size);

char *arena_copy(struct arena *a, const char *text); /* NULL stays NULL */
char *arena_copy_n(struct arena *a, const char *text, size_t length);
char *arena_printf(struct arena *a, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Grows an arena-owned array by one zeroed element and returns that element. `items` is
 * the address of the array pointer, `count` its length, both updated. Capacity doubles;
 * the old array stays behind in the arena.
 */
void *arena_push(struct arena *a, void *items, size_t *count, size_t size);

/* malloc and friends that abort instead of returning NULL; freed with free(). */
void *must_alloc(size_t size); /* zeroed */
void *must_realloc(void *old, size_t size);
char *must_copy(const char *text); /* NULL stays NULL */
char *must_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
