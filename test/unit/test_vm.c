/* SPDX-License-Identifier: MIT */
/* Unit tests of vm: its keys, what is derived, and domains that cannot be read. */
#include "test/unit/vm_scene.h"
#include "lib/kind/vm/vm.h"
#include "lib/kind/vm/vm_state.h"

#define FIFTY "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwx"
#define LONG FIFTY FIFTY FIFTY FIFTY FIFTY

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
	{ "a key of a later version", NETWORK "vms: {w: {ballooning: {}}}",
	    "ballooning" },
	{ "two disks of one name",
	    NETWORK "vms: {w: {disks: [{name: a, size: 1GiB}, {name: a, size: 2GiB}]}}",
	    "disks[0] and disks[1] are both called \"a\"" },
	{ "a disk that is called as one without a name",
	    NETWORK "vms: {w: {disks: [{name: disk-2, size: 1GiB}, {size: 2GiB}]}}",
	    "both called \"disk-2\"" },
	{ "a further disk with a path and a size",
	    NETWORK "vms: {w: {disks: [{path: /a, size: 1GiB}]}}",
	    "disks[0].size is of a volume" },
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
	{ "a bridge of the host",
	    NETWORK "vms: {w: {interfaces: [{bridge: br0.10}, {}]}}", NULL },
	{ "a bridge where two networks are written",
	    NETWORKS "vms: {w: {interfaces: [{bridge: vmbr0}]}}", NULL },
	{ "a bridge and a network",
	    NETWORK "vms: {w: {interfaces: [{network: default, bridge: br0}]}}",
	    "both network and bridge" },
	{ "a bridge no kernel has",
	    NETWORK "vms: {w: {interfaces: [{bridge: br0123456789abcd}]}}",
	    "more than 15 characters" },
	{ "any bridge the kernel takes",
	    NETWORK "vms: {w: {interfaces: [{bridge: \"b'r,<1>\"}]}}", NULL },
	{ "a bridge with a slash", NETWORK "vms: {w: {interfaces: [{bridge: b/r}]}}",
	    "bridge" },
	{ "a multicast MAC",
	    NETWORK "vms: {w: {interfaces: [{mac: '01:00:5e:00:00:01'}]}}", "mac" },
	{ "a name with capitals", NETWORK "vms: {Worker: {}}", "Worker" },
	{ "a name with a slash", NETWORK "vms: {a/../b: {}}", "name" },
	{ "a name with a newline", NETWORK "vms: {\"w\\nx\": {}}", "home.yaml" },
	{ "a name of markup", NETWORK "vms: {\"<w>\": {}}", "name" },
	{ "a domain of markup with a slash", NETWORK "vms: {w: {domain: \"<w/>\"}}",
	    "has a slash" },
	{ "any domain libvirt takes",
	    NETWORK
	    "vms: {a: {domain: Windows 10}, b: {domain: \"<&'\\\"\"}, c: {domain: "
	    "\u5bb6}, d: {domain: --all}, e: {domain: .}}",
	    NULL },
	{ "a domain of blanks", NETWORK "vms: {w: {domain: \"  \"}}", "blank" },
	{ "an empty domain", NETWORK "vms: {w: {domain: \"\"}}", "domain" },
	{ "a domain of 251 bytes", NETWORK "vms: {w: {domain: " LONG "1}}", NULL },
	{ "a domain of 252 bytes", NETWORK "vms: {w: {domain: " LONG "12}}",
	    "has 252 bytes, libvirt takes names of at most 251" },
	{ "a domain with a newline", NETWORK "vms: {w: {domain: \"w\\nx\"}}",
	    "home.yaml" },
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
		.facts = &facts,
		.live_xml = unreadable[_i].live,
		.config_xml = unreadable[_i].config };
	struct observed *observed = observed_new(&vm_kind, "w");
	struct error e = { "" };

	ck_assert_msg(
	    vm_kind.decode(observed, &reading, &e) == -1, "%s", unreadable[_i].what);
	ck_assert_msg(
	    strstr(e.text, unreadable[_i].says), "%s: %s", unreadable[_i].what, e.text);
	observed_free(observed);
}
END_TEST

static const char document[] = "<domain><memory>1048576</memory><vcpu>2</vcpu></domain>";

static const struct {
	const char *what;
	bool config;
	int id;
	bool applied;
} refreshed[] = {
	{ "stopped", true, -1, true },
	{ "runs again", true, 7, false },
	{ "a transient one has nothing stored", false, -1, false },
};

/* Only the facts of the stop change; what they do not say is left alone. */
START_TEST(a_stop_is_known_from_the_facts_alone)
{
	struct domain_facts facts = RUNNING, stop = { .id = refreshed[_i].id,
		.state = STATE_SHUTOFF,
		.reason = SHUTOFF_CRASHED,
		.managed_save = true };
	struct reading reading = { .name = "w", .facts = &facts, .live_xml = document };
	struct observed *observed = observed_new(&vm_kind, "w");
	struct error e = { "" };
	const struct vm *config;

	facts.autostart = facts.persistent = true;
	reading.config_xml = refreshed[_i].config ? document : NULL;
	ck_assert_int_eq(vm_kind.decode(observed, &reading, &e), 0);
	reading = (struct reading){ .name = "w", .facts = &stop, .facts_only = true };
	ck_assert_msg(
	    (vm_kind.refresh(observed, &reading, &e) == 0) == refreshed[_i].applied, "%s",
	    refreshed[_i].what);
	config = (const struct vm *)observed->config;
	ck_assert_msg(!observed->live == refreshed[_i].applied, "%s", refreshed[_i].what);
	if (refreshed[_i].applied) {
		ck_assert_int_eq(config->state, VM_STOPPED);
		ck_assert_int_eq(config->facts.id, -1);
		ck_assert_int_eq(config->facts.reason, SHUTOFF_CRASHED);
		ck_assert(config->facts.managed_save);
		ck_assert(config->facts.autostart && config->facts.persistent);
		ck_assert_int_eq(config->vcpus, 2);
	}
	observed_free(observed);
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
	tcase_add_loop_test(tests, an_unreadable_domain_is_an_error, 0, ROWS(unreadable));
	tcase_add_loop_test(
	    tests, a_stop_is_known_from_the_facts_alone, 0, ROWS(refreshed));
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
