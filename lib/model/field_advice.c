/* SPDX-License-Identifier: MIT */
/* field_advice: from what was written to what may have been meant. */
#include "lib/model/field_advice.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/model/field_type.h"

#define SHOWN 60 /* bytes of what was written */
#define WORD_CHARACTERS                                                                  \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/:@+-"

/* Examples */

static const char *example_of(struct arena *a, const struct field *f);

/* Whether the text would do as a value of the row. */
static bool takes(struct arena *a, const struct field *f, const char *text)
{
	const struct field_ops *ops = field_ops(f);
	union {
		int64_t number;
		struct range range;
		struct cidr cidr;
		const char *text;
	} value = { 0 };
	struct refusal r = { 0 };

	return ops->parse && !ops->parse(f, text, &value, a, &r);
}

/* It stands for itself in YAML, inside braces too. */
static bool is_plain(const char *text)
{
	return *text && isalnum((unsigned char)*text) + (*text == '/') &&
	       !text[strspn(text, WORD_CHARACTERS)] && strlen(text) <= SHOWN;
}

/* "8" of a key that counts in another unit, "ram: 8", in the unit that is due. */
static const char *with_unit(struct arena *a, const struct field *f, const char *text)
{
	size_t digits = strspn(text, "0123456789");

	if (f->type != FIELD_SIZE || !digits || text[digits] || digits > 7)
		return text;
	return arena_printf(
	    a, "%s%s", text, strtoll(text, NULL, 10) < 256 ? "GiB" : "MiB");
}

/* What is written, where it would do as a value of the row; else its example. */
static const char *value_or_example(
    struct arena *a, const struct field *f, const struct node *written)
{
	const char *text = written && written->type == NODE_SCALAR ? written->text : "";

	text = with_unit(a, f, text);
	if (!is_plain(text) || !takes(a, f, text))
		return example_of(a, f);
	return f->type == FIELD_MAC ? arena_printf(a, "\"%s\"", text) : text;
}

/* "{start: 192.168.122.2, end: 192.168.122.254}": what is needed, else the first key, as
 * `written` has it, or else by the examples. */
static const char *example_of_group(
    struct arena *a, const struct fields *group, const struct node *written)
{
	const char *text = "";

	for (const struct field *f = group->rows; f->key; f++)
		if (f->flags & FIELD_NEEDED)
			text = arena_printf(a, "%s%s%s: %s", text, *text ? ", " : "",
			    f->key, value_or_example(a, f, node_get(written, f->key)));
	if (!*text)
		text = arena_printf(
		    a, "%s: %s", group->rows->key, example_of(a, group->rows));
	return arena_printf(a, "{%s}", text);
}

static const char *example_of(struct arena *a, const struct field *f)
{
	if (f->example)
		return f->example;
	if (f->type == FIELD_GROUP)
		return example_of_group(a, f->group, NULL);
	if (f->type == FIELD_LIST)
		return arena_printf(a, "[%s]", example_of_group(a, f->group, NULL));
	if (f->fallback)
		return f->fallback;
	return f->words ? f->words[0] : "...";
}

const char *advice_example(struct arena *a, const struct field *f)
{
	return arena_printf(a, "%s: %s", f->key, example_of(a, f));
}

/* Characters */

struct odd {
	const char *bytes, *advice;
};

static const struct odd odds[] = {
	{ "\xe2\x80\x9c", "use plain quotes (\") or none: these are typographic" },
	{ "\xe2\x80\x9d", "use plain quotes (\") or none: these are typographic" },
	{ "\xe2\x80\x9e", "use plain quotes (\") or none: these are typographic" },
	{ "\xe2\x80\x98", "use plain quotes (') or none: these are typographic" },
	{ "\xe2\x80\x99", "use plain quotes (') or none: these are typographic" },
	{ "\xe2\x80\x93", "replace it by a plain -: this dash is another character" },
	{ "\xe2\x80\x94", "replace it by a plain -: this dash is another character" },
	{ "\xe2\x88\x92", "replace it by a plain -: this dash is another character" },
	{ "\xc2\xa0",
	    "replace it by a plain blank: the one that stands here is a no-break one" },
	{ "\xe3\x80\x80",
	    "replace it by a plain blank: the one that stands here is a full-width one" },
	{ "{{", "templates are not filled in: write the value" },
	{ "${", "variables are not filled in: write the value" },
};

/* U+FF01 to U+FF5E are the characters of ASCII, as wide as those of Japanese. */
static const char *full_width(struct arena *a, const char *text)
{
	for (const char *c = text; (c = strchr(c, 0xef)); c++) {
		unsigned high = (unsigned char)c[1], low = high ? (unsigned char)c[2] : 0;
		unsigned plain = ((high & 3) << 6 | (low & 0x3f)) + 0x20;

		if ((high == 0xbc || high == 0xbd) && plain > 0x20 && plain < 0x7f)
			return arena_printf(a,
			    "replace \"%.3s\" by a plain \"%c\": this one is full-width",
			    c, (int)plain);
	}
	return NULL;
}

const char *advice_characters(struct arena *a, const char *text)
{
	for (size_t i = 0; i < sizeof(odds) / sizeof(odds[0]); i++)
		if (strstr(text, odds[i].bytes))
			return odds[i].advice;
	return full_width(a, text);
}

/* Types */

static bool is_name(const struct field *f)
{
	return f->type == FIELD_STRING || f->type == FIELD_NAME ||
	       f->type == FIELD_LABEL || f->type == FIELD_HOSTNAME ||
	       f->type == FIELD_DEVICE;
}

static bool has_document(const struct fields *group)
{
	for (const struct field *f = group->rows; f->key; f++)
		if (f->type == FIELD_DOCUMENT)
			return true;
	return false;
}

/* The row of a group that a text without its key may be the value of: a size, an address,
 * a path; else a name, unless it may as well be that of a file. A number alone may be
 * anything. */
static const struct field *meant(
    struct arena *a, const struct fields *group, const char *text)
{
	for (int names = 0; names < (has_document(group) ? 1 : 2); names++)
		for (const struct field *f = group->rows; f->key; f++)
			if (is_name(f) == (names == 1) && f->type != FIELD_STRING &&
			    !field_ops(f)->bare && takes(a, f, text))
				return f;
	return NULL;
}

static const char *for_scalar(
    struct arena *a, const struct field *f, const struct node *node)
{
	const char *text = node_shown(a, node, SHOWN);
	const struct field *inner = f->group ? meant(a, f->group, node->text) : NULL;

	if (field_ops(f)->gather && takes(a, f, node->text))
		return arena_printf(a, "write \"%s: [%s]\"", f->key, text);
	if (inner && f->type == FIELD_LIST)
		return arena_printf(
		    a, "write \"%s: [{%s: %s}]\"", f->key, inner->key, text);
	if (inner)
		return arena_printf(
		    a, "write \"%s: {%s: %s}\"", f->key, inner->key, text);
	return NULL;
}

/* "data: {size: 10GiB}" where a list is due: "[{name: data, size: 10GiB}]", or without the
 * name where its maps have none. NULL: it is no map of names. */
static const char *for_names(
    struct arena *a, const struct field *f, const struct node *node)
{
	const struct node *entry = node->count ? node->items[0] : NULL;
	const char *text = "";

	if (!entry || entry->type != NODE_MAP)
		return NULL;
	for (const struct field *row = f->group->rows; row->key; row++) {
		const struct node *written = node_get(entry, row->key);

		if (!written && strcmp(row->key, "name") == 0)
			written = node->keys[0];
		if (written)
			text = arena_printf(a, "%s%s%s: %s", text, *text ? ", " : "",
			    row->key, value_or_example(a, row, written));
	}
	return arena_printf(a, "it is a list: write \"%s: [{%s}]\"", f->key, text);
}

const char *advice_type(struct arena *a, const struct field *f, const struct node *node)
{
	const struct node *only =
	    node->type == NODE_LIST && node->count == 1 ? node->items[0] : NULL;
	const char *advice = NULL;

	if (node->type == NODE_NULL)
		return arena_printf(a, "write it as in \"%s\", or leave the key out",
		    advice_example(a, f));
	if (node->type == NODE_SCALAR)
		advice = for_scalar(a, f, node);
	else if (f->type == FIELD_LIST && node->type == NODE_MAP)
		advice = for_names(a, f, node);
	if (!advice && f->type == FIELD_LIST && node->type == NODE_MAP)
		return arena_printf(a,
		    "it is a list: write \"- \" before its first key, as in \"%s\"",
		    advice_example(a, f));
	if (only && only->type == NODE_SCALAR && takes(a, f, only->text))
		return arena_printf(
		    a, "write \"%s: %s\"", f->key, node_shown(a, only, SHOWN));
	return advice ? advice
		      : arena_printf(a, "write it as in \"%s\"", advice_example(a, f));
}

/* "KEY = VALUE", as other languages have it; of several the first. */
static const char *with_equals(struct arena *a, const char *text)
{
	size_t key = strcspn(text, " ="), gap = strspn(text + key, " =");
	size_t value = strcspn(text + key + gap, " ");

	if (!key || !value || !memchr(text + key, '=', gap))
		return NULL;
	return arena_printf(a, "write \":\" in place of \"=\": \"%s: %s\"",
	    text_clean(a, arena_copy_n(a, text, key), SHOWN),
	    text_clean(a, arena_copy_n(a, text + key + gap, value), SHOWN));
}

const char *advice_record(
    struct arena *a, const struct fields *fields, const struct node *node)
{
	const char *advice =
	    node->type == NODE_SCALAR ? advice_characters(a, node->text) : NULL;

	if (node->type == NODE_LIST && node->count && node->items[0]->type == NODE_MAP)
		return "remove the dashes before the keys: these are no list";
	if (!advice && node->type == NODE_SCALAR && !node->unshown)
		advice = with_equals(a, node->text);
	for (const struct field *f = fields->rows;
	     !advice && node->type == NODE_SCALAR && f->key; f++)
		if (field_ops(f)->gather)
			advice = for_scalar(a, f, node);
	return advice ? advice
		      : arena_printf(a, "write keys below it, as in \"%s\"",
			    advice_example(a, fields->rows));
}

/* Keys */

static const struct hint *hints_of(const struct fields *fields)
{
	const struct field *f = fields->rows;

	while (f->key)
		f++;
	return f->hints;
}

const struct hint *advice_hint(const struct hint *hints, const char *written)
{
	for (; hints && hints->written; hints++)
		if (strcasecmp(hints->written, written) == 0)
			return hints;
	return NULL;
}

/* The row of the table whose group, or list, has the key. */
static const struct field *holder_of(const struct fields *fields, const char *key)
{
	for (const struct field *f = fields->rows; f->key; f++)
		for (const struct field *inner = f->group ? f->group->rows : NULL;
		     inner && inner->key; inner++)
			if (strcmp(inner->key, key) == 0)
				return f;
	return NULL;
}

static const char *in_holder(
    struct arena *a, const struct field *holder, const char *key, const struct node *map)
{
	const struct field *inner = holder->group->rows;
	const struct node *written = node_get(map, holder->key);
	bool list = holder->type == FIELD_LIST;
	const char *text;

	while (strcmp(inner->key, key) != 0)
		inner++;
	if (inner->flags & FIELD_NEEDED)
		text = example_of_group(a, holder->group, map);
	else
		text = arena_printf(a, "{%s: %s}", inner->key,
		    value_or_example(a, inner, node_get(map, key)));
	if (!list && written && written->type == NODE_MAP)
		return arena_printf(a, "move it into %s: \"%.*s\"", holder->key,
		    (int)strlen(text) - 2, text + 1);
	return arena_printf(a, "it belongs in %s: \"%s: %s%s%s\"", holder->key,
	    holder->key, list ? "[" : "", text, list ? "]" : "");
}

/* The row that a hint such as "write \"vcpus: 2\"" is about; NULL: it is no such hint. */
static const struct field *row_of_hint(
    const struct fields *fields, const struct hint *hint)
{
	static const char begin[] = "write \"";
	const char *key = hint && hint->fix ? hint->fix : "";
	size_t length;

	if (strncmp(key, begin, strlen(begin)) != 0)
		return NULL;
	key += strlen(begin);
	length = strcspn(key, ":");
	for (const struct field *f = fields->rows; f->key; f++)
		if (strlen(f->key) == length && strncmp(f->key, key, length) == 0)
			return f;
	return NULL;
}

/* A hint's fix, with the value that is written where it would do. */
static const char *fix_of_hint(struct arena *a, const struct fields *fields,
    const struct hint *hint, const struct node *written)
{
	const struct field *f = fields ? row_of_hint(fields, hint) : NULL;
	const char *text = written && written->type == NODE_SCALAR ? written->text : "";

	if (!f || !is_plain(text))
		return hint->fix;
	text = strstr(hint->fix, "MiB\"") && !text[strspn(text, "0123456789")]
		   ? arena_printf(a, "%sMiB", text)
		   : with_unit(a, f, text);
	return takes(a, f, text) ? arena_printf(a, "write \"%s: %s\"", f->key, text)
				 : hint->fix;
}

bool advice_names(
    const struct fields *fields, const struct field *f, const struct node *key)
{
	const char *const word[] = { f->key, NULL };

	return row_of_hint(fields, advice_hint(hints_of(fields), key->text)) == f ||
	       nearest_word(key->text, word);
}

/* Whether another key of the map has a hint that says what the whole map is. */
static bool is_said(const struct hint *hints, const struct node *map)
{
	for (size_t i = 0; map && map->type == NODE_MAP && i < map->count; i++) {
		const struct hint *hint = advice_hint(hints, map->keys[i]->text);

		if (hint && hint->fix && hint->whole)
			return true;
	}
	return false;
}

static const char *split_at_colon(struct arena *a, const struct node *node)
{
	const char *key = node->text;
	size_t length = strcspn(key, ":");
	const char *value = key + length + 1;

	if (node->unshown)
		return "write a blank after the colon";
	return arena_printf(a, "write a blank after the colon: \"%s: %s\"",
	    text_clean(a, arena_copy_n(a, key, length), SHOWN),
	    text_clean(a, value, SHOWN));
}

const char *advice_key(struct arena *a, const char *const *words,
    const struct fields *fields, const struct node *key, const struct node *map)
{
	const struct hint *hints = fields ? hints_of(fields) : NULL;
	const struct hint *hint = advice_hint(hints, key->text);
	const struct field *holder = fields ? holder_of(fields, key->text) : NULL;
	const char *near, *known = "", *odd = advice_characters(a, key->text);

	if (odd)
		return odd;
	if (strchr(key->text, ':'))
		return split_at_colon(a, key);
	if (hint && !hint->fix && is_said(hints, map))
		return "";
	if (hint && hint->fix)
		return fix_of_hint(a, fields, hint, node_get(map, key->text));
	if (holder)
		return in_holder(a, holder, key->text, map);
	near = nearest_word(key->text, words);
	if (near)
		return arena_printf(a, "did you mean \"%s\"?", near);
	for (size_t i = 0; words[i]; i++)
		known = arena_printf(a, "%s%s%s", known, i ? ", " : "", words[i]);
	return arena_printf(a, "the keys known here are: %s", known);
}
