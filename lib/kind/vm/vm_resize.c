/* SPDX-License-Identifier: MIT */
/* vm_resize: see the header. */
#include "lib/kind/vm/vm_resize.h"

#include <string.h>

#include "lib/kind/actions.h"
#include "lib/kind/vm/vm_capacity.h"
#include "lib/kind/vm/vm_record.h"

/* A guest gives a balloon back page by page. */
#define TAKES_ON_MS 10000

static const struct vm_record *record_of(const struct planner *p, const struct vm *want)
{
	const struct object_state *state =
	    state_find(p->input->state, &vm_kind, want->object.name);

	return state ? vm_record_of(state) : NULL;
}

/* A call may fail for reasons that pass. */
#define TRIES 3

bool vm_live_in_vain(struct planner *p, const struct vm *want, const struct vm *live)
{
	const struct vm_record *record = record_of(p, want);

	return record && record->failed_id == live->facts.id &&
	       record->live_failures >= TRIES;
}

const char *vm_no_slot(struct planner *p, const struct vm *want, const struct vm *live)
{
	const struct vm_record *record = record_of(p, want);

	return record && record->no_slot_id == live->facts.id
		   ? "it has no PCI slot left for a device while it runs"
		   : NULL;
}

enum tried { NOT_TRIED, UNDER_WAY, IN_VAIN };

static enum tried tried(
    const struct planner *p, const struct vm *want, int id, bool vcpus)
{
	const struct vm_record *record = record_of(p, want);
	int64_t given = !record ? 0
			: vcpus ? record->resized_vcpus
				: record->resized_memory;

	if (!given || record->resized_id != id ||
	    given != (vcpus ? want->vcpus : want->memory))
		return NOT_TRIED;
	return mono_reached(mono_add(record->resized_at, TAKES_ON_MS), p->input->now)
		   ? IN_VAIN
		   : UNDER_WAY;
}

bool vm_resize_can(
    struct planner *p, const struct vm *want, const struct vm *live, const char *field)
{
	bool vcpus = strcmp(field, "vcpus") == 0;

	if (!vcpus && (strcmp(field, "memory") != 0 || live->no_balloon))
		return false;
	if (vcpus ? want->vcpus <= live->vcpus || want->vcpus > live->most_vcpus
		  : want->memory <= live->memory || want->memory > live->most_memory)
		return false;
	return !vm_live_in_vain(p, want, live) &&
	       tried(p, want, live->facts.id, vcpus) != IN_VAIN;
}

bool vm_resize_plan(struct planner *p, struct item *item, const struct vm *want,
    const struct vm *live, const char *field)
{
	bool vcpus = strcmp(field, "vcpus") == 0;
	struct domain_resize *arguments;
	struct program *program;
	struct step *step;

	if (tried(p, want, live->facts.id, vcpus) == UNDER_WAY) {
		plan_wake(p, mono_add(record_of(p, want)->resized_at, TAKES_ON_MS));
		return false;
	}
	program = item_program(p, item, NULL);
	step = program_step(p, program, &domain_resize_action, want->domain,
	    "give domain %s %s %s while it runs", want->domain, field,
	    field_text_at(p->arena, &vm_kind.fields, want, field));
	arguments = step_arguments(step);
	arguments->vcpus = vcpus ? want->vcpus : 0;
	arguments->memory = vcpus ? 0 : want->memory;
	arguments->counted = vcpus ? 0 : vm_capacity_counted(p, want);
	program_change(
	    p, program, field, field_text_at(p->arena, &vm_kind.fields, want, field));
	return true;
}
