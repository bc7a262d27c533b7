/* SPDX-License-Identifier: MIT */
/*
 * doctor: what homek8sd needs of a host, one check after another. A check is a row of the
 * table in doctor.c and a function in one of the doctor_*.c files: it examines files, modes
 * and sockets, and adds at least one answer, each with the command that mends what is wrong.
 * It changes nothing, runs no program, and needs neither the daemon nor libvirt's library.
 */
#ifndef DAEMON_HOMEK8SCTL_DOCTOR_H
#define DAEMON_HOMEK8SCTL_DOCTOR_H

#include "daemon/homek8sctl/ctl.h"
#include "lib/base/account.h"
#include "lib/view/home_check.h"
#include "lib/view/shapes.h"

enum outcome {	      /* the worst last */
	OUTCOME_SKIP, /* it does not apply, or cannot be said from here */
	OUTCOME_PASS,
	OUTCOME_WARN, /* it will run, and not as it could */
	OUTCOME_FAIL,
};

struct check;

struct doctor {
	struct ctl *ctl;
	struct arena *arena;	       /* for all texts */
	const char *root;	       /* before every path; "" is this host */
	const char *config_dir;	       /* with it */
	const struct account *account; /* whom the service runs as; NULL: there is none */
	struct home_check home;
	const struct check *check; /* the one under way */
	struct check_view *answers;
	size_t count;
	size_t outcomes[OUTCOME_FAIL + 1];
};

struct check {
	const char *id, *group;
	void (*examine)(struct doctor *d);
	bool daemon; /* it asks the daemon, which need not run before the first start */
};

/* Adds an answer of the check under way. */
void doctor_answer(struct doctor *d, enum outcome outcome, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* What mends what the last answer is about: a command that works as printed, or, where there
 * is none, a sentence. */
void doctor_command(struct doctor *d, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void doctor_advise(struct doctor *d, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The same: to install packages of that name on Debian. */
void doctor_install(struct doctor *d, const char *packages);

/* The path below the root, in the arena. */
const char *doctor_path(const struct doctor *d, const char *path);
bool doctor_has(const struct doctor *d, const char *path);
/* The first of the paths (NULL after the last) that is there, without the root; or NULL. */
const char *doctor_first(const struct doctor *d, const char *const *paths);
/* The text of a file, at most 256 KiB of it, in the arena; "" where it cannot be read. */
const char *doctor_read(const struct doctor *d, const char *path);
/* 0, or an errno: is somebody listening at the socket? */
int doctor_connect(const struct doctor *d, const char *path);

/* doctor_host.c */
void check_kvm(struct doctor *d);
void check_qemu(struct doctor *d);
void check_qemu_img(struct doctor *d);
void check_dnsmasq(struct doctor *d);
void check_addresses(struct doctor *d);
/* doctor_ports.c */
void check_ports(struct doctor *d);
/* doctor_shutdown.c */
void check_shutdown(struct doctor *d);
/* doctor_libvirt.c */
void check_libvirt(struct doctor *d);
void check_libvirt_access(struct doctor *d);
/* doctor_service.c */
void check_user(struct doctor *d);
void check_unit(struct doctor *d);
void check_enabled(struct doctor *d);
void check_managers(struct doctor *d);
void check_daemon(struct doctor *d);
/* doctor_config.c */
void check_files(struct doctor *d);
void check_config(struct doctor *d);
void check_kubeconfig(struct doctor *d);
void check_api_server(struct doctor *d);

#endif
