/* SPDX-License-Identifier: MIT */
/* service: Services of type LoadBalancer, observed only: whose addresses an edit of a
 * pool would take. */
#include <string.h>

#include "lib/doc/json.h"
#include "lib/kind/kinds.h"
#include "lib/kind/sources.h"
#include "lib/kind/metallb/pool.h"

static const struct field rows[] = { { 0 } };

/* Whether it asks for its addresses itself, in one of the three ways there are. */
static bool is_pinned(struct json_object *o)
{
	static const char *const keys[] = { "metallb.io/loadBalancerIPs",
		"metallb.universe.tf/loadBalancerIPs" };
	struct json_object *annotations = json_at(o, "metadata.annotations");
	const char *ip = json_string_at(o, "spec.loadBalancerIP");

	if (ip && *ip)
		return true;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (json_object_is_type(annotations, json_type_object) &&
		    json_object_object_get_ex(annotations, keys[i], NULL))
			return true;
	return false;
}

static int decode(
    struct observed *observed, const struct reading *reading, struct error *e)
{
	const char *type = json_string_at(reading->json, "spec.type");
	struct json_object *list = json_at(reading->json, "status.loadBalancer.ingress");
	struct service *s;

	(void)e;
	if (!type || strcmp(type, "LoadBalancer") != 0)
		return 1;
	s = observed_object(observed);
	for (size_t i = 0; i < json_count(list); i++) {
		const char *text = json_string_at(json_item(list, i), "ip");
		struct ip ip, *slot;

		if (!text || ip_parse(text, &ip, NULL) < 0)
			continue;
		slot = arena_push(
		    &observed->arena, &s->addresses, &s->address_count, sizeof(*slot));
		*slot = ip;
	}
	s->pinned = is_pinned(reading->json);
	if (s->address_count)
		s->last = arena_copy(
		    &observed->arena, ip_text(s->addresses[0], (char[IP_TEXT]){ 0 }));
	observed->live = &s->object;
	return 0;
}

/* While its pool is gone a Service has no address, and then maybe another one. */
static void follow(
    struct observed *now, const struct observed *before, const struct object_state *state)
{
	struct service *s = (struct service *)(uintptr_t)now->live;
	const struct service *b = before ? (const struct service *)before->live : NULL;

	(void)state;
	if (!s || !b)
		return;
	if (s->last && b->last && strcmp(s->last, b->last) != 0)
		s->moved_from =
		    arena_copy(&now->arena, b->moved_from ? b->moved_from : b->last);
	else
		s->moved_from = arena_copy(&now->arena, b->moved_from);
	if (!s->last)
		s->last = arena_copy(&now->arena, b->last);
	if (s->moved_from && s->last && strcmp(s->moved_from, s->last) == 0)
		s->moved_from = NULL; /* it has its own again */
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Most events of a Service are about what is not used of it. */
static bool same(const struct observed *before, const struct observed *now)
{
	const struct service *a = (const struct service *)before->live;
	const struct service *b = (const struct service *)now->live;
	bool is = a && b && a->address_count == b->address_count &&
		  a->pinned == b->pinned && same_text(a->last, b->last) &&
		  same_text(a->moved_from, b->moved_from);

	for (size_t i = 0; is && i < a->address_count; i++)
		is = ip_equal(a->addresses[i], b->addresses[i]);
	return is;
}

static const struct watch watches[] = {
	{ .path = "/api/v1/services", .prefix = "", .namespaced = true },
};

const struct kind service_kind = {
	.row = &service_row,
	.name = "service",
	.plural = "services",
	.title = "Service",
	.source = &kubernetes_source,
	.fields = { rows, sizeof(struct service) },
	.path_names = true,
	.watches = watches,
	.watch_count = 1,
	.decode = decode,
	.follow = follow,
	.same = same,
};
