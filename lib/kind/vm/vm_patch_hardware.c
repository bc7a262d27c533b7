/* SPDX-License-Identifier: MIT */
/*
 * vm_patch_hardware: machine type, CPU and firmware of a stored definition. Whether they may
 * be so is decided where that is planned (vm_hardware.h).
 */
#include <string.h>

#include "lib/kind/vm/vm_boot_order.h"
#include "lib/kind/vm/vm_edit.h"
#include "lib/kind/vm/vm_hardware.h"

/* The rest of <cpu>, topology and NUMA say, is of any CPU; and so are single features. */
static void patch_cpu(struct edit *edit, const char *cpu)
{
	xmlNode *element = xml_make(edit->root, "cpu");
	const char *mode = xml_attribute(edit->arena, element, NULL, "mode");
	bool is_mode = vm_cpu_is_mode(cpu);
	bool other = is_mode || (mode && strcmp(mode, "custom") != 0);

	if (other) { /* libvirt has its own for each mode */
		edit_attribute(edit, element, "match", NULL);
		edit_attribute(edit, element, "check", NULL);
		edit_attribute(edit, element, "migratable", NULL);
	}
	edit_remove(edit, element, "vendor");
	edit_attribute(edit, element, "mode", is_mode ? cpu : "custom");
	if (is_mode) {
		edit_remove(edit, element, "model");
		return;
	}
	edit_text(edit, element, "model", cpu);
	edit_attribute(edit, xml_first(element, "model"), "fallback", "forbid");
}

void vm_cpu_write(struct arena *a, xmlNode *root, const char *cpu)
{
	struct edit edit = { .arena = a, .root = root };

	patch_cpu(&edit, cpu);
}

/* Which file it is, and with which features, is libvirt's choice. An NVRAM file stays where it
 * is, under the name that libvirt will look for. */
static void patch_firmware(struct edit *edit, bool uefi)
{
	xmlNode *os = xml_make(edit->root, "os");

	edit_attribute(edit, os, "firmware", uefi ? "efi" : NULL);
	if (uefi)
		return;
	edit_remove(edit, os, "firmware");
	edit_remove(edit, os, "loader");
	edit_remove(edit, os, "nvram");
}

int edit_hardware(struct edit *edit, const struct domain_patch *patch)
{
	if (patch->machine)
		edit_attribute(
		    edit, xml_make(edit->root, "os/type"), "machine", patch->machine);
	if (patch->cpu)
		patch_cpu(edit, patch->cpu);
	if (patch->firmware)
		patch_firmware(edit, strcmp(patch->firmware, "uefi") == 0);
	return patch->boot_order.count ? edit_boot_order(edit, patch->boot_order) : 0;
}
