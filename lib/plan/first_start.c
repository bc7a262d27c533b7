/* SPDX-License-Identifier: MIT */
/* first_start: looks for our mark, and for what is written and exists. */
#include "lib/plan/first_start.h"

#include <string.h>

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

/* Every coverage that is not known is one that its source refuses to say. */
static bool is_refused(const struct observed_set *set)
{
	for (size_t i = 0; i < set->coverage_count; i++)
		if (!set->coverage[i].known && !set->coverage[i].refused)
			return false;
	return set->coverage_count && !set->hold.held;
}

/* What is written is known, as far as its source will ever say. */
static bool is_known(const struct planner *p, const struct kind *kind)
{
	const struct observed_set *set = &p->input->observed->kinds[kind_index(kind)];

	return !kind->decode || p->input->sources[source_index(kind->source)].off ||
	       !config_get(p->input->desired, kind)->count || set->known ||
	       is_refused(set);
}

struct start_facts {
	bool owned, existing; /* of what has not begun */
	bool known, begun;    /* all that is written; some source has */
	bool sources_known[SOURCES_MAX];
};

static void gather(struct planner *p, struct start_facts *facts)
{
	const struct state *state = p->input->state;

	*facts = (struct start_facts){ .known = true, .existing = state->observing };
	memset(facts->sources_known, true, sizeof(facts->sources_known));
	for (size_t k = 0; k < kind_count; k++) {
		const struct kind *kind = kinds[k];

		if (!kind->source)
			continue;
		if (state_source_has_begun(state, kind->source)) {
			facts->begun = true;
			continue;
		}
		facts->owned |= any_owned(p, kind);
		facts->existing |= any_existing(p, kind);
		facts->sources_known[source_index(kind->source)] &= is_known(p, kind);
		facts->known &= is_known(p, kind);
	}
}

/* Of what has not begun. */
static enum start start_of(
    struct planner *p, const struct start_facts *facts, bool known, bool waits)
{
	if (facts->owned)
		return START_LOST;
	if (p->input->desired->settings.first_start != FIRST_START_OBSERVE)
		return START_FREE;
	if (facts->existing)
		return START_OBSERVES;
	return waits || !known ? START_WAITS : START_FREE;
}

void first_start_judge(struct planner *p)
{
	struct mono end = mono_add(p->input->began, PATIENCE_MS);
	struct plan *plan = p->plan;
	struct start_facts facts;
	bool waits;

	if (!p->input->state->fresh)
		return;
	gather(p, &facts);
	waits = !facts.known && !facts.begun && !mono_reached(end, p->input->now);
	plan->start = start_of(p, &facts, true, waits);
	if (facts.begun && plan->start != START_LOST)
		plan->start = START_KNOWN;
	if (plan->start == START_WAITS)
		plan_wake(p, end);
	for (size_t i = 0; i < source_count; i++)
		if (!state_source_has_begun(p->input->state, sources[i]))
			plan->starts[i] =
			    start_of(p, &facts, facts.sources_known[i], waits);
}

bool first_start_holds(const struct plan *plan, const struct item *item)
{
	const struct source *source = item->kind->source;
	enum start start = source ? plan->starts[source_index(source)] : plan->start;
	bool says_more = !item->program_count && (item->verdict == VERDICT_UNKNOWN ||
						     item->verdict == VERDICT_BLOCKED);

	return start == START_OBSERVES || (start == START_WAITS && !says_more);
}

void first_start_report(struct planner *p)
{
	if (!p->input->state->lost && p->plan->start != START_LOST)
		return;
	plan_finding(p, SEVERITY_WARNING, "state-lost", "",
	    "nothing is remembered of before this start: pauses, starts and stops that were requested, and approvals are gone; give them again where they are needed, and `homek8sctl resume` takes this notice away");
}
