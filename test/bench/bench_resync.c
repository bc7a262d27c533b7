/* SPDX-License-Identifier: MIT */
/*
 * bench_resync: how long homek8sd takes to read every domain there is, and how fast its
 * socket answers meanwhile.
 *
 * The end of a resync does not show from outside, so something is made wrong that no
 * event reports: the autostart flag of the domain that comes last in libvirt's list,
 * which is the order of reading. From the request to the flag's being mended is a
 * resync, a plan and a call. The floor is a client that makes the same calls to read.
 *
 * Another thread asks the socket all the time for something that costs nothing to answer,
 * so what it measures is how long the main loop lets it wait.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "test/bench/clients.h"
#include "test/bench/measure.h"

#define PATIENCE_US 20e6
#define PAUSE_US 500
#define QUIET_US 1e6

struct asker {
	int fd;
	bool over;
	struct samples took;
};

static void *run_asker(void *arg)
{
	struct asker *a = arg;

	while (!__atomic_load_n(&a->over, __ATOMIC_ACQUIRE)) {
		double began = measure_now();

		socket_call(a->fd, "org.varlink.service.GetInfo");
		samples_add(&a->took, measure_now() - began);
		measure_sleep(PAUSE_US);
	}
	return NULL;
}

static pthread_t start_asking(struct asker *a)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run_asker, a) != 0)
		measure_die("no thread");
	return thread;
}

static void stop_asking(struct asker *a, pthread_t thread, const char *name)
{
	__atomic_store_n(&a->over, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	measure_say_samples(name, &a->took);
	samples_done(&a->took);
	a->over = false;
}

static void bare_resync(virConnectPtr conn, struct samples *s)
{
	double began = measure_now();
	virDomainPtr *domains;
	int count = libvirt_domains(conn, &domains);

	for (int i = 0; i < count; i++) {
		libvirt_read_domain(conn, virDomainGetName(domains[i]));
		virDomainFree(domains[i]);
	}
	free(domains);
	samples_add(s, measure_now() - began);
}

static virDomainPtr last_domain(virConnectPtr conn)
{
	virDomainPtr *domains, last;
	int count = libvirt_domains(conn, &domains);

	if (count < 1)
		measure_die("there are no domains");
	for (int i = 0; i < count - 1; i++)
		virDomainFree(domains[i]);
	last = domains[count - 1];
	free(domains);
	measure_say("domains", count);
	return last;
}

static void resync(virDomainPtr last, int fd, struct samples *s)
{
	int autostart = 0;
	double began;

	libvirt_checked(virDomainSetAutostart(last, 0));
	began = measure_now();
	socket_call(fd, "io.homek8s.Manager.Reconcile");
	while (!autostart) {
		measure_sleep(2e3);
		libvirt_checked(virDomainGetAutostart(last, &autostart));
		if (measure_now() - began > PATIENCE_US)
			measure_die("homek8sd did not mend %s", virDomainGetName(last));
	}
	samples_add(s, measure_now() - began);
	measure_sleep(300e3); /* it reads what it did, and plans */
}

int main(int argc, char **argv)
{
	struct asker asker = { 0 };
	struct samples bare = { 0 }, resyncs = { 0 };
	virConnectPtr conn;
	virDomainPtr last;
	pthread_t thread;
	long runs;
	int fd;

	if (argc != 4)
		measure_die("usage: bench_resync LIBVIRT-URI SOCKET RUNS");
	conn = libvirt_open(argv[1]);
	runs = strtol(argv[3], NULL, 10);
	fd = socket_dial(argv[2]);
	asker.fd = socket_dial(argv[2]);
	last = last_domain(conn);
	for (long i = 0; i < runs; i++)
		bare_resync(conn, &bare);
	thread = start_asking(&asker);
	measure_sleep(QUIET_US);
	stop_asking(&asker, thread, "quiet_answer");
	thread = start_asking(&asker);
	for (long i = 0; i < runs; i++)
		resync(last, fd, &resyncs);
	stop_asking(&asker, thread, "answer");
	measure_say_samples("bare_resync", &bare);
	measure_say_samples("resync", &resyncs);
	virDomainFree(last);
	virConnectClose(conn);
	return 0;
}
