/* SPDX-License-Identifier: MIT */
/* print: a plan as the golden tests compare it. */
#ifndef TEST_GOLDEN_PRINT_H
#define TEST_GOLDEN_PRINT_H

#include "lib/plan/plan.h"

void print_plan(struct text *out, const struct plan_input *input, const struct plan *plan,
    struct mono now);

#endif
