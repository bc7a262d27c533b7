/* SPDX-License-Identifier: MIT */
/* node_record: transitions of the Ready condition, as they are observed. */
#include "lib/kind/node/node_record.h"

#include <string.h>

#include "lib/kind/kinds.h"

static const struct field rows[] = {
	record_row(struct node_record, "unready_since", FIELD_MONO, unready_since,
	    FIELD_KEPT | FIELD_SHOWN),
	record_row(struct node_record, "ready_since", FIELD_MONO, ready_since,
	    FIELD_KEPT | FIELD_SHOWN),
	{ 0 },
};

const struct fields node_record_fields = { rows, sizeof(struct node_record) };

bool node_record_observed(struct object_state *state, const struct observed *observed,
    const struct object *want, const struct settings *settings, struct mono now,
    uint32_t random)
{
	struct node_record *record = state->own, before = *record;
	const struct node_object *n =
	    observed ? (const struct node_object *)observed->live : NULL;

	(void)want;
	(void)settings;
	(void)random;
	if (observed && observed->presence == UNKNOWN)
		return false;
	if (!n) {
		record->unready_since = record->ready_since = (struct mono){ 0 };
	} else if (!n->ready) {
		if (!record->unready_since.ms)
			record->unready_since = now;
		record->ready_since = (struct mono){ 0 };
	} else if (record->unready_since.ms) {
		record->unready_since = (struct mono){ 0 };
		record->ready_since = now;
	}
	return !record_same(&node_record_fields, &before, record);
}

/* A Node that is written is kept under its VM's name, any other under its own. */
const struct node_record *node_record_find(
    const struct planner *p, const struct node_object *node)
{
	const struct set *desired = config_get(p->input->desired, &node_kind);
	const char *name = node->object.name;
	const struct object_state *state;

	for (size_t i = 0; i < desired->count; i++)
		if (strcmp(((const struct node_object *)desired->items[i])->written,
			node->object.name) == 0)
			name = desired->items[i]->name;
	state = state_find(p->input->state, &node_kind, name);
	return state ? state->own : NULL;
}
