/* SPDX-License-Identifier: MIT */
/*
 * bench_floor: the least that any program like homek8sd costs: it loads libvirt and
 * libcurl, connects to both, asks for events, reads everything once and then idles with
 * keepalive on. It sends the service manager what homek8sd sends: READY=1 when it runs,
 * STATUS=converged when it has read everything.
 */
#include <curl/curl.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "test/bench/measure.h"

#define KEEPALIVE_S 5
#define KEEPALIVE_COUNT 3

static int on_lifecycle(
    virConnectPtr conn, virDomainPtr domain, int event, int detail, void *opaque)
{
	(void)conn;
	(void)domain;
	(void)event;
	(void)detail;
	(void)opaque;
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

static void read_domains(virConnectPtr conn)
{
	virDomainPtr *domains;
	int count = virConnectListAllDomains(conn, &domains, 0);

	for (int i = 0; i < count; i++) {
		free(virDomainGetXMLDesc(domains[i], VIR_DOMAIN_XML_INACTIVE));
		free(virDomainGetXMLDesc(domains[i], 0));
		virDomainFree(domains[i]);
	}
	if (count >= 0)
		free(domains);
}

static void read_networks(virConnectPtr conn)
{
	virNetworkPtr *networks;
	int count = virConnectListAllNetworks(conn, &networks, 0);

	for (int i = 0; i < count; i++) {
		free(virNetworkGetXMLDesc(networks[i], 0));
		virNetworkFree(networks[i]);
	}
	if (count >= 0)
		free(networks);
}

static size_t drop(char *bytes, size_t size, size_t count, void *arg)
{
	(void)bytes;
	(void)arg;
	return size * count;
}

static void get(CURL *easy, const char *server, const char *path)
{
	char url[1024];

	snprintf(url, sizeof(url), "%s%s", server, path);
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop);
	if (curl_easy_perform(easy) != CURLE_OK)
		measure_die("%s does not answer", url);
}

static virConnectPtr connect_libvirt(const char *uri)
{
	pthread_t thread;
	virConnectPtr conn;

	if (virEventRegisterDefaultImpl() < 0 ||
	    pthread_create(&thread, NULL, run_events, NULL) != 0)
		measure_die("no event loop");
	pthread_detach(thread);
	conn = virConnectOpen(uri);
	if (!conn || virConnectSetKeepAlive(conn, KEEPALIVE_S, KEEPALIVE_COUNT) < 0)
		measure_die("%s", virGetLastErrorMessage());
	if (virConnectDomainEventRegisterAny(conn, NULL, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
		VIR_DOMAIN_EVENT_CALLBACK((void (*)(void))on_lifecycle), NULL, NULL) < 0)
		measure_die("%s", virGetLastErrorMessage());
	return conn;
}

int main(int argc, char **argv)
{
	virConnectPtr conn;
	CURL *easy;

	if (argc != 3)
		measure_die("usage: bench_floor LIBVIRT-URI API-SERVER");
	sd_notify(0, "READY=1");
	conn = connect_libvirt(argv[1]);
	read_domains(conn);
	read_networks(conn);
	curl_global_init(CURL_GLOBAL_ALL);
	easy = curl_easy_init();
	get(easy, argv[2], "/version");
	get(easy, argv[2], "/api/v1/nodes");
	get(easy, argv[2], "/api/v1/services");
	get(easy, argv[2], "/apis/metallb.io/v1beta1/ipaddresspools");
	get(easy, argv[2], "/apis/metallb.io/v1beta1/l2advertisements");
	sd_notify(0, "STATUS=converged");
	for (;;)
		pause();
}
