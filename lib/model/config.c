/* SPDX-License-Identifier: MIT */
/* config: from texts to a checked configuration: parse, merge, decode, derive, lint. */
#include "lib/model/config.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/hash.h"
#include "lib/doc/yaml.h"
#include "lib/model/kind.h"
#include "lib/model/secret_keys.h"
#include "lib/model/section_advice.h"
#include "lib/model/section_tree.h"

/* Where a key was written, and in which order it came. */
struct entry {
	struct node *key, *item;
	size_t order;
};

static int compare_keys(const void *x, const void *y)
{
	const struct entry *a = x, *b = y;
	int order = strcmp(a->key->text, b->key->text);

	if (order)
		return order;
	return a->order < b->order ? -1 : a->order > b->order;
}

static struct entry *collect(
    struct arena *a, struct node *const *maps, size_t map_count, size_t *count)
{
	struct entry *entries;
	size_t n = 0;

	for (size_t i = 0; i < map_count; i++)
		n += maps[i]->count;
	entries = arena_array(a, n, sizeof(*entries));
	n = 0;
	for (size_t i = 0; i < map_count; i++) {
		for (size_t k = 0; k < maps[i]->count; k++, n++)
			entries[n] =
			    (struct entry){ maps[i]->keys[k], maps[i]->items[k], n };
	}
	*count = n;
	return entries;
}

static bool all_maps(const struct entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (entries[i].item->type != NODE_MAP)
			return false;
	}
	return true;
}

static void written_twice(const struct entry *entries, size_t count, struct report *r)
{
	for (size_t i = 1; i < count; i++) {
		const struct node *key = entries[i].key;
		struct finding *f =
		    report_add(r, SEVERITY_ERROR, "duplicate-key", &key->place,
			"%s is written here and at %s", node_shown(r->arena, key, 60),
			place_text(r->arena, &entries[0].key->place));

		report_fix(r, f, "keep one of them; only maps are merged over files");
	}
}

/*
 * One map of several, its keys sorted: maps under the same key are merged in turn,
 * anything else under the same key is an error. Swept, because maps may have thousands of
 * keys.
 */
static struct node *merge_maps(
    struct node *const *maps, size_t map_count, struct report *report)
{
	struct arena *a = report->arena;
	struct node *merged = arena_alloc(a, sizeof(*merged));
	size_t count, kept = 0, same;
	struct entry *entries = collect(a, maps, map_count, &count);

	qsort(entries, count, sizeof(*entries), compare_keys);
	for (size_t i = 0; i < count; i += same) {
		struct entry *first = &entries[i];

		same = 1;
		while (i + same < count &&
		       !strcmp(first->key->text, entries[i + same].key->text))
			same++;
		if (same > 1 && all_maps(first, same)) {
			struct node **items = arena_array(a, same, sizeof(*items));

			for (size_t n = 0; n < same; n++)
				items[n] = first[n].item;
			first->item = merge_maps(items, same, report);
		} else {
			written_twice(first, same, report);
		}
		entries[kept++] = *first;
	}
	*merged = *maps[0];
	merged->count = kept;
	merged->keys = arena_array(a, kept, sizeof(*merged->keys));
	merged->items = arena_array(a, kept, sizeof(*merged->items));
	for (size_t i = 0; i < kept; i++) {
		merged->keys[i] = entries[i].key;
		merged->items[i] = entries[i].item;
	}
	return merged;
}

static const struct source_text *copy_source(
    struct arena *a, const struct source_text *source, const struct unshown_keys *keys)
{
	struct source_text *copy = arena_alloc(a, sizeof(*copy));

	copy->unshown = arena_alloc(a, sizeof(*copy->unshown));
	*copy->unshown = (struct unshown){ .arena = a, .keys = keys };
	copy->name = arena_copy(a, source->name);
	copy->text = arena_copy_n(a, source->text, source->length);
	copy->length = source->length;
	return copy;
}

/* A settings file in which every line is still a comment holds: all defaults. */
static bool only_comments(const char *text)
{
	while (*text) {
		text += strspn(text, " \t\r\n");
		if (*text && *text != '#')
			return false;
		text += strcspn(text, "\n");
	}
	return true;
}

static void load_settings(struct config *config, const struct source_text *source,
    const struct unshown_keys *keys)
{
	const struct node *map = NULL;

	if (source->text && !only_comments(source->text))
		map = yaml_parse(
		    copy_source(&config->arena, source, keys), NULL, &config->report);
	if (map)
		field_decode(&settings_fields, map, &config->settings, &config->report);
	else
		field_defaults(&settings_fields, &config->settings, &config->arena);
}

/* Parses every file; true when all of them could be. */
static bool load_desired(struct config *config, const struct config_files *files,
    const struct unshown_keys *keys)
{
	struct report *report = &config->report;
	struct node **maps =
	    arena_array(&config->arena, files->desired_count, sizeof(*maps));
	size_t count = 0;

	for (size_t i = 0; i < files->desired_count; i++) {
		struct node *map = yaml_parse(
		    copy_source(&config->arena, &files->desired[i], keys), NULL, report);

		if (map && map->type != NODE_MAP)
			report_add(report, SEVERITY_ERROR, "wrong-type", &map->place,
			    "the file must hold sections such as \"vms:\": this is %s",
			    node_what(map));
		else if (map)
			maps[count++] = map;
	}
	if (count)
		config->root = merge_maps(maps, count, report);
	if (!files->desired_count && !files->settings_only)
		report_add(report, SEVERITY_ERROR, "no-desired-state", NULL,
		    "no desired state was given: an empty home never means delete everything");
	return count && count == files->desired_count;
}

static void unknown_section(
    struct config *config, const struct section_node *top, const struct node *key)
{
	struct report *report = &config->report;
	const char *fix = report->not_shown
			      ? NULL
			      : advice_section(&config->arena, top, config->root, key);

	if (!fix || *fix)
		report_add(report, SEVERITY_ERROR, "unknown-key", &key->place,
		    "unknown section \"%s\"", node_shown(&config->arena, key, 60))
		    ->fix = fix;
}

static void find_unknown_sections(struct config *config, const struct section_node *top)
{
	for (size_t i = 0; i < config->root->count; i++) {
		const struct node *key = config->root->keys[i];

		if (!section_below(top, key->text, strlen(key->text)))
			unknown_section(config, top, key);
	}
}

/* `whole`: every file could be parsed, so what is not there is really not there. */
static void read_kinds(struct config *config, bool whole)
{
	const struct section_node *top = section_tree(&config->arena);

	find_unknown_sections(config, top);
	sections_read(config, top);
	for (size_t i = 0; whole && i < kind_count; i++) {
		if (kinds[i]->derive)
			kinds[i]->derive(config, &config->report);
	}
	for (size_t i = 0; whole && config_rules[i]; i++)
		config_rules[i](config, &config->report);
}

static uint64_t hash_text(uint64_t hash, const struct source_text *source)
{
	if (!source->text)
		return hash_bytes(hash, "", 1);
	hash = hash_bytes(hash, source->name, strlen(source->name) + 1);
	hash = hash_bytes(hash, &source->length, sizeof(source->length));
	return hash_bytes(hash, source->text, source->length);
}

static uint64_t hash_files(const struct config_files *files)
{
	uint64_t hash = hash_text(HASH_START, &files->settings);

	for (size_t i = 0; i < files->desired_count; i++)
		hash = hash_text(hash, &files->desired[i]);
	for (size_t i = 0; i < files->named_count; i++)
		hash = hash_text(hash, &files->named[i].source);
	return hash;
}

static void copy_named(struct config *config, const struct config_files *files)
{
	struct arena *a = &config->arena;

	config->named_count = files->named_count;
	config->named = arena_array(a, files->named_count, sizeof(*config->named));
	for (size_t i = 0; i < files->named_count; i++) {
		const struct named_file *from = &files->named[i];
		struct named_file *to = &config->named[i];

		*to = (struct named_file){ .why = arena_copy(a, from->why),
			.fix = arena_copy(a, from->fix) };
		to->source.name = arena_copy(a, from->source.name);
		to->source.length = from->why ? 0 : from->source.length;
		to->source.text = arena_copy_n(
		    a, from->why ? "" : from->source.text, to->source.length);
		to->hash = hash_bytes(HASH_START, to->source.text, to->source.length);
	}
}

static int compare_named(const void *name, const void *file)
{
	return strcmp(name, ((const struct named_file *)file)->source.name);
}

struct named_file *config_named(struct config *config, const char *name)
{
	return config->named_count ? bsearch(name, config->named, config->named_count,
					 sizeof(*config->named), compare_named)
				   : NULL;
}

bool config_same(const struct config *one, const struct config *other)
{
	return one->texts == other->texts;
}

int config_load(const struct config_files *files, struct config **out)
{
	struct config *config = must_alloc(sizeof(*config));
	const struct unshown_keys *keys = secret_keys(&config->arena);
	bool whole;

	config->report.arena = &config->arena;
	config->texts = hash_files(files);
	copy_named(config, files);
	load_settings(config, &files->settings, keys);
	whole = load_desired(config, files, keys);
	if (config->root)
		read_kinds(config, whole);
	if (config->report.errors)
		report_drop_notes(&config->report);
	report_sort(&config->report);
	*out = config;
	return config->report.errors ? -1 : 0;
}

void config_free(struct config *config)
{
	if (!config)
		return;
	arena_done(&config->arena);
	free(config);
}

struct set *config_set(struct config *config, const struct kind *kind)
{
	return &config->sets[kind_index(kind)];
}

const struct set *config_get(const struct config *config, const struct kind *kind)
{
	return &config->sets[kind_index(kind)];
}
