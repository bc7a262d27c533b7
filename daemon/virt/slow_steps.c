/* SPDX-License-Identifier: MIT */
/* slow_steps: one job a step. */
#include "daemon/virt/slow_steps.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "daemon/virt/steps.h"
#include "daemon/virt/transfer.h"
#include "lib/base/text.h"

#define IDLE_MS 30000
#define FREE_MS 2000

struct slow_step {
	TAILQ_ENTRY(slow_step) link;
	struct arena arena; /* the texts and arguments of */
	struct call call;
};

struct slow_steps {
	struct transfer *transfer;
	const struct slow_steps_callbacks *callbacks;
	void *arg;
	TAILQ_HEAD(, slow_step) steps;
};

/* On the transfer's thread. */
static int run(
    virConnectPtr conn, void *arg, struct transfer_control *control, struct fault *fault)
{
	const struct slow_step *step = arg;

	return steps_run_slow(conn, &step->call, control, fault);
}

static void drop(void *arg)
{
	struct slow_step *step = arg;

	arena_done(&step->arena);
	free(step);
}

static void on_progress(void *arg, uint64_t token, uint64_t done, uint64_t of)
{
	struct slow_steps *s = arg;
	struct arena a = { 0 };
	const uint64_t kib = 1024;

	s->callbacks->progress(s->arg, token,
	    arena_printf(&a, "%lluKiB of %lluKiB", (unsigned long long)(done / kib),
		(unsigned long long)((of + kib - 1) / kib)));
	arena_done(&a);
}

static void on_ended(
    void *arg, uint64_t token, enum transfer_end end, const struct fault *fault)
{
	struct slow_steps *s = arg;
	struct slow_step *step;

	TAILQ_FOREACH(step, &s->steps, link)
	if (step->call.token == token)
		break;
	if (!step)
		return;
	TAILQ_REMOVE(&s->steps, step, link);
	s->callbacks->ended(s->arg, &step->call, fault, end == TRANSFER_CANCELLED);
}

static const struct transfer_callbacks transfer_callbacks = { on_progress, on_ended };

struct slow_steps *slow_steps_new(
    struct ev_loop *loop, const struct slow_steps_callbacks *callbacks, void *arg)
{
	struct slow_steps *s = must_alloc(sizeof(*s));

	s->callbacks = callbacks;
	s->arg = arg;
	s->transfer = transfer_new(loop, IDLE_MS, &transfer_callbacks, s);
	TAILQ_INIT(&s->steps);
	return s;
}

/* The steps are the jobs', which free them. */
void slow_steps_free(struct slow_steps *s)
{
	transfer_free(s->transfer, FREE_MS);
	free(s);
}

void slow_steps_run(struct slow_steps *s, const char *uri, const struct call *call)
{
	struct slow_step *step = must_alloc(sizeof(*step));
	struct transfer_job job = { .run = run, .drop = drop, .arg = step };

	step->call = call_copy(&step->arena, call);
	TAILQ_INSERT_TAIL(&s->steps, step, link);
	job.what = step->call.text;
	transfer_post(s->transfer, uri, &job, call->token);
}

void slow_steps_cancel(struct slow_steps *s, uint64_t token)
{
	transfer_cancel(s->transfer, token);
}
