/* SPDX-License-Identifier: MIT */
/* verdict: how the home is as a whole, in a word and in a sentence. */
#include <string.h>

#include "lib/view/view.h"

struct tally { /* of what is managed */
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
		    a, "%s; %zu not managed: Kubernetes is off", text, tally->off);
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
		return "the home is not observed yet";
	text = overview(a, v, &tally);
	if (tally.worst && badness(tally.worst->verdict) >= badness(VERDICT_PENDING))
		text = arena_printf(a, "%s; %s/%s is %s", text, tally.worst->kind->name,
		    tally.worst->short_name, verdict_text(tally.worst->verdict));
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
		    tally.worst->kind->name, tally.worst->short_name,
		    verdict_text(tally.worst->verdict), tally.worst->reason);
	return text;
}
