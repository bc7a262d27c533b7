/* SPDX-License-Identifier: MIT */
/*
 * socket_watch: reports when a socket of libvirt's appears, so that a connection need not
 * wait for its next try. Hides where the sockets of an URI are. On the main loop.
 */
#ifndef DAEMON_VIRT_SOCKET_WATCH_H
#define DAEMON_VIRT_SOCKET_WATCH_H

#include <ev.h>

struct socket_watch;

/*
 * Watches for the socket that `uri` leads to: that of its parameter `socket`, or any
 * libvirt socket in /run/libvirt for the system's daemons on this host. NULL where it
 * leads to none such, or the directory cannot be watched: then there is only the back-off.
 * appeared() is called for each one made there; it may not answer yet.
 */
struct socket_watch *socket_watch_new(
    struct ev_loop *loop, const char *uri, void (*appeared)(void *arg), void *arg);
void socket_watch_free(struct socket_watch *watch); /* NULL allowed */

#endif
