/* SPDX-License-Identifier: MIT */
/* http_options: where a request goes, as whom, and within which limits. */
#include "daemon/kube/http_request.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/base/cleanup.h"

#define KEEPALIVE_IDLE_S 15
#define KEEPALIVE_INTERVAL_S 5
#define KEEPALIVE_PROBES 3
#define USER_TIMEOUT_MS 30000

/* A peer that vanished without a word is noticed within 30 s, also by idle watches. */
static int on_new_socket(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	const struct {
		int level, name, value;
	} rows[] = {
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S },
		{ IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S },
		{ IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES },
		{ IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT_MS },
	};

	(void)arg;
	(void)purpose;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		setsockopt(fd, rows[i].level, rows[i].name, &rows[i].value, sizeof(int));
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	return CURL_SOCKOPT_OK;
}

static void set_blob(CURL *easy, CURLoption option, struct bytes bytes)
{
	/* Not copied, so that there is one copy of a key to overwrite. */
	struct curl_blob blob = { (void *)(uintptr_t)bytes.data, bytes.length,
		CURL_BLOB_NOCOPY };

	if (bytes.data)
		curl_easy_setopt(easy, option, &blob);
}

static void set_tls(CURL *easy, const struct kubeconfig *config)
{
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	set_blob(easy, CURLOPT_CAINFO_BLOB, config->ca);
	set_blob(easy, CURLOPT_SSLCERT_BLOB, config->client_certificate);
	set_blob(easy, CURLOPT_SSLKEY_BLOB, config->client_key);
	curl_easy_setopt(easy, CURLOPT_SSLCERTTYPE, "PEM");
	curl_easy_setopt(easy, CURLOPT_SSLKEYTYPE, "PEM");
}

static void set_proxy(CURL *easy, const char *url)
{
	autofree char *remote = NULL;

	/* An empty text, unlike none, makes libcurl ignore the environment. */
	curl_easy_setopt(easy, CURLOPT_NOPROXY, url ? "" : "*");
	/* As kubectl does: the proxy looks up the name. */
	if (url && strncmp(url, "socks5://", 9) == 0)
		url = remote = must_printf("socks5h://%s", url + 9);
	curl_easy_setopt(easy, CURLOPT_PROXY, url ? url : "");
	if (remote)
		explicit_bzero(remote, strlen(remote));
}

static void add_header(struct http_request *r, const char *name, const char *value)
{
	autofree char *line = must_printf("%s: %s", name, value);
	struct curl_slist *grown = curl_slist_append(r->headers, line);

	if (!grown)
		abort();
	r->headers = grown;
	explicit_bzero(line, strlen(line));
}

/*
 * tls-server-name: the certificate must be of that name, but the connection goes to
 * `server`. libcurl takes the name from the URL and the way there from CONNECT_TO.
 */
static void set_url(struct http_request *r, const char *path)
{
	const struct kubeconfig *config = &r->http->credentials->config;
	const char *server = config->server, *name = config->tls_server_name;
	const char *host = strstr(server, "//") + 2;
	const char *after = host + strcspn(host, "/");
	const char *colon =
	    host[0] == '[' ? strchr(strchr(host, ']'), ':') : strchr(host, ':');
	autofree char *url = NULL, *route = NULL, *authority = NULL;

	authority = must_printf("%.*s", (int)(after - host), host);
	if (!name || strncmp(server, "https:", 6) != 0) {
		url = must_printf("%s%s", server, path);
		curl_easy_setopt(r->easy, CURLOPT_URL, url);
		return;
	}
	if (strchr(name, ':'))
		url = must_printf("https://[%s]%s%s", name, after, path);
	else
		url = must_printf("https://%s%s%s", name, after, path);
	curl_easy_setopt(r->easy, CURLOPT_URL, url);
	route = must_printf("::%s%s", authority, colon && colon < after ? "" : ":443");
	r->connect_to = curl_slist_append(NULL, route);
	curl_easy_setopt(r->easy, CURLOPT_CONNECT_TO, r->connect_to);
	add_header(r, "Host", authority);
}

static void set_headers(struct http_request *r, const struct http_call *call)
{
	const char *token = r->http->token;

	add_header(r, "Accept", "application/json");
	if (call->content_type)
		add_header(r, "Content-Type", call->content_type);
	/* libcurl would wait for a "100 Continue" before larger bodies. */
	add_header(r, "Expect", "");
	if (token) {
		autofree char *bearer = must_printf("Bearer %s", token);

		add_header(r, "Authorization", bearer);
		explicit_bzero(bearer, strlen(bearer));
	}
	curl_easy_setopt(r->easy, CURLOPT_HTTPHEADER, r->headers);
}

static void set_method(struct http_request *r, const struct http_call *call)
{
	if (strcmp(call->method, "GET") == 0)
		return;
	curl_easy_setopt(r->easy, CURLOPT_CUSTOMREQUEST, call->method);
	r->body = must_copy(call->body ? call->body : "");
	curl_easy_setopt(
	    r->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(r->body));
	curl_easy_setopt(r->easy, CURLOPT_POSTFIELDS, r->body);
}

static void set_limits(struct http_request *r)
{
	CURL *easy = r->easy;

	curl_easy_setopt(easy, CURLOPT_PRIVATE, r);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, r->error);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "homek8sd/" HOMEK8S_VERSION);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)r->call.timeout);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 64L * 1024);
	curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_new_socket);
	/* Else OpenSSL asks for it on the terminal, and libcurl 7.88 crashes first. */
	curl_easy_setopt(easy, CURLOPT_KEYPASSWD, "");
}

void http_set_options(struct http_request *r, const struct http_call *call)
{
	const struct kubeconfig *config = &r->http->credentials->config;

	set_limits(r);
	set_tls(r->easy, config);
	set_proxy(r->easy, config->proxy_url);
	set_url(r, call->path);
	set_headers(r, call);
	set_method(r, call);
}
