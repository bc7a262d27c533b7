/* SPDX-License-Identifier: MIT */
/*
 * metallb_meta: what is used of an object's metadata beside its name: whose it is, who
 * else writes it, and whether it is on its way out; and label selectors over it.
 */
#ifndef LIB_KIND_METALLB_META_H
#define LIB_KIND_METALLB_META_H

#include <json-c/json.h>
#include <stdbool.h>

#include "lib/base/arena.h"

struct metallb_meta {
	/* Ours: it carries our label, and that is a field that we manage. A label travels
	 * with a copy of the manifest and owns nothing by itself, nor does being a manager:
	 * we are one of what we have adopted and put right. */
	bool owned;
	const char *uid;
	const char *manager; /* the other one that wrote it last; NULL: none is named */
	const char
	    *deleting; /* "is being deleted ...", with what holds it; NULL: is not */
	struct metallb_label {
		const char *key, *value;
	} * labels;
	size_t label_count;
};

struct metallb_meta metallb_meta(struct arena *a, struct json_object *object);

/* The fields we manage below "f:spec", as the API has them (FieldsV1); borrowed, or NULL. */
struct json_object *metallb_own_fields(struct json_object *object, const char *below);

/* A list of label selectors, as the API has them (LabelSelector). */
struct metallb_selectors {
	struct metallb_requirement {
		size_t selector; /* which of the list it belongs to */
		const char *key;
		enum { LABEL_IN, LABEL_NOT_IN, LABEL_EXISTS, LABEL_ABSENT, LABEL_ODD } is;
		const char **values;
		size_t value_count;
	} * requirements;
	size_t requirement_count;
	size_t count; /* selectors; one without requirements selects everything */
};

struct metallb_selectors metallb_selectors(struct arena *a, struct json_object *list);

/* Whether one of them selects what carries these labels. An operator that is not known
 * counts as met: what cannot be read is not taken for a no. */
bool metallb_selects(
    const struct metallb_selectors *selectors, const struct metallb_meta *meta);

#endif
