/* SPDX-License-Identifier: MIT */
/* render_list: tables of all objects, and of those of one kind with what is known of
 * them. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "daemon/homek8sctl/render.h"
#include "daemon/homek8sctl/table.h"
#include "daemon/homek8sctl/words.h"
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

static void list_row(struct ctl *ctl, struct table *t, struct json_object *object,
    const struct kind *kind, bool reason)
{
	const char *verdict = json_string_at(object, "verdict");
	struct json_object *fields = json_at(object, "fields");

	table_add(t, kind ? json_string_at(object, "name") : object_name(ctl, object));
	table_paint(t, verdict, paint_of(verdict));
	table_add(t, time_since(ctl, json_string_at(object, "since")));
	for (const char *const *c = kind ? kind->list_columns : NULL; c && *c; c++)
		table_add(t, value_text(ctl, json_at(fields, *c)));
	if (reason)
		table_add(t, json_string_at(object, "reason"));
}

static void add_header(
    struct ctl *ctl, const char ***headers, size_t *count, const char *text)
{
	*(const char **)arena_push(&ctl->arena, headers, count, sizeof(**headers)) = text;
}

void render_list(struct ctl *ctl, struct json_object *reply)
{
	struct json_object *objects = json_at(reply, "objects");
	const struct kind *kind = asked_kind(ctl);
	const char *const *columns = kind ? kind->list_columns : NULL;
	bool reason = !columns || ctl->options.output == OUTPUT_WIDE;
	const char **headers = NULL;
	size_t count = 0;
	struct table t;

	add_header(ctl, &headers, &count, kind ? "NAME" : "OBJECT");
	add_header(ctl, &headers, &count, "VERDICT");
	add_header(ctl, &headers, &count, "SINCE");
	for (const char *const *c = columns; c && *c; c++)
		add_header(ctl, &headers, &count, upper(ctl, *c));
	if (reason)
		add_header(ctl, &headers, &count, "REASON");
	add_header(ctl, &headers, &count, NULL);
	if (ctl->options.watch && ctl->terminal.tty)
		fputs("\033[H\033[2J", ctl->out);
	table_start(&t, headers);
	for (size_t i = 0; i < json_count(objects); i++)
		list_row(ctl, &t, json_item(objects, i), kind, reason);
	table_end(&t, ctl);
	if (json_count(objects) == 0)
		say("there is no %s", kind ? kind->name : "object");
	if (ctl->options.watch && !ctl->terminal.tty)
		fputc('\n', ctl->out);
}
