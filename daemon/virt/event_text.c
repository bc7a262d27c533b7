/* SPDX-License-Identifier: MIT */
/* event_text: the tables of libvirt's lifecycle events. */
#include "daemon/virt/event_text.h"

#include <libvirt/libvirt.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "lib/base/arena.h"

#define DETAILS 9

static const struct {
	const char *event;
	const char *details[DETAILS]; /* NULL: nothing to add */
} lifecycle[] = {
	[VIR_DOMAIN_EVENT_DEFINED] = { "defined",
	    { [VIR_DOMAIN_EVENT_DEFINED_ADDED] = "new",
		[VIR_DOMAIN_EVENT_DEFINED_UPDATED] = "changed",
		[VIR_DOMAIN_EVENT_DEFINED_RENAMED] = "renamed",
		[VIR_DOMAIN_EVENT_DEFINED_FROM_SNAPSHOT] = "from snapshot" } },
	[VIR_DOMAIN_EVENT_UNDEFINED] = { "undefined",
	    { [VIR_DOMAIN_EVENT_UNDEFINED_RENAMED] = "renamed" } },
	[VIR_DOMAIN_EVENT_STARTED] = { "started",
	    { [VIR_DOMAIN_EVENT_STARTED_BOOTED] = "booted",
		[VIR_DOMAIN_EVENT_STARTED_MIGRATED] = "migrated here",
		[VIR_DOMAIN_EVENT_STARTED_RESTORED] = "restored",
		[VIR_DOMAIN_EVENT_STARTED_FROM_SNAPSHOT] = "from snapshot",
		[VIR_DOMAIN_EVENT_STARTED_WAKEUP] = "woken up" } },
	[VIR_DOMAIN_EVENT_SUSPENDED] = { "paused",
	    { [VIR_DOMAIN_EVENT_SUSPENDED_PAUSED] = "by request",
		[VIR_DOMAIN_EVENT_SUSPENDED_MIGRATED] = "for migration",
		[VIR_DOMAIN_EVENT_SUSPENDED_IOERROR] = "disk I/O error",
		[VIR_DOMAIN_EVENT_SUSPENDED_WATCHDOG] = "watchdog",
		[VIR_DOMAIN_EVENT_SUSPENDED_RESTORED] = "restored so",
		[VIR_DOMAIN_EVENT_SUSPENDED_FROM_SNAPSHOT] = "from snapshot",
		[VIR_DOMAIN_EVENT_SUSPENDED_API_ERROR] = "a libvirt call failed",
		[VIR_DOMAIN_EVENT_SUSPENDED_POSTCOPY] = "post-copy migration",
		[VIR_DOMAIN_EVENT_SUSPENDED_POSTCOPY_FAILED] =
		    "post-copy migration failed" } },
	[VIR_DOMAIN_EVENT_RESUMED] = { "resumed",
	    { [VIR_DOMAIN_EVENT_RESUMED_MIGRATED] = "migrated here",
		[VIR_DOMAIN_EVENT_RESUMED_FROM_SNAPSHOT] = "from snapshot",
		[VIR_DOMAIN_EVENT_RESUMED_POSTCOPY] = "post-copy migration",
		[VIR_DOMAIN_EVENT_RESUMED_POSTCOPY_FAILED] =
		    "post-copy migration failed" } },
	[VIR_DOMAIN_EVENT_STOPPED] = { "stopped",
	    { [VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN] = "shut down",
		[VIR_DOMAIN_EVENT_STOPPED_DESTROYED] = "destroyed",
		[VIR_DOMAIN_EVENT_STOPPED_CRASHED] = "crashed",
		[VIR_DOMAIN_EVENT_STOPPED_MIGRATED] = "migrated away",
		[VIR_DOMAIN_EVENT_STOPPED_SAVED] = "saved",
		[VIR_DOMAIN_EVENT_STOPPED_FAILED] = "failed",
		[VIR_DOMAIN_EVENT_STOPPED_FROM_SNAPSHOT] = "from snapshot" } },
	[VIR_DOMAIN_EVENT_SHUTDOWN] = { "shutting down",
	    { [VIR_DOMAIN_EVENT_SHUTDOWN_GUEST] = "by the guest",
		[VIR_DOMAIN_EVENT_SHUTDOWN_HOST] = "by the host" } },
	[VIR_DOMAIN_EVENT_PMSUSPENDED] = { "suspended itself",
	    { [VIR_DOMAIN_EVENT_PMSUSPENDED_MEMORY] = "to memory",
		[VIR_DOMAIN_EVENT_PMSUSPENDED_DISK] = "to disk" } },
	[VIR_DOMAIN_EVENT_CRASHED] = { "crashed",
	    { [VIR_DOMAIN_EVENT_CRASHED_PANICKED] = "panicked",
		[VIR_DOMAIN_EVENT_CRASHED_CRASHLOADED] = "loaded its crash kernel" } },
};

static const char *const network_events[] = {
	[VIR_NETWORK_EVENT_DEFINED] = "defined",
	[VIR_NETWORK_EVENT_UNDEFINED] = "undefined",
	[VIR_NETWORK_EVENT_STARTED] = "started",
	[VIR_NETWORK_EVENT_STOPPED] = "stopped",
};

static const char *const storage_events[] = {
	[VIR_STORAGE_POOL_EVENT_DEFINED] = "defined",
	[VIR_STORAGE_POOL_EVENT_UNDEFINED] = "undefined",
	[VIR_STORAGE_POOL_EVENT_STARTED] = "started",
	[VIR_STORAGE_POOL_EVENT_STOPPED] = "stopped",
	[VIR_STORAGE_POOL_EVENT_CREATED] = "created",
	[VIR_STORAGE_POOL_EVENT_DELETED] = "deleted",
};

static const char *const close_reasons[] = {
	[VIR_CONNECT_CLOSE_REASON_ERROR] = "the connection failed",
	[VIR_CONNECT_CLOSE_REASON_EOF] = "the other side closed the connection",
	[VIR_CONNECT_CLOSE_REASON_KEEPALIVE] = "no answer to keepalive messages",
	[VIR_CONNECT_CLOSE_REASON_CLIENT] = "the connection was closed",
};

/* A newer libvirt may have numbers we have no word for. */
static const char *word(const char *const *words, size_t count, int number)
{
	return number >= 0 && (size_t)number < count ? words[number] : NULL;
}

char *event_domain_text(int event, int detail)
{
	const char *more;

	if (event < 0 || (size_t)event >= sizeof(lifecycle) / sizeof(lifecycle[0]))
		return must_printf("lifecycle event %d", event);
	more = word(lifecycle[event].details, DETAILS, detail);
	return more ? must_printf("%s (%s)", lifecycle[event].event, more)
		    : must_copy(lifecycle[event].event);
}

static char *lifecycle_text(const char *const *words, size_t count, int event)
{
	const char *text = word(words, count, event);

	return text ? must_copy(text) : must_printf("lifecycle event %d", event);
}

char *event_network_text(int event)
{
	return lifecycle_text(
	    network_events, sizeof(network_events) / sizeof(network_events[0]), event);
}

char *event_storage_text(int event)
{
	return lifecycle_text(
	    storage_events, sizeof(storage_events) / sizeof(storage_events[0]), event);
}

char *event_disk_error_text(const char *path, const char *alias, const char *reason)
{
	bool full = reason && strcmp(reason, "enospc") == 0;

	return must_printf("disk I/O error%s%s%s%s%s%s", *alias ? " on " : "", alias,
	    full ? ": no space left" : "", *path ? " (" : "", path, *path ? ")" : "");
}

char *event_close_text(int reason)
{
	const char *text =
	    word(close_reasons, sizeof(close_reasons) / sizeof(close_reasons[0]), reason);

	return must_copy(text ? text : "the connection was closed");
}
