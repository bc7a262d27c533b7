/* SPDX-License-Identifier: MIT */
/*
 * render_status: the whole home at one glance: what is worst stands in the first line
 * and last. On a terminal it fits the screen, and it gives up the other things before it
 * gives up why something is not as it is written: first events, then findings, then what
 * will pass by itself. What is left out is counted, and the command that shows it is
 * named.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/homek8sctl/render.h"
#include "daemon/homek8sctl/table.h"
#include "daemon/homek8sctl/trouble.h"
#include "daemon/homek8sctl/words.h"
#include "lib/base/cleanup.h"
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
	{ 5, 3, 4, 3, { EVERYTHING, 8, 3, false } },
	{ 3, 3, 2, 3, { EVERYTHING, 8, 3, false } },
	{ 0, 3, 2, 3, { EVERYTHING, 8, 3, false } },
	{ 0, 3, 1, 3, { EVERYTHING, 6, 2, false } },
	{ 0, 0, 1, 3, { EVERYTHING, 6, 1, false } },
	{ 0, 0, 1, 3, { EVERYTHING, 4, 1, false } },
	{ 0, 0, 1, 3, { EVERYTHING, 3, 1, false } },
};

#define MEASURES (sizeof(measures) / sizeof(measures[0]))

static const struct measure no_limits = { 5, EVERYTHING, 0, 0,
	{ EVERYTHING, 0, 0, false } };

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
	block_print(ctl, (struct block){ .indent = 2 }, paint_of(verdict), "%s%s%s%s",
	    verdict_sign(&ctl->terminal, verdict), verdict, headline ? ": " : "",
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
		struct block block = { 2 + names + states + times + 6, 6, lines };
		const char *since, *detail;

		fputs("  ", ctl->out);
		pad(ctl, name, names, PAINT_NONE);
		pad(ctl, state_of(source), states, paint);
		since = time_since(ctl, json_string_at(source, "since"));
		detail = source_detail(ctl, name, source);
		if (*detail)
			pad(ctl, since, times, PAINT_NONE);
		else
			fputs(since, ctl->out);
		block_print(ctl, block, PAINT_NONE, "%s", detail);
	}
}

/* Findings */

static size_t count_notes(struct json_object *findings)
{
	size_t count = 0;

	for (size_t i = 0; i < json_count(findings); i++) {
		const char *severity = json_string_at(json_item(findings, i), "severity");

		count += severity && strcmp(severity, "info") == 0;
	}
	return count;
}

/* The worst ones, the worst last. On a terminal notes are counted, and no more. */
static void render_findings(
    struct ctl *ctl, struct json_object *findings, const struct measure *m)
{
	size_t count = json_count(findings);
	size_t notes = m->findings == EVERYTHING ? 0 : count_notes(findings);
	size_t left = count - notes > m->findings ? count - m->findings : notes;

	if (count == 0)
		return;
	fputc('\n', ctl->out);
	if (is_wide(ctl))
		line_print(ctl, 0, PAINT_BOLD, "Findings");
	else
		line_print(ctl, 0, PAINT_BOLD,
		    "%s (what to do: `homek8sctl status -o wide`)",
		    findings_count(ctl, findings));
	if (left > notes && left < count)
		line_print(ctl, 2, PAINT_FAINT, "%zu less urgent", left - notes);
	findings_sort(findings);
	for (size_t i = left; i < count; i++)
		render_finding(
		    ctl, json_item(findings, i), m->finding_lines, is_wide(ctl));
}

static void render_waiting(struct ctl *ctl, struct json_object *status)
{
	struct json_object *objects = json_at(status, "objects");
	size_t count = 0;

	for (size_t i = 0; i < json_count(objects); i++)
		count += json_bool_at(json_item(objects, i), "waits_for_approval", false);
	if (count == 0)
		return;
	if (json_count(json_at(status, "findings")) == 0)
		fputc('\n', ctl->out);
	line_print(ctl, 0, PAINT_BOLD,
	    "%zu wait%s for approval: `homek8sctl approve` shows %s", count,
	    count == 1 ? "s" : "", count == 1 ? "it" : "them");
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
	render_events_part(ctl, json_at(status, "events"), m->events);
	render_findings(ctl, json_at(status, "findings"), m);
	render_waiting(ctl, status);
	if (trouble->count > 0) {
		fputc('\n', ctl->out);
		trouble_print(ctl, trouble, &m->objects);
	}
}

/* As the terminal shows them: what is wider goes on in another line. */
static size_t count_lines(const struct ctl *ctl, const char *text)
{
	size_t lines = 0, length;

	for (; *text; text += length + (text[length] == '\n')) {
		autofree char *line = NULL;
		int columns;

		length = strcspn(text, "\n");
		line = must_printf("%.*s", (int)length, text);
		columns = ctl->terminal.color ? 1 : layout_columns(line);
		lines += 1 + (size_t)(columns ? columns - 1 : 0) /
				 (size_t)ctl->terminal.columns;
	}
	return lines;
}

/* Renders into memory: *lines is how many it takes. To be freed. */
static char *print_page(struct ctl *ctl, struct json_object *status,
    struct trouble *trouble, const struct measure *m, size_t *lines)
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
	*lines = count_lines(ctl, page);
	return page;
}

/* The same; where a reason is cut it names what shows it whole. */
static char *try(struct ctl *ctl, struct json_object *status, struct trouble *trouble,
    const struct measure *m, size_t *lines)
{
	autofree char *end = must_printf("%s\n", layout_dots(&ctl->terminal));
	char *page = print_page(ctl, status, trouble, m, lines);
	const char *table = strstr(page, "REASON");
	struct measure with = *m;

	if (!table || !strstr(table, end))
		return page;
	free(page);
	with.objects.cut = true;
	return print_page(ctl, status, trouble, &with, lines);
}

/* Fewer objects, the least urgent ones first, until it fits or `fewest` are left. */
static char *try_fewer(struct ctl *ctl, struct json_object *status,
    struct trouble *trouble, struct measure *m, size_t fewest, size_t *lines)
{
	size_t rows = (size_t)ctl->terminal.rows - 1;
	char *page = try(ctl, status, trouble, m, lines);

	m->objects.rows = trouble->count;
	while (*lines > rows && m->objects.rows > fewest) {
		m->objects.rows--;
		free(page);
		page = try(ctl, status, trouble, m, lines);
	}
	return page;
}

static size_t count_urgent(const struct trouble *trouble)
{
	size_t count = 0;

	for (size_t i = 0; i < trouble->count; i++)
		count += trouble_is_urgent(trouble->rows[i].object);
	return count ? count : 1;
}

/* The largest measure that leaves a line for the prompt. Where none does, first what is
 * not urgent is left out, then reasons are cut, then objects are left out. */
static void render_fitting(
    struct ctl *ctl, struct json_object *status, struct trouble *trouble)
{
	size_t rows = (size_t)ctl->terminal.rows - 1, lines = SIZE_MAX;
	size_t urgent = count_urgent(trouble);
	char *page = NULL;

	for (size_t i = 0; i < MEASURES && lines > rows; i++) {
		free(page);
		page = try(ctl, status, trouble, &measures[i], &lines);
	}
	for (int left = 3; left > 0 && lines > rows; left--) {
		struct measure m = measures[MEASURES - 1];

		m.source_lines = m.objects.urgent_lines = left;
		free(page);
		page = try_fewer(ctl, status, trouble, &m, left > 1 ? urgent : 1, &lines);
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

void render_status_of(struct ctl *ctl, struct json_object *status)
{
	struct json_object *object = json_item(json_at(status, "objects"), 0);
	const char *verdict = json_string_at(object, "verdict");
	const char *why = trouble_why(ctl, object), *next = trouble_next(ctl, object);
	const char *since = json_string_at(object, "since");
	const char *name = object_name(ctl, object);

	if (json_bool_at(object, "waits_for_approval", false))
		next =
		    arena_printf(&ctl->arena, "`homek8sctl approve %s` allows it", name);
	verdict = verdict ? verdict : "unknown";
	if (ctl->options.watch && ctl->terminal.tty)
		fputs("\033[H\033[2J", ctl->out);
	block_print(ctl, (struct block){ .indent = 2 }, paint_of(verdict),
	    "%s%s is %s%s%s%s%s%s%s%s", verdict_sign(&ctl->terminal, verdict), name,
	    verdict, since ? " for " : "", since ? time_since(ctl, since) : "",
	    *why ? ": " : "", why, *next ? " (" : "", next, *next ? ")" : "");
	line_print(ctl, 2, PAINT_FAINT, "more: `homek8sctl describe %s`", name);
}
