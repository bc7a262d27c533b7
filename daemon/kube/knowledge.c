/* SPDX-License-Identifier: MIT */
/* knowledge: flags, and the timer of the time of grace. */
#include "daemon/kube/knowledge.h"

#include <stdlib.h>

#include "daemon/host/clock.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"

static void note_failing(struct knowledge *k, const char *why)
{
	bool before = k->failing;
	char *copy = must_copy(why);

	free(k->failing);
	k->failing = copy;
	if (why && !before)
		k->failing_since = clock_mono();
	if (why || before)
		k->host->health(k->host);
}

static void end_grace(struct knowledge *k)
{
	ev_timer_stop(k->host->loop, &k->grace);
	free(k->pending_why);
	k->pending_why = NULL;
}

static void lose(struct knowledge *k, enum loss cause, const char *why, bool late)
{
	bool reported = k->loss == cause;

	end_grace(k);
	k->known = false;
	k->loss = cause;
	k->forget(k->arg, late);
	if (!reported)
		k->host->callbacks->lost(k->host->callback_arg, k->kind, k->prefix, why,
		    knowledge_is_refused(k));
}

void knowledge_lose(struct knowledge *k, enum loss cause, const char *why)
{
	lose(k, cause, why, false);
}

static void on_grace(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	struct knowledge *k = timer->data;
	autofree char *why = k->pending_why;

	(void)loop;
	(void)events;
	k->pending_why = NULL;
	lose(k, k->pending, why, true);
}

void knowledge_doubt(struct knowledge *k, enum loss cause, const char *why, bool answers)
{
	char *copy = must_copy(why);

	if (answers)
		note_failing(k, why);
	if (!k->known && k->loss == LOSS_NONE) {
		knowledge_lose(k, cause, copy);
		free(copy);
		return;
	}
	free(k->pending_why);
	k->pending = cause;
	k->pending_why = copy;
	if (ev_is_active(&k->grace))
		return;
	ev_timer_set(&k->grace, (double)k->host->tuning->grace / 1000, 0);
	ev_timer_start(k->host->loop, &k->grace);
}

void knowledge_current(struct knowledge *k)
{
	end_grace(k);
	note_failing(k, NULL);
}

void knowledge_complete(struct knowledge *k)
{
	k->known = true;
	k->loss = LOSS_NONE;
	knowledge_current(k);
}

void knowledge_init(struct knowledge *k)
{
	ev_init(&k->grace, on_grace);
	k->grace.data = k;
}

void knowledge_done(struct knowledge *k)
{
	end_grace(k);
	free(k->failing);
	k->failing = NULL;
}
