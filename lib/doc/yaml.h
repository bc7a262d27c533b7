/* SPDX-License-Identifier: MIT */
/*
 * yaml: text to a tree of nodes, under caps, with every problem placed. Hides libyaml,
 * whose event interface is used so that we stop before its quadratic corners (nesting,
 * directives).
 *
 * Refused, each with line and column: more than 256 KiB, nesting deeper than 16, more
 * than 20,000 nodes, a scalar over 4 KiB, anchors, aliases, tags, directives, a second
 * document, duplicate keys (naming both places), keys that are no scalars, text that is
 * no UTF-8, NUL and other control characters, bidirectional marks, tabs as indentation
 * (with a hint), and a document that is empty (an empty file never means "delete
 * everything"). A byte order mark and CRLF line ends are accepted. No error repeats a
 * text of the source: it may be a secret.
 */
#ifndef LIB_DOC_YAML_H
#define LIB_DOC_YAML_H

#include "lib/doc/node.h"
#include "lib/doc/report.h"

#define YAML_MAX_BYTES ((size_t)256 * 1024)
#define YAML_MAX_DEPTH 16
#define YAML_MAX_NODES 20000
#define YAML_MAX_SCALAR 4096

struct yaml_limits { /* zero means the default above */
	size_t bytes, nodes, scalar;
	/* Other programs write the text as well: anchors are taken, an alias stands for a
	 * copy of its anchor's value, within the limit of nodes, and "!!str" is a quoted
	 * text. */
	bool foreign;
};

/*
 * Parses one source. Returns the root, allocated in the report's arena, or NULL after
 * adding at least one error to the report. `limits` may be NULL. The source must outlive
 * the tree.
 */
struct node *yaml_parse(const struct source_text *source,
    const struct yaml_limits *limits, struct report *report);

#endif
