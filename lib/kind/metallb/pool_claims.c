/* SPDX-License-Identifier: MIT */
/* pool_claims: every address that counts as a pool's, written or not (pool.h). */
#include "lib/kind/metallb/pool.h"
#include "lib/kind/metallb/pool_record.h"
#include "lib/plan/item.h"

static void claim(struct planner *p, struct ranges *all, struct ranges some)
{
	*all = ranges_union(p->arena, *all, some);
}

/* Where no cluster is managed any more, what was observed of it is history. */
static bool is_off(const struct planner *p)
{
	return p->input->sources[source_index(pool_kind.source)].off;
}

struct ranges pools_claimed(struct planner *p)
{
	const struct set *desired = config_get(p->input->desired, &pool_kind);
	const struct observed_set *observed =
	    &p->input->observed->kinds[kind_index(&pool_kind)];
	struct ranges all = { 0 }, was;

	for (size_t i = 0; i < desired->count; i++) {
		const struct object *object = desired->items[i];
		const struct object_state *state =
		    state_find(p->input->state, &pool_kind, object->name);

		claim(p, &all, ((const struct pool *)object)->addresses);
		if (state && pool_record_addresses(p->arena, pool_record_of(state), &was))
			claim(p, &all, was);
	}
	for (size_t i = 0; !is_off(p) && i < observed->count; i++)
		if (observed->items[i]->live)
			claim(p, &all,
			    ((const struct pool *)observed->items[i]->live)->addresses);
	return all;
}
