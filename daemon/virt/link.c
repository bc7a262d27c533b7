/* SPDX-License-Identifier: MIT */
/* link: opening and closing a connection, on the call thread. */
#include "daemon/virt/link.h"

/* Dead after interval x (count + 1) = 20 s without a sign of life. */
#define KEEPALIVE_INTERVAL_S 5
#define KEEPALIVE_COUNT 3

/* A driver inside our own process has nothing to keep alive. */
static int keep_alive(virConnectPtr conn, struct fault *fault)
{
	if (virConnectSetKeepAlive(conn, KEEPALIVE_INTERVAL_S, KEEPALIVE_COUNT) >= 0)
		return 0;
	fault_take(fault, conn);
	return fault->code == VIR_ERR_NO_SUPPORT ? 0 : -1;
}

int link_open(struct link *link, const char *uri, uint64_t key, bool domains,
    bool networks, unsigned long *version, struct fault *fault)
{
	link_close(link);
	link->conn = virConnectOpen(uri);
	if (!link->conn)
		return fault_take(fault, NULL);
	link->key = key;
	if (keep_alive(link->conn, fault) < 0 ||
	    events_attach(link->conn, key, domains, networks, &link->attachment, fault) <
		0) {
		link_close(link);
		return -1;
	}
	if (virConnectGetLibVersion(link->conn, version) < 0) {
		fault_take(fault, link->conn);
		link_close(link);
		return -1;
	}
	return 0;
}

void link_close(struct link *link)
{
	if (!link->conn)
		return;
	events_detach(link->conn, &link->attachment);
	virConnectClose(link->conn);
	link->conn = NULL;
	link->key = 0;
}

virConnectPtr link_use(const struct link *link, uint64_t key, struct fault *fault)
{
	if (link->conn && link->key == key)
		return link->conn;
	fault_closed(fault);
	return NULL;
}
