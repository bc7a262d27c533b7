/* SPDX-License-Identifier: MIT */
/*
 * embedded: libvirt's test driver inside this process. test:///default is one world for
 * all connections of the process, so `admin` plays the administrator who changes things
 * behind virt's back.
 */
#ifndef TEST_VIRT_EMBEDDED_H
#define TEST_VIRT_EMBEDDED_H

#include <libvirt/libvirt.h>

#include "test/virt/world.h"

#define WAIT 10000 /* ms; for what takes a few */

#define NET(name, extra)                                                                 \
	"<network><name>" name "</name><bridge name='" name "br'/>"                      \
	"<ip address='10.9.0.1' netmask='255.255.255.0'><dhcp>"                          \
	"<range start='10.9.0.100' end='10.9.0.200'/>" extra "</dhcp></ip></network>"
#define DOM(name)                                                                        \
	"<domain type='test'><name>" name "</name><memory>65536</memory>"                \
	"<os><type>hvm</type></os></domain>"
#define HOST "<host mac='52:54:00:00:00:0a' name='cp' ip='10.9.0.10'/>"

#define ROWS(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))

extern virConnectPtr admin;

/* A world that knows all of test:///default, and the administrator. */
struct world *set_up(void);
void tear_down(struct world *w);

/* The administrator defines d0000, d0001 ... */
void define_many(unsigned first, unsigned count);

/* Wait until it has been observed to be so. */
bool wait_there(struct world *w, const struct kind *kind, const char *name);
bool wait_away(struct world *w, const struct kind *kind, const char *name);
bool wait_stopped(struct world *w, const char *domain);
bool wait_running(struct world *w, const char *domain);

#endif
