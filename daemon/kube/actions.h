/* SPDX-License-Identifier: MIT */
/* actions: what request each of Kubernetes' actions is. */
#ifndef DAEMON_KUBE_ACTIONS_H
#define DAEMON_KUBE_ACTIONS_H

#include "daemon/kube/request.h"
#include "lib/model/action.h"

/* Borrows from the call. -1: it is none of Kubernetes' actions. */
int actions_request(const struct call *call, struct kube_write *out, struct error *e);

#endif
