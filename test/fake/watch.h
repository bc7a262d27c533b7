/* SPDX-License-Identifier: MIT */
/*
 * watch: streams of changes. A watch is a position in the store's history; whatever wakes
 * it (a change, room in the socket, a timer), it sends what lies after that position.
 */
#ifndef TEST_FAKE_WATCH_H
#define TEST_FAKE_WATCH_H

#include "test/fake/fake.h"
#include "test/fake/fault.h"

/* Answers a watch request. `fault` (NULL for none) acts on the new watch; it is not kept.
 */
void watch_open(const struct call *call, const struct fault *fault);

/* Lets every watch send what is new; the store's listener. */
void watches_wake(struct fake *f);

/* Applies a fault to the open watches it matches; returns how many there were. */
int watches_hit(struct fake *f, const struct fault *fault);

/* Ends all effects of faults on open watches. */
void watches_heal(struct fake *f);

int watches_count(const struct fake *f);

/* Closes the connections of all watches; returns how many. */
int watches_drop(struct fake *f, bool reset);

#endif
