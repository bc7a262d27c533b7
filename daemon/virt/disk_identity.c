/* SPDX-License-Identifier: MIT */
/*
 * disk_identity: names into paths by libvirt, paths into identities by the kernel.
 *
 * The chain under an image is read from libvirt, which knows it of volumes, and from the
 * image itself where it is ours to read; of one that is neither, the document of a running
 * domain has it (vm_disk.c).
 */
#include "daemon/virt/disk_identity.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "daemon/virt/auto.h"
#include "daemon/virt/block_device.h"
#include "daemon/virt/qcow2.h"
#include "lib/base/cleanup.h"
#include "lib/doc/xml.h"
#include "lib/kind/vm/vm_disk.h"

#define CHAIN_MAX 200 /* as libvirt */

struct finding_out {
	virConnectPtr conn;
	struct arena arena;
	struct json_object *out;
	struct fault *fault;
};

static bool has(const struct finding_out *f, const char *identity)
{
	for (size_t i = 0; i < json_object_array_length(f->out); i++)
		if (strcmp(
			json_object_get_string(json_object_array_get_idx(f->out, i)) + 1,
			identity) == 0)
			return true;
	return false;
}

/* Each once: what is written to is not "read" as well. */
static void add(struct finding_out *f, char sign, const char *identity)
{
	if (!has(f, identity))
		json_object_array_add(f->out, json_object_new_string(arena_printf(
						  &f->arena, "%c%s", sign, identity)));
}

/* Links followed as far as the path exists; the rest as it is written. */
static const char *resolve(struct arena *a, const char *path)
{
	char real[PATH_MAX], *parent, *slash;

	if (realpath(path, real))
		return arena_copy(a, real);
	parent = arena_copy(a, path);
	slash = strrchr(parent, '/');
	if (!slash || slash == parent)
		return path;
	*slash = '\0';
	return arena_printf(a, "%s/%s", resolve(a, parent), slash + 1);
}

static void add_path(struct finding_out *f, char sign, const char *path);

/* A partition is a part of what who has the whole disk writes to. */
static void add_device(struct finding_out *f, char sign, dev_t device)
{
	const char *file = block_device_loop_file(&f->arena, device);
	dev_t whole;

	add(f, sign,
	    arena_printf(&f->arena, "block %u:%u", major(device), minor(device)));
	if (file)
		add_path(f, sign, file);
	if (block_device_whole(device, &whole))
		add(f, DISK_READS,
		    arena_printf(&f->arena, "block %u:%u", major(whole), minor(whole)));
}

static void add_path(struct finding_out *f, char sign, const char *path)
{
	struct stat s;
	dev_t device;

	if (block_device_find(path, &device))
		add_device(f, sign, device);
	else if (stat(path, &s) == 0)
		add(f, sign,
		    arena_printf(&f->arena, "file %llu %llu",
			(unsigned long long)s.st_dev, (unsigned long long)s.st_ino));
	else
		add(f, sign,
		    arena_printf(&f->arena, "path %s", resolve(&f->arena, path)));
}

/* What the volume's document says it is laid over, or NULL. */
static const char *volume_backing(struct finding_out *f, virStorageVolPtr volume)
{
	autofree char *xml = virStorageVolGetXMLDesc(volume, 0);
	struct error ignored;
	autoxml xmlDoc *doc = xml ? xml_parse(xml, &ignored) : NULL;

	return doc ? xml_content(&f->arena, xml_root(doc), "backingStore/path") : NULL;
}

static const char *backing_of(struct finding_out *f, const char *path)
{
	autovolume virStorageVolPtr volume = virStorageVolLookupByPath(f->conn, path);
	const char *backing = volume ? volume_backing(f, volume) : NULL;

	return backing && *backing ? backing : qcow2_backing(&f->arena, path);
}

static void add_chain(struct finding_out *f, const char *path)
{
	const char *at = backing_of(f, path);

	for (size_t i = 0; at && i < CHAIN_MAX; i++) {
		size_t before = json_object_array_length(f->out);

		add_path(f, DISK_READS, at);
		if (json_object_array_length(f->out) == before) /* a ring */
			return;
		at = backing_of(f, at);
	}
}

/* A pool that is not active names no volumes; its own document says where they are. */
static const char *path_in_pool(
    struct finding_out *f, virStoragePoolPtr pool, const char *name)
{
	autofree char *xml = virStoragePoolGetXMLDesc(pool, 0);
	struct error ignored;
	autoxml xmlDoc *doc = xml ? xml_parse(xml, &ignored) : NULL;
	const char *target =
	    doc ? xml_content(&f->arena, xml_root(doc), "target/path") : NULL;

	return target && *target ? arena_printf(&f->arena, "%s/%s", target, name) : NULL;
}

/* NULL also where the connection is lost: then `fault` says so. */
static const char *volume_path(struct finding_out *f, const char *pool, const char *name)
{
	autopool virStoragePoolPtr found = virStoragePoolLookupByName(f->conn, pool);
	autovolume virStorageVolPtr volume =
	    found ? virStorageVolLookupByName(found, name) : NULL;
	autofree char *path = volume ? virStorageVolGetPath(volume) : NULL;

	if (path)
		return arena_copy(&f->arena, path);
	fault_take(f->fault, f->conn);
	if (f->fault->lost)
		return NULL;
	*f->fault = (struct fault){ .code = 0 };
	return found ? path_in_pool(f, found, name) : NULL;
}

static void add_volume(struct finding_out *f, const char *name)
{
	char *pool = arena_copy(&f->arena, name), *slash = strchr(pool, '/');
	const char *path;

	if (slash)
		*slash++ = '\0';
	path = slash ? volume_path(f, pool, slash) : NULL;
	if (!path) {
		add(f, DISK_IS, arena_printf(&f->arena, "volume %s", name));
		return;
	}
	add_path(f, DISK_IS, path);
	add_chain(f, path);
}

static const char path[] = "path ", volume[] = "volume ";

const char *disk_path(
    virConnectPtr conn, struct arena *a, const char *name, struct fault *fault)
{
	struct finding_out f = { .conn = conn, .fault = fault };
	const char *found = NULL;
	char *pool, *slash;

	*fault = (struct fault){ .code = 0 };
	if (strncmp(name, path, strlen(path)) == 0)
		return arena_copy(a, name + strlen(path));
	if (strncmp(name, volume, strlen(volume)) != 0)
		return NULL;
	pool = arena_copy(&f.arena, name + strlen(volume));
	slash = strchr(pool, '/');
	if (slash) {
		*slash++ = '\0';
		found = volume_path(&f, pool, slash);
	}
	found = found ? arena_copy(a, found) : NULL;
	arena_done(&f.arena);
	return found;
}

struct json_object *disk_identity(
    virConnectPtr conn, const char *name, struct fault *fault)
{
	struct finding_out f = {
		.conn = conn, .out = json_object_new_array(), .fault = fault
	};

	*fault = (struct fault){ .code = 0 };
	if (strncmp(name, path, strlen(path)) == 0) {
		add_path(&f, DISK_IS, name + strlen(path));
		add_chain(&f, name + strlen(path));
	} else if (strncmp(name, volume, strlen(volume)) == 0) {
		add_volume(&f, name + strlen(volume));
	} else {
		fault->slow = true;
		fail(&fault->error, "\"%.40s\" names no disk", name);
	}
	if (virConnectIsAlive(conn) == 0)
		fault_closed(fault);
	arena_done(&f.arena);
	if (!fault->lost && !fault->slow)
		return f.out;
	json_object_put(f.out);
	return NULL;
}
