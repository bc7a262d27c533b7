/* SPDX-License-Identifier: MIT */
/*
 * lint: what is wrong with the home as a whole though each value by itself is right:
 * addresses that overlap, lie outside their network or are used twice, references that
 * lead nowhere. Works on exact ranges, sorts and sweeps, so that thousands of objects
 * cost milliseconds. Each function adds findings with a stable id, the objects, the place
 * and the fix; lint.c lists them. They read only keys whose bit is set:
 * after errors a configuration may hold half-read objects.
 */
#ifndef LIB_LINT_LINT_H
#define LIB_LINT_LINT_H

#include "lib/model/config.h"

void lint_network(const struct config *config, struct report *report);
void lint_reservation(const struct config *config, struct report *report);
void lint_vm(const struct config *config, struct report *report);
void lint_pool(const struct config *config, struct report *report);
void lint_cluster(const struct config *config, struct report *report);

#endif
