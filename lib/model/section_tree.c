/* SPDX-License-Identifier: MIT */
/* section_tree: from the kinds' rows to a tree of the keys of desired state. */
#include "lib/model/section_tree.h"

#include <string.h>

const struct section_node *section_below(
    const struct section_node *node, const char *key, size_t length)
{
	for (size_t i = 0; i < node->below_count; i++) {
		const char *below = node->below[i]->key;

		if (strlen(below) == length && strncmp(below, key, length) == 0)
			return node->below[i];
	}
	return NULL;
}

const struct section_node *section_at(const struct section_node *top, const char *path)
{
	const struct section_node *node = top;

	while (node && *path) {
		size_t length = strcspn(path, ".");

		node = section_below(node, path, length);
		path += length + (path[length] == '.');
	}
	return node;
}

bool section_has_names(const struct section_node *node)
{
	return node->row_count && node->rows[0].section->shape != SECTION_ONE;
}

static struct section_node *add_node(
    struct arena *a, struct section_node *above, const char *key, size_t length)
{
	struct section_node *node = arena_alloc(a, sizeof(*node));
	struct section_node **slot =
	    arena_push(a, &above->below, &above->below_count, sizeof(*slot));

	node->key = arena_copy_n(a, key, length);
	node->path =
	    *above->path ? arena_printf(a, "%s.%s", above->path, node->key) : node->key;
	*slot = node;
	return node;
}

static void add_row(struct arena *a, struct section_node *top, const struct kind *kind,
    const struct section *section)
{
	struct section_node *node = top;
	struct section_row *row;

	for (const char *path = section->path; *path;) {
		size_t length = strcspn(path, ".");
		const struct section_node *below = section_below(node, path, length);

		node = below ? (struct section_node *)below
			     : add_node(a, node, path, length);
		path += length + (path[length] == '.');
	}
	row = arena_push(a, &node->rows, &node->row_count, sizeof(*row));
	*row = (struct section_row){ kind, section };
}

static void add_word(
    struct arena *a, struct section_node *node, size_t *count, const char *word)
{
	const char **slot = arena_push(a, &node->words, count, sizeof(*slot));

	*slot = word;
}

static void add_words(struct arena *a, struct section_node *node)
{
	size_t count = 0;

	for (size_t i = 0; i < node->row_count; i++) {
		const struct field *f = node->rows[i].kind->fields.rows;

		for (; f->key; f++)
			add_word(a, node, &count, f->key);
	}
	for (size_t i = 0; i < node->below_count; i++) {
		add_word(a, node, &count, node->below[i]->key);
		add_words(a, node->below[i]);
	}
	add_word(a, node, &count, NULL);
}

struct section_node *section_tree(struct arena *a)
{
	struct section_node *top = arena_alloc(a, sizeof(*top));

	top->key = top->path = "";
	for (size_t i = 0; i < kind_count; i++) {
		for (size_t s = 0; s < kinds[i]->section_count; s++)
			add_row(a, top, kinds[i], &kinds[i]->sections[s]);
	}
	add_words(a, top);
	return top;
}

static const char *held_text(struct arena *a, const struct section_node *node)
{
	const char *text = "Holds ";

	for (size_t i = 0; i < node->below_count; i++) {
		const char *after = i + 1 < node->below_count ? ", " : ".";

		text = arena_printf(a, "%s%s%s", text, node->below[i]->key, after);
	}
	return text;
}

const char *section_help(struct arena *a, const struct section_node *node)
{
	const struct section_row *row = node->rows;

	if (!node->row_count)
		return held_text(a, node);
	if (row->section->help)
		return row->section->help;
	if (section_has_names(node))
		return arena_printf(a, "Names, and under each a %s.", row->kind->title);
	return arena_printf(a, "The %s.", row->kind->title);
}

const struct section *section_of(const struct kind *kind)
{
	return kind->section_count ? &kind->sections[0] : NULL;
}
