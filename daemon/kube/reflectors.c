/* SPDX-License-Identifier: MIT */
/* reflectors: an array and loops over it. */
#include "daemon/kube/reflectors.h"

#include <stdlib.h>

#include "lib/base/arena.h"

void reflectors_make(struct reflectors *all, struct reflector_host *host)
{
	const struct kube_tuning *t = host->tuning;

	for (size_t i = 0; i < t->kind_count; i++) {
		const struct kind *kind = t->kinds[i];

		all->items = must_realloc(all->items,
		    (all->count + kind->watch_count) * sizeof(struct reflector *));
		for (size_t n = 0; n < kind->watch_count; n++)
			all->items[all->count++] =
			    reflector_new(host, kind, &kind->watches[n]);
	}
}

void reflectors_free(struct reflectors *all)
{
	for (size_t i = 0; i < all->count; i++)
		reflector_free(all->items[i]);
	free(all->items);
	*all = (struct reflectors){ 0 };
}

void reflectors_resume(struct reflectors *all)
{
	for (size_t i = 0; i < all->count; i++)
		reflector_resume(all->items[i]);
}

void reflectors_resume_missing(struct reflectors *all)
{
	for (size_t i = 0; i < all->count; i++)
		reflector_resume_missing(all->items[i]);
}

void reflectors_pause(struct reflectors *all, enum loss cause, const char *why)
{
	for (size_t i = 0; i < all->count; i++)
		reflector_pause(all->items[i], cause, why);
}

void reflectors_lose(struct reflectors *all, enum loss cause, const char *why)
{
	for (size_t i = 0; i < all->count; i++)
		reflector_lose(all->items[i], cause, why);
}

void reflectors_relist(struct reflectors *all)
{
	for (size_t i = 0; i < all->count; i++)
		reflector_relist(all->items[i]);
}

struct reflector *reflectors_find(const struct reflectors *all, const struct kind *kind)
{
	for (size_t i = 0; i < all->count; i++)
		if (reflector_kind(all->items[i]) == kind)
			return all->items[i];
	return NULL;
}

size_t reflectors_skipped(const struct reflectors *all)
{
	size_t count = 0;

	for (size_t i = 0; i < all->count; i++)
		count += reflector_skipped(all->items[i]);
	return count;
}
