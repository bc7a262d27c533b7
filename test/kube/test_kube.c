/* SPDX-License-Identifier: MIT */
/*
 * test_kube: daemon/kube against a fake API server, over real sockets. Takes the server's
 * path from FAKE_APISERVER (default build/fake-apiserver).
 */
#include <stdlib.h>

#include "test/kube/lab.h"

int main(void)
{
	Suite *suite = suite_create("kube");
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, collection_tests());
	suite_add_tcase(suite, watch_tests());
	suite_add_tcase(suite, fault_tests());
	suite_add_tcase(suite, write_tests());
	suite_add_tcase(suite, access_tests());
	suite_add_tcase(suite, run_time_tests());
	suite_add_tcase(suite, probe_tests());
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
