/* SPDX-License-Identifier: MIT */
/*
 * crd: a stored CustomResourceDefinition puts its resource into service, and its removal
 * takes it out. Only the storage version is served (nothing here converts), and objects
 * are taken with whatever fields they have: schemas are not read.
 */
#ifndef TEST_FAKE_CRD_H
#define TEST_FAKE_CRD_H

#include <json-c/json.h>

#include "test/fake/store.h"

/* Is this the resource of definitions? */
bool is_crd(const struct resource *res);

/* What the server finds wrong with a definition: NULL or a Status. */
struct json_object *crd_valid(
    const struct resource *res, const char *name, struct json_object *crd);

/* Fills in the status of a new definition: its names are accepted, it is established. */
void crd_establish(struct json_object *crd);

/* Puts what it defines into service; the other takes it out. */
void crd_serve(struct json_object *crd);
void crd_retire(struct json_object *crd);

/* Removes all objects of what it defines. */
void crd_empty(struct store *s, struct json_object *crd);

#endif
