/* SPDX-License-Identifier: MIT */
/* read_offers: the domain capabilities document, reduced to what can be written of a VM. */
#include <string.h>

#include "daemon/virt/read.h"
#include "lib/base/cleanup.h"
#include "lib/doc/xml.h"
#include "lib/kind/vm/hypervisor.h"

/* q35 and pc; vendors add some of their own. */
#define ALIASES_MAX 4

static bool is_yes(const char *text)
{
	return text && strcmp(text, "yes") == 0;
}

static bool has_efi(struct arena *a, xmlNode *root)
{
	xmlNode *list = xml_find(root, "os/enum");

	for (; list; list = xml_next(list)) {
		const char *name = xml_attribute(a, list, NULL, "name");

		for (xmlNode *n = xml_first(list, "value");
		     n && name && strcmp(name, "firmware") == 0; n = xml_next(n)) {
			const char *word = xml_content(a, n, NULL);

			if (word && strcmp(word, "efi") == 0)
				return true;
		}
	}
	return false;
}

static void read_models(struct arena *a, xmlNode *mode, struct host_offer *out)
{
	struct cpu_model *models = NULL;

	for (xmlNode *n = xml_first(mode, "model"); n; n = xml_next(n)) {
		struct cpu_model *slot =
		    arena_push(a, &models, &out->model_count, sizeof(*slot));
		const char *name = xml_content(a, n, NULL);
		const char *usable = xml_attribute(a, n, NULL, "usable");

		*slot = (struct cpu_model){ name ? name : "",
			!usable || strcmp(usable, "no") != 0 };
	}
	out->models = models;
}

static void read_cpus(struct arena *a, xmlNode *root, struct host_offer *out)
{
	for (xmlNode *n = xml_find(root, "cpu/mode"); n; n = xml_next(n)) {
		const char *name = xml_attribute(a, n, NULL, "name");
		bool yes = is_yes(xml_attribute(a, n, NULL, "supported"));

		if (!name || !yes)
			continue;
		if (strcmp(name, "host-passthrough") == 0)
			out->passthrough = true;
		else if (strcmp(name, "host-model") == 0)
			out->host_model = true;
		else if (strcmp(name, "maximum") == 0)
			out->maximum = true;
		else if (strcmp(name, "custom") == 0)
			read_models(a, n, out);
	}
}

static void read_offer(virConnectPtr conn, struct arena *a, struct host_facts *facts,
    const char *type, const char *machine, struct host_offer **offers)
{
	autofree char *xml =
	    virConnectGetDomainCapabilities(conn, NULL, facts->arch, machine, type, 0);
	autoxml xmlDoc *doc = xml ? xml_parse(xml, NULL) : NULL;
	struct host_offer *out;

	if (!doc)
		return;
	out = arena_push(a, offers, &facts->offer_count, sizeof(*out));
	*out = (struct host_offer){ .type = type, .machine = machine };
	out->uefi = has_efi(a, xml_root(doc));
	read_cpus(a, xml_root(doc), out);
}

void read_offers(virConnectPtr conn, struct arena *a, struct host_facts *facts)
{
	static const char *const types[] = { "kvm", "qemu" };
	struct host_offer *offers = NULL;
	size_t read = 0;

	for (size_t i = 0; i < facts->machine_count && read < ALIASES_MAX; i++) {
		if (!facts->machines[i].canonical)
			continue;
		read++;
		for (size_t k = facts->kvm ? 0 : 1; k < 2; k++)
			read_offer(conn, a, facts, types[k], facts->machines[i].canonical,
			    &offers);
	}
	facts->offers = offers;
}
