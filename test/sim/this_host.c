/* SPDX-License-Identifier: MIT */
/* this_host: the host as a source: it shuts down now and then, and logind waits for us. */
#include "daemon/engine/adapter.h"
#include "lib/kind/host/host.h"
#include "lib/kind/sources.h"
#include "test/sim/sim.h"

#define LOGIND_WAITS (25 * SECOND)

static const struct inbox *inbox;

static bool shuts_down(const struct sim *s)
{
	return s->down.since_us && !s->down.ended_us;
}

static void give(struct sim *s, void *arg)
{
	const char *const names[] = { HOST_NAME };
	struct host_power power = { .reached = true,
		.longest = LOGIND_WAITS / MS,
		.guests = SWITCHED_OFF,
		.auto_shutdown = SWITCHED_OFF };
	struct reading reading = { .name = HOST_NAME, .facts = &power };

	(void)arg;
	if (!s->engine)
		return;
	if (shuts_down(s))
		power.since = (struct mono){ (s->down.since_us - s->boot_us) / MS };
	inbox->observed(inbox->arg, &host_kind, &reading);
	inbox->listed(inbox->arg, &host_kind, "", names, 1);
}

static void power_off(struct sim *s, void *number)
{
	if (!shuts_down(s) || *(unsigned *)number != s->down.number)
		return;
	s->down.ended_us = s->now_us;
	sim_say(s, "the host is off, and boots");
	host_reboot(s);
}

static void off_at(struct sim *s, int64_t at_us)
{
	unsigned *number = arena_alloc(&s->arena, sizeof(*number));

	*number = s->down.number;
	sim_at(s, at_us, false, power_off, number);
}

void host_shut_down(struct sim *s)
{
	s->down = (struct host_down){ s->now_us, 0, s->down.number + 1 };
	off_at(s, s->now_us + LOGIND_WAITS);
	give(s, NULL);
}

void host_stay(struct sim *s)
{
	if (!shuts_down(s))
		return;
	sim_say(s, "the host does not shut down after all");
	s->down.ended_us = s->now_us;
	give(s, NULL);
}

static void *start(const struct adapter_start *start)
{
	inbox = start->inbox;
	sim_at(sim, sim->now_us, true, give, NULL);
	return sim;
}

static void nothing(void *self)
{
	(void)self;
}

/* Its inhibitor goes with it. */
static void stop(void *self)
{
	struct sim *s = self;

	if (shuts_down(s))
		off_at(s, s->now_us + 200 * MS);
}

static void configure(void *self, const struct config *config)
{
	(void)self;
	(void)config;
}

static void state(void *self, struct source_report *out)
{
	(void)self;
	*out = (struct source_report){ .state = "connected", .detail = "", .up = true };
}

static bool hears_all(void *self)
{
	(void)self;
	return true;
}

static void shutdown_planned(void *self, enum shutdown shutdown)
{
	struct sim *s = self;

	if (shutdown == SHUTDOWN_FREE && shuts_down(s))
		off_at(s, s->now_us + 200 * MS);
}

static void run(void *self, const struct call *call)
{
	sim_fail(self, "P9", "a step of the host: %s", call->text);
}

const struct adapter host_adapter = {
	.source = &host_source,
	.limit = 1,
	.start = start,
	.stop = stop,
	.configure = configure,
	.read_all = nothing,
	.retry_now = nothing,
	.state = state,
	.hears_all = hears_all,
	.shutdown = shutdown_planned,
	.run = run,
};
