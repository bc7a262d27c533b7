/* SPDX-License-Identifier: MIT */
/* config_load: reads, checks, and keeps a copy of what was good. */
#include "daemon/engine/config_load.h"

#include <string.h>
#include <sys/stat.h>

#include "lib/doc/json.h"

#define LAST_GOOD "last-good.json"

static void print_errors(const struct report *report, struct text *errors)
{
	for (size_t i = 0; i < report->count; i++)
		if (report->findings[i].severity == SEVERITY_ERROR)
			finding_print(&report->findings[i], errors);
	if (report->not_shown)
		text_add(errors, "and %zu more errors\n", report->not_shown);
}

static struct json_object *source_json(const struct source_text *source)
{
	struct json_object *o = json_object_new_object();

	json_put_string(o, "name", source->name);
	json_put(
	    o, "text", json_object_new_string_len(source->text, (int)source->length));
	return o;
}

/* What is on disk already is not written again; what is still to be written takes the place
 * of that, and must not be what was good before. */
static void keep(const struct config_files *files, struct state_writer *writer)
{
	uint64_t given = state_writer_given(writer, LAST_GOOD);
	autojson struct json_object *o = json_object_new_object();
	autojson struct json_object *old =
	    state_dir_read(state_writer_dir(writer), LAST_GOOD, NULL);
	struct json_object *list = json_object_new_array();

	json_put_string(o, "directory", files->directory);
	if (files->settings.text)
		json_put(o, "settings", source_json(&files->settings));
	for (size_t i = 0; i < files->desired_count; i++)
		json_push(list, source_json(&files->desired[i]));
	json_put(o, "desired", list);
	list = json_object_new_array();
	for (size_t i = 0; i < files->named_count; i++)
		if (!files->named[i].why)
			json_push(list, source_json(&files->named[i].source));
	json_put(o, "named", list);
	if (given != state_writer_written(writer, LAST_GOOD) || !old ||
	    strcmp(json_text(old), json_text(o)) != 0)
		state_writer_put(writer, LAST_GOOD, o, given + 1);
}

struct config *config_load_directory(
    const char *directory, struct state_writer *writer, struct text *errors)
{
	struct arena arena = { 0 };
	struct report report = { .arena = &arena };
	struct config_files files = { 0 };
	struct config *config = NULL;

	if (config_files_read(directory, FILES_TRUSTED, &files, &report) < 0) {
		report_sort(&report);
		print_errors(&report, errors);
	} else if (config_load(&files, &config) < 0) {
		print_errors(&config->report, errors);
		config_free(config);
		config = NULL;
	} else if (writer) {
		keep(&files, writer);
	}
	config_files_done(&files);
	arena_done(&arena);
	return config;
}

static void read_source(
    struct arena *a, struct json_object *o, struct source_text *source)
{
	struct json_object *text = json_at(o, "text");

	source->name = arena_copy(a, json_string_at(o, "name"));
	source->length = (size_t)json_object_get_string_len(text);
	source->text = arena_copy_n(a, json_object_get_string(text), source->length);
}

/* Whether both paths lead to one directory; one that is not there any more by its name. */
static bool is_same_directory(const char *one, const char *other)
{
	struct stat a, b;

	if (stat(one, &a) == 0 && stat(other, &b) == 0)
		return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
	return strcmp(one, other) == 0;
}

struct config *config_load_last_good(
    const char *directory, const struct state_writer *writer, struct text *errors)
{
	autojson struct json_object *o =
	    writer ? state_dir_read(state_writer_dir(writer), LAST_GOOD, NULL) : NULL;
	struct json_object *list = json_at(o, "desired");
	struct config_files files = { 0 };
	struct config *config = NULL;

	if (!o || !json_string_at(o, "directory") ||
	    !is_same_directory(json_string_at(o, "directory"), directory))
		return NULL;
	files.directory = arena_copy(&files.arena, json_string_at(o, "directory"));
	if (json_at(o, "settings"))
		read_source(&files.arena, json_at(o, "settings"), &files.settings);
	files.desired_count = json_count(list);
	files.desired =
	    arena_array(&files.arena, files.desired_count, sizeof(struct source_text));
	for (size_t i = 0; i < files.desired_count; i++)
		read_source(&files.arena, json_item(list, i), &files.desired[i]);
	list = json_at(o, "named");
	files.named_count = json_count(list);
	files.named = arena_array(&files.arena, files.named_count, sizeof(*files.named));
	for (size_t i = 0; i < files.named_count; i++)
		read_source(&files.arena, json_item(list, i), &files.named[i].source);
	if (config_load(&files, &config) < 0) {
		print_errors(&config->report, errors);
		config_free(config);
		config = NULL;
	}
	config_files_done(&files);
	return config;
}

struct config *config_load_none(const char *directory)
{
	struct arena arena = { 0 };
	struct report report = { .arena = &arena };
	struct config_files files = { 0 };
	struct config *config = NULL;

	config_files_read(directory, FILES_TRUSTED, &files, &report);
	files.desired_count = 0;
	files.settings_only = true;
	if (config_load(&files, &config) < 0) {
		config_free(config);
		files.settings.text = NULL;
		config_load(&files, &config);
	}
	config->settings.prune = false;
	config_files_done(&files);
	arena_done(&arena);
	return config;
}
