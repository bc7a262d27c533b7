/* SPDX-License-Identifier: MIT */
/* vm_hardware_offer: what of it this host, its libvirt and the domain can have. */
#include <string.h>

#include "lib/base/text.h"
#include "lib/kind/actions.h"
#include "lib/kind/vm/hypervisor.h"
#include "lib/kind/vm/vm_boot_order.h"
#include "lib/kind/vm/vm_fields.h"
#include "lib/kind/vm/vm_hardware.h"
#include "lib/kind/vm/vm_word.h"

#define MODELS_SHOWN 8

struct question {
	struct planner *p;
	const struct host_facts *host;
	const struct vm *want, *side; /* side NULL: to be defined */
	const char *type;	      /* "kvm", "qemu": how it is or will be run */
};

/* Machine types */

static bool offers_machine(const struct host_facts *host, const char *name)
{
	for (size_t i = 0; i < host->machine_count; i++)
		if (strcmp(host->machines[i].name, name) == 0)
			return true;
	return !host->machine_count;
}

static const char *refuse_machine(const struct question *q)
{
	const struct vm *side = q->side;
	const char *name = q->want->machine;

	if (side && side->machine &&
	    !hypervisor_machine_is_akin(q->host, name, side->machine))
		return arena_printf(q->p->arena,
		    "a domain is not moved from one family of machines to another: its devices have their places on buses that the other one does not have, and its guest would look for its disk and its network elsewhere. Write `machine: %s`; or write all of its keys (`homek8sctl import` prints them), shut it down and `virsh undefine --keep-nvram %s`, which keeps its disks: it is defined anew then",
		    side->machine, vm_word(q->p, q->want->domain));
	if (!offers_machine(q->host, name))
		return arena_printf(q->p->arena,
		    "libvirt offers no such machine type on this host; write `machine: %s`, or one that `virsh capabilities` lists",
		    side && side->machine ? side->machine : q->host->machine);
	return NULL;
}

/* What libvirt says of such domains; of another machine type where it has not said that of
 * this one. `exact`: not of another. NULL: it has not said. */
static const struct host_offer *find_offer(const struct question *q, bool exact)
{
	const char *machine = q->want->machine ? q->want->machine
			      : q->side	       ? q->side->machine
					       : q->host->machine;
	const struct host_offer *other = NULL;

	for (size_t i = 0; i < q->host->offer_count; i++) {
		const struct host_offer *offer = &q->host->offers[i];

		if (strcmp(offer->type, q->type) != 0)
			continue;
		if (machine && *machine &&
		    hypervisor_machine_is_akin(q->host, machine, offer->machine))
			return offer;
		other = offer;
	}
	return exact ? NULL : other;
}

/* CPUs */

static bool offers_cpu(const struct host_offer *offer, const char *cpu, bool emulated)
{
	if (strcmp(cpu, "host-passthrough") == 0)
		return offer->passthrough;
	if (strcmp(cpu, "host-model") == 0)
		return offer->host_model;
	if (strcmp(cpu, "maximum") == 0)
		return offer->maximum;
	for (size_t i = 0; i < offer->model_count; i++)
		if (strcmp(offer->models[i].name, cpu) == 0)
			return offer->models[i].usable || emulated;
	return false;
}

/* "host-model, maximum, EPYC, ...", a few of the models. */
static const char *possible_cpus(
    const struct question *q, const struct host_offer *offer, bool emulated)
{
	static const char *const modes[] = { "host-passthrough", "host-model",
		"maximum" };
	autotext struct text text = { 0 };
	size_t shown = 0;

	for (size_t i = 0; i < 3; i++)
		if (offers_cpu(offer, modes[i], emulated))
			text_add(&text, "%s%s", text.length ? ", " : "", modes[i]);
	for (size_t i = 0; i < offer->model_count && shown < MODELS_SHOWN; i++)
		if (offer->models[i].usable) {
			text_add(&text, "%s%s", text.length ? ", " : "",
			    offer->models[i].name);
			shown++;
		}
	return arena_printf(q->p->arena,
	    "possible are %s and what else `virsh domcapabilities --virttype %s` says is usable",
	    text_get(&text), q->type);
}

static const char *refuse_cpu(const struct question *q)
{
	const struct host_offer *offer = find_offer(q, false);
	bool emulated = strcmp(q->type, "qemu") == 0;
	const char *cpu = q->want->cpu;

	if (offer && emulated && strcmp(cpu, "host-passthrough") == 0 &&
	    !offer->passthrough)
		return arena_printf(q->p->arena,
		    "it is the host's own CPU, which only KVM can give, and the domain is emulated (type qemu); write `cpu: maximum`%s",
		    q->host->kvm ? ", or `type: kvm`" : "");
	if (offer && !offers_cpu(offer, cpu, emulated))
		return arena_printf(q->p->arena,
		    "libvirt offers domains of type %s on this host no such CPU; %s",
		    q->type, possible_cpus(q, offer, emulated));
	if (q->side && q->side->cpu_cache_of_host &&
	    strcmp(cpu, "host-passthrough") != 0 && strcmp(cpu, "maximum") != 0)
		return arena_printf(q->p->arena,
		    "its guest is shown the caches of the host (`<cache mode='passthrough'/>`), which only host-passthrough and maximum can; take that out with `virsh edit %s`",
		    vm_word(q->p, q->want->domain));
	return NULL;
}

/* Firmware */

static const char *refuse_firmware(const struct question *q)
{
	const struct host_offer *offer = find_offer(q, true);
	const struct vm *side = q->side;
	bool uefi = q->want->firmware == FIRMWARE_UEFI;
	bool arm = strcmp(q->host->arch, "aarch64") == 0;

	if (side && !field_has(&vm_kind.fields, side, "firmware"))
		return arena_printf(q->p->arena,
		    "its definition names the file of its firmware, which is left to you: `virsh edit %s`",
		    vm_word(q->p, q->want->domain));
	if (uefi && offer && !offer->uefi)
		return arena_printf(q->p->arena,
		    "libvirt finds no UEFI firmware for machine type %s on this host; `apt install %s && homek8sctl reconcile`, or write `firmware: bios`",
		    offer->machine, arm ? "qemu-efi-aarch64" : "ovmf");
	if (!uefi && side && side->nvram)
		return arena_printf(q->p->arena,
		    "its definition names a file of its own for NVRAM, %s, which would be forgotten: that is left to you, `virsh edit %s`",
		    side->nvram, vm_word(q->p, q->want->domain));
	return NULL;
}

/* Boot order */

static const char *refuse_boot_order(const struct question *q)
{
	const struct vm *side = q->side;
	struct texts order = q->want->boot_order;

	if (!side)
		return NULL;
	if (side->boot.kernel)
		return arena_printf(q->p->arena,
		    "it boots a kernel of the host, whatever its boot order; take boot_order out, or the kernel with `virsh edit %s`",
		    vm_word(q->p, q->want->domain));
	for (size_t i = 0; side->boot_order_of_devices && i < side->boot_order.count; i++)
		if (vm_boot_sort(side->boot_order.items[i]) < 0)
			return arena_printf(q->p->arena,
			    "its boot order stands at its devices, and one of them is of another sort, %s: that is left to you, `virsh edit %s`",
			    side->boot_order.items[i], vm_word(q->p, q->want->domain));
	for (size_t i = 0; side->boot_order_of_devices && i < order.count; i++)
		if (!(side->boot_devices >> vm_boot_sort(order.items[i]) & 1))
			return arena_printf(q->p->arena,
			    "its boot order stands at its devices, and it has no device for `%s`; take that out",
			    order.items[i]);
	return NULL;
}

/* Questions */

static const struct {
	const char *key;
	const char *(*refuse)(const struct question *q);
} questions[] = {
	{ "machine", refuse_machine },
	{ "cpu", refuse_cpu },
	{ "firmware", refuse_firmware },
	{ "boot_order", refuse_boot_order },
};
#define QUESTIONS (sizeof(questions) / sizeof(questions[0]))

const char *vm_hardware_refusal(
    struct planner *p, const struct vm *want, const struct vm *side, const char *field)
{
	struct question q = { p, hypervisor_facts(p), want, side, NULL };

	if (!q.host)
		return "libvirt has not said yet what this host offers";
	q.type = side && want->type == VM_AUTO && field_has(&vm_kind.fields, side, "type")
		     ? vm_type_words[side->type]
		     : hypervisor_type(q.host, (enum vm_type)want->type);
	for (size_t i = 0; i < QUESTIONS; i++)
		if (strcmp(questions[i].key, field) == 0)
			return questions[i].refuse(&q);
	return NULL;
}

const char *vm_hardware_missing(struct planner *p, const struct vm *want)
{
	for (size_t i = 0; i < QUESTIONS; i++) {
		const char *key = questions[i].key, *why;

		if (!field_has(&vm_kind.fields, want, key))
			continue;
		why = vm_hardware_refusal(p, want, NULL, key);
		if (why)
			return arena_printf(p->arena, "%s: %s: %s", key,
			    field_text_at(p->arena, &vm_kind.fields, want, key), why);
	}
	return NULL;
}

/* Storing */

void vm_hardware_put(struct domain_patch *patch, const struct vm *want,
    const struct vm *config, const char *field)
{
	if (strcmp(field, "machine") == 0)
		patch->machine = want->machine;
	else if (strcmp(field, "firmware") == 0)
		patch->firmware = vm_firmware_words[want->firmware];
	else if (strcmp(field, "boot_order") == 0)
		patch->boot_order = want->boot_order;
	else {
		patch->cpu = want->cpu;
		patch->cpu_before = config->cpu ? config->cpu : "none";
	}
}

void vm_hardware_store_firmware(struct planner *p, struct item *item,
    const struct vm *want, const struct vm *config, const struct difference *firmware,
    const char *others)
{
	struct program *program;
	struct domain_patch *patch;
	struct effect *effect;

	if (!firmware || vm_hardware_refusal(p, want, config, "firmware"))
		return;
	program = item_program(p, item, NULL);
	patch = step_arguments(program_step(p, program, &domain_patch_action,
	    want->domain, "set firmware %s of domain %s", firmware->want, want->domain));
	patch->version = config->version;
	vm_hardware_put(patch, want, config, "firmware");
	program_change(p, program, "firmware", firmware->want);
	effect = program_effect(p, program, EFFECT_MAY_NOT_BOOT, &vm_kind, item->name);
	effect->from = arena_printf(p->arena, "firmware %s", firmware->have);
	effect->to = arena_printf(p->arena, "firmware %s", firmware->want);
	effect->in_use = true;
	if (others)
		program_waits(p, program, "waits until %s is stored", others);
}
