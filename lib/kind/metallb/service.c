/* SPDX-License-Identifier: MIT */
/* service: Services of type LoadBalancer, observed only: whose addresses an edit of a
 * pool would take. */
#include <string.h>

#include "lib/doc/json.h"
#include "lib/kind/kinds.h"
#include "lib/kind/sources.h"
#include "lib/kind/metallb/pool.h"
#include "lib/state/object_state.h"

#define SHOWN 200 /* characters of what it asks for */

static const struct field rows[] = { { 0 } };

static const struct field record_rows[] = {
	record_row(struct service_record, "from4", FIELD_STRING, from[0], FIELD_KEPT),
	record_row(struct service_record, "from6", FIELD_STRING, from[1], FIELD_KEPT),
	record_row(struct service_record, "to4", FIELD_STRING, to[0], FIELD_KEPT),
	record_row(struct service_record, "to6", FIELD_STRING, to[1], FIELD_KEPT),
	record_row(struct service_record, "moved_at", FIELD_MONO, moved_at, FIELD_KEPT),
	{ 0 },
};

static const struct fields record_fields = { record_rows, sizeof(struct service_record) };

/* Whether the text names the address, among others. */
static bool asks_for(const char *text, struct ip address)
{
	char one[IP_TEXT + 1];
	struct ip ip;

	for (; *text; text += strspn(text, ", ")) {
		size_t length = strcspn(text, ", ");

		if (length > 0 && length < sizeof(one)) {
			memcpy(one, text, length);
			one[length] = '\0';
			if (ip_parse(one, &ip, NULL) == 0 && ip_equal(ip, address))
				return true;
		}
		text += length;
	}
	return false;
}

/* What it asks for, in one of the three ways there are; NULL: nothing. */
static const char *pins_of(struct json_object *o)
{
	static const char *const keys[] = { "metallb.io/loadBalancerIPs",
		"metallb.universe.tf/loadBalancerIPs" };
	struct json_object *annotations = json_at(o, "metadata.annotations"), *value;
	const char *text = json_string_at(o, "spec.loadBalancerIP");

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (json_object_is_type(annotations, json_type_object) &&
		    json_object_object_get_ex(annotations, keys[i], &value))
			text = json_object_get_string(value);
	return text && *text ? text : NULL;
}

static bool has_what_it_asks_for(const struct service *s)
{
	for (size_t i = 0; s->asks && i < s->address_count; i++)
		if (!asks_for(s->asks, s->addresses[i]))
			return false;
	return s->asks;
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
	if (pins_of(reading->json))
		s->asks = text_clean(&observed->arena, pins_of(reading->json), SHOWN);
	s->pinned = has_what_it_asks_for(s);
	for (size_t i = s->address_count; i-- > 0;)
		s->last[s->addresses[i].version == 6] = arena_copy(
		    &observed->arena, ip_text(s->addresses[i], (char[IP_TEXT]){ 0 }));
	observed->live = &s->object;
	return 0;
}

/* While its pool is gone a Service has no address, and then maybe another one. */
static void follow(
    struct observed *now, const struct observed *before, const struct object_state *state)
{
	struct service *s = (struct service *)(uintptr_t)now->live;
	const struct service *b = before ? (const struct service *)before->live : NULL;
	const struct service_record *record = state ? state->own : NULL;

	for (int i = 0; s && i < 2; i++) {
		const char *last = b ? b->last[i] : record ? record->to[i] : NULL;
		const char *moved_from = b	  ? b->moved_from[i]
					 : record ? record->from[i]
						  : NULL;
		bool moved = s->last[i] && last && strcmp(s->last[i], last) != 0;
		const char *from = moved && !moved_from ? last : moved_from;

		if (!s->last[i])
			s->last[i] = arena_copy(&now->arena, last);
		/* Unless it has its own again. */
		if (from && s->last[i] && strcmp(from, s->last[i]) != 0)
			s->moved_from[i] = arena_copy(&now->arena, from);
	}
}

/* One that has moved. */
static bool remembers(const struct observed *observed)
{
	const struct service *s = (const struct service *)observed->live;

	return s && (s->moved_from[0] || s->moved_from[1]);
}

static bool set_text(char **text, const char *now)
{
	bool same = *text && now ? strcmp(*text, now) == 0 : *text == now;

	if (!same)
		record_set_text(text, now);
	return !same;
}

static bool on_observed(struct object_state *state, const struct observed *observed,
    const struct object *want, const struct settings *settings, struct mono now,
    uint32_t random)
{
	const struct service *s =
	    observed ? (const struct service *)observed->live : NULL;
	struct service_record *record = state->own;
	bool changed = false;

	(void)want;
	(void)settings;
	(void)random;
	if (observed && !s)
		return false;
	for (int i = 0; i < 2; i++) {
		const char *from = s ? s->moved_from[i] : NULL;

		changed |= set_text(&record->from[i], from);
		changed |= set_text(&record->to[i], from ? s->last[i] : NULL);
	}
	if (changed)
		record->moved_at =
		    record->from[0] || record->from[1] ? now : (struct mono){ 0 };
	return changed;
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
		  a->pinned == b->pinned && same_text(a->asks, b->asks);

	for (int i = 0; is && i < 2; i++)
		is = same_text(a->last[i], b->last[i]) &&
		     same_text(a->moved_from[i], b->moved_from[i]);
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
	.state_fields = &record_fields,
	.remembers_all = true,
	.remembers = remembers,
	.observed = on_observed,
};
