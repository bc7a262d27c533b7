/* SPDX-License-Identifier: MIT */
/*
 * config: the desired home, read from a directory: settings (homek8s.yaml) and desired
 * state (desired.d/ *.yaml), checked as one. All or nothing: a load with any error yields
 * no configuration and a report of every error at once.
 */
#ifndef LIB_MODEL_CONFIG_H
#define LIB_MODEL_CONFIG_H

#include "lib/base/arena.h"
#include "lib/doc/json.h"
#include "lib/doc/report.h"
#include "lib/model/files.h"
#include "lib/model/object.h"
#include "lib/model/settings.h"

struct config {
	struct arena arena; /* everything below, sources and report included */
	struct settings settings;
	struct set sets[KINDS_MAX]; /* by kind_index() */
	const struct node *root;    /* desired.d merged into one tree */
	struct named_file *named;   /* sorted by name */
	size_t named_count;
	struct report report; /* findings; errors when config_load() returned -1 */
	uint64_t texts;	      /* hash of the files it was built from */
};

/*
 * Builds the configuration from the texts of `files` (which are copied). With a syntax
 * error in any file, values are still checked but what one file means for another is not.
 * Findings are sorted. Returns 0, or -1
 * with at least one error in out->report; `out` must be freed with config_free either
 * way.
 */
int config_load(const struct config_files *files, struct config **out);
void config_free(struct config *config);
/* Whether both were built from the same files: same names, same texts. */
bool config_same(const struct config *one, const struct config *other);

/*
 * The linter's rules, NULL after the last, run in order once every kind was read and
 * derived. Each adds findings over the whole configuration; errors among them refuse the
 * load too. The table is lib/lint/lint.c's.
 */
extern void (*const config_rules[])(const struct config *config, struct report *report);

/* The file that an object names, be it one that cannot be used; NULL: there is none. */
struct named_file *config_named(struct config *config, const char *name);

struct set *config_set(struct config *config, const struct kind *kind);
const struct set *config_get(const struct config *config, const struct kind *kind);

/* How an object of that name is shown; `name` itself where none is written. */
const char *config_short_name(
    const struct config *config, const struct kind *kind, const char *name);

/* Objects of one kind that a configuration may hold; more are an error. */
#define CONFIG_MAX_OBJECTS 5000

/*
 * For the kinds' derive(): a new object in the configuration's arena, in its kind's set,
 * with its table's defaults. `name` is copied. NULL after an error: the name is used, or
 * there are too many.
 */
struct object *config_object(struct config *config, const struct kind *kind,
    const char *name, struct report *report);

/* The JSON schema of desired state, from the kinds' sections and field tables. New
 * reference. */
struct json_object *config_schema(void);

/*
 * `explain`: what a path such as "vms.memory" may hold, from the field tables: type,
 * default, limits, help, and the keys below it. Names of objects are left out of the path
 * ("vms.worker-1.memory" is understood too); "" lists the top. Keys of homek8s.yaml are
 * found as well. -1 with the nearest path on a wrong one.
 */
int config_explain(const char *path, struct text *out, struct error *e);

#endif
