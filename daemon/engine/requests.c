/* SPDX-License-Identifier: MIT */
/* requests: what users ask for over the socket. Each changes the state and asks for a
 * plan; none of them plans. */
#include <stdlib.h>
#include <string.h>

#include "daemon/engine/core.h"
#include "daemon/engine/cycle.h"
#include "daemon/host/clock.h"
#include "daemon/journal/journal.h"

/* "vm/worker-1" or "everything", for the journal. */
static const char *subject_text(struct arena *a, const struct subject *subject)
{
	return subject->kind
		   ? arena_printf(a, "%s/%s", subject->kind, subject->short_name)
		   : "everything";
}

static void say(struct engine *e, const char *action, const struct kind *kind,
    const char *name, const char *who, const char *more)
{
	struct subject subject = { kind ? kind->name : NULL, name, action, NULL,
		kind ? config_short_name(e->config, kind, name) : NULL };
	struct arena a = { 0 };

	e->save_now = true;
	journal_say(LEVEL_NOTICE, MESSAGE_CONTROL, &subject, "%s %s%s%s, by %s", action,
	    subject_text(&a, &subject), more ? ": " : "", more ? more : "", who);
	arena_done(&a);
}

/* The last plan's item; NULL with an error that says so. */
static const struct item *find(const struct engine *e, const struct kind *kind,
    const char *name, struct error *error)
{
	const struct item *item = e->plan ? plan_find(e->plan, kind, name) : NULL;

	if (!item)
		fail(error,
		    "there is no %s/%s; `homek8sctl list --all` shows what there is",
		    kind->name, name);
	return item;
}

int engine_reconcile(struct engine *e, const struct kind *kind, const char *name,
    const char *who, struct error *error)
{
	if (kind && !find(e, kind, name, error))
		return -1;
	say(e, "reconcile", kind, name, who, NULL);
	state_clear(&e->state, kind, name);
	engine_resync(e);
	for (size_t i = 0; i < source_count; i++)
		adapters[i]->retry_now(e->sources[i]);
	return 0;
}

int engine_pause(struct engine *e, const struct kind *kind, const char *name,
    const char *reason, int64_t ms, const char *who, struct error *error)
{
	struct mono until = ms ? mono_add(clock_mono(), ms) : MONO_NEVER;

	if (kind && !find(e, kind, name, error))
		return -1;
	say(e, "pause", kind, name, who, reason);
	state_pause(&e->state, kind, name, reason, until);
	executor_abandon(e->executor, kind, name);
	if (kind)
		executor_cancel(e->executor, kind, name);
	engine_schedule(e);
	return 0;
}

int engine_resume(struct engine *e, const struct kind *kind, const char *name,
    const char *who, struct error *error)
{
	const struct object *want;

	if (kind && !find(e, kind, name, error))
		return -1;
	say(e, "resume", kind, name, who, NULL);
	state_resume(&e->state, kind, name);
	want = kind ? set_find(config_get(e->config, kind), name) : NULL;
	if (want)
		state_desired(&e->state, kind, name, want);
	engine_schedule(e);
	return 0;
}

/* Why it cannot be requested now, or 0. */
static int check_wish(const struct engine *e, const struct item *item, const char *verb,
    struct error *error)
{
	const struct kind *kind = item->kind;

	if (!kind->written_up)
		return fail(error, "a %s can be neither started nor stopped", kind->name);
	if (!item->desired)
		return fail(error,
		    "%s/%s is not written, and what is not written is left alone",
		    kind->name, item->name);
	if (item->off)
		return fail(error, "%s/%s: %s", kind->name, item->name, item->reason);
	if (item->state->paused)
		return fail(error,
		    "%s/%s is paused, and nothing is done to it; `homek8sctl resume %s/%s`, then %s it",
		    kind->name, item->name, kind->name, item->name, verb);
	if (e->state.paused || e->plan->start == START_OBSERVES)
		return fail(error,
		    "everything is paused, and nothing is done; `homek8sctl resume`, then %s %s/%s",
		    verb, kind->name, item->name);
	return 0;
}

/* Why there is nothing to restart, or 0. */
static int check_restart(const struct item *item, struct error *error)
{
	const struct object_state *state = item->state;
	const char *name = item->name, *kind = item->kind->name;
	bool due = state->wish.what == WISH_NONE ? item->kind->written_up(item->desired)
						 : state->wish.what == WISH_START;

	if (item->live && due)
		return 0;
	return fail(error, "%s/%s %s; `homek8sctl start %s/%s` starts it", kind, name,
	    item->live ? "is to be stopped" : "does not run", kind, name);
}

static const char *wish_verb(enum wish_for what)
{
	switch (what) {
	case WISH_START:
		return "start";
	case WISH_STOP:
		return "stop";
	case WISH_RESTART:
		return "restart";
	case WISH_NONE:
		break;
	}
	return "";
}

int engine_wish(struct engine *e, const struct kind *kind, const char *name,
    enum wish_for what, const char *by, const char *who, struct error *error)
{
	const struct item *item = find(e, kind, name, error);
	const char *verb = wish_verb(what);

	if (!item || check_wish(e, item, verb, error) < 0 ||
	    (what == WISH_RESTART && check_restart(item, error) < 0))
		return -1;
	say(e, verb, kind, name, who, NULL);
	executor_abandon(e->executor, kind, name);
	state_wish(&e->state, kind, name, item->desired, what, by, clock_mono());
	engine_schedule(e);
	return 0;
}

static bool waits_for_approval(const struct program *program)
{
	return program->gate == GATE_APPROVAL || program->gate == GATE_BUDGET;
}

int engine_approve(struct engine *e, const struct kind *kind, const char *name,
    const char *hash, uid_t uid, const char *who, bool *changed, struct error *error)
{
	const struct item *item = find(e, kind, name, error);
	size_t waiting = 0;

	*changed = false;
	for (size_t i = 0; item && i < item->program_count; i++) {
		const struct program *program = item->programs[i];

		if (!waits_for_approval(program))
			continue;
		waiting++;
		if (strcmp(program->hash, hash) != 0)
			continue;
		say(e, "approve", kind, name, who, program->why);
		state_approve(&e->state, kind, name, program->parts, program->part_count,
		    clock_mono(),
		    approval_lasts(
			&e->config->settings.maintenance.window, clock_local()),
		    (uint32_t)uid);
		engine_schedule(e);
		return 0;
	}
	if (!item)
		return -1;
	*changed = waiting > 0;
	return waiting ? fail(error,
			     "it has changed meanwhile; nothing was approved of %s/%s",
			     kind->name, item->short_name)
		       : fail(error, "nothing of %s/%s waits for approval", kind->name,
			     item->short_name);
}

void engine_view(const struct engine *e, struct view *out)
{
	*out = (struct view){
		.config = e->config,
		.load = e->load,
		.plan = e->plan,
		.planned = e->planned,
		.state = &e->state,
		.observed = &e->observed,
		.probes = e->probes,
		.now = clock_mono(),
		.wall = clock_wall(),
	};
	for (size_t i = 0; i < source_count; i++) {
		struct source_report report;

		adapters[i]->state(e->sources[i], &report);
		out->sources[i] = (struct source_view){
			.state = report.state,
			.since = report.since,
			.detail = report.detail,
			.version = report.version,
			.off = report.off,
		};
	}
}

void engine_import(struct engine *e, const struct import_only *only, size_t count,
    struct arena *a, struct import_result *out)
{
	struct plan_input input;
	struct import_request request = { &input, only, count };

	cycle_input(e, &input);
	import_make(&request, a, out);
}

bool engine_pending(const struct engine *e)
{
	return ev_is_active(&e->plan_timer) || ev_is_pending(&e->plan_timer);
}
