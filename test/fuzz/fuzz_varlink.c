/* SPDX-License-Identifier: MIT */
/*
 * fuzz_varlink: bytes from a client, cut at places the bytes themselves choose. However
 * they are cut, the same messages come out, and none is longer than the cap.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/doc/json.h"
#include "lib/wire/varlink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Counts whole messages and adds up their texts' lengths; -1 once something is refused.
 */
static long take(struct varlink_reader *r)
{
	struct error e = { "" };
	long sum = 0;
	bool broken = false;

	for (;;) {
		autojson struct json_object *o =
		    varlink_next(r, VARLINK_MAX_DEPTH, &broken, &e);
		struct varlink_call call;

		if (broken && !*e.text)
			abort();
		if (!o)
			return broken ? -1 : sum;
		sum += 1 + (long)strlen(json_text(o));
		varlink_call_parse(o, &call, &e);
	}
}

static long feed(const uint8_t *data, size_t size, size_t step)
{
	struct varlink_reader r = { 0 };
	struct error e = { "" };
	long sum = 0;

	for (size_t at = 0; at < size && sum >= 0; at += step) {
		size_t n = size - at < step ? size - at : step;
		long got = -1;

		if (varlink_feed(&r, (const char *)data + at, n, 4096, &e) == 0)
			got = take(&r);
		sum = got < 0 ? -1 : sum + got;
	}
	varlink_reader_done(&r);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	long whole = feed(data, size, size ? size : 1);
	long bytes = feed(data, size, 1);

	/* In one piece a long message may be refused that, cut, ended before the cap:
	 * only when both went through must they agree. */
	if (whole >= 0 && bytes >= 0 && whole != bytes)
		abort();
	return 0;
}
