/* SPDX-License-Identifier: MIT */
/* world_dom_xml: domains as libvirt prints them, and what it takes. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/doc/xml.h"
#include "test/sim/world.h"

/* Printing */

static const char *disk_target(const struct w_disk *disk, size_t i, char out[4])
{
	if (disk->target)
		return disk->target;
	out[0] = disk->cd ? 's' : 'v';
	out[1] = 'd';
	out[2] = (char)('a' + (disk->cd ? 0 : i));
	out[3] = '\0';
	return out;
}

static void print_disk(struct text *t, const struct w_disk *disk, size_t i)
{
	text_add(t, "<disk type='%s' device='%s'><driver name='qemu' type='qcow2'/>",
	    !disk->path				   ? "volume"
	    : strncmp(disk->path, "/dev/", 5) == 0 ? "block"
						   : "file",
	    disk->cd ? "cdrom" : "disk");
	if (!disk->path)
		text_add(t, "<source pool='%s' volume='%s'/>", disk->pool, disk->volume);
	else
		text_add(t, "<source %s='%s'/>",
		    strncmp(disk->path, "/dev/", 5) == 0 ? "dev" : "file", disk->path);
	text_add(t, "<target dev='%s' bus='%s'/>%s</disk>",
	    disk_target(disk, i, (char[4]){ 0 }), disk->cd ? "scsi" : "virtio",
	    disk->readonly ? "<readonly/>" : "");
}

static void print_nic(struct text *t, const struct w_nic *nic, bool live)
{
	text_add(t, "<interface type='%s'><mac address='%s'/>",
	    nic->network ? "network" : "bridge",
	    mac_text(nic->mac, (char[MAC_TEXT]){ 0 }));
	if (nic->network)
		text_add(t, "<source network='%s'/>", nic->network);
	else
		text_add(t, "<source bridge='%s'/>", nic->bridge);
	if (live && nic->tap)
		text_add(t, "<target dev='%s'/>", nic->tap);
	text_add(t, "<model type='virtio'/></interface>");
}

const char *dom_xml(struct world *w, const struct w_dom *d, bool live)
{
	const struct w_domside *s = live ? &d->live : &d->config;
	autotext struct text t = { 0 };

	text_add(&t, "<domain type='%s'", s->kvm ? "kvm" : "qemu");
	if (live)
		text_add(&t, " id='%d'", d->id);
	text_add(&t, "><name>%s</name><uuid>%s</uuid>", d->e.name, s->uuid);
	if (s->mark)
		text_add(&t, "<metadata>%s</metadata>", s->mark);
	text_add(&t,
	    "<memory unit='KiB'>%lld</memory><currentMemory unit='KiB'>%lld</currentMemory>"
	    "<vcpu placement='static'",
	    (long long)s->memory_kib, (long long)s->current_kib);
	if (s->most_vcpus > s->vcpus)
		text_add(&t, " current='%d'>%d", s->vcpus, s->most_vcpus);
	else
		text_add(&t, ">%d", s->vcpus);
	text_add(&t,
	    "</vcpu><os><type arch='x86_64' machine='q35'>hvm</type><boot dev='hd'/></os><devices>");
	for (size_t i = 0; i < s->disk_count; i++)
		print_disk(&t, &s->disks[i], i);
	for (size_t i = 0; i < s->nic_count; i++)
		print_nic(&t, &s->nics[i], live);
	text_add(&t, "</devices></domain>");
	return arena_copy_n(w->arena, text_get(&t), t.length);
}

/* Reading */

static void parse_disk(struct arena *a, xmlNode *element, struct w_disk *out)
{
	const char *device = xml_attribute(a, element, NULL, "device");

	out->path = xml_attribute(a, element, "source", "file");
	if (!out->path)
		out->path = xml_attribute(a, element, "source", "dev");
	out->pool = xml_attribute(a, element, "source", "pool");
	out->volume = xml_attribute(a, element, "source", "volume");
	out->readonly = xml_first(element, "readonly") != NULL;
	out->cd = device && strcmp(device, "cdrom") == 0;
}

static const char *parse_nic(struct world *w, xmlNode *element, struct w_nic *out)
{
	const char *mac = xml_attribute(w->arena, element, "mac", "address");

	out->network = xml_attribute(w->arena, element, "source", "network");
	out->bridge = xml_attribute(w->arena, element, "source", "bridge");
	if (!out->network && !out->bridge)
		return "XML error: interface without source";
	if (!mac)
		out->mac = world_mac(w);
	else if (mac_parse(mac, &out->mac, NULL) < 0)
		return "XML error: unable to parse MAC address";
	return NULL;
}

const char *dom_parse_nic(struct world *w, const char *xml, struct w_nic *out)
{
	autoxml xmlDoc *doc = xml_parse(xml, NULL);

	*out = (struct w_nic){ 0 };
	return doc ? parse_nic(w, xml_root(doc), out) : "XML error";
}

static const char *parse_devices(struct world *w, xmlNode *devices, struct w_domside *out)
{
	const char *why = NULL;

	for (xmlNode *n = xml_first(devices, "disk"); n && out->disk_count < DISKS;
	     n = xml_next(n))
		parse_disk(w->arena, n, &out->disks[out->disk_count++]);
	for (xmlNode *n = xml_first(devices, "interface");
	     !why && n && out->nic_count < NICS; n = xml_next(n))
		why = parse_nic(w, n, &out->nics[out->nic_count++]);
	return why;
}

static bool has_target(const struct w_domside *side, const char *target)
{
	for (size_t i = 0; i < side->disk_count; i++)
		if (strcmp(disk_target(&side->disks[i], i, (char[4]){ 0 }), target) == 0)
			return true;
	return false;
}

static const char *refuse_disk(const struct w_domside *side, const struct w_disk *disk)
{
	if (side->disk_count == DISKS)
		return "internal error: No more available PCI slots";
	return has_target(side, disk->target) ? "operation failed: target already exists"
					      : NULL;
}

const char *dom_attach_disk(
    struct world *w, struct w_dom *d, const char *xml, bool live, bool config)
{
	autoxml xmlDoc *doc = xml_parse(xml, NULL);
	struct w_disk disk = { 0 };
	const char *why = NULL;

	if (!doc)
		return "XML error";
	parse_disk(w->arena, xml_root(doc), &disk);
	disk.target = xml_attribute(w->arena, xml_root(doc), "target", "dev");
	if (!disk.target || (!disk.path && !volume_exists(w, disk.volume)))
		return "Storage volume not found";
	if (live)
		why = d->id < 0 ? "domain is not running" : refuse_disk(&d->live, &disk);
	if (!why && config)
		why = refuse_disk(&d->config, &disk);
	if (why)
		return why;
	if (live)
		d->live.disks[d->live.disk_count++] = disk;
	if (config)
		d->config.disks[d->config.disk_count++] = disk;
	world_touch(&d->e);
	return NULL;
}

const char *dom_unplug(struct w_domside *side, const char *target)
{
	for (size_t i = 0; i < side->disk_count; i++) {
		if (strcmp(disk_target(&side->disks[i], i, (char[4]){ 0 }), target) != 0)
			continue;
		memmove(&side->disks[i], &side->disks[i + 1],
		    (side->disk_count - i - 1) * sizeof(side->disks[i]));
		side->disk_count--;
		return NULL;
	}
	return "device not found";
}

/* In KiB, as libvirt rounds: up to whole KiB. */
static int64_t parse_memory(struct arena *a, xmlNode *root, const char *name)
{
	const char *text = xml_content(a, root, name);
	const char *unit = xml_attribute(a, root, name, "unit");
	int64_t n = text ? strtoll(text, NULL, 10) : 0;

	if (unit && strcmp(unit, "MiB") == 0)
		return n * 1024;
	if (unit && strcmp(unit, "GiB") == 0)
		return n * 1024 * 1024;
	if (unit && (strcmp(unit, "b") == 0 || strcmp(unit, "bytes") == 0))
		return (n + 1023) / 1024;
	return n;
}

/* The stored side gets this CD, in place of the one it has, or as well. */
const char *dom_set_seed(struct world *w, struct w_dom *d, const char *xml, bool attach)
{
	autoxml xmlDoc *doc = xml_parse(xml, NULL);
	struct w_disk *disk = (struct w_disk *)(uintptr_t)dom_seed(&d->config);

	if (!doc || !d->persistent)
		return doc ? "domain is transient" : "XML error";
	if (attach == (disk != NULL))
		return attach ? "target sda already exists" : "disk sda not found";
	if (attach && d->config.disk_count == DISKS)
		return "too many disks";
	if (attach)
		disk = &d->config.disks[d->config.disk_count++];
	parse_disk(w->arena, xml_root(doc), disk);
	world_touch(&d->e);
	return NULL;
}

const char *dom_parse(
    struct world *w, const char *xml, const char **name, struct w_domside *out)
{
	struct arena *a = w->arena;
	autoxml xmlDoc *doc = xml_parse(xml, NULL);
	xmlNode *root = doc ? xml_root(doc) : NULL;
	const char *type, *vcpu;
	struct error e = { "" };
	xmlNode *mark;

	*out = (struct w_domside){ 0 };
	if (!root || strcmp((const char *)root->name, "domain") != 0)
		return "XML error: no <domain>";
	*name = xml_content(a, root, "name");
	type = xml_attribute(a, root, NULL, "type");
	vcpu = xml_content(a, root, "vcpu");
	out->uuid = xml_content(a, root, "uuid");
	out->kvm = type && strcmp(type, "kvm") == 0;
	if (out->kvm && !w->kvm)
		return "invalid argument: could not find capabilities for domaintype=kvm";
	out->memory_kib = parse_memory(a, root, "memory");
	out->current_kib = xml_first(root, "currentMemory")
			       ? parse_memory(a, root, "currentMemory")
			       : out->memory_kib;
	out->vcpus = out->most_vcpus = vcpu ? (int)strtol(vcpu, NULL, 10) : 1;
	vcpu = xml_attribute(a, root, "vcpu", "current");
	if (vcpu)
		out->vcpus = (int)strtol(vcpu, NULL, 10);
	mark = xml_find(root, "metadata/owner");
	out->mark = mark ? xml_print_element(a, mark, &e) : NULL;
	if (!*name || out->memory_kib <= 0 || out->vcpus <= 0)
		return "XML error: name, memory or vcpu is missing";
	return parse_devices(w, xml_first(root, "devices"), out);
}
