/* SPDX-License-Identifier: MIT */
/* record: one row of operations for each type that a record of lib/state may have. */
#include "lib/state/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/doc/json.h"

/* `value` points at the member of a record. */
struct ops {
	size_t size;
	bool (*equal)(const void *x, const void *y);
	struct json_object *(*save)(
	    const struct field *f, const void *value, const struct clocks *c);
	/* False: it is no value of this type. */
	bool (*load)(const struct field *f, void *value, struct json_object *o,
	    const struct clocks *c);
	struct json_object *(*show)(const void *value, const struct clocks *c); /* NULL:
										   `save` */
	void (*done)(void *value); /* NULL: it owns nothing */
};

/* Texts */

void record_set_text(char **text, const char *with)
{
	char *copy = must_copy(with);

	free(*text);
	*text = copy;
}

static bool texts_equal(const void *x, const void *y)
{
	const char *a = *(char *const *)x, *b = *(char *const *)y;

	return a == b || (a && b && strcmp(a, b) == 0);
}

static struct json_object *save_text(
    const struct field *f, const void *value, const struct clocks *c)
{
	(void)f;
	(void)c;
	return json_object_new_string(*(char *const *)value);
}

static bool load_text(
    const struct field *f, void *value, struct json_object *o, const struct clocks *c)
{
	const char *text = json_object_get_string(o);

	(void)f;
	(void)c;
	if (!json_object_is_type(o, json_type_string) ||
	    strlen(text) != (size_t)json_object_get_string_len(o))
		return false;
	record_set_text(value, text);
	return true;
}

static void free_text(void *value)
{
	free(*(char **)value);
}

/* Numbers */

static bool flags_equal(const void *x, const void *y)
{
	return *(const bool *)x == *(const bool *)y;
}

static struct json_object *save_flag(
    const struct field *f, const void *value, const struct clocks *c)
{
	(void)f;
	(void)c;
	return json_object_new_boolean(*(const bool *)value);
}

static bool load_flag(
    const struct field *f, void *value, struct json_object *o, const struct clocks *c)
{
	(void)f;
	(void)c;
	if (!json_object_is_type(o, json_type_boolean))
		return false;
	*(bool *)value = json_object_get_boolean(o);
	return true;
}

static bool numbers_equal(const void *x, const void *y)
{
	return *(const int64_t *)x == *(const int64_t *)y;
}

static struct json_object *save_number(
    const struct field *f, const void *value, const struct clocks *c)
{
	(void)f;
	(void)c;
	return json_object_new_int64(*(const int64_t *)value);
}

static bool load_number(
    const struct field *f, void *value, struct json_object *o, const struct clocks *c)
{
	int64_t number = json_object_get_int64(o);
	bool limited = f->minimum || f->maximum;

	(void)c;
	if (!json_object_is_type(o, json_type_int) ||
	    (limited && (number < f->minimum || number > f->maximum)))
		return false;
	*(int64_t *)value = number;
	return true;
}

static bool words_equal(const void *x, const void *y)
{
	return *(const int *)x == *(const int *)y;
}

static struct json_object *save_word(
    const struct field *f, const void *value, const struct clocks *c)
{
	(void)c;
	return json_object_new_string(f->words[*(const int *)value]);
}

/* Files of format 1 have the number of the word. */
static bool load_word(
    const struct field *f, void *value, struct json_object *o, const struct clocks *c)
{
	bool by_number = json_object_is_type(o, json_type_int);

	(void)c;
	for (int i = 0; f->words[i]; i++) {
		if (by_number ? json_object_get_int64(o) == i
			      : strcmp(json_object_get_string(o), f->words[i]) == 0) {
			*(int *)value = i;
			return true;
		}
	}
	return false;
}

/* Addresses */

static bool ips_equal(const void *x, const void *y)
{
	return ip_equal(*(const struct ip *)x, *(const struct ip *)y);
}

static struct json_object *save_ip(
    const struct field *f, const void *value, const struct clocks *c)
{
	char text[IP_TEXT];

	(void)f;
	(void)c;
	return json_object_new_string(ip_text(*(const struct ip *)value, text));
}

static bool load_ip(
    const struct field *f, void *value, struct json_object *o, const struct clocks *c)
{
	(void)f;
	(void)c;
	return json_object_is_type(o, json_type_string) &&
	       ip_parse(json_object_get_string(o), value, NULL) == 0;
}

/* Points in time */

static int64_t add(int64_t a, int64_t b)
{
	int64_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return a > 0 ? INT64_MAX : INT64_MIN;
	return sum;
}

static int64_t wall_of(struct mono t, const struct clocks *c)
{
	return t.ms == INT64_MAX ? INT64_MAX : add(c->wall, add(t.ms, -c->now.ms));
}

static struct json_object *show_wall(int64_t wall)
{
	struct json_object *o;
	struct arena a = { 0 };

	if (wall == INT64_MAX)
		return json_object_new_string("never");
	o = json_object_new_string(time_text(&a, wall));
	arena_done(&a);
	return o;
}

static struct json_object *show_time(const void *value, const struct clocks *c)
{
	(void)c;
	return show_wall(*(const int64_t *)value);
}

static bool monos_equal(const void *x, const void *y)
{
	return ((const struct mono *)x)->ms == ((const struct mono *)y)->ms;
}

static struct json_object *save_mono(
    const struct field *f, const void *value, const struct clocks *c)
{
	(void)f;
	return json_object_new_int64(wall_of(*(const struct mono *)value, c));
}

static struct json_object *show_mono(const void *value, const struct clocks *c)
{
	return show_wall(wall_of(*(const struct mono *)value, c));
}

static bool load_mono(
    const struct field *f, void *value, struct json_object *o, const struct clocks *c)
{
	int64_t wall = json_object_get_int64(o);
	struct mono *t = value, limit = mono_add(c->now, f->maximum);

	if (!json_object_is_type(o, json_type_int) || wall <= 0)
		return false;
	t->ms = wall == INT64_MAX ? wall : add(c->now.ms, wall - c->wall);
	*t = mono_earlier(*t, limit);
	if (t->ms == 0) /* it is some time, not none */
		t->ms = -1;
	return true;
}

/* Sets of hashes */

static bool hashes_equal(const void *x, const void *y)
{
	const struct hashes *a = x, *b = y;

	return a->count == b->count &&
	       (!a->count ||
		   memcmp(a->items, b->items, a->count * sizeof(*a->items)) == 0);
}

static struct json_object *save_hashes(
    const struct field *f, const void *value, const struct clocks *c)
{
	struct json_object *list = json_object_new_array();
	const struct hashes *set = value;
	char text[17];

	(void)f;
	(void)c;
	for (size_t i = 0; i < set->count; i++) {
		snprintf(text, sizeof(text), "%016" PRIx64, set->items[i]);
		json_push_string(list, text);
	}
	return list;
}

static bool load_hashes(
    const struct field *f, void *value, struct json_object *o, const struct clocks *c)
{
	(void)f;
	(void)c;
	for (size_t i = 0; i < json_count(o); i++) {
		const char *text = json_object_get_string(json_item(o, i));

		if (text && strlen(text) == 16 &&
		    text[strspn(text, "0123456789abcdef")] == '\0')
			hashes_add(value, strtoull(text, NULL, 16));
	}
	return json_object_is_type(o, json_type_array);
}

static void free_hashes(void *value)
{
	free(((struct hashes *)value)->items);
}

/* By type; those without a row are of no use in a record of the state. */
static const struct ops ops[] = {
	[FIELD_STRING] = { sizeof(char *), texts_equal, save_text, load_text, NULL,
	    free_text },
	[FIELD_BOOL] = { sizeof(bool), flags_equal, save_flag, load_flag, NULL, NULL },
	[FIELD_INT] = { sizeof(int64_t), numbers_equal, save_number, load_number, NULL,
	    NULL },
	[FIELD_WORD] = { sizeof(int), words_equal, save_word, load_word, NULL, NULL },
	[FIELD_IP] = { sizeof(struct ip), ips_equal, save_ip, load_ip, NULL, NULL },
	[FIELD_TIME] = { sizeof(int64_t), numbers_equal, save_number, load_number,
	    show_time, NULL },
	[FIELD_MONO] = { sizeof(struct mono), monos_equal, save_mono, load_mono,
	    show_mono, NULL },
	[FIELD_HASHES] = { sizeof(struct hashes), hashes_equal, save_hashes, load_hashes,
	    NULL, free_hashes },
};

/* Records */

/* Room for a value of any type. */
union value {
	int64_t number;
	struct ip ip;
	struct hashes hashes;
};

static const void *value_at(const struct field *f, const void *record)
{
	return (const char *)record + f->offset;
}

static void set_initial(const struct field *f, void *value)
{
	memset(value, 0, ops[f->type].size);
	if (f->fallback)
		*(int64_t *)value = strtoll(f->fallback, NULL, 10);
}

static bool is_initial(const struct field *f, const void *value)
{
	union value initial;

	set_initial(f, &initial);
	return ops[f->type].equal(value, &initial);
}

void record_init(const struct fields *fields, void *record)
{
	for (const struct field *f = fields->rows; f->key; f++) {
		void *value = (char *)record + f->offset;

		if (f->type == FIELD_GROUP)
			record_init(f->group, value);
		else
			set_initial(f, value);
	}
}

void record_done(const struct fields *fields, void *record)
{
	for (const struct field *f = fields->rows; f->key; f++) {
		void *value = (char *)record + f->offset;

		if (f->type == FIELD_GROUP)
			record_done(f->group, value);
		else if (ops[f->type].done)
			ops[f->type].done(value);
	}
}

void record_clear(const struct fields *fields, void *record)
{
	for (const struct field *f = fields->rows; f->key; f++) {
		void *value = (char *)record + f->offset;

		if (f->type == FIELD_GROUP) {
			record_clear(f->group, value);
		} else if (f->flags & FIELD_CLEARED) {
			if (ops[f->type].done)
				ops[f->type].done(value);
			set_initial(f, value);
		}
	}
}

bool record_same(const struct fields *fields, const void *x, const void *y)
{
	for (const struct field *f = fields->rows; f->key; f++) {
		const void *a = value_at(f, x), *b = value_at(f, y);

		if (!(f->flags & FIELD_KEPT))
			continue;
		if (f->type == FIELD_GROUP ? !record_same(f->group, a, b)
					   : !ops[f->type].equal(a, b))
			return false;
	}
	return true;
}

static void put_unless_empty(
    struct json_object *o, const char *key, struct json_object *group)
{
	if (json_object_object_length(group))
		json_put(o, key, group);
	else
		json_object_put(group);
}

void record_save(const struct fields *fields, const void *record, const struct clocks *c,
    struct json_object *o)
{
	for (const struct field *f = fields->rows; f->key; f++) {
		const void *value = value_at(f, record);

		if (!(f->flags & FIELD_KEPT))
			continue;
		if (f->type == FIELD_GROUP) {
			struct json_object *group = json_object_new_object();

			record_save(f->group, value, c, group);
			put_unless_empty(o, f->key, group);
		} else if (!is_initial(f, value)) {
			json_put(o, f->key, ops[f->type].save(f, value, c));
		}
	}
}

void record_load(const struct fields *fields, void *record, const struct clocks *c,
    struct json_object *o, bool old)
{
	for (const struct field *f = fields->rows; f->key; f++) {
		void *value = (char *)record + f->offset;
		const char *key = old && f->old_key ? f->old_key : f->key;
		struct json_object *from = json_at(o, key);

		if (!(f->flags & FIELD_KEPT) || !from)
			continue;
		if (f->type != FIELD_GROUP)
			ops[f->type].load(f, value, from, c);
		else if (json_object_is_type(from, json_type_object))
			record_load(f->group, value, c, from, old);
		if (f->type != FIELD_GROUP ||
		    !json_object_is_type(from, json_type_object) ||
		    !json_object_object_length(from))
			json_object_object_del(o, key);
	}
}

void record_add_unknown(struct json_object *o, struct json_object *unknown)
{
	if (!unknown)
		return;
	json_object_object_foreach (unknown, key, value) {
		struct json_object *known = json_at(o, key);

		if (!json_object_object_get_ex(o, key, NULL))
			json_put(o, key, json_object_get(value));
		else if (json_object_is_type(known, json_type_object) &&
			 json_object_is_type(value, json_type_object))
			record_add_unknown(known, value);
	}
}

struct json_object *record_show(
    const struct fields *fields, const void *record, const struct clocks *c)
{
	struct json_object *o = json_object_new_object();

	for (const struct field *f = fields->rows; f->key; f++) {
		const void *value = value_at(f, record);
		const struct ops *op = &ops[f->type];

		if (!(f->flags & FIELD_SHOWN))
			continue;
		if (f->type == FIELD_GROUP)
			put_unless_empty(o, f->key, record_show(f->group, value, c));
		else if (!is_initial(f, value))
			json_put(o, f->key,
			    op->show ? op->show(value, c) : op->save(f, value, c));
	}
	return o;
}
