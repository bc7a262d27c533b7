/* SPDX-License-Identifier: MIT */
/*
 * seed_image: a seed (lib/kind/volume/seed.h) as bytes: an ISO 9660 image with Rock Ridge
 * and Joliet, of the label that cloud-init searches for. Hides libisofs, and the mark.
 *
 * The mark stands at the image's first byte, in the system area, which ISO 9660 leaves to
 * others: "homek8sd-seed 1 NAME CONTENTS LENGTH", with the hash that is in the volume's
 * name, the hash of everything after the mark's block, and the length of it all. So what
 * begins with it is homek8sd's, and whether it was written to its end follows from it
 * alone.
 *
 * On the transfer thread.
 */
#ifndef DAEMON_VIRT_SEED_IMAGE_H
#define DAEMON_VIRT_SEED_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"

#define SEED_IMAGE_MAX ((size_t)4 << 20)

struct seed_image {
	char *bytes;
	size_t length;
};

/* Of a seed_make step's document; `hash` is that of the volume's name. The same input gives
 * the same bytes. -1 with the reason. */
int seed_image_build(
    const char *document, uint64_t hash, struct seed_image *out, struct error *e);
/* Overwrites what may hold secrets, and frees it. */
void seed_image_done(struct seed_image *image);

/* What the bytes are: SEED_WHOLE, SEED_PARTLY or SEED_OTHER. */
const char *seed_image_judge(const char *bytes, size_t length, uint64_t hash);

#endif
