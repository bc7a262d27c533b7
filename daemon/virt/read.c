/* SPDX-License-Identifier: MIT */
/* read: what a failed call means for a read. */
#include "daemon/virt/read.h"

void answer_done(struct raw *answer)
{
	arena_done(&answer->arena);
	*answer = (struct raw){ .arena = { 0 } };
}

enum outcome read_failed(virConnectPtr conn, struct raw *answer, int absent)
{
	fault_take(&answer->fault, conn);
	return answer->fault.code == absent ? READ_CHANGED : READ_FAILED;
}

enum outcome read_missed(virConnectPtr conn, struct raw *answer, int absent)
{
	fault_take(&answer->fault, conn);
	return answer->fault.code == absent ? READ_GONE : READ_FAILED;
}
