/* SPDX-License-Identifier: MIT */
/* field_text: the types whose values are texts, or one of a few words. */
#include <string.h>
#include <strings.h>

#include "lib/doc/json.h"
#include "lib/model/field_advice.h"
#include "lib/model/field_type.h"

/* What texts share. */

static int keep_if(
    bool fits, const char *text, void *value, struct arena *a, struct refusal *r)
{
	if (!fits || text_control(text, strlen(text), false) >= 0)
		return refuse(r, "bad-value", a, text);
	*(const char **)value = arena_copy(a, text);
	return 0;
}

static const char *the_text(struct arena *a, const struct field *f, const void *value)
{
	(void)a;
	(void)f;
	return *(const char *const *)value;
}

static bool texts_equal(const void *x, const void *y)
{
	const char *a = *(const char *const *)x, *b = *(const char *const *)y;

	return a == b || (a && b && !strcmp(a, b));
}

/* A type of texts: what fits, in code, as a pattern and in words. */
#define TEXT_TYPE(name_, fits_, pattern_, expected_)                                     \
	static int name_##_parse(const struct field *f, const char *text, void *value,   \
	    struct arena *a, struct refusal *r)                                          \
	{                                                                                \
		(void)f;                                                                 \
		return keep_if(fits_(text), text, value, a, r);                          \
	}                                                                                \
	const struct field_ops field_##name_ = {                                         \
		.parse = name_##_parse,                                                  \
		.text = the_text,                                                        \
		.equal = texts_equal,                                                    \
		.pattern = pattern_,                                                     \
		.expects = expected_,                                                    \
	}

static bool is_any(const char *text)
{
	return text[0] != '\0';
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

TEXT_TYPE(string, is_any, NULL, "a text");
TEXT_TYPE(label, name_is_label, "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
    "a name of a-z, 0-9 and dashes, at most 63 characters");
TEXT_TYPE(name, name_is_libvirt, "^[A-Za-z0-9_+@][A-Za-z0-9._+@-]{0,62}$",
    "a name of letters, digits and . _ + @ -");
TEXT_TYPE(device, name_is_device, "^[^ /:%]+$",
    "a name that the kernel takes: without blanks, '/', ':' and '%'");
TEXT_TYPE(hostname, name_is_subdomain, "^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$",
    "a host name of a-z, 0-9, dashes and dots");
TEXT_TYPE(path, is_path, "^/", "an absolute path without . or .. parts");

/* Words */

static const char *words_text(struct arena *a, const char *const *words)
{
	const char *text = words[0];

	for (size_t i = 1; words[i]; i++)
		text = arena_printf(
		    a, "%s%s%s", text, words[i + 1] ? ", " : " or ", words[i]);
	return text;
}

/* -1: it is none of them. */
static int word_index(const char *const *words, const char *text)
{
	for (int i = 0; words && words[i]; i++) {
		if (!strcmp(words[i], text))
			return i;
	}
	return -1;
}

static struct json_object *word_schema(const struct field *f)
{
	struct json_object *o = json_object_new_object();
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; f->words[i]; i++)
		json_push_string(list, f->words[i]);
	json_put(o, "enum", list);
	return o;
}

/* The letters of `few` are those of `many` with some left out. */
static bool is_within(const char *few, const char *many)
{
	for (; *few && *many; many++)
		few += *few == *many;
	return !*few;
}

/* A word that only looks like one may mean the opposite: "started" and "stopped", "node"
 * and "none". A letter too many or too few does not. */
static bool is_typo(const char *text, const char *word)
{
	return strncmp(text, word, 3) == 0 || is_within(text, word) ||
	       is_within(word, text);
}

static int word_parse(const struct field *f, const char *text, void *value,
    struct arena *a, struct refusal *r)
{
	int index = word_index(f->words, text);
	const struct hint *hint;
	const char *near;

	if (index >= 0) {
		*(int *)value = index;
		return 0;
	}
	near = nearest_word(text, f->words);
	hint = advice_hint(f->hints, text);
	if (hint)
		r->fix = hint->fix;
	else if (near && (is_typo(text, near) || strcasecmp(text, near) == 0))
		r->fix = arena_printf(a, "did you mean \"%s\"?", near);
	else
		r->fix = arena_printf(a, "write %s", words_text(a, f->words));
	return refuse(r, "bad-value", a, text);
}

static const char *word_text(struct arena *a, const struct field *f, const void *value)
{
	(void)a;
	return f->words[*(const int *)value];
}

static bool words_equal(const void *x, const void *y)
{
	return *(const int *)x == *(const int *)y;
}

static const char *word_expected(struct arena *a, const struct field *f)
{
	return words_text(a, f->words);
}

const struct field_ops field_word = {
	.parse = word_parse,
	.text = word_text,
	.equal = words_equal,
	.schema = word_schema,
	.expected = word_expected,
};

/* Some of the words, in an order. */

static int words_parse(const struct field *f, const char *text, void *value,
    struct arena *a, struct refusal *r)
{
	int index;

	if (word_parse(f, text, &index, a, r) < 0)
		return -1;
	*(const char **)value = f->words[index];
	return 0;
}

static void words_gather(struct arena *a, void *elements, size_t count, void *value)
{
	(void)a;
	*(struct texts *)value = (struct texts){ elements, count };
}

static const char *list_text(struct arena *a, const struct field *f, const void *value)
{
	const struct texts *list = value;
	const char *text = "[";

	(void)f;
	for (size_t i = 0; i < list->count; i++)
		text = arena_printf(a, "%s%s%s", text, i ? ", " : "", list->items[i]);
	return arena_printf(a, "%s]", text);
}

static bool lists_equal(const void *x, const void *y)
{
	const struct texts *a = x, *b = y;
	size_t i = 0;

	while (i < a->count && i < b->count && !strcmp(a->items[i], b->items[i]))
		i++;
	return i == a->count && i == b->count;
}

static struct json_object *list_json(const void *value)
{
	const struct texts *texts = value;
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < texts->count; i++)
		json_push_string(list, texts->items[i]);
	return list;
}

static struct json_object *list_schema(const struct field *f)
{
	struct json_object *o = schema_list(word_schema(f));

	json_put_bool(o, "uniqueItems", true);
	return o;
}

static const char *list_expected(struct arena *a, const struct field *f)
{
	return arena_printf(a, "a list of %s", words_text(a, f->words));
}

const struct field_ops field_words = {
	.parse = words_parse,
	.element_size = sizeof(const char *),
	.gather = words_gather,
	.text = list_text,
	.equal = lists_equal,
	.json = list_json,
	.schema = list_schema,
	.expected = list_expected,
};

/* A URI, or one of some words. */

static bool has_scheme(const char *text)
{
	size_t scheme = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789+-.");

	return scheme > 0 && text[0] >= 'a' && text[scheme] == ':' &&
	       text[scheme + 1] == '/';
}

/* "scheme://USER:PASSWORD@HOST/..." */
static bool has_password(const char *text)
{
	const char *user = strstr(text, "//"), *colon, *at;
	size_t length;

	if (!user)
		return false;
	user += 2;
	length = strcspn(user, "/?#");
	at = memchr(user, '@', length);
	colon = memchr(user, ':', length);
	return at && colon && colon < at;
}

static int uri_parse(const struct field *f, const char *text, void *value,
    struct arena *a, struct refusal *r)
{
	/* It is part of what status shows, and never quoted. */
	if (has_password(text)) {
		r->id = "bad-value";
		r->fix = "leave the password out: libvirt takes none from a URI";
		return fail(
		    &r->why, "this has a password in it, which everybody would see");
	}
	return keep_if(
	    word_index(f->words, text) >= 0 || has_scheme(text), text, value, a, r);
}

static struct json_object *uri_schema(const struct field *f)
{
	struct json_object *o = schema_of("string", "^[a-z][a-z0-9+.-]*:/");

	return f->words ? schema_either(o, word_schema(f)) : o;
}

static const char *uri_expected(struct arena *a, const struct field *f)
{
	if (!f->words)
		return "a URI";
	return arena_printf(a, "a URI, or %s", words_text(a, f->words));
}

const struct field_ops field_uri = {
	.parse = uri_parse,
	.text = the_text,
	.equal = texts_equal,
	.schema = uri_schema,
	.expected = uri_expected,
};
