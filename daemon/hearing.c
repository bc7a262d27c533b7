/* SPDX-License-Identifier: MIT */
/* hearing: what the back ends say goes into the store and the memory, and rings the bell.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/heart.h"
#include "daemon/host/clock.h"
#include "daemon/journal/journal.h"
#include "lib/base/cleanup.h"
#include "lib/kind/kinds.h"
#include "lib/kind/vm/vm.h"
#include "lib/state/rounds.h"

/* What was seen */

static void remember(struct reconcile *r, const struct kind *kind,
    const char *external_name, const struct observed *seen)
{
	const struct set *wanted = config_get(r->config, kind);
	bool changed = false;

	if (!kind->observed)
		return;
	for (size_t i = 0; i < wanted->count; i++) {
		const struct object *want = wanted->items[i];
		const char *name =
		    kind->external_name ? kind->external_name(want) : want->name;

		if (strcmp(name, external_name) == 0)
			changed |=
			    kind->observed(state_get(&r->state, kind, want->name), seen,
				want, &r->config->settings, clock_mono(), clock_random());
	}
	r->state.persistent_changes += changed;
}

void hearing_remember(struct reconcile *r, const struct observed *seen)
{
	remember(r, seen->kind, seen->name, seen);
}

static void looked(struct reconcile *r, const struct kind *kind, const char *name)
{
	if (r->lanes)
		lanes_looked(r->lanes, kind, name);
	heart_ring(r);
}

/*
 * A domain that starts or stops changes what libvirt says of its networks (who is
 * attached, what is leased), and no event of theirs tells so.
 */
static void look_at_networks(
    struct reconcile *r, const struct observed *before, const struct observed *now)
{
	const struct object *was = before ? before->live : NULL;
	const struct object *is = now ? now->live : NULL;
	const struct vm *vm = (const struct vm *)(is ? is : was);
	const struct vm_interface *nics = vm ? vm->interfaces.items : NULL;

	if (!was == !is || !r->observed.kinds[kind_index(&vm_kind)].known)
		return;
	for (size_t i = 0; i < vm->interfaces.count; i++)
		if (nics[i].network)
			virt_read_later(r->virt, &network_kind, nics[i].network);
}

static void on_gone(void *arg, const struct kind *kind, const char *name)
{
	struct reconcile *r = arg;

	if (kind == &vm_kind)
		look_at_networks(r, observations_find(&r->observed, kind, name), NULL);
	observations_remove(&r->observed, kind, name);
	remember(r, kind, name, NULL);
	looked(r, kind, name);
}

static void on_unreadable(
    void *arg, const struct kind *kind, const char *name, const char *why)
{
	struct reconcile *r = arg;
	struct observed *seen = observed_new(kind, name);

	seen->presence = UNKNOWN;
	seen->why = arena_copy(&seen->arena, why);
	observations_put(&r->observed, seen);
	looked(r, kind, name);
}

/* What is not known yet, or not enough, is left to the whole reading that follows. */
static void refresh(
    struct reconcile *r, const struct kind *kind, const struct reading *reading)
{
	struct observed_set *set = observations_set(&r->observed, kind);
	struct observed before, *now;
	struct error e = { "" };
	size_t at;

	if (!kind->refresh || !observed_set_index(set, reading->name, &at) ||
	    set->items[at]->presence != PRESENT)
		return;
	now = set->items[at];
	before = *now;
	if (kind->refresh(now, reading, &e) < 0)
		return;
	if (kind == &vm_kind)
		look_at_networks(r, &before, now);
	observations_put(&r->observed, now);
	remember(r, kind, reading->name, now);
	looked(r, kind, reading->name);
}

static void decode(
    struct reconcile *r, const struct kind *kind, const struct reading *reading)
{
	struct observed *seen = observed_new(kind, reading->name);
	struct error e = { "" };
	int result = kind->decode(seen, reading, &e);

	if (result > 0) {
		observed_free(seen);
		on_gone(r, kind, reading->name);
		return;
	}
	if (result < 0) {
		observed_free(seen);
		on_unreadable(r, kind, reading->name, e.text);
		return;
	}
	seen->presence = PRESENT;
	if (kind == &vm_kind)
		look_at_networks(
		    r, observations_find(&r->observed, kind, seen->name), seen);
	observations_put(&r->observed, seen);
	remember(r, kind, reading->name, seen);
	looked(r, kind, reading->name);
}

static void on_seen(void *arg, const struct kind *kind, const struct reading *reading)
{
	if (reading->facts_only)
		refresh(arg, kind, reading);
	else
		decode(arg, kind, reading);
}

struct name_list {
	const char *const *names;
	size_t count;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_listed(const char *name, void *arg)
{
	const struct name_list *list = arg;

	return bsearch(&name, list->names, list->count, sizeof(char *), by_name);
}

/* What is not there any more, or was undone while nobody looked. */
static void remember_absent(struct reconcile *r, const struct kind *kind,
    const char *prefix, struct name_list *list)
{
	const struct set *wanted = config_get(r->config, kind);

	for (size_t i = 0; kind->observed && i < wanted->count; i++) {
		const struct object *want = wanted->items[i];
		const char *name =
		    kind->external_name ? kind->external_name(want) : want->name;

		if (strncmp(name, prefix, strlen(prefix)) == 0 && !is_listed(name, list))
			r->state.persistent_changes +=
			    kind->observed(state_get(&r->state, kind, want->name), NULL,
				want, &r->config->settings, clock_mono(), clock_random());
	}
}

static void on_kube_listed(void *arg, const struct kind *kind, const char *prefix,
    const char *const *names, size_t count)
{
	struct reconcile *r = arg;
	autofree const char **sorted = must_alloc(count * sizeof(char *));
	struct name_list list = { sorted, count };

	if (count)
		memcpy(sorted, names, count * sizeof(char *));
	qsort(sorted, count, sizeof(char *), by_name);
	observations_keep(&r->observed, kind, prefix, is_listed, &list);
	remember_absent(r, kind, prefix, &list);
	observations_set_known(&r->observed, kind, prefix);
	heart_ring(r);
}

static void on_virt_listed(
    void *arg, const struct kind *kind, const char *const *names, size_t count)
{
	on_kube_listed(arg, kind, "", names, count);
}

static void on_kube_lost(
    void *arg, const struct kind *kind, const char *prefix, const char *why)
{
	struct reconcile *r = arg;

	/* Writes to the API end by themselves. */
	observations_set_unknown(&r->observed, kind, prefix, why);
	heart_ring(r);
}

static void on_virt_lost(void *arg, const struct kind *kind, const char *why)
{
	struct reconcile *r = arg;

	observations_set_unknown(&r->observed, kind, "", why);
	lanes_drop(r->lanes, kind);
	heart_ring(r);
}

static void on_watch_begun(void *arg, const struct kind *kind, const char *prefix)
{
	struct reconcile *r = arg;

	observations_expect(&r->observed, kind, prefix);
	heart_ring(r);
}

static void on_watch_ended(void *arg, const struct kind *kind, const char *prefix)
{
	struct reconcile *r = arg;

	observations_drop(&r->observed, kind, prefix);
	heart_ring(r);
}

/* Not a state of the source: the other calls go on. */
static void on_overdue(void *arg, uint64_t ticket, const char *what, int64_t ms)
{
	(void)arg;
	(void)ticket;
	journal_say(LEVEL_WARNING, MESSAGE_SOURCE,
	    &(struct subject){ .name = "libvirt", .result = "overdue" },
	    "libvirt has not answered for %d s: %s", (int)(ms / 1000), what);
}

static void on_event(
    void *arg, const struct kind *kind, const char *name, const char *what)
{
	(void)arg;
	journal_say(LEVEL_INFO, MESSAGE_EVENT,
	    &(struct subject){ kind->name, name, NULL, NULL, NULL }, "libvirt: %s", what);
}

/* Sources */

static const char *virt_word(enum virt_status status)
{
	switch (status) {
	case VIRT_CONNECTING:
		return "connecting";
	case VIRT_CONNECTED:
		return "connected";
	case VIRT_UNRESPONSIVE:
		return "unresponsive";
	case VIRT_DOWN:
		return "down";
	}
	return "down";
}

static const char *kube_word(enum kube_status status)
{
	switch (status) {
	case KUBE_OFF:
		return "off";
	case KUBE_CONNECTING:
		return "connecting";
	case KUBE_CONNECTED:
		return "connected";
	case KUBE_UNAUTHORIZED:
		return "unauthorized";
	case KUBE_DOWN:
		return "down";
	}
	return "down";
}

/* Says so when a source's state is another than the one last told. */
static void source_changed(struct reconcile *r, struct source_view *told,
    const char *name, const char *state, const char *detail)
{
	bool bad = strcmp(state, "connected") != 0 && strcmp(state, "off") != 0;

	if (!told->state || strcmp(told->state, state) != 0) {
		if (strcmp(state, "connecting") != 0)
			journal_say(bad ? LEVEL_WARNING : LEVEL_NOTICE, MESSAGE_SOURCE,
			    &(struct subject){ NULL, name, NULL, state, NULL },
			    "%s is %s%s%s", name, state, *detail ? ": " : "", detail);
		told->state = state;
	}
	heart_ring(r);
}

static void on_virt_state(void *arg)
{
	struct reconcile *r = arg;
	const struct virt_state *s;

	if (r->starting)
		return;
	s = virt_state(r->virt);
	source_changed(r, &r->view.libvirt, "libvirt", virt_word(s->status), s->detail);
}

static void on_kube_state(void *arg)
{
	struct reconcile *r = arg;
	const struct kube_state *s;

	if (r->starting)
		return;
	s = kube_state(r->kube);
	source_changed(
	    r, &r->view.kubernetes, "Kubernetes", kube_word(s->status), s->detail);
}

/* Steps */

/* The server is busy, and says for how long. */
static void wait_at_least(struct reconcile *r, const struct step *step, int64_t ms)
{
	struct object_state *state = state_get(&r->state, step->kind, step->name);
	struct mono until = mono_add(clock_mono(), ms);

	if (!mono_reached(until, state->retry_at))
		state->retry_at = until;
}

/* Requests that may come to nothing; their kind knows how often to repeat them. */
static bool is_paced(enum step_op op)
{
	return op == STEP_DOMAIN_START || op == STEP_DOMAIN_SHUTDOWN ||
	       op == STEP_DOMAIN_DESTROY || op == STEP_DOMAIN_RESUME ||
	       op == STEP_DOMAIN_WAKEUP;
}

/* `seen`: nothing more has to be looked at before the object may be planned again. */
static void step_ended(struct reconcile *r, uint64_t ticket, const char *error, bool slow,
    bool lost, bool seen, int64_t retry_after_ms)
{
	const struct step *step = lanes_ended(r->lanes, ticket, error, seen);
	struct subject subject;
	const struct object_state *state;

	if (!step)
		return;
	subject = (struct subject){ step->kind->name, step->name, step->text,
		error ? lost ? "unknown" : "failed" : "done",
		config_short_name(r->config, step->kind, step->name) };
	if (!error) {
		journal_say(LEVEL_NOTICE, MESSAGE_STEP, &subject, "%s", step->text);
		state_step_done(&r->state, step->kind, step->name, step,
		    is_paced(step->op), &r->config->settings, clock_mono());
		heart_ring(r);
		return;
	}
	state = state_find(&r->state, step->kind, step->name);
	if (!state || !state->failures || !state->error ||
	    strcmp(state->error, error) != 0)
		journal_say(LEVEL_WARNING, MESSAGE_STEP_FAILED, &subject, "%s", error);
	/* Where libvirt is lost, its connection has a back-off of its own, and what the
	 * step has come to is seen before anything is tried again. */
	if (!lost || step->kind->origin != ORIGIN_LIBVIRT)
		state_step_failed(&r->state, step->kind, step->name, step, error, slow,
		    &r->config->settings, clock_mono(), clock_random());
	if (retry_after_ms)
		wait_at_least(r, step, retry_after_ms);
	heart_ring(r);
}

static void on_virt_step(
    void *arg, uint64_t ticket, const char *error, bool slow, bool lost)
{
	step_ended(arg, ticket, error, slow, lost, lost, 0);
}

/* The API's answer carried the object; it was seen before this call. */
static void on_kube_step(void *arg, uint64_t ticket, const struct kube_outcome *outcome)
{
	step_ended(arg, ticket, outcome->error, outcome->slow, outcome->lost, true,
	    outcome->retry_after_ms);
}

static void send_step(
    void *arg, enum origin lane, const struct step *step, uint64_t ticket)
{
	struct reconcile *r = arg;

	if (lane == ORIGIN_KUBERNETES)
		kube_step(r->kube, step, ticket);
	else
		virt_step(r->virt, step, ticket);
}

static void set_busy(void *arg, const struct kind *kind, const char *name, bool busy)
{
	struct reconcile *r = arg;

	state_get(&r->state, kind, name)->busy = busy;
	if (!busy)
		state_round_ended(&r->state, kind, name, clock_mono(), clock_random());
	heart_ring(r);
}

void hearing_states(struct reconcile *r)
{
	on_virt_state(r);
	on_kube_state(r);
}

const struct virt_callbacks hearing_virt = {
	.state = on_virt_state,
	.seen = on_seen,
	.gone = on_gone,
	.unreadable = on_unreadable,
	.listed = on_virt_listed,
	.lost = on_virt_lost,
	.event = on_event,
	.overdue = on_overdue,
	.step_done = on_virt_step,
};

const struct kube_callbacks hearing_kube = {
	.state = on_kube_state,
	.seen = on_seen,
	.gone = on_gone,
	.begun = on_watch_begun,
	.ended = on_watch_ended,
	.listed = on_kube_listed,
	.lost = on_kube_lost,
	.step_done = on_kube_step,
};

const struct lanes_hooks hearing_lanes = { .send = send_step, .busy = set_busy };
