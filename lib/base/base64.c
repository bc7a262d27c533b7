/* SPDX-License-Identifier: MIT */
/* base64: four digits become three bytes; what is not whole leaves nothing behind. */
#include "lib/base/base64.h"

#include <stdint.h>
#include <string.h>

static int digit_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

struct decoder {
	unsigned char *data;
	size_t length;	/* bytes written */
	size_t count;	/* digits and padding read */
	size_t padding; /* of them */
	uint32_t bits;
};

static int decode_one(struct decoder *d, char c)
{
	int value = c == '=' ? 0 : digit_value(c);

	if (value < 0 || (d->padding > 0 && c != '='))
		return -1;
	d->padding += c == '=';
	d->bits = d->bits << 6 | (uint32_t)value;
	if (++d->count % 4 != 0)
		return 0;
	d->data[d->length++] = (unsigned char)(d->bits >> 16);
	d->data[d->length++] = (unsigned char)(d->bits >> 8);
	d->data[d->length++] = (unsigned char)d->bits;
	return 0;
}

int base64_decode(struct arena *a, const char *text, struct bytes *out)
{
	size_t room = strlen(text) / 4 * 3 + 4;
	struct decoder d = { .data = arena_alloc(a, room) };
	int result = 0;

	for (; *text && result == 0; text++)
		if (!strchr(" \r\n", *text))
			result = decode_one(&d, *text);
	if (result || d.count % 4 != 0 || d.padding > 2) {
		explicit_bzero(d.data, room);
		return -1;
	}
	d.length -= d.padding;
	d.data[d.length] = '\0';
	*out = (struct bytes){ (char *)d.data, d.length };
	return 0;
}
