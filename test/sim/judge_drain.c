/* SPDX-License-Identifier: MIT */
/* judge_drain: P9, P10 of restarts: whose cordon is taken back, whose Pods are evicted, and
 * that one node goes after the other. */
#include <string.h>

#include "lib/kind/actions.h"
#include "test/sim/judge.h"

static const struct h_vm *vm_of(
    struct world *w, const struct home *home, const struct w_object *node)
{
	const struct w_dom *d = node_machine(w, node);

	return d ? home_vm_of(home, d->e.name) : NULL;
}

/* A person has requested it, or has approved it, or the policy that is written does. */
static bool is_wanted(struct sim *s, struct world *b, const struct w_object *node,
    const struct call_in_world *call)
{
	const struct w_dom *d = node_machine(b, node);
	const struct h_vm *vm = vm_of(b, call->home, node);

	if (d && s->judge->may_restart[d - b->doms])
		return true;
	return vm && (judge_approved(s, EFFECT_INTERRUPTS, vm->name, NULL) ||
			 judge_is_maintenance(vm, call));
}

/* Another node that is written has our mark as well; where the state was lost that one may
 * be left over. */
static void judge_alone(struct sim *s, struct world *b, const struct w_object *node,
    const struct call_in_world *call)
{
	for (size_t i = 0; i < OBJECTS; i++) {
		const struct w_object *o = &b->objects[i];

		if (o->type == OBJECT_NODE && o->e.exists && o->mark && !s->state_lost &&
		    strcmp(o->e.name, node->e.name) != 0 && vm_of(b, call->home, o) &&
		    judge_knows(&o->e, call))
			sim_fail(s, "P10", "\"%s\" while %s is drained too", call->text,
			    o->e.name);
	}
}

void judge_drain(struct sim *s, struct world *b, const struct call_in_world *call)
{
	const struct w_object *was, *is;

	if (call->kind->source == network_kind.source || !call->target)
		return;
	was = world_object(b, OBJECT_NODE, call->target, false);
	is = world_object(&s->world, OBJECT_NODE, call->target, false);
	if (!was || !is || call->kind != &node_kind)
		return;
	if ((call->action == &kube_evict_action || (is->mark && !was->mark)) &&
	    !is_wanted(s, b, was, call))
		sim_fail(s, "P10", "\"%s\"; nobody requested it", call->text);
	if (is->mark && !was->mark)
		judge_alone(s, b, was, call);
	if (was->cordoned_by_hand && !is->unschedulable)
		sim_fail(s, "P9", "\"%s\", which somebody else had cordoned", call->text);
}

/* Some VM's procedure goes on that has set the mark: also one whose domain is not the one that
 * is written any more, and cannot be started. */
static bool is_under_way(const struct plan *plan, const char *mark)
{
	for (size_t i = 0; mark && i < plan->item_count; i++) {
		const char *phase = plan->items[i]->phase;
		const char *token = phase ? strstr(phase, " token=") : NULL;

		if (token &&
		    strncmp(token + strlen(" token="), mark, strcspn(mark, ",")) == 0)
			return true;
	}
	return false;
}

/* A mark of a VM that is not written any more outlives a state that was lost. */
void judge_given_back(struct sim *s, const struct plan *plan)
{
	for (size_t i = 0; i < OBJECTS; i++) {
		const struct w_object *o = &s->world.objects[i];
		const struct h_vm *vm;
		const struct item *item;

		if (o->type != OBJECT_NODE || !o->e.exists || !kube_knows(s, OBJECT_NODE))
			continue;
		vm = vm_of(&s->world, s->in_force, o);
		item = vm ? plan_find(plan, &vm_kind, vm->name) : NULL;
		if ((item && (item->verdict == VERDICT_PAUSED || item->phase)) ||
		    is_under_way(plan, o->mark))
			continue;
		if (o->mark && (vm || !s->state_lost))
			sim_fail(s, "P9", "node %s has our mark for ever: %s", o->e.name,
			    item ? item->reason : "its VM is not written");
		else if (!o->mark && o->unschedulable && !o->cordoned_by_hand)
			sim_fail(s, "P9", "node %s is cordoned for ever", o->e.name);
	}
}
