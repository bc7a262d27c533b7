/* SPDX-License-Identifier: MIT */
/*
 * measure: what the programs of test/bench share: a clock, samples with their median and
 * quantiles, the CPU time of a process, and how a result is printed: `name value`, one a
 * line, which bench.sh turns into its table. Times are in microseconds throughout.
 */
#ifndef TEST_BENCH_MEASURE_H
#define TEST_BENCH_MEASURE_H

#include <stddef.h>
#include <sys/types.h>

struct samples { /* zeroed is none */
	double *values;
	size_t count, room;
};

double measure_now(void); /* CLOCK_MONOTONIC */
void measure_sleep(double us);

/* CPU time of all threads of a process so far. */
double measure_cpu(pid_t pid);

void samples_add(struct samples *s, double value);
/* 0.5 is the median; 1 the largest. Sorts. Ends the program where there are none. */
double samples_at(struct samples *s, double quantile);
void samples_done(struct samples *s);

void measure_say(const char *name, double value);
/* NAME, NAME_p99 and NAME_max. */
void measure_say_samples(const char *name, struct samples *s);

/* Ends the program with a line on stderr. */
__attribute__((noreturn, format(printf, 1, 2))) void measure_die(const char *format, ...);

#endif
