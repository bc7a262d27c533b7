/* SPDX-License-Identifier: MIT */
/* links: a multicast group that is listened to, and a dump for each question. */
#include "daemon/host/links.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/cleanup.h"

#define ROOM (32 * 1024) /* more than the kernel puts into one message of a dump */
#define SETTLE_S 0.1	 /* what belongs together is reported once */
#define DUMP_TIMEOUT_S 1

struct links {
	struct ev_loop *loop;
	ev_io io;
	ev_timer settle;
	void (*changed)(void *arg);
	void *arg;
};

/* What is used of one interface; texts are the message's. */
struct link_info {
	unsigned index, master; /* master 0: on no bridge */
	const char *name, *kind;
};

static void read_kind(const struct rtattr *outer, struct link_info *out)
{
	unsigned left = (unsigned)RTA_PAYLOAD(outer);

	for (const struct rtattr *a = RTA_DATA(outer); RTA_OK(a, left);
	     a = RTA_NEXT(a, left))
		if (a->rta_type == IFLA_INFO_KIND)
			out->kind = RTA_DATA(a);
}

static struct link_info read_link(const struct nlmsghdr *message)
{
	const struct ifinfomsg *head = NLMSG_DATA(message);
	struct link_info out = { .index = (unsigned)head->ifi_index, .kind = "" };
	unsigned left = (unsigned)IFLA_PAYLOAD(message);

	for (const struct rtattr *a = IFLA_RTA(head); RTA_OK(a, left);
	     a = RTA_NEXT(a, left)) {
		if (a->rta_type == IFLA_IFNAME)
			out.name = RTA_DATA(a);
		else if (a->rta_type == IFLA_MASTER)
			memcpy(&out.master, RTA_DATA(a), sizeof(out.master));
		else if (a->rta_type == IFLA_LINKINFO)
			read_kind(a, &out);
	}
	return out;
}

static int open_socket(unsigned groups, int flags)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | flags, NETLINK_ROUTE);
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = groups };

	if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Watching */

static bool concerns_guests(const struct nlmsghdr *message)
{
	struct link_info link;

	if (message->nlmsg_type != RTM_NEWLINK && message->nlmsg_type != RTM_DELLINK)
		return false;
	link = read_link(message);
	return strcmp(link.kind, "tun") == 0 || strcmp(link.kind, "bridge") == 0;
}

static void on_settled(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct links *links = timer->data;

	(void)loop;
	(void)events;
	links->changed(links->arg);
}

/* What got lost because there was no room may have concerned guests as well. */
static void on_message(struct ev_loop *loop, ev_io *io, int events)
{
	struct links *links = io->data;
	_Alignas(struct nlmsghdr) char room[ROOM];
	ssize_t got;
	bool concerns = false;

	(void)events;
	while ((got = recv(io->fd, room, sizeof(room), 0)) > 0 || errno == ENOBUFS) {
		size_t left = got > 0 ? (size_t)got : 0;

		concerns |= got < 0;
		for (const struct nlmsghdr *m = (const struct nlmsghdr *)room;
		     NLMSG_OK(m, left); m = NLMSG_NEXT(m, left))
			concerns |= concerns_guests(m);
	}
	if (concerns && !ev_is_active(&links->settle)) {
		ev_timer_set(&links->settle, SETTLE_S, 0.0);
		ev_timer_start(loop, &links->settle);
	}
}

struct links *links_new(struct ev_loop *loop, void (*changed)(void *arg), void *arg)
{
	int fd = open_socket(RTMGRP_LINK, SOCK_NONBLOCK);
	struct links *links;

	if (fd < 0)
		return NULL;
	links = must_alloc(sizeof(*links));
	links->loop = loop;
	links->changed = changed;
	links->arg = arg;
	ev_io_init(&links->io, on_message, fd, EV_READ);
	ev_timer_init(&links->settle, on_settled, SETTLE_S, 0.0);
	links->io.data = links->settle.data = links;
	ev_io_start(loop, &links->io);
	return links;
}

void links_free(struct links *links)
{
	if (!links)
		return;
	ev_io_stop(links->loop, &links->io);
	ev_timer_stop(links->loop, &links->settle);
	close(links->io.fd);
	free(links);
}

/* Asking */

struct question {
	unsigned bridge; /* its index */
	bool is_bridge;
	struct arena *a;
	struct bridge_links *out;
};

static void add_name(
    struct arena *a, const char ***names, size_t *count, const char *name)
{
	const char **slot = arena_push(a, names, count, sizeof(*slot));

	*slot = arena_copy(a, name);
}

static void take_link(struct question *q, const struct nlmsghdr *message)
{
	struct link_info link = read_link(message);

	if (link.index == q->bridge)
		q->is_bridge = strcmp(link.kind, "bridge") == 0;
	if (!link.name || strcmp(link.kind, "tun") != 0)
		return;
	if (link.master != q->bridge)
		add_name(q->a, &q->out->strays, &q->out->stray_count, link.name);
	/* The kernel counts on: what was made later has the larger index. */
	if (link.index < q->bridge)
		add_name(q->a, &q->out->older, &q->out->older_count, link.name);
}

/* 1: more follows; 0: that was all; -1: the kernel says no, or something else. */
static int take_answer(struct question *q, int fd, char *room)
{
	ssize_t got = recv(fd, room, ROOM, 0);
	size_t left = got > 0 ? (size_t)got : 0;

	if (got <= 0)
		return got < 0 && errno == EINTR ? 1 : -1;
	for (const struct nlmsghdr *m = (const struct nlmsghdr *)(const void *)room;
	     NLMSG_OK(m, left); m = NLMSG_NEXT(m, left)) {
		if (m->nlmsg_type == NLMSG_DONE)
			return 0;
		if (m->nlmsg_type == NLMSG_ERROR)
			return -1;
		if (m->nlmsg_type == RTM_NEWLINK)
			take_link(q, m);
	}
	return 1;
}

static bool ask(int fd)
{
	struct {
		struct nlmsghdr head;
		struct ifinfomsg body;
	} request = {
		.head = { .nlmsg_len = sizeof(request),
		    .nlmsg_type = RTM_GETLINK,
		    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.body = { .ifi_family = AF_UNSPEC },
	};
	struct timeval patience = { .tv_sec = DUMP_TIMEOUT_S };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return send(fd, &request, sizeof(request), 0) == (ssize_t)sizeof(request);
}

bool links_read(const char *bridge, struct arena *a, struct bridge_links *out)
{
	struct question q = { .bridge = if_nametoindex(bridge), .a = a, .out = out };
	bool gone = !q.bridge && errno == ENODEV;
	autoclose int fd = q.bridge ? open_socket(0, 0) : -1;
	autofree char *room = fd >= 0 ? must_alloc(ROOM) : NULL;
	int more = fd >= 0 && ask(fd) ? 1 : -1;

	*out = (struct bridge_links){ .gone = gone, .index = q.bridge };
	while (more > 0)
		more = take_answer(&q, fd, room);
	if (more < 0 || !q.is_bridge)
		out->stray_count = out->older_count = 0;
	return gone || more == 0;
}
