/* SPDX-License-Identifier: MIT */
/*
 * vm_state: libvirt's numbers for what a domain does and why (virDomainState and the
 * reasons of each state), which are part of its ABI. Only those that are distinguished.
 */
#ifndef LIB_KIND_VM_STATE_H
#define LIB_KIND_VM_STATE_H

enum {
	STATE_PAUSED = 3,
	STATE_SHUTDOWN = 4, /* on its way down */
	STATE_SHUTOFF = 5,
	STATE_CRASHED = 6,
	STATE_PMSUSPENDED = 7,
};

enum {
	SHUTOFF_SHUTDOWN = 1,
	SHUTOFF_DESTROYED,
	SHUTOFF_CRASHED,
	SHUTOFF_MIGRATED,
	SHUTOFF_SAVED,
	SHUTOFF_FAILED, /* to start */
	SHUTOFF_FROM_SNAPSHOT,
	SHUTOFF_DAEMON, /* libvirtd could not take it over when it restarted */
};

enum {
	PAUSED_MIGRATION = 2,
	PAUSED_SAVE,
	PAUSED_DUMP,
	PAUSED_IOERROR,
	PAUSED_WATCHDOG,
	PAUSED_FROM_SNAPSHOT,
	PAUSED_SHUTTING_DOWN,
	PAUSED_SNAPSHOT,
	PAUSED_CRASHED,
	PAUSED_STARTING_UP,
	PAUSED_POSTCOPY,
	PAUSED_POSTCOPY_FAILED,
};

#endif
