/* SPDX-License-Identifier: MIT */
/* suites: run by test_executor.c beside its own. */
#ifndef TEST_ENGINE_SUITES_H
#define TEST_ENGINE_SUITES_H

#include <check.h>
#undef fail /* check has a macro of that name */

Suite *endings_suite(void);
Suite *interleavings_suite(void);

#endif
