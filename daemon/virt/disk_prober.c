/* SPDX-License-Identifier: MIT */
/* disk_prober: one job for each question, and the questions that have no answer yet. */
#include "daemon/virt/disk_prober.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "daemon/virt/disk_identity.h"
#include "daemon/virt/disk_space.h"
#include "daemon/virt/transfer.h"
#include "lib/base/arena.h"
#include "lib/kind/vm/vm_disk.h"
#include "lib/kind/vm/vm_disk_error.h"

#define IDLE_MS 30000
#define AGAIN_S 5.0
#define FREE_MS 1000

struct question {
	TAILQ_ENTRY(question) link;
	const struct kind *kind;
	char *name, *uri;
	uint64_t hash, token;
	struct work *work; /* of the job, while there is one */
};

/* What the job has to itself. */
struct work {
	char *name;
	struct json_object *answer;
	bool refused; /* a second time would not help */
};

struct disk_prober {
	struct ev_loop *loop;
	struct transfer *transfer;
	void (*answered)(void *arg, const struct answer *answer);
	void *arg;
	TAILQ_HEAD(, question) questions;
	uint64_t last_token;
	ev_timer again;
};

/* On the thread of the transfer. */

static bool is_space(const char *name)
{
	return strncmp(name, DISK_SPACE, strlen(DISK_SPACE)) == 0;
}

static int run(
    virConnectPtr conn, void *arg, struct transfer_control *control, struct fault *fault)
{
	struct work *work = arg;

	(void)control;
	if (is_space(work->name))
		work->answer = disk_space(conn, work->name + strlen(DISK_SPACE), fault);
	else
		work->answer = disk_identity(conn, work->name, fault);
	work->refused = !work->answer && !fault->lost;
	return work->answer ? 0 : -1;
}

static void drop(void *arg)
{
	struct work *work = arg;

	json_object_put(work->answer);
	free(work->name);
	free(work);
}

/* On the main loop. */

static void post(struct disk_prober *p, struct question *q)
{
	struct arena a = { 0 };
	struct transfer_job job = { .run = run, .drop = drop };

	q->work = must_alloc(sizeof(*q->work));
	q->work->name = must_copy(q->name);
	q->token = ++p->last_token;
	job.arg = q->work;
	job.what = arena_printf(&a, "find out of a disk: %s", q->name);
	transfer_post(p->transfer, q->uri, &job, q->token);
	arena_done(&a);
}

static void forget(struct disk_prober *p, struct question *q)
{
	TAILQ_REMOVE(&p->questions, q, link);
	free(q->name);
	free(q->uri);
	free(q);
}

static struct question *by_token(struct disk_prober *p, uint64_t token)
{
	struct question *q;

	TAILQ_FOREACH(q, &p->questions, link)
	if (q->token == token)
		return q;
	return NULL;
}

static void on_again(struct ev_loop *loop, ev_timer *again, int events)
{
	struct disk_prober *p = again->data;
	struct question *q;

	(void)loop;
	(void)events;
	TAILQ_FOREACH(q, &p->questions, link)
	if (!q->work)
		post(p, q);
}

static void wait_before_next(struct disk_prober *p)
{
	if (ev_is_active(&p->again))
		return;
	ev_timer_set(&p->again, AGAIN_S, 0.0);
	ev_timer_start(p->loop, &p->again);
}

static void on_ended(
    void *arg, uint64_t token, enum transfer_end end, const struct fault *fault)
{
	struct disk_prober *p = arg;
	struct question *q = by_token(p, token);
	struct answer answer = { .status = DISK_ANSWERED, .error = "" };
	bool again;

	(void)end;
	if (!q)
		return;
	answer.kind = q->kind;
	answer.name = q->name;
	answer.hash = q->hash;
	answer.json = q->work->answer;
	again = fault && !q->work->refused;
	q->work = NULL;
	if (again) {
		wait_before_next(p);
		return;
	}
	if (fault)
		answer.error = fault->error.text;
	p->answered(p->arg, &answer);
	forget(p, q);
}

static void on_progress(void *arg, uint64_t token, uint64_t done, uint64_t of)
{
	(void)arg;
	(void)token;
	(void)done;
	(void)of;
}

static const struct transfer_callbacks callbacks = { on_progress, on_ended };

struct disk_prober *disk_prober_new(struct ev_loop *loop,
    void (*answered)(void *arg, const struct answer *answer), void *arg)
{
	struct disk_prober *p = must_alloc(sizeof(*p));

	p->loop = loop;
	p->answered = answered;
	p->arg = arg;
	p->transfer = transfer_new(loop, IDLE_MS, &callbacks, p);
	TAILQ_INIT(&p->questions);
	ev_timer_init(&p->again, on_again, AGAIN_S, 0.0);
	p->again.data = p;
	return p;
}

void disk_prober_free(struct disk_prober *p)
{
	ev_timer_stop(p->loop, &p->again);
	transfer_free(p->transfer, FREE_MS);
	while (!TAILQ_EMPTY(&p->questions))
		forget(p, TAILQ_FIRST(&p->questions));
	free(p);
}

void disk_prober_ask(struct disk_prober *p, const char *uri, const struct probe *probe)
{
	struct question *q;

	/* Of space there is one question at a time, whose answer is as new as any. */
	TAILQ_FOREACH(q, &p->questions, link)
	if (strcmp(q->name, probe->name) == 0 &&
	    (q->hash == probe->hash || is_space(q->name))) {
		q->hash = probe->hash;
		return;
	}
	q = must_alloc(sizeof(*q));
	q->kind = probe->kind;
	q->name = must_copy(probe->name);
	q->uri = must_copy(uri);
	q->hash = probe->hash;
	TAILQ_INSERT_TAIL(&p->questions, q, link);
	post(p, q);
}
