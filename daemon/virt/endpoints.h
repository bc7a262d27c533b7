/* SPDX-License-Identifier: MIT */
/*
 * endpoints: which of libvirt's daemons serves what. Where its drivers are separate daemons,
 * networks have a connection of their own: through the other daemon's, the loss of theirs
 * would go unnoticed for ever.
 */
#ifndef DAEMON_VIRT_ENDPOINTS_H
#define DAEMON_VIRT_ENDPOINTS_H

#include "lib/model/settings.h"

/* The URI of the connection for networks, borrowed from the settings or a constant; NULL:
 * the other one serves them, too. */
const char *endpoints_network_uri(const struct libvirt_settings *settings);

#endif
