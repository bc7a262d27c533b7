/* SPDX-License-Identifier: MIT */
/* render_plan: what would be done and what differs, as text. */
#include <stdio.h>
#include <string.h>

#include "daemon/homek8sctl/render.h"
#include "daemon/homek8sctl/table.h"
#include "daemon/homek8sctl/trouble.h"
#include "daemon/homek8sctl/words.h"
#include "lib/doc/json.h"

static void heading(struct ctl *ctl, const char *text)
{
	fputc('\n', ctl->out);
	line_print(ctl, 0, PAINT_BOLD, "%s", text);
}

/* One line or more below a step's. */
static void below(struct ctl *ctl, enum paint paint, const char *text)
{
	fputs("     ", ctl->out);
	block_print(ctl, (struct block){ 5, 7, 0 }, paint, "%s", text);
}

static bool same_object(struct json_object *step, struct json_object *other)
{
	const char *kind = json_string_at(step, "kind");
	const char *name = json_string_at(step, "name");
	const char *other_kind = json_string_at(other, "kind");
	const char *other_name = json_string_at(other, "name");

	return kind && name && other_kind && other_name &&
	       strcmp(kind, other_kind) == 0 && strcmp(name, other_name) == 0;
}

static bool is_among(struct json_object *list, struct json_object *step)
{
	for (size_t i = 0; i < json_count(list); i++)
		if (same_object(json_item(list, i), step))
			return true;
	return false;
}

/* Whose steps these are and why, what they do to what runs, and why they are not done
 * now: once, below the last of them. */
static void explain_steps(
    struct ctl *ctl, struct json_object *step, struct json_object *approvals)
{
	const char *reason = json_string_at(step, "reason");
	const char *why = json_string_at(step, "why_held");
	bool held = json_bool_at(step, "held", false);

	reason = reason ? reason : "";
	if (held && is_among(approvals, step)) {
		why = "waits for approval, see below";
		reason = "";
	} else if (held && (!why || strcmp(why, reason) == 0)) {
		why = reason;
		reason = "";
	}
	if (*reason)
		below(ctl, PAINT_NONE,
		    arena_printf(&ctl->arena, "%s: %s", object_name(ctl, step), reason));
	if (json_bool_at(step, "disruptive", false))
		below(ctl, PAINT_YELLOW, "interrupts what runs");
	if (held)
		below(ctl, PAINT_YELLOW,
		    arena_printf(&ctl->arena, "not now, because: %s", why));
}

static void render_steps(
    struct ctl *ctl, struct json_object *steps, struct json_object *approvals)
{
	for (size_t i = 0; i < json_count(steps); i++) {
		struct json_object *step = json_item(steps, i);
		struct json_object *next = json_item(steps, i + 1);
		const char *text = json_string_at(step, "text");
		const char *progress = json_string_at(step, "progress");
		bool held = json_bool_at(step, "held", false);

		fprintf(ctl->out, "%3zu. ", i + 1);
		block_print(ctl, (struct block){ 5, 5, 0 },
		    held ? PAINT_FAINT : PAINT_BOLD, "%s%s%s",
		    held       ? "not now: "
		    : progress ? progress
			       : "",
		    progress ? ": " : "", text ? text : "");
		if (!next || !same_object(step, next))
			explain_steps(ctl, step, approvals);
	}
}

static void point(struct ctl *ctl, int indent, enum paint paint, const char *text)
{
	fprintf(ctl->out, "%*s", indent, "");
	block_print(ctl, (struct block){ indent, indent + 2, 0 }, paint, "%s", text);
}

void render_approval(struct ctl *ctl, struct json_object *approval)
{
	struct json_object *effects = json_at(approval, "effects");
	const char *text = json_string_at(approval, "text");

	text = text ? text : "";
	point(ctl, 2, PAINT_YELLOW,
	    arena_printf(&ctl->arena, "%s: %s", object_name(ctl, approval), text));
	for (size_t i = 0; i < json_count(effects); i++) {
		const char *effect = json_object_get_string(json_item(effects, i));

		if (effect && strcmp(effect, text) != 0)
			point(ctl, 4, PAINT_NONE,
			    arena_printf(&ctl->arena, "- %s", effect));
	}
}

void render_approvals(struct ctl *ctl, struct json_object *plan)
{
	struct json_object *approvals = json_at(plan, "approvals");

	for (size_t i = 0; i < json_count(approvals); i++) {
		struct json_object *approval = json_item(approvals, i);
		const char *hash = json_string_at(approval, "hash");

		render_approval(ctl, approval);
		line_print(ctl, 4, PAINT_NONE, "to allow it: homek8sctl approve %s",
		    object_name(ctl, approval));
		point(ctl, 4, PAINT_FAINT,
		    arena_printf(&ctl->arena, "hash %s", hash ? hash : "?"));
	}
}

static void render_waiting(struct ctl *ctl, struct json_object *approvals)
{
	if (json_count(approvals) == 0)
		return;
	heading(ctl, "Waits for approval");
	for (size_t i = 0; i < json_count(approvals); i++) {
		struct json_object *approval = json_item(approvals, i);

		render_approval(ctl, approval);
		line_print(ctl, 4, PAINT_NONE, "to allow it: homek8sctl approve %s",
		    object_name(ctl, approval));
	}
}

/* Objects that are not as they are written though nothing is to be done. */
static void render_others(struct ctl *ctl, const char *title, struct json_object *objects)
{
	static const struct trouble_measure whole = { SIZE_MAX, 0, 0, false };
	struct trouble trouble;

	if (json_count(objects) == 0)
		return;
	heading(ctl, title);
	trouble_find(ctl, objects, &trouble);
	trouble_print(ctl, &trouble, &whole);
}

/* What comes of it, in a line. */
static void summarize(
    struct ctl *ctl, struct json_object *steps, struct json_object *others)
{
	size_t count = json_count(steps), held = 0;

	for (size_t i = 0; i < count; i++)
		held += json_bool_at(json_item(steps, i), "held", false);
	if (count == 0 && json_count(others) == 0)
		line_print(ctl, 0, PAINT_GREEN, "Nothing to do.");
	else if (count == 0)
		line_print(ctl, 0, PAINT_YELLOW,
		    "Nothing can be done now, though not all is as written.");
	else if (held == count)
		line_print(
		    ctl, 0, PAINT_YELLOW, "Nothing is done now: every step waits.");
	else if (held)
		line_print(ctl, 0, PAINT_BOLD, "%zu of %zu steps are done now.",
		    count - held, count);
}

/* Where no configuration is in force there is nothing to compare with. */
static bool nothing_planned(struct ctl *ctl, struct json_object *reply)
{
	const char *why = json_string_at(reply, "no_plan");

	if (why)
		line_print(ctl, 0, PAINT_YELLOW, "Nothing is planned: %s.", why);
	return why != NULL;
}

void render_plan(struct ctl *ctl, struct json_object *reply)
{
	struct json_object *steps = json_at(reply, "steps");
	struct json_object *others = json_at(reply, "others");

	if (nothing_planned(ctl, reply))
		return;
	summarize(ctl, steps, others);
	render_steps(ctl, steps, json_at(reply, "approvals"));
	render_waiting(ctl, json_at(reply, "approvals"));
	render_others(ctl,
	    json_count(steps) ? "Nothing can be done now about" : "Not as written",
	    others);
}

static bool same_change(struct json_object *change, struct json_object *other)
{
	return other && strcmp(json_text(change), json_text(other)) == 0;
}

static void add_changes(struct ctl *ctl, struct table *t, struct json_object *object)
{
	struct json_object *changes = json_at(object, "changes");

	for (size_t i = 0; i < json_count(changes); i++) {
		struct json_object *change = json_item(changes, i);

		if (i && same_change(change, json_item(changes, i - 1)))
			continue;
		if (!ctl->terminal.tty)
			table_add(t, object_name(ctl, object));
		table_add(t, json_string_at(change, "field"));
		table_paint(t, json_string_at(change, "want"), PAINT_GREEN);
		table_paint(t, json_string_at(change, "live"), PAINT_RED);
		table_paint(t, json_string_at(change, "persistent"), PAINT_RED);
	}
}

/* On a terminal a table for each object; elsewhere each line says whose it is. */
static void render_changes(struct ctl *ctl, struct json_object *objects)
{
	static const char *const headers[] = { "OBJECT", "FIELD", "DESIRED", "LIVE",
		"PERSISTENT", NULL };
	bool tty = ctl->terminal.tty;
	struct table t;

	if (!tty)
		table_start(&t, headers);
	for (size_t i = 0; i < json_count(objects); i++) {
		struct json_object *object = json_item(objects, i);

		if (tty) {
			line_print(ctl, 0, PAINT_BOLD, "%s", object_name(ctl, object));
			table_start(&t, headers + 1);
			t.indent = 2;
		}
		t.whole = true;
		add_changes(ctl, &t, object);
		if (tty) {
			table_drop_empty(&t, 3);
			table_end(&t, ctl);
		}
	}
	if (!tty) {
		table_drop_empty(&t, 4);
		table_end(&t, ctl);
	}
}

void render_diff(struct ctl *ctl, struct json_object *reply)
{
	struct json_object *objects = json_at(reply, "objects");
	struct json_object *unknown = json_at(reply, "unknown");

	if (nothing_planned(ctl, reply))
		return;
	if (json_count(objects) > 0)
		render_changes(ctl, objects);
	else
		line_print(ctl, 0, json_count(unknown) ? PAINT_NONE : PAINT_GREEN,
		    json_count(unknown) ? "No differences in what was observed."
					: "No differences.");
	render_others(ctl, "Not observed", unknown);
}
