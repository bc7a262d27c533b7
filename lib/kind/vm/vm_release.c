/* SPDX-License-Identifier: MIT */
/* vm_release: see the header. */
#include "lib/kind/vm/vm_release.h"

#include <string.h>

#include "lib/kind/actions.h"
#include "lib/kind/vm/vm_claims.h"
#include "lib/kind/vm/vm_record.h"
#include "lib/kind/vm/vm_state.h"
#include "lib/kind/vm/vm_word.h"

static void leave_alone(struct planner *p, struct item *item)
{
	item_converged(p, item, "is no longer written; left alone");
	plan_finding(p, SEVERITY_INFO, "vm-not-written",
	    arena_printf(p->arena, "vm/%s", item->name),
	    "domain %s was defined by homek8sd and is no longer written; it is left alone",
	    item->name)
	    ->fix = arena_printf(p->arena,
	    "write it under vms: again, remove it with `virsh undefine %s`, which keeps its disks, or set `prune: true`",
	    vm_word(p, item->name));
}

bool vm_domain_is_written(const struct planner *p, const char *domain)
{
	const struct set *vms = config_get(p->input->desired, &vm_kind);

	for (size_t i = 0; i < vms->count; i++)
		if (strcmp(((const struct vm *)vms->items[i])->domain, domain) == 0)
			return true;
	return false;
}

void vm_release_report(struct planner *p, const struct vm *want)
{
	const char *name = want->object.name;
	const struct vm *side;

	if (strcmp(name, want->domain) == 0)
		return;
	side = vm_side(planner_observed(p, &vm_kind, name));
	if (!side || !side->marked || vm_domain_is_written(p, name))
		return;
	plan_finding(p, SEVERITY_INFO, "vm-not-written",
	    arena_printf(p->arena, "vm/%s", name),
	    "domain %s was defined by homek8sd and is no longer written: vm/%s is domain %s now; it is left alone",
	    name, name, want->domain)
	    ->fix = arena_printf(p->arena,
	    "write a VM of another name with `domain: %s`, or remove it with `virsh undefine %s`, which keeps its disks",
	    vm_yaml_word(p->arena, name), vm_word(p, name));
}

/* A VM that is written and has no domain is this one, under another name: two of its kind
 * would be made of a rename. False: none is. */
static bool is_renamed(struct planner *p, struct item *item)
{
	const struct set *vms = config_get(p->input->desired, &vm_kind);

	for (size_t i = 0; i < vms->count; i++) {
		const struct vm *want = (const struct vm *)vms->items[i];
		struct vm_claim other;
		enum vm_claimed claimed;
		const char *why;

		if (planner_entry(p, &vm_kind, want->domain))
			continue;
		claimed = vm_twin(p, want, &other, &why);
		if (claimed == CLAIM_UNKNOWN) {
			item_pending(p, item, "is no longer written; waits for vm/%s: %s",
			    want->object.name, why);
			return true;
		}
		if (claimed != CLAIM_FOUND || other.by != item->observed)
			continue;
		item_blocked(p, item,
		    "is no longer written, but vm/%s is and has %s: if it was renamed, write `domain: %s` there; it is not removed meanwhile",
		    want->object.name, why, vm_yaml_word(p->arena, item->name));
		return true;
	}
	return false;
}

/* Why it cannot be shut down or undefined without loss, or NULL. */
static const char *obstacle(struct planner *p, const struct vm *side)
{
	const char *word = vm_word(p, side->domain);

	if (side->facts.managed_save)
		return arena_printf(p->arena,
		    "is no longer written, and its saved memory would be lost with its definition: `virsh start %s` to have it shut down, or `virsh managedsave-remove %s`",
		    word, word);
	if (!side->facts.persistent)
		return "is no longer written and vanishes when it stops; left alone";
	if (side->facts.id >= 0 && (side->facts.state == STATE_PAUSED ||
				       side->facts.state == STATE_PMSUSPENDED ||
				       side->facts.state == STATE_CRASHED))
		return arena_printf(p->arena,
		    "is no longer written, and what is paused, asleep or crashed cannot be shut down: `virsh destroy %s` cuts its power",
		    word);
	return NULL;
}

static void add_undefine(
    struct planner *p, struct program *program, const struct vm *side)
{
	struct step *step = program_step(p, program, &domain_undefine_action,
	    side->domain, "undefine domain %s", side->domain);
	struct domain_undefine *arguments = step_arguments(step);

	arguments->version = side->version;
}

/* The request is repeated, as it is of one that is written to be stopped. */
static void add_shutdown(
    struct planner *p, struct item *item, struct program *program, const struct vm *side)
{
	const struct vm_settings *settings = &p->input->desired->settings.vm;
	const struct vm_record *record = vm_record_of(item->state);
	struct mono deadline = mono_add(record->stop_first, settings->stop_timeout);
	struct mono again = mono_add(record->stop_sent, settings->stop_resend);
	const char *time = duration_text(p->arena, settings->stop_timeout);

	if (record->stop_first.ms && mono_reached(deadline, p->input->now)) {
		if (settings->stop_force)
			program_step(p, program, &domain_destroy_action, side->domain,
			    "cut the power of domain %s", side->domain);
		else
			item_failing(p, item,
			    "is no longer written, and has not shut down within %s of the request; `virsh destroy %s` cuts its power, as would vm.stop_force: true; `homek8sctl reconcile vm/%s` asks again",
			    time, vm_word(p, side->domain), item->name);
		return;
	}
	if (!record->stop_first.ms || mono_reached(again, p->input->now))
		program_step(p, program, &domain_shutdown_action, side->domain,
		    "shut down domain %s", side->domain);
	if (record->stop_first.ms)
		plan_wake(p, mono_earlier(again, deadline));
}

static void prune(struct planner *p, struct item *item, const struct vm *side)
{
	bool runs = side->facts.id >= 0;
	struct program *program = item_program(p, item,
	    "remove domain %s, which is no longer written; its disks are kept",
	    item->name);

	program->removal = true;
	program_effect(p, program, EFFECT_REMOVES, item->kind, item->name)->in_use = true;
	if (runs)
		program_effect(p, program, EFFECT_INTERRUPTS, item->kind, item->name)
		    ->in_use = true;
	item_pending(p, item,
	    runs ? "is no longer written; to be shut down and undefined"
		 : "is no longer written; to be undefined");
	if (runs)
		add_shutdown(p, item, program, side);
	else
		add_undefine(p, program, side);
}

void vm_release_plan(struct planner *p, struct item *item, const struct observed *have)
{
	const struct vm *side = vm_side(have);
	const char *why;

	if (!side || !side->marked)
		return;
	if (!p->input->desired->settings.prune) {
		leave_alone(p, item);
		return;
	}
	if (is_renamed(p, item))
		return;
	why = obstacle(p, side);
	if (why)
		item_blocked(p, item, "%s", why);
	else
		prune(p, item, side);
}
