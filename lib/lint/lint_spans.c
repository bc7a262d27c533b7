/* SPDX-License-Identifier: MIT */
/* lint_spans: sorting ranges and sweeping over them. */
#include "lib/lint/lint_spans.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/sorted.h"
#include "lib/kind/kinds.h"
#include "lib/kind/metallb/pool.h"

void spans_add(struct arena *a, struct spans *spans, struct span span)
{
	struct span *added =
	    arena_push(a, &spans->items, &spans->count, sizeof(*spans->items));

	*added = span;
}

static int compare_spans(const void *x, const void *y)
{
	const struct span *a = x, *b = y;
	int order = ip_compare(a->range.first, b->range.first);

	if (!order)
		order = ip_compare(b->range.last, a->range.last);
	return order ? order : strcmp(a->what, b->what);
}

void spans_sort(struct spans *spans)
{
	struct span *items = spans->items;

	if (!spans->count)
		return;
	qsort(items, spans->count, sizeof(*items), compare_spans);
	items[0].reach = &items[0];
	for (size_t i = 1; i < spans->count; i++) {
		const struct span *before = items[i - 1].reach;

		items[i].reach = ip_compare(items[i].range.last, before->range.last) > 0
				     ? &items[i]
				     : before;
	}
}

static int reaches(const void *element, const void *ip)
{
	const struct span *reach = ((const struct span *)element)->reach;

	return ip_compare(reach->range.last, *(const struct ip *)ip);
}

size_t spans_from(const struct spans *spans, struct ip ip)
{
	return sorted_position(
	    spans->items, spans->count, sizeof(*spans->items), &ip, reaches, NULL);
}

const struct span *spans_find(const struct spans *spans, struct ip ip)
{
	size_t i = spans_from(spans, ip);

	/* The first that reaches the address holds it, or nothing does. */
	if (i < spans->count && range_contains(spans->items[i].range, ip))
		return &spans->items[i];
	return NULL;
}

void spans_report_overlaps(
    const struct spans *spans, const char *id, const char *fix, struct report *report)
{
	for (size_t i = 1; i < spans->count; i++) {
		const struct span *span = &spans->items[i];
		const struct span *other = spans->items[i - 1].reach;
		struct range common;
		struct finding *f;

		if (!range_overlaps(other->range, span->range, &common))
			continue;
		if (!strcmp(other->what, span->what))
			f = report_add(report, SEVERITY_ERROR, id, span->place,
			    "%s lists %s twice", span->what,
			    range_text(report->arena, common));
		else
			f = report_add(report, SEVERITY_ERROR, id, span->place,
			    "%s and %s share %s", other->what, span->what,
			    range_text(report->arena, common));
		report_fix(report, f, "%s", fix);
		lint_about(report, f, other->object,
		    other->object == span->object ? NULL : span->object);
	}
}

/* From the list as written, not from the set made of it: each span has its own place. */
static void add_pool(struct arena *a, struct spans *spans, const struct pool *pool)
{
	const struct node *list = node_get(pool->object.record.node, "addresses");
	const char *what = arena_printf(a, "pool %s", pool->object.name);

	for (size_t i = 0; list && list->type == NODE_LIST && i < list->count; i++) {
		const struct node *item = list->items[i];
		struct span span = {
			.object = &pool->object, .what = what, .place = &item->place
		};

		if (item->type == NODE_SCALAR &&
		    !range_parse(item->text, &span.range, NULL))
			spans_add(a, spans, span);
	}
}

struct spans spans_of_pools(struct arena *a, const struct config *config)
{
	const struct set *pools = config_get(config, &pool_kind);
	struct spans spans = { 0 };

	for (size_t i = 0; i < pools->count; i++)
		add_pool(a, &spans, (const struct pool *)pools->items[i]);
	spans_sort(&spans);
	return spans;
}

void lint_about(struct report *report, struct finding *finding, const struct object *x,
    const struct object *y)
{
	const struct object *const about[] = { x, y };
	size_t count = 0;

	for (size_t i = 0; i < 2; i++) {
		if (about[i])
			finding->objects[count++] = arena_printf(report->arena, "%s/%s",
			    about[i]->kind->name, about[i]->short_name);
	}
}

bool lint_has(const struct object *object, const char *key)
{
	return field_has(&object->kind->fields, object, key);
}
