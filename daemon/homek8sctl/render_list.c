/* SPDX-License-Identifier: MIT */
/* render_list: tables of all objects, and of those of one kind with what is known of
 * them. */
#include <ctype.h>
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
#include "lib/model/kind.h"

/* The requested kind, or NULL: all of them. */
static const struct kind *asked_kind(const struct ctl *ctl)
{
	return ctl->count > 0 ? kind_find(ctl->arguments[0]) : NULL;
}

static const char *upper(struct ctl *ctl, const char *key)
{
	char *text = arena_copy(&ctl->arena, key);

	for (char *c = text; *c; c++)
		*c = *c == '.' || *c == '_' ? ' ' : (char)toupper((unsigned char)*c);
	return text;
}

static void add_header(
    struct ctl *ctl, const char ***headers, size_t *count, const char *text)
{
	*(const char **)arena_push(&ctl->arena, headers, count, sizeof(**headers)) = text;
}

static const char *column_header(struct ctl *ctl, const char *column)
{
	const char *colon = strchr(column, ':');

	return colon ? colon + 1 : upper(ctl, column);
}

/* A point in time is shown as how long ago it was. */
static const char *column_text(
    struct ctl *ctl, struct json_object *fields, const char *column)
{
	const char *key = arena_copy_n(&ctl->arena, column, strcspn(column, ":"));
	const char *text = value_text(ctl, json_at(fields, key));

	return text && time_parse(text) >= 0 ? time_since(ctl, text) : text;
}

/* What a table shows: of one kind, or of all. */
struct shown {
	const struct kind *kind;
	const char *const *columns;
	bool since, reason;
};

static void list_row(struct ctl *ctl, struct table *t, struct json_object *object,
    const struct shown *s, const char *verdict)
{
	struct json_object *fields = json_at(object, "fields");
	const char *known = verdict ? verdict : "not written";

	table_add(t, s->kind ? json_string_at(object, "name") : object_name(ctl, object));
	table_paint(t,
	    arena_printf(&ctl->arena, "%s%s", verdict_sign(&ctl->terminal, known), known),
	    verdict ? paint_of(verdict) : PAINT_FAINT);
	if (s->since)
		table_add(t, time_since(ctl, json_string_at(object, "since")));
	for (const char *const *c = s->columns; c && *c; c++)
		table_add(t, column_text(ctl, fields, *c));
	if (s->reason)
		table_add(t, json_string_at(object, "reason"));
}

static void add_headers(struct ctl *ctl, struct table *t, const struct shown *s)
{
	const char **headers = NULL;
	size_t count = 0;

	add_header(ctl, &headers, &count, s->kind ? "NAME" : "OBJECT");
	add_header(ctl, &headers, &count, "VERDICT");
	if (s->since)
		add_header(ctl, &headers, &count, "SINCE");
	for (const char *const *c = s->columns; c && *c; c++)
		add_header(ctl, &headers, &count, column_header(ctl, *c));
	if (s->reason)
		add_header(ctl, &headers, &count, "REASON");
	add_header(ctl, &headers, &count, NULL);
	table_start(t, headers);
}

/* The worst first; what is not written comes last. */
static void add_rows(
    struct ctl *ctl, struct table *t, struct json_object *reply, const struct shown *s)
{
	struct json_object *objects = json_at(reply, "objects");
	struct json_object *unwritten = json_at(reply, "unwritten");

	for (int rank = TROUBLE_WORST; rank >= 0; rank--)
		for (size_t i = 0; i < json_count(objects); i++) {
			struct json_object *object = json_item(objects, i);
			const char *verdict = json_string_at(object, "verdict");

			if (trouble_rank(object) == rank)
				list_row(
				    ctl, t, object, s, verdict ? verdict : "unknown");
		}
	for (size_t i = 0; i < json_count(unwritten); i++)
		list_row(ctl, t, json_item(unwritten, i), s, NULL);
}

void render_list(struct ctl *ctl, struct json_object *reply)
{
	bool wide = ctl->options.output == OUTPUT_WIDE;
	struct shown s = { .kind = asked_kind(ctl) };
	FILE *out = ctl->out;
	autofree char *page = NULL;
	struct table t;
	size_t size;

	ctl->out = open_memstream(&page, &size);
	if (!ctl->out)
		abort();
	s.columns = s.kind ? s.kind->list_columns : NULL;
	s.since = s.reason = !s.columns || wide;
	if (ctl->options.watch && ctl->terminal.tty)
		fputs("\033[H\033[2J", ctl->out);
	add_headers(ctl, &t, &s);
	add_rows(ctl, &t, reply, &s);
	table_end(&t, ctl);
	fclose(ctl->out);
	ctl->out = out;
	terminal_page(ctl, page);
	if (json_count(json_at(reply, "objects")) == 0)
		say("no %s is written", s.kind ? s.kind->name : "object");
	if (ctl->options.watch && !ctl->terminal.tty)
		fputc('\n', ctl->out);
}
