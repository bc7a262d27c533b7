/* SPDX-License-Identifier: MIT */
/* judge_cluster: Services keep their addresses and their way in; whose objects are whose. */
#include <string.h>

#include "lib/kind/actions.h"
#include "test/sim/judge.h"

/* Services */

static bool in_some_pool(struct arena *a, struct world *w, struct ip ip)
{
	struct ranges r;

	for (size_t i = 0; i < OBJECTS; i++)
		if (object_ranges(a, &w->objects[i], &r) && ranges_contain(r, ip))
			return true;
	return false;
}

/* Some advertisement that stays covers the pool that has the address. */
static bool is_announced(struct arena *a, struct world *w, struct ip ip, bool limited_too)
{
	struct ranges r;

	for (size_t i = 0; i < OBJECTS; i++) {
		if (!object_ranges(a, &w->objects[i], &r) || !ranges_contain(r, ip))
			continue;
		for (size_t k = 0; k < OBJECTS; k++)
			if (!w->objects[k].deleting &&
			    (limited_too || !w->objects[k].limited) &&
			    adv_covers(w, &w->objects[k], &w->objects[i]))
				return true;
	}
	return false;
}

static void judge_service(struct sim *s, struct world *b, const struct w_object *o,
    const char *address, const struct call_in_world *call)
{
	struct arena *a = &s->judge->scratch;
	struct ip ip;

	if (ip_parse(address, &ip, NULL) < 0)
		return;
	if (in_some_pool(a, b, ip) && !in_some_pool(a, &s->world, ip) &&
	    !judge_move_approved(s, o->e.name, ip, (struct ip){ 0 }))
		sim_fail(s, "P10",
		    "%s of service %s is in no pool any more after \"%s\"; nobody approved it",
		    address, o->e.name, call->text);
	if (in_some_pool(a, &s->world, ip) && is_announced(a, b, ip, true) &&
	    !is_announced(a, &s->world, ip, true) &&
	    !judge_approved(s, EFFECT_UNANNOUNCES, o->e.name, address))
		sim_fail(s, "P10",
		    "%s of service %s is not announced any more after \"%s\"; nobody approved it",
		    address, o->e.name, call->text);
}

static bool knows_cluster(struct world *b, const struct call_in_world *call)
{
	for (size_t i = 0; i < OBJECTS; i++)
		if (b->objects[i].e.name && b->objects[i].type != OBJECT_NODE &&
		    !judge_knows(&b->objects[i].e, call))
			return false;
	return true;
}

void judge_services(struct sim *s, struct world *b, const struct call_in_world *call)
{
	if (call->kind->source == network_kind.source || !knows_cluster(b, call))
		return;
	for (size_t i = 0; i < OBJECTS; i++) {
		const struct w_object *o = &b->objects[i];

		for (size_t k = 0;
		     o->e.exists && o->type == OBJECT_SERVICE && k < o->address_count;
		     k++)
			judge_service(s, b, o, o->addresses[k], call);
	}
}

/* Whose objects */

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static void foreign(struct sim *s, const struct call_in_world *call, const char *what)
{
	sim_fail(s, "P9", "\"%s\": %s", call->text, what);
}

/* Another pool has taken some of it: it cannot come back as it was. */
static bool is_overlapped(
    struct arena *a, struct world *w, const struct w_object *self, struct ranges had)
{
	struct ranges other;

	for (size_t i = 0; i < OBJECTS; i++)
		if (&w->objects[i] != self && object_ranges(a, &w->objects[i], &other) &&
		    ranges_overlap(other, had))
			return true;
	return false;
}

static void judge_delete(
    struct sim *s, const struct w_object *was, const struct call_in_world *call)
{
	if (!judge_knows(&was->e, call))
		return;
	if (!object_owned(was))
		foreign(s, call, "it is not ours by label and manager");
	if (!call->home->prune)
		foreign(s, call, "prune is not written");
	if (home_pool(call->home, was->e.name) && was->type == OBJECT_POOL)
		foreign(s, call, "it is written");
}

static void judge_labels(struct sim *s, const struct w_object *was,
    const struct w_object *is, const struct call_in_world *call)
{
	for (size_t i = 0; i < was->label_count; i++)
		if (!same_text(
			object_labelled(is, was->labels[i].key), was->labels[i].value))
			foreign(s, call, "a label of somebody else's has changed");
	if (!object_owned(was) && object_owned(is) && judge_knows(&was->e, call))
		foreign(s, call, "it is adopted, and now carries our mark");
	if (!same_text(was->extra, is->extra))
		foreign(s, call, "a field of somebody else's has changed");
}

/* A pool that somebody has deleted comes back as it was: what is written may be a change that
 * waits for approval. */
static void judge_pool_back(struct sim *s, const struct w_object *was,
    const struct w_object *is, const struct call_in_world *call)
{
	struct arena *a = &s->judge->scratch;
	struct ranges now, lost;

	if (was->had_in != s->life || !judge_knows(&was->e, call) ||
	    !object_ranges(a, is, &now))
		return;
	lost = ranges_subtract(a, was->had, now);
	for (size_t i = 0; i < OBJECTS; i++) {
		const struct w_object *o = &s->world.objects[i];
		struct ip ip;

		if (!o->e.exists || o->type != OBJECT_SERVICE || o->address_count ||
		    !o->last || ip_parse(o->last, &ip, NULL) < 0 ||
		    !ranges_contain(lost, ip) || in_some_pool(a, &s->world, ip) ||
		    is_overlapped(a, &s->world, is, was->had))
			continue;
		if (!judge_move_approved(s, o->e.name, ip, (struct ip){ 0 }))
			sim_fail(s, "P10",
			    "service %s had %s, which pool %s has lost after \"%s\"; nobody approved it",
			    o->e.name, o->last, is->e.name, call->text);
	}
}

static void judge_pool(struct sim *s, const struct w_object *was,
    const struct w_object *is, const struct call_in_world *call)
{
	const struct h_pool *p = home_pool(call->home, is->e.name);

	if (!p) {
		foreign(s, call, "the pool is not written");
		return;
	}
	if (!was->e.exists) {
		judge_pool_back(s, was, is, call);
		return;
	}
	if (!judge_knows(&was->e, call)) /* somebody has just made or changed it */
		return;
	judge_labels(s, was, is, call);
	if ((was->auto_assign != 0) != (is->auto_assign != 0) && !p->auto_assign)
		foreign(s, call, "auto_assign is not written");
	if ((was->avoid > 0) != (is->avoid > 0))
		foreign(s, call, "avoid_buggy_ips is not written");
}

static bool names(const struct w_object *adv, const char *pool)
{
	for (size_t i = 0; i < adv->pool_count; i++)
		if (strcmp(adv->pools[i], pool) == 0)
			return true;
	return false;
}

/* Is there, limited, an advertisement about the pool beside this one? */
static bool is_limited(struct world *b, const struct w_object *self,
    const struct w_object *pool, const struct call_in_world *call)
{
	for (size_t i = 0; i < OBJECTS; i++)
		if (b->objects[i].e.exists && b->objects[i].limited &&
		    !b->objects[i].deleting &&
		    strcmp(b->objects[i].e.name, self->e.name) != 0 &&
		    judge_knows(&b->objects[i].e, call) &&
		    adv_covers(b, &b->objects[i], pool))
			return true;
	return false;
}

static void judge_new_adv(struct sim *s, struct world *b, const struct w_object *is,
    const struct call_in_world *call)
{
	const struct w_object *pool = world_object(b, OBJECT_POOL, is->e.name, false);
	const struct h_pool *p = home_pool(call->home, is->e.name);
	struct arena *a = &s->judge->scratch;
	struct ranges r;

	if (!pool || !pool->e.exists || !judge_knows(&pool->e, call))
		return;
	if (!object_owned(pool) && !p->advertise)
		foreign(s, call,
		    "the pool is adopted, and how it is advertised is not written");
	if (is_limited(b, is, pool, call) && object_ranges(a, pool, &r))
		foreign(
		    s, call, "the pool is advertised within limits, which this undoes");
}

static void judge_advertisement(struct sim *s, struct world *b,
    const struct w_object *was, const struct w_object *is,
    const struct call_in_world *call)
{
	const struct h_pool *p = home_pool(call->home, is->e.name);

	if (!p || (p->advertise && strcmp(p->advertise, "none") == 0)) {
		foreign(s, call, "the advertisement is not written");
		return;
	}
	if (!was->e.exists) {
		judge_new_adv(s, b, is, call);
		return;
	}
	if (!judge_knows(&was->e, call))
		return;
	judge_labels(s, was, is, call);
	if (!object_owned(was))
		foreign(s, call, "the advertisement is foreign");
	for (size_t i = 0; i < was->pool_count; i++)
		if (!names(is, was->pools[i]))
			foreign(s, call, "a pool was taken from it");
}

void judge_cluster(struct sim *s, struct world *b, const struct call_in_world *call)
{
	if (call->kind->source == network_kind.source)
		return;
	for (size_t i = 0; i < OBJECTS; i++) {
		const struct w_object *was = &b->objects[i], *is = &s->world.objects[i];

		if (was->e.version == is->e.version)
			continue;
		if (call->action == &kube_delete_action)
			judge_delete(s, was, call);
		else if (is->type == OBJECT_POOL)
			judge_pool(s, was, is, call);
		else if (is->type == OBJECT_L2)
			judge_advertisement(s, b, was, is, call);
		else if (is->type != OBJECT_NODE ||
			 strcmp(is->e.name, call->target) != 0) /* judge_drain.c */
			foreign(s, call, "an object of another kind has changed");
	}
}
