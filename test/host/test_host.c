/* SPDX-License-Identifier: MIT */
/* Runs the suites of daemon/host. */
#include <stdlib.h>

#include "test/host/suites.h"

int main(void)
{
	SRunner *runner = srunner_create(state_suite());
	int failed;

	srunner_add_suite(runner, state_writer_suite());
	srunner_add_suite(runner, watch_suite());
	srunner_add_suite(runner, links_suite());
	srunner_add_suite(runner, dnsmasq_suite());
	srunner_add_suite(runner, clock_suite());
	srunner_add_suite(runner, dhcp_sockets_suite());
	srunner_add_suite(runner, auto_shutdown_suite());
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
