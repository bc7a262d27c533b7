/* SPDX-License-Identifier: MIT */
/* remediation: the table of the policy's keys. */
#include "lib/kind/vm/remediation.h"

#define SECOND ((int64_t)1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)

static const struct field rows[] = {
	{ "after", FIELD_DURATION, at(struct remediation, after), .fallback = "5m",
	    .minimum = SECOND, .maximum = 24 * HOUR,
	    .help =
		"How long a node may be other than Ready while its VM runs before its VM is rebooted.",
	    .example = "5m" },
	{ "wait", FIELD_DURATION, at(struct remediation, wait), .fallback = "5m",
	    .minimum = SECOND, .maximum = 24 * HOUR,
	    .help =
		"How long the node may then take to be Ready before the next step: a reset, at last a stop and a start.",
	    .example = "5m" },
	{ "cool_down", FIELD_DURATION, at(struct remediation, cool_down),
	    .fallback = "30m", .minimum = SECOND, .maximum = 7 * 24 * HOUR,
	    .help =
		"How long after the last of these steps all begins anew for the same VM, at the earliest.",
	    .example = "30m" },
	{ "grace", FIELD_DURATION, at(struct remediation, grace), .fallback = "10m",
	    .minimum = SECOND, .maximum = 24 * HOUR,
	    .help =
		"How long after the start of a VM nothing is done to it: it may still be booting or joining.",
	    .example = "10m" },
	{ "max_unhealthy", FIELD_INT, at(struct remediation, max_unhealthy),
	    .fallback = "1", .minimum = 1, .maximum = 1000,
	    .help =
		"Where more nodes than these are not Ready, or have been for less than `after`, none is touched: it is most likely the network or the API server. Those under way count.",
	    .example = "1" },
	{ 0 },
};

static const struct section sections[] = {
	{ .path = "remediation",
	    .shape = SECTION_ONE,
	    .help =
		"What is done about a node that is not Ready while its VM runs: its VM is rebooted by its guest agent or power button, then reset, then stopped and started. It is off unless this is written, which approves these steps, inside the budget: never more than a third of the VMs or a second control plane at once." },
};

const struct kind remediation_kind = {
	.row = &remediation_row,
	.name = "remediation",
	.plural = "remediations",
	.title = "remediation policy",
	.fields = { rows, sizeof(struct remediation) },
	.sections = sections,
	.section_count = 1,
};

const struct remediation *remediation_policy(const struct planner *p)
{
	const struct set *set = config_get(p->input->desired, &remediation_kind);

	return set->count ? (const struct remediation *)set->items[0] : NULL;
}
