/* SPDX-License-Identifier: MIT */
/* node_write: flow style, in which only quotes need care. */
#include "lib/doc/node_write.h"

#include <ctype.h>
#include <string.h>

#include "lib/doc/json.h"

/* Of these characters are the numbers, booleans and times of all versions of YAML, and no
 * indicator is but ':', which stands between digits there. */
static bool may_stay(const char *text)
{
	size_t length = strlen(text);

	for (size_t i = 0; i < length; i++) {
		bool inside = i && i + 1 < length &&
			      isdigit((unsigned char)text[i - 1]) &&
			      isdigit((unsigned char)text[i + 1]);

		if (!isalnum((unsigned char)text[i]) && !strchr("._+-/", text[i]) &&
		    !(text[i] == ':' && inside))
			return false;
	}
	return length &&
	       (text[0] != '-' || isdigit((unsigned char)text[1]) || text[1] == '.');
}

static void write_map(struct text *out, const struct node *map)
{
	text_add(out, "{");
	for (size_t i = 0; i < map->count; i++) {
		text_add(out, "%s", i ? ", " : "");
		node_write_flow(out, map->keys[i]);
		text_add(out, ": ");
		node_write_flow(out, map->items[i]);
	}
	text_add(out, "}");
}

void node_write_flow(struct text *out, const struct node *node)
{
	switch (node->type) {
	case NODE_NULL:
		text_add(out, "null");
		break;
	case NODE_SCALAR:
		if (node->quoted || !may_stay(node->text))
			json_write_string(out, node->text);
		else
			text_add(out, "%s", node->text);
		break;
	case NODE_LIST:
		text_add(out, "[");
		for (size_t i = 0; i < node->count; i++) {
			text_add(out, "%s", i ? ", " : "");
			node_write_flow(out, node->items[i]);
		}
		text_add(out, "]");
		break;
	case NODE_MAP:
		write_map(out, node);
		break;
	}
}
