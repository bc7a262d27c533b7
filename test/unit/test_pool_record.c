/* SPDX-License-Identifier: MIT */
/* pool_record: what is kept of a pool, and when another client counts as fighting us. */
#include <check.h>
#include <string.h>
#undef fail /* check has a macro of that name */

#include "lib/kind/metallb/pool_record.h"
#include "lib/state/state.h"

static struct {
	struct arena arena;
	struct state state;
	struct pool desired, live;
	struct mono now;
} t;

static struct object_state *record(void)
{
	return state_get(&t.state, &pool_kind, "p");
}

static struct ranges parse(const char *text)
{
	struct ranges out = { 0 };
	struct range range;

	ck_assert_int_eq(range_parse(text, &range, NULL), 0);
	ranges_add(&t.arena, &out, range);
	return out;
}

static void desire(const char *addresses)
{
	t.desired.addresses = parse(addresses);
	t.desired.object.record.has = field_bit(&pool_kind.fields, "addresses");
	pool_record_desired(record(), &t.desired.object);
}

/* NULL: it is gone. */
static bool observe(const char *addresses)
{
	struct observed observed = { .live = &t.live.object };

	if (addresses)
		t.live.addresses = parse(addresses);
	t.live.object.record.has = field_bit(&pool_kind.fields, "addresses");
	t.live.meta.owned = true;
	return pool_record_observed(
	    record(), addresses ? &observed : NULL, &t.desired.object, NULL, t.now, 0);
}

static void repair(void)
{
	pool_record_ended(record(), NULL, NULL, false, NULL, t.now, 0);
	observe("10.0.0.0-10.0.0.9");
	pool_record_converged(record(), &t.desired.object);
}

static bool contested(void)
{
	return contest_is_on(&pool_record_of(record())->contest, t.now);
}

static void begin(void)
{
	t.now = (struct mono){ 3600000 };
	desire("10.0.0.0-10.0.0.9");
	observe("10.0.0.0-10.0.0.9");
	pool_record_converged(record(), &t.desired.object);
}

static void end(void)
{
	state_done(&t.state);
	arena_done(&t.arena);
}

static void check_addresses(const char *expected)
{
	struct ranges kept;

	if (!expected) {
		ck_assert(
		    !pool_record_addresses(&t.arena, pool_record_of(record()), &kept));
		return;
	}
	ck_assert(pool_record_addresses(&t.arena, pool_record_of(record()), &kept));
	ck_assert_str_eq(ranges_text(&t.arena, kept), expected);
}

START_TEST(what_it_was_outlives_the_pool_and_not_the_writing)
{
	struct ranges two = { 0 }, kept;

	begin();
	check_addresses("10.0.0.0-10.0.0.9");
	ck_assert(!observe("10.0.0.0-10.0.0.9")); /* nothing new to keep */
	ck_assert_int_eq(pool_record_of(record())->gone_at.ms, 0);
	ck_assert(observe(NULL)); /* that it has nothing now */
	ck_assert(!observe(NULL));
	ck_assert_int_ne(pool_record_of(record())->gone_at.ms, 0);
	check_addresses("10.0.0.0-10.0.0.9");
	ck_assert(observe("10.0.0.0-10.0.0.3"));
	check_addresses("10.0.0.0-10.0.0.3");
	two = ranges_union(&t.arena, parse("10.0.0.0/30"), parse("fd00::1-fd00::2"));
	t.live.addresses = two;
	pool_record_observed(record(), &(struct observed){ .live = &t.live.object },
	    &t.desired.object, NULL, t.now, 0);
	ck_assert(pool_record_addresses(&t.arena, pool_record_of(record()), &kept));
	ck_assert(ranges_equal(kept, two));
	ck_assert(observe("10.0.0.7/32")); /* which is written as a single address */
	check_addresses("10.0.0.7");
	pool_record_desired(record(), NULL);
	check_addresses(NULL);
	end();
}
END_TEST

static const char *held(void)
{
	struct ranges has;

	return pool_record_held(&t.arena, pool_record_of(record()), &has)
		   ? ranges_text(&t.arena, has)
		   : "nothing";
}

/* Written or not: until it is known to be gone. */
START_TEST(what_it_has_is_known_until_it_is_gone)
{
	begin();
	ck_assert_str_eq(held(), "10.0.0.0-10.0.0.9");
	pool_record_desired(record(), NULL);
	ck_assert_str_eq(held(), "10.0.0.0-10.0.0.9");
	t.live.addresses = parse("10.0.0.4-10.0.0.5");
	ck_assert(pool_record_observed(record(),
	    &(struct observed){ .live = &t.live.object }, NULL, NULL, t.now, 0));
	ck_assert_str_eq(held(), "10.0.0.4-10.0.0.5");
	check_addresses(NULL);
	pool_record_observed(record(), &(struct observed){ 0 }, NULL, NULL, t.now, 0);
	ck_assert_msg(strcmp(held(), "nothing") != 0, "it could not be read");
	ck_assert(pool_record_observed(record(), NULL, NULL, NULL, t.now, 0));
	ck_assert_str_eq(held(), "nothing");
	end();
}
END_TEST

START_TEST(three_times_to_the_same_is_a_fight)
{
	begin();
	for (int i = 1; i <= 3; i++) {
		ck_assert(!contested());
		observe("10.0.0.0-10.0.0.5");
		ck_assert_int_eq(pool_record_of(record())->contest.undone, i);
		if (i < 3)
			repair();
	}
	ck_assert(contested());
	repair();
	ck_assert(contested()); /* though it is as written for now */
	t.now = mono_add(t.now, 10 * 60000);
	ck_assert(!contested());
	end();
}
END_TEST

static const struct {
	const char *what;
	const char *changed[4];
	int minutes; /* between them */
} no_fights[] = {
	{ "to something else each time",
	    { "10.0.0.0-10.0.0.1", "10.0.0.0-10.0.0.2", "10.0.0.0-10.0.0.3",
		"10.0.0.0-10.0.0.1" },
	    0 },
	{ "rarely",
	    { "10.0.0.0-10.0.0.1", "10.0.0.0-10.0.0.1", "10.0.0.0-10.0.0.1",
		"10.0.0.0-10.0.0.1" },
	    11 },
};

START_TEST(who_is_merely_at_work_on_it_is_not_fought)
{
	begin();
	for (size_t i = 0; i < 4; i++) {
		observe(no_fights[_i].changed[i]);
		ck_assert_msg(!contested(), "%s", no_fights[_i].what);
		repair();
		t.now = mono_add(t.now, no_fights[_i].minutes * 60000);
	}
	end();
}
END_TEST

START_TEST(an_edit_or_a_request_begins_anew)
{
	begin();
	for (int i = 0; i < 3; i++) {
		observe("10.0.0.0-10.0.0.5");
		repair();
	}
	ck_assert(contested());
	if (_i)
		desire("10.0.0.0-10.0.0.7");
	else
		pool_record_requested(record());
	ck_assert(!contested());
	end();
}
END_TEST

/* Every written key counts, and a deletion as well: once, however often it is listed. */
START_TEST(keys_and_deletions_are_undone_too)
{
	const struct contest *contest = &pool_record_of(record())->contest;

	begin();
	t.desired.object.record.has |= field_bit(&pool_kind.fields, "auto_assign");
	t.desired.auto_assign = true;
	t.live.object.record.has = t.desired.object.record.has;
	for (int i = 1; i <= 3; i++) {
		ck_assert(!contested());
		if (_i)
			for (int n = 0; n < 3; n++)
				observe(NULL);
		t.live.auto_assign = false;
		if (!_i)
			pool_record_observed(record(),
			    &(struct observed){ .live = &t.live.object },
			    &t.desired.object, NULL, t.now, 0);
		ck_assert_int_eq(contest->undone, i);
		ck_assert_str_eq(
		    contest->undone_to, _i ? "nothing" : "auto_assign false");
		t.live.auto_assign = true;
		pool_record_ended(record(), NULL, NULL, false, NULL, t.now, 0);
		pool_record_observed(record(),
		    &(struct observed){ .live = &t.live.object }, &t.desired.object, NULL,
		    t.now, 0);
		pool_record_converged(record(), &t.desired.object);
	}
	ck_assert(contested());
	end();
}
END_TEST

START_TEST(whose_it_was_and_all_of_it_is_kept)
{
	begin();
	ck_assert(!pool_record_of(record())->adopted);
	t.live.meta.owned = false;
	t.live.spec = "{\"addresses\": []}";
	ck_assert(
	    pool_record_observed(record(), &(struct observed){ .live = &t.live.object },
		&t.desired.object, NULL, t.now, 0));
	ck_assert(pool_record_of(record())->adopted);
	ck_assert_str_eq(pool_record_of(record())->spec, t.live.spec);
	observe(NULL);
	ck_assert(pool_record_of(record())->adopted);
	pool_record_desired(record(), NULL);
	ck_assert(!pool_record_of(record())->adopted);
	ck_assert_ptr_null(pool_record_of(record())->spec);
	end();
}
END_TEST

/* Nobody undoes what was never done. */
START_TEST(what_does_not_come_about_is_no_fight)
{
	begin();
	for (int i = 0; i < 5; i++) {
		observe("10.0.0.0-10.0.0.5");
		pool_record_ended(record(), NULL, NULL, i % 2, NULL, t.now, 0);
	}
	ck_assert_int_le(pool_record_of(record())->contest.undone, 1);
	end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pool_record");
	TCase *tests = tcase_create("pool_record");
	SRunner *runner;
	int failed;

	tcase_add_test(tests, what_it_was_outlives_the_pool_and_not_the_writing);
	tcase_add_test(tests, what_it_has_is_known_until_it_is_gone);
	tcase_add_test(tests, three_times_to_the_same_is_a_fight);
	tcase_add_loop_test(tests, who_is_merely_at_work_on_it_is_not_fought, 0, 2);
	tcase_add_loop_test(tests, an_edit_or_a_request_begins_anew, 0, 2);
	tcase_add_test(tests, what_does_not_come_about_is_no_fight);
	tcase_add_loop_test(tests, keys_and_deletions_are_undone_too, 0, 2);
	tcase_add_test(tests, whose_it_was_and_all_of_it_is_kept);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
