/* SPDX-License-Identifier: MIT */
/* commands: the table of commands and that of options, and the help that is made of them.
 */
#ifndef DAEMON_HOMEK8SCTL_COMMANDS_H
#define DAEMON_HOMEK8SCTL_COMMANDS_H

#include "daemon/homek8sctl/ctl.h"

struct command_option {
	const char *name;
	int short_name;	      /* typed as such only where the help shows it */
	const char *argument; /* NULL: takes none */
	unsigned takes;	      /* TAKES_* a command must have; 0: every command */
	const char *help;
};

extern const struct command commands[]; /* name NULL after the last */
extern const struct command_option command_options[];
extern const size_t command_option_count; /* at most 31 */

/* NULL when there is none. */
const struct command *command_find(const char *name);
/* Says that there is none, and which one may have been meant. */
void command_unknown(struct ctl *ctl, const char *name);
bool command_takes(const struct command *command, size_t option);
/* The help of one command, or (NULL) of the program, on stdout. */
void command_help(const struct command *command);

enum status verb_help(struct ctl *ctl);

#endif
