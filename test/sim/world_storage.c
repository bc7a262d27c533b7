/* SPDX-License-Identifier: MIT */
/* world_storage: libvirt's one storage pool, "default", and the volumes in it. */
#include <string.h>

#include "test/sim/world.h"

struct w_volume *world_volume(struct world *w, const char *name, bool make)
{
	for (size_t i = 0; i < VOLUMES; i++) {
		struct w_volume *v = &w->volumes[i];

		if (!v->name && !make)
			break;
		if (!v->name)
			*v = (struct w_volume){ .name = arena_copy(w->arena, name) };
		if (strcmp(v->name, name) == 0)
			return v;
	}
	return NULL;
}

bool volume_exists(const struct world *w, const char *name)
{
	const struct w_volume *v =
	    world_volume((struct world *)(uintptr_t)w, name, false);

	return v && v->exists && !w->pool_off;
}

const char *volume_make(
    struct world *w, const char *name, int64_t size, const char *backing)
{
	struct w_volume *v = world_volume(w, name, true);

	if (w->pool_off)
		return "storage pool 'default' is not active";
	if (!v)
		return "too many volumes";
	if (v->exists)
		return "storage volume exists already";
	if (w->pool_full)
		return "cannot create file: No space left on device";
	v->exists = true;
	v->holds = HOLDS_DISK;
	v->changed++;
	v->size = size;
	v->backing = arena_copy(w->arena, backing);
	return NULL;
}

const char *seed_begin(struct world *w, const char *name)
{
	struct w_volume *v = world_volume(w, name, true);
	const char *why;

	if (v && v->exists && v->holds == HOLDS_SEED && !w->pool_off)
		return NULL;
	if (v && v->exists && v->holds == HOLDS_OTHER && !w->pool_off)
		return "it was not made by homek8sd: it is left alone";
	if (v && !w->pool_off)
		v->exists = false;
	why = volume_make(w, name, 380928, NULL);
	if (!why)
		v->holds = HOLDS_PART;
	return why;
}

void seed_finish(struct world *w, const char *name, const char *contents)
{
	struct w_volume *v = world_volume(w, name, false);

	v->holds = HOLDS_SEED;
	v->contents = arena_copy(w->arena, contents);
	v->changed++;
}

const struct w_disk *dom_seed(const struct w_domside *side)
{
	for (size_t i = 0; i < side->disk_count; i++)
		if (side->disks[i].volume && strstr(side->disks[i].volume, ".seed-"))
			return &side->disks[i];
	return NULL;
}

const char *volume_xml(struct arena *a, const struct w_volume *v)
{
	return arena_printf(a,
	    "<volume type='file'><name>%s</name><capacity unit='bytes'>%lld</capacity>"
	    "<target><path>/images/%s</path><format type='%s'/><timestamps><mtime>%u</mtime>"
	    "</timestamps></target>%s%s%s</volume>",
	    v->name, (long long)v->size, v->name,
	    v->holds == HOLDS_DISK ? "qcow2" : "raw", v->changed,
	    v->backing ? "<backingStore><path>" : "", v->backing ? v->backing : "",
	    v->backing ? "</path></backingStore>" : "");
}
