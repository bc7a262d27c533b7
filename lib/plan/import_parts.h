/* SPDX-License-Identifier: MIT */
/* import_parts: what the two files of import share. */
#ifndef LIB_PLAN_IMPORT_PARTS_H
#define LIB_PLAN_IMPORT_PARTS_H

#include "lib/plan/import.h"

struct yaml_entry;

/* It is commented out, or what it is written inside is. */
bool import_is_off(const struct imported *object);
/* Why that key of it is commented out; NULL: it is not. */
const char *import_key_off(const struct imported *object, const char *key);

/* Adds it to the document, in its section. */
void import_write(struct arena *a, struct yaml_entry *document, struct imported *object);

/*
 * Comments out what does not load, and then that for which the plan would do something.
 * True: what is left loads, and nothing is to be done about it. False: not all of it could
 * be tried.
 */
bool import_try(struct importer *i);

#endif
