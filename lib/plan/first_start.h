/* SPDX-License-Identifier: MIT */
/*
 * first_start: what happens where nothing is remembered of an earlier run. Either there
 * was none: what is written and exists already was made by others, and, as the setting
 * `first_start` says, is only compared until somebody says `homek8sctl resume`. Or there
 * was one, since objects carry our mark: what was remembered is lost, the home goes on
 * being kept, and it is said so.
 */
#ifndef LIB_PLAN_FIRST_START_H
#define LIB_PLAN_FIRST_START_H

#include "lib/plan/item.h"

/* Before any item is planned: what kind of start it is, by what was observed so far. What
 * is written and not known is waited for, some seconds, before anything is free. */
enum start first_start_of(struct planner *p);

/* Adds the finding that what was remembered is lost, while nobody has resumed. */
void first_start_report(struct planner *p);

/* Why everything is paused during a first start. */
extern const char first_start_reason[];

#endif
