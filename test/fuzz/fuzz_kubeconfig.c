/* SPDX-License-Identifier: MIT */
/* fuzz_kubeconfig: whatever the file holds, it is read or refused with a reason. */
#include <stdint.h>
#include <stdlib.h>

#include "lib/wire/kubeconfig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { 0 };
	struct kubeconfig out;
	struct error e = { "" };
	int result = kubeconfig_parse(
	    (const char *)data, size, "kubeconfig", "/etc/homek8s", NULL, &a, &out, &e);

	if (result == 0 ? !out.server : !*e.text)
		abort();
	arena_done(&a);
	return 0;
}
