/* SPDX-License-Identifier: MIT */
/*
 * vm_restart_scene: what is so is always observed. The phase only keeps what cannot be: the
 * Node it is about, the domain's id and the Node's boot before, and our mark's token.
 */
#include "lib/kind/vm/vm_restart_scene.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/hash.h"
#include "lib/kind/kinds.h"
#include "lib/kind/node/node_match.h"
#include "lib/kind/vm/vm_claims.h"
#include "lib/kind/vm/vm_record.h"
#include "lib/kind/vm/vm_release.h"
#include "lib/kind/vm/vm_wish.h"
#include "lib/plan/effect.h"
#include "lib/plan/procedure.h"
#include "lib/state/approval.h"

static const char *const words[] = { "", "cordon", "move", "drain", "shutdown", "start",
	"ready", "settle", "uncordon" };

bool restart_runs(const struct scene *s)
{
	return s->have && s->have->facts.id >= 0;
}

bool restart_is_to_run(const struct scene *s)
{
	return s->want && vm_wish_state(s->item->state, s->want) == VM_RUNNING;
}

bool restart_is_wished(const struct scene *s)
{
	return s->item->state->restart.what == WISH_RESTART && restart_is_to_run(s);
}

/* What is approved, or was: the reasons, and that it is interrupted. */

static const char *change_text(const struct scene *s)
{
	return s->reasons ? s->reasons : "requested";
}

/* Control planes are those that are written, and those that are observed. */
static bool is_automatic(const struct scene *s)
{
	bool control_plane = (s->want && s->want->role == ROLE_CONTROL_PLANE) ||
			     (s->node && s->node->control_plane);

	switch (s->p->input->desired->settings.maintenance.automatic) {
	case MAINTENANCE_ALL:
		return true;
	case MAINTENANCE_WORKERS:
		return !control_plane;
	default:
		return false;
	}
}

static bool is_allowed_now(const struct scene *s)
{
	const struct window *w = &s->p->input->desired->settings.maintenance.window;
	int64_t local = s->p->input->local;

	if (!s->reasons || !is_automatic(s) || !window_is_open(w, local))
		return false;
	plan_wake(s->p, mono_add(s->p->input->now, window_next(w, local)));
	return true;
}

const char *restart_window(const struct scene *s)
{
	const struct window *w = &s->p->input->desired->settings.maintenance.window;
	int64_t local = s->p->input->local;

	if (!s->reasons || !is_automatic(s) || restart_is_wished(s) || s->due)
		return NULL;
	plan_wake(s->p, mono_add(s->p->input->now, window_next(w, local)));
	return window_text(s->p->arena, w);
}

bool restart_is_approved(const struct scene *s)
{
	struct effect effect = { EFFECT_INTERRUPTS, &vm_kind, s->item->name, NULL, NULL,
		true, false };
	uint64_t parts[] = { change_hash("restart", change_text(s)),
		effect_hash(&effect) };

	return is_allowed_now(s) || approval_covers(&s->item->state->approval, parts, 2);
}

bool restart_is_unsure(const struct scene *s)
{
	const struct observed *have = s->item->observed;

	return s->want && s->reasons && !restart_is_wished(s) && have && have->live &&
	       vm_disk_matches(s->p, s->want, (const struct vm *)have->live) ==
		   DISK_NOT_KNOWN;
}

/* Of the steps before anything is interrupted, and of that which interrupts. */
struct program *restart_program(const struct scene *s)
{
	struct planner *p = s->p;
	struct item *item = s->item;
	struct program *program = item_program(p, item,
	    s->reasons ? "restart vm/%s, which has %s" : "restart vm/%s", item->name,
	    s->reasons);
	struct effect *effect;

	effect = program_effect(p, program, EFFECT_INTERRUPTS, &vm_kind, item->name);
	effect->in_use = true;
	effect->as_written = restart_is_wished(s) || is_allowed_now(s);
	program_change(p, program, "restart", change_text(s));
	return program;
}

/* Where it stands */

bool restart_is_other_machine(const struct scene *s)
{
	const char *uuid = s->node ? s->node->system_uuid : NULL;

	return uuid && *uuid && s->have && s->have->uuid && !(s->want && s->want->node) &&
	       strcasecmp(uuid, s->have->uuid) != 0;
}

/* One that is another machine by now is not the one it was about. */
static void read_node(struct scene *s)
{
	const struct observed *node;

	if (!s->name)
		return;
	node = planner_observed(s->p, &node_kind, s->name);
	s->node = node ? (const struct node_object *)node->live : NULL;
	s->known = planner_knows(s->p, &node_kind, s->name);
	if (restart_is_other_machine(s) && !restart_is_ours(s))
		s->node = NULL;
}

static enum phase phase_of(const char *text)
{
	for (size_t i = CORDON; i <= UNCORDON; i++)
		if (procedure_is(text, words[i]))
			return (enum phase)i;
	return NONE;
}

void restart_read(struct scene *s, const char *text)
{
	struct arena *a = s->p->arena;
	const char *id;

	s->id = -1;
	if (!text)
		return;
	id = procedure_fact(a, text, "id");
	s->phase = phase_of(text);
	s->name = procedure_fact(a, text, "node");
	s->boot = procedure_fact(a, text, "boot");
	s->token = procedure_fact(a, text, "token");
	s->unmoved = procedure_fact(a, text, "unmoved");
	if (id)
		s->id = strtoll(id, NULL, 10);
	read_node(s);
}

/* Another for every VM and every boot of it. */
const char *restart_token(const struct scene *s)
{
	const char *uuid = s->have->uuid ? s->have->uuid : s->item->name;
	uint64_t hash = hash_bytes(HASH_START, uuid, strlen(uuid) + 1);
	int64_t now = s->p->input->now.ms;

	hash = hash_bytes(hash, &s->id, sizeof(s->id));
	hash = hash_bytes(hash, &now, sizeof(now));
	return arena_printf(s->p->arena, "%016llx", (unsigned long long)hash);
}

bool restart_is_node_off(const struct scene *s)
{
	return s->p->input->sources[source_index(node_kind.source)].off;
}

void restart_take_node(struct scene *s, const struct node_object *n)
{
	s->node = n;
	s->name = n ? n->object.name : NULL;
	s->boot = n ? n->boot_id : NULL;
}

/* Nothing goes on: what it would be about. */
void restart_find_node(struct scene *s)
{
	bool all = s->p->input->observed->kinds[kind_index(&node_kind)].known;

	s->known =
	    restart_is_node_off(s) || all || (s->want && s->want->role == ROLE_NONE);
	if (!restart_is_node_off(s) && all)
		restart_take_node(s, s->want ? node_match_seen(s->p, s->want)
					     : node_match_domain(s->p, s->have));
}

const char *restart_phase(const struct scene *s)
{
	struct arena *a = s->p->arena;
	const char *text =
	    arena_printf(a, "%s id=%lld", words[s->phase], (long long)s->id);

	if (s->name)
		text = arena_printf(a, "%s node=%s token=%s", text, s->name, s->token);
	if (s->name && s->boot)
		text = arena_printf(a, "%s boot=%s", text, s->boot);
	return s->unmoved ? arena_printf(a, "%s unmoved=%s", text, s->unmoved) : text;
}

bool restart_is_cordoned(const struct scene *s)
{
	return restart_is_ours(s) && node_is_cordoned(s->p, s->node);
}

bool restart_is_ours(const struct scene *s)
{
	return s->node && s->token && node_is_marked(s->node, s->token);
}

/* A phase that begins now is not late, but will be. */
bool restart_is_late(const struct scene *s, int64_t ms)
{
	if (!s->moved)
		return procedure_is_late(s->p, s->item, ms);
	plan_wake(s->p, mono_add(s->p->input->now, ms));
	return false;
}

/* Until when a request that was sent may be heeded. */
struct mono restart_heeded_until(const struct scene *s)
{
	const struct vm_record *vm = vm_record_of(s->item->state);
	int64_t last = vm->stop_sent.ms > vm->stop_requested.ms ? vm->stop_sent.ms
								: vm->stop_requested.ms;

	return mono_add(
	    (struct mono){ last }, s->p->input->desired->settings.vm.stop_timeout);
}

/* Of one that is not written any more, where its domain is called otherwise and is nobody
 * else's. */
void restart_find_domain(struct scene *s)
{
	const char *name = vm_record_of(s->item->state)->domain;
	const struct observed *found = s->item->observed;

	if (!found && name && vm_domain_is_written(s->p, name))
		return;
	if (!found && name && !s->want)
		found = planner_observed(s->p, &vm_kind, name);
	/* Whoever needs to know what the domain has takes the item. */
	s->item->observed = found;
	s->domain = found ? found->name : NULL;
	s->have = s->have ? s->have : vm_side(found);
}
