/* SPDX-License-Identifier: MIT */
/*
 * fault: scripted misbehaviour. Each fault says which requests it is for, how often it
 * strikes and what happens then. Order of posting is order of trial.
 */
#ifndef TEST_FAKE_FAULT_H
#define TEST_FAKE_FAULT_H

#include <json-c/json.h>

#include "test/fake/fake.h"

enum fault_kind {
	FAULT_STATUS,	   /* answers with a given code, body and headers */
	FAULT_RESET,	   /* TCP reset */
	FAULT_CLOSE,	   /* closes without an answer */
	FAULT_STALL,	   /* never answers */
	FAULT_TRICKLE,	   /* answers one byte at a time */
	FAULT_ERROR_EVENT, /* a watch gets an ERROR event and ends */
	FAULT_END_WATCH,   /* a watch ends */
	FAULT_SILENCE,	   /* a watch gets nothing more */
	FAULT_SPLIT,	   /* a watch's lines come in pieces of 1 to 7 bytes */
	FAULT_GARBAGE,	   /* broken JSON */
	FAULT_HUGE,	   /* an object of 5 MiB */
	FAULT_WEBHOOK,	   /* writes fail as they do without their webhook */
};

struct fault {
	struct fault *next;
	char *match; /* part of "METHOD path?query" */
	int times;   /* strikes left; -1: for ever; spent ones stay listed for a while */
	enum fault_kind kind;
	struct json_object *spec; /* as posted */
};

struct faults *faults_new(void);
void faults_free(struct faults *fs);

/*
 * Adds a fault from its JSON; returns NULL or a Status. A fault on watches strikes those
 * that are open at once, together for one strike.
 */
struct json_object *faults_add(struct fake *f, struct json_object *spec);

/* Removes all faults and their lasting effects. */
void faults_clear(struct fake *f);

/* The list as JSON, owned by the caller. */
struct json_object *faults_list(const struct faults *fs);

/*
 * Finds the fault for a request and counts the strike; NULL when there is none. Borrowed
 * until the next change of the list.
 */
const struct fault *faults_strike(struct fake *f, const struct request *req);

/* Does what a fault does to one request. False when the request is to be served after
 * all. */
bool fault_act(const struct fault *fault, struct conn *c, const struct request *req);

/* Does the text hold what the fault looks for? */
bool fault_matches(const struct fault *fault, const char *method, const char *target);

/* The ERROR event's Status for FAULT_ERROR_EVENT; a MODIFIED event of 5 MiB; both owned.
 */
struct json_object *fault_error(const struct fault *fault);
struct json_object *fault_huge(const struct resource *res);

/* Is the request a watch? */
bool is_watch(const struct request *req);

#endif
