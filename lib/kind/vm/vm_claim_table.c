/* SPDX-License-Identifier: MIT */
/* vm_claim_table: a hash table with a chain of owners for each number. */
#include "lib/kind/vm/vm_claim_table.h"

#include <string.h>

#include "lib/kind/vm/vm_record.h"

/* Owners */

bool claims_same(const struct owner *a, const struct owner *b)
{
	return a->by == b->by && a->written == b->written;
}

/* Tables */

void claims_begin(struct arena *a, struct table *t, size_t entries)
{
	size_t size = 16;

	while (size < 2 * entries)
		size *= 2;
	t->buckets = arena_array(a, size, sizeof(struct group *));
	t->mask = size - 1;
	t->made = true;
}

struct group *claims_find(const struct table *t, uint64_t id)
{
	struct group *g = t->buckets[(id ^ (id >> 32)) & t->mask];

	while (g && g->id != id)
		g = g->next;
	return g;
}

static struct group *claims_group(struct arena *a, struct table *t, uint64_t id)
{
	struct group *g = claims_find(t, id), **bucket;

	if (g)
		return g;
	bucket = &t->buckets[(id ^ (id >> 32)) & t->mask];
	g = arena_alloc(a, sizeof(*g));
	*g = (struct group){ .id = id, .next = *bucket };
	*bucket = g;
	return g;
}

static bool has_owner(const struct entry *e, const struct owner *owner, size_t *others)
{
	for (*others = 0; e; e = e->next, ++*others)
		if (claims_same(&e->owner, owner))
			return true;
	return false;
}

void claims_add(struct arena *a, struct table *t, uint64_t id, enum use use,
    const struct owner *owner, const void *what, size_t most)
{
	struct group *g = claims_group(a, t, id);
	struct entry *e;
	size_t others;

	if (most && has_owner(g->entries[use], owner, &others))
		return;
	if (most && others >= most)
		return;
	e = g->first.what ? arena_alloc(a, sizeof(*e)) : &g->first;
	*e = (struct entry){ *owner, what, g->entries[use] };
	g->entries[use] = e;
	for (int i = 0; i < USES; i++)
		for (const struct entry *o = g->entries[i]; o && !t->contested;
		     o = o->next)
			t->contested |= !claims_same(&o->owner, owner);
}

struct claims *claims_of(struct planner *p)
{
	void **kept = &p->prepared[kind_index(&vm_kind)];

	if (!*kept)
		*kept = arena_alloc(p->arena, sizeof(struct claims));
	return *kept;
}

void *vm_claims_prepare(struct planner *p)
{
	return claims_of(p);
}

const char *claims_unreadable(struct planner *p)
{
	struct claims *c = claims_of(p);
	const struct observed_set *set = &p->input->observed->kinds[kind_index(&vm_kind)];

	for (size_t i = 0; !c->unreadable_known && i < set->count; i++)
		if (set->items[i]->presence == UNKNOWN)
			c->unreadable = set->items[i]->name;
	c->unreadable_known = true;
	return c->unreadable;
}

void claims_find_absent(struct planner *p, struct claims *c)
{
	const struct set *desired = config_get(p->input->desired, &vm_kind);

	if (c->absent_known)
		return;
	c->absent_known = true;
	for (size_t i = 0; i < desired->count; i++) {
		const struct vm *want = (const struct vm *)desired->items[i], **slot;

		if (planner_entry(p, &vm_kind, want->domain) ||
		    !planner_knows(p, &vm_kind, want->domain))
			continue;
		slot = arena_push(p->arena, &c->absent, &c->absent_count, sizeof(*slot));
		*slot = want;
	}
}

static void find_unsettled(struct planner *p, struct claims *c)
{
	const struct state *state = p->input->state;
	size_t found = 0;

	c->unsettled_known = true;
	for (size_t i = 0; i < state->count && found < 2; i++) {
		const struct object_state *of = state->items[i];

		if (of->kind == &vm_kind && of->busy && vm_record_of(of)->unsettled)
			c->unsettled[found++] = of->name;
	}
}

const char *vm_claims_unsettled(struct planner *p, const struct vm *want)
{
	struct claims *c = claims_of(p);

	if (!c->unsettled_known)
		find_unsettled(p, c);
	for (int i = 0; i < 2; i++)
		if (c->unsettled[i] && strcmp(c->unsettled[i], want->object.name) != 0)
			return c->unsettled[i];
	return NULL;
}

static void find_leaving(struct planner *p, struct claims *c)
{
	const struct state *state = p->input->state;

	c->leaving_known = true;
	for (size_t i = 0; i < state->count; i++) {
		const struct object_state *of = state->items[i];
		const struct vm_record **slot;

		if (of->kind != &vm_kind || !vm_record_of(of)->stop_requested.ms)
			continue;
		slot =
		    arena_push(p->arena, &c->leaving, &c->leaving_count, sizeof(*slot));
		*slot = vm_record_of(of);
	}
}

const struct vm_record *vm_claims_leaving(
    struct planner *p, const char *domain, int64_t id)
{
	struct claims *c = claims_of(p);

	if (!c->leaving_known)
		find_leaving(p, c);
	for (size_t i = 0; i < c->leaving_count; i++)
		if (c->leaving[i]->domain_id == id && c->leaving[i]->domain &&
		    strcmp(c->leaving[i]->domain, domain) == 0)
			return c->leaving[i];
	return NULL;
}

const struct vm *claims_side(const struct observed *by, int i)
{
	return (const struct vm *)(i ? by->config : by->live);
}

const char *claims_domain(const struct owner *owner)
{
	return owner->by ? owner->by->name : owner->written->domain;
}

bool claims_counts(
    const struct planner *p, const struct owner *self, const struct owner *other)
{
	const struct object_state *state;

	if (!self->by || other->by)
		return true;
	state = state_find(p->input->state, &vm_kind, other->written->object.name);
	return state && state->busy;
}

struct owner claims_owner(const struct vm *want, const struct observed *have)
{
	return have ? (struct owner){ .by = have } : (struct owner){ .written = want };
}

bool vm_claim_runs(const struct vm_claim *claim)
{
	return claim->by && claim->by->live;
}

enum vm_claimed claims_found(
    const struct owner *owner, const char *what, struct vm_claim *out)
{
	*out = (struct vm_claim){
		.domain = claims_domain(owner), .by = owner->by, .what = what
	};
	return CLAIM_FOUND;
}
