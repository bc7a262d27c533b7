/* SPDX-License-Identifier: MIT */
/* fuzz_stream: a Kubernetes watch, whole and byte by byte: the same events in the same
 * order. */
#include <stdint.h>
#include <stdlib.h>

#include "lib/wire/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct tally {
	unsigned long events, hash;
};

static bool on_event(enum watch_event type, struct json_object *object, void *arg)
{
	struct tally *t = arg;

	(void)object;
	t->events++;
	t->hash = t->hash * 31 + (unsigned long)type;
	return true;
}

static int feed(const uint8_t *data, size_t size, size_t step, struct tally *tally)
{
	struct stream *s = stream_new();
	struct error e = { "" };
	int result = 0;

	for (size_t at = 0; at < size && result == 0; at += step)
		result = stream_feed(s, (const char *)data + at,
		    size - at < step ? size - at : step, on_event, tally, &e);
	stream_free(s);
	return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tally whole = { 0 }, bytes = { 0 };
	int a = feed(data, size, size ? size : 1, &whole),
	    b = feed(data, size, 1, &bytes);

	if (a != b || whole.events != bytes.events || whole.hash != bytes.hash)
		abort();
	return 0;
}
