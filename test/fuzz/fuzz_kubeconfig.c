/* SPDX-License-Identifier: MIT */
/* fuzz_kubeconfig: whatever the file holds, it is read or refused with a reason; whatever a
 * certificate or token holds, no more than that is read. */
#include <stdint.h>
#include <stdlib.h>

#include "lib/wire/kubeconfig.h"
#include "lib/wire/validity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { 0 };
	struct kubeconfig out;
	struct error e = { "" };
	struct validity validity;
	int result = kubeconfig_parse(
	    (const char *)data, size, "kubeconfig", "/etc/homek8s", NULL, &a, &out, &e);

	if (result == 0 ? !out.server : !*e.text)
		abort();
	certificate_validity((struct bytes){ (const char *)data, size }, &validity);
	token_expiry(arena_copy_n(&a, (const char *)data, size));
	arena_done(&a);
	return 0;
}
