/* SPDX-License-Identifier: MIT */
/*
 * domain_patch: a stored definition edited in place or given up, on the call thread: read
 * and stored again in one step, and only what the plan was made for.
 */
#ifndef DAEMON_VIRT_DOMAIN_PATCH_H
#define DAEMON_VIRT_DOMAIN_PATCH_H

#include "daemon/virt/fault.h"
#include "lib/model/action.h"

/* 0: it is stored so, or was already. */
int domain_patch_run(virDomainPtr domain, const struct call *call, struct fault *fault);

/* The same of one that is undefined: not while it runs, and its NVRAM and TPM are kept. */
int domain_undefine_run(
    virDomainPtr domain, const struct call *call, struct fault *fault);

#endif
