/* SPDX-License-Identifier: MIT */
/* this_host: the host as a source: there is nothing of it to be read or done. */
#include "daemon/engine/adapter.h"
#include "lib/kind/sources.h"
#include "test/sim/sim.h"

static void *start(const struct adapter_start *start)
{
	(void)start;
	return sim;
}

static void nothing(void *self)
{
	(void)self;
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

static void run(void *self, const struct call *call)
{
	sim_fail(self, "P9", "a step of the host: %s", call->text);
}

const struct adapter host_adapter = {
	.source = &host_source,
	.limit = 1,
	.start = start,
	.stop = nothing,
	.configure = configure,
	.read_all = nothing,
	.retry_now = nothing,
	.state = state,
	.hears_all = hears_all,
	.run = run,
};
