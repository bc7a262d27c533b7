/* SPDX-License-Identifier: MIT */
/*
 * lanes: steps on their way. One lane a back end; in each, steps go out one at a time in
 * the plan's order. An object is busy from the moment its steps are queued until they
 * have ended and what they touched was looked at again: until then the plan holds it, so
 * nothing is done twice on an old look. When a step fails, the object's remaining steps
 * are dropped.
 */
#ifndef DAEMON_LANES_H
#define DAEMON_LANES_H

#include "lib/plan/plan.h"

struct lanes;

struct lanes_hooks {
	void (*send)(
	    void *arg, enum origin lane, const struct step *step, uint64_t ticket);
	/* The object's busy state has changed. */
	void (*busy)(void *arg, const struct kind *kind, const char *name, bool busy);
};

struct lanes *lanes_new(const struct lanes_hooks *hooks, void *arg);
void lanes_free(struct lanes *lanes);

/* Queues every step of the plan (copied) and sends the first of each idle lane. */
void lanes_take(struct lanes *lanes, const struct plan *plan);

/*
 * A step has ended. Returns it (borrowed until the next call to lanes_*), or NULL for a
 * ticket that was dropped. `seen`: its effect has been observed already. Sends the next
 * one.
 */
const struct step *lanes_ended(
    struct lanes *lanes, uint64_t ticket, bool failed, bool seen);

/* An object was looked at (libvirt's name): what waited for that is no longer busy. */
void lanes_looked(struct lanes *lanes, const struct kind *kind, const char *target);

/*
 * Nothing is known of the kind any more: drops what waits to be done to its objects, and
 * waits for no look. A step under way goes on and ends as any other.
 */
void lanes_drop(struct lanes *lanes, const struct kind *kind);

/*
 * What was decided no longer holds (new configuration, a pause): drops what is not under
 * way. An object from which something is taken that another step puts back is finished
 * once it was begun.
 */
void lanes_abandon(struct lanes *lanes);

/* Steps queued or under way. */
size_t lanes_length(const struct lanes *lanes);

#endif
