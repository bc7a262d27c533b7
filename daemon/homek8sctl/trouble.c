/* SPDX-License-Identifier: MIT */
/* trouble: sorted, grouped and fitted rows. */
#include "daemon/homek8sctl/trouble.h"

#include <ctype.h>
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
#define NARROW 30	 /* columns a reason must have; for them SINCE is left out */

static enum verdict verdict_of(struct json_object *object)
{
	const char *text = json_string_at(object, "verdict");
	int verdict = text ? verdict_parse(text) : -1;

	return verdict < 0 ? VERDICT_UNKNOWN : (enum verdict)verdict;
}

int trouble_rank(struct json_object *object)
{
	switch (verdict_of(object)) {
	case VERDICT_CONVERGED:
		return 0;
	case VERDICT_PAUSED:
		return 1;
	case VERDICT_UNKNOWN:
		return 2;
	case VERDICT_PENDING:
		return 3;
	case VERDICT_BLOCKED:
		return json_bool_at(object, "waits_for_approval", false) ? 4 : 5;
	case VERDICT_FAILING:
		return TROUBLE_WORST;
	}
	return 0;
}

bool trouble_is_urgent(struct json_object *object)
{
	return trouble_rank(object) >= 4;
}

const char *trouble_why(struct ctl *ctl, struct json_object *object)
{
	const char *reason = json_string_at(object, "reason");
	const char *error = json_string_at(object, "error");
	const char *text = reason ? reason : "";

	if (!error || strstr(text, error))
		return text;
	return arena_printf(&ctl->arena, "%s%s%s", text, *text ? ": " : "", error);
}

const char *trouble_next(struct ctl *ctl, struct json_object *object)
{
	int64_t ms = json_int_at(object, "retry_in", -1);

	if (ms < 0)
		return "";
	return arena_printf(&ctl->arena, "next try in %s",
	    duration_text(&ctl->arena, ms < 1000 ? ms : ms / 1000 * 1000));
}

/* Grouping */

/* Of the name or address the text begins with; 0: it begins with none. */
static size_t word_length(const char *text)
{
	size_t length = 0;

	while (isalnum((unsigned char)text[length]) ||
	       (text[length] && strchr("-_.:", text[length])))
		length++;
	while (length && strchr(".:-_", text[length - 1]))
		length--;
	return length;
}

/* Whether the word is an IPv4 address, a range of them or a MAC. */
static bool is_address(const char *word, size_t length)
{
	size_t marks = 0;

	for (size_t i = 0; i < length; i++) {
		if (!isxdigit((unsigned char)word[i]) && !strchr(".:-", word[i]))
			return false;
		marks += word[i] == '.' || word[i] == ':';
	}
	return marks >= 3;
}

/* The text without the words that are the object's name or an address. */
static const char *without_names(struct ctl *ctl, const char *text, const char *name)
{
	char *out = arena_copy(&ctl->arena, text), *end = out;
	const char *slash = name ? strrchr(name, '/') : NULL;
	const char *last = slash ? slash + 1 : name ? name : "";

	for (size_t length; *text; text += length) {
		length = word_length(text);
		if (length &&
		    (is_address(text, length) ||
			(strlen(last) == length && memcmp(last, text, length) == 0)))
			continue;
		if (!length)
			length = 1;
		memcpy(end, text, length);
		end += length;
	}
	*end = '\0';
	return out;
}

static bool same(const struct trouble_row *row, const struct trouble_row *other)
{
	return verdict_of(row->object) == verdict_of(other->object) &&
	       strcmp(row->cause, other->cause) == 0;
}

static void add_row(struct ctl *ctl, struct trouble *out, struct json_object *object)
{
	struct trouble_row row = { .object = object,
		.count = 1,
		.name = object_name(ctl, object),
		.others = "",
		.why = trouble_why(ctl, object),
		.next = trouble_next(ctl, object) };
	bool alone = !ctl->terminal.tty || ctl->options.output == OUTPUT_WIDE;

	row.cause = without_names(ctl, row.why, json_string_at(object, "name"));
	for (size_t i = 0; !alone && i < out->count; i++) {
		struct trouble_row *r = &out->rows[i];

		if (!same(r, &row))
			continue;
		r->count++;
		if (strlen(r->others) < NAMES_LIMIT)
			r->others = arena_printf(&ctl->arena, "%s%s%s", r->others,
			    *r->others ? ", " : "", row.name);
		return;
	}
	*(struct trouble_row *)arena_push(
	    &ctl->arena, &out->rows, &out->count, sizeof(row)) = row;
}

void trouble_find(struct ctl *ctl, struct json_object *objects, struct trouble *out)
{
	bool all = ctl->options.output == OUTPUT_WIDE;

	*out = (struct trouble){ 0 };
	for (int r = all ? 0 : 1; r <= TROUBLE_WORST; r++)
		for (size_t i = 0; i < json_count(objects); i++)
			if (trouble_rank(json_item(objects, i)) == r)
				add_row(ctl, out, json_item(objects, i));
}

/* Rows */

static const char *label(struct ctl *ctl, const struct trouble_row *row)
{
	if (row->count == 1)
		return row->name;
	return arena_printf(&ctl->arena, "%s +%zu", row->name, row->count - 1);
}

static const char *signed_verdict(struct ctl *ctl, const struct trouble_row *row)
{
	const char *verdict = verdict_text(verdict_of(row->object));

	return arena_printf(
	    &ctl->arena, "%s%s", verdict_sign(&ctl->terminal, verdict), verdict);
}

static const char *since_of(struct ctl *ctl, const struct trouble_row *row)
{
	return time_since(ctl, json_string_at(row->object, "since"));
}

struct widths {
	int name, verdict, since; /* since 0: not shown */
	int used;		  /* where REASON stands */
};

static void widen(int *width, const char *text, int most)
{
	int columns = layout_columns(text);

	if (columns > *width && columns <= most)
		*width = columns;
}

static struct widths measure_all(
    struct ctl *ctl, const struct trouble *trouble, size_t first)
{
	struct widths w = { 6, 7, 5, 0 }; /* those of the headers */
	/* A longer name stands on a line of its own. */
	int most = ctl->terminal.tty ? layout_names(&ctl->terminal) : 1000;

	for (size_t i = first; i < trouble->count; i++) {
		widen(&w.name, label(ctl, &trouble->rows[i]), most);
		widen(&w.verdict, signed_verdict(ctl, &trouble->rows[i]), 100);
		widen(&w.since, since_of(ctl, &trouble->rows[i]), 100);
	}
	w.used = INDENT + w.name + w.verdict + w.since + 6;
	if (ctl->terminal.tty && ctl->options.output != OUTPUT_WIDE &&
	    w.used + NARROW > ctl->terminal.columns) {
		w.used -= w.since + 2;
		w.since = 0;
	}
	return w;
}

static void pad(struct ctl *ctl, const char *text, int width, enum paint paint)
{
	int left = width + 2 - layout_columns(text);

	fprintf(ctl->out, "%s%s%s%*s", paint_on(&ctl->terminal, paint), text,
	    paint_off(&ctl->terminal, paint), left > 2 ? left : 2, "");
}

/* When the next try is stands first where both need more than a line: it is never cut. */
static void render_why(
    struct ctl *ctl, const struct trouble_row *row, int used, int lines)
{
	struct block block = { used, used, lines };
	const char *both = row->why;

	if (*row->next)
		both = arena_printf(
		    &ctl->arena, "%s%s(%s)", row->why, *row->why ? " " : "", row->next);
	if (*row->next && lines != 1 && ctl->terminal.tty &&
	    layout_columns(both) > ctl->terminal.columns - used) {
		line_print(ctl, 0, PAINT_FAINT, "%s", row->next);
		fprintf(ctl->out, "%*s", used, "");
		both = row->why;
	}
	block_print(ctl, block, PAINT_NONE, "%s", both);
}

static void render_row(
    struct ctl *ctl, const struct trouble_row *row, const struct widths *w, int lines)
{
	enum paint paint = paint_of(verdict_text(verdict_of(row->object)));
	const char *name = label(ctl, row);

	fprintf(ctl->out, "%*s", INDENT, "");
	if (layout_columns(name) > w->name && ctl->terminal.tty) {
		fprintf(ctl->out, "%s\n%*s", name, INDENT, "");
		name = "";
	}
	pad(ctl, name, w->name, PAINT_NONE);
	pad(ctl, signed_verdict(ctl, row), w->verdict, paint);
	if (w->since)
		pad(ctl, since_of(ctl, row), w->since, PAINT_NONE);
	render_why(ctl, row, w->used, lines);
	if (row->count == 1)
		return;
	fprintf(ctl->out, "%*s", w->used, "");
	block_print(ctl, (struct block){ w->used, w->used, lines > 2 ? 2 : lines },
	    PAINT_FAINT, "also %s", row->others);
}

void trouble_print(
    struct ctl *ctl, const struct trouble *trouble, const struct trouble_measure *m)
{
	size_t first = trouble->count > m->rows ? trouble->count - m->rows : 0, left = 0;
	struct widths w = measure_all(ctl, trouble, first);

	for (size_t i = 0; i < first; i++)
		left += trouble->rows[i].count;
	if (!ctl->options.no_headers) {
		fprintf(ctl->out, "%*s", INDENT, "");
		pad(ctl, "OBJECT", w.name, PAINT_BOLD);
		pad(ctl, "VERDICT", w.verdict, PAINT_BOLD);
		if (w.since)
			pad(ctl, "SINCE", w.since, PAINT_BOLD);
		line_print(ctl, 0, PAINT_BOLD,
		    m->cut ? "REASON (cut; whole: -o wide)" : "REASON");
	}
	if (left)
		line_print(ctl, INDENT, PAINT_FAINT,
		    "%zu less urgent; see `homek8sctl list`", left);
	for (size_t i = first; i < trouble->count; i++)
		render_row(ctl, &trouble->rows[i], &w,
		    trouble_is_urgent(trouble->rows[i].object) ? m->urgent_lines
							       : m->calm_lines);
}
