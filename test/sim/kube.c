/* SPDX-License-Identifier: MIT */
/*
 * kube: the API server as a source of the engine: lists, watch events in the order of each
 * collection, writes whose answer carries the object, and answers that never come.
 */
#include <string.h>

#include "daemon/engine/adapter.h"
#include "lib/doc/json.h"
#include "lib/kind/actions.h"
#include "lib/kind/kinds.h"
#include "lib/kind/sources.h"
#include "test/sim/sim.h"

#define WATCHES 12

static const char *const resources[TYPES] = {
	[OBJECT_POOL] = "ipaddresspools",
	[OBJECT_L2] = "l2advertisements",
	[OBJECT_BGP] = "bgpadvertisements",
	[OBJECT_SERVICE] = "services",
	[OBJECT_NODE] = "nodes",
};

struct collection {
	const struct kind *kind;
	struct watch watch;
	int type; /* -1: nothing there is of it */
	bool listed;
	int64_t last_event; /* they come in order */
};

#define QUESTIONS 32

struct question {
	struct probe probe;
	unsigned life;
	bool waits; /* for its answer */
};

struct kube_sim {
	const struct inbox *inbox;
	bool up, off;
	struct collection collections[WATCHES];
	size_t count;
	unsigned given[OBJECTS]; /* versions handed over, */
	bool present[OBJECTS];	 /* and whether it was there */
	int64_t since;
	struct question questions[QUESTIONS];
};

struct event { /* an object as it was at one instant */
	size_t place;
	struct w_object object;
};

static struct kube_sim *kube(struct sim *s)
{
	if (!s->kube)
		s->kube = arena_alloc(&s->arena, sizeof(*s->kube));
	return s->kube;
}

static struct collection *collection_of(struct kube_sim *k, enum w_type type)
{
	for (size_t i = 0; i < k->count; i++)
		if (k->collections[i].type == (int)type)
			return &k->collections[i];
	return NULL;
}

/* Handing over */

static void note_had(struct sim *s, const struct event *e)
{
	struct w_object *o = &s->world.objects[e->place];

	/* One that is not written when it goes does not come back. */
	if (s->in_force && !home_pool(s->in_force, e->object.e.name)) {
		o->had = (struct ranges){ 0 };
		return;
	}
	/* While it is deleted, too: somebody may have changed it just before. */
	if (e->object.e.exists && object_ranges(&s->arena, &e->object, &o->had))
		o->had_in = s->life;
}

/* What it has, as the daemon is to remember it. */
static void note_held(struct sim *s, const struct event *e)
{
	struct w_object *o = &s->world.objects[e->place];
	struct ranges now = { 0 };

	object_ranges(&s->arena, &e->object, &now);
	if (!ranges_equal(now, o->held))
		o->held_us = s->now_us;
	o->held = now;
}

static void give(struct sim *s, const struct event *e)
{
	struct kube_sim *k = kube(s);
	struct collection *c = collection_of(k, e->object.type);
	struct entity *known = &s->world.objects[e->place].e;
	autojson struct json_object *o = NULL;
	struct reading reading;

	if (!c || !c->watch.path || e->object.e.version < k->given[e->place])
		return;
	k->given[e->place] = e->object.e.version;
	k->present[e->place] = e->object.e.exists;
	if (known->known != e->object.e.version)
		known->known_news = ++s->news;
	known->known = known->read = e->object.e.version;
	note_held(s, e);
	note_had(s, e);
	reading = (struct reading){ .name = arena_printf(&s->arena, "%s%s",
					c->watch.prefix, e->object.e.name) };
	if (!e->object.e.exists) {
		k->inbox->gone(k->inbox->arg, c->kind, reading.name);
		return;
	}
	reading.json = o = object_json(&s->world, &e->object);
	k->inbox->observed(k->inbox->arg, c->kind, &reading);
}

static struct event *take(struct sim *s, size_t place)
{
	struct event *e = arena_alloc(&s->arena, sizeof(*e));

	*e = (struct event){ place, s->world.objects[place] };
	return e;
}

struct listing {
	struct collection *of;
	struct event *items[OBJECTS];
	size_t count;
};

/* What the answer to a write has brought since the list was taken stays. */
static void on_list(struct sim *s, void *arg)
{
	struct listing *l = arg;
	struct kube_sim *k = kube(s);
	const char *names[OBJECTS];
	size_t count = 0;

	if (!k->up)
		return;
	l->of->listed = true;
	for (size_t i = 0; i < l->count; i++)
		give(s, l->items[i]);
	for (size_t i = 0; i < OBJECTS; i++)
		if (k->present[i] && (int)s->world.objects[i].type == l->of->type)
			names[count++] = arena_printf(&s->arena, "%s%s",
			    l->of->watch.prefix, s->world.objects[i].e.name);
	k->inbox->listed(k->inbox->arg, l->of->kind, l->of->watch.prefix, names, count);
}

/* The watch goes on from the list: nothing overtakes it. */
static void post_list(struct sim *s, struct collection *c)
{
	struct listing *l = arena_alloc(&s->arena, sizeof(*l));
	int64_t at = sim_later(s, 2, 60);

	l->of = c;
	for (size_t i = 0; i < OBJECTS; i++)
		if (s->world.objects[i].e.name &&
		    (int)s->world.objects[i].type == c->type)
			l->items[l->count++] = take(s, i);
	c->last_event = at;
	sim_at(s, at, true, on_list, l);
}

/* Events */

static void on_event(struct sim *s, void *arg)
{
	const struct event *e = arg;
	const struct collection *c = collection_of(kube(s), e->object.type);

	if (kube(s)->up && c && c->listed)
		give(s, e);
}

static void announce(struct sim *s, size_t place)
{
	struct w_object *o = &s->world.objects[place];
	struct collection *c = collection_of(kube(s), o->type);
	bool late = s->now_us < s->faults.late_until && !s->calm;
	int64_t at;

	if (o->e.announced == o->e.version)
		return;
	o->e.announced = o->e.version;
	if (!s->engine || !kube(s)->up || !c)
		return;
	at = late ? sim_later(s, 500, 6000) : sim_later(s, 1, 50);
	if (at <= c->last_event)
		at = c->last_event + 1;
	c->last_event = at;
	sim_at(s, at, true, on_event, take(s, place));
}

void kube_announce(struct sim *s)
{
	for (size_t i = 0; i < OBJECTS; i++)
		announce(s, i);
}

/* Up and down */

static void forget(struct sim *s)
{
	memset(kube(s)->given, 0, sizeof(kube(s)->given));
	memset(kube(s)->present, 0, sizeof(kube(s)->present));
	for (size_t i = 0; i < OBJECTS; i++)
		s->world.objects[i].e.known = s->world.objects[i].e.read = 0;
}

static void come_up(struct sim *s, void *arg)
{
	struct kube_sim *k = kube(s);

	(void)arg;
	if (k->up || k->off || !s->engine)
		return;
	if (s->now_us < s->faults.down_until[SIM_KUBERNETES]) {
		sim_at(s, s->faults.down_until[SIM_KUBERNETES] + SECOND, true, come_up,
		    NULL);
		return;
	}
	k->up = true;
	k->since = s->wall_ms + s->now_us / MS;
	k->inbox->state(k->inbox->arg, &kubernetes_source);
	for (size_t i = 0; i < k->count; i++)
		post_list(s, &k->collections[i]);
}

static void lose(struct sim *s, const char *why)
{
	struct kube_sim *k = kube(s);

	k->up = false;
	forget(s);
	for (size_t i = 0; i < k->count; i++) {
		k->collections[i].listed = false;
		k->inbox->lost(k->inbox->arg, k->collections[i].kind,
		    k->collections[i].watch.prefix, why);
	}
	k->inbox->state(k->inbox->arg, &kubernetes_source);
}

void kube_down(struct sim *s, int64_t until_us)
{
	struct kube_sim *k = kube(s);

	s->faults.down_until[SIM_KUBERNETES] = until_us;
	if (!s->engine || !k->up)
		return;
	lose(s, "the API server does not answer");
	sim_at(s, until_us + SECOND, true, come_up, NULL);
}

bool kube_knows(const struct sim *s, enum w_type type)
{
	const struct collection *c = s->kube ? collection_of(s->kube, type) : NULL;

	return c && s->kube->up && c->listed;
}

static void watch(void *self, const struct watch_set *needed)
{
	struct sim *s = self;
	struct kube_sim *k = kube(s);

	for (size_t i = 0; i < needed->count && k->count < WATCHES; i++) {
		const struct watch_request *r = &needed->items[i];
		const char *slash = strrchr(r->watch.path, '/');
		struct collection *c = &k->collections[k->count];
		bool known = false;

		for (size_t n = 0; n < k->count; n++)
			known |=
			    k->collections[n].kind == r->kind &&
			    strcmp(k->collections[n].watch.prefix, r->watch.prefix) == 0;
		if (known)
			continue;
		*c = (struct collection){ .kind = r->kind, .type = -1 };
		c->watch = watch_copy(&s->arena, &r->watch);
		/* Where MetalLB runs no object says: in metallb-system then. */
		for (int t = 0; t < TYPES && !r->kind->places; t++)
			if (strcmp(slash + 1, resources[t]) == 0)
				c->type = t;
		k->count++;
		k->inbox->begun(k->inbox->arg, c->kind, c->watch.prefix);
		if (k->up)
			post_list(s, c);
	}
}

/* Writes */

struct write {
	struct call call;
	struct call_in_world *sent;
	struct outcome outcome;
	struct event *after; /* what the answer carries */
	unsigned life;	     /* of the daemon */
};

static void on_done(struct sim *s, void *arg)
{
	struct write *w = arg;
	struct kube_sim *k = kube(s);

	if (w->after && k->up)
		give(s, w->after);
	k->inbox->done(k->inbox->arg, w->call.token, &w->outcome);
}

static struct w_object *target_of(struct sim *s, const struct call *call)
{
	const struct kube_request *request = call->arguments;
	const char *name = strrchr(request->path, '/');

	if (call->action == &kube_evict_action)
		return world_object(&s->world, OBJECT_NODE, call->target, false);
	for (int t = 0; t < TYPES; t++)
		if (strstr(request->path, resources[t]))
			return world_object(&s->world, (enum w_type)t, name + 1, true);
	return NULL;
}

static bool is_other(struct sim *s, const struct w_object *o, const char *uid)
{
	return uid && (!o->e.exists ||
			  strcmp(uid, arena_printf(&s->arena, "uid-%u", o->uid)) != 0);
}

static const char *do_delete(struct sim *s, struct w_object *o, const char *uid)
{
	if (!o->e.exists)
		return NULL;
	if (is_other(s, o, uid))
		return "the UID in the precondition does not match";
	object_delete(&s->world, o, &s->rng);
	return NULL;
}

/* ".../pods/NAME/eviction" without its end. */
static const char *evicted(struct sim *s, const char *path)
{
	const char *end = strrchr(path, '/');

	return arena_copy_n(&s->arena, path, (size_t)(end - path));
}

static const char *do_write(
    struct sim *s, const struct write *w, struct w_object *o, int *status)
{
	const struct kube_request *request = w->call.arguments;
	autojson struct json_object *body = NULL;

	*status = 409;
	if (w->call.action == &kube_delete_action)
		return do_delete(s, o, request->uid);
	if (w->call.action == &kube_evict_action)
		return node_evict(&s->world, o, evicted(s, request->path), status);
	if (o->deleting)
		return "object is being deleted";
	body = w->call.document
		   ? json_parse(w->call.document, strlen(w->call.document), 32, NULL)
		   : NULL;
	if (is_other(s, o, json_string_at(body, "metadata.uid")))
		return "uid mismatch: the provided object specified a uid, and no existing object was found";
	if (body && o->type == OBJECT_NODE)
		return node_patch(&s->world, o, body, status);
	*status = 400;
	return body ? object_apply(&s->world, o, body, "homek8sd", status)
		    : "no body that can be read";
}

static void change(struct sim *s, struct write *w, bool lie)
{
	struct w_object *o = target_of(s, &w->call);
	int status = 404;
	const char *why = "the server could not find the requested resource";

	w->sent->failed_half = lie;
	judge_before(s);
	if (o)
		why = do_write(s, w, o, &status);
	s->steps++;
	sim_say(s, "step: %s%s%s", w->call.text, why ? ": " : "", why ? why : "");
	if (!why)
		judge_after(s, w->sent);
	w->outcome.error = why;
	w->outcome.refused = why;
	w->outcome.slow = why && (status == 400 || status == 404 || status == 422);
	if (!why && !lie)
		w->after = take(s, (size_t)(o - s->world.objects));
	if (!why && lie) {
		w->outcome.error = "the connection was closed before the answer came";
		w->outcome.lost = true;
	}
}

static void on_write(struct sim *s, void *arg)
{
	struct write *w = arg;
	bool lie = !s->faults.fail_calls && s->faults.half_calls;

	if (!daemon_has_sent(s, w->life, w->call.token))
		return;
	if (w->life != s->life) {
		change(s, w, true);
		return;
	}
	if (!kube(s)->up) {
		w->outcome.error = "the API server does not answer";
		w->outcome.refused = true;
	} else if (s->faults.fail_calls) {
		s->faults.fail_calls--;
		w->outcome.error = "500: an injected fault";
	} else {
		s->faults.half_calls -= lie;
		change(s, w, lie);
	}
	sim_at(s, sim_later(s, 1, 10), true, on_done, w);
}

static void run(void *self, const struct call *call)
{
	struct sim *s = self;
	struct write *w = arena_alloc(&s->arena, sizeof(*w));
	int64_t at = sim_later(s, 1, 40);

	w->call = call_copy(&s->arena, call);
	w->sent = judge_sent(s, &w->call);
	w->life = s->life;
	judge_sends(s, call);
	w->outcome = (struct outcome){ .observed = true };
	if (s->faults.slow_calls) {
		s->faults.slow_calls--;
		at = sim_later(s, 3000, 12000);
	}
	sim_at(s, at, false, on_write, w);
}

/* Questions */

static void on_question(struct sim *s, void *arg)
{
	struct question *q = arg;
	struct kube_sim *k = kube(s);
	const char *node = strstr(q->probe.question, "spec.nodeName%3D");
	bool announced = strstr(q->probe.question, "servicel2statuses");
	bool served = !announced || s->seed % 4; /* some have an older MetalLB */
	autojson struct json_object *answer = NULL;

	if (q->life != s->life || k->off) {
		q->waits = false;
		return;
	}
	if (!k->up) { /* it is asked until there is an answer */
		sim_at(s, sim_later(s, 300, 1500), true, on_question, arg);
		return;
	}
	q->waits = false;
	if (node)
		answer = node_pods(&s->world, strstr(node, "%3D") + 3);
	else if (served)
		answer =
		    announced ? node_announcements(&s->world) : node_budgets(&s->world);
	k->inbox->answered(k->inbox->arg, &(struct answer){ .kind = q->probe.kind,
					      .name = q->probe.name,
					      .hash = q->probe.hash,
					      .status = served ? 200 : 404,
					      .json = answer,
					      .error = "" });
}

static void ask(void *self, const struct probe *probe)
{
	struct sim *s = self;
	struct kube_sim *k = kube(s);
	struct question *q = NULL;

	for (size_t i = 0; i < QUESTIONS && !q; i++) {
		const struct question *other = &k->questions[i];

		if (other->waits && other->life == s->life &&
		    other->probe.hash == probe->hash &&
		    strcmp(other->probe.name, probe->name) == 0)
			return;
		if (!other->waits || other->life != s->life)
			q = &k->questions[i];
	}
	if (!q)
		return;
	*q = (struct question){ { probe->kind, arena_copy(&s->arena, probe->name),
				    arena_copy(&s->arena, probe->question), probe->hash,
				    probe->every },
		s->life, true };
	sim_at(s, sim_later(s, 1, 40), true, on_question, q);
}

/* The source */

static bool is_off(const struct config *config)
{
	return config->settings.kubernetes.mode == KUBERNETES_OFF;
}

static void *start(const struct adapter_start *start)
{
	struct kube_sim *k = kube(sim);

	k->inbox = start->inbox;
	k->up = false;
	k->off = is_off(start->config);
	k->count = 0;
	forget(sim);
	sim_at(sim, sim_later(sim, 1, 80), true, come_up, NULL);
	return sim;
}

static void stop(void *self)
{
	kube(self)->up = false;
}

static void configure(void *self, const struct config *config)
{
	struct sim *s = self;
	struct kube_sim *k = kube(s);

	if (k->off == is_off(config))
		return;
	k->off = !k->off;
	if (k->off)
		lose(s, "Kubernetes is switched off");
	else
		sim_at(s, s->now_us + 50 * MS, true, come_up, NULL);
}

static void read_all(void *self)
{
	struct sim *s = self;

	for (size_t i = 0; kube(s)->up && i < kube(s)->count; i++)
		post_list(s, &kube(s)->collections[i]);
}

static void retry_now(void *self)
{
	come_up(self, NULL);
}

static void state(void *self, struct source_report *out)
{
	const struct kube_sim *k = kube(self);

	*out = (struct source_report){ .state = k->off	? "off"
						: k->up ? "connected"
							: "down",
		.since = k->since,
		.detail = k->off  ? "switched off"
			  : k->up ? ""
				  : "the API server does not answer",
		.up = true,
		.off = k->off };
}

static bool hears_all(void *self)
{
	(void)self;
	return true;
}

const struct adapter kubernetes_adapter = {
	.source = &kubernetes_source,
	.limit = 8,
	.start = start,
	.stop = stop,
	.configure = configure,
	.watch = watch,
	.read_all = read_all,
	.retry_now = retry_now,
	.state = state,
	.hears_all = hears_all,
	.run = run,
	.ask = ask,
};
