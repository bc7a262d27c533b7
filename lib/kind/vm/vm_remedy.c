/* SPDX-License-Identifier: MIT */
/*
 * vm_remedy: a phase "remedy rung=NAME" begins with the step of that rung, and lasts until
 * the Node is Ready or the policy's wait is over. While nothing is known of the Node the
 * phase is "remedy-unknown rung=NAME", so that the wait begins anew when it is known again:
 * the step itself is not repeated. Who stops and starts is the last rung: its power is cut,
 * and the VM is started again as any that is to run.
 */
#include "lib/kind/vm/vm_remedy.h"

#include <string.h>
#include <strings.h>

#include "lib/kind/actions.h"
#include "lib/kind/host/host.h"
#include "lib/kind/node/node_record.h"
#include "lib/kind/sources.h"
#include "lib/kind/vm/remediation.h"
#include "lib/kind/vm/vm_power.h"
#include "lib/kind/vm/vm_record.h"
#include "lib/kind/vm/vm_wish.h"
#include "lib/plan/procedure.h"

#define PHASE "remedy"
#define PHASE_UNKNOWN "remedy-unknown"

static const struct rung {
	const char *name, *text, *done;
	const struct action *action;
} rungs[] = {
	{ "reboot", "reboot domain %s", "was rebooted", &domain_reboot_action },
	{ "reset", "reset domain %s", "was reset", &domain_reset_action },
	{ "power", "cut the power of domain %s, and start it again",
	    "was stopped and started", &domain_destroy_action },
};

#define RUNGS (sizeof(rungs) / sizeof(rungs[0]))
#define NO_RUNG RUNGS

bool vm_remedy_is(const char *phase)
{
	return procedure_is(phase, PHASE) || procedure_is(phase, PHASE_UNKNOWN);
}

static size_t rung_of(struct planner *p, const char *phase)
{
	const char *name = procedure_fact(p->arena, phase, "rung");

	for (size_t i = 0; name && i < RUNGS; i++)
		if (strcmp(rungs[i].name, name) == 0)
			return i;
	return NO_RUNG;
}

static void stay(struct planner *p, struct item *item, const char *word, size_t rung)
{
	item_phase(item, arena_printf(p->arena, "%s rung=%s", word, rungs[rung].name));
}

/* Nodes */

struct machine { /* a written VM that is to be a Node */
	const struct vm *vm;
	const struct node_object *node; /* NULL: not surely any */
};

static const char *uuid_of(const struct planner *p, const struct vm *vm)
{
	const struct observed *domain = planner_observed(p, &vm_kind, vm->domain);
	const struct object *side =
	    domain ? (domain->live ? domain->live : domain->config) : NULL;

	return side ? ((const struct vm *)side)->uuid : NULL;
}

/* The Node of the VM's system UUID, where it is the only one and has the name that is
 * written; else NULL. */
static const struct node_object *node_of(const struct planner *p, const struct vm *vm)
{
	const struct observed_set *nodes =
	    &p->input->observed->kinds[kind_index(&node_kind)];
	const char *uuid = uuid_of(p, vm);
	const struct node_object *found = NULL;

	for (size_t i = 0; uuid && i < nodes->count; i++) {
		const struct node_object *n =
		    (const struct node_object *)nodes->items[i]->live;

		if (!n || !n->system_uuid || strcasecmp(n->system_uuid, uuid) != 0)
			continue;
		if (found)
			return NULL;
		found = n;
	}
	return found && vm->node && strcmp(vm->node, found->object.name) != 0 ? NULL
									      : found;
}

static bool nodes_known(const struct planner *p)
{
	const struct source_input *source =
	    &p->input->sources[source_index(&kubernetes_source)];

	return source->up && !source->off &&
	       p->input->observed->kinds[kind_index(&node_kind)].known &&
	       p->input->observed->kinds[kind_index(&vm_kind)].known;
}

/* Ready for as long as the policy wants it to be. */
static bool is_healthy(
    struct planner *p, const struct remediation *policy, const struct node_object *node)
{
	const struct node_record *record = node ? node_record_find(p, node) : NULL;
	struct mono proved;

	if (!node || !node->ready)
		return false;
	if (!record || !record->ready_since.ms)
		return true;
	proved = mono_add(record->ready_since, policy->after);
	if (mono_reached(proved, p->input->now))
		return true;
	plan_wake(p, proved);
	return false;
}

static bool is_to_run(const struct planner *p, const struct vm *vm)
{
	return vm_due_state(p, vm) == VM_RUNNING;
}

/* What is in the way, of all nodes together; NULL: nothing. */
static const char *limit(
    struct planner *p, const struct remediation *policy, const struct vm *self)
{
	const struct set *vms = config_get(p->input->desired, &vm_kind);
	const char *critical = NULL;
	int64_t unhealthy = 0;

	for (size_t i = 0; i < vms->count; i++) {
		const struct vm *vm = (const struct vm *)vms->items[i];

		if (vm->role == ROLE_NONE || !is_to_run(p, vm) ||
		    (vm != self && is_healthy(p, policy, node_of(p, vm))))
			continue;
		unhealthy++;
		if (vm != self && vm->role == ROLE_CONTROL_PLANE &&
		    self->role == ROLE_CONTROL_PLANE)
			critical = vm->object.name;
	}
	if (unhealthy > policy->max_unhealthy)
		return arena_printf(p->arena,
		    "%lld nodes are not Ready, or were not a moment ago, and remediation.max_unhealthy is %lld",
		    (long long)unhealthy, (long long)policy->max_unhealthy);
	return critical
		   ? arena_printf(p->arena,
			 "vm/%s, another control plane, is not Ready either, or was not a moment ago",
			 critical)
		   : NULL;
}

/* The ladder */

static void climb(struct planner *p, struct item *item, const struct vm *want,
    const struct node_object *node, size_t rung)
{
	struct program *program;
	struct effect *effect;

	stay(p, item, PHASE, rung);
	program = item_program(
	    p, item, "bring node %s back: %s", node->object.name, rungs[rung].name);
	effect = program_effect(p, program, EFFECT_INTERRUPTS, item->kind, item->name);
	/* The policy that is written approves it. */
	effect->in_use = effect->as_written = true;
	program_step(
	    p, program, rungs[rung].action, want->domain, rungs[rung].text, want->domain);
	item_pending(p, item, "runs, and its node %s has not been Ready%s",
	    node->object.name, rung ? " since the last step" : "");
}

static void wait_for_node(struct planner *p, struct item *item, size_t rung)
{
	stay(p, item, PHASE, rung);
	if (item->verdict == VERDICT_CONVERGED)
		item_pending(p, item,
		    "%s because its node was not Ready; waits until it is",
		    rungs[rung].done);
}

static void hold(struct planner *p, struct item *item, const char *why)
{
	item_condition(p, item, "NotRemediated",
	    "its node is not Ready, and nothing is done about it: %s", why);
}

/* One step after the other was in vain. */
static bool has_failed(
    struct planner *p, struct item *item, const struct remediation *policy)
{
	struct mono last = vm_record_of(item->state)->remedy_at;
	struct mono again = mono_add(last, policy->cool_down);

	if (!last.ms || mono_reached(again, p->input->now))
		return false;
	plan_wake(p, again);
	if (item->verdict == VERDICT_CONVERGED)
		item_failing(p, item,
		    "runs, and its node is not Ready, though remediation has done what it may; it begins anew %s after its last step at the earliest; the guest's console may say why",
		    duration_text(p->arena, policy->cool_down));
	return true;
}

/* Why it is not touched now, whatever its Node is; NULL: it may be. */
static const char *not_now(struct planner *p, const struct item *item,
    const struct remediation *policy, const struct node_object *node)
{
	const struct vm_record *vm = vm_record_of(item->state);
	struct mono settled = mono_add(vm->running_since, policy->grace);

	if (vm->stop_first.ms || vm->stop_requested.ms)
		return "a shutdown of it was requested";
	if (node->unschedulable)
		return "the node is cordoned";
	if (mono_reached(settled, p->input->now))
		return NULL;
	plan_wake(p, settled);
	return "it was started a moment ago";
}

/* The same, and what is in the way of all nodes together. */
static const char *why_not(struct planner *p, const struct item *item,
    const struct vm *want, const struct remediation *policy,
    const struct node_object *node)
{
	const char *why = not_now(p, item, policy, node);

	return why ? why : limit(p, policy, want);
}

static void begin(struct planner *p, struct item *item, const struct vm *want,
    const struct remediation *policy, const struct node_object *node)
{
	const struct node_record *record = node_record_find(p, node);
	struct mono due;
	const char *why;

	if (!record || !record->unready_since.ms)
		return;
	due = mono_add(record->unready_since, policy->after);
	if (!mono_reached(due, p->input->now)) {
		plan_wake(p, due);
		return;
	}
	if (has_failed(p, item, policy))
		return;
	why = why_not(p, item, want, policy, node);
	if (why)
		hold(p, item, why);
	else
		climb(p, item, want, node, 0);
}

/* Under way; the Node is not Ready. One that has left the cluster or is cordoned, and a VM
 * that somebody has stopped meanwhile, are waited for no longer than that: others'
 * procedures wait for this. */
static void go_on(struct planner *p, struct item *item, const struct vm *want,
    const struct remediation *policy, const struct node_object *node, size_t rung)
{
	const char *why;

	if (procedure_is(procedure_phase(item), PHASE_UNKNOWN) ||
	    !procedure_is_late(p, item, policy->wait)) {
		wait_for_node(p, item, rung);
		return;
	}
	if (rung + 1 == RUNGS) {
		has_failed(p, item, policy);
		return;
	}
	if (!node || !item->observed->live)
		return;
	why = why_not(p, item, want, policy, node);
	if (!why) {
		climb(p, item, want, node, rung + 1);
		return;
	}
	hold(p, item, why);
	if (!node->unschedulable)
		wait_for_node(p, item, rung);
}

void vm_remedy_plan(
    struct planner *p, struct item *item, const struct vm *want, const struct vm *have)
{
	const struct remediation *policy = remediation_policy(p);
	const char *phase = procedure_phase(item);
	size_t rung = vm_remedy_is(phase) ? rung_of(p, phase) : NO_RUNG;
	const struct node_object *node;

	if (!policy || want->role == ROLE_NONE || !is_to_run(p, want) ||
	    !vm_power_managed(item, want, have) || host_shutdown(p) != HOST_STAYS ||
	    (phase && rung == NO_RUNG) || item->phase)
		return;
	if (!nodes_known(p)) {
		if (rung != NO_RUNG)
			stay(p, item, PHASE_UNKNOWN, rung);
		return;
	}
	node = node_of(p, want);
	if (node && node->ready)
		return;
	if (rung != NO_RUNG)
		go_on(p, item, want, policy, node, rung);
	else if (node && item->observed->live && item->verdict == VERDICT_CONVERGED)
		begin(p, item, want, policy, node);
}
