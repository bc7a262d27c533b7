/* SPDX-License-Identifier: MIT */
/* vm_twins: what observed domains have, as claims sorted by path and by MAC. */
#include "lib/kind/vm/vm_twins.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/sorted.h"
#include "lib/kind/kinds.h"

struct claim {
	const char *path; /* of a disk, or NULL and */
	struct mac mac;
	const struct observed *by;
};

struct claims {
	struct claim *items;
	size_t count;
};

struct twins {
	struct arena *arena;
	bool sorted;
	struct claims disks, macs;
};

static int order_paths(const void *claim, const void *path)
{
	return strcmp(((const struct claim *)claim)->path, path);
}

static int order_macs(const void *claim, const void *mac)
{
	return memcmp(&((const struct claim *)claim)->mac, mac, sizeof(struct mac));
}

/* Of equals the domain whose name comes first is found. */
static int compare_paths(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;
	int order = order_paths(x, y->path);

	return order ? order : strcmp(x->by->name, y->by->name);
}

static int compare_macs(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;
	int order = order_macs(x, &y->mac);

	return order ? order : strcmp(x->by->name, y->by->name);
}

static struct claim *add(struct twins *t, struct claims *to, const struct observed *by)
{
	struct claim *claim =
	    arena_push(t->arena, &to->items, &to->count, sizeof(*claim));

	*claim = (struct claim){ .by = by };
	return claim;
}

static void add_domain(struct twins *t, const struct observed *by)
{
	const struct vm *vm = (const struct vm *)(by->live ? by->live : by->config);
	const struct vm_interface *nics = vm ? vm->interfaces.items : NULL;

	if (vm && vm->disk.path)
		add(t, &t->disks, by)->path = vm->disk.path;
	for (size_t i = 0; vm && i < vm->interfaces.count; i++)
		add(t, &t->macs, by)->mac = nics[i].mac;
}

static void sort(struct claims *c, int (*compare)(const void *a, const void *b))
{
	if (c->count)
		qsort(c->items, c->count, sizeof(*c->items), compare);
}

static const struct twins *twins_of(const struct planner *p)
{
	struct twins *t = p->prepared[kind_index(&vm_kind)];
	const struct observed_set *observed =
	    &p->input->observed->kinds[kind_index(&vm_kind)];

	if (t->sorted)
		return t;
	for (size_t i = 0; i < observed->count; i++)
		add_domain(t, observed->items[i]);
	sort(&t->disks, compare_paths);
	sort(&t->macs, compare_macs);
	t->sorted = true;
	return t;
}

void *vm_twins_prepare(struct planner *p)
{
	struct twins *t = arena_alloc(p->arena, sizeof(*t));

	t->arena = p->arena;
	return t;
}

static const struct observed *find(const struct claims *claims, const void *key,
    int (*order)(const void *claim, const void *key))
{
	bool found;
	size_t i = sorted_position(
	    claims->items, claims->count, sizeof(struct claim), key, order, &found);

	return found ? claims->items[i].by : NULL;
}

const struct observed *vm_twin(
    const struct planner *p, const struct vm *want, const char **what)
{
	const struct twins *t = twins_of(p);
	const struct vm_interface *nics = want->interfaces.items;
	const struct observed *by =
	    want->disk.path ? find(&t->disks, want->disk.path, order_paths) : NULL;

	*what = by ? want->disk.path : "its MAC address";
	for (size_t i = 0; !by && i < want->interfaces.count; i++)
		by = find(&t->macs, &nics[i].mac, order_macs);
	return by;
}
