/* SPDX-License-Identifier: MIT */
/*
 * dnsmasq: the process that libvirt runs for a network of this host. libvirt reports
 * neither that it has died nor that it lives: what is known of it is the file with its
 * process id. Hides where that is, pidfds, and how a process is known for another that has
 * been given its number.
 */
#ifndef DAEMON_HOST_DNSMASQ_H
#define DAEMON_HOST_DNSMASQ_H

#include <ev.h>
#include <stdbool.h>

/*
 * The process id of a network's dnsmasq, as it is written; 0: there is none written, though
 * the system's libvirt would have written one; -1: that cannot be known. `alive` is set
 * where there is one: whether it runs. `bridge`: on which it serves DHCP, NULL: it serves
 * none. On any thread; waits for nothing.
 */
int dnsmasq_pid(const char *network, const char *bridge, bool *alive);

/* Watches processes of networks, on the main loop. */
struct dnsmasq_watch;

/* Calls back once for each that has ended. */
struct dnsmasq_watch *dnsmasq_watch_new(
    struct ev_loop *loop, void (*ended)(void *arg, const char *network), void *arg);
void dnsmasq_watch_free(struct dnsmasq_watch *watch); /* NULL allowed */
/* The network's process is this one from now on; 0: it has none. */
void dnsmasq_watch_set(struct dnsmasq_watch *watch, const char *network, int pid);

#endif
