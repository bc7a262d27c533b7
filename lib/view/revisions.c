/* SPDX-License-Identifier: MIT */
/* revisions: a list of entries sorted by kind and name, merged with each update. */
#include "lib/view/revisions.h"

#include <stdlib.h>
#include <string.h>

#define GONE_MAX 4096

struct entry {
	char *kind, *name;
	uint64_t hash;
	uint64_t at; /* when it changed last, or went */
	bool gone;
};

struct revisions {
	struct entry *entries; /* sorted */
	size_t count, gone;
	uint64_t current, rest;
	uint64_t forgotten; /* of what went up to here nothing is known any more */
};

struct revisions *revisions_new(void)
{
	return must_alloc(sizeof(struct revisions));
}

static void entry_done(struct entry *entry)
{
	free(entry->kind);
	free(entry->name);
}

void revisions_free(struct revisions *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->count; i++)
		entry_done(&r->entries[i]);
	free(r->entries);
	free(r);
}

static int compare(
    const char *kind, const char *name, const char *other_kind, const char *other_name)
{
	int order = strcmp(kind, other_kind);

	return order ? order : strcmp(name, other_name);
}

static int compare_rows(const void *a, const void *b)
{
	const struct revision_row *const *x = a, *const *y = b;

	return compare((*x)->kind, (*x)->name, (*y)->kind, (*y)->name);
}

/* Pointers to the rows, sorted. To be freed. */
static struct revision_row **sort(struct revision_row *rows, size_t count)
{
	struct revision_row **sorted = must_alloc((count + 1) * sizeof(*sorted));
	bool in_order = true;

	for (size_t i = 0; i < count; i++) {
		sorted[i] = &rows[i];
		in_order &= i == 0 || compare_rows(&sorted[i - 1], &sorted[i]) < 0;
	}
	if (!in_order)
		qsort(sorted, count, sizeof(*sorted), compare_rows);
	return sorted;
}

/* The old entry as it goes on; true when that is a change. */
static bool meet(struct revisions *r, struct entry *entry, struct revision_row *row)
{
	bool changed = entry->gone || entry->hash != row->hash;

	if (entry->gone)
		r->gone--;
	if (changed)
		entry->at = r->current + 1;
	entry->gone = false;
	entry->hash = row->hash;
	row->at = entry->at;
	return changed;
}

static struct entry appear(const struct revisions *r, struct revision_row *row)
{
	row->at = r->current + 1;
	return (struct entry){ must_copy(row->kind), must_copy(row->name), row->hash,
		row->at, false };
}

static bool leave(struct revisions *r, struct entry *entry)
{
	if (entry->gone)
		return false;
	entry->gone = true;
	entry->at = r->current + 1;
	r->gone++;
	return true;
}

/* Merges the sorted rows into the entries; true when anything has changed. */
static bool merge(struct revisions *r, struct revision_row **rows, size_t count)
{
	struct entry *merged = must_alloc((r->count + count + 1) * sizeof(*merged));
	size_t old = 0, new = 0, length = 0;
	bool changed = false;

	while (old < r->count || new < count) {
		struct entry *entry = old < r->count ? &r->entries[old] : NULL;
		struct revision_row *row = new < count ? rows[new] : NULL;
		int order = !entry ? 1
			    : !row
				? -1
				: compare(entry->kind, entry->name, row->kind, row->name);

		if (order > 0) {
			merged[length++] = appear(r, row);
			changed = true;
			new ++;
			continue;
		}
		changed |= order == 0 ? meet(r, entry, row) : leave(r, entry);
		merged[length++] = *entry;
		old++;
		new += order == 0;
	}
	free(r->entries);
	r->entries = merged;
	r->count = length;
	return changed;
}

/* Whoever is behind now gets everything anew. */
static void forget_gone(struct revisions *r)
{
	size_t kept = 0;

	if (r->gone <= GONE_MAX)
		return;
	for (size_t i = 0; i < r->count; i++)
		if (r->entries[i].gone)
			entry_done(&r->entries[i]);
		else
			r->entries[kept++] = r->entries[i];
	r->count = kept;
	r->gone = 0;
	r->forgotten = r->current;
}

uint64_t revisions_update(
    struct revisions *r, struct revision_row *rows, size_t count, uint64_t rest)
{
	struct revision_row **sorted = sort(rows, count);
	bool changed = merge(r, sorted, count);

	free(sorted);
	if (changed || rest != r->rest || r->current == 0)
		r->current++;
	r->rest = rest;
	forget_gone(r);
	return r->current;
}

struct list revisions_removed(
    const struct revisions *r, uint64_t since, const char *kind, struct arena *a)
{
	const char **names = arena_array(a, r->gone + 1, sizeof(*names));
	size_t count = 0;

	for (size_t i = 0; r->gone && i < r->count; i++) {
		const struct entry *entry = &r->entries[i];

		if (entry->gone && entry->at > since &&
		    (!kind || strcmp(entry->kind, kind) == 0))
			names[count++] =
			    arena_printf(a, "%s/%s", entry->kind, entry->name);
	}
	return (struct list){ names, count };
}

bool revisions_reach(const struct revisions *r, uint64_t since)
{
	return since >= r->forgotten;
}
