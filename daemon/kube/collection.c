/* SPDX-License-Identifier: MIT */
/*
 * collection: checks, strips, compares with the store, hands on.
 *
 * Two sources meet here: the watch (or list), and the answers to our own writes, which
 * arrive first. A watch event that is not newer than the store is dropped. A list is
 * believed even where it is older (a cluster may have been restored from a backup),
 * except about objects we wrote while it was under way.
 */
#include "daemon/kube/collection.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/doc/json.h"
#include "lib/kind/kinds.h"
#include "lib/wire/stream.h"

#define MAX_NAME 253
#define NAME_CHARACTERS                                                                  \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:"

/*
 * Names come from whoever may write to the cluster, and travel on into files and
 * terminals: RFC 1123 subdomains, and, for the few kinds that allow any path segment
 * (roles: "system:node"), letters, digits and "-._:".
 */
static bool is_name(const char *name)
{
	size_t length = strlen(name);

	if (name_is_subdomain(name))
		return true;
	return length > 0 && length <= MAX_NAME && strcmp(name, ".") != 0 &&
	       strcmp(name, "..") != 0 && strspn(name, NAME_CHARACTERS) == length;
}

static char *join(const char *a, const char *b, const char *c, const char *d)
{
	size_t length = strlen(a) + strlen(b) + strlen(c) + strlen(d);
	char *text = must_alloc(length + 1);

	stpcpy(stpcpy(stpcpy(stpcpy(text, a), b), c), d);
	return text;
}

/* The name as the callbacks know it, or NULL. */
static char *external_name(
    const struct collection *c, const char *space, const char *name)
{
	if (!name || !is_name(name))
		return NULL;
	if (!c->watch->namespaced)
		return join(c->watch->prefix, "", "", name);
	if (!space || !name_is_label(space))
		return NULL;
	return join(c->watch->prefix, space, "/", name);
}

static char *name_of(const struct collection *c, struct json_object *object)
{
	return external_name(c, json_string_at(object, "metadata.namespace"),
	    json_string_at(object, "metadata.name"));
}

/* Of the fields others manage nothing is kept but who they are. */
static void strip_managers(struct json_object *managers)
{
	for (size_t i = 0; i < json_count(managers); i++) {
		struct json_object *entry = json_item(managers, i);
		const char *manager = json_string_at(entry, "manager");

		if (!json_object_is_type(entry, json_type_object))
			continue;
		if (!manager || strcmp(manager, MARK_MANAGER) != 0)
			json_object_object_del(entry, "fieldsV1");
	}
}

static void strip(struct json_object *object)
{
	struct json_object *annotations = json_at(object, "metadata.annotations");

	strip_managers(json_at(object, "metadata.managedFields"));
	if (annotations && json_object_is_type(annotations, json_type_object))
		json_object_object_del(
		    annotations, "kubectl.kubernetes.io/last-applied-configuration");
}

static const char *uid_of(struct json_object *object)
{
	const char *uid = json_string_at(object, "metadata.uid");

	return uid ? uid : "";
}

/* Its resource version, or NULL: then it is no object one can work with. */
static const char *version_of(struct json_object *object)
{
	return json_string_at(object, "metadata.resourceVersion");
}

static bool is_older(const char *version, const struct entry *entry)
{
	return entry->version && resource_version_compare(version, entry->version) < 0;
}

static bool is_same(const char *version, const struct entry *entry)
{
	return entry->version && strcmp(version, entry->version) == 0;
}

static void hand_on(struct collection *c, struct entry *entry, struct json_object *object)
{
	const struct reading reading = {
		.kind = c->kind, .name = entry->name, .json = object
	};

	entry->deleted = false;
	store_set(entry, uid_of(object), version_of(object));
	strip(object);
	c->callbacks->observed(c->arg, c->kind, &reading);
}

/* Name and entry of an object, or NULL after counting it. */
static struct entry *entry_of(struct collection *c, struct json_object *object)
{
	autofree char *name = name_of(c, object);

	if (name && version_of(object))
		return store_make(&c->store, name);
	c->skipped++;
	return NULL;
}

void collection_listed(struct collection *c, struct json_object *object)
{
	struct entry *entry = entry_of(c, object);

	if (!entry)
		return;
	entry->listed = true;
	if (entry->fresh &&
	    (is_older(version_of(object), entry) ||
		(entry->deleted && strcmp(uid_of(object), entry->uid) == 0)))
		return;
	hand_on(c, entry, object);
}

void collection_watched(struct collection *c, struct json_object *object)
{
	struct entry *entry = entry_of(c, object);

	if (!entry)
		return;
	if (entry->deleted && strcmp(uid_of(object), entry->uid) == 0)
		return;
	if (is_older(version_of(object), entry) || is_same(version_of(object), entry))
		return;
	hand_on(c, entry, object);
}

/* Of a selection only what is in it already: whether a new one is, the watch says. */
static bool is_selected(const struct collection *c, struct json_object *object)
{
	autofree char *name = name_of(c, object);

	return !c->watch->selector || (name && store_find(&c->store, name));
}

void collection_written(struct collection *c, struct json_object *object)
{
	struct entry *entry = is_selected(c, object) ? entry_of(c, object) : NULL;

	/* The watch may have been faster than the answer. */
	if (!entry || is_older(version_of(object), entry) ||
	    is_same(version_of(object), entry))
		return;
	entry->fresh = true;
	hand_on(c, entry, object);
}

void collection_deleted(struct collection *c, struct json_object *object)
{
	autofree char *name = name_of(c, object);
	const char *version = version_of(object);
	struct entry *entry = name ? store_find(&c->store, name) : NULL;
	bool reported = entry && entry->deleted;

	if (!entry || !version || (!reported && is_older(version, entry)))
		return;
	/* Of an object that has been made anew since, under the same name. */
	if (reported && strcmp(uid_of(object), entry->uid) != 0)
		return;
	store_remove(&c->store, name);
	if (!reported)
		c->callbacks->gone(c->arg, c->kind, name);
}

void collection_removed(
    struct collection *c, const char *space, const char *name, const char *uid)
{
	autofree char *external = external_name(c, space, name);
	struct entry *entry = external ? store_find(&c->store, external) : NULL;

	if (!entry || entry->deleted || (uid && strcmp(uid, entry->uid) != 0))
		return;
	entry->deleted = true;
	entry->fresh = true;
	c->callbacks->gone(c->arg, c->kind, external);
}

static bool begin_entry(struct entry *entry, void *arg)
{
	(void)arg;
	entry->fresh = false;
	entry->listed = false;
	return !entry->deleted;
}

void collection_begin_list(struct collection *c)
{
	store_filter(&c->store, begin_entry, NULL);
}

/* Not in the list: gone, unless we wrote it after the list was taken. */
static bool end_entry(struct entry *entry, void *arg)
{
	const char *version = arg;

	return entry->listed ||
	       (entry->fresh && resource_version_compare(entry->version, version) > 0);
}

struct names {
	const char **items;
	size_t count;
};

static bool add_name(struct entry *entry, void *arg)
{
	struct names *names = arg;

	if (!entry->deleted)
		names->items[names->count++] = entry->name;
	return true;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void collection_end_list(struct collection *c, const char *version)
{
	autofree char *copy = must_copy(version);
	autofree const char **items = NULL;
	struct names names = { 0 };

	store_filter(&c->store, end_entry, copy);
	items = names.items = must_alloc(c->store.count * sizeof(*items));
	store_filter(&c->store, add_name, &names);
	qsort(items, names.count, sizeof(*items), compare_names);
	c->callbacks->listed(c->arg, c->kind, c->watch->prefix, items, names.count);
}

bool collection_is_full(const struct collection *c)
{
	return c->callbacks->full && c->callbacks->full(c->arg, c->kind);
}

void collection_forget(struct collection *c)
{
	store_clear(&c->store);
}
