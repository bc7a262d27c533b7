/* SPDX-License-Identifier: MIT */
/*
 * vm_cloud_init: the keys, what of them ends in which file of the seed, and the files.
 *
 * The short cuts do not change what is written as user data: the name of the host and the
 * keys are meta data, the user is vendor data, which user data overrides.
 */
#include "lib/kind/vm/vm_cloud_init.h"

#include <string.h>

#include "lib/base/hash.h"
#include "lib/doc/node_write.h"
#include "lib/doc/yaml.h"
#include "lib/kind/vm/vm_user_data.h"
#include "lib/kind/volume/seed.h"

#define CONFIG                                                                           \
	"this is a key of cloud-config: write such keys below user_data, as in \"user_data: {packages: [qemu-guest-agent]}\""
#define KEYS                                                                             \
	"write \"ssh_authorized_keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHGkFLoFXNIBNs4o8kFqv2e2hTg3pgTNWKeeHU3sHmNt me@home]\""

/* What people take for keys of this map, because their user data has them. */
static const struct hint hints[] = {
	{ "users", CONFIG, true },
	{ "packages", CONFIG, true },
	{ "package_update", CONFIG, true },
	{ "package_upgrade", CONFIG, true },
	{ "runcmd", CONFIG, true },
	{ "bootcmd", CONFIG, true },
	{ "write_files", CONFIG, true },
	{ "chpasswd", CONFIG, true },
	{ "password", CONFIG, true },
	{ "ssh_pwauth", CONFIG, true },
	{ "ssh_import_id", CONFIG, true },
	{ "timezone", CONFIG, true },
	{ "locale", CONFIG, true },
	{ "apt", CONFIG, true },
	{ "growpart", CONFIG, true },
	{ "mounts", CONFIG, true },
	{ "ssh_keys", KEYS, false },
	{ "ssh_key", KEYS, false },
	{ "ssh_public_keys", KEYS, false },
	{ "authorized_keys", KEYS, false },
	{ "name", "write \"hostname: worker-1\"", false },
	{ "fqdn", "write \"hostname: worker-1\"", false },
	{ "default_user", "write \"user: admin\"", false },
	{ "username", "write \"user: admin\"", false },
	{ "userdata", "write \"user_data: cloud-init/user-data.yaml\"", false },
	{ "metadata", "write \"meta_data: {instance-id: worker-1-b}\"", false },
	{ "network", "write \"network_config: cloud-init/network.yaml\"", false },
	{ 0 },
};

static const struct field rows[] = {
	{ "user_data", FIELD_DOCUMENT, at(struct vm_cloud_init, user_data),
	    .help =
		"What cloud-init does in the guest: the name of a file, cloud-init/NAME, beside homek8s.yaml; or the text itself, which begins with #cloud-config or #!; or a map, which is taken as #cloud-config.",
	    .example = "cloud-init/user-data.yaml" },
	{ "meta_data", FIELD_DOCUMENT, at(struct vm_cloud_init, meta_data),
	    .help =
		"More meta data: a file, a map or a text of YAML. What it does not say is added: instance-id, local-hostname, public-keys. cloud-init does most of its work once for each instance-id: it is homek8s-NAME of the domain and stays so, so that other user data does not begin the guest anew; who wants that writes another instance-id here.",
	    .example = "{instance-id: worker-1-b}" },
	{ "network_config", FIELD_DOCUMENT, at(struct vm_cloud_init, network_config),
	    .help =
		"The guest's network, as cloud-init's network-config: a file, a map or a text of YAML. Left out: DHCP on each interface, which is known by its MAC address, so that copies of a guest do not share a lease.",
	    .example = "cloud-init/network.yaml" },
	{ "hostname", FIELD_HOSTNAME, at(struct vm_cloud_init, hostname),
	    .help = "The guest's host name; left out: the VM's name.",
	    .example = "worker-1" },
	{ "user", FIELD_LABEL, at(struct vm_cloud_init, user),
	    .help =
		"The name of the user that cloud-init makes and gives the keys to; left out: that of the image, such as ubuntu or debian.",
	    .example = "admin" },
	{ "ssh_authorized_keys", FIELD_SSH_KEYS, at(struct vm_cloud_init, keys),
	    .help = "Who may log in as that user: lines of .pub files.",
	    .example =
		"[ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHGkFLoFXNIBNs4o8kFqv2e2hTg3pgTNWKeeHU3sHmNt me@home]" },
	{ "pool", FIELD_NAME, at(struct vm_cloud_init, pool),
	    .help =
		"The storage pool for the seed, a small image; left out: that of the disk, or default.",
	    .example = "default" },
	{ .hints = hints },
};

const struct fields vm_cloud_init_fields = { rows, sizeof(struct vm_cloud_init) };

/* Finding the texts */

static struct finding *complain(
    struct report *report, const struct place *at, const char *text)
{
	return report_add(report, SEVERITY_ERROR, "bad-value", at, "%s", text);
}

static const struct named_file *find_file(struct config *config, const char *key,
    const struct node *node, struct report *report)
{
	static const char directory[] = CONFIG_NAMED_DIRECTORY "/";
	struct arena *a = report->arena;
	struct named_file *file = config_named(config, node->text);

	if (file && !file->why)
		return file;
	if (file) {
		complain(report, &node->place,
		    arena_printf(a, "cloud_init.%s: %s cannot be used: %s", key,
			file->source.name, file->why))
		    ->fix = file->fix;
	} else if (strncmp(node->text, directory, strlen(directory)) == 0) {
		complain(report, &node->place,
		    arena_printf(a, "cloud_init.%s: there is no file %s", key,
			node_shown(a, node, 80)))
		    ->fix =
		    arena_printf(a, "put it there: the directory " CONFIG_NAMED_DIRECTORY
				    " stands beside homek8s.yaml and desired.d");
	} else {
		complain(report, &node->place,
		    arena_printf(a,
			"cloud_init.%s is neither the name of a file of " CONFIG_NAMED_DIRECTORY
			"/ nor a text that begins with #",
			key))
		    ->fix = arena_printf(a,
		    "put the file into the directory " CONFIG_NAMED_DIRECTORY
		    " beside desired.d and write \"%s: " CONFIG_NAMED_DIRECTORY "/NAME\"",
		    key);
	}
	return NULL;
}

/* The file or text that is written under the key; false after an error. Of maps, and where
 * nothing is written, `text` is NULL. */
static bool find_text(struct config *config, const char *key, const struct node *node,
    struct vm_document *out, struct report *report)
{
	const struct named_file *file;

	*out = (struct vm_document){ .node = node };
	if (!node)
		return true;
	out->place = node->place;
	if (node->type != NODE_SCALAR)
		return true;
	if (document_is_text(node)) {
		out->text = node->text;
		out->length = strlen(node->text);
		return true;
	}
	file = find_file(config, key, node, report);
	if (!file)
		return false;
	out->text = file->source.text;
	out->length = file->source.length;
	out->place = (struct place){ .source = &file->source };
	out->is_file = true;
	return true;
}

static bool has(const struct vm *vm, const char *key)
{
	return field_has(&vm_cloud_init_fields, &vm->cloud_init, key);
}

/* What is written as meta data; NULL: nothing. */
static const struct node *meta_map(const struct vm *vm)
{
	const struct vm_document *written = &vm->cloud_init.documents[SEED_META];
	const struct node *map = written->map ? written->map : written->node;

	return map && map->type == NODE_MAP ? map : NULL;
}

/* Written twice, only one of them would be in force. */
static void check_twice(const struct vm *vm, struct report *report)
{
	static const char *const pairs[][2] = { { "hostname", "local-hostname" },
		{ "ssh_authorized_keys", "public-keys" } };

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (has(vm, pairs[i][0]) && node_get(meta_map(vm), pairs[i][1]))
			complain(report, &vm->cloud_init.meta_data->place,
			    arena_printf(report->arena,
				"cloud_init.meta_data has %s, and cloud_init.%s is written, too",
				pairs[i][1], pairs[i][0]))
			    ->fix = "keep one of the two";
}

void vm_cloud_init_check(struct config *config, struct vm *vm, struct report *report)
{
	struct vm_cloud_init *c = &vm->cloud_init;
	struct vm_document document;

	c->documents = arena_array(&config->arena, SEED_FILES, sizeof(*c->documents));
	if (find_text(
		config, "user_data", c->user_data, &c->documents[SEED_USER], report))
		vm_user_data_check(config, &c->documents[SEED_USER], report);
	if (find_text(
		config, "meta_data", c->meta_data, &c->documents[SEED_META], report))
		vm_document_check(config, "meta_data", &c->documents[SEED_META], report);
	if (find_text(config, "network_config", c->network_config, &document, report))
		vm_document_check(config, "network_config", &document, report);
	c->documents[SEED_NETWORK] = document;
	check_twice(vm, report);
}

/* Making the files */

static const char *in_arena(struct arena *a, const struct text *text)
{
	return arena_copy_n(a, text_get(text), text->length);
}

static const char *user_text(struct arena *a, const struct vm_document *written)
{
	autotext struct text out = { 0 };

	if (written->text)
		return written->text;
	text_add(&out, "#cloud-config\n");
	if (written->node)
		node_write_flow(&out, written->node);
	else
		text_add(&out, "{}");
	text_add(&out, "\n");
	return in_arena(a, &out);
}

static void add_key(struct text *out, const char *comma, const char *key)
{
	text_add(out, "%s%s: ", comma, key);
}

/* What is written and, where that does not say it, what makes this guest another than others. */
static const char *meta_text(struct arena *a, const struct vm *vm)
{
	const struct node *map = meta_map(vm);
	autotext struct text out = { 0 };
	const char *comma = "";

	text_add(&out, "{");
	for (size_t i = 0; map && i < map->count; i++) {
		text_add(&out, "%s", comma);
		node_write_flow(&out, map->keys[i]);
		text_add(&out, ": ");
		node_write_flow(&out, map->items[i]);
		comma = ", ";
	}
	if (!node_get(map, "instance-id")) {
		add_key(&out, comma, "instance-id");
		json_write_string(&out, arena_printf(a, "homek8s-%s", vm->domain));
		comma = ", ";
	}
	if (has(vm, "hostname") || !node_get(map, "local-hostname")) {
		add_key(&out, comma, "local-hostname");
		json_write_string(&out,
		    has(vm, "hostname") ? vm->cloud_init.hostname : vm->object.name);
	}
	for (size_t i = 0; i < vm->cloud_init.keys.count; i++) {
		text_add(&out, "%s", i ? ", " : ", public-keys: [");
		json_write_string(&out, vm->cloud_init.keys.items[i]);
	}
	text_add(&out, "%s}\n", vm->cloud_init.keys.count ? "]" : "");
	return in_arena(a, &out);
}

static const char *network_text(struct arena *a, const struct vm *vm)
{
	const struct vm_document *written = &vm->cloud_init.documents[SEED_NETWORK];
	const struct vm_interface *nics = vm->interfaces.items;
	autotext struct text out = { 0 };
	char mac[MAC_TEXT];

	if (written->text)
		return written->text;
	if (written->node) {
		node_write_flow(&out, written->node);
		text_add(&out, "\n");
		return in_arena(a, &out);
	}
	text_add(&out, "version: 2\nethernets:\n");
	for (size_t i = 0; i < vm->interfaces.count; i++)
		text_add(&out,
		    "  nic%zu: {match: {macaddress: \"%s\"}, dhcp4: true, dhcp-identifier: mac}\n",
		    i, mac_text(nics[i].mac, mac));
	return vm->interfaces.count ? in_arena(a, &out) : NULL;
}

static uint64_t hash_texts(const struct seed *seed)
{
	uint64_t hash =
	    hash_bytes(HASH_START, "1", 1); /* the way they are put together */

	for (size_t i = 0; i < SEED_FILES; i++) {
		const char *text = seed->texts[i] ? seed->texts[i] : "";

		hash = hash_bytes(hash, seed_file_names[i], strlen(seed_file_names[i]));
		hash = hash_bytes(hash, text, strlen(text) + 1);
	}
	return hash;
}

void vm_cloud_init_derive(struct config *config, struct vm *vm)
{
	const struct vm_cloud_init *c = &vm->cloud_init;
	struct arena *a = &config->arena;
	struct seed *seed;

	if (!field_has(&vm_kind.fields, vm, "cloud_init"))
		return;
	seed = arena_alloc(a, sizeof(*seed));
	seed->pool = has(vm, "pool") ? c->pool
		     : vm->disk.pool ? vm->disk.pool
				     : "default";
	seed->texts[SEED_META] = meta_text(a, vm);
	seed->texts[SEED_USER] = user_text(a, &c->documents[SEED_USER]);
	if (has(vm, "user"))
		seed->texts[SEED_VENDOR] =
		    arena_printf(a, "#cloud-config\nuser: {name: \"%s\"}\n", c->user);
	seed->texts[SEED_NETWORK] = network_text(a, vm);
	seed->volume = seed_volume_name(a, vm->object.name, hash_texts(seed));
	vm->seed = seed;
}
