/* SPDX-License-Identifier: MIT */
/* named_list: a kubeconfig's lists of {name, ...}, as maps by that name. An item whose name
 * is no text has none. A node that is NULL or no list has no items. */
#ifndef LIB_WIRE_NAMED_LIST_H
#define LIB_WIRE_NAMED_LIST_H

#include "lib/base/arena.h"
#include "lib/doc/node.h"

/* The first item of that name; NULL: there is none. */
const struct node *named_list_find(const struct node *list, const char *name);

/* An item whose name another one before it, `*first`, has as well; NULL: all differ. */
const struct node *named_list_twin(
    struct arena *scratch, const struct node *list, const struct node **first);

#endif
