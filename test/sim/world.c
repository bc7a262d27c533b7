/* SPDX-License-Identifier: MIT */
/* world: finding and making objects, and the time that goes on by itself. */
#include "test/sim/world.h"

#include <string.h>

void world_touch(struct entity *e)
{
	e->version++;
}

static bool is_named(const struct entity *e, const char *name)
{
	return e->name && strcmp(e->name, name) == 0;
}

struct w_net *world_net(struct world *w, const char *name, bool make)
{
	struct w_net *room = NULL;

	for (size_t i = 0; i < NETS; i++) {
		if (is_named(&w->nets[i].e, name))
			return &w->nets[i];
		if (!w->nets[i].e.name && !room)
			room = &w->nets[i];
	}
	if (!make || !room)
		return NULL;
	room->e.name = arena_copy(w->arena, name);
	room->e.tag = TAG_NET;
	return room;
}

struct w_dom *world_dom(struct world *w, const char *name, bool make)
{
	struct w_dom *room = NULL;

	for (size_t i = 0; i < DOMS; i++) {
		if (is_named(&w->doms[i].e, name))
			return &w->doms[i];
		if (!w->doms[i].e.name && !room)
			room = &w->doms[i];
	}
	if (!make || !room)
		return NULL;
	room->e.name = arena_copy(w->arena, name);
	room->e.tag = TAG_DOM;
	room->id = -1;
	return room;
}

struct w_object *world_object(
    struct world *w, enum w_type type, const char *name, bool make)
{
	struct w_object *room = NULL;

	for (size_t i = 0; i < OBJECTS; i++) {
		if (w->objects[i].type == type && is_named(&w->objects[i].e, name))
			return &w->objects[i];
		if (!w->objects[i].e.name && !room)
			room = &w->objects[i];
	}
	if (!make || !room)
		return NULL;
	room->e.name = arena_copy(w->arena, name);
	room->e.tag = TAG_OBJECT + (int)type;
	room->type = type;
	room->auto_assign = room->avoid = -1;
	return room;
}

const char *world_uuid(struct world *w)
{
	return arena_printf(w->arena, "00000000-5157-4000-8000-%012x", ++w->next_uuid);
}

const char *world_mark(struct world *w, const char *name, const char *uuid)
{
	return arena_printf(w->arena,
	    "<homek8s:owner xmlns:homek8s=\"urn:homek8s:owner:1\" name=\"%s\" uuid=\"%s\"/>",
	    name, uuid);
}

struct mac world_mac(struct world *w)
{
	unsigned n = ++w->next_uuid;

	return (struct mac){ { 0x52, 0x54, 0x00, 0xee, (uint8_t)(n >> 8), (uint8_t)n } };
}

/* Time */

static void advance_dom(struct world *w, struct w_dom *d)
{
	if (d->id >= 0 && d->stops_at && d->stops_at <= w->now_us)
		dom_stopped(w, d, 5, 1);
}

static void advance_object(struct world *w, struct w_object *o)
{
	node_advance(w, o);
	if (!o->deleting || !o->gone_at || o->gone_at > w->now_us)
		return;
	o->e.exists = false;
	o->deleting = false;
	world_touch(&o->e);
	w->metallb_due = true;
}

void world_advance(struct world *w, int64_t now_us)
{
	w->now_us = now_us;
	for (size_t i = 0; i < DOMS; i++)
		advance_dom(w, &w->doms[i]);
	for (size_t i = 0; i < OBJECTS; i++)
		advance_object(w, &w->objects[i]);
	if (w->metallb_due)
		metallb_assign(w);
}

int64_t world_next(const struct world *w)
{
	int64_t next = w->metallb_due ? w->now_us + 50000 : INT64_MAX;

	for (size_t i = 0; i < DOMS; i++)
		if (w->doms[i].id >= 0 && w->doms[i].stops_at &&
		    w->doms[i].stops_at < next)
			next = w->doms[i].stops_at;
	for (size_t i = 0; i < OBJECTS; i++) {
		if (w->objects[i].deleting && w->objects[i].gone_at &&
		    w->objects[i].gone_at < next)
			next = w->objects[i].gone_at;
		if (node_next(w, &w->objects[i]) < next)
			next = node_next(w, &w->objects[i]);
	}
	return next;
}
