/* SPDX-License-Identifier: MIT */
/*
 * vm_scene: for the tests of the kind vm: a home with the VM "w", what was observed of it,
 * its state, and the plan made of that.
 */
#ifndef TEST_UNIT_VM_SCENE_H
#define TEST_UNIT_VM_SCENE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/kind/kinds.h"
#include "lib/kind/network/network.h"
#include "lib/kind/vm/hypervisor.h"
#include "lib/kind/vm/vm.h"
#include "lib/kind/vm/vm_record.h"
#include "lib/plan/plan.h"
#include "test/golden/disk_answers.h"

#include <check.h>

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

#define SECOND ((int64_t)1000)
#define MINUTE (60 * SECOND)
#define NOW ((int64_t)1000000000)

#define NETWORK                                                                          \
	"network: {name: default, address: 192.168.122.1/24, "                           \
	"dhcp: {range: {start: 192.168.122.2, end: 192.168.122.99}}}\n"
#define NETWORKS                                                                         \
	"networks: {default: {address: 192.168.122.1/24}, lab: {address: "               \
	"10.9.0.1/24}}\n"

static inline struct config *load(const char *yaml, const char *settings, int *result)
{
	struct source_text home = { "home.yaml", yaml, strlen(yaml), NULL };
	struct config_files files = {
		.desired = &home,
		.desired_count = 1,
		.directory = "/etc/homek8s",
		.settings = { "homek8s.yaml", settings, settings ? strlen(settings) : 0,
		    NULL },
	};
	struct config *config;

	*result = config_load(&files, &config);
	return config;
}

static inline const char *all_of(struct arena *a, const struct report *report)
{
	const char *text = "";

	for (size_t i = 0; i < report->count; i++)
		text = arena_printf(
		    a, "%s%s\n", text, finding_line(a, &report->findings[i]));
	return text;
}

/* A home with one VM "w", domain "w", in the network "default". */
struct scene {
	struct config *config;
	struct observations observed;
	struct state state;
	struct plan_input input; /* of the plan */
	const char *unsaved;	 /* why the state cannot be kept; NULL: it can */
	struct probe_store *probes;
	bool adopted;	 /* the domain "w" carries no mark */
	bool unanswered; /* nothing is said of what a disk is */
	struct plan *plan;
	const struct item *item;
};

/* `type` NULL: what the host can do was not observed yet. */
static inline void see_host(struct scene *s, const char *type)
{
	struct host_facts facts = { .machine = "q35", .arch = "x86_64" };
	struct reading reading = { .name = HYPERVISOR_NAME, .facts = &facts };
	struct observed *observed = observed_new(&hypervisor_kind, HYPERVISOR_NAME);

	observations_remove(&s->observed, &hypervisor_kind, HYPERVISOR_NAME);
	if (!type) {
		observed_free(observed);
		return;
	}
	facts.kvm = strcmp(type, "kvm") == 0;
	snprintf(facts.domain_type, sizeof(facts.domain_type), "%s", type);
	ck_assert_int_eq(hypervisor_kind.decode(observed, &reading, NULL), 0);
	observed->presence = PRESENT;
	observations_put(&s->observed, observed);
}

static inline void scene_begin(struct scene *s, const char *yaml, const char *settings)
{
	struct arena a = { 0 };
	int result;

	*s = (struct scene){ .config = load(yaml, settings, &result) };
	ck_assert_msg(result == 0, "%s", all_of(&a, &s->config->report));
	see_host(s, "kvm");
	for (size_t i = 0; i < kind_count; i++)
		observations_set_known(&s->observed, kinds[i], "");
	arena_done(&a);
}

static inline void see_network(
    struct scene *s, const char *name, bool active, const char *hosts)
{
	struct arena a = { 0 };
	struct network_facts facts = { .active = active,
		.persistent = true,
		.autostart = true,
		.leases_known = true };
	const char *xml = arena_printf(&a,
	    "<network><name>%s</name><uuid>11111111-2222-3333-4444-555555555555</uuid>"
	    "<forward mode='nat'/><bridge name='virbr0'/>"
	    "<ip address='192.168.122.1' netmask='255.255.255.0'><dhcp>"
	    "<range start='192.168.122.2' end='192.168.122.99'/>%s</dhcp></ip></network>",
	    name, hosts);
	struct reading reading = { .name = name,
		.live_xml = active ? xml : NULL,
		.config_xml = xml,
		.facts = &facts };
	struct observed *observed = observed_new(&network_kind, name);
	struct error e = { "" };

	ck_assert_msg(network_kind.decode(observed, &reading, &e) == 0, "%s", e.text);
	observed->presence = PRESENT;
	observations_put(&s->observed, observed);
	arena_done(&a);
}

/* As the first version marked what it had defined. */
#define OWNED "<metadata><h:owner xmlns:h='" MARK_URI "' name='w'/></metadata>"

/* `live` and `config` are what stands inside <domain>, or NULL. */
static inline void see_domain(struct scene *s, const char *name,
    const struct domain_facts *facts, const char *live, const char *config)
{
	struct arena a = { 0 };
	struct reading reading = { .name = name, .facts = facts };
	struct observed *observed = observed_new(&vm_kind, name);
	const char *mark = strcmp(name, "w") == 0 && !s->adopted ? OWNED : "";
	struct error e = { "" };

	if (live)
		reading.live_xml = arena_printf(&a,
		    "<domain type='kvm' id='1'><name>%s</name>%s%s</domain>", name, mark,
		    live);
	if (config)
		reading.config_xml =
		    arena_printf(&a, "<domain type='kvm'><name>%s</name>%s%s</domain>",
			name, mark, config);
	ck_assert_msg(vm_kind.decode(observed, &reading, &e) == 0, "%s", e.text);
	ck_assert_int_eq(observed->presence, PRESENT);
	observations_put(&s->observed, observed);
	arena_done(&a);
}

static inline struct object_state *state_of(struct scene *s)
{
	return state_get(&s->state, &vm_kind, "w");
}

static inline void scene_plan(struct scene *s)
{
	s->input = (struct plan_input){ .desired = s->config,
		.observed = &s->observed,
		.state = &s->state,
		.now = { NOW },
		.sources = { { .up = true }, { .off = true, .why = "switched off" } } };
	if (!s->probes)
		s->probes = probe_store_new();
	s->input.probes = s->probes;
	s->input.unsaved = s->unsaved;
	plan_free(s->plan);
	s->plan = plan_make(&s->input);
	if (!s->unanswered) {
		disk_answers(s->probes, s->plan, NULL);
		plan_free(s->plan);
		s->plan = plan_make(&s->input);
	}
	s->item = plan_find(s->plan, &vm_kind, "w");
}

static inline void scene_end(struct scene *s)
{
	plan_free(s->plan);
	if (s->probes)
		probe_store_free(s->probes);
	observations_done(&s->observed);
	state_done(&s->state);
	config_free(s->config);
}

/* The steps of the item's programs: all of them, or (`running`) those that run now. */
static inline const char *list_steps(
    struct arena *a, const struct item *item, bool running)
{
	const char *text = "";

	for (size_t i = 0; i < item->program_count; i++) {
		const struct program *program = item->programs[i];

		if (running && program->gate != GATE_OPEN)
			continue;
		for (size_t k = 0; k < program->step_count; k++)
			text = arena_printf(a, "%s%s%s", text, *text ? "; " : "",
			    program->steps[k]->text);
	}
	return text;
}

static inline const char *steps_text(struct arena *a, const struct item *item)
{
	return list_steps(a, item, false);
}

static inline const char *running_text(struct arena *a, const struct item *item)
{
	return list_steps(a, item, true);
}

/* Something is to be done, and none of it now. */
static inline bool is_held(const struct item *item)
{
	return item_has_steps(item) && !item_acts(item);
}

/* The item's only program. */
static inline const struct program *program_of(const struct item *item)
{
	ck_assert_uint_eq(item->program_count, 1);
	return item->programs[0];
}

static inline enum gate scene_gate(const struct item *item)
{
	return program_of(item)->gate;
}

/* Approves what the item's only program waits for. */
static inline void scene_approve(struct scene *s, const struct item *item)
{
	const struct program *program = program_of(item);

	state_approve(&s->state, item->kind, item->name, program->parts,
	    program->part_count, (struct mono){ NOW }, APPROVAL_EXPIRES_MS, 0);
}

static inline bool has_effect(const struct item *item, enum effect_what what)
{
	for (size_t i = 0; i < item->program_count; i++)
		for (size_t k = 0; k < item->programs[i]->effect_count; k++)
			if (item->programs[i]->effects[k].what == what)
				return true;
	return false;
}

#define SIZE "<memory>1048576</memory><vcpu>1</vcpu>"
#define ON_NETWORK                                                                       \
	SIZE "<devices><interface type='network'><mac address='52:54:00:00:00:01'/>"     \
	     "<source network='default'/></interface></devices>"

/* libvirt's numbers, as a row says them. */
#define RUNNING                                                                          \
	{                                                                                \
		1, 1, 1, true, false, false, NULL, 0                                     \
	}
#define UP(state, reason)                                                                \
	{                                                                                \
		1, state, reason, true, false, false, NULL, 0                            \
	}
#define DOWN(reason)                                                                     \
	{                                                                                \
		-1, 5, reason, true, false, false, NULL, 0                               \
	}
#define SAVED(reason)                                                                    \
	{                                                                                \
		-1, 5, reason, true, false, true, NULL, 0                                \
	}

/* Its record; times in seconds from now. */
struct past {
	bool ran;
	enum stop_cause cause;
	unsigned quick_stops;
	int64_t start_in;
	bool start_wanted;
	int64_t asked_ago, sent_ago, saved_ago; /* 0: not */
};

static inline struct mono ago(int64_t seconds)
{
	return seconds ? (struct mono){ NOW - seconds * SECOND } : (struct mono){ 0 };
}

static inline void set_record(struct scene *s, const struct past *past, int id)
{
	struct vm_record *vm = state_of(s)->own;

	vm->observed = true;
	vm->domain_id = id;
	vm->has_run = past->ran;
	vm->cause = past->cause;
	vm->quick_stops = past->quick_stops;
	vm->start_requested = past->start_wanted;
	if (past->start_in)
		vm->start_at = (struct mono){ NOW + past->start_in * SECOND };
	vm->stop_first = ago(past->asked_ago);
	vm->stop_sent = ago(past->sent_ago);
	vm->saved_at = ago(past->saved_ago);
}

static inline bool has_condition(const struct item *item, const char *type)
{
	for (size_t i = 0; i < item->condition_count; i++)
		if (strcmp(item->conditions[i].type, type) == 0)
			return true;
	return false;
}

#endif
