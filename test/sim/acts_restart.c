/* SPDX-License-Identifier: MIT */
/* acts_restart: `homek8sctl restart`, and what comes in its way. */
#include <string.h>

#include "lib/kind/kinds.h"
#include "test/sim/acts.h"

static const struct item *pick_item(struct sim *s, struct rng *r)
{
	struct view view;
	const struct item *item = NULL;

	if (!s->engine || engine_pending(s->engine))
		return NULL;
	engine_view(s->engine, &view);
	for (int tries = 0; view.plan && view.plan->item_count && tries < 8; tries++) {
		item = view.plan->items[rng_below(r, (unsigned)view.plan->item_count)];
		if (item->kind == &vm_kind && item->desired)
			return item;
	}
	return NULL;
}

/* The VM's name; NULL: there is none, or it is refused. */
static const char *request(struct sim *s, struct rng *r)
{
	const struct item *item = pick_item(s, r);
	struct error e = { "" };
	const char *name;

	if (!item)
		return NULL;
	name = arena_copy(&s->arena, item->name);
	if (engine_wish(s->engine, &vm_kind, name, WISH_RESTART, "root", "root", &e) < 0)
		return NULL;
	judge_restart(s, name);
	sim_say(s, "homek8sctl restart vm/%s", name);
	return name;
}

/* Of one VM, or of one after the other. */
bool act_ctl_restart(struct sim *s, struct rng *r)
{
	unsigned count = rng_percent(r, 30) ? 3 : 1, done = 0;

	for (unsigned i = 0; i < count; i++) {
		if (!request(s, r))
			continue;
		sim_run(s, rng_below(r, 400) * MS);
		done++;
	}
	return done > 0;
}

/* What comes in its way: of the VM's domain, of its node; any of them may not be there. */

struct restarted {
	const char *vm;
	struct w_dom *dom;
	struct w_object *node;
};

static struct restarted find(struct sim *s, const char *name)
{
	const struct h_vm *vm = home_vm(&s->home, name);
	struct restarted out = { .vm = name };

	out.dom = vm ? world_dom(&s->world, home_domain(vm), false) : NULL;
	for (size_t i = 0; out.dom && i < OBJECTS; i++) {
		struct w_object *o = &s->world.objects[i];

		if (o->e.exists && o->type == OBJECT_NODE &&
		    node_machine(&s->world, o) == out.dom)
			out.node = o;
	}
	return out;
}

/* Its guest stops, by a person or by itself; often it runs at once again. */
static bool is_stopped(struct sim *s, struct rng *r, const struct restarted *of)
{
	if (!of->dom || !of->dom->e.exists || of->dom->id < 0)
		return false;
	sim_say(s, "virsh: shutdown %s, in its restart", of->dom->e.name);
	dom_stopped(&s->world, of->dom, 5, rng_percent(r, 50) ? 1 : 2);
	if (rng_percent(r, 40))
		dom_start(&s->world, of->dom, false);
	return true;
}

static bool wish(struct sim *s, struct rng *r, const struct restarted *of)
{
	bool stop = rng_percent(r, 60);
	struct error e = { "" };

	if (!s->engine)
		return false;
	sim_say(
	    s, "homek8sctl %s vm/%s, in its restart", stop ? "stop" : "resume", of->vm);
	if (!stop) {
		engine_resume(s->engine, &vm_kind, of->vm, "root", &e);
		return true;
	}
	judge_wish(s, of->vm, false);
	engine_wish(s->engine, &vm_kind, of->vm, WISH_STOP, "root", "root", &e);
	return true;
}

/* It is to be stopped, is another domain, another node, or not written any more. */
static bool is_edited(struct sim *s, struct rng *r, const struct restarted *of)
{
	struct h_vm *vm = home_vm(&s->home, of->vm);

	if (!vm)
		return false;
	switch (rng_below(r, 4)) {
	case 0:
		vm->runs = NO;
		break;
	case 1:
		vm->memory_mib += 512;
		break;
	case 2:
		*vm = s->home.vms[--s->home.vm_count];
		break;
	default:
		vm->domain = vm->domain ? vm->domain : vm->name;
		vm->name = arena_printf(&s->arena, "new-%u", rng_below(r, 4));
		break;
	}
	sim_say(s, "edit: vm %s is written otherwise, in its restart", of->vm);
	files_changed(s);
	return true;
}

static bool is_cordoned(struct sim *s, struct rng *r, const struct restarted *of)
{
	struct w_object *o = of->node;

	if (!o)
		return false;
	o->unschedulable = !o->unschedulable;
	o->cordoned_by_hand = o->unschedulable;
	if (rng_percent(r, 30))
		o->never_back = true;
	object_managed(o, "kubectl-cordon");
	world_touch(&o->e);
	sim_say(s, "kubectl: %scordon node %s, in its restart",
	    o->unschedulable ? "" : "un", o->e.name);
	return true;
}

static bool is_killed(struct sim *s, struct rng *r, const struct restarted *of)
{
	(void)of;
	daemon_stop(s, true);
	sim_run(s, rng_below(r, 20000) * MS);
	if (!s->engine)
		daemon_start(s);
	return true;
}

static bool loses_a_source(struct sim *s, struct rng *r, const struct restarted *of)
{
	int64_t until = s->now_us + rng_between(r, 500, 20000) * MS;

	(void)of;
	sim_say(s, "a source is down, in a restart");
	if (rng_percent(r, 50))
		virt_down(s, until);
	else
		kube_down(s, until);
	return true;
}

bool act_ctl_restart_amid(struct sim *s, struct rng *r)
{
	static bool (*const ways[])(
	    struct sim * s, struct rng * r, const struct restarted *of) = { is_stopped,
		wish, is_edited, is_cordoned, is_killed, loses_a_source };
	const char *name = request(s, r);
	struct restarted of;

	if (!name)
		return false;
	/* A drain and a shutdown take some seconds, the rest half a minute. */
	sim_run(s, rng_below(r, rng_percent(r, 60) ? 5000 : 40000) * MS);
	if (s->promise)
		return true;
	virt_announce(s);
	of = find(s, name);
	return ways[rng_below(r, 6)](s, r, &of);
}
