/* SPDX-License-Identifier: MIT */
/* vm_nics: see the header. */
#include "lib/kind/vm/vm_nics.h"

#include <string.h>

#include "lib/kind/actions.h"
#include "lib/kind/network/reservation_plan.h"
#include "lib/kind/vm/vm_claims.h"
#include "lib/kind/vm/vm_fields.h"
#include "lib/kind/vm/vm_resize.h"
#include "lib/kind/vm/vm_xml.h"

#define NONE SIZE_MAX
/* So many places of a VM's list have a MAC address that is derived from its name. */
#define DERIVED 64

/* Which is which */

struct pairs {
	size_t *of;  /* of each that is written: which of the side's, or NONE */
	bool *taken; /* of each of the side's: it is written */
};

static const struct vm_interface *nic_at(const struct vm *vm, size_t i)
{
	return &((const struct vm_interface *)vm->interfaces.items)[i];
}

static bool same_text(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

/* What runs has the bridge of its network too. */
static bool same_place(const struct vm_interface *want, const struct vm_interface *have)
{
	if (want->bridge)
		return !have->network && same_text(want->bridge, have->bridge);
	return same_text(want->network, have->network);
}

static bool by_mac(const struct vm_interface *want, const struct vm_interface *have)
{
	return want->mac_given && mac_equal(want->mac, have->mac);
}

static bool by_both(const struct vm_interface *want, const struct vm_interface *have)
{
	return same_place(want, have) && mac_equal(want->mac, have->mac);
}

static bool by_place(const struct vm_interface *want, const struct vm_interface *have)
{
	return !want->mac_given && same_place(want, have);
}

static bool by_seat(const struct vm_interface *want, const struct vm_interface *have)
{
	return same_place(want, have);
}

static bool by_rest(const struct vm_interface *want, const struct vm_interface *have)
{
	(void)want;
	(void)have;
	return true;
}

static struct pairs pair(struct arena *a, const struct vm *want, const struct vm *side)
{
	static bool (*const passes[])(
	    const struct vm_interface *, const struct vm_interface *) = { by_mac, by_both,
		by_place, by_seat, by_rest };
	size_t count = want->interfaces.count;
	struct pairs pairs = { arena_array(a, count + 1, sizeof(*pairs.of)),
		arena_array(a, side->interfaces.count + 1, sizeof(*pairs.taken)) };

	for (size_t i = 0; i < count; i++)
		pairs.of[i] = NONE;
	for (size_t pass = 0; pass < sizeof(passes) / sizeof(passes[0]); pass++)
		for (size_t i = 0; i < count; i++)
			for (size_t k = 0;
			     pairs.of[i] == NONE && k < side->interfaces.count; k++)
				if (!pairs.taken[k] &&
				    passes[pass](nic_at(want, i), nic_at(side, k))) {
					pairs.of[i] = k;
					pairs.taken[k] = true;
				}
	return pairs;
}

/* Comparing */

static const char *plug_text(struct arena *a, const struct vm_interface *nic)
{
	if (nic->network)
		return arena_printf(a, "network %s", nic->network);
	return nic->bridge ? arena_printf(a, "bridge %s", nic->bridge) : "no network";
}

static const char *nic_text(struct arena *a, const struct vm_interface *nic)
{
	return arena_printf(
	    a, "%s in %s", mac_text(nic->mac, (char[MAC_TEXT]){ 0 }), plug_text(a, nic));
}

static void add(struct arena *a, struct differences *out, const char *field,
    const char *want, const char *have)
{
	struct difference *d =
	    arena_push(a, &out->items, &out->count, sizeof(*out->items));

	*d = (struct difference){ .field = field, .want = want, .have = have };
}

static void compare_one(struct arena *a, const struct vm_interface *want,
    const struct vm_interface *have, size_t i, struct differences *out)
{
	struct differences found = { 0 };

	field_compare(&vm_interface_fields, want, have, a, &found);
	for (size_t k = 0; k < found.count; k++)
		add(a, out,
		    arena_printf(a, "interfaces[%zu].%s", i, found.items[k].field),
		    found.items[k].want, found.items[k].have);
}

void vm_nics_compare(struct planner *p, const struct vm *want, const struct vm *side,
    struct differences *out)
{
	struct arena *a = p->arena;
	size_t next = want->interfaces.count;
	struct pairs pairs;

	if (!field_has(&vm_kind.fields, want, "interfaces"))
		return;
	pairs = pair(a, want, side);
	for (size_t i = 0; i < want->interfaces.count; i++)
		if (pairs.of[i] == NONE)
			add(a, out, arena_printf(a, "interfaces[%zu]", i),
			    plug_text(a, nic_at(want, i)), NULL);
		else
			compare_one(
			    a, nic_at(want, i), nic_at(side, pairs.of[i]), i, out);
	for (size_t k = 0; k < side->interfaces.count; k++)
		if (!pairs.taken[k])
			add(a, out, arena_printf(a, "interfaces[%zu]", next++), "none",
			    nic_text(a, nic_at(side, k)));
}

bool vm_nics_is_whole(const char *field)
{
	return strncmp(field, "interfaces[", 11) == 0 && field[strlen(field) - 1] == ']';
}

bool vm_nics_is_changed(const char *field)
{
	return strncmp(field, "interfaces[", 11) == 0 && !vm_nics_is_whole(field);
}

static bool is_about(const struct differences *d, const char *field)
{
	for (size_t i = 0; i < d->count; i++)
		if (strcmp(d->items[i].field, field) == 0)
			return true;
	return false;
}

/* False: there is nothing to change; `nic` is what it will be. */
static bool patch_of(struct arena *a, const struct vm_interface *want,
    const struct vm_interface *have, struct nic_patch *out, struct vm_interface *nic)
{
	struct differences found = { 0 };

	field_compare(&vm_interface_fields, want, have, a, &found);
	*out = (struct nic_patch){ .now = have->mac };
	*nic = *have;
	if (is_about(&found, "network") || is_about(&found, "bridge")) {
		nic->network = out->network = want->bridge ? NULL : want->network;
		nic->bridge = out->bridge = want->bridge;
	}
	if (is_about(&found, "mac")) {
		out->sets_mac = true;
		nic->mac = out->mac = want->mac;
	}
	return found.count > 0;
}

const struct nic_patch *vm_nics_patches(struct planner *p, const struct item *item,
    const struct vm *want, const struct vm *config, size_t *count, const char **why)
{
	struct arena *a = p->arena;
	struct nic_patch *patches = NULL, one;
	struct vm_interface nic;
	struct vm_claim other;
	struct pairs pairs;

	*count = 0;
	if (!field_has(&vm_kind.fields, want, "interfaces"))
		return NULL;
	pairs = pair(a, want, config);
	for (size_t i = 0; i < want->interfaces.count; i++) {
		if (pairs.of[i] == NONE || !patch_of(a, nic_at(want, i),
					       nic_at(config, pairs.of[i]), &one, &nic))
			continue;
		if (vm_claimed_nic(p, want, item->observed, &nic, &other) ==
		    CLAIM_FOUND) {
			*why = arena_printf(a,
			    "interfaces[%zu] stays as it is: domain %s has its MAC address %s in the same network; write another `mac:`",
			    i, other.domain, other.what);
			*count = 0;
			return NULL;
		}
		*(struct nic_patch *)arena_push(a, &patches, count, sizeof(one)) = one;
	}
	return patches;
}

static void wait_for_reservation(struct planner *p, struct program *program,
    const struct vm *want, const struct vm_interface *nic)
{
	const struct item *reservation =
	    nic->network ? reservation_item(p, nic->network, want->object.name) : NULL;

	if (reservation && reservation->verdict == VERDICT_PENDING &&
	    (item_acts(reservation) || reservation->state->busy))
		program_waits(
		    p, program, "waits for reservation/%s", reservation->short_name);
}

void vm_nics_wait(struct planner *p, struct program *program, const struct vm *want,
    const struct vm *config)
{
	for (size_t i = 0; i < want->interfaces.count; i++)
		wait_for_reservation(p, program, want, nic_at(want, i));
	for (size_t i = 0; i < config->interfaces.count; i++)
		wait_for_reservation(p, program, want, nic_at(config, i));
}

bool vm_nics_restarts(struct planner *p, const struct vm *want, const struct vm *live,
    const char *want_text)
{
	return strcmp(want_text, "none") != 0 &&
	       (vm_live_in_vain(p, want, live) || vm_no_slot(p, want, live));
}

/* Attaching */

struct both { /* sides of a domain that is stored and may run */
	struct planner *p;
	struct item *item;
	const struct vm *want, *live, *config;
	struct pairs of_live, of_config;
};

static bool has_mac(const struct vm *side, struct mac mac)
{
	for (size_t i = 0; side && i < side->interfaces.count; i++)
		if (mac_equal(nic_at(side, i)->mac, mac))
			return true;
	return false;
}

/* One that is written, or that it has on the other side; else the next of its own that it
 * does not have: the place in the list may have moved. */
static struct mac mac_of(const struct both *b, size_t i)
{
	const struct vm_interface *want = nic_at(b->want, i);
	struct mac mac = want->mac;

	if (b->live && b->of_live.of[i] != NONE)
		return nic_at(b->live, b->of_live.of[i])->mac;
	if (b->of_config.of[i] != NONE)
		return nic_at(b->config, b->of_config.of[i])->mac;
	for (size_t k = i + 1; !want->mac_given && k < i + DERIVED &&
			       (has_mac(b->live, mac) || has_mac(b->config, mac));
	     k++)
		mac = mac_derive(
		    arena_printf(b->p->arena, "%s/%zu", b->want->object.name, k));
	return mac;
}

static void add_step(const struct both *b, struct program *program,
    const struct action *action, const struct vm_interface *nic, bool live, bool config)
{
	bool attach = action == &domain_attach_action;
	struct domain_device *arguments;
	struct step *step = program_step(b->p, program, action, b->want->domain,
	    attach ? "attach interface %s to domain %s (%s)"
		   : "detach interface %s from domain %s (%s)",
	    nic_text(b->p->arena, nic), b->want->domain,
	    live && config ? "live and stored"
	    : live	   ? "live"
			   : "stored");

	arguments = step_arguments(step);
	*arguments = (struct domain_device){
		.live = live, .config = config, .xml = vm_xml_interface(b->p->arena, nic)
	};
}

/* So that it has its network and its address from the first packet on. */
static void wait_for_network(
    const struct both *b, struct program *program, const struct vm_interface *nic)
{
	if (!nic->network)
		return;
	program_waits_for(b->p, program, &network_kind, nic->network);
	wait_for_reservation(b->p, program, b->want, nic);
}

/* Why it is not attached, or NULL. */
static const char *attach(const struct both *b, size_t i, bool live, bool config)
{
	struct vm_interface nic = *nic_at(b->want, i);
	struct program *program;
	struct vm_claim other;
	enum vm_claimed claimed;

	nic.mac = mac_of(b, i);
	claimed = vm_claimed_nic(b->p, b->want, b->item->observed, &nic, &other);
	if (claimed == CLAIM_FOUND)
		return arena_printf(b->p->arena,
		    "interfaces[%zu] is not attached: domain %s has its MAC address %s in the same network; write another `mac:`",
		    i, other.domain, other.what);
	program = item_program(b->p, b->item, NULL);
	add_step(b, program, &domain_attach_action, &nic, live, config);
	program_change(b->p, program, arena_printf(b->p->arena, "interfaces[%zu]", i),
	    nic_text(b->p->arena, &nic));
	if (claimed == CLAIM_UNKNOWN)
		program_waits(b->p, program, "%s", other.what);
	if (live)
		wait_for_network(b, program, &nic);
	return NULL;
}

static const char *attach_missing(const struct both *b)
{
	bool in_vain = b->live && vm_nics_restarts(b->p, b->want, b->live, "one");
	const char *why = NULL;

	for (size_t i = 0; i < b->want->interfaces.count; i++) {
		bool live = b->live && b->of_live.of[i] == NONE && !in_vain;
		bool config = b->of_config.of[i] == NONE;
		const char *found = live || config ? attach(b, i, live, config) : NULL;

		why = why ? why : found;
	}
	return why;
}

/* Detaching */

/* Its MAC address is one that we gave it, and nobody else. */
static bool is_derived(const struct both *b, const struct vm_interface *nic)
{
	for (size_t k = 0; b->config->marked && k < DERIVED; k++)
		if (mac_equal(nic->mac, mac_derive(arena_printf(b->p->arena, "%s/%zu",
					    b->want->object.name, k))))
			return true;
	return false;
}

static void detach(
    const struct both *b, const struct vm_interface *nic, bool live, bool config)
{
	struct program *program = item_program(b->p, b->item, NULL);
	struct effect *effect =
	    program_effect(b->p, program, EFFECT_CUTS_OFF, b->item->kind, b->item->name);

	effect->from = plug_text(b->p->arena, nic);
	effect->in_use = live || !is_derived(b, nic);
	program_change(b->p, program,
	    arena_printf(b->p->arena, "interface %s", nic_text(b->p->arena, nic)),
	    "none");
	add_step(b, program, &domain_detach_action, nic, live, config);
}

static bool is_left_over(const struct vm *side, const struct pairs *pairs, struct mac mac)
{
	for (size_t k = 0; side && k < side->interfaces.count; k++)
		if (!pairs->taken[k] && mac_equal(nic_at(side, k)->mac, mac))
			return true;
	return false;
}

static void detach_left_over(const struct both *b)
{
	for (size_t k = 0; k < b->config->interfaces.count; k++) {
		const struct vm_interface *nic = nic_at(b->config, k);

		if (!b->of_config.taken[k])
			detach(
			    b, nic, is_left_over(b->live, &b->of_live, nic->mac), true);
	}
	for (size_t k = 0; b->live && k < b->live->interfaces.count; k++) {
		const struct vm_interface *nic = nic_at(b->live, k);

		if (!b->of_live.taken[k] &&
		    !is_left_over(b->config, &b->of_config, nic->mac))
			detach(b, nic, true, false);
	}
}

const char *vm_nics_plan(struct planner *p, struct item *item, const struct vm *want,
    const struct vm *live, const struct vm *config)
{
	struct both b = {
		.p = p, .item = item, .want = want, .live = live, .config = config
	};
	const char *why;

	if (!config || !field_has(&vm_kind.fields, want, "interfaces"))
		return NULL;
	b.of_config = pair(p->arena, want, config);
	if (live)
		b.of_live = pair(p->arena, want, live);
	why = attach_missing(&b);
	detach_left_over(&b);
	return why;
}
