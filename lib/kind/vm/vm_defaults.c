/* SPDX-License-Identifier: MIT */
/* vm_defaults: its keys are some of a VM's, in the same struct. */
#include "lib/kind/vm/vm_defaults.h"

#include "lib/kind/kinds.h"
#include "lib/kind/vm/vm_fields.h"
#include "lib/kind/vm/vm_hardware.h"

static const struct field rows[] = {
	{ "vcpus", FIELD_INT, at(struct vm, vcpus), VM_VCPUS_LIMITS,
	    .help = "Virtual processors of a new VM that does not say them.",
	    .example = "2" },
	{ "memory", FIELD_SIZE, at(struct vm, memory), VM_MEMORY_LIMITS,
	    .help = "Memory of a new VM that does not say it.", .example = "4GiB" },
	{ "power", FIELD_WORD, at(struct vm, power), .words = vm_power_words,
	    .hints = vm_power_hints,
	    .help =
		"What an unexpected stop means of a VM that homek8sd has defined and that does not say it; left out: always.",
	    .example = "on-failure" },
	{ "type", FIELD_WORD, at(struct vm, type), .words = vm_type_words,
	    .help =
		"How a new VM is run that does not say it: kvm, qemu, or auto, the best the host can do; left out: auto.",
	    .example = "kvm" },
	{ "machine", FIELD_NAME, at(struct vm, machine),
	    .help =
		"Machine type of a new VM that does not say it; left out: q35 where libvirt offers it.",
	    .example = "q35" },
	{ "cpu", FIELD_NAME, at(struct vm, cpu),
	    .help =
		"CPU of a new VM that does not say it; left out: host-passthrough with KVM, else what libvirt chooses.",
	    .example = "host-model" },
	{ "firmware", FIELD_WORD, at(struct vm, firmware), .words = vm_firmware_words,
	    .hints = vm_firmware_hints,
	    .help = "Firmware of a new VM that does not say it; left out: bios.",
	    .example = "uefi" },
	{ "boot_order", FIELD_WORDS, at(struct vm, boot_order), .words = vm_boot_words,
	    .hints = vm_boot_hints,
	    .help =
		"What a new VM that does not say it boots from, in this order; left out: its disk.",
	    .example = "[disk, network]" },
	{ "autostart", FIELD_BOOL, at(struct vm, autostart),
	    .help =
		"Whether libvirt starts a new VM that does not say it when the host boots.",
	    .example = "true" },
	{ 0 },
};

static const struct section sections[] = {
	{ .path = "vm_defaults",
	    .shape = SECTION_ONE,
	    .help =
		"What VMs that homek8sd defines get where they say nothing. It is used when one is defined; of one that exists only its power goes by it, and what others have defined not at all." },
};

static void read_object(struct config *config, struct object *object,
    const struct node *map, struct report *report)
{
	(void)config;
	(void)map;
	vm_hardware_check((struct vm *)object, report);
}

const struct kind vm_defaults_kind = {
	.row = &vm_defaults_row,
	.name = "vm_defaults",
	.plural = "vm_defaults",
	.title = "defaults of new VMs",
	.fields = { rows, sizeof(struct vm) },
	.sections = sections,
	.section_count = 1,
	.read_object = read_object,
};

static bool is_default(const struct vm *defaults, const struct vm *vm, const char *key)
{
	return field_has(&vm_defaults_kind.fields, defaults, key) &&
	       !node_get(vm->object.record.node, key);
}

void vm_defaults_apply(struct config *config, struct vm *vm)
{
	const struct set *set = config_get(config, &vm_defaults_kind);
	const struct vm *defaults = set->count ? (const struct vm *)set->items[0] : NULL;
	struct vm *out;

	if (!defaults)
		return;
	out = arena_alloc(&config->arena, sizeof(*out));
	*out = *vm;
	if (is_default(defaults, vm, "vcpus"))
		out->vcpus = defaults->vcpus;
	if (is_default(defaults, vm, "memory"))
		out->memory = vm_memory_round(defaults->memory);
	if (is_default(defaults, vm, "power"))
		out->power = defaults->power;
	if (is_default(defaults, vm, "type"))
		out->type = defaults->type;
	if (is_default(defaults, vm, "machine"))
		out->machine = defaults->machine;
	if (is_default(defaults, vm, "cpu"))
		out->cpu = defaults->cpu;
	if (is_default(defaults, vm, "firmware"))
		out->firmware = defaults->firmware;
	if (is_default(defaults, vm, "boot_order"))
		out->boot_order = defaults->boot_order;
	if (is_default(defaults, vm, "autostart"))
		out->autostart = defaults->autostart;
	for (const struct field *f = rows; f->key; f++)
		if (is_default(defaults, vm, f->key))
			out->object.record.has |= field_bit(&vm_kind.fields, f->key);
	vm->as_new = out;
}

enum vm_power vm_power_due(const struct vm *want, const struct vm *have)
{
	return (enum vm_power)(
	    !have || have->marked ? vm_as_new(want)->power : want->power);
}
