/* SPDX-License-Identifier: MIT */
/* read_storage: one storage pool, one volume, and the lists of all. */
#include <string.h>

#include "daemon/virt/auto.h"
#include "daemon/virt/read.h"
#include "lib/base/cleanup.h"
#include "lib/kind/volume/storage.h"

enum outcome read_storage(virConnectPtr conn, const char *name, struct raw *answer)
{
	autopool virStoragePoolPtr pool = virStoragePoolLookupByName(conn, name);
	struct storage_facts *facts = arena_alloc(&answer->arena, sizeof(*facts));
	autofree char *xml = NULL;
	int active;

	answer->reading.facts = facts;
	if (!pool)
		return read_missed(conn, answer, VIR_ERR_NO_STORAGE_POOL);
	active = virStoragePoolIsActive(pool);
	xml = active < 0 ? NULL : virStoragePoolGetXMLDesc(pool, 0);
	if (!xml)
		return read_failed(conn, answer, VIR_ERR_NO_STORAGE_POOL);
	facts->active = active > 0;
	answer->reading.config_xml = arena_copy(&answer->arena, xml);
	return READ_FOUND;
}

int list_storage(virConnectPtr conn, struct arena *a, const char ***names)
{
	autofree virStoragePoolPtr *pools = NULL;
	int count = virConnectListAllStoragePools(conn, &pools, 0);

	if (count > 0)
		*names = arena_array(a, (size_t)count, sizeof(**names));
	for (int i = 0; i < count; i++) {
		(*names)[i] = arena_copy(a, virStoragePoolGetName(pools[i]));
		virStoragePoolFree(pools[i]);
	}
	return count;
}

/* The pool went away or was stopped. */
static bool is_gone(int code)
{
	return code == VIR_ERR_NO_STORAGE_POOL || code == VIR_ERR_NO_STORAGE_VOL ||
	       code == VIR_ERR_OPERATION_INVALID;
}

static enum outcome missed(virConnectPtr conn, struct raw *answer)
{
	fault_take(&answer->fault, conn);
	return is_gone(answer->fault.code) ? READ_GONE : READ_FAILED;
}

enum outcome read_volume(virConnectPtr conn, const char *name, struct raw *answer)
{
	const char *slash = strchr(name, '/');
	const char *in =
	    slash ? arena_copy_n(&answer->arena, name, (size_t)(slash - name)) : NULL;
	autopool virStoragePoolPtr pool =
	    in ? virStoragePoolLookupByName(conn, in) : NULL;
	autovolume virStorageVolPtr volume =
	    pool ? virStorageVolLookupByName(pool, slash + 1) : NULL;
	autofree char *xml = volume ? virStorageVolGetXMLDesc(volume, 0) : NULL;

	if (!in)
		return READ_GONE;
	if (!xml)
		return missed(conn, answer);
	answer->reading.config_xml = arena_copy(&answer->arena, xml);
	return READ_FOUND;
}

struct volume_list {
	struct arena *arena;
	const char **names;
	size_t count;
};

/* 0, too, where the pool went away meanwhile. */
static int list_pool(virStoragePoolPtr pool, struct volume_list *out)
{
	autofree virStorageVolPtr *volumes = NULL;
	int count = virStoragePoolListAllVolumes(pool, &volumes, 0);

	if (count < 0)
		return is_gone(virGetLastErrorCode()) ? 0 : -1;
	for (int i = 0; i < count; i++) {
		const char **slot =
		    arena_push(out->arena, &out->names, &out->count, sizeof(*slot));

		*slot = arena_printf(out->arena, "%s/%s", virStoragePoolGetName(pool),
		    virStorageVolGetName(volumes[i]));
		virStorageVolFree(volumes[i]);
	}
	return 0;
}

int list_volumes(virConnectPtr conn, struct arena *a, const char ***names)
{
	autofree virStoragePoolPtr *pools = NULL;
	int count = virConnectListAllStoragePools(
	    conn, &pools, VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE);
	struct volume_list list = { .arena = a };
	bool failed = count < 0;

	for (int i = 0; i < count; i++) {
		/* Not after an error: it would be forgotten. */
		if (!failed)
			failed = list_pool(pools[i], &list) < 0;
		virStoragePoolFree(pools[i]);
	}
	*names = list.names;
	return failed ? -1 : (int)list.count;
}
