/* SPDX-License-Identifier: MIT */
/* brake: counts the disruptive items of a plan and holds them when they are too many. */
#include "lib/plan/brake.h"

struct toll {
	size_t touched, control_planes, of;
};

/* What the disruptive items touch, and how many wanted objects their kind has. */
static struct toll count(const struct plan *plan)
{
	struct toll toll = { 0 };

	for (size_t i = 0; i < plan->item_count; i++) {
		const struct item *item = plan->items[i];

		/* Busy ones count: they are being interrupted right now. */
		if (!item->disruptive || (item->held && !item->state->busy))
			continue;
		toll.touched++;
		toll.control_planes += item->control_plane;
		toll.of = plan->spans[kind_index(item->kind)].wanted;
	}
	return toll;
}

static bool is_too_much(const struct toll *toll)
{
	return toll->control_planes > 1 ||
	       (toll->touched > 1 && toll->touched * 3 > toll->of);
}

static const char *why_held(struct planner *p, const struct toll *toll)
{
	if (!is_too_much(toll))
		return "it was held together with others, and each needs approval";
	if (toll->control_planes > 1)
		return arena_printf(p->arena,
		    "together with others this interrupts %zu control planes",
		    toll->control_planes);
	return arena_printf(p->arena,
	    "together with others this interrupts %zu of %zu VMs", toll->touched,
	    toll->of);
}

static void hold(struct planner *p, struct item *item, const struct toll *toll)
{
	item->consent =
	    arena_printf(p->arena, "%s; %s", item->steps[0]->text, why_held(p, toll));
	item->fingerprint =
	    "interrupt"; /* stays the same from the request to the last resort */
	item->approved = item_is_approved(item);
	if (item->approved)
		return;
	item->held = item->braked = true;
	item_blocked(p, item, "waits for approval: %s", item->consent);
}

void brake_apply(struct planner *p)
{
	struct toll toll = count(p->plan);

	for (size_t i = 0; i < p->plan->item_count; i++) {
		struct item *item = p->plan->items[i];

		if (item->disruptive && item->step_count && !item->held &&
		    !item->approved && (is_too_much(&toll) || item->state->braked))
			hold(p, item, &toll);
	}
}
