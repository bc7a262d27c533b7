/* SPDX-License-Identifier: MIT */
/* Fuzzes json: what is accepted is UTF-8, and its text is accepted again. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/doc/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error e = { "" };
	autojson struct json_object *o = json_parse((const char *)data, size, 16, &e);
	autojson struct json_object *again = NULL;
	const char *text;

	if (!o) {
		if (!*e.text || text_control(e.text, strlen(e.text), false) >= 0)
			abort();
		return 0;
	}
	text = json_text(o);
	if (text_invalid_utf8(text, strlen(text)) >= 0)
		abort();
	again = json_parse(text, strlen(text), 16, NULL);
	if (!again || strcmp(json_text(again), text) != 0)
		abort();
	json_string_at(o, "a.b");
	json_int_at(o, "a", 0);
	return 0;
}
