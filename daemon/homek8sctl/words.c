/* SPDX-License-Identifier: MIT */
/* words: small texts made of a reply. */
#include "daemon/homek8sctl/words.h"

#include <time.h>

#include "lib/base/text.h"
#include "lib/doc/json.h"

const char *object_name(struct ctl *ctl, struct json_object *o)
{
	const char *kind = json_string_at(o, "kind"), *name = json_string_at(o, "name");

	if (!kind || !name)
		return kind ? kind : "";
	return text_clean(
	    &ctl->arena, arena_printf(&ctl->arena, "%s/%s", kind, name), 512);
}

/* `sign`: 1 for what is over, -1 for what is to come. */
static const char *distance(struct ctl *ctl, const char *time_of, int sign)
{
	int64_t then = time_of ? time_parse(time_of) : -1;
	int64_t apart = (wall_ms() - then) * sign;

	if (then < 0)
		return "-";
	return duration_text(&ctl->arena, apart > 0 ? apart : 0);
}

const char *time_since(struct ctl *ctl, const char *time_of)
{
	return distance(ctl, time_of, 1);
}

const char *time_until(struct ctl *ctl, const char *time_of)
{
	return distance(ctl, time_of, -1);
}

const char *time_of_day(struct ctl *ctl, const char *time_of)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	int64_t then = time_of ? time_parse(time_of) : -1;
	time_t seconds = (time_t)(then / 1000);
	struct tm tm;

	if (then < 0 || !localtime_r(&seconds, &tm))
		return "-";
	return arena_printf(&ctl->arena, "%.3s %2d %02d:%02d:%02d",
	    months + 3 * tm.tm_mon, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* "a, b" of a list, "x: a, y: b" of an object. */
static const char *members_text(struct ctl *ctl, struct json_object *value)
{
	const char *text = "";

	for (size_t i = 0; i < json_count(value); i++)
		text = arena_printf(&ctl->arena, "%s%s%s", text, i ? ", " : "",
		    value_text(ctl, json_item(value, i)));
	if (!json_object_is_type(value, json_type_object))
		return text;
	json_object_object_foreach (value, key, member) {
		text = arena_printf(&ctl->arena, "%s%s%s: %s", text, *text ? ", " : "",
		    key, member ? value_text(ctl, member) : "-");
	}
	return text;
}

const char *value_text(struct ctl *ctl, struct json_object *value)
{
	switch (json_object_get_type(value)) {
	case json_type_null:
		return NULL;
	case json_type_boolean:
		return json_object_get_boolean(value) ? "yes" : "no";
	case json_type_array:
	case json_type_object:
		return members_text(ctl, value);
	case json_type_double:
	case json_type_int:
	case json_type_string:
		return arena_copy(&ctl->arena, json_object_get_string(value));
	}
	return NULL;
}
