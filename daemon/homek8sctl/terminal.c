/* SPDX-License-Identifier: MIT */
/* terminal: what stdout is: its size, its colours, its characters; and talk on stderr. */
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon/homek8sctl/ctl.h"

#define SMALLEST 20 /* terminals smaller than that are taken for mistakes */
#define SMALLEST_ROWS 8
#define LARGEST 10000

/* A size the environment says, or 0. */
static int size_of(const char *variable)
{
	const char *text = getenv(variable);
	char *end;
	long size = text && *text ? strtol(text, &end, 10) : 0;

	return size >= SMALLEST && size <= LARGEST && !*end ? (int)size : 0;
}

void terminal_measure(struct ctl *ctl)
{
	struct terminal *t = &ctl->terminal;
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
	struct winsize size = { 0 };

	setlocale(LC_ALL, "");
	t->tty = isatty(STDOUT_FILENO);
	t->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	t->color =
	    t->tty && !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;
	if (strcmp(ctl->options.color, "always") == 0)
		t->color = true;
	if (strcmp(ctl->options.color, "never") == 0)
		t->color = false;
	if (t->tty)
		ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	t->columns = size_of("COLUMNS");
	if (!t->columns)
		t->columns = size.ws_col >= SMALLEST ? size.ws_col : 80;
	t->rows = size_of("LINES");
	if (!t->rows)
		t->rows = size.ws_row >= SMALLEST_ROWS ? size.ws_row : 24;
}

static size_t count_lines(const char *text)
{
	size_t lines = 0;

	for (; (text = strchr(text, '\n')); text++)
		lines++;
	return lines;
}

/* False: there is no such program. */
static bool page_through(const char *pager, const char *text)
{
	int ends[2], status = 0;
	pid_t child;
	FILE *to;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return false;
	child = fork();
	if (child == 0) {
		dup2(ends[0], STDIN_FILENO);
		setenv("LESS", "FRX", 0);
		execl("/bin/sh", "sh", "-c", pager, NULL);
		_exit(127);
	}
	close(ends[0]);
	to = fdopen(ends[1], "w");
	if (child < 0 || !to)
		return false;
	signal(SIGPIPE, SIG_IGN); /* it may be left before the end */
	fputs(text, to);
	fclose(to);
	return waitpid(child, &status, 0) == child &&
	       !(WIFEXITED(status) && WEXITSTATUS(status) == 127);
}

void terminal_page(const struct ctl *ctl, const char *text)
{
	const char *pager = getenv("PAGER");
	bool long_one = count_lines(text) >= (size_t)ctl->terminal.rows;

	fflush(stdout);
	if (!ctl->terminal.tty || ctl->options.watch || !long_one ||
	    !page_through(pager && *pager ? pager : "less", text))
		fputs(text, stdout);
}

int64_t wall_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
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
