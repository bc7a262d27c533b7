/* SPDX-License-Identifier: MIT */
/*
 * first_start: what happens where nothing is remembered of an earlier run. Either there
 * was none: what is written and exists already was made by others, and, as the setting
 * `first_start` says, is only compared until somebody says `homek8sctl resume`. Or there
 * was one, since objects carry our mark: what was remembered is lost, the home goes on
 * being kept, and it is said so.
 *
 * A source that does not answer holds up the others for some seconds only. That there is
 * nothing to take over is then said of those that have answered; of it that is said when
 * it does, be it weeks later.
 */
#ifndef LIB_PLAN_FIRST_START_H
#define LIB_PLAN_FIRST_START_H

#include "lib/plan/item.h"

/* Before any item is planned: sets what kind of start it is (plan->start, plan->starts), by
 * what was observed so far. What is written and not known is waited for, some seconds,
 * before anything is free. */
void first_start_judge(struct planner *p);

/* Whether nothing is done for the item, which was planned, since it is, or may be, a first
 * start on others' objects. */
bool first_start_holds(const struct plan *plan, const struct item *item);

/* Adds the finding that what was remembered is lost, while nobody has resumed. */
void first_start_report(struct planner *p);

/* Why everything is paused during a first start. */
extern const char first_start_reason[];

#endif
