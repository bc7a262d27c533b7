/* SPDX-License-Identifier: MIT */
/*
 * config: the desired home, read from a directory: settings (homek8s.yaml) and desired
 * state (desired.d/ *.yaml), checked as one. All or nothing: a load with any error yields
 * no configuration and a report of every error at once.
 */
#ifndef LIB_MODEL_CONFIG_H
#define LIB_MODEL_CONFIG_H

#include "lib/base/arena.h"
#include "lib/doc/report.h"
#include "lib/model/files.h"
#include "lib/model/object.h"
#include "lib/model/settings.h"

struct config {
	struct arena arena; /* everything below, sources and report included */
	struct settings settings;
	struct set sets[OBSERVED_KINDS]; /* by kind_index() */
	const struct node *root;	 /* desired.d merged into one tree */
	struct report report; /* findings; errors when config_load() returned -1 */
};

/*
 * Builds the configuration from the texts of `files` (which are copied). Returns 0, or -1
 * with at least one error in out->report; `out` must be freed with config_free either
 * way.
 */
int config_load(const struct config_files *files, struct config **out);
void config_free(struct config *config);

struct set *config_set(struct config *config, const struct kind *kind);
const struct set *config_get(const struct config *config, const struct kind *kind);

/* The JSON schema of desired state, from the kinds' field tables. New reference. */
struct json_object *config_schema(void);

/*
 * `explain`: what a path such as "vms.memory" (map keys left out) may hold, from the
 * field tables: type, default, limits, help, and the keys below it. -1 with the nearest
 * path on a wrong one.
 */
int config_explain(const char *path, struct text *out, struct error *e);

#endif
