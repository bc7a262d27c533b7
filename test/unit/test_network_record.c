/* SPDX-License-Identifier: MIT */
/* Tests of lib/kind/network/network_record.c: leases and ranges that are remembered. */
#include <string.h>

#include "lib/kind/kinds.h"
#include "lib/kind/network/network.h"
#include "lib/kind/network/network_record.h"

#include <check.h>

#define FOUR                                                                             \
	{                                                                                \
		.mac = { { 0x52, 0x54, 0, 0, 0, 1 } }, .ip = { 4, 0x0a000005 }           \
	}
#define SIX                                                                              \
	{                                                                                \
		.mac = { { 0x52, 0x54, 0, 0, 0, 1 } }, .ip = { 6, 5 }                    \
	}

struct bench {
	struct object_state *state;
	struct network_record *record;
};

static void set_up(struct bench *b)
{
	b->state = object_state_new(&network_kind, "lab");
	b->record = b->state->own;
}

/* What runs, as it is observed: with leases, and some that libvirt has forgotten. */
static bool observe(struct bench *b, const struct network *live)
{
	const struct observed observed = { .presence = PRESENT,
		.live = live ? (struct object *)(uintptr_t)&live->object : NULL };

	return network_record_observed(
	    b->state, live ? &observed : NULL, NULL, NULL, (struct mono){ 1 }, 0);
}

START_TEST(leases_are_those_that_count_now)
{
	struct dhcp_lease four = FOUR, six = SIX;
	struct bench b;

	set_up(&b);
	ck_assert(observe(&b, &(struct network){ .leases = &four, .lease_count = 1 }));
	ck_assert_str_eq(b.record->leases, "52:54:00:00:00:01 10.0.0.5");
	ck_assert(!observe(&b, &(struct network){ .leases = &four, .lease_count = 1 }));
	ck_assert_msg(
	    !observe(&b, &(struct network){ .former = &four, .former_count = 1 }),
	    "one that libvirt has forgotten counts");
	ck_assert_msg(!observe(&b, NULL), "what it was stays known where it is gone");
	ck_assert_ptr_nonnull(b.record->leases);
	ck_assert(observe(&b, &(struct network){ .leases = &six, .lease_count = 1 }));
	ck_assert_str_eq(b.record->leases, "52:54:00:00:00:01 ::5");
	ck_assert(observe(&b, &(struct network){ .mtu = 1500 }));
	ck_assert_msg(!b.record->leases, "%s", b.record->leases);
	ck_assert(!observe(&b, &(struct network){ .mtu = 1500 }));
	object_state_free(b.state);
}
END_TEST

/* A network that was made without its range by somebody comes back with no more of it. */
START_TEST(the_last_range_it_had_stays_known)
{
	struct network ranged = { .mtu = 1500 };
	struct arena a = { 0 };
	struct bench b;

	set_up(&b);
	ranges_add(
	    &a, &ranged.ranges, (struct range){ { 4, 0x0a000002 }, { 4, 0x0a000009 } });
	ck_assert(observe(&b, &ranged));
	ck_assert_str_eq(b.record->ranges, "10.0.0.2-10.0.0.9");
	ck_assert(!observe(&b, &(struct network){ .mtu = 1500 }));
	ck_assert_str_eq(b.record->ranges, "10.0.0.2-10.0.0.9");
	object_state_free(b.state);
	arena_done(&a);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("network_record");
	TCase *tests = tcase_create("network_record");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tests, leases_are_those_that_count_now);
	tcase_add_test(tests, the_last_range_it_had_stays_known);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
