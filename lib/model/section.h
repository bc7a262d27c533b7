/* SPDX-License-Identifier: MIT */
/* section: the rows in which a kind says where its desired objects are written. */
#ifndef LIB_MODEL_SECTION_H
#define LIB_MODEL_SECTION_H

/* How a section holds its kind's records. */
enum section_shape {
	SECTION_ONE,	/* one record */
	SECTION_MAP,	/* names to records */
	SECTION_INSIDE, /* names to records inside each record of another section; an
			   object's name is "NAME OF THAT RECORD/NAME" */
};

/*
 * Where desired objects of a kind are written. Several kinds may share the keys above
 * ("metallb.pools", "metallb.peers"), one record or map, and a SECTION_ONE may stand
 * above others ("metallb"). Where a kind has a SECTION_ONE and a SECTION_MAP, only one
 * of them may be written.
 */
struct section {
	const char *path; /* "vms", "metallb.pools"; names of objects are left out:
			     "networks.static_ips" */
	enum section_shape shape;
	const char *short_for; /* the key that a value in place of a record stands for:
				  "ip"; or NULL */
	const char *help;      /* one sentence; NULL: made from the kind's title */
	const char *example;   /* or NULL */
};

#endif
