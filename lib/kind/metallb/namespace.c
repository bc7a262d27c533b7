/* SPDX-License-Identifier: MIT */
/* namespace: kind `metallb`, which is only read and used by its neighbours. */
#include "lib/kind/metallb/namespace.h"

#include <string.h>

#include "lib/doc/json.h"
#include "lib/kind/metallb/metallb.h"
#include "lib/kind/sources.h"

#define DEFAULT_NAMESPACE "metallb-system"
#define POOL "pool/"
#define WEBHOOK "webhook/"
#define WEBHOOK_NAME                                                                     \
	"metallb-webhook-configuration" /* in MetalLB's manifests and chart */

static const struct field rows[] = {
	{ "namespace", FIELD_LABEL, at(struct metallb, namespace),
	    .help = "Where MetalLB is installed; left out: it is found by itself.",
	    .example = "metallb-system" },
	{ 0 },
};

static const struct section sections[] = {
	{ .path = "metallb",
	    .shape = SECTION_ONE,
	    .help = "MetalLB: where it is, and what it may give to Services." },
};

/* The first webhook that names a service: they are all of one controller. */
static const char *webhook_namespace(struct json_object *configuration)
{
	struct json_object *list = json_at(configuration, "webhooks");
	const char *space = NULL;

	for (size_t i = 0; i < json_count(list) && !space; i++)
		space =
		    json_string_at(json_item(list, i), "clientConfig.service.namespace");
	return space && name_is_label(space) ? space : NULL;
}

static int decode(
    struct observed *observed, const struct reading *reading, struct error *e)
{
	struct metallb *m = observed_object(observed);
	bool is_pool = strncmp(reading->name, POOL, strlen(POOL)) == 0;

	(void)e;
	m->namespace = arena_copy(&observed->arena,
	    is_pool ? json_string_at(reading->json, "metadata.namespace")
		    : webhook_namespace(reading->json));
	observed->live = &m->object;
	return 0;
}

/* What is written; or NULL. */
static const char *written(const struct config *config)
{
	const struct set *set = config_get(config, &metallb_kind);

	return set->count ? ((const struct metallb *)set->items[0])->namespace : NULL;
}

static const char *namespace_of(const struct observed *observed)
{
	const struct metallb *m =
	    observed ? (const struct metallb *)observed->live : NULL;

	return m ? m->namespace : NULL;
}

/* The first and the last pool: the names of one namespace stand together, so that these
 * are of one namespace only where all are. */
static void pools_between(
    const struct observations *o, const char **first, const char **last)
{
	const struct observed_set *set = &o->kinds[kind_index(&metallb_kind)];
	size_t at, end;

	observed_set_index(set, POOL, &at);
	observed_set_index(set, "pool0", &end); /* the character after '/' */
	*first = at < end ? namespace_of(set->items[at]) : NULL;
	*last = at < end ? namespace_of(set->items[end - 1]) : NULL;
}

/* Whether all has been said of these that will be; else why not, NULL: not yet. */
static bool is_settled(const struct observations *o, const char *prefix, const char **why)
{
	const struct observed_set *set = &o->kinds[kind_index(&metallb_kind)];

	return observed_known(set, prefix, why) || observed_refused(set, prefix);
}

static void hold_several(const char *first, const char *last, struct hold *hold)
{
	hold->held = hold->blocks = true;
	fail(&hold->why,
	    "IPAddressPools are in several namespaces (%s, %s), and no webhook says in which of them MetalLB runs: write metallb.namespace",
	    first, last);
}

static void hold_unsettled(const char *why, struct hold *hold)
{
	hold->held = true;
	fail(&hold->why, "in which namespace MetalLB runs is not known yet%s%s",
	    why ? ": " : "", why ? why : "");
}

const char *metallb_namespace(
    const struct config *config, const struct observations *observed, struct hold *hold)
{
	const char *space = written(config), *last, *why;

	if (space)
		return space;
	space = namespace_of(
	    observations_find(observed, &metallb_kind, WEBHOOK WEBHOOK_NAME));
	if (!is_settled(observed, WEBHOOK, &why))
		hold_unsettled(why, hold);
	if (space)
		return space;
	pools_between(observed, &space, &last);
	if (!is_settled(observed, POOL, &why))
		hold_unsettled(why, hold);
	if (space && strcmp(space, last) != 0) {
		hold_several(space, last, hold);
		return NULL;
	}
	return space || hold->held ? space : DEFAULT_NAMESPACE;
}

bool metallb_watch_in(const struct config *config, const struct observations *observed,
    const char **space, struct hold *hold)
{
	*space = metallb_namespace(config, observed, hold);
	return *space;
}

/* Nothing has to be found where it is written. */
static bool watch_in(const struct config *config, const struct observations *observed,
    const char **space, struct hold *hold)
{
	(void)observed;
	(void)space;
	(void)hold;
	return !written(config);
}

static const struct watch watches[] = {
	{ .path = METALLB_PATH("v1beta1", "ipaddresspools"),
	    .prefix = POOL,
	    .namespaced = true,
	    .missing = METALLB_MISSING("v1beta1") },
	{ .path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
	    .selector = "metadata.name=" WEBHOOK_NAME,
	    .prefix = WEBHOOK,
	    .missing = "the API server has no admission webhooks" },
};

const struct kind metallb_kind = {
	.row = &metallb_row,
	.name = "metallb",
	.plural = "metallbs",
	.title = "MetalLB",
	.source = &kubernetes_source,
	.fields = { rows, sizeof(struct metallb) },
	.sections = sections,
	.section_count = 1,
	.watches = watches,
	.watch_count = 2,
	.watch_in = watch_in,
	.places = true,
	.decode = decode,
};
