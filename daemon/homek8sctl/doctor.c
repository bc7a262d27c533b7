/* SPDX-License-Identifier: MIT */
/* doctor: the table of checks, what they share, and how their answers are shown. */
#include "daemon/homek8sctl/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/homek8sctl/layout.h"
#include "daemon/homek8sctl/output.h"
#include "daemon/homek8sctl/verbs.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/doc/json.h"

#define REPLY_DEPTH 8
#define READ_MAX ((size_t)256 * 1024)
#define WORD 6 /* columns of "warn" and two blanks */

/* In the order in which a host is set up. */
static const struct check checks[] = {
	{ "kvm", "Host", check_kvm, false },
	{ "qemu", "Host", check_qemu, false },
	{ "qemu-img", "Host", check_qemu_img, false },
	{ "dnsmasq", "Host", check_dnsmasq, false },
	{ "ports", "Host", check_ports, false },
	{ "addresses", "Host", check_addresses, false },
	{ "shutdown", "Host", check_shutdown, false },
	{ "libvirt", "libvirt", check_libvirt, false },
	{ "managers", "libvirt", check_managers, false },
	{ "user", "Service", check_user, false },
	{ "libvirt-access", "Service", check_libvirt_access, false },
	{ "unit", "Service", check_unit, false },
	{ "enabled", "Service", check_enabled, false },
	{ "daemon", "Service", check_daemon, true },
	{ "files", "Configuration", check_files, false },
	{ "config", "Configuration", check_config, false },
	{ "kubeconfig", "Configuration", check_kubeconfig, false },
	{ "api-server", "Configuration", check_api_server, false },
};

static const char *const words[] = { [OUTCOME_SKIP] = "skip",
	[OUTCOME_PASS] = "pass",
	[OUTCOME_WARN] = "warn",
	[OUTCOME_FAIL] = "fail" };

/* What checks share */

static const char *print(struct doctor *d, const char *format, va_list args)
{
	char text[1024];

	vsnprintf(text, sizeof(text), format, args);
	return text_clean(d->arena, text, sizeof(text));
}

void doctor_answer(struct doctor *d, enum outcome outcome, const char *format, ...)
{
	struct check_view *answer =
	    arena_push(d->arena, &d->answers, &d->count, sizeof(*answer));
	va_list args;

	va_start(args, format);
	*answer = (struct check_view){ .id = d->check->id,
		.group = d->check->group,
		.result = words[outcome],
		.text = print(d, format, args) };
	va_end(args);
	d->outcomes[outcome]++;
}

void doctor_command(struct doctor *d, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	d->answers[d->count - 1].command = print(d, format, args);
	va_end(args);
}

void doctor_advise(struct doctor *d, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	d->answers[d->count - 1].fix = print(d, format, args);
	va_end(args);
}

void doctor_install(struct doctor *d, const char *packages)
{
	if (doctor_has(d, "/usr/bin/apt-get"))
		doctor_command(d, "apt-get install -y %s", packages);
	else
		doctor_advise(d, "install what is called %s on Debian", packages);
}

const char *doctor_path(const struct doctor *d, const char *path)
{
	return arena_printf(d->arena, "%s%s", d->root, path);
}

bool doctor_has(const struct doctor *d, const char *path)
{
	return access(doctor_path(d, path), F_OK) == 0;
}

const char *doctor_first(const struct doctor *d, const char *const *paths)
{
	for (; *paths; paths++)
		if (doctor_has(d, *paths))
			return *paths;
	return NULL;
}

const char *doctor_read(const struct doctor *d, const char *path)
{
	autoclose int fd =
	    open(doctor_path(d, path), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	autofree char *text = fd < 0 ? NULL : must_alloc(READ_MAX);
	size_t length = 0;
	ssize_t got = 1;

	while (text && got > 0 && length < READ_MAX) {
		got = read(fd, text + length, READ_MAX - length);
		length += got > 0 ? (size_t)got : 0;
	}
	return text ? arena_copy_n(d->arena, text, length) : "";
}

int doctor_connect(const struct doctor *d, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *whole = doctor_path(d, path);
	autoclose int fd = -1;

	if (strlen(whole) >= sizeof(address.sun_path))
		return ENAMETOOLONG;
	memcpy(address.sun_path, whole, strlen(whole) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return errno;
	return 0;
}

/* What is shown */

/* A command has its line to itself and is not broken: it is to be copied. */
static void render_answer(struct ctl *ctl, struct json_object *answer, int names)
{
	const char *word = json_string_at(answer, "result");
	const char *fix = json_string_at(answer, "fix");
	const char *command = json_string_at(answer, "command");
	const char *sign = verdict_sign(&ctl->terminal, word);
	enum paint paint = paint_of(word);
	int indent = 2 + layout_columns(sign) + WORD + names + 2;

	fprintf(ctl->out, "  %s%s%s%s  %-*s", paint_on(&ctl->terminal, paint), sign, word,
	    paint_off(&ctl->terminal, paint), names + 2, json_string_at(answer, "id"));
	block_print(ctl, (struct block){ indent, indent, 0 }, PAINT_NONE, "%s",
	    json_string_at(answer, "text"));
	if (fix) {
		fputs("    fix: ", ctl->out);
		block_print(ctl, (struct block){ 9, 9, 0 }, PAINT_NONE, "%s", fix);
	}
	if (command)
		fprintf(ctl->out, "    fix: %s%s%s\n",
		    paint_on(&ctl->terminal, PAINT_BOLD), command,
		    paint_off(&ctl->terminal, PAINT_BOLD));
}

static void render(struct ctl *ctl, struct json_object *reply)
{
	struct json_object *list = json_at(reply, "checks");
	const char *group = "";
	int names = 0;

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		if ((int)strlen(checks[i].id) > names)
			names = (int)strlen(checks[i].id);
	for (size_t i = 0; i < json_count(list); i++) {
		struct json_object *answer = json_item(list, i);
		const char *this = json_string_at(answer, "group");

		if (strcmp(this, group) != 0)
			line_print(ctl, 0, PAINT_BOLD, "%s", this);
		group = this;
		render_answer(ctl, answer, names);
	}
}

static enum outcome worst(const struct doctor *d)
{
	if (d->outcomes[OUTCOME_FAIL])
		return OUTCOME_FAIL;
	return d->outcomes[OUTCOME_WARN] ? OUTCOME_WARN : OUTCOME_PASS;
}

static void show(struct doctor *d)
{
	struct doctor_reply reply = { .verdict = words[worst(d)],
		.checks = { d->answers, d->count } };
	autojson struct json_object *o = NULL;
	autotext struct text json = { 0 };
	const size_t *n = d->outcomes;

	shape_write(&doctor_shape, &reply, &json);
	o = json_parse(json.data, json.length, REPLY_DEPTH, NULL);
	output(d->ctl, o, NULL, render);
	if (d->ctl->options.output != OUTPUT_TABLE &&
	    d->ctl->options.output != OUTPUT_WIDE)
		return;
	say("%zu failed, %zu warned, %zu passed, %zu skipped", n[OUTCOME_FAIL],
	    n[OUTCOME_WARN], n[OUTCOME_PASS], n[OUTCOME_SKIP]);
}

static void examine_all(struct doctor *d)
{
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		if (checks[i].daemon && d->ctl->options.pre)
			continue;
		d->check = &checks[i];
		checks[i].examine(d);
	}
}

enum status verb_doctor(struct ctl *ctl)
{
	struct doctor d = { .ctl = ctl,
		.arena = &ctl->arena,
		.root = ctl->options.root ? ctl->options.root : "" };
	struct home_check_request request = { .is_service = true, .now = wall_ms() };
	struct account account;

	if (*d.root && !doctor_has(&d, "/.")) {
		say("--root: %s is no directory", d.root);
		return STATUS_USAGE;
	}
	if (account_find(d.root, ACCOUNT_SERVICE, &account))
		d.account = &account;
	d.config_dir = doctor_path(&d, ctl->options.config_dir);
	request.path = d.config_dir;
	request.account = d.account;
	home_check(&request, &d.home);
	examine_all(&d);
	show(&d);
	home_check_done(&d.home);
	return d.outcomes[OUTCOME_FAIL] ? STATUS_NO : STATUS_YES;
}
