/* SPDX-License-Identifier: MIT */
/*
 * ctl: what the parts of homek8sctl share: the options of one run, the terminal, what a
 * command is, and the exit status. The daemon sends facts; how they are shown is
 * decided here. Data goes to stdout, talk to stderr.
 */
#ifndef DAEMON_HOMEK8SCTL_CTL_H
#define DAEMON_HOMEK8SCTL_CTL_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/base/arena.h"

enum status { /* the exit status of the program */
	STATUS_YES = 0,
	STATUS_NO = 1, /* the answer is no: differences, a failed check, timed out */
	STATUS_USAGE = 2,
	STATUS_ERROR = 3, /* the daemon said error */
	STATUS_UNREACHABLE = 4,
	STATUS_DENIED = 5,
};

enum output {
	OUTPUT_TABLE,
	OUTPUT_WIDE,
	OUTPUT_JSON,
	OUTPUT_YAML,
	OUTPUT_NAME,
};

/* Options a command takes, beside those every command takes. */
#define TAKES_TEXT 1u  /* -o table, wide */
#define TAKES_DATA 2u  /* -o json, yaml */
#define TAKES_NAME 4u  /* -o name */
#define TAKES_WATCH 8u /* -w */
#define TAKES_FOR 16u
#define TAKES_REASON 32u
#define TAKES_CONFIG 64u   /* --config-dir */
#define TAKES_DAEMON 128u  /* --socket, --timeout */
#define TAKES_TABLE 256u   /* --no-headers */
#define TAKES_ALL 512u	   /* --all */
#define TAKES_IMPORT 1024u /* --network, --vm */
#define TAKES_PART 2048u   /* --since, -n */
#define TAKES_CHECKS 4096u /* --pre, --root */

#define DEFAULT_CONFIG_DIR HOMEK8S_SYSCONFDIR "/homek8s"

struct options {
	enum output output;
	bool watch, no_headers, all, pre;
	const char *color; /* "auto", "always", "never" */
	const char *socket, *config_dir, *for_what, *reason, *network, *vm, *root;
	int64_t timeout; /* ms; 0: the command's own */
	int64_t since;	 /* ms since 1970; 0: all */
	int64_t lines;	 /* -1: all */
	bool help, version;
	unsigned used;	/* bit i: the i-th option was given */
	unsigned given; /* TAKES_TEXT, _DATA or _NAME: the requested kind of output */
};

struct terminal {
	bool tty;   /* stdout is one: fit it */
	bool color; /* may be coloured */
	bool utf8;
	int columns, rows;
};

struct ctl;

/* terminal.c: after the options are known. $COLUMNS and $LINES go before what the
 * terminal says. */
void terminal_measure(struct ctl *ctl);
/* Prints the text, through $PAGER (less) where it does not fit on the terminal. */
void terminal_page(const struct ctl *ctl, const char *text);
/* The wall clock, ms since 1970. */
int64_t wall_ms(void);

struct ctl {
	struct options options;
	struct terminal terminal;
	FILE *out; /* data: stdout, or what is not yet known to fit the screen */
	const struct command *command;
	char **arguments; /* after the verb */
	int count;
	struct arena arena; /* for the texts of this run */
};

struct command {
	const char *name;
	const char *arguments; /* "[KIND/NAME]"; "" for none */
	const char *help;
	const char
	    *methods; /* of the daemon's that it calls: "Plan Approve"; "" for none */
	const char *example; /* a whole command line */
	enum status (*run)(struct ctl *ctl);
	unsigned takes;
	int most; /* arguments */
};

/* run.c: one run, from its command line to the exit status of the program. */
int ctl_run(int argc, char **argv);

/* Talk: "homek8sctl: ..." on stderr. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
