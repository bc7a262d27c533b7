/* SPDX-License-Identifier: MIT */
/*
 * vm_memory: what is remembered of a domain (struct vm_record of lib/state/state.h): why
 * it stopped, how often in a row, and when it may be started again. These are the hooks
 * of the kind vm, see lib/model/kind.h.
 */
#ifndef LIB_KIND_VM_VM_RECORD_H
#define LIB_KIND_VM_VM_RECORD_H

#include "lib/state/state.h"

/*
 * Wanted otherwise than before: counters begin anew, and consent is asked for anew. From
 * stopped to running lets it start once whatever its power policy says. `want` NULL: it
 * is no longer written.
 */
void vm_record_wanted(struct object_state *state, const struct object *want);

/* Must be called after every look, in the order of what happened. */
bool vm_record_observed(struct object_state *state, const struct observed *seen,
    const struct object *want, const struct settings *settings, struct mono now,
    uint32_t random);

/*
 * A new definition may be started once whatever the power policy says; a shutdown request
 * begins or goes on; the next resume or wake-up has to wait, for success says nothing of
 * how long it lasts. A failed start counts as a quick stop and sets the wait before the
 * next.
 */
void vm_record_ended(struct object_state *state, const struct step *step, bool failed,
    const struct settings *settings, struct mono now, uint32_t random);

#endif
