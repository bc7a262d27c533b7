/* SPDX-License-Identifier: MIT */
/* Unit tests of the kind vm: its keys, and what the plan makes of a VM and its domain. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/kind/kinds.h"
#include "lib/plan/plan.h"

#include <check.h>

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

#define SECOND ((int64_t)1000)
#define MINUTE (60 * SECOND)
#define NOW ((int64_t)1000000000)

/* Reading */

static struct config *load(const char *yaml, const char *settings, int *result)
{
	struct source home = { "home.yaml", yaml, strlen(yaml) };
	struct config_files files = {
		.desired = &home,
		.desired_count = 1,
		.directory = "/etc/homek8s",
		.settings = { "homek8s.yaml", settings, settings ? strlen(settings) : 0 },
	};
	struct config *config;

	*result = config_load(&files, &config);
	return config;
}

static const char *all_of(struct arena *a, const struct report *report)
{
	const char *text = "";

	for (size_t i = 0; i < report->count; i++)
		text = arena_printf(
		    a, "%s%s\n", text, finding_line(a, &report->findings[i]));
	return text;
}

#define NETWORK                                                                          \
	"network: {name: default, address: 192.168.122.1/24, "                           \
	"dhcp: {range: {start: 192.168.122.2, end: 192.168.122.99}}}\n"
#define NETWORKS                                                                         \
	"networks: {default: {address: 192.168.122.1/24}, lab: {address: "               \
	"10.9.0.1/24}}\n"

static const struct {
	const char *what;
	const char *yaml;
	const char *says; /* in an error; NULL: none */
} keys[] = {
	{ "all of them",
	    NETWORK
	    "vms: {w: {domain: k8s-w, role: worker, vcpus: 2, memory: 4GiB, state: "
	    "stopped, power: on-failure, type: qemu, autostart: false, disk: {path: "
	    "/d.img}, boot: {kernel: /k, initrd: /i, cmdline: quiet}, interfaces: "
	    "[{network: default, mac: '52:54:00:00:00:01'}]}}",
	    NULL },
	{ "none of them", NETWORK "vms: {w: {}}", NULL },
	{ "nothing at all", NETWORK "vms:", NULL },
	{ "a volume", NETWORK "vms: {w: {disk: {size: 30GiB, image: base.img}}}", NULL },
	{ "no networks", "vms: {w: {vcpus: 1}}", NULL },
	{ "two networks, none named: only a new domain needs to know",
	    NETWORKS "vms: {w: {vcpus: 1}}", NULL },
	{ "a list", NETWORK "vms: [w]", "vms must be a map" },
	{ "a VM that is text", NETWORK "vms: {w: yes}", "w" },
	{ "an unknown key", NETWORK "vms: {w: {vcpu: 2}}", "vcpu" },
	{ "a key of a later version", NETWORK "vms: {w: {cloud_init: {}}}",
	    "cloud_init" },
	{ "no vcpus", NETWORK "vms: {w: {vcpus: 0}}", "vcpus" },
	{ "too little memory", NETWORK "vms: {w: {memory: 1MiB}}", "memory" },
	{ "a word that is none", NETWORK "vms: {w: {power: sometimes}}", "power" },
	{ "autostart by guess", NETWORK "vms: {w: {autostart: yes}}", "autostart" },
	{ "a disk that is both", NETWORK "vms: {w: {disk: {path: /d, pool: p}}}",
	    "disk.pool is of a volume" },
	{ "a file of a size", NETWORK "vms: {w: {disk: {path: /d, size: 1GiB}}}",
	    "disk.size is of a volume" },
	{ "a relative path", NETWORK "vms: {w: {disk: {path: d.img}}}", "path" },
	{ "a path upwards", NETWORK "vms: {w: {disk: {path: /a/../d}}}", "path" },
	{ "an initrd without a kernel", NETWORK "vms: {w: {boot: {initrd: /i}}}",
	    "kernel" },
	{ "an interface in neither of two",
	    NETWORKS "vms: {w: {interfaces: [{mac: '52:54:00:00:00:01'}]}}",
	    "interfaces[0] does not say its network" },
	{ "a multicast MAC",
	    NETWORK "vms: {w: {interfaces: [{mac: '01:00:5e:00:00:01'}]}}", "mac" },
	{ "a name with capitals", NETWORK "vms: {Worker: {}}", "Worker" },
	{ "a name with a slash", NETWORK "vms: {a/../b: {}}", "name" },
	{ "a name with a newline", NETWORK "vms: {\"w\\nx\": {}}", "home.yaml" },
	{ "a name of markup", NETWORK "vms: {\"<w>\": {}}", "name" },
	{ "a domain of markup", NETWORK "vms: {w: {domain: \"<w/>\"}}", "domain" },
	{ "a domain with a newline", NETWORK "vms: {w: {domain: \"w\\nx\"}}",
	    "home.yaml" },
	{ "a domain that is an option", NETWORK "vms: {w: {domain: --all}}", "domain" },
	{ "a pool of markup", NETWORK "vms: {w: {disk: {pool: \"a' b\"}}}", "pool" },
	{ "a command line of two lines",
	    NETWORK "vms: {w: {boot: {kernel: /k, cmdline: \"a\\nb\"}}}", "home.yaml" },
	{ "an escape in a command line",
	    NETWORK "vms: {w: {boot: {kernel: /k, cmdline: \"a\\eb\"}}}", "home.yaml" },
};

START_TEST(keys_are_checked)
{
	struct arena a = { 0 };
	int result;
	struct config *config = load(keys[_i].yaml, NULL, &result);
	const char *text = all_of(&a, &config->report);

	if (keys[_i].says) {
		ck_assert_msg(result == -1, "%s: accepted", keys[_i].what);
		ck_assert_msg(strstr(text, keys[_i].says), "%s: %s", keys[_i].what, text);
	} else {
		ck_assert_msg(result == 0, "%s: %s", keys[_i].what, text);
	}
	config_free(config);
	arena_done(&a);
}
END_TEST

static const struct vm *vm_of(const struct config *config, const char *name)
{
	return (const struct vm *)set_find(config_get(config, &vm_kind), name);
}

START_TEST(what_is_left_out_is_derived)
{
	int result;
	struct config *config = load(NETWORK "vms:\n"
					     "  a: {memory: 1000000000, disk: {}}\n"
					     "  b: {interfaces: [{}, {mac: "
					     "'52:54:00:00:00:01'}]}\n"
					     "  c: {interfaces: []}\n",
	    NULL, &result);
	const struct vm *a = vm_of(config, "a"), *b = vm_of(config, "b");
	const struct vm_interface *nics = b->interfaces.items;
	char mac[MAC_TEXT];

	ck_assert_int_eq(result, 0);
	ck_assert_str_eq(a->domain, "a");
	ck_assert_int_eq(a->memory, (int64_t)954 << 20);
	ck_assert_str_eq(a->disk.pool, "default");
	ck_assert_int_eq(a->state, VM_RUNNING);
	ck_assert_int_eq(a->power, POWER_ALWAYS);
	ck_assert_int_eq(a->role, ROLE_NONE);
	ck_assert(!field_has(&vm_kind.fields, a, "autostart"));
	ck_assert(!field_has(&vm_kind.fields, a, "interfaces"));
	ck_assert_uint_eq(a->interfaces.count, 1);

	/* Written down here for ever: a MAC that changes takes the node's address away.
	 */
	ck_assert_str_eq(mac_text(((struct vm_interface *)a->interfaces.items)->mac, mac),
	    "52:54:00:98:e2:af");
	ck_assert_uint_eq(b->interfaces.count, 2);
	ck_assert_str_eq(nics[0].network, "default");
	ck_assert(!nics[0].mac_given && nics[1].mac_given);
	ck_assert(mac_equal(nics[0].mac, mac_derive("b/0")));
	ck_assert_str_eq(mac_text(nics[1].mac, mac), "52:54:00:00:00:01");
	ck_assert_uint_eq(vm_of(config, "c")->interfaces.count, 0);
	config_free(config);
}
END_TEST

/* Planning */

/* A home with one VM "w", domain "w", in the network "default". */
struct scene {
	struct config *config;
	struct observed have;
	struct memory memory;
	struct plan *plan;
	const struct item *item;
};

static void scene_begin(struct scene *s, const char *yaml, const char *settings)
{
	struct arena a = { 0 };
	int result;

	*s = (struct scene){ .config = load(yaml, settings, &result) };
	ck_assert_msg(result == 0, "%s", all_of(&a, &s->config->report));
	s->have.host = (struct host_facts){ .known = true,
		.kvm = true,
		.domain_type = "kvm",
		.machine = "q35",
		.arch = "x86_64" };
	for (size_t i = 0; i < kind_count; i++)
		observed_set_known(&s->have, kinds[i]);
	arena_done(&a);
}

static void see_network(struct scene *s, const char *name, bool active, const char *hosts)
{
	struct arena a = { 0 };
	struct network_facts facts = { .active = active,
		.persistent = true,
		.autostart = true,
		.leases_known = true };
	const char *xml = arena_printf(&a,
	    "<network><name>%s</name><uuid>11111111-2222-3333-4444-555555555555</uuid>"
	    "<forward mode='nat'/><bridge name='virbr0'/>"
	    "<ip address='192.168.122.1' netmask='255.255.255.0'><dhcp>"
	    "<range start='192.168.122.2' end='192.168.122.99'/>%s</dhcp></ip></network>",
	    name, hosts);
	struct reading reading = { .name = name,
		.live_xml = active ? xml : NULL,
		.config_xml = xml,
		.network = &facts };
	struct seen *seen = seen_new(&network_kind, name);
	struct error e = { "" };

	ck_assert_msg(network_kind.decode(seen, &reading, &e) == 0, "%s", e.text);
	seen->presence = PRESENT;
	observed_put(&s->have, seen);
	arena_done(&a);
}

/* `live` and `config` are what stands inside <domain>, or NULL. */
static void see_domain(struct scene *s, const char *name,
    const struct domain_facts *facts, const char *live, const char *config)
{
	struct arena a = { 0 };
	struct reading reading = { .name = name, .domain = facts };
	struct seen *seen = seen_new(&vm_kind, name);
	struct error e = { "" };

	if (live)
		reading.live_xml =
		    arena_printf(&a, "<domain type='kvm' id='1'>%s</domain>", live);
	if (config)
		reading.config_xml =
		    arena_printf(&a, "<domain type='kvm'>%s</domain>", config);
	ck_assert_msg(vm_kind.decode(seen, &reading, &e) == 0, "%s", e.text);
	ck_assert_int_eq(seen->presence, PRESENT);
	observed_put(&s->have, seen);
	arena_done(&a);
}

static struct memo *memo_of(struct scene *s)
{
	return memory_get(&s->memory, &vm_kind, "w");
}

static void scene_plan(struct scene *s)
{
	struct plan_input input = { .want = s->config,
		.have = &s->have,
		.memory = &s->memory,
		.now = { NOW },
		.sources = { { .up = true }, { .off = true, .why = "switched off" } } };

	s->plan = plan_make(&input);
	s->item = plan_find(s->plan, &vm_kind, "w");
}

static void scene_end(struct scene *s)
{
	plan_free(s->plan);
	observed_done(&s->have);
	memory_done(&s->memory);
	config_free(s->config);
}

static const char *steps_text(struct arena *a, const struct item *item)
{
	const char *text = "";

	for (size_t i = 0; i < item->step_count; i++)
		text =
		    arena_printf(a, "%s%s%s", text, i ? "; " : "", item->steps[i]->text);
	return text;
}

#define DISK "<devices><disk><source file='/d.qcow2'/></disk></devices>"
#define SIZE "<memory>1048576</memory><vcpu>1</vcpu>"
#define ON_NETWORK                                                                       \
	SIZE "<devices><interface type='network'><mac address='52:54:00:00:00:01'/>"     \
	     "<source network='default'/></interface></devices>"

/* libvirt's numbers, as a row says them. */
#define RUNNING                                                                          \
	{                                                                                \
		1, 1, 1, true, false, false, false                                       \
	}
#define UP(state, reason)                                                                \
	{                                                                                \
		1, state, reason, true, false, false, false                              \
	}
#define DOWN(reason)                                                                     \
	{                                                                                \
		-1, 5, reason, true, false, false, false                                 \
	}
#define SAVED(reason)                                                                    \
	{                                                                                \
		-1, 5, reason, true, false, true, false                                  \
	}

/* What is remembered; times in seconds from now. */
struct past {
	bool ran;
	enum stop_cause cause;
	unsigned quick_stops;
	int64_t start_in;
	bool gave_up, start_wanted;
	int64_t asked_ago, sent_ago; /* 0: not asked */
};

static const struct {
	const char *what;
	const char *keys; /* of the VM */
	struct domain_facts facts;
	struct past past;
	enum verdict verdict;
	const char *steps; /* "" none */
	bool held;
	const char *says; /* in the reason */
} power[] = {
	/* It runs, as it should */
	{ "running", "", RUNNING, { 0 }, VERDICT_CONVERGED, "", false, "" },
	{ "blocked on a resource", "", UP(2, 0), { 0 }, VERDICT_CONVERGED, "", false,
	    "" },
	{ "no state, but an id", "", UP(0, 0), { 0 }, VERDICT_CONVERGED, "", false, "" },
	{ "paused by somebody", "", UP(3, 1), { 0 }, VERDICT_BLOCKED, "", false,
	    "virsh resume w" },
	{ "paused for no reason known", "", UP(3, 0), { 0 }, VERDICT_BLOCKED, "", false,
	    "virsh resume w" },
	{ "paused, a reason of a newer libvirt", "", UP(3, 99), { 0 }, VERDICT_BLOCKED,
	    "", false, "virsh resume w" },
	{ "paused after a snapshot", "", UP(3, 7), { 0 }, VERDICT_BLOCKED, "", false,
	    "virsh resume w" },
	{ "paused by its watchdog", "", UP(3, 6), { 0 }, VERDICT_BLOCKED, "", false,
	    "virsh reset w" },
	{ "paused after a panic", "", UP(3, 10), { 0 }, VERDICT_BLOCKED, "", false,
	    "virsh destroy w" },
	{ "paused while it is saved", "", UP(3, 3), { 0 }, VERDICT_PENDING, "", false,
	    "while libvirt works" },
	{ "paused while it starts", "", UP(3, 11), { 0 }, VERDICT_PENDING, "", false,
	    "while libvirt works" },
	{ "the host's disk is full", "", UP(3, 5), { 0 }, VERDICT_FAILING,
	    "resume domain w", false, "full or broken" },
	{ "still full", "", UP(3, 5), { .start_in = 20 }, VERDICT_FAILING,
	    "resume domain w", true, "full or broken" },
	{ "asleep", "", UP(7, 0), { 0 }, VERDICT_PENDING, "wake up domain w", false,
	    "sleep" },
	{ "asleep again", "", UP(7, 0), { .start_in = 20 }, VERDICT_PENDING,
	    "wake up domain w", true, "sleep" },
	{ "shutting down", "", UP(4, 0), { 0 }, VERDICT_PENDING, "", false,
	    "shutting down" },
	{ "crashed and kept", "", UP(6, 1), { 0 }, VERDICT_BLOCKED, "", false,
	    "virsh destroy w" },
	/* It does not: power always */
	{ "crashed", "", DOWN(3), { .ran = true, .cause = STOP_CRASH }, VERDICT_PENDING,
	    "start domain w", false, "crashed; to be started" },
	{ "always, its guest powered it off", "", DOWN(1),
	    { .ran = true, .cause = STOP_GUEST }, VERDICT_PENDING, "start domain w",
	    false, "powered off by its guest" },
	{ "always, virsh destroy", "", DOWN(2), { .ran = true, .cause = STOP_DESTROYED },
	    VERDICT_PENDING, "start domain w", false, "by somebody" },
	{ "always, saved", "", SAVED(5), { .ran = true, .cause = STOP_SAVED },
	    VERDICT_PENDING, "start domain w", false, "saved" },
	{ "always, the reason is lost", "", DOWN(0),
	    { .ran = true, .cause = STOP_UNKNOWN }, VERDICT_PENDING, "start domain w",
	    false, "no longer knows why" },
	{ "always, nothing remembered", "", DOWN(2), { 0 }, VERDICT_PENDING,
	    "start domain w", false, "by somebody" },
	{ "we stopped it, and it is wanted again", "", DOWN(1),
	    { .ran = false, .cause = STOP_OURS }, VERDICT_PENDING, "start domain w",
	    false, "shut down by homek8sd" },
	{ "migrated away", "", DOWN(4), { .ran = true, .cause = STOP_DESTROYED },
	    VERDICT_BLOCKED, "", false, "another host" },
	{ "migrated away, and asked for", "", DOWN(4),
	    { .ran = true, .cause = STOP_DESTROYED, .start_wanted = true },
	    VERDICT_PENDING, "start domain w", false, "to be started" },
	{ "crashed twice at once", "", DOWN(3),
	    { .ran = true, .cause = STOP_CRASH, .quick_stops = 2, .start_in = 10 },
	    VERDICT_FAILING, "start domain w", true, "crashed, 2 times in a row" },
	{ "the wait is over", "", DOWN(3),
	    { .ran = true, .cause = STOP_CRASH, .quick_stops = 2, .start_in = 0 },
	    VERDICT_PENDING, "start domain w", false, "to be started" },
	{ "given up", "", DOWN(3),
	    { .ran = true, .cause = STOP_CRASH, .quick_stops = 6, .gave_up = true },
	    VERDICT_FAILING, "", false, "gave up after 6" },
	/* on-failure */
	{ "on-failure, crashed", "power: on-failure", DOWN(3),
	    { .ran = true, .cause = STOP_CRASH }, VERDICT_PENDING, "start domain w",
	    false, "crashed" },
	{ "on-failure, failed to start", "power: on-failure", DOWN(6),
	    { .ran = true, .cause = STOP_START_FAILED }, VERDICT_PENDING,
	    "start domain w", false, "failed to start" },
	{ "on-failure, the reason is lost", "power: on-failure", DOWN(0),
	    { .ran = true, .cause = STOP_UNKNOWN }, VERDICT_PENDING, "start domain w",
	    false, "" },
	{ "on-failure, its guest powered it off", "power: on-failure", DOWN(1),
	    { .ran = true, .cause = STOP_GUEST }, VERDICT_BLOCKED, "", false,
	    "power: on-failure leaves it so; `homek8sctl reconcile vm/w`" },
	{ "on-failure, virsh destroy", "power: on-failure", DOWN(2),
	    { .ran = true, .cause = STOP_DESTROYED }, VERDICT_BLOCKED, "", false,
	    "leaves it so" },
	{ "on-failure, destroyed, then libvirtd forgot", "power: on-failure", DOWN(0),
	    { .ran = true, .cause = STOP_DESTROYED }, VERDICT_BLOCKED, "", false,
	    "leaves it so" },
	{ "on-failure, managed save", "power: on-failure", SAVED(5),
	    { .ran = true, .cause = STOP_SAVED }, VERDICT_PENDING, "start domain w",
	    false, "saved" },
	{ "on-failure, saved to a file", "power: on-failure", DOWN(5),
	    { .ran = true, .cause = STOP_SAVED }, VERDICT_BLOCKED, "", false,
	    "leaves it so" },
	{ "on-failure, never ran while it should", "power: on-failure", DOWN(1),
	    { .ran = false, .cause = STOP_GUEST }, VERDICT_PENDING, "start domain w",
	    false, "" },
	{ "on-failure, asked for", "power: on-failure", DOWN(1),
	    { .ran = true, .cause = STOP_GUEST, .start_wanted = true }, VERDICT_PENDING,
	    "start domain w", false, "" },
	/* manual */
	{ "manual, crashed", "power: manual", DOWN(3),
	    { .ran = true, .cause = STOP_CRASH }, VERDICT_BLOCKED, "", false,
	    "power: manual leaves it so" },
	{ "manual, never ran", "power: manual", DOWN(0),
	    { .ran = false, .cause = STOP_UNKNOWN }, VERDICT_BLOCKED, "", false,
	    "power: manual leaves it so" },
	{ "manual, asked for", "power: manual", DOWN(3),
	    { .ran = true, .cause = STOP_CRASH, .start_wanted = true }, VERDICT_PENDING,
	    "start domain w", false, "" },
	{ "manual, running", "power: manual", RUNNING, { 0 }, VERDICT_CONVERGED, "",
	    false, "" },
	/* It should not run */
	{ "stopped", "state: stopped", DOWN(1), { 0 }, VERDICT_CONVERGED, "", false, "" },
	{ "stopped by a crash", "state: stopped", DOWN(3), { 0 }, VERDICT_CONVERGED, "",
	    false, "" },
	{ "to be stopped", "state: stopped", RUNNING, { 0 }, VERDICT_PENDING,
	    "shut down domain w", false, "to be shut down" },
	{ "asked just now", "state: stopped", RUNNING,
	    { .asked_ago = 19, .sent_ago = 19 }, VERDICT_PENDING, "", false,
	    "is shutting down" },
	{ "asked again", "state: stopped", RUNNING, { .asked_ago = 40, .sent_ago = 20 },
	    VERDICT_PENDING, "shut down domain w", false, "is shutting down" },
	{ "it does not answer", "state: stopped", RUNNING,
	    { .asked_ago = 180, .sent_ago = 20 }, VERDICT_FAILING, "", false,
	    "not shut down within 3m" },
	{ "on its way down by itself", "state: stopped", UP(4, 0), { 0 }, VERDICT_PENDING,
	    "", false, "is shutting down" },
	{ "on its way down for too long", "state: stopped", UP(4, 0),
	    { .asked_ago = 180, .sent_ago = 180 }, VERDICT_FAILING, "", false,
	    "not shut down within 3m" },
	{ "paused, and to be stopped", "state: stopped", UP(3, 1), { 0 }, VERDICT_BLOCKED,
	    "", false, "cannot shut down" },
	{ "on a full disk, and to be stopped", "state: stopped", UP(3, 5), { 0 },
	    VERDICT_BLOCKED, "", false, "cannot shut down" },
	{ "being saved, and to be stopped", "state: stopped", UP(3, 3), { 0 },
	    VERDICT_PENDING, "", false, "while libvirt works" },
	{ "asleep, and to be stopped", "state: stopped", UP(7, 0), { 0 }, VERDICT_PENDING,
	    "wake up domain w", false, "woken up to be shut down" },
	{ "crashed and kept, and to be stopped", "state: stopped", UP(6, 0), { 0 },
	    VERDICT_BLOCKED, "", false, "virsh destroy w" },
	{ "transient, and to be stopped", "state: stopped",
	    { 1, 1, 1, false, false, false, false }, { 0 }, VERDICT_BLOCKED, "", false,
	    "would be lost" },
	{ "transient", "", { 1, 1, 1, false, false, false, false }, { 0 },
	    VERDICT_CONVERGED, "", false, "" },
};

static struct mono ago(int64_t seconds)
{
	return seconds ? (struct mono){ NOW - seconds * SECOND } : (struct mono){ 0 };
}

static void remember(struct scene *s, const struct past *past, int id)
{
	struct vm_memory *vm = &memo_of(s)->vm;

	vm->seen = true;
	vm->domain_id = id;
	vm->seen_running = past->ran;
	vm->cause = past->cause;
	vm->quick_stops = past->quick_stops;
	vm->gave_up = past->gave_up;
	vm->start_wanted = past->start_wanted;
	if (past->start_in)
		vm->start_at = (struct mono){ NOW + past->start_in * SECOND };
	vm->stop_first = ago(past->asked_ago);
	vm->stop_sent = ago(past->sent_ago);
}

START_TEST(power_is_looked_after)
{
	struct arena a = { 0 };
	const struct domain_facts *facts = &power[_i].facts;
	struct scene s;

	scene_begin(&s, arena_printf(&a, NETWORK "vms: {w: {%s}}", power[_i].keys), NULL);
	see_network(&s, "default", true, "");
	see_domain(&s, "w", facts, facts->id >= 0 ? ON_NETWORK : NULL,
	    facts->persistent ? ON_NETWORK : NULL);
	remember(&s, &power[_i].past, facts->id);
	scene_plan(&s);
	ck_assert_msg(s.item->verdict == power[_i].verdict, "%s: %s: %s", power[_i].what,
	    verdict_text(s.item->verdict), s.item->reason);
	ck_assert_msg(strcmp(steps_text(&a, s.item), power[_i].steps) == 0,
	    "%s: steps: %s", power[_i].what, steps_text(&a, s.item));
	ck_assert_msg(
	    s.item->held == power[_i].held, "%s: held %d", power[_i].what, s.item->held);
	ck_assert_msg(strstr(s.item->reason, power[_i].says), "%s: %s", power[_i].what,
	    s.item->reason);
	if (power[_i].past.start_in) {
		ck_assert_int_eq(s.item->retry_in, power[_i].past.start_in * SECOND);
		ck_assert_int_eq(s.plan->next.ms, NOW + power[_i].past.start_in * SECOND);
	}
	ck_assert_msg(s.item->disruptive == (strncmp(power[_i].steps, "shut", 4) == 0),
	    "%s", power[_i].what);
	scene_end(&s);
	arena_done(&a);
}
END_TEST

#define FORCE "vm: {stop_force: true}"

static const struct {
	const char *what;
	int64_t asked_ago, sent_ago;
	const char *steps;
	int64_t next_in; /* s; -1: never */
} forced[] = {
	{ "before the time is over", 100, 10, "", 10 },
	{ "the deadline comes before the next request", 175, 3, "", 5 },
	{ "at once when it is over", 180, 1, "cut the power of domain w", -1 },
	{ "not again right after that", 190, 5, "", 15 },
	{ "again when even that did not help", 300, 20, "cut the power of domain w", -1 },
};

START_TEST(power_is_cut_only_by_policy_and_paced)
{
	struct arena a = { 0 };
	struct past past = { .asked_ago = forced[_i].asked_ago,
		.sent_ago = forced[_i].sent_ago };
	struct domain_facts facts = RUNNING;
	struct scene s;

	scene_begin(&s, NETWORK "vms: {w: {state: stopped}}", FORCE);
	see_network(&s, "default", true, "");
	see_domain(&s, "w", &facts, ON_NETWORK, ON_NETWORK);
	remember(&s, &past, 1);
	scene_plan(&s);
	ck_assert_int_eq(s.item->verdict, VERDICT_PENDING);
	ck_assert_msg(strcmp(steps_text(&a, s.item), forced[_i].steps) == 0, "%s: %s",
	    forced[_i].what, steps_text(&a, s.item));
	ck_assert_msg(
	    s.plan->next.ms ==
		(forced[_i].next_in < 0 ? INT64_MAX : NOW + forced[_i].next_in * SECOND),
	    "%s: %lld", forced[_i].what, (long long)(s.plan->next.ms - NOW));
	scene_end(&s);
	arena_done(&a);
}
END_TEST

static const struct {
	const char *what;
	const char *yaml;
	bool seen, active;
	const char *hosts;
	enum verdict verdict;
	bool held;
	const char *says;
} waits[] = {
	{ "the network runs", NETWORK "vms: {w: {}}", true, true, "", VERDICT_PENDING,
	    false, "to be started" },
	{ "it does not run", NETWORK "vms: {w: {}}", true, false, "", VERDICT_PENDING,
	    true, "waits for network/default" },
	{ "it is not there yet", NETWORK "vms: {w: {}}", false, false, "",
	    VERDICT_PENDING, true, "waits for network/default" },
	{ "nobody looks after it", "vms: {w: {}}", true, false, "", VERDICT_BLOCKED,
	    false, "virsh net-start default" },
	{ "its lease comes in a moment",
	    "network: {name: default, address: 192.168.122.1/24, static_ips: {w: "
	    "192.168.122.50}}\nvms: {w: {}}",
	    true, true, "", VERDICT_PENDING, true, "waits for lease/w" },
	{ "its lease is there",
	    "network: {name: default, address: 192.168.122.1/24, static_ips: {w: "
	    "192.168.122.50}}\nvms: {w: {}}",
	    true, true, "<host mac='52:54:00:00:00:01' name='w' ip='192.168.122.50'/>",
	    VERDICT_PENDING, false, "to be started" },
};

START_TEST(starts_wait_for_what_they_need)
{
	struct domain_facts facts = DOWN(3);
	struct scene s;

	scene_begin(&s, waits[_i].yaml, NULL);
	if (waits[_i].seen)
		see_network(&s, "default", waits[_i].active, waits[_i].hosts);
	see_domain(&s, "w", &facts, NULL, ON_NETWORK);
	scene_plan(&s);
	ck_assert_msg(s.item->verdict == waits[_i].verdict, "%s: %s: %s", waits[_i].what,
	    verdict_text(s.item->verdict), s.item->reason);
	ck_assert_msg(
	    s.item->held == waits[_i].held, "%s: %s", waits[_i].what, s.item->reason);
	ck_assert_msg(strstr(s.item->reason, waits[_i].says), "%s: %s", waits[_i].what,
	    s.item->reason);
	scene_end(&s);
}
END_TEST

START_TEST(a_failing_lease_keeps_no_vm_down)
{
	struct domain_facts facts = DOWN(3);
	struct memo *memo;
	struct scene s;

	scene_begin(&s, waits[4].yaml, NULL);
	see_network(&s, "default", true, "");
	see_domain(&s, "w", &facts, NULL, ON_NETWORK);
	memo = memory_get(&s.memory, &lease_kind, "w");
	memo->failures = 1;
	memo->retry_at = (struct mono){ NOW + MINUTE };
	scene_plan(&s);
	ck_assert_msg(!s.item->held && s.item->step_count == 1, "%s", s.item->reason);
	scene_end(&s);
}
END_TEST

START_TEST(a_lease_under_way_is_waited_for)
{
	struct domain_facts facts = DOWN(3);
	struct scene s;

	scene_begin(&s, waits[4].yaml, NULL);
	see_network(&s, "default", true, "");
	see_domain(&s, "w", &facts, NULL, ON_NETWORK);
	memory_get(&s.memory, &lease_kind, "w")->busy = true;
	scene_plan(&s);
	ck_assert(plan_find(s.plan, &lease_kind, "w")->held);
	ck_assert_msg(s.item->held, "%s", s.item->reason);
	scene_end(&s);
}
END_TEST

/* Its address is still another's, whose move waits for approval: that may take days. */
START_TEST(a_lease_held_back_keeps_no_vm_down)
{
	static const char other[] =
	    SIZE "<devices><interface type='network'><mac address='52:54:00:00:00:02'/>"
		 "<source network='default'/></interface></devices>";
	struct domain_facts up = RUNNING, down = DOWN(3);
	const struct item *lease;
	struct network *network;
	struct scene s;

	scene_begin(&s,
	    "network: {name: default, address: 192.168.122.1/24, static_ips: {w: "
	    "192.168.122.50, v: 192.168.122.51}}\nvms: {v: {}, w: {}}",
	    NULL);
	see_network(&s, "default", true,
	    "<host mac='52:54:00:00:00:02' name='v' ip='192.168.122.50'/>");
	network =
	    (struct network *)observed_find(&s.have, &network_kind, "default")->live;
	network->leases_known = false; /* then what was last seen counts */
	see_domain(&s, "v", &up, other, other);
	see_domain(&s, "w", &down, NULL, ON_NETWORK);
	memory_get(&s.memory, &lease_kind, "v")->lease.has_ip = true;
	ip_parse(
	    "192.168.122.50", &memory_get(&s.memory, &lease_kind, "v")->lease.ip, NULL);
	scene_plan(&s);
	lease = plan_find(s.plan, &lease_kind, "w");
	ck_assert_msg(
	    lease->held && lease->verdict == VERDICT_PENDING, "%s", lease->reason);
	ck_assert_msg(!s.item->held && s.item->step_count == 1, "%s", s.item->reason);
	scene_end(&s);
}
END_TEST

static bool has_condition(const struct item *item, const char *type)
{
	for (size_t i = 0; i < item->condition_count; i++)
		if (strcmp(item->conditions[i].type, type) == 0)
			return true;
	return false;
}

static const struct {
	const char *what;
	const char *keys;
	const char *live, *config; /* inside <domain> */
	bool autostart;		   /* seen */
	enum verdict verdict;
	const char *steps;
	const char *says;
	const char *condition;
	size_t differences;
} adopted[] = {
	{ "nothing written, nothing compared", "", SIZE DISK, SIZE DISK, false,
	    VERDICT_CONVERGED, "", "", NULL, 0 },
	{ "as written", "vcpus: 1, memory: 1GiB, disk: {path: /d.qcow2}", SIZE DISK,
	    SIZE DISK, false, VERDICT_CONVERGED, "", "", NULL, 0 },
	{ "a hand-made MAC is not the derived one", "vcpus: 1", ON_NETWORK, ON_NETWORK,
	    false, VERDICT_CONVERGED, "", "", NULL, 0 },
	{ "memory", "memory: 2GiB", SIZE, SIZE, false, VERDICT_BLOCKED, "",
	    "memory: differs, and needs a restart", NULL, 1 },
	{ "memory and vcpus", "memory: 2GiB, vcpus: 4", SIZE, SIZE, false,
	    VERDICT_BLOCKED, "", "virsh edit w", NULL, 2 },
	{ "stored, but not yet in force", "vcpus: 1",
	    "<memory>1024</memory><vcpu>2</vcpu>", SIZE, false, VERDICT_BLOCKED, "",
	    "takes effect only when", NULL, 1 },
	{ "its kernel", "boot: {kernel: /k2}", SIZE, SIZE "<os><kernel>/k1</kernel></os>",
	    false, VERDICT_BLOCKED, "", "boot.kernel", NULL, 1 },
	{ "its MAC", "interfaces: [{mac: '52:54:00:00:00:02'}]", ON_NETWORK, ON_NETWORK,
	    false, VERDICT_BLOCKED, "", "interfaces[0].mac", NULL, 1 },
	{ "an interface too many", "interfaces: []", ON_NETWORK, ON_NETWORK, false,
	    VERDICT_BLOCKED, "", "interfaces[0]", NULL, 1 },
	{ "its type", "type: qemu", SIZE, SIZE, false, VERDICT_BLOCKED, "",
	    "type: differs", NULL, 1 },
	{ "another disk is told, never put back", "disk: {path: /e.qcow2}", SIZE DISK,
	    SIZE DISK, false, VERDICT_CONVERGED, "", "", "DiskDiffers", 0 },
	{ "a volume by its file", "disk: {}",
	    SIZE "<devices><disk><source file='/p/w.qcow2'/></disk></devices>",
	    SIZE "<devices><disk><source file='/p/w.qcow2'/></disk></devices>", false,
	    VERDICT_CONVERGED, "", "", NULL, 0 },
	{ "another volume", "disk: {}",
	    SIZE
	    "<devices><disk><source pool='default' volume='v.qcow2'/></disk></devices>",
	    SIZE
	    "<devices><disk><source pool='default' volume='v.qcow2'/></disk></devices>",
	    false, VERDICT_CONVERGED, "", "", "DiskDiffers", 0 },
	{ "no disk", "disk: {}", SIZE, SIZE, false, VERDICT_CONVERGED, "", "",
	    "DiskDiffers", 0 },
	{ "autostart left out", "", SIZE, SIZE, true, VERDICT_CONVERGED, "", "", NULL,
	    0 },
	{ "autostart as written", "autostart: true", SIZE, SIZE, true, VERDICT_CONVERGED,
	    "", "", NULL, 0 },
	{ "autostart to be set", "autostart: true", SIZE, SIZE, false, VERDICT_PENDING,
	    "start domain w when the host boots", "", NULL, 0 },
	{ "autostart to be taken back", "autostart: false", SIZE, SIZE, true,
	    VERDICT_PENDING, "no longer start domain w when the host boots", "", NULL,
	    0 },
	{ "autostart is repaired though memory differs", "autostart: true, memory: 2GiB",
	    SIZE, SIZE, false, VERDICT_PENDING, "start domain w when the host boots", "",
	    NULL, 1 },
	{ "a stopped one starts though memory differs", "memory: 2GiB", NULL, SIZE, false,
	    VERDICT_PENDING, "start domain w", "to be started", NULL, 1 },
	{ "a transient one cannot start with the host", "autostart: true", SIZE, NULL,
	    false, VERDICT_CONVERGED, "", "", "TransientDomain", 0 },
};

START_TEST(an_existing_domain_is_adopted)
{
	struct arena a = { 0 };
	struct domain_facts facts = { .id = adopted[_i].live ? 1 : -1,
		.state = adopted[_i].live ? 1 : 5,
		.persistent = adopted[_i].config,
		.autostart = adopted[_i].autostart };
	const char *condition = adopted[_i].condition;
	struct scene s;

	scene_begin(
	    &s, arena_printf(&a, NETWORK "vms: {w: {%s}}", adopted[_i].keys), NULL);
	see_network(&s, "default", true, "");
	see_domain(&s, "w", &facts, adopted[_i].live, adopted[_i].config);
	scene_plan(&s);
	ck_assert_msg(s.item->verdict == adopted[_i].verdict, "%s: %s: %s",
	    adopted[_i].what, verdict_text(s.item->verdict), s.item->reason);
	ck_assert_msg(strcmp(steps_text(&a, s.item), adopted[_i].steps) == 0, "%s: %s",
	    adopted[_i].what, steps_text(&a, s.item));
	ck_assert_msg(strstr(s.item->reason, adopted[_i].says), "%s: %s",
	    adopted[_i].what, s.item->reason);
	ck_assert_msg(s.item->differences.count == adopted[_i].differences, "%s: %zu",
	    adopted[_i].what, s.item->differences.count);
	ck_assert_msg(
	    condition ? has_condition(s.item, condition) : s.item->condition_count == 0,
	    "%s: conditions", adopted[_i].what);
	scene_end(&s);
	arena_done(&a);
}
END_TEST

START_TEST(autostart_does_not_wait_for_a_start)
{
	struct arena a = { 0 };
	struct domain_facts facts = DOWN(3);
	struct scene s;

	scene_begin(&s, NETWORK "vms: {w: {autostart: true}}", NULL);
	see_domain(&s, "w", &facts, NULL, ON_NETWORK);
	scene_plan(&s);
	ck_assert(!s.item->held);
	ck_assert_str_eq(steps_text(&a, s.item), "start domain w when the host boots");
	ck_assert(strstr(s.item->reason, "waits for network/default"));
	scene_end(&s);
	arena_done(&a);
}
END_TEST

START_TEST(a_saved_image_is_restored_or_dropped)
{
	struct domain_facts facts = SAVED(5);

	for (int fresh = 0; fresh < 2; fresh++) {
		struct scene s;

		scene_begin(
		    &s, NETWORK "vms: {w: {}}", fresh ? "vm: {boot_fresh: true}" : NULL);
		see_network(&s, "default", true, "");
		see_domain(&s, "w", &facts, NULL, ON_NETWORK);
		scene_plan(&s);
		ck_assert_uint_eq(s.item->step_count, 1);
		ck_assert_int_eq(s.item->steps[0]->op, STEP_DOMAIN_START);
		ck_assert_int_eq(s.item->steps[0]->fresh, fresh);
		ck_assert(has_condition(s.item, "ManagedSave"));
		scene_end(&s);
	}
}
END_TEST

#define WHOLE "vcpus: 2, memory: 4GiB, disk: {}"

static const struct {
	const char *what;
	const char *yaml;
	bool network;	       /* runs */
	const char *host_type; /* NULL: not known yet */
	enum verdict verdict;
	const char *steps;
	const char *says;
	const char *finding;
} absent[] = {
	{ "all there", NETWORK "vms: {w: {" WHOLE "}}", true, "kvm", VERDICT_PENDING,
	    "define domain w; start domain w", "to be made", NULL },
	{ "with autostart", NETWORK "vms: {w: {" WHOLE ", autostart: true}}", true, "kvm",
	    VERDICT_PENDING,
	    "define domain w; start domain w when the host boots; start domain w",
	    "to be made", NULL },
	{ "to be stopped", NETWORK "vms: {w: {" WHOLE ", state: stopped}}", true, "kvm",
	    VERDICT_PENDING, "define domain w", "to be made", NULL },
	{ "its network does not run: made all the same", NETWORK "vms: {w: {" WHOLE "}}",
	    false, "kvm", VERDICT_PENDING, "define domain w", "waits for network/default",
	    NULL },
	{ "power: manual is started once", NETWORK "vms: {w: {" WHOLE ", power: manual}}",
	    true, "kvm", VERDICT_PENDING, "define domain w; start domain w", "", NULL },
	{ "only its role", NETWORK "vms: {w: {role: worker}}", true, "kvm",
	    VERDICT_BLOCKED, "", "write vcpus, memory, disk or boot", NULL },
	{ "no disk, but a kernel",
	    NETWORK "vms: {w: {vcpus: 1, memory: 1GiB, boot: {kernel: /k}}}", true, "kvm",
	    VERDICT_PENDING, "define domain w; start domain w", "", NULL },
	{ "which of two networks", NETWORKS "vms: {w: {" WHOLE "}}", true, "kvm",
	    VERDICT_BLOCKED, "", "write interfaces", NULL },
	{ "the host is not known", NETWORK "vms: {w: {" WHOLE "}}", true, NULL,
	    VERDICT_PENDING, "", "waits for what libvirt says", NULL },
	{ "kvm where it does not work", NETWORK "vms: {w: {" WHOLE ", type: kvm}}", true,
	    "qemu", VERDICT_PENDING, "define domain w; start domain w", "",
	    "kvm-unavailable" },
	{ "auto is content with that", NETWORK "vms: {w: {" WHOLE "}}", true, "qemu",
	    VERDICT_PENDING, "define domain w; start domain w", "", NULL },
	{ "the test driver", NETWORK "vms: {w: {" WHOLE ", type: kvm}}", true, "test",
	    VERDICT_PENDING, "define domain w; start domain w", "", NULL },
};

START_TEST(an_absent_domain_is_made)
{
	struct arena a = { 0 };
	const char *type = absent[_i].host_type;
	struct scene s;

	scene_begin(&s, absent[_i].yaml, NULL);
	s.have.host.known = type;
	s.have.host.kvm = type && strcmp(type, "kvm") == 0;
	snprintf(s.have.host.domain_type, sizeof(s.have.host.domain_type), "%s",
	    type ? type : "");
	if (absent[_i].network)
		see_network(&s, "default", true, "");
	scene_plan(&s);
	ck_assert_msg(s.item->verdict == absent[_i].verdict, "%s: %s: %s",
	    absent[_i].what, verdict_text(s.item->verdict), s.item->reason);
	ck_assert_msg(strcmp(steps_text(&a, s.item), absent[_i].steps) == 0, "%s: %s",
	    absent[_i].what, steps_text(&a, s.item));
	ck_assert_msg(strstr(s.item->reason, absent[_i].says), "%s: %s", absent[_i].what,
	    s.item->reason);
	ck_assert_msg(absent[_i].finding
			  ? s.plan->finding_count == 1 &&
				strcmp(s.plan->findings[0].id, absent[_i].finding) == 0
			  : s.plan->finding_count == 0,
	    "%s: findings", absent[_i].what);
	if (s.item->step_count) {
		char *begin = arena_printf(&a, "<domain type=\"%s\">", type);

		ck_assert_msg(strstr(s.item->steps[0]->body, begin), "%s: %s",
		    absent[_i].what, s.item->steps[0]->body);
	}
	scene_end(&s);
	arena_done(&a);
}
END_TEST

/* P9: what is not ours is not even shown; what was ours is told and left alone. */
START_TEST(an_unwritten_domain_is_left_alone)
{
	struct domain_facts facts = DOWN(3);
	const struct item *item;
	struct scene s;

	scene_begin(&s, NETWORK, NULL);
	see_domain(&s, "foreign", &facts, NULL, SIZE);
	see_domain(&s, "w", &facts, NULL,
	    SIZE "<metadata><h:owner xmlns:h='" MARK_URI "'/></metadata>");
	scene_plan(&s);
	ck_assert_ptr_null(plan_find(s.plan, &vm_kind, "foreign"));
	item = plan_find(s.plan, &vm_kind, "w");
	ck_assert_ptr_nonnull(item);
	ck_assert_int_eq(item->verdict, VERDICT_CONVERGED);
	ck_assert_uint_eq(item->step_count, 0);
	ck_assert_uint_eq(s.plan->finding_count, 1);
	ck_assert_str_eq(s.plan->findings[0].id, "vm-not-written");
	scene_end(&s);
}
END_TEST

START_TEST(a_domain_of_another_name_is_found)
{
	struct domain_facts facts = RUNNING;
	struct scene s;

	scene_begin(&s, NETWORK "vms: {w: {domain: k8s-w}}", NULL);
	see_network(&s, "default", true, "");
	see_domain(&s, "k8s-w", &facts, SIZE, SIZE);
	scene_plan(&s);
	ck_assert_msg(s.item->verdict == VERDICT_CONVERGED, "%s", s.item->reason);
	scene_end(&s);
}
END_TEST

START_TEST(a_missing_volume_is_explained)
{
	static const char volume[] =
	    SIZE "<devices><disk><source pool='vms' volume='w.qcow2'/></disk></devices>";
	struct past past = {
		.cause = STOP_START_FAILED, .quick_stops = 1, .start_in = 9
	};
	struct domain_facts facts = DOWN(6);
	struct scene s;

	scene_begin(&s, NETWORK "vms: {w: {disk: {pool: vms, size: 30GiB}}}", NULL);
	see_network(&s, "default", true, "");
	see_domain(&s, "w", &facts, NULL, volume);
	remember(&s, &past, -1);
	scene_plan(&s);
	ck_assert(has_condition(s.item, "VolumeNotMade"));
	ck_assert(strstr(s.item->conditions[0].message,
	    "virsh vol-create-as vms w.qcow2 30GiB --format qcow2"));
	scene_end(&s);
}
END_TEST

/* What libvirt should never say, and a hostile guest or a bug might. */
static const struct {
	const char *what;
	const char *live, *config;
	const char *says;
} unreadable[] = {
	{ "no document", NULL, NULL, "no definition" },
	{ "garbage", "<domain", NULL, "XML" },
	{ "garbage on one side", "<domain><memory>1</memory><vcpu>1</vcpu></domain>", "",
	    "XML" },
};

START_TEST(an_unreadable_domain_is_an_error)
{
	struct domain_facts facts = RUNNING;
	struct reading reading = { .name = "w",
		.domain = &facts,
		.live_xml = unreadable[_i].live,
		.config_xml = unreadable[_i].config };
	struct seen *seen = seen_new(&vm_kind, "w");
	struct error e = { "" };

	ck_assert_msg(
	    vm_kind.decode(seen, &reading, &e) == -1, "%s", unreadable[_i].what);
	ck_assert_msg(
	    strstr(e.text, unreadable[_i].says), "%s: %s", unreadable[_i].what, e.text);
	seen_free(seen);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vm");
	TCase *tests = tcase_create("vm");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_loop_test(tests, keys_are_checked, 0, ROWS(keys));
	tcase_add_test(tests, what_is_left_out_is_derived);
	tcase_add_loop_test(tests, power_is_looked_after, 0, ROWS(power));
	tcase_add_loop_test(
	    tests, power_is_cut_only_by_policy_and_paced, 0, ROWS(forced));
	tcase_add_loop_test(tests, starts_wait_for_what_they_need, 0, ROWS(waits));
	tcase_add_test(tests, a_failing_lease_keeps_no_vm_down);
	tcase_add_test(tests, a_lease_under_way_is_waited_for);
	tcase_add_test(tests, a_lease_held_back_keeps_no_vm_down);
	tcase_add_loop_test(tests, an_existing_domain_is_adopted, 0, ROWS(adopted));
	tcase_add_test(tests, autostart_does_not_wait_for_a_start);
	tcase_add_test(tests, a_saved_image_is_restored_or_dropped);
	tcase_add_loop_test(tests, an_absent_domain_is_made, 0, ROWS(absent));
	tcase_add_test(tests, an_unwritten_domain_is_left_alone);
	tcase_add_test(tests, a_domain_of_another_name_is_found);
	tcase_add_test(tests, a_missing_volume_is_explained);
	tcase_add_loop_test(tests, an_unreadable_domain_is_an_error, 0, ROWS(unreadable));
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
