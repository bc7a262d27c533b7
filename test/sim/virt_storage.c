/* SPDX-License-Identifier: MIT */
/* virt_storage: the storage pool and its volumes as readings, and the steps on them. */
#include <stdlib.h>
#include <string.h>

#include "lib/doc/xml.h"
#include "lib/kind/actions.h"
#include "lib/kind/kinds.h"
#include "lib/kind/volume/seed.h"
#include "lib/kind/volume/storage.h"
#include "lib/kind/volume/volume.h"
#include "test/sim/virt.h"

#define POOL "default/"

static void give_volume(
    struct sim *s, const struct inbox *inbox, const char *name, const struct w_volume *v)
{
	struct reading reading = { .name = name };

	if (!v || !v->exists || s->world.pool_off) {
		inbox->gone(inbox->arg, &volume_kind, name);
		return;
	}
	reading.config_xml = volume_xml(&s->arena, v);
	inbox->observed(inbox->arg, &volume_kind, &reading);
}

void virt_give_storage(struct sim *s, const struct inbox *inbox)
{
	static const char *const pool[] = { "default" };
	struct storage_facts facts = { .active = !s->world.pool_off };
	struct reading reading = { .name = "default",
		.facts = &facts,
		.config_xml =
		    "<pool type='dir'><name>default</name><target><path>/images</path>"
		    "</target></pool>" };
	const char *names[VOLUMES];
	size_t count = 0;

	inbox->observed(inbox->arg, &storage_kind, &reading);
	inbox->listed(inbox->arg, &storage_kind, "", pool, 1);
	for (size_t i = 0; i < VOLUMES && s->world.volumes[i].name; i++) {
		const struct w_volume *v = &s->world.volumes[i];

		if (!v->exists || s->world.pool_off)
			continue;
		names[count] = arena_printf(&s->arena, POOL "%s", v->name);
		give_volume(s, inbox, names[count++], v);
	}
	inbox->listed(inbox->arg, &volume_kind, "", names, count);
}

void virt_give_volume(struct sim *s, const struct inbox *inbox, const char *name)
{
	give_volume(s, inbox, name, world_volume(&s->world, name + strlen(POOL), false));
}

/* Who has a machine with that disk already must not be given an empty one. */
static bool has_volume(const struct w_domside *side, const char *name)
{
	for (size_t i = 0; i < side->disk_count; i++)
		if (!side->disks[i].path && side->disks[i].volume &&
		    strcmp(side->disks[i].volume, name) == 0)
			return true;
	return false;
}

static void judge_no_domain(struct sim *s, const char *name)
{
	for (size_t i = 0; i < DOMS; i++) {
		const struct w_dom *d = &s->world.doms[i];

		if (d->e.exists && d->e.known == d->e.version && d->persistent &&
		    has_volume(&d->config, name))
			sim_fail(
			    s, "P2", "%s is made anew under domain %s", name, d->e.name);
	}
}

static const char *create(struct sim *s, const char *name, const struct call *call)
{
	struct error e;
	autoxml xmlDoc *doc = xml_parse(call->document, &e);
	xmlNode *root = doc ? xml_root(doc) : NULL;
	const char *size = root ? xml_content(&s->arena, root, "capacity") : NULL;
	const char *backing =
	    root ? xml_content(&s->arena, root, "backingStore/path") : NULL;

	if (!size)
		return "XML error";
	if (backing && !volume_exists(&s->world, backing + strlen("/images/")))
		return "cannot stat the backing file";
	judge_no_domain(s, name);
	if (backing &&
	    strtoll(size, NULL, 10) <
		world_volume(&s->world, backing + strlen("/images/"), false)->size)
		sim_fail(s, "P2", "%s is made smaller than its image", name);
	return volume_make(&s->world, name, strtoll(size, NULL, 10), backing);
}

static const char *resize(struct sim *s, const char *name, const struct call *call)
{
	const struct volume_resize *resize = call->arguments;
	const struct w_dom *d =
	    resize->domain ? world_dom(&s->world, resize->domain, false) : NULL;
	struct w_volume *v = world_volume(&s->world, name, false);

	if (resize->domain && (!d || !d->e.exists || d->id < 0))
		return "domain is not running";
	if (!volume_exists(&s->world, name))
		return "Storage volume not found";
	if (resize->size < v->size)
		sim_fail(s, "P2", "%s is made smaller", name);
	v->size = resize->size;
	return NULL;
}

/* Seeds */

void virt_judge_seed(struct sim *s, const char *domain, const struct w_domside *side)
{
	const struct w_disk *disk = dom_seed(side);
	const struct w_volume *v =
	    disk ? world_volume(&s->world, disk->volume, false) : NULL;

	if (v && v->exists && v->holds == HOLDS_PART)
		sim_fail(s, "P5",
		    "domain %s is given seed %s, of which only a part is there", domain,
		    v->name);
}

const char *virt_do_seed(struct sim *s, struct w_dom *d, const struct call *call)
{
	const struct domain_seed *seed = call->arguments;
	const char *why = dom_set_seed(&s->world, d, call->document, seed->attach);

	if (!why && !d->config.mark)
		sim_fail(
		    s, "P9", "domain %s, which is not owned, is given a seed", d->e.name);
	if (!why)
		virt_judge_seed(s, d->e.name, &d->config);
	return why;
}

static const char *delete_seed(struct sim *s, const char *name)
{
	struct w_volume *v = world_volume(&s->world, name, false);

	if (s->world.pool_off)
		return "storage pool 'default' is not active";
	if (!v || !v->exists)
		return NULL;
	if (v->holds != HOLDS_SEED && v->holds != HOLDS_PART)
		return "it was not made by homek8sd: it is left alone";
	v->exists = false;
	return NULL;
}

const char *virt_begin_upload(struct sim *s, const struct call *call)
{
	return seed_begin(&s->world, call->target + strlen(POOL));
}

const char *virt_end_upload(struct sim *s, const struct call *call, bool keep)
{
	const char *name = call->target + strlen(POOL);
	struct w_volume *v = world_volume(&s->world, name, false);

	if (!volume_exists(&s->world, name))
		return "Storage volume not found";
	if (v->holds == HOLDS_SEED)
		return NULL;
	if (keep)
		seed_finish(&s->world, name, call->document);
	else
		v->exists = false;
	return NULL;
}

/* What the source says of a seed; NULL: it cannot be read. */
const char *virt_contents(const struct sim *s, const char *name)
{
	const struct w_volume *v = world_volume(
	    (struct world *)(uintptr_t)&s->world, name + strlen(POOL), false);

	if (!v || !v->exists || s->world.pool_off)
		return NULL;
	return v->holds == HOLDS_SEED	? SEED_WHOLE
	       : v->holds == HOLDS_PART ? SEED_PARTLY
					: SEED_OTHER;
}

const char *virt_do_volume(struct sim *s, const struct call *call)
{
	const char *name = call->target + strlen(POOL);

	if (call->action == &seed_delete_action)
		return delete_seed(s, name);
	return call->action == &volume_create_action ? create(s, name, call)
						     : resize(s, name, call);
}
