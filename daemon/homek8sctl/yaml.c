/* SPDX-License-Identifier: MIT */
/* yaml: JSON values as YAML. */
#include <stdio.h>

#include "daemon/homek8sctl/output.h"
#include "lib/doc/json.h"
#include "lib/doc/yaml_write.h"

static bool is_block(struct json_object *o)
{
	return json_object_is_type(o, json_type_object)
		   ? json_object_object_length(o) > 0
		   : json_object_is_type(o, json_type_array) &&
			 json_object_array_length(o) > 0;
}

static void print_text(const char *text)
{
	autotext struct text out = { 0 };

	yaml_write_text(&out, text, false);
	fputs(text_get(&out), stdout);
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
