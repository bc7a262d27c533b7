/* SPDX-License-Identifier: MIT */
/* error: formatting into a fixed buffer, and prefixing what is there already. */
#include "lib/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"

int fail(struct error *e, const char *format, ...)
{
	va_list args;

	if (!e)
		return -1;
	va_start(args, format);
	vsnprintf(e->text, sizeof(e->text), format, args);
	va_end(args);
	text_scrub(e->text);
	return -1;
}

int fail_in(struct error *e, const char *format, ...)
{
	char was[sizeof(e->text)];
	va_list args;
	size_t used;

	if (!e)
		return -1;
	memcpy(was, e->text, sizeof(was));
	va_start(args, format);
	vsnprintf(e->text, sizeof(e->text), format, args);
	va_end(args);
	used = strlen(e->text);
	snprintf(e->text + used, sizeof(e->text) - used, ": %s", was);
	text_scrub(e->text);
	return -1;
}
