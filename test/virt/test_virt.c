/* SPDX-License-Identifier: MIT */
/*
 * virt as a whole: what events lead to, that the picture is right when everything happens
 * at once, connecting and connecting elsewhere.
 */
#include <fcntl.h>
#include <libvirt/libvirt.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/cleanup.h"
#include "test/virt/embedded.h"
#include "test/scratch.h"

#include <check.h> /* last: it defines the word fail */

/* Events */

START_TEST(an_event_leads_to_a_read)
{
	struct world *w = set_up();
	virDomainPtr domain = virDomainLookupByName(admin, "test");
	virNetworkPtr network = virNetworkLookupByName(admin, "default");

	ck_assert_int_eq(virDomainDestroy(domain), 0);
	ck_assert(wait_stopped(w, "test"));
	ck_assert_ptr_nonnull(
	    strstr(text_get(&w->events), "vm/test: stopped (destroyed)\n"));
	ck_assert_int_eq(virDomainCreate(domain), 0);
	ck_assert(wait_running(w, "test"));
	ck_assert_ptr_nonnull(
	    strstr(text_get(&w->events), "vm/test: started (booted)\n"));
	ck_assert_int_eq(virDomainSetMetadata(domain, VIR_DOMAIN_METADATA_TITLE, "hello",
			     NULL, NULL, VIR_DOMAIN_AFFECT_CONFIG),
	    0);
	while (!strstr(text_get(&w->events), "vm/test: metadata changed\n"))
		ev_run(w->loop, EVRUN_ONCE);
	ck_assert_int_eq(virNetworkDestroy(network), 0);
	while (world_find(w, &network_kind, "default")->active)
		ev_run(w->loop, EVRUN_ONCE);
	ck_assert_ptr_nonnull(strstr(text_get(&w->events), "network/default: stopped\n"));
	ck_assert_int_eq(virDomainUndefine(domain), 0);
	ck_assert_int_eq(virDomainDestroy(domain), 0);
	ck_assert(wait_away(w, &vm_kind, "test"));
	virDomainFree(domain);
	virNetworkFree(network);
	tear_down(w);
}
END_TEST

static bool all_read_again(struct world *w)
{
	const struct mirrored *s = world_find(w, &vm_kind, "test");

	return s->observed > s->facts_only && s->domain.id < 0;
}

/* First what decides the start, then everything, which brings what else has changed. */
START_TEST(a_stop_is_read_in_two_parts)
{
	struct world *w = set_up();
	virDomainPtr domain = virDomainLookupByName(admin, "test");
	struct mirrored *s = (struct mirrored *)world_find(w, &vm_kind, "test");

	ck_assert_int_eq(virDomainSetAutostart(domain, 1), 0);
	s->observed = s->facts_only = 0;
	ck_assert_int_eq(virDomainDestroy(domain), 0);
	ck_assert(wait_stopped(w, "test"));
	ck_assert_uint_eq(s->facts_only, 1);
	ck_assert_uint_eq(s->observed, 1);
	ck_assert_int_eq(s->domain.state, VIR_DOMAIN_SHUTOFF);
	ck_assert_int_eq(s->domain.reason, VIR_DOMAIN_SHUTOFF_DESTROYED);
	ck_assert(!s->domain.autostart);
	ck_assert(world_wait(w, all_read_again, WAIT));
	ck_assert_uint_eq(s->facts_only, 1);
	ck_assert(s->domain.autostart);
	virDomainFree(domain);
	tear_down(w);
}
END_TEST

/* More events at once than are kept: reading all makes up for those dropped. */
START_TEST(too_many_events_are_made_up_for)
{
	struct world *w = set_up();
	virDomainPtr domain = virDomainLookupByName(admin, "test");
	unsigned listed = w->domains.listed;

	for (int i = 0; i < 2500; i++) {
		ck_assert_int_eq(virDomainDestroy(domain), 0);
		ck_assert_int_eq(virDomainCreate(domain), 0);
	}
	ck_assert_int_eq(virDomainDestroy(domain), 0);
	ck_assert(wait_stopped(w, "test"));
	world_run(w, 500);
	ck_assert_uint_gt(w->domains.listed, listed);
	ck_assert_uint_lt(w->event_count, 5001);
	ck_assert(wait_stopped(w, "test"));
	virDomainFree(domain);
	tear_down(w);
}
END_TEST

static atomic_bool storm_over;

/* Defines, starts, stops and undefines at random, as fast as it can. */
static void *storm(void *arg)
{
	unsigned random = 12345;

	(void)arg;
	for (int i = 0; i < 3000; i++) {
		char name[16];
		virDomainPtr domain;

		random = random * 1103515245 + 12345;
		snprintf(name, sizeof(name), "d%04u", (random >> 16) % 40);
		domain = virDomainLookupByName(admin, name);
		if (!domain)
			define_many((random >> 16) % 40, 1);
		else if (random >> 31)
			virDomainUndefine(domain);
		else if (virDomainCreate(domain) < 0)
			virDomainDestroy(domain);
		if (domain)
			virDomainFree(domain);
	}
	storm_over = true;
	return NULL;
}

static bool storm_is_over(struct world *w)
{
	virt_read_all(w->virt);
	return storm_over;
}

static void check_truth(struct world *w)
{
	virDomainPtr *domains;
	int count = virConnectListAllDomains(admin, &domains, 0);

	ck_assert_int_eq(count, (int)w->domains.count);
	for (int i = 0; i < count; i++) {
		const struct mirrored *s =
		    world_find(w, &vm_kind, virDomainGetName(domains[i]));
		int state, reason;

		ck_assert_ptr_nonnull(s);
		virDomainGetState(domains[i], &state, &reason, 0);
		ck_assert_int_eq(s->domain.state, state);
		ck_assert_int_eq(s->domain.id, (int)virDomainGetID(domains[i]));
		virDomainFree(domains[i]);
	}
	free(domains);
}

/* Rounds and events mixed in every order: in the end the picture is the truth, with only
 * what the storm's own events and rounds brought. */
START_TEST(the_picture_is_right_after_a_storm)
{
	struct world *w = set_up();
	pthread_t thread;

	storm_over = false;
	pthread_create(&thread, NULL, storm, NULL);
	ck_assert(world_wait(w, storm_is_over, 60000));
	pthread_join(thread, NULL);
	world_run(w, 1000);
	check_truth(w);
	tear_down(w);
}
END_TEST

/* Connecting */

static const struct {
	const char *what, *uri, *detail;
} bad_uris[] = {
	{ "no such socket", "test+unix:///default?socket=/nonexistent/sock",
	    "test+unix:///default?socket=/nonexistent/sock: Failed to connect socket to "
	    "'/nonexistent/sock': No such file or directory (libvirt code 38, RPC); "
	    "next try in " },
	{ "nobody listens", "test+unix:///default?socket=/dev/null",
	    "test+unix:///default?socket=/dev/null: Failed to connect socket to "
	    "'/dev/null': "
	    "Connection refused (libvirt code 38, RPC); next try in " },
};

START_TEST(being_unable_to_connect_is_a_state)
{
	struct world *w = world_new(bad_uris[_i].uri, NULL);
	const char *expected = bad_uris[_i].detail;

	ck_assert_int_eq(virt_state(w->virt)->status, VIRT_CONNECTING);
	ck_assert(world_wait_status(w, VIRT_DOWN, WAIT));
	ck_assert_msg(
	    strncmp(virt_state(w->virt)->detail, expected, strlen(expected)) == 0,
	    "%s: %s", bad_uris[_i].what, virt_state(w->virt)->detail);
	ck_assert_ptr_nonnull(strstr(virt_state(w->virt)->detail, "; next try in "));
	/* The next tries leave the status alone. */
	world_run(w, 2000);
	ck_assert_ptr_null(strstr(text_get(&w->states), "connecting"));
	ck_assert_int_eq(virt_state(w->virt)->status, VIRT_DOWN);
	/* Nothing can be done meanwhile, but everything is answered. */
	ck_assert(!world_step(
	    w, (struct order){
		   .action = &domain_start_action, .target = "x", .text = "start x" }));
	ck_assert_str_eq(w->error, "start x: libvirt is not connected");
	ck_assert(w->lost);
	virt_read(w->virt, &vm_kind, "x");
	virt_read_all(w->virt);
	ck_assert(world_free(w));
}
END_TEST

/* Planned before anything was observed of what this connection leads to. */
START_TEST(a_step_from_before_the_connection_is_not_done)
{
	struct world *w = world_new("test:///default", NULL);

	world_send(w,
	    &(struct order){
		.action = &domain_destroy_action, .target = "test", .text = "stop test" },
	    1);
	ck_assert(world_wait_known(w, WAIT));
	ck_assert_uint_eq(w->steps_done, 1);
	ck_assert_str_eq(w->error, "stop test: libvirt is not connected");
	ck_assert(w->lost);
	ck_assert_int_eq(
	    world_find(w, &vm_kind, "test")->domain.state, VIR_DOMAIN_RUNNING);
	ck_assert(world_free(w));
}
END_TEST

static char directory[64];

static char *write_world(void)
{
	static char path[sizeof(directory) + 16];
	const char *xml = "<node>" DOM("alone") "</node>";
	int fd;

	ck_assert(scratch_make(directory, sizeof(directory), "virt"));
	snprintf(path, sizeof(path), "%s/world.xml", directory);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq((int)write(fd, xml, strlen(xml)), (int)strlen(xml));
	close(fd);
	return path;
}

static void drop_world(void)
{
	autofree char *path = must_printf("%s/world.xml", directory);

	unlink(path);
	rmdir(directory);
}

static bool has_alone(struct world *w)
{
	return w->domains.known && w->hypervisors.observed > 1 && w->domains.count == 1 &&
	       world_find(w, &vm_kind, "alone");
}

START_TEST(new_settings_connect_anew_when_an_uri_differs)
{
	struct world *w = set_up();
	const char *path = write_world();
	autofree char *uri = must_printf("test://%s", path);
	struct libvirt_settings settings = { .uri = "test:///default",
		.network_uri = "auto" };

	virt_configure(w->virt, &settings);
	world_run(w, 100);
	ck_assert_uint_eq(w->domains.lost, 0);
	settings.uri = uri;
	virt_configure(w->virt, &settings);
	ck_assert_uint_eq(w->domains.lost, 1);
	ck_assert_uint_eq(w->networks.lost, 1);
	ck_assert(world_wait(w, has_alone, WAIT));
	ck_assert_str_eq(virt_state(w->virt)->detail, uri);
	drop_world();
	tear_down(w);
}
END_TEST

START_TEST(networks_may_have_a_connection_of_their_own)
{
	const char *path = write_world();
	autofree char *uri = must_printf("test://%s", path);
	struct world *w = world_new(uri, "test:///default");
	autofree char *detail = must_printf("%s, test:///default", uri);
	struct libvirt_settings settings = { .uri = uri, .network_uri = uri };

	ck_assert(world_wait_known(w, WAIT));
	ck_assert_ptr_nonnull(world_find(w, &vm_kind, "alone"));
	ck_assert_uint_eq(w->domains.count, 1);
	ck_assert_ptr_nonnull(world_find(w, &network_kind, "default"));
	ck_assert_str_eq(virt_state(w->virt)->detail, detail);
	ck_assert(world_step(
	    w, (struct order){ .action = &network_stop_action, .target = "default" }));
	virt_configure(w->virt, &settings);
	ck_assert(world_wait_known(w, WAIT));
	ck_assert_ptr_null(world_find(w, &network_kind, "default"));
	ck_assert_str_eq(virt_state(w->virt)->detail, uri);
	drop_world();
	ck_assert(world_free(w));
}
END_TEST

START_TEST(the_end_may_come_at_any_time)
{
	struct world *w = world_new("test:///default", NULL);

	for (int i = 0; i < _i; i++)
		ev_run(w->loop, EVRUN_ONCE);
	virt_read_all(w->virt);
	world_send(w,
	    &(struct order){
		.action = &domain_destroy_action, .target = "test", .text = "destroy" },
	    1);
	ck_assert(world_free(w));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("virt");
	TCase *tests = tcase_create("virt");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, an_event_leads_to_a_read);
	tcase_add_test(tests, a_stop_is_read_in_two_parts);
	tcase_add_test(tests, too_many_events_are_made_up_for);
	tcase_add_test(tests, the_picture_is_right_after_a_storm);
	tcase_add_loop_test(tests, being_unable_to_connect_is_a_state, 0, ROWS(bad_uris));
	tcase_add_test(tests, a_step_from_before_the_connection_is_not_done);
	tcase_add_test(tests, new_settings_connect_anew_when_an_uri_differs);
	tcase_add_test(tests, networks_may_have_a_connection_of_their_own);
	tcase_add_loop_test(tests, the_end_may_come_at_any_time, 0, 8);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
