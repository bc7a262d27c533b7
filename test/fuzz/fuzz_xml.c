/* SPDX-License-Identifier: MIT */
/* Fuzzes xml: what was read can be edited, printed, and read again. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/text.h"
#include "lib/doc/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { 0 };
	struct error e = { "" };
	const char *text = arena_copy_n(&a, (const char *)data, size);
	autoxml xmlDoc *doc = xml_parse(text, &e);

	if (!doc) {
		if (!*e.text || text_control(e.text, strlen(e.text), false) >= 0)
			abort();
		arena_done(&a);
		return 0;
	}
	if (!xml_print(&a, doc, &e))
		abort();
	xml_set_attribute(
	    xml_make(xml_root(doc), "devices/interface/mac"), "address", text);
	xml_set_content(xml_append(xml_root(doc), "name"), text);
	xml_content(&a, xml_root(doc), "name");
	xml_print(&a, doc, &e);
	arena_done(&a);
	return 0;
}
