/* SPDX-License-Identifier: MIT */
/* vm_restart: from one phase to the next, where it begins, and where it ends. */
#include "lib/kind/vm/vm_restart.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/kind/kinds.h"
#include "lib/kind/node/node_announce.h"
#include "lib/kind/node/node_match.h"
#include "lib/kind/vm/vm_power.h"
#include "lib/kind/vm/vm_record.h"
#include "lib/kind/vm/vm_release.h"
#include "lib/kind/vm/vm_restart_scene.h"
#include "lib/kind/vm/vm_start.h"
#include "lib/kind/vm/vm_state.h"
#include "lib/kind/vm/vm_word.h"
#include "lib/plan/procedure.h"

/* From one phase to the next */

static enum phase undo(const struct scene *s)
{
	return s->name ? UNCORDON : NONE;
}

/* Stopped by whoever it was, or started anew. */
static bool is_another_run(const struct scene *s)
{
	return restart_runs(s) && s->have->facts.id != s->id;
}

static bool is_ready_again(const struct scene *s)
{
	return s->node && s->node->ready && s->node->boot_id &&
	       !(s->boot && strcmp(s->boot, s->node->boot_id) == 0);
}

/* It is another Node now, which is Ready: the one it was never will be. */
static bool has_joined_anew(const struct scene *s)
{
	const struct node_object *n =
	    s->node && !s->node->ready && s->have && s->have->uuid
		? node_match_seen(s->p, s->want)
		: NULL;

	return n && n != s->node && n->ready && n->system_uuid &&
	       strcasecmp(n->system_uuid, s->have->uuid) == 0;
}

static enum phase after_drain(const struct scene *s, struct drain *drain)
{
	if (!s->node) /* it has left the cluster */
		return SHUTDOWN;
	node_drain(s->p, s->node, vm_record_of(s->item->state)->evicted_at, drain);
	return drain->is == DRAIN_DONE && restart_is_cordoned(s) ? SHUTDOWN : DRAIN;
}

/* Its addresses are given a time to move, and no more: they go with its machine anyway. One
 * that had the label before, or has none, announces what it did. */
static enum phase after_move(struct scene *s)
{
	const char *service;
	enum announced is;

	if (!s->node)
		return DRAIN;
	if (!restart_is_cordoned(s))
		return MOVE;
	if (!s->node->marks_exclude)
		return DRAIN;
	is = node_announced(s->p, s->node, s->token, &s->moving, &service);
	if (is == ANNOUNCED_ELSEWHERE)
		return DRAIN;
	if (!restart_is_late(s, is == ANNOUNCED_NOT_SAID ? SILENT_MS : MOVE_MS))
		return MOVE;
	s->unmoved = service;
	return DRAIN;
}

/* Nobody wants it any more, and the guest has not heeded the request in its time. */
static bool is_given_up(const struct scene *s)
{
	return !s->due && mono_reached(restart_heeded_until(s), s->p->input->now);
}

static enum phase next_of_taken(struct scene *s, struct drain *drain)
{
	bool before = s->phase < SHUTDOWN;

	if (!s->have)
		return undo(s);
	if (before && !s->due)
		return undo(s);
	if (before && !restart_runs(s))
		return START;
	if (before && ((s->name && !s->known) || restart_is_unsure(s)))
		return s->phase;
	if (s->phase == CORDON)
		return !s->node || restart_is_cordoned(s) ? MOVE : CORDON;
	if (s->phase == MOVE)
		return after_move(s);
	if (s->phase == DRAIN)
		return after_drain(s, drain);
	if (!restart_runs(s))
		return START;
	return is_another_run(s) ? READY : is_given_up(s) ? undo(s) : SHUTDOWN;
}

/* It ran again, which was all there was to bring back, and whoever has stopped it since is
 * heeded as at any other time. */
static bool is_left_stopped(const struct scene *s)
{
	return s->have && vm_start_is_left(s->item, s->want, s->have);
}

static enum phase next_of(struct scene *s, struct drain *drain)
{
	switch (s->phase) {
	case NONE:
		return NONE;
	case CORDON:
	case MOVE:
	case DRAIN:
	case SHUTDOWN:
		return next_of_taken(s, drain);
	case START:
		if (!s->have || (s->want && !restart_is_to_run(s)))
			return undo(s);
		return restart_runs(s) ? READY : START;
	case READY:
	case SETTLE:
		if (!s->name || !restart_is_to_run(s) || restart_is_node_off(s))
			return undo(s);
		if (!restart_runs(s))
			return is_left_stopped(s) ? undo(s) : START;
		if (s->known && !s->node)
			return NONE;
		if (s->known && has_joined_anew(s))
			return undo(s);
		if (s->known && !is_ready_again(s))
			return READY;
		if (s->phase == READY)
			return s->known ? SETTLE : READY;
		return s->known && restart_is_late(s, SETTLE_MS) ? UNCORDON : SETTLE;
	case UNCORDON:
		return (s->known && !restart_is_ours(s)) || restart_is_node_off(s)
			   ? NONE
			   : UNCORDON;
	}
	return NONE;
}

static void proceed(struct scene *s, struct drain *drain)
{
	enum phase next;

	while (s->phase != NONE && (next = next_of(s, drain)) != s->phase) {
		s->phase = next;
		s->moved = true;
	}
}

/* Beginning */

/* What it has to wait for before anything is done, or NULL. */
static const char *why_not_yet(struct scene *s)
{
	const char *why = NULL;

	if (restart_is_unsure(s))
		return "waits for libvirt to say " WHICH_DISK;
	if (!s->known) {
		observed_known(&s->p->input->observed->kinds[kind_index(&node_kind)],
		    s->want->object.name, &why);
		return arena_printf(s->p->arena,
		    "waits for Kubernetes to say whether it is a node: %s",
		    why ? why : "not observed yet");
	}
	return NULL;
}

/* Whom it interrupts beside the VM, where no majority can be kept. */
static void ask_for_quorum(struct program *program)
{
	for (size_t i = 0; i < program->effect_count; i++)
		program->effects[i].as_written = false;
}

/* What the steps wait for: what has to be so, or the time that is written. */
static const char *why_wait(struct scene *s)
{
	const char *why = why_not_yet(s), *window = why ? NULL : restart_window(s);

	return window
		   ? arena_printf(s->p->arena,
			 "waits for %s (maintenance.window); `homek8sctl restart vm/%s` does it now",
			 window, s->item->name)
		   : why;
}

static void begin(struct scene *s)
{
	const char *why = why_wait(s);
	struct drain drain = { 0 };

	if (!s->due && !restart_power_is_well(s))
		return;
	s->due = true; /* whether it may is for the gates */
	s->phase = s->name ? CORDON : SHUTDOWN;
	s->moved = true;
	s->token = s->name ? restart_token(s) : NULL;
	restart_act(s, &drain);
	for (size_t i = 0; i < s->item->program_count; i++) {
		struct program *program = s->item->programs[i];

		if (why && program->of_phase && program->step_count)
			program_waits(s->p, program, "to be restarted; %s", why);
	}
}

/* Others may have fallen since it began: whether what runs of the control plane is a majority
 * without it is judged until its guest was requested to shut down. Where there never is one,
 * it is for a person to say that it may be so. */
static void guard_quorum(struct scene *s)
{
	const struct vm_record *vm = vm_record_of(s->item->state);
	const char *why = NULL;
	bool never = false;

	if (s->phase != NONE && s->phase <= SHUTDOWN && s->node && !vm->stop_first.ms &&
	    !vm->stop_requested.ms)
		why = node_quorum(s->p, s->node, &never);
	if (why && never)
		item_condition(s->p, s->item, "NoQuorum",
		    "%s: the cluster's API does not answer while it restarts", why);
	for (size_t i = 0; why && i < s->item->program_count; i++) {
		struct program *program = s->item->programs[i];

		if (never && program->of_phase)
			ask_for_quorum(program);
		else if (program->of_phase && program->step_count)
			program_waits(s->p, program, "%s; waits: %s",
			    procedure_phase(s->item) ? "is being restarted"
						     : "to be restarted",
			    why);
	}
}

/* A Node is drained that is this machine, and no machine is shut down whose Node may be
 * one that is not drained. */
static void refuse(struct scene *s)
{
	const char *node = s->node->object.name;

	if (restart_power_is_well(s))
		item_blocked(s->p, s->item,
		    "is not restarted%s%s: node %s has its name or address, but by its system UUID it is another machine, and only a node that is this VM is drained; write `node: %s` if it is, or remove it with `kubectl delete node %s` if that machine is gone",
		    s->reasons ? " for " : "", s->reasons ? s->reasons : "", node,
		    vm_yaml_word(s->p->arena, node), node);
}

/* Some VM's procedure, maybe of the name it had before, set the mark and takes it back. */
static bool is_known(const struct scene *s, const struct node_object *n)
{
	const struct state *state = s->p->input->state;

	for (size_t i = 0; i < state->count; i++) {
		const struct object_state *of = state->items[i];
		const char *token =
		    procedure_fact(s->p->arena, of->procedure.phase, "token");

		if (of->kind == &vm_kind && token && node_is_marked(n, token))
			return true;
	}
	return false;
}

/* Where that is known to be another, nothing is restarted for what else differs. */
static bool waits_for_disk(const struct scene *s)
{
	return s->phase <= SHUTDOWN && restart_runs(s) && restart_is_unsure(s);
}

/* Our cordon, that no procedure knows of: what was remembered is lost. Also on a Node that
 * the machine was before it joined under another name. NULL: there is none. */
static const struct node_object *left_behind(const struct scene *s)
{
	const struct node_object *n = s->node;

	if (!n || !node_is_marked(n, NULL))
		n = s->have && s->known && !restart_is_node_off(s)
			? node_match_marked(s->p, s->have)
			: NULL;
	return n && !is_known(s, n) ? n : NULL;
}

static void take_back(struct scene *s, const struct node_object *n)
{
	restart_take_node(s, n);
	s->phase = UNCORDON;
	s->token = s->node->mark_token;
	restart_act(s, NULL);
}

static void report_wish(const struct scene *s)
{
	const struct wish *wish = &s->item->state->restart;

	if (restart_is_wished(s))
		item_condition(s->p, s->item, "Requested",
		    "%s requested a restart; `homek8sctl resume vm/%s` ends that while it is not shut down yet",
		    wish->by ? wish->by : "somebody", s->item->name);
}

static bool is_due(const struct scene *s)
{
	return restart_is_wished(s) ||
	       (s->reasons && restart_is_to_run(s) && restart_is_approved(s));
}

/* What is paused or the like and not ours to let go on cannot be shut down. */
static bool is_left_so(const struct scene *s)
{
	return !vm_power_managed(s->item, s->want, s->have) &&
	       strcmp(vm_power_text(&s->have->facts), "running") != 0;
}

/* What could not be shut down in the end is not drained before, and what would be lost with
 * that neither. */
static bool can_shut_down(const struct scene *s)
{
	const struct domain_facts *facts = &s->have->facts;

	return facts->persistent && facts->state != STATE_PAUSED &&
	       facts->state != STATE_CRASHED;
}

static bool plan_new(struct scene *s)
{
	const struct node_object *left;

	if (procedure_phase(s->item))
		return false;
	s->id = s->have ? s->have->facts.id : -1;
	restart_find_node(s);
	left = left_behind(s);
	if (left) {
		take_back(s, left);
		return true;
	}
	if (!s->have)
		return false;
	s->due = is_due(s);
	if (!restart_runs(s) || !restart_is_to_run(s) ||
	    !(restart_is_wished(s) || s->reasons) || (!s->due && is_left_so(s)))
		return false;
	if (restart_is_other_machine(s))
		refuse(s);
	else if (s->due && !can_shut_down(s))
		vm_power_stop(s->p, s->item, s->want, s->have, NULL, NULL);
	else
		begin(s);
	return true;
}

int64_t vm_restart_id(const char *phase)
{
	const char *id = phase ? strstr(phase, " id=") : NULL;

	return id ? strtoll(id + 4, NULL, 10) : -1;
}

/* The domain that it is about, where another one is written for the VM by now. */
static const char *left_domain(const struct item *item, const struct vm *want)
{
	const struct vm_record *vm = vm_record_of(item->state);
	const char *phase = procedure_phase(item);

	return want && vm->left && phase && vm_restart_id(phase) == vm->left_id &&
		       strcmp(vm->left, want->domain) != 0
		   ? vm->left
		   : NULL;
}

static bool plan_of(struct planner *p, struct item *item, const struct vm *want,
    const struct vm *have, const char *reasons)
{
	struct scene s = {
		.p = p, .item = item, .want = want, .have = have, .reasons = reasons
	};
	struct drain drain = { 0 };
	bool plans = true;

	restart_read(&s, procedure_phase(item));
	s.due = is_due(&s);
	if (s.phase == NONE) {
		plans = plan_new(&s);
	} else {
		restart_find_domain(&s);
		proceed(&s, &drain);
		if (s.phase == NONE)
			return false;
		if (waits_for_disk(&s))
			restart_wait_for_disk(&s);
		else
			restart_act(&s, &drain);
	}
	guard_quorum(&s);
	report_wish(&s);
	return plans;
}

/* As of one that is written no longer: what was taken down is brought back, the cordon is
 * undone, and nothing is done to the domain that is written now. */
static bool plan_left(struct planner *p, struct item *item, const char *domain)
{
	const struct observed *own = item->observed;
	bool plans;

	if (!planner_knows(p, &vm_kind, domain)) {
		item_phase(item, arena_copy(p->arena, procedure_phase(item)));
		item_pending(p, item,
		    "the restart of domain %s, which was written before, is brought to its end; libvirt has not said yet how that is",
		    domain);
		return true;
	}
	item->observed = vm_domain_is_written(p, domain)
			     ? NULL
			     : planner_observed(p, &vm_kind, domain);
	plans = plan_of(p, item, NULL, vm_side(item->observed), NULL);
	item->observed = own;
	return plans;
}

bool vm_restart_plan(struct planner *p, struct item *item, const struct vm *want,
    const struct vm *have, const char *reasons)
{
	const char *left = left_domain(item, want);

	return left ? plan_left(p, item, left) : plan_of(p, item, want, have, reasons);
}
