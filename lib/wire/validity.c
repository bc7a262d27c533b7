/* SPDX-License-Identifier: MIT */
/* validity: as much of DER (X.690) as leads to two times, and the claim "exp" of a JWT. */
#include "lib/wire/validity.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/doc/json.h"

#define TAG_INTEGER 0x02
#define TAG_UTC_TIME 0x17
#define TAG_GENERALIZED_TIME 0x18
#define TAG_SEQUENCE 0x30
#define TAG_VERSION 0xa0

#define TOKEN_MAX 16384
#define CLAIMS_DEPTH 8

struct der { /* what is left to be read */
	const unsigned char *at, *end;
};

/* The next value, whatever it is, and its tag. -1: it does not end where it should. */
static int next(struct der *d, int *tag, struct der *value)
{
	size_t length, bytes;

	if (d->end - d->at < 2)
		return -1;
	*tag = d->at[0];
	length = d->at[1];
	d->at += 2;
	if (length & 0x80) {
		bytes = length & 0x7f;
		if (bytes == 0 || bytes > 4 || (size_t)(d->end - d->at) < bytes)
			return -1;
		for (length = 0; bytes > 0; bytes--)
			length = length << 8 | *d->at++;
	}
	if ((size_t)(d->end - d->at) < length)
		return -1;
	*value = (struct der){ d->at, d->at + length };
	d->at += length;
	return 0;
}

static int enter(struct der *d, int expected, struct der *value)
{
	int tag;

	return next(d, &tag, value) || tag != expected ? -1 : 0;
}

/* "YYMMDDHHMMSSZ" or "YYYYMMDDHHMMSSZ", as RFC 5280 has them. */
static int64_t read_time(struct der *d)
{
	char text[16], iso[32];
	struct der value;
	int tag;
	size_t length;

	if (next(d, &tag, &value))
		return -1;
	length = (size_t)(value.end - value.at);
	if (tag == TAG_UTC_TIME && length == 13)
		memcpy(text, value.at[0] >= '5' ? "19" : "20", 2);
	else if (tag != TAG_GENERALIZED_TIME || length != 15)
		return -1;
	memcpy(text + 15 - length, value.at, length);
	text[15] = '\0';
	snprintf(iso, sizeof(iso), "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", text, text + 4,
	    text + 6, text + 8, text + 10, text + 12);
	return text[14] == 'Z' ? time_parse(iso) : -1;
}

/* Certificate, tbsCertificate: version, serial, signature, issuer, validity. */
static int read_certificate(struct bytes der, struct validity *out)
{
	struct der all = { (const unsigned char *)der.data,
		(const unsigned char *)der.data + der.length };
	struct der certificate, tbs, skipped, validity;
	int tag;

	if (enter(&all, TAG_SEQUENCE, &certificate) ||
	    enter(&certificate, TAG_SEQUENCE, &tbs) || next(&tbs, &tag, &skipped))
		return -1;
	if (tag == TAG_VERSION && next(&tbs, &tag, &skipped))
		return -1;
	if (tag != TAG_INTEGER || enter(&tbs, TAG_SEQUENCE, &skipped) ||
	    enter(&tbs, TAG_SEQUENCE, &skipped) || enter(&tbs, TAG_SEQUENCE, &validity))
		return -1;
	out->from = read_time(&validity);
	out->to = read_time(&validity);
	return out->from < 0 || out->to < 0 ? -1 : 0;
}

static bool names(struct bytes der, const char *group)
{
	return memmem(der.data, der.length, group, strlen(group)) != NULL;
}

int certificate_validity(struct bytes pem, struct validity *out)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----", end[] = "-----END ";
	const char *at =
	    pem.data ? memmem(pem.data, pem.length, begin, sizeof(begin) - 1) : NULL;
	const char *stop = NULL;
	struct arena a = { 0 };
	struct bytes der;
	int result = -1;

	*out = (struct validity){ 0 };
	if (at) {
		at += sizeof(begin) - 1;
		stop = memmem(
		    at, pem.length - (size_t)(at - pem.data), end, sizeof(end) - 1);
	}
	if (stop &&
	    base64_decode(&a, arena_copy_n(&a, at, (size_t)(stop - at)), &der) == 0) {
		result = read_certificate(der, out);
		out->is_admin = result == 0 && (names(der, "system:masters") ||
						   names(der, "kubeadm:cluster-admins"));
	}
	arena_done(&a);
	return result;
}

/* base64url without padding, RFC 4648 section 5, as base64. */
static char *to_base64(struct arena *a, const char *text, size_t length)
{
	char *out = arena_alloc(a, length + 4);

	for (size_t i = 0; i < length; i++)
		out[i] = text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i];
	while (length % 4 != 0)
		out[length++] = '=';
	return out;
}

int64_t token_expiry(const char *token)
{
	const char *first = strchr(token, '.'), *second;
	struct arena a = { 0 };
	struct bytes text;
	int64_t seconds = -1;

	second = first ? strchr(first + 1, '.') : NULL;
	if (!second || strlen(token) > TOKEN_MAX)
		return -1;
	if (base64_decode(
		&a, to_base64(&a, first + 1, (size_t)(second - first - 1)), &text) == 0) {
		autojson struct json_object *claims =
		    json_parse(text.data, text.length, CLAIMS_DEPTH, NULL);

		seconds = json_int_at(claims, "exp", -1);
	}
	arena_done(&a);
	return seconds < 0 || seconds > INT64_MAX / 1000 ? -1 : seconds * 1000;
}
