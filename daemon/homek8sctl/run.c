/* SPDX-License-Identifier: MIT */
/*
 * run: the options, and what is around one run.
 *
 * Each file of this folder includes only those before it: ctl, terminal, layout, table,
 * words (small texts), trouble, output (formats), render, client and ask (the socket),
 * merge (streams), subject, doctor, verbs, commands (the tables), run, main.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/homek8sctl/commands.h"
#include "daemon/homek8sctl/verbs.h"
#include "lib/base/text.h"

#define SOCKET "/run/homek8s/homek8s.sock"

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

static bool set_since(struct options *o, const char *value)
{
	struct error e = { 0 };
	int64_t ms;

	o->since = time_parse(value);
	if (o->since >= 0)
		return true;
	if (duration_parse(value, &ms, &e) == 0) {
		o->since = wall_ms() - ms;
		return true;
	}
	say("--since: %s is neither a duration (10m, 2h) nor a time (2026-01-31T12:00:00Z)",
	    value);
	return false;
}

static bool set_lines(struct options *o, const char *value)
{
	char *end;

	o->lines = strtol(value, &end, 10);
	if (*value && !*end && o->lines >= 0 && o->lines <= 1000000)
		return true;
	say("-n %s: must be a number of lines", value);
	return false;
}

static bool set_color(struct options *o, const char *value)
{
	static const char *const whens[] = { "auto", "always", "never", NULL };

	o->color = value;
	if (word_index(whens, value) >= 0)
		return true;
	say("--color: must be auto, always or never, not %s", value);
	return false;
}

static bool set_timeout(struct options *o, const char *value)
{
	struct error e = { 0 };

	if (duration_parse(value, &o->timeout, &e) == 0 && o->timeout > 0)
		return true;
	say("--timeout: %s", *e.text ? e.text : "must be more than 0");
	return false;
}

/* One option; false after saying what is wrong. */
static bool set_option(struct options *o, int short_name, const char *value)
{
	switch (short_name) {
	case 'o':
		return set_output(o, value);
	case 'w':
		o->watch = true;
		break;
	case 'S':
		return set_since(o, value);
	case 'n':
		return set_lines(o, value);
	case 'H':
		o->no_headers = true;
		break;
	case 'c':
		return set_color(o, value);
	case 's':
		o->socket = value;
		break;
	case 't':
		return set_timeout(o, value);
	case 'f':
		o->for_what = value;
		break;
	case 'r':
		o->reason = value;
		break;
	case 'a':
		o->all = true;
		break;
	case 'd':
		o->config_dir = value;
		break;
	case 'p':
		o->pre = true;
		break;
	case 'R':
		o->root = strcmp(value, "/") == 0 ? NULL : value;
		break;
	case 'N':
		o->network = value;
		break;
	case 'v':
		o->vm = value;
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
	const char **words =
	    arena_array(&ctl->arena, command_option_count + 1, sizeof(*words));
	const char *name, *nearest;

	for (size_t i = 0; i < command_option_count; i++)
		words[i] = command_options[i].name;
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
	struct option longs[32] = { 0 };
	int c, at;

	for (size_t i = 0; i < command_option_count; i++)
		longs[i] = (struct option){ command_options[i].name,
			command_options[i].argument ? required_argument : no_argument,
			NULL, command_options[i].short_name };
	opterr = 0;
	optind = 0; /* from the start, in a second run too */
	while ((c = getopt_long(argc, argv, ":o:wn:h", longs, NULL)) != -1) {
		if (c == ':')
			say("%s needs a value", argv[optind - 1]);
		if (c == '?')
			unknown_option(ctl, argv[optind - 1]);
		if (c == ':' || c == '?' || !set_option(&ctl->options, c, optarg))
			return false;
		for (at = 0; command_options[at].short_name != c;)
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

	for (size_t i = 0; i < command_option_count; i++)
		if ((ctl->options.used & 1u << i) && !command_takes(command, i)) {
			say("%s takes no --%s", command->name, command_options[i].name);
			return false;
		}
	if ((ctl->options.given & command->takes) != ctl->options.given) {
		say("%s has no such output format", command->name);
		return false;
	}
	if (ctl->count > command->most) {
		say("%s: too many arguments: %s", command->name,
		    ctl->arguments[command->most]);
		return false;
	}
	return true;
}

static enum status run(struct ctl *ctl)
{
	bool named = ctl->count > 0;
	const char *name = named ? ctl->arguments[0] : "status";

	ctl->command = command_find(name);
	if (!ctl->command) {
		command_unknown(ctl, name);
		return STATUS_USAGE;
	}
	if (named) {
		ctl->arguments++;
		ctl->count--;
	}
	if (ctl->options.help) {
		command_help(named ? ctl->command : NULL);
		return STATUS_YES;
	}
	if (ctl->options.version)
		return verb_version(ctl);
	if (!options_fit(ctl))
		return STATUS_USAGE;
	terminal_measure(ctl);
	return ctl->command->run(ctl);
}

/* Every error of use names the next command. */
static void hint(const struct ctl *ctl)
{
	if (ctl->command)
		say("see `homek8sctl help %s`", ctl->command->name);
	else
		say("see `homek8sctl help`");
}

int ctl_run(int argc, char **argv)
{
	struct ctl ctl = { .out = stdout,
		.options = { .color = "auto",
		    .lines = -1,
		    .socket = getenv("HOMEK8S_SOCKET"),
		    .config_dir = DEFAULT_CONFIG_DIR } };
	enum status status = STATUS_USAGE;

	if (!ctl.options.socket || !*ctl.options.socket)
		ctl.options.socket = SOCKET;
	if (parse_options(&ctl, argc, argv))
		status = run(&ctl);
	if (status == STATUS_USAGE)
		hint(&ctl);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		say("the output could not be written");
		status = STATUS_ERROR;
	}
	arena_done(&ctl.arena);
	return (int)status;
}
