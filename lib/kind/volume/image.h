/* SPDX-License-Identifier: MIT */
/*
 * image: what a disk is laid over when it is made: a volume of a storage pool, or a file
 * anywhere, of which the source of libvirt says what it is.
 */
#ifndef LIB_KIND_VOLUME_IMAGE_H
#define LIB_KIND_VOLUME_IMAGE_H

#include "lib/kind/volume/volume.h"
#include "lib/plan/item.h"

/*
 * The probe of a file is called "image PATH"; the answer, of status IMAGE_ANSWERED, an object:
 * "format" as the file's contents say ("qcow2", "raw", "vmdk"), "size" in bytes as a guest
 * sees it, "backing" the path it is laid over, or null. Where it cannot be read it has only
 * "why": "there is no such file".
 */
#define IMAGE_NAME "image "
#define IMAGE_ANSWERED 200

/* The image of a volume that is written, as far as it is known. NULL: it is not there, or
 * it is not known. */
const struct volume *image_of(struct planner *p, const struct volume *want);

/* The volume or file at that path, in any pool or none; NULL: it is not there, or it is not
 * known, which `why` says: a text of the answer ("there is no such file"); NULL: there is no
 * answer yet. */
const struct volume *image_at(struct planner *p, const char *path, const char **why);

/* Of image_of(), while the item is planned: true: it will do, or none is written; else the item
 * says why not, and the way out. */
bool image_fits(struct planner *p, struct item *item, const struct volume *want);

#endif
