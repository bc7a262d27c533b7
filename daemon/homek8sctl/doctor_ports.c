/* SPDX-License-Identifier: MIT */
/*
 * doctor_ports: who listens where libvirt's dnsmasq will: on port 53 of each network's own
 * address and on port 67 of its bridge. A server that takes either on every address keeps
 * libvirt's from starting; libvirt's own are named by their command line.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/homek8sctl/doctor.h"

#define DNS 53
#define DHCP 67
#define TCP_LISTEN 0x0a

struct listener {
	unsigned port;
	unsigned long inode;
};

struct owner {
	const char *name;    /* NULL: nobody we may see */
	const char *command; /* its arguments, joined by blanks */
	bool is_libvirts;
};

static bool is_every_address(const char *hex, size_t length)
{
	return strspn(hex, "0") >= length;
}

/* A line of /proc/net/{udp,tcp}[6]: "sl: ADDRESS:PORT REMOTE:PORT STATE ... UID TIMEOUT
 * INODE". */
static bool read_line(const char *line, bool tcp, struct listener *out)
{
	char address[40];
	unsigned port, state;
	unsigned long inode;

	if (sscanf(line, " %*u: %39[0-9A-F]:%x %*[0-9A-F]:%*x %x %*s %*s %*s %*u %*u %lu",
		address, &port, &state, &inode) != 4)
		return false;
	if (!is_every_address(address, strlen(address)) || (tcp && state != TCP_LISTEN))
		return false;
	*out = (struct listener){ port, inode };
	return port == DNS || (port == DHCP && !tcp);
}

static const struct listener *find_listeners(struct doctor *d, size_t *count)
{
	static const char *const files[] = { "/proc/net/udp", "/proc/net/udp6",
		"/proc/net/tcp", "/proc/net/tcp6" };
	struct listener *found = NULL, one;

	*count = 0;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		const char *text = doctor_read(d, files[i]);

		for (; text && *text; text = strchr(text, '\n')) {
			text += *text == '\n';
			if (read_line(text, i >= 2, &one))
				*(struct listener *)arena_push(
				    d->arena, &found, count, sizeof(one)) = one;
		}
	}
	return found;
}

/* Whether a process has this socket open. */
static bool has_socket(struct doctor *d, const char *pid, unsigned long inode)
{
	const char *name = arena_printf(d->arena, "socket:[%lu]", inode);
	const char *path = doctor_path(d, arena_printf(d->arena, "/proc/%s/fd", pid));
	DIR *directory = opendir(path);
	bool found = false;
	char link[64];

	for (struct dirent *e; directory && !found && (e = readdir(directory));) {
		ssize_t length =
		    readlinkat(dirfd(directory), e->d_name, link, sizeof(link));

		found = length == (ssize_t)strlen(name) &&
			memcmp(link, name, (size_t)length) == 0;
	}
	if (directory)
		closedir(directory);
	return found;
}

static struct owner describe(struct doctor *d, const char *pid)
{
	const char *name = doctor_read(d, arena_printf(d->arena, "/proc/%s/comm", pid));
	const char *path =
	    doctor_path(d, arena_printf(d->arena, "/proc/%s/cmdline", pid));
	char command[512] = "";
	FILE *f = fopen(path, "re");
	size_t length = f ? fread(command, 1, sizeof(command) - 1, f) : 0;

	if (f)
		fclose(f);
	for (size_t i = 0; i < length; i++)
		if (command[i] == '\0')
			command[i] = ' ';
	return (struct owner){
		.name = arena_copy_n(d->arena, name, strcspn(name, "\n")),
		.command = arena_copy(d->arena, command),
		.is_libvirts = strstr(command, "/libvirt/dnsmasq/") != NULL,
	};
}

static struct owner owner_of(struct doctor *d, unsigned long inode)
{
	DIR *directory = opendir(doctor_path(d, "/proc"));
	struct owner owner = { 0 };

	for (struct dirent *e; directory && !owner.name && (e = readdir(directory));)
		if (strspn(e->d_name, "0123456789") == strlen(e->d_name) &&
		    has_socket(d, e->d_name, inode))
			owner = describe(d, e->d_name);
	if (directory)
		closedir(directory);
	return owner;
}

static void report(struct doctor *d, unsigned port, const struct owner *owner)
{
	const char *what = port == DNS ? "DNS" : "DHCP";

	if (!owner->name && port == DHCP) {
		/* It may be libvirt's own. */
		doctor_answer(d, OUTCOME_SKIP,
		    "somebody serves DHCP (UDP port 67); to say who takes root");
		return;
	}
	doctor_answer(d, OUTCOME_FAIL,
	    "%s serves %s on every address (port %u), so that libvirt's dnsmasq cannot on its networks'",
	    owner->name ? owner->name : "somebody", what, port);
	if (owner->name && strcmp(owner->name, "dnsmasq") == 0)
		doctor_command(d,
		    "echo bind-dynamic >/etc/dnsmasq.d/homek8s.conf && systemctl restart dnsmasq");
	else
		doctor_advise(d,
		    "have it listen on the addresses it is for; `ss -lntup 'sport = :%u'` shows it",
		    port);
}

void check_ports(struct doctor *d)
{
	const char *uri = d->home.config->settings.libvirt.uri;
	const struct listener *found;
	bool said[DHCP + 1] = { false };
	size_t count, before = d->count;

	if (strncmp(uri, "qemu:///", 8) != 0) {
		doctor_answer(
		    d, OUTCOME_SKIP, "networks are those of %s (libvirt.uri)", uri);
		return;
	}
	found = find_listeners(d, &count);
	for (size_t i = 0; i < count; i++) {
		struct owner owner = owner_of(d, found[i].inode);

		if (owner.is_libvirts || said[found[i].port])
			continue;
		said[found[i].port] = true;
		report(d, found[i].port, &owner);
	}
	if (d->count == before)
		doctor_answer(
		    d, OUTCOME_PASS, "nobody else serves DNS or DHCP on every address");
}
