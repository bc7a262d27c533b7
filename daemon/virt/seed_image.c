/* SPDX-License-Identifier: MIT */
/* seed_image: libisofs makes the image in memory; times are fixed, so that it is the same
 * each time. */
#include "daemon/virt/seed_image.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIBISOFS_WITHOUT_LIBBURN
#include <libisofs/libisofs.h>

#include "lib/base/arena.h"
#include "lib/base/cleanup.h"
#include "lib/base/hash.h"
#include "lib/doc/json.h"
#include "lib/kind/volume/seed.h"

#define LABEL "cidata"
#define BLOCK 2048
#define MARK_SIZE BLOCK
#define MARK "homek8sd-seed 1 "
#define DEPTH 4
/* 1 January 2020, and as ISO 9660 writes it. */
#define FIXED_TIME 1577836800
#define FIXED_UUID "2020010100000000"

/* libisofs says what went wrong by a number, of which it has the text. */
static int isofs_fail(struct error *e, int code)
{
	return fail(e, "the image cannot be made: %s", iso_error_to_msg(code));
}

/* What stands in it */

static int add_file(IsoImage *image, const char *name, const char *text, struct error *e)
{
	size_t length = strlen(text);
	unsigned char *copy = must_alloc(length + 1); /* the stream's from now on */
	IsoStream *stream;
	IsoFile *file;
	int code;

	memcpy(copy, text, length);
	code = iso_memory_stream_new(copy, length, &stream);
	if (code < 0) {
		free(copy);
		return isofs_fail(e, code);
	}
	code = iso_tree_add_new_file(iso_image_get_root(image), name, stream, &file);
	if (code < 0) {
		iso_stream_unref(stream);
		return isofs_fail(e, code);
	}
	iso_node_set_permissions((IsoNode *)file, 0400);
	return 0;
}

static int add_files(IsoImage *image, const char *document, struct error *e)
{
	autojson struct json_object *texts =
	    json_parse(document, strlen(document), DEPTH, e);

	if (!texts)
		return -1;
	for (size_t i = 0; i < SEED_FILES; i++) {
		const char *text = json_string_at(texts, seed_file_names[i]);

		if (text && add_file(image, seed_file_names[i], text, e) < 0)
			return -1;
	}
	return 0;
}

/* Writing it */

static void set_options(IsoWriteOpts *options)
{
	iso_write_opts_set_rockridge(options, 1);
	iso_write_opts_set_joliet(options, 1);
	iso_write_opts_set_relaxed_vol_atts(options, 1); /* the label in small letters */
	iso_write_opts_set_replace_mode(options, 0, 0, 1, 1);
	iso_write_opts_set_replace_timestamps(options, 2);
	iso_write_opts_set_default_timestamp(options, FIXED_TIME);
	iso_write_opts_set_always_gmt(options, 1);
	iso_write_opts_set_pvd_times(options, FIXED_TIME, FIXED_TIME, 0, 0, FIXED_UUID);
}

/* Everything that the source gives, in whole blocks. */
static int drain(struct burn_source *source, struct seed_image *out, struct error *e)
{
	int got;

	do {
		out->bytes = realloc(out->bytes, out->length + BLOCK);
		if (!out->bytes)
			abort();
		got = source->read_xt
			  ? source->read_xt(
				source, (unsigned char *)out->bytes + out->length, BLOCK)
			  : source->read(
				source, (unsigned char *)out->bytes + out->length, BLOCK);
		out->length += got > 0 ? (size_t)got : 0;
	} while (got == BLOCK && out->length <= SEED_IMAGE_MAX);
	if (got < 0)
		return fail(e, "the image cannot be made: libisofs gave up");
	if (out->length > SEED_IMAGE_MAX)
		return fail(e, "the image has more than %zu bytes", SEED_IMAGE_MAX);
	return 0;
}

static int write_image(IsoImage *image, struct seed_image *out, struct error *e)
{
	struct burn_source *source;
	IsoWriteOpts *options;
	int code = iso_write_opts_new(&options, 0), result;

	if (code < 0)
		return isofs_fail(e, code);
	set_options(options);
	code = iso_image_create_burn_source(image, options, &source);
	iso_write_opts_free(options);
	if (code < 0)
		return isofs_fail(e, code);
	result = drain(source, out, e);
	source->free_data(source);
	free(source);
	return result;
}

/* The mark */

static uint64_t hash_contents(const char *bytes, size_t length)
{
	return hash_bytes(HASH_START, bytes + MARK_SIZE, length - MARK_SIZE);
}

static int set_mark(struct seed_image *image, uint64_t hash, struct error *e)
{
	if (image->length <= MARK_SIZE)
		return fail(e, "the image cannot be made: it is too short");
	snprintf(image->bytes, MARK_SIZE, MARK "%016" PRIx64 " %016" PRIx64 " %zu\n",
	    hash, hash_contents(image->bytes, image->length), image->length);
	return 0;
}

int seed_image_build(
    const char *document, uint64_t hash, struct seed_image *out, struct error *e)
{
	IsoImage *image;
	int code = iso_init(), result = -1;

	*out = (struct seed_image){ 0 };
	if (code < 0)
		return isofs_fail(e, code);
	iso_set_msgs_severities("NEVER", "NEVER", "");
	code = iso_image_new(LABEL, &image);
	if (code < 0) {
		isofs_fail(e, code);
	} else {
		iso_image_set_application_id(image, "HOMEK8SD");
		if (add_files(image, document, e) == 0 && write_image(image, out, e) == 0)
			result = set_mark(out, hash, e);
		iso_image_unref(image);
	}
	iso_finish();
	if (result < 0)
		seed_image_done(out);
	return result;
}

void seed_image_done(struct seed_image *image)
{
	if (image->bytes)
		explicit_bzero(image->bytes, image->length);
	free(image->bytes);
	*image = (struct seed_image){ 0 };
}

/* Judging */

static bool is_empty(const char *bytes, size_t length)
{
	return !length || (!bytes[0] && memcmp(bytes, bytes + 1, length - 1) == 0);
}

const char *seed_image_judge(const char *bytes, size_t length, uint64_t hash)
{
	char mark[128] = "";
	uint64_t name, contents;
	size_t due, same = 0;

	while (same < strlen(MARK) && same < length && bytes[same] == MARK[same])
		same++;
	if (same < strlen(MARK))
		return is_empty(bytes + same, length - same) ? SEED_PARTLY : SEED_OTHER;
	if (length <= MARK_SIZE)
		return SEED_PARTLY;
	memcpy(mark, bytes, sizeof(mark) - 1);
	if (sscanf(mark, MARK "%16" SCNx64 " %16" SCNx64 " %zu", &name, &contents,
		&due) != 3)
		return SEED_PARTLY;
	return name == hash && due == length && contents == hash_contents(bytes, length)
		   ? SEED_WHOLE
		   : SEED_PARTLY;
}
