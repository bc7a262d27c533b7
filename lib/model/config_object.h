/* SPDX-License-Identifier: MIT */
/* config_object: objects that are read from a section, for lib/model itself. */
#ifndef LIB_MODEL_CONFIG_OBJECT_H
#define LIB_MODEL_CONFIG_OBJECT_H

#include "lib/model/config.h"

/*
 * A new object in its kind's set, from `map` as written under `key`. `key` NULL: its name
 * is its key "name", else the kind's. `outer`: the name of the object it is written
 * inside of, which goes before its own with a '/'; or NULL. Keys that the kind's table
 * does not have are left to the caller.
 *
 * Adds errors to the report for wrong values, for a name that is not as its kind's are,
 * for a key "name" inside that says otherwise and for a name used before. NULL after one
 * that makes it useless: its name, or its not being a map. With errors in its values it
 * is returned all the same, without the bits of those keys.
 */
struct object *config_object_read(struct config *config, const struct kind *kind,
    const struct node *map, const struct node *key, const char *outer,
    struct report *report);

/* Sets short_name of the kind's objects, all of which have been read. */
void config_short_names(struct config *config, const struct kind *kind);

#endif
