/* SPDX-License-Identifier: MIT */
/*
 * node: a machine of the cluster, observed and reported. Every VM with a role is expected to
 * be one; node_match.c finds it. What is done to it is part of its VM's restart.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/doc/json.h"
#include "lib/kind/kinds.h"
#include "lib/kind/sources.h"
#include "lib/kind/vm/vm.h"
#include "lib/kind/vm/vm_record.h"
#include "lib/kind/vm/vm_wish.h"
#include "lib/kind/metallb/metallb_meta.h"
#include "lib/kind/node/node.h"
#include "lib/kind/node/node_match.h"
#include "lib/kind/node/node_record.h"
#include "lib/plan/item.h"

static const struct field rows[] = { { 0 } };

/* A VM that has been up for less than this may still be joining. */
#define JOIN_MS (10 * 60 * 1000)

static void derive(struct config *config, struct report *report)
{
	const struct set *vms = config_get(config, &vm_kind);

	for (size_t i = 0; i < vms->count; i++) {
		const struct vm *vm = (const struct vm *)vms->items[i];
		struct object *node;

		if (!field_has(&vm_kind.fields, vm, "role") || vm->role == ROLE_NONE)
			continue;
		node = config_object(config, &node_kind, vm->object.name, report);
		if (!node)
			continue;
		node->record.node = vm->object.record.node;
		((struct node_object *)node)->written =
		    vm->node ? vm->node : vm->object.name;
	}
}

static void read_ready(
    struct observed *observed, struct node_object *n, struct json_object *conditions)
{
	for (size_t i = 0; i < json_count(conditions); i++) {
		struct json_object *c = json_item(conditions, i);
		const char *type = json_string_at(c, "type");
		const char *status = json_string_at(c, "status");
		const char *reason = json_string_at(c, "reason");

		if (!type || strcmp(type, "Ready") != 0)
			continue;
		n->ready = status && strcmp(status, "True") == 0;
		n->ready_reason =
		    reason ? text_clean(&observed->arena, reason, 64) : NULL;
		n->ready_since = time_parse(json_string_at(c, "lastTransitionTime")
						? json_string_at(c, "lastTransitionTime")
						: "");
	}
}

static void read_addresses(
    struct arena *a, struct node_object *n, struct json_object *addresses)
{
	for (size_t i = 0; i < json_count(addresses); i++) {
		struct json_object *o = json_item(addresses, i);
		const char *type = json_string_at(o, "type");
		const char *text = json_string_at(o, "address");
		struct ip ip;

		if (type && text && strcmp(type, "InternalIP") == 0 &&
		    ip_parse(text, &ip, NULL) == 0)
			*(struct ip *)arena_push(
			    a, &n->addresses, &n->address_count, sizeof(ip)) = ip;
	}
}

/* A quantity of Kubernetes as kubelets write it: "4", "4030184Ki". 0: it is none. */
static int64_t read_quantity(const char *text)
{
	static const char units[] = "KMGT";
	const char *unit;
	int64_t value;
	char *end;

	errno = 0;
	value = text ? strtoll(text, &end, 10) : 0;
	if (!text || errno || end == text || value < 0)
		return 0;
	unit = *end ? strchr(units, *end) : NULL;
	if (*end && (!unit || strcmp(end + 1, "i") != 0))
		return 0;
	for (ptrdiff_t i = 0; unit && i <= unit - units; i++)
		if (__builtin_mul_overflow(value, (int64_t)1024, &value))
			return 0;
	return value;
}

static const char *clean_at(
    struct observed *observed, struct json_object *o, const char *path)
{
	const char *text = json_string_at(o, path);

	return text ? text_clean(&observed->arena, text, 64) : NULL;
}

/* Where the API server says who wrote what, that counts beside the mark: somebody may have
 * taken our cordon back, and have cordoned the node for reasons of their own since. */
static bool is_cordon_ours(struct json_object *o)
{
	return !json_count(json_at(o, "metadata.managedFields")) ||
	       json_object_object_get_ex(
		   metallb_own_fields(o, "f:spec"), "f:unschedulable", NULL);
}

static void read_mark(struct arena *a, struct node_object *n, struct json_object *o)
{
	struct json_object *annotations = json_at(o, "metadata.annotations");
	struct json_object *value;
	const char *text;

	if (!json_object_object_get_ex(annotations, NODE_MARK, &value) ||
	    !json_object_is_type(value, json_type_string))
		return;
	text = json_object_get_string(value);
	n->mark_token = arena_copy_n(a, text, strcspn(text, ","));
	n->marks_cordon = strstr(text, NODE_MARK_CORDON) && is_cordon_ours(o);
	n->marks_exclude = strstr(text, NODE_MARK_EXCLUDE);
}

/* What a procedure needs of it. */
static void read_marks(struct observed *observed, struct node_object *n,
    struct json_object *o, struct json_object *labels)
{
	n->uid = clean_at(observed, o, "metadata.uid");
	n->resource_version = clean_at(observed, o, "metadata.resourceVersion");
	n->boot_id = clean_at(observed, o, "status.nodeInfo.bootID");
	n->has_exclude_label =
	    json_object_object_get_ex(labels, NODE_EXCLUDE_LABEL, NULL);
	read_mark(&observed->arena, n, o);
}

static int decode(
    struct observed *observed, const struct reading *reading, struct error *e)
{
	struct node_object *n = observed_object(observed);
	struct json_object *o = reading->json, *labels = json_at(o, "metadata.labels");

	(void)e;
	read_ready(observed, n, json_at(o, "status.conditions"));
	read_addresses(&observed->arena, n, json_at(o, "status.addresses"));
	n->version = clean_at(observed, o, "status.nodeInfo.kubeletVersion");
	n->system_uuid = clean_at(observed, o, "status.nodeInfo.systemUUID");
	n->cpus = read_quantity(json_string_at(o, "status.capacity.cpu"));
	n->memory = read_quantity(json_string_at(o, "status.capacity.memory"));
	n->unschedulable = json_bool_at(o, "spec.unschedulable", false);
	n->control_plane = json_object_object_get_ex(
	    labels, "node-role.kubernetes.io/control-plane", NULL);
	read_marks(observed, n, o, labels);
	observed->live = &n->object;
	return 0;
}

static void facts(const struct object *side, struct json_object *shown)
{
	const struct node_object *n = (const struct node_object *)side;

	json_put_bool(shown, "ready", n->ready);
	json_put_bool(shown, "cordoned", n->unschedulable);
	json_put_string(shown, "role", n->control_plane ? "control-plane" : "worker");
	json_put_string(shown, "address",
	    n->address_count ? ip_text(n->addresses[0], (char[IP_TEXT]){ 0 }) : NULL);
	json_put_string(shown, "version", n->version);
}

/* Matching */

static const struct vm *vm_of(const struct planner *p, const char *name)
{
	return (const struct vm *)planner_desired(p, &vm_kind, name);
}

static const char *external_name(const struct object *want)
{
	return ((const struct node_object *)want)->written;
}

/* Planning */

static void report(struct planner *p, struct item *item, const struct node_object *n)
{
	const char *since = n->ready_since > 0 ? arena_printf(p->arena, " since %s",
						     time_text(p->arena, n->ready_since))
					       : "";

	if (n->unschedulable)
		item_condition(p, item, "Cordoned", "no new pods are scheduled on it");
	if (n->ready)
		item_converged(p, item, "Ready%s%s%s", since, n->version ? ", " : "",
		    n->version ? n->version : "");
	else if (!item->desired) /* a laptop that is off is no fault of the home's */
		item_converged(p, item, "NotReady%s%s%s; none of the written VMs", since,
		    n->ready_reason ? ": " : "", n->ready_reason ? n->ready_reason : "");
	else
		item_failing(p, item, "NotReady%s%s%s", since,
		    n->ready_reason ? ": " : "", n->ready_reason ? n->ready_reason : "");
}

static void report_missing(struct planner *p, struct item *item, const struct vm *vm)
{
	const struct object_state *state =
	    state_find(p->input->state, &vm_kind, item->name);
	const struct vm_record *record = state ? vm_record_of(state) : NULL;
	const char *other = node_match_other(p, vm);
	struct mono until = { 0 };

	if (record && record->domain_id >= 0)
		until = mono_add(record->running_since, JOIN_MS);
	if (other && vm->node) {
		item_blocked(p, item,
		    "node %s is another machine: its system UUID is that of domain %s, not of vm/%s; correct `node`, or leave it out",
		    vm->node, other, vm->object.name);
	} else if (!record || record->domain_id < 0) {
		item_pending(p, item, "joins once vm/%s runs", vm->object.name);
	} else if (!mono_reached(until, p->input->now)) {
		item_pending(p, item, "has not joined the cluster yet");
		plan_wake(p, until);
	} else if (other) {
		item_failing(p, item,
		    "vm/%s runs, but the cluster has no node of its system UUID or address, and node %s is domain %s",
		    vm->object.name, vm->object.name, other);
	} else {
		item_failing(p, item,
		    vm->node
			? "vm/%s runs, but the cluster has no node %s"
			: "vm/%s runs, but the cluster has no node of its name (%s), system UUID or address",
		    vm->object.name, vm->node ? vm->node : vm->object.name);
	}
}

static void report_stopped(struct planner *p, struct item *item, const struct vm *vm)
{
	if (vm->state == VM_STOPPED)
		item_converged(p, item, "its VM is stopped, as written");
	else
		item_paused(p, item, "vm/%s is stopped because somebody requested it",
		    vm->object.name);
}

/* Nodes a VM was before it joined under another name: nothing makes them Ready again. */
static void report_left_over(struct planner *p, const struct item *item,
    const struct vm *vm, const struct node_object *n)
{
	const struct node_object *old = NULL;

	while ((old = node_match_left_over(p, vm, n, old)))
		plan_finding(p, SEVERITY_INFO, "node-left-over",
		    arena_printf(p->arena, "node/%s", item->name),
		    "node %s has the system UUID of vm/%s, which is node %s",
		    old->object.name, vm->object.name, n->object.name)
		    ->fix =
		    arena_printf(p->arena, "`kubectl delete node %s`", old->object.name);
}

static void plan(struct planner *p, struct item *item, const struct object *want,
    const struct observed *have)
{
	const struct node_object *n =
	    have ? (const struct node_object *)have->live : NULL;
	const struct vm *vm = want ? vm_of(p, item->name) : NULL;

	if (!want) {
		/* Its name is that of a VM's item, which is another Node. */
		if (!node_match_any(p, n) && !planner_desired(p, &node_kind, item->name))
			report(p, item, n);
		return;
	}
	n = node_match(p, vm);
	item->live = n ? &n->object : NULL;
	if (n)
		report_left_over(p, item, vm, n);
	if (vm_due_state(p, vm) == VM_STOPPED && (!n || !n->ready))
		report_stopped(p, item, vm);
	else if (n)
		report(p, item, n);
	else
		report_missing(p, item, vm);
}

static const char *const columns[] = { "ready", "role", "address", "version", NULL };

static const struct watch watches[] = {
	{ .path = "/api/v1/nodes", .prefix = "" },
};

const struct kind node_kind = {
	.row = &node_row,
	.name = "node",
	.plural = "nodes",
	.title = "cluster node",
	.source = &kubernetes_source,
	.fields = { rows, sizeof(struct node_object) },
	.watches = watches,
	.watch_count = 1,
	.derive = derive,
	.external_name = external_name,
	.prepare = node_match_prepare,
	.list_columns = columns,
	.decode = decode,
	.facts = facts,
	.state_fields = &node_record_fields,
	.observed = node_record_observed,
	.remembers_all = true,
	.plan = plan,
};
