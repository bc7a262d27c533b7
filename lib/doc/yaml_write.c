/* SPDX-License-Identifier: MIT */
/* yaml_write: quoting, values on one line, and documents with comments. */
#include "lib/doc/yaml_write.h"

#include <string.h>
#include <strings.h>

#include "lib/doc/json.h"

#define NOTE_WIDTH 90 /* columns */

/* What YAML 1.1 or 1.2 readers take for a boolean or nothing. */
static bool is_word(const char *text)
{
	static const char *const words[] = { "true", "false", "yes", "no", "on", "off",
		"y", "n", "null", "~" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(text, words[i]) == 0)
			return true;
	return false;
}

/* Digits, and what goes with them in numbers, times and base 60 (a MAC address). */
static bool is_number_like(const char *text)
{
	return strspn(text, "0123456789+-.:_eExXoOaAbBcCdDfFTZ") == strlen(text) &&
	       strpbrk(text, "0123456789") != NULL;
}

/* An address without quotes, as people write it: two dots or more are no number. */
static bool is_address_like(const char *text)
{
	const char *dot = strchr(text, '.');

	return strspn(text, "0123456789.-/") == strlen(text) && text[0] != '-' && dot &&
	       strchr(dot + 1, '.');
}

static bool is_plain(const char *text, bool within)
{
	size_t length = strlen(text);

	return length > 0 && !strchr("-?:,[]{}#&*!|>'\"%@`= .~", text[0]) &&
	       !(within && strpbrk(text, ",[]{}")) && text[length - 1] != ' ' &&
	       text[length - 1] != ':' && !strstr(text, ": ") && !strstr(text, " #") &&
	       text_control(text, length, false) < 0 && strcasecmp(text, ".inf") != 0 &&
	       !is_word(text) && (!is_number_like(text) || is_address_like(text));
}

void yaml_write_text(struct text *out, const char *text, bool within)
{
	if (is_plain(text, within))
		text_add(out, "%s", text);
	else
		json_write_string(out, text);
}

static void write_map(struct text *out, struct json_object *map)
{
	const char *comma = "";

	text_add(out, "{");
	json_object_object_foreach (map, key, member) {
		text_add(out, "%s", comma);
		yaml_write_text(out, key, true);
		text_add(out, ": ");
		yaml_write_flow(out, member);
		comma = ", ";
	}
	text_add(out, "}");
}

void yaml_write_flow(struct text *out, struct json_object *value)
{
	if (json_object_is_type(value, json_type_object)) {
		write_map(out, value);
	} else if (json_object_is_type(value, json_type_array)) {
		text_add(out, "[");
		for (size_t i = 0; i < json_count(value); i++) {
			text_add(out, "%s", i ? ", " : "");
			yaml_write_flow(out, json_item(value, i));
		}
		text_add(out, "]");
	} else if (json_object_is_type(value, json_type_string)) {
		yaml_write_text(out, json_object_get_string(value), true);
	} else {
		/* null, numbers and booleans are spelt alike in both. */
		text_add(out, "%s", json_text(value));
	}
}

/* Documents */

struct yaml_entry *yaml_entry_get(
    struct arena *a, struct yaml_entry *above, const char *key)
{
	struct yaml_entry *entry, **slot;

	for (size_t i = 0; key && i < above->below_count; i++)
		if (strcmp(above->below[i]->key, key) == 0)
			return above->below[i];
	entry = arena_alloc(a, sizeof(*entry));
	entry->key = arena_copy(a, key);
	slot = arena_push(
	    a, &above->below, &above->below_count, sizeof(struct yaml_entry *));
	*slot = entry;
	return entry;
}

void yaml_entry_note(struct arena *a, struct yaml_entry *entry, const char *note)
{
	const char **slot =
	    arena_push(a, &entry->notes, &entry->note_count, sizeof(const char *));

	*slot = text_clean(a, note, strlen(note));
}

struct writer {
	struct text *out;
	unsigned line;
	int off; /* columns before the "# " of what is commented out; -1: nothing is */
};

static void begin_line(struct writer *w, int indent)
{
	w->line++;
	if (w->off >= 0)
		text_add(w->out, "%*s# %*s", w->off, "", indent - w->off, "");
	else
		text_add(w->out, "%*s", indent, "");
}

/* How much of a note stands on one line: up to a blank, but not one within a command, which
 * is to be copied from one line. */
static size_t line_length(const char *note, size_t room)
{
	size_t length = 0;
	bool command = false;

	for (size_t i = 0;; i++) {
		if ((note[i] == ' ' && !command) || !note[i]) {
			if (i > room && length)
				return length;
			length = i;
		}
		if (!note[i])
			return length;
		command ^= note[i] == '`';
	}
}

/* `sign`: "# ", or "## " of what is commented out: a comment still once "# " is taken away. */
static void write_note(struct writer *w, int indent, const char *sign, const char *note)
{
	size_t used = (size_t)indent + strlen(sign), length;

	while (*note) {
		length = line_length(note, used < NOTE_WIDTH ? NOTE_WIDTH - used : 0);
		w->line++;
		text_add(w->out, "%*s%s%.*s\n", indent, "", sign, (int)length, note);
		note += length;
		note += strspn(note, " ");
	}
}

static bool is_off(const struct yaml_entry *entry)
{
	for (size_t i = 0; !entry->off && i < entry->below_count; i++)
		if (!is_off(entry->below[i]))
			return false;
	return entry->off || entry->below_count;
}

static void write_entry(struct writer *w, struct yaml_entry *entry, int indent)
{
	int before = w->off;

	if (w->off < 0 && is_off(entry))
		w->off = indent;
	for (size_t i = 0; i < entry->note_count; i++)
		write_note(w, w->off >= 0 ? w->off : indent, w->off >= 0 ? "## " : "# ",
		    entry->notes[i]);
	begin_line(w, indent);
	entry->line = w->line;
	if (entry->key)
		yaml_write_text(w->out, entry->key, false);
	text_add(w->out, "%s%s%s\n", entry->key ? ":" : "-", entry->value ? " " : "",
	    entry->value	 ? entry->value
	    : entry->below_count ? ""
				 : " {}");
	for (size_t i = 0; i < entry->below_count; i++)
		write_entry(w, entry->below[i], indent + 2);
	w->off = before;
}

void yaml_entry_write(struct yaml_entry *document, struct text *out)
{
	struct writer w = { .out = out, .off = -1 };

	for (size_t i = 0; i < document->note_count; i++)
		write_note(&w, 0, "# ", document->notes[i]);
	for (size_t i = 0; i < document->below_count; i++) {
		text_add(out, "\n");
		w.line++;
		write_entry(&w, document->below[i], 0);
	}
}
