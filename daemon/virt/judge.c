/* SPDX-License-Identifier: MIT */
/*
 * judge: the worst there is to say of any connection is said of the whole. A try that
 * repeats a failed one leaves it DOWN until it has succeeded.
 */
#include "daemon/virt/judge.h"

static const struct connection *first_in(
    struct connection *const *connections, size_t count, enum connection_phase phase)
{
	for (size_t i = 0; i < count; i++)
		if (connection_phase(connections[i]) == phase)
			return connections[i];
	return NULL;
}

static void add_uris(
    struct connection *const *connections, size_t count, struct text *detail)
{
	const char *comma = "";

	for (size_t i = 0; i < count; i++) {
		if (connection_phase(connections[i]) == CONNECTION_OFF)
			continue;
		text_add(detail, "%s%s", comma, connection_uri(connections[i]));
		comma = ", ";
	}
}

enum virt_status judge_state(struct connection *const *connections, size_t count,
    const char *overdue, struct text *detail)
{
	const struct connection *waiting =
	    first_in(connections, count, CONNECTION_WAITING);
	const struct connection *opening =
	    first_in(connections, count, CONNECTION_OPENING);

	if (waiting) {
		text_add(detail, "%s", connection_detail(waiting));
		return VIRT_DOWN;
	}
	if (overdue) {
		add_uris(connections, count, detail);
		text_add(detail, ": no answer to \"%s\"", overdue);
		return VIRT_UNRESPONSIVE;
	}
	if (opening && connection_detail(opening)) {
		text_add(detail, "%s", connection_detail(opening));
		return VIRT_DOWN;
	}
	add_uris(connections, count, detail);
	if (!opening)
		return VIRT_CONNECTED;
	text_add(detail, ": connecting");
	return VIRT_CONNECTING;
}
