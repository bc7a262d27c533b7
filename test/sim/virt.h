/* SPDX-License-Identifier: MIT */
/* virt: the simulated libvirt's own parts: pictures of objects, and calls. */
#ifndef TEST_SIM_VIRT_H
#define TEST_SIM_VIRT_H

#include "daemon/engine/adapter.h"
#include "test/sim/sim.h"

/* What a read has found at one instant, to be handed over at a later one; in the arena. */
struct picture {
	const struct kind *kind;
	size_t place; /* in the world */
	unsigned version;
	bool exists;
	struct reading reading;
};

struct picture *virt_picture(struct sim *s, bool domain, size_t place);
void virt_give_host(struct sim *s, const struct inbox *inbox);

/* The storage pool and all its volumes; one volume, "default/NAME". */
void virt_give_storage(struct sim *s, const struct inbox *inbox);
void virt_give_volume(struct sim *s, const struct inbox *inbox, const char *name);
const char *virt_do_volume(struct sim *s, const struct call *call);

/* Seeds. A step on a domain; what a domain is given is judged; the two ends of an upload
 * (`keep` false: it was cancelled); what a volume holds, as lib/kind/volume/seed.h says it,
 * NULL: it cannot be read. */
const char *virt_do_seed(struct sim *s, struct w_dom *d, const struct call *call);
void virt_judge_seed(struct sim *s, const char *domain, const struct w_domside *side);
const char *virt_begin_upload(struct sim *s, const struct call *call);
const char *virt_end_upload(struct sim *s, const struct call *call, bool keep);
const char *virt_contents(const struct sim *s, const char *name);

/* Does the step; NULL: done, or why libvirt refuses. */
const char *virt_do(struct sim *s, const struct call *call);

#endif
