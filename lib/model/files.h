/* SPDX-License-Identifier: MIT */
/*
 * files: the configuration directory as texts. Opens what is a regular file and nothing
 * else (no FIFO, device, directory or dangling link where a file is due, never blocking),
 * each at most 256 KiB, at most 64 of them and 1 MiB together, *.yaml and *.yml only, no
 * dot files and no editors' leavings (~).
 *
 * Beside them the files of DIR/cloud-init, whatever they are called, which objects name as
 * "cloud-init/NAME": one that cannot be read is an error only where it is named.
 */
#ifndef LIB_MODEL_FILES_H
#define LIB_MODEL_FILES_H

#include "lib/base/account.h"
#include "lib/base/arena.h"
#include "lib/doc/node.h"
#include "lib/doc/report.h"

#define CONFIG_MAX_FILES 64
/* Of all files of desired state together: what can be checked in a tenth of a second. */
#define CONFIG_MAX_BYTES ((size_t)1024 * 1024)

/* Of the files that objects name: all of them, and one. */
#define CONFIG_NAMED_DIRECTORY "cloud-init"
#define CONFIG_MAX_NAMED 256
#define CONFIG_MAX_NAMED_BYTES ((size_t)1024 * 1024)
#define CONFIG_MAX_NAMED_FILE ((size_t)256 * 1024)

struct named_file {
	struct source_text source; /* "cloud-init/user-data.yaml" */
	const char *why, *fix;	   /* it cannot be used; NULL: it can */
	uint64_t hash;		   /* of its text; set by config_load() */
	bool checked;		   /* config_load()'s: errors in it were reported */
};

struct config_files {
	struct arena arena;
	struct source_text settings; /* text NULL: there is none, every default holds */
	struct source_text *desired; /* sorted by name */
	size_t desired_count;
	struct named_file *named; /* sorted by name */
	size_t named_count;
	const char *directory;
	bool settings_only; /* only they are to be checked: there is no home to it */
};

enum files_of {
	FILES_TRUSTED,	/* to be acted on: owned by root or the caller, writable by the
			   owner only, and so are the directories */
	FILES_ANYBODYS, /* only to be checked: a checkout, a draft */
};

/*
 * Reads DIR/homek8s.yaml and DIR/desired.d/, or, where `path` is a file, that file alone
 * as desired state; only to be checked, one that is called homek8s.yaml as settings.
 * Links are followed (a mounted ConfigMap is one). Sources are named relative to DIR.
 * Problems are added to the report as errors that name the file; returns -1 if there were
 * any. `out` is initialised here; free with config_files_done either way. The report may
 * use out->arena if it is still empty.
 */
int config_files_read(
    const char *path, enum files_of of, struct config_files *out, struct report *report);
/* The same for another user (NULL: the one of this process): owners and modes must be as he
 * trusts them, and what he may not read is an error, too. */
int config_files_read_as(const struct account *as, const char *path, enum files_of of,
    struct config_files *out, struct report *report);
void config_files_done(struct config_files *files);

#endif
