/* SPDX-License-Identifier: MIT */
/* measure: CPU time is taken from the scheduler's own count, which knows nanoseconds. */
#include "test/bench/measure.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

double measure_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

void measure_sleep(double us)
{
	struct timespec t = { (time_t)(us / 1e6), 0 };

	if (us <= 0)
		return;
	t.tv_nsec = (long)((us - (double)t.tv_sec * 1e6) * 1e3);
	nanosleep(&t, NULL);
}

static double thread_cpu(pid_t pid, const char *thread)
{
	char path[300];
	double ns = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", (int)pid, thread);
	file = fopen(path, "r");
	if (!file)
		return 0; /* it has just ended */
	if (fscanf(file, "%lf", &ns) != 1)
		ns = 0;
	fclose(file);
	return ns / 1e3;
}

double measure_cpu(pid_t pid)
{
	char path[64];
	struct dirent *entry;
	double sum = 0;
	DIR *threads;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	threads = opendir(path);
	if (!threads)
		measure_die("there is no process %d", (int)pid);
	while ((entry = readdir(threads)))
		if (entry->d_name[0] != '.')
			sum += thread_cpu(pid, entry->d_name);
	closedir(threads);
	return sum;
}

void samples_add(struct samples *s, double value)
{
	if (s->count == s->room) {
		s->room = s->room ? s->room * 2 : 256;
		s->values = realloc(s->values, s->room * sizeof(*s->values));
		if (!s->values)
			abort();
	}
	s->values[s->count++] = value;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double samples_at(struct samples *s, double quantile)
{
	size_t at = (size_t)((double)s->count * quantile);

	if (s->count == 0)
		measure_die("nothing was measured");
	qsort(s->values, s->count, sizeof(*s->values), by_value);
	return s->values[at < s->count ? at : s->count - 1];
}

void samples_done(struct samples *s)
{
	free(s->values);
	*s = (struct samples){ 0 };
}

void measure_say(const char *name, double value)
{
	printf("%s %.3f\n", name, value);
	fflush(stdout);
}

void measure_say_samples(const char *name, struct samples *s)
{
	printf("%s %.3f\n%s_p99 %.3f\n%s_max %.3f\n", name, samples_at(s, 0.5), name,
	    samples_at(s, 0.99), name, samples_at(s, 1));
	fflush(stdout);
}

void measure_die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("bench: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}
