/* SPDX-License-Identifier: MIT */
/*
 * volume: a volume of a libvirt storage pool that is a disk of a written VM (one without a
 * path), under the name POOL/VM.qcow2 or POOL/VM.DISK.qcow2; or its seed (seed.h). A disk is
 * made once, as a qcow2 file over the image where one is written, and only while there is no
 * domain of its VM, or, of its further disks, none that has it; afterwards it may be grown.
 * It is never made smaller, laid over another image, or deleted.
 */
#ifndef LIB_KIND_VOLUME_VOLUME_H
#define LIB_KIND_VOLUME_VOLUME_H

#include "lib/kind/kinds.h"

struct domain_disk;
struct step;

struct volume {
	struct object object; /* "default/worker-1.qcow2" */
	int64_t size;	      /* bytes, as a guest sees it */
	const char *image;    /* written: a volume of the same pool, or a path */
	/* Written only. */
	const char *pool, *file, *vm;
	const char *external; /* its name in libvirt, where another than the object's */
	const struct domain_disk *disk; /* it is this disk of its VM, or */
	const struct seed *seed;	/* this seed */
	/* Observed only; NULL where libvirt does not say it. */
	const char *path;
	const char *format;  /* what the file is, whatever it is called: "qcow2", "raw" */
	const char *backing; /* path of what it is laid over */
	const char *changed; /* a text that is another after each change of the file */
};

/* The name of the volume that a written disk is; NULL: it is none. */
const char *volume_of_disk(struct arena *a, const struct domain_disk *disk);

struct vm_disk;

/* Where an observed disk is, as `disk: {path: ...}` is written; NULL: at no path that is
 * known. */
const char *volume_disk_path(struct planner *p, const struct vm_disk *disk);

/* Fills the observed members from libvirt's document; texts go to the arena. */
int volume_read(struct arena *a, const char *xml, struct volume *out, struct error *e);

/* While it is planned: true: it is known which volumes its pool has; else the item says why
 * not. */
bool volume_pool_is_there(
    struct planner *p, struct item *item, const struct volume *want);

/* The last try to make it failed because of its pool: the condition, and the way out. */
void volume_report_pool(struct planner *p, struct item *item, const struct volume *want);

/* struct kind's plan(), and the document of a volume_create step (lib/model/action.h). */
void volume_plan(struct planner *p, struct item *item, const struct object *want,
    const struct observed *have);
const char *volume_render(struct planner *p, const struct step *step, struct error *e);

#endif
