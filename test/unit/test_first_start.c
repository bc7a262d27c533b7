/* SPDX-License-Identifier: MIT */
/* Tests of lib/plan/first_start.c: with nothing remembered, what may be done to what each
 * source has. */
#include "lib/doc/json.h"
#include "lib/kind/metallb/pool.h"
#include "lib/kind/sources.h"

#include "test/unit/vm_scene.h"

#define HOME                                                                             \
	NETWORK                                                                          \
	"metallb: {pools: {p: {addresses: [10.0.0.0-10.0.0.9], advertise: none}}}\n"
#define PATIENCE 10000

enum has { UNREAD, NOTHING, OTHERS, OURS, REFUSED };

static const struct {
	const char *what;
	enum has libvirt, cluster;
	int64_t after; /* ms since it began */
	const char *begun;
	bool converge, observing;
	enum start all, of_libvirt, of_cluster;
} rows[] = {
	{ "nothing there", NOTHING, NOTHING, 0, NULL, false, false, START_FREE,
	    START_FREE, START_FREE },
	{ "others' objects", OTHERS, NOTHING, 0, NULL, false, false, START_OBSERVES,
	    START_OBSERVES, START_OBSERVES },
	{ "others' objects, and they may be taken over", OTHERS, NOTHING, 0, NULL, true,
	    false, START_FREE, START_FREE, START_FREE },
	{ "objects that we own", OTHERS, OURS, 0, NULL, false, false, START_LOST,
	    START_LOST, START_LOST },
	{ "one source is not read yet", UNREAD, NOTHING, PATIENCE - 1, NULL, false, false,
	    START_WAITS, START_WAITS, START_WAITS },
	{ "and others' objects are there", UNREAD, OTHERS, 0, NULL, false, false,
	    START_OBSERVES, START_OBSERVES, START_OBSERVES },
	{ "and it does not come", UNREAD, NOTHING, PATIENCE, NULL, false, false,
	    START_FREE, START_WAITS, START_FREE },
	{ "nor the other one", NOTHING, UNREAD, PATIENCE, NULL, false, false, START_FREE,
	    START_FREE, START_WAITS },
	{ "neither is read", UNREAD, UNREAD, PATIENCE, NULL, false, false, START_FREE,
	    START_WAITS, START_WAITS },
	{ "one does not say it", NOTHING, REFUSED, 0, NULL, false, false, START_FREE,
	    START_FREE, START_FREE },
	{ "one has begun, the other is not read", UNREAD, OURS, 0, "kubernetes", false,
	    false, START_KNOWN, START_WAITS, START_KNOWN },
	{ "then it is, with others' objects", OTHERS, OURS, 0, "kubernetes", false, false,
	    START_KNOWN, START_OBSERVES, START_KNOWN },
	{ "which are removed by hand", NOTHING, OURS, 0, "kubernetes", false, true,
	    START_KNOWN, START_OBSERVES, START_KNOWN },
	{ "or with none", NOTHING, OURS, 0, "kubernetes", false, false, START_KNOWN,
	    START_FREE, START_KNOWN },
	{ "or with some that we own: there was an earlier run", OTHERS, OURS, 0,
	    "libvirt", false, false, START_LOST, START_KNOWN, START_LOST },
};

#define OF_OURS                                                                          \
	"\"metadata\": {\"uid\": \"u\", \"labels\": {\"" MARK_LABEL                      \
	"\": \"homek8sd\"}, "                                                            \
	"\"managedFields\": [{\"manager\": \"homek8sd\"}]}, "

static void put_pool(struct scene *s, bool ours)
{
	const char *text = ours ? "{" OF_OURS "\"spec\": {\"addresses\": []}}"
				: "{\"spec\": {\"addresses\": []}}";
	autojson struct json_object *o = json_parse(text, strlen(text), 16, NULL);
	struct reading reading = { .kind = &pool_kind, .name = "p", .json = o };
	struct observed *observed = observed_new(&pool_kind, "p");
	struct error e = { "" };

	ck_assert_msg(pool_kind.decode(observed, &reading, &e) == 0, "%s", e.text);
	observed->presence = PRESENT;
	observations_put(&s->observed, observed);
}

static void set(struct scene *s, const struct kind *kind, enum has has)
{
	if (has == UNREAD)
		observations_set_unknown(&s->observed, kind, "", "not observed yet");
	if (has == REFUSED)
		observations_set_refused(&s->observed, kind, "", "forbidden");
	if (has == UNREAD || has == REFUSED || has == NOTHING)
		return;
	if (kind == &network_kind)
		see_network(s, "default", true, "");
	else
		put_pool(s, has == OURS);
}

static void begin(struct scene *s, int i)
{
	scene_begin(s, HOME,
	    rows[i].converge ? "first_start: converge\n" : "first_start: observe\n");
	set(s, &network_kind, rows[i].libvirt);
	set(s, &pool_kind, rows[i].cluster);
	s->state.fresh = true;
	s->state.observing = rows[i].observing;
	for (size_t k = 0; rows[i].begun && k < source_count; k++)
		if (strcmp(sources[k]->name, rows[i].begun) == 0)
			state_source_begun(&s->state, sources[k]);
	s->input = (struct plan_input){ .desired = s->config,
		.observed = &s->observed,
		.state = &s->state,
		.sources = { { .up = true }, { .up = true }, { .up = true } },
		.began = { NOW },
		.now = { NOW + rows[i].after } };
	s->plan = plan_make(&s->input);
}

START_TEST(each_source_begins_when_it_is_known)
{
	const enum start *starts;
	struct scene s;

	begin(&s, _i);
	starts = s.plan->starts;
	ck_assert_msg(
	    s.plan->start == rows[_i].all, "%s: %d", rows[_i].what, s.plan->start);
	ck_assert_msg(starts[source_index(&libvirt_source)] == rows[_i].of_libvirt,
	    "%s: libvirt %d", rows[_i].what, starts[source_index(&libvirt_source)]);
	ck_assert_msg(starts[source_index(&kubernetes_source)] == rows[_i].of_cluster,
	    "%s: Kubernetes %d", rows[_i].what, starts[source_index(&kubernetes_source)]);
	scene_end(&s);
}
END_TEST

/* What waits or observes has no step that runs; what is not read says that of itself. */
START_TEST(what_has_not_begun_is_left_alone)
{
	const struct item *network, *pool;
	struct scene s;

	begin(&s, _i);
	network = plan_find(s.plan, &network_kind, "default");
	pool = plan_find(s.plan, &pool_kind, "p");
	if (rows[_i].of_libvirt == START_OBSERVES || rows[_i].of_libvirt == START_WAITS)
		ck_assert_msg(!item_acts(network), "%s", rows[_i].what);
	if (rows[_i].of_cluster == START_OBSERVES || rows[_i].of_cluster == START_WAITS)
		ck_assert_msg(!item_acts(pool), "%s", rows[_i].what);
	if (rows[_i].of_libvirt == START_OBSERVES)
		ck_assert_int_eq(network->verdict, VERDICT_PAUSED);
	if (rows[_i].libvirt == UNREAD && rows[_i].of_libvirt == START_WAITS)
		ck_assert_int_eq(network->verdict, VERDICT_UNKNOWN);
	scene_end(&s);
}
END_TEST

/* Over a restart too, until everything has begun. */
START_TEST(what_has_begun_is_kept_on_disk)
{
	const struct clocks clocks = { { NOW }, 1, NULL };
	struct state m = { .fresh = true }, again = { 0 };
	autojson struct json_object *o = NULL, *later = NULL;
	struct error e = { "" };

	state_source_begun(&m, &kubernetes_source);
	ck_assert_uint_eq(m.persistent_changes, 1);
	o = state_save(&m, &clocks);
	ck_assert_int_eq(state_load(&again, o, NULL, &clocks, &e), 0);
	ck_assert(again.fresh && state_source_has_begun(&again, &kubernetes_source));
	ck_assert(!state_source_has_begun(&again, &libvirt_source));
	state_begun(&again, false);
	ck_assert(state_source_has_begun(&again, &libvirt_source));
	later = state_save(&again, &clocks);
	ck_assert(!json_object_object_get_ex(later, "begun_sources", NULL));
	state_done(&m);
	state_done(&again);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("first_start");
	TCase *tests = tcase_create("first_start");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tests, each_source_begins_when_it_is_known, 0, ROWS(rows));
	tcase_add_loop_test(tests, what_has_not_begun_is_left_alone, 0, ROWS(rows));
	tcase_add_test(tests, what_has_begun_is_kept_on_disk);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
