/* SPDX-License-Identifier: MIT */
/* selector: which objects a list or watch is about: URL, labels and fields. */
#ifndef TEST_FAKE_SELECTOR_H
#define TEST_FAKE_SELECTOR_H

#include "test/fake/fake.h"

#define SELECTOR_TERMS 16

struct selector {
	const struct resource *res;
	char *ns, *name; /* NULL: any */
	struct term {
		bool label, negate;
		char *path;	    /* a label's key or a field's path */
		char *value;	    /* NULL: the label only has to exist */
		const char *absent; /* what a value that is not there counts as */
	} terms[SELECTOR_TERMS];
	int nterms;
};

/*
 * Reads the call's namespace and name, labelSelector (a, !a, a=b, a==b, a!=b) and
 * fieldSelector. Returns NULL or a Status; selector_free() is due either way.
 */
struct json_object *selector_read(struct selector *sel, const struct call *call);
void selector_free(struct selector *sel);

/* Does the version belong? */
bool selector_takes(const struct selector *sel, const struct version *v);

/* Are there conditions beyond the namespace? Then counts of the rest are unknown. */
bool selector_picks(const struct selector *sel);

#endif
