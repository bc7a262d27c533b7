/* SPDX-License-Identifier: MIT */
/*
 * clients: the bare clients of the benches: one of homek8sd's socket, and one of libvirt
 * that reads a domain as homek8sd does. What fails ends the program.
 */
#ifndef TEST_BENCH_CLIENTS_H
#define TEST_BENCH_CLIENTS_H

#include <libvirt/libvirt.h>

int socket_dial(const char *path);
/* One call without parameters and its answer, which is read and dropped. */
void socket_call(int fd, const char *method);

/* The result of a call to libvirt: ends the program where it is below 0. */
void libvirt_checked(int result);
virConnectPtr libvirt_open(const char *uri);
/* All domains, the caller's to free, and their number. */
int libvirt_domains(virConnectPtr conn, virDomainPtr **domains);
/* The calls that read a domain whole. */
void libvirt_read_domain(virConnectPtr conn, const char *name);

#endif
