/* SPDX-License-Identifier: MIT */
/* node_write: a tree that was read as YAML as text again, which every reader of YAML reads as
 * the same. */
#ifndef LIB_DOC_NODE_WRITE_H
#define LIB_DOC_NODE_WRITE_H

#include "lib/base/text.h"
#include "lib/doc/node.h"

/* Appends it on one line: "{packages: [\"vim\"], reboot: true}". What was written without
 * quotes and may be a number or a boolean stays so, other texts are quoted. */
void node_write_flow(struct text *out, const struct node *node);

#endif
