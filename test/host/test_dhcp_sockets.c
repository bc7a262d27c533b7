/* SPDX-License-Identifier: MIT */
/* dhcp_sockets: in a network namespace of its own, with sockets of the test. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/host/dhcp_sockets.h"
#include "test/host/suites.h"

static bool begin(void)
{
	if (!own_network()) {
		printf("skipped: needs ip (iproute2) and a network of its own: root, a "
		       "privileged container\n");
		return false;
	}
	ck_assert_int_eq(
	    system("ip link add br8 type bridge && ip link add br9 type bridge"), 0);
	return true;
}

/* A socket on the port, bound to the device (NULL: to none). */
static int serve(int family, int port, const char *device)
{
	struct sockaddr_in four = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port) };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6,
		.sin6_port = htons((uint16_t)port) };
	const struct sockaddr *address =
	    family == AF_INET ? (const void *)&four : (const void *)&six;
	socklen_t size = family == AF_INET ? sizeof(four) : sizeof(six);
	int fd = socket(family, SOCK_DGRAM, 0);

	ck_assert_int_ge(fd, 0);
	if (device)
		ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device,
				     (socklen_t)strlen(device)),
		    0);
	ck_assert_int_eq(bind(fd, address, size), 0);
	return fd;
}

START_TEST(who_serves_on_the_bridge_is_found)
{
	static const struct {
		const char *what;
		int family, port;
		const char *device;
		enum dhcp_served found;
	} rows[] = {
		{ "DHCP", AF_INET, 67, "br9", DHCP_SERVED },
		{ "DHCP on another bridge", AF_INET, 67, "br8", DHCP_NOT_SERVED },
		{ "DHCP on all of them", AF_INET, 67, NULL, DHCP_SERVED },
		{ "DNS", AF_INET, 53, "br9", DHCP_NOT_SERVED },
		{ "DHCPv6", AF_INET6, 547, "br9", DHCP_SERVED },
		{ "a client", AF_INET, 68, "br9", DHCP_NOT_SERVED },
	};
	int fd;

	if (!begin())
		return;
	ck_assert_int_eq(dhcp_sockets_find("br9"), DHCP_NOT_SERVED);
	ck_assert_int_eq(dhcp_sockets_find("br7"), DHCP_UNKNOWN);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fd = serve(rows[i].family, rows[i].port, rows[i].device);
		ck_assert_msg(
		    dhcp_sockets_find("br9") == rows[i].found, "%s", rows[i].what);
		close(fd);
		ck_assert_int_eq(dhcp_sockets_find("br9"), DHCP_NOT_SERVED);
	}
}
END_TEST

/* Among so many that they come in several messages. */
START_TEST(it_is_found_among_many)
{
	int fds[600], server;

	if (!begin())
		return;
	server = serve(AF_INET, 67, "br9");
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		fds[i] = serve(AF_INET, 10000 + (int)i, "br8");
	ck_assert_int_eq(dhcp_sockets_find("br9"), DHCP_SERVED);
	ck_assert_int_eq(dhcp_sockets_find("br8"), DHCP_NOT_SERVED);
	close(server);
	ck_assert_int_eq(dhcp_sockets_find("br9"), DHCP_NOT_SERVED);
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		close(fds[i]);
}
END_TEST

Suite *dhcp_sockets_suite(void)
{
	Suite *suite = suite_create("dhcp_sockets");
	TCase *tests = tcase_create("dhcp_sockets");

	tcase_add_test(tests, who_serves_on_the_bridge_is_found);
	tcase_add_test(tests, it_is_found_among_many);
	suite_add_tcase(suite, tests);
	return suite;
}
