/* SPDX-License-Identifier: MIT */
/*
 * render_status: the whole home at one glance. On a terminal it fits the screen, and it
 * gives up the other things before it gives up why something is not as it is written:
 * first events, then findings, then what will pass by itself. What is left out is
 * counted, and the command that shows it is named.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/homek8sctl/render.h"
#include "daemon/homek8sctl/table.h"
#include "daemon/homek8sctl/trouble.h"
#include "daemon/homek8sctl/words.h"
#include "lib/base/text.h"
#include "lib/doc/json.h"

#define EVERYTHING SIZE_MAX

/* How much of each part is shown. Lines: 0 for as many as it takes. */
struct measure {
	size_t events, findings;
	int finding_lines, source_lines;
	struct trouble_measure objects;
};

/* From all that is of use at one glance to the least. */
static const struct measure measures[] = {
	{ 5, 3, 4, 3, { EVERYTHING, 3, 3 } },
	{ 5, 3, 2, 3, { EVERYTHING, 3, 3 } },
	{ 3, 3, 2, 3, { EVERYTHING, 3, 3 } },
	{ 0, 3, 2, 3, { EVERYTHING, 3, 3 } },
	{ 0, 3, 1, 3, { EVERYTHING, 3, 2 } },
	{ 0, 0, 1, 3, { EVERYTHING, 3, 1 } },
	{ 0, 0, 1, 2, { EVERYTHING, 2, 1 } },
	{ 0, 0, 1, 1, { EVERYTHING, 1, 1 } },
};

#define MEASURES (sizeof(measures) / sizeof(measures[0]))

static const struct measure no_limits = { 5, EVERYTHING, 0, 0, { EVERYTHING, 0, 0 } };

static bool is_wide(const struct ctl *ctl)
{
	return ctl->options.output == OUTPUT_WIDE;
}

static void render_verdict(struct ctl *ctl, struct json_object *status)
{
	const char *verdict = json_string_at(status, "verdict");
	const char *headline = json_string_at(status, "headline");

	if (!verdict)
		verdict = "unknown";
	block_print(ctl, (struct block){ .indent = 2 }, paint_of(verdict), "%s %s%s%s",
	    ctl->terminal.utf8 ? "●" : "*", verdict, headline ? ": " : "",
	    headline ? headline : "");
}

static void render_pause(struct ctl *ctl, struct json_object *pause)
{
	const char *reason = json_string_at(pause, "reason");
	const char *until = json_string_at(pause, "until");

	if (!pause)
		return;
	fputs("  ", ctl->out);
	block_print(ctl, (struct block){ 2, 4, 2 }, PAINT_CYAN,
	    "everything is paused%s%s%s%s; `homek8sctl resume` ends it",
	    until ? " for " : " until resumed", until ? time_until(ctl, until) : "",
	    reason && *reason ? ": " : "", reason && *reason ? reason : "");
}

/* Sources */

static size_t count_errors(const char *lines)
{
	size_t count = 0;

	while ((lines = strstr(lines, ": error["))) {
		lines++;
		count++;
	}
	return count;
}

/* The first error, how many more there are, and what stays in force. */
static const char *config_trouble(
    struct ctl *ctl, struct json_object *source, const char *errors)
{
	const char *directory = json_string_at(source, "directory"), *more = "";
	const char *first = arena_copy_n(&ctl->arena, errors, strcspn(errors, "\n"));
	size_t count = count_errors(errors);
	bool other = directory && strcmp(directory, DEFAULT_CONFIG_DIR) != 0;
	int64_t generation;

	if (count > 1)
		more = arena_printf(
		    &ctl->arena, "; %zu more error%s", count - 1, count > 2 ? "s" : "");
	generation = json_int_at(source, "generation", 0);
	return arena_printf(&ctl->arena,
	    "%s%s; %s in force; see `homek8sctl validate%s%s`", first, more,
	    generation ? arena_printf(
			     &ctl->arena, "generation %lld stays", (long long)generation)
		       : "nothing is",
	    other ? " " : "", other ? directory : "");
}

static const char *source_detail(
    struct ctl *ctl, const char *name, struct json_object *source)
{
	const char *detail = json_string_at(source, "detail");
	const char *version = json_string_at(source, "version");
	const char *error = json_string_at(source, "error");

	if (strcmp(name, "config") != 0)
		return detail && *detail ? detail : version ? version : "";
	if (error)
		return config_trouble(ctl, source, error);
	detail = json_string_at(source, "directory");
	return arena_printf(&ctl->arena, "generation %lld%s%s",
	    (long long)json_int_at(source, "generation", 0), detail ? " of " : "",
	    detail ? detail : "");
}

static void widen(int *width, const char *text)
{
	int columns = layout_columns(text);

	if (columns > *width)
		*width = columns;
}

static void pad(struct ctl *ctl, const char *text, int width, enum paint paint)
{
	fprintf(ctl->out, "%s%s%s%*s", paint_on(&ctl->terminal, paint), text,
	    paint_off(&ctl->terminal, paint), width + 2 - layout_columns(text), "");
}

static const char *state_of(struct json_object *source)
{
	const char *state = json_string_at(source, "state");

	return state ? state : "unknown";
}

static void render_sources(struct ctl *ctl, struct json_object *status, int lines)
{
	struct json_object *sources = json_at(status, "sources");
	int names = 0, states = 0, times = 0;

	json_object_object_foreach (sources, key, member) {
		widen(&names, key);
		widen(&states, state_of(member));
		widen(&times, time_since(ctl, json_string_at(member, "since")));
	}
	json_object_object_foreach (sources, name, source) {
		enum paint paint = paint_of(state_of(source));
		struct block block = { 2 + names + states + times + 6, 6,
			paint == PAINT_GREEN ? 1 : lines };

		fputs("  ", ctl->out);
		pad(ctl, name, names, PAINT_NONE);
		pad(ctl, state_of(source), states, paint);
		pad(ctl, time_since(ctl, json_string_at(source, "since")), times,
		    PAINT_NONE);
		block_print(
		    ctl, block, PAINT_NONE, "%s", source_detail(ctl, name, source));
	}
}

/* Findings */

static void render_findings(
    struct ctl *ctl, struct json_object *findings, const struct measure *m)
{
	size_t count = json_count(findings);
	size_t shown = count < m->findings ? count : m->findings;

	if (count == 0)
		return;
	fputc('\n', ctl->out);
	if (is_wide(ctl))
		line_print(ctl, 0, PAINT_BOLD, "Findings");
	else
		line_print(ctl, 0, PAINT_BOLD,
		    "%s (what to do: `homek8sctl status -o wide`)",
		    findings_count(ctl, findings));
	for (size_t i = 0; i < shown; i++)
		render_finding(
		    ctl, json_item(findings, i), m->finding_lines, is_wide(ctl));
	if (shown && shown < count)
		line_print(ctl, 2, PAINT_FAINT, "and %zu more", count - shown);
}

static void render_events_part(struct ctl *ctl, struct json_object *events, size_t most)
{
	size_t count = json_count(events), shown = count < most ? count : most;

	if (shown == 0)
		return;
	fputc('\n', ctl->out);
	line_print(ctl, 0, PAINT_BOLD, "Last events");
	for (size_t i = count - shown; i < count; i++)
		render_event(ctl, json_item(events, i), 2, 1, true);
}

/* The whole */

static void render_measured(struct ctl *ctl, struct json_object *status,
    struct trouble *trouble, const struct measure *m)
{
	render_verdict(ctl, status);
	render_pause(ctl, json_at(status, "paused"));
	render_sources(ctl, status, m->source_lines);
	if (trouble->count > 0) {
		fputc('\n', ctl->out);
		trouble_print(ctl, trouble, &m->objects);
	}
	render_findings(ctl, json_at(status, "findings"), m);
	render_events_part(ctl, json_at(status, "events"), m->events);
}

static size_t count_lines(const char *text)
{
	size_t lines = 0;

	for (; (text = strchr(text, '\n')); text++)
		lines++;
	return lines;
}

/* Renders into memory: *lines is how many it takes. To be freed. */
static char *try(struct ctl *ctl, struct json_object *status, struct trouble *trouble,
    const struct measure *m, size_t *lines)
{
	FILE *out = ctl->out;
	char *page = NULL;
	size_t size;

	ctl->out = open_memstream(&page, &size);
	if (!ctl->out)
		abort();
	render_measured(ctl, status, trouble, m);
	if (fclose(ctl->out) != 0)
		abort();
	ctl->out = out;
	*lines = count_lines(page);
	return page;
}

/* The largest measure that leaves a line for the prompt; then as many objects as fit. */
static void render_fitting(
    struct ctl *ctl, struct json_object *status, struct trouble *trouble)
{
	size_t rows = (size_t)ctl->terminal.rows - 1, lines = 0;
	struct measure last = measures[MEASURES - 1];
	char *page = NULL;

	for (size_t i = 0; i < MEASURES; i++) {
		free(page);
		page = try(ctl, status, trouble, &measures[i], &lines);
		if (lines <= rows)
			break;
	}
	for (last.objects.rows = trouble->count; lines > rows && last.objects.rows > 1;) {
		size_t less = lines - rows + 1; /* and the line that counts them */

		last.objects.rows =
		    last.objects.rows > less ? last.objects.rows - less : 1;
		free(page);
		page = try(ctl, status, trouble, &last, &lines);
	}
	fputs(page, ctl->out);
	free(page);
}

void render_status(struct ctl *ctl, struct json_object *status)
{
	struct trouble trouble;

	trouble_find(ctl, json_at(status, "objects"), &trouble);
	if (ctl->options.watch && ctl->terminal.tty)
		fputs("\033[H\033[2J", ctl->out);
	if (ctl->terminal.tty && !is_wide(ctl))
		render_fitting(ctl, status, &trouble);
	else
		render_measured(ctl, status, &trouble, &no_limits);
	if (ctl->options.watch && !ctl->terminal.tty)
		fputc('\n', ctl->out);
}
