/* SPDX-License-Identifier: MIT */
/* actions: the table of actions, made from its rows, and the small parts they share. */
#include "lib/kind/actions.h"

#include <string.h>

#include "lib/kind/network/network_xml.h"
#include "lib/kind/sources.h"
#include "lib/kind/vm/vm_seed.h"
#include "lib/kind/vm/vm_xml.h"
#include "lib/kind/volume/volume.h"

static void keep_lease(struct arena *a, struct lease_time *lease)
{
	lease->expiry = arena_copy(a, lease->expiry);
	lease->unit = arena_copy(a, lease->unit);
}

static void network_update_keep(struct arena *a, void *arguments)
{
	struct network_update *update = arguments;

	update->host.name = arena_copy(a, update->host.name);
	keep_lease(a, &update->host.lease);
	keep_lease(a, &update->range.lease);
}

static const char *network_update_render(
    struct planner *p, const struct step *step, struct error *e)
{
	const struct network_update *update = step->arguments;

	(void)e;
	switch (update->section) {
	case UPDATE_HOST:
		return network_xml_host(p->arena, &update->host);
	case UPDATE_RANGE:
		return network_xml_range(p->arena, &update->range);
	case UPDATE_TXT:
		return network_xml_txt(p->arena);
	}
	return NULL;
}

static void volume_resize_keep(struct arena *a, void *arguments)
{
	struct volume_resize *resize = arguments;

	resize->domain = arena_copy(a, resize->domain);
	resize->target = arena_copy(a, resize->target);
}

static void domain_seed_keep(struct arena *a, void *arguments)
{
	struct domain_seed *seed = arguments;

	seed->target = arena_copy(a, seed->target);
}

static struct texts texts_copy(struct arena *a, struct texts texts)
{
	const char **copy = arena_array(a, texts.count, sizeof(*copy));

	for (size_t i = 0; i < texts.count; i++)
		copy[i] = arena_copy(a, texts.items[i]);
	return (struct texts){ copy, texts.count };
}

static const struct nic_patch *keep_nics(
    struct arena *a, const struct nic_patch *nics, size_t count)
{
	struct nic_patch *kept = arena_array(a, count, sizeof(*kept));

	for (size_t i = 0; i < count; i++) {
		kept[i] = nics[i];
		kept[i].network = arena_copy(a, nics[i].network);
		kept[i].bridge = arena_copy(a, nics[i].bridge);
	}
	return kept;
}

static void domain_patch_keep(struct arena *a, void *arguments)
{
	struct domain_patch *patch = arguments;

	patch->type = arena_copy(a, patch->type);
	patch->kernel = arena_copy(a, patch->kernel);
	patch->initrd = arena_copy(a, patch->initrd);
	patch->cmdline = arena_copy(a, patch->cmdline);
	patch->machine = arena_copy(a, patch->machine);
	patch->cpu = arena_copy(a, patch->cpu);
	patch->firmware = arena_copy(a, patch->firmware);
	patch->boot_order = texts_copy(a, patch->boot_order);
	patch->cpu_before = arena_copy(a, patch->cpu_before);
	patch->nics = keep_nics(a, patch->nics, patch->nic_count);
}

static void domain_device_keep(struct arena *a, void *arguments)
{
	struct domain_device *device = arguments;

	device->xml = arena_copy(a, device->xml);
}

static void domain_unplug_keep(struct arena *a, void *arguments)
{
	struct domain_unplug *unplug = arguments;

	unplug->target = arena_copy(a, unplug->target);
	unplug->name = arena_copy(a, unplug->name);
}

static const char *domain_device_render(
    struct planner *p, const struct step *step, struct error *e)
{
	(void)p;
	(void)e;
	return ((const struct domain_device *)step->arguments)->xml;
}

static void kube_request_keep(struct arena *a, void *arguments)
{
	struct kube_request *request = arguments;

	request->path = arena_copy(a, request->path);
	request->uid = arena_copy(a, request->uid);
	request->body = arena_copy(a, request->body);
}

/* Only the kind knows what its objects are made of. */
static const char *kube_render(
    struct planner *p, const struct step *step, struct error *e)
{
	const struct kube_request *request = step->arguments;

	return request->body ? request->body : step->kind->document(p, step, e);
}

#define ACTION(row, where, ...)                                                          \
	const struct action row##_action = {                                             \
		.name = #row, .source = &where##_source, __VA_ARGS__                     \
	};
#include ACTIONS_DEF
#undef ACTION

const struct action *const actions[] = {
#define ACTION(row, where, ...) &row##_action,
#include ACTIONS_DEF
#undef ACTION
};

const size_t action_count = sizeof(actions) / sizeof(actions[0]);

const struct action *action_find(const char *name)
{
	for (size_t i = 0; i < action_count; i++)
		if (strcmp(actions[i]->name, name) == 0)
			return actions[i];
	return NULL;
}
