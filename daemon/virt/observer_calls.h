/* SPDX-License-Identifier: MIT */
/*
 * observer_calls: the two calls an observer makes: to read one object, and to list all.
 * The observer's own, for observer.c alone; everything here on the main loop.
 */
#ifndef DAEMON_VIRT_OBSERVER_CALLS_H
#define DAEMON_VIRT_OBSERVER_CALLS_H

#include "daemon/virt/calls.h"
#include "daemon/virt/link.h"
#include "daemon/virt/noun.h"

struct observer;

struct read {
	struct virt_call call;
	struct observer *observer;
	const struct noun *noun;
	struct link *link;
	uint64_t key, number;
	bool stopped; /* may bring less than the whole */
	char *name, *what;
	enum outcome outcome;
	struct raw answer;
};

struct listing {
	struct virt_call call;
	struct observer *observer;
	const struct noun *noun;
	struct link *link;
	uint64_t key, number; /* reads of a greater number were requested after it */
	char *what;
	bool listed;
	struct arena arena;
	const char **names;
	size_t count;
	struct fault fault;
};

/* Whom they ask, and for whom; `number` counts the observer's reads. */
struct observer_call {
	struct observer *observer;
	const struct noun *noun;
	struct connection *connection;
	uint64_t number;
};

/* Both belong to whom done() hands them, who frees them with read_free() and
 * listing_free(). */
struct read *read_new(const struct observer_call *of, const char *name, bool stopped,
    void (*done)(struct virt_call *call));
void read_free(struct virt_call *call);
struct listing *listing_new(
    const struct observer_call *of, void (*done)(struct virt_call *call));
void listing_free(struct virt_call *call);

#endif
