/* SPDX-License-Identifier: MIT */
/* vm_record_fields: what of a VM's record is kept on disk, shown, and cleared. */
#include <limits.h>

#include "lib/base/retry.h"
#include "lib/kind/vm/vm.h"
#include "lib/kind/vm/vm_record.h"

static const char *const cause_words[] = {
	[STOP_NONE] = "none",
	[STOP_CRASH] = "crash",
	[STOP_GUEST] = "guest",
	[STOP_DESTROYED] = "destroyed",
	[STOP_SAVED] = "saved",
	[STOP_START_FAILED] = "start-failed",
	[STOP_UNKNOWN] = "unknown",
	[STOP_OURS] = "homek8sd",
	NULL,
};

static const struct field rows[] = {
	record_row(struct vm_record, "observed", FIELD_BOOL, observed, FIELD_KEPT,
	    .old_key = "seen"),
	record_row(struct vm_record, "has_run", FIELD_BOOL, has_run, FIELD_KEPT,
	    .old_key = "seen_running"),
	record_row(struct vm_record, "domain_id", FIELD_INT, domain_id, FIELD_KEPT,
	    .fallback = "-1", .minimum = -1, .maximum = INT_MAX),
	record_row(struct vm_record, "desired", FIELD_INT, desired, FIELD_KEPT,
	    .old_key = "wanted", .fallback = "-1", .minimum = -1, .maximum = VM_STOPPED),
	record_row(struct vm_record, "cause", FIELD_WORD, cause, FIELD_KEPT | FIELD_SHOWN,
	    .words = cause_words),
	record_row(struct vm_record, "running_since", FIELD_MONO, running_since,
	    FIELD_KEPT | FIELD_SHOWN),
	record_row(struct vm_record, "quick_stops", FIELD_INT, quick_stops,
	    FIELD_KEPT | FIELD_SHOWN | FIELD_CLEARED, .maximum = INT_MAX),
	record_row(struct vm_record, "start_at", FIELD_MONO, start_at,
	    FIELD_KEPT | FIELD_SHOWN | FIELD_CLEARED, .maximum = RETRY_START_MAX_MS),
	record_row(struct vm_record, "start_asked", FIELD_BOOL, start_requested,
	    FIELD_KEPT | FIELD_SHOWN, .old_key = "start_wanted"),
	record_row(struct vm_record, "stop_first", FIELD_MONO, stop_first,
	    FIELD_KEPT | FIELD_SHOWN | FIELD_CLEARED),
	record_row(struct vm_record, "stop_sent", FIELD_MONO, stop_sent,
	    FIELD_KEPT | FIELD_SHOWN | FIELD_CLEARED),
	record_row(
	    struct vm_record, "saved_at", FIELD_MONO, saved_at, FIELD_KEPT | FIELD_SHOWN),
	record_row(struct vm_record, "taken_down", FIELD_MONO, taken_down, FIELD_KEPT),
	record_row(struct vm_record, "up_at", FIELD_MONO, up_at, FIELD_KEPT),
	record_row(struct vm_record, "remedy_at", FIELD_MONO, remedy_at,
	    FIELD_KEPT | FIELD_SHOWN),
	record_row(struct vm_record, "boot_turn", FIELD_MONO, boot_turn, FIELD_KEPT),
	record_row(struct vm_record, "resumed_at", FIELD_MONO, resumed_at, FIELD_KEPT),
	record_row(struct vm_record, "resumed_in_vain", FIELD_INT, resumed_in_vain,
	    FIELD_KEPT | FIELD_SHOWN | FIELD_CLEARED, .maximum = INT_MAX),
	record_row(struct vm_record, "disk_paused", FIELD_BOOL, disk_paused, FIELD_KEPT),
	record_row(
	    struct vm_record, "power_written", FIELD_BOOL, power_written, FIELD_KEPT),
	record_row(
	    struct vm_record, "stop_requested", FIELD_MONO, stop_requested, FIELD_KEPT),
	record_row(struct vm_record, "gone_at", FIELD_MONO, gone_at, FIELD_SHOWN),
	record_row(struct vm_record, "stored", FIELD_BOOL, stored, FIELD_KEPT),
	record_row(struct vm_record, "resized_id", FIELD_INT, resized_id,
	    FIELD_KEPT | FIELD_CLEARED, .maximum = INT_MAX),
	record_row(struct vm_record, "resized_vcpus", FIELD_INT, resized_vcpus,
	    FIELD_KEPT | FIELD_CLEARED, .maximum = INT_MAX),
	record_row(struct vm_record, "resized_memory", FIELD_INT, resized_memory,
	    FIELD_KEPT | FIELD_CLEARED, .maximum = INT64_MAX),
	record_row(struct vm_record, "resized_at", FIELD_MONO, resized_at,
	    FIELD_KEPT | FIELD_CLEARED),
	record_row(struct vm_record, "failed_id", FIELD_INT, failed_id,
	    FIELD_KEPT | FIELD_CLEARED, .maximum = INT_MAX),
	record_row(struct vm_record, "live_failures", FIELD_INT, live_failures,
	    FIELD_KEPT | FIELD_CLEARED, .maximum = INT_MAX),
	record_row(struct vm_record, "counted_id", FIELD_INT, counted_id, FIELD_KEPT,
	    .maximum = INT_MAX),
	record_row(struct vm_record, "counted_memory", FIELD_INT, counted_memory,
	    FIELD_KEPT, .maximum = INT64_MAX),
	record_row(struct vm_record, "no_slot_id", FIELD_INT, no_slot_id,
	    FIELD_KEPT | FIELD_CLEARED, .maximum = INT_MAX),
	record_row(struct vm_record, "cpu_id", FIELD_INT, cpu_id, FIELD_KEPT,
	    .maximum = INT_MAX),
	record_row(struct vm_record, "cpu_before", FIELD_STRING, cpu_before, FIELD_KEPT),
	record_row(struct vm_record, "uuid", FIELD_STRING, uuid, FIELD_KEPT),
	record_row(struct vm_record, "domain", FIELD_STRING, domain, FIELD_KEPT),
	record_row(struct vm_record, "left", FIELD_STRING, left, FIELD_KEPT),
	record_row(struct vm_record, "left_id", FIELD_INT, left_id, FIELD_KEPT,
	    .minimum = -1, .maximum = INT_MAX),
	{ 0 },
};

const struct fields vm_record_fields = { rows, sizeof(struct vm_record) };
