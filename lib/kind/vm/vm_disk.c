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

#define POOL_HELP(volume)                                                                \
	"The storage pool that holds the volume, which is called as the VM with " volume \
	"added; left out: default."
#define IMAGE_HELP                                                                       \
	"The image the volume is laid over when it is made: the name of a volume in its pool, or the path of a file; qcow2 or raw. Not compared afterwards."

#define IMAGE "write \"image: noble-server-cloudimg-amd64.img\""
#define PATH "write \"path: /var/lib/libvirt/images/worker-1.qcow2\""
#define FORMAT "leave it out: a volume is made as qcow2, and what an image is, is found"

static const struct hint disk_hints[] = {
	{ "base", IMAGE, false },
	{ "base_image", IMAGE, false },
	{ "base_volume", IMAGE, false },
	{ "backing_file", IMAGE, false },
	{ "backing_store", IMAGE, false },
	{ "template", IMAGE, false },
	{ "source", IMAGE, false },
	{ "file", PATH, false },
	{ "device", PATH, false },
	{ "dev", PATH, false },
	{ "capacity", "write \"size: 30GiB\"", false },
	{ "size_gb", "write \"size: 30GiB\"", false },
	{ "storage_pool", "write \"pool: default\"", false },
	{ "format", FORMAT, false },
	{ "type", FORMAT, false },
	{ "bus", "leave it out: a new disk is a virtio one", false },
	{ 0 },
};

static const struct field disk_rows[] = {
	{ "path", FIELD_PATH, at(struct vm_disk, path),
	    .help = "A file or block device that exists. Left out: a volume of a pool.",
	    .example = "/var/lib/libvirt/images/worker-1.qcow2" },
	{ "pool", FIELD_NAME, at(struct vm_disk, pool), .help = POOL_HELP(".qcow2 "),
	    .example = "default" },
	{ "image", FIELD_STRING, at(struct vm_disk, image), .help = IMAGE_HELP,
	    .example = "noble-server-cloudimg-amd64.img" },
	{ "size", FIELD_SIZE, at(struct vm_disk, size), .minimum = VM_MIB,
	    .help =
		"The size of the volume: it is made so, and grown, never made smaller; left out: that of the image.",
	    .example = "30GiB" },
	{ .hints = disk_hints },
};

const struct fields vm_disk_fields = { disk_rows, sizeof(struct vm_disk) };

static const struct field more_rows[] = {
	{ "name", FIELD_LABEL, at(struct vm_disk, name),
	    .help =
		"Its name, by which its volume is known; left out: disk-1 and so on, by its place.",
	    .example = "data" },
	{ "path", FIELD_PATH, at(struct vm_disk, path),
	    .help = "A file or block device that exists. Left out: a volume of a pool.",
	    .example = "/dev/disk/by-id/ata-WDC-1" },
	{ "pool", FIELD_NAME, at(struct vm_disk, pool), .help = POOL_HELP(".NAME.qcow2 "),
	    .example = "default" },
	{ "image", FIELD_STRING, at(struct vm_disk, image), .help = IMAGE_HELP,
	    .example = "data.img" },
	{ "size", FIELD_SIZE, at(struct vm_disk, size), .minimum = VM_MIB,
	    .help =
		"The size of the volume: it is made so, and grown, never made smaller; left out: that of the image.",
	    .example = "100GiB" },
	{ .hints = disk_hints },
};

const struct fields vm_more_disk_fields = { more_rows, sizeof(struct vm_disk) };

/* What downloads or paths elsewhere would be taken for a volume that is not there. */
static void check_image(
    const struct vm_disk *disk, const char *key, struct report *report)
{
	const char *name = strrchr(disk->image, '/');
	bool url = strstr(disk->image, "://");
	struct finding *f;

	if (!name || (disk->image[0] == '/' && !url))
		return;
	f = report_add(report, SEVERITY_ERROR, "bad-value", field_place(disk, "image"),
	    url ? "%s.image is an address, and nothing is downloaded"
		: "%s.image must be the name of a volume of the pool, or an absolute path",
	    key);
	if (url)
		report_fix(report, f,
		    "download it into the pool's directory, as /var/lib/libvirt/images, `virsh pool-refresh %s`, and write \"image: noble-server-cloudimg-amd64.img\"",
		    disk->pool ? disk->pool : "default");
	else
		report_fix(report, f,
		    "write \"image: noble-server-cloudimg-amd64.img\", or \"image: /var/lib/libvirt/images/noble-server-cloudimg-amd64.img\"");
}

static void check_one(struct vm_disk *disk, const struct fields *fields, const char *key,
    struct report *report)
{
	static const char *const of_volumes[] = { "pool", "image", "size" };
	struct finding *f;

	for (size_t i = 0; i < 3 && field_has(fields, disk, "path"); i++) {
		if (!field_has(fields, disk, of_volumes[i]))
			continue;
		f = report_add(report, SEVERITY_ERROR, "bad-value",
		    field_place(disk, of_volumes[i]),
		    "%s.%s is of a volume, but %s.path names a file that exists", key,
		    of_volumes[i], key);
		report_fix(report, f, "keep %s.path, or pool, image and size", key);
		return;
	}
	if (!disk->path && !disk->pool)
		disk->pool = "default";
	if (disk->image)
		check_image(disk, key, report);
}

static void check_name(struct vm *vm, size_t index, struct report *report)
{
	struct vm_disk *disks = vm->more_disks.items;
	struct finding *f;

	for (size_t i = 0; i < index; i++) {
		if (strcmp(disks[i].name, disks[index].name) != 0)
			continue;
		f = report_add(report, SEVERITY_ERROR, "duplicate-name",
		    field_place(&disks[index], "name"),
		    "disks[%zu] and disks[%zu] are both called \"%s\"", i, index,
		    disks[i].name);
		report_fix(report, f, "give one of them another name");
		/* Not found once more as a volume. */
		disks[index].name =
		    arena_printf(report->arena, "%s-%zu", disks[i].name, index);
		return;
	}
}

void vm_disk_check(struct vm *vm, struct report *report)
{
	struct vm_disk *disks = vm->more_disks.items;

	if (field_has(&vm_kind.fields, vm, "disk"))
		check_one(&vm->disk, &vm_disk_fields, "disk", report);
	for (size_t i = 0; i < vm->more_disks.count; i++) {
		if (!disks[i].name)
			disks[i].name = arena_printf(report->arena, "disk-%zu", i + 1);
		check_one(&disks[i], &vm_more_disk_fields,
		    arena_printf(report->arena, "disks[%zu]", i), report);
		check_name(vm, i, report);
	}
	if (vm->more_disks.count > VM_DISKS_MAX)
		report_add(report, SEVERITY_ERROR, "bad-value", field_place(vm, "disks"),
		    "disks has %zu elements, %d are allowed", vm->more_disks.count,
		    VM_DISKS_MAX)
		    ->fix = "leave some out";
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
		.bus = xml_attribute(a, element, "target", "bus"),
		.boot = xml_first(element, "boot") != NULL,
		.shared = xml_first(element, "readonly") ||
			  xml_first(element, "shareable") || is_word(device, "cdrom"),
		.hard = !device || is_word(device, "disk") || is_word(device, "lun"),
	};

	out->virtio |= is_word(disk.bus, "virtio");
	if (disk.target)
		*(const char **)arena_push(a, &out->drives.items, &out->drives.count,
		    sizeof(const char *)) = disk.target;
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

const char *vm_disk_element(
    struct arena *a, const char *xml, const char *target, const char *name)
{
	autoxml xmlDoc *doc = xml_parse(xml, NULL);
	xmlNode *devices = doc ? xml_first(xml_root(doc), "devices") : NULL;

	for (xmlNode *n = devices ? xml_first(devices, "disk") : NULL; n;
	     n = xml_next(n)) {
		struct vm found = { .disk_count = 0 };

		read_one(a, n, &found);
		if (found.disk_count && is_word(found.disks[0].target, target) &&
		    strcmp(found.disks[0].name, name) == 0)
			return xml_print_element(a, n, NULL);
	}
	return NULL;
}

const char *vm_disk_volume(
    struct arena *a, const struct vm *vm, const struct vm_disk *disk)
{
	return disk->name ? arena_printf(a, "%s.%s.qcow2", vm->object.name, disk->name)
			  : arena_printf(a, "%s.qcow2", vm->object.name);
}

/* The one of `disk` is vda, the others are those after it, whether there is one or not. */
static void name_written(
    struct arena *a, struct vm *vm, const struct vm_disk *written, size_t place)
{
	struct domain_disk *disk;

	if (!written->path && !written->pool)
		return;
	disk = add(a, vm);
	*disk =
	    (struct domain_disk){ .target = arena_printf(a, "vd%c", (char)('a' + place)),
		    .hard = true,
		    .written = written };
	disk->path = written->path ? written->path : vm_disk_volume(a, vm, written);
	disk->pool = written->path ? NULL : written->pool;
	name_disk(disk, disk->pool
			    ? arena_printf(a, VOLUME_NAME "%s/%s", disk->pool, disk->path)
			    : arena_printf(a, "path %s", disk->path));
}

void vm_disk_name(struct arena *a, struct vm *want)
{
	const struct vm_disk *more = want->more_disks.items;

	if (field_has(&vm_kind.fields, want, "disk"))
		name_written(a, want, &want->disk, 0);
	for (size_t i = 0; i < want->more_disks.count && i < VM_DISKS_MAX; i++)
		name_written(a, want, &more[i], i + 1);
}

struct domain_disk vm_disk_of_path(struct arena *a, const char *path)
{
	struct domain_disk disk = { .path = path, .backing = true };

	name_disk(&disk, arena_printf(a, "path %s", path));
	return disk;
}

struct domain_disk vm_disk_of_volume(struct arena *a, const char *volume)
{
	size_t length = strcspn(volume, "/");
	struct domain_disk disk = { .pool = arena_copy_n(a, volume, length),
		.path = volume + length + (volume[length] == '/') };

	name_disk(&disk, arena_printf(a, VOLUME_NAME "%s", volume));
	return disk;
}

const char *vm_disk_text(struct arena *a, const struct domain_disk *disk)
{
	return disk->pool
		   ? arena_printf(a, "volume %s of pool %s", disk->path, disk->pool)
		   : disk->path;
}
