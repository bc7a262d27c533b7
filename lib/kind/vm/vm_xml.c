/* SPDX-License-Identifier: MIT */
/* vm_xml: domain documents, read with suspicion and written from scratch. */
#include "lib/kind/vm/vm_xml.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/doc/xml.h"
#include "lib/kind/vm/vm_boot_order.h"
#include "lib/kind/vm/vm_disk.h"
#include "lib/kind/vm/vm_hardware.h"
#include "lib/kind/vm/vm_patch.h"
#include "lib/kind/vm/vm_seed.h"
#include "lib/kind/vm/vm.h"

#define AGENT_CHANNEL "org.qemu.guest_agent.0"

/* Reading */

static void mark_read(struct vm *out, const char *key)
{
	out->object.record.has |= field_bit(&vm_kind.fields, key);
}

/* The key's row, for the table of the group or list it stands for. */
static const struct fields *group_of(const char *key)
{
	const struct field *row = vm_kind.fields.rows;

	while (strcmp(row->key, key) != 0)
		row++;
	return row->group;
}

static int read_number(const char *text, const char *what, int64_t *out, struct error *e)
{
	char *end;
	long long value;

	if (!text)
		return fail(e, "the domain's XML has no %s", what);
	errno = 0;
	value = strtoll(text, &end, 10);
	while (*end == ' ' || *end == '\n' || *end == '\t')
		end++;
	if (errno || end == text || *end || value <= 0)
		return fail(e, "the domain's XML has a %s that is no number: \"%.40s\"",
		    what, text);
	*out = value;
	return 0;
}

/* libvirt writes KiB always; the others are what its format allows. */
static int64_t unit_bytes(const char *unit)
{
	static const struct {
		const char *name;
		int64_t bytes;
	} units[] = {
		{ "KiB", (int64_t)1 << 10 },
		{ "k", (int64_t)1 << 10 },
		{ "b", 1 },
		{ "bytes", 1 },
		{ "KB", 1000 },
		{ "MB", 1000000 },
		{ "M", (int64_t)1 << 20 },
		{ "MiB", (int64_t)1 << 20 },
		{ "GB", 1000000000 },
		{ "G", (int64_t)1 << 30 },
		{ "GiB", (int64_t)1 << 30 },
		{ "TB", 1000000000000 },
		{ "T", (int64_t)1 << 40 },
		{ "TiB", (int64_t)1 << 40 },
	};

	if (!unit)
		return (int64_t)1 << 10;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(units[i].name, unit) == 0)
			return units[i].bytes;
	return 0;
}

int vm_xml_size(
    struct arena *a, xmlNode *root, const char *name, int64_t *out, struct error *e)
{
	const char *unit = xml_attribute(a, root, name, "unit");
	int64_t bytes = unit_bytes(unit), count;

	if (read_number(xml_content(a, root, name), name, &count, e) < 0)
		return -1;
	if (!bytes)
		return fail(e, "the domain's XML has %s in an unknown unit: \"%.40s\"",
		    name, unit);
	if (__builtin_mul_overflow(count, bytes, out))
		return fail(e, "the domain's XML has more %s than can be counted", name);
	*out = vm_memory_round(*out);
	return 0;
}

/* One that is not ballooned has all that it may have. */
static int read_memory(struct arena *a, xmlNode *root, struct vm *out, struct error *e)
{
	struct error ignored;

	if (vm_xml_size(a, root, "memory", &out->most_memory, e) < 0)
		return -1;
	out->memory = out->most_memory;
	if (xml_first(root, "currentMemory"))
		vm_xml_size(a, root, "currentMemory", &out->memory, &ignored);
	mark_read(out, "memory");
	return 0;
}

static int read_vcpus(struct arena *a, xmlNode *root, struct vm *out, struct error *e)
{
	const char *text = xml_attribute(a, root, "vcpu", "current");

	if (read_number(xml_content(a, root, "vcpu"), "vcpu", &out->most_vcpus, e) < 0)
		return -1;
	out->vcpus = out->most_vcpus;
	if (text && read_number(text, "vcpu", &out->vcpus, e) < 0)
		return -1;
	mark_read(out, "vcpus");
	return 0;
}

static void read_type(struct arena *a, xmlNode *root, struct vm *out)
{
	const char *type = xml_attribute(a, root, NULL, "type");

	/* Other types (lxc, test) leave the bit unset: they compare with nothing. */
	if (type && strcmp(type, "kvm") == 0)
		out->type = VM_KVM;
	else if (type && strcmp(type, "qemu") == 0)
		out->type = VM_QEMU;
	else
		return;
	mark_read(out, "type");
}

static bool read_text(struct record *record, const struct fields *fields, const char *key,
    const char **member, const char *text)
{
	if (!text || !*text)
		return false;
	*member = text;
	record->has |= field_bit(fields, key);
	return true;
}

static void read_boot(struct arena *a, xmlNode *root, struct vm *out)
{
	const struct fields *fields = group_of("boot");
	struct vm_boot *boot = &out->boot;
	xmlNode *os = xml_first(root, "os");

	if (!os)
		return;
	if (read_text(&boot->record, fields, "kernel", &boot->kernel,
		xml_content(a, os, "kernel")))
		mark_read(out, "boot");
	read_text(
	    &boot->record, fields, "initrd", &boot->initrd, xml_content(a, os, "initrd"));
	read_text(&boot->record, fields, "cmdline", &boot->cmdline,
	    xml_content(a, os, "cmdline"));
}

static void read_disk(struct arena *a, xmlNode *devices, struct vm *out)
{
	const struct fields *fields = group_of("disk");
	struct vm_disk *disk = &out->disk;
	const struct domain_disk *first = NULL;

	vm_disk_read_all(a, devices, out);
	for (size_t i = 0; i < out->disk_count; i++) {
		const struct domain_disk *at = &out->disks[i];

		if (at->hard && !at->backing && (!first || (at->boot && !first->boot)))
			first = at;
	}
	if (!first)
		return;
	if (read_text(&disk->record, fields, "path", &disk->path, first->path))
		mark_read(out, "disk");
	read_text(&disk->record, fields, "pool", &disk->pool, first->pool);
}

/* Or "virtio-transitional" and the like. */
static bool is_virtio(const char *model)
{
	return model && strncmp(model, "virtio", 6) == 0;
}

static void read_interfaces(struct arena *a, xmlNode *devices, struct vm *out)
{
	const struct fields *fields = group_of("interfaces");
	struct vm_interface *items = NULL;
	size_t count = 0;

	for (xmlNode *node = xml_first(devices, "interface"); node;
	     node = xml_next(node)) {
		struct vm_interface *nic = arena_push(a, &items, &count, sizeof(*nic));
		const char *mac = xml_attribute(a, node, "mac", "address");

		if (!read_text(&nic->record, fields, "network", &nic->network,
			xml_attribute(a, node, "source", "network")))
			read_text(&nic->record, fields, "bridge", &nic->bridge,
			    xml_attribute(a, node, "source", "bridge"));
		else
			nic->bridge = xml_attribute(a, node, "source", "bridge");
		if (mac && mac_parse(mac, &nic->mac, NULL) == 0)
			nic->record.has |= field_bit(fields, "mac");
		nic->target = xml_attribute(a, node, "target", "dev");
		out->virtio |= is_virtio(xml_attribute(a, node, "model", "type"));
	}
	out->interfaces = (struct list){ items, count };
	mark_read(out, "interfaces");
}

/* Of a running domain libvirt says whether the agent in the guest has opened its channel. */
static bool has_agent(struct arena *a, xmlNode *devices)
{
	for (xmlNode *node = xml_first(devices, "channel"); node; node = xml_next(node)) {
		const char *name = xml_attribute(a, node, "target", "name");
		const char *state = xml_attribute(a, node, "target", "state");

		if (name && state && strcmp(name, AGENT_CHANNEL) == 0 &&
		    strcmp(state, "connected") == 0)
			return true;
	}
	return false;
}

/* libvirt adds one where none is said. */
static bool is_without_balloon(struct arena *a, xmlNode *devices)
{
	const char *model =
	    devices ? xml_attribute(a, devices, "memballoon", "model") : NULL;

	return model && strcmp(model, "none") == 0;
}

static xmlNode *find_mark(xmlNode *root)
{
	xmlNode *metadata = xml_first(root, "metadata");

	for (xmlNode *n = metadata ? metadata->children : NULL; n; n = n->next)
		if (n->type == XML_ELEMENT_NODE && n->ns && n->ns->href &&
		    strcmp((const char *)n->ns->href, MARK_URI) == 0)
			return n;
	return NULL;
}

/* A mark that was copied with the rest of a document owns nothing: it names the UUID of the
 * domain it was made for. Marks of the first version have none: there the name decides. */
static bool is_marked(struct arena *a, xmlNode *root, const char *uuid)
{
	xmlNode *mark = find_mark(root);
	const char *of = mark ? xml_attribute(a, mark, NULL, "uuid") : NULL;
	const char *name = mark ? xml_attribute(a, mark, NULL, "name") : NULL;
	const char *own = xml_content(a, root, "name");

	if (of)
		return uuid && strcasecmp(of, uuid) == 0;
	return name && own && strcmp(name, own) == 0;
}

int vm_xml_read(struct arena *a, const char *xml, struct vm *out, struct error *e)
{
	autoxml xmlDoc *doc = xml_parse(xml, e);
	xmlNode *root, *devices;

	if (!doc)
		return fail_in(e, "the domain's XML");
	root = xml_root(doc);
	if (strcmp((const char *)root->name, "domain") != 0)
		return fail(e, "the domain's XML begins with <%.40s>, not <domain>",
		    (const char *)root->name);
	if (read_memory(a, root, out, e) < 0 || read_vcpus(a, root, out, e) < 0)
		return -1;
	read_type(a, root, out);
	read_boot(a, root, out);
	vm_hardware_read(a, root, out);
	devices = xml_first(root, "devices");
	if (devices) {
		read_disk(a, devices, out);
		read_interfaces(a, devices, out);
		out->agent = has_agent(a, devices);
	}
	out->no_balloon = is_without_balloon(a, devices);
	out->version = vm_patch_version(xml);
	out->uuid = xml_content(a, root, "uuid");
	out->marked = is_marked(a, root, out->uuid);
	return 0;
}

/* Writing */

static xmlNode *append_text(xmlNode *parent, const char *name, const char *text)
{
	xmlNode *node = xml_append(parent, name);

	xml_set_content(node, text);
	return node;
}

static xmlNode *append_with(
    xmlNode *parent, const char *name, const char *attribute, const char *value)
{
	xmlNode *node = xml_append(parent, name);

	xml_set_attribute(node, attribute, value);
	return node;
}

static bool ends_in(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);

	return length >= tail && strcmp(text + length - tail, end) == 0;
}

static void write_mark(xmlNode *root, const struct vm *want, const char *uuid)
{
	xmlNode *owner = xml_append(xml_append(root, "metadata"), "homek8s:owner");

	xml_set_attribute(owner, "xmlns:homek8s", MARK_URI);
	xml_set_attribute(owner, "name", want->object.name);
	xml_set_attribute(owner, "uuid", uuid);
}

static void write_os(
    xmlNode *root, const struct vm *want, const struct host_facts *host, bool x86)
{
	xmlNode *os = xml_append(root, "os");
	xmlNode *type = append_text(os, "type", "hvm"), *features;

	xml_set_attribute(type, "arch", host->arch);
	if (want->machine || host->machine[0])
		xml_set_attribute(
		    type, "machine", want->machine ? want->machine : host->machine);
	if (want->firmware == FIRMWARE_UEFI)
		xml_set_attribute(os, "firmware", "efi");
	if (want->boot.kernel)
		append_text(os, "kernel", want->boot.kernel);
	if (want->boot.initrd)
		append_text(os, "initrd", want->boot.initrd);
	if (want->boot.cmdline)
		append_text(os, "cmdline", want->boot.cmdline);
	if (want->boot_order.count && !want->boot.kernel)
		vm_boot_order_write(os, want->boot_order);
	else if (!want->boot.kernel)
		append_with(os, "boot", "dev", "hd");
	if (!x86)
		return;
	features = xml_append(root, "features");
	xml_append(features, "acpi");
	xml_append(features, "apic");
}

static void fill_disk(
    xmlNode *disk, const struct domain_disk *written, const char *format)
{
	xmlNode *driver, *source, *target;
	const char *path = written->pool ? NULL : written->path;
	bool device = path && strncmp(path, "/dev/", 5) == 0;

	xml_set_attribute(disk, "type", !path ? "volume" : device ? "block" : "file");
	xml_set_attribute(disk, "device", "disk");
	driver = append_with(disk, "driver", "name", "qemu");
	if (!format)
		format = path && !ends_in(path, ".qcow2") ? "raw" : "qcow2";
	xml_set_attribute(driver, "type", format);
	source = xml_append(disk, "source");
	if (path) {
		xml_set_attribute(source, device ? "dev" : "file", path);
	} else {
		xml_set_attribute(source, "pool", written->pool);
		xml_set_attribute(source, "volume", written->path);
	}
	target = append_with(disk, "target", "dev", written->target);
	xml_set_attribute(target, "bus", written->bus ? written->bus : "virtio");
}

const char *vm_xml_disk(
    struct arena *a, const struct domain_disk *disk, const char *format)
{
	autoxml xmlDoc *doc = xml_parse("<disk/>", NULL);

	fill_disk(xml_root(doc), disk, format);
	return xml_print_element(a, xml_root(doc), NULL);
}

/* What is in a network of libvirt's may run on that one's bridge. One that is observed and in
 * neither is of a type that has no source here: libvirt knows it by its MAC address. */
static void fill_interface(xmlNode *nic, const struct vm_interface *written)
{
	const char *type = written->network ? "network" : "bridge";
	const char *source = written->network ? written->network : written->bridge;
	char mac[MAC_TEXT];

	xml_set_attribute(nic, "type", source ? type : "user");
	append_with(nic, "mac", "address", mac_text(written->mac, mac));
	if (source)
		append_with(nic, "source", type, source);
	append_with(nic, "model", "type", "virtio");
}

const char *vm_xml_interface(struct arena *a, const struct vm_interface *nic)
{
	autoxml xmlDoc *doc = xml_parse("<interface/>", NULL);

	fill_interface(xml_root(doc), nic);
	return xml_print_element(a, xml_root(doc), NULL);
}

static void write_channels(xmlNode *devices)
{
	xmlNode *console, *agent, *rng, *source;

	append_with(append_with(devices, "serial", "type", "pty"), "target", "port", "0");
	console = append_with(
	    append_with(devices, "console", "type", "pty"), "target", "port", "0");
	xml_set_attribute(console, "type", "serial");
	agent = append_with(
	    append_with(devices, "channel", "type", "unix"), "target", "type", "virtio");
	xml_set_attribute(agent, "name", AGENT_CHANNEL);
	rng = append_with(devices, "rng", "model", "virtio");
	source = append_text(rng, "backend", "/dev/urandom");
	xml_set_attribute(source, "model", "random");
}

static void write_devices(
    xmlNode *root, const struct vm *want, const char *const *formats)
{
	const struct vm_interface *nics = want->interfaces.items;
	xmlNode *devices = xml_append(root, "devices");

	for (size_t i = 0; i < want->disk_count; i++)
		fill_disk(xml_append(devices, "disk"), &want->disks[i],
		    formats ? formats[i] : NULL);
	if (want->seed)
		vm_seed_write(devices, want->seed);
	for (size_t i = 0; i < want->interfaces.count; i++)
		fill_interface(xml_append(devices, "interface"), &nics[i]);
	write_channels(devices);
}

const char *vm_xml_define(struct arena *a, const struct vm *want, const char *type,
    const char *uuid, const char *const *formats, const struct host_facts *host,
    struct error *e)
{
	autoxml xmlDoc *doc = xml_parse("<domain/>", e);
	bool x86 = strcmp(host->arch, "x86_64") == 0 || strcmp(host->arch, "i686") == 0;
	xmlNode *root;

	if (!doc)
		return NULL;
	root = xml_root(doc);
	xml_set_attribute(root, "type", type);
	append_text(root, "name", want->domain);
	append_text(root, "uuid", uuid);
	write_mark(root, want, uuid);
	xml_set_attribute(append_text(root, "memory",
			      arena_printf(a, "%lld", (long long)(want->memory / 1024))),
	    "unit", "KiB");
	append_text(root, "vcpu", arena_printf(a, "%lld", (long long)want->vcpus));
	write_os(root, want, host, x86);
	if (want->cpu)
		vm_cpu_write(a, root, want->cpu);
	else if (strcmp(type, "kvm") == 0)
		append_with(root, "cpu", "mode", "host-passthrough");
	append_with(root, "clock", "offset", "utc");
	append_text(root, "on_poweroff", "destroy");
	append_text(root, "on_reboot", "restart");
	/* Not "restart": libvirt's own would hide the crash and knows no back-off. */
	append_text(root, "on_crash", "destroy");
	write_devices(root, want, formats);
	return xml_print(a, doc, e);
}
