/* SPDX-License-Identifier: MIT */
/* Unit tests of yaml: the tree and its places, every refusal, and bounded time. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/doc/yaml.h"
#include "lib/doc/yaml_write.h"

#include <check.h>

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

/* One load; `a` holds everything. */
struct load {
	struct arena a;
	struct report report;
	struct source_text source;
	struct node *root;
};

static void load(struct load *l, const char *text, size_t length)
{
	*l = (struct load){ .source = { "home.yaml", text, length, NULL } };
	l->report.arena = &l->a;
	l->root = yaml_parse(&l->source, NULL, &l->report);
	report_sort(&l->report);
}

/* The tree as one line: 'x' quoted, @line:column behind everything. */
static void draw(const struct node *node, struct text *out)
{
	const char *open = node->type == NODE_MAP ? "{" : "[";

	switch (node->type) {
	case NODE_NULL:
		text_add(out, "~");
		break;
	case NODE_SCALAR:
		text_add(out, node->quoted ? "'%s'" : "%s", node->text);
		break;
	case NODE_LIST:
	case NODE_MAP:
		text_add(out, "%s", open);
		for (size_t i = 0; i < node->count; i++) {
			text_add(out, "%s", i ? " " : "");
			if (node->type == NODE_MAP) {
				draw(node->keys[i], out);
				text_add(out, "=");
			}
			draw(node->items[i], out);
		}
		text_add(out, "%s", node->type == NODE_MAP ? "}" : "]");
		break;
	}
	text_add(out, "@%u:%u", node->place.line, node->place.column);
}

static const struct tree_row {
	const char *what, *text, *tree;
} tree_rows[] = {
	{ "a map", "a: 1\nb: 2\n", "{a@1:1=1@1:4 b@2:1=2@2:4}@1:1" },
	{ "nothing is typed", "a: no\nb: 52:54:00:12:34:56\nc: 010\nd: 1.30\n",
	    "{a@1:1=no@1:4 b@2:1=52:54:00:12:34:56@2:4 c@3:1=010@3:4 "
	    "d@4:1=1.30@4:4}@1:1" },
	{ "three kinds of nothing", "a:\nb: ~\nc: null\n",
	    "{a@1:1=~@1:3 b@2:1=~@2:4 c@3:1=~@3:4}@1:1" },
	{ "quoted is a text", "a: ''\nb: '~'\nc: \"null\"\n",
	    "{a@1:1=''@1:4 b@2:1='~'@2:4 c@3:1='null'@3:4}@1:1" },
	{ "null as a key is a text", "null: 1\n~: 2\n",
	    "{null@1:1=1@1:7 ~@2:1=2@2:4}@1:1" },
	{ "a list", "a:\n  - x\n  -\n  - [y, z]\n",
	    "{a@1:1=[x@2:5 ~@3:4 [y@4:6 z@4:9]@4:5]@2:3}@1:1" },
	{ "flow style over lines, with a comment and a comma more",
	    "a: {b: 1,  # so\n    c: [2,\n  3,],}\n",
	    "{a@1:1={b@1:5=1@1:8 c@2:5=[2@2:9 3@3:3]@2:8}@1:4}@1:1" },
	{ "columns count characters", "\xe5\x90\x8d\xe5\x89\x8d: {\xc3\xa9: x}\n",
	    "{\xe5\x90\x8d\xe5\x89\x8d@1:1={\xc3\xa9@1:6=x@1:9}@1:5}@1:1" },
	{ "literal text", "a: |\n  x\n   y\nb: 1\n",
	    "{a@1:1='x\n y\n'@1:4 b@4:1=1@4:4}@1:1" },
	{ "folded text", "a: >-\n  x\n  y\n", "{a@1:1='x y'@1:4}@1:1" },
	{ "plain text over lines", "a: x\n  y\n", "{a@1:1=x y@1:4}@1:1" },
	{ "escapes", "a: \"\\u3042\\t\\\"\"\n", "{a@1:1='\xe3\x81\x82\t\"'@1:4}@1:1" },
	{ "one document mark", "# head\n---\na: 1\n", "{a@3:1=1@3:4}@3:1" },
	{ "document mark with content, and an end", "--- {a: 1}\n...\n# tail\n",
	    "{a@1:6=1@1:9}@1:5" },
	{ "byte order mark",
	    "\xef\xbb\xbf"
	    "a: x\n",
	    "{a@1:1=x@1:4}@1:1" },
	{ "CRLF", "a: 1\r\nb: |\r\n  x\r\n  y\r\nc: 3\r\n",
	    "{a@1:1=1@1:4 b@2:1='x\ny\n'@2:4 c@5:1=3@5:4}@1:1" },
	{ "no newline at the end", "a: 1", "{a@1:1=1@1:4}@1:1" },
	{ "a list at the top", "- a\n", "[a@1:3]@1:1" },
	{ "a text at the top", "a\n", "a@1:1" },
	{ "an empty map", "{}", "{}@1:1" },
	{ "a percent sign inside", "a: 5%\n %b: 1\n", NULL },
	{ "tabs that indent nothing", "a:\t1\t# x\nb: \"\tx\"\n",
	    "{a@1:1=1@1:4 b@2:1='\tx'@2:4}@1:1" },
	{ "sixteen levels", "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]",
	    "[[[[[[[[[[[[[[[[]@1:16]@1:15]@1:14]@1:13]@1:12]@1:11]@1:10]@1:9]@1:8]@1:7]@"
	    "1:6]"
	    "@1:5]@1:4]@1:3]@1:2]@1:1" },
	{ "the home's own network block",
	    "network:\n  name: default\n  dhcp:\n    range:\n      start: 192.168.122.2\n"
	    "  static_ips:\n    worker-1: 192.168.122.11\n",
	    "{network@1:1={name@2:3=default@2:9 dhcp@3:3={range@4:5={start@5:7="
	    "192.168.122.2@5:14}@5:7}@4:5 "
	    "static_ips@6:3={worker-1@7:5=192.168.122.11@7:15}"
	    "@7:5}@2:3}@1:1" },
};

START_TEST(trees)
{
	const struct tree_row *row = &tree_rows[_i];
	autotext struct text out = { 0 };
	struct load l;

	load(&l, row->text, strlen(row->text));
	if (!row->tree) {
		ck_assert_msg(!l.root, "%s: accepted", row->what);
	} else {
		ck_assert_msg(l.root, "%s: refused: %s", row->what,
		    l.report.count ? l.report.findings[0].text : "without a word");
		draw(l.root, &out);
		ck_assert_msg(strcmp(text_get(&out), row->tree) == 0, "%s: %s", row->what,
		    text_get(&out));
		ck_assert_uint_eq(l.report.count, 0);
	}
	arena_done(&l.a);
}
END_TEST

#define T(bytes) bytes, sizeof(bytes) - 1

static const struct refusal_row {
	const char *what, *text;
	size_t length;
	const char *first; /* the first finding, to the letter up to here */
	size_t count;	   /* of findings */
} refusal_rows[] = {
	{ "empty", T(""), "home.yaml:1:1: error[yaml-empty]: the file is empty", 1 },
	{ "blanks", T("  \n\n"), "home.yaml:1:1: error[yaml-empty]", 1 },
	{ "comments only", T("# a: 1\n"), "home.yaml:1:1: error[yaml-empty]", 1 },
	{ "a mark only", T("---\n"), "home.yaml:1:1: error[yaml-empty]", 1 },
	{ "null", T("~\n"), "home.yaml:1:1: error[yaml-empty]", 1 },
	{ "byte order mark only", T("\xef\xbb\xbf"), "home.yaml:1:1: error[yaml-empty]",
	    1 },
	{ "a quoted nothing is a text", T("''\n"), NULL, 0 },
	{ "no UTF-8", T("a: 1\n\xe3\x81\x82: \xff\n"),
	    "home.yaml:2:4: error[yaml-encoding]: the byte 0xff is no UTF-8", 1 },
	{ "no UTF-8, in a comment", T("# \xe9t\xe9\na: 1\n"),
	    "home.yaml:1:3: error[yaml-encoding]", 1 },
	{ "overlong", T("a: \xc0\xaf\n"), "home.yaml:1:4: error[yaml-encoding]", 1 },
	{ "UTF-16",
	    T("\xff\xfe"
	      "a\0:\0"),
	    "home.yaml:1:1: error[yaml-encoding]", 1 },
	{ "NUL", T("a: 1\nb: x\0y\n"),
	    "home.yaml:2:5: error[yaml-control]: the character U+0000", 1 },
	{ "NUL after a byte order mark",
	    T("\xef\xbb\xbf"
	      "a\0: x\n"),
	    "home.yaml:1:2: error[yaml-control]: the character U+0000", 1 },
	{ "escape in a comment", T("a: 1 # \x1b[2J\n"),
	    "home.yaml:1:8: error[yaml-control]", 1 },
	{ "bidirectional mark", T("a: x\xe2\x80\xae\n"),
	    "home.yaml:1:5: error[yaml-control]: the character U+202E", 1 },
	{ "C1", T("a: \xc2\x85\n"),
	    "home.yaml:1:4: error[yaml-control]: the character U+0085", 1 },
	{ "line separator",
	    T("a: x\xe2\x80\xa8"
	      "b: 1\n"),
	    "home.yaml:1:5: error[yaml-control]: the character U+2028", 1 },
	{ "a second byte order mark",
	    T("\xef\xbb\xbf\xef\xbb\xbf"
	      "a: 1\n"),
	    "home.yaml:1:1: error[yaml-control]: the character U+FEFF", 1 },
	{ "carriage return alone", T("a: 1\r\nb: 2\rc: 3\n"),
	    "home.yaml:2:5: error[yaml-control]: a carriage return that ends no line",
	    1 },
	{ "carriage return at the end", T("a: 1\r"), "home.yaml:1:5: error[yaml-control]",
	    1 },
	{ "NUL as an escape", T("a: \"x\\0y\"\n"),
	    "home.yaml:1:4: error[yaml-control]: the character U+0000", 1 },
	{ "terminal escape as an escape", T("a: [\"\\e[2J\"]\n"),
	    "home.yaml:1:5: error[yaml-control]: the character U+001B", 1 },
	{ "bidirectional mark as an escape", T("\"\\u202e\": 1\n"),
	    "home.yaml:1:1: error[yaml-control]: the character U+202E", 1 },
	{ "no character at all", T("a: \xef\xbf\xbf\n"),
	    "home.yaml:1:4: error[yaml-syntax]", 1 },
	{ "directive", T("%YAML 1.2\n---\na: 1\n"),
	    "home.yaml:1:1: error[yaml-directive]: a line that begins with '%'", 1 },
	{ "directive later", T("a: 1\n...\n%TAG ! x\n---\n"),
	    "home.yaml:3:1: error[yaml-directive]", 1 },
	{ "directive after a byte order mark", T("\xef\xbb\xbf%YAML 1.2\n"),
	    "home.yaml:1:1: error[yaml-directive]", 1 },
	{ "second document", T("a: 1\n---\nb: 2\n"),
	    "home.yaml:2:1: error[yaml-documents]: a second document begins here", 1 },
	{ "second document, empty", T("a: 1\n---\n"),
	    "home.yaml:2:1: error[yaml-documents]", 1 },
	{ "empty first document", T("---\n---\na: 1\n"),
	    "home.yaml:2:1: error[yaml-documents]", 1 },
	{ "duplicate key", T("a: 1\nb: 2\na: 3\n"),
	    "home.yaml:3:1: error[yaml-duplicate-key]: this key stands already in "
	    "home.yaml:1:1",
	    1 },
	{ "duplicate keys, quoted or not, and inside", T("a: {x: 1, 'x': 2}\n\"a\": 3\n"),
	    "home.yaml:1:11: error[yaml-duplicate-key]: this key stands already in "
	    "home.yaml:1:5",
	    2 },
	{ "a key three times", T("a: 1\na: 2\na: 3\n"),
	    "home.yaml:2:1: error[yaml-duplicate-key]: this key stands already in "
	    "home.yaml:1:1",
	    2 },
	{ "the same key in two maps is fine", T("a: {x: 1}\nb: {x: 1}\n"), NULL, 0 },
	{ "a list as key", T("? [a]\n: 1\nb: 2\nb: 3\n"),
	    "home.yaml:1:3: error[yaml-key]: a key must be a text, not a list", 2 },
	{ "a map as key", T("{{a: 1}: 2}\n"),
	    "home.yaml:1:2: error[yaml-key]: a key must be a text, not a map", 1 },
	{ "braces of a template", T("a: {{ name }}\n"), "home.yaml:1:5: error[yaml-key]",
	    1 },
	{ "no key", T("?\n: 1\n"),
	    "home.yaml:1:2: error[yaml-key]: a key is missing before ':'", 1 },
	{ "an empty key", T("'': 1\n"),
	    "home.yaml:1:1: error[yaml-key]: a key is missing", 1 },
	{ "anchor", T("a: &x 1\n"), "home.yaml:1:4: error[yaml-anchor]: a YAML anchor",
	    1 },
	{ "anchor of a map", T("a: &x\n  b: 1\n"),
	    "home.yaml:1:4: error[yaml-anchor]: a YAML anchor", 1 },
	{ "alias", T("a: *x\n"), "home.yaml:1:4: error[yaml-alias]: a YAML alias", 1 },
	{ "alias as a key is said once", T("*x : 1\n"),
	    "home.yaml:1:1: error[yaml-alias]", 1 },
	{ "anchor and alias, both shown", T("a: &x [1]\nb: *x\n"),
	    "home.yaml:1:4: error[yaml-anchor]", 2 },
	{ "merge key", T("a: &x {b: 1}\nc: {<<: *x}\n"),
	    "home.yaml:1:4: error[yaml-anchor]", 2 },
	{ "tag", T("a: !!str 1\n"), "home.yaml:1:4: error[yaml-tag]: a YAML tag", 1 },
	{ "tag of a list", T("a: !x [1]\n"), "home.yaml:1:4: error[yaml-tag]: a YAML tag",
	    1 },
	{ "seventeen levels", T("[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]"),
	    "home.yaml:1:17: error[yaml-depth]: lists and maps are nested deeper than 16",
	    1 },
	{ "tab as indentation", T("a:\n\tb: 1\n"),
	    "home.yaml:2:1: error[yaml-syntax]: tabs are not allowed for indentation",
	    1 },
	{ "tab after blanks", T("a:\n  b: 1\n \tc: 2\n"),
	    "home.yaml:3:2: error[yaml-syntax]: tabs are not allowed", 1 },
	{ "tab in a text over lines", T("a: x\n\ty: 1\n"),
	    "home.yaml:2:1: error[yaml-syntax]: tabs are not allowed", 1 },
	{ "tab in a literal text", T("a: |\n\tx\n"),
	    "home.yaml:2:1: error[yaml-syntax]: tabs are not allowed", 1 },
	{ "tab that is not what is wrong", T("a: [x,\n\ty}\n"),
	    "home.yaml:1:4: error[yaml-syntax]: the '[' that opens here is not closed",
	    1 },
	{ "tab between words, not what is wrong", T("a: [x,\n\t@y]\n"),
	    "home.yaml:2:2: error[yaml-syntax]: a text cannot begin with '@'", 1 },
	{ "quote not closed", T("a: 'x\nb: 2\nc: 3\n"),
	    "home.yaml:1:4: error[yaml-syntax]: the quote that opens here is not closed",
	    1 },
	{ "quote not closed before a mark", T("a: \"x\n---\n"),
	    "home.yaml:1:4: error[yaml-syntax]: the quote that opens here is not closed",
	    1 },
	{ "brace not closed", T("a: {b: 1\nc: 2\n"),
	    "home.yaml:1:4: error[yaml-syntax]: the '{' that opens here is not closed",
	    1 },
	{ "bracket not closed", T("a:\n  - [1, 2\nb: 3\n"),
	    "home.yaml:2:5: error[yaml-syntax]: the '[' that opens here is not closed",
	    1 },
	{ "colon too many", T("a: b: c\n"),
	    "home.yaml:1:5: error[yaml-syntax]: a ':' cannot stand here", 1 },
	{ "wrong indentation", T("a:\n    b: 1\n  c: 2\n"),
	    "home.yaml:3:3: error[yaml-syntax]: a key was expected here", 1 },
	{ "no blank after the colon", T("a: 1\nb:2\nc: 3\n"),
	    "home.yaml:2:1: error[yaml-syntax]: here stands neither", 1 },
	{ "an at sign", T("\xe3\x81\x82: @x\n"),
	    "home.yaml:1:4: error[yaml-syntax]: a text cannot begin with '@'", 1 },
	{ "a back quote", T("a: [x, `y`]\n"),
	    "home.yaml:1:8: error[yaml-syntax]: a text cannot begin with '`'", 1 },
	{ "a percent sign", T("a: %x\n"),
	    "home.yaml:1:4: error[yaml-syntax]: a text cannot begin with '%'", 1 },
	{ "a star", T("a: *.example.com\n"),
	    "home.yaml:1:4: error[yaml-syntax]: a text cannot begin with '*'", 1 },
	{ "unknown escape", T("a: \"\\q\"\n"),
	    "home.yaml:1:5: error[yaml-syntax]: this is no "
	    "escape",
	    1 },
	{ "half a surrogate pair", T("a: \"\\ud800\"\n"),
	    "home.yaml:1:7: error[yaml-syntax]: this escape is no character", 1 },
	{ "a list beside its key", T("a: - 1\n"),
	    "home.yaml:1:4: error[yaml-syntax]: a \"- \" "
	    "cannot stand here",
	    1 },
	{ "text after the end", T("{a: 1}\nb: 2\n"), "home.yaml:2:1: error[yaml-syntax]",
	    1 },
	{ "what came before a syntax error is shown too", T("a: &x 1\nb: *x\nc: [\n"),
	    "home.yaml:1:4: error[yaml-anchor]", 3 },
};

START_TEST(refusals)
{
	const struct refusal_row *row = &refusal_rows[_i];
	const char *line;
	struct load l;

	load(&l, row->text, row->length);
	ck_assert_msg(
	    l.report.count == row->count, "%s: %zu findings", row->what, l.report.count);
	ck_assert_msg(!l.root == !!row->first, "%s: %s", row->what,
	    l.root ? "accepted" : "refused");
	for (size_t i = 0; i < l.report.count; i++)
		ck_assert_msg(l.report.findings[i].fix, "%s: no next step", row->what);
	if (row->first) {
		line = finding_line(&l.a, &l.report.findings[0]);
		ck_assert_msg(strncmp(line, row->first, strlen(row->first)) == 0,
		    "%s: %s", row->what, line);
	}
	arena_done(&l.a);
}
END_TEST

/* Text made of pieces: head, `count` times the piece, tail. */
static const struct bomb_row {
	const char *what, *head, *piece, *tail;
	size_t count;
	const char *id; /* NULL: accepted */
} bomb_rows[] = {
	{ "a hundred thousand brackets", "", "[", "", 100000, "yaml-depth" },
	{ "a hundred thousand braces", "a: ", "{a: ", "", 60000, "yaml-depth" },
	{ "a hundred thousand dashes", "", "- ", "", 100000, "yaml-depth" },
	{ "a hundred thousand question marks", "", "? ", "", 100000, "yaml-key" },
	{ "sixty thousand directives", "", "%TAG !a! tag:x\n", "---\na: 1\n", 60000,
	    "yaml-size" },
	{ "as many directives as fit", "", "%TAG !a! tag:x\n", "", 17000,
	    "yaml-directive" },
	{ "an alias bomb", "a: &a [x]\n", "b: &b [*a, *a]\n", "", 10000, "yaml-anchor" },
	{ "a text too long", "a: ", "x", "", 4097, "yaml-text" },
	{ "a text just short enough", "a: ", "x", "", 4096, NULL },
	{ "a huge text", "a: \"", "x ", "\"", 130000, "yaml-text" },
	{ "a huge key", "", "x", ": 1", 260000, "yaml-text" },
	{ "a huge literal", "a: |\n", "  x\n", "", 60000, "yaml-text" },
	{ "a huge comment", "a: 1 #", "x", "\n", 260000, NULL },
	{ "only newlines", "", "\n", "", 262144, "yaml-empty" },
	{ "a byte too large", "", "\n", "", 262145, "yaml-size" },
	{ "items up to the cap", "", "- x\n", "", 19999, NULL },
	{ "one item past the cap", "", "- x\n", "", 20000, "yaml-nodes" },
	{ "one key, thousands of times", "", "k: 1\n", "", 9999, "yaml-duplicate-key" },
	{ "documents without end", "", "---\n", "", 60000, "yaml-documents" },
	{ "document ends without end", "a: 1\n", "...\n", "", 60000, NULL },
	{ "a quote full of newlines", "a: '", "\n", "'", 260000, "yaml-text" },
	{ "colons", "", ":", "", 260000, "yaml-text" },
	{ "commas", "[", ",", "]", 260000, "yaml-syntax" },
	{ "stars", "", "*", "", 260000, "yaml-syntax" },
	{ "exclamation marks", "", "!", "", 260000, "yaml-tag" },
	{ "ampersands", "", "&", "", 260000, "yaml-syntax" },
	{ "a long tag", "a: !<", "x", "> 1\n", 260000, "yaml-tag" },
	{ "a long anchor", "a: &", "x", " 1\n", 260000, "yaml-anchor" },
	{ "tabs", "a:", "\t", "1\n", 260000, NULL },
	{ "escapes that say nothing", "a: \"", "\\\n", "\"\n", 130000, NULL },
	{ "a literal of empty lines", "a: >\n", "\n", "", 260000, NULL },
	{ "maps in lists in maps", "", "- a: [{b: c}]\n", "", 16000, "yaml-nodes" },
};

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

START_TEST(bombs_are_harmless)
{
	const struct bomb_row *row = &bomb_rows[_i];
	autotext struct text text = { 0 };
	double start;
	struct load l;

	text_add(&text, "%s", row->head);
	for (size_t i = 0; i < row->count; i++)
		text_add_n(&text, row->piece, strlen(row->piece));
	text_add(&text, "%s", row->tail);
	start = seconds();
	load(&l, text_get(&text), text.length);
	/* 20 ms is the bar; sanitizers and a busy machine get room. */
	ck_assert_msg(seconds() - start < 0.4, "%s: %f s", row->what, seconds() - start);
	ck_assert_msg(l.a.bytes < 16 << 20, "%s: %zu bytes", row->what, l.a.bytes);
	ck_assert_msg(!l.root == !!row->id, "%s: %s", row->what,
	    l.report.count ? l.report.findings[0].text : "accepted");
	if (row->id)
		ck_assert_msg(strcmp(l.report.findings[0].id, row->id) == 0, "%s: %s",
		    row->what, l.report.findings[0].id);
	arena_done(&l.a);
}
END_TEST

START_TEST(limits_can_be_given)
{
	const struct yaml_limits wide = { .scalar = 10000 },
				 narrow = { .nodes = 4, .bytes = 9 };
	char text[6000] = "a: ";
	struct arena a = { 0 };
	struct report report = { .arena = &a };
	struct source_text large = { "x", text, sizeof(text), NULL },
			   small = { "x", "a: [1, 2]", 9, NULL };
	struct source_text many = { "x", "a: [1, 2, 3]", 12, NULL };

	memset(text + 3, 'x', sizeof(text) - 3);
	ck_assert_ptr_null(yaml_parse(&large, NULL, &report));
	ck_assert_ptr_nonnull(yaml_parse(&large, &wide, &report));
	ck_assert_ptr_null(yaml_parse(&small, &narrow, &report));
	ck_assert_str_eq(report.findings[report.count - 1].id, "yaml-nodes");
	ck_assert_ptr_null(yaml_parse(&many, &narrow, &report));
	ck_assert_str_eq(report.findings[report.count - 1].id, "yaml-size");
	arena_done(&a);
}
END_TEST

/* Cut anywhere, a file never means less than it said: it is refused, or a true part of
 * it. */
START_TEST(every_cut_is_survived)
{
	static const char whole[] = "network: {name: \"d\\u00e9\", dhcp: [a, 'b', *c]}\n"
				    "vms:\n  w: &x |\n    t\n  ? k\n  : >-\n    v\n---\n";

	for (size_t length = 0; length < sizeof(whole); length++) {
		struct load l;
		char *copy = malloc(length ? length : 1);

		memcpy(copy, whole, length);
		load(&l, copy, length);
		ck_assert(l.root || l.report.errors > 0);
		arena_done(&l.a);
		free(copy);
	}
}
END_TEST

START_TEST(every_byte_is_survived)
{
	static const char whole[] = "a: {b: [1, 'x', \"y\\t\"]}\nc: |\n  z\n- d: &e *f\n";

	for (size_t at = 0; at + 1 < sizeof(whole); at++)
		for (unsigned byte = 0; byte < 256; byte++) {
			char text[sizeof(whole)];
			struct load l;

			memcpy(text, whole, sizeof(whole));
			text[at] = (char)byte;
			load(&l, text, sizeof(whole) - 1);
			ck_assert(l.root ? l.report.count == 0 : l.report.errors > 0);
			for (size_t i = 0; i < l.report.count; i++) {
				autotext struct text out = { 0 };

				finding_print(&l.report.findings[i], &out);
				ck_assert_int_eq(
				    text_control(out.data, out.length, true), -1);
				ck_assert_int_eq(
				    text_invalid_utf8(out.data, out.length), -1);
			}
			arena_done(&l.a);
		}
}
END_TEST

/* Texts that readers of YAML take for something else, or that have its signs. */
static const char *const written_texts[] = { "", "plain", "two words", "yes", "Null", "~",
	"12", "0x1f", "1e3", "52:54:00:12:34:56", "12:30", "192.168.122.1",
	"192.168.122.0/24", "192.168.122.1-192.168.122.9", "-5", "- a", "? a", "a: b",
	"a:", "a #b", "#b", "&a", "*a", "!!str", "a, b", "[a]", "{a}", "a]", "'quoted'",
	"\"quoted\"", " blank", "blank ", "%a", "@a", "|", ">", "Gr\xc3\xbcn", "a\\b",
	"a\tb", "...", "---", ".inf", "=" };

START_TEST(what_is_written_is_read)
{
	const char *text = written_texts[_i];
	struct arena a = { 0 };
	struct yaml_entry document = { 0 }, *map = yaml_entry_get(&a, &document, "map");
	autotext struct text out = { 0 }, value = { 0 };
	struct json_object *flow = json_object_new_array(),
			   *one = json_object_new_object();
	const struct node *list, *read;
	struct load l;

	json_object_object_add(one, *text ? text : "k", json_object_new_string(text));
	json_object_array_add(flow, one);
	yaml_write_flow(&value, flow);
	json_object_put(flow);
	yaml_entry_get(&a, map, "list")->value = text_get(&value);
	yaml_entry_get(&a, map, *text ? text : "k")->value = "1";
	yaml_entry_note(&a, map, "a note with: [signs]\nand a line end");
	yaml_entry_get(&a, map, "gone")->off = true;
	yaml_entry_get(&a, yaml_entry_get(&a, &document, "void"), "all")->off = true;
	yaml_entry_write(&document, &out);
	load(&l, out.data, out.length);
	ck_assert_msg(l.root != NULL, "%s", text_get(&out));
	ck_assert_uint_eq(l.root->count, 1);
	read = node_get(l.root, "map");
	list = node_get(read, "list");
	ck_assert_uint_eq(read->count, 2);
	ck_assert_ptr_nonnull(node_get(read, *text ? text : "k"));
	ck_assert_uint_eq(list->count, 1);
	ck_assert_str_eq(list->items[0]->keys[0]->text, *text ? text : "k");
	ck_assert_str_eq(list->items[0]->items[0]->text, text);
	ck_assert_uint_eq(node_key(l.root, "map")->place.line, map->line);
	ck_assert_uint_eq(node_key(read, "list")->place.line, map->below[0]->line);
	arena_done(&l.a);
	arena_done(&a);
}
END_TEST

/* A block that is commented out is used as it stands, its notes with it. */
START_TEST(what_is_commented_out_is_yaml)
{
	struct arena a = { 0 };
	struct yaml_entry document = { 0 }, *map = yaml_entry_get(&a, &document, "map"),
			  *off;
	autotext struct text out = { 0 }, used = { 0 };
	struct load l;

	yaml_entry_get(&a, map, "kept")->value = "1";
	off = yaml_entry_get(&a, map, "off");
	off->off = true;
	yaml_entry_note(&a, off, "a reason: with signs");
	yaml_entry_get(&a, off, "key")->value = "2";
	yaml_entry_note(&a, yaml_entry_get(&a, off, "key"), "another one, further in");
	yaml_entry_get(&a, yaml_entry_get(&a, off, "list"), NULL)->value = "{a: 3}";
	yaml_entry_write(&document, &out);
	for (const char *at = text_get(&out), *end; *at; at = end) {
		size_t blanks = strspn(at, " ");

		end = strchr(at, '\n') + 1;
		text_add_n(&used, at, blanks);
		at += blanks + (strncmp(at + blanks, "# ", 2) == 0 ? 2 : 0);
		text_add_n(&used, at, (size_t)(end - at));
	}
	load(&l, used.data, used.length);
	ck_assert_msg(l.root != NULL, "%s", text_get(&used));
	ck_assert_uint_eq(node_get(l.root, "map")->count, 2);
	ck_assert_uint_eq(node_get(node_get(l.root, "map"), "off")->count, 2);
	arena_done(&l.a);
	arena_done(&a);
}
END_TEST

START_TEST(a_command_stands_on_one_line)
{
	struct arena a = { 0 };
	struct yaml_entry document = { 0 };
	autotext struct text out = { 0 };

	yaml_entry_note(&a, &document,
	    "words that fill a line nearly to its end, so that what comes next: "
	    "`a command of --some words` stands whole; then more words, which fill another line");
	yaml_entry_note(&a, &document,
	    "`a command that is longer than a line has room for, and so stands in a line of its own` so");
	yaml_entry_write(&document, &out);
	ck_assert_str_eq(text_get(&out),
	    "# words that fill a line nearly to its end, so that what comes next:\n"
	    "# `a command of --some words` stands whole; then more words, which fill another line\n"
	    "# `a command that is longer than a line has room for, and so stands in a line of its own`\n"
	    "# so\n");
	arena_done(&a);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("yaml");
	TCase *tests = tcase_create("yaml");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, trees, 0, ROWS(tree_rows));
	tcase_add_loop_test(tests, refusals, 0, ROWS(refusal_rows));
	tcase_add_loop_test(tests, bombs_are_harmless, 0, ROWS(bomb_rows));
	tcase_add_loop_test(tests, what_is_written_is_read, 0, ROWS(written_texts));
	tcase_add_test(tests, what_is_commented_out_is_yaml);
	tcase_add_test(tests, a_command_stands_on_one_line);
	tcase_add_test(tests, limits_can_be_given);
	tcase_add_test(tests, every_cut_is_survived);
	tcase_add_test(tests, every_byte_is_survived);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
