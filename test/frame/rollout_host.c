/* SPDX-License-Identifier: MIT */
/*
 * rollout_host: revisions as this host has them. $HOMEK8S_ROLLOUTS/NAME has a line
 * "REVISION TOKEN" for each that was run; the last one is in force. Who writes locks
 * the directory, so that a test can hold it.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>

#include "lib/base/cleanup.h"
#include "lib/doc/json.h"
#include "lib/kind/actions.h"
#include "test/frame/arguments.h"
#include "test/frame/host.h"

static const char *directory(void)
{
	const char *path = getenv("HOMEK8S_ROLLOUTS");

	return path ? path : "/var/lib/homek8s/rollouts";
}

int rollout_list(struct arena *a, const char ***names, size_t *count, struct error *e)
{
	return host_directory(a, directory(), names, count, e);
}

int rollout_read(struct arena *a, const char *name, struct reading *out, struct error *e)
{
	const char *path = arena_printf(a, "%s/%s", directory(), name);
	autofile FILE *f = fopen(path, "re");
	char line[256], revision[64] = "";

	if (!f)
		return errno == ENOENT
			   ? 1
			   : fail(e, "%s cannot be read: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), f))
		sscanf(line, "%63s", revision);
	out->json = json_object_new_object();
	json_put_string(out->json, "revision", revision);
	return 0;
}

int host_rollout_run(const struct call *call, struct error *e)
{
	const struct rollout_run *run = call->arguments;
	autoclose int held = open(directory(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autoclose int fd = -1;

	if (held < 0 || flock(held, LOCK_EX) < 0)
		return fail(e, "%s: %s", directory(), strerror(errno));
	fd = openat(held, call->target, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 ||
	    dprintf(fd, "%s %016" PRIx64 "\n", run->revision, call->token) < 0 ||
	    fsync(fd) < 0)
		return fail(e, "%s/%s: %s", directory(), call->target, strerror(errno));
	return 0;
}
