/* SPDX-License-Identifier: MIT */
/*
 * probe: what must be queried because of what is written: would the API server take this
 * object, which Pods are on the node that drains. A plan lists its probes, the sources
 * answer them like readings, and the next plan finds the answers here.
 *
 * An answer belongs to the exact question: its hash covers everything the answer depends
 * on. An answer to another hash is no answer.
 */
#ifndef LIB_MODEL_PROBE_H
#define LIB_MODEL_PROBE_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/mono.h"

struct kind;
struct source;

struct probe {
	const struct kind *kind; /* with name: what it is for; one question each */
	const char *name;
	/* For the kind's source. Kubernetes: "get PATH", with a query where it needs one,
	 * or "dry-run VERB PATH\nBODY", VERB being apply, patch, create or delete. */
	const char *question;
	uint64_t hash;
	int64_t every; /* ms after which it is queried anew; 0: never */
};

struct answer {
	const struct kind *kind;
	const char *name;
	uint64_t hash;
	int status; /* of the source's protocol (HTTP's: 200, 422); 0: no answer came, and
		       it is to be sent again */
	struct json_object *json; /* what was said; NULL: nothing that can be read */
	const char *error;	  /* why not, for people; "" when all is well */
	struct mono at;		  /* when it came */
};

struct probe_store; /* the questions, and what has been answered of them */

struct probe_store *probe_store_new(void);
void probe_store_free(struct probe_store *store);

/* From now on these are the questions: answers to others are forgotten. Questions are not
 * kept. */
void probe_store_ask(struct probe_store *store, const struct probe *probes, size_t count);
/* Keeps a copy (and a reference to the JSON), unless there is no such question; false: it
 * was dropped. */
bool probe_store_put(struct probe_store *store, const struct answer *answer);
/* The answer to exactly this; NULL: none yet. Its status may be 0. Valid until the next
 * change. */
const struct answer *probe_store_find(const struct probe_store *store,
    const struct kind *kind, const char *name, uint64_t hash);
/* What the source said need not hold any longer: its answers stay until there are new
 * ones, and all are due. */
void probe_store_renew(struct probe_store *store, const struct source *source);
/* Whether this is to be sent: there is no answer to it, or not a new one. */
bool probe_store_due(
    const struct probe_store *store, const struct probe *probe, struct mono now);

#endif
