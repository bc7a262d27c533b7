/* SPDX-License-Identifier: MIT */
/*
 * vm_plan: a written VM against its domain. What is missing is defined; what differs and
 * needs a restart is shown, while power goes on being managed.
 */
#include "lib/kind/vm/vm_plan.h"

#include <string.h>

#include "lib/base/hash.h"
#include "lib/kind/actions.h"
#include "lib/kind/host/host.h"
#include "lib/kind/node/node_match.h"
#include "lib/kind/vm/hypervisor.h"
#include "lib/kind/vm/vm_autostart.h"
#include "lib/kind/vm/vm_capacity.h"
#include "lib/kind/vm/vm_change.h"
#include "lib/kind/vm/vm_hardware.h"
#include "lib/kind/vm/vm_host.h"
#include "lib/kind/vm/vm_power.h"
#include "lib/kind/vm/vm_limits.h"
#include "lib/kind/vm/vm_release.h"
#include "lib/kind/vm/vm_record.h"
#include "lib/kind/vm/vm_restart.h"
#include "lib/kind/vm/vm_remedy.h"
#include "lib/kind/vm/vm_start.h"
#include "lib/kind/vm/vm_state.h"
#include "lib/kind/vm/vm_word.h"
#include "lib/kind/vm/vm_claims.h"
#include "lib/kind/vm/vm_defaults.h"
#include "lib/kind/vm/vm_disk.h"
#include "lib/kind/vm/vm_seed.h"
#include "lib/kind/vm/vm_wish.h"
#include "lib/kind/vm/vm_xml.h"
#include "lib/kind/vm/vm.h"
#include "lib/kind/volume/volume.h"

static bool has(const struct vm *vm, const char *key)
{
	return field_has(&vm_kind.fields, vm, key);
}

static const char *object_text(struct planner *p, const struct item *item)
{
	return arena_printf(p->arena, "vm/%s", item->name);
}

/* A finding where a machine runs slowly, or cannot run. */
static void report_type(struct planner *p, const struct item *item, const struct vm *want,
    const struct host_facts *host)
{
	if (want->type != VM_QEMU && hypervisor_emulates(host))
		plan_finding(p, SEVERITY_WARNING, "kvm-unavailable", object_text(p, item),
		    "KVM does not work on this host: its VMs are emulated, which is slow")
		    ->fix =
		    "switch on virtualisation in the firmware, or nested virtualisation of the outer host, and load kvm_intel or kvm_amd";
}

const char *vm_missing(
    struct arena *a, const struct config *config, const struct vm *want)
{
	static const char *const needed[] = { "vcpus", "memory" };
	const char *text = NULL;

	want = vm_as_new(want);
	for (size_t i = 0; i < 2; i++)
		if (!has(want, needed[i]))
			text =
			    text ? arena_printf(a, "%s, %s", text, needed[i]) : needed[i];
	if (!has(want, "disk") && !has(want, "boot"))
		text = text ? arena_printf(a, "%s, disk or boot", text) : "disk or boot";
	if (!has(want, "interfaces") && config_get(config, &network_kind)->count > 1)
		text = text ? arena_printf(a, "%s, interfaces", text) : "interfaces";
	return text;
}

const char *vm_missing_keys(struct planner *p, const struct vm *want)
{
	return vm_missing(p->arena, p->input->desired, want);
}

/* " and `disk: {path: /a}`" where what is written is none of its disks, of a domain that is
 * not known by one. */
static const char *disk_advice(
    struct planner *p, const struct vm *want, const struct vm *side, const char *why)
{
	const char *path = side ? volume_disk_path(p, &side->disk) : NULL;

	if (!path || !has(want, "disk") || strncmp(why, "its disk", 8) == 0 ||
	    vm_disk_match_of(p, &want->disks[0], side) != DISK_OTHER)
		return "";
	return arena_printf(p->arena, " and `disk: {path: %s}`", path);
}

/* A domain of another name with its UUID, disk, MAC or address is most likely the same machine before
 * it was renamed here: two that write one disk destroy it. False: nobody is in the way. */
static bool plan_twin(struct planner *p, struct item *item, const struct vm *want)
{
	struct vm_claim other;
	const char *why;

	switch (vm_twin(p, want, &other, &why)) {
	case CLAIM_NONE:
		return false;
	case CLAIM_UNKNOWN:
		item_pending(p, item, "to be defined; %s", why);
		return true;
	case CLAIM_FOUND:
		break;
	}
	if (other.by)
		item_blocked(p, item,
		    "there is no domain %s, but domain %s has %s: if that is this VM, write `domain: %s`%s, else undefine it or give this one its own",
		    want->domain, other.domain, why, vm_yaml_word(p->arena, other.domain),
		    disk_advice(p, want, vm_side(other.by), why));
	else
		item_blocked(p, item,
		    "there is no domain %s, and %s, which is to be defined as well, has %s: give each its own",
		    want->domain, other.domain, why);
	return true;
}

/* Its disks come first; one that is there may go on being grown. */
static void wait_for_volumes(
    struct planner *p, struct program *program, const struct vm *want)
{
	for (size_t i = 0; i < want->disk_count; i++) {
		const char *name = volume_of_disk(p->arena, &want->disks[i]);
		const struct item *volume =
		    name ? planner_item(p, &volume_kind, name) : NULL;

		if (volume &&
		    (!volume->observed || volume->observed->presence != PRESENT))
			program_waits_for(p, program, &volume_kind, name);
	}
}

static void plan_absent(struct planner *p, struct item *item, const struct vm *want)
{
	const struct host_facts *host = hypervisor_facts(p);
	const char *missing = vm_missing_keys(p, want);
	const struct vm *as_new = vm_as_new(want);
	const char *excess;
	struct program *program;

	if (plan_twin(p, item, want))
		return;
	if (missing) {
		item_blocked(p, item,
		    "there is no domain %s; to have it defined, write %s", want->domain,
		    missing);
		return;
	}
	if (!host) {
		item_pending(
		    p, item, "to be defined; waits for what libvirt says of this host");
		return;
	}
	report_type(p, item, as_new, host);
	if (as_new->type == VM_KVM && hypervisor_emulates(host)) {
		item_blocked(p, item,
		    "there is no domain %s, and it cannot be run as `type: kvm` is written: KVM does not work on this host; switch on virtualisation in its firmware, or write `type: auto`",
		    want->domain);
		return;
	}
	excess = vm_vcpus_excess(p, as_new, NULL);
	if (excess) {
		item_blocked(p, item,
		    "there is no domain %s, and none can be defined with vcpus: %lld: %s",
		    want->domain, (long long)as_new->vcpus, excess);
		return;
	}
	excess = vm_hardware_missing(p, as_new);
	if (excess) {
		item_blocked(p, item,
		    "there is no domain %s, and none can be defined with %s",
		    want->domain, excess);
		return;
	}
	program = item_program(p, item, "define domain %s", want->domain);
	wait_for_volumes(p, program, want);
	vm_seed_wait(p, program, want);
	program_step(p, program, &domain_define_action, want->domain, "define domain %s",
	    want->domain);
	if (has(as_new, "autostart") && as_new->autostart)
		vm_autostart_add(p, program, as_new);
	item_pending(p, item, "to be defined");
	if (vm_wish_state(item->state, want) == VM_RUNNING)
		vm_start_new(p, item, program, want, "to be defined");
	/* Where its network is not active it is defined all the same. */
	if (item->verdict == VERDICT_BLOCKED)
		item_pending(p, item, "%s", item->reason);
}

static uint64_t hash_text(uint64_t hash, const char *text)
{
	return hash_bytes(hash, text, strlen(text) + 1);
}

/* Of its own making (RFC 9562, version 8): another on every host, for every VM, and for a
 * VM that is defined anew. */
static const char *new_uuid(
    struct planner *p, const struct vm *want, const struct host_facts *host)
{
	uint64_t high = hash_text(hash_text(HASH_START, host->uuid), want->object.name);
	uint64_t low;

	high = hash_bytes(high, &p->input->now.ms, sizeof(p->input->now.ms));
	low = hash_text(high, "low");
	return arena_printf(p->arena, "%08x-%04x-8%03x-%04x-%012llx",
	    (unsigned)(high >> 32), (unsigned)(high >> 16 & 0xffff),
	    (unsigned)(high & 0xfff), (unsigned)(low >> 48 & 0x3fff) | 0x8000,
	    (unsigned long long)(low & 0xffffffffffff));
}

/* What its volume is, whatever it is called; NULL: it is none, or libvirt does not say. */
static const char *disk_format(struct planner *p, const struct domain_disk *disk)
{
	const char *name = volume_of_disk(p->arena, disk);
	const struct observed *volume =
	    name ? planner_observed(p, &volume_kind, name) : NULL;

	return volume ? ((const struct volume *)volume->config)->format : NULL;
}

static const char *const *disk_formats(struct planner *p, const struct vm *want)
{
	const char **formats = arena_array(p->arena, want->disk_count, sizeof(*formats));

	for (size_t i = 0; i < want->disk_count; i++)
		formats[i] = disk_format(p, &want->disks[i]);
	return formats;
}

const char *vm_render(struct planner *p, const struct step *step, struct error *e)
{
	const struct vm *want =
	    (const struct vm *)planner_desired(p, &vm_kind, step->name);
	const struct host_facts *host = hypervisor_facts(p);

	if (!want || !host) {
		fail(e,
		    want ? "vm/%s: the host's capabilities are not known"
			 : "vm/%s is no longer written",
		    step->name);
		return NULL;
	}
	return vm_xml_define(p->arena, vm_as_new(want),
	    hypervisor_type(host, (enum vm_type)vm_as_new(want)->type),
	    new_uuid(p, want, host), disk_formats(p, want), host, e);
}

static bool is_any_disk_unknown(
    struct planner *p, const struct vm *want, const struct vm *have)
{
	for (size_t i = 0; i < want->disk_count; i++)
		if (vm_disk_match_of(p, &want->disks[i], have) == DISK_NOT_KNOWN)
			return true;
	return false;
}

/* One that was undefined while it runs is stored again; one that never was stored is
 * a decision of whoever made it. */
static const char *plan_transient(
    struct planner *p, struct item *item, const struct vm *want)
{
	struct program *program;

	item_condition(p, item, "TransientDomain",
	    "it has no stored definition and vanishes when it stops");
	if (vm_record_of(item->state)->stored) {
		program = item_program(p, item, NULL);
		program_step(p, program, &domain_redefine_action, want->domain,
		    "store the definition of domain %s again", want->domain);
		return "has no stored definition: it was undefined while it runs";
	}
	if (has(want, "autostart") && want->autostart)
		item_difference(p, item, "autostart", "true", "false");
	return arena_printf(p->arena,
	    "has no stored definition, so it vanishes when it stops; `virsh dumpxml --inactive %s >/root/%s.xml && virsh define /root/%s.xml` keeps it",
	    vm_word(p, want->domain), item->name, item->name);
}

/* Two machines are said in one order, so that both items say the same. */
static void report_shared_disk(struct planner *p, const struct item *item,
    const struct vm *want, const struct vm_claim *other)
{
	bool first = strcmp(want->domain, other->domain) < 0;
	enum severity severity = vm_claim_runs(other) ? SEVERITY_ERROR : SEVERITY_WARNING;

	plan_finding(p, severity, "disk-shared", object_text(p, item),
	    "%s is a disk of domain %s and of domain %s: two that write one disk destroy it",
	    other->what, first ? want->domain : other->domain,
	    first ? other->domain : want->domain)
	    ->fix = arena_printf(p->arena,
	    "give one of them a disk of its own (`virsh edit %s`), or `virsh undefine %s`, which keeps the disk",
	    vm_word(p, other->domain), vm_word(p, other->domain));
}

/* Another machine has what only one may have: reported while both exist; whether this one
 * may start is decided where it is started. What makes it blocked, or NULL. */
static const char *plan_shared(
    struct planner *p, struct item *item, const struct vm *want)
{
	struct vm_claim other;
	enum vm_claimed claimed;

	if (vm_claimed_disk(p, want, item->observed, &other) == CLAIM_FOUND) {
		item_condition(p, item, "DiskShared", "domain %s has %s too",
		    other.domain, other.what);
		if (item->observed->live)
			report_shared_disk(p, item, want, &other);
	}
	claimed = vm_claimed_mac(p, want, item->observed, &other);
	if (claimed == CLAIM_UNKNOWN && other.by)
		return arena_printf(p->arena,
		    "%s: two machines with one MAC cut each other off; if it still has it, give one of them another (`virsh edit %s`)",
		    other.what, vm_word(p, other.domain));
	if (claimed != CLAIM_FOUND)
		return NULL;
	return arena_printf(p->arena,
	    "domain %s has its MAC address %s in the same network: two machines with one MAC cut each other off; give one of them another (`virsh edit %s`)",
	    other.domain, other.what, vm_word(p, other.domain));
}

/* Of a machine whose power is as it should be. */
static void plan_rest(struct planner *p, struct item *item, const struct vm *want,
    const struct vm *have, struct vm_change change)
{
	if (!have->facts.persistent && vm_record_of(item->state)->stored)
		item_pending(p, item, "%s", change.blocked);
	else if (change.blocked)
		item_blocked(p, item, "%s", change.blocked);
	else if (change.waits)
		item_pending(p, item, "%s", change.waits);
	else if (is_any_disk_unknown(p, want, have))
		item_pending(p, item,
		    "libvirt has not said yet whether its disks are those that are written");
}

static void plan_present(struct planner *p, struct item *item, const struct vm *want,
    const struct vm *live, const struct vm *config)
{
	const struct vm *have = config ? config : live;
	const struct host_facts *host = hypervisor_facts(p);
	struct vm_change change = vm_change_plan(p, item, want, live, config);
	const char *autostart = NULL, *shared, *seed, *capacity;

	if (host)
		report_type(p, item, want, host);
	if (!have->facts.persistent)
		change.blocked = plan_transient(p, item, want);
	else if (has(want, "autostart") && want->autostart != have->facts.autostart)
		autostart = vm_autostart_plan(p, item, want);
	seed = vm_seed_plan(p, item, want, config);
	if (!vm_host_plan(p, item, want, have) &&
	    !vm_restart_plan(p, item, want, have, change.restart)) {
		vm_power_plan(p, item, want, have);
		vm_remedy_plan(p, item, want, have);
	}
	shared = plan_shared(p, item, want);
	if (!shared)
		shared = autostart ? autostart : seed;
	if (item->verdict == VERDICT_CONVERGED)
		plan_rest(p, item, want, have, change);
	capacity = vm_capacity_plan(p, item, want, live);
	if (capacity && item->verdict == VERDICT_CONVERGED && !*item->reason)
		item_converged(p, item, "%s", capacity);
	if (shared && verdict_rank(item->verdict) < verdict_rank(VERDICT_BLOCKED))
		item_blocked(p, item, "%s", shared);
}

void vm_plan(struct planner *p, struct item *item, const struct object *want,
    const struct observed *have)
{
	if (!want) {
		if (!vm_restart_plan(p, item, NULL, vm_side(have), NULL))
			vm_release_plan(p, item, have);
		return;
	}
	vm_release_report(p, (const struct vm *)want);
	if (have)
		plan_present(p, item, (const struct vm *)want,
		    (const struct vm *)have->live, (const struct vm *)have->config);
	else if (!vm_restart_plan(p, item, (const struct vm *)want, NULL, NULL))
		plan_absent(p, item, (const struct vm *)want);
	vm_wish_plan(p, item, (const struct vm *)want, have);
}

/* One that is paused, asleep, crashed or on its way down does nothing for anybody. */
static bool serves(const struct domain_facts *facts)
{
	switch (facts->state) {
	case STATE_PAUSED:
	case STATE_SHUTDOWN:
	case STATE_CRASHED:
	case STATE_PMSUSPENDED:
		return false;
	default:
		return true;
	}
}

/* A guest on its way down has stopped its agent and its kubelet within seconds; of the latter
 * the API server says so after 50 s. */
#define SIGN_OF_LIFE_MS ((int64_t)60 * 1000)

static bool shows_life(struct planner *p, const struct vm *live)
{
	const struct node_object *node = NULL;

	if (live->agent)
		return true;
	if (p->input->observed->kinds[kind_index(&node_kind)].known)
		node = node_match_domain(p, live);
	return node && node->ready;
}

/* When it is certain that no request of before it was observed takes it down: no guest takes
 * longer to shut down. running_since is of this start of it. */
static struct mono settled_at(
    struct planner *p, const struct vm *live, const struct vm_record *vm)
{
	int64_t wait = p->input->desired->settings.vm.stop_timeout;

	if (wait > SIGN_OF_LIFE_MS && live && shows_life(p, live))
		wait = SIGN_OF_LIFE_MS;
	return mono_add(vm->running_since, wait);
}

void vm_availability(struct planner *p, const struct item *item, struct availability *out)
{
	const struct vm *want = (const struct vm *)item->desired;
	const struct vm *live =
	    item->observed ? (const struct vm *)item->observed->live : NULL;
	const struct vm_record *vm = vm_record_of(item->state), *leaving;

	/* What goes down with the host takes nothing from a home that stays. */
	if (!want || host_shutdown(p) == HOST_TAKES_DOWN)
		return;
	out->counts = true;
	leaving = live ? vm_claims_leaving(p, want->domain, live->facts.id) : NULL;
	if (leaving)
		vm = leaving;
	/* A shutdown that was requested and has not ended counts already; one whose request
	 * failed, or may have been sent, is not free for that. */
	out->up =
	    live && serves(&live->facts) && !vm->stop_requested.ms && !vm->stop_first.ms;
	out->unsure = live && serves(&live->facts) && !vm->stop_first.ms;
	out->settled_at = settled_at(p, live, vm);
	out->critical = want->role == ROLE_CONTROL_PLANE ? "control plane" : NULL;
}
