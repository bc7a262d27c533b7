/* SPDX-License-Identifier: MIT */
/*
 * executor_flow: what is sent when.
 *
 * Of each program the steps from the next one on that edit the same document stand in
 * that document's queue; those after them follow when they are reached. So a queue never
 * waits for another queue that waits for it, and swaps of addresses, whose steps all edit
 * one network, are sent in the plan's order.
 *
 * The head of a queue may be sent when nothing of its document is under way and its
 * program waits for no observation: then the document is ready. Ready documents are taken
 * in turn for as long as their source takes one more call, those whose program has begun
 * before the others: what was begun is ended first. A slow step counts for none of the
 * calls, since its source carries it out beside them. Whatever may have made a document
 * ready calls flow_ready().
 */
#include "daemon/engine/executor_flow.h"

static size_t source_of(const struct entry *entry)
{
	return source_index(entry->step.action->source);
}

void flow_release(struct executor *x, struct document *d)
{
	if (!d->users && !d->waiters.count)
		table_remove(&x->documents, d);
}

void flow_end_work(struct executor *x, struct work *work)
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
		flow_release(x, run->entries[i].document);
	}
	run_free(run);
	flow_end_work(x, work);
}

static void insert(struct documents *list, struct document *d, bool begun)
{
	if (begun)
		TAILQ_INSERT_HEAD(list, d, ready_link);
	else
		TAILQ_INSERT_TAIL(list, d, ready_link);
}

/* Puts the document among those whose head may be sent, or takes it from them. */
void flow_ready(struct executor *x, struct document *d)
{
	struct entry *head = TAILQ_FIRST(&d->queue);
	bool may = head && !head->held && !d->sent && !head->run->awaits &&
		   head == &head->run->entries[head->run->at];

	if (may && !d->ready)
		insert(&x->ready[source_of(head)], d, head->run->at > 0);
	else if (!may && d->ready)
		TAILQ_REMOVE(&x->ready[d->ready_source], d, ready_link);
	if (may)
		d->ready_source = source_of(head);
	d->ready = may;
}

void flow_hold(struct executor *x, struct entry *entry)
{
	if (entry->held)
		return;
	entry->held = entry->again = true;
	entry->document->held++;
	flow_ready(x, entry->document);
}

static void let_go(struct entry *entry)
{
	entry->document->held -= entry->held;
	entry->held = false;
}

/* The run may end with the entry. */
static void go_on(
    struct executor *x, struct run *run, const struct document *d, bool drop)
{
	for (size_t i = 0; i < run->count; i++) {
		struct entry *entry = &run->entries[i];

		if (!entry->held || entry->document != d)
			continue;
		if (drop)
			flow_leave_queue(x, entry);
		else
			let_go(entry);
	}
	flow_advance(x, run);
}

void flow_go_on(struct executor *x, struct document *d, bool drop)
{
	struct arena a = { 0 };
	void **works = d->held ? table_all(&x->works, &a) : NULL;

	for (size_t i = 0; works && works[i]; i++) {
		struct work *work = works[i];

		for (struct run *run = work->runs, *next; run; run = next) {
			next = run->next;
			go_on(x, run, d, drop);
		}
	}
	flow_ready(x, d);
	arena_done(&a);
}

void flow_leave_queue(struct executor *x, struct entry *entry)
{
	let_go(entry);
	if (entry->queued)
		TAILQ_REMOVE(&entry->document->queue, entry, link);
	entry->queued = false;
	entry->progress = DROPPED;
	x->length--;
	flow_ready(x, entry->document);
}

/* The step that takes what this one puts back; NULL: it puts nothing back. */
static const struct entry *taken_by(const struct entry *entry)
{
	return entry->restores ? &entry->run->entries[entry->restores - 1] : NULL;
}

/* What it puts back was taken, may have been, or is just being taken; where that is refused
 * it is dropped. */
bool flow_must_follow(const struct entry *entry)
{
	const struct entry *taken = taken_by(entry);

	if (!taken)
		return false;
	switch (taken->progress) {
	case SENT:
	case DONE:
	case DOUBTFUL:
		return true;
	case NOTING:
		return !taken->dropped;
	case TO_COME:
	case REFUSED:
	case DROPPED:
		break;
	}
	return false;
}

/* Whether the step is still to come: nothing of it was sent. */
bool flow_is_to_come(const struct entry *entry)
{
	return entry->progress == TO_COME;
}

/* Drops what is to come of the program, all but what puts back something taken. */
void flow_drop_rest(struct executor *x, struct run *run)
{
	for (size_t i = 0; i < run->count; i++) {
		struct entry *entry = &run->entries[i];

		if (flow_must_follow(entry))
			continue;
		if (flow_is_to_come(entry))
			flow_leave_queue(x, entry);
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

		if (!flow_is_to_come(entry))
			continue;
		entry->queued = true;
		TAILQ_INSERT_TAIL(&d->queue, entry, link);
	}
	flow_ready(x, d);
}

/* Goes on to the next step that was not dropped; ends the program where there is none.
 */
void flow_advance(struct executor *x, struct run *run)
{
	while (run->at < run->count && run->entries[run->at].progress > SENT)
		run->at++;
	if (run->at == run->count)
		end_run(x, run);
	else if (run->at >= run->queued)
		queue_stretch(x, run);
	else
		flow_ready(x, run->entries[run->at].document);
}

/* Sending */

/* The entry is under way no longer. */
void flow_leave_sent(struct executor *x, struct entry *entry, enum progress progress)
{
	TAILQ_REMOVE(&x->sent, entry, link);
	entry->document->sent = NULL;
	entry->progress = progress;
	x->under_way[source_of(entry)] -= !entry->step.action->slow;
	x->length--;
	flow_ready(x, entry->document);
}

/* There was nothing to put back: that the other step has failed was reported. */
static bool is_idle(const struct entry *entry, const struct outcome *outcome)
{
	const struct entry *taken = taken_by(entry);

	return outcome->refused && taken && (taken->progress == DOUBTFUL || entry->again);
}

/* The source went away before it put back what was taken: it does when it is there again. */
static bool comes_again(const struct entry *entry, const struct outcome *outcome)
{
	return outcome->lost && flow_must_follow(entry);
}

static void queue_again(struct executor *x, struct entry *entry)
{
	flow_leave_sent(x, entry, TO_COME);
	x->length++;
	entry->queued = true;
	TAILQ_INSERT_HEAD(&entry->document->queue, entry, link);
	flow_hold(x, entry);
}

void flow_finish(struct executor *x, struct entry *entry, const struct outcome *outcome)
{
	struct run *run = entry->run;
	struct document *d = entry->document;
	bool idle = is_idle(entry, outcome);

	if (comes_again(entry, outcome))
		queue_again(x, entry);
	else
		flow_leave_sent(x, entry,
		    !outcome->error    ? DONE
		    : outcome->refused ? REFUSED
				       : DOUBTFUL);
	if (!outcome->observed) {
		document_await(d, run->work);
		if (!outcome->error && entry->step.until == UNTIL_OBSERVED)
			run->awaits = d;
	}
	if (outcome->error)
		flow_drop_rest(x, run);
	if (!idle)
		x->hooks.ended(x->arg,
		    &(struct ended_step){ run->work->key.kind, run->work->key.name,
			entry->step.action, entry->step.arguments, entry->step.text },
		    outcome);
	flow_advance(x, run);
}

/* The document is made now, from what was observed last. */
void flow_send(struct executor *x, struct entry *entry)
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
		flow_finish(x, entry,
		    &(struct outcome){
			.error = e.text, .refused = true, .observed = true });
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
	flow_ready(x, d);
	x->under_way[source_of(entry)] += !entry->step.action->slow;
	entry->token = ++x->last_token;
	if (entry->noted) {
		entry->progress = NOTING;
		x->hooks.note(x->arg, &entry->step, entry->token);
	} else {
		flow_send(x, entry);
	}
}

/* Again where something was begun: a step whose document cannot be made ends at once, and
 * what follows it may be another source's. */
void flow_send_ready(struct executor *x)
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
