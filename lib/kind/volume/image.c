/* SPDX-License-Identifier: MIT */
/* image: found by name in the pool, by path among all volumes, or as a file. */
#include "lib/kind/volume/image.h"

#include <string.h>

#include "lib/base/hash.h"
#include "lib/doc/json.h"
#include "lib/kind/vm/vm_claims.h"

#define EVERY_MS 10000

/* Finding it */

static const struct observed_set *volumes(const struct planner *p)
{
	return &p->input->observed->kinds[kind_index(&volume_kind)];
}

static const struct volume *side_of(const struct observed *observed)
{
	return observed && observed->presence == PRESENT
		   ? (const struct volume *)observed->config
		   : NULL;
}

/* NULL: none of them is that file. */
static const struct volume *volume_at(const struct planner *p, const char *path)
{
	const struct observed_set *set = volumes(p);

	for (size_t i = 0; i < set->count; i++) {
		const struct volume *volume = side_of(set->items[i]);

		if (volume && volume->path && strcmp(volume->path, path) == 0)
			return volume;
	}
	return NULL;
}

static const char *question(struct planner *p, const char *path)
{
	return arena_printf(p->arena, IMAGE_NAME "%s", path);
}

/* What was said of a file; NULL: nothing yet. */
static const struct answer *answer_about(struct planner *p, const char *path)
{
	const char *name = question(p, path);

	return p->input->probes ? probe_store_find(p->input->probes, &volume_kind, name,
				      hash_bytes(HASH_START, name, strlen(name)))
				: NULL;
}

/* The same, and the plan has the probe for it: again and again, since a file gives no event
 * when somebody puts it there or mends it. */
static const struct answer *ask(struct planner *p, const char *path)
{
	const char *name = question(p, path);

	return planner_probe_every(p, &volume_kind, name, name,
	    hash_bytes(HASH_START, name, strlen(name)), EVERY_MS);
}

static const struct volume *file_at(struct planner *p, const char *path)
{
	const struct answer *answer = ask(p, path);
	struct volume *file;

	if (!answer || !json_string_at(answer->json, "format"))
		return NULL;
	file = arena_alloc(p->arena, sizeof(*file));
	file->path = path;
	file->format = arena_copy(p->arena, json_string_at(answer->json, "format"));
	file->backing = arena_copy(p->arena, json_string_at(answer->json, "backing"));
	file->size = json_int_at(answer->json, "size", 0);
	return file;
}

const struct volume *image_at(struct planner *p, const char *path, const char **why)
{
	const struct volume *found = volume_at(p, path);
	const struct answer *answer;

	*why = NULL;
	if (!found)
		found = file_at(p, path);
	answer = found ? NULL : answer_about(p, path);
	if (answer)
		*why = arena_copy(p->arena, json_string_at(answer->json, "why"));
	return found;
}

const struct volume *image_of(struct planner *p, const struct volume *want)
{
	const char *why;

	if (want->image[0] == '/')
		return image_at(p, want->image, &why);
	return side_of(planner_observed(
	    p, &volume_kind, arena_printf(p->arena, "%s/%s", want->pool, want->image)));
}

/* Judging it */

/* What it is laid over; NULL: nothing, or no volume. */
static const struct volume *below(const struct planner *p, const struct volume *image)
{
	if (!image || !image->backing || !image->path)
		return NULL;
	return strcmp(image->backing, image->path) == 0 ? image
							: volume_at(p, image->backing);
}

/* Its chain of backing files comes back to one that it has had: two steps at a time meet
 * one at a time. What opens such a file does not end. */
static bool has_no_end(const struct planner *p, const struct volume *image)
{
	const struct volume *slow = image, *fast = image;

	do {
		slow = below(p, slow);
		fast = below(p, below(p, fast));
	} while (fast && fast != slow);
	return fast != NULL;
}

static void block_missing_file(
    struct planner *p, struct item *item, const struct volume *want)
{
	const struct answer *answer = answer_about(p, want->image);
	int length = (int)(strrchr(want->image, '/') - want->image) + 1;

	if (!answer)
		item_pending(p, item, "to be made over %s; waits for what that file is",
		    want->image);
	else
		item_blocked(p, item,
		    "to be made over %s, which cannot be read: %s; put it there and let homek8sd read it (`chmod a+r`), or make a storage pool of its directory, which libvirt reads: `virsh pool-create-as images dir --target %.*s`; `homek8sctl reconcile` reads it at once",
		    want->image, json_string_at(answer->json, "why"), length,
		    want->image);
}

static void block_missing_image(
    struct planner *p, struct item *item, const struct volume *want)
{
	if (want->image[0] == '/')
		block_missing_file(p, item, want);
	else
		item_blocked(p, item,
		    "to be made over the image %s, which storage pool %s does not have: `virsh vol-list %s` lists what it has; libvirt learns of a file that was copied there by `virsh pool-refresh %s`",
		    want->image, want->pool, want->pool, want->pool);
}

bool image_fits(struct planner *p, struct item *item, const struct volume *want)
{
	const struct volume *image;
	struct vm_claim writer;

	if (!want->image)
		return true;
	image = image_of(p, want);
	if (!image) {
		block_missing_image(p, item, want);
		return false;
	}
	if (!image->path || !image->format ||
	    (strcmp(image->format, "qcow2") != 0 && strcmp(image->format, "raw") != 0))
		item_blocked(p, item,
		    "to be made over the image %s, which is %s: an image is qcow2 or raw",
		    want->image, image->format ? image->format : "of no known format");
	else if (has_no_end(p, image))
		item_blocked(p, item,
		    "to be made over the image %s, whose backing files lead back to itself: get the image anew",
		    want->image);
	else if (want->size && want->size < image->size)
		item_blocked(p, item,
		    "to be made with %s over the image %s, which has %s: write `size: %s` or more",
		    size_text(p->arena, want->size), want->image,
		    size_text(p->arena, image->size), size_text(p->arena, image->size));
	else
		switch (vm_disk_writer(p, image->path, &writer)) {
		case CLAIM_NONE:
			return true;
		case CLAIM_UNKNOWN:
			item_pending(p, item, "to be made; waits: %s", writer.what);
			break;
		case CLAIM_FOUND:
			item_blocked(p, item,
			    "to be made over the image %s, which is a disk of domain %s: what is laid over it breaks with its first write; `virsh vol-clone` makes a copy",
			    want->image, writer.domain);
		}
	return false;
}
