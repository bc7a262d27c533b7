/* SPDX-License-Identifier: MIT */
/* service: Services of type LoadBalancer, observed only: whose addresses an edit of a
 * pool would take. */
#include <string.h>

#include "lib/doc/json.h"
#include "lib/kind/kinds.h"
#include "lib/kind/sources.h"
#include "lib/kind/metallb/pool.h"

static const struct field rows[] = { { 0 } };

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
	observed->live = &s->object;
	return 0;
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
};
