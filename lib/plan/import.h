/* SPDX-License-Identifier: MIT */
/*
 * import: what runs now as desired state. Each kind proposes a record for each object that
 * was observed (lib/model/kind.h, import()); the field tables write it. Then all of it is
 * loaded and planned as if it were in force: a key that does not load or differs, and an
 * object for which something would be done, is commented out with the reason, until there
 * is nothing to do. So the plan on the result is empty, whatever was observed.
 */
#ifndef LIB_PLAN_IMPORT_H
#define LIB_PLAN_IMPORT_H

#include "lib/plan/item.h"

struct import_only { /* an object of the result, by its key or its name outside */
	const struct kind *kind;
	const char *name;
};

struct import_request {
	const struct plan_input *input;
	/* Nothing but these and what is written inside them; none: everything. */
	const struct import_only *only;
	size_t only_count;
};

struct import_result {
	const char *text;		   /* a YAML document, in the arena */
	bool complete;			   /* all that could be observed soon was */
	const struct import_only *missing; /* of `only`: there is none; or NULL */
};

void import_make(
    const struct import_request *request, struct arena *a, struct import_result *result);

/* For the kinds' import(). */

struct importer {
	struct arena *arena;
	struct planner planner; /* without a plan: for look-ups */
	struct imported {
		const struct kind *kind;
		const char *name;	/* its key */
		const char *external;	/* its name outside */
		struct imported *above; /* what it is written inside; or NULL */
		void *record; /* of the kind: a copy, of which every bit is a key */
		const char **notes;
		size_t note_count;
		const char *off; /* why it is commented out; or NULL */
		struct imported_key {
			const char *key, *why;
		} * keys; /* those that are commented out */
		size_t key_count;
		struct yaml_entry *entry; /* as it was written last */
	} * *items;
	size_t count;
};

/* A proposal: a copy of the record, which may be changed. */
struct imported *import_add(struct importer *i, const struct kind *kind,
    struct imported *above, const char *name, const char *external, const void *record);
/* That of the observed object of this name; NULL: there is none. */
struct imported *import_find(
    const struct importer *i, const struct kind *kind, const char *external);
/* A comment above it. */
void import_note(struct importer *i, struct imported *object, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* It is commented out for that reason; the first one stays. */
void import_off(struct importer *i, struct imported *object, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A key that may be written, made of the text, and that no other of the kind inside `above`
 * has: "Windows 11" -> "windows-11". */
const char *import_key(struct importer *i, const struct kind *kind,
    const struct imported *above, const char *text);

#endif
