/* SPDX-License-Identifier: MIT */
/* field_address: the types whose values are addresses, and those that consist of records. */
#include <stdlib.h>
#include <string.h>

#include "lib/doc/json.h"
#include "lib/model/field_type.h"

/* A type whose values lib/base/addr.h reads and writes. */
#define ADDRESS_TYPE(name_, equal_, room_, pattern_, expected_)                          \
	static int name_##_parse_field(const struct field *f, const char *text,          \
	    void *value, struct arena *a, struct refusal *r)                             \
	{                                                                                \
		(void)f;                                                                 \
		(void)a;                                                                 \
		return name_##_parse(text, value, &r->why);                              \
	}                                                                                \
	static const char *name_##_text_field(                                           \
	    struct arena *a, const struct field *f, const void *value)                   \
	{                                                                                \
		char buffer[room_];                                                      \
                                                                                         \
		(void)f;                                                                 \
		return arena_copy(                                                       \
		    a, name_##_text(*(const struct name_ *)value, buffer));              \
	}                                                                                \
	static bool name_##s_equal(const void *x, const void *y)                         \
	{                                                                                \
		return equal_(*(const struct name_ *)x, *(const struct name_ *)y);       \
	}                                                                                \
	const struct field_ops field_##name_ = {                                         \
		.parse = name_##_parse_field,                                            \
		.text = name_##_text_field,                                              \
		.equal = name_##s_equal,                                                 \
		.pattern = pattern_,                                                     \
		.expects = expected_,                                                    \
	}

static bool same_cidr(struct cidr x, struct cidr y)
{
	return ip_equal(x.address, y.address) && x.prefix == y.prefix;
}

ADDRESS_TYPE(
    mac, mac_equal, MAC_TEXT, "^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}$", "a MAC address");
ADDRESS_TYPE(ip, ip_equal, IP_TEXT, "^[0-9A-Fa-f.:]+$", "an IP address");
ADDRESS_TYPE(cidr, same_cidr, CIDR_TEXT, "^[0-9A-Fa-f.:]+/[0-9]{1,3}$",
    "an address with its prefix length");

/* Ranges: a list of texts makes one set. */

static int ranges_parse(const struct field *f, const char *text, void *value,
    struct arena *a, struct refusal *r)
{
	const struct range *range = value;
	size_t length = strcspn(text, "/");
	char first[IP_TEXT];
	struct ip ip;

	(void)f;
	if (range_parse(text, value, &r->why) < 0)
		return -1;
	if (!text[length] || ip_parse(arena_copy_n(a, text, length), &ip, NULL) < 0 ||
	    ip_equal(ip, range->first))
		return 0;
	return fail(&r->why,
	    "\"%.60s\" may be the one address or the whole network; write \"%.*s/%d\" or \"%s%s\"",
	    text, (int)length, text, ip.version == 4 ? 32 : 128,
	    ip_text(range->first, first), text + length);
}

static int by_first(const void *x, const void *y)
{
	return ip_compare(
	    ((const struct range *)x)->first, ((const struct range *)y)->first);
}

/* Sorted before they are made a set, which is quick only for what comes in order. */
static void ranges_gather(struct arena *a, void *elements, size_t count, void *value)
{
	const struct range *ranges = elements;

	qsort(elements, count, sizeof(*ranges), by_first);
	for (size_t i = 0; i < count; i++)
		ranges_add(a, value, ranges[i]);
}

static const char *ranges_text_field(
    struct arena *a, const struct field *f, const void *value)
{
	(void)f;
	return ranges_text(a, *(const struct ranges *)value);
}

static bool same_ranges(const void *x, const void *y)
{
	return ranges_equal(*(const struct ranges *)x, *(const struct ranges *)y);
}

static struct json_object *ranges_json(const void *value)
{
	const struct ranges *ranges = value;
	struct json_object *list = json_object_new_array();
	struct arena a = { 0 };

	for (size_t i = 0; i < ranges->count; i++)
		json_push_string(list, range_text(&a, ranges->items[i]));
	arena_done(&a);
	return list;
}

static struct json_object *ranges_schema(const struct field *f)
{
	(void)f;
	return schema_list(schema_of("string", "^[0-9A-Fa-f.:]+ ?[-/] ?"));
}

const struct field_ops field_ranges = {
	.parse = ranges_parse,
	.element_size = sizeof(struct range),
	.gather = ranges_gather,
	.text = ranges_text_field,
	.equal = same_ranges,
	.json = ranges_json,
	.schema = ranges_schema,
	.expects = "a list of address ranges",
};

/* Records */

static struct json_object *group_schema(const struct field *f)
{
	return field_schema(f->group);
}

const struct field_ops field_group = {
	.schema = group_schema,
	.expects = "a map",
};

static struct json_object *list_schema(const struct field *f)
{
	return schema_list(field_schema(f->group));
}

const struct field_ops field_list = {
	.schema = list_schema,
	.expects = "a list of maps",
};
