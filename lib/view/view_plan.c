/* SPDX-License-Identifier: MIT */
/* view_plan: what would be done, and what is otherwise than it is written, as JSON. */
#include <string.h>

#include "lib/doc/json.h"
#include "lib/view/view.h"

/* Why the steps of a held item are not done now. */
static const char *why_held(struct arena *a, const struct item *item)
{
	if (item->retry_in >= 0)
		return arena_printf(
		    a, "next try in %s", duration_text(a, item->retry_in));
	if (item->consent && !item->approved)
		return "waits for approval";
	if (item->state->busy)
		return "under way";
	return item->reason;
}

static struct json_object *step_json(const struct item *item, const struct step *step)
{
	struct json_object *o = json_object_new_object();
	struct arena a = { 0 };

	json_put_string(o, "kind", item->kind->name);
	json_put_string(o, "name", item->name);
	json_put_string(o, "text", step->text);
	json_put_string(o, "reason", item->reason);
	json_put_bool(o, "disruptive", item->disruptive);
	json_put_bool(o, "held", item->held);
	json_put_string(o, "why_held", item->held ? why_held(&a, item) : NULL);
	arena_done(&a);
	return o;
}

/* An object that is told beside a plan or the differences. */
static void push_other(struct json_object *list, const struct item *item)
{
	struct json_object *o = json_object_new_object();
	struct arena a = { 0 };

	json_put_string(o, "kind", item->kind->name);
	json_put_string(o, "name", item->name);
	json_put_string(o, "verdict", verdict_text(item->verdict));
	json_put_string(o, "reason", item->reason);
	json_put_string(o, "since",
	    item->state->since > 0 ? time_text(&a, item->state->since) : NULL);
	json_push(list, o);
	arena_done(&a);
}

/* Not as it is written, or not known to be, and there is no step that would change it. */
static bool is_stuck(const struct item *item)
{
	return !item->off && item->step_count == 0 &&
	       item->verdict != VERDICT_CONVERGED && item->verdict != VERDICT_PAUSED;
}

struct json_object *view_plan(const struct view *v)
{
	struct json_object *o = json_object_new_object();
	struct json_object *steps = json_object_new_array();
	struct json_object *approvals = json_object_new_array();
	struct json_object *others = json_object_new_array();

	for (size_t i = 0; v->plan && i < v->plan->step_count; i++)
		json_push(steps, step_json(v->plan->steps[i]->item, v->plan->steps[i]));
	for (size_t i = 0; v->plan && i < v->plan->item_count; i++) {
		const struct item *item = v->plan->items[i];
		struct json_object *approval;

		for (size_t s = 0; item->held && s < item->step_count; s++)
			json_push(steps, step_json(item, item->steps[s]));
		if (is_stuck(item))
			push_other(others, item);
		if (!item->consent || item->approved)
			continue;
		approval = json_object_new_object();
		json_put_string(approval, "kind", item->kind->name);
		json_put_string(approval, "name", item->name);
		json_put_string(approval, "consent", item->consent);
		json_push(approvals, approval);
	}
	json_put(o, "steps", steps);
	json_put(o, "approvals", approvals);
	json_put(o, "others", others);
	return o;
}

/* A difference's field as one side has it; NULL where the side or the key is not there.
 */
static const char *side_text(struct arena *a, const struct fields *fields,
    const struct object *side, const char *key)
{
	return side ? field_text_at(a, fields, side, key) : NULL;
}

/* Whether it is there at all: of what is to be made or taken away. */
static bool differs_in_existence(const struct item *item)
{
	bool there = item->live || item->config;

	return item->differences.count == 0 && item->step_count > 0 &&
	       (item->desired ? !there : there);
}

static struct json_object *existence_json(const struct item *item)
{
	struct json_object *row = json_object_new_object();

	json_put_string(row, "field", "existence");
	json_put_string(row, "want", item->desired ? "present" : "absent");
	json_put_string(row, "live", item->live ? "present" : "absent");
	json_put_string(row, "persistent", item->config ? "present" : NULL);
	return row;
}

static bool says(const char *text, const char *want)
{
	return text && want && strcmp(text, want) == 0;
}

/* What stands for the live side where the sides themselves do not tell the difference:
 * a paused VM has the key state: running. */
static const char *live_text(
    const struct difference *d, const char *live, const char *stored)
{
	bool told = (live && !says(live, d->want)) || (stored && !says(stored, d->want));

	return told ? live : d->have;
}

static struct json_object *diff_json(const struct item *item)
{
	struct json_object *o = json_object_new_object(), *list = json_object_new_array();
	const struct fields *fields = &item->kind->fields;
	struct arena a = { 0 };

	json_put_string(o, "kind", item->kind->name);
	json_put_string(o, "name", item->name);
	if (differs_in_existence(item))
		json_push(list, existence_json(item));
	for (size_t i = 0; i < item->differences.count; i++) {
		const struct difference *d = &item->differences.items[i];
		struct json_object *row = json_object_new_object();
		const char *live = side_text(&a, fields, item->live, d->field);
		const char *stored = side_text(&a, fields, item->config, d->field);

		json_put_string(row, "field", d->field);
		json_put_string(row, "want", d->want);
		json_put_string(row, "live", live_text(d, live, stored));
		json_put_string(row, "persistent", stored);
		json_push(list, row);
	}
	json_put(o, "changes", list);
	arena_done(&a);
	return o;
}

struct json_object *view_diff(const struct view *v)
{
	struct json_object *o = json_object_new_object(), *list = json_object_new_array();
	struct json_object *unknown = json_object_new_array();

	for (size_t i = 0; v->plan && i < v->plan->item_count; i++) {
		const struct item *item = v->plan->items[i];

		if (item->differences.count || differs_in_existence(item))
			json_push(list, diff_json(item));
		if (item->verdict == VERDICT_UNKNOWN && !item->off)
			push_other(unknown, item);
	}
	json_put(o, "objects", list);
	json_put(o, "unknown", unknown);
	return o;
}
