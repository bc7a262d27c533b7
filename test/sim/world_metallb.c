/* SPDX-License-Identifier: MIT */
/* world_metallb: what MetalLB makes of pools, advertisements and Services. */
#include <string.h>

#include "test/sim/world.h"

bool object_ranges(struct arena *a, const struct w_object *o, struct ranges *out)
{
	*out = (struct ranges){ 0 };
	if (!o->e.exists || o->type != OBJECT_POOL)
		return false;
	for (size_t i = 0; i < o->address_count; i++) {
		struct range r;

		if (range_parse(o->addresses[i], &r, NULL) < 0)
			return false;
		ranges_add(a, out, r);
	}
	return true;
}

static bool is_selected(const struct w_object *adv, const struct w_object *pool)
{
	for (size_t i = 0; i < pool->label_count; i++) {
		size_t n = strlen(pool->labels[i].key);

		if (strncmp(adv->selector, pool->labels[i].key, n) == 0 &&
		    adv->selector[n] == '=' &&
		    strcmp(adv->selector + n + 1, pool->labels[i].value) == 0)
			return true;
	}
	return false;
}

bool adv_covers(
    const struct world *w, const struct w_object *adv, const struct w_object *pool)
{
	(void)w;
	if (!adv->e.exists || (adv->type != OBJECT_L2 && adv->type != OBJECT_BGP))
		return false;
	if (!adv->pool_count && !adv->selector)
		return true;
	for (size_t i = 0; i < adv->pool_count; i++)
		if (strcmp(adv->pools[i], pool->e.name) == 0)
			return true;
	return adv->selector && is_selected(adv, pool);
}

static bool in_some_pool(struct world *w, const char *address)
{
	struct ranges r;
	struct ip ip;

	if (ip_parse(address, &ip, NULL) < 0)
		return false;
	for (size_t i = 0; i < OBJECTS; i++)
		if (object_ranges(w->arena, &w->objects[i], &r) && ranges_contain(r, ip))
			return true;
	return false;
}

static bool is_assigned(const struct world *w, const char *address)
{
	for (size_t i = 0; i < OBJECTS; i++)
		for (size_t k = 0;
		     w->objects[i].e.exists && w->objects[i].type == OBJECT_SERVICE &&
		     k < w->objects[i].address_count;
		     k++)
			if (strcmp(w->objects[i].addresses[k], address) == 0)
				return true;
	return false;
}

static const char *free_address(struct world *w)
{
	for (size_t i = 0; i < OBJECTS; i++) {
		const struct w_object *o = &w->objects[i];
		struct ranges r;

		if (!o->auto_assign || o->deleting || !object_ranges(w->arena, o, &r))
			continue;
		for (size_t k = 0; k < r.count; k++)
			for (struct ip ip = r.items[k].first;
			     ip_compare(ip, r.items[k].last) <= 0; ip.value++) {
				char text[IP_TEXT];

				if (!is_assigned(w, ip_text(ip, text)))
					return arena_copy(w->arena, text);
			}
	}
	return NULL;
}

static void assign(struct world *w, struct w_object *s)
{
	const char *address;

	if (s->address_count && in_some_pool(w, s->addresses[0]))
		return;
	if (s->pinned)
		address = in_some_pool(w, s->pinned) && !is_assigned(w, s->pinned)
			      ? s->pinned
			      : NULL;
	else
		address = free_address(w);
	if (!address && !s->address_count)
		return;
	if (s->address_count)
		s->last = s->addresses[0];
	s->address_count = 0;
	if (address)
		s->addresses[s->address_count++] = address;
	world_touch(&s->e);
}

void metallb_assign(struct world *w)
{
	w->metallb_due = false;
	for (size_t i = 0; i < OBJECTS; i++)
		if (w->objects[i].e.exists && w->objects[i].type == OBJECT_SERVICE)
			assign(w, &w->objects[i]);
}
