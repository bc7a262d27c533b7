/* SPDX-License-Identifier: MIT */
/* vm_restart_steps: what is said and done in each phase of a restart. */
#include "lib/kind/kinds.h"
#include "lib/kind/node/node_announce.h"
#include "lib/kind/vm/vm_power.h"
#include "lib/kind/vm/vm_record.h"
#include "lib/kind/vm/vm_restart_scene.h"
#include "lib/kind/vm/vm_start.h"

static const char *title(const struct scene *s)
{
	return s->phase >= START ? "was restarted" : "is being restarted";
}

bool restart_power_is_well(const struct scene *s)
{
	if (!s->want || !s->have)
		return true;
	vm_power_plan(s->p, s->item, s->want, s->have);
	return s->item->verdict == VERDICT_CONVERGED;
}

static void wait_for_cluster(const struct scene *s)
{
	const char *why = NULL;

	observed_known(
	    &s->p->input->observed->kinds[kind_index(&node_kind)], s->name, &why);
	item_pending(s->p, s->item, "%s; waits for Kubernetes to say how node %s is: %s",
	    title(s), s->name, why ? why : "not observed yet");
}

void restart_wait_for_disk(struct scene *s)
{
	item_phase(s->item, restart_phase(s));
	item_pending(s->p, s->item, "%s; waits for libvirt to say " WHICH_DISK, title(s));
}

static void do_cordon(struct scene *s)
{
	item_pending(s->p, s->item, "%s: cordons node %s", title(s), s->name);
	node_cordon_step(s->p, restart_program(s), s->node, s->token);
}

static void do_move(struct scene *s)
{
	if (s->moving)
		item_pending(s->p, s->item,
		    "%s: waits until other nodes announce the addresses of Services that node %s announced; %s",
		    title(s), s->name, s->moving);
	else
		do_cordon(s);
}

static void do_drain(struct scene *s, const struct drain *drain)
{
	const char *text = drain->text ? drain->text : "";

	if (!restart_is_cordoned(s)) {
		do_cordon(s);
		return;
	}
	if (drain->is == DRAIN_EVICTS)
		node_evict_step(s->p, restart_program(s), s->node, drain);
	if (drain->is == DRAIN_REFUSED)
		item_blocked(s->p, s->item, "%s: node %s cannot be drained: %s", title(s),
		    s->name, text);
	else if (drain->is == DRAIN_WAITS && restart_is_late(s, DRAIN_MS))
		item_failing(s->p, s->item, "%s, but node %s is not drained after %s; %s",
		    title(s), s->name, duration_text(s->p->arena, DRAIN_MS), text);
	else
		item_pending(
		    s->p, s->item, "%s: drains node %s; %s", title(s), s->name, text);
}

static struct program *add_stop(struct planner *p, struct item *item, void *arg)
{
	(void)p;
	(void)item;
	return restart_program(arg);
}

static void do_shutdown(struct scene *s)
{
	if (s->due) {
		vm_power_stop(s->p, s->item, s->want, s->have, add_stop, s);
		return;
	}
	plan_wake(s->p, restart_heeded_until(s));
	item_pending(s->p, s->item,
	    "is not to be restarted any more, but was requested to shut down, and may do so");
}

/* Nobody has written it under another name. */
static void do_start(struct scene *s)
{
	struct vm *observed = arena_alloc(s->p->arena, sizeof(*observed));

	*observed = *s->have;
	observed->object.name = s->item->name;
	observed->domain = s->domain;
	vm_start_again(s->p, s->item, s->want ? s->want : observed, s->have,
	    "was shut down to be restarted");
}

static void do_ready(struct scene *s)
{
	if (!restart_power_is_well(s))
		return;
	if (s->phase == SETTLE) {
		item_pending(s->p, s->item,
		    "%s; node %s is Ready and must stay so for %s", title(s), s->name,
		    duration_text(s->p->arena, SETTLE_MS));
		restart_is_late(s, SETTLE_MS);
	} else if (restart_is_late(s, READY_MS)) {
		item_failing(s->p, s->item,
		    "%s, but node %s is not Ready after %s, and stays cordoned until it is; see `homek8sctl describe node/%s`",
		    title(s), s->name, duration_text(s->p->arena, READY_MS),
		    s->item->name);
	} else {
		item_pending(s->p, s->item, "%s; waits for node %s to be Ready", title(s),
		    s->name);
	}
}

static void do_uncordon(struct scene *s)
{
	if (restart_power_is_well(s))
		item_pending(s->p, s->item,
		    "what its restart has set on node %s is taken back", s->name);
	else
		item_condition(s->p, s->item, "RestartEnds",
		    "its restart has ended, and what that has set on node %s is taken back",
		    s->name);
	node_uncordon_step(s->p, item_program(s->p, s->item, NULL), s->node);
}

static bool needs_cluster(const struct scene *s)
{
	return s->name && !s->known && s->phase != SHUTDOWN && s->phase != START;
}

/* What becomes of the addresses of Services, where they have not moved. */
static void report_addresses(const struct scene *s)
{
	const struct node_object *n = s->node;

	if (s->phase <= SHUTDOWN && n && !n->has_exclude_label && node_announces(s->p) &&
	    !node_can_hand_over(s->p, n))
		item_condition(s->p, s->item, "AddressesStay",
		    "no other node can announce addresses of Services for node %s: what it announces is not reachable while it restarts",
		    s->name);
	if (s->unmoved)
		item_condition(s->p, s->item, "AddressesNotMoved",
		    "node %s still announced the address of service/%s %s after other nodes were to: it is not reachable from when %s stops until one does",
		    s->name, s->unmoved, duration_text(s->p->arena, MOVE_MS), s->name);
}

void restart_act(struct scene *s, const struct drain *drain)
{
	item_phase(s->item, restart_phase(s));
	report_addresses(s);
	if (needs_cluster(s)) {
		wait_for_cluster(s);
		return;
	}
	switch (s->phase) {
	case NONE:
		break;
	case CORDON:
		do_cordon(s);
		break;
	case MOVE:
		do_move(s);
		break;
	case DRAIN:
		do_drain(s, drain);
		break;
	case SHUTDOWN:
		do_shutdown(s);
		break;
	case START:
		do_start(s);
		break;
	case READY:
	case SETTLE:
		do_ready(s);
		break;
	case UNCORDON:
		do_uncordon(s);
		break;
	}
}
