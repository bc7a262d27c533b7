/* SPDX-License-Identifier: MIT */
/* pool_import: pools as `homek8sctl import` writes them, and whether they are advertised. */
#include "lib/kind/metallb/pool_import.h"

#include <string.h>

#include "lib/kind/metallb/metallb.h"
#include "lib/kind/metallb/pool.h"
#include "lib/plan/import.h"

static uint64_t bit(const char *key)
{
	return field_bit(&pool_kind.fields, key);
}

static void import_one(struct importer *i, const struct observed *observed)
{
	struct imported *object = import_add(
	    i, &pool_kind, NULL, observed->name, observed->name, observed->live);
	struct pool *pool = object->record;

	if (pool->auto_assign)
		pool->object.record.has &= ~bit("auto_assign");
	if (!pool->avoid_buggy_ips)
		pool->object.record.has &= ~bit("avoid_buggy_ips");
	if (!advertisement_covers(&i->planner, observed->name)) {
		pool->advertise = 1;
		pool->object.record.has |= bit("advertise");
		import_note(i, object,
		    "nothing advertises it everywhere; `advertise: layer2` creates what does");
	}
	if (!name_is_label(observed->name))
		import_off(i, object, "a name like this cannot be written");
	else if (pool->meta.deleting)
		import_off(i, object, "it is being deleted");
}

void pool_import(struct importer *i)
{
	const struct observed_set *set =
	    &i->planner.input->observed->kinds[kind_index(&pool_kind)];

	for (size_t k = 0; k < set->count; k++)
		if (set->items[k]->presence == PRESENT)
			import_one(i, set->items[k]);
}
