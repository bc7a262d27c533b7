/* SPDX-License-Identifier: MIT */
/*
 * object: what the home consists of. Desired and observed objects of a kind are the same
 * struct; each begins with `struct object`. Desired ones live in sets of a configuration,
 * observed ones in an `observed` store, one arena each, so that a single object is
 * replaced without touching the rest.
 *
 * Present, absent, unknown: what could not be read is unknown, never absent.
 */
#ifndef LIB_MODEL_OBJECT_H
#define LIB_MODEL_OBJECT_H

#include "lib/base/arena.h"
#include "lib/model/field.h"

struct kind;

struct object {
	struct record record; /* must be first */
	const struct kind *kind;
	const char *name;	   /* unique within the kind: "worker-1" */
	const struct place *place; /* desired: where it is named, else written; or NULL */
};

struct set { /* sorted by name */
	struct object **items;
	size_t count;
};

struct object *set_find(const struct set *set, const char *name);
/* Inserts; false (and nothing done) when the name is taken. */
bool set_add(struct arena *a, struct set *set, struct object *object);

enum presence {
	UNKNOWN,
	ABSENT,
	PRESENT,
};

/*
 * What was seen of one object. A libvirt object has two sides, what runs (live) and what
 * is stored (config); either may be NULL. A Kubernetes object has only `live`.
 */
struct observed {
	struct arena arena; /* holds this struct's texts and both sides */
	const struct kind *kind;
	const char *name;
	enum presence
	    presence;	 /* UNKNOWN or PRESENT: what is absent is not in the store */
	const char *why; /* UNKNOWN: why, for the user */
	struct object *live, *config;
};

/* A new, empty one; freed by observed_free (NULL allowed) or by the store it was put into. */
struct observed *observed_new(const struct kind *kind, const char *name);
void observed_free(struct observed *seen);
/* A zeroed object of the kind's size, in the arena of `seen`, with kind and name set. */
void *observed_object(struct observed *seen);

/* Everything observed. Zeroed: of every kind, nothing is known yet. */
struct observed_set {
	bool known;	 /* the whole list was read since the connection came up */
	const char *why; /* not known: why; a literal or owned by `texts` */
	struct arena texts;
	struct observed **items; /* sorted by name */
	size_t count, room;
	uint64_t changes; /* grows with every put, remove and set_*, and with what keep
			     forgets */
};

#define KINDS_MAX 16

struct observations {
	struct observed_set kinds[KINDS_MAX]; /* by kind_index() */
	struct host_facts {		      /* what libvirt says of the host */
		bool known;
		bool kvm;	      /* domains of type kvm can be defined */
		char domain_type[16]; /* best type there is: "kvm", "qemu", "test" */
		char machine[32];     /* "q35" where offered, else "" */
		char arch[16];	      /* "x86_64" */
		unsigned libvirt_version;
	} host;
};

struct observed_set *observations_set(struct observations *o, const struct kind *kind);
const struct observed *observations_find(
    const struct observations *o, const struct kind *kind, const char *name);
/* Where in kind's items the name stands; false when it does not, and then where it would.
 */
bool observed_set_index(const struct observed_set *kind, const char *name, size_t *index);
/* Takes ownership of `seen`; replaces what had its name. */
void observations_put(struct observations *o, struct observed *seen);
/* Seen to be absent. */
void observations_remove(
    struct observations *o, const struct kind *kind, const char *name);
/* The whole list has been read: the kind is known from now on. */
void observations_set_known(struct observations *o, const struct kind *kind);
/* The source is gone: keeps what was last seen for showing, but nothing is known. */
void observations_set_unknown(
    struct observations *o, const struct kind *kind, const char *why);
/* Forgets every object of the kind for which keep(name, arg) is false. */
void observations_keep(struct observations *o, const struct kind *kind,
    bool (*keep)(const char *name, void *arg), void *arg);
void observations_done(struct observations *o);

#endif
