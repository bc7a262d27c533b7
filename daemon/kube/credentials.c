/* SPDX-License-Identifier: MIT */
/* credentials: finds and reads the kubeconfig, and the files it names. */
#include "daemon/kube/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/cleanup.h"

/* The service's credential. Where the file it comes from is missing, the unit passes one
 * of at most a line end, because systemd 252 would not start the service without any. */
static bool is_given(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_size > 1;
}

char *credentials_path(const char *configured, const char *config_dir)
{
	const char *directory = getenv("CREDENTIALS_DIRECTORY");
	char *path;

	if (configured)
		return must_copy(configured);
	if (directory) {
		path = must_printf("%s/kubeconfig", directory);
		if (is_given(path))
			return path;
		free(path);
	}
	return must_printf("%s/kubeconfig", config_dir);
}

static int fail_open(const char *path, struct error *e)
{
	if (errno == ENOENT)
		return fail(e, "%s does not exist", path);
	if (errno == EACCES)
		return fail(e,
		    "%s may not be read by user id %u, which homek8sd runs as: give it read permission there (chgrp, chmod g+r), or restart homek8sd: its unit hands it the file kubeconfig by LoadCredential=",
		    path, (unsigned)geteuid());
	return fail(e, "%s cannot be opened: %s", path, strerror(errno));
}

/* A file of secrets that others may change is no secret, nor is it ours. */
static int check_file(int fd, const char *path, size_t *size, struct error *e)
{
	struct stat st;

	if (fstat(fd, &st))
		return fail(e, "%s cannot be examined: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return fail(e, "%s is not a regular file", path);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return fail(e, "%s may be changed by others: chmod go-w %s", path, path);
	if (st.st_size == 0)
		return fail(e, "%s is empty", path);
	if ((uintmax_t)st.st_size > KUBECONFIG_MAX_BYTES)
		return fail(e, "%s is larger than %zu bytes", path, KUBECONFIG_MAX_BYTES);
	*size = (size_t)st.st_size;
	return 0;
}

/* The whole file, NUL-terminated, from one descriptor. */
static int read_file(
    struct arena *a, const char *path, struct bytes *out, bool *missing, struct error *e)
{
	/* O_NONBLOCK: a FIFO put in its place must not hold us up. */
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	size_t size = 0, length = 0;
	ssize_t n = 1;
	char *data;

	if (fd < 0) {
		*missing = errno == ENOENT || errno == ENOTDIR;
		return fail_open(path, e);
	}
	if (check_file(fd, path, &size, e))
		return -1;
	data = arena_alloc(a, size + 1);
	while (length < size && n > 0) {
		n = read(fd, data + length, size - length);
		if (n > 0)
			length += (size_t)n;
	}
	if (n < 0)
		return fail(e, "%s cannot be read: %s", path, strerror(errno));
	*out = (struct bytes){ data, length };
	return 0;
}

static int read_named(struct arena *a, const char *key, const char *path,
    struct bytes *out, struct error *e)
{
	bool missing;

	if (!path || out->data) /* what is written inline wins */
		return 0;
	if (read_file(a, path, out, &missing, e))
		return fail_in(e, "%s", key);
	if (!memmem(out->data, out->length, "-----BEGIN ", 11)) {
		explicit_bzero((char *)(uintptr_t)out->data, out->length);
		*out = (struct bytes){ 0 };
		return fail(e, "%s: %s is no PEM file", key, path);
	}
	return 0;
}

static int read_token_file(struct credentials *c, struct error *e)
{
	static const char blanks[] = " \t\r\n";
	struct bytes file;
	bool missing;
	char *token;

	if (!c->config.token_file)
		return 0;
	if (read_file(&c->arena, c->config.token_file, &file, &missing, e))
		return fail_in(e, "tokenFile");
	token = (char *)(uintptr_t)file.data;
	while (file.length > 0 && memchr(blanks, token[file.length - 1], sizeof(blanks)))
		token[--file.length] = '\0';
	token += strspn(token, blanks);
	if (kubeconfig_check_token(token, e)) {
		explicit_bzero((char *)(uintptr_t)file.data, file.length);
		return fail_in(e, "tokenFile: %s", c->config.token_file);
	}
	c->config.token = token;
	return 0;
}

/* Nobody is there to type a passphrase. */
static int check_key(const struct kubeconfig *k, struct error *e)
{
	const char *path = k->client_key_file ? k->client_key_file : "KEY";

	if (!k->client_key.data)
		return 0;
	if (!memmem(k->client_key.data, k->client_key.length, "ENCRYPTED", 9))
		return 0;
	return fail(e,
	    "client-key%s%s is encrypted, and homek8sd has no passphrase for it: decrypt it with `openssl pkey -in %s -out %s.plain` and name that one",
	    k->client_key_file ? ": " : "-data", k->client_key_file ? path : "", path,
	    path);
}

static int read_files(struct credentials *c, struct error *e)
{
	struct kubeconfig *k = &c->config;

	if (read_named(&c->arena, "certificate-authority", k->ca_file, &k->ca, e) ||
	    read_named(&c->arena, "client-certificate", k->client_certificate_file,
		&k->client_certificate, e) ||
	    read_named(&c->arena, "client-key", k->client_key_file, &k->client_key, e) ||
	    check_key(k, e) || read_token_file(c, e))
		return -1;
	return 0;
}

/* A file beside the kubeconfig that is not there, but is in `config_dir`. */
static void find_beside(
    struct arena *a, const char **file, const char *directory, const char *config_dir)
{
	size_t length = strlen(directory);
	const char *other;

	if (!*file || strncmp(*file, directory, length) != 0 || (*file)[length] != '/' ||
	    access(*file, F_OK) == 0)
		return;
	other = arena_printf(a, "%s%s", config_dir, *file + length);
	if (access(other, F_OK) == 0)
		*file = other;
}

static void find_files(
    struct credentials *c, const char *directory, const char *config_dir)
{
	const char *handed_out = getenv("CREDENTIALS_DIRECTORY");
	struct kubeconfig *k = &c->config;

	if (!handed_out || strcmp(handed_out, directory) != 0)
		return;
	find_beside(&c->arena, &k->ca_file, directory, config_dir);
	find_beside(&c->arena, &k->client_certificate_file, directory, config_dir);
	find_beside(&c->arena, &k->client_key_file, directory, config_dir);
	find_beside(&c->arena, &k->token_file, directory, config_dir);
}

static int load(struct credentials *c, const char *path, const char *config_dir,
    const char *context, bool *missing, struct error *e)
{
	const char *slash = strrchr(path, '/');
	autofree char *directory =
	    slash ? strndup(path, (size_t)(slash - path)) : strdup(".");
	struct bytes file;
	int result;

	if (!directory)
		abort();
	if (read_file(&c->arena, path, &file, missing, e))
		return -1;
	result = kubeconfig_parse(
	    file.data, file.length, path, directory, context, &c->arena, &c->config, e);
	explicit_bzero((char *)(uintptr_t)file.data, file.length);
	if (result)
		return result;
	find_files(c, directory, config_dir);
	return read_files(c, e);
}

struct credentials *credentials_load(const char *path, const char *config_dir,
    const char *context, bool *missing, struct error *e)
{
	struct credentials *c = must_alloc(sizeof(*c));

	*missing = false;
	if (load(c, path, config_dir, context, missing, e) == 0)
		return c;
	credentials_free(c);
	return NULL;
}

void credentials_free(struct credentials *c)
{
	if (!c)
		return;
	kubeconfig_wipe(&c->config);
	arena_done(&c->arena);
	free(c);
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_bytes(struct bytes a, struct bytes b)
{
	if (!a.data || !b.data)
		return a.data == b.data;
	return a.length == b.length && memcmp(a.data, b.data, a.length) == 0;
}

bool credentials_same_server(const struct credentials *a, const struct credentials *b)
{
	const struct kubeconfig *x = &a->config, *y = &b->config;

	return same_text(x->server, y->server) &&
	       same_text(x->tls_server_name, y->tls_server_name) &&
	       same_text(x->proxy_url, y->proxy_url);
}

bool credentials_same_connection(const struct credentials *a, const struct credentials *b)
{
	const struct kubeconfig *x = &a->config, *y = &b->config;

	return credentials_same_server(a, b) && same_bytes(x->ca, y->ca) &&
	       same_bytes(x->client_certificate, y->client_certificate) &&
	       same_bytes(x->client_key, y->client_key);
}

bool credentials_same_token(const struct credentials *a, const struct credentials *b)
{
	return same_text(a->config.token, b->config.token);
}

void credentials_take_token(struct credentials *c, const struct credentials *from)
{
	char *old = (char *)(uintptr_t)c->config.token;

	if (old)
		explicit_bzero(old, strlen(old));
	c->config.token = arena_copy(&c->arena, from->config.token);
}
