/* SPDX-License-Identifier: MIT */
/* storage: pools as their documents say them. */
#include "lib/kind/volume/storage.h"

#include <string.h>

#include "lib/doc/xml.h"
#include "lib/kind/sources.h"
#include "lib/plan/item.h"

static const struct field rows[] = { { 0 } };

/* Those in which qcow2 files can be made (libvirt: formatstorage.html). */
static bool has_files(const char *type)
{
	static const char *const words[] = { "dir", "fs", "netfs" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(type, words[i]) == 0)
			return true;
	return false;
}

static int decode(
    struct observed *observed, const struct reading *reading, struct error *e)
{
	struct arena *a = &observed->arena;
	autoxml xmlDoc *doc = NULL;
	struct storage *pool;
	xmlNode *root;

	if (!reading->facts || !reading->config_xml)
		return fail(e, "libvirt gave no description of the storage pool");
	doc = xml_parse(reading->config_xml, e);
	if (!doc)
		return -1;
	root = xml_root(doc);
	pool = observed_object(observed);
	pool->active = ((const struct storage_facts *)reading->facts)->active;
	pool->type = xml_attribute(a, root, NULL, "type");
	if (!pool->type)
		return fail(e, "the storage pool's XML has no type");
	pool->files = has_files(pool->type);
	pool->path = xml_content(a, root, "target/path");
	observed->config = &pool->object;
	return 0;
}

/* Free space changes all the time, and says nothing that was not known. */
static bool same(const struct observed *before, const struct observed *now)
{
	const struct storage *was = (const struct storage *)before->config;
	const struct storage *is = (const struct storage *)now->config;

	return was && is && was->active == is->active &&
	       strcmp(was->type, is->type) == 0 &&
	       strcmp(was->path ? was->path : "", is->path ? is->path : "") == 0;
}

const struct storage *storage_pool(const struct planner *p, const char *name)
{
	const struct observed *observed = planner_observed(p, &storage_kind, name);

	return observed ? (const struct storage *)observed->config : NULL;
}

const struct kind storage_kind = {
	.row = &storage_row,
	.name = "storage",
	.plural = "storage",
	.title = "storage pool",
	.source = &libvirt_source,
	.fields = { rows, sizeof(struct storage) },
	.decode = decode,
	.same = same,
};
