/* SPDX-License-Identifier: MIT */
/*
 * bench_make: many domains made from nothing.
 *
 * `watch` asks the socket for the status all the time while homek8sd makes COUNT domains,
 * until all of them run, and says how long it took from the start of this program, and
 * how long the status let itself be waited for. `bare` makes the domains that are there
 * anew: it takes their XML, removes them, then defines each (checked against libvirt's
 * schema, which costs more than all the rest), sets its autostart flag, starts it, and
 * reads it once, as homek8sd must.
 */
#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>

#include "test/bench/clients.h"
#include "test/bench/measure.h"

#define PATIENCE_US 300e6
#define PAUSE_US 100e3

static void watch(virConnectPtr conn, const char *socket, long count)
{
	int fd = socket_dial(socket);
	struct samples answers = { 0 };
	double began = measure_now();
	int running = 0;

	while (running < count) {
		double asked = measure_now();

		socket_call(fd, "io.homek8s.Manager.GetStatus");
		samples_add(&answers, measure_now() - asked);
		measure_sleep(PAUSE_US);
		running = virConnectNumOfDomains(conn);
		libvirt_checked(running);
		if (measure_now() - began > PATIENCE_US)
			measure_die("%d of %ld domains run", running, count);
	}
	measure_say("made", measure_now() - began);
	measure_say_samples("status", &answers);
}

struct model {
	char *name, *xml;
	int autostart;
};

/* Takes the domain's description and removes it. */
static void take(virDomainPtr domain, struct model *model)
{
	const char *name = virDomainGetName(domain);

	model->name = strdup(name);
	model->xml = virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE);
	libvirt_checked(virDomainGetAutostart(domain, &model->autostart));
	if (virDomainIsActive(domain) == 1)
		libvirt_checked(virDomainDestroy(domain));
	libvirt_checked(virDomainUndefine(domain));
	virDomainFree(domain);
}

static void make(virConnectPtr conn, const struct model *model)
{
	virDomainPtr domain =
	    virDomainDefineXMLFlags(conn, model->xml, VIR_DOMAIN_DEFINE_VALIDATE);

	if (!domain)
		measure_die("%s", virGetLastErrorMessage());
	libvirt_checked(virDomainSetAutostart(domain, model->autostart));
	libvirt_checked(virDomainCreate(domain));
	libvirt_read_domain(conn, model->name);
	virDomainFree(domain);
}

static void bare(virConnectPtr conn)
{
	virDomainPtr *domains;
	int count = libvirt_domains(conn, &domains);
	struct model *models = calloc((size_t)count + 1, sizeof(*models));
	double began;

	if (!models)
		measure_die("no memory");
	for (int i = 0; i < count; i++)
		take(domains[i], &models[i]);
	free(domains);
	began = measure_now();
	for (int i = 0; i < count; i++)
		make(conn, &models[i]);
	measure_say("bare_made", measure_now() - began);
	for (int i = 0; i < count; i++) {
		free(models[i].name);
		free(models[i].xml);
	}
	free(models);
}

int main(int argc, char **argv)
{
	virConnectPtr conn;

	if (argc == 5 && strcmp(argv[2], "watch") == 0) {
		conn = libvirt_open(argv[1]);
		watch(conn, argv[3], strtol(argv[4], NULL, 10));
	} else if (argc == 3 && strcmp(argv[2], "bare") == 0) {
		conn = libvirt_open(argv[1]);
		bare(conn);
	} else {
		measure_die("usage: bench_make LIBVIRT-URI watch SOCKET COUNT | bare");
	}
	virConnectClose(conn);
	return 0;
}
