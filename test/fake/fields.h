/* SPDX-License-Identifier: MIT */
/*
 * fields: sets of field paths in the FieldsV1 form: {"f:spec": {"f:addresses": {}}}. A
 * node without children, or with the child ".", is itself in the set. Lists are owned
 * whole. NULL is the empty set. Every set returned is the caller's; arguments are only
 * read.
 */
#ifndef TEST_FAKE_FIELDS_H
#define TEST_FAKE_FIELDS_H

#include "test/fake/tree.h"

/* The fields an applied configuration names. What the server itself sets does not count.
 */
struct json_object *fields_of(struct json_object *obj);

/*
 * The fields that `now` has new or with another value than `old` (NULL for no object);
 * those of `old` that `now` lacks. New maps count themselves too, save those every object
 * of a built-in kind has.
 */
struct json_object *fields_changed(
    struct json_object *old, struct json_object *now, bool custom);
struct json_object *fields_gone(struct json_object *old, struct json_object *now);

/* a without b; a and b together; what both hold. */
struct json_object *fields_minus(struct json_object *a, struct json_object *b);
struct json_object *fields_plus(struct json_object *a, struct json_object *b);
struct json_object *fields_both(struct json_object *a, struct json_object *b);

/* Appends each path to a JSON array as ".spec.addresses". */
void fields_paths(struct json_object *set, struct json_object *array);

/* Deletes the set's fields from an object, and maps that this leaves empty. */
void fields_delete(struct json_object *obj, struct json_object *set);

#endif
