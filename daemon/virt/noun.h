/* SPDX-License-Identifier: MIT */
/*
 * noun: the table of what libvirt has that is observed. A row says which kind its readings
 * are of, how one object and the list of all are read, and which connection serves it.
 *
 * To add one: a row in noun.c, its read_NAME.c, and, where libvirt has events for it,
 * their registration in events.c. Nothing else in this folder knows the kinds by name
 * (steps.c does, which carries out the actions of particular kinds).
 */
#ifndef DAEMON_VIRT_NOUN_H
#define DAEMON_VIRT_NOUN_H

#include "daemon/virt/events.h"
#include "daemon/virt/read.h"

/* Where libvirt's drivers are separate daemons, networks are served by their own. */
enum endpoint { ENDPOINT_MAIN, ENDPOINT_NETWORK };

#define ENDPOINTS 2

struct noun {
	const struct kind *kind;
	const char *word; /* libvirt's: "domain" */
	enum endpoint endpoint;
	enum topic topic; /* of its events */
	int64_t patience; /* ms; without an answer for longer, a read is overdue */
	enum outcome (*read)(virConnectPtr conn, const char *name, struct raw *answer);
	/* The same after an event that says it has stopped, as little as needed (may set
	 * `facts_only`); NULL: nothing less than the whole. */
	enum outcome (*read_stop)(
	    virConnectPtr conn, const char *name, struct raw *answer);
	int (*list)(virConnectPtr conn, struct arena *a, const char ***names);
	/* What all of them are doing, in a call or two, and the same of one reading: a number
	 * that changes with it. NULL: it cannot be said. */
	int (*roll)(virConnectPtr conn, struct arena *a, struct roll_entry **entries);
	uint64_t (*doing)(const struct reading *reading);
};

/* In the order in which everything is read: networks first, domains need them. */
extern const struct noun nouns[];
extern const size_t noun_count;

/* NULL where there is none. */
const struct noun *noun_of(const struct kind *kind);
const struct noun *noun_about(enum topic topic);

/* Reads one object, from the start again where it changed meanwhile; never READ_CHANGED.
 * `stopped`: with read_stop. `answer` is zeroed. On a call thread. */
enum outcome noun_read(const struct noun *noun, virConnectPtr conn, const char *name,
    bool stopped, struct raw *answer);

/* Names of all there are, in the arena. A driver that has no such thing has none. */
int noun_list(const struct noun *noun, virConnectPtr conn, struct arena *a,
    const char ***names, size_t *count, struct fault *fault);

#endif
