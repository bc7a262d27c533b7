/* SPDX-License-Identifier: MIT */
/* tree: lookups by path, merge patch and a writer for JSON values. */
#include "test/fake/tree.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH 64 /* nesting allowed in what clients send */

static struct json_object *walk(struct json_object *obj, va_list ap)
{
	const char *key;

	while (obj && (key = va_arg(ap, const char *))) {
		struct json_object *next = NULL;

		if (json_object_is_type(obj, json_type_object))
			json_object_object_get_ex(obj, key, &next);
		obj = next;
	}
	return obj;
}

struct json_object *tree_get(struct json_object *obj, ...)
{
	va_list ap;

	va_start(ap, obj);
	obj = walk(obj, ap);
	va_end(ap);
	return obj;
}

const char *tree_str(struct json_object *obj, ...)
{
	va_list ap;

	va_start(ap, obj);
	obj = walk(obj, ap);
	va_end(ap);
	return json_object_is_type(obj, json_type_string) ? json_object_get_string(obj)
							  : "";
}

struct json_object *tree_child(struct json_object *obj, const char *key)
{
	struct json_object *child = tree_get(obj, key, NULL);

	if (!json_object_is_type(child, json_type_object)) {
		child = json_object_new_object();
		json_object_object_add(obj, key, child);
	}
	return child;
}

void tree_set(struct json_object *obj, const char *key, const char *value)
{
	json_object_object_add(obj, key, json_object_new_string(value));
}

void tree_set_int(struct json_object *obj, const char *key, int64_t value)
{
	json_object_object_add(obj, key, json_object_new_int64(value));
}

struct json_object *tree_copy(struct json_object *obj)
{
	struct json_object *copy = NULL;

	if (obj && json_object_deep_copy(obj, &copy, NULL) < 0)
		abort();
	return copy;
}

struct json_object *tree_parse(const char *text, size_t n, const char **why)
{
	struct json_tokener *tok = json_tokener_new_ex(DEPTH);
	struct json_object *obj = NULL;
	enum json_tokener_error err;
	size_t end;

	if (!tok)
		abort();
	if (n > 0 && n < INT32_MAX)
		obj = json_tokener_parse_ex(tok, text, (int)n);
	err = json_tokener_get_error(tok);
	end = json_tokener_get_parse_end(tok);
	while (end < n && strchr(" \t\r\n", text[end]))
		end++;
	*why = NULL;
	if (err == json_tokener_continue || n == 0)
		*why = "unexpected end of JSON input";
	else if (err != json_tokener_success)
		*why = json_tokener_error_desc(err);
	else if (end < n)
		*why = "data after the JSON value";
	json_tokener_free(tok);
	if (*why) {
		json_object_put(obj);
		return NULL;
	}
	return obj;
}

void tree_merge(struct json_object *obj, struct json_object *patch)
{
	json_object_object_foreach (patch, key, val) {
		if (!val)
			json_object_object_del(obj, key);
		else if (json_object_is_type(val, json_type_object))
			tree_merge(tree_child(obj, key), val);
		else
			json_object_object_add(obj, key, json_object_get(val));
	}
}

static void write_string(struct buf *out, const char *s, size_t n)
{
	size_t from = 0;

	buf_add(out, "\"", 1);
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c >= 0x20 && c != '"' && c != '\\' && c != '&' && c != '<' &&
		    c != '>')
			continue;
		buf_add(out, s + from, i - from);
		from = i + 1;
		if (c == '"' || c == '\\')
			buf_fmt(out, "\\%c", c);
		else if (c == '\n')
			buf_str(out, "\\n");
		else if (c == '\t')
			buf_str(out, "\\t");
		else if (c == '\r')
			buf_str(out, "\\r");
		else
			buf_fmt(out, "\\u%04x", c);
	}
	buf_add(out, s + from, n - from);
	buf_add(out, "\"", 1);
}

static void newline(struct buf *out, int depth)
{
	if (depth < 0)
		return;
	buf_add(out, "\n", 1);
	for (int i = 0; i < depth; i++)
		buf_add(out, "  ", 2);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* depth < 0 means compact. */
static void write_value(struct buf *out, struct json_object *v, bool sorted, int depth);

static void write_object(struct buf *out, struct json_object *v, bool sorted, int depth)
{
	size_t n = (size_t)json_object_object_length(v), i = 0;
	const char **keys = xalloc((n + 1) * sizeof(*keys));

	json_object_object_foreach (v, key, unused) {
		(void)unused;
		keys[i++] = key;
	}
	if (sorted)
		qsort(keys, n, sizeof(*keys), by_name);
	buf_add(out, "{", 1);
	for (i = 0; i < n; i++) {
		if (i)
			buf_add(out, ",", 1);
		newline(out, depth < 0 ? depth : depth + 1);
		write_string(out, keys[i], strlen(keys[i]));
		buf_str(out, depth < 0 ? ":" : ": ");
		write_value(out, tree_get(v, keys[i], NULL), sorted,
		    depth < 0 ? depth : depth + 1);
	}
	if (n)
		newline(out, depth);
	buf_add(out, "}", 1);
	free(keys);
}

static void write_array(struct buf *out, struct json_object *v, bool sorted, int depth)
{
	size_t n = json_object_array_length(v);

	buf_add(out, "[", 1);
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_add(out, ",", 1);
		newline(out, depth < 0 ? depth : depth + 1);
		write_value(out, json_object_array_get_idx(v, i), sorted,
		    depth < 0 ? depth : depth + 1);
	}
	if (n)
		newline(out, depth);
	buf_add(out, "]", 1);
}

static void write_value(struct buf *out, struct json_object *v, bool sorted, int depth)
{
	switch (json_object_get_type(v)) {
	case json_type_object:
		write_object(out, v, sorted, depth);
		break;
	case json_type_array:
		write_array(out, v, sorted, depth);
		break;
	case json_type_string:
		write_string(out, json_object_get_string(v),
		    (size_t)json_object_get_string_len(v));
		break;
	case json_type_null:
	case json_type_boolean:
	case json_type_double:
	case json_type_int:
		buf_str(out, json_object_to_json_string_ext(v, JSON_C_TO_STRING_PLAIN));
		break;
	}
}

void tree_write(struct buf *out, struct json_object *v, bool sorted, bool pretty)
{
	write_value(out, v, sorted, pretty ? 0 : -1);
}
