/* SPDX-License-Identifier: MIT */
/* suites: one per module of daemon/host, run by test_host.c. */
#ifndef TEST_HOST_SUITES_H
#define TEST_HOST_SUITES_H

#include <check.h>
#include <stdbool.h>
#undef fail /* check has a macro of that name */

/* Makes this process root in a network of its own; false where neither root nor a user
 * namespace allows that, or there is no ip(8) to fill it. */
bool own_network(void);

Suite *state_suite(void);
Suite *state_writer_suite(void);
Suite *watch_suite(void);
Suite *links_suite(void);
Suite *dnsmasq_suite(void);
Suite *clock_suite(void);
Suite *dhcp_sockets_suite(void);
Suite *auto_shutdown_suite(void);

#endif
