/* SPDX-License-Identifier: MIT */
/*
 * json: json-c takes NaN, single quotes, comments and raw control characters even when it
 * is set to be strict, so one scan of the text comes first.
 */
#include "lib/doc/json.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"

#define PRINT_FLAGS JSON_C_TO_STRING_NOSLASHESCAPE

static int fail_at(const char *text, size_t offset, const char *what, struct error *e)
{
	size_t line = 1, column = 1;

	for (size_t i = 0; i < offset; i++) {
		column = text[i] == '\n' ? 1 : column + ((text[i] & 0xc0) != 0x80);
		line += text[i] == '\n';
	}
	return fail(e, "JSON, line %zu column %zu: %s", line, column, what);
}

/* What a byte is to the scan of the text. */
enum { OUTSIDE_OK = 1, PLAIN = 2 };

/* May stand outside of strings: blanks, punctuation, numbers, true, false, null. Plain
 * within one: ASCII that neither ends nor escapes nor controls. */
static void classify(unsigned char classes[256])
{
	static const char outside[] = " \t\r\n{}[]:,+-.0123456789eEtrufalsn";

	memset(classes, 0, 256);
	memset(classes + 0x20, PLAIN, 0x80 - 0x20);
	classes['"'] = classes['\\'] = 0;
	for (size_t i = 0; outside[i]; i++)
		classes[(unsigned char)outside[i]] |= OUTSIDE_OK;
}

/* Steps over a string that begins at `i`; where it ends, or where it is wrong. */
static size_t skip_string(
    const unsigned char classes[256], const char *text, size_t length, size_t i)
{
	uint32_t code;
	size_t size;

	for (i++; i < length && text[i] != '"'; i += size) {
		while (i < length && classes[(unsigned char)text[i]] & PLAIN)
			i++;
		if (i == length || text[i] == '"')
			break;
		if (text[i] == '\\' && i + 1 < length)
			i++; /* it may be a quote */
		if ((unsigned char)text[i] < 0x80)
			size = (unsigned char)text[i] >= 0x20;
		else
			size = text_character(text + i, length - i, &code);
		if (!size)
			return i;
	}
	return i;
}

/* About what json-c takes for the value that a character outside of strings stands for. */
static size_t weight_of(char c)
{
	switch (c) {
	case '{':
		return 800;
	case '[':
		return 160;
	case ',':
	case ':':
		return 100;
	default:
		return 0;
	}
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A digit, and what else a number goes on with. */
static bool is_of_number(char c)
{
	return is_digit(c) || c == '.' || c == 'e' || c == 'E' || c == '+' || c == '-';
}

/* Digits from `i` on, of an integer that 64 bits do not hold: json-c 0.18 refuses it where it
 * is strict, earlier ones make another number of it. A fraction or an exponent may follow. */
static bool is_past_64_bits(const char *text, size_t length, size_t i)
{
	const char *most =
	    i && text[i - 1] == '-' ? "9223372036854775808" : "18446744073709551615";
	size_t digits = 0, room = strlen(most);

	while (i + digits < length && is_digit(text[i + digits]))
		digits++;
	if (digits < room || (i + digits < length && is_of_number(text[i + digits])))
		return false;
	return digits > room || memcmp(text + i, most, room) > 0;
}

static int check_text(const char *text, size_t length, size_t most, struct error *e)
{
	unsigned char classes[256];
	size_t weight = length;

	classify(classes);
	for (size_t i = 0; i < length; i++) {
		weight += weight_of(text[i]);
		if (weight > most)
			return fail(e, JSON_TOO_HEAVY);
		if (text[i] == '"') {
			i = skip_string(classes, text, length, i);
			if (i < length && text[i] != '"')
				return fail_at(text, i,
				    "no UTF-8, or a control character, inside a string",
				    e);
		} else if (is_digit(text[i])) {
			if (is_past_64_bits(text, length, i))
				return fail_at(
				    text, i, "a number that 64 bits do not hold", e);
			while (i + 1 < length && is_of_number(text[i + 1]))
				i++;
		} else if (!(classes[(unsigned char)text[i]] & OUTSIDE_OK)) {
			return fail_at(
			    text, i, "a character that cannot stand outside a string", e);
		}
	}
	return 0;
}

/* Feeds the whole text; NULL with the tokener's error set otherwise. */
static struct json_object *feed(
    struct json_tokener *tokener, const char *text, size_t length)
{
	struct json_object *o = json_tokener_parse_ex(tokener, text, (int)length);

	/* A number at the end may go on; a NUL says that it does not. */
	if (json_tokener_get_error(tokener) == json_tokener_continue)
		o = json_tokener_parse_ex(tokener, "", 1);
	return o;
}

struct json_tokener *json_tokener_strict(int depth)
{
	struct json_tokener *tokener = json_tokener_new_ex(depth);

	if (!tokener)
		abort();
	/* UTF-8 is checked already: json-c's own check lets overlong forms by. */
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	return tokener;
}

/* The bytes of the UTF-8 character that begins with this one, and what it is. */
static size_t character_at(const char *text, unsigned long *out)
{
	unsigned char first = (unsigned char)*text;
	size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

	*out = length == 1 ? first : first & (0x7fU >> length);
	for (size_t i = 1; i < length; i++)
		*out = *out << 6 | ((unsigned char)text[i] & 0x3f);
	return length;
}

/* Checked text with \u escapes in place of what is no ASCII. */
static void put_escaped(const char *text, size_t length, struct text *out)
{
	unsigned long c;

	for (size_t i = 0; i < length;) {
		i += character_at(text + i, &c);
		if (c < 0x80)
			text_add_n(out, text + i - 1, 1);
		else if (c < 0x10000)
			text_add(out, "\\u%04lx", c);
		else
			text_add(out, "\\u%04lx\\u%04lx", 0xd7c0 + (c >> 10),
			    0xdc00 + (c & 0x3ff));
	}
}

/* Where in the text it is that stands at `end` of the escaped one. */
static size_t unescaped_end(const char *text, size_t length, size_t end)
{
	size_t i = 0;
	unsigned long c;

	for (size_t at = 0; i < length && at < end;) {
		i += character_at(text + i, &c);
		at += c < 0x80 ? 1 : c < 0x10000 ? 6 : 12;
	}
	return i;
}

/* json-c 0.18, Debian 13's, takes every byte above 0x7f for a control character where it is
 * strict. */
static bool wants_ascii(const char *text, size_t length)
{
	if (json_c_version_num() >> 8 != 18)
		return false;
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] >= 0x80)
			return true;
	return false;
}

/* Feeds checked text. *END is where it ended, in the text as it was given. */
static struct json_object *feed_checked(
    struct json_tokener *tokener, const char *text, size_t length, size_t *end)
{
	autotext struct text escaped = { 0 };
	struct json_object *o;

	json_tokener_reset(tokener);
	if (!wants_ascii(text, length)) {
		o = feed(tokener, text, length);
		*end = json_tokener_get_parse_end(tokener);
		return o;
	}
	put_escaped(text, length, &escaped);
	o = feed(tokener, text_get(&escaped), escaped.length);
	*end = unescaped_end(text, length, json_tokener_get_parse_end(tokener));
	return o;
}

static struct json_object *parse(struct json_tokener *tokener, const char *text,
    size_t length, size_t most, struct error *e)
{
	enum json_tokener_error error;
	struct json_object *o;
	size_t end;

	if (length > JSON_MAX_BYTES) {
		fail(e, "JSON: %zu bytes are more than the %zu allowed", length,
		    JSON_MAX_BYTES);
		return NULL;
	}
	if (check_text(text, length, most, e) < 0)
		return NULL;
	o = feed_checked(tokener, text, length, &end);
	error = json_tokener_get_error(tokener);
	if (error == json_tokener_error_parse_eof || error == json_tokener_continue)
		fail_at(text, length, "the text ends too early", e);
	else if (error != json_tokener_success)
		fail_at(text, end, json_tokener_error_desc(error), e);
	else if (!o)
		fail(e, "JSON: null where a value is due");
	else
		return o;
	json_object_put(o);
	return NULL;
}

struct json_object *json_parse_with(
    struct json_tokener *tokener, const char *text, size_t length, struct error *e)
{
	return parse(tokener, text, length, SIZE_MAX, e);
}

struct json_object *json_parse_foreign(
    struct json_tokener *tokener, const char *text, size_t length, struct error *e)
{
	return parse(tokener, text, length, JSON_MAX_WEIGHT, e);
}

struct json_object *json_parse(
    const char *text, size_t length, int depth, struct error *e)
{
	struct json_tokener *tokener = json_tokener_strict(depth);
	struct json_object *o = json_parse_with(tokener, text, length, e);

	json_tokener_free(tokener);
	return o;
}

struct json_object *json_at(struct json_object *o, const char *path)
{
	char key[128];

	while (o && *path) {
		size_t length = strcspn(path, ".");

		if (length >= sizeof(key))
			return NULL;
		memcpy(key, path, length);
		key[length] = '\0';
		if (!json_object_is_type(o, json_type_object) ||
		    !json_object_object_get_ex(o, key, &o))
			return NULL;
		path += length + (path[length] == '.');
	}
	return o;
}

const char *json_string_at(struct json_object *o, const char *path)
{
	struct json_object *value = json_at(o, path);
	const char *text;

	if (!json_object_is_type(value, json_type_string))
		return NULL;
	text = json_object_get_string(value);
	/* An escaped NUL must not make two names appear the same. */
	return strlen(text) == (size_t)json_object_get_string_len(value) ? text : NULL;
}

int64_t json_int_at(struct json_object *o, const char *path, int64_t fallback)
{
	struct json_object *value = json_at(o, path);
	int64_t number;

	if (!json_object_is_type(value, json_type_int))
		return fallback;
	/* json-c cuts numbers that are too large down to the limits of its types. */
	number = json_object_get_int64(value);
	if (number == INT64_MIN ||
	    (number == INT64_MAX && json_object_get_uint64(value) > INT64_MAX))
		return fallback;
	return number;
}

bool json_bool_at(struct json_object *o, const char *path, bool fallback)
{
	struct json_object *value = json_at(o, path);

	if (!json_object_is_type(value, json_type_boolean))
		return fallback;
	return json_object_get_boolean(value);
}

size_t json_count(struct json_object *list)
{
	return json_object_is_type(list, json_type_array) ? json_object_array_length(list)
							  : 0;
}

struct json_object *json_item(struct json_object *list, size_t i)
{
	return i < json_count(list) ? json_object_array_get_idx(list, i) : NULL;
}

void json_put(struct json_object *o, const char *key, struct json_object *value)
{
	if (json_object_object_add(o, key, value) < 0)
		abort();
}

static struct json_object *made(struct json_object *o)
{
	if (!o)
		abort();
	return o;
}

static struct json_object *new_string(const char *text)
{
	return text ? made(json_object_new_string(text)) : NULL;
}

void json_put_string(struct json_object *o, const char *key, const char *text)
{
	json_put(o, key, new_string(text));
}

void json_put_int(struct json_object *o, const char *key, int64_t value)
{
	json_put(o, key, made(json_object_new_int64(value)));
}

void json_put_bool(struct json_object *o, const char *key, bool value)
{
	json_put(o, key, made(json_object_new_boolean(value)));
}

void json_push(struct json_object *list, struct json_object *value)
{
	if (json_object_array_add(list, value) < 0)
		abort();
}

void json_push_string(struct json_object *list, const char *text)
{
	json_push(list, new_string(text));
}

static const char *print(struct json_object *o, int flags)
{
	const char *text = json_object_to_json_string_ext(o, flags | PRINT_FLAGS);

	if (!text)
		abort();
	return text;
}

const char *json_text(struct json_object *o)
{
	return print(o, JSON_C_TO_STRING_PLAIN);
}

const char *json_pretty(struct json_object *o)
{
	return print(o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED);
}

/* How a character inside a string is written, where not as it is. */
static const char *escape(unsigned char c, char hex[8])
{
	static const char digits[] = "0123456789abcdef";

	switch (c) {
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	case '\n':
		return "\\n";
	case '\t':
		return "\\t";
	default:
		memcpy(hex, "\\u00", 4);
		hex[4] = digits[c >> 4];
		hex[5] = digits[c & 15];
		hex[6] = '\0';
		return hex;
	}
}

void json_write_string(struct text *out, const char *text)
{
	char hex[8];
	size_t plain = 0;

	if (!text) {
		text_add_n(out, "null", 4);
		return;
	}
	text_add_n(out, "\"", 1);
	for (;; text += plain + 1) {
		const char *as;

		for (plain = 0; (unsigned char)text[plain] >= 0x20 &&
				text[plain] != '"' && text[plain] != '\\';)
			plain++;
		text_add_n(out, text, plain);
		if (!text[plain])
			break;
		as = escape((unsigned char)text[plain], hex);
		text_add_n(out, as, strlen(as));
	}
	text_add_n(out, "\"", 1);
}
