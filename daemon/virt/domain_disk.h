/* SPDX-License-Identifier: MIT */
/*
 * domain_disk: a disk taken from a domain, on the call thread. libvirt finds it by its place
 * alone, whatever else the request says; so what is there is read first.
 */
#ifndef DAEMON_VIRT_DOMAIN_DISK_H
#define DAEMON_VIRT_DOMAIN_DISK_H

#include "daemon/virt/fault.h"
#include "lib/model/action.h"

/* 0: it was requested; of what runs that is a request, and the guest may take its time. */
int domain_unplug_run(virDomainPtr domain, const struct call *call, struct fault *fault);

#endif
