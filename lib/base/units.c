/* SPDX-License-Identifier: MIT */
/* units: sizes, durations and points in time as people write them. */
#include "lib/base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

struct unit {
	const char *name;
	int64_t factor;
};

static const struct unit size_units[] = {
	{ "TiB", (int64_t)1 << 40 },
	{ "GiB", (int64_t)1 << 30 },
	{ "MiB", (int64_t)1 << 20 },
	{ "KiB", (int64_t)1 << 10 },
	{ "TB", 1000000000000 },
	{ "GB", 1000000000 },
	{ "MB", 1000000 },
	{ "KB", 1000 },
	{ "B", 1 },
	{ "", 1 },
	{ NULL, 0 },
};

/* From the largest down, the order in which they are written. */
static const struct unit duration_units[] = {
	{ "d", 86400000 },
	{ "h", 3600000 },
	{ "m", 60000 },
	{ "s", 1000 },
	{ "ms", 1 },
	{ NULL, 0 },
};

static const struct unit *find_unit(
    const struct unit *units, const char *name, size_t length)
{
	for (; units->name; units++)
		if (strlen(units->name) == length &&
		    memcmp(units->name, name, length) == 0)
			return units;
	return NULL;
}

/* Reads all digits there are and moves *text past them; -1 where they are too many. */
static int64_t read_number(const char **text)
{
	int64_t value = 0;
	bool fits = true;

	for (; isdigit((unsigned char)**text); (*text)++)
		fits = fits && !__builtin_mul_overflow(value, 10, &value) &&
		       !__builtin_add_overflow(value, **text - '0', &value);
	return fits ? value : -1;
}

/* "4 GiB", "4gib": the unit is right but for its case, or a blank before it; NULL: not. */
static const struct unit *meant_unit(const char *unit)
{
	const struct unit *u = size_units;

	unit += strspn(unit, " ");
	while (u->name && (!*u->name || strcasecmp(u->name, unit) != 0))
		u++;
	return u->name ? u : NULL;
}

static int refuse_size(const char *text, const char *unit, struct error *e)
{
	const struct unit *meant = *unit ? meant_unit(unit) : NULL;

	if (meant)
		return fail(e, "\"%.40s\" is no size; write \"%.*s%s\"", text,
		    (int)strspn(text, "0123456789"), text, meant->name);
	if (*unit == '.' || *unit == ',')
		return fail(e,
		    "\"%.40s\" is a fraction; write it in a smaller unit, as in \"1536MiB\" for 1.5GiB",
		    text);
	if (*unit == ' ')
		return fail(e, "\"%.40s\" has a blank in it; write it as in \"%.*sGiB\"",
		    text, (int)strspn(text, "0123456789"), text);
	if (*unit && strchr("KMGTkmgt", *unit) && strlen(unit) <= 2 &&
	    strspn(unit + 1, "ibB") == strlen(unit + 1))
		return fail(e,
		    "\"%.40s\" has an unknown unit; write \"%.*s%ciB\" (1024) or \"%.*s%cB\" (1000)",
		    text, (int)strspn(text, "0123456789"), text,
		    toupper((unsigned char)*unit), (int)strspn(text, "0123456789"), text,
		    toupper((unsigned char)*unit));
	return fail(
	    e, "\"%.40s\" is no size; write it as in \"8GiB\" or \"512MiB\"", text);
}

int size_parse(const char *text, int64_t *bytes, struct error *e)
{
	const char *end = text;
	int64_t number = read_number(&end), value;
	const struct unit *unit = find_unit(size_units, end, strlen(end));

	if (end == text || !unit)
		return refuse_size(text, end == text ? "" : end, e);
	if (number < 0 || __builtin_mul_overflow(number, unit->factor, &value))
		return fail(e, "\"%.40s\" is too large a size", text);
	*bytes = value;
	return 0;
}

const char *size_text(struct arena *a, int64_t bytes)
{
	const struct unit *unit = size_units;

	if (bytes == 0)
		return "0B";
	while (unit->factor & (unit->factor - 1) || bytes % unit->factor)
		unit++;
	return arena_printf(a, "%lld%s", (long long)(bytes / unit->factor),
	    *unit->name ? unit->name : "B");
}

int duration_parse(const char *text, int64_t *ms, struct error *e)
{
	const struct unit *allowed = duration_units;
	const char *p = text;
	int64_t total = 0, part;

	do {
		const char *start = p;
		int64_t number = read_number(&p);
		size_t length = strspn(p, "dhms");
		const struct unit *unit = find_unit(allowed, p, length);

		if (p == start || !unit)
			return fail(e,
			    "\"%.40s\" is no duration; write it as in \"90s\", \"5m\", \"1h30m\" or \"250ms\"",
			    text);
		if (number < 0 || __builtin_mul_overflow(number, unit->factor, &part) ||
		    __builtin_add_overflow(total, part, &total))
			return fail(e, "\"%.40s\" is too long a duration", text);
		p += length;
		allowed = unit + 1;
	} while (*p);
	*ms = total;
	return 0;
}

const char *duration_text(struct arena *a, int64_t ms)
{
	const struct unit *unit = duration_units;
	long long first, second;

	if (ms <= 0)
		return "0s";
	if (ms < 1000)
		return arena_printf(a, "%lldms", (long long)ms);
	while (ms < unit->factor)
		unit++;
	first = ms / unit->factor;
	second = unit->factor > 1000 ? ms % unit->factor / unit[1].factor : 0;
	if (!second)
		return arena_printf(a, "%lld%s", first, unit->name);
	return arena_printf(a, "%lld%s%lld%s", first, unit->name, second, unit[1].name);
}

const char *time_text(struct arena *a, int64_t wall_ms)
{
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm tm;

	if (!gmtime_r(&seconds, &tm))
		return "unknown";
	return arena_printf(a, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900,
	    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* "dddd-dd-ddTdd:dd:dd", then nothing or a fraction, then "Z". */
static bool is_like_time(const char *text)
{
	const char *shape = "dddd-dd-ddTdd:dd:dd";

	for (; *shape; shape++, text++)
		if (*shape == 'd' ? !isdigit((unsigned char)*text) : *text != *shape)
			return false;
	if (*text == '.') {
		size_t digits = strspn(text + 1, "0123456789");

		if (digits < 1 || digits > 9)
			return false;
		text += 1 + digits;
	}
	return strcmp(text, "Z") == 0;
}

int64_t time_parse(const char *text)
{
	struct tm tm = { 0 }, same;
	time_t seconds;

	if (!is_like_time(text) ||
	    sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
		&tm.tm_hour, &tm.tm_min, &tm.tm_sec) != 6)
		return -1;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	same = tm;
	seconds = timegm(&same);
	/* timegm() takes the 31st of February for the 3rd of March; we do not. The month
	 * shows it: a day too many or too few always ends in another. */
	if (seconds < 0 || same.tm_mon != tm.tm_mon || same.tm_hour != tm.tm_hour ||
	    same.tm_min != tm.tm_min || same.tm_sec != tm.tm_sec)
		return -1;
	return (int64_t)seconds * 1000;
}
