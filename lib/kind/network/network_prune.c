/* SPDX-License-Identifier: MIT */
/* network_prune: see the header. */
#include "lib/kind/network/network_prune.h"

#include <string.h>

#include "lib/kind/actions.h"
#include "lib/kind/network/network_address.h"
#include "lib/kind/network/reservation_index.h"
#include "lib/kind/network/reservation_lease.h"
#include "lib/kind/network/reservation_plan.h"
#include "lib/kind/network/reservation_record.h"

static bool was_made_by_us(const struct planner *p, const char *network,
    const struct network *side, enum side which, const struct host_entry *h)
{
	const struct object_state *state = reservation_state(p, network, h->name);
	const struct reservation_record *record =
	    state ? reservation_record_of(state) : NULL;

	return record &&
	       reservation_record_added(record, which == SIDE_LIVE, side->run, h);
}

/* Not one that a reservation of another name has for the same machine now. */
static bool is_to_go(struct planner *p, const char *network, const struct network *side,
    enum side which, const struct host_entry *h)
{
	return h->name && !reservation_desired(p, network, h->name) &&
	       was_made_by_us(p, network, side, which, h) &&
	       !reservation_index_owner_in(reservation_index_get(p), network, which, h);
}

static void add_removal(struct planner *p, struct program *program,
    const struct network *side, enum side which, const struct host_entry *h)
{
	struct step *step =
	    program_step(p, program, &network_update_action, program->item->name,
		"remove reservation %s of %s, which is no longer written (%s)",
		ip_text(h->ip, (char[IP_TEXT]){ 0 }), h->name,
		which == SIDE_LIVE ? "live" : "stored");
	struct network_update *update = step_arguments(step);

	step->removes = true;
	update->command = UPDATE_DELETE;
	update->section = UPDATE_HOST;
	update->side = which;
	update->place = network_ip_of_entry(side, h->ip);
	update->host = *h;
}

static const struct host_entry *same_entry(
    struct planner *p, const struct network *side, const struct host_entry *h)
{
	const struct host_entry **related;
	size_t count =
	    side ? entries_related(reservation_index_entries(reservation_index_get(p)),
		       side, h, &related)
		 : 0;

	for (size_t i = 0; i < count; i++)
		if (related[i]->name && strcmp(related[i]->name, h->name) == 0 &&
		    ip_equal(related[i]->ip, h->ip))
			return related[i];
	return NULL;
}

static void wait_for_start(struct planner *p, struct program *program,
    const char *network, const struct network *live, const struct host_entry *h)
{
	const struct nic_place place = { network, live->bridge };
	const struct observed *domain =
	    h->has_mac ? nics_find(reservation_index_nics(reservation_index_get(p)),
			     h->mac, &place, NULL)
		       : NULL;

	if (domain && nics_is_starting(p, domain))
		program_waits(p, program, "waits until it is known whether vm/%s runs",
		    nics_vm_name(p, domain));
}

static void prune_live(struct planner *p, struct item *item, const struct network *live,
    const struct network *stored)
{
	for (size_t i = 0; i < live->host_count; i++) {
		const struct host_entry *h = &live->hosts[i], *same;
		struct program *program;

		if (!is_to_go(p, item->name, live, SIDE_LIVE, h))
			continue;
		program = item_program(p, item, NULL);
		add_removal(p, program, live, SIDE_LIVE, h);
		same = same_entry(p, stored, h);
		if (same && is_to_go(p, item->name, stored, SIDE_CONFIG, same))
			add_removal(p, program, stored, SIDE_CONFIG, same);
		if (!p->input->observed->kinds[kind_index(&vm_kind)].known)
			program_waits(p, program, "waits until the domains are known");
		wait_for_start(p, program, item->name, live, h);
		reservation_lease_removed(p, program, item->name, live, h);
	}
}

static bool goes_with_live(struct planner *p, const struct item *item,
    const struct network *live, const struct host_entry *h)
{
	const struct host_entry *same = same_entry(p, live, h);

	return same && is_to_go(p, item->name, live, SIDE_LIVE, same);
}

static void prune_stored(struct planner *p, struct item *item, const struct network *live,
    const struct network *stored)
{
	for (size_t i = 0; i < stored->host_count; i++) {
		const struct host_entry *h = &stored->hosts[i];

		if (is_to_go(p, item->name, stored, SIDE_CONFIG, h) &&
		    !goes_with_live(p, item, live, h))
			add_removal(
			    p, item_program(p, item, NULL), stored, SIDE_CONFIG, h);
	}
}

void network_prune(struct planner *p, struct item *item, const struct network *live,
    const struct network *stored)
{
	if (!p->input->desired->settings.prune)
		return;
	if (live)
		prune_live(p, item, live, stored);
	if (stored)
		prune_stored(p, item, live, stored);
}
