/* SPDX-License-Identifier: MIT */
/* body: request bodies as objects, and the manager's name. */
#ifndef TEST_FAKE_BODY_H
#define TEST_FAKE_BODY_H

#include "test/fake/fake.h"

/* What a body holds. */
enum body_kind { BODY_OBJECT, BODY_MERGE, BODY_STRATEGIC, BODY_JSON_PATCH, BODY_APPLY };

/* Which kind of patch the Content-Type names; 415 for any other. */
struct json_object *patch_kind(const struct request *req, enum body_kind *kind);

/* Reads the body; *out is the caller's. Returns NULL or a Status. */
struct json_object *body_read(
    const struct request *req, enum body_kind kind, struct json_object **out);

/* Checks that each part the server reads has its type. */
struct json_object *body_shape(struct json_object *obj);

/* Checks an object's shape, and its apiVersion, kind, name and namespace against the URL.
 */
struct json_object *body_fits(
    const struct call *call, struct json_object *obj, const char *name);

/* ?fieldManager, else the User-Agent up to "/"; allocated. */
char *manager_name(const struct request *req);

/* ?dryRun=All, or 422 for another value. */
struct json_object *dry_run(const struct request *req, bool *dry);

#endif
