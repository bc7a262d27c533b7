/* SPDX-License-Identifier: MIT */
/* read: what a failed call means for a read. */
#include "daemon/virt/read.h"

void answer_done(struct answer *answer)
{
	arena_done(&answer->arena);
	*answer = (struct answer){ .arena = { 0 } };
}

enum outcome read_failed(virConnectPtr conn, struct answer *answer, int absent)
{
	fault_take(&answer->fault, conn);
	return answer->fault.code == absent ? READ_CHANGED : READ_FAILED;
}

enum outcome read_missed(virConnectPtr conn, struct answer *answer, int absent)
{
	fault_take(&answer->fault, conn);
	return answer->fault.code == absent ? READ_GONE : READ_FAILED;
}
