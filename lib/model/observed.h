/* SPDX-License-Identifier: MIT */
/*
 * observed: what the sources said of objects: one arena each, so that a single object is
 * replaced without touching the rest, and of which part of a kind everything is known.
 *
 * Present, absent, unknown: what could not be read is unknown, never absent. An object
 * that is not in the store is absent only where observed_known() says yes to its name.
 */
#ifndef LIB_MODEL_OBSERVED_H
#define LIB_MODEL_OBSERVED_H

#include "lib/base/error.h"
#include "lib/model/object.h"

enum presence {
	UNKNOWN,
	ABSENT,
	PRESENT,
};

/*
 * What was observed of one object. A libvirt object has two sides, what runs (live) and
 * what is stored (config); either may be NULL. A Kubernetes object has only `live`.
 */
struct observed {
	struct arena arena; /* holds this struct's texts and both sides */
	const struct kind *kind;
	const char *name;
	enum presence
	    presence;	 /* UNKNOWN or PRESENT: what is absent is not in the store */
	const char *why; /* UNKNOWN: why, for the user */
	struct object *live, *config;
	size_t counted; /* the store's: bytes it counts for */
};

/* A new, empty one; freed by observed_free (NULL allowed) or by the store that has it. */
struct observed *observed_new(const struct kind *kind, const char *name);
void observed_free(struct observed *observed);
/* A zeroed object of the kind's size, in its arena, with kind and name set. */
void *observed_object(struct observed *observed);

/* One watch of a kind (lib/model/watch.h): the objects whose names begin with `prefix`,
 * and with no longer prefix of the same kind. A kind of libvirt has one, of prefix "". */
struct coverage {
	char *prefix;
	bool known;   /* the whole list was read since the connection came up */
	char *why;    /* not known: why; NULL: not observed yet */
	bool refused; /* not known, and it will not be: see observations_set_refused() */
};

/* Whether it is decided what is watched of a kind (lib/model/kind.h, watch_in()). */
struct hold {
	bool held; /* it is not: nothing of the kind counts as known, whatever was read */
	bool blocks;	  /* held, and a person must decide it */
	struct error why; /* held: why, for the user */
};

/* Everything observed of a kind. Zeroed: nothing is known yet. */
struct observed_set {
	bool known;	 /* every coverage is, and there is one, and nothing is held */
	const char *why; /* not known: why, of the first that is not; or NULL */
	struct coverage *coverage;
	size_t coverage_count;
	struct hold hold;
	struct observed **items; /* sorted by name */
	size_t count, room;
	size_t bytes; /* of memory that the items take, about */
};

/* Where in the set's items the name stands; false when it does not, and then where it
 * would. */
bool observed_set_index(const struct observed_set *set, const char *name, size_t *index);
/* The same with a guess in `*index`, as sorted_near() takes it. */
bool observed_set_near(const struct observed_set *set, const char *name, size_t *index);
/* Is it known of the object of this external name whether it exists? No: `why` is set to
 * the reason, or to NULL where it was not observed yet. */
bool observed_known(const struct observed_set *set, const char *name, const char **why);
/* Has the source said that it will not say it? Only so long as nothing is known. */
bool observed_refused(const struct observed_set *set, const char *name);

struct observations {
	struct observed_set kinds[KINDS_MAX]; /* by kind_index() */
};

struct observed_set *observations_set(struct observations *o, const struct kind *kind);
const struct observed *observations_find(
    const struct observations *o, const struct kind *kind, const char *name);
/* Takes ownership of `observed`; replaces what had its name. */
void observations_put(struct observations *o, struct observed *observed);
/* Observed to be absent. */
void observations_remove(
    struct observations *o, const struct kind *kind, const char *name);

/* A coverage of that prefix is expected from now on; one that exists stays as it is. */
void observations_expect(
    struct observations *o, const struct kind *kind, const char *prefix);
/* The whole list has been read: it is known from now on. */
void observations_set_known(
    struct observations *o, const struct kind *kind, const char *prefix);
/* The source is gone: keeps what was last observed for showing, but nothing is known. */
void observations_set_unknown(
    struct observations *o, const struct kind *kind, const char *prefix, const char *why);
/* The source is there, and has said that we may not read it, or that it has none. */
void observations_set_refused(
    struct observations *o, const struct kind *kind, const char *prefix, const char *why);
/*
 * Whether what was observed of the kind's source takes so much memory that no more of this
 * kind is to be taken in: more than OBSERVED_MAX_BYTES in all, of which the kind has more
 * than its share. Ten thousand Services take 10 MiB.
 */
#define OBSERVED_MAX_BYTES ((size_t)16 * 1024 * 1024)
#define OBSERVED_SHARE (OBSERVED_MAX_BYTES / 8)
bool observations_full(const struct observations *o, const struct kind *kind);

/* From now on; `hold` is copied. */
void observations_hold(
    struct observations *o, const struct kind *kind, const struct hold *hold);
/* Forgets every object of the coverage for which keep(name, arg) is false. */
void observations_keep(struct observations *o, const struct kind *kind,
    const char *prefix, bool (*keep)(const char *name, void *arg), void *arg);
/* It is not watched any more: forgets the coverage and all its objects. */
void observations_drop(
    struct observations *o, const struct kind *kind, const char *prefix);
void observations_done(struct observations *o);

#endif
