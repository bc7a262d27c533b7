/* SPDX-License-Identifier: MIT */
/* suites: parts of the tests of daemon/control and daemon/journal, run by test_control.c.
 */
#ifndef TEST_CONTROL_SUITES_H
#define TEST_CONTROL_SUITES_H

#include <check.h>
#undef fail /* check has a macro of that name */

Suite *requests_suite(void);
Suite *clients_suite(void);
Suite *streams_suite(void);
Suite *listener_suite(void);
Suite *journal_suite(void);

#endif
