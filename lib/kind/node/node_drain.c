/* SPDX-License-Identifier: MIT */
/*
 * node_drain: Pods and PodDisruptionBudgets are read while a Node drains, not
 * watched: a budget that allows no disruption is waited for without sending an eviction
 * that would be refused. Should it be refused all the same, the answer names the budget.
 */
#include "lib/kind/node/node_drain.h"

#include <string.h>

#include "lib/base/hash.h"
#include "lib/base/text.h"
#include "lib/doc/json.h"
#include "lib/kind/kinds.h"
#include "lib/kind/node/node_announce.h"
#include "lib/kind/node/pod_budget.h"

#define EVERY_MS 3000
#define SHOWN 253

/* Cordon */

bool node_is_marked(const struct node_object *n, const char *token)
{
	return n->mark_token && (!token || strcmp(n->mark_token, token) == 0);
}

/* Where nobody takes the addresses over they are announced until its machine stops. */
static bool is_to_exclude(const struct planner *p, const struct node_object *n)
{
	return !n->has_exclude_label && node_announces(p) && node_can_hand_over(p, n);
}

bool node_is_cordoned(const struct planner *p, const struct node_object *n)
{
	return n->unschedulable && !is_to_exclude(p, n);
}

/* {metadata: {KEY: {NAME: value}}}; NULL takes it away. */
static void put_mark(
    struct json_object *metadata, const char *key, const char *name, const char *value)
{
	struct json_object *of = json_object_new_object();

	json_put_string(of, name, value);
	json_put(metadata, key, of);
}

static void put_unschedulable(struct json_object *o, bool on)
{
	struct json_object *spec = json_object_new_object();

	json_put(spec, "unschedulable", on ? json_object_new_boolean(true) : NULL);
	json_put(o, "spec", spec);
}

static void patch_step(struct planner *p, struct program *program,
    const struct node_object *n, struct json_object *body, const char *verb)
{
	struct step *step = program_step(
	    p, program, &kube_merge_action, NULL, "%s node %s", verb, n->object.name);
	struct kube_request *request = step_arguments(step);

	step_edits(step, &node_kind, n->object.name);
	request->path = arena_printf(p->arena, "/api/v1/nodes/%s", n->object.name);
	request->body = arena_copy(p->arena, json_text(body));
}

/* Only of the Node as it was observed. */
static struct json_object *metadata_of(const struct node_object *n)
{
	struct json_object *metadata = json_object_new_object();

	json_put_string(metadata, "uid", n->uid);
	json_put_string(metadata, "resourceVersion", n->resource_version);
	return metadata;
}

void node_cordon_step(struct planner *p, struct program *program,
    const struct node_object *n, const char *token)
{
	bool known = node_is_marked(n, token);
	bool cordons = !n->unschedulable, excludes = is_to_exclude(p, n);
	autojson struct json_object *o = json_object_new_object();
	struct json_object *metadata = metadata_of(n);

	put_mark(metadata, "annotations", NODE_MARK,
	    arena_printf(p->arena, "%s%s%s", token,
		cordons || (known && n->marks_cordon) ? NODE_MARK_CORDON : "",
		excludes || (known && n->marks_exclude) ? NODE_MARK_EXCLUDE : ""));
	if (excludes)
		put_mark(metadata, "labels", NODE_EXCLUDE_LABEL, "");
	json_put(o, "metadata", metadata);
	if (cordons)
		put_unschedulable(o, true);
	patch_step(p, program, n, o, "cordon");
}

void node_uncordon_step(
    struct planner *p, struct program *program, const struct node_object *n)
{
	autojson struct json_object *o = json_object_new_object();
	struct json_object *metadata = metadata_of(n);

	put_mark(metadata, "annotations", NODE_MARK, NULL);
	if (n->marks_exclude)
		put_mark(metadata, "labels", NODE_EXCLUDE_LABEL, NULL);
	json_put(o, "metadata", metadata);
	if (n->marks_cordon)
		put_unschedulable(o, false);
	patch_step(p, program, n, o, n->marks_cordon ? "uncordon" : "take our mark from");
}

/* Pods */

/* A name as the API has them: it becomes part of a path. */
static bool is_name(const char *text)
{
	return text && *text &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789.-") == strlen(text);
}

static struct json_object *controller(struct json_object *pod)
{
	struct json_object *owners = json_at(pod, "metadata.ownerReferences");

	for (size_t i = 0; i < json_count(owners); i++)
		if (json_bool_at(json_item(owners, i), "controller", false))
			return json_item(owners, i);
	return NULL;
}

static bool stays(struct json_object *pod)
{
	struct json_object *annotations = json_at(pod, "metadata.annotations");
	struct json_object *owner = controller(pod);
	const char *kind = json_string_at(owner, "kind");
	const char *phase = json_string_at(pod, "status.phase");

	if (!kind || strcmp(kind, "DaemonSet") == 0 || strcmp(kind, "Node") == 0)
		return true;
	if (phase && (strcmp(phase, "Succeeded") == 0 || strcmp(phase, "Failed") == 0))
		return true;
	return json_object_object_get_ex(
	    annotations, "kubernetes.io/config.mirror", NULL);
}

static const char *pod_text(struct arena *a, struct json_object *pod)
{
	const char *space = json_string_at(pod, "metadata.namespace");
	const char *name = json_string_at(pod, "metadata.name");

	return arena_printf(a, "%s/%s", space ? text_clean(a, space, SHOWN) : "",
	    name ? text_clean(a, name, SHOWN) : "");
}

/* Only this Pod, not one that has taken its name. */
static bool fill_request(
    struct arena *a, struct json_object *pod, bool beta, struct kube_request *request)
{
	const char *space = json_string_at(pod, "metadata.namespace");
	const char *name = json_string_at(pod, "metadata.name");
	const char *uid = json_string_at(pod, "metadata.uid");

	if (!is_name(space) || !is_name(name) || !is_name(uid))
		return false;
	request->path =
	    arena_printf(a, "/api/v1/namespaces/%s/pods/%s/eviction", space, name);
	request->body = arena_printf(a,
	    "{\"apiVersion\":\"policy/%s\",\"kind\":\"Eviction\","
	    "\"metadata\":{\"name\":\"%s\",\"namespace\":\"%s\"},"
	    "\"deleteOptions\":{\"preconditions\":{\"uid\":\"%s\"}}}",
	    beta ? "v1beta1" : "v1", name, space, uid);
	return true;
}

struct look {
	struct planner *p;
	const struct node_object *node;
	struct json_object *budgets;
	bool beta;
	size_t left;	     /* Pods that go */
	const char *leaving; /* the first that is on its way */
	const char *kept;    /* the first that a budget keeps, and why */
	struct drain *out;
};

static void look_at(struct look *look, struct json_object *pod)
{
	struct arena *a = look->p->arena;
	const char *text, *why;

	if (stays(pod))
		return;
	look->left++;
	text = pod_text(a, pod);
	if (json_string_at(pod, "metadata.deletionTimestamp")) {
		look->leaving = look->leaving ? look->leaving : text;
		return;
	}
	why = pod_budget_keeps(a, look->budgets, pod, look->beta);
	if (!why && look->out->is != DRAIN_EVICTS &&
	    fill_request(a, pod, look->beta, &look->out->request)) {
		look->out->is = DRAIN_EVICTS;
		look->out->pod = text;
	}
	if (why && !look->kept)
		look->kept = arena_printf(a, "%s %s", text, why);
}

static const char *left_text(const struct look *look)
{
	struct arena *a = look->p->arena;
	const char *what = "";

	if (look->out->is == DRAIN_WAITS && look->kept)
		what = arena_printf(a, ": %s", look->kept);
	else if (look->out->is == DRAIN_WAITS && look->leaving)
		what = arena_printf(a, ": %s is being stopped", look->leaving);
	return arena_printf(
	    a, "%zu Pod%s left%s", look->left, look->left == 1 ? "" : "s", what);
}

/* The answer, or NULL and what is not known. */
static const struct answer *ask(struct planner *p, const struct node_object *n,
    const char *about, const char *path, struct mono since, struct drain *out)
{
	const char *name = arena_printf(p->arena, "%s %s", n->object.name, about);
	uint64_t hash = hash_bytes(HASH_START, &since.ms, sizeof(since.ms));
	const struct answer *answer;

	hash = hash_bytes(hash, path, strlen(path));
	answer = planner_probe_every(
	    p, &node_kind, name, arena_printf(p->arena, "get %s", path), hash, EVERY_MS);
	if (!answer)
		out->text = arena_printf(p->arena, "asks for its %s", about);
	return answer;
}

static const struct answer *ask_budgets(struct planner *p, const struct node_object *n,
    struct mono since, bool *beta, struct drain *out)
{
	const char *about = "disruption budgets";
	const struct answer *answer =
	    ask(p, n, about, "/apis/policy/v1/poddisruptionbudgets", since, out);

	*beta = answer && answer->status == 404;
	return *beta ? ask(p, n, "disruption budgets of v1beta1",
			   "/apis/policy/v1beta1/poddisruptionbudgets", since, out)
		     : answer;
}

static bool is_list(
    struct planner *p, const struct answer *answer, const char *what, struct drain *out)
{
	if (answer->status == 200 && json_at(answer->json, "items"))
		return true;
	out->is = DRAIN_REFUSED;
	out->text = arena_printf(p->arena, "the API server does not list %s: %s%s", what,
	    answer->error && *answer->error ? answer->error : "it answers with no list",
	    answer->status == 403 ? "; give it the rights of cluster-role.yaml" : "");
	return false;
}

void node_drain(
    struct planner *p, const struct node_object *n, struct mono since, struct drain *out)
{
	struct look look = { .p = p, .node = n, .out = out };
	const struct answer *pods, *budgets;
	struct json_object *items;

	*out = (struct drain){ .is = DRAIN_UNKNOWN };
	pods = ask(p, n, "Pods",
	    arena_printf(p->arena, "/api/v1/pods?fieldSelector=spec.nodeName%%3D%s",
		n->object.name),
	    since, out);
	budgets = ask_budgets(p, n, since, &look.beta, out);
	if (!pods || !budgets || !is_list(p, pods, "its Pods", out) ||
	    !is_list(p, budgets, "PodDisruptionBudgets", out))
		return;
	out->is = DRAIN_WAITS;
	look.budgets = json_at(budgets->json, "items");
	items = json_at(pods->json, "items");
	for (size_t i = 0; i < json_count(items); i++)
		look_at(&look, json_item(items, i));
	if (!look.left)
		out->is = DRAIN_DONE;
	out->text = left_text(&look);
}

void node_evict_step(struct planner *p, struct program *program,
    const struct node_object *n, const struct drain *drain)
{
	struct step *step = program_step(p, program, &kube_evict_action, NULL,
	    "evict pod %s from node %s", drain->pod, n->object.name);

	step_edits(step, &node_kind, n->object.name);
	*(struct kube_request *)step_arguments(step) = drain->request;
}

/* Control planes */

const char *node_quorum(struct planner *p, const struct node_object *n, bool *never)
{
	const struct observed_set *set =
	    &p->input->observed->kinds[kind_index(&node_kind)];
	size_t all = 0, ready = 0;

	*never = false;
	if (!n->control_plane)
		return NULL;
	for (size_t i = 0; i < set->count; i++) {
		const struct node_object *other =
		    (const struct node_object *)set->items[i]->live;

		if (!other || !other->control_plane)
			continue;
		all++;
		ready += other != n && other->ready;
	}
	if (all > 2 && ready >= all / 2 + 1)
		return NULL;
	*never = all <= 2;
	return arena_printf(p->arena,
	    "%zu of %zu control planes would be Ready without node %s, and etcd needs %zu",
	    ready, all, n->object.name, all / 2 + 1);
}
