/* SPDX-License-Identifier: MIT */
/* http_error: what the end of a request means, and how to say it. */
#include "daemon/kube/http_request.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ERROR_SHOWN 300

int http_status(const struct http_request *r)
{
	long status = 0;

	curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
	return (int)status;
}

/* What the system said about a connection that was not made: "connection refused". */
static void describe_system(const struct http_request *r, char *out, size_t size)
{
	long number = 0;

	curl_easy_getinfo(r->easy, CURLINFO_OS_ERRNO, &number);
	snprintf(out, size, "%s", number ? strerror((int)number) : "cannot connect");
	out[0] = (char)tolower((unsigned char)out[0]);
}

/* By what was sent: of a connection that is used again no time of connecting is known. */
static bool never_connected(const struct http_request *r)
{
	long sent = 0;

	curl_easy_getinfo(r->easy, CURLINFO_REQUEST_SIZE, &sent);
	return sent == 0;
}

static void describe_timeout(const struct http_request *r, char *out, size_t size)
{
	if (never_connected(r))
		snprintf(
		    out, size, "no connection within %d s", CONNECT_TIMEOUT_MS / 1000);
	else
		snprintf(out, size, "no whole answer within %lld s",
		    (long long)r->call.timeout / 1000);
}

/* libcurl quotes what it was given: an URL, and the password in it. Its own words for the
 * code are always fit to be shown, and its longer text where there is no such URL. */
static const char *curl_text(const struct http_request *r, CURLcode code)
{
	const char *proxy = r->http->credentials->config.proxy_url;
	bool secret = proxy && strchr(proxy, '@');

	return r->error[0] && !secret ? r->error : curl_easy_strerror(code);
}

/* Whom it is about: where there is a proxy, only that one is connected to. */
static const char *peer(struct arena *a, const struct http_request *r, CURLcode code)
{
	const struct kubeconfig *config = &r->http->credentials->config;
	const char *proxy = config->proxy_url, *host, *at;
	long connect_code = 0;
	bool of_proxy = code == CURLE_COULDNT_CONNECT ||
			code == CURLE_COULDNT_RESOLVE_PROXY || code == CURLE_PROXY ||
			(code == CURLE_OPERATION_TIMEDOUT && never_connected(r));

	curl_easy_getinfo(r->easy, CURLINFO_HTTP_CONNECTCODE, &connect_code);
	if (!proxy || !(of_proxy || connect_code >= 400))
		return config->server;
	host = strstr(proxy, "//") + 2;
	at = strrchr(host, '@');
	return arena_printf(a, "the proxy %.*s%s, for %s", (int)(host - proxy), proxy,
	    at ? at + 1 : host, config->server);
}

/* What failed, in libcurl's words or better ones. */
const char *http_describe(struct arena *a, const struct http_request *r, CURLcode code)
{
	char why[CURL_ERROR_SIZE + 128];

	if (code == CURLE_COULDNT_CONNECT)
		describe_system(r, why, sizeof(why));
	else if (code == CURLE_OPERATION_TIMEDOUT)
		describe_timeout(r, why, sizeof(why));
	else if (code == CURLE_PEER_FAILED_VERIFICATION)
		snprintf(why, sizeof(why),
		    "TLS: %s: compare certificate-authority and server in the kubeconfig",
		    curl_text(r, code));
	else
		snprintf(why, sizeof(why), "%s", curl_text(r, code));
	return arena_printf(
	    a, "%s (%s)", text_clean(a, why, ERROR_SHOWN), peer(a, r, code));
}

/* With TLS 1.3 a server's refusal of our certificate arrives as an alert in place of the
 * answer, so libcurl calls it a failed read. */
static bool is_tls(const struct http_request *r, CURLcode code)
{
	switch ((int)code) {
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_ISSUER_ERROR:
		return true;
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
		return strstr(r->error, "alert") != NULL;
	default:
		return false;
	}
}

enum http_failure http_classify(const struct http_request *r, CURLcode code)
{
	long number = 0;

	if (code == CURLE_OK)
		return HTTP_ANSWERED;
	if (r->too_large)
		return HTTP_TOO_LARGE;
	if (is_tls(r, code))
		return HTTP_TLS;
	curl_easy_getinfo(r->easy, CURLINFO_OS_ERRNO, &number);
	if (code == CURLE_COULDNT_CONNECT && number == ECONNREFUSED)
		return HTTP_REFUSED;
	return never_connected(r) ? HTTP_UNREACHABLE : HTTP_BROKEN;
}
