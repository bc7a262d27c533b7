/* SPDX-License-Identifier: MIT */
/* field_decode: from a YAML map to a record, by its table and never by guess. */
#include "lib/model/field_advice.h"
#include "lib/model/field_type.h"

#include <stdlib.h>
#include <string.h>

/* One record being read: its table and where findings go. */
struct decoder {
	const struct fields *fields;
	struct report *report;
};

static struct finding *complain(struct report *report, const struct field *f,
    const struct node *at, const char *id, const char *why)
{
	struct arena *a = report->arena;

	/* Past the cap errors are only counted: no texts for a flood of them. */
	if (report->not_shown)
		return report_add(report, SEVERITY_ERROR, id, &at->place, "%s", f->key);
	return report_add(report, SEVERITY_ERROR, id, &at->place, "%s must be %s: %s",
	    f->key, field_expected(a, f), why);
}

static int wrong_type(
    struct report *report, const struct field *f, const struct node *node)
{
	struct finding *finding = complain(report, f, node, "wrong-type",
	    node->type == NODE_NULL
		? "nothing is written here"
		: arena_printf(report->arena, "this is %s", node_what(node)));

	if (!report->not_shown)
		finding->fix = advice_type(report->arena, f, node);
	return -1;
}

/* What was refused, with the next step: that of the type, or one that is known of the text
 * as it stands, or the end of the reason after its semicolon, or the example. */
static int refused(struct report *report, const struct field *f, const struct node *node,
    struct refusal *r)
{
	char *step = strstr(r->why.text, "; ");
	const char *odd = advice_characters(report->arena, node->text);
	const char *fix = odd ? odd : r->fix;
	struct finding *finding;

	if (node->unshown && fix && strchr(fix, '"')) /* they quote what is written */
		fix = "put another value in its place";
	if (node->unshown && strchr(r->why.text, '"')) {
		fail(&r->why, "this is another text");
		step = NULL;
	}
	if (!fix && step)
		fix = arena_copy(report->arena, step + 2);
	if (step)
		*step = '\0';
	finding = complain(report, f, node, r->id, r->why.text);
	if (report->not_shown)
		return -1;
	finding->fix = fix ? fix
			   : arena_printf(report->arena, "write it as in \"%s\"",
				 advice_example(report->arena, f));
	return -1;
}

static int decode_scalar(
    struct report *report, const struct field *f, const struct node *node, void *out)
{
	struct refusal r = { .id = "bad-value" };
	struct finding *finding;

	if (node->type != NODE_SCALAR)
		return wrong_type(report, f, node);
	if (node->quoted && field_ops(f)->bare) {
		const char *text = node_shown(report->arena, node, 60);

		finding = complain(report, f, node, "wrong-type", "this is a text");
		report_fix(report, finding, "write %s without quotes", text);
		return -1;
	}
	if (!field_ops(f)->parse(f, node->text, out, report->arena, &r))
		return 0;
	return refused(report, f, node, &r);
}

/* A value that is written as a list of texts. */
static int decode_texts(
    struct report *report, const struct field *f, const struct node *node, void *out)
{
	const struct field_ops *ops = field_ops(f);
	char *elements;
	size_t count = 0;
	int bad = 0;

	if (node->type != NODE_LIST)
		return wrong_type(report, f, node);
	elements = arena_array(report->arena, node->count, ops->element_size);
	for (size_t i = 0; i < node->count; i++) {
		if (decode_scalar(
			report, f, node->items[i], elements + count * ops->element_size))
			bad = -1;
		else
			count++;
	}
	ops->gather(report->arena, elements, count, out);
	return bad;
}

static void unknown_key(const char *const *words, const struct fields *fields,
    const struct node *key, const struct node *map, struct report *report)
{
	struct arena *a = report->arena;
	struct finding *finding;
	const char *fix;

	if (report->not_shown) { /* only counted: see complain() */
		report_add(
		    report, SEVERITY_ERROR, "unknown-key", &key->place, "unknown key");
		return;
	}
	fix = advice_key(a, words, fields, key, map);
	if (!*fix)
		return;
	finding = report_add(report, SEVERITY_ERROR, "unknown-key", &key->place,
	    "unknown key \"%s\"", node_shown(a, key, 60));
	finding->fix = fix;
}

void field_unknown_keys(const char *const *words, const struct fields *fields,
    const struct node *map, struct report *report)
{
	for (size_t i = 0; map->type == NODE_MAP && i < map->count; i++) {
		const char *const *word = words;

		while (*word && strcmp(*word, map->keys[i]->text) != 0)
			word++;
		if (!*word)
			unknown_key(words, fields, map->keys[i], map, report);
	}
}

static bool knows(const struct fields *fields, const char *key)
{
	const struct field *f = fields->rows;

	while (f->key && strcmp(f->key, key) != 0)
		f++;
	return f->key;
}

/* The words are gathered only where there is something to say. */
static void find_unknown_keys(
    const struct fields *fields, const struct node *map, struct report *report)
{
	const char **words = NULL;
	size_t count = 0, known = 0;

	if (map->type != NODE_MAP)
		return;
	while (known < map->count && knows(fields, map->keys[known]->text))
		known++;
	if (known == map->count)
		return;
	for (const struct field *f = fields->rows; f->key; f++)
		*(const char **)arena_push(
		    report->arena, &words, &count, sizeof(*words)) = f->key;
	arena_push(report->arena, &words, &count, sizeof(*words));
	field_unknown_keys(words, fields, map, report);
}

/* Another key was refused for which this one is to be written. */
static bool is_advised(
    const struct fields *fields, const struct field *f, const struct node *map)
{
	for (size_t i = 0; map->type == NODE_MAP && i < map->count; i++)
		if (!knows(fields, map->keys[i]->text) &&
		    advice_names(fields, f, map->keys[i]))
			return true;
	return false;
}

static void missing_key(
    const struct decoder *d, const struct field *f, const struct node *map)
{
	struct finding *finding;

	if (is_advised(d->fields, f, map))
		return;
	finding = report_add(d->report, SEVERITY_ERROR, "missing-key", &map->place,
	    "%s is missing: %s", f->key, field_expected(d->report->arena, f));

	report_fix(d->report, finding, "add \"%s: %s\"", f->key,
	    f->example ? f->example : "...");
}

void field_defaults(const struct fields *fields, void *record, struct arena *a)
{
	struct record *r = record;

	for (const struct field *f = fields->rows; f->key; f++) {
		void *out = (char *)record + f->offset;
		uint64_t bit = UINT64_C(1) << (f - fields->rows);
		struct refusal refusal = { 0 };

		if (f->type == FIELD_GROUP) {
			field_defaults(f->group, out, a);
			if (((struct record *)out)->has)
				r->has |= bit;
		} else if (f->fallback) {
			/* A default that its own row refuses is a programming error. */
			if (field_ops(f)->parse(f, f->fallback, out, a, &refusal))
				abort();
			r->has |= bit;
		}
	}
}

/* The maps a group (one) or a list (as many as it has) is read from. */
static size_t inner_maps(const struct field *f, const struct node *node)
{
	return f->type == FIELD_LIST ? node->count : 1;
}

/* Room for the records of a group or list; NULL when the node is of another type. */
static char *inner_records(
    struct report *report, const struct field *f, const struct node *node, void *out)
{
	struct list *list = out;
	enum node_type due = f->type == FIELD_LIST ? NODE_LIST : NODE_MAP;

	if (node->type != due && node->type != NODE_NULL) {
		wrong_type(report, f, node);
		return NULL;
	}
	if (f->type == FIELD_GROUP)
		return out;
	list->count = node->count;
	list->items = arena_array(report->arena, node->count, f->group->size);
	return list->items;
}

static void decode_map(const struct decoder *d, const struct node *map, void *record)
{
	struct record *r = record;

	r->node = map;
	for (const struct field *f = d->fields->rows; f->key; f++) {
		const struct node *node = node_get(map, f->key);
		uint64_t bit = UINT64_C(1) << (f - d->fields->rows);
		void *out = (char *)record + f->offset;
		struct decoder inner = { f->group, d->report };
		char *records;

		if (!node) {
			if ((f->flags & FIELD_NEEDED) && !(r->has & bit))
				missing_key(d, f, map);
			continue;
		}
		r->has |= bit;
		if (field_ops(f)->take) {
			if (field_ops(f)->take(f, node, out, d->report))
				r->has &= ~bit;
			continue;
		}
		if (field_ops(f)->parse) {
			if (field_ops(f)->gather ? decode_texts(d->report, f, node, out)
						 : decode_scalar(d->report, f, node, out))
				r->has &= ~bit;
			continue;
		}
		records = inner_records(d->report, f, node, out);
		if (!records)
			r->has &= ~bit;
		for (size_t i = 0; records && i < inner_maps(f, node); i++) {
			const struct node *m =
			    f->type == FIELD_LIST ? node->items[i] : node;
			void *one = records + i * f->group->size;

			field_defaults(f->group, one, d->report->arena);
			if (m->type != NODE_MAP && m != node) {
				wrong_type(d->report, f, m);
				continue;
			}
			find_unknown_keys(f->group, m, d->report);
			decode_map(&inner, m, one);
		}
	}
}

size_t field_decode_known(const struct fields *fields, const struct node *map,
    void *record, struct report *report)
{
	struct decoder d = { fields, report };
	size_t errors = report->errors + report->not_shown;

	field_defaults(fields, record, report->arena);
	if (map->type == NODE_MAP || map->type == NODE_NULL)
		decode_map(&d, map, record);
	else
		report_add(report, SEVERITY_ERROR, "wrong-type", &map->place,
		    "here must be keys with values: this is %s", node_what(map))
		    ->fix = advice_record(report->arena, fields, map);
	return report->errors + report->not_shown - errors;
}

size_t field_decode(const struct fields *fields, const struct node *map, void *record,
    struct report *report)
{
	size_t errors = report->errors + report->not_shown;

	find_unknown_keys(fields, map, report);
	field_decode_known(fields, map, record, report);
	return report->errors + report->not_shown - errors;
}
