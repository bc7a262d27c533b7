/* SPDX-License-Identifier: MIT */
/* auto_shutdown: whether libvirt takes VMs down by itself when the host shuts down. */
#ifndef DAEMON_HOST_AUTO_SHUTDOWN_H
#define DAEMON_HOST_AUTO_SHUTDOWN_H

#include "lib/kind/host/host.h"

#define AUTO_SHUTDOWN_FILE "/etc/libvirt/qemu.conf"

/* As libvirt's configuration file says it; a system libvirt where nothing is set does not.
 * Unknown where the file may not be read. */
enum switched auto_shutdown_read(const char *path);

#endif
