/* SPDX-License-Identifier: MIT */
/* view: status, lists, plan and differences as JSON, from one plan and what is around it.
 */
#include "lib/view/view.h"

#include <string.h>

#include "lib/doc/json.h"

/* The verdict of the whole */

struct tally { /* of what is looked after */
	size_t by[VERDICT_PAUSED + 1], all, off;
	const struct item *worst;
};

/* How bad a verdict is for the home: the worst one is named first. */
static int badness(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_FAILING:
		return 5;
	case VERDICT_BLOCKED:
		return 4;
	case VERDICT_PENDING:
		return 3;
	case VERDICT_UNKNOWN:
		return 2;
	case VERDICT_PAUSED:
		return 1;
	case VERDICT_CONVERGED:
		return 0;
	}
	return 0;
}

static struct tally count(const struct view *v)
{
	struct tally tally = { 0 };

	for (size_t i = 0; v->plan && i < v->plan->item_count; i++) {
		const struct item *item = v->plan->items[i];

		if (item->off) {
			tally.off++;
			continue;
		}
		tally.all++;
		tally.by[item->verdict]++;
		if (!tally.worst ||
		    badness(item->verdict) > badness(tally.worst->verdict))
			tally.worst = item;
	}
	return tally;
}

static bool source_is_bad(const struct source_view *s)
{
	return s->state && strcmp(s->state, "connected") != 0 &&
	       strcmp(s->state, "connecting") != 0 && strcmp(s->state, "off") != 0;
}

const char *view_verdict(const struct view *v)
{
	struct tally tally = count(v);

	if (!v->plan)
		return "unknown";
	if (!v->load.ok || source_is_bad(&v->libvirt) || source_is_bad(&v->kubernetes) ||
	    tally.by[VERDICT_FAILING])
		return "degraded";
	if (tally.by[VERDICT_BLOCKED])
		return "blocked";
	if (tally.by[VERDICT_PENDING])
		return "converging";
	if (tally.by[VERDICT_UNKNOWN])
		return "unknown";
	if (tally.by[VERDICT_PAUSED])
		return "paused";
	return "converged";
}

/* "9 of 12 objects are as written, 2 paused" */
static const char *counts(struct arena *a, const struct tally *tally)
{
	static const enum verdict others[] = { VERDICT_UNKNOWN, VERDICT_PAUSED };
	const char *text;

	if (tally->by[VERDICT_CONVERGED] == tally->all)
		return arena_printf(a, "all %zu object%s as written", tally->all,
		    tally->all == 1 ? " is" : "s are");
	text = arena_printf(a, "%zu of %zu objects %s as written",
	    tally->by[VERDICT_CONVERGED], tally->all,
	    tally->by[VERDICT_CONVERGED] == 1 ? "is" : "are");
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (tally->by[others[i]])
			text = arena_printf(a, "%s, %zu %s", text, tally->by[others[i]],
			    verdict_text(others[i]));
	return text;
}

/* What is said of the sources and, in numbers, of the objects. */
static const char *overview(
    struct arena *a, const struct view *v, const struct tally *tally)
{
	const char *text = counts(a, tally);

	if (tally->off)
		text = arena_printf(
		    a, "%s; %zu not looked after: Kubernetes is off", text, tally->off);
	if (!v->load.ok)
		text = arena_printf(a, "%s; the configuration has errors", text);
	if (source_is_bad(&v->libvirt))
		text = arena_printf(a, "%s; libvirt is %s", text, v->libvirt.state);
	if (source_is_bad(&v->kubernetes))
		text = arena_printf(a, "%s; Kubernetes is %s", text, v->kubernetes.state);
	return text;
}

const char *view_headline(struct arena *a, const struct view *v)
{
	struct tally tally = count(v);
	const char *text;

	if (!v->plan)
		return "looking at the home for the first time";
	text = overview(a, v, &tally);
	if (tally.worst && badness(tally.worst->verdict) >= badness(VERDICT_PENDING))
		text = arena_printf(a, "%s; %s/%s is %s", text, tally.worst->kind->name,
		    tally.worst->name, verdict_text(tally.worst->verdict));
	return text;
}

const char *view_summary(struct arena *a, const struct view *v)
{
	struct tally tally = count(v);
	const char *text;

	if (!v->plan)
		return view_headline(a, v);
	text = overview(a, v, &tally);
	if (tally.worst && tally.worst->verdict != VERDICT_CONVERGED)
		text = arena_printf(a, "%s; %s/%s is %s: %s", text,
		    tally.worst->kind->name, tally.worst->name,
		    verdict_text(tally.worst->verdict), tally.worst->reason);
	return text;
}

/* Parts */

static void put_time(struct json_object *o, const char *key, int64_t wall)
{
	struct arena a = { 0 };

	json_put_string(o, key, wall > 0 ? time_text(&a, wall) : NULL);
	arena_done(&a);
}

static struct json_object *source_json(const struct source_view *s, bool with_version)
{
	struct json_object *o = json_object_new_object();

	json_put_string(o, "state", s->state);
	put_time(o, "since", s->since);
	json_put_string(o, "detail", s->detail);
	if (with_version)
		json_put_string(o, "version", s->version);
	return o;
}

static struct json_object *load_json(const struct config_view *load)
{
	struct json_object *o = json_object_new_object();

	json_put_string(o, "state", load->ok ? "ok" : "error");
	json_put_int(o, "generation", load->generation);
	json_put_string(o, "error", load->error);
	put_time(o, "since", load->since);
	json_put_string(o, "directory", load->directory);
	return o;
}

static struct json_object *changes_json(const struct differences *d)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < d->count; i++) {
		struct json_object *o = json_object_new_object();

		json_put_string(o, "field", d->items[i].field);
		json_put_string(o, "want", d->items[i].want);
		json_put_string(o, "have", d->items[i].have);
		json_push(list, o);
	}
	return list;
}

static struct json_object *conditions_json(const struct item *item)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < item->condition_count; i++) {
		struct json_object *o = json_object_new_object();

		json_put_string(o, "type", item->conditions[i].type);
		json_put_string(o, "message", item->conditions[i].message);
		json_push(list, o);
	}
	return list;
}

/* What status says of one object. */
static struct json_object *item_json(const struct item *item)
{
	struct json_object *o = json_object_new_object();

	json_put_string(o, "kind", item->kind->name);
	json_put_string(o, "name", item->name);
	json_put_string(o, "verdict", verdict_text(item->verdict));
	json_put_string(o, "reason", item->reason);
	put_time(o, "since", item->state->since);
	json_put(o, "changes", changes_json(&item->differences));
	json_put(o, "conditions", conditions_json(item));
	json_put_string(o, "error", item->error);
	if (item->retry_in >= 0)
		json_put_int(o, "retry_in", item->retry_in);
	else
		json_put(o, "retry_in", NULL);
	return o;
}

static struct json_object *finding_json(const struct finding *f)
{
	struct json_object *o = json_object_new_object(),
			   *objects = json_object_new_array();
	struct arena a = { 0 };

	json_put_string(o, "id", f->id);
	json_put_string(o, "severity", severity_text(f->severity));
	for (size_t i = 0; i < FINDING_OBJECTS && f->objects[i]; i++)
		json_push_string(objects, f->objects[i]);
	json_put(o, "objects", objects);
	json_put_string(o, "text", f->text);
	json_put_string(o, "fix", f->fix);
	json_put_string(o, "at", place_text(&a, &f->place));
	arena_done(&a);
	return o;
}

static struct json_object *findings_json(const struct view *v)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; v->config && i < v->config->report.count; i++)
		json_push(list, finding_json(&v->config->report.findings[i]));
	for (size_t i = 0; v->plan && i < v->plan->finding_count; i++)
		json_push(list, finding_json(&v->plan->findings[i]));
	return list;
}

/* Answers */

struct json_object *view_status(const struct view *v)
{
	struct json_object *o = json_object_new_object(),
			   *sources = json_object_new_object();
	struct json_object *objects = json_object_new_array();
	struct arena a = { 0 };

	json_put_string(o, "verdict", view_verdict(v));
	json_put_string(o, "headline", view_headline(&a, v));
	json_put_string(o, "summary", view_summary(&a, v));
	json_put(sources, "config", load_json(&v->load));
	json_put(sources, "libvirt", source_json(&v->libvirt, true));
	json_put(sources, "kubernetes", source_json(&v->kubernetes, true));
	json_put(o, "sources", sources);
	for (size_t i = 0; v->plan && i < v->plan->item_count; i++)
		json_push(objects, item_json(v->plan->items[i]));
	json_put(o, "objects", objects);
	json_put(o, "findings", findings_json(v));
	if (v->state->paused) {
		struct json_object *pause = json_object_new_object();

		json_put_string(pause, "reason", v->state->pause_reason);
		if (v->state->pause_until.ms != INT64_MAX)
			put_time(pause, "until",
			    v->wall + (v->state->pause_until.ms - v->now.ms));
		else
			json_put(pause, "until", NULL);
		json_put(o, "paused", pause);
	}
	arena_done(&a);
	return o;
}

/* What is there, or else what is wanted: the side lists show. */
static const struct object *shown(const struct item *item)
{
	if (item->live)
		return item->live;
	return item->config ? item->config : item->desired;
}

static struct json_object *side_json(const struct item *item, const struct object *side)
{
	struct json_object *o;

	if (!side)
		return NULL;
	o = field_json(&item->kind->fields, side);
	if (item->kind->facts && side != item->desired)
		item->kind->facts(side, o);
	return o;
}

/* Columns of what can only be written and never seen, as a VM's role: as it is written.
 */
static void add_written(struct json_object *fields, const struct item *item)
{
	autojson struct json_object *written = side_json(item, item->desired);

	for (const char *const *c = item->kind->list_columns; written && c && *c; c++)
		for (const struct field *f = item->kind->fields.rows; f->key; f++)
			if (strcmp(f->key, *c) == 0 && !(f->flags & FIELD_COMPARED) &&
			    !json_at(fields, *c))
				json_put(
				    fields, *c, json_object_get(json_at(written, *c)));
}

struct json_object *view_list(const struct view *v, const struct kind *kind)
{
	struct json_object *o = json_object_new_object(), *list = json_object_new_array();

	for (size_t i = 0; v->plan && i < v->plan->item_count; i++) {
		const struct item *item = v->plan->items[i];
		struct json_object *row, *fields;

		if (kind && item->kind != kind)
			continue;
		row = item_json(item);
		fields = side_json(item, shown(item));
		add_written(fields, item);
		json_put(row, "fields", fields);
		json_push(list, row);
	}
	json_put(o, "objects", list);
	return o;
}

static bool is_about(const struct finding *f, const char *object)
{
	for (size_t i = 0; i < FINDING_OBJECTS && f->objects[i]; i++)
		if (strcmp(f->objects[i], object) == 0)
			return true;
	return false;
}

static struct json_object *findings_about(const struct view *v, const struct item *item)
{
	struct json_object *list = json_object_new_array();
	const struct report *report = v->config ? &v->config->report : NULL;
	struct arena a = { 0 };
	const char *object = arena_printf(&a, "%s/%s", item->kind->name, item->name);

	for (size_t i = 0; report && i < report->count; i++)
		if (is_about(&report->findings[i], object))
			json_push(list, finding_json(&report->findings[i]));
	for (size_t i = 0; i < v->plan->finding_count; i++)
		if (is_about(&v->plan->findings[i], object))
			json_push(list, finding_json(&v->plan->findings[i]));
	arena_done(&a);
	return list;
}

static struct json_object *steps_json(const struct item *item)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < item->step_count; i++)
		json_push_string(list, item->steps[i]->text);
	return list;
}

struct json_object *view_describe(
    const struct view *v, const struct kind *kind, const char *name)
{
	const struct item *item = v->plan ? plan_find(v->plan, kind, name) : NULL;
	struct json_object *o;
	struct arena a = { 0 };

	if (!item)
		return NULL;
	o = item_json(item);
	json_put_string(o, "title", kind->title);
	json_put_string(o, "written_at",
	    item->desired && item->desired->record.node
		? place_text(&a, &item->desired->record.node->place)
		: NULL);
	json_put(o, "desired", side_json(item, item->desired));
	json_put(o, "live", side_json(item, item->live));
	json_put(o, "persistent", side_json(item, item->config));
	json_put(o, "steps", steps_json(item));
	json_put_string(o, "consent", item->approved ? NULL : item->consent);
	json_put(o, "findings", findings_about(v, item));
	arena_done(&a);
	return o;
}
