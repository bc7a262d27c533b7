/* SPDX-License-Identifier: MIT */
/* field_value: the types whose values are booleans and numbers. */
#include <stdlib.h>
#include <string.h>

#include "lib/doc/json.h"
#include "lib/model/field_type.h"

/* Booleans */

static int bool_parse(const struct field *f, const char *text, void *value,
    struct arena *a, struct refusal *r)
{
	static const char *const yes[] = { "yes", "on", "True", "TRUE", "y", "1", NULL };
	static const char *const no[] = { "no", "off", "False", "FALSE", "n", "0", NULL };

	(void)f;
	if (!strcmp(text, "true") || !strcmp(text, "false")) {
		*(bool *)value = text[0] == 't';
		return 0;
	}
	r->fix = "write true or false";
	for (size_t i = 0; yes[i] && no[i]; i++) {
		if (!strcmp(text, yes[i]) || !strcmp(text, no[i]))
			r->fix = !strcmp(text, yes[i]) ? "write true" : "write false";
	}
	return refuse(r, "bad-value", a, text);
}

static const char *bool_text(struct arena *a, const struct field *f, const void *value)
{
	(void)a;
	(void)f;
	return *(const bool *)value ? "true" : "false";
}

static bool bools_equal(const void *x, const void *y)
{
	return *(const bool *)x == *(const bool *)y;
}

static struct json_object *bool_json(const void *value)
{
	return json_object_new_boolean(*(const bool *)value);
}

const struct field_ops field_bool = {
	.bare = true,
	.parse = bool_parse,
	.text = bool_text,
	.equal = bools_equal,
	.json = bool_json,
	.json_type = "boolean",
	.expects = "true or false",
};

/* Numbers */

static bool numbers_equal(const void *x, const void *y)
{
	return *(const int64_t *)x == *(const int64_t *)y;
}

/* " from 1 to 512", in the way of the type. */
static const char *limits_text(struct arena *a, const struct field *f)
{
	const struct field_ops *ops = field_ops(f);

	if (!f->minimum && !f->maximum)
		return "";
	if (!f->maximum)
		return arena_printf(a, " of at least %s", ops->text(a, f, &f->minimum));
	return arena_printf(a, " from %s to %s", ops->text(a, f, &f->minimum),
	    ops->text(a, f, &f->maximum));
}

static bool is_within(const struct field *f, int64_t value)
{
	if (!f->minimum && !f->maximum)
		return true;
	return value >= f->minimum && (!f->maximum || value <= f->maximum);
}

/* Sizes and lengths of time: nothing is an error unless it is allowed. */
static bool is_amount(const struct field *f, int64_t value)
{
	return value == 0 ? f->flags & FIELD_ZERO_OK : is_within(f, value);
}

/* Decimal digits, one optional minus, no leading zero (octal to other readers of YAML).
 */
static int int_parse(const struct field *f, const char *text, void *value,
    struct arena *a, struct refusal *r)
{
	const char *digits = text + (text[0] == '-');
	size_t count = strspn(digits, "0123456789");

	if (count > 1 && digits[0] == '0' && !digits[count])
		r->fix = "leave out the zeros before it";
	if (count == 0 || digits[count] || (digits[0] == '0' && count > 1))
		return refuse(r, "bad-value", a, text);
	if (count > 18)
		return refuse(r, "out-of-range", a, text);
	*(int64_t *)value = strtoll(text, NULL, 10);
	return is_within(f, *(int64_t *)value) ? 0 : refuse(r, "out-of-range", a, text);
}

static const char *int_text(struct arena *a, const struct field *f, const void *value)
{
	(void)f;
	return arena_printf(a, "%lld", (long long)*(const int64_t *)value);
}

static struct json_object *int_json(const void *value)
{
	return json_object_new_int64(*(const int64_t *)value);
}

static struct json_object *int_schema(const struct field *f)
{
	struct json_object *o = schema_of("integer", NULL);

	if (f->minimum || f->maximum)
		json_put_int(o, "minimum", f->minimum);
	if (f->maximum)
		json_put_int(o, "maximum", f->maximum);
	return o;
}

static const char *int_expected(struct arena *a, const struct field *f)
{
	return arena_printf(a, "a whole number%s", limits_text(a, f));
}

const struct field_ops field_int = {
	.bare = true,
	.parse = int_parse,
	.text = int_text,
	.equal = numbers_equal,
	.json = int_json,
	.schema = int_schema,
	.expected = int_expected,
};

static const int64_t *value_of(const void *value)
{
	return value;
}

static int size_parse_field(const struct field *f, const char *text, void *value,
    struct arena *a, struct refusal *r)
{
	if (size_parse(text, value, &r->why))
		return -1;
	if (is_amount(f, *(int64_t *)value))
		return 0;
	if (!text[strspn(text, "0123456789")] && *value_of(value) > 0)
		r->fix = arena_printf(a,
		    "a number alone counts bytes: write its unit, as in \"%s%s\"", text,
		    *value_of(value) < 256 ? "GiB" : "MiB");
	return refuse(r, "out-of-range", a, text);
}

static const char *size_text_field(
    struct arena *a, const struct field *f, const void *value)
{
	(void)f;
	return size_text(a, *(const int64_t *)value);
}

static struct json_object *size_schema(const struct field *f)
{
	(void)f;
	return schema_either(
	    schema_of("string", "^[0-9]+([KMGT]i?)?B?$"), schema_of("integer", NULL));
}

static const char *size_expected(struct arena *a, const struct field *f)
{
	return arena_printf(a, "a size with its unit%s", limits_text(a, f));
}

const struct field_ops field_size = {
	.parse = size_parse_field,
	.text = size_text_field,
	.equal = numbers_equal,
	.schema = size_schema,
	.expected = size_expected,
};

static int duration_parse_field(const struct field *f, const char *text, void *value,
    struct arena *a, struct refusal *r)
{
	if (duration_parse(text, value, &r->why))
		return -1;
	return is_amount(f, *(int64_t *)value) ? 0 : refuse(r, "out-of-range", a, text);
}

static const char *duration_text_field(
    struct arena *a, const struct field *f, const void *value)
{
	(void)f;
	return duration_text(a, *(const int64_t *)value);
}

static const char *duration_expected(struct arena *a, const struct field *f)
{
	return arena_printf(a, "a length of time with its unit%s", limits_text(a, f));
}

const struct field_ops field_duration = {
	.parse = duration_parse_field,
	.text = duration_text_field,
	.equal = numbers_equal,
	.pattern = "^([0-9]+(ms|s|m|h|d))+$",
	.expected = duration_expected,
};

/* Without its days, or with the whole name of one: as it would be taken. NULL: it is
 * something else. */
static const char *meant_window(struct arena *a, const char *text)
{
	size_t day = strcspn(text, " ");
	const char *meant = text[day] && day > 3
				? arena_printf(a, "%.3s%s", text, text + day)
				: arena_printf(a, "daily %s", text);
	struct window window;
	struct error ignored;

	return window_parse(meant, &window, &ignored) == 0 ? meant : NULL;
}

static int window_parse_field(const struct field *f, const char *text, void *value,
    struct arena *a, struct refusal *r)
{
	const char *meant;

	(void)f;
	if (window_parse(text, value, &r->why) == 0)
		return 0;
	meant = meant_window(a, text);
	if (meant)
		r->fix = arena_printf(a, "write \"%s\"", meant);
	return -1;
}

static const char *window_text_field(
    struct arena *a, const struct field *f, const void *value)
{
	(void)f;
	return window_text(a, value);
}

const struct field_ops field_window = {
	.parse = window_parse_field,
	.text = window_text_field,
	.pattern =
	    "^(daily|(Sun|Mon|Tue|Wed|Thu|Fri|Sat)([-,](Sun|Mon|Tue|Wed|Thu|Fri|Sat))*) [0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}$",
	.expects = "a time of the week, as \"Sun 02:00-05:00\"",
};
