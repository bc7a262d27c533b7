/* SPDX-License-Identifier: MIT */
/*
 * executor: what is sent when.
 *
 * Of each program the steps from the next one on that edit the same document stand in
 * that document's queue; those after them follow when they are reached. So a queue never
 * waits for another queue that waits for it, and swaps of addresses, whose steps all edit
 * one network, are sent in the plan's order.
 *
 * The head of a queue may be sent when nothing of its document is under way and its
 * program waits for no observation: then the document is ready. Ready documents are taken
 * in turn for as long as their source takes one more call. Whatever may have made a
 * document ready calls ready(); every public function ends with send_ready().
 */
#include "daemon/engine/executor.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/engine/executor_parts.h"

struct executor {
	struct executor_hooks hooks;
	void *arg;
	struct table documents, works;
	struct documents ready[SOURCES_MAX];
	struct entries sent; /* noted, or under way */
	unsigned limits[SOURCES_MAX], under_way[SOURCES_MAX];
	uint64_t last_token;
	size_t length;
};

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

/* The ends of things */

static size_t source_of(const struct entry *entry)
{
	return source_index(entry->step.action->source);
}

static void release(struct executor *x, struct document *d)
{
	if (!d->users && !d->waiters.count)
		table_remove(&x->documents, d);
}

static void end_work(struct executor *x, struct work *work)
{
	struct arena a = { 0 };
	const struct kind *kind = work->key.kind;
	const char *name;

	if (work->runs || work->awaited)
		return;
	name = arena_copy(&a, work->key.name);
	table_remove(&x->works, work);
	x->hooks.busy(x->arg, kind, name, false);
	arena_done(&a);
}

/* Nothing of the program is left: takes it from its object. */
static void end_run(struct executor *x, struct run *run)
{
	struct work *work = run->work;
	struct run **at = &work->runs;

	while (*at != run)
		at = &(*at)->next;
	*at = run->next;
	for (size_t i = 0; i < run->count; i++) {
		run->entries[i].document->users--;
		release(x, run->entries[i].document);
	}
	run_free(run);
	end_work(x, work);
}

/* Puts the document among those whose head may be sent, or takes it from them. */
static void ready(struct executor *x, struct document *d)
{
	struct entry *head = TAILQ_FIRST(&d->queue);
	bool may = head && !d->sent && !head->run->awaits &&
		   head == &head->run->entries[head->run->at];

	if (may && !d->ready)
		TAILQ_INSERT_TAIL(&x->ready[source_of(head)], d, ready_link);
	else if (!may && d->ready)
		TAILQ_REMOVE(&x->ready[d->ready_source], d, ready_link);
	if (may)
		d->ready_source = source_of(head);
	d->ready = may;
}

static void leave_queue(struct executor *x, struct entry *entry)
{
	if (entry->queued)
		TAILQ_REMOVE(&entry->document->queue, entry, link);
	entry->queued = false;
	entry->progress = DROPPED;
	x->length--;
	ready(x, entry->document);
}

/* What it puts back was taken, or is just being taken; where that fails it is dropped. */
static bool must_follow(const struct entry *entry)
{
	const struct entry *taken =
	    entry->restores ? &entry->run->entries[entry->restores - 1] : NULL;

	return taken && (taken->progress == DONE || taken->progress == SENT ||
			    (taken->progress == NOTING && !taken->dropped));
}

/* Whether the step is still to come: nothing of it was sent. */
static bool is_to_come(const struct entry *entry)
{
	return entry->progress == TO_COME;
}

/* Drops what is to come of the program, all but what puts back something taken. */
static void drop_rest(struct executor *x, struct run *run)
{
	for (size_t i = 0; i < run->count; i++) {
		struct entry *entry = &run->entries[i];

		if (must_follow(entry))
			continue;
		if (is_to_come(entry))
			leave_queue(x, entry);
		else if (entry->progress == NOTING)
			entry->dropped = true;
	}
}

/* Queues the steps from the next one on that edit one document. */
static void queue_stretch(struct executor *x, struct run *run)
{
	struct document *d = run->entries[run->at].document;

	run->queued = run->at;
	while (run->queued < run->count && run->entries[run->queued].document == d) {
		struct entry *entry = &run->entries[run->queued++];

		if (!is_to_come(entry))
			continue;
		entry->queued = true;
		TAILQ_INSERT_TAIL(&d->queue, entry, link);
	}
	ready(x, d);
}

/* Goes on to the next step that was not dropped; ends the program where there is none.
 */
static void advance(struct executor *x, struct run *run)
{
	while (run->at < run->count && run->entries[run->at].progress > SENT)
		run->at++;
	if (run->at == run->count)
		end_run(x, run);
	else if (run->at >= run->queued)
		queue_stretch(x, run);
	else
		ready(x, run->entries[run->at].document);
}

/* Sending */

/* The entry is under way no longer. */
static void leave_sent(struct executor *x, struct entry *entry, enum progress progress)
{
	TAILQ_REMOVE(&x->sent, entry, link);
	entry->document->sent = NULL;
	entry->progress = progress;
	x->under_way[source_of(entry)]--;
	x->length--;
	ready(x, entry->document);
}

static void finish(struct executor *x, struct entry *entry, const struct outcome *outcome)
{
	struct run *run = entry->run;
	struct document *d = entry->document;

	leave_sent(x, entry, outcome->error ? FAILED : DONE);
	if (!outcome->observed) {
		document_await(d, run->work);
		if (!outcome->error && entry->step.until == UNTIL_OBSERVED)
			run->awaits = d;
	}
	if (outcome->error)
		drop_rest(x, run);
	x->hooks.ended(x->arg,
	    &(struct ended_step){ run->work->key.kind, run->work->key.name,
		entry->step.action, entry->step.arguments, entry->step.text },
	    outcome);
	advance(x, run);
}

/* The document is made now, from what was observed last. */
static void send(struct executor *x, struct entry *entry)
{
	const struct step *step = &entry->step;
	struct arena a = { 0 };
	struct error e = { "" };
	struct call call = { .action = step->action,
		.kind = step->target_kind,
		.target = step->target,
		.text = step->text,
		.arguments = step->arguments,
		.token = entry->token };

	if (step->action->render)
		call.document = x->hooks.render(x->arg, &a, step, &e);
	if (step->action->render && !call.document) {
		finish(x, entry, &(struct outcome){ .error = e.text, .observed = true });
	} else {
		entry->progress = SENT;
		x->hooks.send(x->arg, &call);
	}
	arena_done(&a);
}

static void begin(struct executor *x, struct document *d)
{
	struct entry *entry = TAILQ_FIRST(&d->queue);

	TAILQ_REMOVE(&d->queue, entry, link);
	entry->queued = false;
	TAILQ_INSERT_TAIL(&x->sent, entry, link);
	d->sent = entry;
	ready(x, d);
	x->under_way[source_of(entry)]++;
	entry->token = ++x->last_token;
	if (entry->noted) {
		entry->progress = NOTING;
		x->hooks.note(x->arg, &entry->step, entry->token);
	} else {
		send(x, entry);
	}
}

/* Again where something was begun: a step whose document cannot be made ends at once, and
 * what follows it may be another source's. */
static void send_ready(struct executor *x)
{
	bool begun;

	do {
		begun = false;
		for (size_t i = 0; i < source_count; i++)
			while (x->under_way[i] < x->limits[i] &&
			       !TAILQ_EMPTY(&x->ready[i])) {
				begin(x, TAILQ_FIRST(&x->ready[i]));
				begun = true;
			}
	} while (begun);
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

void executor_take(struct executor *x, const struct plan *plan)
{
	struct arena a = { 0 };
	struct run **runs = arena_array(&a, plan->program_count + 1, sizeof(*runs));
	size_t *next = arena_array(&a, plan->program_count + 1, sizeof(*next));

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
		ready(x, entry->document);
	}
	arena_done(&a);
	send_ready(x);
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
	finish(x, entry, outcome);
	send_ready(x);
}

void executor_noted(struct executor *x, uint64_t token, const char *error)
{
	struct entry *entry = find_sent(x, token);

	if (!entry || entry->progress != NOTING)
		return;
	if (entry->dropped) {
		leave_sent(x, entry, DROPPED);
		advance(x, entry->run);
	} else if (error) {
		finish(x, entry, &(struct outcome){ .error = error, .observed = true });
	} else {
		send(x, entry);
	}
	send_ready(x);
}

/* Programs that waited for the document go on; an object without any is done. */
static void on_observed(void *arg, struct document *d, struct work *work)
{
	struct executor *x = arg;
	struct run *next;

	if (!work->runs) {
		end_work(x, work);
		return;
	}
	for (struct run *run = work->runs; run; run = next) {
		next = run->next;
		if (run->awaits != d)
			continue;
		run->awaits = NULL;
		advance(x, run);
	}
}

static void observed(struct executor *x, struct document *d)
{
	d->users++;
	document_observed(d, on_observed, x);
	d->users--;
	release(x, d);
}

void executor_observed(struct executor *x, const struct kind *kind, const char *document)
{
	struct document *d = table_find(&x->documents, kind, document);

	if (!d || !d->waiters.count)
		return;
	observed(x, d);
	send_ready(x);
}

/* Ending early */

/* A step to a document of the kind whose name begins with the prefix is still to come. */
static bool is_lost(
    const struct entry *entry, const struct kind *kind, const char *prefix)
{
	const struct document *d = entry->document;

	return is_to_come(entry) && d->key.kind == kind &&
	       strncmp(d->key.name, prefix, strlen(prefix)) == 0;
}

/* Drops the program's steps to lost documents, and of the others what a failure would. */
static void drop_lost(
    struct executor *x, struct run *run, const struct kind *kind, const char *prefix)
{
	bool any = false;

	for (size_t i = 0; i < run->count; i++)
		if (is_lost(&run->entries[i], kind, prefix)) {
			leave_queue(x, &run->entries[i]);
			any = true;
		}
	if (!any)
		return;
	drop_rest(x, run);
	advance(x, run);
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
	void **works = table_all(&x->works, &a), **all;

	for (size_t i = 0; works[i]; i++)
		drop_work(x, works[i], kind, prefix);
	all = table_all(&x->documents, &a);
	for (size_t i = 0; all[i]; i++) {
		struct document *d = all[i];

		d->users++; /* it must not go while the others are worked through */
	}
	for (size_t i = 0; all[i]; i++) {
		struct document *d = all[i];

		if (d->key.kind == kind &&
		    strncmp(d->key.name, prefix, strlen(prefix)) == 0)
			document_observed(d, on_observed, x);
	}
	for (size_t i = 0; all[i]; i++) {
		struct document *d = all[i];

		d->users--;
		release(x, d);
	}
	arena_done(&a);
	send_ready(x);
}

static void abandon_work(struct executor *x, struct work *work)
{
	struct run *next;

	for (struct run *run = work->runs; run; run = next) {
		next = run->next;
		drop_rest(x, run);
		advance(x, run);
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
	send_ready(x);
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
