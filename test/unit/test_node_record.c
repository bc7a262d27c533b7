/* SPDX-License-Identifier: MIT */
/* node_record: since when a Node is Ready, or is not, by our own clock. */
#include <check.h>
#include <string.h>
#undef fail /* check has a macro of that name */

#include "lib/kind/node/node_record.h"
#include "lib/state/state.h"

enum now_is { READY, UNREADY, GONE, NOT_KNOWN };

#define BEGAN 5000
#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

static bool observe(struct object_state *state, enum now_is is, int64_t at)
{
	struct node_object node = { .ready = is == READY };
	struct observed observed = { .presence = is == NOT_KNOWN ? UNKNOWN : PRESENT,
		.live = is == NOT_KNOWN ? NULL : &node.object };

	return node_record_observed(
	    state, is == GONE ? NULL : &observed, NULL, NULL, (struct mono){ at }, 0);
}

static const struct {
	const char *what;
	enum now_is was[3];
	size_t count; /* observed one second after the other */
	int64_t unready_since, ready_since;
	bool changed; /* by the last */
} rows[] = {
	{ "Ready from the first: since when is not known", { READY, READY }, 2, 0, 0,
	    false },
	{ "not Ready when first observed", { UNREADY }, 1, BEGAN, 0, true },
	{ "and ever since", { UNREADY, UNREADY, UNREADY }, 3, BEGAN, 0, false },
	{ "it falls", { READY, UNREADY }, 2, BEGAN + 1000, 0, true },
	{ "Ready again", { UNREADY, READY }, 2, 0, BEGAN + 1000, true },
	{ "Ready again, for a while", { UNREADY, READY, READY }, 3, 0, BEGAN + 1000,
	    false },
	{ "it falls again", { UNREADY, READY, UNREADY }, 3, BEGAN + 2000, 0, true },
	{ "what is not known changes nothing", { UNREADY, NOT_KNOWN }, 2, BEGAN, 0,
	    false },
	{ "nor begins it anew", { UNREADY, NOT_KNOWN, UNREADY }, 3, BEGAN, 0, false },
	{ "it has left the cluster", { UNREADY, GONE }, 2, 0, 0, true },
	{ "and is another one when it joins", { UNREADY, GONE, UNREADY }, 3, BEGAN + 2000,
	    0, true },
};

START_TEST(it_is_known_since_when)
{
	struct object_state *state = object_state_new(&node_kind, "n");
	const struct node_record *record = state->own;
	bool changed = false;

	for (size_t i = 0; i < rows[_i].count; i++)
		changed = observe(state, rows[_i].was[i], BEGAN + (int64_t)i * 1000);
	ck_assert_msg(record->unready_since.ms == rows[_i].unready_since, "%s: %lld",
	    rows[_i].what, (long long)record->unready_since.ms);
	ck_assert_msg(record->ready_since.ms == rows[_i].ready_since, "%s: %lld",
	    rows[_i].what, (long long)record->ready_since.ms);
	ck_assert_msg(changed == rows[_i].changed, "%s: kept anew or not", rows[_i].what);
	object_state_free(state);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("node_record");
	TCase *tests = tcase_create("node_record");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tests, it_is_known_since_when, 0, ROWS(rows));
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
