/* SPDX-License-Identifier: MIT */
/* vm_disk: `disk:` as it is written, <disk> elements, and the names of what they are made
 * of. */
#include "lib/kind/vm/vm_disk.h"

#include <string.h>

#include "lib/base/hash.h"
#include "lib/doc/xml.h"
#include "lib/kind/vm/vm_fields.h"
#include "lib/kind/vm/vm_xml.h"

/* As it is written */

static const struct field disk_rows[] = {
	{ "path", FIELD_PATH, at(struct vm_disk, path),
	    .help = "A file or block device that exists. Left out: a volume of a pool.",
	    .example = "/var/lib/libvirt/images/worker-1.qcow2" },
	{ "pool", FIELD_NAME, at(struct vm_disk, pool),
	    .help =
		"The storage pool that holds the volume, which is called as the VM with .qcow2 added; left out: default.",
	    .example = "default" },
	{ "image", FIELD_STRING, at(struct vm_disk, image),
	    .help =
		"The image the volume is laid over when it is made: the name of a volume in its pool, or the path of one in any pool; qcow2 or raw. Not compared afterwards.",
	    .example = "noble-server-cloudimg-amd64.img" },
	{ "size", FIELD_SIZE, at(struct vm_disk, size), .minimum = VM_MIB,
	    .help =
		"The size of the volume: it is made so, and grown, never made smaller; left out: that of the image.",
	    .example = "30GiB" },
	{ 0 },
};

const struct fields vm_disk_fields = { disk_rows, sizeof(struct vm_disk) };

void vm_disk_check(struct vm *vm, struct report *report)
{
	struct vm_disk *disk = &vm->disk;
	static const char *const of_volumes[] = { "pool", "image", "size" };
	struct finding *f;

	for (size_t i = 0; i < 3 && field_has(&vm_disk_fields, disk, "path"); i++) {
		if (!field_has(&vm_disk_fields, disk, of_volumes[i]))
			continue;
		f = report_add(report, SEVERITY_ERROR, "bad-value",
		    field_place(disk, of_volumes[i]),
		    "disk.%s is of a volume, but disk.path names a file that exists",
		    of_volumes[i]);
		report_fix(report, f, "keep disk.path, or pool, image and size");
		return;
	}
	if (!disk->path && !disk->pool)
		disk->pool = "default";
}

/* As it is observed */

/* Backing chains of one disk; libvirt itself follows no more than 200. */
#define CHAIN_MAX 200

static void name_disk(struct domain_disk *disk, const char *name)
{
	disk->name = name;
	disk->hash = hash_bytes(HASH_START, name, strlen(name));
	disk->known_here = strncmp(name, "network ", 8) != 0;
}

/* A network disk is known by all that its element says of where it is. */
static const char *network_name(struct arena *a, xmlNode *source)
{
	const char *text =
	    arena_printf(a, "network %s %s", xml_attribute(a, source, NULL, "protocol"),
		xml_attribute(a, source, NULL, "name"));

	for (xmlNode *host = xml_first(source, "host"); host; host = xml_next(host)) {
		const char *name = xml_attribute(a, host, NULL, "name");
		const char *port = xml_attribute(a, host, NULL, "port");

		text =
		    arena_printf(a, "%s %s:%s", text, name ? name : "", port ? port : "");
	}
	return text;
}

static const char *source_path(struct arena *a, xmlNode *source)
{
	static const char *const attributes[] = { "file", "dev", "dir" };
	const char *path = NULL;

	for (size_t i = 0; (!path || !*path) && i < 3; i++)
		path = xml_attribute(a, source, NULL, attributes[i]);
	return path && *path ? path : NULL;
}

/* False: there is no medium, or nothing that is known here. */
static bool read_source(struct arena *a, xmlNode *source, struct domain_disk *disk)
{
	const char *pool = xml_attribute(a, source, NULL, "pool");
	const char *volume = xml_attribute(a, source, NULL, "volume");

	disk->path = source_path(a, source);
	if (disk->path) {
		name_disk(disk, arena_printf(a, "path %s", disk->path));
	} else if (pool && volume && *volume) {
		disk->pool = pool;
		disk->path = volume;
		name_disk(disk, arena_printf(a, VOLUME_NAME "%s/%s", pool, volume));
	} else if (xml_attribute(a, source, NULL, "protocol")) {
		name_disk(disk, network_name(a, source));
		disk->path = disk->name + strlen("network ");
	} else {
		return false;
	}
	return true;
}

static struct domain_disk *add(struct arena *a, struct vm *out)
{
	return arena_push(a, &out->disks, &out->disk_count, sizeof(*out->disks));
}

/* What the disk is laid over, which libvirt names while it runs. */
static void read_chain(
    struct arena *a, xmlNode *element, const char *target, struct vm *out)
{
	xmlNode *backing = xml_first(element, "backingStore");

	for (size_t i = 0; backing && i < CHAIN_MAX; i++) {
		xmlNode *source = xml_first(backing, "source");
		struct domain_disk disk = { .target = target, .backing = true };

		if (source && read_source(a, source, &disk))
			*add(a, out) = disk;
		backing = xml_first(backing, "backingStore");
	}
}

static bool is_word(const char *text, const char *word)
{
	return text && strcmp(text, word) == 0;
}

static void read_one(struct arena *a, xmlNode *element, struct vm *out)
{
	xmlNode *source = xml_first(element, "source");
	const char *device = xml_attribute(a, element, NULL, "device");
	struct domain_disk disk = {
		.target = xml_attribute(a, element, "target", "dev"),
		.boot = xml_first(element, "boot") != NULL,
		.shared = xml_first(element, "readonly") ||
			  xml_first(element, "shareable") || is_word(device, "cdrom"),
		.hard = !device || is_word(device, "disk") || is_word(device, "lun"),
	};

	if (!source || !read_source(a, source, &disk))
		return;
	*add(a, out) = disk;
	if (!disk.shared)
		read_chain(a, element, disk.target, out);
}

void vm_disk_read_all(struct arena *a, xmlNode *devices, struct vm *out)
{
	for (xmlNode *n = xml_first(devices, "disk"); n; n = xml_next(n))
		read_one(a, n, out);
}

void vm_disk_name(struct arena *a, struct vm *want)
{
	const struct vm_disk *written = &want->disk;
	struct domain_disk *disk;

	if (!field_has(&vm_kind.fields, want, "disk") ||
	    (!written->path && !written->pool))
		return;
	disk = add(a, want);
	*disk = (struct domain_disk){ .target = "vda", .hard = true };
	disk->path = written->path ? written->path : vm_volume(a, want);
	disk->pool = written->path ? NULL : written->pool;
	name_disk(disk, disk->pool
			    ? arena_printf(a, VOLUME_NAME "%s/%s", disk->pool, disk->path)
			    : arena_printf(a, "path %s", disk->path));
}

struct domain_disk vm_disk_of_path(struct arena *a, const char *path)
{
	struct domain_disk disk = { .path = path, .backing = true };

	name_disk(&disk, arena_printf(a, "path %s", path));
	return disk;
}

const char *vm_disk_text(struct arena *a, const struct domain_disk *disk)
{
	return disk->pool
		   ? arena_printf(a, "volume %s of pool %s", disk->path, disk->pool)
		   : disk->path;
}
