/* SPDX-License-Identifier: MIT */
/* node: looking up keys, naming types, and finding a line of a source. */
#include "lib/doc/node.h"

#include <string.h>

#include "lib/base/hash.h"
#include "lib/base/text.h"
#include "lib/doc/unshown.h"

static size_t find_key(const struct node *map, const char *key)
{
	size_t i = 0;

	while (i < map->count && strcmp(map->keys[i]->text, key) != 0)
		i++;
	return i;
}

const struct node *node_get(const struct node *map, const char *key)
{
	size_t i;

	if (!map || map->type != NODE_MAP)
		return NULL;
	i = find_key(map, key);
	return i < map->count ? map->items[i] : NULL;
}

const struct node *node_key(const struct node *map, const char *key)
{
	size_t i;

	if (!map || map->type != NODE_MAP)
		return NULL;
	i = find_key(map, key);
	return i < map->count ? map->keys[i] : NULL;
}

const char *node_what(const struct node *node)
{
	if (!node)
		return "nothing";
	switch (node->type) {
	case NODE_NULL:
		return "nothing";
	case NODE_SCALAR:
		return "a text";
	case NODE_LIST:
		return "a list";
	case NODE_MAP:
		return "a map";
	}
	return "nothing";
}

const char *node_shown(struct arena *a, const struct node *node, size_t limit)
{
	return node->unshown ? UNSHOWN_TEXT : text_clean(a, node->text, limit);
}

/* Of a map the sum over its entries, so that their order does not count. */
uint64_t node_hash(const struct node *node)
{
	uint64_t hash = HASH_START, one, sum = 0;

	if (!node)
		return 0;
	hash = hash_bytes(hash, &node->type, sizeof(node->type));
	if (node->type == NODE_SCALAR)
		hash = hash_bytes(hash, node->text, strlen(node->text) + 1);
	for (size_t i = 0; i < node->count; i++) {
		one = node_hash(node->items[i]);
		if (node->type == NODE_LIST)
			hash = hash_bytes(hash, &one, sizeof(one));
		else
			sum += hash_bytes(node_hash(node->keys[i]), &one, sizeof(one));
	}
	return hash_bytes(hash, &sum, sizeof(sum));
}

size_t source_line(
    const struct source_text *source, unsigned line, const char **line_text)
{
	const char *at = source->text, *end = at + source->length, *newline;
	size_t length;

	if (source->length >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0)
		at += 3;
	for (; line > 1 && at < end; line--) {
		newline = memchr(at, '\n', (size_t)(end - at));
		at = newline ? newline + 1 : end;
	}
	*line_text = at;
	if (line != 1 || at == end)
		return 0;
	newline = memchr(at, '\n', (size_t)(end - at));
	length = (size_t)((newline ? newline : end) - at);
	return length && at[length - 1] == '\r' ? length - 1 : length;
}
