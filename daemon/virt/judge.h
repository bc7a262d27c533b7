/* SPDX-License-Identifier: MIT */
/* judge: what the state of all connections together is called, and why. */
#ifndef DAEMON_VIRT_JUDGE_H
#define DAEMON_VIRT_JUDGE_H

#include "daemon/virt/connection.h"
#include "daemon/virt/virt.h"
#include "lib/base/text.h"

/* `overdue`: the call that is; NULL: none. Adds to `detail` what virt_state shows. */
enum virt_status judge_state(struct connection *const *connections, size_t count,
    const char *overdue, struct text *detail);

#endif
