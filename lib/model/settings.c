/* SPDX-License-Identifier: MIT */
/* settings: the table of homek8s.yaml, with every default. */
#include "lib/model/settings.h"

#define SECOND ((int64_t)1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)

static const char *const kubernetes_modes[] = { "auto", "on", "off", NULL };
static const char *const first_starts[] = { "converge", "observe", NULL };
static const char *const network_uri_words[] = { "auto", NULL };

static const struct field libvirt_rows[] = {
	{ "uri", FIELD_URI, at(struct libvirt_settings, uri), 0,
	    .help = "The libvirt to connect to.", .fallback = "qemu:///system",
	    .example = "qemu:///system" },
	{ "network_uri", FIELD_URI, at(struct libvirt_settings, network_uri), 0,
	    .help =
		"The libvirt that serves networks; auto takes network:///system where that driver runs separately, else the one above.",
	    .fallback = "auto", .example = "network:///system",
	    .words = network_uri_words },
	{ 0 },
};

static const struct fields libvirt_fields = { libvirt_rows,
	sizeof(struct libvirt_settings) };

static const struct field kubernetes_rows[] = {
	{ "mode", FIELD_WORD, at(struct kubernetes_settings, mode), 0,
	    .help = "Whether the cluster is managed; auto: when there is a kubeconfig.",
	    .fallback = "auto", .example = "auto", .words = kubernetes_modes },
	{ "kubeconfig", FIELD_PATH, at(struct kubernetes_settings, kubeconfig), 0,
	    .help =
		"The kubeconfig file; left out: the service's credential kubeconfig, else the file kubeconfig in the configuration directory.",
	    .example = "/etc/homek8s/kubeconfig" },
	{ "context", FIELD_STRING, at(struct kubernetes_settings, context), 0,
	    .help = "The context in that file; left out: its current-context.",
	    .example = "home" },
	{ 0 },
};

static const struct fields kubernetes_fields = { kubernetes_rows,
	sizeof(struct kubernetes_settings) };

static const struct field vm_rows[] = {
	{ "minimum_uptime", FIELD_DURATION, at(struct vm_settings, minimum_uptime), 0,
	    .help = "How long a VM must have run for its quick stops to be forgotten.",
	    .fallback = "5m", .example = "5m", .minimum = SECOND, .maximum = 24 * HOUR },
	{ "start_attempts", FIELD_INT, at(struct vm_settings, start_attempts), 0,
	    .help =
		"Quick stops and failed starts in a row after which the reason says where to look; a VM is never given up.",
	    .fallback = "8", .example = "8", .minimum = 1, .maximum = 1000 },
	{ "stop_timeout", FIELD_DURATION, at(struct vm_settings, stop_timeout), 0,
	    .help = "How long a guest may take to shut down on request.",
	    .fallback = "3m", .example = "3m", .minimum = SECOND, .maximum = 24 * HOUR },
	{ "stop_resend", FIELD_DURATION, at(struct vm_settings, stop_resend), 0,
	    .help = "How often the request to shut down is sent again meanwhile.",
	    .fallback = "5s", .example = "5s", .minimum = SECOND, .maximum = HOUR },
	{ "stop_force", FIELD_BOOL, at(struct vm_settings, stop_force), 0,
	    .help = "After that time, cut the power.", .fallback = "false",
	    .example = "false" },
	{ "boot_fresh", FIELD_BOOL, at(struct vm_settings, boot_fresh), 0,
	    .help = "Drop a managed save image and boot afresh instead of restoring it.",
	    .fallback = "false", .example = "false" },
	{ 0 },
};

static const struct fields vm_fields = { vm_rows, sizeof(struct vm_settings) };

static const char *const shutdown_words[] = { "leave", "ordered", NULL };

static const struct field host_rows[] = {
	{ "shutdown", FIELD_WORD, at(struct host_settings, shutdown), 0,
	    .help =
		"What becomes of the VMs when this host shuts down. leave: homek8sd does nothing about it, and libvirt-guests.service or libvirt itself does what it is set to; ordered: homek8sd delays the shutdown and shuts the VMs down, control planes last; not while libvirt-guests.service or libvirt's auto-shutdown is on, which would do the same.",
	    .fallback = "leave", .example = "ordered", .words = shutdown_words },
	{ "shutdown_timeout", FIELD_DURATION, at(struct host_settings, shutdown_timeout),
	    0,
	    .help =
		"How long the host's shutdown is delayed for that at most; less where logind's InhibitDelayMaxSec is less. Control planes are shut down after two thirds of it at the latest.",
	    .fallback = "100s", .example = "100s", .minimum = 5 * SECOND,
	    .maximum = HOUR },
	{ "start_interval", FIELD_DURATION, at(struct host_settings, start_interval), 0,
	    .help =
		"After this host has booted: the time from the start of one VM to that of the next, control planes first; less where there are many, so that all are begun within 30 s.",
	    .fallback = "3s", .example = "3s", .minimum = SECOND,
	    .maximum = 30 * SECOND },
	{ 0 },
};

static const struct fields host_fields = { host_rows, sizeof(struct host_settings) };

static const char *const automatic_words[] = { "none", "workers", "all", NULL };

static const struct field maintenance_rows[] = {
	{ "automatic", FIELD_WORD, at(struct maintenance_settings, automatic), 0,
	    .help =
		"Which VMs are restarted without approval where something written takes a restart: none, workers (all but control planes) or all; inside the budget, one at a time, nodes drained before.",
	    .fallback = "none", .example = "workers", .words = automatic_words },
	{ "window", FIELD_WINDOW, at(struct maintenance_settings, window), 0,
	    .help =
		"When such a restart may begin, in local time; past midnight where the end is the earlier one. Days are written as Sun, as Mon-Fri, as Sat,Sun or as daily. Left out: at any time.",
	    .example = "Sun 02:00-05:00" },
	{ 0 },
};

static const struct fields maintenance_fields = { maintenance_rows,
	sizeof(struct maintenance_settings) };

static const struct field rows[] = {
	{ "libvirt", FIELD_GROUP, at(struct settings, libvirt), 0,
	    .help = "The connection to libvirt.", .group = &libvirt_fields },
	{ "kubernetes", FIELD_GROUP, at(struct settings, kubernetes), 0,
	    .help = "The connection to the cluster.", .group = &kubernetes_fields },
	{ "vm", FIELD_GROUP, at(struct settings, vm), 0,
	    .help = "How VMs are started and stopped.", .group = &vm_fields },
	{ "host", FIELD_GROUP, at(struct settings, host), 0,
	    .help = "What happens to VMs when this host shuts down and boots.",
	    .group = &host_fields },
	{ "maintenance", FIELD_GROUP, at(struct settings, maintenance), 0,
	    .help = "What needs no approval, and when.", .group = &maintenance_fields },
	{ "resync", FIELD_DURATION, at(struct settings, resync), 0,
	    .help =
		"How often everything is read again, event or not; at least every 45 s where libvirt's files cannot be watched.",
	    .fallback = "5m", .example = "5m", .minimum = SECOND, .maximum = 24 * HOUR },
	{ "first_start", FIELD_WORD, at(struct settings, first_start), 0,
	    .help =
		"Where nothing is remembered of an earlier run and what is written exists already: observe changes nothing before `homek8sctl resume`, converge begins at once.",
	    .fallback = "observe", .example = "converge", .words = first_starts },
	{ "prune", FIELD_BOOL, at(struct settings, prune), 0,
	    .help =
		"Delete what homek8sd owns and what is no longer written; never disks.",
	    .fallback = "false", .example = "false" },
	{ 0 },
};

const struct fields settings_fields = { rows, sizeof(struct settings) };
