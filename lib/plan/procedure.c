/* SPDX-License-Identifier: MIT */
/* procedure: words and facts of a phase, and its deadline. */
#include "lib/plan/procedure.h"

#include <string.h>

const char *procedure_phase(const struct item *item)
{
	return item->state->procedure.phase;
}

bool procedure_is(const char *phase, const char *word)
{
	size_t length = strlen(word);

	return phase && strncmp(phase, word, length) == 0 &&
	       (phase[length] == '\0' || phase[length] == ' ');
}

const char *procedure_fact(struct arena *a, const char *phase, const char *key)
{
	size_t length = strlen(key);

	while (phase && (phase = strchr(phase, ' '))) {
		phase++;
		if (strncmp(phase, key, length) == 0 && phase[length] == '=')
			return arena_copy_n(
			    a, phase + length + 1, strcspn(phase + length + 1, " "));
	}
	return NULL;
}

bool procedure_is_late(struct planner *p, const struct item *item, int64_t ms)
{
	struct mono end = mono_add(item->state->procedure.since, ms);

	if (mono_reached(end, p->input->now))
		return true;
	plan_wake(p, end);
	return false;
}
