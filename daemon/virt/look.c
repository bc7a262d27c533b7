/* SPDX-License-Identifier: MIT */
/*
 * look: what is common to all kinds. A look is several calls, and the object may change
 * between them; then it is read again from the start, so that what is handed out belongs
 * together.
 */
#include "daemon/virt/look.h"

#include "lib/kind/kinds.h"

#define TRIES 3

/* An object that was found and then is not there changed meanwhile: it may be back. */
enum outcome look_failed(virConnectPtr conn, struct sight *sight, int absent)
{
	fault_take(&sight->fault, conn);
	return sight->fault.code == absent ? LOOK_CHANGED : LOOK_UNREADABLE;
}

enum outcome look_at(
    virConnectPtr conn, const struct kind *kind, const char *name, struct sight *sight)
{
	enum outcome outcome = LOOK_CHANGED;

	for (int i = 0; i < TRIES && outcome == LOOK_CHANGED; i++) {
		sight_done(sight);
		outcome = kind == &network_kind ? look_network(conn, name, sight)
						: look_domain(conn, name, sight);
	}
	if (outcome == LOOK_CHANGED) {
		fail(&sight->fault.error, "it keeps changing while it is read");
		outcome = LOOK_UNREADABLE;
	}
	sight->reading.kind = kind;
	sight->reading.name = arena_copy(&sight->arena, name);
	return outcome;
}

void sight_done(struct sight *sight)
{
	arena_done(&sight->arena);
	*sight = (struct sight){ .arena = { 0 } };
}

int look_list(virConnectPtr conn, const struct kind *kind, struct arena *a,
    const char ***names, size_t *count, struct fault *fault)
{
	int found = kind == &network_kind ? look_networks(conn, a, names)
					  : look_domains(conn, a, names);

	*count = found < 0 ? 0 : (size_t)found;
	if (found >= 0)
		return 0;
	fault_take(fault, conn);
	return fault->code == VIR_ERR_NO_SUPPORT ? 0 : -1;
}
