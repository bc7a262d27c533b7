/* SPDX-License-Identifier: MIT */
/*
 * kind: a sort of object the home has, and the table of all of them. A kind is one file
 * in lib/kind/ that fills one `struct kind`, and one row in lib/kind/kinds.def. Row order
 * is the order of creation and, reversed, of removal: there is no other dependency graph.
 *
 * To add a kind: write lib/kind/NAME.c with a field table and the functions below, add
 * the row, add a golden directory. Nothing else in lib/ knows the kinds by name.
 */
#ifndef LIB_MODEL_KIND_H
#define LIB_MODEL_KIND_H

#include "lib/base/mono.h"
#include "lib/model/config.h"
#include "lib/model/observed.h"
#include "lib/model/section.h"
#include "lib/model/source.h"
#include "lib/model/watch.h"

struct planner;
struct list_input;
struct item;
struct object_state;
struct state;
struct step;
struct importer;
struct action;

/* How an object counts for the budget (promise P10). */
struct availability {
	bool counts;
	bool up;
	bool
	    unsure; /* not up, as far as is known; it may be, and what takes it down counts */
	/* Until then one that is up may go down by a request that is not remembered. */
	struct mono settled_at;
	const char *critical; /* one of few that must be up: "control plane"; or NULL */
};

/* What a back end read of one object, as values; borrowed during decode(). */
struct reading {
	const struct kind *kind;
	const char *name;	/* the external one */
	const char *live_xml;	/* libvirt: NULL when it does not run */
	const char *config_xml; /* libvirt: NULL when it is transient */
	const void *facts; /* what else was read: a struct of the kind's own header */
	struct json_object *json; /* Kubernetes: the whole object */
	/* Only what decides the next step was read, in `facts`, no document: for refresh().
	 * The whole follows as a reading of its own. */
	bool facts_only;
};

/* Objects to be read because another one has changed. */
struct affected {
	struct arena *arena;
	struct affected_object {
		const struct kind *kind;
		const char *name; /* external */
	} * items;
	size_t count;
};

struct kind {
	const size_t *row;  /* its place in kinds[], which lib/kind/kinds.c holds */
	const char *name;   /* "vm" */
	const char *plural; /* "vms" */
	const char *alias;  /* an older name that is still understood, or NULL */
	const char *title;  /* "virtual machine": one or two words for people */
	/* Who says what is so of it; NULL: nobody, it is only read, checked and used by
	 * other kinds. */
	const struct source *source;
	struct fields fields;
	const struct section *sections; /* the first is where people expect it */
	size_t section_count;
	/* What people write at the top of a file by habit, and what to write here; NULL:
	 * nothing. */
	const struct hint *section_hints;
	bool path_names; /* written names are paths of subdomains ("NAMESPACE/NAME"), not
			    RFC 1123 labels */
	/* Keys shown by `list`, "key" or "key:HEADER", NULL-terminated, or NULL; of
	 * points in time the age is shown. */
	const char *const *list_columns;

	/* Kubernetes: what is watched always, and what is watched because an object like
	 * `desired` is written: false: nothing more; texts are literals or in `a`. */
	const struct watch *watches;
	size_t watch_count;
	bool (*watch_of)(
	    const struct object *desired, struct arena *a, struct watch *out);
	/*
	 * The one namespace that `watches` are of, from what is written and observed:
	 * `*space`, NULL before, valid as long as both; their paths are those of all
	 * namespaces ("/apis/metallb.io/v1beta1/ipaddresspools"). False: they are not
	 * needed, or it is not known where. While that is not sure, `hold` says so. Pure,
	 * and run again when an object of a kind that `places` was observed. NULL: of all.
	 */
	bool (*watch_in)(const struct config *config, const struct observations *observed,
	    const char **space, struct hold *hold);
	/* What is observed of it decides on the watches of other kinds. */
	bool places;

	/* What the table cannot say of an object that was just read from `map`: values
	 * that follow from others, checks of one key against another. Adds errors to the
	 * report. Keys with an error have no bit. Or NULL. */
	void (*read_object)(struct config *config, struct object *object,
	    const struct node *map, struct report *report);
	/* After everything was read: derives what depends on other kinds (ranges, MACs).
	 */
	void (*derive)(struct config *config, struct report *report);

	/* The name its observation is stored under, where that differs; NULL: the
	 * object's own. */
	const char *(*external_name)(const struct object *want);
	/* The key under which any name outside can be written; NULL: there is none. */
	const char *external_key;

	/*
	 * What the outside says -> observed->live, observed->config. Returns 0; 1: not of
	 * interest, as good as absent; -1: unreadable, with the reason. NULL: the kind
	 * has no observations of its own (a reservation is part of its network): its plan()
	 * reads those of other kinds.
	 */
	int (*decode)(
	    struct observed *observed, const struct reading *reading, struct error *e);

	/* `now` takes the place of `before`, and takes over what only that still knows; NULL:
	 * nothing was observed, then what is remembered (NULL: nothing). Or NULL. */
	void (*follow)(struct observed *now, const struct observed *before,
	    const struct object_state *state);

	/* Whether both say the same: then `now` is dropped, and nothing follows from it; for
	 * kinds without an observed(). NULL: nobody knows. */
	bool (*same)(const struct observed *before, const struct observed *now);

	/* The object was observed, `before` (NULL: absent) and `now`: adds what else must
	 * be read, since its source sends no event for it. Or NULL. */
	void (*affects)(const struct observed *before, const struct observed *now,
	    struct affected *out);
	/*
	 * Brings what is observed already up to date with a reading that is `facts_only`.
	 * -1: that needs more than is known, with the reason; nothing was changed. NULL: the
	 * kind has no such readings.
	 */
	int (*refresh)(
	    struct observed *observed, const struct reading *reading, struct error *e);

	/* Adds to `shown` what was observed of one side and has no key, for lists and
	 * describe: "ready" of a node. Or NULL. */
	void (*facts)(const struct object *side, struct json_object *shown);
	/* Corrects what is shown of the desired side, where what is left out there is not
	 * what its table says. Or NULL. */
	void (*effective)(const struct item *item, struct json_object *desired);
	/* As facts(), of what runs: what follows from other kinds and from the state
	 * (struct list_input of lib/plan/plan.h). Or NULL. */
	void (*list_facts)(const struct list_input *in, const struct item *item,
	    const struct object *side, struct json_object *shown);

	/*
	 * Compares and decides: fills the item's verdict, reason, differences, conditions
	 * and steps (lib/plan/plan.h). `want` NULL: observed only. `have` NULL: known to
	 * be absent. Called only when the kind is known and `have` is not unknown. NULL:
	 * the kind is not planned and not shown.
	 */
	void (*plan)(struct planner *p, struct item *item, const struct object *want,
	    const struct observed *have);
	/*
	 * What the kind itself keeps of an object between plans (lib/state/state.h): a
	 * record with its field table; NULL: none. What changes it, each NULL where
	 * nothing does: `desired`: it is desired like this from now on (NULL: no longer).
	 * `observed`: its object was observed (NULL: it is absent); true when
	 * something that is kept on disk has changed. `sent`: a step is about to
	 * be handed to its source. `ended`: it was done, or failed.
	 * `converged`: it was found as it should be; true as above. `requested`: somebody
	 * requested a reconcile of this very object.
	 */
	const struct fields *state_fields;
	/* `observed` is also called of what nobody has written, `want` NULL; of some
	 * thousand objects at most. */
	bool remembers_all;
	/* Where this is one to remember, or something is remembered already; NULL: all are. */
	bool (*remembers)(const struct observed *observed);
	void (*desired)(struct object_state *state, const struct object *desired);
	bool (*observed)(struct object_state *state, const struct observed *observed,
	    const struct object *want, const struct settings *settings, struct mono now,
	    uint32_t random);
	void (*sent)(
	    struct object_state *state, const struct action *action, struct mono now);
	void (*ended)(struct object_state *state, const struct action *action,
	    const void *arguments, bool failed, const struct settings *settings,
	    struct mono now, uint32_t random);
	bool (*converged)(struct object_state *state, const struct object *want);
	void (*requested)(struct object_state *state);
	/* State files of format 1: the member that held the record, and today's name of an
	 * object (in the arena; NULL: it cannot be said). NULL: "record", the same name. */
	const char *old_state;
	const char *(*old_name)(
	    const struct config *config, const char *name, struct arena *a);

	/* Before its items are planned: what they look things up in, in the plan's arena;
	 * p->prepared keeps it. Or NULL. */
	void *(*prepare)(struct planner *p);
	/* After all its items were planned: closes the gates of those that must wait for
	 * another one. Or NULL. */
	void (*settle)(struct planner *p);

	/* Proposes what `homek8sctl import` writes of what was observed (lib/plan/import.h).
	 * NULL: of kinds that have a map, every key of every object that was observed. */
	void (*import)(struct importer *i);

	/* Whether it is written that it be up. What has it can be started and stopped by a
	 * person's wish (struct wish of lib/state/object_state.h), which `desired` and `plan`
	 * go by. NULL: it cannot. */
	bool (*written_up)(const struct object *desired);

	/* Does what was observed carry our mark? NULL: its objects carry none. */
	bool (*is_owned)(const struct observed *observed);

	/* How it counts for the budget. NULL: not at all. */
	void (*availability)(
	    struct planner *p, const struct item *item, struct availability *out);
	/* Kubernetes: what its apply steps send, as struct action's render(). */
	const char *(*document)(
	    struct planner *p, const struct step *step, struct error *e);
};

/* All kinds, in row order. */
extern const struct kind *const kinds[];
extern const size_t kind_count;

/* Where the kind stands among them. */
static inline size_t kind_index(const struct kind *kind)
{
	return *kind->row;
}
/* Its objects are written inside others', and are named after them. */
static inline bool kind_is_inside(const struct kind *kind)
{
	return kind->section_count && kind->sections[0].shape == SECTION_INSIDE;
}
/* By name or alias, in singular or plural; NULL when there is none. */
const struct kind *kind_find(const char *name);

#endif
