/* SPDX-License-Identifier: MIT */
/*
 * screen: homek8sctl in this process, answered from a home of files as the daemon would
 * answer it, on a terminal of any width, at a fixed time. It stands in place of
 * homek8sctl's own terminal.c and client.c; all else is the real thing.
 *
 * A home is a directory as in test/golden/world.h and, optionally, view.json:
 *
 *   {"sources": {"libvirt": {"state": "down", "since": "2026-...", "detail": "..."}, ...},
 *    "error": "text of a refused configuration", "events": [EVENT, ...],
 *    "objects": [{"kind": ..., "name": ..., "since": ..., "error": "it failed with"}, ...]}
 *
 * A source that is not named is connected.
 */
#ifndef TEST_SCREENS_SCREEN_H
#define TEST_SCREENS_SCREEN_H

#include "lib/base/text.h"

struct screen;

struct screen *screen_open(const char *directory);
void screen_close(struct screen *screen);
/* Runs "homek8sctl" with the words of a line, and appends what it prints, on both of its
 * outputs. Its exit status. `screen` NULL: there is no daemon. */
int screen_run(struct screen *screen, const char *line, int columns, struct text *out);

#endif
