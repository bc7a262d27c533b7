/* SPDX-License-Identifier: MIT */
/*
 * bench_look: how long homek8sd takes to look at every domain there is, and how fast its
 * socket answers meanwhile.
 *
 * That a full look is over cannot be seen from outside, so something is made wrong that
 * no event tells: the autostart flag of the domain that comes last in libvirt's list,
 * which is the order of looking. From the request to look to the flag's being mended is a
 * full look, a plan and a call. The floor is a client that makes the same calls to read.
 *
 * Another thread asks the socket all the time for something that costs nothing to answer,
 * so what it measures is how long the main loop lets it wait.
 */
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "test/bench/measure.h"

#define PATIENCE_US 20e6
#define PAUSE_US 500
#define QUIET_US 1e6

static int dial(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(address.sun_path))
		measure_die("%s: too long", path);
	memcpy(address.sun_path, path, strlen(path));
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		measure_die("%s: no connection", path);
	return fd;
}

/* One call and its answer, which is read and dropped. */
static void call(int fd, const char *method)
{
	char message[256], answer[65536];
	size_t length = strlen(method);
	ssize_t got;

	memcpy(message, "{\"method\":\"", 11);
	memcpy(message + 11, method, length);
	memcpy(message + 11 + length, "\"}", 3); /* the NUL ends the message */
	if (write(fd, message, length + 14) < 0)
		measure_die("homek8sd does not listen");
	do {
		got = read(fd, answer, sizeof(answer));
		if (got <= 0)
			measure_die("homek8sd does not answer %s", method);
	} while (answer[got - 1] != '\0');
}

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

		call(a->fd, "org.varlink.service.GetInfo");
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

static void checked(int result)
{
	if (result < 0)
		measure_die("%s", virGetLastErrorMessage());
}

/* As homek8sd looks at a domain. */
static void read_domain(virConnectPtr conn, const char *name)
{
	virDomainPtr domain = virDomainLookupByName(conn, name);
	int state, reason, autostart;

	if (!domain)
		measure_die("%s", virGetLastErrorMessage());
	checked(virDomainGetState(domain, &state, &reason, 0));
	checked(virDomainIsPersistent(domain));
	checked(virDomainGetAutostart(domain, &autostart));
	checked(virDomainHasManagedSaveImage(domain, 0));
	free(virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE));
	if (state != VIR_DOMAIN_SHUTOFF)
		free(virDomainGetXMLDesc(domain, 0));
	virDomainFree(domain);
}

static void bare_look(virConnectPtr conn, struct samples *s)
{
	double began = measure_now();
	virDomainPtr *domains;
	int count = virConnectListAllDomains(conn, &domains, 0);

	checked(count);
	for (int i = 0; i < count; i++) {
		read_domain(conn, virDomainGetName(domains[i]));
		virDomainFree(domains[i]);
	}
	free(domains);
	samples_add(s, measure_now() - began);
}

static virDomainPtr last_domain(virConnectPtr conn)
{
	virDomainPtr *domains, last;
	int count = virConnectListAllDomains(conn, &domains, 0);

	if (count < 1)
		measure_die("there are no domains");
	for (int i = 0; i < count - 1; i++)
		virDomainFree(domains[i]);
	last = domains[count - 1];
	free(domains);
	measure_say("domains", count);
	return last;
}

static void look(virDomainPtr last, int fd, struct samples *s)
{
	int autostart = 0;
	double began;

	checked(virDomainSetAutostart(last, 0));
	began = measure_now();
	call(fd, "io.homek8s.Manager.Reconcile");
	while (!autostart) {
		measure_sleep(2e3);
		checked(virDomainGetAutostart(last, &autostart));
		if (measure_now() - began > PATIENCE_US)
			measure_die("homek8sd did not mend %s", virDomainGetName(last));
	}
	samples_add(s, measure_now() - began);
	measure_sleep(300e3); /* its own look at what it did, and a plan */
}

int main(int argc, char **argv)
{
	struct asker asker = { 0 };
	struct samples bare = { 0 }, looks = { 0 };
	virConnectPtr conn;
	virDomainPtr last;
	pthread_t thread;
	long runs;
	int fd;

	if (argc != 4)
		measure_die("usage: bench_look LIBVIRT-URI SOCKET RUNS");
	conn = virConnectOpen(argv[1]);
	if (!conn)
		measure_die("%s", virGetLastErrorMessage());
	runs = strtol(argv[3], NULL, 10);
	fd = dial(argv[2]);
	asker.fd = dial(argv[2]);
	last = last_domain(conn);
	for (long i = 0; i < runs; i++)
		bare_look(conn, &bare);
	thread = start_asking(&asker);
	measure_sleep(QUIET_US);
	stop_asking(&asker, thread, "quiet_answer");
	thread = start_asking(&asker);
	for (long i = 0; i < runs; i++)
		look(last, fd, &looks);
	stop_asking(&asker, thread, "answer");
	measure_say_samples("bare_look", &bare);
	measure_say_samples("look", &looks);
	virDomainFree(last);
	virConnectClose(conn);
	return 0;
}
