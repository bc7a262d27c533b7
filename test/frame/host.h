/* SPDX-License-Identifier: MIT */
/* host: what the host's side of this test's kinds offers to daemon/host/noun.c, which is
 * built again with their rows. */
#ifndef TEST_FRAME_HOST_H
#define TEST_FRAME_HOST_H

#include "daemon/host/noun.h"

/* The names in a directory, but for those that begin with a dot; none where there is no
 * directory. As a noun's list(). */
int host_directory(struct arena *a, const char *path, const char ***names, size_t *count,
    struct error *e);

int note_list(struct arena *a, const char ***names, size_t *count, struct error *e);
int note_read(struct arena *a, const char *name, struct reading *out, struct error *e);
int host_note_write(const struct call *call, struct error *e);
int host_note_remove(const struct call *call, struct error *e);

int rollout_list(struct arena *a, const char ***names, size_t *count, struct error *e);
int rollout_read(struct arena *a, const char *name, struct reading *out, struct error *e);
int host_rollout_run(const struct call *call, struct error *e);

#endif
