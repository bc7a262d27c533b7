/* SPDX-License-Identifier: MIT */
/* field_type: the table of types. */
#include "lib/model/field_type.h"

static const struct field_ops *const types[] = {
#define FIELD_TYPE(NAME, ops) &field_##ops,
#include "lib/model/field_types.def"
#undef FIELD_TYPE
};

const struct field_ops *field_ops(const struct field *field)
{
	return types[field->type];
}

int refuse(struct refusal *r, const char *id, struct arena *a, const char *text)
{
	r->id = id;
	return fail(&r->why, "this is \"%s\"", text_clean(a, text, 60));
}

/* Nobody writes these: what is done with them is in lib/state/record.c. */
const struct field_ops field_time, field_mono, field_hashes;
