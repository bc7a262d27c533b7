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
			v->name = arena_copy(w->arena, name);
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
	v->size = size;
	v->backing = arena_copy(w->arena, backing);
	return NULL;
}

const char *volume_xml(struct arena *a, const struct w_volume *v)
{
	return arena_printf(a,
	    "<volume type='file'><name>%s</name><capacity unit='bytes'>%lld</capacity>"
	    "<target><path>/images/%s</path><format type='qcow2'/></target>%s%s%s</volume>",
	    v->name, (long long)v->size, v->name,
	    v->backing ? "<backingStore><path>" : "", v->backing ? v->backing : "",
	    v->backing ? "</path></backingStore>" : "");
}
