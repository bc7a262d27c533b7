/* SPDX-License-Identifier: MIT */
/*
 * note: a file of this host that holds one line. README's "Add a kind" is about it.
 *
 * A note is owned when homek8sd has written it: note_host.c keeps a record of those, and
 * only they are observed. A file that somebody else has put there is not overwritten.
 */
#include <string.h>

#include "lib/doc/json.h"
#include "lib/kind/actions.h"
#include "lib/kind/sources.h"
#include "lib/plan/item.h"
#include "test/frame/arguments.h"

struct note {
	struct object object; /* must be first */
	const char *path;
	const char *text;
};

static const struct field rows[] = {
	{ "path", FIELD_PATH, at(struct note, path), FIELD_NEEDED | FIELD_COMPARED,
	    .help = "The file.", .example = "/etc/motd" },
	{ "text", FIELD_STRING, at(struct note, text), FIELD_NEEDED | FIELD_COMPARED,
	    .help = "Its one line.", .example = "Welcome home" },
	{ 0 },
};

static const struct section sections[] = {
	{ .path = "notes", .shape = SECTION_MAP, .help = "Files of one line." },
};

/* What is no line of text has none: it differs from whatever is written. */
static bool is_line(const char *text)
{
	size_t length = text ? strlen(text) : 0;

	return text && text_invalid_utf8(text, length) < 0 &&
	       text_control(text, length, false) < 0;
}

static int decode(
    struct observed *observed, const struct reading *reading, struct error *e)
{
	struct note *note = observed_object(observed);
	const char *text = json_string_at(reading->json, "text");
	const char *path = json_string_at(reading->json, "path");

	if (!is_line(path))
		return fail(e, "the name of its file is no text");
	note->path = arena_copy(&observed->arena, path);
	note->object.record.has = field_bit(&note_kind.fields, "path");
	if (is_line(text)) {
		note->text = arena_copy(&observed->arena, text);
		note->object.record.has |= field_bit(&note_kind.fields, "text");
	}
	observed->live = &note->object;
	return 0;
}

void note_write_keep(struct arena *a, void *arguments)
{
	struct note_write *write = arguments;

	write->path = arena_copy(a, write->path);
}

const char *note_render(struct planner *p, const struct step *step, struct error *e)
{
	const struct note *note = (const struct note *)set_find(
	    config_get(p->input->desired, &note_kind), step->name);

	if (note)
		return note->text;
	fail(e, "note/%s is no longer written", step->name);
	return NULL;
}

static void remove_file(struct planner *p, struct program *program, const char *path)
{
	struct step *step =
	    program_step(p, program, &note_remove_action, NULL, "remove %s", path);

	step->removes = true;
	step->until = UNTIL_OBSERVED;
}

static void write_file(struct planner *p, struct program *program, const char *path)
{
	struct note_write *write = step_arguments(
	    program_step(p, program, &note_write_action, NULL, "write %s", path));

	write->path = path;
}

static void plan(struct planner *p, struct item *item, const struct object *want,
    const struct observed *have)
{
	const struct note *note = (const struct note *)want;
	const struct note *live = have ? (const struct note *)have->live : NULL;
	struct program *program;

	if (!want) {
		program = item_unwritten(p, item, true, "remove its file");
		if (program)
			remove_file(p, program, live->path);
		return;
	}
	field_compare(&note_kind.fields, want, live, p->arena, &item->differences);
	if (!item->differences.count) {
		item_ok(item);
		return;
	}
	item_pending(p, item, live ? "differs in %s" : "is to be written",
	    item->differences.items[0].field);
	program = item_program(p, item, NULL);
	if (live && strcmp(live->path, note->path) != 0)
		remove_file(p, program, live->path);
	write_file(p, program, note->path);
}

static const char *const columns[] = { "path", "text", NULL };

const struct kind note_kind = {
	.row = &note_row,
	.name = "note",
	.plural = "notes",
	.title = "note",
	.source = &host_source,
	.fields = { rows, sizeof(struct note) },
	.sections = sections,
	.section_count = 1,
	.list_columns = columns,
	.decode = decode,
	.plan = plan,
};
