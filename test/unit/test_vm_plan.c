/* SPDX-License-Identifier: MIT */
/* Unit tests of vm_plan: domains adopted, made, and left alone. */
#include "lib/kind/volume/storage.h"
#include "test/unit/vm_scene.h"
#include "lib/kind/actions.h"
#include "lib/kind/vm/vm.h"
#include "lib/plan/item.h"

#define DISK "<devices><disk><source file='/d.qcow2'/></disk></devices>"
#define SEEDED                                                                           \
	"<devices><disk><source file='/seed.img'/><target dev='sda'/></disk>"            \
	"<disk><source file='/d.qcow2'/><target dev='vda'/><boot order='1'/></disk>"     \
	"</devices>"
#define NETDISK                                                                          \
	"<devices><disk type='network'><source protocol='rbd' name='vms/w'><host "       \
	"name='h' port='6789'/></source></disk></devices>"

#define NIC_1                                                                            \
	"<interface type='network'><mac address='52:54:00:00:00:01'/><source "           \
	"network='default'/></interface>"
#define NIC_2                                                                            \
	"<interface type='bridge'><mac address='52:54:00:00:00:02'/><source "            \
	"bridge='br0'/></interface>"
/* The MAC address of the first interface of "w". */
#define DERIVED_0                                                                        \
	"<devices><interface type='network'><mac address='52:54:00:8f:5b:56'/><source "  \
	"network='default'/></interface></devices>"
#define BALLOON "<currentMemory unit='KiB'>524288</currentMemory>"

static const struct {
	const char *what;
	const char *keys;
	const char *live, *config; /* inside <domain> */
	bool autostart;		   /* observed */
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
	{ "memory a balloon took", "memory: 1GiB", SIZE BALLOON, SIZE, false,
	    VERDICT_PENDING, "give domain w memory 1GiB while it runs", "", NULL, 1 },
	{ "memory a balloon takes from the start", "memory: 1GiB", SIZE BALLOON,
	    SIZE BALLOON, false, VERDICT_PENDING,
	    "set memory 1GiB of domain w; give domain w memory 1GiB while it runs", "",
	    NULL, 1 },
	{ "what a balloon leaves is what it has", "memory: 512MiB", SIZE BALLOON,
	    SIZE BALLOON, false, VERDICT_CONVERGED, "", "", NULL, 0 },
	{ "memory is not taken from what runs", "memory: 512MiB", SIZE,
	    "<memory>524288</memory><vcpu>2</vcpu>", false, VERDICT_BLOCKED, "",
	    "restart vm/w, which has memory 1GiB instead of 512MiB", "NeedsRestart", 1 },
	{ "nor by a restart, where only the balloon gives it back", "memory: 512MiB",
	    SIZE, SIZE BALLOON, false, VERDICT_BLOCKED, "",
	    "`virsh setmem w 524288KiB --live` has its balloon driver", NULL, 1 },
	{ "no balloon, no memory while it runs", "memory: 1GiB",
	    SIZE BALLOON "<devices><memballoon model='none'/></devices>", SIZE, false,
	    VERDICT_BLOCKED, "", "restart vm/w, which has memory 512MiB instead of 1GiB",
	    "NeedsRestart", 1 },
	{ "vcpus within what it was started with", "vcpus: 4",
	    "<memory>1</memory><vcpu current='2'>4</vcpu>",
	    "<memory>1</memory><vcpu current='2'>4</vcpu>", false, VERDICT_PENDING,
	    "set vcpus 4 of domain w; give domain w vcpus 4 while it runs", "", NULL, 1 },
	{ "more vcpus than it was started with", "vcpus: 5",
	    "<memory>1</memory><vcpu current='2'>4</vcpu>",
	    "<memory>1</memory><vcpu>5</vcpu>", false, VERDICT_BLOCKED, "",
	    "restart vm/w, which has vcpus 2 instead of 5", "NeedsRestart", 1 },
	{ "vcpus are not taken from what runs", "vcpus: 1",
	    "<memory>1</memory><vcpu current='2'>4</vcpu>",
	    "<memory>1</memory><vcpu current='1'>4</vcpu>", false, VERDICT_BLOCKED, "",
	    "restart vm/w, which has vcpus 2 instead of 1", "NeedsRestart", 1 },
	{ "memory", "memory: 2GiB", SIZE, SIZE, false, VERDICT_PENDING,
	    "set memory 2GiB of domain w", "", NULL, 1 },
	{ "memory and vcpus in one step", "memory: 2GiB, vcpus: 4", SIZE, SIZE, false,
	    VERDICT_PENDING, "set vcpus 4, memory 2GiB of domain w", "", NULL, 2 },
	{ "stored, but not yet in force", "vcpus: 1",
	    "<memory>1024</memory><vcpu>2</vcpu>", SIZE, false, VERDICT_BLOCKED, "",
	    "restart vm/w, which has vcpus 2 instead of 1", "NeedsRestart", 1 },
	{ "one is stored, the other is not in force", "vcpus: 1, memory: 2GiB",
	    "<memory>1048576</memory><vcpu>2</vcpu>", SIZE, false, VERDICT_BLOCKED,
	    "set memory 2GiB of domain w", "restart vm/w, which has vcpus 2 instead of 1",
	    "NeedsRestart", 1 },
	{ "stored otherwise, in force", "vcpus: 2", "<memory>1024</memory><vcpu>2</vcpu>",
	    SIZE, false, VERDICT_PENDING, "set vcpus 2 of domain w", "", NULL, 1 },
	{ "what nobody wrote may run otherwise", "memory: 1GiB",
	    "<memory>1048576</memory><vcpu>2</vcpu>", SIZE, false, VERDICT_CONVERGED, "",
	    "", NULL, 0 },
	{ "its kernel", "boot: {kernel: /k2}", SIZE, SIZE "<os><kernel>/k1</kernel></os>",
	    false, VERDICT_PENDING, "set boot.kernel /k2 of domain w", "", NULL, 1 },
	{ "its MAC", "interfaces: [{mac: '52:54:00:00:00:02'}]", ON_NETWORK, ON_NETWORK,
	    false, VERDICT_PENDING, "set interfaces[0].mac 52:54:00:00:00:02 of domain w",
	    "", NULL, 1 },
	{ "an interface too many", "interfaces: []", ON_NETWORK, ON_NETWORK, false,
	    VERDICT_BLOCKED, "",
	    "waits for approval: detach interface 52:54:00:00:00:01 in network default "
	    "from domain w (live and stored): cuts off vm/w from network default",
	    NULL, 1 },
	{ "an interface too few", "interfaces: [{network: default}]", SIZE, SIZE, false,
	    VERDICT_PENDING,
	    "attach interface 52:54:00:8f:5b:56 in network default to domain w "
	    "(live and stored)",
	    "", NULL, 1 },
	{ "one that is stored comes with its MAC",
	    "interfaces: [{network: default}, {bridge: br0}]",
	    SIZE "<devices>" NIC_1 "</devices>",
	    SIZE "<devices>" NIC_1 NIC_2 "</devices>", false, VERDICT_PENDING,
	    "attach interface 52:54:00:00:00:02 in bridge br0 to domain w (live)", "",
	    NULL, 1 },
	{ "one more before it: it keeps its MAC",
	    "interfaces: [{bridge: br0}, {network: default}]", SIZE DERIVED_0,
	    SIZE DERIVED_0, false, VERDICT_PENDING,
	    "attach interface 52:54:00:8e:5d:19 in bridge br0 to domain w (live and "
	    "stored)",
	    "", NULL, 1 },
	{ "the order of two says nothing",
	    "interfaces: [{bridge: br0}, {network: default}]",
	    SIZE "<devices>" NIC_1 NIC_2 "</devices>",
	    SIZE "<devices>" NIC_1 NIC_2 "</devices>", false, VERDICT_CONVERGED, "", "",
	    NULL, 0 },
	{ "its type", "type: qemu", SIZE, SIZE, false, VERDICT_PENDING,
	    "set type qemu of domain w", "", NULL, 1 },
	{ "a CD with the file is not the disk", "disk: {path: /d.qcow2}",
	    SIZE
	    "<devices><disk device='cdrom'><source file='/d.qcow2'/></disk></devices>",
	    SIZE
	    "<devices><disk device='cdrom'><source file='/d.qcow2'/></disk></devices>",
	    false, VERDICT_BLOCKED, "", "has disk none instead of /d.qcow2", NULL, 1 },
	{ "another disk is reported, never put back", "disk: {path: /e.qcow2}", SIZE DISK,
	    SIZE DISK, false, VERDICT_BLOCKED, "",
	    "has disk /d.qcow2 instead of /e.qcow2", NULL, 1 },
	{ "a seed image before the disk", "disk: {path: /d.qcow2}", SIZE SEEDED,
	    SIZE SEEDED, false, VERDICT_CONVERGED, "", "", NULL, 0 },
	{ "a volume by its file", "disk: {}",
	    SIZE "<devices><disk><source file='" IMAGES "/w.qcow2'/></disk></devices>",
	    SIZE "<devices><disk><source file='" IMAGES "/w.qcow2'/></disk></devices>",
	    false, VERDICT_CONVERGED, "", "", NULL, 0 },
	{ "a file of that name elsewhere", "disk: {}",
	    SIZE "<devices><disk><source file='/p/w.qcow2'/></disk></devices>",
	    SIZE "<devices><disk><source file='/p/w.qcow2'/></disk></devices>", false,
	    VERDICT_BLOCKED, "", "has disk /p/w.qcow2 instead of volume w.qcow2", NULL,
	    1 },
	{ "the disk it was started with", "disk: {path: /e.qcow2}", SIZE DISK,
	    SIZE "<devices><disk><source file='/e.qcow2'/></disk></devices>", false,
	    VERDICT_BLOCKED, "", "it is not restarted for that", NULL, 1 },
	{ "no restart for memory either would keep its disk",
	    "disk: {path: /e.qcow2}, memory: 1GiB",
	    "<memory>2097152</memory><vcpu>1</vcpu>" DISK,
	    SIZE "<devices><disk><source file='/e.qcow2'/></disk></devices>", false,
	    VERDICT_BLOCKED, "", "it is not restarted for that", NULL, 2 },
	{ "a disk on the network is another one", "disk: {path: /d.qcow2}", SIZE NETDISK,
	    SIZE NETDISK, false, VERDICT_BLOCKED, "", "has disk rbd vms/w h:6789", NULL,
	    1 },
	{ "another volume", "disk: {}",
	    SIZE
	    "<devices><disk><source pool='default' volume='v.qcow2'/></disk></devices>",
	    SIZE
	    "<devices><disk><source pool='default' volume='v.qcow2'/></disk></devices>",
	    false, VERDICT_BLOCKED, "",
	    "has disk volume v.qcow2 of pool default instead of volume w.qcow2", NULL,
	    1 },
	{ "no disk", "disk: {}", SIZE, SIZE, false, VERDICT_BLOCKED, "",
	    "has disk none instead of", NULL, 1 },
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
	    SIZE, SIZE, false, VERDICT_PENDING,
	    "set memory 2GiB of domain w; start domain w when the host boots", "", NULL,
	    1 },
	{ "a stopped one has its memory before it starts", "memory: 2GiB", NULL, SIZE,
	    false, VERDICT_PENDING, "set memory 2GiB of domain w; start domain w",
	    "to be started", NULL, 2 },
	{ "a transient one cannot start with the host", "autostart: true", SIZE, NULL,
	    false, VERDICT_BLOCKED, "", "vanishes when it stops", "TransientDomain", 1 },
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
	ck_assert_msg(strcmp(running_text(&a, s.item), adopted[_i].steps) == 0, "%s: %s",
	    adopted[_i].what, running_text(&a, s.item));
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

START_TEST(a_host_not_yet_known_makes_no_difference)
{
	struct domain_facts facts = RUNNING;

	for (int known = 0; known < 2; known++) {
		struct scene s;

		scene_begin(&s, NETWORK "vms: {w: {type: kvm}}", NULL);
		if (!known)
			see_host(&s, NULL);
		see_domain(&s, "w", &facts, SIZE, SIZE);
		scene_plan(&s);
		ck_assert_msg(s.item->verdict == VERDICT_CONVERGED, "%s", s.item->reason);
		ck_assert_uint_eq(s.plan->finding_count, 0);
		scene_end(&s);
	}
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
	ck_assert_str_eq(running_text(&a, s.item), "start domain w when the host boots");
	ck_assert_str_eq(
	    steps_text(&a, s.item), "start domain w when the host boots; start domain w");
	ck_assert(strstr(s.item->programs[1]->why, "waits for network/default"));
	scene_end(&s);
	arena_done(&a);
}
END_TEST

#define WHOLE "vcpus: 2, memory: 4GiB, disk: {path: /w.qcow2}"

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
	    "define domain w; start domain w", "to be defined", NULL },
	{ "with autostart", NETWORK "vms: {w: {" WHOLE ", autostart: true}}", true, "kvm",
	    VERDICT_PENDING,
	    "define domain w; start domain w when the host boots; start domain w",
	    "to be defined", NULL },
	{ "to be stopped", NETWORK "vms: {w: {" WHOLE ", state: stopped}}", true, "kvm",
	    VERDICT_PENDING, "define domain w", "to be defined", NULL },
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
	    "qemu", VERDICT_BLOCKED, "", "write `type: auto`", "kvm-unavailable" },
	{ "auto takes what there is, and says so", NETWORK "vms: {w: {" WHOLE "}}", true,
	    "qemu", VERDICT_PENDING, "define domain w; start domain w", "",
	    "kvm-unavailable" },
	{ "the test driver", NETWORK "vms: {w: {" WHOLE ", type: kvm}}", true, "test",
	    VERDICT_PENDING, "define domain w; start domain w", "", NULL },
};

/* In its reason, or in what one of its programs waits for. */
static bool says(const struct item *item, const char *text)
{
	for (size_t i = 0; i < item->program_count; i++)
		if (item->programs[i]->why && strstr(item->programs[i]->why, text))
			return true;
	return strstr(item->reason, text);
}

/* The document of the first step, as it would be sent. */
static void check_definition(struct scene *s, const char *what, const char *type)
{
	const struct step *step = s->item->programs[0]->steps[0];
	struct arena a = { 0 };
	struct planner p = { .arena = &a, .input = &s->input };
	const char *begin = arena_printf(&a, "<domain type=\"%s\">", type), *document;
	struct error e = { "" };

	ck_assert_msg(step->action == &domain_define_action, "%s", what);
	document = step->action->render(&p, step, &e);
	ck_assert_msg(document && strstr(document, begin), "%s: %s%s", what,
	    document ? document : "", e.text);
	arena_done(&a);
}

START_TEST(an_absent_domain_is_made)
{
	struct arena a = { 0 };
	const char *type = absent[_i].host_type;
	struct scene s;

	scene_begin(&s, absent[_i].yaml, NULL);
	see_host(&s, type);
	if (absent[_i].network)
		see_network(&s, "default", true, "");
	scene_plan(&s);
	ck_assert_msg(s.item->verdict == absent[_i].verdict, "%s: %s: %s",
	    absent[_i].what, verdict_text(s.item->verdict), s.item->reason);
	ck_assert_msg(strcmp(running_text(&a, s.item), absent[_i].steps) == 0, "%s: %s",
	    absent[_i].what, running_text(&a, s.item));
	ck_assert_msg(
	    says(s.item, absent[_i].says), "%s: %s", absent[_i].what, s.item->reason);
	ck_assert_msg(absent[_i].finding
			  ? s.plan->finding_count == 1 &&
				strcmp(s.plan->findings[0].id, absent[_i].finding) == 0
			  : s.plan->finding_count == 0,
	    "%s: findings", absent[_i].what);
	if (s.item->program_count)
		check_definition(&s, absent[_i].what, type);
	scene_end(&s);
	arena_done(&a);
}
END_TEST

/* P9: what is foreign is not even shown; what was owned is reported and left alone. */
START_TEST(an_unwritten_domain_is_left_alone)
{
	struct domain_facts facts = DOWN(3);
	const struct item *item;
	struct scene s;

	scene_begin(&s, NETWORK, NULL);
	see_domain(&s, "foreign", &facts, NULL, SIZE);
	see_domain(&s, "w", &facts, NULL, SIZE);
	scene_plan(&s);
	ck_assert_ptr_null(plan_find(s.plan, &vm_kind, "foreign"));
	item = plan_find(s.plan, &vm_kind, "w");
	ck_assert_ptr_nonnull(item);
	ck_assert_int_eq(item->verdict, VERDICT_CONVERGED);
	ck_assert_uint_eq(item->program_count, 0);
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

/* Between the two events of a rename it is nowhere. */
START_TEST(a_domain_that_has_just_gone_is_waited_for)
{
	struct arena a = { 0 };
	struct scene s;

	for (int64_t ago = 0; ago <= 2000; ago += 2000) {
		scene_begin(&s, NETWORK "vms: {w: {" WHOLE "}}", NULL);
		see_network(&s, "default", true, "");
		((struct vm_record *)state_of(&s)->own)->gone_at.ms = NOW - ago;
		scene_plan(&s);
		ck_assert_int_eq(s.item->verdict, VERDICT_PENDING);
		ck_assert_str_eq(running_text(&a, s.item),
		    ago ? "define domain w; start domain w" : "");
		ck_assert(
		    ago || strstr(s.item->reason, "may be back under another name"));
		ck_assert(ago || s.plan->next.ms == NOW + 2000);
		scene_end(&s);
	}
	arena_done(&a);
}
END_TEST

/* A step under way defines what was written before, which may be the same machine. */
START_TEST(a_vm_written_otherwise_meanwhile_is_waited_for)
{
	struct arena a = { 0 };
	struct scene s;

	for (int stopped = 0; stopped < 2; stopped++)
		for (int busy = 0; busy < 2; busy++) {
			struct domain_facts facts = {
				.id = -1, .state = 5, .persistent = true
			};
			struct object_state *old;

			scene_begin(
			    &s, NETWORK "vms: {w: {" WHOLE ", state: running}}", NULL);
			see_network(&s, "default", true, "");
			if (stopped)
				see_domain(&s, "w", &facts, NULL,
				    "<memory>4194304</memory><vcpu>2</vcpu>");
			old = state_get(&s.state, &vm_kind, "old");
			old->busy = busy;
			((struct vm_record *)old->own)->unsettled = true;
			scene_plan(&s);
			ck_assert_str_eq(running_text(&a, s.item),
			    busy      ? ""
			    : stopped ? "start domain w"
				      : "define domain w; start domain w");
			ck_assert(!busy || strstr(s.item->reason, "waits for vm/old"));
			scene_end(&s);
		}
	arena_done(&a);
}
END_TEST

static void see_storage(struct scene *s)
{
	struct storage_facts facts = { .active = true };
	struct reading reading = { .name = "default",
		.config_xml = "<pool type='dir'><name>default</name><target>"
			      "<path>/p</path></target></pool>",
		.facts = &facts };
	struct observed *observed = observed_new(&storage_kind, "default");

	ck_assert_int_eq(storage_kind.decode(observed, &reading, NULL), 0);
	observed->presence = PRESENT;
	observations_put(&s->observed, observed);
}

/* It was there when the definition was planned, and has vanished since. */
START_TEST(a_disk_is_not_made_while_its_domain_is_defined)
{
	struct arena a = { 0 };
	struct scene s;

	for (int busy = 0; busy < 2; busy++) {
		const struct item *disk;

		scene_begin(&s,
		    NETWORK "vms: {w: {vcpus: 1, memory: 1GiB, disk: {size: 1GiB}}}",
		    NULL);
		see_network(&s, "default", true, "");
		see_storage(&s);
		state_of(&s)->busy = busy;
		scene_plan(&s);
		disk = plan_find(s.plan, &volume_kind, "default/w.qcow2");
		ck_assert_str_eq(running_text(&a, disk),
		    busy ? "" : "make volume w.qcow2 in storage pool default");
		ck_assert(!busy || strstr(disk->reason, "vm/w that is under way"));
		scene_end(&s);
	}
	arena_done(&a);
}
END_TEST

START_TEST(what_was_stored_is_stored_again)
{
	struct domain_facts facts = RUNNING;
	struct arena a = { 0 };
	struct scene s;

	facts.persistent = false;
	scene_begin(&s, NETWORK "vms: {w: {}}", NULL);
	see_domain(&s, "w", &facts, SIZE, NULL);
	((struct vm_record *)state_of(&s)->own)->stored = true;
	scene_plan(&s);
	ck_assert_str_eq(
	    running_text(&a, s.item), "store the definition of domain w again");
	ck_assert_int_eq(s.item->verdict, VERDICT_PENDING);
	ck_assert(strstr(s.item->reason, "it was undefined while it runs"));
	scene_end(&s);
	arena_done(&a);
}
END_TEST

/* Who was asked to go down counts until it is down, after a restart too. */
START_TEST(a_shutdown_waits_for_a_disk_that_remembers_it)
{
	static const char *const names[] = { "a", "b", "c", "w" };
	struct domain_facts facts = RUNNING;
	struct scene s;

	scene_begin(&s, NETWORK "vms: {a: {}, b: {}, c: {}, w: {state: stopped}}", NULL);
	see_network(&s, "default", true, "");
	for (size_t i = 0; i < 4; i++)
		see_domain(&s, names[i], &facts, SIZE, NULL);
	s.unsaved = "No space left on device";
	scene_plan(&s);
	ck_assert_int_eq(s.item->verdict, VERDICT_BLOCKED);
	ck_assert(strstr(s.item->reason, "must be remembered until it is heeded"));
	s.unsaved = NULL;
	scene_plan(&s);
	ck_assert_int_eq(s.item->verdict, VERDICT_PENDING);
	scene_end(&s);
}
END_TEST

/* What was tried in vain takes a restart; another start, or another wish, is tried anew. */
START_TEST(what_a_guest_does_not_take_needs_a_restart)
{
	static const struct {
		const char *what;
		struct vm_record record;
		const char *steps, *condition;
		enum verdict verdict;
	} cases[] = {
		{ "not tried", { .resized_id = 0 },
		    "give domain w memory 1GiB while it runs", NULL, VERDICT_PENDING },
		{ "just given",
		    { .resized_id = 1, .resized_memory = 1 << 30, .resized_at = { NOW } },
		    "", NULL, VERDICT_PENDING },
		{ "given long ago",
		    { .resized_id = 1,
			.resized_memory = 1 << 30,
			.resized_at = { NOW - 10000 } },
		    "", "NeedsRestart", VERDICT_BLOCKED },
		{ "refused once", { .failed_id = 1, .live_failures = 1 },
		    "give domain w memory 1GiB while it runs", NULL, VERDICT_PENDING },
		{ "refused again and again", { .failed_id = 1, .live_failures = 3 }, "",
		    "NeedsRestart", VERDICT_BLOCKED },
		{ "refused before it was started again",
		    { .failed_id = 7, .live_failures = 3 },
		    "give domain w memory 1GiB while it runs", NULL, VERDICT_PENDING },
		{ "of an earlier start", { .resized_id = 7, .resized_memory = 1 << 30 },
		    "give domain w memory 1GiB while it runs", NULL, VERDICT_PENDING },
		{ "another size", { .resized_id = 1, .resized_memory = 1 << 29 },
		    "give domain w memory 1GiB while it runs", NULL, VERDICT_PENDING },
	};
	struct domain_facts facts = RUNNING;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena a = { 0 };
		struct vm_record *record;
		struct scene s;

		scene_begin(&s, NETWORK "vms: {w: {memory: 1GiB}}", NULL);
		see_domain(&s, "w", &facts, SIZE BALLOON, SIZE);
		record = state_of(&s)->own;
		record->resized_id = cases[i].record.resized_id;
		record->resized_memory = cases[i].record.resized_memory;
		record->resized_at = cases[i].record.resized_at;
		record->failed_id = cases[i].record.failed_id;
		record->live_failures = cases[i].record.live_failures;
		scene_plan(&s);
		ck_assert_msg(strcmp(running_text(&a, s.item), cases[i].steps) == 0,
		    "%s: %s", cases[i].what, running_text(&a, s.item));
		ck_assert_msg(s.item->verdict == cases[i].verdict, "%s: %s",
		    cases[i].what, s.item->reason);
		ck_assert_msg(
		    has_condition(s.item, "NeedsRestart") == (cases[i].condition != NULL),
		    "%s", cases[i].what);
		scene_end(&s);
		arena_done(&a);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vm_plan");
	TCase *tests = tcase_create("vm_plan");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_loop_test(tests, an_existing_domain_is_adopted, 0, ROWS(adopted));
	tcase_add_test(tests, a_host_not_yet_known_makes_no_difference);
	tcase_add_test(tests, autostart_does_not_wait_for_a_start);
	tcase_add_test(tests, what_a_guest_does_not_take_needs_a_restart);
	tcase_add_loop_test(tests, an_absent_domain_is_made, 0, ROWS(absent));
	tcase_add_test(tests, an_unwritten_domain_is_left_alone);
	tcase_add_test(tests, a_domain_of_another_name_is_found);
	tcase_add_test(tests, a_domain_that_has_just_gone_is_waited_for);
	tcase_add_test(tests, a_vm_written_otherwise_meanwhile_is_waited_for);
	tcase_add_test(tests, a_disk_is_not_made_while_its_domain_is_defined);
	tcase_add_test(tests, what_was_stored_is_stored_again);
	tcase_add_test(tests, a_shutdown_waits_for_a_disk_that_remembers_it);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
