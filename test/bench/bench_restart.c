/* SPDX-License-Identifier: MIT */
/*
 * bench_restart: what homek8sd itself adds to the restart of a node: from the event or the
 * answer that ends one step to the call or the request of the next.
 *
 *	the cordon's PATCH -> where the node's addresses are
 *	the answer to that -> its Pods
 *	the disruption budgets -> the event of the stop, less a bare shutdown
 *	that event -> the event of the start, less a bare start
 *	the node is Ready in another boot -> the uncordon's PATCH, less the wait
 *
 * Requests are timed by the API server, events by a listener of this program, both by
 * CLOCK_MONOTONIC. The floor is a shutdown and a start of another domain by a bare client.
 */
#include <json-c/json.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/doc/json.h"
#include "test/bench/clients.h"
#include "test/bench/measure.h"

#define PATIENCE_US 40e6
#define POLL_US 20e3
#define SETTLE_US 15e6 /* for which a node has to stay Ready */
#define BARE 20
#define ANSWER_BYTES (1 << 20)

static struct {
	virConnectPtr conn;
	const char *api, *ctl, *name;
	double stopped, started; /* of that domain; 0: not yet */
	struct samples own, bare_stop, bare_start;
} b;

static int on_lifecycle(
    virConnectPtr conn, virDomainPtr domain, int event, int detail, void *opaque)
{
	double now = measure_now();

	(void)conn;
	(void)detail;
	(void)opaque;
	if (strcmp(virDomainGetName(domain), b.name) != 0)
		return 0;
	if (event == VIR_DOMAIN_EVENT_STOPPED)
		__atomic_store(&b.stopped, &now, __ATOMIC_RELEASE);
	if (event == VIR_DOMAIN_EVENT_STARTED)
		__atomic_store(&b.started, &now, __ATOMIC_RELEASE);
	return 0;
}

static void *run_events(void *arg)
{
	(void)arg;
	for (;;)
		if (virEventRunDefaultImpl() < 0)
			measure_die("%s", virGetLastErrorMessage());
	return NULL;
}

/* The API server */

/* What curl says; ends the program where it fails. */
static char *ask(const char *options, const char *path)
{
	autofree char *command = must_printf("curl -sf %s '%s%s'", options, b.api, path);
	char *answer = must_alloc(ANSWER_BYTES);
	FILE *out = popen(command, "r");
	size_t length = out ? fread(answer, 1, ANSWER_BYTES - 1, out) : 0;

	answer[length] = '\0';
	if (!out || pclose(out) != 0)
		measure_die("%s failed", command);
	return answer;
}

/* When the first request of homek8sd's since then was, whose path has that; 0: none. */
static double asked_at(const char *method, const char *path, double since)
{
	autofree char *match = must_printf("/fake/requests?match=%s%%20%s", method, path);
	autofree char *text = ask("", match);
	autojson struct json_object *o = json_parse(text, strlen(text), 16, NULL);
	struct json_object *requests = json_at(o, "requests");

	for (size_t i = 0; i < json_count(requests); i++) {
		struct json_object *r = json_item(requests, i);
		const char *query = json_string_at(r, "query");
		double at = (double)json_int_at(r, "time_monotonic_us", 0);

		if (at > since && !(query && strstr(query, "bench")))
			return at;
	}
	return 0;
}

static double wait_for_request(const char *method, const char *path, double since)
{
	double until = measure_now() + PATIENCE_US, at;

	while ((at = asked_at(method, path, since)) <= 0 && measure_now() < until)
		measure_sleep(POLL_US);
	if (at <= 0)
		measure_die("no %s of %s", method, path);
	return at;
}

static double wait_for_event(const double *when, const char *what)
{
	double until = measure_now() + PATIENCE_US, at = 0;

	do {
		measure_sleep(POLL_US / 10);
		__atomic_load(when, &at, __ATOMIC_ACQUIRE);
	} while (at <= 0 && measure_now() < until);
	if (at <= 0)
		measure_die("%s has not %s", b.name, what);
	return at;
}

/* As its kubelet says it; returns when that was answered. */
static double boots(int number)
{
	char uuid[VIR_UUID_STRING_BUFLEN];
	virDomainPtr domain = virDomainLookupByName(b.conn, b.name);
	autofree char *path =
	    must_printf("/api/v1/nodes/%s/status?fieldManager=bench", b.name);
	autofree char *options = NULL, *answer = NULL;

	if (!domain || virDomainGetUUIDString(domain, uuid) < 0)
		measure_die("%s", virGetLastErrorMessage());
	virDomainFree(domain);
	options = must_printf(
	    "-o /dev/null -X PATCH -H 'Content-Type: application/merge-patch+json' -d "
	    "'{\"status\": {\"nodeInfo\": {\"systemUUID\": \"%s\", \"bootID\": "
	    "\"bench-%d\"}}}'",
	    uuid, number);
	answer = ask(options, path);
	return measure_now();
}

/* One restart */

static void clear(void)
{
	double none = 0;
	autofree char *answer =
	    ask("-o /dev/null -X POST -d '{}'", "/fake/requests/clear");

	__atomic_store(&b.stopped, &none, __ATOMIC_RELEASE);
	__atomic_store(&b.started, &none, __ATOMIC_RELEASE);
}

static void sample(int number, double bare_stop, double bare_start)
{
	autofree char *command =
	    must_printf("%s restart vm/%s >/dev/null 2>&1", b.ctl, b.name);
	autofree char *node = must_printf("/api/v1/nodes/%s", b.name);
	double cordoned, moves, pods, budgets, stopped, started, ready, freed;

	clear();
	if (system(command) != 0)
		measure_die("%s failed", command);
	stopped = wait_for_event(&b.stopped, "stopped");
	started = wait_for_event(&b.started, "started");
	cordoned = wait_for_request("PATCH", node, 0);
	moves = wait_for_request(
	    "GET", "/apis/metallb.io/v1beta1/servicel2statuses", cordoned);
	pods = wait_for_request("GET", "/api/v1/pods", moves);
	budgets = wait_for_request("GET", "/apis/policy/v1/poddisruptionbudgets", moves);
	measure_sleep(100e3); /* what it does about the start is over */
	ready = boots(number);
	freed = wait_for_request("PATCH", node, ready + SETTLE_US / 2);
	samples_add(&b.own, moves - cordoned);
	samples_add(&b.own, pods - moves);
	samples_add(&b.own, stopped - (budgets > pods ? budgets : pods) - bare_stop);
	samples_add(&b.own, started - stopped - bare_start);
	samples_add(&b.own, freed - ready - SETTLE_US);
	measure_sleep(500e3);
}

/* The floor */

static void run_bare(void)
{
	static const char xml[] =
	    "<domain type='test'><name>bench-bare</name><memory>65536</memory>"
	    "<vcpu>1</vcpu><os><type>hvm</type></os></domain>";
	virDomainPtr domain = virDomainDefineXML(b.conn, xml);

	if (!domain)
		measure_die("%s", virGetLastErrorMessage());
	for (int i = 0; i < BARE; i++) {
		double began = measure_now();

		libvirt_checked(virDomainCreate(domain));
		samples_add(&b.bare_start, measure_now() - began);
		began = measure_now();
		libvirt_checked(virDomainShutdown(domain));
		samples_add(&b.bare_stop, measure_now() - began);
	}
	libvirt_checked(virDomainUndefine(domain));
	virDomainFree(domain);
}

int main(int argc, char **argv)
{
	pthread_t events;
	int count = argc == 6 ? atoi(argv[5]) : 0;

	if (count < 1)
		measure_die(
		    "usage: bench_restart LIBVIRT-URI API-URL HOMEK8SCTL VM COUNT");
	b.api = argv[2];
	b.ctl = argv[3];
	b.name = argv[4];
	virEventRegisterDefaultImpl();
	b.conn = libvirt_open(argv[1]);
	libvirt_checked(
	    virConnectDomainEventRegisterAny(b.conn, NULL, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
		VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle), NULL, NULL));
	if (pthread_create(&events, NULL, run_events, NULL) != 0)
		measure_die("no thread");
	run_bare();
	boots(0);
	measure_sleep(1e6); /* all that is reported to homek8sd now */
	for (int i = 1; i <= count; i++)
		sample(i, samples_at(&b.bare_stop, 0.5), samples_at(&b.bare_start, 0.5));
	measure_say_samples("own", &b.own);
	measure_say_samples("bare_stop", &b.bare_stop);
	measure_say_samples("bare_start", &b.bare_start);
	return 0;
}
