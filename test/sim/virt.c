/* SPDX-License-Identifier: MIT */
/*
 * virt: libvirt as a source of the engine: reads, resyncs, events, calls.
 *
 * A read takes a picture of the object at one instant and hands it over at a later one; what
 * changes in between is read once more, as daemon/virt/observer.c does. Pictures of one object
 * are handed over in the order in which they were taken.
 */
#include "test/sim/virt.h"

#include <string.h>

#include "lib/doc/json.h"
#include "lib/kind/actions.h"
#include "lib/kind/kinds.h"
#include "lib/kind/volume/seed.h"
#include "lib/kind/sources.h"

struct reading_of { /* of each place of the world */
	bool queued, running, again;
	unsigned version; /* of the picture handed over last */
	bool given, present;
};

#define UPLOADS 40

struct virt_call;

struct virt_sim {
	const struct inbox *inbox;
	bool up, listed;
	struct reading_of nets[NETS], doms[DOMS];
	int64_t since;
	struct virt_call *uploads[UPLOADS]; /* under way */
	struct question *questions; /* not answered yet, and those of earlier lives */
};

/* An object to be read. */
struct spot {
	bool domain;
	size_t place;
};

static struct virt_sim *virt(struct sim *s)
{
	if (!s->virt)
		s->virt = arena_alloc(&s->arena, sizeof(*s->virt));
	return s->virt;
}

static struct entity *entity_at(struct world *w, bool domain, size_t i)
{
	return domain ? &w->doms[i].e : &w->nets[i].e;
}

static struct reading_of *state_at(struct virt_sim *v, bool domain, size_t i)
{
	return domain ? &v->doms[i] : &v->nets[i];
}

/* Handing over */

static void give(struct sim *s, const struct picture *p)
{
	struct virt_sim *v = virt(s);
	bool domain = p->kind == &vm_kind;
	struct reading_of *r = state_at(v, domain, p->place);
	struct entity *e = entity_at(&s->world, domain, p->place);

	if (r->given && p->version < r->version)
		return;
	r->given = true;
	r->version = p->version;
	r->present = p->exists;
	if (e->known != p->version)
		e->known_news = ++s->news;
	e->known = e->read = p->version;
	if (p->exists)
		v->inbox->observed(v->inbox->arg, p->kind, &p->reading);
	else
		v->inbox->gone(v->inbox->arg, p->kind, p->reading.name);
}

/* Reading one */

static void post_read(struct sim *s, bool domain, size_t place);

static void on_picture(struct sim *s, void *arg)
{
	const struct picture *p = arg;
	bool domain = p->kind == &vm_kind;
	struct reading_of *r = state_at(virt(s), domain, p->place);

	r->running = false;
	if (!virt(s)->up)
		return;
	give(s, p);
	if (r->again) {
		r->again = false;
		post_read(s, domain, p->place);
	}
}

static void on_read(struct sim *s, void *arg)
{
	const struct spot *p = arg;
	struct reading_of *r = state_at(virt(s), p->domain, p->place);

	r->queued = false;
	if (!virt(s)->up)
		return;
	r->running = true;
	sim_at(s, sim_later(s, 1, 12), true, on_picture,
	    virt_picture(s, p->domain, p->place));
}

static struct spot *spot_of(struct sim *s, bool domain, size_t place)
{
	struct spot *p = arena_alloc(&s->arena, sizeof(*p));

	*p = (struct spot){ domain, place };
	return p;
}

static void post_read(struct sim *s, bool domain, size_t place)
{
	struct reading_of *r = state_at(virt(s), domain, place);

	if (!virt(s)->up || r->queued)
		return;
	if (r->running) {
		r->again = true;
		return;
	}
	r->queued = true;
	sim_at(s, sim_later(s, 1, 15), true, on_read, spot_of(s, domain, place));
}

/* Reading all */

static void list(struct sim *s, bool domain)
{
	struct virt_sim *v = virt(s);
	const char *names[DOMS + NETS];
	size_t count = 0, places = domain ? DOMS : NETS;

	for (size_t i = 0; i < places; i++)
		if (entity_at(&s->world, domain, i)->name &&
		    state_at(v, domain, i)->present)
			names[count++] = entity_at(&s->world, domain, i)->name;
	v->inbox->listed(
	    v->inbox->arg, domain ? &vm_kind : &network_kind, "", names, count);
}

struct all { /* of one instant */
	struct picture *items[NETS + DOMS];
	size_t count;
};

static void on_all(struct sim *s, void *arg)
{
	const struct all *all = arg;

	if (!virt(s)->up)
		return;
	for (size_t i = 0; i < all->count; i++)
		give(s, all->items[i]);
	list(s, false);
	virt_give_host(s, virt(s)->inbox);
	virt_give_storage(s, virt(s)->inbox);
	list(s, true);
	virt(s)->listed = true;
}

static void take_all(struct sim *s, void *arg)
{
	struct all *all = arena_alloc(&s->arena, sizeof(*all));

	(void)arg;
	if (!virt(s)->up)
		return;
	for (int domain = 0; domain < 2; domain++)
		for (size_t i = 0; i < (size_t)(domain ? DOMS : NETS); i++)
			if (entity_at(&s->world, domain, i)->name)
				all->items[all->count++] = virt_picture(s, domain, i);
	sim_at(s, sim_later(s, 2, 40), true, on_all, all);
}

static void read_all(void *self)
{
	struct sim *s = self;

	if (virt(s)->up)
		sim_at(s, sim_later(s, 1, 20), true, take_all, NULL);
}

/* There was never one of that name. */
static void on_gone(struct sim *s, void *arg)
{
	const struct picture *p = arg;

	if (virt(s)->up)
		virt(s)->inbox->gone(virt(s)->inbox->arg, p->kind, p->reading.name);
}

static void read_nothing(struct sim *s, const struct kind *kind, const char *name)
{
	struct picture *p = arena_alloc(&s->arena, sizeof(*p));

	p->kind = kind;
	p->reading.name = arena_copy(&s->arena, name);
	sim_at(s, sim_later(s, 1, 15), true, on_gone, p);
}

static void on_volume(struct sim *s, void *name)
{
	if (virt(s)->up)
		virt_give_volume(s, virt(s)->inbox, name);
}

static void on_storage(struct sim *s, void *arg)
{
	(void)arg;
	if (s->engine && virt(s)->up)
		virt_give_storage(s, virt(s)->inbox);
}

void virt_storage_event(struct sim *s)
{
	if (s->faults.lost_events && s->faults.lossy)
		s->faults.lost_events--;
	else
		sim_at(s, sim_later(s, 1, 40), true, on_storage, NULL);
}

static void read_one(void *self, const struct kind *kind, const char *name, bool later)
{
	struct sim *s = self;
	bool domain = kind == &vm_kind;

	(void)later;
	if (kind == &volume_kind)
		sim_at(
		    s, sim_later(s, 1, 15), true, on_volume, arena_copy(&s->arena, name));
	if (kind != &vm_kind && kind != &network_kind)
		return;
	for (size_t i = 0; i < (size_t)(domain ? DOMS : NETS); i++) {
		const struct entity *e = entity_at(&s->world, domain, i);

		if (!e->name || strcmp(e->name, name) != 0)
			continue;
		post_read(s, domain, i);
		return;
	}
	read_nothing(s, kind, name);
}

/* Events */

static void on_event(struct sim *s, void *arg)
{
	const struct spot *p = arg;

	post_read(s, p->domain, p->place);
}

static void send_event(struct sim *s, bool domain, size_t place)
{
	bool late = s->now_us < s->faults.late_until && !s->calm;
	struct spot *p = spot_of(s, domain, place);

	sim_at(
	    s, late ? sim_later(s, 500, 8000) : sim_later(s, 1, 40), true, on_event, p);
	if (s->faults.double_events) {
		s->faults.double_events--;
		sim_at(s, sim_later(s, 1, 2000), true, on_event, p);
	}
}

static void announce(struct sim *s, bool domain, size_t place)
{
	struct entity *e = entity_at(&s->world, domain, place);

	if (e->announced == e->version)
		return;
	e->announced = e->version;
	if (!s->engine || !virt(s)->up)
		return;
	if (s->faults.lost_events && s->faults.lossy) {
		s->faults.lost_events--;
		return;
	}
	send_event(s, domain, place);
}

void virt_announce(struct sim *s)
{
	for (size_t i = 0; i < NETS; i++)
		announce(s, false, i);
	for (size_t i = 0; i < DOMS; i++)
		announce(s, true, i);
}

/* Up and down */

static void forget(struct sim *s)
{
	struct virt_sim *v = virt(s);

	for (size_t i = 0; i < NETS; i++) {
		v->nets[i] = (struct reading_of){ 0 };
		s->world.nets[i].e.known = s->world.nets[i].e.read = 0;
	}
	for (size_t i = 0; i < DOMS; i++) {
		v->doms[i] = (struct reading_of){ 0 };
		s->world.doms[i].e.known = s->world.doms[i].e.read = 0;
	}
}

static void come_up(struct sim *s, void *arg)
{
	struct virt_sim *v = virt(s);

	(void)arg;
	if (v->up || !s->engine)
		return;
	if (s->now_us < s->faults.down_until[SIM_LIBVIRT]) {
		sim_at(
		    s, s->faults.down_until[SIM_LIBVIRT] + SECOND, true, come_up, NULL);
		return;
	}
	v->up = true;
	v->since = s->wall_ms + s->now_us / MS;
	v->inbox->state(v->inbox->arg, &libvirt_source);
	read_all(s);
}

void virt_down(struct sim *s, int64_t until_us)
{
	static const char why[] = "the connection was closed";
	struct virt_sim *v = virt(s);

	s->faults.down_until[SIM_LIBVIRT] = until_us;
	if (!s->engine || !v->up)
		return;
	v->up = v->listed = false;
	forget(s);
	v->inbox->lost(v->inbox->arg, &network_kind, "", why);
	v->inbox->lost(v->inbox->arg, &hypervisor_kind, "", why);
	v->inbox->lost(v->inbox->arg, &storage_kind, "", why);
	v->inbox->lost(v->inbox->arg, &volume_kind, "", why);
	v->inbox->lost(v->inbox->arg, &vm_kind, "", why);
	v->inbox->state(v->inbox->arg, &libvirt_source);
	sim_at(s, until_us + SECOND, true, come_up, NULL);
}

bool virt_is_idle(const struct sim *s)
{
	for (size_t i = 0; i < NETS; i++)
		if (s->world.nets[i].e.name &&
		    s->world.nets[i].e.known != s->world.nets[i].e.version)
			return false;
	for (size_t i = 0; i < DOMS; i++)
		if (s->world.doms[i].e.name &&
		    s->world.doms[i].e.known != s->world.doms[i].e.version)
			return false;
	return s->virt && s->virt->up;
}

bool virt_knows(const struct sim *s)
{
	return s->virt && s->virt->up && s->virt->listed;
}

/* Calls */

struct virt_call {
	struct call call;
	struct call_in_world *sent;
	const char *error;
	bool lost, refused, cancelled;
	unsigned life;	 /* of the daemon */
	int64_t boot_us; /* of the host */
};

static void on_done(struct sim *s, void *arg)
{
	struct virt_call *c = arg;
	struct virt_sim *v = virt(s);

	if (!c->lost)
		read_one(s, c->call.kind, c->call.target, false);
	v->inbox->done(v->inbox->arg, c->call.token,
	    &(struct outcome){ .error = c->error,
		.lost = c->lost,
		.refused = c->refused,
		.observed = c->lost,
		.waits = c->call.action->slow ? c->cancelled : c->lost });
}

static void carry_out(struct sim *s, struct virt_call *c)
{
	judge_before(s);
	c->error = virt_do(s, &c->call);
	c->refused = c->error;
	s->steps++;
	sim_say(s, "step: %s%s%s", c->call.text, c->error ? ": " : "",
	    c->error ? c->error : "");
	if (!c->error)
		judge_after(s, c->sent);
}

/* The world changes now. */
static void on_call(struct sim *s, void *arg)
{
	struct virt_call *c = arg;
	unsigned *fail = &s->faults.fail_calls, *half = &s->faults.half_calls;
	bool refuse = *fail > 0, lie = !refuse && *half > 0;

	/* What libvirt was about to do has gone with the host it ran on. */
	if (!daemon_has_sent(s, c->life, c->call.token) || c->boot_us != s->boot_us)
		return;
	if (c->life != s->life) {
		c->sent->failed_half = true;
		carry_out(s, c);
		return;
	}
	if (!virt(s)->up) {
		c->lost = true;
		c->error = "the connection was closed";
	} else if (refuse) {
		--*fail;
		c->error = "internal error: an injected fault";
	} else {
		if (lie)
			--*half;
		c->sent->failed_half = lie;
		carry_out(s, c);
		if (lie && !c->error)
			c->error = "internal error: done by halves";
	}
	sim_at(s, sim_later(s, 1, 10), true, on_done, c);
}

/* Uploads: what takes long, and is cut off where the daemon or libvirt goes meanwhile. */

static void on_uploaded(struct sim *s, void *arg)
{
	struct virt_call *c = arg;

	if (c->life != s->life)
		return;
	if (!virt(s)->up) {
		c->lost = true;
		c->error = "the connection was closed";
	} else {
		judge_before(s);
		c->error = virt_end_upload(s, &c->call, !c->cancelled);
		if (c->cancelled)
			c->error = "cancelled";
		sim_say(s, "step: %s%s%s", c->call.text, c->error ? ": " : "",
		    c->error ? c->error : "");
		s->steps++;
		if (!c->error)
			judge_after(s, c->sent);
	}
	for (size_t i = 0; i < UPLOADS; i++)
		if (virt(s)->uploads[i] == c)
			virt(s)->uploads[i] = NULL;
	sim_at(s, sim_later(s, 1, 10), true, on_done, c);
}

static void on_upload(struct sim *s, void *arg)
{
	struct virt_call *c = arg;

	if (c->life != s->life)
		return;
	if (!virt(s)->up) {
		c->lost = true;
		c->error = "the connection was closed";
	} else {
		c->error = virt_begin_upload(s, &c->call);
	}
	if (c->error) {
		sim_at(s, sim_later(s, 1, 10), true, on_done, c);
		return;
	}
	for (size_t i = 0; i < UPLOADS; i++)
		if (!virt(s)->uploads[i]) {
			virt(s)->uploads[i] = c;
			break;
		}
	virt(s)->inbox->progress(virt(s)->inbox->arg, c->call.token, "64KiB of 372KiB");
	sim_at(s, sim_later(s, 50, 4000), false, on_uploaded, c);
}

static void cancel(void *self, uint64_t token)
{
	struct virt_sim *v = virt(self);

	for (size_t i = 0; i < UPLOADS; i++)
		if (v->uploads[i] && v->uploads[i]->call.token == token)
			v->uploads[i]->cancelled = true;
}

static void run(void *self, const struct call *call)
{
	struct sim *s = self;
	struct virt_call *c = arena_alloc(&s->arena, sizeof(*c));
	int64_t at = sim_later(s, 1, 60);

	c->call = call_copy(&s->arena, call);
	c->sent = judge_sent(s, &c->call);
	c->life = s->life;
	c->boot_us = s->boot_us;
	judge_sends(s, call);
	if (s->faults.slow_calls) {
		s->faults.slow_calls--;
		at = sim_later(s, 3000, 25000);
	}
	sim_at(s, at, false, call->action == &seed_make_action ? on_upload : on_call, c);
}

/* Probes: what a disk is, and how much is free there. */

#define GIB ((int64_t)1 << 30)

struct question {
	struct question *next;
	unsigned life;
	const struct kind *kind;
	const char *name, *text;
	uint64_t hash;
};

/* What cannot be read has an answer without a word. */
static void answer_seed(struct sim *s, const struct question *q)
{
	struct virt_sim *v = virt(s);
	const char *word = virt_contents(s, q->text + strlen(SEED_NAME));
	autojson struct json_object *json = word ? json_object_new_string(word) : NULL;

	if (v->up)
		v->inbox->answered(v->inbox->arg, &(struct answer){ .kind = q->kind,
						      .name = q->name,
						      .hash = q->hash,
						      .status = SEED_ANSWERED,
						      .json = json,
						      .error = word ? "" : "gone" });
}

static void forget_question(struct virt_sim *v, const struct question *q)
{
	struct question **at = &v->questions;

	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
}

/* What is under way is not asked for again, as by the daemon's own adapter. */
static bool is_under_way(struct sim *s, const struct probe *probe)
{
	struct question **at = &virt(s)->questions;

	while (*at) {
		const struct question *q = *at;

		if (q->life != s->life) {
			*at = q->next;
			continue;
		}
		if (q->kind == probe->kind && q->hash == probe->hash &&
		    strcmp(q->name, probe->name) == 0)
			return true;
		at = &(*at)->next;
	}
	return false;
}

static void on_question(struct sim *s, void *arg)
{
	const struct question *q = arg;
	struct virt_sim *v = virt(s);
	const char *slash = strchr(q->text, '/');
	struct w_disk disk = { .path = slash };
	autojson struct json_object *answer = NULL;

	forget_question(v, q);
	if (strncmp(q->text, SEED_NAME, strlen(SEED_NAME)) == 0) {
		answer_seed(s, q);
		return;
	}
	if (strncmp(q->text, "volume ", 7) == 0)
		disk = (struct w_disk){ .volume = slash + 1 };
	if (strncmp(q->text, "space ", 6) == 0) {
		answer = json_object_new_int64(s->world.no_space ? 0 : GIB);
	} else {
		answer = json_object_new_array();
		json_push_string(answer,
		    arena_printf(&s->arena, "=%s", disk_identity(&s->arena, &disk)));
	}
	if (v->up)
		v->inbox->answered(v->inbox->arg, &(struct answer){ .kind = q->kind,
						      .name = q->name,
						      .hash = q->hash,
						      .status = 200,
						      .json = answer,
						      .error = "" });
}

static void ask(void *self, const struct probe *probe)
{
	struct sim *s = self;
	int64_t at = sim_later(s, 1, 30);
	struct question *q;

	if (is_under_way(s, probe))
		return;
	q = arena_alloc(&s->arena, sizeof(*q));
	*q = (struct question){ virt(s)->questions, s->life, probe->kind,
		arena_copy(&s->arena, probe->name),
		arena_copy(&s->arena, probe->question), probe->hash };
	virt(s)->questions = q;
	sim_at(s, at, true, on_question, q);
}

/* The source */

static void *start(const struct adapter_start *start)
{
	struct virt_sim *v = virt(sim);

	v->inbox = start->inbox;
	v->up = v->listed = false;
	forget(sim);
	sim_at(sim, sim_later(sim, 1, 50), true, come_up, NULL);
	return sim;
}

static void stop(void *self)
{
	struct virt_sim *v = virt(self);

	v->up = false;
}

static void configure(void *self, const struct config *config)
{
	(void)self;
	(void)config;
}

static void retry_now(void *self)
{
	come_up(self, NULL);
}

static void state(void *self, struct source_report *out)
{
	const struct virt_sim *v = virt(self);

	*out = (struct source_report){ .state = v->up ? "connected" : "down",
		.since = v->since,
		.detail = v->up ? "" : "not running",
		.up = true };
}

static bool hears_all(void *self)
{
	return !((const struct sim *)self)->faults.lossy;
}

const struct adapter libvirt_adapter = {
	.source = &libvirt_source,
	.limit = 2,
	.start = start,
	.stop = stop,
	.configure = configure,
	.read = read_one,
	.read_all = read_all,
	.retry_now = retry_now,
	.state = state,
	.hears_all = hears_all,
	.run = run,
	.ask = ask,
	.cancel = cancel,
};
