/* SPDX-License-Identifier: MIT */
/* seed_volume: volumes and streams of libvirt's. */
#include "daemon/virt/seed_volume.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/virt/auto.h"
#include "daemon/virt/seed_image.h"
#include "lib/base/arena.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/kind/volume/seed.h"

#define CHUNK ((size_t)64 * 1024)

/* A volume by its name, POOL/NAME. */
struct place_of {
	virStoragePoolPtr pool;
	const char *file;
	uint64_t hash;
};

static void cleanup_place(struct place_of *place)
{
	cleanup_pool(&place->pool);
}

static int find_place(
    virConnectPtr conn, const char *name, struct place_of *out, struct fault *fault)
{
	size_t length = strcspn(name, "/"), ignored;
	autofree char *pool = must_printf("%.*s", (int)length, name);

	out->file = name + length + 1;
	if (!name[length] || !seed_name_parse(out->file, &ignored, &out->hash)) {
		fault->slow = fault->refused = true;
		return fail(&fault->error, "this is not the name of a seed");
	}
	out->pool = virStoragePoolLookupByName(conn, pool);
	return out->pool ? 0 : fault_take(fault, conn);
}

/* NULL: there is none, or, with the fault, that cannot be said. */
static virStorageVolPtr find_volume(
    virConnectPtr conn, const struct place_of *place, struct fault *fault)
{
	virStorageVolPtr volume = virStorageVolLookupByName(place->pool, place->file);

	if (!volume && virGetLastErrorCode() != VIR_ERR_NO_STORAGE_VOL)
		fault_take(fault, conn);
	return volume;
}

/* Reading */

static int receive(virStreamPtr stream, char *bytes, size_t room, size_t *length)
{
	int got = 1;

	while (got > 0 && *length < room) {
		got = virStreamRecv(stream, bytes + *length, room - *length);
		*length += got > 0 ? (size_t)got : 0;
	}
	/* Of one that is longer the rest is of no interest. */
	if (got > 0)
		return virStreamAbort(stream);
	return got < 0 ? -1 : virStreamFinish(stream);
}

static const char *judge(
    virConnectPtr conn, virStorageVolPtr volume, uint64_t hash, struct fault *fault)
{
	virStreamPtr stream = virStreamNew(conn, 0);
	const size_t room = SEED_IMAGE_MAX + 1;
	struct seed_image image = { must_alloc(room), 0 };
	const char *word = NULL;

	if (stream && virStorageVolDownload(volume, stream, 0, 0, 0) == 0 &&
	    receive(stream, image.bytes, room, &image.length) == 0)
		word = seed_image_judge(image.bytes, image.length, hash);
	else
		fault_take(fault, conn);
	if (stream)
		virStreamFree(stream);
	seed_image_done(&image);
	return word;
}

const char *seed_volume_read(virConnectPtr conn, const char *name, struct fault *fault)
{
	__attribute__((cleanup(cleanup_place))) struct place_of place = { 0 };
	autovolume virStorageVolPtr volume = NULL;

	if (find_place(conn, name, &place, fault) < 0)
		return NULL;
	volume = virStorageVolLookupByName(place.pool, place.file);
	if (volume)
		return judge(conn, volume, place.hash, fault);
	fault_take(fault, conn);
	return NULL;
}

/* Deleting */

static int refuse_other(struct fault *fault, const struct place_of *place)
{
	fault->slow = fault->refused = true;
	return fail(&fault->error, "volume %s was not made by homek8sd: it is left alone",
	    place->file);
}

static int delete_volume(virConnectPtr conn, virStorageVolPtr volume, struct fault *fault)
{
	return virStorageVolDelete(volume, 0) == 0 ? 0 : fault_take(fault, conn);
}

int seed_volume_delete(virConnectPtr conn, const struct call *call,
    struct transfer_control *control, struct fault *fault)
{
	__attribute__((cleanup(cleanup_place))) struct place_of place = { 0 };
	autovolume virStorageVolPtr volume = NULL;
	const char *holds;

	(void)control;
	if (find_place(conn, call->target, &place, fault) < 0)
		return -1;
	volume = find_volume(conn, &place, fault);
	if (!volume)
		return fault->error.text[0] ? -1 : 0;
	holds = judge(conn, volume, place.hash, fault);
	if (!holds)
		return -1;
	if (strcmp(holds, SEED_OTHER) == 0)
		return refuse_other(fault, &place);
	return delete_volume(conn, volume, fault);
}

/* Making */

/* Only root reads it, and who libvirt lets run the guest: it may hold secrets. */
static virStorageVolPtr create(const struct place_of *place, size_t length)
{
	autofree char *xml = must_printf(
	    "<volume><name>%s</name><capacity>%zu</capacity><allocation>%zu</allocation>"
	    "<target><format type='raw'/><permissions><mode>0600</mode></permissions>"
	    "</target></volume>",
	    place->file, length, length);

	return virStorageVolCreateXML(place->pool, xml, 0);
}

static int send_all(virStreamPtr stream, const struct seed_image *image,
    struct transfer_control *control, struct fault *fault)
{
	size_t sent = 0;

	while (sent < image->length) {
		size_t rest = image->length - sent;
		int done = virStreamSend(
		    stream, image->bytes + sent, rest < CHUNK ? rest : CHUNK);

		if (done < 0)
			return -1;
		sent += (size_t)done;
		if (!transfer_report(control, sent, image->length)) {
			virStreamAbort(stream);
			return fail(&fault->error, "cancelled");
		}
	}
	return virStreamFinish(stream);
}

/* The fault is set where libvirt says nothing. */
static int upload(virConnectPtr conn, virStorageVolPtr volume,
    const struct seed_image *image, struct transfer_control *control, struct fault *fault)
{
	virStreamPtr stream = virStreamNew(conn, 0);
	int result = -1;

	if (stream && virStorageVolUpload(volume, stream, 0, image->length, 0) == 0)
		result = send_all(stream, image, control, fault);
	if (result < 0 && !fault->error.text[0])
		fault_take(fault, conn);
	if (stream)
		virStreamFree(stream);
	return result;
}

/* True: there is nothing left to do, or, with the fault, nothing that may be done. */
static bool is_there(
    virConnectPtr conn, const struct place_of *place, struct fault *fault)
{
	autovolume virStorageVolPtr volume = find_volume(conn, place, fault);
	const char *holds;

	if (!volume)
		return fault->error.text[0];
	holds = judge(conn, volume, place->hash, fault);
	if (!holds || strcmp(holds, SEED_WHOLE) == 0)
		return true;
	if (strcmp(holds, SEED_OTHER) == 0)
		refuse_other(fault, place);
	else
		delete_volume(conn, volume, fault);
	return fault->error.text[0];
}

static int fill(virConnectPtr conn, const struct place_of *place,
    const struct seed_image *image, struct transfer_control *control, struct fault *fault)
{
	autovolume virStorageVolPtr volume = create(place, image->length);

	if (!volume)
		return fault_take(fault, conn);
	if (upload(conn, volume, image, control, fault) == 0)
		return 0;
	virStorageVolDelete(volume, 0);
	return -1;
}

int seed_volume_make(virConnectPtr conn, const struct call *call,
    struct transfer_control *control, struct fault *fault)
{
	__attribute__((cleanup(cleanup_place))) struct place_of place = { 0 };
	struct seed_image image = { 0 };
	int result = -1;

	if (find_place(conn, call->target, &place, fault) < 0)
		return -1;
	if (is_there(conn, &place, fault))
		return fault->error.text[0] ? -1 : 0;
	if (seed_image_build(call->document, place.hash, &image, &fault->error) == 0)
		result = fill(conn, &place, &image, control, fault);
	else
		fault->slow = fault->refused = true;
	seed_image_done(&image);
	return result;
}
