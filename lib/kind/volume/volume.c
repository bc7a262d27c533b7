/* SPDX-License-Identifier: MIT */
/* volume: what is written of one, inside its VM, and what libvirt says of it. */
#include "lib/kind/volume/volume.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/doc/xml.h"
#include "lib/kind/sources.h"
#include "lib/kind/vm/vm.h"
#include "lib/plan/item.h"

#define MIB ((int64_t)1 << 20)

static const struct field rows[] = {
	{ "size", FIELD_SIZE, at(struct volume, size), .minimum = MIB,
	    .help = "Its size as a guest sees it." },
	{ "image", FIELD_STRING, at(struct volume, image),
	    .help = "The image it is made over." },
	{ "path", FIELD_STRING, at(struct volume, path), .help = "Its file." },
	{ "format", FIELD_STRING, at(struct volume, format),
	    .help = "What the file is." },
	{ "backing", FIELD_STRING, at(struct volume, backing),
	    .help = "The file it is laid over." },
	{ 0 },
};

static const struct fields fields = { rows, sizeof(struct volume) };

static const char *const columns[] = { "size", "format", "backing", NULL };

/* Reading */

const char *volume_of_disk(struct arena *a, const struct domain_disk *disk)
{
	return disk->pool ? arena_printf(a, "%s/%s", disk->pool, disk->path) : NULL;
}

const char *volume_disk_path(struct planner *p, const struct vm_disk *disk)
{
	const struct observed *volume;

	if (!disk->path || !disk->pool)
		return disk->path && disk->path[0] == '/' ? disk->path : NULL;
	volume = planner_observed(
	    p, &volume_kind, arena_printf(p->arena, "%s/%s", disk->pool, disk->path));
	return volume ? ((const struct volume *)volume->config)->path : NULL;
}

static void derive_disk(struct config *config, const struct vm *vm,
    const struct domain_disk *disk, struct report *report)
{
	const struct vm_disk *written = disk->written;
	const char *name = volume_of_disk(&config->arena, disk);
	struct volume *volume =
	    name ? (struct volume *)config_object(config, &volume_kind, name, report)
		 : NULL;

	if (!volume)
		return;
	volume->object.record.node = written->record.node;
	volume->pool = disk->pool;
	volume->file = disk->path;
	volume->disk = disk;
	volume->vm = vm->object.name;
	volume->image = written->image;
	volume->size = written->size;
	if (volume->size)
		volume->object.record.has |= field_bit(&fields, "size");
	if (volume->image)
		volume->object.record.has |= field_bit(&fields, "image");
}

static void derive(struct config *config, struct report *report)
{
	const struct set *vms = config_get(config, &vm_kind);

	for (size_t i = 0; i < vms->count; i++) {
		const struct vm *vm = (const struct vm *)vms->items[i];

		for (size_t k = 0; k < vm->disk_count; k++)
			derive_disk(config, vm, &vm->disks[k], report);
	}
}

/* Observing */

/* libvirt writes bytes always. -1: it does not say how many. */
static int64_t read_bytes(struct arena *a, xmlNode *root, const char *element)
{
	const char *text = xml_content(a, root, element);
	const char *unit = xml_attribute(a, root, element, "unit");
	char *end;
	long long bytes;

	if (!text || (unit && strcmp(unit, "bytes") != 0))
		return -1;
	errno = 0;
	bytes = strtoll(text, &end, 10);
	return errno || end == text || *end || bytes < 0 ? -1 : bytes;
}

static void keep(
    struct volume *out, const char *key, const char **member, const char *text)
{
	if (!text || !*text)
		return;
	*member = text;
	out->object.record.has |= field_bit(&fields, key);
}

int volume_read(struct arena *a, const char *xml, struct volume *out, struct error *e)
{
	autoxml xmlDoc *doc = xml_parse(xml, e);
	xmlNode *root, *format;

	if (!doc)
		return fail_in(e, "the volume's XML");
	root = xml_root(doc);
	out->size = read_bytes(a, root, "capacity");
	if (out->size < 0)
		return fail(e, "the volume's XML has no capacity in bytes");
	out->object.record.has |= field_bit(&fields, "size");
	format = xml_find(root, "target/format");
	keep(out, "format", &out->format,
	    format ? xml_attribute(a, format, NULL, "type") : NULL);
	keep(out, "path", &out->path, xml_content(a, root, "target/path"));
	keep(out, "backing", &out->backing, xml_content(a, root, "backingStore/path"));
	out->changed = xml_content(a, root, "target/timestamps/mtime");
	return 0;
}

static int decode(
    struct observed *observed, const struct reading *reading, struct error *e)
{
	struct volume *volume = observed_object(observed);

	if (!reading->config_xml)
		return fail(e, "libvirt gave no description of the volume");
	if (volume_read(&observed->arena, reading->config_xml, volume, e) < 0)
		return -1;
	observed->config = &volume->object;
	return 0;
}

static const char *external_name(const struct object *want)
{
	const struct volume *volume = (const struct volume *)want;

	return volume->external ? volume->external : want->name;
}

const struct kind volume_kind = {
	.row = &volume_row,
	.name = "volume",
	.plural = "volumes",
	.title = "volume",
	.source = &libvirt_source,
	.fields = { rows, sizeof(struct volume) },
	.path_names = true,
	.list_columns = columns,
	.derive = derive,
	.external_name = external_name,
	.decode = decode,
	.plan = volume_plan,
};
