/* SPDX-License-Identifier: MIT */
/* acts_kubectl: what people, Helm and others do to the cluster's objects. */
#include <string.h>

#include "test/sim/acts.h"

#define OWNER_KEY "app.kubernetes.io/managed-by"

static void changed(struct sim *s, struct w_object *o, const char *manager)
{
	object_managed(o, manager);
	world_touch(&o->e);
	s->world.metallb_due = true;
}

static const char *some_range(struct sim *s, struct rng *r)
{
	unsigned first = rng_between(r, 60, 200);

	return arena_printf(
	    &s->arena, "192.168.100.%u-192.168.100.%u", first, first + rng_below(r, 12));
}

/* As the webhook would take it. */
static bool fits(struct sim *s, const struct w_object *o)
{
	struct ranges own, other;

	if (!object_ranges(&s->arena, o, &own) || !own.count)
		return false;
	for (size_t i = 0; i < OBJECTS; i++)
		if (strcmp(s->world.objects[i].e.name ? s->world.objects[i].e.name : "",
			o->e.name) != 0 &&
		    object_ranges(&s->arena, &s->world.objects[i], &other) &&
		    ranges_overlap(own, other))
			return false;
	return true;
}

bool act_kubectl_pool_delete(struct sim *s, struct rng *r)
{
	struct w_object *o = pick_object(s, r, OBJECT_POOL);

	if (!o || o->deleting)
		return false;
	sim_say(s, "kubectl: delete pool %s", o->e.name);
	object_delete(&s->world, o, r);
	return true;
}

bool act_kubectl_pool_edit(struct sim *s, struct rng *r)
{
	static const char *const managers[] = { "kubectl-edit", "argocd-controller" };
	struct w_object *o = pick_object(s, r, OBJECT_POOL);
	struct w_object next;

	if (!o || o->deleting)
		return false;
	next = *o;
	if (rng_percent(r, 75)) {
		next.address_count = 1;
		next.addresses[0] = some_range(s, r);
	} else {
		next.auto_assign = !next.auto_assign;
	}
	if (!fits(s, &next))
		return false;
	*o = next;
	changed(s, o, managers[rng_below(r, 2)]);
	sim_say(s, "kubectl: edit pool %s: %s", o->e.name, o->addresses[0]);
	return true;
}

static struct w_object *new_object(struct sim *s, enum w_type type, const char *name)
{
	struct w_object *o = world_object(&s->world, type, name, true);
	struct entity e;

	if (!o || o->e.exists)
		return NULL;
	e = o->e;
	*o = (struct w_object){ .e = e,
		.type = type,
		.auto_assign = -1,
		.avoid = -1,
		.uid = ++s->world.next_uuid };
	return o;
}

/* "kubectl get -o yaml", another name, "kubectl apply": the label goes with it. */
bool act_kubectl_pool_copy(struct sim *s, struct rng *r)
{
	const struct w_object *from = pick_object(s, r, OBJECT_POOL);
	struct w_object *o;

	if (!from)
		return false;
	o = new_object(
	    s, OBJECT_POOL, arena_printf(&s->arena, "copy-%u", rng_below(r, 2)));
	if (!o)
		return false;
	memcpy(o->labels, from->labels, sizeof(o->labels));
	o->label_count = from->label_count;
	o->e.exists = true;
	o->addresses[o->address_count++] = some_range(s, r);
	if (!fits(s, o)) {
		o->e.exists = false;
		return false;
	}
	changed(s, o, "kubectl-client-side-apply");
	sim_say(s, "kubectl: pool %s is a copy of %s", o->e.name, from->e.name);
	return true;
}

bool act_kubectl_pool_foreign(struct sim *s, struct rng *r)
{
	struct w_object *o =
	    new_object(s, OBJECT_POOL, rng_percent(r, 50) ? "front" : "helm-pool");

	if (!o)
		return false;
	o->e.exists = true;
	o->addresses[o->address_count++] = some_range(s, r);
	if (!fits(s, o)) {
		o->e.exists = false;
		return false;
	}
	changed(s, o, "helm");
	sim_say(s, "helm: pool %s: %s", o->e.name, o->addresses[0]);
	return true;
}

/* Advertisements */

bool act_kubectl_adv_delete(struct sim *s, struct rng *r)
{
	struct w_object *o =
	    pick_object(s, r, rng_percent(r, 90) ? OBJECT_L2 : OBJECT_BGP);

	if (!o || o->deleting)
		return false;
	sim_say(s, "kubectl: delete advertisement %s", o->e.name);
	object_delete(&s->world, o, r);
	return true;
}

bool act_kubectl_adv_edit(struct sim *s, struct rng *r)
{
	struct w_object *o = pick_object(s, r, OBJECT_L2);
	unsigned how = rng_below(r, 4);

	if (!o || o->deleting)
		return false;
	if (how == 0) {
		o->pool_count = 0;
	} else if (how == 1) {
		o->limited = !o->limited;
	} else if (how == 2) {
		o->pool_count = 1;
		o->pools[0] = "back";
	} else {
		o->selector = o->selector ? NULL : "tier=front";
	}
	changed(s, o, "kubectl-edit");
	sim_say(s, "kubectl: edit advertisement %s", o->e.name);
	return true;
}

bool act_kubectl_adv_add(struct sim *s, struct rng *r)
{
	const struct w_object *pool = pick_object(s, r, OBJECT_POOL);
	struct w_object *o = new_object(s, rng_percent(r, 75) ? OBJECT_L2 : OBJECT_BGP,
	    pool && rng_percent(r, 50) ? pool->e.name : "by-hand");

	if (!o)
		return false;
	o->e.exists = true;
	if (pool && rng_percent(r, 75))
		o->pools[o->pool_count++] = pool->e.name;
	o->limited = o->type == OBJECT_BGP || rng_percent(r, 40);
	if (rng_percent(r, 20))
		object_label(o, OWNER_KEY, "homek8sd");
	changed(s, o, "helm");
	sim_say(s, "helm: advertisement %s%s", o->e.name, o->limited ? ", limited" : "");
	return true;
}

/* Services and Nodes */

bool act_kubectl_service_add(struct sim *s, struct rng *r)
{
	struct w_object *o = new_object(
	    s, OBJECT_SERVICE, arena_printf(&s->arena, "apps/web-%u", rng_below(r, 6)));

	if (!o)
		return false;
	o->e.exists = true;
	if (rng_percent(r, 20))
		o->pinned =
		    arena_printf(&s->arena, "192.168.100.%u", rng_between(r, 100, 112));
	changed(s, o, "kubectl-client-side-apply");
	sim_say(s, "kubectl: service %s", o->e.name);
	return true;
}

bool act_kubectl_service_delete(struct sim *s, struct rng *r)
{
	struct w_object *o = pick_object(s, r, OBJECT_SERVICE);

	if (!o)
		return false;
	sim_say(s, "kubectl: delete service %s", o->e.name);
	object_delete(&s->world, o, r);
	return true;
}

/* To what it has, or to another one. */
bool act_kubectl_service_pin(struct sim *s, struct rng *r)
{
	struct w_object *o = pick_object(s, r, OBJECT_SERVICE);

	if (!o)
		return false;
	if (o->pinned)
		o->pinned = NULL;
	else if (o->address_count && rng_percent(r, 50))
		o->pinned = o->addresses[0];
	else
		o->pinned =
		    arena_printf(&s->arena, "192.168.100.%u", rng_between(r, 95, 160));
	changed(s, o, "kubectl-annotate");
	sim_say(s, "kubectl: service %s asks for %s", o->e.name,
	    o->pinned ? o->pinned : "no address");
	return true;
}

bool act_kubectl_finalizer(struct sim *s, struct rng *r)
{
	struct w_object *o =
	    pick_object(s, r, rng_percent(r, 50) ? OBJECT_POOL : OBJECT_L2);

	if (!o || o->deleting)
		return false;
	o->finalizer = o->finalizer ? NULL : "example.org/hold";
	changed(s, o, "operator");
	return true;
}

/* It is lost or comes back; or joins again under another name. */
void kubelet_hangs(struct sim *s, struct rng *r)
{
	struct w_object *o = rng_percent(r, 60) ? pick_object(s, r, OBJECT_NODE) : NULL;

	if (!o || !o->ready)
		return;
	o->ready = false;
	o->hangs = rng_between(r, 1, 4);
	changed(s, o, "kubelet");
	sim_say(s, "kubelet: node %s is not ready (%u)", o->e.name, o->hangs);
}

bool act_kubectl_node(struct sim *s, struct rng *r)
{
	struct w_object *o = pick_object(s, r, OBJECT_NODE), *new;

	if (!o)
		return false;
	if (rng_percent(r, 70)) {
		o->ready = !o->ready;
		o->hangs = rng_between(r, 1, 4);
		changed(s, o, "kubelet");
		sim_say(s, "kubelet: node %s is %s", o->e.name,
		    o->ready ? "ready" : "not ready");
		return true;
	}
	new = new_object(
	    s, OBJECT_NODE, arena_printf(&s->arena, "node-%u", rng_below(r, 3)));
	if (!new)
		return false;
	new->e.exists = true;
	new->uuid = o->uuid;
	new->ready = o->ready;
	o->ready = false;
	changed(s, o, "kubelet");
	changed(s, new, "kubelet");
	sim_say(s, "kubelet: node %s is %s too", o->e.name, new->e.name);
	return true;
}

/* Somebody cordons a node, or takes that back, ours too. */
bool act_kubectl_cordon(struct sim *s, struct rng *r)
{
	struct w_object *o = pick_object(s, r, OBJECT_NODE);

	if (!o)
		return false;
	if (!o->unschedulable)
		o->cordoned_by_hand = true;
	else
		o->cordoned_by_hand = false;
	o->unschedulable = !o->unschedulable;
	changed(s, o, "kubectl-cordon");
	sim_say(s, "kubectl: %scordon node %s", o->unschedulable ? "" : "un", o->e.name);
	return true;
}

/* A disruption budget allows none, or one again. */
bool act_kubectl_budget(struct sim *s, struct rng *r)
{
	(void)r;
	s->world.budget_blocks = !s->world.budget_blocks;
	sim_say(s, "budget: db allows %s",
	    s->world.budget_blocks ? "no disruption" : "one disruption");
	return true;
}

/* Pods are scheduled; or its kubelet will not come up any more. */
bool act_kubelet_dies(struct sim *s, struct rng *r)
{
	struct w_object *o = pick_object(s, r, OBJECT_NODE);

	if (!o)
		return false;
	o->pods = rng_between(r, 0, 6);
	o->pod_uids++;
	o->never_back = rng_percent(r, 40);
	sim_say(s, "kubelet: node %s has %u Pods%s", o->e.name, o->pods,
	    o->never_back ? " and does not come back" : "");
	return true;
}
