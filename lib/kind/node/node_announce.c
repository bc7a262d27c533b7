/* SPDX-License-Identifier: MIT */
/*
 * node_announce: the speaker that announces a Service keeps a ServiceL2Status which names its
 * Node, and deletes it when it stops; some versions leave that to the one that takes over.
 */
#include "lib/kind/node/node_announce.h"

#include <string.h>

#include "lib/base/hash.h"
#include "lib/base/text.h"
#include "lib/doc/json.h"
#include "lib/kind/kinds.h"

#define EVERY_MS 1000
#define PATH "/apis/metallb.io/v1beta1/servicel2statuses"
#define LABEL "metallb.io/node"
#define SHOWN 253

bool node_announces(const struct planner *p)
{
	return p->input->observed->kinds[kind_index(&pool_kind)].count > 0;
}

bool node_can_hand_over(const struct planner *p, const struct node_object *n)
{
	const struct observed_set *set =
	    &p->input->observed->kinds[kind_index(&node_kind)];

	for (size_t i = 0; i < set->count; i++) {
		const struct node_object *other =
		    (const struct node_object *)set->items[i]->live;

		if (other && other != n && other->ready && !other->has_exclude_label)
			return true;
	}
	return false;
}

/* Its status is filled in after it was made; the label is there from the first. */
static bool names(struct json_object *status, const char *node)
{
	struct json_object *labels = json_at(status, "metadata.labels"), *value;
	const char *text = json_string_at(status, "status.node");

	if (!text && json_object_object_get_ex(labels, LABEL, &value))
		text = json_object_get_string(value);
	return text && strcmp(text, node) == 0;
}

static const char *word(struct arena *a, struct json_object *status, const char *path)
{
	const char *text = json_string_at(status, path);

	return text && *text && !strchr(text, ' ') ? text_clean(a, text, SHOWN) : "?";
}

static enum announced among(struct planner *p, const struct node_object *n,
    struct json_object *items, const char **text, const char **service)
{
	struct arena *a = p->arena;
	size_t left = 0;

	for (size_t i = 0; i < json_count(items); i++) {
		struct json_object *status = json_item(items, i);

		if (!names(status, n->object.name))
			continue;
		if (!left++)
			*service = arena_printf(a, "%s/%s",
			    word(a, status, "status.serviceNamespace"),
			    word(a, status, "status.serviceName"));
	}
	if (!left)
		return ANNOUNCED_ELSEWHERE;
	*text = arena_printf(a, "it announces the address%s of %zu Service%s still: %s",
	    left == 1 ? "" : "es", left, left == 1 ? "" : "s", *service);
	return ANNOUNCED_HERE;
}

enum announced node_announced(struct planner *p, const struct node_object *n,
    const char *token, const char **text, const char **service)
{
	const char *name = arena_printf(p->arena, "%s announcements", n->object.name);
	uint64_t hash = hash_bytes(HASH_START, token, strlen(token));
	const struct answer *answer =
	    planner_probe_every(p, &node_kind, name, "get " PATH, hash, EVERY_MS);

	*service = NULL;
	*text = "asks where they are announced";
	if (!answer)
		return ANNOUNCED_UNKNOWN;
	if (answer->status == 200 && json_at(answer->json, "items"))
		return among(p, n, json_at(answer->json, "items"), text, service);
	*text =
	    answer->status == 404
		? "MetalLB does not say where they are announced (it has no ServiceL2Status)"
		: arena_printf(p->arena,
		      "the API server does not list ServiceL2Statuses: %s%s",
		      answer->error && *answer->error ? answer->error
						      : "it answers with no list",
		      answer->status == 403 ? "; give it the rights of cluster-role.yaml"
					    : "");
	return ANNOUNCED_NOT_SAID;
}
