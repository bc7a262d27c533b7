/* SPDX-License-Identifier: MIT */
/* auto: libvirt's handles as locals that free themselves. */
#ifndef DAEMON_VIRT_AUTO_H
#define DAEMON_VIRT_AUTO_H

#include <libvirt/libvirt.h>

static inline void cleanup_domain(virDomainPtr *domain)
{
	if (*domain)
		virDomainFree(*domain);
}

static inline void cleanup_network(virNetworkPtr *network)
{
	if (*network)
		virNetworkFree(*network);
}

static inline void cleanup_pool(virStoragePoolPtr *pool)
{
	if (*pool)
		virStoragePoolFree(*pool);
}

static inline void cleanup_volume(virStorageVolPtr *volume)
{
	if (*volume)
		virStorageVolFree(*volume);
}

#define autodomain __attribute__((cleanup(cleanup_domain)))
#define autonetwork __attribute__((cleanup(cleanup_network)))
#define autopool __attribute__((cleanup(cleanup_pool)))
#define autovolume __attribute__((cleanup(cleanup_volume)))

#endif
