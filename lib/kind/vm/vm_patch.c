/* SPDX-License-Identifier: MIT */
/* vm_patch: see the header. */
#include "lib/kind/vm/vm_patch.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/hash.h"
#include "lib/doc/xml.h"
#include "lib/kind/vm/vm_edit.h"
#include "lib/kind/vm/vm_xml.h"

uint64_t vm_patch_version(const char *xml)
{
	return hash_bytes(HASH_START, xml, strlen(xml));
}

void edit_attribute(
    struct edit *edit, xmlNode *element, const char *name, const char *value)
{
	const char *now = xml_attribute(edit->arena, element, NULL, name);

	if (value ? now && strcmp(now, value) == 0 : !now)
		return;
	xml_set_attribute(element, name, value);
	edit->changed = true;
}

void edit_text(struct edit *edit, xmlNode *parent, const char *path, const char *value)
{
	const char *now = xml_content(edit->arena, parent, path);

	if (now && strcmp(now, value) == 0)
		return;
	xml_set_content(xml_make(parent, path), value);
	edit->changed = true;
}

void edit_remove(struct edit *edit, xmlNode *parent, const char *name)
{
	for (xmlNode *node = xml_first(parent, name); node;
	     node = xml_first(parent, name)) {
		xml_remove(node);
		edit->changed = true;
	}
}

static long long number_at(const struct edit *edit, xmlNode *from, const char *name)
{
	const char *text = from ? xml_attribute(edit->arena, from, NULL, name) : NULL;

	return text ? strtoll(text, NULL, 10) : 1;
}

/* libvirt takes no topology that does not come to the number of all vcpus. Sockets are added
 * or taken away, else cores; what the guest sees of one of them stays. */
static int fit_topology(struct edit *edit, long long most)
{
	static const char *const parts[] = { "sockets", "cores" };
	xmlNode *topology = xml_find(edit->root, "cpu/topology");
	long long all = 1;

	if (!topology)
		return 0;
	for (const char *const *name = (const char *const[]){ "sockets", "dies",
		 "clusters", "cores", "threads", NULL };
	     *name; name++)
		all *= number_at(edit, topology, *name);
	if (all <= 0 || all == most)
		return 0;
	for (size_t i = 0; i < 2; i++) {
		long long rest = all / number_at(edit, topology, parts[i]);

		if (most % rest != 0)
			continue;
		edit_attribute(edit, topology, parts[i],
		    arena_printf(edit->arena, "%lld", most / rest));
		return 0;
	}
	return fail(edit->e,
	    "%lld vcpus do not fit its CPU topology, of which %lld is one socket: write a multiple of that, or take `<topology>` out with `virsh edit`",
	    most, all / number_at(edit, topology, "sockets"));
}

/* The most there can be stays where it is enough. */
static int patch_vcpus(struct edit *edit, int64_t count)
{
	xmlNode *vcpu = xml_make(edit->root, "vcpu");
	const char *now = xml_attribute(edit->arena, vcpu, NULL, "current");
	const char *most = xml_content(edit->arena, vcpu, NULL);
	const char *text = arena_printf(edit->arena, "%lld", (long long)count);

	if (now && strtoll(most, NULL, 10) >= count) {
		edit_attribute(edit, vcpu, "current", text);
		return 0;
	}
	edit_attribute(edit, vcpu, "current", NULL);
	edit_text(edit, edit->root, "vcpu", text);
	return fit_topology(edit, count);
}

static void put_size(struct edit *edit, const char *path, int64_t bytes)
{
	edit_text(edit, edit->root, path,
	    arena_printf(edit->arena, "%lld", (long long)(bytes / 1024)));
	edit_attribute(edit, xml_make(edit->root, path), "unit", "KiB");
}

/* The most that it may have stays where it is enough, and more than it has. */
static int patch_memory(struct edit *edit, int64_t bytes)
{
	int64_t most, now;

	if (vm_xml_size(edit->arena, edit->root, "memory", &most, edit->e) < 0)
		return -1;
	now = most;
	vm_xml_size(edit->arena, edit->root, "currentMemory", &now, NULL);
	if (now < most && bytes <= most) {
		put_size(edit, "currentMemory", bytes);
		return 0;
	}
	if (xml_find(edit->root, "cpu/numa/cell"))
		return fail(edit->e,
		    "its memory is what its NUMA cells come to: change them with `virsh edit`, and write the sum");
	put_size(edit, "memory", bytes);
	if (xml_first(edit->root, "currentMemory"))
		put_size(edit, "currentMemory", bytes);
	return 0;
}

/* A CPU that only KVM has is not left to an emulated machine. */
static void patch_type(struct edit *edit, const char *type)
{
	xmlNode *cpu = xml_first(edit->root, "cpu");
	const char *mode = cpu ? xml_attribute(edit->arena, cpu, NULL, "mode") : NULL;

	edit_attribute(edit, edit->root, "type", type);
	if (strcmp(type, "kvm") != 0 && mode && strncmp(mode, "host-", 5) == 0) {
		edit_attribute(edit, cpu, "mode", NULL);
		edit_attribute(edit, cpu, "check", NULL);
		edit_attribute(edit, cpu, "migratable", NULL);
		edit_remove(edit, cpu, "feature");
		edit_remove(edit, cpu, "cache");
		edit_remove(edit, cpu, "maxphysaddr");
	}
}

static void patch_boot(struct edit *edit, const struct domain_patch *patch)
{
	if (patch->kernel)
		edit_text(edit, edit->root, "os/kernel", patch->kernel);
	if (patch->initrd)
		edit_text(edit, edit->root, "os/initrd", patch->initrd);
	if (patch->cmdline)
		edit_text(edit, edit->root, "os/cmdline", patch->cmdline);
}

static xmlNode *find_nic(struct edit *edit, struct mac mac)
{
	xmlNode *devices = xml_first(edit->root, "devices");
	xmlNode *n = devices ? xml_first(devices, "interface") : NULL;

	for (; n; n = xml_next(n)) {
		const char *text = xml_attribute(edit->arena, n, "mac", "address");
		struct mac found;

		if (text && mac_parse(text, &found, NULL) == 0 && mac_equal(found, mac))
			return n;
	}
	return NULL;
}

/* What belongs to the network or the device that it leaves goes; its model, its place on the
 * PCI bus and all else stay. */
static void patch_plug(struct edit *edit, xmlNode *nic, const struct nic_patch *patch)
{
	static const char *const of_others[] = { "portid", "portgroup", "dev", "mode",
		"path" };
	xmlNode *source = xml_make(nic, "source");

	edit_attribute(edit, nic, "type", patch->network ? "network" : "bridge");
	edit_attribute(edit, source, "network", patch->network);
	edit_attribute(edit, source, "bridge", patch->bridge);
	for (size_t i = 0; i < sizeof(of_others) / sizeof(of_others[0]); i++)
		edit_attribute(edit, source, of_others[i], NULL);
}

/* All are found before any is changed: one may be given what another has. */
static int patch_nics(struct edit *edit, const struct domain_patch *patch)
{
	xmlNode **nics = arena_array(edit->arena, patch->nic_count, sizeof(xmlNode *));

	for (size_t i = 0; i < patch->nic_count; i++) {
		nics[i] = find_nic(edit, patch->nics[i].now);
		if (!nics[i])
			return fail(edit->e, "it has no interface %s any longer",
			    mac_text(patch->nics[i].now, (char[MAC_TEXT]){ 0 }));
	}
	for (size_t i = 0; i < patch->nic_count; i++) {
		const struct nic_patch *nic = &patch->nics[i];

		if (nic->network || nic->bridge)
			patch_plug(edit, nics[i], nic);
		if (nic->sets_mac)
			edit_attribute(edit, xml_make(nics[i], "mac"), "address",
			    arena_copy(
				edit->arena, mac_text(nic->mac, (char[MAC_TEXT]){ 0 })));
	}
	return 0;
}

const char *vm_patch_apply(
    struct arena *a, const char *xml, const struct domain_patch *patch, struct error *e)
{
	autoxml xmlDoc *doc = xml_parse(xml, NULL);
	struct edit edit = { .arena = a, .e = e };

	if (!doc) {
		fail(e, "libvirt's XML of the domain cannot be read");
		return NULL;
	}
	edit.root = xml_root(doc);
	if (patch->vcpus && patch_vcpus(&edit, patch->vcpus) < 0)
		return NULL;
	if (patch->memory && patch_memory(&edit, patch->memory) < 0)
		return NULL;
	if (patch_nics(&edit, patch) < 0)
		return NULL;
	if (patch->type)
		patch_type(&edit, patch->type);
	patch_boot(&edit, patch);
	if (edit_hardware(&edit, patch) < 0)
		return NULL;
	return edit.changed ? xml_print(a, doc, e) : xml;
}
