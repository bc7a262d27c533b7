/* SPDX-License-Identifier: MIT */
/*
 * settings: how the daemon works (homek8s.yaml), as against what the home is. Every key
 * has a default. The field table in settings.c is the list of them.
 */
#ifndef LIB_MODEL_SETTINGS_H
#define LIB_MODEL_SETTINGS_H

#include "lib/model/field.h"

struct libvirt_settings {
	struct record record;
	const char *uri; /* qemu:///system */
	const char
	    *network_uri; /* "auto": network:///system where virtnetworkd has a socket */
};

enum kubernetes_mode {
	KUBERNETES_AUTO, /* on when there is a kubeconfig */
	KUBERNETES_ON,	 /* a missing kubeconfig is shown as an error of the source */
	KUBERNETES_OFF,
};

struct kubernetes_settings {
	struct record record;
	int mode;		/* enum kubernetes_mode */
	const char *kubeconfig; /* path; default $CREDENTIALS_DIRECTORY/kubeconfig, else
				   /etc/homek8s/kubeconfig: NULL here */
	const char *context;	/* NULL: current-context */
};

struct vm_settings {
	struct record record;
	int64_t minimum_uptime; /* ms a VM must have run for its quick stops to be
				   forgotten */
	int64_t
	    start_attempts;   /* quick stops and failed starts in a row, for the reason */
	int64_t stop_timeout; /* ms a shutdown request may take */
	int64_t stop_resend;  /* ms between two requests */
	bool stop_force;      /* after the timeout: power off the hard way */
	bool boot_fresh; /* managed save image present: drop it and boot (else restore) */
};

enum shutdown_by {
	SHUTDOWN_LEAVE,	  /* to libvirt-guests.service, libvirt itself, or nobody */
	SHUTDOWN_ORDERED, /* we shut VMs down: others, then control planes */
};

struct host_settings {
	struct record record;
	int shutdown;		  /* enum shutdown_by */
	int64_t shutdown_timeout; /* ms that the host's shutdown is held at most */
	int64_t start_interval;	  /* ms between starts after it has booted */
};

enum maintenance_automatic {
	MAINTENANCE_NONE,
	MAINTENANCE_WORKERS, /* all but control planes */
	MAINTENANCE_ALL,
};

struct maintenance_settings {
	struct record record;
	struct window window; /* none: any time */
	int automatic; /* enum maintenance_automatic: what needs no approval then */
};

enum first_start {
	FIRST_START_CONVERGE,
	FIRST_START_OBSERVE,
};

struct settings {
	struct record record;
	struct libvirt_settings libvirt;
	struct kubernetes_settings kubernetes;
	struct vm_settings vm;
	struct host_settings host;
	struct maintenance_settings maintenance;
	int64_t resync;	 /* ms from one to the next */
	int first_start; /* enum first_start */
	bool prune;	 /* delete what is owned and no longer written; disks never */
};

extern const struct fields settings_fields;

#endif
