/* SPDX-License-Identifier: MIT */
/* view: status, lists and single objects from one plan and what is around it. */
#include "lib/view/view.h"

#include <string.h>

#include "lib/doc/json.h"
#include "lib/plan/first_start.h"

/* Parts */

/* The plan counts from when it was made, a reply from when it is read. */
int64_t view_retry_in(const struct view *v, const struct item *item)
{
	int64_t left = v->planned.ms + item->retry_in - v->now.ms;

	if (item->retry_in < 0)
		return -1;
	return left > 0 ? left : 0;
}

const char *view_key(struct arena *a, const struct item *item)
{
	return arena_printf(a, "%s/%s", item->kind->name, item->name);
}

bool view_waits(const struct program *program)
{
	return program->gate == GATE_APPROVAL || program->gate == GATE_BUDGET;
}

const char *view_approval(const struct item *item)
{
	for (size_t i = 0; i < item->program_count; i++)
		if (view_waits(item->programs[i]))
			return item->programs[i]->why;
	return NULL;
}

static struct object_view object_of(
    struct arena *a, const struct view *v, const struct item *item)
{
	return (struct object_view){
		.kind = item->kind->name,
		.name = item->short_name,
		.key = view_key(a, item),
		.verdict = verdict_text(item->verdict),
		.reason = item->reason,
		.since = item->state->since,
		.changes = { item->differences.items, item->differences.count },
		.conditions = { item->conditions, item->condition_count },
		.error = item->error,
		.retry_in = view_retry_in(v, item),
		.waits_for_approval = view_approval(item) != NULL,
	};
}

static bool is_about(const struct finding *f, const char *object)
{
	for (size_t i = 0; i < FINDING_OBJECTS && f->objects[i]; i++)
		if (strcmp(f->objects[i], object) == 0)
			return true;
	return false;
}

static void add_finding(struct arena *a, const struct finding *f, struct list *out)
{
	struct finding_view *view =
	    arena_push(a, &out->items, &out->count, sizeof(*view));
	size_t objects = 0;

	while (objects < FINDING_OBJECTS && f->objects[objects])
		objects++;
	*view = (struct finding_view){
		.id = f->id,
		.severity = severity_text(f->severity),
		.objects = { (void *)f->objects, objects },
		.text = f->text,
		.fix = f->fix,
		.at = place_text(a, &f->place),
	};
}

void view_findings(struct arena *a, const struct finding *findings, size_t count,
    const char *about, struct list *out)
{
	for (size_t i = 0; i < count; i++)
		if (!about || is_about(&findings[i], about))
			add_finding(a, &findings[i], out);
}

/* Whether the plan knows what has become of the finding's first object. */
static bool is_superseded(const struct view *v, struct arena *a, const struct finding *f)
{
	const char *slash = f->objects[0] ? strchr(f->objects[0], '/') : NULL;
	const struct kind *kind;
	const struct item *item;
	struct error e;

	if (!f->as_written || !slash || !v->plan)
		return false;
	kind = kind_find(arena_copy_n(a, f->objects[0], (size_t)(slash - f->objects[0])));
	item = kind ? plan_lookup(v->plan, kind, slash + 1, &e) : NULL;
	return item && item->verdict != VERDICT_UNKNOWN;
}

/* Those of the configuration and those of the plan. */
static struct list all_findings(const struct view *v, struct arena *a, const char *about)
{
	struct list out = { 0 };

	for (size_t i = 0; v->config && i < v->config->report.count; i++)
		if (!is_superseded(v, a, &v->config->report.findings[i]))
			view_findings(a, &v->config->report.findings[i], 1, about, &out);
	if (v->plan)
		view_findings(a, v->plan->findings, v->plan->finding_count, about, &out);
	return out;
}

/* Status */

/* One that no kind comes from is not worth a line. */
static bool source_is_used(const struct source *source)
{
	for (size_t i = 0; i < kind_count; i++)
		if (kinds[i]->source == source && kinds[i]->plan)
			return true;
	return false;
}

static const struct sources_view *sources_of(const struct view *v, struct arena *a)
{
	struct sources_view *view = arena_alloc(a, sizeof(*view));
	struct config_source_view *config = arena_alloc(a, sizeof(*config));
	size_t next = 0;

	*config = (struct config_source_view){
		.state = v->load.ok ? "ok" : "error",
		.generation = v->load.generation,
		.error = v->load.error,
		.since = v->load.since,
		.directory = v->load.directory,
	};
	view->config = config;
#define SOURCE(row, title)                                                               \
	view->row = source_is_used(sources[next]) ? &v->sources[next] : NULL;            \
	next++;
#include "lib/kind/sources.def"
#undef SOURCE
	return view;
}

static const struct pause_view *pause_of(const struct view *v, struct arena *a)
{
	bool observes = v->plan && (v->plan->start == START_OBSERVES ||
				       v->plan->start == START_WAITS);
	struct pause_view *pause;

	if (!v->state->paused && !observes)
		return NULL;
	pause = arena_alloc(a, sizeof(*pause));
	if (!v->state->paused) {
		pause->reason = first_start_reason;
		return pause;
	}
	pause->reason = v->state->pause_reason;
	if (v->state->pause_until.ms != INT64_MAX)
		pause->until = v->wall + (v->state->pause_until.ms - v->now.ms);
	return pause;
}

void view_status(const struct view *v, struct arena *a, struct status_reply *out)
{
	size_t count = v->plan ? v->plan->item_count : 0;
	struct object_view *objects = arena_array(a, count, sizeof(*objects));

	for (size_t i = 0; i < count; i++)
		objects[i] = object_of(a, v, v->plan->items[i]);
	*out = (struct status_reply){
		.verdict = view_verdict(v),
		.headline = view_headline(a, v),
		.summary = view_summary(a, v),
		.sources = sources_of(v, a),
		.objects = { objects, count },
		.findings = all_findings(v, a, NULL),
		.paused = pause_of(v, a),
	};
}

/* Lists */

/* What is there; what is only written is not. */
static const struct object *shown(const struct item *item)
{
	return item->live ? item->live : item->config;
}

static struct json_object *fields_of(const struct item *item, const struct object *side)
{
	struct json_object *o;

	if (!side)
		return NULL;
	o = field_json(&item->kind->fields, side);
	if (item->kind->facts && side != item->desired)
		item->kind->facts(side, o);
	if (item->kind->effective && side == item->desired)
		item->kind->effective(item, o);
	return o;
}

static struct json_object *side_json(const struct shape_side *side)
{
	return fields_of(side->item, side->side);
}

static struct json_object *listed_json(const struct shape_side *side)
{
	const struct view *v = side->view;
	struct json_object *fields = fields_of(side->item, side->side);
	struct arena a = { 0 };
	const struct list_input in = { v->plan, v->observed, v->probes, v->now, v->wall,
		&a };

	if (fields && side->item->kind->list_facts)
		side->item->kind->list_facts(&in, side->item, side->side, fields);
	arena_done(&a);
	return fields;
}

static struct shape_side listed_of(const struct view *v, const struct item *item)
{
	return (struct shape_side){ listed_json, item, shown(item), v };
}

void view_list(const struct view *v, struct arena *a, const struct kind *kind,
    struct list_reply *out)
{
	size_t count = v->plan ? v->plan->item_count : 0;
	struct listed_view *objects = arena_array(a, count, sizeof(*objects));

	*out = (struct list_reply){ .objects = { objects, 0 } };
	for (size_t i = 0; i < count; i++) {
		const struct item *item = v->plan->items[i];

		if (!kind || item->kind == kind)
			objects[out->objects.count++] = (struct listed_view){
				.object = object_of(a, v, item),
				.fields = listed_of(v, item),
			};
	}
}

/* Whether one of the plan's items is about it. */
static bool is_planned(const struct plan *plan, const struct observed *observed)
{
	const struct item_range *span = &plan->ranges[kind_index(observed->kind)];

	for (size_t i = span->first; i < span->end; i++)
		if (plan->items[i]->observed == observed)
			return true;
	return false;
}

static void add_unwritten(const struct view *v, struct arena *a,
    const struct observed *observed, struct list *out)
{
	struct unwritten_view *view =
	    arena_push(a, &out->items, &out->count, sizeof(*view));
	struct item *item = arena_alloc(a, sizeof(*item));

	*item = (struct item){
		.kind = observed->kind,
		.name = observed->name,
		.short_name = observed->name,
		.observed = observed,
		.live = observed->live,
		.config = observed->config,
		.state = object_state_blank(a, observed->kind),
	};
	*view = (struct unwritten_view){
		.kind = item->kind->name,
		.name = item->name,
		.key = view_key(a, item),
		.fields = listed_of(v, item),
	};
}

void view_unwritten(const struct view *v, struct arena *a, const struct kind *kind,
    struct unwritten_reply *out)
{
	*out = (struct unwritten_reply){ 0 };
	for (size_t k = 0; v->plan && k < kind_count; k++) {
		const struct observed_set *set = &v->observed->kinds[k];

		if (!kinds[k]->plan || (kind && kinds[k] != kind))
			continue;
		for (size_t i = 0; i < set->count; i++)
			if (set->items[i]->presence == PRESENT &&
			    !is_planned(v->plan, set->items[i]))
				add_unwritten(v, a, set->items[i], &out->objects);
	}
}

/* One object */

static struct list step_texts(struct arena *a, const struct item *item)
{
	struct list out = { 0 };

	for (size_t k = 0; k < item->program_count; k++)
		for (size_t i = 0; i < item->programs[k]->step_count; i++) {
			const char **slot =
			    arena_push(a, &out.items, &out.count, sizeof(*slot));

			*slot = item->programs[k]->steps[i]->text;
		}
	return out;
}

/* What is known of what runs beside its keys: its address, since when. */
static struct json_object *running_json(const struct shape_side *side)
{
	autojson struct json_object *listed = listed_json(side), *known = side_json(side);
	struct json_object *o = json_object_new_object();

	json_object_object_foreach (listed, key, value) {
		const struct field *f = side->item->kind->fields.rows;

		while (f->key && strcmp(f->key, key) != 0)
			f++;
		if (!f->key && !json_object_object_get_ex(known, key, NULL))
			json_put(o, key, json_object_get(value));
	}
	return o;
}

static struct shape_side running_of(const struct view *v, const struct item *item)
{
	const struct shape_side side = { running_json, item, item->live, v };
	autojson struct json_object *o = item->live ? running_json(&side) : NULL;

	return o && json_object_object_length(o) ? side : (struct shape_side){ 0 };
}

/* Adds the keys of `o` that the map, NULL for none, does not have. */
static void add_defaults(struct arena *a, struct json_object *o, const struct node *map,
    const char *prefix, struct list *out)
{
	json_object_object_foreach (o, key, value) {
		const struct node *node = node_get(map, key);
		const char *path = arena_printf(a, "%s%s", prefix, key);

		if (json_object_is_type(value, json_type_object))
			add_defaults(a, value, node, arena_printf(a, "%s.", path), out);
		else if (!node)
			*(const char **)arena_push(
			    a, &out->items, &out->count, sizeof(const char *)) = path;
	}
}

/* A name is no default: it stands as the key of what is written. */
static struct list defaults_of(struct arena *a, const struct item *item)
{
	const struct node *map = item->desired ? item->desired->record.node : NULL;
	autojson struct json_object *o = NULL;
	struct list out = { 0 };

	if (!map)
		return out;
	o = fields_of(item, item->desired);
	json_object_object_del(o, "name");
	add_defaults(a, o, map, "", &out);
	return out;
}

static struct shape_side side_of(const struct item *item, const struct object *side)
{
	return (struct shape_side){ side ? side_json : NULL, item, side, NULL };
}

static struct json_object *remembered_json(const struct shape_side *side)
{
	const struct clocks clocks = { side->view->now, side->view->wall, NULL };

	return object_state_show(side->item->state, &clocks);
}

static struct shape_side remembered_of(const struct view *v, const struct item *item)
{
	struct shape_side side = { remembered_json, item, NULL, v };
	autojson struct json_object *o = remembered_json(&side);

	return json_object_object_length(o) ? side : (struct shape_side){ 0 };
}

bool view_describe(const struct view *v, struct arena *a, const struct kind *kind,
    const char *name, struct describe_reply *out)
{
	const struct item *item = v->plan ? plan_find(v->plan, kind, name) : NULL;
	const struct node *node;

	if (!item)
		return false;
	node = item->desired ? item->desired->record.node : NULL;
	*out = (struct describe_reply){
		.object = object_of(a, v, item),
		.title = kind->title,
		.written_at = node ? place_text(a, &node->place) : NULL,
		.desired = side_of(item, item->desired),
		.defaults = defaults_of(a, item),
		.live = side_of(item, item->live),
		.persistent = side_of(item, item->config),
		.running = running_of(v, item),
		.remembered = remembered_of(v, item),
		.steps = step_texts(a, item),
		.approval = view_approval(item),
		.findings = all_findings(
		    v, a, arena_printf(a, "%s/%s", kind->name, item->short_name)),
	};
	return true;
}
