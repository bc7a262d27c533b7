/* SPDX-License-Identifier: MIT */
/* contest: counting, and what is said of it. */
#include "lib/kind/metallb/contest.h"

#include <string.h>

#define CONTESTED 3	       /* our changes that were undone in a row, */
#define FORGET_MS (10 * 60000) /* each within so long of the one before */
#define AGAIN_MS 30000	       /* then it is put right so often */
#define SHOWN 400	       /* bytes of what it is undone to */

static bool is_recent(const struct contest *c, struct mono now)
{
	return c->repaired_at.ms &&
	       !mono_reached(mono_add(c->repaired_at, FORGET_MS), now);
}

void contest_observed(struct contest *c, const char *differs, struct mono now)
{
	bool gone = differs && strcmp(differs, CONTEST_NOTHING) == 0;
	bool undone = differs && c->good && (!gone || c->there);
	bool again = undone && c->undone_to && is_recent(c, now) &&
		     strncmp(c->undone_to, differs, SHOWN - 1) == 0;
	struct arena a = { 0 };

	c->there = !gone;
	if (!undone)
		return;
	c->good = false;
	c->undone = again ? c->undone + 1 : 1;
	record_set_text(&c->undone_to, text_clean(&a, differs, SHOWN - 1));
	arena_done(&a);
}

void contest_repaired(struct contest *c, struct mono now)
{
	c->good = false;
	c->repaired_at = now;
}

void contest_anew(struct contest *c, bool edited)
{
	c->undone = 0;
	c->good &= !edited;
}

bool contest_is_on(const struct contest *c, struct mono now)
{
	return c->undone >= CONTESTED && is_recent(c, now);
}

static const char *reason(
    struct planner *p, const struct contest *c, const char *who, bool deletes)
{
	if (deletes)
		return arena_printf(p->arena,
		    "somebody deletes it again and again (%lld times in a row)",
		    (long long)c->undone);
	return arena_printf(p->arena,
	    "%s changes it back to %s again and again (%lld times in a row)", who,
	    c->undone_to, (long long)c->undone);
}

bool contest_report(struct planner *p, struct item *item, const struct contest *c,
    struct program *program, const char *manager, const char *written)
{
	const char *who = manager ? manager : "another client";
	bool deletes = c->undone_to && strcmp(c->undone_to, CONTEST_NOTHING) == 0;
	const char *object =
	    arena_printf(p->arena, "%s/%s", item->kind->name, item->name);
	struct mono again = mono_add(c->repaired_at, AGAIN_MS);

	if (!contest_is_on(c, p->input->now))
		return false;
	item->reason = reason(p, c, who, deletes);
	plan_finding(
	    p, SEVERITY_WARNING, "contested", object, "%s: %s", object, item->reason)
	    ->fix = arena_printf(p->arena,
	    "have one of the two keep it: take it out of what %s applies, or out of %s here",
	    deletes ? "the other one" : who, written);
	if (program && !deletes && !mono_reached(again, p->input->now)) {
		program_waits_until(p, item, program, again);
		item->verdict = VERDICT_BLOCKED;
	}
	return true;
}
