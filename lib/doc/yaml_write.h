/* SPDX-License-Identifier: MIT */
/*
 * yaml_write: text that lib/doc/yaml.h, and every other reader of YAML, reads as it was
 * meant: which texts need quotes, values on one line, and a document with comments, parts
 * of which may be commented out: YAML again where "# " is taken away from each line.
 */
#ifndef LIB_DOC_YAML_WRITE_H
#define LIB_DOC_YAML_WRITE_H

#include <json-c/json.h>
#include <stdbool.h>

#include "lib/base/arena.h"
#include "lib/base/text.h"

/* Appends a text, quoted where it must be: anywhere, or within [] and {}. A quoted one is a
 * JSON text, which YAML reads the same. */
void yaml_write_text(struct text *out, const char *text, bool within);
/* Appends a value on one line: "{ip: 192.168.122.9, mac: \"52:54:00:12:34:56\"}". */
void yaml_write_flow(struct text *out, struct json_object *value);

/* A key and what it holds. Zeroed: a document without keys. In the arena. */
struct yaml_entry {
	const char *key;    /* NULL: an element of a list */
	const char *value;  /* one line; NULL: what is below */
	const char **notes; /* lines of comment above it */
	size_t note_count;
	struct yaml_entry **below;
	size_t below_count;
	bool off;      /* commented out, with all below it */
	unsigned line; /* where its key was written last, from 1 */
};

/* The entry of that key; a new one where there is none, or `key` is NULL. */
struct yaml_entry *yaml_entry_get(
    struct arena *a, struct yaml_entry *above, const char *key);
/* Control characters become blanks; what stands in `` is not broken over lines. */
void yaml_entry_note(struct arena *a, struct yaml_entry *entry, const char *note);
/* Appends the document. What has nothing below it that is not commented out is so too. */
void yaml_entry_write(struct yaml_entry *document, struct text *out);

#endif
