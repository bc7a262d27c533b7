/* SPDX-License-Identifier: MIT */
/* judge: around each change of the world; approvals; what the daemon can know. */
#include "test/sim/judge.h"

#include <string.h>

#include "lib/kind/actions.h"
#include "lib/kind/kinds.h"
#include "lib/kind/sources.h"

struct judge *judge_new(struct sim *s)
{
	return arena_alloc(&s->arena, sizeof(struct judge));
}

void judge_free(struct sim *s)
{
	arena_done(&s->judge->scratch);
}

static bool is_target(const struct entity *e, const struct call_in_world *call)
{
	int tag = call->kind == &network_kind	      ? TAG_NET
		  : call->kind == &vm_kind	      ? TAG_DOM
		  : call->kind == &pool_kind	      ? TAG_OBJECT + OBJECT_POOL
		  : call->kind == &advertisement_kind ? TAG_OBJECT + OBJECT_L2
						      : 0;

	return e->tag == tag && strcmp(e->name, call->target) == 0;
}

bool judge_knows(const struct entity *e, const struct call_in_world *call)
{
	if (e->known != e->version || !call)
		return e->known == e->version;
	/* The steps of a program build on each other; other programs have to wait. */
	return e->known_news <= call->news &&
	       (e->own_news <= call->news || is_target(e, call));
}

size_t judge_plugged(struct world *w, struct plugged out[DOMS * NICS])
{
	size_t count = 0;

	for (size_t i = 0; i < DOMS; i++)
		for (size_t k = 0; w->doms[i].e.exists && w->doms[i].id >= 0 &&
				   k < w->doms[i].live.nic_count;
		     k++) {
			const struct w_nic *nic = &w->doms[i].live.nics[k];
			const struct w_net *net = net_of_nic(w, nic);

			if (net)
				out[count++] = (struct plugged){ &w->doms[i], nic, net };
		}
	return count;
}

bool judge_is_leased(const struct w_net *net, struct mac mac)
{
	for (size_t i = 0; i < net->lease_count; i++)
		if (mac_equal(net->leases[i].mac, mac))
			return true;
	return false;
}

/* Calls */

static struct queued_step *note_step(struct sim *s, const struct step *step)
{
	struct judge *j = s->judge;
	struct queued_step *q = &j->planned[j->planned_count++ % PLANNED];

	*q = (struct queued_step){ arena_copy(&s->arena, step->text),
		arena_copy(&s->arena, step->target), s->in_force, s->now_us, s->news,
		kube_knows(s, OBJECT_POOL), virt_knows(s), kube_knows(s, OBJECT_NODE),
		s->in_force &&
		    home_window_is_open(s->in_force, s->wall_ms + s->now_us / MS) };
	return q;
}

/* The steps of a plan that are queued now. */
static void note_steps(struct sim *s, const struct view *view)
{
	for (size_t i = 0; i < view->plan->step_count; i++)
		note_step(s, view->plan->steps[i]);
}

static bool is_step(const char *text, const char *target, const struct call *call)
{
	return strcmp(text, call->text) == 0 && strcmp(target, call->target) == 0;
}

/* The plan that the step is of: the one that is just being taken, else the latest that has a
 * step of these words. */
static const struct queued_step *planned_of(struct sim *s, const struct call *call)
{
	const struct judge *j = s->judge;
	size_t count = j->planned_count;
	struct view view;

	engine_view(s->engine, &view);
	for (size_t i = 0; view.plan && i < view.plan->step_count; i++)
		if (is_step(view.plan->steps[i]->text, view.plan->steps[i]->target, call))
			return note_step(s, view.plan->steps[i]);
	for (size_t i = 0; i < count && i < PLANNED; i++) {
		const struct queued_step *q = &j->planned[(count - 1 - i) % PLANNED];

		if (is_step(q->text, q->target, call))
			return q;
	}
	return NULL;
}

struct call_in_world *judge_sent(struct sim *s, const struct call *call)
{
	struct call_in_world *sent = arena_alloc(&s->arena, sizeof(*sent));
	const struct queued_step *p = planned_of(s, call);

	*sent = (struct call_in_world){ .action = call->action,
		.kind = call->kind,
		.target = call->target,
		.text = call->text,
		.document = call->document,
		.arguments = call->arguments,
		.token = call->token,
		.home = p ? p->home : s->in_force,
		.sent_us = p ? p->at_us : s->now_us,
		.news = p ? p->news : s->news };
	if (p) {
		sent->pools_known = p->pools_known;
		sent->nodes_known = p->nodes_known;
		sent->libvirt_known = p->libvirt_known;
		sent->in_window = p->in_window;
	}
	return sent;
}

/* Around a change */

void judge_before(struct sim *s)
{
	s->judge->before = s->world;
}

/* What it has done, it knows, where the answer comes. */
static void note_own(struct sim *s, struct entity *now, const struct entity *before)
{
	if (now->version == before->version || before->known != before->version)
		return;
	now->known = now->version;
	now->own_news = ++s->news;
}

static void note_target(struct sim *s, const struct call_in_world *call)
{
	struct world *w = &s->world, *b = &s->judge->before;

	for (size_t i = 0; i < NETS; i++)
		if (call->kind == &network_kind && w->nets[i].e.name &&
		    strcmp(w->nets[i].e.name, call->target) == 0)
			note_own(s, &w->nets[i].e, &b->nets[i].e);
	for (size_t i = 0; i < DOMS; i++)
		if (call->kind == &vm_kind && w->doms[i].e.name &&
		    strcmp(w->doms[i].e.name, call->target) == 0)
			note_own(s, &w->doms[i].e, &b->doms[i].e);
	if (call->kind->source == network_kind.source)
		return;
	for (size_t i = 0; i < OBJECTS; i++)
		note_own(s, &w->objects[i].e, &b->objects[i].e);
}

/* At a first start each source is begun with when it is known that nothing that is written
 * is there; nothing is done to one that may have something. */
static void judge_first_start(
    struct sim *s, const struct world *b, const struct call_in_world *call)
{
	bool *begun = s->judge->begun;
	enum sim_source source =
	    call->action->source == &libvirt_source ? SIM_LIBVIRT : SIM_KUBERNETES;

	if (!s->observing || begun[source])
		return;
	if ((call->libvirt_known && home_exists_in_libvirt(call->home, b)) ||
	    (call->pools_known && home_exists_in_cluster(call->home, b)))
		sim_fail(s, "P9", "\"%s\" during a first start", call->text);
	begun[SIM_LIBVIRT] |= call->libvirt_known;
	begun[SIM_KUBERNETES] |= call->pools_known;
}

void judge_after(struct sim *s, const struct call_in_world *call)
{
	struct world *b = &s->judge->before;

	if (!call || s->promise)
		return;
	if (!call->home) {
		sim_fail(s, "P2", "\"%s\" without any configuration", call->text);
		return;
	}
	s->judge->sent_us = call->sent_us;
	judge_first_start(s, b, call);
	judge_addresses(s, b, call);
	judge_services(s, b, call);
	judge_foreign(s, b, call);
	judge_cluster(s, b, call);
	judge_exposed(s, b, call);
	judge_power(s, b, call);
	judge_drain(s, b, call);
	if (call->kind == &vm_kind)
		judge_change(s, b, call);
	if (call->action == &seed_delete_action)
		judge_seed(s, b, call);
	if (!call->failed_half)
		note_target(s, call);
	arena_done(&s->judge->scratch);
}

/* Approvals */

static bool holds(const struct sim *s, const struct approved *a)
{
	return !a->void_us || a->void_us > s->judge->sent_us;
}

static bool mentions(
    const struct approved *a, const struct approved_effect *e, const char *whom)
{
	const char *slash = strrchr(e->name, '/');

	return !whom || strcmp(e->name, whom) == 0 || strcmp(a->name, whom) == 0 ||
	       (slash && strcmp(slash + 1, whom) == 0);
}

bool judge_move_approved(struct sim *s, const char *whom, struct ip from, struct ip to)
{
	char from_text[IP_TEXT], to_text[IP_TEXT];

	ip_text(from, from_text);
	ip_text(to, to_text);
	for (size_t i = 0; i < s->judge->approval_count; i++) {
		const struct approved *a = &s->judge->approvals[i];

		for (size_t k = 0; holds(s, a) && k < a->count; k++) {
			const struct approved_effect *e = &a->effects[k];

			if (e->what == EFFECT_MOVES_ADDRESS && mentions(a, e, whom) &&
			    (!e->from || strcmp(e->from, from_text) == 0) &&
			    (!e->to || !to.version || strcmp(e->to, to_text) == 0))
				return true;
		}
	}
	return false;
}

bool judge_approved(
    struct sim *s, enum effect_what what, const char *whom, const char *from)
{
	for (size_t i = 0; i < s->judge->approval_count; i++) {
		const struct approved *a = &s->judge->approvals[i];

		for (size_t k = 0; holds(s, a) && k < a->count; k++)
			if (a->effects[k].what == what &&
			    mentions(a, &a->effects[k], whom) &&
			    (!from || (a->effects[k].from &&
					  strcmp(a->effects[k].from, from) == 0)))
				return true;
	}
	return false;
}

bool judge_is_maintenance(const struct h_vm *vm, const struct call_in_world *call)
{
	return home_restarts(call->home, vm) && call->in_window;
}

struct decision { /* shown, and approved a moment later */
	const struct kind *kind;
	const char *name, *hash;
	struct approved approved;
};

static void decide(struct sim *s, void *arg)
{
	const struct decision *d = arg;
	struct judge *j = s->judge;
	struct error e = { "" };
	bool changed;

	if (!s->engine)
		return;
	if (engine_approve(
		s->engine, d->kind, d->name, d->hash, 0, "root", &changed, &e) < 0) {
		sim_say(s, "not approved: %s", e.text);
		return;
	}
	sim_say(s, "approved: %s/%s", d->kind->name, d->name);
	if (j->approval_count < APPROVALS)
		j->approvals[j->approval_count++] = d->approved;
}

static void show(struct sim *s, const struct program *program, struct decision *d)
{
	struct arena *a = &s->arena;

	*d = (struct decision){ program->item->kind, arena_copy(a, program->item->name),
		arena_copy(a, program->hash),
		{ .kind = program->item->kind->name,
		    .name = arena_copy(a, program->item->name) } };
	for (size_t i = 0; i < program->effect_count && i < APPROVED; i++) {
		const struct effect *e = &program->effects[i];

		d->approved.effects[d->approved.count++] =
		    (struct approved_effect){ e->what, e->kind->name,
			    arena_copy(a, e->name), arena_copy(a, e->from),
			    arena_copy(a, e->to) };
	}
}

/* Programs that wait for approval; `kind` NULL: of any. */
static size_t find_waiting(
    const struct plan *plan, const char *kind, const struct program *out[40])
{
	size_t count = 0;

	for (size_t i = 0; plan && i < plan->item_count; i++)
		for (size_t k = 0; k < plan->items[i]->program_count; k++) {
			const struct program *p = plan->items[i]->programs[k];

			if ((p->gate == GATE_APPROVAL || p->gate == GATE_BUDGET) &&
			    count < 40 &&
			    (!kind || strcmp(p->item->kind->name, kind) == 0))
				out[count++] = p;
		}
	return count;
}

static struct decision *read_plan(struct sim *s, const char *kind, unsigned pick)
{
	const struct program *waiting[40];
	struct decision *d;
	struct view view;
	size_t count;

	if (!s->engine || engine_pending(s->engine))
		return NULL;
	engine_view(s->engine, &view);
	count = find_waiting(view.plan, kind, waiting);
	if (!count)
		return NULL;
	d = arena_alloc(&s->arena, sizeof(*d));
	show(s, waiting[pick % count], d);
	sim_say(s, "is shown: %s", waiting[pick % count]->why);
	return d;
}

bool judge_approve(struct sim *s, unsigned pick)
{
	struct decision *d = read_plan(s, NULL, pick);

	if (d && pick & 0x100)
		sim_at(s, sim_later(s, 10, 9000), false, decide, d);
	else if (d)
		decide(s, d);
	return d;
}

const char *judge_approve_of(struct sim *s, const char *kind, unsigned pick)
{
	struct decision *d = read_plan(s, kind, pick);
	const char *slash = d ? strchr(d->name, '/') : NULL;

	if (!d)
		return NULL;
	decide(s, d);
	return slash ? slash + 1 : d->name;
}

/* What leaves the files takes its approval with it. */
static bool is_written(const struct home *h, const struct approved *a)
{
	const char *slash = strchr(a->name, '/');
	const struct h_net *n;

	if (strcmp(a->kind, "vm") == 0)
		return home_vm(h, a->name);
	if (strcmp(a->kind, "network") == 0)
		return home_net(h, a->name);
	if (strcmp(a->kind, "pool") == 0)
		return home_pool(h, a->name);
	if (strcmp(a->kind, "reservation") != 0 || !slash)
		return true;
	for (size_t i = 0; i < h->net_count; i++) {
		n = &h->nets[i];
		for (size_t k = 0; k < n->static_count; k++)
			if (strcmp(n->statics[k].host, slash + 1) == 0)
				return true;
	}
	return false;
}

void judge_edited(struct sim *s)
{
	struct judge *j = s->judge;

	s->observing &= home_exists(s->in_force, &s->world);
	j->previous = j->current ? j->current : s->in_force;
	j->current = s->in_force;

	for (size_t i = 0; i < j->approval_count; i++) {
		struct approved *a = &j->approvals[i];
		bool removal = strcmp(a->kind, "pool") == 0 ||
			       strcmp(a->kind, "advertisement") == 0 ||
			       (strcmp(a->kind, "vm") == 0 && a->count &&
				   a->effects[0].what == EFFECT_REMOVES);

		if (!removal && !a->void_us && !is_written(s->in_force, a))
			a->void_us = s->now_us;
	}
}

/* Plans */

void judge_plan(struct sim *s)
{
	struct view view;

	if (s->promise || !s->engine || !s->in_force)
		return;
	s->observing &= home_exists(s->in_force, &s->world);
	engine_view(s->engine, &view);
	if (view.plan)
		judge_converged(s, view.plan, false);
	s->judge->sent_us = s->now_us;
	if (view.plan)
		note_steps(s, &view);
	if (view.plan)
		judge_settled(s, view.plan);
	arena_done(&s->judge->scratch);
}
