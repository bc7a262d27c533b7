/* SPDX-License-Identifier: MIT */
/* memory_update: which side of a network or lease is suspect, and a lease's last address.
 */
#include "lib/plan/memory_update.h"

#include "lib/kind/kinds.h"
#include "lib/plan/plan.h"

static bool *suspect(struct memo *memo, enum side side)
{
	return side == SIDE_LIVE ? &memo->lease.suspect_live
				 : &memo->lease.suspect_config;
}

void memory_update_failed(struct memo *memo, const struct step *step)
{
	*suspect(memo, step->side) = true;
}

void memory_update_done(struct memo *memo, const struct step *step)
{
	if (step->command != UPDATE_ADD)
		return;
	*suspect(memo, step->side) = false;
	memo->lease.owned = step->kind == &lease_kind;
}

void memory_lease_seen(struct memory *m, const char *name, struct ip ip)
{
	struct memo *memo = memory_get(m, &lease_kind, name);

	if (memo->lease.has_ip && ip_equal(memo->lease.ip, ip))
		return;
	memo->lease.has_ip = true;
	memo->lease.ip = ip;
	m->persistent_changes++;
}
