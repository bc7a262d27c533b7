/* SPDX-License-Identifier: MIT */
/*
 * resident: the Pods of one node. Each object that is written is a watch of its own with
 * a field selector, and covers the names that begin with its node.
 */
#include <string.h>

#include "lib/doc/json.h"
#include "lib/kind/kinds.h"
#include "lib/kind/sources.h"
#include "lib/plan/item.h"

struct resident {
	struct object object; /* must be first */
	const char *node;
	const char *names; /* desired: what the names of its Pods begin with */
	const char *phase; /* observed only */
};

static const struct field rows[] = {
	{ "node", FIELD_HOSTNAME, at(struct resident, node), FIELD_NEEDED,
	    .help = "Whose Pods are observed.", .example = "worker-1" },
	{ 0 },
};

static const struct section sections[] = {
	{ .path = "residents", .shape = SECTION_MAP },
};

static void read_object(struct config *config, struct object *object,
    const struct node *map, struct report *report)
{
	struct resident *resident = (struct resident *)object;

	(void)map;
	(void)report;
	resident->names =
	    arena_printf(&config->arena, "%s/", resident->node ? resident->node : "");
}

static bool watch_of(const struct object *desired, struct arena *a, struct watch *out)
{
	const struct resident *resident = (const struct resident *)desired;

	*out = (struct watch){
		.path = "/api/v1/pods",
		.selector = arena_printf(a, "spec.nodeName=%s", resident->node),
		.prefix = resident->names,
		.namespaced = true,
	};
	return true;
}

/* No Pod has this name: what is written is only that they are observed. */
static const char *external_name(const struct object *want)
{
	return ((const struct resident *)want)->names;
}

static int decode(
    struct observed *observed, const struct reading *reading, struct error *e)
{
	struct resident *resident = observed_object(observed);
	const char *phase = json_string_at(reading->json, "status.phase");
	const char *node = json_string_at(reading->json, "spec.nodeName");

	if (!node)
		return fail(e, "it is on no node");
	resident->node = text_clean(&observed->arena, node, 253);
	resident->phase = phase ? text_clean(&observed->arena, phase, 32) : "Unknown";
	resident->object.record.has = field_bit(&resident_kind.fields, "node");
	observed->live = &resident->object;
	return 0;
}

static void plan(struct planner *p, struct item *item, const struct object *want,
    const struct observed *have)
{
	const struct resident *resident = (const struct resident *)want;
	const struct observed_set *all =
	    &p->input->observed->kinds[kind_index(&resident_kind)];
	size_t count = 0;

	if (!want) {
		item_converged(
		    p, item, "%s", ((const struct resident *)have->live)->phase);
		return;
	}
	for (size_t i = 0; i < all->count; i++)
		count += strncmp(all->items[i]->name, resident->names,
			     strlen(resident->names)) == 0;
	item_converged(p, item, "%zu on %s", count, resident->node);
}

const struct kind resident_kind = {
	.row = &resident_row,
	.name = "resident",
	.plural = "residents",
	.title = "Pod of a node",
	.source = &kubernetes_source,
	.fields = { rows, sizeof(struct resident) },
	.sections = sections,
	.section_count = 1,
	.read_object = read_object,
	.watch_of = watch_of,
	.external_name = external_name,
	.decode = decode,
	.plan = plan,
};
