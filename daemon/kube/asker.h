/* SPDX-License-Identifier: MIT */
/*
 * asker: probes on their way (lib/model/probe.h): reads and dry runs the plan wants
 * answered. One question an object; another hash replaces it. Where no answer came, that
 * is reported, and the same question waits by the connection law before it is sent again,
 * however often it is requested: so every plan may ask for all it needs.
 */
#ifndef DAEMON_KUBE_ASKER_H
#define DAEMON_KUBE_ASKER_H

#include "daemon/kube/kube_host.h"
#include "lib/model/probe.h"

struct asker;

/* Calls back answered(): with status 0 where no answer came, or only one about the
 * server (401, 429, 5xx). */
struct asker *asker_new(struct kube_host *host);
void asker_free(struct asker *a); /* without calling back */

/* While host->http is there. The probe is copied. */
void asker_ask(struct asker *a, const struct probe *probe);

/* The connections are about to be closed: nothing is answered any more. */
void asker_abandon(struct asker *a);

#endif
