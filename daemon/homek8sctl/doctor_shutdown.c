/* SPDX-License-Identifier: MIT */
/* doctor_shutdown: who takes the VMs down when this host shuts down. */
#include <string.h>
#include <unistd.h>

#include "daemon/homek8sctl/doctor.h"
#include "lib/base/account.h"

#define GUESTS "libvirt-guests.service"
#define QEMU_CONF "/etc/libvirt/qemu.conf"

/* A link of `systemctl enable`, which may lead nowhere from here. */
static bool guests_enabled(struct doctor *d)
{
	char target[4096];

	return readlink(
		   doctor_path(d, "/etc/systemd/system/multi-user.target.wants/" GUESTS),
		   target, sizeof(target)) > 0;
}

/* The drop-in that lets an inhibitor hold a shutdown for longer than five seconds. */
static bool has_time(struct doctor *d)
{
	static const char *const files[] = { "/etc/systemd/logind.conf.d/homek8s.conf",
		"/usr/lib/systemd/logind.conf.d/homek8s.conf",
		"/lib/systemd/logind.conf.d/homek8s.conf", NULL };

	return doctor_first(d, files) ||
	       strstr(
		   doctor_read(d, "/etc/systemd/logind.conf"), "\nInhibitDelayMaxSec=");
}

static bool auto_shutdown(struct doctor *d)
{
	const char *text = doctor_read(d, QEMU_CONF);

	return strstr(text, "\nauto_shutdown_try_save") ||
	       strstr(text, "\nauto_shutdown_try_shutdown") ||
	       strstr(text, "\nauto_shutdown_poweroff");
}

/* Where libvirt has an auto-shutdown, what it is set to may be for root alone to read. */
static bool is_hidden(struct doctor *d)
{
	return strstr(doctor_read(d, QEMU_CONF), "auto_shutdown") && d->account &&
	       account_denied(d->account, d->arena, doctor_path(d, QEMU_CONF), R_OK);
}

static void check_left(struct doctor *d)
{
	if (guests_enabled(d)) {
		doctor_answer(d, OUTCOME_PASS,
		    GUESTS " takes the VMs down with this host (host.shutdown: leave)");
	} else if (auto_shutdown(d)) {
		doctor_answer(d, OUTCOME_PASS,
		    "libvirt takes the VMs down with this host, as " QEMU_CONF
		    " says (host.shutdown: leave)");
	} else {
		doctor_answer(d, OUTCOME_WARN,
		    "nobody shuts the VMs down with this host: they lose their power");
		doctor_advise(d,
		    "write `host: {shutdown: ordered}` in homek8s.yaml, or `systemctl enable --now " GUESTS
		    "`");
	}
}

static void check_ordered(struct doctor *d)
{
	if (guests_enabled(d)) {
		doctor_answer(d, OUTCOME_WARN,
		    "host.shutdown: ordered is written, and " GUESTS
		    " is enabled: the VMs are left to that");
		doctor_command(d, "systemctl disable " GUESTS);
	} else if (auto_shutdown(d)) {
		doctor_answer(d, OUTCOME_WARN,
		    "host.shutdown: ordered is written, and libvirt's auto-shutdown is set in " QEMU_CONF
		    ": the VMs are left to that");
		doctor_advise(
		    d, "comment out auto_shutdown_* there, and restart libvirt");
	} else if (is_hidden(d)) {
		doctor_answer(d, OUTCOME_WARN,
		    "host.shutdown: ordered is written, and user %s may not read " QEMU_CONF
		    ", where libvirt's auto-shutdown may be on: it shuts no VM down",
		    d->account->name);
		doctor_command(d, "chgrp %s " QEMU_CONF " && chmod g+r " QEMU_CONF,
		    d->account->name);
	} else if (!has_time(d)) {
		doctor_answer(d, OUTCOME_WARN,
		    "logind holds a shutdown for five seconds only: too short to shut VMs down");
		doctor_command(d,
		    "install -d /etc/systemd/logind.conf.d && printf '[Login]\\nInhibitDelayMaxSec=120\\n' >/etc/systemd/logind.conf.d/homek8s.conf && systemctl restart systemd-logind");
	} else {
		doctor_answer(d, OUTCOME_PASS,
		    "homek8sd shuts the VMs down with this host (host.shutdown: ordered)");
	}
}

void check_shutdown(struct doctor *d)
{
	if (d->home.config->settings.host.shutdown == SHUTDOWN_ORDERED)
		check_ordered(d);
	else
		check_left(d);
}
