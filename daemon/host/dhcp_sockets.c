/* SPDX-License-Identifier: MIT */
/* dhcp_sockets: a dump of UDP sockets for each family of addresses. */
#include "daemon/host/dhcp_sockets.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "lib/base/cleanup.h"

#define SERVER_PORT 67
#define SERVER_PORT_6 547
#define ROOM 32768
#define PATIENCE_S 1 /* the kernel answers at once */

/* False: it cannot be sent. */
static bool request(int fd, int family)
{
	struct {
		struct nlmsghdr head;
		struct inet_diag_req_v2 body;
	} message = {
		.head = { .nlmsg_len = sizeof(message),
		    .nlmsg_type = SOCK_DIAG_BY_FAMILY,
		    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.body = { .sdiag_family = (unsigned char)family,
		    .sdiag_protocol = IPPROTO_UDP,
		    .idiag_states = UINT32_MAX },
	};

	return send(fd, &message, sizeof(message), 0) == (ssize_t)sizeof(message);
}

static bool serves(const struct nlmsghdr *message, int family, unsigned interface)
{
	const struct inet_diag_msg *socket = NLMSG_DATA(message);
	in_port_t port = htons(family == AF_INET ? SERVER_PORT : SERVER_PORT_6);

	return socket->id.idiag_sport == port &&
	       (!socket->id.idiag_if || socket->id.idiag_if == interface);
}

/* What one message says; `more`: the dump goes on. */
static enum dhcp_served read_message(
    const struct nlmsghdr *message, int family, unsigned interface, bool *more)
{
	*more = message->nlmsg_type == SOCK_DIAG_BY_FAMILY;
	if (message->nlmsg_type == NLMSG_DONE)
		return DHCP_NOT_SERVED;
	if (!*more)
		return DHCP_UNKNOWN;
	return serves(message, family, interface) ? DHCP_SERVED : DHCP_NOT_SERVED;
}

static enum dhcp_served read_dump(int fd, int family, unsigned interface)
{
	_Alignas(struct nlmsghdr) char room[ROOM];
	enum dhcp_served found = DHCP_NOT_SERVED, says;
	ssize_t got;
	bool more;

	while ((got = recv(fd, room, sizeof(room), 0)) > 0) {
		size_t left = (size_t)got;

		for (const struct nlmsghdr *m = (const struct nlmsghdr *)room;
		     NLMSG_OK(m, left); m = NLMSG_NEXT(m, left)) {
			says = read_message(m, family, interface, &more);
			if (says == DHCP_SERVED)
				found = says;
			if (!more)
				return says == DHCP_UNKNOWN ? says : found;
		}
	}
	return DHCP_UNKNOWN;
}

static enum dhcp_served find(int family, unsigned interface)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	autoclose int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0 ||
	    !request(fd, family))
		return DHCP_UNKNOWN;
	return read_dump(fd, family, interface);
}

enum dhcp_served dhcp_sockets_find(const char *interface)
{
	unsigned index = if_nametoindex(interface);
	enum dhcp_served four, six;

	if (!index)
		return DHCP_UNKNOWN;
	four = find(AF_INET, index);
	if (four == DHCP_SERVED)
		return four;
	six = find(AF_INET6, index);
	return six == DHCP_NOT_SERVED ? four : six;
}
