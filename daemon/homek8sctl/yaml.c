/* SPDX-License-Identifier: MIT */
/* yaml: JSON values as YAML. A quoted text is a JSON text, which YAML reads the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/homek8sctl/output.h"
#include "lib/base/text.h"
#include "lib/doc/json.h"

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

static bool is_plain(const char *text)
{
	size_t length = strlen(text);

	return length > 0 && !strchr("-?:,[]{}#&*!|>'\"%@`= .~", text[0]) &&
	       text[length - 1] != ' ' && text[length - 1] != ':' &&
	       !strstr(text, ": ") && !strstr(text, " #") &&
	       text_control(text, length, false) < 0 && strcasecmp(text, ".inf") != 0 &&
	       !is_word(text) && !is_number_like(text);
}

static void print_text(const char *text)
{
	struct json_object *o;

	if (is_plain(text)) {
		fputs(text, stdout);
		return;
	}
	o = json_object_new_string(text);
	if (!o)
		abort();
	fputs(json_text(o), stdout);
	json_object_put(o);
}

static bool is_block(struct json_object *o)
{
	return json_object_is_type(o, json_type_object)
		   ? json_object_object_length(o) > 0
		   : json_object_is_type(o, json_type_array) &&
			 json_object_array_length(o) > 0;
}

static void print_scalar(struct json_object *o)
{
	if (json_object_is_type(o, json_type_string))
		print_text(json_object_get_string(o));
	else
		/* null, {}, [], numbers and booleans are spelt alike in both. */
		fputs(json_text(o), stdout);
}

/* `open`: the cursor stands after "- " or at the start of the text, where the first key
 * may follow at once. */
static void print_value(struct json_object *o, int indent, bool open)
{
	if (!is_block(o)) {
		print_scalar(o);
		putchar('\n');
		return;
	}
	for (size_t i = 0; i < json_count(o); i++) {
		printf("%*s- ", open && i == 0 ? 0 : indent, "");
		print_value(json_item(o, i), indent + 2, true);
	}
	if (json_object_is_type(o, json_type_array))
		return;
	json_object_object_foreach (o, key, member) {
		printf("%*s", open ? 0 : indent, "");
		open = false;
		print_text(key);
		fputs(is_block(member) ? ":\n" : ": ", stdout);
		print_value(member, indent + 2, false);
	}
}

void yaml_print(struct json_object *o)
{
	print_value(o, 0, true);
}
