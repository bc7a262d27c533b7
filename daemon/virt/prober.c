/* SPDX-License-Identifier: MIT */
/* prober: one job for each question, and the questions that have no answer yet. */
#include "daemon/virt/prober.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "daemon/virt/disk_identity.h"
#include "daemon/virt/disk_space.h"
#include "daemon/virt/guest_addresses.h"
#include "daemon/virt/image_file.h"
#include "daemon/virt/seed_volume.h"
#include "daemon/virt/transfer.h"
#include "lib/base/arena.h"
#include "lib/kind/vm/vm_agent.h"
#include "lib/kind/vm/vm_disk.h"
#include "lib/kind/vm/vm_disk_error.h"
#include "lib/kind/volume/image.h"
#include "lib/kind/volume/seed.h"

#define IDLE_MS 30000
#define AGAIN_S 5.0
#define FREE_MS 1000

/* A sort of question: what its names begin with, and what finds the answer. */
struct sort {
	const char *prefix;
	struct json_object *(*find)(
	    virConnectPtr conn, const char *name, struct fault *fault);
	const char *what; /* before the name, for people */
	int status;
	enum { OF_DISKS, OF_GUESTS, THREADS } thread;
};

static struct json_object *find_space(
    virConnectPtr conn, const char *name, struct fault *fault)
{
	return disk_space(conn, name + strlen(DISK_SPACE), fault);
}

static struct json_object *find_seed(
    virConnectPtr conn, const char *name, struct fault *fault)
{
	const char *word = seed_volume_read(conn, name + strlen(SEED_NAME), fault);

	return word ? json_object_new_string(word) : NULL;
}

static struct json_object *find_image(
    virConnectPtr conn, const char *name, struct fault *fault)
{
	return image_file(conn, name + strlen(IMAGE_NAME), fault);
}

/* The last takes all that is left. */
static const struct sort sorts[] = {
	{ AGENT_NAME, guest_addresses, "query the guest's", AGENT_ANSWERED, OF_GUESTS },
	{ DISK_SPACE, find_space, "find out of a disk:", DISK_ANSWERED, OF_DISKS },
	{ IMAGE_NAME, find_image, "find out what is:", IMAGE_ANSWERED, OF_DISKS },
	{ SEED_NAME, find_seed, "find out what is in:", SEED_ANSWERED, OF_DISKS },
	{ "", disk_identity, "find out of a disk:", DISK_ANSWERED, OF_DISKS },
};

static const struct sort *sort_of(const char *name)
{
	const struct sort *sort = sorts;

	while (strncmp(name, sort->prefix, strlen(sort->prefix)) != 0)
		sort++;
	return sort;
}

struct question {
	TAILQ_ENTRY(question) link;
	const struct sort *sort;
	const struct kind *kind;
	char *name, *uri;
	uint64_t hash, token;
	struct work *work; /* of the job, while there is one */
};

/* What the job has to itself. */
struct work {
	const struct sort *sort;
	char *name;
	struct json_object *answer;
	bool refused; /* a second time would not help */
};

struct prober {
	struct ev_loop *loop;
	struct transfer *transfers[THREADS];
	void (*answered)(void *arg, const struct answer *answer);
	void *arg;
	TAILQ_HEAD(, question) questions;
	uint64_t last_token;
	ev_timer again;
};

/* On the thread of the transfer. */

static int run(
    virConnectPtr conn, void *arg, struct transfer_control *control, struct fault *fault)
{
	struct work *work = arg;

	(void)control;
	work->answer = work->sort->find(conn, work->name, fault);
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

static void post(struct prober *p, struct question *q)
{
	struct arena a = { 0 };
	struct transfer_job job = { .run = run, .drop = drop };

	q->work = must_alloc(sizeof(*q->work));
	q->work->sort = q->sort;
	q->work->name = must_copy(q->name);
	q->token = ++p->last_token;
	job.arg = q->work;
	job.what = arena_printf(&a, "%s %s", q->sort->what, q->name);
	transfer_post(p->transfers[q->sort->thread], q->uri, &job, q->token);
	arena_done(&a);
}

static void forget(struct prober *p, struct question *q)
{
	TAILQ_REMOVE(&p->questions, q, link);
	free(q->name);
	free(q->uri);
	free(q);
}

static struct question *by_token(struct prober *p, uint64_t token)
{
	struct question *q;

	TAILQ_FOREACH(q, &p->questions, link)
	if (q->token == token)
		return q;
	return NULL;
}

static void on_again(struct ev_loop *loop, ev_timer *again, int events)
{
	struct prober *p = again->data;
	struct question *q;

	(void)loop;
	(void)events;
	TAILQ_FOREACH(q, &p->questions, link)
	if (!q->work)
		post(p, q);
}

static void wait_before_next(struct prober *p)
{
	if (ev_is_active(&p->again))
		return;
	ev_timer_set(&p->again, AGAIN_S, 0.0);
	ev_timer_start(p->loop, &p->again);
}

static void on_ended(
    void *arg, uint64_t token, enum transfer_end end, const struct fault *fault)
{
	struct prober *p = arg;
	struct question *q = by_token(p, token);
	struct answer answer = { .error = "" };
	bool again;

	(void)end;
	if (!q)
		return;
	answer.kind = q->kind;
	answer.name = q->name;
	answer.hash = q->hash;
	answer.status = q->sort->status;
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

struct prober *prober_new(struct ev_loop *loop,
    void (*answered)(void *arg, const struct answer *answer), void *arg)
{
	struct prober *p = must_alloc(sizeof(*p));

	p->loop = loop;
	p->answered = answered;
	p->arg = arg;
	for (int i = 0; i < THREADS; i++)
		p->transfers[i] = transfer_new(loop, IDLE_MS, &callbacks, p);
	TAILQ_INIT(&p->questions);
	ev_timer_init(&p->again, on_again, AGAIN_S, 0.0);
	p->again.data = p;
	return p;
}

void prober_free(struct prober *p)
{
	ev_timer_stop(p->loop, &p->again);
	for (int i = 0; i < THREADS; i++)
		transfer_free(p->transfers[i], FREE_MS);
	while (!TAILQ_EMPTY(&p->questions))
		forget(p, TAILQ_FIRST(&p->questions));
	free(p);
}

void prober_ask(struct prober *p, const char *uri, const struct probe *probe)
{
	struct question *q;

	TAILQ_FOREACH(q, &p->questions, link)
	if (strcmp(q->name, probe->name) == 0 && q->hash == probe->hash)
		return;
	q = must_alloc(sizeof(*q));
	q->sort = sort_of(probe->name);
	q->kind = probe->kind;
	q->name = must_copy(probe->name);
	q->uri = must_copy(uri);
	q->hash = probe->hash;
	TAILQ_INSERT_TAIL(&p->questions, q, link);
	post(p, q);
}
