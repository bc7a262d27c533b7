/* SPDX-License-Identifier: MIT */
/*
 * homek8sd: the program: options, signals, the service manager, and the main loop.
 * Stopping it, however, touches nothing: it only lets go.
 */
#include <ev.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "daemon/control/control.h"
#include "daemon/preview.h"
#include "daemon/host/clock.h"
#include "daemon/host/state_dir.h"
#include "daemon/journal/journal.h"
#include "daemon/engine/engine.h"
#include "lib/base/cleanup.h"
#include "lib/plan/plan.h"
#include "lib/view/home_check.h"

#define EXIT_BUSY 75   /* EX_TEMPFAIL: another one runs */
#define EXIT_CONFIG 78 /* EX_CONFIG */

struct options {
	const char *config_dir, *state_dir, *socket;
	bool check, plan;
};

struct daemon {
	struct ev_loop *loop;
	struct engine *engine;
	struct control *control;
	ev_timer watchdog;
	bool disk_hangs;    /* the state directory is still in use */
	struct text status; /* last STATUS= sent */
};

static const char usage[] =
    "usage: homek8sd [--config-dir DIR] [--state-dir DIR] [--socket PATH]\n"
    "       homek8sd [--config-dir DIR] --check | --plan\n"
    "       homek8sd --version | --help\n"
    "\n"
    "Keeps the home as written in DIR (default " HOMEK8S_SYSCONFDIR
    "/homek8s). Runs in the\n"
    "foreground. --check reads and checks the configuration and exits with 0 or 78.\n"
    "--plan observes once, prints what would be done, and does nothing: 0, 1 or 78.\n"
    "\n"
    "  homek8sd --check                      is the configuration good?\n"
    "  homek8sd --config-dir conf/example    run on another one\n"
    "\n"
    "See homek8sd(8).\n";

static const char *from_environment(const char *name, const char *fallback)
{
	const char *value = getenv(name);

	return value && *value ? value : fallback;
}

/* 0 to go on, else exit with *status. */
static int parse_options(int argc, char **argv, struct options *o, int *status)
{
	static const struct option known[] = {
		{ "config-dir", required_argument, NULL, 'c' },
		{ "state-dir", required_argument, NULL, 's' },
		{ "socket", required_argument, NULL, 'S' },
		{ "check", no_argument, NULL, 'k' },
		{ "plan", no_argument, NULL, 'p' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "h", known, NULL)) != -1) {
		*status = 0;
		if (c == 'c')
			o->config_dir = optarg;
		else if (c == 's')
			o->state_dir = optarg;
		else if (c == 'S')
			o->socket = optarg;
		else if (c == 'k')
			o->check = true;
		else if (c == 'p')
			o->plan = true;
		else if (c == 'V')
			return printf("homek8sd %s\n", HOMEK8S_VERSION);
		else if (c == 'h')
			return fputs(usage, stdout) >= 0;
		else
			*status = 2;
		if (*status)
			return 1;
	}
	if (optind == argc)
		return 0;
	fprintf(stderr, "homek8sd: unexpected argument %s; see homek8sd --help\n",
	    argv[optind]);
	*status = 2;
	return 1;
}

/* As it would be read here; the service's own directory, as the service would read it. */
static int check(const char *directory)
{
	struct account account;
	struct home_check_request request =
	    home_check_here(directory, &account, clock_wall());
	struct home_check check;
	size_t errors, findings;

	request.is_service = true;
	home_check(&request, &check);
	errors = check.report.errors + check.report.not_shown;
	findings = check.report.count;
	for (size_t i = 0; i < check.report.count; i++) {
		autotext struct text line = { 0 };

		finding_print(&check.report.findings[i], &line);
		fputs(text_get(&line), stderr);
	}
	if (check.report.not_shown)
		fprintf(stderr, "and %zu more errors\n", check.report.not_shown);
	home_check_done(&check);
	if (errors)
		return EXIT_CONFIG;
	printf(
	    "%s: good, %zu finding%s\n", directory, findings, findings == 1 ? "" : "s");
	return 0;
}

static void on_stop(struct ev_loop *loop, ev_signal *signal, int events)
{
	(void)signal;
	(void)events;
	ev_break(loop, EVBREAK_ALL);
}

/* RELOADING=1 with the time, so that Type=notify-reload works where a drop-in sets it. */
static void on_reload(struct ev_loop *loop, ev_signal *signal, int events)
{
	struct daemon *p = signal->data;
	autotext struct text errors = { 0 };
	struct timespec now;

	(void)loop;
	(void)events;
	clock_gettime(CLOCK_MONOTONIC, &now);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
	    (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	engine_reload(p->engine, &errors);
	sd_notify(0, "READY=1");
}

static void on_watchdog(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)timer;
	(void)events;
	sd_notify(0, "WATCHDOG=1");
}

/* One line for `systemctl status`, only when it differs from the last. */
static void on_changed(void *arg)
{
	struct daemon *p = arg;
	struct arena a = { 0 };
	struct view view;
	const char *status;

	if (!p->engine)
		return;
	engine_view(p->engine, &view);
	status = arena_printf(&a, "%s: %s", view_verdict(&view), view_summary(&a, &view));
	if (strcmp(status, text_get(&p->status)) != 0) {
		text_done(&p->status);
		text_add(&p->status, "%s", status);
		sd_notifyf(0, "STATUS=%s", status);
	}
	arena_done(&a);
	if (p->control)
		control_changed(p->control);
}

static void harden(void)
{
	struct rlimit files;

	signal(SIGPIPE, SIG_IGN);
	/* Keys are in memory: no core dumps that carry them. */
	prctl(PR_SET_DUMPABLE, 0);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < 8192) {
		files.rlim_cur = files.rlim_max < 8192 ? files.rlim_max : 8192;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}

static void start_watchdog(struct daemon *p)
{
	uint64_t period = 0;

	ev_timer_init(&p->watchdog, on_watchdog, 0, 0);
	if (sd_watchdog_enabled(0, &period) <= 0 || !period)
		return;
	ev_timer_set(&p->watchdog, (double)period / 2e6, (double)period / 2e6);
	ev_timer_start(p->loop, &p->watchdog);
}

static void run(struct daemon *p)
{
	ev_signal terminate, interrupt, hangup;

	ev_signal_init(&terminate, on_stop, SIGTERM);
	ev_signal_init(&interrupt, on_stop, SIGINT);
	ev_signal_init(&hangup, on_reload, SIGHUP);
	hangup.data = p;
	ev_signal_start(p->loop, &terminate);
	ev_signal_start(p->loop, &interrupt);
	ev_signal_start(p->loop, &hangup);
	start_watchdog(p);
	sd_notify(0, "READY=1");
	journal_say(
	    LEVEL_NOTICE, MESSAGE_STARTED, NULL, "homek8sd %s is ready", HOMEK8S_VERSION);
	on_changed(p);
	ev_run(p->loop, 0);
	sd_notify(0, "STOPPING=1");
	journal_say(LEVEL_NOTICE, MESSAGE_STOPPING, NULL,
	    "stopping; nothing of the home is touched");
}

static int serve(struct daemon *p, const struct options *o, struct state_dir *state_dir)
{
	struct engine_options options = {
		.config_dir = o->config_dir,
		.state_dir = state_dir,
		.changed = on_changed,
		.arg = p,
	};
	struct error e = { "" };

	p->loop = ev_default_loop(EVFLAG_NOENV);
	p->engine = engine_new(p->loop, &options);
	p->control = control_new(p->loop, o->socket, p->engine, &e);
	if (!p->control) {
		fprintf(stderr, "homek8sd: %s\n", e.text);
		p->disk_hangs = !engine_free(p->engine);
		return 1;
	}
	run(p);
	control_free(p->control);
	p->control = NULL;
	p->disk_hangs = !engine_free(p->engine);
	text_done(&p->status);
	return 0;
}

int main(int argc, char **argv)
{
	struct options o = {
		.config_dir = HOMEK8S_SYSCONFDIR "/homek8s",
		.state_dir = from_environment("STATE_DIRECTORY", "/var/lib/homek8s"),
		.socket = from_environment("HOMEK8S_SOCKET", "/run/homek8s/homek8s.sock"),
	};
	struct daemon program = { 0 };
	struct error e = { "" };
	struct state_dir *state_dir;
	int status = 0;

	if (parse_options(argc, argv, &o, &status))
		return status;
	if (o.check)
		return check(o.config_dir);
	if (o.plan)
		return preview(o.config_dir);
	harden();
	mallopt(M_TRIM_THRESHOLD, PLAN_MEMORY);
	mallopt(M_MMAP_THRESHOLD, PLAN_MEMORY); /* messages and replies, too */
	journal_open();
	state_dir = state_dir_open(o.state_dir, &e);
	if (!state_dir) {
		fprintf(stderr, "homek8sd: %s\n", e.text);
		return EXIT_BUSY;
	}
	status = serve(&program, &o, state_dir);
	if (!program.disk_hangs)
		state_dir_close(state_dir);
	return status;
}
