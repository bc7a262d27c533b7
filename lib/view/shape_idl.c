/* SPDX-License-Identifier: MIT */
/* shape_idl: shapes in the interface definition language of varlink.org. */
#include <string.h>

#include "lib/view/shape.h"

#define COMMENT_WIDTH 88

static void add_words(const char *const *words, struct text *out)
{
	text_add(out, "(");
	for (const char *const *word = words; *word; word++)
		text_add(out, "%s%s", word == words ? "" : ", ", *word);
	text_add(out, ")");
}

static void add_type(const struct shape_row *row, struct text *out)
{
	text_add(out, "%s: %s", row->key,
	    row->flags & (SHAPE_NULLABLE | SHAPE_OPTIONAL) ? "?" : "");
	switch (row->type) {
	case SHAPE_STRING:
	case SHAPE_TIME:
		text_add(out, "string");
		break;
	case SHAPE_INT:
		text_add(out, "int");
		break;
	case SHAPE_BOOL:
		text_add(out, "bool");
		break;
	case SHAPE_WORD:
		add_words(row->words, out);
		break;
	case SHAPE_STRINGS:
		text_add(out, "[]string");
		break;
	case SHAPE_LIST:
		text_add(out, "[]%s", row->shape->name);
		break;
	case SHAPE_STRUCT:
		text_add(out, "%s", row->shape->name);
		break;
	case SHAPE_FIELDS:
		text_add(out, "object");
		break;
	}
}

void shape_idl(const struct shape *shape, struct text *out)
{
	const struct shape_row *rows = shape->rows;
	bool lines = rows->key && rows[1].key;

	text_add(out, "(");
	for (const struct shape_row *row = rows; row->key; row++) {
		text_add(out, "%s", lines ? "\n  " : "");
		add_type(row, out);
		text_add(out, "%s", row[1].key ? "," : "");
	}
	text_add(out, "%s)\n", lines ? "\n" : "");
}

void shape_idl_paragraph(const char *text, const char *label, struct text *out)
{
	size_t column = 1 + strlen(label), length;

	text_add(out, "#%s", label);
	for (; *text; text += length + (text[length] == ' ')) {
		length = strcspn(text, " ");
		if (column + 1 + length > COMMENT_WIDTH) {
			text_add(out, "\n#%s", *label ? "    " : "");
			column = *label ? 5 : 1;
		}
		text_add(out, " %.*s", (int)length, text);
		column += 1 + length;
	}
	text_add(out, "\n");
}

void shape_idl_comment(const struct shape *shape, struct text *out)
{
	for (const struct shape_row *row = shape->rows; row->key; row++) {
		struct arena a = { 0 };

		if (row->help)
			shape_idl_paragraph(
			    row->help, arena_printf(&a, "   %s:", row->key), out);
		arena_done(&a);
	}
}
