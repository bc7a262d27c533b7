/* SPDX-License-Identifier: MIT */
/*
 * libvirtd: a private one for tests, serving its test driver on a socket in a scratch
 * directory. It lives in mount and network namespaces of its own with empty file systems
 * over all it writes to, and dies with the test. Needs root.
 */
#ifndef TEST_VIRT_LIBVIRTD_H
#define TEST_VIRT_LIBVIRTD_H

#include <libvirt/libvirt.h>
#include <stdbool.h>

struct libvirtd;

/* NULL: why it cannot run here. */
const char *libvirtd_missing(void);

struct libvirtd *libvirtd_new(void); /* not started yet */
void libvirtd_free(struct libvirtd *d);
const char *libvirtd_uri(const struct libvirtd *d);

void libvirtd_start(struct libvirtd *d); /* and waits until it answers */
void libvirtd_kill(struct libvirtd *d);
void libvirtd_pause(struct libvirtd *d);
void libvirtd_resume(struct libvirtd *d);

/* A blocking connection of the test's own; held until free or kill, as the test driver's
 * world lasts as long as somebody is connected. */
virConnectPtr libvirtd_admin(struct libvirtd *d);

#endif
