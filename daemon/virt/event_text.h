/* SPDX-License-Identifier: MIT */
/* event_text: libvirt's event numbers in words, for the history. All results are the
 * caller's to free. */
#ifndef DAEMON_VIRT_EVENT_TEXT_H
#define DAEMON_VIRT_EVENT_TEXT_H

char *event_domain_text(int event, int detail); /* "stopped (crashed)" */
char *event_network_text(int event);		/* "started" */
char *event_storage_text(int event);		/* "started" */
/* "disk I/O error on virtio-disk0: no space left (/a/b.qcow2)"; `reason` as libvirt gives it. */
char *event_disk_error_text(const char *path, const char *alias, const char *reason);
char *event_close_text(int reason); /* "keepalive timed out" */

#endif
