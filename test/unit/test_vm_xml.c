/* SPDX-License-Identifier: MIT */
/* Unit tests of vm_xml: domain documents read, refused and written. */
#include <stdlib.h>
#include <string.h>

#include "lib/kind/vm/vm_disk.h"
#include "lib/kind/vm/vm_xml.h"
#include "lib/kind/vm/vm.h"

#include <check.h>

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

/* What every domain has. */
#define HEAD                                                                             \
	"<domain "                                                                       \
	"type='kvm'><name>w</name><uuid>11111111-2222-3333-4444-555555555555</uuid>"
#define UUID "11111111-2222-8333-8444-555555555555"
#define OWNER(uuid) "<h:owner xmlns:h='" MARK_URI "' name='x' uuid='" uuid "'/>"
#define SIZE "<memory unit='KiB'>2097152</memory><vcpu placement='static'>2</vcpu>"
#define TAIL "</domain>"

static const struct {
	const char *what;
	const char *xml;
	int64_t memory;
	int64_t vcpus;
} sizes[] = {
	{ "as libvirt writes it", HEAD SIZE TAIL, 2147483648, 2 },
	{ "no unit is KiB", HEAD "<memory>1024</memory><vcpu>1</vcpu>" TAIL, 1048576, 1 },
	{ "GiB", HEAD "<memory unit='GiB'>4</memory><vcpu>1</vcpu>" TAIL, 4294967296, 1 },
	{ "decimal units", HEAD "<memory unit='MB'>3</memory><vcpu>1</vcpu>" TAIL,
	    3 << 20, 1 },
	{ "100 MB as libvirt keeps them",
	    HEAD "<memory unit='KiB'>97657</memory><vcpu>1</vcpu>" TAIL, 96 << 20, 1 },
	{ "an odd size, and less of it in use",
	    HEAD "<memory unit='KiB'>100000</memory><currentMemory unit='KiB'>50000"
		 "</currentMemory><vcpu>1</vcpu>" TAIL,
	    49 << 20, 1 },
	{ "fewer vcpus plugged in than there may be",
	    HEAD "<memory>1024</memory><vcpu current='3'>8</vcpu>" TAIL, 1048576, 3 },
	{ "blanks after the number", HEAD "<memory>1024 \n</memory><vcpu>1</vcpu>" TAIL,
	    1048576, 1 },
	{ "unknown elements are passed over",
	    HEAD "<iothreads>3</iothreads><x:y xmlns:x='urn:x'/>" SIZE TAIL, 2147483648,
	    2 },
};

START_TEST(sizes_are_read)
{
	struct arena a = { 0 };
	struct error e = { "" };
	struct vm vm = { 0 };

	ck_assert_msg(vm_xml_read(&a, sizes[_i].xml, &vm, &e) == 0, "%s: %s",
	    sizes[_i].what, e.text);
	ck_assert_msg(vm.memory == sizes[_i].memory, "%s: %lld", sizes[_i].what,
	    (long long)vm.memory);
	ck_assert_msg(
	    vm.vcpus == sizes[_i].vcpus, "%s: %lld", sizes[_i].what, (long long)vm.vcpus);
	ck_assert(field_has(&vm_kind.fields, &vm, "memory"));
	ck_assert(field_has(&vm_kind.fields, &vm, "vcpus"));
	arena_done(&a);
}
END_TEST

static const struct {
	const char *what;
	const char *xml;
	const char *says;
} refused[] = {
	{ "nothing", "", "XML" },
	{ "no XML", "running", "XML" },
	{ "cut off", "<domain><memory>1024", "XML" },
	{ "something else", "<network><name>x</name></network>", "not <domain>" },
	{ "no memory", HEAD "<vcpu>1</vcpu>" TAIL, "no memory" },
	{ "no vcpu", HEAD "<memory>1024</memory>" TAIL, "no vcpu" },
	{ "memory that is no number", HEAD "<memory>lots</memory><vcpu>1</vcpu>" TAIL,
	    "memory that is no number: \"lots\"" },
	{ "memory below zero", HEAD "<memory>-4</memory><vcpu>1</vcpu>" TAIL,
	    "no number" },
	{ "memory past 64 bits",
	    HEAD "<memory>99999999999999999999</memory><vcpu>1</vcpu>" TAIL,
	    "no number" },
	{ "memory that overflows with its unit",
	    HEAD "<memory unit='TiB'>9999999999</memory><vcpu>1</vcpu>" TAIL,
	    "than can be counted" },
	{ "memory in bushels", HEAD "<memory unit='bushel'>4</memory><vcpu>1</vcpu>" TAIL,
	    "unknown unit" },
	{ "no vcpus", HEAD "<memory>1024</memory><vcpu>0</vcpu>" TAIL, "vcpu" },
	{ "an entity",
	    "<!DOCTYPE d [<!ENTITY e 'x'>]><domain><memory>&e;</memory></domain>",
	    "XML" },
};

START_TEST(nonsense_is_refused)
{
	struct arena a = { 0 };
	struct error e = { "" };
	struct vm vm = { 0 };

	ck_assert_msg(vm_xml_read(&a, refused[_i].xml, &vm, &e) == -1, "%s: accepted",
	    refused[_i].what);
	ck_assert_msg(
	    strstr(e.text, refused[_i].says), "%s: %s", refused[_i].what, e.text);
	arena_done(&a);
}
END_TEST

static const struct {
	const char *what;
	const char *xml; /* inside <domain>, beside the sizes */
	const char *path;
	const char *pool;
} disks[] = {
	{ "no devices", "", NULL, NULL },
	{ "a file",
	    "<devices><disk device='disk'><source file='/d.qcow2'/></disk></devices>",
	    "/d.qcow2", NULL },
	{ "a block device",
	    "<devices><disk type='block'><source dev='/dev/sdb'/></disk></devices>",
	    "/dev/sdb", NULL },
	{ "a volume",
	    "<devices><disk><source pool='p' volume='w.qcow2'/></disk></devices>",
	    "w.qcow2", "p" },
	{ "a CD comes first",
	    "<devices><disk device='cdrom'><source file='/cd'/></disk><disk "
	    "device='disk'>"
	    "<source file='/d'/></disk></devices>",
	    "/d", NULL },
	{ "only a CD",
	    "<devices><disk device='cdrom'><source file='/cd'/></disk></devices>", NULL,
	    NULL },
	{ "an empty path", "<devices><disk><source file=''/></disk></devices>", NULL,
	    NULL },
};

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

START_TEST(the_first_disk_is_read)
{
	struct arena a = { 0 };
	struct error e = { "" };
	struct vm vm = { 0 };
	const char *xml = arena_printf(&a, "%s%s%s%s", HEAD, SIZE, disks[_i].xml, TAIL);

	ck_assert_msg(
	    vm_xml_read(&a, xml, &vm, &e) == 0, "%s: %s", disks[_i].what, e.text);
	ck_assert_msg(
	    same(vm.disk.path, disks[_i].path), "%s: %s", disks[_i].what, vm.disk.path);
	ck_assert_msg(
	    same(vm.disk.pool, disks[_i].pool), "%s: %s", disks[_i].what, vm.disk.pool);
	ck_assert_msg(field_has(&vm_kind.fields, &vm, "disk") == !!disks[_i].path, "%s",
	    disks[_i].what);
	arena_done(&a);
}
END_TEST

static const struct {
	const char *what;
	const char *metadata;
	bool marked;
} marks[] = {
	{ "none", "", false },
	{ "empty", "<metadata/>", false },
	{ "ours",
	    "<metadata>" OWNER("11111111-2222-3333-4444-555555555555") "</metadata>",
	    true },
	{ "a copy of another domain's", "<metadata>" OWNER(UUID) "</metadata>", false },
	{ "the first version's",
	    "<metadata><h:owner xmlns:h='" MARK_URI "' name='w'/></metadata>", true },
	{ "the first version's, copied",
	    "<metadata><h:owner xmlns:h='" MARK_URI "' name='v'/></metadata>", false },
	{ "nothing said", "<metadata><h:owner xmlns:h='" MARK_URI "'/></metadata>",
	    false },
	{ "another's before it",
	    "<metadata><o:os xmlns:o='urn:o'/><h:owner xmlns:h='" MARK_URI
	    "' name='w'/></metadata>",
	    true },
	{ "our prefix for another's name",
	    "<metadata><homek8s:owner xmlns:homek8s='urn:else'/></metadata>", false },
	{ "no namespace", "<metadata><owner/></metadata>", false },
};

START_TEST(our_mark_is_known_by_its_namespace)
{
	struct arena a = { 0 };
	struct error e = { "" };
	struct vm vm = { 0 };
	const char *xml =
	    arena_printf(&a, "%s%s%s%s", HEAD, marks[_i].metadata, SIZE, TAIL);

	ck_assert_msg(
	    vm_xml_read(&a, xml, &vm, &e) == 0, "%s: %s", marks[_i].what, e.text);
	ck_assert_msg(vm.marked == marks[_i].marked, "%s", marks[_i].what);
	ck_assert_str_eq(vm.uuid, "11111111-2222-3333-4444-555555555555");
	arena_done(&a);
}
END_TEST

START_TEST(interfaces_keep_their_order)
{
	static const char xml[] = HEAD SIZE
	    "<devices><interface type='network'><mac address='52:54:00:00:00:01'/>"
	    "<source network='default' bridge='virbr0'/><target dev='vnet7'/></interface>"
	    "<interface type='bridge'><mac address='52:54:00:00:00:02'/>"
	    "<source bridge='br0'/></interface>"
	    "<interface type='network'><mac address='nonsense'/>"
	    "<source network='lab'/></interface></devices>" TAIL;
	struct arena a = { 0 };
	struct error e = { "" };
	struct vm vm = { 0 };
	const struct vm_interface *nics;
	char mac[MAC_TEXT];

	ck_assert_msg(vm_xml_read(&a, xml, &vm, &e) == 0, "%s", e.text);
	ck_assert_uint_eq(vm.interfaces.count, 3);
	nics = vm.interfaces.items;
	ck_assert_str_eq(nics[0].network, "default");
	ck_assert_str_eq(nics[0].target, "vnet7");
	ck_assert_str_eq(mac_text(nics[0].mac, mac), "52:54:00:00:00:01");
	ck_assert_str_eq(nics[0].bridge, "virbr0");
	ck_assert_ptr_null(nics[1].network);
	ck_assert_str_eq(nics[1].bridge, "br0");
	ck_assert_str_eq(nics[2].network, "lab");
	ck_assert_ptr_null(nics[2].bridge);
	/* Bits in row order: network, bridge, mac. The bridge of a network is no key of
	 * the interface, and what is no address is not there. */
	ck_assert_uint_eq(nics[0].record.has, 5);
	ck_assert_uint_eq(nics[1].record.has, 6);
	ck_assert_uint_eq(nics[2].record.has, 1);
	arena_done(&a);
}
END_TEST

/* Writing */

static const struct host_facts q35 = {
	.kvm = true, .domain_type = "kvm", .machine = "q35", .arch = "x86_64"
};
static const struct host_facts plain = {
	.domain_type = "test", .machine = "", .arch = "i686"
};

static struct vm desired(struct arena *a)
{
	struct vm_interface *nic = arena_alloc(a, sizeof(*nic));
	struct vm vm = { .object = { .kind = &vm_kind, .name = "worker-1" },
		.domain = "k8s-worker-1",
		.vcpus = 2,
		.memory = (int64_t)4 << 30,
		.interfaces = { nic, 1 } };

	nic->network = "default";
	nic->mac = mac_derive("worker-1/0");
	return vm;
}

static void write_disk(struct arena *a, struct vm *vm, const char *path, const char *pool)
{
	vm->disk.path = path;
	vm->disk.pool = pool;
	vm->object.record.has |= field_bit(&vm_kind.fields, "disk");
	vm_disk_name(a, vm);
}

static const struct {
	const char *what;
	const char *path, *pool, *kernel, *cmdline, *type;
	const struct host_facts *host;
	const char *has[5];
	const char *lacks;
} written[] = {
	{ "a volume under KVM", NULL, "vms", NULL, NULL, "kvm", &q35,
	    { "<domain type=\"kvm\">", "machine=\"q35\"", "host-passthrough",
		"pool=\"vms\" volume=\"worker-1.qcow2\"", "type=\"qcow2\"" },
	    "<kernel>" },
	{ "emulated", NULL, "vms", NULL, NULL, "qemu", &q35,
	    { "<domain type=\"qemu\">", "<boot dev=\"hd\"/>", "<apic/>" },
	    "host-passthrough" },
	{ "the test driver", NULL, "vms", NULL, NULL, "test", &plain,
	    { "<domain type=\"test\">", "arch=\"i686\"" }, "machine=" },
	{ "a file, qcow2 by its name", "/a/b.qcow2", NULL, NULL, NULL, "kvm", &q35,
	    { "type=\"file\"", "file=\"/a/b.qcow2\"", "type=\"qcow2\"" }, "pool=" },
	{ "a file, raw otherwise", "/a/qcow2.img", NULL, NULL, NULL, "kvm", &q35,
	    { "type=\"raw\"" }, "qcow2\"/>" },
	{ "a block device", "/dev/vg/w1", NULL, NULL, NULL, "kvm", &q35,
	    { "type=\"block\"", "dev=\"/dev/vg/w1\"", "type=\"raw\"" }, "file=" },
	{ "a kernel and no disk", NULL, NULL, "/boot/vmlinuz", "console=ttyS0", "kvm",
	    &q35,
	    { "<kernel>/boot/vmlinuz</kernel>", "<cmdline>console=ttyS0</cmdline>" },
	    "<disk" },
	{ "XML's own characters are text", "/a/'\"<&>.img", NULL, "/k", "a=<b> & c",
	    "kvm", &q35, { "&lt;b&gt; &amp; c", "&lt;&amp;&gt;.img" }, "<b>" },
	{ "what every VM gets", NULL, "vms", NULL, NULL, "kvm", &q35,
	    { "org.qemu.guest_agent.0", "/dev/urandom", "<serial type=\"pty\">",
		"<on_crash>destroy</on_crash>",
		"owner:1\" name=\"worker-1\" uuid=\"" UUID "\"" },
	    "<seclabel" },
};

START_TEST(definitions_are_written)
{
	struct arena a = { 0 };
	struct error e = { "" };
	struct vm vm = desired(&a), back = { 0 };
	const char *xml;

	if (written[_i].path || written[_i].pool)
		write_disk(&a, &vm, written[_i].path, written[_i].pool);
	vm.boot.kernel = written[_i].kernel;
	vm.boot.cmdline = written[_i].cmdline;
	xml = vm_xml_define(&a, &vm, written[_i].type, UUID, NULL, written[_i].host, &e);
	ck_assert_msg(xml, "%s: %s", written[_i].what, e.text);
	for (size_t i = 0; i < 5 && written[_i].has[i]; i++)
		ck_assert_msg(strstr(xml, written[_i].has[i]), "%s: no %s in %s",
		    written[_i].what, written[_i].has[i], xml);
	ck_assert_msg(!strstr(xml, written[_i].lacks), "%s: %s in %s", written[_i].what,
	    written[_i].lacks, xml);

	ck_assert_msg(
	    vm_xml_read(&a, xml, &back, &e) == 0, "%s: %s", written[_i].what, e.text);
	ck_assert(back.memory == vm.memory && back.vcpus == vm.vcpus && back.marked);
	ck_assert(same(back.boot.kernel, vm.boot.kernel));
	ck_assert(same(back.boot.cmdline, vm.boot.cmdline));
	if (vm.disk.path)
		ck_assert_str_eq(back.disk.path, vm.disk.path);
	ck_assert_uint_eq(back.interfaces.count, 1);
	ck_assert(mac_equal(((struct vm_interface *)back.interfaces.items)->mac,
	    mac_derive("worker-1/0")));
	arena_done(&a);
}
END_TEST

/* The configuration lets none of these by; should one come all the same, nothing is sent.
 */
static const char *const hostile[] = { "a\001b", "a\033[31m", "\377\376", "a\303" };

START_TEST(a_bridge_of_the_host_is_written_and_read)
{
	struct arena a = { 0 };
	struct error e = { "" };
	struct vm vm = desired(&a), back = { 0 };
	struct vm_interface *nic = vm.interfaces.items;
	const char *xml;

	nic->network = NULL;
	nic->bridge = "br0";
	xml = vm_xml_define(&a, &vm, "kvm", UUID, NULL, &q35, &e);
	ck_assert_ptr_nonnull(xml);
	ck_assert_msg(strstr(xml, "<interface type=\"bridge\">") != NULL, "%s", xml);
	ck_assert_int_eq(vm_xml_read(&a, xml, &back, &e), 0);
	nic = back.interfaces.items;
	ck_assert_ptr_null(nic->network);
	ck_assert_str_eq(nic->bridge, "br0");
	arena_done(&a);
}
END_TEST

START_TEST(what_is_no_text_is_never_sent)
{
	struct arena a = { 0 };
	struct error e = { "" };
	struct vm vm = desired(&a);

	vm.domain = hostile[_i];
	ck_assert_ptr_null(vm_xml_define(&a, &vm, "kvm", UUID, NULL, &q35, &e));
	ck_assert(e.text[0]);
	arena_done(&a);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vm_xml");
	TCase *tests = tcase_create("vm_xml");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_loop_test(tests, sizes_are_read, 0, ROWS(sizes));
	tcase_add_loop_test(tests, nonsense_is_refused, 0, ROWS(refused));
	tcase_add_loop_test(tests, the_first_disk_is_read, 0, ROWS(disks));
	tcase_add_loop_test(tests, our_mark_is_known_by_its_namespace, 0, ROWS(marks));
	tcase_add_test(tests, interfaces_keep_their_order);
	tcase_add_loop_test(tests, definitions_are_written, 0, ROWS(written));
	tcase_add_test(tests, a_bridge_of_the_host_is_written_and_read);
	tcase_add_loop_test(tests, what_is_no_text_is_never_sent, 0, ROWS(hostile));
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
