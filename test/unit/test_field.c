/* SPDX-License-Identifier: MIT */
/* Unit tests of field: decoding by table, defaults, comparing, text, JSON and schema. */
#include <stdlib.h>
#include <string.h>

#include "lib/doc/json.h"
#include "lib/doc/yaml.h"
#include "lib/model/field.h"

#include <check.h>

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))
#define MIB ((int64_t)1 << 20)

struct part {
	struct record record;
	struct ip ip;
	int64_t weight;
};

struct sample {
	struct record record;
	const char *text, *label, *name, *host, *path, *uri;
	bool on;
	int64_t count, size, wait;
	int word;
	struct mac mac;
	struct ip ip;
	struct cidr cidr;
	struct ranges ranges;
	struct texts some;
	struct part part;
	struct part bare;
	struct list parts;
	struct window window;
};

static const char *const words[] = { "running", "stopped", NULL };
static const char *const uri_words[] = { "auto", NULL };

static const struct field part_rows[] = {
	{ "ip", FIELD_IP, at(struct part, ip), FIELD_COMPARED | FIELD_NEEDED,
	    .help = "An address.", .example = "192.0.2.1" },
	{ "weight", FIELD_INT, at(struct part, weight), FIELD_COMPARED, .fallback = "7" },
	{ 0 },
};
static const struct fields part_fields = { part_rows, sizeof(struct part) };

static const struct field bare_rows[] = {
	{ "ip", FIELD_IP, at(struct part, ip), FIELD_COMPARED, .help = NULL },
	{ 0 },
};
static const struct fields bare_fields = { bare_rows, sizeof(struct part) };

static const struct field rows[] = {
	{ "text", FIELD_STRING, at(struct sample, text), FIELD_COMPARED, .help = NULL },
	{ "label", FIELD_LABEL, at(struct sample, label), FIELD_COMPARED, .help = NULL },
	{ "name", FIELD_NAME, at(struct sample, name), FIELD_COMPARED, .help = NULL },
	{ "host", FIELD_HOSTNAME, at(struct sample, host), FIELD_COMPARED, .help = NULL },
	{ "path", FIELD_PATH, at(struct sample, path), FIELD_COMPARED, .help = NULL },
	{ "uri", FIELD_URI, at(struct sample, uri), FIELD_COMPARED, .words = uri_words },
	{ "on", FIELD_BOOL, at(struct sample, on), FIELD_COMPARED, .fallback = "true" },
	{ "count", FIELD_INT, at(struct sample, count), FIELD_COMPARED, .minimum = 1,
	    .maximum = 512, .example = "4" },
	{ "size", FIELD_SIZE, at(struct sample, size), FIELD_COMPARED,
	    .minimum = 1 << 20 },
	{ "wait", FIELD_DURATION, at(struct sample, wait), FIELD_COMPARED | FIELD_ZERO_OK,
	    .minimum = 1000, .maximum = 60000 },
	{ "word", FIELD_WORD, at(struct sample, word), FIELD_COMPARED, .words = words },
	{ "mac", FIELD_MAC, at(struct sample, mac), FIELD_COMPARED, .help = NULL },
	{ "ip", FIELD_IP, at(struct sample, ip), FIELD_COMPARED, .help = NULL },
	{ "cidr", FIELD_CIDR, at(struct sample, cidr), FIELD_COMPARED, .help = NULL },
	{ "ranges", FIELD_RANGES, at(struct sample, ranges), FIELD_COMPARED,
	    .help = NULL },
	{ "some", FIELD_WORDS, at(struct sample, some), FIELD_COMPARED, .words = words },
	{ "part", FIELD_GROUP, at(struct sample, part), FIELD_COMPARED,
	    .group = &part_fields },
	{ "bare", FIELD_GROUP, at(struct sample, bare), FIELD_COMPARED,
	    .group = &bare_fields },
	{ "parts", FIELD_LIST, at(struct sample, parts), FIELD_COMPARED,
	    .group = &part_fields },
	{ "window", FIELD_WINDOW, at(struct sample, window), .help = NULL },
	{ 0 },
};
static const struct fields sample_fields = { rows, sizeof(struct sample) };

/* One decoding: the text, the record, and what was said. */
struct load {
	struct arena arena;
	struct source_text source;
	struct report report;
	struct sample sample;
	size_t errors;
};

static void load(struct load *l, const char *yaml)
{
	struct node *root;

	*l = (struct load){ .source = {
				.name = "t", .text = yaml, .length = strlen(yaml) } };
	l->report.arena = &l->arena;
	root = yaml_parse(&l->source, NULL, &l->report);
	ck_assert_msg(root != NULL, "no YAML: %s", yaml);
	l->errors = field_decode(&sample_fields, root, &l->sample, &l->report);
	report_sort(&l->report);
}

/* "id at line:col; id at line:col" */
static const char *said(struct load *l)
{
	const char *text = "";

	for (size_t i = 0; i < l->report.count; i++) {
		const struct finding *f = &l->report.findings[i];

		text = arena_printf(&l->arena, "%s%s%s at %u:%u", text, i ? "; " : "",
		    f->id, f->place.line, f->place.column);
	}
	return text;
}

/* What a value of one key becomes, as JSON; or the errors and a part of their text. */
static const struct {
	const char *what, *yaml;
	const char *json; /* of that key alone; NULL: refused */
	const char *said; /* refused: ids and places */
	const char *text; /* refused: in the first finding's text or fix */
} values[] = {
	{ "text", "text: hello there", "\"hello there\"", NULL, NULL },
	{ "a number where a text is due", "text: 1.30", "\"1.30\"", NULL, NULL },
	{ "no is a text there", "text: no", "\"no\"", NULL, NULL },
	{ "empty text", "text: ''", NULL, "bad-value at 1:7", "a text" },
	{ "text left empty", "text:", NULL, "wrong-type at 1:6", "leave the key out" },
	{ "text null", "text: null", NULL, "wrong-type at 1:7", "nothing is written" },
	{ "text list", "text: [a]", NULL, "wrong-type at 1:7", "this is a list" },
	{ "text map", "text: {a: b}", NULL, "wrong-type at 1:7", "this is a map" },
	{ "some words", "some: [stopped, running]", "[\"stopped\",\"running\"]", NULL,
	    NULL },
	{ "no words", "some: []", "[]", NULL, NULL },
	{ "one word that is no list", "some: running", NULL, "wrong-type at 1:7",
	    "write \"some: [running]\"" },
	{ "another word among them", "some: [running, going]", NULL, "bad-value at 1:17",
	    "a list of running or stopped" },
	{ "label", "label: worker-1", "\"worker-1\"", NULL, NULL },
	{ "label upper case", "label: Worker", NULL, "bad-value at 1:8", "\"Worker\"" },
	{ "label with dot", "label: a.b", NULL, "bad-value at 1:8", "a name" },
	{ "name", "name: My_net.1", "\"My_net.1\"", NULL, NULL },
	{ "name with blank", "name: my net", NULL, "bad-value at 1:7", "my net" },
	{ "name with slash", "name: a/b", NULL, "bad-value at 1:7", "a/b" },
	{ "host", "host: a.lan", "\"a.lan\"", NULL, NULL },
	{ "host newline", "host: \"a\\nb\"", NULL, "bad-value at 1:7", "host name" },
	{ "path", "path: /var/x", "\"\\/var\\/x\"", NULL, NULL },
	{ "path relative", "path: var/x", NULL, "bad-value at 1:7", "absolute" },
	{ "path with ..", "path: /var/../x", NULL, "bad-value at 1:7", "absolute" },
	{ "path ending in .", "path: /var/.", NULL, "bad-value at 1:7", "absolute" },
	{ "path with dots in names", "path: /a..b/.c", "\"\\/a..b\\/.c\"", NULL, NULL },
	{ "uri", "uri: qemu+unix:///system", "\"qemu+unix:\\/\\/\\/system\"", NULL,
	    NULL },
	{ "uri word", "uri: auto", "\"auto\"", NULL, NULL },
	{ "uri of a user", "uri: qemu+ssh://me@host:22/system?a=b:c@d",
	    "\"qemu+ssh:\\/\\/me@host:22\\/system?a=b:c@d\"", NULL, NULL },
	{ "uri with a password", "uri: qemu+ssh://me:canary@host/system", NULL,
	    "bad-value at 1:6", "has a password in it" },
	{ "uri with a password, of no scheme", "uri: Q+ssh://me:canary@host/system", NULL,
	    "bad-value at 1:6", "has a password in it" },
	{ "uri without scheme", "uri: system", NULL, "bad-value at 1:6", "or auto" },
	{ "true", "on: true", "true", NULL, NULL },
	{ "false", "on: false", "false", NULL, NULL },
	{ "yes", "on: yes", NULL, "bad-value at 1:5", "write true" },
	{ "off", "on: off", NULL, "bad-value at 1:5", "write false" },
	{ "True", "on: True", NULL, "bad-value at 1:5", "write true" },
	{ "1 is not true", "on: 1", NULL, "bad-value at 1:5", "true or false" },
	{ "quoted true", "on: \"true\"", NULL, "wrong-type at 1:5",
	    "write true without quotes" },
	{ "int", "count: 4", "4", NULL, NULL },
	{ "int least", "count: 1", "1", NULL, NULL },
	{ "int most", "count: 512", "512", NULL, NULL },
	{ "int too small", "count: 0", NULL, "out-of-range at 1:8", "from 1 to 512" },
	{ "int too large", "count: 513", NULL, "out-of-range at 1:8", "\"513\"" },
	{ "int negative", "count: -4", NULL, "out-of-range at 1:8", "from 1" },
	{ "int huge", "count: 99999999999999999999", NULL, "out-of-range at 1:8", "999" },
	{ "int octal", "count: 010", NULL, "bad-value at 1:8", "leave out the zeros" },
	{ "int hex", "count: 0x10", NULL, "bad-value at 1:8", "0x10" },
	{ "int fraction", "count: 1.5", NULL, "bad-value at 1:8", "whole number" },
	{ "int underscore", "count: 1_0", NULL, "bad-value at 1:8", "1_0" },
	{ "int quoted", "count: \"5\"", NULL, "wrong-type at 1:8",
	    "write 5 without quotes" },
	{ "int word", "count: four", NULL, "bad-value at 1:8", "four" },
	{ "int minus", "count: '-'", NULL, "wrong-type at 1:8", "whole number" },
	{ "size", "size: 8GiB", "\"8GiB\"", NULL, NULL },
	{ "size quoted", "size: \"512MiB\"", "\"512MiB\"", NULL, NULL },
	{ "size in bytes", "size: 1048576", "\"1MiB\"", NULL, NULL },
	{ "size without unit", "size: 8", NULL, "out-of-range at 1:7", "as in \"8GiB\"" },
	{ "size zero", "size: 0", NULL, "out-of-range at 1:7", "\"0\"" },
	{ "size below", "size: 4KiB", NULL, "out-of-range at 1:7", "at least 1MiB" },
	{ "size nonsense", "size: big", NULL, "bad-value at 1:7", "a size" },
	{ "duration", "wait: 30s", "\"30s\"", NULL, NULL },
	{ "duration zero", "wait: 0s", "\"0s\"", NULL, NULL },
	{ "duration above", "wait: 2m", NULL, "out-of-range at 1:7", "from 1s to 1m" },
	{ "duration without unit", "wait: 30", NULL, "bad-value at 1:7", "time" },
	{ "word", "word: stopped", "\"stopped\"", NULL, NULL },
	{ "word misspelt", "word: runing", NULL, "bad-value at 1:7",
	    "did you mean \"running\"?" },
	{ "word unknown", "word: xyz", NULL, "bad-value at 1:7", "running or stopped" },
	{ "mac", "mac: 52:54:00:12:34:56", "\"52:54:00:12:34:56\"", NULL, NULL },
	{ "mac quoted", "mac: \"52:54:00:AB:34:56\"", "\"52:54:00:ab:34:56\"", NULL,
	    NULL },
	{ "mac short", "mac: 52:54:00:12:34", NULL, "bad-value at 1:6", "MAC" },
	{ "ip", "ip: 192.0.2.7", "\"192.0.2.7\"", NULL, NULL },
	{ "ip out of range", "ip: 192.0.2.300", NULL, "bad-value at 1:5", "300" },
	{ "cidr", "cidr: 192.0.2.1/24", "\"192.0.2.1\\/24\"", NULL, NULL },
	{ "cidr without prefix", "cidr: 192.0.2.1", NULL, "bad-value at 1:7", "prefix" },
	{ "ranges", "ranges: [192.0.2.1-192.0.2.5, 192.0.2.8/30]",
	    "[\"192.0.2.1-192.0.2.5\",\"192.0.2.8-192.0.2.11\"]", NULL, NULL },
	{ "ranges in no order", "ranges: [192.0.2.9/32, 192.0.2.2/32, 192.0.2.5/32]",
	    "[\"192.0.2.2\",\"192.0.2.5\",\"192.0.2.9\"]", NULL, NULL },
	{ "ranges empty", "ranges: []", "[]", NULL, NULL },
	{ "ranges no list", "ranges: 192.0.2.1-192.0.2.5", NULL, "wrong-type at 1:9",
	    "a list of address ranges" },
	{ "ranges null", "ranges:", NULL, "wrong-type at 1:8", "nothing" },
	{ "ranges: two bad items", "ranges: [192.0.2.1, {a: b}]", NULL,
	    "bad-value at 1:10; wrong-type at 1:21", "192.0.2.1" },
	{ "group", "part: {ip: 192.0.2.9}", "{\"ip\":\"192.0.2.9\",\"weight\":7}", NULL,
	    NULL },
	{ "group without what it needs", "part: {weight: 1}", NULL, "missing-key at 1:7",
	    "add \"ip: 192.0.2.1\"" },
	{ "group empty is written", "part:", NULL, "missing-key at 1:6",
	    "ip is missing" },
	{ "group as text", "part: x", NULL, "wrong-type at 1:7", "a map" },
	{ "group with unknown key", "part: {ip: 192.0.2.1, weigth: 1}", NULL,
	    "unknown-key at 1:23", "did you mean \"weight\"?" },
	{ "list", "parts: [{ip: 192.0.2.1}, {ip: 192.0.2.2, weight: 1}]",
	    "[{\"ip\":\"192.0.2.1\",\"weight\":7},{\"ip\":\"192.0.2.2\",\"weight\":1}]",
	    NULL, NULL },
	{ "list null is empty", "parts:", "[]", NULL, NULL },
	{ "list as map", "parts: {ip: 192.0.2.1}", NULL, "wrong-type at 1:8", "a map" },
	{ "list item as text", "parts: [a]", NULL, "wrong-type at 1:9",
	    "a list of maps" },
	{ "list item null", "parts: [~]", NULL, "wrong-type at 1:9", "nothing" },
	{ "window", "window: Sun 02:00-05:00", "\"Sun 02:00-05:00\"", NULL, NULL },
	{ "window without days", "window: 02:00-05:00", NULL, "bad-value at 1:9",
	    "\"daily 02:00-05:00\"" },
	{ "window of a whole name", "window: Sunday 02:00-05:00", NULL,
	    "bad-value at 1:9", "\"Sun 02:00-05:00\"" },
	{ "two errors in a list", "parts: [{ip: x}, {ip: y}]", NULL,
	    "bad-value at 1:14; bad-value at 1:23", "\"x\"" },
	{ "unknown key", "cuont: 4", NULL, "unknown-key at 1:1",
	    "did you mean \"count\"?" },
	{ "unknown key, nothing near", "zzzzzz: 4", NULL, "unknown-key at 1:1",
	    "the keys known here are: text, label, name" },
	{ "no map", "[a]", NULL, "wrong-type at 1:1", "keys with values" },
};

START_TEST(value_rows)
{
	struct load l;
	autojson struct json_object *o = NULL;
	char key[16] = "";
	const char *yaml = values[_i].yaml;
	const char *json;

	load(&l, yaml);
	memcpy(key, yaml, strcspn(yaml, ":"));
	o = field_json(&sample_fields, &l.sample);
	json = json_object_to_json_string_ext(
	    json_object_object_get(o, key), JSON_C_TO_STRING_PLAIN);
	if (values[_i].json) {
		ck_assert_msg(!l.errors, "%s: %s", values[_i].what, said(&l));
		ck_assert_msg(
		    strcmp(json, values[_i].json) == 0, "%s: %s", values[_i].what, json);
	} else {
		const struct finding *f = l.report.findings;

		ck_assert_msg(strcmp(said(&l), values[_i].said) == 0, "%s: said %s",
		    values[_i].what, said(&l));
		ck_assert_uint_eq(l.errors, l.report.count);
		ck_assert_msg(!values[_i].text || strstr(f->text, values[_i].text) ||
				  (f->fix && strstr(f->fix, values[_i].text)),
		    "%s: %s / %s", values[_i].what, f->text, f->fix);
	}
	arena_done(&l.arena);
}
END_TEST

START_TEST(defaults)
{
	struct load l;
	struct sample s = { 0 };

	load(&l, "count: 2");
	ck_assert_uint_eq(l.errors, 0);
	ck_assert(l.sample.on && field_has(&sample_fields, &l.sample, "on"));
	ck_assert(!field_has(&sample_fields, &l.sample, "text"));
	/* A group with a default inside is there without being written... */
	ck_assert(field_has(&sample_fields, &l.sample, "part"));
	ck_assert_int_eq(l.sample.part.weight, 7);
	ck_assert(field_has(&part_fields, &l.sample.part, "weight"));
	ck_assert(!field_has(&part_fields, &l.sample.part, "ip"));
	/* ...one without any is not. */
	ck_assert(!field_has(&sample_fields, &l.sample, "bare"));
	field_defaults(&sample_fields, &s, &l.arena);
	ck_assert(s.on && s.part.weight == 7);
	ck_assert(
	    s.record.has == (l.sample.record.has & ~field_bit(&sample_fields, "count")));
	arena_done(&l.arena);
}
END_TEST

START_TEST(error_leaves_no_bit)
{
	struct load l;

	load(&l, "on: yes\npart: [1]\ncount: 0\nsize: 4MiB\n");
	ck_assert_uint_eq(l.errors, 3);
	ck_assert(!field_has(&sample_fields, &l.sample, "on"));
	ck_assert(!field_has(&sample_fields, &l.sample, "part"));
	ck_assert(!field_has(&sample_fields, &l.sample, "count"));
	ck_assert(field_has(&sample_fields, &l.sample, "size"));
	ck_assert_int_eq(l.sample.size, 4 * MIB);
	arena_done(&l.arena);
}
END_TEST

START_TEST(places)
{
	struct load l;
	const struct place *place;
	struct sample none = { 0 };

	load(&l, "text: a\npart:\n  ip: 192.0.2.1\n");
	place = field_place(&l.sample.part, "ip");
	ck_assert_uint_eq(place->line, 3);
	ck_assert_uint_eq(place->column, 7);
	place = field_place(&l.sample, "count"); /* not written: the record */
	ck_assert_uint_eq(place->line, 1);
	ck_assert(field_place(&none, "count") == NULL);
	arena_done(&l.arena);
}
END_TEST

/* Differences as "field want have; ...". */
static const struct {
	const char *what, *want, *have, *says;
} compares[] = {
	{ "nothing desired", "{}", "text: a\ncount: 3\n", "" },
	{ "the same", "text: a\nsize: 1024KiB\nword: running\n",
	    "text: a\nsize: 1MiB\nword: running\n", "" },
	{ "text", "text: a", "text: b", "text a b" },
	{ "not there", "text: a", "{}", "text a -" },
	{ "bool", "on: false", "on: true", "on false true" },
	{ "int", "count: 4", "count: 5", "count 4 5" },
	{ "size", "size: 4GiB", "size: 2GiB", "size 4GiB 2GiB" },
	{ "word", "word: running", "word: stopped", "word running stopped" },
	{ "mac", "mac: 52:54:00:00:00:01", "mac: 52:54:00:00:00:02",
	    "mac 52:54:00:00:00:01 52:54:00:00:00:02" },
	{ "mac in another case", "mac: 52:54:00:00:00:aa", "mac: 52:54:00:00:00:AA", "" },
	{ "prefix", "cidr: 192.0.2.1/24", "cidr: 192.0.2.1/25",
	    "cidr 192.0.2.1/24 192.0.2.1/25" },
	{ "ranges as sets", "ranges: [192.0.2.0/31, 192.0.2.2/31]",
	    "ranges: [192.0.2.0-192.0.2.3]", "" },
	{ "ranges", "ranges: [192.0.2.0/31]", "ranges: [192.0.2.0/32]",
	    "ranges 192.0.2.0-192.0.2.1 192.0.2.0" },
	{ "inside a group", "part: {ip: 192.0.2.1}", "part: {ip: 192.0.2.2}",
	    "part.ip 192.0.2.1 192.0.2.2" },
	{ "group not there", "bare: {ip: 192.0.2.1}", "{}", "bare.ip 192.0.2.1 -" },
	{ "in a list", "parts: [{ip: 192.0.2.1}, {ip: 192.0.2.2}]",
	    "parts: [{ip: 192.0.2.1}, {ip: 192.0.2.3, weight: 8}]",
	    "parts[1].ip 192.0.2.2 192.0.2.3; parts[1].weight 7 8" },
	{ "list too short", "parts: [{ip: 192.0.2.1}]", "parts: []",
	    "parts[0].ip 192.0.2.1 -; parts[0].weight 7 -" },
	{ "list too long", "parts: []", "parts: [{ip: 192.0.2.1}]",
	    "parts[0] none one more" },
};

START_TEST(compare_rows)
{
	struct load want, have;
	struct differences d = { 0 };
	const char *says = "";

	load(&want, compares[_i].want);
	load(&have, compares[_i].have);
	ck_assert(!want.errors && !have.errors);
	field_compare(&sample_fields, &want.sample, &have.sample, &want.arena, &d);
	for (size_t i = 0; i < d.count; i++)
		says = arena_printf(&want.arena, "%s%s%s %s %s", says, i ? "; " : "",
		    d.items[i].field, d.items[i].want,
		    d.items[i].have ? d.items[i].have : "-");
	ck_assert_msg(
	    strcmp(says, compares[_i].says) == 0, "%s: %s", compares[_i].what, says);
	arena_done(&want.arena);
	arena_done(&have.arena);
}
END_TEST

START_TEST(texts_by_path)
{
	struct load l;

	load(&l, "size: 2GiB\npart: {ip: 192.0.2.1}\n");
	ck_assert_str_eq(
	    field_text_at(&l.arena, &sample_fields, &l.sample, "size"), "2GiB");
	ck_assert_str_eq(
	    field_text_at(&l.arena, &sample_fields, &l.sample, "part.ip"), "192.0.2.1");
	ck_assert(!field_text_at(&l.arena, &sample_fields, &l.sample, "count"));
	ck_assert(!field_text_at(&l.arena, &sample_fields, &l.sample, "part.nothing"));
	ck_assert(!field_text_at(&l.arena, &sample_fields, &l.sample, "size.more"));
	ck_assert(!field_text_at(&l.arena, &sample_fields, &l.sample, "siz"));
	ck_assert(!field_text_at(&l.arena, &sample_fields, &l.sample, "part"));
	arena_done(&l.arena);
}
END_TEST

START_TEST(a_flood_is_only_counted)
{
	autotext struct text yaml = { 0 };
	struct load l;

	for (int i = 0; i < 3000; i++)
		text_add(&yaml, "key%d: 1\n", i);
	load(&l, text_get(&yaml));
	ck_assert_uint_eq(l.errors, 3000);
	ck_assert_uint_eq(l.report.errors, 50);
	ck_assert_uint_eq(l.report.not_shown, 2950);
	ck_assert_msg(l.arena.bytes < 2000000, "%zu bytes", l.arena.bytes);
	arena_done(&l.arena);
}
END_TEST

static const struct {
	const char *what, *path, *json;
} schemas[] = {
	{ "closed", "additionalProperties", "false" },
	{ "type", "type", "\"object\"" },
	{ "int", "properties.count",
	    "{\"type\":\"integer\",\"minimum\":1,\"maximum\":512}" },
	{ "bool with default", "properties.on",
	    "{\"type\":\"boolean\",\"default\":true}" },
	{ "words", "properties.word", "{\"enum\":[\"running\",\"stopped\"]}" },
	{ "some of the words", "properties.some",
	    "{\"type\":\"array\",\"items\":{\"enum\":[\"running\",\"stopped\"]},"
	    "\"uniqueItems\":true}" },
	{ "needed inside a group", "properties.part.required", "[\"ip\"]" },
	{ "default number", "properties.part.properties.weight.default", "7" },
	{ "help", "properties.part.properties.ip.description", "\"An address.\"" },
	{ "list", "properties.parts.items.additionalProperties", "false" },
	{ "nothing needed", "required", "null" },
};

START_TEST(schema_rows)
{
	autojson struct json_object *o = field_schema(&sample_fields);
	const char *json = json_object_to_json_string_ext(
	    json_at(o, schemas[_i].path), JSON_C_TO_STRING_PLAIN);

	ck_assert_msg(
	    strcmp(json, schemas[_i].json) == 0, "%s: %s", schemas[_i].what, json);
}
END_TEST

START_TEST(every_type_has_a_schema)
{
	autojson struct json_object *o = field_schema(&sample_fields);

	for (const struct field *f = rows; f->key; f++) {
		autotext struct text path = { 0 };

		text_add(&path, "properties.%s", f->key);
		ck_assert_msg(json_at(o, text_get(&path)) != NULL, "%s", f->key);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("field");
	TCase *test = tcase_create("field");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(test, value_rows, 0, ROWS(values));
	tcase_add_test(test, defaults);
	tcase_add_test(test, error_leaves_no_bit);
	tcase_add_test(test, places);
	tcase_add_loop_test(test, compare_rows, 0, ROWS(compares));
	tcase_add_test(test, texts_by_path);
	tcase_add_test(test, a_flood_is_only_counted);
	tcase_add_loop_test(test, schema_rows, 0, ROWS(schemas));
	tcase_add_test(test, every_type_has_a_schema);
	suite_add_tcase(suite, test);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
