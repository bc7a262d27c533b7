/* SPDX-License-Identifier: MIT */
/* suites: one per module of daemon/host, run by test_host.c. */
#ifndef TEST_HOST_SUITES_H
#define TEST_HOST_SUITES_H

#include <check.h>
#undef fail /* check has a macro of that name */

Suite *state_suite(void);
Suite *state_writer_suite(void);
Suite *watch_suite(void);
Suite *links_suite(void);
Suite *dnsmasq_suite(void);
Suite *clock_suite(void);
Suite *dhcp_sockets_suite(void);
Suite *auto_shutdown_suite(void);

#endif
