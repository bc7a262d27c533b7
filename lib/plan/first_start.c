/* SPDX-License-Identifier: MIT */
/* first_start: looks for our mark, and for what is written and exists. */
#include "lib/plan/first_start.h"

/* For a source that is there to be connected to and read. */
#define PATIENCE_MS 10000

const char first_start_reason[] =
    "first start: nothing is changed before `homek8sctl resume`; see `homek8sctl plan`";

static bool any_owned(const struct planner *p, const struct kind *kind)
{
	const struct observed_set *set = &p->input->observed->kinds[kind_index(kind)];

	for (size_t i = 0; kind->is_owned && i < set->count; i++)
		if (set->items[i]->presence == PRESENT && kind->is_owned(set->items[i]))
			return true;
	return false;
}

/* Objects that are only derived, such as nodes, are never changed by themselves. */
static bool any_existing(const struct planner *p, const struct kind *kind)
{
	const struct observed_set *set = &p->input->observed->kinds[kind_index(kind)];
	const struct set *desired = config_get(p->input->desired, kind);

	if (!kind->decode || !kind->fields.rows[0].key)
		return false;
	for (size_t i = 0; i < desired->count; i++) {
		const struct object *want = desired->items[i];
		const char *name =
		    kind->external_name ? kind->external_name(want) : want->name;
		size_t at;

		if (observed_set_index(set, name, &at))
			return true;
	}
	return false;
}

/* What is written is known, as far as its source will ever say. */
static bool is_known(const struct planner *p, const struct kind *kind)
{
	return !kind->decode || p->input->sources[source_index(kind->source)].off ||
	       !config_get(p->input->desired, kind)->count ||
	       p->input->observed->kinds[kind_index(kind)].known;
}

enum start first_start_of(struct planner *p)
{
	struct mono end = mono_add(p->input->began, PATIENCE_MS);
	bool existing = p->input->state->observing, known = true;

	if (!p->input->state->fresh)
		return START_KNOWN;
	for (size_t k = 0; k < kind_count; k++) {
		if (any_owned(p, kinds[k]))
			return START_LOST;
		existing |= any_existing(p, kinds[k]);
		known &= is_known(p, kinds[k]);
	}
	if (p->input->desired->settings.first_start != FIRST_START_OBSERVE)
		return START_FREE;
	if (!known && !existing && !mono_reached(end, p->input->now)) {
		plan_wake(p, end);
		return START_WAITS;
	}
	return existing ? START_OBSERVES : START_FREE;
}

void first_start_report(struct planner *p)
{
	if (!p->input->state->lost && p->plan->start != START_LOST)
		return;
	plan_finding(p, SEVERITY_WARNING, "state-lost", "",
	    "nothing is remembered of before this start: pauses, starts and stops that were requested, and approvals are gone; give them again where they are needed, and `homek8sctl resume` takes this notice away");
}
