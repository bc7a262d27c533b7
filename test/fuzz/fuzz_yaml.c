/* SPDX-License-Identifier: MIT */
/*
 * Fuzzes yaml and report: a load gives a tree without a word or no tree with an error,
 * and whatever is printed about it is safe on a terminal.
 */
#include <stdlib.h>

#include "lib/doc/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_tree(const struct node *node, size_t depth)
{
	if (depth > YAML_MAX_DEPTH || !node->place.line || !node->place.column)
		abort();
	if (node->type == NODE_SCALAR && !node->text)
		abort();
	for (size_t i = 0; i < node->count; i++) {
		if (node->type == NODE_MAP && (node->keys[i]->type != NODE_SCALAR ||
						  !node_get(node, node->keys[i]->text)))
			abort();
		check_tree(node->items[i], depth + 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct source_text source = { "fuzz.yaml", (const char *)data, size, NULL };
	struct arena a = { 0 };
	struct report report = { .arena = &a };
	struct node *root = yaml_parse(&source, NULL, &report);

	if (!root != (report.errors > 0))
		abort();
	if (root)
		check_tree(root, 0);
	report_sort(&report);
	for (size_t i = 0; i < report.count; i++) {
		autotext struct text out = { 0 };

		finding_print(&report.findings[i], &out);
		if (text_control(out.data, out.length, true) >= 0 ||
		    text_invalid_utf8(out.data, out.length) >= 0)
			abort();
	}
	arena_done(&a);
	return 0;
}
