/* SPDX-License-Identifier: MIT */
/* commands: the tables, from which usage, --help, completion and the test of the manual
 * page are made. */
#include "daemon/homek8sctl/commands.h"

#include <stdio.h>
#include <string.h>

#include "daemon/homek8sctl/verbs.h"
#include "lib/base/text.h"
#include "lib/model/kind.h"
#include "lib/view/interface.h"

#define SHOWS (TAKES_TEXT | TAKES_DATA | TAKES_DAEMON)

/* clang-format off */
const struct command commands[] = {
	{ "status", "[KIND/NAME]", "is it as written, and if not, why",
		"GetStatus", "homek8sctl status -w", verb_status,
		SHOWS | TAKES_TABLE | TAKES_NAME | TAKES_WATCH, 2 },
	{ "list", "[KIND [NAME]]", "all objects, those of a kind, or one",
		"List ListUnwritten", "homek8sctl list vms", verb_list,
		SHOWS | TAKES_TABLE | TAKES_NAME | TAKES_WATCH | TAKES_ALL, 2 },
	{ "describe", "KIND/NAME", "everything known about one object",
		"Describe", "homek8sctl describe vm/worker-1", verb_describe,
		SHOWS | TAKES_TABLE | TAKES_NAME, 2 },
	{ "plan", "", "what would be done now, and what waits for approval",
		"Plan", "homek8sctl plan || echo 'not as written'", verb_plan,
		SHOWS | TAKES_NAME, 0 },
	{ "diff", "", "what differs from what is written",
		"Diff", "homek8sctl diff -o json", verb_diff,
		SHOWS | TAKES_TABLE | TAKES_NAME, 0 },
	{ "validate", "[DIR or FILE]", "check a configuration; needs no daemon",
		"", "homek8sctl validate home.yaml", verb_validate,
		TAKES_TEXT | TAKES_DATA | TAKES_CONFIG, 1 },
	{ "doctor", "", "check what homek8sd needs of this host",
		"GetStatus", "homek8sctl doctor --pre", verb_doctor,
		SHOWS | TAKES_CONFIG | TAKES_CHECKS, 0 },
	{ "reconcile", "[KIND/NAME]", "read and act now; forget failures",
		"Reconcile", "homek8sctl reconcile vm/worker-1", verb_reconcile, TAKES_DAEMON, 2 },
	{ "reload", "", "read the configuration again",
		"Reload", "homek8sctl reload", verb_reload, TAKES_DAEMON, 0 },
	{ "pause", "[KIND/NAME]", "change nothing of one object, or of any",
		"Pause", "homek8sctl pause vm/worker-1 --for=1h --reason='new kernel'", verb_pause,
		TAKES_DAEMON | TAKES_FOR | TAKES_REASON, 2 },
	{ "resume", "[KIND/NAME]", "end a pause, or what was requested",
		"Resume", "homek8sctl resume vm/worker-1", verb_resume, TAKES_DAEMON, 2 },
	{ "start", "vm/NAME", "run a VM, whatever is written",
		"Start Describe", "homek8sctl start vm/worker-1", verb_start, TAKES_DAEMON, 2 },
	{ "stop", "vm/NAME", "shut a VM down and keep it so",
		"Stop Describe", "homek8sctl stop vm/worker-1", verb_stop, TAKES_DAEMON, 2 },
	{ "restart", "vm/NAME", "shut a VM down and start it; drain a node",
		"Restart Describe", "homek8sctl restart vm/worker-1", verb_restart, TAKES_DAEMON, 2 },
	{ "approve", "[KIND/NAME]", "allow what waits for approval; no name: list it",
		"Plan Approve", "homek8sctl approve reservation/worker-1", verb_approve,
		TAKES_TEXT | TAKES_DATA | TAKES_NAME | TAKES_DAEMON | TAKES_ALL, 2 },
	{ "wait", "", "until --for=converged, ready or KIND/NAME=VERDICT",
		"GetStatus", "homek8sctl wait --for=vm/worker-1=converged --timeout=5m", verb_wait,
		TAKES_DAEMON | TAKES_FOR, 0 },
	{ "events", "[KIND/NAME]", "what has happened",
		"Events", "homek8sctl events vm/worker-1 --since=1h", verb_events,
		SHOWS | TAKES_NAME | TAKES_WATCH | TAKES_PART, 2 },
	{ "explain", "[PATH]", "what a key of the configuration means",
		"", "homek8sctl explain vms.power", verb_explain, 0, 1 },
	{ "example", "", "print a small desired state to start from",
		"", "homek8sctl example > home.yaml", verb_example, 0, 0 },
	{ "import", "", "print desired state of what runs now to start from",
		"Import", "homek8sctl import > home.yaml", verb_import,
		TAKES_DAEMON | TAKES_IMPORT, 0 },
	{ "call", "METHOD [JSON]", "call a method of the socket's interface",
		"", "homek8sctl call Describe '{\"kind\": \"vm\", \"name\": \"worker-1\"}'",
		verb_call, TAKES_TEXT | TAKES_DATA | TAKES_DAEMON | TAKES_WATCH, 2 },
	{ "version", "", "versions of this program and of the daemon",
		"GetVersion", "homek8sctl version", verb_version, TAKES_DAEMON, 0 },
	{ "help", "[VERB]", "this text, or the help of one command",
		"", "homek8sctl help pause", verb_help, TAKES_NAME, 1 },
	{ 0 },
};
/* clang-format on */

const struct command_option command_options[] = {
	{ "output", 'o', "FORMAT", TAKES_TEXT | TAKES_DATA | TAKES_NAME,
	    "table, wide, json, yaml or name" },
	{ "watch", 'w', NULL, TAKES_WATCH, "keep running; show every change" },
	{ "since", 'S', "TIME", TAKES_PART, "how far back: 10m, 2026-01-31T12:00:00Z" },
	{ "lines", 'n', "COUNT", TAKES_PART, "only the last ones" },
	{ "no-headers", 'H', NULL, TAKES_TABLE, "no header line above a table" },
	{ "color", 'c', "WHEN", 0, "auto, always or never ($NO_COLOR: never)" },
	{ "socket", 's', "PATH", TAKES_DAEMON, "the daemon's socket ($HOMEK8S_SOCKET)" },
	{ "timeout", 't', "TIME", TAKES_DAEMON, "how long to wait: 10s, 5m" },
	{ "for", 'f', "WHAT", TAKES_FOR, "pause: how long; wait: what for" },
	{ "reason", 'r', "TEXT", TAKES_REASON, "why, shown in status and journal" },
	{ "all", 'a', NULL, TAKES_ALL, "all that waits; list: what is not written, too" },
	{ "network", 'N', "NAME", TAKES_IMPORT,
	    "this network and what is reserved in it" },
	{ "vm", 'v', "NAME", TAKES_IMPORT, "this VM" },
	{ "config-dir", 'd', "DIR", TAKES_CONFIG, "instead of " DEFAULT_CONFIG_DIR },
	{ "pre", 'p', NULL, TAKES_CHECKS,
	    "before the first start: what needs no daemon" },
	{ "root", 'R', "DIR", TAKES_CHECKS, "the system below DIR instead of this one" },
	{ "help", 'h', NULL, 0, "how to use it" },
	{ "version", 'V', NULL, 0, "like the command of that name" },
};

const size_t command_option_count = sizeof(command_options) / sizeof(command_options[0]);

#define OPTIONS (sizeof(command_options) / sizeof(command_options[0]))

bool command_takes(const struct command *command, size_t option)
{
	return command_options[option].takes == 0 ||
	       (command->takes & command_options[option].takes);
}

/* Of `-o` what this command can do. */
static const char *option_help(const struct command *command, size_t option)
{
	unsigned takes = command ? command->takes : TAKES_DATA | TAKES_NAME;

	if (command_options[option].short_name != 'o')
		return command_options[option].help;
	if (takes & TAKES_NAME)
		return takes & TAKES_DATA ? "table, wide, json, yaml or name" : "name";
	return "table, wide, json or yaml";
}

static void print_options(const struct command *command)
{
	for (size_t i = 0; i < OPTIONS; i++) {
		const char *argument = command_options[i].argument;
		bool is_short = strchr("ownh", command_options[i].short_name) != NULL;

		/* --version is for who has read nothing yet. */
		if (command &&
		    (!command_takes(command, i) || command_options[i].short_name == 'V'))
			continue;
		printf("  %c%c%c --%s%s%-*s %s\n", is_short ? '-' : ' ',
		    is_short ? command_options[i].short_name : ' ', is_short ? ',' : ' ',
		    command_options[i].name, argument ? "=" : "",
		    (int)(19 - strlen(command_options[i].name) - (argument != NULL)),
		    argument ? argument : "", option_help(command, i));
	}
}

const struct command *command_find(const char *name)
{
	for (const struct command *c = commands; c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

/* Commands of other programs, and what comes to the same here. */
static const struct other {
	const char *name, *here;
} others[] = {
	{ "get", "list" },
	{ "ls", "list" },
	{ "ps", "list vms" },
	{ "show", "describe" },
	{ "info", "describe" },
	{ "logs", "events" },
	{ "log", "events" },
	{ "history", "events" },
	{ "check", "validate" },
	{ "lint", "validate" },
	{ "apply", "reload" },
	{ "sync", "reconcile" },
	{ "reboot", "restart" },
	{ "shutdown", "stop" },
	{ "destroy", "stop" },
	{ "suspend", "pause" },
	{ "unpause", "resume" },
	{ "export", "import" },
	{ "init", "example" },
};

static const char *other_command(const char *name)
{
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(others[i].name, name) == 0)
			return others[i].here;
	return NULL;
}

void command_unknown(struct ctl *ctl, const char *name)
{
	size_t count = sizeof(commands) / sizeof(commands[0]);
	const char **words = arena_array(&ctl->arena, count, sizeof(*words));
	const char *nearest;

	for (size_t i = 0; i < count; i++)
		words[i] = commands[i].name;
	nearest = other_command(name);
	nearest = nearest ? nearest : nearest_word(name, words);
	if (nearest)
		say("there is no command \"%s\"; did you mean `homek8sctl %s`?", name,
		    nearest);
	else
		say("there is no command \"%s\"", name);
}

static void usage(void)
{
	puts("homek8sctl [OPTION]... [COMMAND [ARGUMENT]...]\n"
	     "\n"
	     "  homek8sctl                     is the home as written?\n"
	     "  homek8sctl describe vm/worker-1\n");
	for (const struct command *c = commands; c->name; c++)
		printf("  %-10s%-14s %s\n", c->name, c->arguments, c->help);
	putchar('\n');
	print_options(NULL);
	fputs("\nKIND is", stdout);
	for (size_t i = 0; i < kind_count; i++)
		if (kinds[i]->plan)
			printf("%s %s", i ? "," : "", kinds[i]->name);
	puts(
	    ".\nExit status: 0 yes, 1 no, 2 usage, 3 the daemon reported an error, 4 it cannot\n"
	    "be reached, 5 permission denied.");
}

/* "Calls Plan and Approve of io.homek8s.Manager." */
static void print_methods(const char *methods)
{
	const char *blank;

	if (!*methods)
		return;
	fputs("Calls ", stdout);
	for (; (blank = strchr(methods, ' ')); methods = blank + 1)
		printf("%.*s and ", (int)(blank - methods), methods);
	printf("%s of " INTERFACE_NAME ".\n\n", methods);
}

void command_help(const struct command *command)
{
	if (!command) {
		usage();
		return;
	}
	printf("homek8sctl %s%s%s: %s\n\n  %s\n\n", command->name,
	    *command->arguments ? " " : "", command->arguments, command->help,
	    command->example);
	print_methods(command->methods);
	print_options(command);
}

enum status verb_help(struct ctl *ctl)
{
	const struct command *command = NULL;

	if (ctl->options.output == OUTPUT_NAME) {
		for (command = commands; command->name; command++)
			puts(command->name);
		return STATUS_YES;
	}
	if (ctl->count > 0 && !(command = command_find(ctl->arguments[0]))) {
		command_unknown(ctl, ctl->arguments[0]);
		return STATUS_USAGE;
	}
	command_help(command);
	return STATUS_YES;
}
