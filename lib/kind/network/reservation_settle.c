/* SPDX-License-Identifier: MIT */
/* reservation_settle: reservations that wait for each other's addresses and names. */
#include "lib/kind/network/reservation_plan.h"

#include "lib/kind/network/network_health.h"
#include "lib/kind/network/reservation_index.h"

enum standing { NOT_ASKED, BEING_ASKED, FREE, HELD };

struct settling {
	struct planner *p;
	const struct item_range *range;
	enum standing (*standing)[2]; /* by place in the range, and side */
};

static const struct item *is_held_by(
    struct settling *s, const struct item *item, enum side which);

/* The program with steps on that side: one has those of both, or there is one for each. */
static struct program *program_on(const struct item *item, enum side which)
{
	for (size_t i = 0; i < item->program_count; i++)
		for (size_t k = 0; k < item->programs[i]->step_count; k++)
			if (reservation_step_side(item->programs[i]->steps[k]) == which)
				return item->programs[i];
	return NULL;
}

static bool acts_on(const struct item *item, enum side which)
{
	const struct program *program = program_on(item, which);

	return program && program->gate == GATE_OPEN;
}

/* Whether its program waits, whichever of its sides is what it waits with. */
static bool waits(struct settling *s, const struct item *item, enum side which)
{
	const struct program *program = program_on(item, which);

	if (!program || program->gate != GATE_OPEN)
		return program;
	for (enum side side = SIDE_LIVE; side <= SIDE_CONFIG; side++)
		if (program_on(item, side) == program && is_held_by(s, item, side))
			return true;
	return false;
}

/* Whether the item cannot give up what it has on that side now. A ring of swaps is free:
 * removals of all come first. */
static bool is_held(struct settling *s, const struct item *item, enum side which)
{
	enum standing *standing = &s->standing[item->index - s->range->first][which];

	if (*standing == NOT_ASKED) {
		*standing = BEING_ASKED;
		*standing = waits(s, item, which) ? HELD : FREE;
	}
	return *standing == HELD;
}

/* A held reservation of the same network that still has the address or the name in its
 * entry on that side. */
static const struct item *is_held_by(
    struct settling *s, const struct item *item, enum side which)
{
	const struct reservation *self = (const struct reservation *)item->desired;
	struct reservation_index *index = reservation_index_get(s->p);
	const struct host_entry key = { .ip = self->ip, .name = self->host }, **related;
	const struct observed *network =
	    acts_on(item, which) ? planner_observed(s->p, &network_kind, self->network)
				 : NULL;
	const struct object *side = !network		 ? NULL
				    : which == SIDE_LIVE ? network->live
							 : network->config;
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
		if (other && (!program_on(other, which) || is_held(s, other, which)))
			return other;
	}
	return NULL;
}

static void hold(struct settling *s, const struct item *item, enum side which)
{
	const struct item *other = is_held_by(s, item, which);

	if (other)
		program_waits(s->p, program_on(item, which),
		    "waits for reservation/%s to give up its address", other->short_name);
}

void reservation_settle(struct planner *p)
{
	const struct item_range *range = &p->plan->ranges[kind_index(&reservation_kind)];
	struct settling s = { p, range,
		arena_array(
		    p->arena, range->end - range->first + 1, sizeof(*s.standing)) };

	for (size_t i = range->first; i < range->end; i++)
		for (enum side which = SIDE_LIVE; which <= SIDE_CONFIG; which++)
			is_held(&s, p->plan->items[i], which);
	for (size_t i = range->first; i < range->end; i++)
		for (enum side which = SIDE_LIVE; which <= SIDE_CONFIG; which++)
			hold(&s, p->plan->items[i], which);
	network_health_settle(p);
}
