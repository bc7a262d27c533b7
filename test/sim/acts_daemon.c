/* SPDX-License-Identifier: MIT */
/* acts_daemon: homek8sctl, and misfortune. */
#include <stdlib.h>
#include <string.h>

#include "lib/kind/kinds.h"
#include "test/sim/acts.h"

static int64_t some_while(struct sim *s, struct rng *r)
{
	return s->now_us + rng_between(r, 500, 30000) * MS;
}

bool act_ctl_approve(struct sim *s, struct rng *r)
{
	return judge_approve(s, rng_below(r, 0x200));
}

/* One after the other, whatever is shown. */
bool act_ctl_approve_all(struct sim *s, struct rng *r)
{
	unsigned count = 0;

	for (unsigned i = 0; i < 12 && judge_approve(s, rng_below(r, 0x100)); i++) {
		sim_run(s, rng_between(r, 30, 200) * MS);
		count++;
	}
	return count > 0;
}

/* Somebody approves a move, and writes another address before anything has come of it. */
bool act_ctl_approve_and_edit(struct sim *s, struct rng *r)
{
	const char *host = judge_approve_of(s, "reservation", rng_below(r, 0x100));

	for (size_t i = 0; host && i < s->home.net_count; i++)
		for (size_t k = 0; k < s->home.nets[i].static_count; k++)
			if (strcmp(s->home.nets[i].statics[k].host, host) == 0)
				s->home.nets[i].statics[k].ip.value +=
				    rng_between(r, 1, 9);
	if (!host)
		return false;
	sim_say(s, "edit: %s has yet another address", host);
	files_reload(s);
	return true;
}

static const struct item *pick_item(struct sim *s, struct rng *r)
{
	struct view view;

	if (!s->engine || engine_pending(s->engine))
		return NULL;
	engine_view(s->engine, &view);
	return view.plan && view.plan->item_count
		   ? view.plan->items[rng_below(r, (unsigned)view.plan->item_count)]
		   : NULL;
}

bool act_ctl_pause(struct sim *s, struct rng *r)
{
	const struct item *item = pick_item(s, r);
	struct error e = { "" };
	int64_t ms = rng_percent(r, 60) ? rng_between(r, 1000, 60000) : 0;

	if (!item)
		return false;
	if (rng_percent(r, 30))
		engine_pause(s->engine, NULL, NULL, "at work", ms, "root", &e);
	else
		engine_pause(s->engine, item->kind, arena_copy(&s->arena, item->name),
		    "at work", ms, "root", &e);
	sim_say(s, "homek8sctl pause");
	return true;
}

bool act_ctl_resume(struct sim *s, struct rng *r)
{
	struct error e = { "" };

	(void)r;
	if (!s->engine)
		return false;
	engine_resume(s->engine, NULL, NULL, "root", &e);
	s->observing = false;
	sim_say(s, "homek8sctl resume");
	return true;
}

bool act_ctl_reconcile(struct sim *s, struct rng *r)
{
	const struct item *item = pick_item(s, r);
	struct error e = { "" };

	if (!item)
		return false;
	sim_say(s, "homek8sctl reconcile %s/%s", item->kind->name, item->name);
	judge_requested(s, item->name);
	if (rng_percent(r, 50))
		engine_reconcile(s->engine, NULL, NULL, "root", &e);
	else
		engine_reconcile(
		    s->engine, item->kind, arena_copy(&s->arena, item->name), "root", &e);
	return true;
}

static const struct item *pick_vm_item(struct sim *s, struct rng *r)
{
	const struct item *item = NULL;

	for (int tries = 0; tries < 8; tries++)
		if ((item = pick_item(s, r)) && item->kind == &vm_kind && item->desired)
			return item;
	return NULL;
}

/* Start, stop, or no longer either. */
bool act_ctl_wish(struct sim *s, struct rng *r)
{
	static const char *const verbs[] = { "start", "stop", "resume" };
	const struct item *item = pick_vm_item(s, r);
	unsigned verb = rng_below(r, 3);
	struct error e = { "" };
	const char *name;

	if (!item)
		return false;
	name = arena_copy(&s->arena, item->name);
	sim_say(s, "homek8sctl %s vm/%s", verbs[verb], name);
	if (verb < 2)
		judge_wish(s, name, verb == 0);
	if (verb == 2)
		engine_resume(s->engine, &vm_kind, name, "root", &e);
	else
		engine_wish(s->engine, &vm_kind, name, verb ? WISH_STOP : WISH_START,
		    "root", "root", &e);
	return true;
}

static void start_again(struct sim *s, void *arg)
{
	(void)arg;
	if (!s->engine)
		daemon_start(s);
}

bool act_fault_crash(struct sim *s, struct rng *r)
{
	/* In the midst of things. */
	for (unsigned i = rng_below(r, 12); i > 0; i--)
		sim_step(s, s->now_us + 2 * SECOND);
	daemon_stop(s, true);
	sim_at(s, s->now_us + rng_between(r, 100, 4000) * MS, false, start_again, NULL);
	return true;
}

bool act_fault_stop(struct sim *s, struct rng *r)
{
	daemon_stop(s, false);
	sim_at(s, s->now_us + rng_between(r, 100, 20000) * MS, false, start_again, NULL);
	return true;
}

bool act_fault_reboot(struct sim *s, struct rng *r)
{
	(void)r;
	sim_say(s, "the host reboots");
	host_reboot(s);
	return true;
}

static void abort_shutdown(struct sim *s, void *arg)
{
	(void)arg;
	host_stay(s);
}

bool act_fault_shutdown(struct sim *s, struct rng *r)
{
	if (!s->engine || !s->in_force || !s->in_force->ordered ||
	    (s->down.since_us && !s->down.ended_us))
		return false;
	sim_say(s, "systemctl poweroff");
	host_shut_down(s);
	if (rng_percent(r, 40))
		sim_at(s, sim_later(s, 500, 18000), false, abort_shutdown, NULL);
	return true;
}

bool act_fault_state_lost(struct sim *s, struct rng *r)
{
	daemon_stop(s, rng_percent(r, 50));
	sim_say(s, "the state is lost");
	free(s->state.text);
	s->state.text = NULL;
	s->state_lost = true;
	for (size_t i = 0; i < OBJECTS; i++)
		s->world.objects[i].held = (struct ranges){ 0 };
	daemon_start(s);
	return true;
}

static void disk_free(struct sim *s, void *arg)
{
	(void)arg;
	s->faults.disk_full = false;
}

bool act_fault_disk_full(struct sim *s, struct rng *r)
{
	s->faults.disk_full = true;
	sim_say(s, "the disk is full");
	sim_at(s, some_while(s, r), false, disk_free, NULL);
	return true;
}

bool act_fault_clock(struct sim *s, struct rng *r)
{
	int64_t ms = (int64_t)rng_between(r, 1, 3000000) * 1000;

	s->wall_ms += rng_percent(r, 50) ? ms : -ms;
	sim_say(s, "the wall clock jumps");
	return true;
}

bool act_fault_libvirt_down(struct sim *s, struct rng *r)
{
	sim_say(s, "libvirtd is down");
	virt_down(s, some_while(s, r));
	return true;
}

/* What it does when it starts: guests' taps are put on their bridges again, a dnsmasq that is
 * dead is started; why a domain has stopped is forgotten. */
static void start_libvirt(struct sim *s)
{
	struct world *w = &s->world;

	for (size_t i = 0; i < NETS; i++)
		if (w->nets[i].e.exists && w->nets[i].active)
			w->nets[i].dnsmasq_dead = false;
	for (size_t i = 0; i < DOMS; i++) {
		struct w_dom *d = &w->doms[i];

		if (d->e.exists && d->id < 0)
			d->reason = 0;
		for (size_t k = 0; d->e.exists && d->id >= 0 && k < d->live.nic_count;
		     k++) {
			const struct w_net *n = net_of_nic(w, &d->live.nics[k]);

			d->live.nics[k].on_bridge |= n && n->active && !n->bridge_gone;
		}
	}
}

bool act_fault_libvirt_restart(struct sim *s, struct rng *r)
{
	sim_say(s, "libvirtd is started anew");
	virt_down(s, s->now_us + rng_between(r, 200, 3000) * MS);
	start_libvirt(s);
	kubelet_hangs(s, r);
	return true;
}

/* The host sleeps: all that was due meanwhile is late. */
bool act_fault_sleep(struct sim *s, struct rng *r)
{
	s->now_us += rng_between(r, 2, 900) * SECOND;
	s->world.now_us = s->now_us;
	sim_say(s, "the host has slept");
	return true;
}

bool act_fault_kube_down(struct sim *s, struct rng *r)
{
	sim_say(s, "the API server is down");
	kube_down(s, some_while(s, r));
	kubelet_hangs(s, r);
	return true;
}

bool act_fault_calls_fail(struct sim *s, struct rng *r)
{
	s->faults.fail_calls = rng_between(r, 1, 4);
	sim_say(s, "the next %u calls fail", s->faults.fail_calls);
	return true;
}

bool act_fault_calls_half(struct sim *s, struct rng *r)
{
	s->faults.half_calls = rng_between(r, 1, 3);
	sim_say(
	    s, "the next %u calls are done and reported as failed", s->faults.half_calls);
	return true;
}

bool act_fault_calls_slow(struct sim *s, struct rng *r)
{
	s->faults.slow_calls = rng_between(r, 1, 5);
	sim_say(s, "the next %u calls are slow", s->faults.slow_calls);
	return true;
}

bool act_fault_events_lost(struct sim *s, struct rng *r)
{
	s->faults.lost_events = rng_between(r, 1, 6);
	return s->faults.lossy;
}

bool act_fault_events_double(struct sim *s, struct rng *r)
{
	s->faults.double_events = rng_between(r, 1, 6);
	return true;
}

bool act_fault_events_late(struct sim *s, struct rng *r)
{
	s->faults.late_until = some_while(s, r);
	sim_say(s, "events come late");
	return true;
}
