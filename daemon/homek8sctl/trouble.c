/* SPDX-License-Identifier: MIT */
/* trouble: sorted, grouped and fitted rows. */
#include "daemon/homek8sctl/trouble.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/homek8sctl/layout.h"
#include "daemon/homek8sctl/words.h"
#include "lib/base/text.h"
#include "lib/doc/json.h"
#include "lib/state/state.h"

#define INDENT 2
#define NAMES_LIMIT 1000 /* more than two lines of any terminal */
#define UNDER 6		 /* where a reason stands that does not fit beside its object */

static enum verdict verdict_of(struct json_object *object)
{
	const char *text = json_string_at(object, "verdict");
	int verdict = text ? verdict_parse(text) : -1;

	return verdict < 0 ? VERDICT_UNKNOWN : (enum verdict)verdict;
}

/* Where its kind of trouble stands in the list. */
static int rank(struct json_object *object)
{
	switch (verdict_of(object)) {
	case VERDICT_FAILING:
		return 0;
	case VERDICT_BLOCKED:
		return 1;
	case VERDICT_PENDING:
		return 2;
	case VERDICT_UNKNOWN:
		return 3;
	case VERDICT_PAUSED:
		return 4;
	case VERDICT_CONVERGED:
		return 5;
	}
	return 5;
}

static const char *why(struct ctl *ctl, struct json_object *object)
{
	const char *reason = json_string_at(object, "reason");
	const char *error = json_string_at(object, "error");
	const char *text = reason ? reason : "";

	if (!error || strstr(text, error))
		return text;
	return arena_printf(&ctl->arena, "%s%s%s", text, *text ? ": " : "", error);
}

static const char *next_try(struct ctl *ctl, struct json_object *object)
{
	int64_t ms = json_int_at(object, "retry_in", -1);

	if (ms < 0)
		return "";
	return arena_printf(&ctl->arena, "next try in %s",
	    duration_text(&ctl->arena, ms < 1000 ? ms : ms / 1000 * 1000));
}

static bool same(const struct trouble_row *row, const struct trouble_row *other)
{
	return rank(row->object) == rank(other->object) &&
	       strcmp(row->why, other->why) == 0 && strcmp(row->next, other->next) == 0;
}

static void add_row(struct ctl *ctl, struct trouble *out, struct json_object *object)
{
	struct trouble_row row = { object, 1, object_name(ctl, object), why(ctl, object),
		next_try(ctl, object) };
	bool alone = !ctl->terminal.tty || ctl->options.output == OUTPUT_WIDE;

	for (size_t i = 0; !alone && i < out->count; i++) {
		struct trouble_row *r = &out->rows[i];

		if (!same(r, &row))
			continue;
		r->count++;
		if (strlen(r->names) < NAMES_LIMIT)
			r->names =
			    arena_printf(&ctl->arena, "%s, %s", r->names, row.names);
		return;
	}
	*(struct trouble_row *)arena_push(
	    &ctl->arena, &out->rows, &out->count, sizeof(row)) = row;
}

void trouble_find(struct ctl *ctl, struct json_object *objects, struct trouble *out)
{
	bool all = ctl->options.output == OUTPUT_WIDE;
	int ranks = all ? 6 : 5;

	*out = (struct trouble){ 0 };
	for (int r = 0; r < ranks; r++)
		for (size_t i = 0; i < json_count(objects); i++)
			if (rank(json_item(objects, i)) == r)
				add_row(ctl, out, json_item(objects, i));
}

/* Rows */

static const char *label(struct ctl *ctl, const struct trouble_row *row)
{
	if (row->count == 1)
		return row->names;
	return arena_printf(&ctl->arena, "%zu objects", row->count);
}

struct widths {
	int name, verdict, since;
};

static void widen(int *width, const char *text)
{
	int columns = layout_columns(text);

	if (columns > *width)
		*width = columns;
}

static struct widths measure_all(
    struct ctl *ctl, const struct trouble *trouble, size_t rows)
{
	struct widths w = { 6, 7, 5 }; /* those of the headers */

	for (size_t i = 0; i < rows; i++) {
		struct json_object *o = trouble->rows[i].object;

		widen(&w.name, label(ctl, &trouble->rows[i]));
		widen(&w.verdict, verdict_text(verdict_of(o)));
		widen(&w.since, time_since(ctl, json_string_at(o, "since")));
	}
	/* A very long name pushes its own row only. */
	if (ctl->terminal.tty && w.name > ctl->terminal.columns / 2)
		w.name = ctl->terminal.columns / 2;
	return w;
}

static void pad(struct ctl *ctl, const char *text, int width, enum paint paint)
{
	int left = width + 2 - layout_columns(text);

	fprintf(ctl->out, "%s%s%s%*s", paint_on(&ctl->terminal, paint), text,
	    paint_off(&ctl->terminal, paint), left > 2 ? left : 2, "");
}

/* From the object's line on. Only where that is not enough the next try stands there, and
 * the reason in lines of its own: it is not cut for it. */
static void render_why(
    struct ctl *ctl, const struct trouble_row *row, int used, int lines)
{
	const char *both = row->why;
	struct block beside = { used, UNDER, lines }, under = { UNDER, UNDER, lines };

	if (*row->next)
		both = arena_printf(
		    &ctl->arena, "%s%s(%s)", row->why, *row->why ? " " : "", row->next);
	if (!*row->next || lines == 1 || !ctl->terminal.tty ||
	    layout_columns(both) <= ctl->terminal.columns - used) {
		block_print(ctl, beside, PAINT_NONE, "%s", both);
		return;
	}
	line_print(ctl, 0, PAINT_FAINT, "%s", row->next);
	fprintf(ctl->out, "%*s", UNDER, "");
	block_print(ctl, under, PAINT_NONE, "%s", row->why);
}

static void render_row(
    struct ctl *ctl, const struct trouble_row *row, const struct widths *w, int lines)
{
	const char *verdict = verdict_text(verdict_of(row->object));
	const char *name = label(ctl, row);
	int over = layout_columns(name) - w->name;

	fprintf(ctl->out, "%*s", INDENT, "");
	pad(ctl, name, w->name, PAINT_NONE);
	pad(ctl, verdict, w->verdict, paint_of(verdict));
	pad(ctl, time_since(ctl, json_string_at(row->object, "since")), w->since,
	    PAINT_NONE);
	render_why(ctl, row,
	    INDENT + w->name + w->verdict + w->since + 6 + (over > 0 ? over : 0), lines);
	if (row->count == 1)
		return;
	fprintf(ctl->out, "%*s", UNDER, "");
	block_print(ctl, (struct block){ UNDER, UNDER, lines > 2 ? 2 : lines },
	    PAINT_FAINT, "%s", row->names);
}

void trouble_print(
    struct ctl *ctl, const struct trouble *trouble, const struct trouble_measure *m)
{
	size_t rows = trouble->count < m->rows ? trouble->count : m->rows;
	struct widths w = measure_all(ctl, trouble, rows);

	if (!ctl->options.no_headers) {
		fprintf(ctl->out, "%*s", INDENT, "");
		pad(ctl, "OBJECT", w.name, PAINT_BOLD);
		pad(ctl, "VERDICT", w.verdict, PAINT_BOLD);
		pad(ctl, "SINCE", w.since, PAINT_BOLD);
		line_print(ctl, 0, PAINT_BOLD, "REASON");
	}
	for (size_t i = 0; i < rows; i++)
		render_row(ctl, &trouble->rows[i], &w,
		    rank(trouble->rows[i].object) <= 1 ? m->urgent_lines : m->calm_lines);
	if (rows < trouble->count)
		line_print(ctl, INDENT, PAINT_FAINT,
		    "and %zu more; see `homek8sctl list`", trouble->count - rows);
}
