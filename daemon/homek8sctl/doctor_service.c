/* SPDX-License-Identifier: MIT */
/* doctor_service: the service's user and units, and who else does its work. */
#include <glob.h>
#include <string.h>
#include <unistd.h>

#include "daemon/homek8sctl/client.h"
#include "daemon/homek8sctl/doctor.h"
#include "lib/doc/json.h"
#include "lib/view/interface.h"

#define PATIENCE_MS 2000
#define UNIT "homek8sd.service"
#define INSTALL "`make install` in homek8sd's directory, or its package"

void check_user(struct doctor *d)
{
	static const char *const rules[] = { "/usr/lib/sysusers.d/homek8s.conf",
		"/etc/sysusers.d/homek8s.conf", NULL };

	if (d->account) {
		doctor_answer(d, OUTCOME_PASS, "user %s is there", d->account->name);
		return;
	}
	doctor_answer(d, OUTCOME_FAIL,
	    "there is no user " ACCOUNT_SERVICE ", whom the service runs as");
	if (doctor_first(d, rules))
		doctor_command(d, "systemd-sysusers");
	else
		doctor_advise(d, INSTALL);
}

/* Where systemd finds a unit, the first one counts; NULL: nowhere. */
static const char *unit_path(struct doctor *d, const char *unit)
{
	static const char *const places[] = { "/etc", "/run", "/usr/local/lib", "/lib",
		"/usr/lib" };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		const char *path =
		    arena_printf(d->arena, "%s/systemd/system/%s", places[i], unit);

		if (doctor_has(d, path))
			return path;
	}
	return NULL;
}

static bool is_masked(struct doctor *d, const char *path)
{
	char target[16];
	ssize_t length = readlink(doctor_path(d, path), target, sizeof(target));

	return length == 9 && memcmp(target, "/dev/null", 9) == 0;
}

/* The program of ExecStart=, where the unit names one that is not there; else NULL. */
static const char *missing_program(struct doctor *d, const char *unit)
{
	const char *line = strstr(doctor_read(d, unit), "\nExecStart="), *program;

	if (!line)
		return NULL;
	line += strlen("\nExecStart=");
	program = arena_copy_n(d->arena, line, strcspn(line, " \n"));
	return *program == '/' && !doctor_has(d, program) ? program : NULL;
}

void check_unit(struct doctor *d)
{
	const char *path = unit_path(d, UNIT), *program;

	if (!path) {
		doctor_answer(d, OUTCOME_FAIL, UNIT " is not installed");
		doctor_advise(d, INSTALL);
		return;
	}
	if (is_masked(d, path)) {
		doctor_answer(d, OUTCOME_FAIL, UNIT " is masked");
		doctor_command(d, "systemctl unmask homek8sd");
		return;
	}
	program = missing_program(d, path);
	if (program) {
		doctor_answer(
		    d, OUTCOME_FAIL, "%s starts %s, which is not there", path, program);
		doctor_advise(d, INSTALL);
		return;
	}
	doctor_answer(d, OUTCOME_PASS, "%s", path);
}

/* A link of `systemctl enable`, which may lead nowhere from here. */
static bool is_wanted(struct doctor *d, const char *link)
{
	char target[4096];

	return readlink(doctor_path(d, link), target, sizeof(target)) > 0 ||
	       doctor_has(d, link);
}

void check_enabled(struct doctor *d)
{
	if (!unit_path(d, UNIT)) {
		doctor_answer(d, OUTCOME_SKIP, "there is no unit yet");
	} else if (!is_wanted(d, "/etc/systemd/system/multi-user.target.wants/" UNIT)) {
		doctor_answer(
		    d, OUTCOME_WARN, UNIT " is not enabled: nothing starts it at boot");
		doctor_command(d, "systemctl enable --now homek8sd");
	} else {
		doctor_answer(d, OUTCOME_PASS, "the service starts at boot");
	}
}

/* The line that runs a program which manages VMs, from 1; 0: none. Comments run nothing. */
static unsigned line_that_runs(const char *text, const char **program)
{
	static const char *const programs[] = { "virsh ", "virt-install ", "terraform " };
	unsigned number = 1;

	for (; *text; number++) {
		size_t length = strcspn(text, "\n");

		for (size_t i = 0; *text != '#' && i < 3; i++) {
			const char *at = strstr(text, programs[i]);

			if (!at || at >= text + length)
				continue;
			*program = programs[i];
			return number;
		}
		text += length + (text[length] == '\n');
	}
	return 0;
}

/* Jobs of this host that start, stop or edit VMs. */
static void check_jobs(struct doctor *d, const char *pattern)
{
	size_t root = strlen(d->root);
	glob_t found;

	if (glob(doctor_path(d, pattern), 0, NULL, &found))
		return;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *path = arena_copy(d->arena, found.gl_pathv[i]), *program;
		unsigned line = line_that_runs(doctor_read(d, path + root), &program);

		if (!line)
			continue;
		doctor_answer(d, OUTCOME_WARN,
		    "%s:%u runs %.*s: what it starts, stops or edits homek8sd may undo",
		    path + root, line, (int)strlen(program) - 1, program);
		doctor_advise(d,
		    "take it out once homek8sd does its work, or leave out of the configuration what it is for");
	}
	globfree(&found);
}

void check_managers(struct doctor *d)
{
	static const char *const patterns[] = { "/etc/crontab", "/etc/cron.*/*",
		"/var/spool/cron/crontabs/*", "/etc/systemd/system/*.service" };
	size_t before = d->count;

	if (doctor_connect(d, "/run/libvirt/libvirt-sock") == 0 &&
	    doctor_connect(d, "/run/libvirt/virtqemud-sock") == 0) {
		doctor_answer(d, OUTCOME_WARN,
		    "libvirtd and virtqemud both listen, and each takes the VMs for its own");
		doctor_command(d,
		    "systemctl disable --now virtqemud.service virtqemud.socket virtqemud-ro.socket virtqemud-admin.socket");
	}
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		check_jobs(d, patterns[i]);
	if (d->count == before)
		doctor_answer(
		    d, OUTCOME_PASS, "no cron job or unit runs virsh or terraform");
}

void check_daemon(struct doctor *d)
{
	enum status status = STATUS_YES;
	struct error e = { "" };
	struct client *client = client_open(d->ctl->options.socket, &status, &e);
	struct reply reply = { 0 };
	int64_t patience =
	    d->ctl->options.timeout ? d->ctl->options.timeout : PATIENCE_MS;
	const char *verdict = NULL;

	if (client &&
	    client_send(client, INTERFACE_NAME ".GetStatus", NULL, false, &e) == 0 &&
	    client_receive(client, patience, &reply, &e) == ANSWER_REPLY)
		verdict = json_string_at(reply.parameters, "verdict");
	if (verdict && strcmp(verdict, "converged") == 0) {
		doctor_answer(d, OUTCOME_PASS, "homek8sd runs: the home is as written");
	} else if (verdict) {
		doctor_answer(d, OUTCOME_WARN, "homek8sd runs: %s",
		    json_string_at(reply.parameters, "headline"));
		doctor_command(d, "homek8sctl status");
	} else if (status == STATUS_DENIED) {
		doctor_answer(d, OUTCOME_SKIP, "%s", e.text);
	} else {
		doctor_answer(
		    d, OUTCOME_FAIL, "%s", *e.text ? e.text : "it does not answer");
		if (unit_path(d, UNIT))
			doctor_command(d, "systemctl enable --now homek8sd");
	}
	reply_done(&reply);
	client_close(client);
}
