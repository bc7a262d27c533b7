/* SPDX-License-Identifier: MIT */
/* What no event reports is read all the same: a connection without events. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/virt/roll_call.h"
#include "test/virt/embedded.h"

#include <check.h> /* last: it defines the word fail */

static struct {
	struct world *w; /* only for its loop, and the administrator */
	struct calls *calls;
	struct connection *connection;
	struct observer *observer;
	struct roll_call *roll;
	unsigned reads, gone;
	char last[64];
	bool listed;
} t;

static void on_up(void *arg, struct connection *c)
{
	(void)arg;
	(void)c;
	observer_read_all(t.observer);
}

static void on_lost(void *arg, struct connection *c, const char *why)
{
	(void)arg;
	(void)c;
	(void)why;
}

static void on_changed(void *arg)
{
	(void)arg;
}

static void on_slow(void *arg, const struct virt_call *call, int64_t ms)
{
	(void)arg;
	(void)call;
	(void)ms;
}

static void on_ended(
    void *arg, const struct virt_call *call, const void *peer, int64_t at)
{
	(void)arg;
	(void)call;
	(void)peer;
	(void)at;
}

static void on_observed(void *arg, const struct kind *kind, const struct reading *reading)
{
	(void)arg;
	(void)kind;
	t.reads++;
	snprintf(t.last, sizeof(t.last), "%s", reading->name);
}

static void on_gone(void *arg, const struct kind *kind, const char *name)
{
	(void)arg;
	(void)kind;
	t.gone++;
	snprintf(t.last, sizeof(t.last), "%s", name);
}

static void on_unreadable(
    void *arg, const struct kind *kind, const char *name, const char *why)
{
	(void)arg;
	(void)kind;
	ck_abort_msg("%s: %s", name, why);
}

static void on_listed(
    void *arg, const struct kind *kind, const char *const *names, size_t count)
{
	(void)arg;
	(void)kind;
	(void)names;
	(void)count;
	t.listed = true;
}

static bool is_listed(struct world *w)
{
	(void)w;
	return t.listed;
}

static void begin(const struct kind *kind)
{
	static const struct calls_callbacks quiet = { on_slow, on_slow, on_ended };
	static const struct connection_callbacks connected = { on_up, on_lost,
		on_changed };
	static const struct observer_callbacks found = { on_observed, on_gone,
		on_unreadable, on_listed };

	t.w = set_up();
	t.calls = calls_new(t.w->loop, 2, "test", &quiet, NULL);
	t.connection = connection_new(t.w->loop, t.calls, &connected, NULL);
	t.roll = roll_call_new(t.w->loop, t.calls, noun_of(kind), &found, NULL, NULL);
	t.observer =
	    observer_new(t.w->loop, t.calls, noun_of(kind), &roll_call_callbacks, t.roll);
	observer_use(t.observer, t.connection);
	roll_call_use(t.roll, t.observer, t.connection);
	connection_open(t.connection, "test:///default", 0);
	ck_assert(world_wait(t.w, is_listed, WAIT));
	t.reads = t.gone = 0;
}

static struct link *closing;

static void close_link(struct virt_call *call)
{
	(void)call;
	link_free(closing);
}

static void keep(struct virt_call *call)
{
	(void)call;
}

static void end(void)
{
	struct virt_call last = { .run = close_link, .drop = keep };

	observer_free(t.observer);
	roll_call_free(t.roll);
	closing = connection_free(t.connection);
	ck_assert(calls_free(t.calls, &last, 5000));
	tear_down(t.w);
}

/* What a call of the roll leads to: reads, and objects that are gone. */
static void call_roll(unsigned reads, unsigned gone, const char *last)
{
	t.reads = t.gone = 0;
	t.last[0] = '\0';
	roll_call_now(t.roll);
	world_run(t.w, 200);
	ck_assert_uint_eq(t.reads, reads);
	ck_assert_uint_eq(t.gone, gone);
	ck_assert_str_eq(t.last, last);
}

START_TEST(domains_that_changed_without_an_event_are_read)
{
	virDomainPtr domain, other;

	begin(&vm_kind);
	domain = virDomainLookupByName(admin, "test");
	call_roll(0, 0, "");
	ck_assert_int_eq(virDomainSuspend(domain), 0);
	call_roll(1, 0, "test");
	call_roll(0, 0, "");
	ck_assert_int_eq(virDomainDestroy(domain), 0);
	call_roll(1, 0, "test");
	other = virDomainDefineXML(admin, DOM("other"));
	call_roll(1, 0, "other");
	ck_assert_int_eq(virDomainUndefine(other), 0);
	call_roll(0, 1, "other");
	ck_assert_int_eq(virDomainCreate(domain), 0);
	call_roll(1, 0, "test");
	virDomainFree(domain);
	virDomainFree(other);
	end();
}
END_TEST

START_TEST(networks_too)
{
	virNetworkPtr network, other;

	begin(&network_kind);
	network = virNetworkLookupByName(admin, "default");
	call_roll(0, 0, "");
	ck_assert_int_eq(virNetworkDestroy(network), 0);
	call_roll(1, 0, "default");
	other = virNetworkDefineXML(admin, NET("other", ""));
	call_roll(1, 0, "other");
	ck_assert_int_eq(virNetworkUndefine(other), 0);
	call_roll(0, 1, "other");
	ck_assert_int_eq(virNetworkCreate(network), 0);
	call_roll(1, 0, "default");
	virNetworkFree(network);
	virNetworkFree(other);
	end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("roll_call");
	TCase *tests = tcase_create("roll_call");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, domains_that_changed_without_an_event_are_read);
	tcase_add_test(tests, networks_too);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
