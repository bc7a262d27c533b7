/* SPDX-License-Identifier: MIT */
/* noun: the tables of the host's kinds and actions. */
#include "daemon/host/noun.h"

#include "lib/kind/actions.h"

#ifndef NOUNS_DEF
#define NOUNS_DEF "daemon/host/nouns.def"
#endif

#define NOUN(row, lister, reader)                                                        \
	int lister(                                                                      \
	    struct arena *a, const char ***names, size_t *count, struct error *e);       \
	int reader(                                                                      \
	    struct arena *a, const char *name, struct reading *out, struct error *e);
#define SIGNALLED(row)
#include NOUNS_DEF
#undef SIGNALLED
#undef NOUN

const struct host_noun host_nouns[] = {
#define NOUN(row, lister, reader) { &row##_kind, lister, reader },
#define SIGNALLED(row)
#include NOUNS_DEF
#undef SIGNALLED
#undef NOUN
	{ 0 },
};

#define NOUN(row, lister, reader)
#define SIGNALLED(row) const struct kind *const host_signalled = &row##_kind;
#include NOUNS_DEF
#undef SIGNALLED
#undef NOUN

typedef int host_function(const struct call *call, struct error *e);

/* One function, host_NAME, for each row of the host's: a missing one does not link. */
#define ROW_libvirt(name)
#define ROW_kubernetes(name)
#define ROW_host(name) host_function host_##name;
#define ACTION(name, source, ...) ROW_##source(name)
#include ACTIONS_DEF
#undef ACTION
#undef ROW_host

#define ROW_host(name) { &name##_action, host_##name },
#define ACTION(name, source, ...) ROW_##source(name)
static const struct {
	const struct action *action;
	host_function *run;
} rows[] = {
#include ACTIONS_DEF
	{ NULL, NULL },
};
#undef ACTION

int host_run(const struct call *call, struct error *e)
{
	for (size_t i = 0; rows[i].action; i++)
		if (rows[i].action == call->action)
			return rows[i].run(call, e);
	return fail(e, "%s is no action of this host", call->action->name);
}
