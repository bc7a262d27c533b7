/* SPDX-License-Identifier: MIT */
/* world: files of a home through the real parser and decoders. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/doc/json.h"
#include "lib/doc/xml.h"
#include "lib/kind/host/host.h"
#include "lib/kind/kinds.h"
#include "lib/kind/network/network.h"
#include "lib/kind/sources.h"
#include "lib/kind/vm/hypervisor.h"
#include "lib/kind/vm/vm.h"
#include "lib/kind/volume/storage.h"
#include "lib/plan/plan.h"
#include "test/golden/disk_answers.h"
#include "test/golden/world.h"

void world_input(const struct world *w, struct plan_input *input)
{
	*input = (struct plan_input){
		.desired = w->config,
		.observed = &w->observed,
		.state = &w->state,
		.probes = w->probes,
		.now = WORLD_NOW,
		.local = WORLD_WALL,
	};
	for (size_t i = 0; i < source_count; i++)
		input->sources[i].up = true;
	if (!w->kubernetes)
		input->sources[source_index(&kubernetes_source)] = (struct source_input){
			.up = true, .off = true, .why = "Kubernetes is off"
		};
}

/* Files */

char *world_file(struct arena *a, const char *directory, const char *name, size_t *length)
{
	autofile FILE *f = fopen(arena_printf(a, "%s/%s", directory, name), "re");
	autotext struct text text = { 0 };
	char buffer[4096];
	size_t n;

	if (!f)
		return NULL;
	while ((n = fread(buffer, 1, sizeof(buffer), f)) > 0)
		text_add_n(&text, buffer, n);
	if (length)
		*length = text.length;
	return arena_copy_n(a, text_get(&text), text.length);
}

static void broken(const char *directory, const char *what, const char *why)
{
	fprintf(stderr, "%s: %s: %s\n", directory, what, why);
	exit(1);
}

/* The home that is desired */

/* `text` NULL: nothing is desired. */
static void load_config(struct world *w, const char *directory, const char *text)
{
	struct config_files files = { .directory = directory, .settings_only = !text };
	struct source_text desired = { .name = "desired.yaml", .text = text };

	desired.length = text ? strlen(text) : 0;
	files.settings.name = "homek8s.yaml";
	files.settings.text =
	    world_file(&w->arena, directory, "homek8s.yaml", &files.settings.length);
	files.desired = &desired;
	files.desired_count = text ? 1 : 0;
	if (config_load(&files, &w->config) < 0) {
		for (size_t i = 0; i < w->config->report.count; i++)
			fprintf(stderr, "%s\n",
			    finding_line(&w->arena, &w->config->report.findings[i]));
		broken(directory, "desired.yaml", "has errors");
	}
}

/* The home that is */

static void put(struct world *w, const char *directory, const struct kind *kind,
    const struct reading *reading)
{
	struct observed *observed = observed_new(kind, reading->name);
	struct error e = { "" };
	int result = kind->decode(observed, reading, &e);

	if (result > 0) {
		observed_free(observed);
		return;
	}
	observed->presence = result < 0 ? UNKNOWN : PRESENT;
	if (result < 0)
		observed->why = arena_copy(&observed->arena, e.text);
	else if (kind->follow)
		kind->follow(observed, NULL, state_find(&w->state, kind, observed->name));
	observations_put(&w->observed, observed);
	if (kind->observed)
		for (size_t i = 0; i < config_get(w->config, kind)->count; i++) {
			const struct object *want = config_get(w->config, kind)->items[i];

			if (strcmp(kind->external_name ? kind->external_name(want)
						       : want->name,
				reading->name) == 0)
				kind->observed(state_get(&w->state, kind, want->name),
				    observed, want, &w->config->settings, WORLD_NOW, 0);
		}
	(void)directory;
}

static const char *side_xml(struct world *w, xmlNode *element, const char *side)
{
	xmlNode *holder = xml_first(element, side);
	struct error e = { "" };

	for (xmlNode *n = holder ? holder->children : NULL; n; n = n->next)
		if (n->type == XML_ELEMENT_NODE)
			return xml_print_element(&w->arena, n, &e);
	return NULL;
}

static bool flag(struct world *w, xmlNode *element, const char *name)
{
	const char *text = xml_attribute(&w->arena, element, NULL, name);

	return text && strcmp(text, "yes") == 0;
}

static int number(struct world *w, xmlNode *element, const char *name, int fallback)
{
	const char *text = xml_attribute(&w->arena, element, NULL, name);

	return text ? (int)strtol(text, NULL, 10) : fallback;
}

static enum part_state part(struct world *w, xmlNode *element, const char *name)
{
	const char *text = xml_attribute(&w->arena, element, NULL, name);

	return !text ? PART_UNKNOWN : strcmp(text, "gone") == 0 ? PART_GONE : PART_THERE;
}

/* Elements of the host's taps, <stray dev="vnet1"/>. */
static const char *const *taps(
    struct world *w, xmlNode *element, const char *name, size_t *count)
{
	const char **all = NULL;

	for (xmlNode *l = xml_first(element, name); l; l = xml_next(l)) {
		const char **tap = arena_push(&w->arena, &all, count, sizeof(*tap));

		*tap = xml_attribute(&w->arena, l, NULL, "dev");
	}
	return all;
}

static void put_network(struct world *w, const char *directory, xmlNode *element)
{
	struct network_facts facts = {
		.active = flag(w, element, "active"),
		.persistent = flag(w, element, "persistent"),
		.autostart = flag(w, element, "autostart"),
		.leases_known = flag(w, element, "leases"),
	};
	struct reading reading = {
		.name = xml_attribute(&w->arena, element, NULL, "name"),
		.live_xml = side_xml(w, element, "live"),
		.config_xml = side_xml(w, element, "config"),
		.facts = &facts,
	};
	struct dhcp_lease *leases = NULL;

	for (xmlNode *l = xml_first(element, "lease"); l; l = xml_next(l)) {
		struct dhcp_lease *lease =
		    arena_push(&w->arena, &leases, &facts.lease_count, sizeof(*lease));

		mac_parse(xml_attribute(&w->arena, l, NULL, "mac"), &lease->mac, NULL);
		ip_parse(xml_attribute(&w->arena, l, NULL, "ip"), &lease->ip, NULL);
		lease->expires = WORLD_WALL + 3600000;
	}
	facts.leases = leases;
	facts.run = number(w, element, "run", 0);
	facts.bridge = part(w, element, "bridge");
	facts.dnsmasq = part(w, element, "dnsmasq");
	facts.strays = taps(w, element, "stray", &facts.stray_count);
	facts.older = taps(w, element, "older", &facts.older_count);
	put(w, directory, &network_kind, &reading);
}

/* <disk_error disk='vda' no_space='yes'/> */
static void add_disk_errors(struct world *w, xmlNode *element, struct domain_facts *facts)
{
	struct disk_error *errors = NULL;

	for (xmlNode *n = xml_first(element, "disk_error"); n; n = xml_next(n))
		*(struct disk_error *)arena_push(
		    &w->arena, &errors, &facts->disk_error_count, sizeof(*errors)) =
		    (struct disk_error){ xml_attribute(&w->arena, n, NULL, "disk"),
			    flag(w, n, "no_space") };
	facts->disk_errors = errors;
}

/* What was read of it stays, and it cannot be read any more. */
static void forget_domain(struct world *w, const char *name)
{
	struct observed_set *set = observations_set(&w->observed, &vm_kind);
	size_t at;

	if (!observed_set_index(set, name, &at))
		return;
	set->items[at]->presence = UNKNOWN;
	set->items[at]->why = "no answer";
}

static void put_domain(struct world *w, const char *directory, xmlNode *element)
{
	struct domain_facts facts = {
		.id = number(w, element, "id", -1),
		.state = number(w, element, "state", 5),
		.reason = number(w, element, "reason", 0),
		.persistent = flag(w, element, "persistent"),
		.autostart = flag(w, element, "autostart"),
		.managed_save = flag(w, element, "managed_save"),
	};
	struct reading reading = {
		.name = xml_attribute(&w->arena, element, NULL, "name"),
		.live_xml = side_xml(w, element, "live"),
		.config_xml = side_xml(w, element, "config"),
		.facts = &facts,
	};

	add_disk_errors(w, element, &facts);
	put(w, directory, &vm_kind, &reading);
	if (flag(w, element, "unread"))
		forget_domain(w, reading.name);
}

/* <pool name= active=> with libvirt's <pool> and <volume>s in it. */
static void put_pool(struct world *w, const char *directory, xmlNode *element)
{
	const char *name = xml_attribute(&w->arena, element, NULL, "name");
	struct storage_facts facts = { .active = flag(w, element, "active") };
	struct reading reading = { .name = name, .facts = &facts };
	struct error e = { "" };

	reading.config_xml = xml_print_element(&w->arena, xml_first(element, "pool"), &e);
	put(w, directory, &storage_kind, &reading);
	for (xmlNode *n = xml_first(element, "volume"); n; n = xml_next(n)) {
		struct reading volume = {
			.name = arena_printf(
			    &w->arena, "%s/%s", name, xml_content(&w->arena, n, "name")),
			.config_xml = xml_print_element(&w->arena, n, &e),
		};

		put(w, directory, &volume_kind, &volume);
	}
}

/* UEFI firmware is there for PCs with PCI Express only. */
static const struct host_offer *host_offers(struct world *w, bool kvm, size_t *count)
{
	static const struct cpu_model models[] = { { "qemu64", true }, { "EPYC", true },
		{ "Skylake-Client", false } };
	struct host_offer *offers = NULL;

	for (int k = kvm ? 0 : 1; k < 2; k++)
		for (int m = 0; m < 2; m++)
			*(struct host_offer *)arena_push(
			    &w->arena, &offers, count, sizeof(*offers)) =
			    (struct host_offer){ .type = k ? "qemu" : "kvm",
				    .machine = m ? "pc-i440fx-7.2" : "pc-q35-7.2",
				    .uefi = !m,
				    .passthrough = !k,
				    .host_model = true,
				    .maximum = true,
				    .models = models,
				    .model_count = 3 };
	return offers;
}

static void put_hypervisor(struct world *w, const char *directory, bool kvm)
{
	static const struct machine_type machines[] = { { "pc-q35-7.2", 288, NULL },
		{ "pc-q35-6.2", 288, NULL }, { "q35", 288, "pc-q35-7.2" },
		{ "pc-i440fx-7.2", 255, NULL }, { "pc", 255, "pc-i440fx-7.2" } };
	struct host_facts facts = { .kvm = kvm,
		.machine = "q35",
		.arch = "x86_64",
		.machines = machines,
		.machine_count = sizeof(machines) / sizeof(machines[0]) };
	struct reading reading = { .name = HYPERVISOR_NAME, .facts = &facts };

	facts.offers = host_offers(w, kvm, &facts.offer_count);
	snprintf(
	    facts.domain_type, sizeof(facts.domain_type), "%s", kvm ? "kvm" : "qemu");
	put(w, directory, &hypervisor_kind, &reading);
	observations_set_known(&w->observed, &hypervisor_kind, "");
}

static void load_xml(struct world *w, const char *directory, const char *file,
    const struct kind *kind, const char *element,
    void (*each)(struct world *, const char *, xmlNode *))
{
	const char *text = world_file(&w->arena, directory, file, NULL);
	struct error e = { "" };
	autoxml xmlDoc *doc = text ? xml_parse(text, &e) : NULL;

	if (!text) {
		observations_set_unknown(&w->observed, kind, "", "libvirt is down");
		return;
	}
	if (!doc)
		broken(directory, file, e.text);
	for (xmlNode *n = xml_first(xml_root(doc), element); n; n = xml_next(n))
		each(w, directory, n);
	observations_set_known(&w->observed, kind, "");
	if (kind == &vm_kind) {
		put_hypervisor(w, directory, flag(w, xml_root(doc), "kvm"));
	}
}

/* Where libvirt is up, and there is no such file, it has no storage pools. */
static void load_storage(struct world *w, const char *directory)
{
	bool up = world_file(&w->arena, directory, "domains.xml", NULL);

	if (world_file(&w->arena, directory, "storage.xml", NULL))
		load_xml(w, directory, "storage.xml", &storage_kind, "pool", put_pool);
	else if (up)
		observations_set_known(&w->observed, &storage_kind, "");
	if (up)
		observations_set_known(&w->observed, &volume_kind, "");
}

struct json_object *world_json(struct world *w, const char *directory, const char *file)
{
	size_t length;
	const char *text = world_file(&w->arena, directory, file, &length);
	struct error e = { "" };
	struct json_object *o = text ? json_parse(text, length, 64, &e) : NULL;

	if (text && !o)
		broken(directory, file, e.text);
	return o;
}

static void load_collection(struct world *w, const char *directory,
    const struct kind *kind, const struct watch *watch, struct json_object *list,
    const char *why)
{
	if (!list && why && why == watch->missing) { /* no such API */
		observations_set_refused(&w->observed, kind, watch->prefix, why);
		return;
	}
	if (!list) {
		observations_set_unknown(&w->observed, kind, watch->prefix, why);
		return;
	}
	for (size_t i = 0; i < json_count(list); i++) {
		struct json_object *o = json_item(list, i);
		const char *space = json_string_at(o, "metadata.namespace");
		struct reading reading = { .json = o };

		reading.name = arena_printf(&w->arena, "%s%s%s%s", watch->prefix,
		    watch->namespaced ? space : "", watch->namespaced ? "/" : "",
		    json_string_at(o, "metadata.name"));
		put(w, directory, kind, &reading);
	}
	observations_set_known(&w->observed, kind, watch->prefix);
}

static const char *list_key(struct world *w, const struct watch_request *request)
{
	const struct watch *watch = &request->watch;

	if (!request->kind->watch_of) /* "advertisements", "advertisements bgp/" */
		return watch->prefix[0] ? arena_printf(&w->arena, "%s %s",
					      request->kind->plural, watch->prefix)
					: request->kind->plural;
	return watch->selector
		   ? arena_printf(&w->arena, "%s?%s", watch->path, watch->selector)
		   : watch->path;
}

static void load_request(struct world *w, const char *directory,
    const struct watch_request *request, struct json_object *cluster)
{
	struct json_object *list = NULL;
	bool said = json_object_object_get_ex(cluster, list_key(w, request), &list);

	load_collection(w, directory, request->kind, &request->watch, list,
	    said ? "the API server does not answer" : request->watch.missing);
}

static void load_cluster(struct world *w, const char *directory)
{
	autojson struct json_object *cluster = world_json(w, directory, "cluster.json");
	struct watch_set set = { 0 };

	w->kubernetes = cluster;
	if (!cluster)
		return;
	/* What was read may decide on what else is watched. */
	for (int round = 0; round < 2; round++) {
		watch_set_add_all(&w->arena, &set, w->config, &w->observed);
		for (size_t i = 0; i < set.count; i++)
			load_request(w, directory, &set.items[i], cluster);
	}
	watch_set_add_all(&w->arena, &set, w->config, &w->observed);
}

static enum switched switched(struct json_object *o, const char *key)
{
	const char *text = json_string_at(o, key);

	return !text			 ? SWITCHED_UNKNOWN
	       : strcmp(text, "on") == 0 ? SWITCHED_ON
					 : SWITCHED_OFF;
}

/* {"since": ms ago, or none, "longest": ms, "guests": "on", "auto_shutdown": "off"} */
static void load_power(struct world *w, const char *directory)
{
	autojson struct json_object *o = world_json(w, directory, "power.json");
	struct host_power facts = { .reached = json_bool_at(o, "reached", true),
		.longest = json_int_at(o, "longest", 0),
		.guests = switched(o, "guests"),
		.auto_shutdown = switched(o, "auto_shutdown") };
	struct reading reading = { .name = HOST_NAME, .facts = &facts };
	int64_t ago = json_int_at(o, "since", -1);

	if (!o)
		return;
	if (ago >= 0)
		facts.since.ms = WORLD_NOW.ms - ago;
	put(w, directory, &host_kind, &reading);
	observations_set_known(&w->observed, &host_kind, "");
}

static void load_host(struct world *w, const char *directory)
{
	autojson struct json_object *host = world_json(w, directory, "host.json");

	for (size_t k = 0; host && k < kind_count; k++) {
		struct json_object *list = json_at(host, kinds[k]->plural);

		if (kinds[k]->source != &host_source || kinds[k] == &host_kind)
			continue;
		for (size_t i = 0; i < json_count(list); i++) {
			struct json_object *o = json_item(list, i);
			struct reading reading = { .json = o };

			reading.name = json_string_at(o, "name");
			put(w, directory, kinds[k], &reading);
		}
		observations_set_known(&w->observed, kinds[k], "");
	}
}

static void answer_plan(struct world *w, struct json_object *answers,
    struct json_object *disks, const struct plan *plan)
{
	probe_store_ask(w->probes, plan->probes, plan->probe_count);
	for (size_t i = 0; i < json_count(answers); i++) {
		struct json_object *o = json_item(answers, i);
		const char *kind = json_string_at(o, "kind"),
			   *name = json_string_at(o, "name");

		for (size_t k = 0; k < plan->probe_count; k++)
			if (strcmp(plan->probes[k].kind->name, kind) == 0 &&
			    strcmp(plan->probes[k].name, name) == 0)
				probe_store_put(w->probes,
				    &(struct answer){ .kind = plan->probes[k].kind,
					.name = name,
					.hash = plan->probes[k].hash,
					.status = (int)json_int_at(o, "status", 0),
					.at = WORLD_NOW,
					.json = json_at(o, "json"),
					.error = json_string_at(o, "error") });
	}
	disk_answers(w->probes, plan, disks);
}

/* Answers what a first plan asks, and what follows from that. */
static void load_answers(struct world *w, const char *directory)
{
	autojson struct json_object *answers = world_json(w, directory, "answers.json");
	autojson struct json_object *disks = world_json(w, directory, "disks.json");
	struct plan_input input;

	world_input(w, &input);
	for (int round = 0; round < 3; round++) {
		struct plan *plan = plan_make(&input);

		answer_plan(w, answers, disks, plan);
		plan_free(plan);
	}
}

static void load_state(struct world *w, const char *directory)
{
	autojson struct json_object *o = world_json(w, directory, "state.json");
	struct error e = { "" };

	for (size_t i = 0; i < config_get(w->config, &vm_kind)->count; i++) {
		const struct object *want = config_get(w->config, &vm_kind)->items[i];

		state_desired(&w->state, &vm_kind, want->name, want);
	}
	if (o && state_load(&w->state, o, w->config,
		     &(struct clocks){ WORLD_NOW, WORLD_WALL, NULL }, &e) < 0)
		broken(directory, "state.json", e.text);
}

static void load(
    struct world *w, const char *directory, const char *desired, bool remembered)
{
	load_config(w, directory, desired);
	load_state(w, remembered ? directory : "");
	load_xml(w, directory, "networks.xml", &network_kind, "network", put_network);
	load_xml(w, directory, "domains.xml", &vm_kind, "domain", put_domain);
	load_storage(w, directory);
	load_cluster(w, directory);
	load_host(w, directory);
	if (remembered)
		load_power(w, directory);
	load_answers(w, directory);
}

void world_load(struct world *w, const char *directory)
{
	const char *desired;

	*w = (struct world){ .probes = probe_store_new() };
	desired = world_file(&w->arena, directory, "desired.yaml", NULL);
	if (!desired)
		broken(directory, "desired.yaml", "missing");
	load(w, directory, desired, true);
}

void world_load_other(struct world *w, const char *directory, const char *desired)
{
	*w = (struct world){ .probes = probe_store_new() };
	load(w, directory, desired, false);
}

void world_done(struct world *w)
{
	config_free(w->config);
	observations_done(&w->observed);
	state_done(&w->state);
	probe_store_free(w->probes);
	arena_done(&w->arena);
}
