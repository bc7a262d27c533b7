/* SPDX-License-Identifier: MIT */
/*
 * file_reader: reads one file or directory of the configuration, or says why not: what is no
 * plain file, belongs to somebody else, may be written or not be read, is too large, empty
 * or growing. For files.c alone.
 *
 * Each function returns 0, or -1 after adding an error to the report.
 */
#ifndef LIB_MODEL_FILE_READER_H
#define LIB_MODEL_FILE_READER_H

#include <sys/stat.h>

#include "lib/model/files.h"

struct file_reader {
	struct config_files *out; /* its arena takes the texts */
	struct report *report;
	enum files_of of;
	const struct account *as; /* NULL: the user of this process */
	bool named;		  /* it is read what objects name */
};

/* That file cannot be used: its name, why, and what to do (or NULL). Always -1. */
int file_refuse(const struct file_reader *r, const char *id, const char *name,
    const char *why, const char *fix);
/* We may not read it. Always -1. */
int file_refuse_denied(const struct file_reader *r, const char *name, bool is_directory);

/* Whether it, or which files it has, is up to those alone whom the reader trusts. */
int file_check_owner(
    const struct file_reader *r, const char *name, const struct stat *st);
/* Whether the user for whom it is read may. */
int file_check_readable(const struct file_reader *r, const char *name, bool is_directory);

/* The file at `path`, from `directory`, into `out`; `name` is what it is called there. */
int file_read(const struct file_reader *r, int directory, const char *path,
    const char *name, struct source_text *out);

#endif
