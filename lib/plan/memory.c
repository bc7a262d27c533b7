/* SPDX-License-Identifier: MIT */
/* memory: the table of memos and how failures, pauses and consents change them. */
#include "lib/plan/memory.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/retry.h"
#include "lib/plan/plan.h"

static const char *const verdict_words[] = {
	[VERDICT_CONVERGED] = "converged",
	[VERDICT_PENDING] = "pending",
	[VERDICT_FAILING] = "failing",
	[VERDICT_BLOCKED] = "blocked",
	[VERDICT_UNKNOWN] = "unknown",
	[VERDICT_PAUSED] = "paused",
};

const char *verdict_text(enum verdict verdict)
{
	return verdict_words[verdict];
}

int verdict_parse(const char *text)
{
	for (size_t i = 0; i < sizeof(verdict_words) / sizeof(verdict_words[0]); i++)
		if (strcmp(verdict_words[i], text) == 0)
			return (int)i;
	return -1;
}

static int compare(const struct memo *memo, size_t row, const char *name)
{
	size_t own = kind_index(memo->kind);

	if (own != row)
		return own < row ? -1 : 1;
	return strcmp(memo->name, name);
}

/* Where the memo stands, or where it would. */
static bool locate(
    const struct memory *m, const struct kind *kind, const char *name, size_t *index)
{
	size_t low = 0, high = m->count, row = kind_index(kind);

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare(m->items[middle], row, name);

		if (order == 0) {
			*index = middle;
			return true;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*index = low;
	return false;
}

const struct memo *memory_find(
    const struct memory *m, const struct kind *kind, const char *name)
{
	size_t i;

	return locate(m, kind, name, &i) ? m->items[i] : NULL;
}

struct memo *memory_get(struct memory *m, const struct kind *kind, const char *name)
{
	struct memo *memo;
	size_t i;

	if (locate(m, kind, name, &i))
		return m->items[i];
	if (m->count == m->room) {
		m->room = m->room ? m->room * 2 : 16;
		m->items = must_realloc(m->items, m->room * sizeof(struct memo *));
	}
	memmove(m->items + i + 1, m->items + i, (m->count - i) * sizeof(struct memo *));
	memo = must_alloc(sizeof(*memo));
	memo->kind = kind;
	memo->name = must_copy(name);
	memo->vm.domain_id = -1;
	memo->vm.wanted = -1;
	m->items[i] = memo;
	m->count++;
	return memo;
}

void memory_done(struct memory *m)
{
	for (size_t i = 0; i < m->count; i++) {
		struct memo *memo = m->items[i];

		free(memo->name);
		free(memo->error);
		free(memo->reason);
		free(memo->pause_reason);
		free(memo->approved);
		free(memo);
	}
	free(m->items);
	free(m->pause_reason);
	*m = (struct memory){ 0 };
}

static void replace(char **text, const char *with)
{
	char *copy = must_copy(with);

	free(*text);
	*text = copy;
}

/* Requests that may come to nothing; their kind knows how often to repeat them. */
static bool is_paced(enum step_op op)
{
	return op == STEP_DOMAIN_START || op == STEP_DOMAIN_SHUTDOWN ||
	       op == STEP_DOMAIN_DESTROY || op == STEP_DOMAIN_RESUME ||
	       op == STEP_DOMAIN_WAKEUP;
}

void memory_step_done(struct memory *m, const struct step *step,
    const struct settings *settings, struct mono now)
{
	struct memo *memo = memory_get(m, step->kind, step->name);

	memo->paced |= is_paced(step->op);
	if (step->kind->ended)
		step->kind->ended(memo, step, false, settings, now, 0);
	m->persistent_changes++;
}

/* A refusal that waiting will not mend is tried again this often. */
#define SLOW_RETRY_MS 45000

void memory_step_failed(struct memory *m, const struct step *step, const char *error,
    bool slow, const struct settings *settings, struct mono now, uint32_t random)
{
	struct memo *memo = memory_get(m, step->kind, step->name);
	int64_t wait;

	memo->failures++;
	memo->slow = slow;
	replace(&memo->error, error);
	wait = retry_step(memo->failures, random);
	if (slow && wait < SLOW_RETRY_MS)
		wait = SLOW_RETRY_MS;
	memo->retry_at = mono_add(now, wait);
	if (step->kind->ended)
		step->kind->ended(memo, step, true, settings, now, random);
	m->persistent_changes++;
}

#define IN_VAIN 5		  /* rounds */
#define ROUND_MS 10000		  /* one in so long may go on for ever, */
#define BURST_MS (500 * ROUND_MS) /* and so many beside that */

static bool is_hot(const struct memo *memo, struct mono now)
{
	return memo->warm.ms - now.ms > BURST_MS;
}

static void wait_after_round(struct memo *memo, const char *error, struct mono until)
{
	memo->failures++;
	memo->slow = false;
	replace(&memo->error, error);
	memo->retry_at = until;
}

void memory_round_ended(struct memory *m, const struct kind *kind, const char *name,
    struct mono now, uint32_t random)
{
	struct memo *memo = memory_get(m, kind, name);

	if (mono_reached(mono_add(memo->in_vain_at, RETRY_CONNECTION_FORGET_MS), now))
		memo->in_vain = 0;
	memo->in_vain_at = now;
	memo->warm = mono_add(memo->warm.ms > now.ms ? memo->warm : now, ROUND_MS);
	if (!memo->paced)
		memo->in_vain++;
	memo->paced = false;
	if (is_hot(memo, now))
		wait_after_round(memo,
		    "it was put right hundreds of times in a row; something undoes it",
		    (struct mono){ memo->warm.ms - BURST_MS });
	else if (memo->in_vain > IN_VAIN)
		wait_after_round(memo,
		    "what was done succeeded, again and again, but it is still not as written",
		    mono_add(now, retry_step(memo->in_vain - IN_VAIN, random)));
}

static void forget_failures(struct memo *memo, struct mono now)
{
	if (is_hot(memo, now))
		return;
	memo->failures = 0;
	memo->slow = false;
	replace(&memo->error, NULL);
}

static void forget_consent(struct memory *m, struct memo *memo)
{
	m->persistent_changes += memo->approved || memo->braked;
	replace(&memo->approved, NULL);
	memo->braked = false;
}

/* Of one that waits for a user or for something else, while nothing of its own is due. */
static bool is_idle(const struct item *item)
{
	return !item->step_count && !item->memo->busy &&
	       (item->verdict == VERDICT_BLOCKED || item->verdict == VERDICT_PENDING);
}

void memory_planned(struct memory *m, const struct item *item, struct mono now)
{
	const struct memo *known = item->memo;
	struct memo *memo;

	if (!item->braked && !known->failures && !known->in_vain && !known->approved &&
	    !known->braked)
		return;
	memo = memory_get(m, item->kind, item->name);
	if (item->verdict == VERDICT_CONVERGED) {
		memo->in_vain = 0;
		forget_failures(memo, now);
		forget_consent(m, memo);
		return;
	}
	if (is_idle(item))
		forget_failures(memo, now);
	if (memo->approved && item->consent &&
	    strcmp(memo->approved, item->fingerprint) != 0) {
		replace(&memo->approved, NULL);
		m->persistent_changes++;
	}
	m->persistent_changes += item->braked && !memo->braked;
	memo->braked |= item->braked;
}

static void clear(struct memo *memo)
{
	memo->failures = 0;
	memo->slow = false;
	replace(&memo->error, NULL);
	memo->in_vain = 0;
	memo->warm = (struct mono){ 0 };
	memo->vm.quick_stops = 0;
	memo->vm.gave_up = false;
	memo->vm.start_at = (struct mono){ 0 };
	memo->vm.stop_first = memo->vm.stop_sent = (struct mono){ 0 };
}

void memory_clear(struct memory *m, const struct kind *kind, const char *name)
{
	if (kind) {
		struct memo *memo = memory_get(m, kind, name);

		clear(memo);
		/* Asking for this very VM is asking for it to run; a general reconcile is
		 * not. */
		memo->vm.start_wanted = true;
	} else {
		for (size_t i = 0; i < m->count; i++)
			clear(m->items[i]);
	}
	m->persistent_changes++;
}

void memory_pause(struct memory *m, const struct kind *kind, const char *name,
    const char *reason, struct mono until)
{
	if (kind) {
		struct memo *memo = memory_get(m, kind, name);

		memo->paused = true;
		memo->pause_until = until;
		replace(&memo->pause_reason, reason);
	} else {
		m->paused = true;
		m->pause_until = until;
		replace(&m->pause_reason, reason);
	}
	m->persistent_changes++;
}

void memory_resume(struct memory *m, const struct kind *kind, const char *name)
{
	if (kind)
		memory_get(m, kind, name)->paused = false;
	else
		m->paused = false;
	m->persistent_changes++;
}

void memory_tick(struct memory *m, struct mono now)
{
	if (m->paused && mono_reached(m->pause_until, now)) {
		m->paused = false;
		m->persistent_changes++;
	}
	for (size_t i = 0; i < m->count; i++) {
		struct memo *memo = m->items[i];

		if (memo->paused && mono_reached(memo->pause_until, now)) {
			memo->paused = false;
			m->persistent_changes++;
		}
	}
}

void memory_approve(
    struct memory *m, const struct kind *kind, const char *name, const char *fingerprint)
{
	replace(&memory_get(m, kind, name)->approved, fingerprint);
	m->persistent_changes++;
}
