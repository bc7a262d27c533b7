/* SPDX-License-Identifier: MIT */
/*
 * bench_virt: how long a killed domain takes to run again, by homek8sd and by a bare
 * client that knows beforehand that it will have to start it. It kills domains and
 * listens to their lifecycle events on a second connection, so both ways are timed by the
 * same clock at the same place.
 *
 * A block of samples of the bare client comes first, with homek8sd stopped by SIGSTOP,
 * so that it neither helps nor disturbs; then one of homek8sd's. Blocks alternate, so
 * that a machine that grows slower during the run does so for both.
 */
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "test/bench/measure.h"

#define PATIENCE_S 20

struct watched { /* the domain of the sample being taken */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	const char *name;
	double stopped, started; /* 0: not yet */
};

struct bench {
	virConnectPtr conn, listener;
	pid_t daemon;
	double spacing;
	struct watched watched;
	/* From the kill and from its event to the event of the start; and, of the bare
	 * client only, from its call to that event. */
	struct samples bare_back, bare_event, bare_start, back, event;
};

static int on_lifecycle(
    virConnectPtr conn, virDomainPtr domain, int event, int detail, void *opaque)
{
	struct watched *w = opaque;
	double now = measure_now();

	(void)conn;
	(void)detail;
	pthread_mutex_lock(&w->lock);
	if (w->name && strcmp(virDomainGetName(domain), w->name) == 0) {
		if (event == VIR_DOMAIN_EVENT_STOPPED)
			w->stopped = now;
		if (event == VIR_DOMAIN_EVENT_STARTED && w->stopped > 0)
			w->started = now;
		pthread_cond_signal(&w->changed);
	}
	pthread_mutex_unlock(&w->lock);
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

static void expect(struct watched *w, const char *name)
{
	pthread_mutex_lock(&w->lock);
	w->name = name;
	w->stopped = w->started = 0;
	pthread_mutex_unlock(&w->lock);
}

static void wait_for(struct watched *w, const double *when, const char *what)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE_S;
	pthread_mutex_lock(&w->lock);
	while (*when <= 0)
		if (pthread_cond_timedwait(&w->changed, &w->lock, &until) != 0)
			measure_die(
			    "%s has not %s within %d s", w->name, what, PATIENCE_S);
	pthread_mutex_unlock(&w->lock);
}

static void checked(int result)
{
	if (result < 0)
		measure_die("%s", virGetLastErrorMessage());
}

static virDomainPtr find(struct bench *b, const char *name)
{
	virDomainPtr domain = virDomainLookupByName(b->conn, name);

	if (!domain)
		measure_die("%s", virGetLastErrorMessage());
	return domain;
}

static void sample_bare(struct bench *b, const char *name)
{
	virDomainPtr domain = find(b, name);
	double began, called;

	expect(&b->watched, name);
	began = measure_now();
	checked(virDomainDestroy(domain));
	called = measure_now();
	checked(virDomainCreate(domain));
	wait_for(&b->watched, &b->watched.started, "started");
	samples_add(&b->bare_back, b->watched.started - began);
	samples_add(&b->bare_event, b->watched.started - b->watched.stopped);
	samples_add(&b->bare_start, b->watched.started - called);
	virDomainFree(domain);
}

static void sample(struct bench *b, const char *name)
{
	virDomainPtr domain = find(b, name);
	double began;

	expect(&b->watched, name);
	began = measure_now();
	checked(virDomainDestroy(domain));
	wait_for(&b->watched, &b->watched.started, "been started by homek8sd");
	samples_add(&b->back, b->watched.started - began);
	samples_add(&b->event, b->watched.started - b->watched.stopped);
	virDomainFree(domain);
	measure_sleep(began + b->spacing - measure_now());
}

static void run_blocks(struct bench *b, long samples, long block, char **names, int count)
{
	for (long done = 0; done < samples; done += block) {
		kill(b->daemon, SIGSTOP);
		for (long i = 0; i < block; i++)
			sample_bare(b, names[0]);
		kill(b->daemon, SIGCONT);
		measure_sleep(500e3); /* all that is reported to it now */
		for (long i = 0; i < block; i++)
			sample(b, names[1 + (done + i) % (count - 1)]);
	}
}

static void connect_all(struct bench *b, const char *uri)
{
	pthread_t thread;

	pthread_mutex_init(&b->watched.lock, NULL);
	pthread_cond_init(&b->watched.changed, NULL);
	checked(virEventRegisterDefaultImpl());
	b->conn = virConnectOpen(uri);
	b->listener = virConnectOpen(uri);
	if (!b->conn || !b->listener)
		measure_die("%s", virGetLastErrorMessage());
	checked(virConnectDomainEventRegisterAny(b->listener, NULL,
	    VIR_DOMAIN_EVENT_ID_LIFECYCLE,
	    VIR_DOMAIN_EVENT_CALLBACK((void (*)(void))on_lifecycle), &b->watched, NULL));
	if (pthread_create(&thread, NULL, run_events, NULL) != 0)
		measure_die("no thread");
	pthread_detach(thread);
}

int main(int argc, char **argv)
{
	static struct bench b;

	if (argc < 8)
		measure_die("usage: bench_virt URI PID SAMPLES BLOCK SPACING-MS "
			    "BARE-DOMAIN DOMAIN...");
	connect_all(&b, argv[1]);
	b.daemon = (pid_t)strtol(argv[2], NULL, 10);
	b.spacing = strtod(argv[5], NULL) * 1e3;
	run_blocks(
	    &b, strtol(argv[3], NULL, 10), strtol(argv[4], NULL, 10), argv + 6, argc - 6);
	measure_say_samples("bare_back", &b.bare_back);
	measure_say_samples("bare_event", &b.bare_event);
	measure_say_samples("bare_start", &b.bare_start);
	measure_say_samples("back", &b.back);
	measure_say_samples("event", &b.event);
	return 0;
}
