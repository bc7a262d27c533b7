/* SPDX-License-Identifier: MIT */
/* homek8sctl: the table of commands, the options, and what is around one run. */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/homek8sctl/ctl.h"
#include "lib/base/text.h"
#include "lib/model/kind.h"

#define CONFIG_DIR HOMEK8S_SYSCONFDIR "/homek8s"
#define SOCKET "/run/homek8s/homek8s.sock"
#define SHOWS (TAKES_TEXT | TAKES_DATA | TAKES_DAEMON)

/* clang-format off */
const struct command commands[] = {
	{ "status", "", "is the home as written, and if not, why",
		"homek8sctl status -w", verb_status,
		SHOWS | TAKES_TABLE | TAKES_NAME | TAKES_WATCH, 0 },
	{ "list", "[KIND]", "all objects, or those of a kind",
		"homek8sctl list vms", verb_list,
		SHOWS | TAKES_TABLE | TAKES_NAME | TAKES_WATCH, 1 },
	{ "describe", "KIND/NAME", "everything known about one object",
		"homek8sctl describe vm/worker-1", verb_describe,
		SHOWS | TAKES_TABLE | TAKES_NAME, 2 },
	{ "plan", "", "what would be done now, and what waits for approval",
		"homek8sctl plan || echo 'not as written'", verb_plan,
		SHOWS | TAKES_NAME, 0 },
	{ "diff", "", "what is otherwise than it is written",
		"homek8sctl diff -o json", verb_diff,
		SHOWS | TAKES_TABLE | TAKES_NAME, 0 },
	{ "validate", "[DIR or FILE]", "check a configuration; needs no daemon",
		"homek8sctl validate home.yaml", verb_validate,
		TAKES_TEXT | TAKES_DATA | TAKES_CONFIG, 1 },
	{ "reconcile", "[KIND/NAME]", "look and act now; forget failures",
		"homek8sctl reconcile vm/worker-1", verb_reconcile, TAKES_DAEMON, 2 },
	{ "reload", "", "read the configuration again",
		"homek8sctl reload", verb_reload, TAKES_DAEMON, 0 },
	{ "pause", "[KIND/NAME]", "hands off one object, or everything",
		"homek8sctl pause vm/worker-1 --for=1h --reason='new kernel'", verb_pause,
		TAKES_DAEMON | TAKES_FOR | TAKES_REASON, 2 },
	{ "resume", "[KIND/NAME]", "end a pause",
		"homek8sctl resume vm/worker-1", verb_resume, TAKES_DAEMON, 2 },
	{ "approve", "KIND/NAME", "allow the change that waits for it",
		"homek8sctl approve reservation/worker-1", verb_approve, TAKES_DAEMON, 2 },
	{ "wait", "", "until --for=converged, ready or KIND/NAME=VERDICT",
		"homek8sctl wait --for=vm/worker-1=converged --timeout=5m", verb_wait,
		TAKES_DAEMON | TAKES_FOR, 0 },
	{ "events", "", "what has happened",
		"homek8sctl events -w", verb_events, SHOWS | TAKES_NAME | TAKES_WATCH, 0 },
	{ "explain", "[PATH]", "what a key of the configuration means",
		"homek8sctl explain vms.power", verb_explain, 0, 1 },
	{ "example", "", "print a small desired state to start from",
		"homek8sctl example > home.yaml", verb_example, 0, 0 },
	{ "call", "METHOD [JSON]", "call a method of the socket's interface",
		"homek8sctl call Describe '{\"kind\": \"vm\", \"name\": \"worker-1\"}'",
		verb_call, TAKES_TEXT | TAKES_DATA | TAKES_DAEMON | TAKES_WATCH, 2 },
	{ "version", "", "versions of this program and of the daemon",
		"homek8sctl version", verb_version, TAKES_DAEMON, 0 },
	{ "help", "[VERB]", "this text, or that of one command",
		"homek8sctl help pause", verb_help, TAKES_NAME, 1 },
	{ 0 },
};
/* clang-format on */

bool is_default_config(const char *directory)
{
	return strcmp(directory, CONFIG_DIR) == 0;
}

void say(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fputs("homek8sctl: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

/* Options */

static const struct {
	const char *name;
	int short_name;
	const char *argument;
	unsigned takes; /* TAKES_* a command must have; 0: every command */
	const char *help;
} options[] = {
	{ "output", 'o', "FORMAT", TAKES_TEXT | TAKES_DATA | TAKES_NAME,
	    "table, wide, json, yaml or name" },
	{ "watch", 'w', NULL, TAKES_WATCH, "go on; show every change" },
	{ "no-headers", 'n', NULL, TAKES_TABLE, "no header line above a table" },
	{ "color", 'c', "WHEN", 0, "auto, always or never ($NO_COLOR: never)" },
	{ "socket", 's', "PATH", TAKES_DAEMON, "the daemon's socket ($HOMEK8S_SOCKET)" },
	{ "timeout", 't', "TIME", TAKES_DAEMON, "how long to wait: 10s, 5m" },
	{ "for", 'f', "WHAT", TAKES_FOR, "pause: how long; wait: what for" },
	{ "reason", 'r', "TEXT", TAKES_REASON, "why, shown in status and journal" },
	{ "config-dir", 'd', "DIR", TAKES_CONFIG, "instead of " CONFIG_DIR },
	{ "help", 'h', NULL, 0, "how to use it" },
	{ "version", 'V', NULL, 0, "as the command of that name" },
};

#define OPTIONS (sizeof(options) / sizeof(options[0]))

static bool applies(const struct command *command, size_t option)
{
	return options[option].takes == 0 || (command->takes & options[option].takes);
}

/* Of `-o` what this command can do. */
static const char *option_help(const struct command *command, size_t option)
{
	unsigned takes = command ? command->takes : TAKES_DATA | TAKES_NAME;

	if (options[option].short_name != 'o')
		return options[option].help;
	if (takes & TAKES_NAME)
		return takes & TAKES_DATA ? "table, wide, json, yaml or name" : "name";
	return "table, wide, json or yaml";
}

static void print_options(const struct command *command)
{
	for (size_t i = 0; i < OPTIONS; i++) {
		const char *argument = options[i].argument;
		bool is_short = strchr("owh", options[i].short_name) != NULL;

		/* --version is for who has read nothing yet. */
		if (command && (!applies(command, i) || options[i].short_name == 'V'))
			continue;
		printf("  %c%c%c --%s%s%-*s %s\n", is_short ? '-' : ' ',
		    is_short ? options[i].short_name : ' ', is_short ? ',' : ' ',
		    options[i].name, argument ? "=" : "",
		    (int)(19 - strlen(options[i].name) - (argument != NULL)),
		    argument ? argument : "", option_help(command, i));
	}
}

static const struct command *find_command(const char *name)
{
	for (const struct command *c = commands; c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

static void unknown_command(struct ctl *ctl, const char *name)
{
	size_t count = sizeof(commands) / sizeof(commands[0]);
	const char **words = arena_array(&ctl->arena, count, sizeof(*words));
	const char *nearest;

	for (size_t i = 0; i < count; i++)
		words[i] = commands[i].name;
	nearest = nearest_word(name, words);
	if (nearest)
		say("there is no command \"%s\"; did you mean %s?", name, nearest);
	else
		say("there is no command \"%s\"; see `homek8sctl help`", name);
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
	    ".\nExit status: 0 yes, 1 no, 2 usage, 3 the daemon said error, 4 it cannot be\n"
	    "reached, 5 permission denied.");
}

/* Of one command, or (NULL) of the program. */
static void print_help(const struct command *command)
{
	if (!command) {
		usage();
		return;
	}
	printf("homek8sctl %s%s%s: %s\n\n  %s\n\n", command->name,
	    *command->arguments ? " " : "", command->arguments, command->help,
	    command->example);
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
	if (ctl->count > 0 && !(command = find_command(ctl->arguments[0]))) {
		unknown_command(ctl, ctl->arguments[0]);
		return STATUS_USAGE;
	}
	print_help(command);
	return STATUS_YES;
}

static int word_index(const char *const *words, const char *word)
{
	for (int i = 0; words[i]; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return -1;
}

static bool set_output(struct options *o, const char *word)
{
	static const char *const words[] = { "table", "wide", "json", "yaml", "name",
		NULL };
	static const unsigned needs[] = { TAKES_TEXT, TAKES_TEXT, TAKES_DATA, TAKES_DATA,
		TAKES_NAME };
	int i = word_index(words, word);

	if (i < 0) {
		say("-o %s: must be table, wide, json, yaml or name", word);
		return false;
	}
	o->output = (enum output)i;
	o->given |= needs[i];
	return true;
}

/* One option; false after saying what is wrong. */
static bool set_option(struct options *o, int short_name, const char *value)
{
	static const char *const whens[] = { "auto", "always", "never", NULL };
	struct error e = { 0 };

	switch (short_name) {
	case 'o':
		return set_output(o, value);
	case 'w':
		o->watch = true;
		break;
	case 'n':
		o->no_headers = true;
		break;
	case 'c':
		o->color = value;
		if (word_index(whens, value) >= 0)
			break;
		say("--color: must be auto, always or never, not %s", value);
		return false;
	case 's':
		o->socket = value;
		break;
	case 't':
		if (duration_parse(value, &o->timeout, &e) == 0 && o->timeout > 0)
			break;
		say("--timeout: %s", *e.text ? e.text : "must be longer than nothing");
		return false;
	case 'f':
		o->for_what = value;
		break;
	case 'r':
		o->reason = value;
		break;
	case 'd':
		o->config_dir = value;
		break;
	case 'h':
		o->help = true;
		break;
	case 'V':
		o->version = true;
		break;
	}
	return true;
}

/* Also one with a value that takes none, as --watch=1. */
static void unknown_option(struct ctl *ctl, const char *written)
{
	const char **words = arena_array(&ctl->arena, OPTIONS + 1, sizeof(*words));
	const char *name, *nearest;

	for (size_t i = 0; i < OPTIONS; i++)
		words[i] = options[i].name;
	written = text_clean(&ctl->arena, written, 60);
	name = written + strspn(written, "-");
	nearest = nearest_word(name, words);
	if (strchr(name, '='))
		say("there is no option %s, or it takes no value", written);
	else if (nearest && strncmp(written, "--", 2) == 0)
		say("there is no option %s; did you mean --%s?", written, nearest);
	else
		say("there is no option %s", written);
}

/* getopt's own table, made from ours: short names but those shown are not typed. */
static bool parse_options(struct ctl *ctl, int argc, char **argv)
{
	struct option longs[OPTIONS + 1] = { 0 };
	int c, at;

	for (size_t i = 0; i < OPTIONS; i++)
		longs[i] = (struct option){ options[i].name,
			options[i].argument ? required_argument : no_argument, NULL,
			options[i].short_name };
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":o:wh", longs, NULL)) != -1) {
		if (c == ':')
			say("%s needs a value", argv[optind - 1]);
		if (c == '?')
			unknown_option(ctl, argv[optind - 1]);
		if (c == ':' || c == '?' || !set_option(&ctl->options, c, optarg))
			return false;
		for (at = 0; options[at].short_name != c;)
			at++;
		ctl->options.used |= 1u << at;
	}
	ctl->arguments = argv + optind;
	ctl->count = argc - optind;
	return true;
}

/* No option is taken and then ignored. */
static bool options_fit(const struct ctl *ctl)
{
	const struct command *command = ctl->command;

	for (size_t i = 0; i < OPTIONS; i++)
		if ((ctl->options.used & 1u << i) && !applies(command, i)) {
			say("%s takes no --%s", command->name, options[i].name);
			return false;
		}
	if ((ctl->options.given & command->takes) != ctl->options.given) {
		say("%s has no such output format", command->name);
		return false;
	}
	if (ctl->count > command->most) {
		say("%s: too many arguments: %s; see `homek8sctl help %s`", command->name,
		    ctl->arguments[command->most], command->name);
		return false;
	}
	return true;
}

static enum status run(struct ctl *ctl)
{
	bool named = ctl->count > 0;
	const char *name = named ? ctl->arguments[0] : "status";

	ctl->command = find_command(name);
	if (!ctl->command) {
		unknown_command(ctl, name);
		return STATUS_USAGE;
	}
	if (named) {
		ctl->arguments++;
		ctl->count--;
	}
	if (ctl->options.help) {
		print_help(named ? ctl->command : NULL);
		return STATUS_YES;
	}
	if (ctl->options.version)
		return verb_version(ctl);
	if (!options_fit(ctl))
		return STATUS_USAGE;
	terminal_look(ctl);
	return ctl->command->run(ctl);
}

int main(int argc, char **argv)
{
	struct ctl ctl = { .out = stdout,
		.options = { .color = "auto",
		    .socket = getenv("HOMEK8S_SOCKET"),
		    .config_dir = CONFIG_DIR } };
	enum status status = STATUS_USAGE;

	if (!ctl.options.socket || !*ctl.options.socket)
		ctl.options.socket = SOCKET;
	if (parse_options(&ctl, argc, argv))
		status = run(&ctl);
	else
		say("see `homek8sctl help`");
	if (fflush(stdout) != 0 || ferror(stdout)) {
		say("the output could not be written");
		status = STATUS_ERROR;
	}
	arena_done(&ctl.arena);
	return (int)status;
}
