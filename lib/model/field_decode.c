/* SPDX-License-Identifier: MIT */
/* field_decode: from a YAML map to a record, by its table and never by guess. */
#include "lib/model/field.h"

#include <stdlib.h>
#include <string.h>

/* Why one value was refused. */
struct refusal {
	const char *id;
	struct error why; /* what is there instead, as a clause */
	const char *fix;  /* in the report's arena, or NULL */
};

static int refuse(struct refusal *r, const char *id, struct arena *a, const char *text)
{
	r->id = id;
	return fail(&r->why, "this is \"%s\"", text_clean(a, text, 60));
}

static bool is_path(const char *text)
{
	if (text[0] != '/')
		return false;
	for (const char *part = text; *part; part += strcspn(part, "/")) {
		part++;
		size_t length = strcspn(part, "/");

		if ((length == 1 && part[0] == '.') ||
		    (length == 2 && part[0] == '.' && part[1] == '.'))
			return false;
	}
	return true;
}

static bool is_uri(const struct field *f, const char *text)
{
	size_t scheme = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789+-.");

	for (const char *const *word = f->words; word && *word; word++) {
		if (!strcmp(*word, text))
			return true;
	}
	return scheme > 0 && text[0] >= 'a' && text[scheme] == ':' &&
	       text[scheme + 1] == '/';
}

static bool text_fits(const struct field *f, const char *text)
{
	if (text_control(text, strlen(text), false) >= 0)
		return false;
	switch (f->type) {
	case FIELD_LABEL:
		return name_is_label(text);
	case FIELD_NAME:
		return name_is_libvirt(text);
	case FIELD_HOSTNAME:
		return name_is_subdomain(text);
	case FIELD_PATH:
		return is_path(text);
	case FIELD_URI:
		return is_uri(f, text);
	case FIELD_STRING:
	case FIELD_BOOL:
	case FIELD_INT:
	case FIELD_SIZE:
	case FIELD_DURATION:
	case FIELD_WORD:
	case FIELD_MAC:
	case FIELD_IP:
	case FIELD_CIDR:
	case FIELD_RANGES:
	case FIELD_GROUP:
	case FIELD_LIST:
		break;
	}
	return text[0] != '\0';
}

static int read_word(
    const struct field *f, const char *text, int *out, struct arena *a, struct refusal *r)
{
	const char *near;

	for (int i = 0; f->words[i]; i++) {
		if (!strcmp(f->words[i], text)) {
			*out = i;
			return 0;
		}
	}
	near = nearest_word(text, f->words);
	if (near)
		r->fix = arena_printf(a, "did you mean \"%s\"?", near);
	return refuse(r, "bad-value", a, text);
}

static int read_bool(const char *text, bool *out, struct arena *a, struct refusal *r)
{
	static const char *const yes[] = { "yes", "on", "True", "TRUE", "y", NULL };
	static const char *const no[] = { "no", "off", "False", "FALSE", "n", NULL };

	if (!strcmp(text, "true") || !strcmp(text, "false")) {
		*out = text[0] == 't';
		return 0;
	}
	for (size_t i = 0; yes[i] && no[i]; i++) {
		if (!strcmp(text, yes[i]) || !strcmp(text, no[i]))
			r->fix = !strcmp(text, yes[i]) ? "write true" : "write false";
	}
	return refuse(r, "bad-value", a, text);
}

/* Decimal digits, one optional minus, no leading zero (octal to other readers of YAML).
 */
static int read_int(const char *text, int64_t *out, struct arena *a, struct refusal *r)
{
	const char *digits = text + (text[0] == '-');
	size_t count = strspn(digits, "0123456789");

	if (count == 0 || digits[count] || (digits[0] == '0' && count > 1))
		return refuse(r, "bad-value", a, text);
	if (count > 18)
		return refuse(r, "out-of-range", a, text);
	*out = strtoll(text, NULL, 10);
	return 0;
}

static int check_range(const struct field *f, int64_t value, const char *text,
    struct arena *a, struct refusal *r)
{
	bool limited = f->minimum || f->maximum;
	bool zero_wrong = f->type != FIELD_INT && value == 0;

	if (zero_wrong && (f->flags & FIELD_ZERO_OK))
		return 0;
	if (!zero_wrong &&
	    (!limited || (value >= f->minimum && (!f->maximum || value <= f->maximum))))
		return 0;
	if (f->type == FIELD_SIZE && !text[strspn(text, "0123456789")])
		r->fix = "a number alone counts bytes: write its unit, such as GiB";
	return refuse(r, "out-of-range", a, text);
}

static int read_number(const struct field *f, const char *text, int64_t *out,
    struct arena *a, struct refusal *r)
{
	r->id = "bad-value";
	if (f->type == FIELD_SIZE && size_parse(text, out, &r->why))
		return -1;
	if (f->type == FIELD_DURATION && duration_parse(text, out, &r->why))
		return -1;
	if (f->type == FIELD_INT && read_int(text, out, a, r))
		return -1;
	return check_range(f, *out, text, a, r);
}

/* Reads a value from its text into the member. The caller has seen to quotes. */
static int read_text(const struct field *f, const char *text, void *out, struct arena *a,
    struct refusal *r)
{
	r->id = "bad-value";
	switch (f->type) {
	case FIELD_STRING:
	case FIELD_LABEL:
	case FIELD_NAME:
	case FIELD_HOSTNAME:
	case FIELD_PATH:
	case FIELD_URI:
		if (!text_fits(f, text))
			return refuse(r, "bad-value", a, text);
		*(const char **)out = arena_copy(a, text);
		return 0;
	case FIELD_BOOL:
		return read_bool(text, out, a, r);
	case FIELD_INT:
	case FIELD_SIZE:
	case FIELD_DURATION:
		return read_number(f, text, out, a, r);
	case FIELD_WORD:
		return read_word(f, text, out, a, r);
	case FIELD_MAC:
		return mac_parse(text, out, &r->why);
	case FIELD_IP:
		return ip_parse(text, out, &r->why);
	case FIELD_CIDR:
		return cidr_parse(text, out, &r->why);
	case FIELD_RANGES:
	case FIELD_GROUP:
	case FIELD_LIST:
		break;
	}
	abort();
}

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
	return report_add(report, SEVERITY_ERROR, id, &at->place, "%s must be %s%s%s: %s",
	    f->key, field_expected(a, f), f->example ? ", for example " : "",
	    f->example ? f->example : "", why);
}

static int wrong_type(
    struct report *report, const struct field *f, const struct node *node)
{
	struct finding *finding;

	if (node->type == NODE_NULL) {
		finding =
		    complain(report, f, node, "wrong-type", "nothing is written here");
		report_fix(
		    report, finding, "give %s a value, or leave the key out", f->key);
	} else {
		complain(report, f, node, "wrong-type",
		    arena_printf(report->arena, "this is %s", node_what(node)));
	}
	return -1;
}

static bool takes_no_quotes(const struct field *f)
{
	return f->type == FIELD_BOOL || f->type == FIELD_INT;
}

static int decode_scalar(
    struct report *report, const struct field *f, const struct node *node, void *out)
{
	struct refusal r = { 0 };
	struct finding *finding;

	if (node->type != NODE_SCALAR)
		return wrong_type(report, f, node);
	if (node->quoted && takes_no_quotes(f)) {
		const char *text = text_clean(report->arena, node->text, 60);

		finding = complain(report, f, node, "wrong-type", "this is a text");
		report_fix(report, finding, "write %s without quotes", text);
		return -1;
	}
	if (!read_text(f, node->text, out, report->arena, &r))
		return 0;
	finding = complain(report, f, node, r.id, r.why.text);
	if (r.fix)
		report_fix(report, finding, "%s", r.fix);
	return -1;
}

static int compare_ranges(const void *x, const void *y)
{
	const struct range *a = x, *b = y;

	return ip_compare(a->first, b->first);
}

/* Sorted before they are made a set, which is quick only for what comes in order. */
static int decode_ranges(struct report *report, const struct field *f,
    const struct node *node, struct ranges *out)
{
	struct range *read;
	size_t count = 0;
	int bad = 0;

	if (node->type != NODE_LIST)
		return wrong_type(report, f, node);
	read = arena_array(report->arena, node->count, sizeof(*read));
	for (size_t i = 0; i < node->count; i++) {
		const struct node *item = node->items[i];
		struct error e = { 0 };

		if (item->type != NODE_SCALAR) {
			bad = wrong_type(report, f, item);
		} else if (range_parse(item->text, &read[count], &e)) {
			complain(report, f, item, "bad-value", e.text);
			bad = -1;
		} else {
			count++;
		}
	}
	qsort(read, count, sizeof(*read), compare_ranges);
	for (size_t i = 0; i < count; i++)
		ranges_add(report->arena, out, read[i]);
	return bad;
}

static void unknown_key(
    const char *const *words, const struct node *key, struct report *report)
{
	struct arena *a = report->arena;
	const char *near = nearest_word(key->text, words), *known = "";
	struct finding *finding;

	if (report->not_shown) { /* only counted: see complain() */
		report_add(
		    report, SEVERITY_ERROR, "unknown-key", &key->place, "%s", key->text);
		return;
	}
	for (size_t i = 0; words[i]; i++)
		known = arena_printf(a, "%s%s%s", known, i ? ", " : "", words[i]);
	finding = report_add(report, SEVERITY_ERROR, "unknown-key", &key->place,
	    "unknown key \"%s\"", text_clean(a, key->text, 60));
	if (near)
		report_fix(report, finding, "did you mean \"%s\"?", near);
	else
		report_fix(report, finding, "the keys known here are: %s", known);
}

void field_unknown_keys(
    const char *const *words, const struct node *map, struct report *report)
{
	for (size_t i = 0; map->type == NODE_MAP && i < map->count; i++) {
		const char *const *word = words;

		while (*word && strcmp(*word, map->keys[i]->text) != 0)
			word++;
		if (!*word)
			unknown_key(words, map->keys[i], report);
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
	field_unknown_keys(words, map, report);
}

static void missing_key(
    const struct decoder *d, const struct field *f, const struct node *map)
{
	struct finding *finding =
	    report_add(d->report, SEVERITY_ERROR, "missing-key", &map->place,
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
			if (read_text(f, f->fallback, out, a, &refusal))
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

static int decode_value(
    struct report *report, const struct field *f, const struct node *node, void *out)
{
	if (f->type == FIELD_RANGES)
		return decode_ranges(report, f, node, out);
	return decode_scalar(report, f, node, out);
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
		if (f->type != FIELD_GROUP && f->type != FIELD_LIST) {
			if (decode_value(d->report, f, node, out))
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
	const struct field *first = fields->rows;

	field_defaults(fields, record, report->arena);
	if (map->type == NODE_MAP || map->type == NODE_NULL)
		decode_map(&d, map, record);
	else
		report_add(report, SEVERITY_ERROR, "wrong-type", &map->place,
		    "here must be keys with values, for example \"%s: %s\": this is %s",
		    first->key, first->example ? first->example : "...", node_what(map));
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
