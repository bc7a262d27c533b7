/* SPDX-License-Identifier: MIT */
/* secret_keys: rows of secret types, and the groups that have such rows. */
#include "lib/model/secret_keys.h"

#include "lib/model/field_type.h"
#include "lib/model/files.h"
#include "lib/model/kind.h"

struct words {
	struct arena *arena;
	const char **items;
	size_t count;
};

struct gathered {
	struct words keys, holders, open;
};

static void add(struct words *words, const char *word)
{
	*(const char **)arena_push(
	    words->arena, &words->items, &words->count, sizeof(word)) = word;
}

static bool is_secret(const struct field *f)
{
	return field_ops(f)->secret;
}

/* `holder`: the key that the table is below; NULL: a name. */
static void gather(struct gathered *g, const struct fields *fields, const char *holder)
{
	bool holds = false;

	for (const struct field *f = fields->rows; f->key; f++) {
		holds |= is_secret(f);
		if (is_secret(f))
			add(&g->keys, f->key);
		if (f->group)
			gather(g, f->group, f->key);
	}
	if (!holds || !holder)
		return;
	add(&g->holders, holder);
	for (const struct field *f = fields->rows; f->key; f++)
		if (!is_secret(f))
			add(&g->open, f->key);
}

const struct unshown_keys *secret_keys(struct arena *a)
{
	struct gathered g = { { .arena = a }, { .arena = a }, { .arena = a } };
	struct unshown_keys *out = arena_alloc(a, sizeof(*out));

	for (size_t i = 0; i < kind_count; i++)
		gather(&g, &kinds[i]->fields, NULL);
	add(&g.keys, NULL);
	add(&g.holders, NULL);
	add(&g.open, NULL);
	*out = (struct unshown_keys){ g.keys.items, g.holders.items, g.open.items,
		CONFIG_NAMED_DIRECTORY "/" };
	return out;
}
