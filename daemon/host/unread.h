/* SPDX-License-Identifier: MIT */
/*
 * unread: the files that must not be read yet, since somebody writes them or they were
 * just removed and may be made again. By the inotify watch on their directory and their
 * name. A list: few files change at a time. For daemon/host/watch.
 */
#ifndef DAEMON_HOST_UNREAD_H
#define DAEMON_HOST_UNREAD_H

#include <stdbool.h>

struct unread {
	struct unread *next;
	int directory; /* the watch on it */
	char *name;
	bool written; /* and not closed yet; else it was removed */
	bool changed; /* since it was made; the caller's */
	double since; /* seconds, the caller's clock */
};

struct unread_files { /* zeroed: none */
	struct unread *first;
};

/* From now on it is being written, or (`written` false) it was removed; since `now`,
 * where it is not known to be so already. The entry holds until it is dropped. */
struct unread *unread_mark(struct unread_files *files, int directory, const char *name,
    bool written, double now);
/* It may be read. */
void unread_forget(struct unread_files *files, int directory, const char *name);
/* The same of the entry at `at`, which then points to the next one. */
void unread_drop(struct unread **at);
void unread_clear(struct unread_files *files);

#endif
