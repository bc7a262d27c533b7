/* SPDX-License-Identifier: MIT */
/*
 * vm_capacity: see the header. Processors are compared as they are. Of memory a guest sees
 * somewhat less than it was given, so it is only said whether its Node has counted anew since
 * it was changed.
 */
#include "lib/kind/vm/vm_capacity.h"

#include <string.h>
#include <strings.h>

#include "lib/kind/node/node_match.h"
#include "lib/kind/vm/vm_record.h"

/* A Node may be called Ready for so long after its machine has begun anew. */
#define UP_MS 60000

static const struct node_object *node_of(
    struct planner *p, const struct vm *want, const struct vm *live)
{
	const struct node_object *n = node_match_seen(p, want);

	return n && n->ready && n->system_uuid && live->uuid &&
		       strcasecmp(n->system_uuid, live->uuid) == 0
		   ? n
		   : NULL;
}

int64_t vm_capacity_counted(struct planner *p, const struct vm *want)
{
	const struct node_object *n = node_match_seen(p, want);

	return n ? n->memory : 0;
}

static bool is_new(struct planner *p, const struct vm_record *record)
{
	struct mono until = mono_add(record->up_at, UP_MS);

	if (mono_reached(until, p->input->now))
		return false;
	plan_wake(p, until);
	return true;
}

const char *vm_capacity_plan(
    struct planner *p, struct item *item, const struct vm *want, const struct vm *live)
{
	const struct vm_record *record = vm_record_of(item->state);
	const struct node_object *n = live ? node_of(p, want, live) : NULL;
	bool cpus = n && n->cpus && n->cpus != live->vcpus;
	bool memory = n && n->memory && record->counted_id == live->facts.id &&
		      record->counted_memory == n->memory;
	const char *text;

	if ((!cpus && !memory) || is_new(p, record))
		return NULL;
	text = arena_printf(p->arena, "node %s counts", n->object.name);
	if (cpus)
		text = arena_printf(p->arena, "%s %lld CPUs of %lld", text,
		    (long long)n->cpus, (long long)live->vcpus);
	if (memory)
		text = arena_printf(p->arena, "%s%s the memory from before it had %s",
		    text, cpus ? ", and" : "", size_text(p->arena, live->memory));
	text = arena_printf(p->arena,
	    "%s: its kubelet does so when it starts; `systemctl restart kubelet` in the guest, or `homek8sctl restart vm/%s`",
	    text, item->name);
	item_condition(p, item, "NodeCapacity", "%s", text);
	return text;
}
