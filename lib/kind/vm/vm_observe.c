/* SPDX-License-Identifier: MIT */
/* vm_observe: the two documents of a domain and the facts beside them as a struct vm each. */
#include "lib/kind/vm/vm_observe.h"

#include "lib/kind/kinds.h"
#include "lib/kind/vm/vm.h"
#include "lib/kind/vm/vm_xml.h"

static void keep_disk_errors(struct arena *a, struct domain_facts *facts)
{
	struct disk_error *kept = NULL;
	size_t count = 0;

	for (size_t i = 0; i < facts->disk_error_count; i++)
		*(struct disk_error *)arena_push(a, &kept, &count, sizeof(*kept)) =
		    (struct disk_error){ arena_copy(a, facts->disk_errors[i].disk),
			    facts->disk_errors[i].no_space };
	facts->disk_errors = kept;
}

static struct object *decode_side(struct observed *observed, const char *xml,
    const struct domain_facts *facts, struct error *e)
{
	struct vm *vm = observed_object(observed);

	vm->domain = observed->name;
	vm->facts = *facts;
	keep_disk_errors(&observed->arena, &vm->facts);
	vm->state = facts->id >= 0 ? VM_RUNNING : VM_STOPPED;
	vm->autostart = facts->autostart;
	vm->object.record.has |=
	    field_bit(&vm_kind.fields, "domain") | field_bit(&vm_kind.fields, "state");
	if (facts->persistent)
		vm->object.record.has |= field_bit(&vm_kind.fields, "autostart");
	return vm_xml_read(&observed->arena, xml, vm, e) < 0 ? NULL : &vm->object;
}

int vm_decode(struct observed *observed, const struct reading *reading, struct error *e)
{
	if (!reading->facts || (!reading->live_xml && !reading->config_xml))
		return fail(e, "libvirt gave no definition of the domain");
	if (reading->live_xml) {
		observed->live =
		    decode_side(observed, reading->live_xml, reading->facts, e);
		if (!observed->live)
			return -1;
	}
	if (reading->config_xml) {
		observed->config =
		    decode_side(observed, reading->config_xml, reading->facts, e);
		if (!observed->config)
			return -1;
	}
	observed->presence = PRESENT;
	return 0;
}

/* A domain that starts or stops changes what libvirt says of its networks: who is
 * attached, what is leased. */
void vm_affects(
    const struct observed *before, const struct observed *now, struct affected *out)
{
	const struct object *was = before ? before->live : NULL;
	const struct object *is = now ? now->live : NULL;
	const struct vm *vm = (const struct vm *)(is ? is : was);
	const struct vm_interface *nics = vm ? vm->interfaces.items : NULL;

	for (size_t i = 0; !was != !is && i < vm->interfaces.count; i++) {
		struct affected_object *object;

		if (!nics[i].network)
			continue;
		object =
		    arena_push(out->arena, &out->items, &out->count, sizeof(*object));
		*object = (struct affected_object){ &network_kind,
			arena_copy(out->arena, nics[i].network) };
	}
}

/* It has stopped: what is stored is as it was, but for the facts of the stop. */
int vm_refresh(struct observed *observed, const struct reading *reading, struct error *e)
{
	const struct domain_facts *facts = reading->facts;
	struct vm *config = (struct vm *)observed->config;

	if (!config || facts->id >= 0)
		return fail(e, "the domain has no stored definition, or runs");
	config->facts.id = facts->id;
	config->facts.state = facts->state;
	config->facts.reason = facts->reason;
	config->facts.managed_save = facts->managed_save;
	config->state = VM_STOPPED;
	observed->live = NULL;
	return 0;
}
