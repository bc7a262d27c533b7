/* SPDX-License-Identifier: MIT */
/* clients: as few calls as can do the same. */
#include "test/bench/clients.h"

#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "test/bench/measure.h"

int socket_dial(const char *path)
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

void socket_call(int fd, const char *method)
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

void libvirt_checked(int result)
{
	if (result < 0)
		measure_die("%s", virGetLastErrorMessage());
}

virConnectPtr libvirt_open(const char *uri)
{
	virConnectPtr conn = virConnectOpen(uri);

	if (!conn)
		measure_die("%s", virGetLastErrorMessage());
	return conn;
}

int libvirt_domains(virConnectPtr conn, virDomainPtr **domains)
{
	int count = virConnectListAllDomains(conn, domains, 0);

	libvirt_checked(count);
	return count;
}

void libvirt_read_domain(virConnectPtr conn, const char *name)
{
	virDomainPtr domain = virDomainLookupByName(conn, name);
	int state, reason, autostart;

	if (!domain)
		measure_die("%s", virGetLastErrorMessage());
	libvirt_checked(virDomainGetState(domain, &state, &reason, 0));
	libvirt_checked(virDomainIsPersistent(domain));
	libvirt_checked(virDomainGetAutostart(domain, &autostart));
	libvirt_checked(virDomainHasManagedSaveImage(domain, 0));
	free(virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE));
	if (state != VIR_DOMAIN_SHUTOFF)
		free(virDomainGetXMLDesc(domain, 0));
	virDomainFree(domain);
}
