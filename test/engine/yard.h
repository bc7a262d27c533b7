/* SPDX-License-Identifier: MIT */
/*
 * yard: an executor between a plan that a test writes down as rows and sources that do
 * nothing: calls stay under way until the test ends them. What the executor says is kept
 * as text.
 */
#ifndef TEST_ENGINE_YARD_H
#define TEST_ENGINE_YARD_H

#include "daemon/engine/executor.h"
#include "lib/base/text.h"

#include <check.h>
#undef fail /* check has a macro of that name */

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

#define FIRST_TOKEN 1000

/* One step; rows of a program stand in its order, one program after the other. */
struct row {
	unsigned program;
	const char *item; /* of kind vm */
	const struct action *action;
	const char *target;
	const char *text;
	bool removes;
	size_t restores; /* 1 + the place in the program of what it puts back */
	enum step_until until;
	int number;	   /* its argument */
	const char *phase; /* of the item's procedure */
};

#define STEP(program_number, object, does, document, says, ...)                          \
	{                                                                                \
		.program = (program_number), .item = (object), .action = &(does),        \
		.target = (document), .text = (says), __VA_ARGS__                        \
	}

struct argument {
	const char *text; /* the step's */
	int number;
};

/* Of libvirt: a network's, a domain's; a domain's that is noted, that is where it can be, that
 * takes long. Of Kubernetes: a pool's, whose document is rendered. Each takes a struct argument. */
extern const struct action edit, define, destroy, halt, copy, apply;

struct flight { /* a call under way, or a step being noted */
	char *text;
	uint64_t token;
	bool noting;
	int number;
	const struct action *action;
	const char *kind;
	char *target;
};

struct yard {
	struct executor *executor;
	struct text sent;  /* "TEXT ", as they were sent */
	struct text ended; /* "TEXT " or "TEXT!ERROR " */
	struct text cancelled;
	struct text busy; /* "+NAME " or "-NAME " */
	struct flight *flights;
	size_t flight_count;
	int busy_count;
	size_t rendered;
	const char *render_error; /* NULL: documents are made */
	/* Called beside the above. Or NULL. */
	void (*on_attempt)(void *arg, int number); /* a step is noted, or rendered */
	void (*on_send)(void *arg, const struct flight *flight);
	void (*on_busy)(void *arg, const char *name, bool busy);
	void *arg;
};

void yard_begin(struct yard *y);
void yard_end(struct yard *y);

/* A plan of the rows, gone again when it returns. */
void yard_take(struct yard *y, const struct row *rows, size_t count);

/* Another plan: the same programs, which are under way, need an approval that they lack. */
void yard_refuse(struct yard *y, const struct row *rows, size_t count);

/* The step under way ends: well, or with the error. */
void yard_done(struct yard *y, const char *text);
void yard_fails(struct yard *y, const char *text);
void yard_outcome(struct yard *y, const char *text, const struct outcome *outcome);
/* The step was noted, or could not be. */
void yard_noted(struct yard *y, const char *text, const char *error);

uint64_t yard_token(const struct yard *y, const char *text);

/* That so much was sent, and no more is under way than `under_way`. */
void yard_check(const struct yard *y, const char *sent, size_t under_way);

#endif
