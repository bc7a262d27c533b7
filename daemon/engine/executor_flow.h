/* SPDX-License-Identifier: MIT */
/*
 * executor_flow: queues of documents, and what of them is sent: the executor's own, for
 * executor.c alone. After every change flow_send_ready() sends what may be sent now.
 */
#ifndef DAEMON_ENGINE_EXECUTOR_FLOW_H
#define DAEMON_ENGINE_EXECUTOR_FLOW_H

#include "daemon/engine/executor.h"
#include "daemon/engine/executor_parts.h"

struct executor {
	struct executor_hooks hooks;
	void *arg;
	struct table documents, works;
	struct documents ready[SOURCES_MAX];
	struct entries sent; /* noted, or under way */
	unsigned limits[SOURCES_MAX], under_way[SOURCES_MAX];
	uint64_t last_token;
	size_t length;
};

/* The document may have become ready, or no longer be. */
void flow_ready(struct executor *x, struct document *d);

/* Sends heads of ready documents for as long as their sources take one more call. */
void flow_send_ready(struct executor *x);
/* Makes the entry's document now, from what was observed last, and sends it. */
void flow_send(struct executor *x, struct entry *entry);

/* The entry is under way no longer. */
void flow_leave_sent(struct executor *x, struct entry *entry, enum progress progress);
/* The same for one that has ended, and the program goes on, or ends after a failure. */
void flow_finish(struct executor *x, struct entry *entry, const struct outcome *outcome);

/* Nothing of the step was sent. */
bool flow_is_to_come(const struct entry *entry);
/* Drops a step that is to come. */
void flow_leave_queue(struct executor *x, struct entry *entry);
/* Drops what is to come of the program, all but what puts back something taken. */
void flow_drop_rest(struct executor *x, struct run *run);
/* What it puts back was taken, may have been, or is just being taken. */
bool flow_must_follow(const struct entry *entry);
/* A step that is to come waits until its document was observed, and then goes on, or is
 * dropped. */
void flow_hold(struct executor *x, struct entry *entry);
void flow_go_on(struct executor *x, struct document *d, bool drop);
/* Goes on to the program's next step that was not dropped; ends it where there is none. */
void flow_advance(struct executor *x, struct run *run);

/* Frees the document, or takes the object from the busy ones, once nothing needs it. */
void flow_release(struct executor *x, struct document *d);
void flow_end_work(struct executor *x, struct work *work);

#endif
