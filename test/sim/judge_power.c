/* SPDX-License-Identifier: MIT */
/* judge_power: P1, P2, P5, P10 and I2: what stops, starts and is defined by our steps. */
#include <string.h>

#include "lib/kind/actions.h"
#include "test/sim/judge.h"

static struct w_dom *dom_of(struct world *w, const struct h_vm *vm)
{
	return world_dom(w, home_domain(vm), false);
}

static bool is_critical(const struct h_vm *vm)
{
	return vm->role && strcmp(vm->role, "control-plane") == 0;
}

/* Budget */

struct count {
	size_t all, down, critical, critical_down;
};

/* A step has requested it to stop, and it may still heed that; not one that was planned when
 * this call was on its way, and counted it. */
static bool is_going_down(struct sim *s, struct world *b, const struct w_dom *d,
    const struct call_in_world *call)
{
	size_t i = (size_t)(d - b->doms);

	return s->judge->asked_down[i] == d->id &&
	       s->judge->asked_sent_us[i] <= call->sent_us &&
	       (d->stops_at ||
		   s->now_us - s->judge->asked_us[i] < H_STOP_TIMEOUT * SECOND);
}

/* Those that are known not to be up, and those that a step has requested to stop. */
static bool is_down(struct sim *s, struct world *b, const struct h_vm *vm,
    const struct call_in_world *call)
{
	const struct w_dom *d = dom_of(b, vm);

	if (!d || !d->e.exists || d->id < 0)
		return !d || judge_knows(&d->e, call);
	return is_going_down(s, b, d, call);
}

static struct count count_down(struct sim *s, struct world *b, const struct h_vm *self,
    const struct call_in_world *call)
{
	struct count c = { 0 };

	for (size_t i = 0; i < call->home->vm_count; i++) {
		const struct h_vm *vm = &call->home->vms[i];
		bool down = vm == self || is_down(s, b, vm, call);

		c.all++;
		c.down += down;
		c.critical += is_critical(vm);
		c.critical_down += down && is_critical(vm);
	}
	return c;
}

static void judge_budget(struct sim *s, struct world *b, const struct h_vm *vm,
    const struct call_in_world *call)
{
	struct count c = count_down(s, b, vm, call);
	bool too_many = c.down * 3 > c.all;
	bool critical =
	    is_critical(vm) && (c.critical_down > 1 || c.critical_down == c.critical);

	if ((too_many || critical) &&
	    !judge_approved(s, EFFECT_INTERRUPTS, vm->name, NULL))
		sim_fail(s, "P10",
		    "%zu of %zu VMs, %zu of %zu control planes are not up after \"%s\"; nobody approved it",
		    c.down, c.all, c.critical_down, c.critical, call->text);
}

/* The step was planned while the host shut down, and it is written that VMs go first. */
static bool goes_with_host(const struct sim *s, const struct call_in_world *call)
{
	return call->home->ordered && s->down.since_us &&
	       call->sent_us >= s->down.since_us &&
	       (!s->down.ended_us || call->sent_us <= s->down.ended_us);
}

/* Control planes go last, but for a third of the time. */
static void judge_order(struct sim *s, struct world *b, const struct h_vm *vm,
    const struct call_in_world *call)
{
	if (!is_critical(vm) || call->sent_us >= s->down.since_us +
						     H_SHUTDOWN_TIMEOUT * SECOND / 3 * 2 -
						     10 * MS)
		return;
	for (size_t i = 0; i < call->home->vm_count; i++) {
		const struct h_vm *other = &call->home->vms[i];
		const struct w_dom *d = dom_of(b, other);

		if (d && d->e.exists && d->id >= 0 && d->state == 1 &&
		    !is_critical(other) && judge_knows(&d->e, call))
			sim_fail(s, "order",
			    "\"%s\" while the host shuts down and %s is up", call->text,
			    d->e.name);
	}
}

/* Nodes of the machine; `known`: the daemon knows each of them as it is. */
static size_t nodes_of(const struct world *b, const struct w_dom *d,
    const struct call_in_world *call, size_t *ready, bool *known)
{
	const char *uuid = d->persistent ? d->config.uuid : d->live.uuid;
	size_t count = 0;

	*ready = 0;
	*known = true;
	for (size_t i = 0; uuid && i < OBJECTS; i++) {
		const struct w_object *o = &b->objects[i];

		if (!o->e.name || o->type != OBJECT_NODE || !o->uuid ||
		    strcmp(o->uuid, uuid) != 0)
			continue;
		*known &= judge_knows(&o->e, call);
		count += o->e.exists;
		*ready += o->e.exists && o->ready;
	}
	return count;
}

static bool other_control_plane_is_ill(
    struct world *b, const struct h_vm *self, const struct call_in_world *call)
{
	for (size_t i = 0; is_critical(self) && i < call->home->vm_count; i++) {
		const struct h_vm *vm = &call->home->vms[i];
		const struct w_dom *d = dom_of(b, vm);
		size_t count, ready;
		bool known;

		if (vm == self || !is_critical(vm) || vm->runs == NO || !d ||
		    !d->e.exists || !judge_knows(&d->e, call))
			continue;
		count = nodes_of(b, d, call, &ready, &known);
		if (known && count == 1 && !ready)
			return true;
	}
	return false;
}

/* A step of the remediation ladder: by a policy that is written, to a node that is not ready,
 * as far as is known, and never beside another control plane that is ill. */
static void judge_remedy(struct sim *s, struct world *b, const struct call_in_world *call)
{
	const struct h_vm *vm = home_vm_of(call->home, call->target);
	const struct w_dom *d = world_dom(b, call->target, false);
	size_t count, ready;
	bool known;

	if (!vm || !d || d->id < 0)
		return;
	s->judge->remedied_us = s->now_us;
	count = nodes_of(b, d, call, &ready, &known);
	if (!call->home->remedy || !vm->role)
		sim_fail(s, "P10", "\"%s\" without a policy", call->text);
	else if (!call->nodes_known || !call->libvirt_known)
		sim_fail(s, "P10", "\"%s\" while not all is known", call->text);
	else if (known && (count != 1 || ready))
		sim_fail(s, "P10", "\"%s\", and %zu of %zu nodes of it are ready",
		    call->text, ready, count);
	else if (other_control_plane_is_ill(b, vm, call))
		sim_fail(s, "P10",
		    "\"%s\" beside another control plane that is not ready", call->text);
	else
		judge_budget(s, b, vm, call);
}

/* Sent again though nothing says what became of it. */
static void judge_once(
    struct sim *s, const struct w_dom *d, size_t place, const struct call_in_world *call)
{
	unsigned *version = &s->judge->once_version[place];

	if (d->e.version == *version && d->e.known != d->e.version)
		sim_fail(s, "P5", "\"%s\" is repeated blindly", call->text);
	*version = s->world.doms[place].e.version;
}

static void judge_reset(struct sim *s, struct world *b, const struct call_in_world *call)
{
	const struct w_dom *d = world_dom(b, call->target, false);

	judge_remedy(s, b, call);
	if (d && call->action == &domain_reset_action)
		judge_once(s, d, (size_t)(d - b->doms), call);
}

static void judge_stop(struct sim *s, struct world *b, const struct call_in_world *call)
{
	const struct h_vm *vm = home_vm_of(call->home, call->target);
	struct w_dom *d = world_dom(b, call->target, false);
	int *asked = d ? &s->judge->asked_down[d - b->doms] : NULL;

	if (!vm || !d || d->id < 0)
		return;
	if (goes_with_host(s, call)) {
		judge_order(s, b, vm, call);
		s->judge->asked_us[d - b->doms] = s->now_us;
		s->judge->asked_sent_us[d - b->doms] = call->sent_us;
		*asked = d->id;
		return;
	}
	if (vm->runs != NO && !s->judge->may_stop[d - b->doms] &&
	    call->action == &domain_destroy_action &&
	    strstr(call->text, "start it again")) {
		judge_remedy(s, b, call);
	} else if (vm->runs != NO && !s->judge->may_stop[d - b->doms] &&
		   !s->judge->may_restart[d - b->doms] &&
		   !judge_is_maintenance(vm, call) &&
		   !judge_approved(s, EFFECT_INTERRUPTS, vm->name, NULL)) {
		sim_fail(
		    s, "P2", "\"%s\" though nobody wrote that it is to stop", call->text);
		return;
	}
	/* Approved, so that it is started again. */
	if (vm->runs != NO && judge_approved(s, EFFECT_INTERRUPTS, vm->name, NULL))
		s->judge->may_restart[d - b->doms] = true;
	if (vm->runs != NO && judge_is_maintenance(vm, call))
		s->judge->may_start[d - b->doms] = s->judge->taken_down[d - b->doms] =
		    true;
	if (*asked != d->id)
		judge_budget(s, b, vm, call);
	if (*asked != d->id)
		s->judge->asked_sent_us[d - b->doms] = call->sent_us;
	*asked = d->id;
	s->judge->asked_us[d - b->doms] = s->now_us;
	if (call->action != &domain_destroy_action)
		return;
	judge_once(s, d, (size_t)(d - b->doms), call);
}

/* Disks */

static bool shares(struct arena *a, const struct w_domside *x, const struct w_domside *y,
    const char **what)
{
	for (size_t i = 0; i < x->disk_count; i++)
		for (size_t k = 0; k < y->disk_count; k++) {
			*what = disk_identity(a, &x->disks[i]);
			if (!x->disks[i].readonly && !y->disks[k].readonly &&
			    strcmp(*what, disk_identity(a, &y->disks[k])) == 0)
				return true;
		}
	return false;
}

static void judge_disks(struct sim *s, struct world *b, const struct call_in_world *call)
{
	struct w_dom *self = world_dom(&s->world, call->target, false);
	bool starts = call->action == &domain_start_action;
	const char *what;

	for (size_t i = 0; self && i < DOMS; i++) {
		const struct w_dom *d = &s->world.doms[i];

		if (d == self || !d->e.exists || (starts && d->id < 0) ||
		    !judge_knows(&b->doms[i].e, call))
			continue;
		if (shares(&s->judge->scratch, &self->config,
			d->id >= 0 ? &d->live : &d->config, &what))
			sim_fail(s, "I2", "%s and %s share %s after \"%s\"", self->e.name,
			    d->e.name, what, call->text);
	}
}

static bool same_text(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

static bool same_plug(const struct w_nic *a, const struct w_nic *b)
{
	return same_text(a->network, b->network) || same_text(a->bridge, b->bridge);
}

static bool has_plug(const struct w_domside *side, const struct w_nic *nic)
{
	for (size_t i = 0; i < side->nic_count; i++)
		if (mac_equal(side->nics[i].mac, nic->mac) &&
		    same_plug(&side->nics[i], nic))
			return true;
	return false;
}

/* What a step is to blame for: with a start or a definition all that it has; where one is
 * attached, not what it had before, which it may have shared with another ever since. */
static bool is_given(
    const struct w_dom *was, const struct w_nic *nic, const struct call_in_world *call)
{
	return call->action != &domain_attach_action || !was ||
	       !((was->id >= 0 && has_plug(&was->live, nic)) ||
		   has_plug(&was->config, nic));
}

static bool is_given_any_of(const struct w_dom *was, const struct w_domside *side,
    const struct w_dom *other, const struct call_in_world *call)
{
	for (size_t i = 0; i < side->nic_count; i++)
		if (is_given(was, &side->nics[i], call) &&
		    has_plug(&other->live, &side->nics[i]))
			return true;
	return false;
}

/* MACs that two machines have: neither may be started or defined beside the other, nor given
 * an interface of the other's. */
static void judge_macs(struct sim *s, struct world *b, const struct call_in_world *call)
{
	const struct w_dom *self = world_dom(&s->world, call->target, false);
	const struct w_dom *was = world_dom(b, call->target, false);

	for (size_t i = 0; self && i < DOMS; i++) {
		const struct w_dom *d = &s->world.doms[i];

		if (d == self || !d->e.exists || d->id < 0 ||
		    !judge_knows(&b->doms[i].e, call))
			continue;
		if (is_given_any_of(was, &self->config, d, call) ||
		    (self->id >= 0 && is_given_any_of(was, &self->live, d, call)))
			sim_fail(s, "I2",
			    "%s and %s, which runs, have one MAC after \"%s\"",
			    self->e.name, d->e.name, call->text);
	}
}

/* The daemon has it on its disk that the VM was up. */
static bool is_remembered_up(const struct sim *s, const char *vm)
{
	const char *quoted = arena_printf(&sim->judge->scratch, "\"name\":\"%s\"", vm);
	const char *at = s->state.text;

	while (at && (at = strstr(at, "\"kind\":\"vm\""))) {
		const char *next = strstr(++at, "\"kind\":");
		const char *name = strstr(at, quoted), *up = strstr(at, "\"up_at\":");

		if (name && up && (!next || (name < next && up < next)))
			return true;
	}
	return false;
}

void judge_reboot(struct sim *s)
{
	for (size_t i = 0; i < DOMS; i++) {
		const struct w_dom *d = &s->world.doms[i];
		const struct h_vm *vm = s->in_force && d->e.exists && d->id >= 0
					    ? home_vm_of(s->in_force, d->e.name)
					    : NULL;

		s->judge->ran_at_boot[i] =
		    s->engine && vm && is_remembered_up(s, vm->name) ? vm->name : NULL;
	}
	s->judge->turn_us = 0;
	arena_done(&s->judge->scratch);
}

/* After the host has booted one is started after the other. */
static void judge_turn(struct sim *s, const struct w_dom *d, const struct h_vm *vm,
    size_t place, const struct call_in_world *call)
{
	struct judge *j = s->judge;
	bool restarted = j->may_restart[place] || j->taken_down[place] ||
			 home_restarts(call->home, vm) ||
			 judge_approved(s, EFFECT_INTERRUPTS, vm->name, NULL) ||
			 (j->remedied_us && s->now_us - j->remedied_us < 100 * SECOND);

	/* One that has run since is started for what it did then, and a procedure that goes
	 * on, or a request by name, takes no turn. */
	if (!j->ran_at_boot[place] || strcmp(j->ran_at_boot[place], vm->name) != 0 ||
	    !d->started_us || d->started_us > s->boot_us || restarted ||
	    j->may_start[place] || j->requested[place] || s->state_lost)
		return;
	/* Of one plan: whose turn it was last is on no disk yet, should the daemon be killed. */
	if (j->turn_us && call->sent_us == j->turn_us)
		sim_fail(s, "order",
		    "\"%s\" together with another one, after the host has booted",
		    call->text);
	j->turn_us = call->sent_us;
}

static void judge_start(struct sim *s, struct world *b, const struct call_in_world *call)
{
	const struct h_vm *vm = home_vm_of(call->home, call->target);
	const struct w_dom *d = world_dom(b, call->target, false);

	if (!vm || !d || !judge_knows(&d->e, call))
		return;
	judge_turn(s, d, vm, (size_t)(d - b->doms), call);
	if (goes_with_host(s, call) && call->sent_us > s->down.since_us &&
	    call->sent_us != s->down.ended_us)
		sim_fail(s, "order", "\"%s\" while the host shuts down", call->text);
	if (s->judge->may_start[d - b->doms] ||
	    judge_approved(s, EFFECT_INTERRUPTS, vm->name, NULL)) /* a restart of it */
		return;
	if (vm->runs == NO)
		sim_fail(s, "P9", "\"%s\" though it is to be stopped", call->text);
	if (vm->runs == UNWRITTEN && !vm->power && d->e.exists && !d->config.mark &&
	    !s->judge->requested[d - b->doms])
		sim_fail(s, "P9",
		    "\"%s\": it is adopted, and nothing is written of its state",
		    call->text);
}

/* Where the domain of a VM that is written has its place, also before it is defined. */
static struct w_dom *place_of(struct sim *s, const char *vm)
{
	const struct h_vm *h = s->in_force ? home_vm(s->in_force, vm) : NULL;

	return h ? world_dom(&s->world, home_domain(h), true) : NULL;
}

void judge_requested(struct sim *s, const char *vm)
{
	struct w_dom *d = place_of(s, vm);

	if (d)
		s->judge->requested[d - s->world.doms] = true;
}

void judge_wish(struct sim *s, const char *vm, bool start)
{
	struct w_dom *d = place_of(s, vm);

	if (d)
		(start ? s->judge->may_start : s->judge->may_stop)[d - s->world.doms] =
		    true;
}

void judge_restart(struct sim *s, const char *vm)
{
	struct w_dom *d = place_of(s, vm);

	/* One that is shut down by it is brought back by it. */
	if (d)
		s->judge->may_restart[d - s->world.doms] =
		    s->judge->may_start[d - s->world.doms] = true;
}

/* Networks */

static void judge_network_stop(
    struct sim *s, struct world *b, const struct call_in_world *call)
{
	struct plugged plugged[DOMS * NICS];
	size_t count = judge_plugged(b, plugged);

	for (size_t i = 0; i < count; i++)
		if (strcmp(plugged[i].net->e.name, call->target) == 0 &&
		    plugged[i].nic->on_bridge && judge_knows(&plugged[i].dom->e, call) &&
		    !judge_approved(s, EFFECT_CUTS_OFF, NULL, NULL) &&
		    !judge_approved(s, EFFECT_INTERRUPTS, call->target, NULL))
			sim_fail(s, "P10", "\"%s\" cuts off %s; nobody approved it",
			    call->text, plugged[i].dom->e.name);
}

/* How much is free is asked every ten seconds. */
#define SPACE_KNOWN (15 * SECOND)

static void judge_resume(struct sim *s, struct world *b, const struct call_in_world *call)
{
	const struct w_dom *d = world_dom(b, call->target, false);

	if (d && d->disk_full && b->no_space &&
	    b->no_space_us + SPACE_KNOWN < call->sent_us)
		sim_fail(s, "law 12", "\"%s\" while there is no space for its disk",
		    call->text);
}

void judge_power(struct sim *s, struct world *b, const struct call_in_world *call)
{
	if (call->action == &network_stop_action)
		judge_network_stop(s, b, call);
	else if (call->action == &domain_shutdown_action ||
		 call->action == &domain_destroy_action)
		judge_stop(s, b, call);
	if (call->action == &domain_start_action)
		judge_start(s, b, call);
	if (call->action == &domain_reboot_action || call->action == &domain_reset_action)
		judge_reset(s, b, call);
	if (call->action == &domain_resume_action)
		judge_resume(s, b, call);
	if (call->action == &domain_start_action || call->action == &domain_define_action)
		judge_disks(s, b, call);
	if (call->action == &domain_start_action ||
	    call->action == &domain_define_action ||
	    call->action == &domain_attach_action)
		judge_macs(s, b, call);
}
