/* SPDX-License-Identifier: MIT */
/*
 * preview: `homek8sd --plan`: observes the home once, prints what would be done, and does
 * nothing. Nothing is remembered of earlier runs: no pause, and no approval.
 */
#ifndef DAEMON_PREVIEW_H
#define DAEMON_PREVIEW_H

/* The exit status: 0 there is nothing to do, 1 there is something, or not all is known, 78
 * the configuration has errors. */
int preview(const char *directory);

#endif
