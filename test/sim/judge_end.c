/* SPDX-License-Identifier: MIT */
/* judge_end: P4: a minute after the faults all is converged or blocked with a reason, and
 * from then on nothing is done any more. */
#include <string.h>

#include "lib/kind/kinds.h"
#include "test/sim/judge.h"

/* It is on a bridge that is not there: that network is judged by itself. */
static bool is_cut_off(struct sim *s, const struct w_dom *d)
{
	for (size_t i = 0; i < d->config.nic_count; i++) {
		const struct w_nic *nic = &d->config.nics[i];
		const struct w_net *n = net_of_nic(&s->world, nic);

		if (!n && !nic->network && strcmp(nic->bridge, "br0") != 0)
			return true;
		if (n && n->bridge_gone)
			return true;
	}
	return false;
}

/* Nobody writes it any more, and its guest will not stop. */
static bool is_to_go(const struct sim *s, const struct w_dom *d)
{
	return s->in_force->prune && d->e.exists && d->config.mark && d->id >= 0 &&
	       d->stop_answer && !home_vm_of(s->in_force, d->e.name);
}

/* It was shut down to be restarted, written or not, and cannot be started. */
static bool is_not_back(struct sim *s, const struct w_dom *d)
{
	size_t i = (size_t)(d - s->world.doms);

	return (s->judge->taken_down[i] || s->judge->may_restart[i]) && d->e.exists &&
	       d->id < 0 && (d->broken || is_cut_off(s, d));
}

/* A guest that will not stop, a domain that cannot start: the world's own fault. */
static bool is_world_fault(struct sim *s, const struct item *item)
{
	const struct h_vm *vm = home_vm(s->in_force, item->name);
	const struct w_dom *d =
	    world_dom(&s->world, vm ? home_domain(vm) : item->name, false);

	if (item->kind == &node_kind)
		return true;
	if (item->kind != &vm_kind || !d || !d->e.exists)
		return false;
	/* While its restart waits for it, nobody brings a kubelet back that hangs. */
	if ((s->in_force->remedy || item->phase) && dom_node_unready(&s->world, d))
		return true;
	if (d->id < 0 && (d->broken || is_cut_off(s, d)))
		return true;
	if (!vm)
		return is_to_go(s, d);
	return d->id >= 0 && d->stop_answer &&
	       (vm->runs == NO || s->judge->may_stop[d - s->world.doms] ||
		   s->judge->may_restart[d - s->world.doms] ||
		   home_restarts(s->in_force, vm) ||
		   judge_approved(s, EFFECT_INTERRUPTS, vm->name, NULL));
}

/* It was renewed, and has it still: the address is somebody else's. */
static bool is_kept(const struct item *item)
{
	return item->kind == &reservation_kind && strstr(item->reason, "still holds");
}

/* Until a window opens, which may be long. */
static bool waits_for_window(const struct sim *s, const struct item *item)
{
	return strstr(item->reason, "(maintenance.window)") &&
	       !home_window_is_open(s->in_force, s->wall_ms + s->now_us / MS);
}

/* A last good configuration has another window than the files that are refused, and that one
 * opens in its time. */
static bool has_other_window(const struct sim *s)
{
	const struct h_maintenance *m = &s->in_force->maintenance;

	return m->from != m->to &&
	       (m->from != s->home.maintenance.from || m->to != s->home.maintenance.to);
}

static bool only_waits(const struct item *item)
{
	for (size_t i = 0; i < item->program_count; i++)
		if (item->programs[i]->step_count &&
		    item->programs[i]->gate != GATE_WAITS)
			return false;
	return strstr(item->reason, "wait") || strstr(item->reason, "comes with") ||
	       strstr(item->reason, "being deleted") ||
	       strstr(item->reason, "follows when") ||
	       strstr(item->reason, "after its next start");
}

/* What others wait for. */
static bool any_held(struct sim *s, const struct plan *plan)
{
	for (size_t i = 0; i < plan->item_count; i++)
		if (plan->items[i]->verdict == VERDICT_BLOCKED ||
		    waits_for_window(s, plan->items[i]) ||
		    plan->items[i]->verdict == VERDICT_PAUSED ||
		    (plan->items[i]->verdict != VERDICT_CONVERGED &&
			is_world_fault(s, plan->items[i])))
			return true;
	return false;
}

static void judge_item(struct sim *s, const struct plan *plan, const struct item *item)
{
	switch (item->verdict) {
	case VERDICT_CONVERGED:
	case VERDICT_PAUSED:
		return;
	case VERDICT_BLOCKED:
		if (!*item->reason)
			sim_fail(s, "P4", "%s/%s is blocked without a reason",
			    item->kind->name, item->name);
		if (strstr(item->reason, "again and again"))
			sim_fail(s, "P4", "%s/%s waits for somebody who has ceased: %s",
			    item->kind->name, item->name, item->reason);
		return;
	case VERDICT_PENDING:
		if (is_kept(item) || waits_for_window(s, item) ||
		    (item->phase && has_other_window(s)) ||
		    (only_waits(item) && any_held(s, plan)))
			return;
		break;
	case VERDICT_UNKNOWN:
		if (item->off) /* by a last good configuration */
			return;
		break;
	case VERDICT_FAILING:
		break;
	}
	if (!is_world_fault(s, item))
		sim_fail(s, "P4", "%s/%s is %s a minute after the last fault: %s",
		    item->kind->name, item->name, verdict_text(item->verdict),
		    item->reason);
}

/* What must not run now must not begin to with the host either. */
static bool is_held_back(const struct item *item)
{
	for (size_t i = 0; i < item->program_count; i++)
		if (item->programs[i]->why &&
		    strstr(item->programs[i]->why, "not started when the host boots"))
			return true;
	return strstr(item->reason, "not started") ||
	       strstr(item->reason, "cannot be started");
}

static bool share_a_nic(const struct w_domside *a, const struct w_domside *b)
{
	for (size_t i = 0; i < a->nic_count; i++)
		for (size_t k = 0; k < b->nic_count; k++)
			if (mac_equal(a->nics[i].mac, b->nics[k].mac))
				return true;
	return false;
}

static bool share_a_disk(
    struct arena *a, const struct w_domside *one, const struct w_domside *other)
{
	for (size_t i = 0; i < one->disk_count; i++)
		for (size_t k = 0; k < other->disk_count; k++)
			if (strcmp(disk_identity(a, &one->disks[i]),
				disk_identity(a, &other->disks[k])) == 0)
				return true;
	return false;
}

/* Where another machine has its disk or MAC, it is not to start by itself either. */
static bool is_shared(struct sim *s, const struct w_dom *d)
{
	struct arena *a = &s->judge->scratch;

	for (size_t i = 0; i < DOMS; i++) {
		const struct w_dom *o = &s->world.doms[i];
		const struct w_domside *sides[] = { &o->live, &o->config };

		for (size_t k = 0; o != d && o->e.exists && k < 2; k++)
			if (share_a_nic(&d->config, sides[k]) ||
			    share_a_disk(a, &d->config, sides[k]))
				return true;
	}
	return false;
}

/* While one difference waits for somebody, the others of the object go on being kept. */
static void judge_kept(struct sim *s, const struct item *item)
{
	const struct h_net *n =
	    item->kind == &network_kind ? home_net(s->in_force, item->name) : NULL;
	const struct h_vm *vm =
	    item->kind == &vm_kind ? home_vm(s->in_force, item->name) : NULL;
	const struct w_net *net = n ? world_net(&s->world, n->name, false) : NULL;
	const struct w_dom *d = vm ? world_dom(&s->world, home_domain(vm), false) : NULL;

	if (item->verdict != VERDICT_BLOCKED || is_held_back(item))
		return;
	if (net && net->e.exists && net->persistent && n->autostart &&
	    (n->autostart == YES) != net->autostart &&
	    !strstr(item->reason, "cannot be started"))
		sim_fail(s, "I6",
		    "network/%s waits (%s), and its autostart is not kept meanwhile",
		    item->name, item->reason);
	if (d && d->e.exists && d->persistent && vm->autostart &&
	    (vm->autostart == YES) != d->autostart && !is_shared(s, d))
		sim_fail(s, "I6",
		    "vm/%s waits (%s), and its autostart is not kept meanwhile",
		    item->name, item->reason);
}

void judge_end(struct sim *s)
{
	struct view view;

	if (s->promise || !s->engine || !s->in_force)
		return;
	engine_view(s->engine, &view);
	if (!view.plan)
		return;
	for (size_t i = 0; i < view.plan->item_count; i++)
		judge_item(s, view.plan, view.plan->items[i]);
	for (size_t i = 0; i < view.plan->item_count; i++)
		judge_kept(s, view.plan->items[i]);
	judge_given_back(s, view.plan);
	judge_converged(s, view.plan, true);
	arena_done(&s->judge->scratch);
}

/* A guest that will not stop, a domain that cannot start, or a node that is not Ready, is tried
 * again and again. */
static bool is_tried(struct sim *s)
{
	if (has_other_window(s))
		return true;
	if (s->judge->remedied_us && s->now_us - s->judge->remedied_us < 100 * SECOND)
		return true;
	for (size_t i = 0; i < DOMS; i++)
		if (s->world.doms[i].e.name &&
		    (is_to_go(s, &s->world.doms[i]) || is_not_back(s, &s->world.doms[i])))
			return true;
	for (size_t i = 0; i < s->in_force->vm_count; i++) {
		const struct h_vm *vm = &s->in_force->vms[i];
		const struct w_dom *d = world_dom(&s->world, home_domain(vm), false);

		if (d &&
		    (d->broken || is_cut_off(s, d) ||
			(s->in_force->remedy && dom_node_unready(&s->world, d)) ||
			(d->id >= 0 && d->stop_answer &&
			    (vm->runs == NO || s->judge->may_restart[d - s->world.doms] ||
				home_restarts(s->in_force, vm) ||
				judge_approved(s, EFFECT_INTERRUPTS, vm->name, NULL)))))
			return true;
	}
	return false;
}

void judge_quiet(struct sim *s, size_t steps)
{
	if (s->promise || !s->engine || !s->in_force || steps == s->steps || is_tried(s))
		return;
	sim_fail(s, "P4", "%zu steps in a home where nothing happens", s->steps - steps);
}

/* P1 */

void judge_sends(struct sim *s, const struct call *call)
{
	if (s->stopping)
		sim_fail(s, "P1", "\"%s\" is sent because the daemon ends", call->text);
}

void judge_ended(struct sim *s)
{
	const struct world *b = &s->judge->before, *w = &s->world;
	bool changed = false;

	for (size_t i = 0; i < DOMS; i++)
		changed |= b->doms[i].e.version != w->doms[i].e.version;
	for (size_t i = 0; i < NETS; i++)
		changed |= b->nets[i].e.version != w->nets[i].e.version;
	for (size_t i = 0; i < OBJECTS; i++)
		changed |= b->objects[i].e.version != w->objects[i].e.version;
	if (changed)
		sim_fail(s, "P1", "the home is another because the daemon has ended");
}

void judge_restarted(struct sim *s, size_t steps)
{
	if (s->promise || !s->engine || !s->in_force || steps == s->steps || is_tried(s))
		return;
	sim_fail(
	    s, "P1", "%zu steps because the daemon was started again", s->steps - steps);
}
