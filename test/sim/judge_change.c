/* SPDX-License-Identifier: MIT */
/*
 * judge_change: P9, P10 of changes of a domain: what runs loses neither memory nor vcpus nor
 * an interface that nobody gave up, and keeps what it is known by. P2, P9 of a seed.
 */
#include <string.h>

#include "lib/kind/actions.h"
#include "test/sim/judge.h"

static bool has_nic(const struct w_domside *side, struct mac mac)
{
	for (size_t i = 0; i < side->nic_count; i++)
		if (mac_equal(side->nics[i].mac, mac))
			return true;
	return false;
}

/* The interface at that place got another MAC, which is written for it; all others stay. */
static bool is_changed(const struct h_vm *vm, const struct w_domside *was,
    const struct w_domside *is, size_t at, const struct call_in_world *call)
{
	if (call->action != &domain_patch_action || is->nic_count != was->nic_count)
		return false;
	for (size_t i = 0; i < vm->nic_count; i++)
		if (vm->nics_written && vm->nics[i].has_mac &&
		    mac_equal(vm->nics[i].mac, is->nics[at].mac))
			return true;
	return false;
}

static void judge_lost(struct sim *s, const struct h_vm *vm, const struct w_domside *was,
    const struct w_domside *is, const struct call_in_world *call)
{
	for (size_t i = 0; i < was->nic_count; i++) {
		if (has_nic(is, was->nics[i].mac) || is_changed(vm, was, is, i, call))
			continue;
		if (!vm->nics_written)
			sim_fail(s, "P9", "\"%s\": its interfaces are not written",
			    call->text);
		else if (!judge_approved(s, EFFECT_CUTS_OFF, vm->name, NULL))
			sim_fail(s, "P10", "\"%s\" cuts off %s; nobody approved it",
			    call->text, vm->name);
	}
}

static void judge_less(struct sim *s, const struct w_domside *was,
    const struct w_domside *is, const struct call_in_world *call)
{
	if (is->vcpus < was->vcpus || is->current_kib < was->current_kib)
		sim_fail(s, "P10", "\"%s\" takes vcpus or memory from a guest that runs",
		    call->text);
}

void judge_change(struct sim *s, struct world *b, const struct call_in_world *call)
{
	const struct w_dom *was = world_dom(b, call->target, false);
	const struct w_dom *is = world_dom(&s->world, call->target, false);
	const struct h_vm *vm = home_vm_of(call->home, call->target);

	if (!was || !was->e.exists || !is || !is->e.exists || !vm ||
	    !judge_knows(&was->e, call))
		return;
	if (was->id >= 0 && was->id == is->id) {
		judge_less(s, &was->live, &is->live, call);
		judge_lost(s, vm, &was->live, &is->live, call);
	}
	if (was->persistent && is->persistent && !was->config.mark)
		judge_lost(s, vm, &was->config, &is->config, call);
}

/* Seeds */

static bool has_seed(const struct w_domside *side, const char *name)
{
	const struct w_disk *disk = dom_seed(side);

	return disk && strcmp(disk->volume, name) == 0;
}

/* Only of a VM that is written with another one, or where it is to be pruned: as it was
 * written when the step was sent. */
void judge_seed(struct sim *s, struct world *b, const struct call_in_world *call)
{
	const char *name = strchr(call->target, '/') + 1;
	const struct w_volume *was = world_volume(b, name, false);
	const struct h_vm *vm;

	if (!was || !was->exists)
		return;
	vm = home_vm(call->home, arena_copy_n(&s->judge->scratch, name,
				     (size_t)(strstr(name, ".seed-") - name)));
	if (!call->home->prune && !(vm && vm->seed))
		sim_fail(s, "P9", "seed %s is deleted, and nothing is pruned", name);
	/* Another host's homek8sd may have made it, in a pool that both have. */
	if (!(vm && vm->seed) && !judge_approved(s, EFFECT_REMOVES, call->target, NULL))
		sim_fail(s, "P9", "seed %s is pruned; nobody approved it", name);
	for (size_t i = 0; i < DOMS; i++) {
		const struct w_dom *d = &b->doms[i];

		if (d->e.exists && d->e.known == d->e.version &&
		    ((d->id >= 0 && has_seed(&d->live, name)) ||
			(d->persistent && has_seed(&d->config, name))))
			sim_fail(
			    s, "P2", "seed %s of domain %s is deleted", name, d->e.name);
	}
}
