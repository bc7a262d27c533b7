/* SPDX-License-Identifier: MIT */
/* node_match: Nodes sorted by UUID and by address, and the VM of each that was chosen. */
#include "lib/kind/node/node_match.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/sorted.h"
#include "lib/kind/kinds.h"
#include "lib/kind/network/reservation.h"
#include "lib/kind/vm/vm_record.h"

struct by_uuid {
	const char *uuid;
	const struct node_object *node;
};

struct by_address {
	struct ip ip;
	const struct node_object *node;
};

struct matches {
	struct by_uuid *uuids;
	struct by_address *addresses;
	size_t uuid_count, address_count;
	/* By the index of the written node; and all of them, sorted by pointer. */
	const struct node_object **chosen;
	const struct node_object **taken;
	size_t taken_count;
};

static int order_uuid(const void *element, const void *uuid)
{
	return strcasecmp(((const struct by_uuid *)element)->uuid, uuid);
}

static int compare_uuids(const void *a, const void *b)
{
	const struct by_uuid *x = a, *y = b;
	int order = strcasecmp(x->uuid, y->uuid);

	return order ? order : strcmp(x->node->object.name, y->node->object.name);
}

static int order_address(const void *element, const void *ip)
{
	return ip_compare(
	    ((const struct by_address *)element)->ip, *(const struct ip *)ip);
}

static int compare_addresses(const void *a, const void *b)
{
	const struct by_address *x = a, *y = b;
	int order = ip_compare(x->ip, y->ip);

	return order ? order : strcmp(x->node->object.name, y->node->object.name);
}

static int compare_pointers(const void *a, const void *b)
{
	const struct node_object *const *x = a, *const *y = b;

	return *x == *y ? 0 : *x < *y ? -1 : 1;
}

static void sort(
    void *items, size_t count, size_t size, int (*compare)(const void *a, const void *b))
{
	if (count)
		qsort(items, count, size, compare);
}

static void add_node(struct arena *a, struct matches *m, const struct node_object *n)
{
	if (n->system_uuid && *n->system_uuid)
		*(struct by_uuid *)arena_push(a, &m->uuids, &m->uuid_count,
		    sizeof(*m->uuids)) = (struct by_uuid){ n->system_uuid, n };
	for (size_t i = 0; i < n->address_count; i++)
		*(struct by_address *)arena_push(a, &m->addresses, &m->address_count,
		    sizeof(*m->addresses)) = (struct by_address){ n->addresses[i], n };
}

static const char *uuid_of_domain(const struct observed *observed)
{
	const struct object *side =
	    observed ? (observed->live ? observed->live : observed->config) : NULL;

	return side ? ((const struct vm *)side)->uuid : NULL;
}

/* Of one that is not there by its name, what it was: it may have been renamed. */
static const char *uuid_of(const struct planner *p, const struct vm *vm)
{
	const char *uuid = uuid_of_domain(planner_observed(p, &vm_kind, vm->domain));
	const struct object_state *state =
	    uuid ? NULL : state_find(p->input->state, &vm_kind, vm->object.name);

	return state ? vm_record_of(state)->uuid : uuid;
}

/* The domain, not the VM's own, that the Node is by its system UUID; NULL: none. */
static const struct observed *other_domain(
    const struct planner *p, const struct vm *vm, const struct node_object *n)
{
	const struct observed_set *set = &p->input->observed->kinds[kind_index(&vm_kind)];
	const char *own = uuid_of(p, vm), *uuid = n->system_uuid;

	if (!uuid || !*uuid || (own && strcasecmp(own, uuid) == 0))
		return NULL;
	for (size_t i = 0; i < set->count; i++) {
		const char *of = uuid_of_domain(set->items[i]);

		if (of && strcasecmp(of, uuid) == 0)
			return set->items[i];
	}
	return NULL;
}

/* The better of two with the same claim: a Ready one, else the first. */
static const struct node_object *better(
    const struct node_object *best, const struct node_object *n)
{
	return !best || (n->ready && !best->ready) ? n : best;
}

static const struct node_object *of_uuid(const struct matches *m, const char *uuid)
{
	const struct node_object *best = NULL;
	size_t i;

	if (!uuid)
		return NULL;
	i = sorted_position(
	    m->uuids, m->uuid_count, sizeof(*m->uuids), uuid, order_uuid, NULL);
	for (; i < m->uuid_count && strcasecmp(m->uuids[i].uuid, uuid) == 0; i++)
		best = better(best, m->uuids[i].node);
	return best;
}

/* Not one that is another machine. */
static const struct node_object *of_address(
    const struct planner *p, const struct matches *m, const struct vm *vm, struct ip ip)
{
	const struct node_object *best = NULL;
	size_t i = sorted_position(m->addresses, m->address_count, sizeof(*m->addresses),
	    &ip, order_address, NULL);

	for (; i < m->address_count && ip_equal(m->addresses[i].ip, ip); i++)
		if (!other_domain(p, vm, m->addresses[i].node))
			best = better(best, m->addresses[i].node);
	return best;
}

/* By an address that is reserved for the VM in any network. */
static const struct node_object *of_reservations(
    const struct planner *p, const struct matches *m, const struct vm *vm)
{
	const struct set *networks = config_get(p->input->desired, &network_kind);
	const struct node_object *best = NULL;

	for (size_t i = 0; i < networks->count; i++) {
		const struct reservation *r =
		    (const struct reservation *)planner_desired(p, &reservation_kind,
			reservation_name(
			    p->arena, networks->items[i]->name, vm->object.name));
		const struct node_object *n = r ? of_address(p, m, vm, r->ip) : NULL;

		best = n ? better(best, n) : best;
	}
	return best;
}

static const struct node_object *of_name(const struct planner *p, const struct vm *vm)
{
	const struct observed *observed =
	    planner_observed(p, &node_kind, vm->node ? vm->node : vm->object.name);

	return observed ? (const struct node_object *)observed->live : NULL;
}

/* Not one that is another machine. */
static const struct node_object *named(const struct planner *p, const struct vm *vm)
{
	const struct node_object *n = of_name(p, vm);

	return n && !other_domain(p, vm, n) ? n : NULL;
}

static const struct node_object *choose(
    const struct planner *p, const struct matches *m, const struct vm *vm)
{
	const struct node_object *n, *other;

	if (vm->node)
		return named(p, vm);
	n = of_uuid(m, uuid_of(p, vm));
	if (n)
		return n;
	n = named(p, vm);
	if (n && n->ready)
		return n;
	other = of_reservations(p, m, vm);
	return other ? better(n, other) : n;
}

static const struct vm *vm_of(const struct planner *p, const char *name)
{
	return (const struct vm *)planner_desired(p, &vm_kind, name);
}

static void choose_all(struct planner *p, struct matches *m)
{
	const struct set *desired = config_get(p->input->desired, &node_kind);

	m->chosen = arena_array(p->arena, desired->count, sizeof(*m->chosen));
	m->taken = arena_array(p->arena, desired->count, sizeof(*m->taken));
	for (size_t i = 0; i < desired->count; i++) {
		const struct vm *vm = vm_of(p, desired->items[i]->name);

		m->chosen[i] = vm ? choose(p, m, vm) : NULL;
		if (m->chosen[i])
			m->taken[m->taken_count++] = m->chosen[i];
	}
	sort(m->taken, m->taken_count, sizeof(*m->taken), compare_pointers);
}

static struct matches *make_matches(struct planner *p)
{
	struct matches *m = arena_alloc(p->arena, sizeof(*m));
	const struct observed_set *nodes =
	    &p->input->observed->kinds[kind_index(&node_kind)];

	for (size_t i = 0; i < nodes->count; i++)
		if (nodes->items[i]->live)
			add_node(p->arena, m,
			    (const struct node_object *)nodes->items[i]->live);
	sort(m->uuids, m->uuid_count, sizeof(*m->uuids), compare_uuids);
	sort(m->addresses, m->address_count, sizeof(*m->addresses), compare_addresses);
	choose_all(p, m);
	return m;
}

/* Once a plan: VMs, whose row is before this one, ask while they are planned. */
void *node_match_prepare(struct planner *p)
{
	void **kept = &p->prepared[kind_index(&node_kind)];

	if (!*kept)
		*kept = make_matches(p);
	return *kept;
}

static const struct matches *matches_of(const struct planner *p)
{
	return p->prepared[kind_index(&node_kind)];
}

static int order_name(const void *element, const void *name)
{
	return strcmp((*(struct object *const *)element)->name, name);
}

const struct node_object *node_match(const struct planner *p, const struct vm *vm)
{
	const struct set *desired = config_get(p->input->desired, &node_kind);
	bool found;
	size_t i = sorted_position(desired->items, desired->count,
	    sizeof(*desired->items), vm->object.name, order_name, &found);

	return found ? matches_of(p)->chosen[i] : NULL;
}

const struct node_object *node_match_seen(struct planner *p, const struct vm *vm)
{
	const struct matches *m = node_match_prepare(p);
	const struct node_object *n = node_match(p, vm);

	return n ? n : of_uuid(m, uuid_of(p, vm));
}

const struct node_object *node_match_domain(struct planner *p, const struct vm *domain)
{
	return of_uuid(node_match_prepare(p), domain->uuid);
}

const struct node_object *node_match_marked(struct planner *p, const struct vm *domain)
{
	const struct matches *m = node_match_prepare(p);
	size_t i;

	if (!domain->uuid)
		return NULL;
	i = sorted_position(
	    m->uuids, m->uuid_count, sizeof(*m->uuids), domain->uuid, order_uuid, NULL);
	for (; i < m->uuid_count && strcasecmp(m->uuids[i].uuid, domain->uuid) == 0; i++)
		if (m->uuids[i].node->mark_token)
			return m->uuids[i].node;
	return NULL;
}

const char *node_match_other(const struct planner *p, const struct vm *vm)
{
	const struct node_object *n = of_name(p, vm);
	const struct observed *other = n ? other_domain(p, vm, n) : NULL;

	return other ? other->name : NULL;
}

bool node_match_any(const struct planner *p, const struct node_object *n)
{
	const struct matches *m = matches_of(p);
	const struct node_object *same;

	if (bsearch(&n, m->taken, m->taken_count, sizeof(*m->taken), compare_pointers))
		return true;
	same = of_uuid(m, n->system_uuid && *n->system_uuid ? n->system_uuid : NULL);
	return same && same != n &&
	       bsearch(
		   &same, m->taken, m->taken_count, sizeof(*m->taken), compare_pointers);
}

const struct node_object *node_match_left_over(const struct planner *p,
    const struct vm *vm, const struct node_object *chosen,
    const struct node_object *after)
{
	const struct matches *m = matches_of(p);
	const char *uuid = uuid_of(p, vm);
	size_t i;

	if (!uuid || m->uuid_count < 2)
		return NULL;
	i = sorted_position(
	    m->uuids, m->uuid_count, sizeof(*m->uuids), uuid, order_uuid, NULL);
	for (; i < m->uuid_count && strcasecmp(m->uuids[i].uuid, uuid) == 0; i++) {
		const struct node_object *n = m->uuids[i].node;

		if (n == chosen ||
		    (after && strcmp(n->object.name, after->object.name) <= 0))
			continue;
		return n;
	}
	return NULL;
}
