/* SPDX-License-Identifier: MIT */
/*
 * seed_plan: seeds that are to be made, and those that an edit has left behind.
 *
 * A volume with the right name alone is no seed: whoever wrote it may have been killed. So
 * before a domain is given one its contents are read back; from then on that it has it
 * proves that it was whole. What is not homek8sd's by its contents is never touched.
 */
#include <string.h>

#include "lib/base/hash.h"
#include "lib/kind/actions.h"
#include "lib/kind/vm/vm_claims.h"
#include "lib/kind/vm/vm_plan.h"
#include "lib/kind/vm/vm_seed.h"
#include "lib/kind/vm/vm_word.h"
#include "lib/kind/volume/storage.h"
#include "lib/kind/volume/volume.h"

/* What cannot be read now may be in a moment. */
#define EVERY_MS 10000

/* What is said of what it holds; NULL: nothing yet. */
static const struct answer *ask(struct planner *p, const struct observed *have)
{
	const struct volume *volume = (const struct volume *)have->config;
	const char *name = arena_printf(p->arena, SEED_NAME "%s", have->name);
	const char *changed = volume->changed ? volume->changed : "";
	const struct answer *last;
	uint64_t hash = hash_bytes(HASH_START, name, strlen(name) + 1);

	hash = hash_bytes(hash, changed, strlen(changed) + 1);
	hash = hash_bytes(hash, &volume->size, sizeof(volume->size));
	last = p->input->probes
		   ? probe_store_find(p->input->probes, &volume_kind, name, hash)
		   : NULL;
	return planner_probe_every(
	    p, &volume_kind, name, name, hash, last && !last->json ? EVERY_MS : 0);
}

/* NULL: it is not known. */
static const char *contents(const struct answer *answer)
{
	return answer ? json_object_get_string(answer->json) : NULL;
}

static bool is_word(const char *text, const char *word)
{
	return text && strcmp(text, word) == 0;
}

/* Seeds that are written */

/* True: its domain is ours, or can be defined; else the item says why not. */
static bool domain_takes_it(struct planner *p, struct item *item, const struct vm *vm)
{
	const struct observed *domain = planner_observed(p, &vm_kind, vm->domain);
	struct vm_claim twin;
	const char *why;

	if (!planner_knows(p, &vm_kind, vm->domain)) {
		item_pending(
		    p, item, "waits for what libvirt says of domain %s", vm->domain);
		return false;
	}
	if (domain && vm_kind.is_owned(domain))
		return true;
	if (domain) {
		item_blocked(p, item, "not made: domain %s was not defined by homek8sd",
		    vm->domain);
		return false;
	}
	if (!vm_missing_keys(p, vm) && vm_twin(p, vm, &twin, &why) == CLAIM_NONE)
		return true;
	item_pending(p, item, "waits until vm/%s can be defined", vm->object.name);
	return false;
}

static void plan_making(
    struct planner *p, struct item *item, const struct volume *want, const char *why)
{
	const struct storage *pool = storage_pool(p, want->pool);

	if (!volume_pool_is_there(p, item, want))
		return;
	if (!pool->files) {
		item_blocked(p, item,
		    "storage pool %s is of type %s, and seeds are made in pools of files (dir, fs, netfs): write cloud_init.pool",
		    want->pool, pool->type);
		return;
	}
	item_pending(p, item, "%s", why);
	volume_report_pool(p, item, want);
	program_step(p, item_program(p, item, NULL), &seed_make_action, want->external,
	    "make seed %s in storage pool %s", want->file, want->pool);
}

/* `domain`: which has it; NULL: none. */
static void plan_found(struct planner *p, struct item *item, const struct volume *want,
    const struct observed *have, const struct observed *domain)
{
	const struct answer *answer = ask(p, have);
	const char *holds = contents(answer);

	if (is_word(holds, SEED_WHOLE))
		item_ok(item);
	else if (is_word(holds, SEED_PARTLY) && domain && domain->live)
		item_blocked(p, item,
		    "was not written to its end, and domain %s runs with it: it is made anew once that is shut down",
		    domain->name);
	else if (is_word(holds, SEED_PARTLY))
		plan_making(p, item, want, "was not written to its end; to be made anew");
	else if (is_word(holds, SEED_OTHER))
		item_blocked(p, item,
		    "volume %s of storage pool %s was not made by homek8sd: remove it with `virsh vol-delete %s %s && virsh pool-refresh %s`, from which libvirt learns that it is gone",
		    want->file, want->pool, want->file, want->pool, want->pool);
	else if (answer)
		item_blocked(p, item,
		    "volume %s of storage pool %s cannot be read: %s; `virsh pool-refresh %s`, from which libvirt learns where its file is gone",
		    want->file, want->pool, answer->error, want->pool);
	else
		item_pending(p, item, "waits for what volume %s holds", want->file);
}

void seed_plan(struct planner *p, struct item *item, const struct volume *want,
    const struct observed *have)
{
	const struct vm *vm = (const struct vm *)planner_desired(p, &vm_kind, want->vm);
	const struct observed *domain = planner_observed(p, &vm_kind, vm->domain);

	if (have && domain && vm_has_seed(domain, want->external)) {
		plan_found(p, item, want, have, domain);
		return;
	}
	if (!volume_pool_is_there(p, item, want) || !domain_takes_it(p, item, vm))
		return;
	if (have)
		plan_found(p, item, want, have, NULL);
	else
		plan_making(p, item, want, "to be made");
}

/* Seeds that are left */

/* It may be given to the VM's domain just now, by a step that was sent before it was
 * written otherwise. */
static bool may_be_given(const struct planner *p, const char *vm)
{
	const struct object_state *state = state_find(p->input->state, &vm_kind, vm);

	return state && state->busy;
}

/* Of a VM that is written, but with another one; NULL: of none. */
static const struct vm *written_vm(struct planner *p, const char *name)
{
	const struct vm *vm = (const struct vm *)planner_desired(p, &vm_kind, name);

	return vm && vm->seed ? vm : NULL;
}

bool seed_plan_unwritten(
    struct planner *p, struct item *item, const struct observed *have)
{
	const char *file = strchr(have->name, '/');
	const struct vm *vm;
	struct program *program;
	const char *holds, *name;
	size_t vm_length;
	uint64_t hash;

	if (!file || !seed_name_parse(++file, &vm_length, &hash))
		return false;
	name = arena_copy_n(p->arena, file, vm_length);
	vm = written_vm(p, name);
	/* A domain that is just being renamed is gone for a moment, and has it all the same. */
	if (may_be_given(p, name) || (vm && !planner_observed(p, &vm_kind, vm->domain)) ||
	    vm_volume_may_be_had(p, have->name))
		return true;
	holds = contents(ask(p, have));
	if (!is_word(holds, SEED_WHOLE) && !is_word(holds, SEED_PARTLY))
		return true;
	if (vm) {
		item_pending(p, item, "no domain has it any longer; to be deleted");
		program = item_program(p, item, NULL);
	} else {
		program = item_unwritten(p, item, true,
		    arena_printf(p->arena, "`virsh vol-delete %s %s` deletes it",
			vm_word(p, file),
			vm_word(p, arena_copy_n(p->arena, have->name,
				       (size_t)(file - have->name - 1)))));
	}
	if (!program)
		return true;
	/* The pool may be another host's too, whose homek8sd has made it. */
	for (size_t i = 0; !vm && i < program->effect_count; i++)
		program->effects[i].in_use = true;
	program_step(p, program, &seed_delete_action, have->name, "delete seed %s", file);
	return true;
}
