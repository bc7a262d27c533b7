/* SPDX-License-Identifier: MIT */
/*
 * disk_answers: what the source of libvirt would answer about the disks that a plan asks
 * of (and, by disks.json alone, what guests' agents would), where each path is a file of its own and the pool "default" is a directory.
 */
#ifndef TEST_GOLDEN_DISK_ANSWERS_H
#define TEST_GOLDEN_DISK_ANSWERS_H

#include <string.h>

#include "lib/base/hash.h"
#include "lib/doc/json.h"
#include "lib/kind/vm/vm_disk.h"
#include "lib/kind/vm/vm_disk_error.h"
#include "lib/plan/plan.h"

#define IMAGES "/var/lib/libvirt/images"

/* Where a plain world has it. */
static inline const char *disk_place(struct arena *a, const char *name)
{
	static const char in_default[] = "volume default/";

	if (strncmp(name, in_default, strlen(in_default)) == 0)
		return arena_printf(a, "path " IMAGES "/%s", name + strlen(in_default));
	return name;
}

/* As long as a real one: "=8:1-262147". */
static inline const char *disk_identity(struct arena *a, const char *name)
{
	const char *place = disk_place(a, name);

	return arena_printf(a, "%c%llx", DISK_IS,
	    (unsigned long long)hash_bytes(HASH_START, place, strlen(place)));
}

/* One that is known by these texts; NULL: by its place. */
static inline void disk_answer(
    struct probe_store *store, const struct probe *probe, struct json_object *known)
{
	struct arena a = { 0 };
	struct json_object *is = known ? json_object_get(known) : json_object_new_array();

	if (!known)
		json_object_array_add(
		    is, json_object_new_string(disk_identity(&a, probe->name)));
	probe_store_put(store, &(struct answer){ .kind = probe->kind,
				   .name = probe->name,
				   .hash = probe->hash,
				   .status = DISK_ANSWERED,
				   .json = is,
				   .error = "" });
	json_object_put(is);
	arena_done(&a);
}

/* All that the plan asks of disks and that has no answer yet; `known`, an object by the
 * disks' names, or NULL, says what else than a plain world has, and of what there is no answer: false. */
static inline void disk_answers(
    struct probe_store *store, const struct plan *plan, struct json_object *known)
{
	probe_store_ask(store, plan->probes, plan->probe_count);
	for (size_t i = 0; i < plan->probe_count; i++) {
		const struct probe *probe = &plan->probes[i];
		struct json_object *is = NULL;

		if (probe->kind != &vm_kind ||
		    strncmp(probe->name, DISK_SPACE, strlen(DISK_SPACE)) == 0 ||
		    probe_store_find(store, probe->kind, probe->name, probe->hash))
			continue;
		json_object_object_get_ex(known, probe->name, &is);
		if (!json_object_is_type(is, json_type_boolean))
			disk_answer(store, probe, is);
	}
}

#endif
