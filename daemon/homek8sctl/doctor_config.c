/* SPDX-License-Identifier: MIT */
/* doctor_config: the configuration as user homek8s would read it, and the way to the cluster. */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/homek8sctl/doctor.h"
#include "lib/base/addr.h"
#include "lib/base/cleanup.h"

#define PATIENCE_MS 3000

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* A finding of the check of the home as an answer. */
static void answer_finding(struct doctor *d, const struct finding *f)
{
	const char *where = place_text(d->arena, &f->place);
	enum outcome outcome = f->severity == SEVERITY_ERROR	 ? OUTCOME_FAIL
			       : f->severity == SEVERITY_WARNING ? OUTCOME_WARN
								 : OUTCOME_PASS;

	if (strstr(f->id, "-not-checked"))
		outcome = OUTCOME_SKIP;
	doctor_answer(
	    d, outcome, "%s%s%s", where ? where : "", where ? ": " : "", f->text);
	if (f->fix && (begins(f->fix, "chmod ") || begins(f->fix, "chgrp ") ||
			  begins(f->fix, "chown ")))
		doctor_command(d, "%s", f->fix);
	else if (f->fix)
		doctor_advise(d, "%s", f->fix);
}

static bool is_about_files(const struct finding *f)
{
	return begins(f->id, "file-") && f->severity == SEVERITY_ERROR;
}

void check_files(struct doctor *d)
{
	const struct report *report = &d->home.report;
	size_t before = d->count;

	if (access(d->config_dir, F_OK) != 0) {
		doctor_answer(d, OUTCOME_FAIL, "there is no %s", d->config_dir);
		doctor_command(d, "install -d -m 755 %s/desired.d", d->config_dir);
		return;
	}
	for (size_t i = 0; i < report->count; i++)
		if (is_about_files(&report->findings[i]))
			answer_finding(d, &report->findings[i]);
	if (d->count > before)
		return;
	if (d->account)
		doctor_answer(d, OUTCOME_PASS,
		    "user %s may read %s, and only root may write it", d->account->name,
		    d->config_dir);
	else
		doctor_answer(d, OUTCOME_SKIP,
		    "there is no user " ACCOUNT_SERVICE " yet to read %s", d->config_dir);
}

void check_config(struct doctor *d)
{
	const struct report *report = &d->home.report;
	size_t counts[SEVERITY_INFO + 1] = { 0 };
	bool empty = false;

	if (access(d->config_dir, F_OK) != 0) {
		doctor_answer(d, OUTCOME_SKIP, "there is none yet");
		return;
	}
	for (size_t i = 0; i < report->count; i++) {
		const struct finding *f = &report->findings[i];

		if (strcmp(f->id, "no-desired-state") == 0)
			empty = true;
		else if (!is_about_files(f) && !begins(f->id, "kubeconfig-"))
			counts[f->severity]++;
	}
	if (empty && counts[SEVERITY_ERROR] == 0) {
		doctor_answer(d, OUTCOME_WARN,
		    "nothing is written in %s/desired.d: homek8sd observes and does nothing",
		    d->config_dir);
		doctor_advise(d,
		    "begin with `homek8sctl import`, once the service runs, or `homek8sctl example`");
	} else if (counts[SEVERITY_ERROR] > 0) {
		doctor_answer(d, OUTCOME_FAIL,
		    "%s has %zu error%s, and so nothing in it is in force", d->config_dir,
		    counts[SEVERITY_ERROR], counts[SEVERITY_ERROR] == 1 ? "" : "s");
		doctor_command(d, "homek8sctl validate %s", d->config_dir);
	} else if (counts[SEVERITY_WARNING] > 0) {
		doctor_answer(d, OUTCOME_WARN, "it is valid, with %zu warning%s",
		    counts[SEVERITY_WARNING], counts[SEVERITY_WARNING] == 1 ? "" : "s");
		doctor_command(d, "homek8sctl validate %s", d->config_dir);
	} else {
		doctor_answer(d, OUTCOME_PASS, "it is valid");
	}
}

void check_kubeconfig(struct doctor *d)
{
	const struct kubernetes_settings *settings = &d->home.config->settings.kubernetes;
	const struct report *report = &d->home.report;
	size_t before = d->count;

	for (size_t i = 0; i < report->count; i++)
		if (begins(report->findings[i].id, "kubeconfig-"))
			answer_finding(d, &report->findings[i]);
	if (d->count > before)
		return;
	if (settings->mode == KUBERNETES_OFF)
		doctor_answer(d, OUTCOME_SKIP, "kubernetes.mode is off");
	else if (!d->home.server)
		doctor_answer(d, OUTCOME_SKIP, "no %s: the Kubernetes half is off",
		    settings->kubeconfig
			? settings->kubeconfig
			: arena_printf(d->arena, "%s/kubeconfig", d->config_dir));
	else
		doctor_answer(
		    d, OUTCOME_PASS, "it is valid, and leads to %s", d->home.server);
}

/* Host and port of "https://HOST[:PORT][/...]", HOST perhaps in brackets. */
static void split(struct arena *a, const char *url, const char **host, const char **port)
{
	const char *at = strstr(url, "://") + 3, *end;

	if (*at == '[') {
		end = strchr(at, ']');
		*host = arena_copy_n(a, at + 1, (size_t)(end - at - 1));
		end++;
	} else {
		end = at + strcspn(at, ":/");
		*host = arena_copy_n(a, at, (size_t)(end - at));
	}
	*port = begins(url, "http:") ? "80" : "443";
	if (*end == ':')
		*port = arena_copy_n(a, end + 1, strcspn(end + 1, "/"));
}

static int dial_one(const struct addrinfo *to)
{
	autoclose int fd =
	    socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	socklen_t size = sizeof(int);
	int reason = 0;

	if (fd < 0)
		return errno;
	if (connect(fd, to->ai_addr, to->ai_addrlen) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return errno;
	if (poll(&p, 1, PATIENCE_MS) != 1)
		return ETIMEDOUT;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &reason, &size))
		return errno;
	return reason;
}

/* Why no connection is made, or NULL. */
static const char *dial(const char *host, const char *port)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found;
	int result = getaddrinfo(host, port, &hints, &found), reason = 0;

	if (result)
		return gai_strerror(result);
	for (const struct addrinfo *one = found; one; one = one->ai_next) {
		reason = dial_one(one);
		if (reason == 0)
			break;
	}
	freeaddrinfo(found);
	return reason ? strerror(reason) : NULL;
}

/* IPAddressAllow= of the unit. */
static bool is_private(const char *host)
{
	static const char *const networks[] = { "127.0.0.0/8", "::1/128",
		"169.254.0.0/16", "fe80::/64", "10.0.0.0/8", "172.16.0.0/12",
		"192.168.0.0/16", "fc00::/7" };
	struct cidr network;
	struct ip ip;

	if (ip_parse(host, &ip, NULL))
		return true; /* a name; where it leads to is found out at run time */
	for (size_t i = 0; i < sizeof(networks) / sizeof(networks[0]); i++)
		if (cidr_parse(networks[i], &network, NULL) == 0 &&
		    cidr_contains(network, ip))
			return true;
	return false;
}

void check_api_server(struct doctor *d)
{
	const char *host, *port, *why;

	if (!d->home.server) {
		doctor_answer(d, OUTCOME_SKIP, "no API server is known");
		return;
	}
	split(d->arena, d->home.server, &host, &port);
	if (!is_private(host) &&
	    !doctor_has(d, "/etc/systemd/system/homek8sd.service.d")) {
		doctor_answer(d, OUTCOME_WARN,
		    "the service may connect only to private addresses, not to %s", host);
		doctor_command(d,
		    "mkdir -p /etc/systemd/system/homek8sd.service.d && printf '[Service]\\nIPAddressAllow=%s\\n' >/etc/systemd/system/homek8sd.service.d/api-server.conf && systemctl daemon-reload",
		    host);
	}
	why = dial(host, port);
	if (!why) {
		doctor_answer(d, OUTCOME_PASS, "%s accepts connections", d->home.server);
		return;
	}
	doctor_answer(
	    d, OUTCOME_WARN, "%s does not accept connections (%s)", d->home.server, why);
	if (begins(host, "127.") || strcmp(host, "localhost") == 0 ||
	    strcmp(host, "::1") == 0)
		doctor_advise(d,
		    "that is this machine itself: put the control plane's address as server into the kubeconfig");
	else
		doctor_advise(d,
		    "it may run once homek8sd has started its VMs; else correct the address that server has in the kubeconfig");
}
