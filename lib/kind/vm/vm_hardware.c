/* SPDX-License-Identifier: MIT */
/* vm_hardware: see the header. */
#include "lib/kind/vm/vm_hardware.h"

#include <string.h>
#include <strings.h>

#include "lib/doc/xml.h"
#include "lib/kind/vm/hypervisor.h"
#include "lib/kind/vm/vm_boot_order.h"
#include "lib/kind/vm/vm_fields.h"
#include "lib/kind/vm/vm_record.h"

const char *const vm_firmware_words[] = { "bios", "uefi", NULL };

const struct hint vm_firmware_hints[] = {
	{ "efi", "write uefi", false },
	{ "ovmf", "write uefi", false },
	{ "seabios", "write bios", false },
	{ "legacy", "write bios", false },
	{ 0 },
};

static const char *const keys[] = { "machine", "cpu", "firmware", "boot_order" };

static bool has(const struct vm *vm, const char *key)
{
	return field_has(&vm_kind.fields, vm, key);
}

bool vm_hardware_is(const char *field)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(keys[i], field) == 0)
			return true;
	return false;
}

bool vm_cpu_is_mode(const char *cpu)
{
	return strcmp(cpu, "host-passthrough") == 0 || strcmp(cpu, "host-model") == 0 ||
	       strcmp(cpu, "maximum") == 0;
}

/* Checking */

static void refuse_at(
    const struct place *place, struct report *report, const char *fix, const char *why)
{
	report_fix(report,
	    report_add(report, SEVERITY_ERROR, "bad-value", place, "%s", why), "%s", fix);
}

static void refuse(const struct vm *vm, const char *key, struct report *report,
    const char *fix, const char *why)
{
	refuse_at(field_place(vm, key), report, fix, why);
}

/* What people write for it; NULL: it is not one of these. */
static const char *meant(const char *const (*words)[2], const char *written)
{
	for (; (*words)[0]; words++)
		if (strcasecmp((*words)[0], written) == 0 &&
		    strcmp((*words)[1], written) != 0)
			return (*words)[1];
	return NULL;
}

static void check_machine(struct vm *vm, struct report *report)
{
	static const char *const words[][2] = { { "q35", "q35" }, { "pc-q35", "q35" },
		{ "ich9", "q35" }, { "pc", "pc" }, { "i440fx", "pc" },
		{ "pc-i440fx", "pc" }, { NULL } };
	const char *due = meant(words, vm->machine);

	if (due)
		refuse(vm, "machine", report,
		    arena_printf(report->arena, "write \"machine: %s\"", due),
		    arena_printf(report->arena, "libvirt has no machine type \"%s\"",
			vm->machine));
}

static void check_cpu(struct vm *vm, struct report *report)
{
	static const char *const words[][2] = { { "host-passthrough",
						    "host-passthrough" },
		{ "host", "host-passthrough" }, { "passthrough", "host-passthrough" },
		{ "host_passthrough", "host-passthrough" },
		{ "host-model", "host-model" }, { "host_model", "host-model" },
		{ "maximum", "maximum" }, { "max", "maximum" }, { NULL } };
	const char *due = meant(words, vm->cpu);

	if (strspn(vm->cpu, "0123456789") == strlen(vm->cpu) &&
	    strcmp(vm->cpu, "486") != 0)
		refuse(vm, "cpu", report,
		    arena_printf(report->arena, "write \"vcpus: %s\"", vm->cpu),
		    "cpu is the CPU that the guest has, and not how many of them");
	else if (due)
		refuse(vm, "cpu", report,
		    arena_printf(report->arena, "write \"cpu: %s\"", due),
		    arena_printf(report->arena, "libvirt has no CPU \"%s\"", vm->cpu));
	else if (vm->type == VM_QEMU && strcmp(vm->cpu, "host-passthrough") == 0)
		refuse(vm, "cpu", report, "write \"cpu: maximum\", or \"type: kvm\"",
		    "host-passthrough is the host's own CPU, which only KVM can give, and \"type: qemu\" is emulated");
}

static void check_boot_order(
    struct vm *vm, const struct node *node, struct report *report)
{
	const char *const *items = vm->boot_order.items;

	if (node->type == NODE_LIST && !node->count)
		refuse(vm, "boot_order", report, "write \"boot_order: [disk]\"",
		    "boot_order is empty: a guest that boots from nothing does not boot");
	for (size_t i = 0; i < vm->boot_order.count; i++)
		for (size_t k = 0; k < i; k++)
			if (strcmp(items[i], items[k]) == 0)
				refuse_at(&node->items[i]->place, report,
				    arena_printf(
					report->arena, "write \"%s\" once", items[i]),
				    arena_printf(report->arena,
					"boot_order has \"%s\" twice", items[i]));
	if (vm->boot.kernel)
		refuse(vm, "boot_order", report, "take out boot_order, or boot",
		    "boot has a kernel of the host, which is booted whatever boot_order says");
}

void vm_hardware_check(struct vm *vm, struct report *report)
{
	const struct node *order = node_get(vm->object.record.node, "boot_order");

	if (vm->machine)
		check_machine(vm, report);
	if (vm->cpu)
		check_cpu(vm, report);
	if (order)
		check_boot_order(vm, order, report);
}

/* Reading */

static void mark_read(struct vm *out, const char *key)
{
	out->object.record.has |= field_bit(&vm_kind.fields, key);
}

static void read_cpu(struct arena *a, xmlNode *root, struct vm *out)
{
	xmlNode *cpu = xml_first(root, "cpu");
	const char *mode = cpu ? xml_attribute(a, cpu, NULL, "mode") : NULL;
	const char *cache = cpu ? xml_attribute(a, cpu, "cache", "mode") : NULL;

	if (mode && strcmp(mode, "custom") != 0) {
		out->cpu = mode;
	} else if (cpu && xml_first(cpu, "model")) {
		out->cpu = xml_content(a, cpu, "model");
		out->cpu_is_model = true;
	}
	if (out->cpu)
		mark_read(out, "cpu");
	out->cpu_cache_of_host = cache && strcmp(cache, "passthrough") == 0;
}

/* Where libvirt looks for it by itself. */
static bool is_default_nvram(struct arena *a, xmlNode *root, const char *path)
{
	const char *name = xml_content(a, root, "name"), *file = strrchr(path, '/');
	const char *due = arena_printf(a, "/%s_VARS.", name ? name : "");

	return file && strncmp(file, due, strlen(due)) == 0;
}

static void read_firmware(struct arena *a, xmlNode *root, struct vm *out)
{
	xmlNode *os = xml_first(root, "os");
	const char *word = os ? xml_attribute(a, os, NULL, "firmware") : NULL;
	const char *type = os ? xml_attribute(a, os, "loader", "type") : NULL;
	const char *nvram = os ? xml_content(a, os, "nvram") : NULL;

	if (!os ||
	    (!word && xml_first(os, "loader") && !(type && strcmp(type, "pflash") == 0)))
		return;
	out->firmware = word ? strcmp(word, "efi") == 0 : type != NULL;
	if (nvram && *nvram && !is_default_nvram(a, root, nvram))
		out->nvram = nvram;
	mark_read(out, "firmware");
}

void vm_hardware_read(struct arena *a, xmlNode *root, struct vm *out)
{
	const char *eim = xml_attribute(a, root, "devices/iommu/driver", "eim");

	out->machine = xml_attribute(a, root, "os/type", "machine");
	if (out->machine)
		mark_read(out, "machine");
	out->many_vcpus = eim && strcmp(eim, "on") == 0;
	read_cpu(a, root, out);
	read_firmware(a, root, out);
	vm_boot_order_read(a, root, out);
}

/* Comparing */

static void add(struct arena *a, struct differences *out, const char *field,
    const char *want, const char *have)
{
	*(struct difference *)arena_push(
	    a, &out->items, &out->count, sizeof(*out->items)) =
	    (struct difference){ .field = field, .want = want, .have = have };
}

static bool is_host_model(const char *cpu)
{
	return cpu && strcmp(cpu, "host-model") == 0;
}

/* NULL: it has none. */
static const char *cpu_of(
    struct planner *p, const struct vm *want, const struct vm *side, bool live)
{
	const struct object_state *state =
	    state_find(p->input->state, &vm_kind, want->object.name);
	const struct vm_record *record = state ? vm_record_of(state) : NULL;
	bool ours = record && record->cpu_id == side->facts.id;

	if (live && side->cpu_is_model &&
	    is_host_model(ours ? record->cpu_before : want->cpu))
		return "host-model";
	return side->cpu;
}

/* The kernel of a direct boot is booted whatever stands there. */
static void compare_boot_order(struct arena *a, const struct vm *want,
    const struct vm *side, struct differences *out)
{
	const char *due, *found;

	if (!has(want, "boot_order"))
		return;
	due = field_text_at(a, &vm_kind.fields, want, "boot_order");
	found = field_text_at(a, &vm_kind.fields, side, "boot_order");
	if (side->boot.kernel)
		found = arena_printf(a, "kernel %s", side->boot.kernel);
	if (!found || strcmp(due, found) != 0)
		add(a, out, "boot_order", due, found);
}

void vm_hardware_compare(struct planner *p, const struct vm *want, const struct vm *side,
    bool live, struct differences *out)
{
	const struct host_facts *host = hypervisor_facts(p);
	const char *cpu = has(want, "cpu") ? cpu_of(p, want, side, live) : NULL;
	struct arena *a = p->arena;

	if (has(want, "machine") && !(side->machine && hypervisor_machine_fits(host,
							   want->machine, side->machine)))
		add(a, out, "machine", want->machine, side->machine);
	if (has(want, "cpu") && !(cpu && strcmp(cpu, want->cpu) == 0))
		add(a, out, "cpu", want->cpu, cpu);
	if (has(want, "firmware") &&
	    !(has(side, "firmware") && side->firmware == want->firmware))
		add(a, out, "firmware", vm_firmware_words[want->firmware],
		    has(side, "firmware") ? vm_firmware_words[side->firmware] : NULL);
	compare_boot_order(a, want, side, out);
}
