/* SPDX-License-Identifier: MIT */
/*
 * bench_lib: how long the computing takes: loading and checking a configuration of 1,000
 * VMs, and planning 1,000 objects with nothing to do. Each beside its floor in the same
 * run: parsing the same text with libyaml alone; one pass of strcmp over the same names.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <yaml.h>

#include "lib/kind/kinds.h"
#include "lib/kind/network/network.h"
#include "lib/kind/network/reservation.h"
#include "lib/kind/vm/hypervisor.h"
#include "lib/kind/vm/vm.h"
#include "lib/plan/plan.h"
#include "test/golden/disk_answers.h"

#define RUNS 15

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values)
{
	qsort(values, RUNS, sizeof(*values), by_value);
	return values[RUNS / 2];
}

/* `vms` machines with an address and a VM each, in files under the size cap, and pools.
 */
static void write_home(struct arena *a, struct config_files *files, unsigned vms)
{
	const unsigned per_file = 1000;
	struct text text = { 0 };

	text_add(&text,
	    "network:\n  name: default\n  address: 10.20.0.1/16\n"
	    "  dhcp: {range: {start: 10.20.200.0, end: 10.20.255.254}}\n  static_ips:\n");
	for (unsigned i = 0; i < vms; i++)
		text_add(
		    &text, "    vm-%04u: 10.20.%u.%u\n", i, 1 + i / 250, 2 + i % 250);
	for (unsigned i = 0; i < vms; i++) {
		if (i % per_file == 0) {
			struct source_text *source = arena_push(
			    a, &files->desired, &files->desired_count, sizeof(*source));

			*source = (struct source_text){
				arena_printf(a, "desired.d/%u.yaml", i / per_file),
				arena_copy(a, text_get(&text)), text.length, NULL
			};
			text_done(&text);
			text_add(&text, "vms:\n");
		}
		text_add(&text,
		    "  vm-%04u: {role: worker, vcpus: 2, memory: 4GiB, disk: {path: "
		    "/var/lib/libvirt/images/vm-%04u.qcow2}}\n",
		    i, i);
	}
	struct source_text *source =
	    arena_push(a, &files->desired, &files->desired_count, sizeof(*source));

	*source = (struct source_text){ "desired.d/z.yaml",
		arena_copy(a, text_get(&text)), text.length, NULL };
	text_done(&text);
	files->settings.name = "homek8s.yaml";
	files->directory = "bench";
}

static void parse_only(const struct source_text *source)
{
	yaml_parser_t parser;
	yaml_event_t event;
	bool end = false;

	yaml_parser_initialize(&parser);
	yaml_parser_set_input_string(
	    &parser, (const unsigned char *)source->text, source->length);
	while (!end && yaml_parser_parse(&parser, &event)) {
		end = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
}

static struct config *load(const struct config_files *files)
{
	struct config *config;

	if (config_load(files, &config) == 0)
		return config;
	for (size_t i = 0; i < config->report.count && i < 5; i++)
		fprintf(stderr, "%s\n",
		    finding_line(&config->arena, &config->report.findings[i]));
	exit(1);
}

static struct config *bench_load(const struct config_files *files)
{
	double took[RUNS], floors[RUNS];
	struct config *config = NULL;

	for (int i = 0; i < RUNS; i++) {
		double began = now_ms();

		config_free(config);
		config = load(files);
		took[i] = now_ms() - began;
		began = now_ms();
		for (size_t f = 0; f < files->desired_count; f++)
			parse_only(&files->desired[f]);
		floors[i] = now_ms() - began;
	}
	printf("%-44s %8.2f ms   bar 100 ms   floor %.2f ms (libyaml's events alone)\n",
	    "1,000 VMs in the configuration: load, lint", median(took), median(floors));
	return config;
}

static void observe_host(struct observations *o)
{
	static const struct host_facts facts = {
		.kvm = true, .domain_type = "kvm", .machine = "q35", .arch = "x86_64"
	};
	struct reading reading = { .name = HYPERVISOR_NAME, .facts = &facts };
	struct observed *observed = observed_new(&hypervisor_kind, HYPERVISOR_NAME);

	if (hypervisor_kind.decode(observed, &reading, NULL) < 0)
		exit(1);
	observed->presence = PRESENT;
	observations_put(o, observed);
	observations_set_known(o, &hypervisor_kind, "");
}

/* An observed home that is exactly as written. */
static void observe(struct arena *a, const struct config *config, struct observations *o)
{
	const struct set *vms = config_get(config, &vm_kind);
	const struct set *reservations = config_get(config, &reservation_kind);
	struct text hosts = { 0 };
	struct network_facts network = {
		.active = true, .persistent = true, .autostart = true
	};
	struct reading reading = { .name = "default", .facts = &network };
	struct observed *observed = observed_new(&network_kind, "default");
	struct error e;

	for (size_t i = 0; i < reservations->count; i++) {
		const struct reservation *l =
		    (const struct reservation *)reservations->items[i];
		const struct vm *vm = (const struct vm *)set_find(vms, l->host);
		const struct vm_interface *nic = vm->interfaces.items;

		text_add(&hosts, "<host mac='%s' name='%s' ip='%s'/>",
		    mac_text(nic->mac, (char[MAC_TEXT]){ 0 }), l->host,
		    ip_text(l->ip, (char[IP_TEXT]){ 0 }));
	}
	reading.live_xml = reading.config_xml = arena_printf(a,
	    "<network><name>default</name><forward mode='nat'/><bridge name='virbr0'/>"
	    "<ip address='10.20.0.1' prefix='16'><dhcp><range start='10.20.200.0' "
	    "end='10.20.255.254'/>%s</dhcp></ip></network>",
	    text_get(&hosts));
	text_done(&hosts);
	network_kind.decode(observed, &reading, &e);
	observed->presence = PRESENT;
	observations_put(o, observed);
	for (size_t i = 0; i < vms->count; i++) {
		const struct vm *vm = (const struct vm *)vms->items[i];
		const struct vm_interface *nic = vm->interfaces.items;
		struct domain_facts facts = {
			.id = (int)i + 1, .state = 1, .persistent = true
		};
		struct reading domain = { .name = vm->domain, .facts = &facts };

		domain.live_xml = domain.config_xml = arena_printf(a,
		    "<domain type='kvm' "
		    "id='%zu'><name>%s</name><uuid>%08zx-0000-4000-8000-"
		    "000000000000</uuid><memory "
		    "unit='KiB'>4194304</memory><vcpu>2</vcpu><os>"
		    "<type>hvm</type></os><devices><disk type='file' "
		    "device='disk'><source "
		    "file='%s'/><target dev='vda'/></disk><interface type='network'><mac "
		    "address='%s'/><source "
		    "network='default'/></interface></devices></domain>",
		    i + 1, vm->domain, i, vm->disk.path,
		    mac_text(nic->mac, (char[MAC_TEXT]){ 0 }));
		observed = observed_new(&vm_kind, vm->domain);
		if (vm_kind.decode(observed, &domain, &e) < 0)
			exit(1);
		observed->presence = PRESENT;
		observations_put(o, observed);
	}
	observations_set_known(o, &network_kind, "");
	observations_set_known(o, &vm_kind, "");
	observe_host(o);
}

/* The least that reading every object takes: comparing its name with its own. */
static double name_pass(const struct config *config)
{
	const struct set *sets[] = { config_get(config, &vm_kind),
		config_get(config, &reservation_kind) };
	double began = now_ms();
	volatile int sum = 0;

	for (size_t s = 0; s < 2; s++)
		for (size_t i = 0; i < sets[s]->count; i++)
			sum += strcmp(sets[s]->items[i]->name, sets[s]->items[i]->name);
	return now_ms() - began;
}

/* What a first plan asks of the disks, answered. */
static struct probe_store *answered(const struct plan_input *input)
{
	struct probe_store *store = probe_store_new();
	struct plan *plan = plan_make(input);

	disk_answers(store, plan, NULL);
	plan_free(plan);
	return store;
}

static void bench_plan(const struct config *config, const char *what)
{
	struct arena a = { 0 };
	struct observations o = { 0 };
	struct state m = { 0 };
	struct plan_input input = {
		.desired = config,
		.observed = &o,
		.state = &m,
		.sources = { { .up = true }, { .up = true, .off = true, .why = "off" } },
		.now = { 1000000 },
	};
	double took[RUNS], floors[RUNS];
	size_t items = 0, steps = 0, converged = 0;

	observe(&a, config, &o);
	input.probes = answered(&input);
	for (int i = 0; i < RUNS; i++) {
		double began = now_ms();
		struct plan *plan = plan_make(&input);

		took[i] = now_ms() - began;
		floors[i] = name_pass(config);
		items = plan->item_count;
		steps = plan->step_count;
		converged = 0;
		for (size_t k = 0; k < items; k++)
			converged += plan->items[k]->verdict == VERDICT_CONVERGED;
		plan_free(plan);
	}
	printf(
	    "%-44s %8.3f ms   bar %g ms      floor %.3f ms (a pass over the names); %zu "
	    "objects, %zu converged, %zu steps\n",
	    what, median(took), (double)items / 2000, median(floors), items, converged,
	    steps);
	probe_store_free((struct probe_store *)(uintptr_t)input.probes);
	observations_done(&o);
	state_done(&m);
	arena_done(&a);
	if (steps || converged != items)
		exit(1);
}

int main(void)
{
	struct arena a = { 0 };
	struct config_files files = { 0 }, half = { 0 };
	struct config *config;

	mallopt(M_TRIM_THRESHOLD, PLAN_MEMORY); /* as homek8sd */
	mallopt(M_MMAP_THRESHOLD, PLAN_MEMORY);
	write_home(&a, &files, 1000);
	config = bench_load(&files);
	bench_plan(config, "plan, nothing to do: 1,000 VMs and reservations");
	config_free(config);
	write_home(&a, &half, 500);
	config = load(&half);
	bench_plan(config, "plan, nothing to do: 500 VMs and reservations");
	config_free(config);
	arena_done(&a);
	return 0;
}
