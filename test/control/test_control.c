/* SPDX-License-Identifier: MIT */
/* Runs the suites of daemon/control and daemon/journal. */
#include <stdlib.h>

#include "test/control/suites.h"

int main(void)
{
	SRunner *runner = srunner_create(requests_suite());
	int failed;

	srunner_add_suite(runner, clients_suite());
	srunner_add_suite(runner, streams_suite());
	srunner_add_suite(runner, listener_suite());
	srunner_add_suite(runner, journal_suite());
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
