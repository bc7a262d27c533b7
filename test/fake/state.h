/* SPDX-License-Identifier: MIT */
/*
 * state: the store in a file, so that a restarted server goes on with the same objects
 * and resource versions. Each write appends one line; a line torn by a kill is left out
 * when reading. At start and exit the file is written anew, under another name first.
 */
#ifndef TEST_FAKE_STATE_H
#define TEST_FAKE_STATE_H

#include "test/fake/store.h"

struct state;

/* Loads the file into the store if there is one; NULL with a line on stderr. */
struct state *state_open(const char *path, struct store *s);

/* Adds an event; ev NULL (a rollback) writes everything anew. */
void state_note(struct state *st, struct store *s, const struct event *ev);

/* Writes everything anew. */
void state_save(struct state *st, struct store *s);

void state_close(struct state *st);

#endif
