/* SPDX-License-Identifier: MIT */
/* vm_user_data: first lines, YAML, and keys that are none of anybody's business. */
#include "lib/kind/vm/vm_user_data.h"

#include <string.h>

#include "lib/doc/yaml.h"

/* Places */

/* A file, or a map of the configuration: every part of it knows its line. */
static bool has_lines(const struct vm_document *document)
{
	return document->is_file || !document->text;
}

/* In a file, the line; of a text in the configuration, where it begins. */
static struct place place_in(
    struct report *report, const struct vm_document *document, const struct place *at)
{
	struct source_text *source = arena_alloc(report->arena, sizeof(*source));
	struct place place = has_lines(document) ? *at : document->place;

	*source =
	    (struct source_text){ .name = document->place.source->name, .text = "" };
	place.source = source;
	return place;
}

static struct finding *complain(struct report *report, const struct vm_document *document,
    const struct place *at, const char *id, const char *text)
{
	struct place place = place_in(report, document, at);
	const char *line = has_lines(document) || !at->line
			       ? ""
			       : arena_printf(report->arena, "line %u of it: ", at->line);

	return report_add(report, SEVERITY_ERROR, id, &place, "%s%s", line, text);
}

/* YAML */

/* Of what is refused in our own files, only what nobody reads as YAML. */
static bool is_fault(const char *id)
{
	static const char *const ids[] = { "yaml-syntax", "yaml-encoding",
		"yaml-control" };

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		if (strcmp(id, ids[i]) == 0)
			return true;
	return false;
}

/* The tree, in the scratch report's arena; NULL: an error was reported, or, `*odd`, it
 * cannot be said. */
static const struct node *parse(const struct vm_document *document,
    const struct source_text *source, struct report *scratch, struct report *report,
    bool *odd)
{
	const struct yaml_limits limits = {
		.bytes = source->length + 1, .scalar = source->length + 1, .foreign = true
	};
	const struct node *root = yaml_parse(source, &limits, scratch);

	*odd = !root;
	for (size_t i = 0; i < scratch->count && !root; i++) {
		const struct finding *f = &scratch->findings[i];

		if (!is_fault(f->id))
			continue;
		*odd = false;
		complain(report, document, &f->place, f->id,
		    arena_copy(report->arena, f->text))
		    ->fix = arena_copy(report->arena, f->fix);
	}
	return root;
}

/* Keys */

static void find_private_keys(
    const struct vm_document *document, const struct node *keys, struct report *report)
{
	for (size_t i = 0; keys && i < (keys->type == NODE_LIST ? keys->count : 1); i++) {
		const struct node *key = keys->type == NODE_LIST ? keys->items[i] : keys;

		if (key->type == NODE_SCALAR && text_is_private_key(key->text))
			complain(report, document, &key->place, "bad-value",
			    "ssh_authorized_keys has a private key, which stays where it was made")
			    ->fix =
			    "write the public one, the line of its .pub file; whoever has read this file has the private one, so make a new pair with ssh-keygen";
	}
}

static void check_keys(
    const struct vm_document *document, const struct node *map, struct report *report)
{
	static const char *const words[] = { "ssh_authorized_keys",
		"ssh-authorized-keys" };
	const struct node *users = node_get(map, "users");

	for (size_t k = 0; k < 2; k++) {
		find_private_keys(document, node_get(map, words[k]), report);
		for (size_t i = 0; users && users->type == NODE_LIST && i < users->count;
		     i++)
			find_private_keys(
			    document, node_get(users->items[i], words[k]), report);
	}
}

/* User data */

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* What cloud-init knows (its handlers' prefixes). */
static bool is_known(const char *text)
{
	static const char *const first[] = { "#cloud-config", "#!", "#include",
		"#cloud-boothook", "#part-handler",
		"## template:", "Content-Type:", "MIME-Version:", "From " };

	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++)
		if (begins(text, first[i]))
			return true;
	return false;
}

static bool is_cloud_config(const char *text)
{
	static const char word[] = "#cloud-config";

	return begins(text, word) && strchr(" \t\r\n", text[strlen(word)]);
}

static void check_first_line(const struct vm_document *document, struct report *report)
{
	const struct place first = { .line = 1, .column = 1 };

	if (begins(document->text, "\xef\xbb\xbf"))
		complain(report, document, &first, "unknown-user-data",
		    "user_data begins with a byte order mark, so the guest would ignore all of it")
		    ->fix = "save it as UTF-8 without that mark (BOM)";
	else if (!is_known(document->text))
		complain(report, document, &first, "unknown-user-data",
		    "user_data does not begin with a line that cloud-init knows, so the guest would ignore all of it")
		    ->fix =
		    "begin it with the line \"#cloud-config\", or with \"#!/bin/sh\" where it is a script";
}

static void check_cloud_config(
    const struct vm_document *document, const struct node *map, struct report *report)
{
	if (map->type != NODE_MAP && map->type != NODE_NULL) {
		complain(report, document, &map->place, "wrong-type",
		    "#cloud-config must hold keys with values")
		    ->fix = "write keys below it, as in \"packages: [qemu-guest-agent]\"";
		return;
	}
	check_keys(document, map, report);
}

static struct source_text source_of(const struct vm_document *document)
{
	return (struct source_text){ .name = document->place.source->name,
		.text = document->text,
		.length = document->length };
}

void vm_user_data_check(
    struct config *config, const struct vm_document *document, struct report *report)
{
	struct named_file *file =
	    document->is_file ? config_named(config, document->node->text) : NULL;
	struct arena arena = { 0 };
	struct report scratch = { .arena = &arena };
	struct source_text source;
	const struct node *map = document->node;
	bool odd = false;

	if (!document->node || (file && file->checked))
		return;
	if (file)
		file->checked = true;
	if (document->text) {
		source = source_of(document);
		check_first_line(document, report);
		map = is_cloud_config(document->text)
			  ? parse(document, &source, &scratch, report, &odd)
			  : NULL;
	}
	if (map)
		check_cloud_config(document, map, report);
	arena_done(&arena);
}

void vm_document_check(struct config *config, const char *key,
    struct vm_document *document, struct report *report)
{
	struct report scratch = { .arena = &config->arena };
	struct source_text *source;
	const struct place first = { .line = 1, .column = 1 };
	bool odd;

	if (!document->text)
		return;
	source = arena_alloc(&config->arena, sizeof(*source));
	*source = source_of(document);
	document->map = parse(document, source, &scratch, report, &odd);
	if ((document->map && document->map->type != NODE_MAP) || odd)
		complain(report, document, document->map ? &document->map->place : &first,
		    "wrong-type",
		    arena_printf(report->arena, "%s must hold keys with values", key))
		    ->fix = "write keys and values, as cloud-init's manual has them";
}
