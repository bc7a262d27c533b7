/* SPDX-License-Identifier: MIT */
/*
 * yaml: builds the tree from libyaml's events. The open containers stand on a stack of
 * fixed depth; what is refused is reported and, where the rest still makes sense, skipped
 * so that one load shows as many errors as possible.
 */
#include "lib/doc/yaml.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "lib/doc/unshown.h"
#include "lib/doc/yaml_refuse.h"

struct open { /* a container whose end has not come yet */
	struct node *node;
	struct node *key;	  /* map: read, and waiting for its value */
	enum unshown_value below; /* how what is in it is shown */
	enum unshown_value next;  /* and the value of the key */
};

struct anchor { /* only of foreign texts */
	const char *name;
	const struct node *node;
	bool open; /* its end has not come yet: nothing can stand for it */
};

struct reader {
	const struct source_text *source;
	struct report *report;
	struct yaml_limits limits;
	struct open open[YAML_MAX_DEPTH];
	size_t depth, nodes;
	struct anchor *anchors;
	size_t anchor_count;
	struct node *root;
	bool failed;
};

/* How a new node is shown that is no key. */
static enum unshown_value shown_as(const struct reader *r)
{
	const struct open *open = r->depth ? &r->open[r->depth - 1] : NULL;

	if (!open)
		return VALUE_SHOWN;
	return open->node->type == NODE_MAP ? open->next : open->below;
}

/* A key is shown, be it "password", unless more than a name stands in it. */
static bool is_key_unshown(const struct open *open, const char *key)
{
	return open->below == VALUE_UNSHOWN ||
	       (strpbrk(key, ":= ") && unshown_text(key, strlen(key)));
}

/* Of a key also how its value is shown. */
static bool is_unshown(struct reader *r, const char *text, bool key)
{
	const struct unshown *u = r->source->unshown;
	struct open *open = r->depth ? &r->open[r->depth - 1] : NULL;

	if (!key)
		return !unshown_is_name(u, text) &&
		       (shown_as(r) != VALUE_SHOWN || unshown_text(text, strlen(text)));
	open->next = open->below == VALUE_UNSHOWN
			 ? VALUE_UNSHOWN
			 : unshown_value(u, text, open->below == VALUE_HOLDER);
	return is_key_unshown(open, text);
}

/* The lines of an event; a text of several lines ends at the beginning of the next. */
static void add_unshown(struct reader *r, const yaml_event_t *event)
{
	const yaml_mark_t *first = &event->start_mark, *end = &event->end_mark;
	bool beyond = end->column == 0 && end->line > first->line;

	unshown_add(r->source->unshown, r->source, (unsigned)first->line + 1,
	    (unsigned)end->line + !beyond);
}

/* Every refusal goes through here: no tree is handed out after one. */
static struct report *refused(struct reader *r)
{
	r->failed = true;
	return r->report;
}

static struct place place_of_event(const struct reader *r, const yaml_event_t *event)
{
	return yaml_place(r->source, event->start_mark);
}

static const struct open *top(const struct reader *r)
{
	return r->depth ? &r->open[r->depth - 1] : NULL;
}

static struct node *new_node(
    struct reader *r, const yaml_event_t *event, enum node_type type)
{
	struct place place = place_of_event(r, event);
	struct finding *f;
	struct node *node;

	if (++r->nodes > r->limits.nodes) {
		f = report_add(refused(r), SEVERITY_ERROR, "yaml-nodes", &place,
		    "the file has more than %zu values", r->limits.nodes);
		report_fix(r->report, f, "split it over several files");
		return NULL;
	}
	node = arena_alloc(r->report->arena, sizeof(*node));
	node->type = type;
	node->place = place;
	return node;
}

static void check_key(struct reader *r, const struct node *key)
{
	struct finding *f;

	if (key->type == NODE_SCALAR && *key->text)
		return;
	f = report_add(refused(r), SEVERITY_ERROR, "yaml-key", &key->place,
	    key->type == NODE_LIST || key->type == NODE_MAP
		? "a key must be a text, not %s"
		: "a key is missing before ':'",
	    node_what(key));
	if (key->type == NODE_MAP)
		report_fix(r->report, f,
		    "templates (\"{{ NAME }}\") are not filled in: write the value");
	else
		report_fix(r->report, f, "write it as in \"key: value\"");
}

/* Puts a new node where it belongs: at the top, in the open list, as key or as value. */
static void attach(struct reader *r, struct node *node)
{
	struct open *open = r->depth ? &r->open[r->depth - 1] : NULL;
	struct arena *a = r->report->arena;
	size_t count;

	if (!open) {
		r->root = node;
		return;
	}
	if (open->node->type == NODE_MAP && !open->key) {
		open->key = node;
		check_key(r, node);
		return;
	}
	count = open->node->count;
	if (open->node->type == NODE_MAP && open->key->type == NODE_SCALAR)
		*(struct node **)arena_push(a, &open->node->keys, &count, sizeof(node)) =
		    open->key;
	if (open->node->type == NODE_LIST || open->key->type == NODE_SCALAR)
		*(struct node **)arena_push(
		    a, &open->node->items, &open->node->count, sizeof(node)) = node;
	open->key = NULL;
}

static bool is_key(const struct reader *r)
{
	const struct open *open = top(r);

	return open && open->node->type == NODE_MAP && !open->key;
}

static void add_anchor(struct reader *r, const char *name, const struct node *node)
{
	struct anchor *anchor =
	    arena_push(r->report->arena, &r->anchors, &r->anchor_count, sizeof(*anchor));

	*anchor = (struct anchor){ arena_copy(r->report->arena, name), node,
		node->type == NODE_LIST || node->type == NODE_MAP };
}

/* Of several of one name the last counts. */
static const struct anchor *find_anchor(const struct reader *r, const char *name)
{
	for (size_t i = r->anchor_count; i-- > 0;)
		if (strcmp(r->anchors[i].name, name) == 0)
			return r->anchors[i].open ? NULL : &r->anchors[i];
	return NULL;
}

static void take_marks(struct reader *r, const yaml_event_t *event, struct node *node,
    const yaml_char_t *anchor, const yaml_char_t *tag)
{
	struct place place = place_of_event(r, event);
	struct finding *f;

	if (anchor && r->limits.foreign) {
		add_anchor(r, (const char *)anchor, node);
	} else if (anchor) {
		f = report_add(refused(r), SEVERITY_ERROR, "yaml-anchor", &place,
		    "a YAML anchor stands here; these are not supported");
		report_fix(r->report, f,
		    "remove it and write out what it stands for in each place, or put the text in quotes if it begins with '&'");
	}
	if (tag && r->limits.foreign && node->type == NODE_SCALAR &&
	    strcmp((const char *)tag, YAML_STR_TAG) == 0)
		return;
	if (tag) {
		f = report_add(refused(r), SEVERITY_ERROR, "yaml-tag", &place,
		    "a YAML tag stands here; these are not supported");
		report_fix(r->report, f,
		    "remove it, or put the text in quotes if it begins with '!'");
	}
}

/* A copy of what an anchor stands before; NULL after an error: too many. */
static struct node *copy_node(
    struct reader *r, const yaml_event_t *event, const struct node *from)
{
	struct node *node = new_node(r, event, from->type);
	struct arena *a = r->report->arena;

	if (!node)
		return NULL;
	node->quoted = from->quoted;
	node->unshown = from->unshown;
	node->text = arena_copy(a, from->text);
	for (size_t i = 0; i < from->count; i++) {
		size_t count = node->count;
		struct node *item = copy_node(r, event, from->items[i]);

		if (!item)
			return NULL;
		if (from->type == NODE_MAP)
			*(struct node **)arena_push(
			    a, &node->keys, &count, sizeof(item)) = from->keys[i];
		*(struct node **)arena_push(a, &node->items, &node->count, sizeof(item)) =
		    item;
	}
	return node;
}

static bool is_merge(const struct reader *r)
{
	const struct open *open = top(r);

	return open && open->key && open->key->text && strcmp(open->key->text, "<<") == 0;
}

static void refuse_alias(struct reader *r, const struct place *place)
{
	struct finding *f;

	if (!r->limits.foreign && is_merge(r)) {
		f = report_add(refused(r), SEVERITY_ERROR, "yaml-alias", place,
		    "a YAML merge key (<<) stands here; these are not supported");
		report_fix(r->report, f, "write its keys out in each place");
		return;
	}
	f = report_add(refused(r), SEVERITY_ERROR, "yaml-alias", place,
	    r->limits.foreign
		? "a YAML alias stands here, and no anchor of its name before it"
		: "a YAML alias stands here; these are not supported");

	report_fix(r->report, f,
	    "write the value out, or put the text in quotes if it begins with '*'");
}

static bool on_alias(struct reader *r, const yaml_event_t *event)
{
	const struct anchor *anchor =
	    find_anchor(r, (const char *)event->data.alias.anchor);
	struct node *node =
	    anchor ? copy_node(r, event, anchor->node) : new_node(r, event, NODE_NULL);

	if (!node)
		return false;
	if (anchor) {
		attach(r, node);
		return true;
	}
	refuse_alias(r, &node->place);
	if (is_key(r)) /* said already; not to be said once more as a missing key */
		*node = (struct node){
			.type = NODE_SCALAR, .place = node->place, .text = "*"
		};
	attach(r, node);
	return true;
}

static bool is_null(const char *text, size_t length)
{
	return length == 0 || (length == 1 && *text == '~') ||
	       (length == 4 && memcmp(text, "null", 4) == 0);
}

static void check_scalar(
    struct reader *r, const struct place *place, const char *text, size_t length)
{
	long control = text_control(text, length, true);
	struct finding *f;
	uint32_t code = 0;

	if (control >= 0) { /* written as an escape */
		text_character(text + control, length - (size_t)control, &code);
		yaml_refuse_character(refused(r), place, code);
	}
	if (length > r->limits.scalar) {
		f = report_add(refused(r), SEVERITY_ERROR, "yaml-text", place,
		    "the text has %zu bytes; %zu are allowed", length, r->limits.scalar);
		report_fix(
		    r->report, f, "shorten it, or close the quote where it should end");
	}
}

static bool on_scalar(struct reader *r, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	size_t length = event->data.scalar.length;
	bool quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	bool tagged = r->limits.foreign && event->data.scalar.tag;
	bool null = !quoted && !tagged && is_null(text, length) && !(is_key(r) && length);
	struct node *node = new_node(r, event, null ? NODE_NULL : NODE_SCALAR);

	if (!node)
		return false;
	check_scalar(r, &node->place, text, length);
	node->quoted = quoted || tagged;
	if (!null)
		node->text = arena_copy_n(r->report->arena, text, length);
	node->unshown = !null && is_unshown(r, node->text, is_key(r));
	if (node->unshown)
		add_unshown(r, event);
	take_marks(r, event, node, event->data.scalar.anchor, event->data.scalar.tag);
	attach(r, node);
	return true;
}

static bool on_start(struct reader *r, const yaml_event_t *event, enum node_type type)
{
	struct node *node = new_node(r, event, type);
	enum unshown_value below;
	struct finding *f;

	if (!node)
		return false;
	if (type == NODE_MAP)
		take_marks(r, event, node, event->data.mapping_start.anchor,
		    event->data.mapping_start.tag);
	else
		take_marks(r, event, node, event->data.sequence_start.anchor,
		    event->data.sequence_start.tag);
	if (r->depth == YAML_MAX_DEPTH) { /* going on would cost quadratic time */
		f = report_add(refused(r), SEVERITY_ERROR, "yaml-depth", &node->place,
		    "lists and maps are nested deeper than %d", YAML_MAX_DEPTH);
		report_fix(r->report, f, "nothing here needs more; remove a level");
		return false;
	}
	below = shown_as(r);
	if (type == NODE_LIST && below == VALUE_HOLDER)
		below = VALUE_UNSHOWN;
	attach(r, node);
	r->open[r->depth++] = (struct open){ .node = node, .below = below };
	return true;
}

static int compare_keys(const void *x, const void *y)
{
	const struct node *a = *(struct node *const *)x, *b = *(struct node *const *)y;
	int order = strcmp(a->text, b->text);

	if (order)
		return order;
	if (a->place.line != b->place.line)
		return a->place.line < b->place.line ? -1 : 1;
	return a->place.column < b->place.column ? -1 : 1;
}

static void check_duplicates(struct reader *r, const struct node *map)
{
	struct node **sorted, *first;
	struct finding *f;

	if (map->count < 2)
		return;
	sorted = must_alloc(map->count * sizeof(struct node *));
	memcpy(sorted, map->keys, map->count * sizeof(struct node *));
	qsort(sorted, map->count, sizeof(struct node *), compare_keys);
	first = sorted[0];
	for (size_t i = 1; i < map->count; i++) {
		if (strcmp(sorted[i]->text, first->text) != 0) {
			first = sorted[i];
			continue;
		}
		f = report_add(refused(r), SEVERITY_ERROR, "yaml-duplicate-key",
		    &sorted[i]->place, "this key stands already in %s:%u:%u",
		    r->source->name, first->place.line, first->place.column);
		report_fix(r->report, f, "remove one of the two");
	}
	free(sorted);
}

static bool on_end(struct reader *r)
{
	const struct node *node = r->open[--r->depth].node;

	for (size_t i = r->anchor_count; i-- > 0;)
		if (r->anchors[i].node == node)
			r->anchors[i].open = false;
	if (node->type == NODE_MAP)
		check_duplicates(r, node);
	return true;
}

static bool on_document(struct reader *r, const yaml_event_t *event)
{
	struct place place = place_of_event(r, event);
	struct finding *f;

	if (!r->root)
		return true;
	f = report_add(refused(r), SEVERITY_ERROR, "yaml-documents", &place,
	    "a second document begins here; a file holds one");
	report_fix(r->report, f, "put what follows in a file of its own");
	return false;
}

/* Takes one event in; false when there is nothing more to read. */
static bool on_event(struct reader *r, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		return on_document(r, event);
	case YAML_ALIAS_EVENT:
		return on_alias(r, event);
	case YAML_SCALAR_EVENT:
		return on_scalar(r, event);
	case YAML_SEQUENCE_START_EVENT:
		return on_start(r, event, NODE_LIST);
	case YAML_MAPPING_START_EVENT:
		return on_start(r, event, NODE_MAP);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return on_end(r);
	case YAML_STREAM_END_EVENT:
		return false;
	default:
		return true;
	}
}

static void read_events(struct reader *r)
{
	size_t bom = yaml_bom_length(r->source);
	yaml_parser_t parser;
	unsigned line = 1;
	yaml_event_t event;
	bool more = true, ended = false;

	if (!yaml_parser_initialize(&parser))
		abort();
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser,
	    (const unsigned char *)r->source->text + bom, r->source->length - bom);
	while (more && yaml_parser_parse(&parser, &event)) {
		line = (unsigned)event.start_mark.line + 1;
		ended = event.type == YAML_STREAM_END_EVENT;
		more = on_event(r, &event);
		yaml_event_delete(&event);
	}
	if (!ended)
		unshown_add_rest(r->source->unshown, r->source, line);
	if (more)
		yaml_refuse_syntax(refused(r), r->source, &parser);
	yaml_parser_delete(&parser);
}

static void check_empty(struct reader *r)
{
	struct place place = { r->source, 1, 1 };
	struct finding *f;

	if (r->failed || (r->root && r->root->type != NODE_NULL))
		return;
	f = report_add(refused(r), SEVERITY_ERROR, "yaml-empty", &place,
	    "the file is empty, and an empty file never means \"remove everything\"");
	report_fix(r->report, f, "fill it in again, or delete the file");
}

struct node *yaml_parse(const struct source_text *source,
    const struct yaml_limits *limits, struct report *report)
{
	struct reader r = { .source = source, .report = report };

	r.limits.bytes = limits && limits->bytes ? limits->bytes : YAML_MAX_BYTES;
	r.limits.nodes = limits && limits->nodes ? limits->nodes : YAML_MAX_NODES;
	r.limits.foreign = limits && limits->foreign;
	r.limits.scalar = limits && limits->scalar ? limits->scalar : YAML_MAX_SCALAR;
	if (!yaml_check_text(report, source, r.limits.bytes)) {
		unshown_add_rest(source->unshown, source, 1);
		return NULL;
	}
	read_events(&r);
	check_empty(&r);
	return r.failed ? NULL : r.root;
}
