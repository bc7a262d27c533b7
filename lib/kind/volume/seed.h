/* SPDX-License-Identifier: MIT */
/*
 * seed: what a new guest's cloud-init begins with, the files of its data source NoCloud, as
 * a small image in a volume of its own. The volume is called
 *
 *   VM.seed-HASH.iso
 *
 * where HASH is that of the files: other files are another volume, and what a domain has is
 * known by its name. It is made, and given to the domain where it is stored, before the
 * guest starts; one that an edit has replaced is deleted once no domain has it.
 */
#ifndef LIB_KIND_VOLUME_SEED_H
#define LIB_KIND_VOLUME_SEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/error.h"

struct item;
struct object;
struct observed;
struct planner;
struct report;
struct step;
struct config;
struct volume;
struct vm;

enum seed_file { SEED_META, SEED_USER, SEED_VENDOR, SEED_NETWORK, SEED_FILES };

/* "meta-data" and so on. */
extern const char *const seed_file_names[SEED_FILES];

struct seed {
	const char *pool;	       /* the storage pool it is in */
	const char *volume;	       /* its name there */
	const char *texts[SEED_FILES]; /* NULL: it has none */
};

/* The name of a volume; `hash` is of its files. */
const char *seed_volume_name(struct arena *a, const char *vm, uint64_t hash);
/* Whether a volume is called so: `vm_length` bytes of its name are the VM's. */
bool seed_name_parse(const char *volume, size_t *vm_length, uint64_t *hash);

/*
 * The probe that says what a volume holds is called "seed POOL/NAME", and the answer, of
 * status SEED_ANSWERED, is a text: one of these.
 */
#define SEED_NAME "seed "
#define SEED_ANSWERED 200
#define SEED_WHOLE "whole"   /* what its name says */
#define SEED_PARTLY "partly" /* homek8sd's, not written to its end, or empty */
#define SEED_OTHER "other"   /* not made by homek8sd */

/* The VM's interfaces and `seed` are set: the volume that it is. */
void seed_derive(struct config *config, const struct vm *vm, struct report *report);

/* Parts of the kind volume's plan(): a seed that is written; one that is not, or no longer
 * (true: it is one, and was planned). */
void seed_plan(struct planner *p, struct item *item, const struct volume *want,
    const struct observed *have);
bool seed_plan_unwritten(
    struct planner *p, struct item *item, const struct observed *have);

/* The document of a seed_make step: {"meta-data": TEXT, ...}. Holds secrets. */
const char *seed_render(struct planner *p, const struct step *step, struct error *e);

#endif
