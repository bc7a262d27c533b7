/* SPDX-License-Identifier: MIT */
/*
 * node_drain: taking the Pods from a Node before its machine stops, and giving it back. For
 * procedures of the kind vm (lib/plan/procedure.h). Hides which Pods go, which
 * PodDisruptionBudget keeps one, the marks of our cordon, and the requests.
 *
 * While it lasts the Node has our annotation: the procedure's token, and whether the
 * cordon is ours, and the label that keeps MetalLB from announcing addresses from it. What
 * somebody else has set is left as it is at the end.
 *
 * Pods that stay: those of DaemonSets, static ones, finished ones, and those without a
 * controller, which nothing would make anew elsewhere and which come back with the Node.
 */
#ifndef LIB_KIND_NODE_NODE_DRAIN_H
#define LIB_KIND_NODE_NODE_DRAIN_H

#include "lib/kind/actions.h"
#include "lib/kind/node/node.h"
#include "lib/plan/item.h"

/* Whether the procedure of that token has marked it; NULL: any. */
bool node_is_marked(const struct node_object *n, const char *token);
/* Whether nothing is scheduled on it, nor announced where MetalLB announces addresses and
 * another Node can take them over (node_announce.h). */
bool node_is_cordoned(const struct planner *p, const struct node_object *n);

/* A step of the program that cordons it, or takes back what is ours. The API server
 * refuses either where the Node is not as it was observed. */
void node_cordon_step(struct planner *p, struct program *program,
    const struct node_object *n, const char *token);
void node_uncordon_step(
    struct planner *p, struct program *program, const struct node_object *n);

enum drain_is {
	DRAIN_UNKNOWN, /* which Pods it has is not known, or not yet */
	DRAIN_REFUSED, /* the API server does not say it */
	DRAIN_WAITS,   /* for Pods that are leaving, or that a budget keeps */
	DRAIN_EVICTS,  /* a Pod can be evicted now */
	DRAIN_DONE,
};

struct drain {
	enum drain_is is;
	const char *text; /* what goes on, for people: "2 Pods left: ..." */
	const char *pod;  /* DRAIN_EVICTS: "NAMESPACE/NAME" */
	struct kube_request request;
};

/* What is to be done next. What was said before `since`, the last eviction, is queried anew;
 * and again every few seconds. Texts are in the plan's arena. */
void node_drain(
    struct planner *p, const struct node_object *n, struct mono since, struct drain *out);
/* A step of the program that evicts the Pod. */
void node_evict_step(struct planner *p, struct program *program,
    const struct node_object *n, const struct drain *drain);

/*
 * Of a control plane: whether those that are Ready beside it, written or not, keep the
 * majority that etcd needs; else the reason. NULL: they do, or it is none. Of one or two
 * there is never a majority without one: `never` is set then.
 */
const char *node_quorum(struct planner *p, const struct node_object *n, bool *never);

#endif
