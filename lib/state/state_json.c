/* SPDX-License-Identifier: MIT */
/*
 * memory_json: what is remembered over a restart. Points in time are kept as wall time
 * and turned back through the pair of "now" of the reading process: monotonic clocks
 * begin anew with a boot.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/retry.h"
#include "lib/doc/json.h"
#include "lib/state/state.h"

#define FORMAT 1

struct clocks {
	struct mono now;
	int64_t wall;
};

static void put_mono(
    struct json_object *o, const char *key, struct mono t, const struct clocks *c)
{
	if (t.ms == INT64_MAX)
		json_put_int(o, key, INT64_MAX);
	else if (t.ms != 0)
		json_put_int(o, key, c->wall + (t.ms - c->now.ms));
}

static struct mono get_mono(
    struct json_object *o, const char *key, const struct clocks *c)
{
	int64_t wall = json_int_at(o, key, 0);

	if (wall == 0)
		return (struct mono){ 0 };
	if (wall == INT64_MAX)
		return MONO_NEVER;
	return (struct mono){ c->now.ms + (wall - c->wall) };
}

static void put_flag(struct json_object *o, const char *key, bool value)
{
	if (value)
		json_put_bool(o, key, true);
}

/* The wall clock may have been wrong when it was saved, or be so now: what is past cannot
 * be to come, and no wait is longer than the longest. */
static struct mono no_later(struct mono t, int64_t ms, const struct clocks *c)
{
	return mono_earlier(t, mono_add(c->now, ms));
}

static struct json_object *save_vm(const struct vm_record *vm, const struct clocks *c)
{
	struct json_object *o = json_object_new_object();

	put_flag(o, "seen", vm->seen);
	put_flag(o, "seen_running", vm->seen_running);
	json_put_int(o, "domain_id", vm->domain_id);
	json_put_int(o, "wanted", vm->wanted);
	json_put_int(o, "cause", vm->cause);
	put_mono(o, "running_since", vm->running_since, c);
	json_put_int(o, "quick_stops", vm->quick_stops);
	put_mono(o, "start_at", vm->start_at, c);
	put_flag(o, "gave_up", vm->gave_up);
	put_flag(o, "start_wanted", vm->start_wanted);
	put_mono(o, "stop_first", vm->stop_first, c);
	put_mono(o, "stop_sent", vm->stop_sent, c);
	return o;
}

static void load_vm(struct vm_record *vm, struct json_object *o, const struct clocks *c)
{
	int64_t cause = json_int_at(o, "cause", STOP_NONE);

	vm->seen = json_bool_at(o, "seen", false);
	vm->seen_running = json_bool_at(o, "seen_running", false);
	vm->domain_id = (int)json_int_at(o, "domain_id", -1);
	vm->wanted = (int)json_int_at(o, "wanted", -1);
	vm->cause =
	    cause >= STOP_NONE && cause <= STOP_OURS ? (enum stop_cause)cause : STOP_NONE;
	vm->running_since = no_later(get_mono(o, "running_since", c), 0, c);
	vm->quick_stops = (unsigned)json_int_at(o, "quick_stops", 0);
	vm->start_at = no_later(get_mono(o, "start_at", c), RETRY_START_MAX_MS, c);
	vm->gave_up = json_bool_at(o, "gave_up", false);
	vm->start_wanted = json_bool_at(o, "start_wanted", false);
	vm->stop_first = no_later(get_mono(o, "stop_first", c), 0, c);
	vm->stop_sent = no_later(get_mono(o, "stop_sent", c), 0, c);
}

static struct json_object *save_reservation(const struct reservation_record *lease)
{
	struct json_object *o = json_object_new_object();

	if (lease->has_ip)
		json_put_string(o, "ip", ip_text(lease->ip, (char[IP_TEXT]){ 0 }));
	put_flag(o, "owned", lease->owned);
	put_flag(o, "suspect_live", lease->suspect_live);
	put_flag(o, "suspect_config", lease->suspect_config);
	return o;
}

static void load_reservation(struct reservation_record *lease, struct json_object *o)
{
	const char *ip = json_string_at(o, "ip");

	lease->has_ip = ip && ip_parse(ip, &lease->ip, NULL) == 0;
	lease->owned = json_bool_at(o, "owned", false);
	lease->suspect_live = json_bool_at(o, "suspect_live", false);
	lease->suspect_config = json_bool_at(o, "suspect_config", false);
}

static struct json_object *save_memo(
    const struct object_state *state, const struct clocks *c)
{
	struct json_object *o = json_object_new_object();

	json_put_string(o, "kind", state->kind->name);
	json_put_string(o, "name", state->name);
	if (state->paused) {
		json_put_bool(o, "paused", true);
		json_put_string(o, "pause_reason", state->pause_reason);
		put_mono(o, "pause_until", state->pause_until, c);
	}
	if (state->approved)
		json_put_string(o, "approved", state->approved);
	put_flag(o, "braked", state->braked);
	if (state->vm.seen)
		json_put(o, "vm", save_vm(&state->vm, c));
	json_put(o, "lease", save_reservation(&state->reservation));
	return o;
}

struct json_object *state_save(const struct state *m, struct mono now, int64_t wall)
{
	struct json_object *o = json_object_new_object(), *list = json_object_new_array();
	struct clocks clocks = { now, wall };

	json_put_int(o, "format", FORMAT);
	if (m->paused) {
		json_put_bool(o, "paused", true);
		json_put_string(o, "pause_reason", m->pause_reason);
		put_mono(o, "pause_until", m->pause_until, &clocks);
	}
	for (size_t i = 0; i < m->count; i++)
		json_push(list, save_memo(m->items[i], &clocks));
	json_put(o, "objects", list);
	return o;
}

static void load_memo(struct state *m, struct json_object *o, const struct clocks *c)
{
	const char *kind_name = json_string_at(o, "kind"),
		   *name = json_string_at(o, "name");
	const struct kind *kind = kind_name ? kind_find(kind_name) : NULL;
	struct object_state *state;

	if (!kind || !name)
		return;
	state = state_get(m, kind, name);
	if (json_bool_at(o, "paused", false))
		state_pause(m, kind, name, json_string_at(o, "pause_reason"),
		    get_mono(o, "pause_until", c));
	if (json_string_at(o, "approved"))
		state_approve(m, kind, name, json_string_at(o, "approved"));
	state->braked = json_bool_at(o, "braked", false);
	if (json_at(o, "vm"))
		load_vm(&state->vm, json_at(o, "vm"), c);
	load_reservation(&state->reservation, json_at(o, "lease"));
}

int state_load(struct state *m, struct json_object *o, struct mono now, int64_t wall,
    struct error *e)
{
	struct clocks clocks = { now, wall };
	struct json_object *list = json_at(o, "objects");

	if (json_int_at(o, "format", 0) != FORMAT)
		return fail(e,
		    "it was written by another version (format %lld, this one reads %d)",
		    (long long)json_int_at(o, "format", 0), FORMAT);
	if (json_bool_at(o, "paused", false))
		state_pause(m, NULL, NULL, json_string_at(o, "pause_reason"),
		    get_mono(o, "pause_until", &clocks));
	for (size_t i = 0; i < json_count(list); i++)
		load_memo(m, json_item(list, i), &clocks);
	return 0;
}
