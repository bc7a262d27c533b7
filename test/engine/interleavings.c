/* SPDX-License-Identifier: MIT */
/*
 * interleavings: random plans, and random answers to what the executor sends, against
 * what must hold whatever happens:
 *
 *   every step is sent at most once
 *   of a document, and of a program, one step at a time; of a source, as many as it takes
 *   the steps of a program in its order; those a program begins with on one document in
 *   the order of the plan
 *   nothing after a step that waits to be observed before it was
 *   what was taken is put back, be it after its document was lost and observed again
 *   once all has ended and was observed, nobody is busy and nothing is left
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/kind/kinds.h"
#include "lib/kind/sources.h"
#include "test/engine/suites.h"
#include "test/engine/yard.h"

#define SEEDS 4000
#define EVENTS 60
#define STEPS_MAX 4096
#define OBJECTS 5
#define DOCUMENTS 3 /* of each action's kind */
#define PROGRAM_MAX 4
#define PLAN_MAX (OBJECTS * 2 * PROGRAM_MAX)
#define LIMIT 2

static const char *const objects[OBJECTS] = { "a", "b", "c", "d", "e" };
static const char *const documents[DOCUMENTS] = { "x/1", "x/2", "y/1" };
static const struct action *const some[] = { &edit, &define, &destroy, &copy, &apply };

/* What is known of a step that was handed over, by its number. */
struct known {
	struct row row;
	char text[16];
	int first; /* the number of its program's first step */
	int place; /* in the plan's order; -1: not of its program's first stretch */
	bool sent, attempted, refused;
};

struct chaos {
	struct yard y;
	uint64_t random;
	struct known *known;
	int count;
	int plans;
	bool busy[OBJECTS];
	int awaits[STEPS_MAX]; /* by program: 1 + the step that is to be observed; 0 */
};

static unsigned pick(struct chaos *c, size_t below)
{
	c->random = c->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)((c->random >> 33) % below);
}

static bool one_in(struct chaos *c, unsigned n)
{
	return pick(c, n) == 0;
}

static bool same_document(const struct known *a, const struct known *b)
{
	return a->row.action->target == b->row.action->target &&
	       strcmp(a->row.target, b->row.target) == 0;
}

/* Checking */

static void on_attempt(void *arg, int number)
{
	struct chaos *c = arg;

	c->known[number].attempted = true;
}

static void check_flights(const struct chaos *c, const struct flight *flight)
{
	const struct known *self = &c->known[flight->number];
	unsigned of_source = 0;

	for (size_t i = 0; i < c->y.flight_count; i++) {
		const struct flight *other = &c->y.flights[i];
		const struct known *that = &c->known[other->number];

		of_source += that->row.action->source == self->row.action->source &&
			     !that->row.action->slow;
		if (other == flight)
			continue;
		ck_assert_msg(!same_document(self, that), "%s and %s in one document",
		    self->text, that->text);
		ck_assert_msg(self->first != that->first, "%s and %s of one program",
		    self->text, that->text);
	}
	ck_assert_uint_le(of_source, LIMIT);
}

static void on_send(void *arg, const struct flight *flight)
{
	struct chaos *c = arg;
	struct known *self = &c->known[flight->number];

	ck_assert_msg(!self->sent, "%s is sent twice", self->text);
	self->sent = self->attempted = true;
	check_flights(c, flight);
	ck_assert_msg(!c->awaits[self->first], "%s before step %d was observed",
	    self->text, c->awaits[self->first] - 1);
	for (int i = 0; i < c->count; i++) {
		const struct known *that = &c->known[i];

		if (!that->sent || that == self)
			continue;
		ck_assert_msg(that->first != self->first || i < flight->number,
		    "%s after %s of its program", self->text, that->text);
		ck_assert_msg(that->place < 0 || self->place < 0 ||
				  !same_document(self, that) || that->place < self->place,
		    "%s after %s in one document", self->text, that->text);
	}
}

static void on_busy(void *arg, const char *name, bool busy)
{
	struct chaos *c = arg;

	for (size_t i = 0; i < OBJECTS; i++)
		if (strcmp(objects[i], name) == 0) {
			ck_assert_msg(c->busy[i] != busy, "%s twice", name);
			c->busy[i] = busy;
		}
}

/* Plans */

static void add_program(struct chaos *c, const char *object, unsigned program,
    struct row *rows, size_t *count)
{
	size_t steps = 1 + pick(c, PROGRAM_MAX), removals = pick(c, steps + 1);
	int first = c->count;

	for (size_t i = 0; i < steps; i++) {
		int number = c->count++;
		struct known *k = &c->known[number];

		ck_assert_int_lt(number, STEPS_MAX);
		snprintf(k->text, sizeof(k->text), "s%d", number);
		/* Mostly the document of the step before. */
		k->row = (struct row){ program, object, some[pick(c, ROWS(some))],
			documents[pick(c, DOCUMENTS)], k->text, i < removals,
			.number = number };
		if (i && !one_in(c, 3)) {
			k->row.action = k[-1].row.action;
			k->row.target = k[-1].row.target;
		}
		if (removals && i >= removals && one_in(c, 2))
			k->row.restores = 1 + pick(c, removals);
		if (one_in(c, 4))
			k->row.until = UNTIL_OBSERVED;
		k->first = first;
		k->place = -1;
		rows[(*count)++] = k->row;
	}
}

/* The places of those steps that all programs queue at once, as a plan orders them. */
static void set_places(struct chaos *c, int from)
{
	int place = from;

	for (int adding = 0; adding < 2; adding++)
		for (int i = from; i < c->count; i++) {
			struct known *k = &c->known[i];
			bool stretch = true;

			for (int n = k->first; n < i; n++)
				stretch &= same_document(&c->known[n], k);
			if (stretch && k->row.removes == !adding)
				k->place = place++;
		}
}

static void take_plan(struct chaos *c)
{
	struct row rows[PLAN_MAX];
	size_t count = 0;
	unsigned program = 0;
	int from = c->count;

	for (size_t i = 0; i < OBJECTS; i++) {
		if (c->busy[i] || one_in(c, 2))
			continue;
		add_program(c, objects[i], program++, rows, &count);
		if (one_in(c, 3))
			add_program(c, objects[i], program++, rows, &count);
	}
	set_places(c, from);
	yard_take(&c->y, rows, count);
}

/* Events */

static void end_flight(struct chaos *c, bool well)
{
	struct flight *flight = &c->y.flights[pick(c, c->y.flight_count)];
	struct known *k = &c->known[flight->number];
	bool failed = !well && one_in(c, 3);

	if (flight->noting) {
		yard_noted(&c->y, k->text, failed ? "disk full" : NULL);
		return;
	}
	k->refused = failed && one_in(c, 2);
	if (!failed && !(well = well || !one_in(c, 4)))
		c->awaits[k->first] = 0;
	else if (!failed && k->row.until == UNTIL_OBSERVED)
		c->awaits[k->first] = 1 + (int)(k - c->known);
	yard_outcome(&c->y, k->text,
	    &(struct outcome){ .error = failed ? "in vain" : NULL,
		.refused = k->refused,
		.observed = !failed && !well });
}

static void no_longer_await(
    struct chaos *c, const struct kind *kind, const char *name, size_t length)
{
	for (int i = 0; i < c->count; i++) {
		const struct known *k = &c->known[i];

		if (c->awaits[k->first] == i + 1 && k->row.action->target == kind &&
		    strncmp(k->row.target, name, length) == 0)
			c->awaits[k->first] = 0;
	}
}

static const struct kind *some_kind(struct chaos *c)
{
	return some[pick(c, ROWS(some))]->target;
}

static void observe(struct chaos *c, const struct kind *kind, const char *document)
{
	no_longer_await(c, kind, document, strlen(document) + 1);
	executor_observed(c->y.executor, kind, document);
}

static void drop(struct chaos *c)
{
	static const char *const prefixes[] = { "", "x/", "y/" };
	const char *prefix = prefixes[pick(c, ROWS(prefixes))];
	const struct kind *kind = some_kind(c);

	no_longer_await(c, kind, prefix, strlen(prefix));
	executor_drop(c->y.executor, kind, prefix);
}

static void happen(struct chaos *c)
{
	switch (pick(c, 16)) {
	case 0:
	case 1:
		take_plan(c);
		break;
	case 2:
		executor_abandon(c->y.executor, &vm_kind, objects[pick(c, OBJECTS)]);
		break;
	case 3:
		if (one_in(c, 4))
			executor_abandon(c->y.executor, NULL, NULL);
		break;
	case 4:
		if (one_in(c, 3))
			drop(c);
		break;
	case 5:
		executor_cancel(c->y.executor, &vm_kind, objects[pick(c, OBJECTS)]);
		break;
	case 6:
		c->y.render_error = one_in(c, 3) ? "cannot be made" : NULL;
		break;
	case 7:
	case 8:
	case 9:
		observe(c, some_kind(c), documents[pick(c, DOCUMENTS)]);
		break;
	default:
		if (c->y.flight_count)
			end_flight(c, false);
		break;
	}
}

static void settle(struct chaos *c)
{
	for (int round = 0; round < STEPS_MAX; round++) {
		while (c->y.flight_count)
			end_flight(c, true);
		if (!c->y.busy_count)
			return;
		for (size_t i = 0; i < ROWS(some); i++)
			for (size_t k = 0; k < DOCUMENTS; k++)
				observe(c, some[i]->target, documents[k]);
	}
	ck_abort_msg("%d objects stay busy: %s", c->y.busy_count, text_get(&c->y.busy));
}

static void check_restored(const struct chaos *c)
{
	for (int i = 0; i < c->count; i++) {
		const struct known *k = &c->known[i];
		size_t restores = k->row.restores;
		const struct known *taken = &c->known[k->first + (int)restores - 1];

		if (restores && taken->sent)
			ck_assert_msg(k->attempted || taken->refused,
			    "%s is not put back", k->text);
	}
}

START_TEST(whatever_happens_it_holds)
{
	struct chaos *c = must_alloc(sizeof(*c));
	size_t sent = 0;

	c->known = must_alloc(STEPS_MAX * sizeof(*c->known));
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		memset(c->awaits, 0, sizeof(c->awaits));
		memset(c->known, 0, (size_t)c->count * sizeof(*c->known));
		memset(c->busy, 0, sizeof(c->busy));
		c->count = 0;
		c->random = seed;
		yard_begin(&c->y);
		c->y.on_attempt = on_attempt;
		c->y.on_send = on_send;
		c->y.on_busy = on_busy;
		c->y.arg = c;
		executor_limit(c->y.executor, &libvirt_source, LIMIT);
		executor_limit(c->y.executor, &kubernetes_source, LIMIT);
		for (int i = 0; i < EVENTS; i++)
			happen(c);
		settle(c);
		ck_assert_uint_eq(executor_length(c->y.executor), 0);
		check_restored(c);
		for (int i = 0; i < c->count; i++)
			sent += c->known[i].sent;
		yard_end(&c->y);
	}
	ck_assert_msg(sent > 10 * SEEDS, "only %zu steps were sent", sent);
	free(c->known);
	free(c);
}
END_TEST

Suite *interleavings_suite(void)
{
	Suite *suite = suite_create("interleavings");
	TCase *tests = tcase_create("interleavings");

	tcase_add_test(tests, whatever_happens_it_holds);
	suite_add_tcase(suite, tests);
	return suite;
}
