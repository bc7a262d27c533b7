/* SPDX-License-Identifier: MIT */
/* view_plan: what would be done, and what differs. */
#include <inttypes.h>
#include <string.h>

#include "lib/base/hash.h"
#include "lib/view/view.h"

/* Why the steps of a held item are not done now. */
static const char *why_held(struct arena *a, const struct item *item)
{
	if (item->retry_in >= 0)
		return arena_printf(
		    a, "next try in %s", duration_text(a, item->retry_in));
	if (view_approval(item))
		return "waits for approval";
	if (item->state->busy)
		return "under way";
	return item->reason;
}

static void add_step(
    struct arena *a, const struct item *item, const struct step *step, struct list *out)
{
	struct step_view *view = arena_push(a, &out->items, &out->count, sizeof(*view));

	*view = (struct step_view){
		.kind = item->kind->name,
		.name = item->short_name,
		.key = view_key(a, item),
		.text = step->text,
		.reason = item->reason,
		.disruptive = item->disruptive,
		.held = item->held,
		.why_held = item->held ? why_held(a, item) : NULL,
	};
}

/* An object that is reported beside a plan or the differences. */
static void add_other(struct arena *a, const struct item *item, struct list *out)
{
	struct other_view *view = arena_push(a, &out->items, &out->count, sizeof(*view));

	*view = (struct other_view){
		.kind = item->kind->name,
		.name = item->short_name,
		.key = view_key(a, item),
		.verdict = verdict_text(item->verdict),
		.reason = item->reason,
		.since = item->state->since,
	};
}

/* The change is all there is to say of its effects. */
static void add_approval(struct arena *a, const struct item *item, struct list *out)
{
	const char *text = view_approval(item),
		   **effect = arena_alloc(a, sizeof(*effect));
	struct approval_view *view =
	    arena_push(a, &out->items, &out->count, sizeof(*view));

	*effect = text;
	*view = (struct approval_view){
		.kind = item->kind->name,
		.name = item->short_name,
		.key = view_key(a, item),
		.hash = view_approval_hash(a, text),
		.text = text,
		.effects = { effect, 1 },
	};
}

const char *view_approval_hash(struct arena *a, const char *text)
{
	return arena_printf(a, "%016" PRIx64, hash_bytes(HASH_START, text, strlen(text)));
}

/* Not as it is written, or not known to be, and there is no step that would change it. */
static bool is_stuck(const struct item *item)
{
	return !item->off && item->step_count == 0 &&
	       item->verdict != VERDICT_CONVERGED && item->verdict != VERDICT_PAUSED;
}

void view_plan(const struct view *v, struct arena *a, struct plan_reply *out)
{
	*out = (struct plan_reply){ 0 };
	for (size_t i = 0; v->plan && i < v->plan->step_count; i++)
		add_step(a, v->plan->steps[i]->item, v->plan->steps[i], &out->steps);
	for (size_t i = 0; v->plan && i < v->plan->item_count; i++) {
		const struct item *item = v->plan->items[i];

		for (size_t s = 0; item->held && s < item->step_count; s++)
			add_step(a, item, item->steps[s], &out->steps);
		if (is_stuck(item))
			add_other(a, item, &out->others);
		if (view_approval(item))
			add_approval(a, item, &out->approvals);
	}
}

/* Differences */

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

static bool says(const char *text, const char *want)
{
	return text && want && strcmp(text, want) == 0;
}

/* What stands for the live side where the sides themselves do not show the difference:
 * a paused VM has the key state: running. */
static const char *live_text(
    const struct difference *d, const char *live, const char *stored)
{
	bool shown = (live && !says(live, d->want)) || (stored && !says(stored, d->want));

	return shown ? live : d->have;
}

static struct difference_view existence(const struct item *item)
{
	return (struct difference_view){
		.field = "existence",
		.want = item->desired ? "present" : "absent",
		.live = item->live ? "present" : "absent",
		.persistent = item->config ? "present" : NULL,
	};
}

static struct difference_view difference(
    struct arena *a, const struct item *item, const struct difference *d)
{
	const struct fields *fields = &item->kind->fields;
	const char *live = side_text(a, fields, item->live, d->field);
	const char *stored = side_text(a, fields, item->config, d->field);

	return (struct difference_view){
		.field = d->field,
		.want = d->want,
		.live = live_text(d, live, stored),
		.persistent = stored,
	};
}

static void add_differences(struct arena *a, const struct item *item, struct list *out)
{
	struct object_difference_view *view =
	    arena_push(a, &out->items, &out->count, sizeof(*view));
	struct list *changes = &view->changes;
	struct difference_view *row;

	view->kind = item->kind->name;
	view->name = item->short_name;
	view->key = view_key(a, item);
	if (differs_in_existence(item)) {
		row = arena_push(a, &changes->items, &changes->count, sizeof(*row));
		*row = existence(item);
	}
	for (size_t i = 0; i < item->differences.count; i++) {
		row = arena_push(a, &changes->items, &changes->count, sizeof(*row));
		*row = difference(a, item, &item->differences.items[i]);
	}
}

void view_diff(const struct view *v, struct arena *a, struct diff_reply *out)
{
	*out = (struct diff_reply){ 0 };
	for (size_t i = 0; v->plan && i < v->plan->item_count; i++) {
		const struct item *item = v->plan->items[i];

		if (item->differences.count || differs_in_existence(item))
			add_differences(a, item, &out->objects);
		if (item->verdict == VERDICT_UNKNOWN && !item->off)
			add_other(a, item, &out->unknown);
	}
}
