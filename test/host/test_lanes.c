/* SPDX-License-Identifier: MIT */
/* Tests of daemon/lanes.c: what is sent when, and when an object is no longer busy. */
#include <stdlib.h>
#include <string.h>

#include "daemon/lanes.h"
#include "lib/kind/kinds.h"
#include "test/host/suites.h"

/* A plan of a few steps, what was sent of it, and who is busy. */
struct yard {
	struct lanes *lanes;
	struct text sent; /* texts, each with a space */
	uint64_t ticket;  /* of the last one */
	int busy;
};

static void on_send(void *arg, enum origin lane, const struct step *step, uint64_t ticket)
{
	struct yard *y = arg;

	(void)lane;
	text_add(&y->sent, "%s ", step->text);
	y->ticket = ticket;
}

static void on_busy(void *arg, const struct kind *kind, const char *name, bool busy)
{
	struct yard *y = arg;

	(void)kind;
	(void)name;
	y->busy += busy ? 1 : -1;
}

static const struct lanes_hooks hooks = { .send = on_send, .busy = on_busy };

static const struct step steps[] = {
	{ .op = STEP_DOMAIN_DEFINE,
	    .kind = &vm_kind,
	    .name = "a",
	    .target = "a",
	    .text = "define-a" },
	{ .op = STEP_DOMAIN_DEFINE,
	    .kind = &vm_kind,
	    .name = "b",
	    .target = "b",
	    .text = "define-b" },
	{ .op = STEP_DOMAIN_START,
	    .kind = &vm_kind,
	    .name = "a",
	    .target = "a",
	    .text = "start-a" },
};

static const struct step swap[] = {
	{ .op = STEP_NETWORK_UPDATE,
	    .kind = &reservation_kind,
	    .name = "l",
	    .target = "n",
	    .text = "delete-l" },
	{ .op = STEP_NETWORK_UPDATE,
	    .kind = &reservation_kind,
	    .name = "m",
	    .target = "n",
	    .text = "delete-m" },
	{ .op = STEP_NETWORK_UPDATE,
	    .kind = &reservation_kind,
	    .name = "l",
	    .target = "n",
	    .text = "add-l",
	    .mends = true },
	{ .op = STEP_NETWORK_UPDATE,
	    .kind = &reservation_kind,
	    .name = "m",
	    .target = "n",
	    .text = "add-m",
	    .mends = true },
};

static void take(struct yard *y, const struct step *some, size_t count)
{
	struct step copies[8];
	struct step *pointers[8];
	struct plan plan = { .steps = pointers, .step_count = count };

	for (size_t i = 0; i < count; i++) {
		copies[i] = some[i];
		pointers[i] = &copies[i];
	}
	*y = (struct yard){ 0 };
	y->lanes = lanes_new(&hooks, y);
	lanes_take(y->lanes, &plan);
}

static void done(struct yard *y)
{
	ck_assert_ptr_nonnull(lanes_ended(y->lanes, y->ticket, false, false));
}

static void clear(struct yard *y)
{
	lanes_free(y->lanes);
	text_done(&y->sent);
}

START_TEST(an_object_is_busy_until_it_was_looked_at)
{
	struct yard y;

	take(&y, steps, 3);
	ck_assert_int_eq(y.busy, 2);
	done(&y);
	lanes_looked(y.lanes, &vm_kind, "a");
	ck_assert_int_eq(y.busy, 2);
	done(&y);
	lanes_looked(y.lanes, &vm_kind, "b");
	ck_assert_int_eq(y.busy, 1);
	done(&y);
	ck_assert_int_eq(y.busy, 1);
	lanes_looked(y.lanes, &vm_kind, "a");
	ck_assert_int_eq(y.busy, 0);
	ck_assert_str_eq(text_get(&y.sent), "define-a define-b start-a ");
	clear(&y);
}
END_TEST

START_TEST(a_failure_drops_the_rest_of_the_object)
{
	struct yard y;

	take(&y, steps, 3);
	ck_assert_ptr_nonnull(lanes_ended(y.lanes, y.ticket, true, false));
	done(&y);
	ck_assert_str_eq(text_get(&y.sent), "define-a define-b ");
	ck_assert_uint_eq(lanes_length(y.lanes), 0);
	lanes_looked(y.lanes, &vm_kind, "a");
	lanes_looked(y.lanes, &vm_kind, "b");
	ck_assert_int_eq(y.busy, 0);
	clear(&y);
}
END_TEST

/* Planned again before it was looked at, it would be defined twice. */
START_TEST(what_was_begun_and_abandoned_waits_for_its_look)
{
	struct yard y;

	take(&y, steps, 3);
	done(&y); /* define-a; define-b is under way */
	lanes_abandon(y.lanes);
	ck_assert_int_eq(y.busy, 2);
	lanes_looked(y.lanes, &vm_kind, "a");
	ck_assert_int_eq(y.busy, 1);
	done(&y);
	lanes_looked(y.lanes, &vm_kind, "b");
	ck_assert_int_eq(y.busy, 0);
	ck_assert_str_eq(text_get(&y.sent), "define-a define-b ");
	clear(&y);
}
END_TEST

START_TEST(what_was_looked_at_and_abandoned_is_free)
{
	struct yard y;

	take(&y, steps, 3);
	done(&y);
	lanes_looked(y.lanes, &vm_kind, "a");
	lanes_abandon(y.lanes);
	ck_assert_int_eq(y.busy, 1);
	clear(&y);
}
END_TEST

/* A pause must not leave a machine without the reservation that was taken from it. */
START_TEST(what_was_taken_away_is_put_back)
{
	struct yard y;

	take(&y, swap, 4);
	lanes_abandon(y.lanes); /* delete-l is under way */
	done(&y);
	done(&y);
	ck_assert_str_eq(text_get(&y.sent), "delete-l add-l ");
	ck_assert_int_eq(y.busy, 1);
	lanes_looked(y.lanes, &network_kind, "n");
	ck_assert_int_eq(y.busy, 0);
	clear(&y);
}
END_TEST

/* The connection went, and comes back to a libvirt that has no such domain. */
START_TEST(a_lost_kind_leaves_nobody_busy)
{
	struct yard y;

	take(&y, steps, 3);
	done(&y);
	lanes_drop(y.lanes, &network_kind);
	ck_assert_uint_eq(lanes_length(y.lanes), 2);
	lanes_drop(y.lanes, &vm_kind);
	ck_assert_uint_eq(lanes_length(y.lanes), 1);
	ck_assert_int_eq(y.busy, 1);
	done(&y); /* define-b: no look follows */
	ck_assert_int_eq(y.busy, 0);
	ck_assert_str_eq(text_get(&y.sent), "define-a define-b ");
	clear(&y);
}
END_TEST

Suite *lanes_suite(void)
{
	Suite *suite = suite_create("lanes");
	TCase *tests = tcase_create("lanes");

	tcase_add_test(tests, an_object_is_busy_until_it_was_looked_at);
	tcase_add_test(tests, a_failure_drops_the_rest_of_the_object);
	tcase_add_test(tests, what_was_begun_and_abandoned_waits_for_its_look);
	tcase_add_test(tests, what_was_looked_at_and_abandoned_is_free);
	tcase_add_test(tests, what_was_taken_away_is_put_back);
	tcase_add_test(tests, a_lost_kind_leaves_nobody_busy);
	suite_add_tcase(suite, tests);
	return suite;
}
