/* SPDX-License-Identifier: MIT */
/* yaml_refuse: checks on the raw text, and a table from libyaml's problems to advice. */
#include "lib/doc/yaml_refuse.h"

#include <stdlib.h>
#include <string.h>

#define BOM "\xef\xbb\xbf"

size_t yaml_bom_length(const struct source_text *source)
{
	return source->length >= 3 && memcmp(source->text, BOM, 3) == 0 ? 3 : 0;
}

/* libyaml gives no line for what its reader refuses, so lines are counted here. */
static struct place place_of_offset(const struct source_text *source, size_t offset)
{
	struct place place = { source, 1, 1 };

	for (size_t i = yaml_bom_length(source); i < offset; i++) {
		unsigned char c = (unsigned char)source->text[i];

		if (c == '\n') {
			place.line++;
			place.column = 1;
		} else if ((c & 0xc0) != 0x80) {
			place.column++;
		}
	}
	return place;
}

struct place yaml_place(const struct source_text *source, yaml_mark_t mark)
{
	return (
	    struct place){ source, (unsigned)mark.line + 1, (unsigned)mark.column + 1 };
}

static bool check_size(
    struct report *report, const struct source_text *source, size_t limit)
{
	struct place place = { source, 1, 1 };
	struct finding *f;

	if (source->length <= limit)
		return true;
	f = report_add(report, SEVERITY_ERROR, "yaml-size", &place,
	    "the file has %zu bytes; %zu are allowed", source->length, limit);
	report_fix(report, f, "split it over several files");
	return false;
}

static bool check_encoding(struct report *report, const struct source_text *source)
{
	long at = text_invalid_utf8(source->text, source->length);
	struct place place;
	struct finding *f;

	if (at < 0)
		return true;
	place = place_of_offset(source, (size_t)at);
	f = report_add(report, SEVERITY_ERROR, "yaml-encoding", &place,
	    "the byte 0x%02x is no UTF-8", (unsigned char)source->text[at]);
	report_fix(report, f, "save the file as UTF-8");
	return false;
}

void yaml_refuse_character(
    struct report *report, const struct place *place, uint32_t code)
{
	struct finding *f;

	if (code == '\r')
		f = report_add(report, SEVERITY_ERROR, "yaml-control", place,
		    "a carriage return that ends no line");
	else
		f = report_add(report, SEVERITY_ERROR, "yaml-control", place,
		    "the character U+%04X is invisible or controls the terminal", code);
	report_fix(report, f,
	    code == '\r' ? "save the file with the line ends of Unix, or remove it"
			 : "remove it");
}

static bool check_characters(struct report *report, const struct source_text *source)
{
	const char *text = source->text;
	size_t length = source->length, at = yaml_bom_length(source);
	struct place place;
	uint32_t code = 0;

	for (;;) {
		long found = text_control(text + at, length - at, true);

		if (found < 0)
			return true;
		at += (size_t)found;
		if (text[at] != '\r' || at + 1 == length || text[at + 1] != '\n')
			break;
		at += 2;
	}
	text_character(text + at, length - at, &code);
	place = place_of_offset(source, at);
	yaml_refuse_character(report, &place, code);
	return false;
}

/* libyaml takes time quadratic in the number of directives, so none gets as far. */
static bool check_directives(struct report *report, const struct source_text *source)
{
	const char *at = source->text + yaml_bom_length(source);
	const char *end = source->text + source->length;
	struct place place = { source, 1, 1 };
	struct finding *f;

	for (; at < end && *at != '%'; place.line++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		at = newline ? newline + 1 : end;
	}
	if (at >= end)
		return true;
	f = report_add(report, SEVERITY_ERROR, "yaml-directive", &place,
	    "a line that begins with '%%' is a YAML directive; these are not supported");
	report_fix(report, f, "remove the line");
	return false;
}

bool yaml_check_text(
    struct report *report, const struct source_text *source, size_t limit)
{
	return check_size(report, source, limit) && check_encoding(report, source) &&
	       check_characters(report, source) && check_directives(report, source);
}

struct advice {
	const char *problem; /* what libyaml says, or how it begins */
	const char *context; /* and where it says so; NULL: anywhere */
	bool at_context;     /* it is wrong where the context begins */
	const char *text;
	const char *fix;
};

#define UNCLOSED_QUOTE "the quote that opens here is not closed"
#define ADD_QUOTE "add the closing quote"

/* The first row that fits is taken. */
static const struct advice advice[] = {
	{ "found unexpected end of stream", "while scanning a quoted scalar", true,
	    UNCLOSED_QUOTE, ADD_QUOTE },
	{ "found unexpected document indicator", "while scanning a quoted scalar", true,
	    UNCLOSED_QUOTE, ADD_QUOTE },
	{ "could not find expected ':'", NULL, true,
	    "here stands neither \"key: value\" nor \"- item\"",
	    "add the ':' with a blank after it, or check the indentation" },
	{ "mapping values are not allowed", NULL, false, "a ':' cannot stand here",
	    "check the indentation, or put the text that has the ':' in quotes" },
	{ "did not find expected key", NULL, false, "a key was expected here",
	    "begin all keys of a map in the same column, and close quotes before them" },
	{ "did not find expected '-' indicator", NULL, false,
	    "a \"- \" was expected here",
	    "begin all items of a list with \"- \" in the same column" },
	{ "found unexpected ':'", NULL, false, "no blank stands after this ':'",
	    "write a blank after each ':', as in {vms: {a: {vcpus: 1}}}" },
	{ "did not find expected ',' or '}'", NULL, true,
	    "the '{' that opens here is not closed",
	    "add the '}', and put ',' between the entries" },
	{ "did not find expected ',' or ']'", NULL, true,
	    "the '[' that opens here is not closed",
	    "add the ']', and put ',' between the items" },
	{ "did not find expected <document start>", NULL, false,
	    "the document has ended, and more follows here",
	    "check the indentation: the whole file is one map" },
	{ "block sequence entries are not allowed", NULL, false,
	    "a \"- \" cannot stand here", "begin the list on a line of its own" },
	{ "did not find expected alphabetic or numeric character", NULL, true,
	    "a text cannot begin with '*' or '&'", "put the text in quotes" },
	{ "did not find expected node content", NULL, false, "a value was expected here",
	    "write the value, or put the text in quotes" },
	{ "found invalid Unicode character escape", NULL, false,
	    "this escape is no character", "write the character itself" },
	{ "found unknown escape character", NULL, false,
	    "this is no escape of a text in double quotes",
	    "write \\\\ for a backslash, or put the text in single quotes" },
};

static const struct advice *find_advice(const yaml_parser_t *parser)
{
	for (size_t i = 0; i < sizeof(advice) / sizeof(advice[0]); i++) {
		const struct advice *row = &advice[i];

		if (strncmp(parser->problem, row->problem, strlen(row->problem)) == 0 &&
		    (!row->context ||
			(parser->context && strcmp(parser->context, row->context) == 0)))
			return row;
	}
	return NULL;
}

/* Whether the problem is a tab with nothing but blanks before it. */
static bool is_indenting_tab(const struct place *place)
{
	const char *line;
	size_t length = source_line(place->source, place->line, &line), i = 0;

	while (i < length && line[i] == ' ')
		i++;
	return i < length && line[i] == '\t' && place->column == i + 1;
}

/* The character at a place, as bytes are counted; 0: none. */
static char character_at(const struct place *place)
{
	const char *line;
	size_t length = source_line(place->source, place->line, &line);

	return place->column <= length ? line[place->column - 1] : '\0';
}

/* A comment of another language on the line before makes one text of both. */
static bool follows_slashes(const struct place *place)
{
	const char *line;
	size_t length =
	    place->line > 1 ? source_line(place->source, place->line - 1, &line) : 0;

	return length > 1 && strncmp(line, "//", 2) == 0;
}

/* Whether the line has it. */
static bool line_has(const struct place *place, const char *what)
{
	const char *line;
	size_t length = place->line ? source_line(place->source, place->line, &line) : 0;

	return length && memmem(line, length, what, strlen(what));
}

/* The ':' without a blank after it in "key:value", which is one text, and so is what
 * follows on the next line; false: there is none. */
static bool find_bare_colon(struct place *place)
{
	const char *line;
	size_t length =
	    place->line > 1 ? source_line(place->source, place->line - 1, &line) : 0;
	const char *colon = length ? memchr(line, ':', length) : NULL;
	size_t before = colon ? (size_t)(colon - line) : 0;

	if (!colon || before + 1 >= length || strchr(" \r/", colon[1]) ||
	    memchr(line, '#', before))
		return false;
	place->line--;
	place->column = (unsigned)before + 1;
	return true;
}

/* The same with the colon of Japanese, which is none of YAML's. */
static bool find_wide_colon(struct place *place)
{
	struct place before = *place;

	before.line--;
	before.column = 1;
	if (!line_has(&before, "\xef\xbc\x9a"))
		return false;
	*place = before;
	return true;
}

/* What libyaml words in a way that leads astray; NULL: nothing of that. */
static const struct advice *other_advice(const yaml_parser_t *parser, struct place *place)
{
	static const struct advice bare = { NULL, NULL, false,
		"no blank stands after this ':'",
		"write a blank after each ':', as in \"role: worker\"" };
	static const struct advice wide = { NULL, NULL, false,
		"this line has a full-width colon",
		"replace it by a plain \":\" and a blank" };
	static const struct advice variable = { NULL, NULL, false,
		"a '{' cannot stand here",
		"variables are not filled in: write the value" };
	static const struct advice colon = { NULL, NULL, false, "a ':' cannot stand here",
		"put the text that has the ':' in quotes" };
	static const struct advice slashes = { NULL, NULL, false,
		"the line before is no comment", "begin comments with '#'" };

	if (strncmp(parser->problem, "did not find expected ','", 25) == 0 &&
	    parser->context_mark.line == parser->problem_mark.line &&
	    character_at(place) == ':')
		return &colon;
	if (strncmp(parser->problem, "did not find expected ','", 25) == 0 &&
	    line_has(place, "${"))
		return &variable;
	if (strncmp(parser->problem, "mapping values", 14) != 0)
		return NULL;
	if (follows_slashes(place))
		return &slashes;
	if (find_wide_colon(place))
		return &wide;
	return find_bare_colon(place) ? &bare : NULL;
}

static void refuse_character_at(struct report *report, const struct place *place)
{
	const char *line;
	size_t length = source_line(place->source, place->line, &line);
	struct finding *f;

	/* Only ASCII characters are indicators, so the column of this one counts bytes of
	 * a line that may hold others: search it from the end of what stands before. */
	for (unsigned column = 1; length && column < place->column; column++) {
		uint32_t code;
		size_t size = text_character(line, length, &code);

		line += size;
		length -= size;
	}
	f = report_add(report, SEVERITY_ERROR, "yaml-syntax", place,
	    "a text cannot begin with '%c'", length ? *line : '?');
	report_fix(report, f, "put the text in quotes");
}

void yaml_refuse_syntax(
    struct report *report, const struct source_text *source, const yaml_parser_t *parser)
{
	struct place place = yaml_place(source, parser->problem_mark);
	const struct advice *row;
	struct finding *f;

	if (parser->error == YAML_MEMORY_ERROR || !parser->problem)
		abort();
	if (parser->error == YAML_READER_ERROR)
		place = place_of_offset(
		    source, parser->problem_offset + yaml_bom_length(source));
	row = other_advice(parser, &place);
	row = row ? row : find_advice(parser);
	if (is_indenting_tab(&place)) {
		f = report_add(report, SEVERITY_ERROR, "yaml-syntax", &place,
		    "tabs are not allowed for indentation");
		report_fix(report, f, "use blanks");
	} else if (strncmp(parser->problem, "found character that cannot start", 33) ==
		   0) {
		refuse_character_at(report, &place);
	} else if (row) {
		if (row->at_context)
			place = yaml_place(source, parser->context_mark);
		f = report_add(
		    report, SEVERITY_ERROR, "yaml-syntax", &place, "%s", row->text);
		f->fix = row->fix;
	} else {
		f = report_add(report, SEVERITY_ERROR, "yaml-syntax", &place, "%s%s%s",
		    parser->context ? parser->context : "", parser->context ? ": " : "",
		    parser->problem);
		report_fix(report, f, "correct the line, or put the text in quotes");
	}
}
