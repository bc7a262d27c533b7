/* SPDX-License-Identifier: MIT */
/* window: minutes of a week, looked through day by day. */
#include "lib/base/window.h"

#include <string.h>

#define MINUTE ((int64_t)60 * 1000)
#define DAY_MINUTES (24 * 60)
#define DAYS 7
#define ALL_DAYS 0x7fu

static const char *const names[DAYS] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri",
	"Sat" };

/* Reading */

/* Moves past the day's name; -1: there is none. */
static int read_day(const char **at)
{
	for (int day = 0; day < DAYS; day++)
		if (strncmp(*at, names[day], 3) == 0) {
			*at += 3;
			return day;
		}
	return -1;
}

/* "Sun", "Mon-Fri", "Sat,Sun", "daily", up to a blank. */
static bool read_days(const char **at, unsigned *days)
{
	if (strncmp(*at, "daily", 5) == 0) {
		*at += 5;
		*days = ALL_DAYS;
		return true;
	}
	do {
		int first, last;

		*at += **at == ',';
		first = last = read_day(at);
		if (first >= 0 && **at == '-') {
			++*at;
			last = read_day(at);
		}
		if (first < 0 || last < 0)
			return false;
		for (int day = first; *days |= 1u << day, day != last;)
			day = (day + 1) % DAYS;
	} while (**at == ',');
	return true;
}

static bool read_digits(const char **at, int limit, int *out)
{
	const char *p = *at;

	if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
		return false;
	*out = (p[0] - '0') * 10 + p[1] - '0';
	*at += 2;
	return *out < limit;
}

/* "02:00"; 24:00 is the end of the day. */
static bool read_minute(const char **at, int *out)
{
	int hour, minute;

	if (!read_digits(at, 25, &hour) || *(*at)++ != ':' ||
	    !read_digits(at, 60, &minute))
		return false;
	*out = hour * 60 + minute;
	return *out <= DAY_MINUTES;
}

int window_parse(const char *text, struct window *out, struct error *e)
{
	const char *at = text;
	struct window w = { 0 };

	if (!read_days(&at, &w.days) || *at++ != ' ' || !read_minute(&at, &w.from) ||
	    *at++ != '-' || !read_minute(&at, &w.to) || *at || w.from == w.to ||
	    w.from == DAY_MINUTES)
		return fail(e,
		    "\"%.40s\" is no time of the week; write it as in \"Sun 02:00-05:00\", \"Mon-Fri 01:00-02:30\" or \"daily 23:00-04:00\"",
		    text);
	*out = w;
	return 0;
}

static const char *days_text(struct arena *a, unsigned days)
{
	const char *text = "";

	if (days == ALL_DAYS)
		return "daily";
	for (int day = 0; day < DAYS; day++)
		if (days & 1u << day)
			text =
			    arena_printf(a, "%s%s%s", text, *text ? "," : "", names[day]);
	return text;
}

const char *window_text(struct arena *a, const struct window *w)
{
	return arena_printf(a, "%s %02d:%02d-%02d:%02d", days_text(a, w->days),
	    w->from / 60, w->from % 60, w->to / 60, w->to % 60);
}

/* The time */

/* Minutes since 1970, which began on a Thursday. */
static int64_t minute_of(int64_t local)
{
	return local / MINUTE - (local % MINUTE < 0);
}

static int weekday(int64_t day)
{
	return (int)(((day + 4) % DAYS + DAYS) % DAYS);
}

/* Its end, of the one that begins on that day since 1970, in minutes since then. */
static int64_t end_of(const struct window *w, int64_t day)
{
	return day * DAY_MINUTES + w->to + (w->to <= w->from ? DAY_MINUTES : 0);
}

/* The first that has not ended by then; a week has one. */
static int64_t day_of(const struct window *w, int64_t minute)
{
	int64_t day = minute / DAY_MINUTES - (minute % DAY_MINUTES < 0) - 1;

	while (!(w->days & 1u << weekday(day)) || end_of(w, day) <= minute)
		day++;
	return day;
}

bool window_is_open(const struct window *w, int64_t local)
{
	int64_t minute = minute_of(local);

	return !w->days || day_of(w, minute) * DAY_MINUTES + w->from <= minute;
}

int64_t window_next(const struct window *w, int64_t local)
{
	int64_t day, next;

	if (!w->days)
		return INT64_MAX;
	day = day_of(w, minute_of(local));
	next = window_is_open(w, local) ? end_of(w, day) : day * DAY_MINUTES + w->from;
	return next * MINUTE - local;
}

int64_t window_end(const struct window *w, int64_t local)
{
	if (!w->days)
		return INT64_MAX;
	return end_of(w, day_of(w, minute_of(local))) * MINUTE - local;
}
