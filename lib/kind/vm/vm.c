/* SPDX-License-Identifier: MIT */
/*
 * vm: a virtual machine, libvirt's domain. One that exists is adopted: what is not
 * written is not touched, and what differs and needs a restart is shown, not done. One
 * that does not is defined. What was observed is in vm_observe.c, power in vm_power.c, the
 * documents are in vm_xml.c.
 */
#include <string.h>

#include "lib/kind/kinds.h"
#include "lib/kind/sources.h"
#include "lib/kind/vm/vm.h"
#include "lib/kind/vm/vm_agent.h"
#include "lib/kind/vm/vm_host.h"
#include "lib/kind/vm/vm_list.h"
#include "lib/kind/vm/vm_observe.h"
#include "lib/kind/vm/vm_record.h"
#include "lib/kind/vm/vm_import.h"
#include "lib/kind/vm/vm_plan.h"
#include "lib/kind/vm/vm_claims.h"
#include "lib/kind/vm/vm_cloud_init.h"
#include "lib/kind/vm/vm_defaults.h"
#include "lib/kind/vm/vm_disk.h"
#include "lib/kind/vm/vm_fields.h"
#include "lib/kind/vm/vm_hardware.h"
#include "lib/kind/vm/vm_wish.h"
#include "lib/kind/vm/vm_xml.h"

static const char *const role_words[] = { "control-plane", "worker", "none", NULL };
static const char *const state_words[] = { "running", "stopped", NULL };
const char *const vm_power_words[] = { "always", "on-failure", "manual", NULL };
const char *const vm_type_words[] = { "auto", "kvm", "qemu", NULL };

static const struct hint role_hints[] = {
	{ "master", "write control-plane", false },
	{ "server", "write control-plane", false },
	{ "controlplane", "write control-plane", false },
	{ "control_plane", "write control-plane", false },
	{ "agent", "write worker", false },
	{ 0 },
};

static const struct hint state_hints[] = {
	{ "started", "write running", false },
	{ "up", "write running", false },
	{ "on", "write running", false },
	{ "true", "write running", false },
	{ "present", "write running", false },
	{ "down", "write stopped", false },
	{ "off", "write stopped", false },
	{ "false", "write stopped", false },
	{ "shutoff", "write stopped", false },
	{ "shut off", "write stopped", false },
	{ "halted", "write stopped", false },
	{ 0 },
};

#define POWER                                                                            \
	"power says what an unexpected stop means: write always, on-failure or manual; whether it is to run is written as \"state: running\" or \"state: stopped\""

const struct hint vm_power_hints[] = {
	{ "on", POWER, false },
	{ "off", POWER, false },
	{ "true", POWER, false },
	{ "yes", POWER, false },
	{ "false", POWER, false },
	{ "running", POWER, false },
	{ "stopped", POWER, false },
	{ "unless-stopped", "write always", false },
	{ "restart", "write always", false },
	{ "onfailure", "write on-failure", false },
	{ "on_failure", "write on-failure", false },
	{ "no", "write manual", false },
	{ "never", "write manual", false },
	{ 0 },
};

#define ADDRESS                                                                          \
	"the address of a VM is written in its network: \"static_ips: {worker-1: 192.168.122.11}\""
#define NICS "write \"interfaces: [{network: default}]\""
#define DISK "write \"disk: {size: 30GiB, image: noble-server-cloudimg-amd64.img}\""
#define MACHINES                                                                         \
	"write each machine under a name of its own, as in \"vms: {worker-1: {...}, worker-2: {...}}\""
#define USER_DATA "write \"cloud_init: {user_data: cloud-init/user-data.yaml}\""
#define RESTART "write \"power: always\", \"power: on-failure\" or \"power: manual\""

static const struct hint key_hints[] = {
	{ "cpus", "write \"vcpus: 2\"", false },
	{ "cores", "write \"vcpus: 2\"", false },
	{ "num_cpus", "write \"vcpus: 2\"", false },
	{ "ram", "write \"memory: 4GiB\"", false },
	{ "mem", "write \"memory: 4GiB\"", false },
	{ "memory_mb", "write \"memory: 4096MiB\"", false },
	{ "memory_mib", "write \"memory: 4096MiB\"", false },
	{ "ip", ADDRESS, false },
	{ "ips", ADDRESS, false },
	{ "address", ADDRESS, false },
	{ "addresses", ADDRESS, false },
	{ "static_ip", ADDRESS, false },
	{ "private_network", ADDRESS, false },
	{ "networks", NICS, false },
	{ "nic", NICS, false },
	{ "nics", NICS, false },
	{ "network_interface", NICS, false },
	{ "storage", DISK, false },
	{ "volumes", DISK, false },
	{ "box", DISK, false },
	{ "base_image", DISK, false },
	{ "count", MACHINES, false },
	{ "replicas", MACHINES, false },
	{ "userdata", USER_DATA, false },
	{ "machine_type", "write \"machine: q35\"", false },
	{ "chipset", "write \"machine: q35\"", false },
	{ "cpu_mode", "write \"cpu: host-passthrough\"", false },
	{ "cpu_model", "write \"cpu: EPYC\"", false },
	{ "uefi", "write \"firmware: uefi\"", false },
	{ "efi", "write \"firmware: uefi\"", false },
	{ "bios", "write \"firmware: bios\"", false },
	{ "loader", "write \"firmware: uefi\"", false },
	{ "boot_devices", "write \"boot_order: [disk, network]\"", false },
	{ "boot_dev", "write \"boot_order: [disk, network]\"", false },
	{ "running", "write \"state: running\" or \"state: stopped\"", false },
	{ "restart", RESTART, false },
	{ "restart_policy", RESTART, false },
	{ "onboot", "write \"autostart: true\"", false },
	{ "name",
	    "the key above it is its name; its name in libvirt is written as \"domain: k8s-worker-1\"",
	    false },
	{ 0 },
};

#define COMPOSE                                                                          \
	"this is Docker's format; virtual machines are written as in \"vms: {worker-1: {vcpus: 2, memory: 4GiB}}\""
#define TERRAFORM                                                                        \
	"this is Terraform's format; virtual machines are written as in \"vms: {worker-1: {vcpus: 2, memory: 4GiB}}\""

static const struct hint section_hints[] = {
	{ "services", COMPOSE, true },
	{ "version", NULL, false },
	{ "volumes", NULL, false },
	{ "resource", TERRAFORM, true },
	{ "provider", TERRAFORM, true },
	{ "virtual_machines", "write \"vms:\"", false },
	{ "machines", "write \"vms:\"", false },
	{ "domains", "write \"vms:\"", false },
	{ "nodes", "write \"vms:\"", false },
	{ "guests", "write \"vms:\"", false },
	{ "instances", "write \"vms:\"", false },
	{ 0 },
};

static const struct field boot_rows[] = {
	{ "kernel", FIELD_PATH, at(struct vm_boot, kernel), FIELD_NEEDED | FIELD_COMPARED,
	    .help = "A kernel on the host, booted without a boot loader.",
	    .example = "/var/lib/libvirt/boot/vmlinuz" },
	{ "initrd", FIELD_PATH, at(struct vm_boot, initrd), FIELD_COMPARED,
	    .help = "Its initial RAM disk.",
	    .example = "/var/lib/libvirt/boot/initrd.img" },
	{ "cmdline", FIELD_STRING, at(struct vm_boot, cmdline), FIELD_COMPARED,
	    .help = "Its command line.", .example = "console=ttyS0 root=/dev/vda1" },
	{ 0 },
};

static const struct fields boot_fields = { boot_rows, sizeof(struct vm_boot) };

#define VIRTIO "leave it out: it is a virtio one"
#define PLUG                                                                             \
	"an interface is in a network, \"network: default\", or on a bridge of the host, \"bridge: br0\""

static const struct hint interface_hints[] = {
	{ "ip", ADDRESS, false },
	{ "address", ADDRESS, false },
	{ "addresses", ADDRESS, false },
	{ "source", PLUG, false },
	{ "type", PLUG, false },
	{ "network_name", "write \"network: default\"", false },
	{ "mac_address", "write \"mac: \"52:54:00:12:34:56\"\"", false },
	{ "hwaddr", "write \"mac: \"52:54:00:12:34:56\"\"", false },
	{ "model", VIRTIO, false },
	{ 0 },
};

static const struct field interface_rows[] = {
	{ "network", FIELD_NAME, at(struct vm_interface, network), FIELD_COMPARED,
	    .help =
		"The libvirt network it is in; left out: the only one that is written.",
	    .example = "default" },
	{ "bridge", FIELD_DEVICE, at(struct vm_interface, bridge), FIELD_COMPARED,
	    .help =
		"Instead of a network: a bridge of the host, at most 15 characters, which homek8sd does not manage.",
	    .example = "br0" },
	{ "mac", FIELD_MAC, at(struct vm_interface, mac), FIELD_COMPARED,
	    .help =
		"Its MAC address; left out: one derived from the VM's name and the interface's place, the same for ever.",
	    .example = "\"52:54:00:12:34:56\"" },
	{ .hints = interface_hints },
};

const struct fields vm_interface_fields = { interface_rows, sizeof(struct vm_interface) };

static const struct field rows[] = {
	{ "domain", FIELD_STRING, at(struct vm, domain),
	    .help =
		"Its name in libvirt, as it is there: any text without a slash, of at most 251 bytes; left out: the VM's name.",
	    .example = "k8s-worker-1" },
	{ "role", FIELD_WORD, at(struct vm, role), .fallback = "none",
	    .words = role_words, .hints = role_hints,
	    .help = "What it is in the cluster.", .example = "worker" },
	{ "node", FIELD_HOSTNAME, at(struct vm, node),
	    .help =
		"Its name in the cluster; left out: the node with its system UUID, else its name, else its address.",
	    .example = "worker-1.home" },
	{ "vcpus", FIELD_INT, at(struct vm, vcpus), FIELD_COMPARED, VM_VCPUS_LIMITS,

	    .help =
		"Number of virtual processors. More of them come while it runs where its definition allows, else with its next start, as fewer do.",
	    .example = "2" },
	{ "memory", FIELD_SIZE, at(struct vm, memory), FIELD_COMPARED, VM_MEMORY_LIMITS,

	    .help =
		"Memory, rounded up to whole MiB. More of it comes while it runs where a balloon holds it back, else with its next start, as less does.",
	    .example = "4GiB" },
	{ "state", FIELD_WORD, at(struct vm, state), .fallback = "running",
	    .words = state_words, .hints = state_hints,
	    .help =
		"Whether it should run. Of a VM that was taken over and has neither state nor power written, it is left as it is.",
	    .example = "running" },
	{ "power", FIELD_WORD, at(struct vm, power), .fallback = "always",
	    .words = vm_power_words, .hints = vm_power_hints,
	    .help =
		"What an unexpected stop means. always: start it again; on-failure: only after a crash, a failed start or a restart of the host, not when its guest or another client stopped it; manual: never by itself. A VM that was taken over is left alone where neither state nor power is written.",
	    .example = "on-failure" },
	{ "type", FIELD_WORD, at(struct vm, type), .fallback = "auto",
	    .words = vm_type_words,
	    .help =
		"How a new domain is run: with KVM, by emulation (qemu), or the best the host can do.",
	    .example = "kvm" },
	{ "machine", FIELD_NAME, at(struct vm, machine),
	    .help =
		"Machine type: an alias (q35, pc), which every version of its family fits, or one version, from its next start on. Another family needs other buses, so a domain that exists is not given one.",
	    .example = "q35" },
	{ "cpu", FIELD_NAME, at(struct vm, cpu),
	    .help =
		"CPU that the guest has, from its next start on: host-passthrough (KVM only), host-model, maximum, or a model that libvirt offers on this host.",
	    .example = "host-passthrough" },
	{ "firmware", FIELD_WORD, at(struct vm, firmware), .words = vm_firmware_words,
	    .hints = vm_firmware_hints,
	    .help =
		"Firmware that boots the guest. Of a domain that exists it is changed once that is approved, for what is on its disk may boot with the other one only; NVRAM files are kept, and secure boot is left as it is.",
	    .example = "uefi" },
	{ "boot_order", FIELD_WORDS, at(struct vm, boot_order), .words = vm_boot_words,
	    .hints = vm_boot_hints,
	    .help =
		"What it boots from, in this order and from nothing else. It is set where the domain has it: in its <os>, or at its devices.",
	    .example = "[disk, network]" },
	{ "autostart", FIELD_BOOL, at(struct vm, autostart),
	    .help = "Whether libvirt starts it when the host boots.", .example = "true" },
	{ "disk", FIELD_GROUP, at(struct vm, disk), .group = &vm_disk_fields,
	    .help =
		"The disk of a new domain: path, or a volume in a pool, which is made where it is missing and its domain, too. An existing domain is given no other one." },
	{ "disks", FIELD_LIST, at(struct vm, more_disks), .group = &vm_more_disk_fields,
	    .help =
		"More disks, in order, each a file or device, or a volume of its own, which is made where it is missing and its domain has none of that name. Of an existing domain they are the whole list beside its first disk: a missing one is attached while it runs, or comes with its next start where that cannot be; one that is not written is detached once that is approved. Its file or volume is kept." },
	{ "cloud_init", FIELD_GROUP, at(struct vm, cloud_init),
	    .group = &vm_cloud_init_fields,
	    .help =
		"What the guest's cloud-init begins with, in a volume of its own beside the disk. A domain that homek8sd has defined gets what is written now at its next boot; one that others have defined is not given any." },
	{ "boot", FIELD_GROUP, at(struct vm, boot), FIELD_COMPARED, .group = &boot_fields,
	    .help =
		"Direct kernel boot; in which order it boots from its devices else is said by boot_order." },
	{ "interfaces",
	    FIELD_LIST, at(struct vm, interfaces), .group = &vm_interface_fields, .help = "Network interfaces, in order, each in a network or on a bridge; left out: one in the only network that is written. Of an existing domain they are the whole list: a missing one is attached while it runs, one of another network, bridge or MAC is changed with its next start, one that is not written is detached once that is approved." },
	{ .hints = key_hints },
};

static const struct section sections[] = {
	{ .path = "vms", .shape = SECTION_MAP },
};

/* Reading */

static bool has(const struct vm *vm, const char *key)
{
	return field_has(&vm_kind.fields, vm, key);
}

/* What libvirt takes: the name is that of a file of its own, with .xml added. */
#define DOMAIN_NAME_MAX 251

static void check_domain(struct vm *vm, struct report *report)
{
	size_t length = strlen(vm->domain);
	struct finding *f;

	if (length && length <= DOMAIN_NAME_MAX && !strchr(vm->domain, '/') &&
	    vm->domain[strspn(vm->domain, " \t")])
		return;
	f = report_add(report, SEVERITY_ERROR, "bad-value", field_place(vm, "domain"),
	    length > DOMAIN_NAME_MAX
		? "domain has %zu bytes, libvirt takes names of at most 251"
		: "domain is no name that libvirt takes: it is empty, blank or has a slash",
	    length);
	report_fix(report, f, "`virsh list --all --name` shows the names there are");
}

static void read_object(struct config *config, struct object *object,
    const struct node *map, struct report *report)
{
	struct vm *vm = (struct vm *)object;

	vm->power_written = node_get(map, "state") || node_get(map, "power");
	if (vm->domain)
		check_domain(vm, report);
	else
		vm->domain = vm->object.name;
	if (has(vm, "memory"))
		vm->memory = vm_memory_round(vm->memory);
	vm_hardware_check(vm, report);
	vm_disk_check(vm, report);
	vm_disk_name(report->arena, vm);
	if (has(vm, "cloud_init"))
		vm_cloud_init_check(config, vm, report);
}

/* IFNAMSIZ of the kernel, with the NUL. */
#define BRIDGE_NAME_SIZE 16

static void check_bridge(
    const struct vm_interface *nic, size_t index, struct report *report)
{
	struct finding *f;

	if (strlen(nic->bridge) >= BRIDGE_NAME_SIZE) {
		f = report_add(report, SEVERITY_ERROR, "bad-value",
		    field_place(nic, "bridge"),
		    "interfaces[%zu].bridge has more than %d characters, so no bridge of the host can have that name",
		    index, BRIDGE_NAME_SIZE - 1);
		report_fix(report, f, "`ip link show type bridge` lists them");
	}
	if (node_get(nic->record.node, "network")) {
		f = report_add(report, SEVERITY_ERROR, "bad-value",
		    field_place(nic, "bridge"),
		    "interfaces[%zu] has both network and bridge: it can be plugged into one of them only",
		    index);
		report_fix(report, f, "keep network: NAME, or bridge: NAME");
	}
}

static void derive_interface(
    struct vm *vm, size_t index, const char *only, struct arena *a, struct report *report)
{
	struct vm_interface *nic = (struct vm_interface *)vm->interfaces.items + index;
	struct finding *f;

	if (nic->bridge) {
		check_bridge(nic, index, report);
	} else if (!nic->network && !node_get(nic->record.node, "network") &&
		   !node_get(nic->record.node, "bridge")) {
		nic->network = only;
		if (!only) {
			f = report_add(report, SEVERITY_ERROR, "missing-key",
			    field_place(nic, NULL),
			    "interfaces[%zu] does not say its network, and not exactly one is written",
			    index);
			report_fix(report, f,
			    "add network: NAME, or bridge: NAME for a bridge of the host");
		}
	}
	nic->mac_given = field_has(&vm_interface_fields, nic, "mac");
	if (!nic->mac_given)
		nic->mac = mac_derive(arena_printf(a, "%s/%zu", vm->object.name, index));
}

static void derive(struct config *config, struct report *report)
{
	const struct set *vms = config_get(config, &vm_kind);
	const struct set *networks = config_get(config, &network_kind);
	const char *only = networks->count == 1 ? networks->items[0]->name : NULL;

	for (size_t i = 0; i < vms->count; i++) {
		struct vm *vm = (struct vm *)vms->items[i];

		if (!has(vm, "interfaces") &&
		    !node_get(vm->object.record.node, "interfaces") && only)
			arena_push(&config->arena, &vm->interfaces.items,
			    &vm->interfaces.count, sizeof(struct vm_interface));
		for (size_t n = 0; n < vm->interfaces.count; n++)
			derive_interface(vm, n, only, &config->arena, report);
		vm_cloud_init_derive(config, vm);
		if (vm->seed)
			seed_derive(config, vm, report);
		vm_defaults_apply(config, vm);
	}
}

static const char *external_name(const struct object *want)
{
	return ((const struct vm *)want)->domain;
}

static const char *const columns[] = { "state", "address", "node", "vcpus:CPUS", "memory",
	"running_since:UP", NULL };

static bool is_owned(const struct observed *observed)
{
	const struct vm *live = (const struct vm *)observed->live;
	const struct vm *config = (const struct vm *)observed->config;

	return (live && live->marked) || (config && config->marked);
}

static void *prepare(struct planner *p)
{
	vm_agent_ask(p);
	return vm_claims_prepare(p);
}

const struct kind vm_kind = {
	.row = &vm_row,
	.name = "vm",
	.plural = "vms",
	.title = "virtual machine",
	.source = &libvirt_source,
	.fields = { rows, sizeof(struct vm) },
	.sections = sections,
	.section_count = 1,
	.section_hints = section_hints,
	.list_columns = columns,
	.list_facts = vm_list_facts,
	.effective = vm_effective,
	.read_object = read_object,
	.derive = derive,
	.external_name = external_name,
	.external_key = "domain",
	.decode = vm_decode,
	.affects = vm_affects,
	.is_owned = is_owned,
	.written_up = vm_written_up,
	.refresh = vm_refresh,
	.prepare = prepare,
	.plan = vm_plan,
	.settle = vm_host_settle,
	.import = vm_import,
	.availability = vm_availability,
	.state_fields = &vm_record_fields,
	.desired = vm_record_desired,
	.observed = vm_record_observed,
	.sent = vm_record_sent,
	.ended = vm_record_ended,
	.converged = vm_record_converged,
	.requested = vm_record_requested,
	.old_state = "vm",
};
