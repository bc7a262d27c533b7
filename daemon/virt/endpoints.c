/* SPDX-License-Identifier: MIT */
/* endpoints: by the socket of libvirt's daemon for networks. */
#include "daemon/virt/endpoints.h"

#include <string.h>
#include <unistd.h>

#define SYSTEM_URI "qemu:///system"
#define NETWORK_URI "network:///system"
#define NETWORK_SOCKET "/run/libvirt/virtnetworkd-sock"

const char *endpoints_network_uri(const struct libvirt_settings *settings)
{
	const char *uri = settings->network_uri;

	if (uri && strcmp(uri, "auto") == 0) {
		bool separate = strcmp(settings->uri, SYSTEM_URI) == 0 &&
				access(NETWORK_SOCKET, F_OK) == 0;

		uri = separate ? NETWORK_URI : NULL;
	}
	return uri && strcmp(uri, settings->uri) != 0 ? uri : NULL;
}
