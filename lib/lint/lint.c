/* SPDX-License-Identifier: MIT */
/* lint: the table of rules, in the order of the kinds they are about. */
#include "lib/lint/lint.h"

void (*const config_rules[])(const struct config *config, struct report *report) = {
	lint_network,
	lint_reservation,
	lint_vm,
	lint_pool,
	lint_cluster,
	NULL,
};
