/* SPDX-License-Identifier: MIT */
/* doctor_libvirt: whether libvirt is there, listens, and lets the service in. */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/homek8sctl/doctor.h"

#define OLDEST 9000 /* 9.0.0, of Debian 12 */

#define LIBVIRTD "/run/libvirt/libvirt-sock"
#define VIRTQEMUD "/run/libvirt/virtqemud-sock"
#define VIRTNETWORKD "/run/libvirt/virtnetworkd-sock"

/* "libvirt.so.0.9000.0" is 9.0.0; 0: not known. */
static unsigned version(struct doctor *d)
{
	static const char *const places[] = { "/usr/lib/*/libvirt.so.0",
		"/usr/lib64/libvirt.so.0", "/usr/lib/libvirt.so.0" };
	unsigned number = 0;

	for (size_t i = 0; !number && i < sizeof(places) / sizeof(places[0]); i++) {
		char target[64] = "";
		glob_t found;

		if (glob(doctor_path(d, places[i]), 0, NULL, &found))
			continue;
		if (readlink(found.gl_pathv[0], target, sizeof(target) - 1) > 0)
			sscanf(target, "libvirt.so.0.%u.", &number);
		globfree(&found);
	}
	return number;
}

/* The socket that qemu:///system leads to, or NULL. */
static const char *socket_of(struct doctor *d)
{
	static const char *const sockets[] = { LIBVIRTD, VIRTQEMUD, NULL };

	return doctor_first(d, sockets);
}

static void report_missing(struct doctor *d)
{
	static const char *const daemons[] = { "/usr/sbin/libvirtd",
		"/usr/sbin/virtqemud", "/usr/bin/libvirtd", "/usr/bin/virtqemud", NULL };
	const char *program = doctor_first(d, daemons);

	if (!program) {
		doctor_answer(d, OUTCOME_FAIL, "libvirt is not installed");
		doctor_install(d, "libvirt-daemon-system");
		return;
	}
	doctor_answer(d, OUTCOME_FAIL, "libvirt is installed and not started");
	if (strstr(program, "libvirtd"))
		doctor_command(d, "systemctl enable --now libvirtd.socket");
	else
		doctor_command(d,
		    "systemctl enable --now virtqemud.socket virtnetworkd.socket virtstoraged.socket");
}

static void report_reached(struct doctor *d, const char *socket)
{
	unsigned number = version(d);
	const char *text = number ? arena_printf(d->arena, "libvirt %u.%u listens at ",
					number / 1000, number % 1000)
				  : "it listens at ";

	if (strcmp(socket, VIRTQEMUD) == 0 && !doctor_has(d, VIRTNETWORKD)) {
		doctor_answer(d, OUTCOME_FAIL,
		    "%s%s, but no virtnetworkd does: there are no networks", text,
		    socket);
		doctor_command(d, "systemctl enable --now virtnetworkd.socket");
	} else if (number && number < OLDEST) {
		doctor_answer(d, OUTCOME_WARN,
		    "%s%s; homek8sd was tested with 9.0 and later", text, socket);
	} else {
		doctor_answer(d, OUTCOME_PASS, "%s%s", text, socket);
	}
}

static bool is_elsewhere(struct doctor *d)
{
	const char *uri = d->home.config->settings.libvirt.uri;

	if (strcmp(uri, "qemu:///system") == 0)
		return false;
	doctor_answer(d, OUTCOME_SKIP,
	    "libvirt.uri is %s; `virsh -c %s version` shows whether it answers", uri,
	    uri);
	return true;
}

void check_libvirt(struct doctor *d)
{
	const char *socket = socket_of(d);
	int reason;

	if (is_elsewhere(d))
		return;
	if (!socket) {
		report_missing(d);
		return;
	}
	reason = doctor_connect(d, socket);
	if (reason == 0) {
		report_reached(d, socket);
	} else if (reason == EACCES) {
		doctor_answer(d, OUTCOME_SKIP,
		    "%s is there; whether somebody listens is to be said as root",
		    socket);
	} else {
		doctor_answer(d, OUTCOME_FAIL, "nobody listens at %s (%s)", socket,
		    strerror(reason));
		doctor_command(d, "systemctl restart %s.socket",
		    strcmp(socket, LIBVIRTD) == 0 ? "libvirtd" : "virtqemud");
	}
}

/* polkit lets in who is named by a rule or, with Debian's rule, is in the group. */
static bool polkit_allows(struct doctor *d, long group)
{
	static const char *const rules[] = {
		"/usr/share/polkit-1/rules.d/50-homek8s.rules",
		"/etc/polkit-1/rules.d/50-homek8s.rules", NULL
	};

	return doctor_first(d, rules) ||
	       (group >= 0 && account_in_group(d->account, (gid_t)group));
}

void check_libvirt_access(struct doctor *d)
{
	const char *socket = socket_of(d), *denied;
	long group = account_group(d->root, "libvirt");
	struct stat st;

	if (is_elsewhere(d))
		return;
	if (!d->account || !socket || stat(doctor_path(d, socket), &st)) {
		doctor_answer(d, OUTCOME_SKIP, "there is no %s yet",
		    d->account ? "socket of libvirt" : "user " ACCOUNT_SERVICE);
		return;
	}
	denied =
	    account_denied(d->account, d->arena, doctor_path(d, socket), R_OK | W_OK);
	if (!denied && (!(st.st_mode & S_IWOTH) || polkit_allows(d, group))) {
		doctor_answer(
		    d, OUTCOME_PASS, "user %s may manage VMs", d->account->name);
		return;
	}
	doctor_answer(d, OUTCOME_FAIL, "user %s may not use %s (mode %04o, group %u)%s",
	    d->account->name, socket, st.st_mode & 07777u, st.st_gid,
	    denied ? "" : ": polkit does not let it");
	if (group >= 0 && (!denied || (long)st.st_gid == group))
		doctor_command(d,
		    "usermod -aG libvirt %s && systemctl try-restart homek8sd",
		    d->account->name);
	else
		doctor_advise(d,
		    "let it, with unix_sock_group and unix_sock_rw_perms in /etc/libvirt/libvirtd.conf or SocketGroup= of libvirtd.socket");
}
