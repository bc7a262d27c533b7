/* SPDX-License-Identifier: MIT */
/* Reads: what is read of domains, networks and the host, and how often. */
#include <dlfcn.h>
#include <libvirt/libvirt.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/virt/auto.h"
#include "test/virt/embedded.h"

#include <check.h> /* last: it defines the word fail */

START_TEST(connecting_reads_everything)
{
	struct world *w = set_up();
	const struct mirrored *dom = world_find(w, &vm_kind, "test");
	const struct mirrored *net = world_find(w, &network_kind, "default");

	ck_assert_str_eq(text_get(&w->states), "connected ");
	ck_assert_str_eq(virt_state(w->virt)->detail, "test:///default");
	ck_assert_int_gt(virt_state(w->virt)->since, 1600000000000);
	ck_assert_ptr_nonnull(strchr(virt_state(w->virt)->version, '.'));
	ck_assert_uint_eq(w->domains.listed, 1);
	ck_assert_uint_eq(w->networks.listed, 1);
	ck_assert_uint_eq(w->domains.count, 1);
	ck_assert_uint_eq(w->networks.count, 1);
	ck_assert_int_eq(dom->domain.id, 1);
	ck_assert_int_eq(dom->domain.state, VIR_DOMAIN_RUNNING);
	ck_assert(dom->domain.persistent);
	ck_assert(!dom->domain.managed_save);
	ck_assert_ptr_nonnull(strstr(dom->live_xml, "<domain type='test' id='1'>"));
	ck_assert_ptr_nonnull(strstr(dom->config_xml, "<domain type='test'>"));
	ck_assert(net->active && net->persistent && !net->autostart);
	ck_assert(!net->leases_known);
	ck_assert_ptr_nonnull(strstr(net->live_xml, "<dhcp>"));
	ck_assert_ptr_null(net->config_xml); /* this driver shows one side at a time */
	tear_down(w);
}
END_TEST

START_TEST(the_host_can_run_test_domains)
{
	struct world *w = set_up();

	ck_assert(!w->host.kvm);
	ck_assert_str_eq(w->host.domain_type, "test");
	ck_assert_str_eq(w->host.machine, "");
	ck_assert_str_eq(w->host.arch, "i686");
	ck_assert_uint_ge(w->host.libvirt_version, 9000000);
	tear_down(w);
}
END_TEST

#define VOLUME "default-pool/w.qcow2"

static bool has_no_pool(struct world *w)
{
	const struct mirrored *pool = world_find(w, &storage_kind, "default-pool");

	return pool && !pool->active;
}

static void come_and_go(struct world *w)
{
	autopool virStoragePoolPtr pool =
	    virStoragePoolLookupByName(admin, "default-pool");
	autovolume virStorageVolPtr volume = virStorageVolCreateXML(
	    pool, "<volume><name>w.qcow2</name><capacity>1048576</capacity></volume>", 0);

	ck_assert_ptr_nonnull(volume);
	virt_read_kind(w->virt, &volume_kind);
	ck_assert(wait_there(w, &volume_kind, VOLUME));
	ck_assert_ptr_nonnull(strstr(
	    world_find(w, &volume_kind, VOLUME)->config_xml, ">1048576</capacity>"));
	ck_assert_int_eq(virStorageVolDelete(volume, 0), 0);
	virt_read(w->virt, &volume_kind, VOLUME);
	ck_assert(wait_away(w, &volume_kind, VOLUME));
	ck_assert_int_eq(virStoragePoolDestroy(pool), 0);
	ck_assert(world_wait(w, has_no_pool, WAIT));
}

/* libvirt has events for pools, and none for volumes. */
START_TEST(pools_and_volumes_are_read)
{
	struct world *w = set_up();

	ck_assert(world_find(w, &storage_kind, "default-pool")->active);
	come_and_go(w);
	tear_down(w);
}
END_TEST

START_TEST(an_object_that_is_not_there_is_gone)
{
	struct world *w = set_up();

	w->domains.gone = 0;
	virt_read(w->virt, &vm_kind, "nobody");
	while (!w->domains.gone)
		ev_run(w->loop, EVRUN_ONCE);
	ck_assert_uint_eq(w->domains.count, 1);
	tear_down(w);
}
END_TEST

START_TEST(a_transient_domain_has_no_configuration)
{
	struct world *w = set_up();
	virDomainPtr domain = virDomainCreateXML(admin, DOM("fleeting"), 0);
	const struct mirrored *s;

	ck_assert(wait_there(w, &vm_kind, "fleeting"));
	s = world_find(w, &vm_kind, "fleeting");
	ck_assert(!s->domain.persistent);
	ck_assert_ptr_null(s->config_xml);
	ck_assert_ptr_nonnull(s->live_xml);
	ck_assert_int_eq(virDomainDestroy(domain), 0);
	virDomainFree(domain);
	ck_assert(wait_away(w, &vm_kind, "fleeting"));
	tear_down(w);
}
END_TEST

/* Reads asked for again and again while one waits are one read. */
START_TEST(reads_are_not_repeated_in_the_queue)
{
	struct world *w = set_up();
	unsigned before = w->domains.observed;

	for (int i = 0; i < 100; i++)
		virt_read(w->virt, &vm_kind, "test");
	world_run(w, 300);
	ck_assert_uint_ge(w->domains.observed - before, 1);
	ck_assert_uint_le(w->domains.observed - before, 50);
	virt_read_all(w->virt);
	before = w->domains.listed;
	for (int i = 0; i < 100; i++)
		virt_read_all(w->virt);
	world_run(w, 300);
	ck_assert_uint_ge(w->domains.listed - before, 1);
	ck_assert_uint_le(w->domains.listed - before, 2);
	tear_down(w);
}
END_TEST

/* Stands before libvirt's function of that name and fails in its place where it should. */
static atomic_bool refuse;
/* And holds the call for the domain "test" until the gate is opened. */
static atomic_bool hold;
static sem_t gate;

int virDomainGetAutostart(virDomainPtr domain, int *autostart)
{
	int (*real)(virDomainPtr, int *);

	*(void **)&real = dlsym(RTLD_NEXT, "virDomainGetAutostart");
	if (hold && strcmp(virDomainGetName(domain), "test") == 0)
		sem_wait(&gate);
	if (!refuse)
		return real(domain, autostart);
	if (virDomainLookupByUUIDString(virDomainGetConnect(domain), "?"))
		abort();
	return -1; /* with the error of that look-up */
}

static bool is_unreadable(struct world *w)
{
	return world_find(w, &vm_kind, "test")->unreadable != NULL;
}

static bool is_readable(struct world *w)
{
	return !is_unreadable(w);
}

/* Not gone, and read again by itself. */
START_TEST(what_cannot_be_read_is_not_gone)
{
	struct world *w = set_up();
	unsigned listed = w->domains.listed;

	w->domains.gone = 0;
	refuse = true;
	virt_read_all(w->virt);
	ck_assert(world_wait(w, is_unreadable, WAIT));
	world_run(w, 100);
	ck_assert_uint_eq(w->domains.listed, listed + 1);
	ck_assert_uint_eq(w->domains.gone, 0);
	ck_assert_uint_eq(w->domains.count, 1);
	ck_assert_ptr_nonnull(
	    strstr(world_find(w, &vm_kind, "test")->unreadable, "(libvirt code 8, "));
	refuse = false;
	ck_assert(world_wait(w, is_readable, 15000));
	ck_assert_str_eq(text_get(&w->states), "connected ");
	tear_down(w);
}
END_TEST

/* Holds the list that was just taken. */
static atomic_bool hold_list;
static atomic_uint lists_held;

int virConnectListAllDomains(virConnectPtr conn, virDomainPtr **domains, unsigned flags)
{
	int (*real)(virConnectPtr, virDomainPtr **, unsigned);
	int count;

	*(void **)&real = dlsym(RTLD_NEXT, "virConnectListAllDomains");
	count = real(conn, domains, flags);
	if (hold_list) {
		lists_held++;
		sem_wait(&gate);
	}
	return count;
}

static bool has_list(struct world *w)
{
	(void)w;
	return lists_held;
}

static unsigned listed_before;

static bool has_listed(struct world *w)
{
	return w->domains.listed > listed_before;
}

/* What is made after the list was taken and read before it is delivered is not forgotten. */
START_TEST(an_old_list_forgets_nothing_new)
{
	struct world *w = set_up();

	sem_init(&gate, 0, 0);
	listed_before = w->domains.listed;
	hold_list = true;
	virt_read_all(w->virt);
	ck_assert(world_wait(w, has_list, WAIT));
	hold_list = false;
	define_many(0, 1);
	ck_assert(wait_there(w, &vm_kind, "d0000"));
	sem_post(&gate);
	ck_assert(world_wait(w, has_listed, WAIT));
	ck_assert_ptr_nonnull(world_find(w, &vm_kind, "d0000"));
	tear_down(w);
}
END_TEST

static bool is_overdue(struct world *w)
{
	return text_get(&w->overdue)[0] != '\0';
}

/* One object's call hangs: it is overdue, the others go on, libvirt stays connected. */
START_TEST(a_hung_call_leaves_the_others_going)
{
	struct world *w = set_up();

	sem_init(&gate, 0, 0);
	define_many(0, 1);
	ck_assert(wait_there(w, &vm_kind, "d0000"));
	hold = true;
	virt_read(w->virt, &vm_kind, "test");
	ck_assert(world_wait(w, is_overdue, WAIT)); /* nothing else is asked meanwhile */
	ck_assert(world_step(
	    w, (struct order){ .action = &domain_start_action, .target = "d0000" }));
	ck_assert(wait_running(w, "d0000"));
	ck_assert_str_eq(text_get(&w->overdue), "0 read domain test\n");
	ck_assert_str_eq(text_get(&w->states), "connected ");
	ck_assert(world_step(
	    w, (struct order){ .action = &domain_destroy_action, .target = "d0000" }));
	hold = false;
	sem_post(&gate);
	world_run(w, 100);
	ck_assert_str_eq(text_get(&w->overdue), "0 read domain test\n");
	tear_down(w);
}
END_TEST

static bool asked_again;

static void ask_again(struct world *w, const struct kind *kind, const char *name,
    const struct reading *reading)
{
	(void)name;
	(void)reading;
	if (kind == &vm_kind && !asked_again)
		virt_read_all(w->virt);
	asked_again = asked_again || kind == &vm_kind;
}

/* What was asked for while a round is under way may concern what it has read already. */
START_TEST(a_round_asked_for_during_a_round_comes_after_it)
{
	struct world *w = set_up();
	unsigned before = w->domains.listed;

	asked_again = false;
	w->on_observed = ask_again;
	virt_read_all(w->virt);
	world_run(w, 300);
	ck_assert(asked_again);
	ck_assert_uint_eq(w->domains.listed, before + 2);
	tear_down(w);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("read");
	TCase *tests = tcase_create("read");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, connecting_reads_everything);
	tcase_add_test(tests, the_host_can_run_test_domains);
	tcase_add_test(tests, pools_and_volumes_are_read);
	tcase_add_test(tests, an_object_that_is_not_there_is_gone);
	tcase_add_test(tests, a_transient_domain_has_no_configuration);
	tcase_add_test(tests, reads_are_not_repeated_in_the_queue);
	tcase_add_test(tests, what_cannot_be_read_is_not_gone);
	tcase_add_test(tests, an_old_list_forgets_nothing_new);
	tcase_add_test(tests, a_hung_call_leaves_the_others_going);
	tcase_add_test(tests, a_round_asked_for_during_a_round_comes_after_it);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
