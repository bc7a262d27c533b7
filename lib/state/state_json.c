/* SPDX-License-Identifier: MIT */
/*
 * state_json: the document of the state file, by the tables.
 *
 *	{"format": 2, "minor": 0, "saved": ..., "boot": ..., "uptime": ..., "objects": [
 *	    {"kind": "vm", "name": "worker-1", "approval": {...}, "record": {...}}, ...]}
 *
 * The format is another where an older version must not read it, the minor where it may:
 * members were added. Format 1 had approvals as texts, the kind's record under the name
 * of the struct it was once in, and reservations called after their host alone.
 */
#include "lib/state/state.h"

#include <string.h>

#include "lib/doc/json.h"

#define FORMAT 2
#define MINOR 0

static const struct field rows[] = {
	record_row(struct state, "paused", FIELD_BOOL, paused, FIELD_KEPT),
	record_row(struct state, "pause_reason", FIELD_STRING, pause_reason, FIELD_KEPT),
	record_row(struct state, "pause_until", FIELD_MONO, pause_until, FIELD_KEPT,
	    .maximum = INT64_MAX),
	record_row(struct state, "first_start", FIELD_BOOL, fresh, FIELD_KEPT),
	record_row(struct state, "observing", FIELD_BOOL, observing, FIELD_KEPT),
	record_row(struct state, "begun_sources", FIELD_HASHES, begun, FIELD_KEPT),
	record_row(struct state, "state_lost", FIELD_BOOL, lost, FIELD_KEPT),
	{ 0 },
};

static const struct fields state_fields = { rows, sizeof(struct state) };

/* Saving */

static struct json_object *save_object(
    const struct object_state *state, const struct clocks *c)
{
	struct json_object *o = json_object_new_object(), *own;

	json_put_string(o, "kind", state->kind->name);
	json_put_string(o, "name", state->name);
	record_save(&object_state_fields, state, c, o);
	if (state->own) {
		own = json_object_new_object();
		record_save(state->kind->state_fields, state->own, c, own);
		if (json_object_object_length(own))
			json_put(o, "record", own);
		else
			json_object_put(own);
	}
	record_add_unknown(o, state->unknown);
	return o;
}

struct json_object *state_save(const struct state *m, const struct clocks *c)
{
	struct json_object *o = json_object_new_object(), *list = json_object_new_array();

	json_put_int(o, "format", FORMAT);
	if (!json_at(m->unknown, "minor"))
		json_put_int(o, "minor", MINOR);
	json_put_int(o, "saved", c->wall);
	if (c->boot) {
		json_put_string(o, "boot", c->boot);
		json_put_int(o, "uptime", c->now.ms);
	}
	record_save(&state_fields, m, c, o);
	for (size_t i = 0; i < m->count; i++) {
		struct json_object *object = save_object(m->items[i], c);

		/* Kind and name alone say nothing. */
		if (json_object_object_length(object) > 2)
			json_push(list, object);
		else
			json_object_put(object);
	}
	for (size_t i = 0; i < json_count(m->unknown_objects); i++)
		json_push(list, json_object_get(json_item(m->unknown_objects, i)));
	json_put(o, "objects", list);
	record_add_unknown(o, m->unknown);
	return o;
}

/* Loading */

/* Takes a member out of the object; NULL where it is none. A reference of its own. */
static struct json_object *take(struct json_object *o, const char *key)
{
	struct json_object *value = json_object_get(json_at(o, key));

	json_object_object_del(o, key);
	return value;
}

/* Today's name of an object of format 1; NULL: it cannot be said which it was. */
static const char *name_of(const struct kind *kind, const char *name, bool old,
    const struct config *config, struct arena *a)
{
	return old && kind->old_name ? kind->old_name(config, name, a) : name;
}

static void load_object(struct state *m, const struct kind *kind, const char *name,
    struct json_object *o, const struct clocks *c, bool old)
{
	struct object_state *state = state_get(m, kind, name);
	const char *key = old && kind->old_state ? kind->old_state : "record";
	struct json_object *own = json_at(o, key);

	record_load(&object_state_fields, state, c, o, old);
	if (state->own && own) {
		record_load(kind->state_fields, state->own, c, own, old);
		if (!json_object_is_type(own, json_type_object) ||
		    !json_object_object_length(own))
			json_object_object_del(o, key);
	}
	/* Nothing that is newer than this version is in an old document. */
	if (!old && json_object_object_length(o) && !state->unknown)
		state->unknown = json_object_get(o);
}

static void load_one(struct state *m, struct json_object *o, const struct config *config,
    const struct clocks *c, bool old)
{
	autojson struct json_object *kind_name = NULL, *object_name = NULL;
	const char *text = json_string_at(o, "kind"), *name = json_string_at(o, "name");
	const struct kind *kind = text ? kind_find(text) : NULL;
	struct arena a = { 0 };

	if (!kind || !name) {
		if (!m->unknown_objects)
			m->unknown_objects = json_object_new_array();
		json_push(m->unknown_objects, json_object_get(o));
		return;
	}
	kind_name = take(o, "kind");
	object_name = take(o, "name");
	name = name_of(kind, json_object_get_string(object_name), old, config, &a);
	if (name)
		load_object(m, kind, name, o, c, old);
	arena_done(&a);
}

/*
 * The clocks by which the points in time of a document are read. In the boot it was saved in
 * those it was saved by. In another one at least as much time has passed since as the host
 * is up, be it on a clock without a battery, which begins in 1970; and a clock that shows
 * less than when it was saved is wrong: nothing lasts longer than it would have lasted.
 */
static struct clocks clocks_of(struct json_object *o, const struct clocks *c)
{
	const char *boot = json_string_at(o, "boot");
	int64_t saved = json_int_at(o, "saved", 0);
	struct mono uptime = { json_int_at(o, "uptime", 0) };
	bool known = boot && c->boot, same = known && strcmp(boot, c->boot) == 0;
	struct clocks clocks = *c;

	if (same && mono_reached(uptime, c->now))
		return (struct clocks){ uptime, saved, c->boot };
	if (known && !same && saved > 0 && saved < INT64_MAX - c->now.ms)
		saved += c->now.ms;
	if (saved > clocks.wall)
		clocks.wall = saved;
	return clocks;
}

int state_load(struct state *m, struct json_object *document, const struct config *config,
    const struct clocks *c, struct error *e)
{
	static const char *const own[] = { "format", "saved", "boot", "uptime" };
	autojson struct json_object *o = NULL, *list = NULL;
	const struct clocks clocks = clocks_of(document, c);
	int64_t version = json_int_at(document, "format", 0);

	if (version < 1 || version > FORMAT)
		return fail(e,
		    "it was written by another version (format %lld, this one reads 1 to %d)",
		    (long long)version, FORMAT);
	if (json_object_deep_copy(document, &o, NULL) < 0)
		return fail(e, "it cannot be copied");
	list = take(o, "objects");
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		json_object_object_del(o, own[i]);
	if (json_int_at(o, "minor", 0) <= MINOR)
		json_object_object_del(o, "minor");
	record_load(&state_fields, m, &clocks, o, false);
	if (json_object_object_length(o))
		m->unknown = json_object_get(o);
	for (size_t i = 0; i < json_count(list); i++)
		load_one(m, json_item(list, i), config, &clocks, version == 1);
	return 0;
}
