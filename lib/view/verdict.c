/* SPDX-License-Identifier: MIT */
/* verdict: how the home is as a whole, in a word and in a sentence. */
#include <string.h>

#include "lib/view/view.h"

struct tally { /* of what is managed */
	size_t by[VERDICT_PAUSED + 1], off;
	size_t written, as_written; /* of what is written */
	const struct item *worst;
};

/* Of two that are blocked, one that waits for approval only waits for that. */
static bool is_worse(const struct item *item, const struct item *than)
{
	int rank = than ? verdict_rank(than->verdict) : -1;

	if (verdict_rank(item->verdict) != rank)
		return verdict_rank(item->verdict) > rank;
	return item->verdict == VERDICT_BLOCKED && !view_approval(item) &&
	       view_approval(than);
}

/* The worst one is named first. */
static struct tally count(const struct view *v)
{
	struct tally tally = { 0 };

	for (size_t i = 0; v->plan && i < v->plan->item_count; i++) {
		const struct item *item = v->plan->items[i];

		if (item->off) {
			tally.off++;
			continue;
		}
		tally.written += item->desired != NULL;
		tally.as_written += item->desired && item->verdict == VERDICT_CONVERGED;
		tally.by[item->verdict]++;
		if (is_worse(item, tally.worst))
			tally.worst = item;
	}
	return tally;
}

static bool source_is_bad(const struct source_view *s)
{
	return s->state && strcmp(s->state, "connected") != 0 &&
	       strcmp(s->state, "connecting") != 0 && strcmp(s->state, "off") != 0;
}

static bool a_source_is_bad(const struct view *v)
{
	for (size_t i = 0; i < source_count; i++)
		if (source_is_bad(&v->sources[i]))
			return true;
	return false;
}

const char *view_verdict(const struct view *v)
{
	struct tally tally = count(v);

	if (!v->plan)
		return "unknown";
	if (!v->load.generation)
		return "blocked"; /* a person has to write it */
	if (!v->load.ok || a_source_is_bad(v) || tally.by[VERDICT_FAILING])
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

	if (tally->as_written == tally->written)
		text = arena_printf(a, "all %zu object%s as written", tally->written,
		    tally->written == 1 ? " is" : "s are");
	else
		text =
		    arena_printf(a, "%zu of %zu objects %s as written", tally->as_written,
			tally->written, tally->as_written == 1 ? "is" : "are");
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

	for (size_t i = 0; tally->off && i < source_count; i++)
		if (v->sources[i].off)
			text = arena_printf(a, "%s; %zu not managed: %s is off", text,
			    tally->off, sources[i]->title);
	if (!v->load.ok)
		text = arena_printf(a, "%s; the configuration has errors", text);
	for (size_t i = 0; i < source_count; i++)
		if (source_is_bad(&v->sources[i]))
			text = arena_printf(a, "%s; %s is %s", text, sources[i]->title,
			    v->sources[i].state);
	return text;
}

/* What to write, and what to begin with. */
static const char *no_config(struct arena *a, const struct view *v)
{
	bool nothing = !v->load.error || strstr(v->load.error, "[no-desired-state]");
	const char *text = arena_printf(a,
	    nothing
		? "no good configuration yet, so nothing is done: write %s/desired.d/home.yaml; `homek8sctl import` prints what runs now"
		: "no good configuration yet, so nothing is done: what is written has errors, which `homek8sctl validate %s` shows",
	    v->load.directory);

	for (size_t i = 0; i < source_count; i++)
		if (source_is_bad(&v->sources[i]))
			text = arena_printf(a, "%s; %s is %s", text, sources[i]->title,
			    v->sources[i].state);
	return text;
}

/* "vm/web-1 is blocked", "vm/web-1 and 4 more are blocked" */
static const char *worst_text(struct arena *a, const struct tally *tally)
{
	const struct item *worst = tally->worst;
	size_t alike = tally->by[worst->verdict] - 1;
	const char *name = arena_printf(a, "%s/%s", worst->kind->name, worst->short_name);

	if (alike)
		return arena_printf(a, "%s and %zu more are %s", name, alike,
		    verdict_text(worst->verdict));
	return arena_printf(a, "%s is %s", name, verdict_text(worst->verdict));
}

const char *view_headline(struct arena *a, const struct view *v)
{
	struct tally tally = count(v);
	const char *text;

	if (!v->plan)
		return "the home is not observed yet";
	if (!v->load.generation)
		return no_config(a, v);
	text = overview(a, v, &tally);
	if (tally.worst &&
	    verdict_rank(tally.worst->verdict) >= verdict_rank(VERDICT_PENDING))
		text = arena_printf(a, "%s; %s", text, worst_text(a, &tally));
	return text;
}

const char *view_summary(struct arena *a, const struct view *v)
{
	struct tally tally = count(v);
	const char *text;

	if (!v->plan || !v->load.generation)
		return view_headline(a, v);
	text = overview(a, v, &tally);
	if (tally.worst && tally.worst->verdict != VERDICT_CONVERGED)
		text = arena_printf(
		    a, "%s; %s: %s", text, worst_text(a, &tally), tally.worst->reason);
	return text;
}
