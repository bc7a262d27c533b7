/* SPDX-License-Identifier: MIT */
/*
 * copy: what is said of credentials that the service manager copied when the service was
 * started, and that are not read again before the service is restarted.
 */
#ifndef DAEMON_KUBE_COPY_H
#define DAEMON_KUBE_COPY_H

#include "lib/wire/credentials.h"

/* That the kubeconfig or a file it names is another one, or gone, since it was copied, and
 * what to do; NULL where there is nothing to say. `now` may be NULL. Freed with free(). */
char *copy_note(const struct credentials_source *source, struct credentials *now);

/* ": renew ..." for who is not accepted; "" where copy_note() says the next step. Freed with
 * free(). */
char *copy_renew(const struct credentials_source *source, struct credentials *now);

#endif
