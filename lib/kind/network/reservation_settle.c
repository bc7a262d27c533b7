/* SPDX-License-Identifier: MIT */
/* reservation_settle: reservations that wait for each other's addresses and names. */
#include "lib/kind/network/reservation_plan.h"

#include "lib/kind/network/network_health.h"
#include "lib/kind/network/reservation_index.h"

enum standing { NOT_ASKED, BEING_ASKED, FREE, HELD };

struct settling {
	struct planner *p;
	const struct item_range *range;
	enum standing *standing; /* by place in the range */
};

static const struct item *is_held_by(struct settling *s, const struct item *item);

/* Whether the item cannot give up what it has now. A ring of swaps is free: removals of
 * all come first. */
static bool is_held(struct settling *s, const struct item *item)
{
	enum standing *standing = &s->standing[item->index - s->range->first];

	if (*standing == NOT_ASKED) {
		*standing = BEING_ASKED;
		*standing =
		    (item_has_steps(item) && !item_acts(item)) || is_held_by(s, item)
			? HELD
			: FREE;
	}
	return *standing == HELD;
}

static const struct item *holder_on(struct settling *s, const struct item *item,
    const struct object *side, enum side which)
{
	const struct reservation *self = (const struct reservation *)item->desired;
	struct reservation_index *index = reservation_index_get(s->p);
	const struct host_entry key = { .ip = self->ip, .name = self->host }, **related;
	size_t count = side ? entries_related(reservation_index_entries(index),
				  (const struct network *)side, &key, &related)
			    : 0;

	for (size_t i = 0; i < count; i++) {
		const struct reservation_aim *owner =
		    reservation_index_owner(index, self, which, related[i]);
		const struct item *other = owner ? planner_item(s->p, &reservation_kind,
						       owner->reservation->object.name)
						 : NULL;

		/* One without steps keeps what it has. */
		if (other && (!item_has_steps(other) || is_held(s, other)))
			return other;
	}
	return NULL;
}

/* A held reservation of the same network that still has the address in its entry. */
static const struct item *is_held_by(struct settling *s, const struct item *item)
{
	const struct reservation *self = (const struct reservation *)item->desired;
	const struct observed *network =
	    item_acts(item) ? planner_observed(s->p, &network_kind, self->network) : NULL;
	const struct item *other;

	if (!network)
		return NULL;
	other = holder_on(s, item, network->live, SIDE_LIVE);
	return other ? other : holder_on(s, item, network->config, SIDE_CONFIG);
}

void reservation_settle(struct planner *p)
{
	const struct item_range *range = &p->plan->ranges[kind_index(&reservation_kind)];
	struct settling s = { p, range,
		arena_array(
		    p->arena, range->end - range->first + 1, sizeof(enum standing)) };

	for (size_t i = range->first; i < range->end; i++)
		is_held(&s, p->plan->items[i]);
	for (size_t i = range->first; i < range->end; i++) {
		struct item *item = p->plan->items[i];
		const struct item *other = is_held_by(&s, item);

		if (other)
			program_waits(p, item->programs[0],
			    "waits for reservation/%s to give up its address",
			    other->short_name);
	}
	network_health_settle(p);
}
