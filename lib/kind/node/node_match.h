/* SPDX-License-Identifier: MIT */
/*
 * node_match: which Node of the cluster a VM is. They find each other by the name that is
 * written (`node:`), else by system UUID (the node's is the domain's), else by name, else
 * by any of the node's internal addresses. Of several with its UUID, or several without,
 * a Ready one is it. A Node with the system UUID of another domain is that machine, whatever
 * its name and address. Hides two sorted arrays, made once a plan.
 */
#ifndef LIB_KIND_NODE_NODE_MATCH_H
#define LIB_KIND_NODE_NODE_MATCH_H

#include "lib/kind/node/node.h"
#include "lib/kind/vm/vm.h"
#include "lib/plan/item.h"

/* The kind's prepare(); called by whoever asks before the Nodes are planned. */
void *node_match_prepare(struct planner *p);

/* The Node a written VM is; NULL: there is none. */
const struct node_object *node_match(const struct planner *p, const struct vm *vm);

/* The Node a VM is, also one that is written without a role: by its system UUID then. May
 * be called while VMs are planned. */
const struct node_object *node_match_seen(struct planner *p, const struct vm *vm);

/* The Node a domain is, be it written or not: by its system UUID; NULL: there is none. */
const struct node_object *node_match_domain(struct planner *p, const struct vm *domain);

/* A Node of the domain's system UUID that has the mark of a procedure, also one that was
 * left over; NULL: there is none. */
const struct node_object *node_match_marked(struct planner *p, const struct vm *domain);

/* The domain that the Node of the VM's name (written or its own) is by its system UUID,
 * where it is not the VM's; NULL: there is no such Node, or no such domain. */
const char *node_match_other(const struct planner *p, const struct vm *vm);

/* Whether some written VM is this Node, or has its system UUID: one that was left over when
 * the VM joined under another name. */
bool node_match_any(const struct planner *p, const struct node_object *n);

/* A Node with the VM's system UUID that is not `chosen`, the next one after `after` (NULL:
 * the first); NULL: there is none. */
const struct node_object *node_match_left_over(const struct planner *p,
    const struct vm *vm, const struct node_object *chosen,
    const struct node_object *after);

#endif
