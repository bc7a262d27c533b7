/* SPDX-License-Identifier: MIT */
/* memory_lease: which side of a lease is suspect, and the address it last had. */
#include "lib/plan/memory_lease.h"

#include "lib/kind/kinds.h"
#include "lib/plan/plan.h"

static bool *suspect(struct memo *memo, enum side side)
{
	return side == SIDE_LIVE ? &memo->lease.suspect_live
				 : &memo->lease.suspect_config;
}

void memory_lease_step_failed(struct memo *memo, const struct step *step)
{
	if (step->op == STEP_NETWORK_UPDATE)
		*suspect(memo, step->side) = true;
}

void memory_lease_step_done(struct memo *memo, const struct step *step)
{
	if (step->op != STEP_NETWORK_UPDATE || step->command != UPDATE_ADD)
		return;
	*suspect(memo, step->side) = false;
	memo->lease.owned = true;
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
