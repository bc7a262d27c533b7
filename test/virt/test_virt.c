/* SPDX-License-Identifier: MIT */
/*
 * virt against libvirt's test driver inside this process: what is read, what steps do,
 * what events lead to, and that the picture is right when everything happens at once.
 * test:///default is one world for all connections of the process, so `other` below plays
 * the administrator.
 */
#include <dlfcn.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/cleanup.h"
#include "test/virt/world.h"

#include <check.h> /* last: it defines the word fail */

#define WAIT 10000

#define NET(name, extra)                                                                 \
	"<network><name>" name "</name><bridge name='" name "br'/>"                      \
	"<ip address='10.9.0.1' netmask='255.255.255.0'><dhcp>"                          \
	"<range start='10.9.0.100' end='10.9.0.200'/>" extra "</dhcp></ip></network>"
#define DOM(name)                                                                        \
	"<domain type='test'><name>" name "</name><memory>65536</memory>"                \
	"<os><type>hvm</type></os></domain>"
#define HOST "<host mac='52:54:00:00:00:0a' name='cp' ip='10.9.0.10'/>"

static virConnectPtr other;

static struct world *connected(const char *uri)
{
	struct world *w = world_new(uri, NULL);

	ck_assert(world_wait_known(w, WAIT));
	return w;
}

/* A second connection keeps the default world alive and can change it. Opened after the
 * first, so that the event loop is registered. */
static struct world *set_up(void)
{
	struct world *w = connected("test:///default");

	other = virConnectOpen("test:///default");
	ck_assert_ptr_nonnull(other);
	return w;
}

static void tear_down(struct world *w)
{
	virConnectClose(other);
	ck_assert(world_free(w));
}

/* Conditions */

static const struct kind *wanted_kind;
static const char *wanted_name;

static bool is_there(struct world *w)
{
	return world_find(w, wanted_kind, wanted_name) != NULL;
}

static bool is_away(struct world *w)
{
	return !is_there(w);
}

static bool wait_there(struct world *w, const struct kind *kind, const char *name)
{
	wanted_kind = kind;
	wanted_name = name;
	return world_wait(w, is_there, WAIT);
}

static bool wait_away(struct world *w, const struct kind *kind, const char *name)
{
	wanted_kind = kind;
	wanted_name = name;
	return world_wait(w, is_away, WAIT);
}

static bool is_stopped(struct world *w)
{
	const struct sighting *s = world_find(w, &vm_kind, wanted_name);

	return s && s->domain.id < 0;
}

static bool is_running(struct world *w)
{
	const struct sighting *s = world_find(w, &vm_kind, wanted_name);

	return s && s->domain.state == VIR_DOMAIN_RUNNING;
}

/* What is read */

START_TEST(connecting_reads_everything)
{
	struct world *w = set_up();
	const struct sighting *dom = world_find(w, &vm_kind, "test");
	const struct sighting *net = world_find(w, &network_kind, "default");

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
	ck_assert(!dom->domain.agent_connected);
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

	ck_assert(w->host.known);
	ck_assert(!w->host.kvm);
	ck_assert_str_eq(w->host.domain_type, "test");
	ck_assert_str_eq(w->host.machine, "");
	ck_assert_str_eq(w->host.arch, "i686");
	ck_assert_uint_ge(w->host.libvirt_version, 9000000);
	tear_down(w);
}
END_TEST

START_TEST(an_object_that_is_not_there_is_gone)
{
	struct world *w = set_up();

	w->domains.gone = 0;
	virt_look(w->virt, &vm_kind, "nobody");
	while (!w->domains.gone)
		ev_run(w->loop, EVRUN_ONCE);
	ck_assert_uint_eq(w->domains.count, 1);
	tear_down(w);
}
END_TEST

START_TEST(a_transient_domain_has_no_configuration)
{
	struct world *w = set_up();
	virDomainPtr domain = virDomainCreateXML(other, DOM("fleeting"), 0);
	const struct sighting *s;

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

/* Looks asked for again and again while one waits are one look. */
START_TEST(looks_are_not_repeated_in_the_queue)
{
	struct world *w = set_up();
	unsigned before = w->domains.seen;

	for (int i = 0; i < 100; i++)
		virt_look(w->virt, &vm_kind, "test");
	world_run(w, 300);
	ck_assert_uint_ge(w->domains.seen - before, 1);
	ck_assert_uint_le(w->domains.seen - before, 50);
	virt_look_all(w->virt);
	before = w->domains.listed;
	for (int i = 0; i < 100; i++)
		virt_look_all(w->virt);
	world_run(w, 300);
	ck_assert_uint_ge(w->domains.listed - before, 1);
	ck_assert_uint_le(w->domains.listed - before, 2);
	tear_down(w);
}
END_TEST

/* Stands before libvirt's function of that name and fails in its place when told to. */
static atomic_bool refuse;

int virDomainGetAutostart(virDomainPtr domain, int *autostart)
{
	int (*real)(virDomainPtr, int *);

	*(void **)&real = dlsym(RTLD_NEXT, "virDomainGetAutostart");
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

/* Not gone, and looked at again by itself. */
START_TEST(what_cannot_be_read_is_not_gone)
{
	struct world *w = set_up();
	unsigned listed = w->domains.listed;

	w->domains.gone = 0;
	refuse = true;
	virt_look_all(w->virt);
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

static bool asked_again;

static void ask_again(struct world *w, const struct kind *kind, const char *name,
    const struct reading *reading)
{
	(void)name;
	(void)reading;
	if (kind == &vm_kind && !asked_again)
		virt_look_all(w->virt);
	asked_again = asked_again || kind == &vm_kind;
}

/* What was asked for while a round is under way may concern what it has read already. */
START_TEST(a_round_asked_for_during_a_round_comes_after_it)
{
	struct world *w = set_up();
	unsigned before = w->domains.listed;

	asked_again = false;
	w->on_seen = ask_again;
	virt_look_all(w->virt);
	world_run(w, 300);
	ck_assert(asked_again);
	ck_assert_uint_eq(w->domains.listed, before + 2);
	tear_down(w);
}
END_TEST

/* Steps */

static const struct {
	const char *what;
	struct step step;
	const char *error; /* begins with; NULL: success */
	bool slow;
} step_rows[] = {
	{ "start what is not there",
	    { .op = STEP_DOMAIN_START,
		.target = "nobody",
		.text = "start domain nobody" },
	    "start domain nobody: Domain not found (libvirt code 42, test driver)",
	    false },
	{ "start a network that is not there",
	    { .op = STEP_NETWORK_START, .target = "nowhere", .text = "start network" },
	    "start network: Network not found: no network with matching name 'nowhere' "
	    "(libvirt code 43, test driver)",
	    false },
	{ "define what is no XML",
	    { .op = STEP_DOMAIN_DEFINE, .target = "x", .body = "<domain", .text = "d" },
	    "d: (domain_definition):1: ", true },
	{ "define what the schema does not know",
	    { .op = STEP_DOMAIN_DEFINE,
		.target = "x",
		.body = "<domain type='test'><name>x</name><memory>65536</memory>"
			"<os><type>hvm</type></os><nonsense/></domain>",
		.text = "d" },
	    "d: XML document failed to validate against schema: ", true },
	{ "define a network without a name",
	    { .op = STEP_NETWORK_DEFINE,
		.target = "x",
		.body = "<network/>",
		.text = "d" },
	    "d: ", true },
	{ "wake up what does not sleep",
	    { .op = STEP_DOMAIN_WAKEUP, .target = "test", .text = "wake" },
	    "wake: this function is not supported by the connection driver: "
	    "virDomainPMWakeup (libvirt code 3, ",
	    true },
	{ "resume what runs",
	    { .op = STEP_DOMAIN_RESUME, .target = "test", .text = "resume" },
	    "resume: internal error: domain 'test' not paused (libvirt code 1, test "
	    "driver)",
	    false },
	{ "start what runs: nothing left to do",
	    { .op = STEP_DOMAIN_START, .target = "test", .text = "start" }, NULL, false },
	{ "start a network that runs: nothing left to do",
	    { .op = STEP_NETWORK_START, .target = "default", .text = "start" }, NULL,
	    false },
	{ "a step that is not ours",
	    { .op = STEP_KUBE_APPLY, .target = "test", .text = "apply" },
	    "apply: this is no step of libvirt's", true },
};

START_TEST(steps_tell_libvirts_own_words)
{
	struct world *w = set_up();
	const char *expected = step_rows[_i].error;
	unsigned done = w->steps_done;

	virt_step(w->virt, &step_rows[_i].step, 7);
	ck_assert_uint_eq(w->steps_done, done); /* never from within the call */
	while (w->steps_done == done)
		ev_run(w->loop, EVRUN_ONCE);
	ck_assert_uint_eq(w->ticket, 7);
	if (expected)
		ck_assert_msg(
		    w->error && strncmp(w->error, expected, strlen(expected)) == 0,
		    "%s: \"%s\"", step_rows[_i].what, w->error);
	else
		ck_assert_msg(!w->error, "%s: \"%s\"", step_rows[_i].what, w->error);
	ck_assert_msg(w->slow == step_rows[_i].slow, "%s", step_rows[_i].what);
	ck_assert(!w->lost);
	tear_down(w);
}
END_TEST

START_TEST(a_network_is_defined_started_and_stopped)
{
	struct world *w = set_up();
	const struct sighting *s;

	ck_assert(world_step(w,
	    (struct step){
		.op = STEP_NETWORK_DEFINE, .target = "lab", .body = NET("lab", HOST) }));
	s = world_find(w, &network_kind, "lab");
	ck_assert(!s->active && s->persistent && !s->autostart);
	ck_assert_ptr_null(s->live_xml);
	ck_assert(
	    world_step(w, (struct step){ .op = STEP_NETWORK_START, .target = "lab" }));
	s = world_find(w, &network_kind, "lab");
	ck_assert(s->active);
	ck_assert_ptr_nonnull(strstr(s->live_xml, "10.9.0.10"));
	ck_assert(world_step(w,
	    (struct step){ .op = STEP_NETWORK_AUTOSTART, .target = "lab", .on = true }));
	ck_assert(world_find(w, &network_kind, "lab")->autostart);
	ck_assert(world_step(
	    w, (struct step){ .op = STEP_NETWORK_AUTOSTART, .target = "lab" }));
	ck_assert(!world_find(w, &network_kind, "lab")->autostart);
	ck_assert(
	    world_step(w, (struct step){ .op = STEP_NETWORK_STOP, .target = "lab" }));
	ck_assert(!world_find(w, &network_kind, "lab")->active);
	tear_down(w);
}
END_TEST

static const struct {
	const char *what;
	struct step step;
	const char *there, *away; /* in the XML afterwards */
} update_rows[] = {
	{ "add a host, live",
	    { .command = UPDATE_ADD,
		.section = UPDATE_HOST,
		.side = SIDE_LIVE,
		.body = "<host mac='52:54:00:00:00:0b' name='w1' ip='10.9.0.11'/>" },
	    "10.9.0.11", NULL },
	{ "delete a host, live",
	    { .command = UPDATE_DELETE,
		.section = UPDATE_HOST,
		.side = SIDE_LIVE,
		.body = HOST },
	    "10.9.0.200", "52:54:00:00:00:0a" },
	{ "add a range, live",
	    { .command = UPDATE_ADD,
		.section = UPDATE_RANGE,
		.side = SIDE_LIVE,
		.body = "<range start='10.9.0.210' end='10.9.0.220'/>" },
	    "10.9.0.220", NULL },
	{ "delete a range, live",
	    { .command = UPDATE_DELETE,
		.section = UPDATE_RANGE,
		.side = SIDE_LIVE,
		.body = "<range start='10.9.0.100' end='10.9.0.200'/>" },
	    "10.9.0.10", "<range" },
};

START_TEST(a_network_is_updated)
{
	struct world *w = set_up();
	struct step step = update_rows[_i].step;
	const struct sighting *s;

	step.op = STEP_NETWORK_UPDATE;
	step.target = "lab";
	ck_assert(world_step(w,
	    (struct step){
		.op = STEP_NETWORK_DEFINE, .target = "lab", .body = NET("lab", HOST) }));
	ck_assert(
	    world_step(w, (struct step){ .op = STEP_NETWORK_START, .target = "lab" }));
	ck_assert_msg(world_step(w, step), "%s: %s", update_rows[_i].what, w->error);
	s = world_find(w, &network_kind, "lab");
	ck_assert_ptr_nonnull(strstr(s->live_xml, update_rows[_i].there));
	if (update_rows[_i].away)
		ck_assert_ptr_null(strstr(s->live_xml, update_rows[_i].away));
	tear_down(w);
}
END_TEST

/* Each side by itself: a live update leaves the stored configuration alone and the other
 * way round, seen after a restart of the network. */
START_TEST(an_update_changes_one_side)
{
	struct world *w = set_up();
	struct step step = { .op = STEP_NETWORK_UPDATE, .target = "lab", .body = HOST };

	ck_assert(world_step(
	    w, (struct step){
		   .op = STEP_NETWORK_DEFINE, .target = "lab", .body = NET("lab", "") }));
	ck_assert(
	    world_step(w, (struct step){ .op = STEP_NETWORK_START, .target = "lab" }));
	step.side = SIDE_CONFIG;
	ck_assert(world_step(w, step));
	ck_assert_ptr_null(
	    strstr(world_find(w, &network_kind, "lab")->live_xml, "52:54:00:00:00:0a"));
	step.side = SIDE_LIVE;
	ck_assert(world_step(w, step));
	step.command = UPDATE_DELETE;
	step.side = SIDE_CONFIG;
	ck_assert(world_step(w, step));
	ck_assert_ptr_nonnull(
	    strstr(world_find(w, &network_kind, "lab")->live_xml, "52:54:00:00:00:0a"));
	ck_assert(!world_step(w, step)); /* it is not there any more */
	tear_down(w);
}
END_TEST

static int state_of(struct world *w, const char *name)
{
	return world_find(w, &vm_kind, name)->domain.state;
}

START_TEST(a_domain_is_defined_started_and_stopped)
{
	struct world *w = set_up();
	struct step step = { .target = "vm", .body = DOM("vm") };
	virDomainPtr domain;

	step.op = STEP_DOMAIN_DEFINE;
	ck_assert_msg(world_step(w, step), "%s", w->error);
	ck_assert_int_eq(state_of(w, "vm"), VIR_DOMAIN_SHUTOFF);
	ck_assert_int_eq(world_find(w, &vm_kind, "vm")->domain.id, -1);
	step.op = STEP_DOMAIN_AUTOSTART;
	step.on = true;
	ck_assert(world_step(w, step));
	ck_assert(world_find(w, &vm_kind, "vm")->domain.autostart);
	step.op = STEP_DOMAIN_START;
	ck_assert(world_step(w, step));
	ck_assert_int_eq(state_of(w, "vm"), VIR_DOMAIN_RUNNING);
	domain = virDomainLookupByName(other, "vm");
	virDomainSuspend(domain);
	step.op = STEP_DOMAIN_RESUME;
	ck_assert(world_step(w, step));
	ck_assert_int_eq(state_of(w, "vm"), VIR_DOMAIN_RUNNING);
	step.op = STEP_DOMAIN_SHUTDOWN;
	ck_assert(world_step(w, step));
	ck_assert_int_eq(state_of(w, "vm"), VIR_DOMAIN_SHUTOFF);
	step.op = STEP_DOMAIN_START;
	ck_assert(world_step(w, step));
	step.op = STEP_DOMAIN_DESTROY;
	ck_assert(world_step(w, step));
	ck_assert_int_eq(state_of(w, "vm"), VIR_DOMAIN_SHUTOFF);
	ck_assert(world_step(w, step)); /* again: nothing left to do */
	virDomainFree(domain);
	tear_down(w);
}
END_TEST

static bool is_saved(struct world *w)
{
	return world_find(w, &vm_kind, "test")->domain.managed_save;
}

START_TEST(a_fresh_start_drops_the_saved_image)
{
	struct world *w = set_up();
	virDomainPtr domain = virDomainLookupByName(other, "test");

	ck_assert_int_eq(virDomainManagedSave(domain, 0), 0);
	ck_assert(world_wait(w, is_saved, WAIT));
	ck_assert(world_step(w,
	    (struct step){ .op = STEP_DOMAIN_START, .target = "test", .fresh = true }));
	ck_assert_int_eq(state_of(w, "test"), VIR_DOMAIN_RUNNING);
	ck_assert(!is_saved(w));
	ck_assert(
	    world_step(w, (struct step){ .op = STEP_DOMAIN_DESTROY, .target = "test" }));
	/* Fresh without an image is a plain start. */
	ck_assert(world_step(w,
	    (struct step){ .op = STEP_DOMAIN_START, .target = "test", .fresh = true }));
	virDomainFree(domain);
	tear_down(w);
}
END_TEST

/* Events */

START_TEST(an_event_leads_to_a_look)
{
	struct world *w = set_up();
	virDomainPtr domain = virDomainLookupByName(other, "test");
	virNetworkPtr network = virNetworkLookupByName(other, "default");

	wanted_name = "test";
	ck_assert_int_eq(virDomainDestroy(domain), 0);
	ck_assert(world_wait(w, is_stopped, WAIT));
	ck_assert_ptr_nonnull(
	    strstr(text_get(&w->events), "vm/test: stopped (destroyed)\n"));
	ck_assert_int_eq(virDomainCreate(domain), 0);
	ck_assert(world_wait(w, is_running, WAIT));
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

static void define_many(unsigned first, unsigned count)
{
	for (unsigned i = first; i < first + count; i++) {
		autofree char *xml = must_printf(
		    "<domain type='test'><name>d%04u</name><memory>65536</memory>"
		    "<os><type>hvm</type></os></domain>",
		    i);
		virDomainPtr domain = virDomainDefineXML(other, xml);

		ck_assert_ptr_nonnull(domain);
		virDomainFree(domain);
	}
}

/* More events at once than are kept: a full look makes up for those dropped. */
START_TEST(too_many_events_are_made_up_for)
{
	struct world *w = set_up();
	virDomainPtr domain = virDomainLookupByName(other, "test");
	unsigned listed = w->domains.listed;

	for (int i = 0; i < 2500; i++) {
		ck_assert_int_eq(virDomainDestroy(domain), 0);
		ck_assert_int_eq(virDomainCreate(domain), 0);
	}
	ck_assert_int_eq(virDomainDestroy(domain), 0);
	wanted_name = "test";
	ck_assert(world_wait(w, is_stopped, WAIT));
	world_run(w, 500);
	ck_assert_uint_gt(w->domains.listed, listed);
	ck_assert_uint_lt(w->event_count, 5001);
	ck_assert(is_stopped(w));
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
		domain = virDomainLookupByName(other, name);
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
	virt_look_all(w->virt);
	return storm_over;
}

static void check_truth(struct world *w)
{
	virDomainPtr *domains;
	int count = virConnectListAllDomains(other, &domains, 0);

	ck_assert_int_eq(count, (int)w->domains.count);
	for (int i = 0; i < count; i++) {
		const struct sighting *s =
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
	ck_assert(!world_step(w,
	    (struct step){ .op = STEP_DOMAIN_START, .target = "x", .text = "start x" }));
	ck_assert_str_eq(w->error, "start x: libvirt is not connected");
	ck_assert(w->lost);
	virt_look(w->virt, &vm_kind, "x");
	virt_look_all(w->virt);
	ck_assert(world_free(w));
}
END_TEST

/* Planned before anything was seen of what this connection leads to. */
START_TEST(a_step_from_before_the_connection_is_not_done)
{
	struct world *w = world_new("test:///default", NULL);

	virt_step(w->virt,
	    &(struct step){
		.op = STEP_DOMAIN_DESTROY, .target = "test", .text = "stop test" },
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

static char *write_world(void)
{
	static char path[32];
	const char *xml = "<node>" DOM("alone") "</node>";
	int fd;

	snprintf(path, sizeof(path), "/tmp/virt-test-XXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq((int)write(fd, xml, strlen(xml)), (int)strlen(xml));
	close(fd);
	return path;
}

static bool has_alone(struct world *w)
{
	return w->domains.known && w->host_told > 1 && w->domains.count == 1 &&
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
	unlink(path);
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
	ck_assert(
	    world_step(w, (struct step){ .op = STEP_NETWORK_STOP, .target = "default" }));
	virt_configure(w->virt, &settings);
	ck_assert(world_wait_known(w, WAIT));
	ck_assert_ptr_null(world_find(w, &network_kind, "default"));
	ck_assert_str_eq(virt_state(w->virt)->detail, uri);
	unlink(path);
	ck_assert(world_free(w));
}
END_TEST

START_TEST(the_end_may_come_at_any_time)
{
	struct world *w = world_new("test:///default", NULL);

	for (int i = 0; i < _i; i++)
		ev_run(w->loop, EVRUN_ONCE);
	virt_look_all(w->virt);
	virt_step(w->virt,
	    &(struct step){
		.op = STEP_DOMAIN_DESTROY, .target = "test", .text = "destroy" },
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

#define ROWS(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))
	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, connecting_reads_everything);
	tcase_add_test(tests, the_host_can_run_test_domains);
	tcase_add_test(tests, an_object_that_is_not_there_is_gone);
	tcase_add_test(tests, a_transient_domain_has_no_configuration);
	tcase_add_test(tests, looks_are_not_repeated_in_the_queue);
	tcase_add_test(tests, what_cannot_be_read_is_not_gone);
	tcase_add_test(tests, a_round_asked_for_during_a_round_comes_after_it);
	tcase_add_loop_test(tests, steps_tell_libvirts_own_words, 0, ROWS(step_rows));
	tcase_add_test(tests, a_network_is_defined_started_and_stopped);
	tcase_add_loop_test(tests, a_network_is_updated, 0, ROWS(update_rows));
	tcase_add_test(tests, an_update_changes_one_side);
	tcase_add_test(tests, a_domain_is_defined_started_and_stopped);
	tcase_add_test(tests, a_fresh_start_drops_the_saved_image);
	tcase_add_test(tests, an_event_leads_to_a_look);
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
