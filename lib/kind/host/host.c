/* SPDX-License-Identifier: MIT */
/* host: the facts of a reading, and what the settings make of them. */
#include "lib/kind/host/host.h"

#include "lib/kind/sources.h"
#include "lib/kind/vm/hypervisor.h"
#include "lib/plan/item.h"

/* What is left when logind goes on without us, for the answer to it. */
#define SPARE_MS 2000
#define KNOWN_BY_MS 10000
/* libvirt before this one takes no VM down by itself. */
#define AUTO_SHUTDOWN_SINCE 11002000

struct host {
	struct object object;
	struct host_power power;
};

static const struct field rows[] = { { 0 } };

static int decode(
    struct observed *observed, const struct reading *reading, struct error *e)
{
	struct host *host;

	if (!reading->facts)
		return fail(e, "nothing is said of this host");
	host = observed_object(observed);
	host->power = *(const struct host_power *)reading->facts;
	observed->live = &host->object;
	return 0;
}

static const struct host_settings *settings(const struct planner *p)
{
	return &p->input->desired->settings.host;
}

static bool is_ordered(const struct planner *p)
{
	return settings(p)->shutdown == SHUTDOWN_ORDERED;
}

/* NULL: it is not known. */
static const struct host_power *power_of(const struct planner *p)
{
	const struct observed *observed = planner_observed(p, &host_kind, HOST_NAME);

	return observed ? &((const struct host *)observed->live)->power : NULL;
}

static enum switched auto_shutdown(
    const struct planner *p, const struct host_power *power)
{
	const struct host_facts *libvirt = hypervisor_facts(p);

	if (!libvirt)
		return SWITCHED_UNKNOWN;
	return libvirt->libvirt_version < AUTO_SHUTDOWN_SINCE ? SWITCHED_OFF
							      : power->auto_shutdown;
}

/* Nobody else does it, as far as is known for sure. */
static bool is_ours(const struct planner *p, const struct host_power *power)
{
	return is_ordered(p) && power->guests == SWITCHED_OFF &&
	       auto_shutdown(p, power) == SWITCHED_OFF;
}

enum host_shutdown host_shutdown(const struct planner *p)
{
	const struct host_power *power = power_of(p);

	if (!power || !power->since.ms)
		return HOST_STAYS;
	if (is_ordered(p) && power->guests == SWITCHED_OFF && !hypervisor_facts(p))
		return HOST_WAITS;
	return is_ours(p, power) ? HOST_TAKES_DOWN : HOST_LEAVES;
}

static int64_t time_given(const struct planner *p)
{
	const struct host_power *power = power_of(p);
	int64_t time = settings(p)->shutdown_timeout;

	if (power->longest && power->longest - SPARE_MS < time)
		time = power->longest - SPARE_MS;
	return time > 0 ? time : 0;
}

/* A control plane gets a third of the time for itself. */
struct mono host_others_until(const struct planner *p)
{
	return mono_add(power_of(p)->since, time_given(p) / 3 * 2);
}

struct mono host_until(const struct planner *p)
{
	return mono_add(power_of(p)->since, time_given(p));
}

struct mono host_known_by(const struct planner *p)
{
	return mono_add(power_of(p)->since, KNOWN_BY_MS);
}

static void report_left(struct planner *p, const struct host_power *power)
{
	enum switched libvirt = auto_shutdown(p, power);

	if (power->guests == SWITCHED_ON)
		plan_finding(p, SEVERITY_WARNING, "shutdown-left-to-others", "host",
		    "host.shutdown: ordered is written, and libvirt-guests.service is active: when this host shuts down, the VMs are left to that")
		    ->fix =
		    "`systemctl disable libvirt-guests.service`, which counts from the next boot on (stopping it now shuts the VMs down), or write `host: {shutdown: leave}`";
	else if (libvirt == SWITCHED_ON)
		plan_finding(p, SEVERITY_WARNING, "shutdown-left-to-others", "host",
		    "host.shutdown: ordered is written, and libvirt's own auto-shutdown is on: when this host shuts down, the VMs are left to that")
		    ->fix =
		    "comment out auto_shutdown_* in /etc/libvirt/qemu.conf and restart libvirt, or write `host: {shutdown: leave}`";
	else if (power->guests == SWITCHED_UNKNOWN)
		plan_finding(p, SEVERITY_WARNING, "shutdown-not-known", "host",
		    "systemd does not say whether libvirt-guests.service is active: while it is not known, the VMs are not shut down when this host is")
		    ->fix = "`systemctl status libvirt-guests.service`";
	else if (hypervisor_facts(p) && libvirt == SWITCHED_UNKNOWN)
		plan_finding(p, SEVERITY_WARNING, "shutdown-not-known", "host",
		    "homek8sd may not read /etc/libvirt/qemu.conf, so whether libvirt's own auto-shutdown is on is not known: the VMs are not shut down when this host is")
		    ->fix =
		    "`chgrp homek8s /etc/libvirt/qemu.conf && chmod g+r /etc/libvirt/qemu.conf`, then `homek8sctl reload`";
}

void host_report(struct planner *p)
{
	const struct host_power *power = power_of(p);

	if (!is_ordered(p) || !power)
		return;
	if (!power->reached) {
		plan_finding(p, SEVERITY_WARNING, "shutdown-unnoticed", "host",
		    "host.shutdown: ordered is written, and logind does not answer: when this host shuts down, homek8sd does not learn of it")
		    ->fix = "`busctl status org.freedesktop.login1`";
		return;
	}
	if (power->refused)
		plan_finding(p, SEVERITY_WARNING, "shutdown-not-held", "host",
		    "host.shutdown: ordered is written, and logind does not let homek8sd delay a shutdown: when this host shuts down, the VMs may lose their power; it is requested again every 10 s")
		    ->fix =
		    "`journalctl -b -u systemd-logind -u polkit` may say why; homek8sd needs what polkit calls org.freedesktop.login1.inhibit-delay-shutdown";
	if (power->longest && power->longest < settings(p)->shutdown_timeout)
		plan_finding(p, SEVERITY_WARNING, "shutdown-time-short", "host",
		    "logind waits %s for who delays a shutdown, and host.shutdown_timeout is %s",
		    duration_text(p->arena, power->longest),
		    duration_text(p->arena, settings(p)->shutdown_timeout))
		    ->fix =
		    "InhibitDelayMaxSec=120 in /etc/systemd/logind.conf.d/homek8s.conf, then `systemctl restart systemd-logind`";
	report_left(p, power);
}

const struct kind host_kind = {
	.row = &host_row,
	.name = "host",
	.plural = "hosts",
	.title = "this host",
	.source = &host_source,
	.fields = { rows, sizeof(struct host) },
	.decode = decode,
};
