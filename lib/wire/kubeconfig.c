/* SPDX-License-Identifier: MIT */
/*
 * kubeconfig: picks the context, then its cluster and user, through one table of keys for
 * each, so that a key is either used, known to be harmless, or refused with its place.
 */
#include "lib/wire/kubeconfig.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/base/addr.h"
#include "lib/base/text.h"
#include "lib/doc/yaml.h"
#include "lib/wire/named_list.h"
#include "lib/wire/server_url.h"

#define MAX_SCALAR ((size_t)512 * 1024)

struct reader {
	struct arena *arena;  /* for what is kept */
	struct report report; /* for the tree, which is wiped and dropped */
	struct arena scratch;
	const char *directory;
	struct kubeconfig *out;
	struct error *e;
};

enum use {
	USE_TEXT,
	USE_FILE,
	USE_DATA,
	USE_TOKEN,
	IGNORED, /* harmless, or answered in another way */
	REFUSED, /* with `why` */
	REFUSED_IF_TRUE,
};

struct key {
	const char *name;
	enum use use;
	size_t at; /* in struct kubeconfig */
	const char *why;
};

#define AT(member) offsetof(struct kubeconfig, member)

static const struct key cluster_keys[] = {
	{ "server", USE_TEXT, AT(server), NULL },
	{ "tls-server-name", USE_TEXT, AT(tls_server_name), NULL },
	{ "proxy-url", USE_TEXT, AT(proxy_url), NULL },
	{ "certificate-authority-data", USE_DATA, AT(ca), NULL },
	{ "certificate-authority", USE_FILE, AT(ca_file), NULL },
	{ "insecure-skip-tls-verify", REFUSED_IF_TRUE, 0,
	    "give the server's CA as certificate-authority-data instead" },
	{ "disable-compression", IGNORED, 0, NULL },
	{ "extensions", IGNORED, 0, NULL },
	{ 0 },
};

#define USE_A_SERVICE_ACCOUNT                                                            \
	"create a ServiceAccount for homek8sd and use its token, or a client certificate"

static const struct key user_keys[] = {
	{ "client-certificate-data", USE_DATA, AT(client_certificate), NULL },
	{ "client-certificate", USE_FILE, AT(client_certificate_file), NULL },
	{ "client-key-data", USE_DATA, AT(client_key), NULL },
	{ "client-key", USE_FILE, AT(client_key_file), NULL },
	{ "token", USE_TOKEN, AT(token), NULL },
	{ "tokenFile", USE_FILE, AT(token_file), NULL },
	{ "exec", REFUSED, 0, "homek8sd runs no other program; " USE_A_SERVICE_ACCOUNT },
	{ "auth-provider", REFUSED, 0, USE_A_SERVICE_ACCOUNT },
	{ "username", REFUSED, 0,
	    "Kubernetes dropped passwords in 1.19; " USE_A_SERVICE_ACCOUNT },
	{ "password", REFUSED, 0,
	    "Kubernetes dropped passwords in 1.19; " USE_A_SERVICE_ACCOUNT },
	{ "as", REFUSED, 0, "homek8sd does not impersonate; " USE_A_SERVICE_ACCOUNT },
	{ "as-uid", REFUSED, 0, "homek8sd does not impersonate; " USE_A_SERVICE_ACCOUNT },
	{ "as-groups", REFUSED, 0,
	    "homek8sd does not impersonate; " USE_A_SERVICE_ACCOUNT },
	{ "as-user-extra", REFUSED, 0,
	    "homek8sd does not impersonate; " USE_A_SERVICE_ACCOUNT },
	{ "extensions", IGNORED, 0, NULL },
	{ 0 },
};

__attribute__((format(printf, 3, 4))) static int fail_at(
    struct reader *r, const struct node *node, const char *format, ...)
{
	char what[400];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	return fail(r->e, "%s:%u:%u: %s", node->place.source->name, node->place.line,
	    node->place.column, what);
}

static bool is_empty(const struct node *node)
{
	switch (node->type) {
	case NODE_NULL:
		return true;
	case NODE_SCALAR:
		return node->text[0] == '\0';
	case NODE_LIST:
	case NODE_MAP:
		return node->count == 0;
	}
	return true;
}

/* The value's own characters, as a copy that is kept. */
static char *scalar(struct reader *r, const struct node *node, const char *key)
{
	if (node->type != NODE_SCALAR) {
		fail_at(r, node, "%s must be a text, not %s", key, node_what(node));
		return NULL;
	}
	if (text_control(node->text, strlen(node->text), false) >= 0) {
		fail_at(r, node, "%s holds a control character", key);
		return NULL;
	}
	return arena_copy(r->arena, node->text);
}

static int read_data(struct reader *r, const struct node *node, const struct key *key)
{
	struct bytes *out = (struct bytes *)(void *)((char *)r->out + key->at);
	static const char begin[] = "-----BEGIN ";

	if (node->type != NODE_SCALAR)
		return fail_at(
		    r, node, "%s must be a text, not %s", key->name, node_what(node));
	if (base64_decode(r->arena, node->text, out))
		return fail_at(r, node, "%s is no base64", key->name);
	if (!memmem(out->data, out->length, begin, sizeof(begin) - 1))
		return fail_at(r, node,
		    "%s is base64, but of no PEM (it must decode to \"-----BEGIN ...\")",
		    key->name);
	return 0;
}

static int read_token(struct reader *r, const struct node *node, const struct key *key)
{
	char *token = scalar(r, node, key->name);
	struct error why;

	if (!token)
		return -1;
	if (kubeconfig_check_token(token, &why))
		return fail_at(r, node, "%s %s", key->name, why.text);
	memcpy((char *)r->out + key->at, &token, sizeof(token));
	return 0;
}

static int read_text(
    struct reader *r, const struct node *node, const struct key *key, bool is_file)
{
	char *text = scalar(r, node, key->name);

	if (!text)
		return -1;
	if (is_file && text[0] != '/')
		text = arena_printf(r->arena, "%s/%s", r->directory, text);
	memcpy((char *)r->out + key->at, &text, sizeof(text));
	return 0;
}

/* kubectl's YAML: the words of YAML 1.1, where they are not quoted. */
static bool is_false(const struct node *node)
{
	static const char *const words[] = { "false", "no", "off", "n" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (node->type == NODE_SCALAR && !node->quoted &&
		    strcasecmp(node->text, words[i]) == 0)
			return true;
	return false;
}

static int read_key(struct reader *r, const struct node *node, const struct key *key)
{
	if (is_empty(node))
		return 0;
	switch (key->use) {
	case USE_TEXT:
		return read_text(r, node, key, false);
	case USE_FILE:
		return read_text(r, node, key, true);
	case USE_DATA:
		return read_data(r, node, key);
	case USE_TOKEN:
		return read_token(r, node, key);
	case IGNORED:
		return 0;
	case REFUSED_IF_TRUE:
		if (is_false(node))
			return 0;
		break;
	case REFUSED:
		break;
	}
	return fail_at(r, node, "%s is not supported: %s", key->name, key->why);
}

static int read_keys(
    struct reader *r, const struct node *map, const struct key *keys, const char *what)
{
	if (map->type != NODE_MAP)
		return fail_at(r, map, "%s must be a map, not %s", what, node_what(map));
	for (size_t i = 0; i < map->count; i++) {
		const struct key *key = keys;

		while (key->name && strcmp(key->name, map->keys[i]->text) != 0)
			key++;
		if (!key->name)
			return fail_at(r, map->keys[i],
			    "unknown key in %s: homek8sd does not know whether it may be ignored",
			    what);
		if (read_key(r, map->items[i], key))
			return -1;
	}
	return 0;
}

/* The item of root's list `list` whose name is `name`: its `member`. */
static const struct node *find_named(struct reader *r, const struct node *root,
    const char *list, const char *member, const char *name, const struct node *key)
{
	const struct node *found = named_list_find(node_get(root, list), name), *value;

	if (!found) {
		fail_at(r, key, "no entry of \"%s\" is named \"%s\"", list, name);
		return NULL;
	}
	value = node_get(found, member);
	if (!value)
		fail_at(r, found, "it has no \"%s\"", member);
	return value;
}

/* As kubectl does: of two entries with one name neither is taken, used or not. */
static int check_names(struct reader *r, const struct node *root, const char *list)
{
	const struct node *first, *second;

	second = named_list_twin(&r->scratch, node_get(root, list), &first);
	if (!second)
		return 0;
	return fail_at(r, second,
	    "a second entry of \"%s\" is named \"%s\"; the first is in line %u", list,
	    node_get(second, "name")->text, first->place.line);
}

/* What a context says of `member`, or NULL. */
static const struct node *context_member(const struct node *context, const char *member)
{
	const struct node *node = node_get(context, member);

	return node && node->type == NODE_SCALAR && !is_empty(node) ? node : NULL;
}

static const struct node *find_context(
    struct reader *r, const struct node *root, const char *name)
{
	const struct node *current = node_get(root, "current-context");

	if (!name) {
		if (!current || current->type != NODE_SCALAR || is_empty(current)) {
			fail_at(r, current ? current : root,
			    "it has no current-context: set it, or name one as kubernetes.context in homek8s.yaml");
			return NULL;
		}
		name = current->text;
	} else {
		current = node_get(root, "contexts");
	}
	r->out->context = arena_copy(r->arena, name);
	return find_named(r, root, "contexts", "context", name, current ? current : root);
}

static bool has_credentials(const struct kubeconfig *c)
{
	return c->token || c->token_file || c->client_certificate.data ||
	       c->client_certificate_file;
}

static int check_server(struct reader *r, const struct node *cluster)
{
	const struct node *node = node_get(cluster, "server");
	struct server_url url;
	struct error why;

	if (!node || !r->out->server)
		return fail_at(r, cluster, "the cluster has no server");
	if (server_url_parse(r->out->server, r->arena, &url, &why))
		return fail_at(r, node, "server %s", why.text);
	if (url.plain && !url.loopback)
		return fail_at(r, node,
		    "server is http://, which is taken only for this machine itself (127.0.0.1): use https://");
	if (url.plain && has_credentials(r->out))
		return fail_at(r, node,
		    "server is http:// and the user has credentials, which must not be sent unencrypted: use https://, or a user without credentials");
	r->out->server = url.text;
	return 0;
}

static void lower(char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (text[i] >= 'A' && text[i] <= 'Z')
			text[i] = (char)(text[i] - 'A' + 'a');
}

static int check_cluster(struct reader *r, const struct node *cluster)
{
	char *proxy = (char *)(uintptr_t)r->out->proxy_url; /* our copy */
	char *name = arena_copy(r->arena, r->out->tls_server_name);

	lower(name, name ? strlen(name) : 0);
	r->out->tls_server_name = name;
	lower(proxy, proxy ? strcspn(proxy, ":") : 0);
	if (name && !name_is_subdomain(name) && ip_parse(name, &(struct ip){ 0 }, NULL))
		return fail_at(r, node_get(cluster, "tls-server-name"),
		    "tls-server-name is neither a host name nor an address");
	if (!proxy || proxy_url_is_valid(proxy))
		return 0;
	return fail_at(r, node_get(cluster, "proxy-url"),
	    "proxy-url is none: write http://, https:// or socks5:// and USER:PASSWORD@HOST:PORT, with characters other than letters and digits in the password as %%XX");
}

static int check_user(struct reader *r, const struct node *user)
{
	const struct kubeconfig *c = r->out;
	bool certificate = c->client_certificate.data || c->client_certificate_file;
	bool key = c->client_key.data || c->client_key_file;

	if (certificate && !key)
		return fail_at(
		    r, user, "the user has a client-certificate but no client-key");
	if (key && !certificate)
		return fail_at(
		    r, user, "the user has a client-key but no client-certificate");
	return 0;
}

static int read_cluster(
    struct reader *r, const struct node *root, const struct node *context)
{
	const struct node *name = context_member(context, "cluster");
	const struct node *cluster;

	if (!name)
		return fail_at(r, context, "the context names no cluster");
	cluster = find_named(r, root, "clusters", "cluster", name->text, name);
	if (!cluster || read_keys(r, cluster, cluster_keys, "the cluster"))
		return -1;
	return check_cluster(r, cluster) || check_server(r, cluster) ? -1 : 0;
}

/* A context without a user, and a user without keys, send no credentials. */
static int read_user(
    struct reader *r, const struct node *root, const struct node *context)
{
	const struct node *name = context_member(context, "user");
	const struct node *user;

	if (!name)
		return 0;
	user = find_named(r, root, "users", "user", name->text, name);
	if (!user)
		return -1;
	if (is_empty(user))
		return 0;
	return read_keys(r, user, user_keys, "the user") || check_user(r, user) ? -1 : 0;
}

static int read_root(struct reader *r, const struct node *root, const char *context)
{
	const struct node *chosen;

	if (root->type != NODE_MAP)
		return fail_at(
		    r, root, "a kubeconfig must be a map, not %s", node_what(root));
	if (check_names(r, root, "contexts") || check_names(r, root, "clusters") ||
	    check_names(r, root, "users"))
		return -1;
	chosen = find_context(r, root, context);
	/* The user first: whether http:// will do depends on its credentials. */
	if (!chosen || read_user(r, root, chosen) || read_cluster(r, root, chosen))
		return -1;
	return 0;
}

/* Overwrites every text of the tree: some are keys and tokens. */
static void wipe_tree(struct node *node)
{
	if (node->text)
		explicit_bzero((char *)(uintptr_t)node->text, strlen(node->text));
	for (size_t i = 0; i < node->count; i++)
		wipe_tree(node->items[i]);
}

/* Only the finding's first line: the source line under it might show a secret. */
static int first_error(struct report *report, struct error *e)
{
	for (size_t i = 0; i < report->count; i++)
		if (report->findings[i].severity == SEVERITY_ERROR)
			return fail(
			    e, "%s", finding_line(report->arena, &report->findings[i]));
	return fail(e, "it cannot be read as YAML");
}

int kubeconfig_parse(const char *text, size_t length, const char *name,
    const char *directory, const char *context, struct arena *a, struct kubeconfig *out,
    struct error *e)
{
	const struct yaml_limits limits = {
		.bytes = KUBECONFIG_MAX_BYTES, .scalar = MAX_SCALAR, .foreign = true
	};
	const struct source_text source = { name, text, length, NULL };
	struct reader r = { .arena = a, .directory = directory, .out = out, .e = e };
	struct node *root;
	int result;

	*out = (struct kubeconfig){ 0 };
	r.report.arena = &r.scratch;
	root = yaml_parse(&source, &limits, &r.report);
	if (root) {
		result = read_root(&r, root, context);
		wipe_tree(root);
	} else {
		result = first_error(&r.report, e);
	}
	arena_done(&r.scratch);
	if (result)
		kubeconfig_wipe(out);
	return result;
}

static void wipe(const char *data, size_t length)
{
	if (data)
		explicit_bzero((char *)(uintptr_t)data, length);
}

void kubeconfig_wipe(struct kubeconfig *config)
{
	wipe(config->client_key.data, config->client_key.length);
	wipe(config->token, config->token ? strlen(config->token) : 0);
	wipe(config->proxy_url, config->proxy_url ? strlen(config->proxy_url) : 0);
	*config = (struct kubeconfig){ 0 };
}

int kubeconfig_check_token(const char *token, struct error *e)
{
	if (token[0] == '\0')
		return fail(e, "is empty");
	for (const char *c = token; *c; c++)
		if (*c <= 0x20 || *c >= 0x7f)
			return fail(e,
			    "holds a character that no token has (blank, line break or not ASCII)");
	return 0;
}
