/* SPDX-License-Identifier: MIT */
/*
 * credentials_note: what is said of credentials beside the server's state: that they are
 * another ones on disk than were copied when the service was started, and are not read again
 * before it is restarted; that they end soon, or have ended.
 */
#ifndef DAEMON_KUBE_CREDENTIALS_NOTE_H
#define DAEMON_KUBE_CREDENTIALS_NOTE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/wire/credentials.h"

/* NULL where there is nothing to say. `now` may be NULL; `wall` in ms since 1970. `advise`:
 * with the next step, unless credentials_renew() has been said. Freed with free(). */
char *credentials_note(const struct credentials_source *source, struct credentials *now,
    int64_t wall, bool advise);

/* ": renew ..." for who is not accepted; "" where credentials_note() says the next step.
 * Freed with free(). */
char *credentials_renew(const struct credentials_source *source, struct credentials *now);

#endif
