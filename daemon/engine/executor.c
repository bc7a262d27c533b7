/* SPDX-License-Identifier: MIT */
/* executor: programs taken in, what comes back for them, and their early ends. Every
 * public function ends with flow_send_ready(). */
#include "daemon/engine/executor.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/engine/executor_flow.h"

struct executor *executor_new(
    const struct executor_hooks *hooks, void *arg, uint64_t first_token)
{
	struct executor *x = must_alloc(sizeof(*x));

	x->hooks = *hooks;
	x->arg = arg;
	x->last_token = first_token;
	TAILQ_INIT(&x->sent);
	for (size_t i = 0; i < SOURCES_MAX; i++) {
		x->limits[i] = 1;
		TAILQ_INIT(&x->ready[i]);
	}
	return x;
}

void executor_limit(struct executor *x, const struct source *source, unsigned calls)
{
	x->limits[source_index(source)] = calls;
}

void executor_free(struct executor *x)
{
	struct arena a = { 0 };
	void **all;

	if (!x)
		return;
	all = table_all(&x->works, &a);
	for (size_t i = 0; all[i]; i++) {
		struct work *work = all[i];

		for (struct run *run = work->runs, *next; run; run = next) {
			next = run->next;
			run_free(run);
		}
		table_remove(&x->works, work);
	}
	all = table_all(&x->documents, &a);
	for (size_t i = 0; all[i]; i++) {
		free(((struct document *)all[i])->waiters.items);
		table_remove(&x->documents, all[i]);
	}
	table_done(&x->works);
	table_done(&x->documents);
	arena_done(&a);
	free(x);
}

/* Taking in */

static struct document *document_of(struct executor *x, const struct step *step)
{
	struct document *d = table_find(&x->documents, step->target_kind, step->target);

	if (d)
		return d;
	d = table_add(&x->documents, step->target_kind, step->target, sizeof(*d));
	TAILQ_INIT(&d->queue);
	return d;
}

static struct work *work_of(struct executor *x, const struct item *item)
{
	struct work *work = table_find(&x->works, item->kind, item->name);

	if (work)
		return work;
	work = table_add(&x->works, item->kind, item->name, sizeof(*work));
	x->hooks.busy(x->arg, item->kind, item->name, true);
	return work;
}

/* The stretch that is queued first is counted, not queued: that is done in the order of
 * the plan's steps, which goes across programs. */
static void add_program(
    struct executor *x, const struct program *program, struct run **runs)
{
	struct run *run = run_new(work_of(x, program->item), program);
	const struct document *first;

	for (size_t i = 0; i < run->count; i++) {
		run->entries[i].document = document_of(x, &run->entries[i].step);
		run->entries[i].document->users++;
	}
	first = run->entries[0].document;
	while (run->queued < run->count && run->entries[run->queued].document == first)
		run->queued++;
	x->length += run->count;
	*runs = run;
}

static bool is_begun(const struct run *run)
{
	for (size_t i = 0; i < run->count; i++)
		if (run->entries[i].progress > NOTING)
			return true;
	return false;
}

static bool is_of(const struct run *run, const struct program *program)
{
	if (run->count != program->step_count)
		return false;
	for (size_t i = 0; i < run->count; i++) {
		const struct step *taken = &run->entries[i].step;
		const struct step *step = program->steps[i];

		if (taken->action != step->action ||
		    strcmp(taken->target, step->target) != 0 ||
		    strcmp(taken->text, step->text) != 0)
			return false;
	}
	return true;
}

static void withdraw(struct executor *x, const struct program *program)
{
	struct work *work =
	    table_find(&x->works, program->item->kind, program->item->name);

	for (struct run *run = work ? work->runs : NULL, *next; run; run = next) {
		next = run->next;
		if (is_begun(run) || !is_of(run, program))
			continue;
		flow_drop_rest(x, run);
		flow_advance(x, run);
	}
}

/* What waits for others, or for its note on disk, may come to more by now. */
static void withdraw_unapproved(struct executor *x, const struct plan *plan)
{
	for (size_t i = 0; i < plan->item_count; i++) {
		const struct item *item = plan->items[i];

		for (size_t k = 0; k < item->program_count; k++)
			if (item->programs[k]->gate == GATE_BUSY &&
			    item->programs[k]->unapproved)
				withdraw(x, item->programs[k]);
	}
}

void executor_take(struct executor *x, const struct plan *plan)
{
	struct arena a = { 0 };
	struct run **runs = arena_array(&a, plan->program_count + 1, sizeof(*runs));
	size_t *next = arena_array(&a, plan->program_count + 1, sizeof(*next));

	withdraw_unapproved(x, plan);
	for (size_t i = 0; i < plan->program_count; i++)
		add_program(x, plan->programs[i], &runs[i]);
	for (size_t i = 0; i < plan->step_count; i++) {
		size_t order = plan->steps[i]->program->order;
		struct run *run = runs[order];
		struct entry *entry;

		if (next[order] >= run->queued)
			continue;
		entry = &run->entries[next[order]++];
		entry->queued = true;
		TAILQ_INSERT_TAIL(&entry->document->queue, entry, link);
		flow_ready(x, entry->document);
	}
	arena_done(&a);
	flow_send_ready(x);
}

/* What comes back */

static struct entry *find_sent(const struct executor *x, uint64_t token)
{
	struct entry *entry;

	TAILQ_FOREACH(entry, &x->sent, link)
	if (entry->token == token)
		return entry;
	return NULL;
}

void executor_ended(struct executor *x, uint64_t token, const struct outcome *outcome)
{
	struct entry *entry = find_sent(x, token);

	if (!entry || entry->progress != SENT)
		return;
	flow_finish(x, entry, outcome);
	flow_send_ready(x);
}

void executor_noted(struct executor *x, uint64_t token, const char *error)
{
	struct entry *entry = find_sent(x, token);

	if (!entry || entry->progress != NOTING)
		return;
	if (entry->dropped) {
		flow_leave_sent(x, entry, DROPPED);
		flow_advance(x, entry->run);
	} else if (error && entry->must_be) {
		flow_finish(x, entry,
		    &(struct outcome){
			.error = error, .refused = true, .observed = true });
	} else {
		flow_send(x, entry);
	}
	flow_send_ready(x);
}

/* Programs that waited for the document go on; an object without any is done. */
static void on_observed(void *arg, struct document *d, struct work *work)
{
	struct executor *x = arg;
	struct run *next;

	if (!work->runs) {
		flow_end_work(x, work);
		return;
	}
	for (struct run *run = work->runs; run; run = next) {
		next = run->next;
		if (run->awaits != d)
			continue;
		run->awaits = NULL;
		flow_advance(x, run);
	}
}

static void observed(struct executor *x, struct document *d)
{
	d->users++;
	flow_go_on(x, d, false);
	document_observed(d, on_observed, x);
	d->users--;
	flow_release(x, d);
}

void executor_observed(struct executor *x, const struct kind *kind, const char *document)
{
	struct document *d = table_find(&x->documents, kind, document);

	if (!d || (!d->waiters.count && !d->held))
		return;
	observed(x, d);
	flow_send_ready(x);
}

/* What waits for documents of the kind whose names begin with the prefix goes on; not that
 * which waits for a listed one. */
static void release_all(struct executor *x, struct arena *a, const struct kind *kind,
    const char *prefix, bool (*is_listed)(const char *name, void *arg), void *arg)
{
	void **all = table_all(&x->documents, a);

	for (size_t i = 0; all[i]; i++) {
		struct document *d = all[i];

		d->users++; /* it must not go while the others are worked through */
	}
	for (size_t i = 0; all[i]; i++) {
		struct document *d = all[i];

		if (d->key.kind == kind &&
		    strncmp(d->key.name, prefix, strlen(prefix)) == 0 &&
		    !(is_listed && is_listed(d->key.name, arg))) {
			if (is_listed)
				flow_go_on(x, d, true);
			document_observed(d, on_observed, x);
		}
	}
	for (size_t i = 0; all[i]; i++) {
		struct document *d = all[i];

		d->users--;
		flow_release(x, d);
	}
}

void executor_listed(struct executor *x, const struct kind *kind, const char *prefix,
    bool (*is_listed)(const char *name, void *arg), void *arg)
{
	struct arena a = { 0 };

	release_all(x, &a, kind, prefix, is_listed, arg);
	arena_done(&a);
	flow_send_ready(x);
}

/* Ending early */

/* A step to a document of the kind whose name begins with the prefix is still to come. */
static bool is_lost(
    const struct entry *entry, const struct kind *kind, const char *prefix)
{
	const struct document *d = entry->document;

	return flow_is_to_come(entry) && d->key.kind == kind &&
	       strncmp(d->key.name, prefix, strlen(prefix)) == 0;
}

/* Drops the program's steps to lost documents, and of the others what a failure would; what
 * puts something back is held. */
static void drop_lost(
    struct executor *x, struct run *run, const struct kind *kind, const char *prefix)
{
	bool any = false;

	for (size_t i = 0; i < run->count; i++)
		if (is_lost(&run->entries[i], kind, prefix)) {
			if (flow_must_follow(&run->entries[i]))
				flow_hold(x, &run->entries[i]);
			else
				flow_leave_queue(x, &run->entries[i]);
			any = true;
		}
	if (!any)
		return;
	flow_drop_rest(x, run);
	flow_advance(x, run);
}

static void drop_work(
    struct executor *x, struct work *work, const struct kind *kind, const char *prefix)
{
	struct run *next;

	for (struct run *run = work->runs; run; run = next) {
		next = run->next;
		drop_lost(x, run, kind, prefix);
	}
}

void executor_drop(struct executor *x, const struct kind *kind, const char *prefix)
{
	struct arena a = { 0 };
	void **works = table_all(&x->works, &a);

	for (size_t i = 0; works[i]; i++)
		drop_work(x, works[i], kind, prefix);
	release_all(x, &a, kind, prefix, NULL, NULL);
	arena_done(&a);
	flow_send_ready(x);
}

static void abandon_work(struct executor *x, struct work *work)
{
	struct run *next;

	for (struct run *run = work->runs; run; run = next) {
		next = run->next;
		flow_drop_rest(x, run);
		flow_advance(x, run);
	}
}

void executor_abandon(struct executor *x, const struct kind *kind, const char *name)
{
	struct arena a = { 0 };
	struct work *work = kind ? table_find(&x->works, kind, name) : NULL;
	void **all = kind ? NULL : table_all(&x->works, &a);

	if (work)
		abandon_work(x, work);
	for (size_t i = 0; all && all[i]; i++)
		abandon_work(x, all[i]);
	arena_done(&a);
	flow_send_ready(x);
}

void executor_cancel(struct executor *x, const struct kind *kind, const char *name)
{
	struct entry *entry, *next;

	for (entry = TAILQ_FIRST(&x->sent); entry; entry = next) {
		const struct work *work = entry->run->work;

		next = TAILQ_NEXT(entry, link);
		if (entry->step.action->slow && entry->progress == SENT &&
		    work->key.kind == kind && strcmp(work->key.name, name) == 0)
			x->hooks.cancel(x->arg, entry->step.action->source, entry->token);
	}
}

bool executor_find(const struct executor *x, uint64_t token, struct ended_step *out)
{
	const struct entry *entry = find_sent(x, token);

	if (!entry)
		return false;
	*out =
	    (struct ended_step){ entry->run->work->key.kind, entry->run->work->key.name,
		    entry->step.action, entry->step.arguments, entry->step.text };
	return true;
}

size_t executor_length(const struct executor *x)
{
	return x->length;
}
