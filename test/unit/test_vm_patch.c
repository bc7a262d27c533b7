/* SPDX-License-Identifier: MIT */
/* Unit tests of vm_patch: what is edited, and that nothing else is. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/kind/vm/vm_patch.h"

#include <check.h> /* last: it defines the word fail */

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))
#define GIB ((int64_t)1 << 30)

#define HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
#define FOREIGN                                                                          \
	"<metadata><x:note xmlns:x=\"urn:x\" a=\"1\">a &amp; b</x:note></metadata>"
#define REST                                                                             \
	"<devices><interface type=\"network\"><mac address=\"52:54:00:00:00:0a\"/>"      \
	"<address type=\"pci\" bus=\"0x01\"/></interface><odd/></devices>"

#define TYPE(machine) "<type machine=\"" machine "\">hvm</type>"
#define DISK(name, boot)                                                                 \
	"<disk device=\"disk\"><source file=\"/" name "\"/>" boot "</disk>"
#define CD(boot) "<disk device=\"cdrom\"><source file=\"/cd\"/>" boot "</disk>"
#define NIC(boot)                                                                        \
	"<interface type=\"network\"><source network=\"n\"/>" boot "</interface>"

static const char *const network_disk[] = { "network", "disk" };

#define MAC(last)                                                                        \
	{                                                                                \
		{                                                                        \
			0x52, 0x54, 0, 0, 0, last                                        \
		}                                                                        \
	}
#define PLUG(source, type, mac)                                                          \
	"<interface type=\"" type "\"><mac address=\"52:54:00:00:00:" mac "\"/>" source  \
	"<model type=\"e1000\"/><address type=\"pci\" bus=\"0x01\"/></interface>"
#define NICS(nics) "<devices>" nics "</devices>"
#define PATCH(...)                                                                       \
	{                                                                                \
		.nics = (const struct nic_patch[]){ __VA_ARGS__ },                       \
		.nic_count = sizeof((const struct nic_patch[]){ __VA_ARGS__ }) /         \
			     sizeof(struct nic_patch)                                    \
	}

static const struct {
	const char *what;
	const char *before; /* inside <domain type="kvm"> */
	struct domain_patch patch;
	const char *after; /* NULL: cannot be */
	const char *says;
	const char *type; /* afterwards; NULL: kvm */
} rows[] = {
	{ "nothing", "<vcpu>1</vcpu>" REST, { 0 }, "<vcpu>1</vcpu>" REST, "", NULL },
	{ "vcpus", FOREIGN "<vcpu placement=\"static\">1</vcpu>" REST, { .vcpus = 4 },
	    FOREIGN "<vcpu placement=\"static\">4</vcpu>" REST, "", NULL },
	{ "vcpus as they are", "<vcpu>4</vcpu>", { .vcpus = 4 }, "<vcpu>4</vcpu>", "",
	    NULL },
	{ "vcpus of more that there may be", "<vcpu current=\"2\">8</vcpu>",
	    { .vcpus = 4 }, "<vcpu current=\"4\">8</vcpu>", "", NULL },
	{ "more vcpus than there may be", "<vcpu current=\"2\">8</vcpu>", { .vcpus = 9 },
	    "<vcpu>9</vcpu>", "", NULL },
	{ "sockets follow",
	    "<vcpu>4</vcpu><cpu><topology sockets=\"2\" cores=\"2\" threads=\"1\"/></cpu>",
	    { .vcpus = 6 },
	    "<vcpu>6</vcpu><cpu><topology sockets=\"3\" cores=\"2\" threads=\"1\"/></cpu>",
	    "", NULL },
	{ "cores follow where sockets cannot",
	    "<vcpu>4</vcpu><cpu><topology sockets=\"1\" cores=\"4\" threads=\"1\"/></cpu>",
	    { .vcpus = 6 },
	    "<vcpu>6</vcpu><cpu><topology sockets=\"1\" cores=\"6\" threads=\"1\"/></cpu>",
	    "", NULL },
	{ "no topology fits",
	    "<vcpu>4</vcpu><cpu><topology sockets=\"1\" cores=\"2\" threads=\"2\"/></cpu>",
	    { .vcpus = 5 }, NULL, "do not fit its CPU topology", NULL },
	{ "memory", "<memory unit=\"KiB\">1048576</memory>" REST, { .memory = 2 * GIB },
	    "<memory unit=\"KiB\">2097152</memory>" REST, "", NULL },
	{ "memory in another unit, with its balloon",
	    "<memory unit=\"GiB\">1</memory><currentMemory unit=\"GiB\">1</currentMemory>",
	    { .memory = 2 * GIB },
	    "<memory unit=\"KiB\">2097152</memory>"
	    "<currentMemory unit=\"KiB\">2097152</currentMemory>",
	    "", NULL },
	{ "memory within what it may have",
	    "<memory unit=\"KiB\">4194304</memory>"
	    "<currentMemory unit=\"KiB\">1048576</currentMemory>",
	    { .memory = 2 * GIB },
	    "<memory unit=\"KiB\">4194304</memory>"
	    "<currentMemory unit=\"KiB\">2097152</currentMemory>",
	    "", NULL },
	{ "memory of NUMA cells",
	    "<memory>1048576</memory><cpu><numa><cell memory=\"1\"/></numa></cpu>",
	    { .memory = 2 * GIB }, NULL, "NUMA cells", NULL },
	{ "an interface's MAC",
	    NICS(PLUG("<source network=\"a\" portgroup=\"x\"/>", "network", "0a")),
	    PATCH({ .now = MAC(10), .sets_mac = true, .mac = MAC(11) }),
	    NICS(PLUG("<source network=\"a\" portgroup=\"x\"/>", "network", "0b")), "",
	    NULL },
	{ "its network, and what belonged to the one before",
	    NICS(PLUG("<source network=\"a\" portgroup=\"x\"/>", "network", "0a")),
	    PATCH({ .now = MAC(10), .network = "b" }),
	    NICS(PLUG("<source network=\"b\"/>", "network", "0a")), "", NULL },
	{ "a bridge instead", NICS(PLUG("<source network=\"a\"/>", "network", "0a")),
	    PATCH({ .now = MAC(10), .bridge = "br0" }),
	    NICS(PLUG("<source bridge=\"br0\"/>", "bridge", "0a")), "", NULL },
	{ "two that swap their MACs",
	    NICS(PLUG("<source network=\"a\"/>", "network", "0a")
		    PLUG("<source network=\"b\"/>", "network", "0b")),
	    PATCH({ .now = MAC(10), .sets_mac = true, .mac = MAC(11) },
		{ .now = MAC(11), .sets_mac = true, .mac = MAC(10) }),
	    NICS(PLUG("<source network=\"a\"/>", "network", "0b")
		    PLUG("<source network=\"b\"/>", "network", "0a")),
	    "", NULL },
	{ "an interface that is gone",
	    NICS(PLUG("<source network=\"a\"/>", "network", "0a")),
	    PATCH({ .now = MAC(12), .network = "b" }), NULL,
	    "no interface 52:54:00:00:00:0c", NULL },
	{ "its kernel", "<os><type>hvm</type><kernel>/a</kernel></os>",
	    { .kernel = "/b", .cmdline = "a=<b>" },
	    "<os><type>hvm</type><kernel>/b</kernel><cmdline>a=&lt;b&gt;</cmdline></os>",
	    "", NULL },
	{ "emulated, without the CPU of the host",
	    "<cpu mode=\"host-passthrough\" check=\"none\"><topology sockets=\"1\"/>"
	    "<feature name=\"vmx\"/></cpu>",
	    { .type = "qemu" }, "<cpu><topology sockets=\"1\"/></cpu>", "", "qemu" },
	{ "a version of the machine",
	    "<os>" TYPE("pc-q35-6.2") "<boot dev=\"hd\"/></os>" REST,
	    { .machine = "pc-q35-7.2" },
	    "<os>" TYPE("pc-q35-7.2") "<boot dev=\"hd\"/></os>" REST, "", NULL },
	{ "the CPU of the host in place of a model",
	    "<cpu mode=\"custom\" match=\"exact\" check=\"none\">"
	    "<model fallback=\"forbid\">qemu64</model><vendor>AMD</vendor>"
	    "<topology sockets=\"1\" cores=\"2\"/><feature policy=\"disable\" name=\"vmx\"/>"
	    "<numa><cell id=\"0\"/></numa></cpu>" REST,
	    { .cpu = "host-passthrough" },
	    "<cpu mode=\"host-passthrough\">"
	    "<topology sockets=\"1\" cores=\"2\"/><feature policy=\"disable\" name=\"vmx\"/>"
	    "<numa><cell id=\"0\"/></numa></cpu>" REST,
	    "", NULL },
	{ "a model in place of the CPU of the host",
	    "<cpu mode=\"host-passthrough\" check=\"none\" migratable=\"on\">"
	    "<topology sockets=\"2\"/></cpu>",
	    { .cpu = "EPYC" },
	    "<cpu mode=\"custom\"><topology sockets=\"2\"/>"
	    "<model fallback=\"forbid\">EPYC</model></cpu>",
	    "", NULL },
	{ "another model, as strictly as before",
	    "<cpu mode=\"custom\" match=\"exact\" check=\"full\"><model>qemu64</model></cpu>",
	    { .cpu = "EPYC" },
	    "<cpu mode=\"custom\" match=\"exact\" check=\"full\">"
	    "<model fallback=\"forbid\">EPYC</model></cpu>",
	    "", NULL },
	{ "a CPU where none is said", "<vcpu>1</vcpu>", { .cpu = "maximum" },
	    "<vcpu>1</vcpu><cpu mode=\"maximum\"/>", "", NULL },
	{ "UEFI", "<os>" TYPE("q35") "</os>" REST, { .firmware = "uefi" },
	    "<os firmware=\"efi\">" TYPE("q35") "</os>" REST, "", NULL },
	{ "BIOS",
	    "<os firmware=\"efi\">" TYPE(
		"q35") "<firmware><feature enabled=\"no\" "
		       "name=\"secure-boot\"/></firmware><loader type=\"pflash\">/c</loader>"
		       "<nvram>/v</nvram><smbios mode=\"host\"/></os>",
	    { .firmware = "bios" }, "<os>" TYPE("q35") "<smbios mode=\"host\"/></os>", "",
	    NULL },
	{ "boot order in its one place",
	    "<os>" TYPE("q35") "<boot dev=\"hd\"/><bootmenu enable=\"yes\"/></os>" REST,
	    { .boot_order = { network_disk, 2 } },
	    "<os>" TYPE("q35") "<bootmenu enable=\"yes\"/><boot dev=\"network\"/>"
			       "<boot dev=\"hd\"/></os>" REST,
	    "", NULL },
	{ "boot order as it is, one disk said twice",
	    "<os><boot dev=\"network\"/><boot dev=\"hd\"/><boot dev=\"hd\"/></os>",
	    { .boot_order = { network_disk, 2 } },
	    "<os><boot dev=\"network\"/><boot dev=\"hd\"/><boot dev=\"hd\"/></os>", "",
	    NULL },
	{ "boot order at its devices",
	    "<os/><devices>" DISK("a", "<boot order=\"3\" loadparm=\"1\"/>")
		DISK("b", "<boot order=\"2\"/>") CD("<boot order=\"1\"/>") NIC("")
		    NIC("") "</devices>",
	    { .boot_order = { network_disk, 2 } },
	    "<os/><devices>" DISK("a", "<boot order=\"3\" loadparm=\"1\"/>")
		DISK("b", "<boot order=\"2\"/>") CD("") NIC("<boot order=\"1\"/>")
		    NIC("") "</devices>",
	    "", NULL },
	{ "boot order at its devices as it is, with gaps",
	    "<os/><devices>" DISK("a", "<boot order=\"9\"/>") NIC("<boot order=\"4\"/>")
		NIC("<boot order=\"2\"/>") "</devices>",
	    { .boot_order = { network_disk, 2 } },
	    "<os/><devices>" DISK("a", "<boot order=\"9\"/>") NIC("<boot order=\"4\"/>")
		NIC("<boot order=\"2\"/>") "</devices>",
	    "", NULL },
	{ "boot order of a device that it has not",
	    "<os/><devices>" DISK("a", "<boot order=\"1\"/>") "</devices>",
	    { .boot_order = { network_disk, 2 } }, NULL, "no network to boot from",
	    NULL },
	{ "boot order with a device of another sort",
	    "<os/><devices>" DISK("a", "<boot order=\"1\"/>")
		NIC("") "<hostdev><boot order=\"2\"/></hostdev></devices>",
	    { .boot_order = { network_disk, 2 } }, NULL, "has a hostdev in it", NULL },
	{ "emulated, with a CPU of its own", "<cpu mode=\"custom\"/>", { .type = "qemu" },
	    "<cpu mode=\"custom\"/>", "", "qemu" },
};

START_TEST(only_what_is_written_is_edited)
{
	struct arena a = { 0 };
	struct error e = { "" };
	const char *before =
	    arena_printf(&a, HEAD "<domain type=\"kvm\">%s</domain>\n", rows[_i].before);
	const char *after =
	    rows[_i].after ? arena_printf(&a, HEAD "<domain type=\"%s\">%s</domain>\n",
				 rows[_i].type ? rows[_i].type : "kvm", rows[_i].after)
			   : NULL;
	const char *got = vm_patch_apply(&a, before, &rows[_i].patch, &e);

	if (after)
		ck_assert_msg(got && strcmp(got, after) == 0, "%s: %s%s", rows[_i].what,
		    got ? got : "", e.text);
	else
		ck_assert_msg(!got, "%s: %s", rows[_i].what, got);
	ck_assert_msg(strstr(e.text, rows[_i].says), "%s: %s", rows[_i].what, e.text);
	/* What is so already is not stored anew. */
	ck_assert(!after || (got == before) == (strcmp(before, after) == 0));
	arena_done(&a);
}
END_TEST

START_TEST(another_document_has_another_version)
{
	ck_assert(vm_patch_version("<a/>") == vm_patch_version("<a/>"));
	ck_assert(vm_patch_version("<a/>") != vm_patch_version("<b/>"));
}
END_TEST

START_TEST(an_error_quotes_nothing)
{
	struct arena a = { 0 };
	struct error e = { "" };
	const struct domain_patch patch = { .vcpus = 1 };

	ck_assert_ptr_null(vm_patch_apply(&a, "<domain passwd='secret'", &patch, &e));
	ck_assert_ptr_null(strstr(e.text, "secret"));
	arena_done(&a);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vm_patch");
	TCase *tests = tcase_create("vm_patch");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_loop_test(tests, only_what_is_written_is_edited, 0, ROWS(rows));
	tcase_add_test(tests, another_document_has_another_version);
	tcase_add_test(tests, an_error_quotes_nothing);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
