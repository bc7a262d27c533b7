/* SPDX-License-Identifier: MIT */
/*
 * kubeconfig: kubectl's configuration file, as far as a daemon may use it. Only text in,
 * values out: the files it names are read by daemon/kube. What we do not do is refused by
 * name (exec, auth-provider, insecure-skip-tls-verify, username/password, impersonation),
 * never ignored; so are keys nobody knows. Only the context in use and what it names are
 * judged. Rules: "Organizing Cluster Access Using kubeconfig Files" of the Kubernetes
 * documentation.
 */
#ifndef LIB_WIRE_KUBECONFIG_H
#define LIB_WIRE_KUBECONFIG_H

#include "lib/base/arena.h"
#include "lib/base/error.h"
#include "lib/base/base64.h"

#define KUBECONFIG_MAX_BYTES ((size_t)1024 * 1024)

struct kubeconfig { /* absent: NULL, or data NULL; -data wins over the file beside it */
	const char *context; /* name of the context in use */
	const char *server;  /* https://host:port, no trailing slash */
	const char *tls_server_name;
	const char *proxy_url;
	struct bytes ca;     /* decoded certificate-authority-data */
	const char *ca_file; /* absolute */
	struct bytes client_certificate, client_key;
	const char *client_certificate_file, *client_key_file;
	const char *token;
	const char *token_file; /* wins over token */
};

/*
 * `name`: the file as shown in errors, which read "name:line:col: what" and never repeat
 * a value. `directory`: of the file, for relative paths in it. `context` NULL: its
 * current-context. http:// is accepted only where no credential would be sent over it and
 * the host is loopback. Nothing of the text stays in `out`; secrets lie in the arena.
 */
int kubeconfig_parse(const char *text, size_t length, const char *name,
    const char *directory, const char *context, struct arena *a, struct kubeconfig *out,
    struct error *e);

/* Overwrites what is secret: key, token, and the proxy's URL, which may hold a password.
 */
void kubeconfig_wipe(struct kubeconfig *config);

/* May this text be sent as a bearer token: visible ASCII only, one line, not empty. */
int kubeconfig_check_token(const char *token, struct error *e);

#endif
