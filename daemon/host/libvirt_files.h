/* SPDX-License-Identifier: MIT */
/*
 * libvirt_files: what libvirt does not report, from the file system. libvirt sends no
 * event for an updated network, a changed autostart or an edited stored definition, but
 * writes a file for each: /etc/libvirt/qemu/NAME.xml, networks/NAME.xml, autostart links
 * in both, and what dnsmasq reads in /var/lib/libvirt/dnsmasq. Only directories are
 * watched and only names are read, never a file: libvirt says what changed.
 * Directories that appear later are taken up.
 */
#ifndef DAEMON_HOST_LIBVIRT_FILES_H
#define DAEMON_HOST_LIBVIRT_FILES_H

#include <ev.h>
#include <stdbool.h>

enum libvirt_file { /* `name` NULL: of which is not known */
	FILE_OF_DOMAIN,
	FILE_OF_NETWORK,
	FILE_OF_DNSMASQ, /* some network's; never with a name */
};

struct libvirt_files;

/* Calls back on the loop. Where the system has no inotify left to give, it is tried again
 * every 30 s; then all may have changed. */
struct libvirt_files *libvirt_files_new(struct ev_loop *loop,
    void (*changed)(void *arg, enum libvirt_file what, const char *name), void *arg);
void libvirt_files_free(struct libvirt_files *files); /* NULL allowed */

/* Every directory is watched, and the URI is of the daemon that writes there. */
bool libvirt_files_complete(const struct libvirt_files *files, const char *uri);

#endif
