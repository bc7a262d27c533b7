/* SPDX-License-Identifier: MIT */
/*
 * validity: from when and until when credentials are accepted, read out of X.509
 * certificates and of tokens, without judging anything else of them. Times are ms since
 * 1970. Secrets are never repeated.
 */
#ifndef LIB_WIRE_VALIDITY_H
#define LIB_WIRE_VALIDITY_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/base64.h"

struct validity {
	int64_t from, to;
	/* A client certificate of a group that may do everything in a cluster. */
	bool is_admin;
};

/* Of the first certificate in a PEM text (data NULL: none). -1: there is none that can be
 * read. */
int certificate_validity(struct bytes pem, struct validity *out);

/* Until when a service account's token is accepted; -1 where it does not say, as that of a
 * Secret, which is good until it is deleted. */
int64_t token_expiry(const char *token);

#endif
