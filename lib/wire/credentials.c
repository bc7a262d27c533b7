/* SPDX-License-Identifier: MIT */
/* credentials: finds and reads the kubeconfig, and the files it names. */
#include "lib/wire/credentials.h"

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

/* The copy of the kubeconfig that was handed out, or NULL. */
static const char *copy_of(const struct credentials_source *source, struct arena *a)
{
	const char *path;

	if (source->configured || !source->handed_out)
		return NULL;
	path = arena_printf(a, "%s/kubeconfig", source->handed_out);
	return is_given(path) ? path : NULL;
}

const char *credentials_written(const struct credentials_source *source, struct arena *a)
{
	if (source->configured)
		return arena_copy(a, source->configured);
	return arena_printf(a, "%s/kubeconfig", source->config_dir);
}

const char *credentials_path(const struct credentials_source *source, struct arena *a)
{
	const char *copy = copy_of(source, a);

	return copy ? copy : credentials_written(source, a);
}

/* The copy has the time at which it was made, which is when the service was started. */
static enum credentials_copy compare_copy(const char *copy, const char *written)
{
	struct stat from, to;

	if (stat(copy, &to))
		return CREDENTIALS_NO_COPY;
	if (stat(written, &from))
		return errno == ENOENT ? CREDENTIALS_GONE_SINCE : CREDENTIALS_COPY;
	if (from.st_size != to.st_size || from.st_mtim.tv_sec > to.st_mtim.tv_sec ||
	    (from.st_mtim.tv_sec == to.st_mtim.tv_sec &&
		from.st_mtim.tv_nsec > to.st_mtim.tv_nsec))
		return CREDENTIALS_CHANGED_SINCE;
	return CREDENTIALS_COPY;
}

struct file {
	const char *name; /* as users know it */
	const char *path; /* where it is read */
	bool restart;	  /* the service manager would hand it out */
};

static int fail_open(const struct file *file, struct error *e)
{
	const char *name = file->name;

	if (errno == ENOENT)
		return fail(e, "%s does not exist", name);
	if (errno == EACCES && file->restart)
		return fail(e,
		    "%s may not be read by user id %u, which homek8sd runs as; its unit hands it over at the start: `systemctl restart homek8sd`",
		    name, (unsigned)geteuid());
	if (errno == EACCES)
		return fail(e,
		    "%s may not be read by user id %u, which homek8sd runs as: `chgrp %u %s && chmod 640 %s`, and `chmod a+x` on the directories above it",
		    name, (unsigned)geteuid(), (unsigned)getegid(), name, name);
	return fail(e, "%s cannot be opened: %s", name, strerror(errno));
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
static int read_file(struct arena *a, const struct file *file, struct bytes *out,
    bool *missing, struct error *e)
{
	/* O_NONBLOCK: a FIFO put in its place must not hold us up. */
	autoclose int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	size_t size = 0, length = 0;
	ssize_t n = 1;
	char *data;

	if (fd < 0) {
		*missing = errno == ENOENT || errno == ENOTDIR;
		return fail_open(file, e);
	}
	if (check_file(fd, file->name, &size, e))
		return -1;
	data = arena_alloc(a, size + 1);
	while (length < size && n > 0) {
		n = read(fd, data + length, size - length);
		if (n > 0)
			length += (size_t)n;
	}
	if (n < 0)
		return fail(e, "%s cannot be read: %s", file->name, strerror(errno));
	*out = (struct bytes){ data, length };
	return 0;
}

/* A file beside the kubeconfig may have been handed out with it. */
static struct file file_named(struct credentials *c, const char *name)
{
	const struct credentials_source *s = &c->source;
	struct file file = { name, name, false };
	size_t length = strlen(s->config_dir);
	const char *copy;

	if (!s->handed_out || strncmp(name, s->config_dir, length) != 0 ||
	    name[length] != '/')
		return file;
	copy = arena_printf(&c->arena, "%s%s", s->handed_out, name + length);
	if (access(copy, F_OK) == 0)
		file.path = copy;
	return file;
}

enum credentials_copy credentials_copy(const struct credentials_source *source,
    struct credentials *now, struct arena *a, const char **written)
{
	const struct kubeconfig *k = now ? &now->config : NULL;
	const char *const names[] = { k ? k->ca_file : NULL,
		k ? k->client_certificate_file : NULL, k ? k->client_key_file : NULL,
		k ? k->token_file : NULL };
	const char *copy = copy_of(source, a);
	enum credentials_copy result = CREDENTIALS_NO_COPY;

	*written = credentials_written(source, a);
	if (copy)
		result = compare_copy(copy, *written);
	for (size_t i = 0; result <= CREDENTIALS_COPY && i < 4; i++) {
		struct file file = { 0 };

		if (names[i])
			file = file_named(now, names[i]);
		if (file.path == file.name)
			continue;
		result = compare_copy(file.path, file.name);
		if (result > CREDENTIALS_COPY)
			*written = arena_copy(a, file.name);
	}
	return result;
}

const char *credentials_secret_file(const struct credentials_source *source,
    struct credentials *now, struct arena *a, bool *copy)
{
	const char *name = now->config.token_file ? now->config.token_file
						  : now->config.client_certificate_file;
	struct file file;

	if (!name) {
		*copy = copy_of(source, a) != NULL;
		return credentials_written(source, a);
	}
	file = file_named(now, name);
	*copy = file.path != file.name;
	return arena_copy(a, file.name);
}

static int read_named(struct credentials *c, const char *key, const char *path,
    struct bytes *out, struct error *e)
{
	struct file file;
	bool missing;

	if (!path || out->data) /* what is written inline wins */
		return 0;
	file = file_named(c, path);
	if (read_file(&c->arena, &file, out, &missing, e))
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
	struct file from;
	bool missing;
	char *token;

	if (!c->config.token_file)
		return 0;
	from = file_named(c, c->config.token_file);
	if (read_file(&c->arena, &from, &file, &missing, e))
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

/* OpenSSL would ask for the passphrase of a certificate, too. */
static int check_certificate(const struct bytes *pem, const char *key, struct error *e)
{
	if (!pem->data || !memmem(pem->data, pem->length, "Proc-Type: 4,ENCRYPTED", 22))
		return 0;
	return fail(e,
	    "%s is encrypted, and homek8sd has no passphrase for it; a certificate is no secret: export it without one",
	    key);
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

int credentials_read(struct credentials *c, struct error *e)
{
	struct kubeconfig *k = &c->config;

	if (read_named(c, "certificate-authority", k->ca_file, &k->ca, e) ||
	    read_named(c, "client-certificate", k->client_certificate_file,
		&k->client_certificate, e) ||
	    read_named(c, "client-key", k->client_key_file, &k->client_key, e) ||
	    check_certificate(&k->ca, "certificate-authority", e) ||
	    check_certificate(&k->client_certificate, "client-certificate", e) ||
	    check_key(k, e) || read_token_file(c, e))
		return -1;
	return 0;
}

/* Of a copy, relative paths are those of the file it was copied from. */
static const char *directory_of(
    struct credentials *c, const char *path, const struct credentials_source *source)
{
	const char *slash = strrchr(path, '/');

	if (c->source.handed_out)
		return source->config_dir;
	return slash ? arena_copy_n(&c->arena, path, (size_t)(slash - path)) : ".";
}

static int parse(struct credentials *c, const struct credentials_source *source,
    bool *missing, struct error *e)
{
	const char *copy = copy_of(source, &c->arena);
	const char *name = credentials_written(source, &c->arena);
	struct file file = { name, copy ? copy : name,
		!source->configured && source->handed_out };
	struct bytes text;
	int result;

	c->source.config_dir = arena_copy(&c->arena, source->config_dir);
	c->source.handed_out = copy ? arena_copy(&c->arena, source->handed_out) : NULL;
	if (read_file(&c->arena, &file, &text, missing, e))
		return -1;
	result = kubeconfig_parse(text.data, text.length, name,
	    directory_of(c, file.path, source), source->context, &c->arena, &c->config,
	    e);
	explicit_bzero((char *)(uintptr_t)text.data, text.length);
	return result;
}

struct credentials *credentials_parse(
    const struct credentials_source *source, bool *missing, struct error *e)
{
	struct credentials *c = must_alloc(sizeof(*c));

	*missing = false;
	if (parse(c, source, missing, e) == 0)
		return c;
	credentials_free(c);
	return NULL;
}

struct credentials *credentials_load(
    const struct credentials_source *source, bool *missing, struct error *e)
{
	struct credentials *c = credentials_parse(source, missing, e);

	if (c && credentials_read(c, e)) {
		credentials_free(c);
		c = NULL;
	}
	return c;
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
