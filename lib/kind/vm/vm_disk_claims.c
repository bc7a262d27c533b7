/* SPDX-License-Identifier: MIT */
/*
 * vm_disk_claims: who has which disk, by identity.
 *
 * A disk's identities are what the source of libvirt answered about its name. Until then
 * its name stands for it: two that are spelled alike are one disk at any rate, and of the
 * others it is not known. Of each identity two machines that write to it are kept and two
 * that only read it, which is enough to find another one for everybody; so a thousand
 * overlays over one image cost no more than a thousand images.
 */
#include "lib/kind/vm/vm_claim_table.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/hash.h"
#include "lib/doc/json.h"
#include "lib/kind/vm/vm_disk.h"

static const struct observed_set *domains(const struct planner *p)
{
	return &p->input->observed->kinds[kind_index(&vm_kind)];
}

/* What a disk is */

static struct json_object *identities(const struct answer *answer)
{
	return answer && json_count(answer->json) ? answer->json : NULL;
}

/* A volume that is made, or put back, is another file: what was answered before does not hold
 * for it. */
static uint64_t question_hash(const struct planner *p, const struct domain_disk *disk)
{
	const struct observed *volume =
	    disk->pool ? planner_entry(p, &volume_kind, disk->name + strlen(VOLUME_NAME))
		       : NULL;

	return volume && volume->presence == PRESENT
		   ? hash_bytes(disk->hash, "is there", strlen("is there"))
		   : disk->hash;
}

/* The answer about it, or NULL. */
static struct json_object *answer_to(struct planner *p, const struct domain_disk *disk)
{
	if (!disk->known_here || !p->input->probes)
		return NULL;
	return identities(probe_store_find(
	    p->input->probes, &vm_kind, disk->name, question_hash(p, disk)));
}

/* The same, and the plan has the probe for it. */
static struct json_object *ask(struct planner *p, const struct domain_disk *disk)
{
	if (!disk->known_here)
		return NULL;
	return identities(
	    planner_probe(p, &vm_kind, disk->name, disk->name, question_hash(p, disk)));
}

/* The next identity of a disk, and how it is used; false: there are no more. `at` is 0 at
 * first. Without an answer its name is one. */
static bool next_identity(const struct domain_disk *disk, struct json_object *answer,
    size_t *at, uint64_t *id, enum use *use)
{
	const char *text;

	*use = USE_WRITES;
	*id = disk->hash;
	if (!answer)
		return (*at)++ == 0;
	text = json_object_get_string(json_item(answer, *at));
	if (!text || !*text)
		return false;
	++*at;
	*use = text[0] == DISK_READS ? USE_READS : USE_WRITES;
	*id = hash_bytes(HASH_START, text + 1, strlen(text + 1));
	return true;
}

/* Whether both are one disk, each under every name it has. */
static bool share_identity(struct json_object *a, struct json_object *b)
{
	for (size_t i = 0; i < json_count(a); i++) {
		const char *x = json_object_get_string(json_item(a, i));

		for (size_t k = 0; x[0] == DISK_IS && k < json_count(b); k++)
			if (strcmp(x, json_object_get_string(json_item(b, k))) == 0)
				return true;
	}
	return false;
}

static enum use use_of(const struct domain_disk *disk, enum use use)
{
	return disk->backing ? USE_READS : use;
}

static void claim_disk(
    struct planner *p, struct owner owner, const struct domain_disk *disk)
{
	struct claims *c = claims_of(p);
	struct json_object *answer;
	uint64_t id;
	enum use use;

	if (disk->shared)
		return;
	answer = ask(p, disk);
	c->claimed++;
	if (disk->known_here && !answer) {
		c->unknown++;
		c->unknown_disk = disk;
		c->unknown_owner = owner;
	}
	for (size_t at = 0; next_identity(disk, answer, &at, &id, &use);)
		claims_add(p->arena, &c->disks, id, use_of(disk, use), &owner, disk, 2);
}

static bool on_live_side_of(const struct observed *by, size_t index)
{
	const struct vm *live = claims_side(by, 0), *config = claims_side(by, 1);

	return live && index < live->disk_count &&
	       live->disks[index].hash == config->disks[index].hash &&
	       live->disks[index].shared == config->disks[index].shared &&
	       live->disks[index].backing == config->disks[index].backing;
}

static void claim_disks_of(struct planner *p, const struct observed *by)
{
	struct owner owner = { .by = by };

	for (int i = 0; i < 2; i++) {
		const struct vm *vm = claims_side(by, i);

		for (size_t k = 0; vm && k < vm->disk_count; k++)
			if (i == 0 || !on_live_side_of(by, k))
				claim_disk(p, owner, &vm->disks[k]);
	}
}

static struct claims *disks_of(struct planner *p)
{
	struct claims *c = claims_of(p);
	const struct observed_set *set = domains(p);

	if (c->disks.made)
		return c;
	claims_find_absent(p, c);
	claims_begin(p->arena, &c->disks, set->count + c->absent_count);
	claims_unreadable(p);
	for (size_t i = 0; i < set->count; i++)
		claim_disks_of(p, set->items[i]);
	for (size_t i = 0; i < c->absent_count; i++)
		for (size_t k = 0; k < c->absent[i]->disk_count; k++)
			claim_disk(p, (struct owner){ .written = c->absent[i] },
			    &c->absent[i]->disks[k]);
	return c;
}

/* Asking */

/* One that is there already rather than one that is to be defined. */
static const struct entry *other_owner(
    const struct planner *p, const struct entry *e, const struct owner *self)
{
	const struct entry *other = NULL;

	for (; e; e = e->next)
		if (!claims_same(&e->owner, self) && (!other || e->owner.by) &&
		    claims_counts(p, self, &e->owner))
			other = e;
	return other;
}

/* Who writes to a disk excludes everybody, who reads it only those who write to it. */
static const struct entry *other_of_disk(
    struct planner *p, const struct owner *self, const struct domain_disk *disk)
{
	struct json_object *answer = answer_to(p, disk);
	const struct table *t = &claims_of(p)->disks;
	const struct entry *other = NULL;
	uint64_t id;
	enum use use;

	for (size_t at = 0; !other && next_identity(disk, answer, &at, &id, &use);) {
		const struct group *g = claims_find(t, id);

		if (!g)
			continue;
		other = other_owner(p, g->entries[USE_WRITES], self);
		if (!other && use_of(disk, use) == USE_WRITES)
			other = other_owner(p, g->entries[USE_READS], self);
	}
	return other;
}

/* What a machine has on a side: of a domain, disks of both; of a VM without one, what is
 * written, on the first. */
static const struct domain_disk *disks_at(const struct owner *self, int i, size_t *count)
{
	const struct vm *vm = self->by ? claims_side(self->by, i)
			      : i == 0 ? self->written
				       : NULL;

	*count = vm ? vm->disk_count : 0;
	return vm ? vm->disks : NULL;
}

/* Whether nothing was said of one of its disks; and how many it claims. */
static bool has_unknown(struct planner *p, const struct owner *self, size_t *claimed)
{
	bool unknown = false;
	size_t count;

	*claimed = 0;
	for (int i = 0; i < 2; i++) {
		const struct domain_disk *disks = disks_at(self, i, &count);

		for (size_t k = 0; k < count; k++) {
			if (disks[k].shared ||
			    (i == 1 && self->by && on_live_side_of(self->by, k)))
				continue;
			++*claimed;
			unknown |= disks[k].known_here && !answer_to(p, &disks[k]);
		}
	}
	return unknown;
}

/* What is not known matters where somebody else may have one of its disks. */
static enum vm_claimed claimed_unknown(
    struct planner *p, const struct owner *self, struct vm_claim *out)
{
	const struct claims *c = claims_of(p);
	size_t own;
	bool unknown;

	if (!c->unknown && !c->unreadable)
		return CLAIM_NONE;
	unknown = has_unknown(p, self, &own);
	*out = (struct vm_claim){ .domain = claims_domain(self) };
	if (!own)
		return CLAIM_NONE;
	if (unknown && c->claimed > own) {
		out->what = "libvirt has not said yet which file or device its disk is";
	} else if (c->unreadable && strcmp(c->unreadable, out->domain) != 0) {
		out->what = arena_printf(p->arena,
		    "domain %s, which may have its disk, cannot be read", c->unreadable);
	} else if (c->unknown && !claims_same(&c->unknown_owner, self)) {
		out->what = arena_printf(p->arena,
		    "libvirt has not said yet which file or device %s of domain %s is",
		    vm_disk_text(p->arena, c->unknown_disk),
		    claims_domain(&c->unknown_owner));
	} else {
		return CLAIM_NONE;
	}
	return CLAIM_UNKNOWN;
}

enum vm_claimed vm_claimed_disk(struct planner *p, const struct vm *want,
    const struct observed *have, struct vm_claim *out)
{
	const struct claims *c = disks_of(p);
	struct owner self = claims_owner(want, have);
	const struct entry *other = NULL;
	size_t count;

	for (int i = 0; c->disks.contested && i < 2; i++) {
		const struct domain_disk *disks = disks_at(&self, i, &count);

		for (size_t k = 0; k < count; k++) {
			if (!disks[k].shared)
				other = other_of_disk(p, &self, &disks[k]);
			if (other)
				return claims_found(&other->owner,
				    vm_disk_text(p->arena, &disks[k]), out);
		}
	}
	return claimed_unknown(p, &self, out);
}

/* Another VM that is written with the disk, whatever it calls it. */
static enum vm_claimed written_elsewhere(struct planner *p, const struct vm *want,
    const struct domain_disk *disk, struct vm_claim *out)
{
	const struct set *desired = config_get(p->input->desired, &vm_kind);
	enum vm_claimed claimed = CLAIM_NONE;

	for (size_t i = 0; i < desired->count; i++) {
		const struct vm *other = (const struct vm *)desired->items[i];

		for (size_t k = 0; other != want && k < other->disk_count; k++) {
			const struct domain_disk *its = &other->disks[k];
			struct json_object *a = ask(p, disk), *b = ask(p, its);

			*out = (struct vm_claim){ .domain = other->domain };
			out->what = vm_disk_text(p->arena, disk);
			if (its->hash == disk->hash || (a && b && share_identity(a, b)))
				return CLAIM_FOUND;
			if (!a || (!b && its->known_here))
				claimed = CLAIM_UNKNOWN;
		}
	}
	out->what = "libvirt has not said yet which file or device its disk is";
	return claimed;
}

enum vm_claimed vm_claimed_new_disk(struct planner *p, const struct vm *want,
    const struct observed *have, const struct domain_disk *disk, struct vm_claim *out)
{
	const struct claims *c = disks_of(p);
	struct owner self = claims_owner(want, have);
	struct json_object *answer = ask(p, disk);
	const struct entry *other = other_of_disk(p, &self, disk);

	if (other)
		return claims_found(&other->owner, vm_disk_text(p->arena, disk), out);
	if (c->unreadable) {
		*out = (struct vm_claim){
			.what = arena_printf(p->arena,
			    "domain %s, which may have its disk, cannot be read",
			    c->unreadable)
		};
		return CLAIM_UNKNOWN;
	}
	if (!answer || c->unknown) {
		*out = (struct vm_claim){
			.what =
			    "libvirt has not said yet which files or devices all disks are"
		};
		return CLAIM_UNKNOWN;
	}
	return written_elsewhere(p, want, disk, out);
}

enum vm_claimed vm_disk_writer(struct planner *p, const char *path, struct vm_claim *out)
{
	const struct claims *c = disks_of(p);
	const struct owner nobody = { .by = NULL };
	struct domain_disk disk = vm_disk_of_path(p->arena, path);
	struct json_object *answer = ask(p, &disk);
	const struct entry *other = other_of_disk(p, &nobody, &disk);

	if (other)
		return claims_found(&other->owner, path, out);
	if (!c->claimed && !c->unreadable)
		return CLAIM_NONE;
	if (answer && !c->unknown && !c->unreadable)
		return CLAIM_NONE;
	*out = (struct vm_claim){
		.what = "libvirt has not said yet which files or devices all disks are"
	};
	return CLAIM_UNKNOWN;
}

/* Comparing */

/* Both are one disk, or it is not known whether they are. */
static bool may_be_one(
    struct planner *p, const struct domain_disk *disk, const struct domain_disk *other)
{
	struct json_object *is, *found;

	if (disk->hash == other->hash)
		return true;
	if (!other->known_here)
		return false;
	is = ask(p, disk);
	found = ask(p, other);
	return !is || !found || share_identity(is, found);
}

bool vm_volume_may_be_had(struct planner *p, const char *volume)
{
	struct domain_disk disk = vm_disk_of_volume(p->arena, volume);
	const struct observed_set *set = domains(p);
	bool may = !set->known;

	for (size_t i = 0; i < set->count; i++) {
		may |= set->items[i]->presence == UNKNOWN;
		for (int side = 0; side < 2; side++) {
			const struct vm *vm = claims_side(set->items[i], side);

			for (size_t k = 0; vm && k < vm->disk_count; k++)
				may |= may_be_one(p, &disk, &vm->disks[k]);
		}
	}
	return may;
}

const struct domain_disk *vm_disk_found(struct planner *p, const struct domain_disk *disk,
    const struct vm *have, enum vm_disk_match *match)
{
	struct json_object *written;

	*match = DISK_SAME;
	for (size_t i = 0; i < have->disk_count; i++)
		if (have->disks[i].hash == disk->hash && have->disks[i].hard &&
		    !have->disks[i].backing)
			return &have->disks[i];
	*match = DISK_OTHER;
	ask(p, disk);
	written = answer_to(p, disk);
	for (size_t i = 0; i < have->disk_count; i++) {
		struct json_object *found;

		if (have->disks[i].backing || !have->disks[i].hard)
			continue;
		ask(p, &have->disks[i]);
		found = answer_to(p, &have->disks[i]);
		if (written && found && share_identity(written, found)) {
			*match = DISK_SAME;
			return &have->disks[i];
		}
		if (have->disks[i].known_here && (!written || !found))
			*match = DISK_NOT_KNOWN;
	}
	return NULL;
}

/* Whether the first, however it is used, is what the second writes to. */
static bool uses(struct json_object *user, struct json_object *disk)
{
	for (size_t i = 0; i < json_count(disk); i++) {
		const char *x = json_object_get_string(json_item(disk, i));

		for (size_t k = 0; x[0] == DISK_IS && k < json_count(user); k++)
			if (strcmp(x + 1,
				json_object_get_string(json_item(user, k)) + 1) == 0)
				return true;
	}
	return false;
}

const struct domain_disk *vm_disk_user(
    struct planner *p, const struct domain_disk *written, const struct vm *have)
{
	ask(p, written);
	for (size_t i = 0; i < have->disk_count; i++) {
		ask(p, &have->disks[i]);
		if (have->disks[i].hash == written->hash ||
		    uses(answer_to(p, &have->disks[i]), answer_to(p, written)))
			return &have->disks[i];
	}
	return NULL;
}

enum vm_disk_match vm_disk_match_of(
    struct planner *p, const struct domain_disk *written, const struct vm *have)
{
	enum vm_disk_match match;

	vm_disk_found(p, written, have, &match);
	return match;
}

enum vm_disk_match vm_disk_matches(
    struct planner *p, const struct vm *want, const struct vm *have)
{
	const struct domain_disk *first = want->disk_count ? want->disks : NULL;

	return first && !first->written->name ? vm_disk_match_of(p, first, have)
					      : DISK_SAME;
}

const char *vm_disk_target_of(
    struct planner *p, const struct domain_disk *written, const struct vm *have)
{
	enum vm_disk_match match;
	const struct domain_disk *disk = vm_disk_found(p, written, have, &match);

	return disk ? disk->target : NULL;
}
