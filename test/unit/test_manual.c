/* SPDX-License-Identifier: MIT */
/*
 * Unit tests of what is written by hand or checked in beside the tables: the manual page
 * of the configuration, its JSON schema, and what homek8sctl(1) says of JSON.
 * SCHEMA_UPDATE=1 writes the schema anew.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/kind/kinds.h"
#include "lib/model/section_tree.h"
#include "lib/view/interface.h"

#include <check.h>

#define MANUAL "conf/homek8s.yaml.5"
#define CTL_MANUAL "daemon/homek8sctl/homek8sctl.1"
#define SCHEMA "conf/homek8s.schema.json"

/* The whole file; tests run in the project's directory. */
static char *read_file(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = must_alloc(1024 * 1024);
	size_t length;

	ck_assert_msg(file != NULL, "%s cannot be read", path);
	length = fread(text, 1, 1024 * 1024 - 1, file);
	ck_assert_msg(feof(file), "%s is too long", path);
	text[length] = '\0';
	fclose(file);
	return text;
}

/* From the item of PATH to the next item or heading, as a copy; NULL: there is none. */
static char *item_of(const char *manual, const char *path)
{
	autofree char *head = must_printf("\n.It Cm %s\n", path);
	const char *start = strstr(manual, head), *end, *heading;
	char *item;

	if (!start)
		return NULL;
	start += strlen(head);
	end = strstr(start, "\n.It ");
	heading = strstr(start, "\n.El");
	if (!end || (heading && heading < end))
		end = heading;
	item = strndup(start, end ? (size_t)(end - start) : strlen(start));
	if (!item)
		abort();
	return item;
}

struct walk {
	const char *manual;
	struct arena *arena;
	size_t keys;
};

static void check_says(const char *path, const char *item, const char *expected)
{
	ck_assert_msg(strstr(item, expected) != NULL, "%s: %s has no \"%s\" but: %s",
	    MANUAL, path, expected, item);
}

static void check_key(struct walk *w, const char *path, const struct field *f)
{
	autofree char *item = item_of(w->manual, path);

	w->keys++;
	ck_assert_msg(item != NULL, "%s says nothing of %s", MANUAL, path);
	if (f->fallback)
		check_says(
		    path, item, arena_printf(w->arena, "default: %s.", f->fallback));
	if (f->example && strstr(item, "for example "))
		check_says(
		    path, item, arena_printf(w->arena, "for example %s.", f->example));
}

static void walk_table(struct walk *w, const char *path, const struct fields *fields)
{
	for (const struct field *f = fields->rows; f->key; f++) {
		const char *below = arena_printf(w->arena, "%s.%s", path, f->key);

		check_key(w, below, f);
		if (f->group)
			walk_table(w, below, f->group);
	}
}

/* `networks` holds what `network` does and is not said twice. */
static bool said_elsewhere(const struct section_node *node)
{
	const struct section *first =
	    node->row_count ? section_of(node->rows[0].kind) : NULL;

	return first && first->shape == SECTION_ONE && section_has_names(node);
}

static void walk_section(struct walk *w, const struct section_node *node)
{
	autofree char *item = item_of(w->manual, node->path);

	if (said_elsewhere(node))
		return;
	ck_assert_msg(item || !strchr(node->path, '.'), "%s says nothing of %s", MANUAL,
	    node->path);
	w->keys += item != NULL;
	for (size_t i = 0; i < node->row_count; i++)
		walk_table(w, node->path, &node->rows[i].kind->fields);
	for (size_t i = 0; i < node->below_count; i++)
		walk_section(w, node->below[i]);
}

START_TEST(manual_has_every_key)
{
	autofree char *manual = read_file(MANUAL);
	struct arena a = { 0 };
	struct walk w = { .manual = manual, .arena = &a };
	struct section_node *top = section_tree(&a);

	for (size_t i = 0; i < top->below_count; i++)
		walk_section(&w, top->below[i]);
	for (const struct field *f = settings_fields.rows; f->key; f++) {
		if (f->group)
			walk_table(&w, f->key, f->group);
		else
			check_key(&w, f->key, f);
	}
	ck_assert_uint_gt(w.keys, 60);
	arena_done(&a);
}
END_TEST

/* And nothing else: a key that was taken out of the tables goes from the page, too. */
START_TEST(manual_has_no_other_key)
{
	autofree char *manual = read_file(MANUAL);
	const char *end = strstr(manual, "\n.Sh FINDINGS");

	ck_assert(end != NULL);
	for (const char *item = strstr(manual, "\n.It Cm "); item && item < end;
	     item = strstr(item + 1, "\n.It Cm ")) {
		const char *path = item + strlen("\n.It Cm ");
		autofree char *copy = strndup(path, strcspn(path, "\n"));
		autotext struct text out = { 0 };
		struct error e = { "" };

		ck_assert_msg(config_explain(copy, &out, &e) == 0, "%s has %s: %s",
		    MANUAL, copy, e.text);
	}
}
END_TEST

START_TEST(schema_is_that_of_the_tables)
{
	autojson struct json_object *schema = config_schema();
	autofree char *want = must_printf("%s\n", json_pretty(schema)), *have = NULL;

	if (getenv("SCHEMA_UPDATE")) {
		FILE *file = fopen(SCHEMA, "w");

		ck_assert(file != NULL);
		ck_assert_int_ge(fputs(want, file), 0);
		ck_assert_int_eq(fclose(file), 0);
	}
	have = read_file(SCHEMA);
	ck_assert_msg(strcmp(have, want) == 0,
	    "%s is not what the field tables say: run SCHEMA_UPDATE=1 with this test",
	    SCHEMA);
}
END_TEST

/* The part of a page from one heading to the next of its sort or above, as a copy. */
static char *part_of(const char *page, const char *heading)
{
	const char *start = strstr(page, heading), *end, *section;
	char *part;

	ck_assert_msg(start != NULL, "%s has no \"%s\"", CTL_MANUAL, heading + 1);
	start += strlen(heading);
	end = strstr(start, "\n.Ss ");
	section = strstr(start, "\n.Sh ");
	if (!end || (section && section < end))
		end = section;
	part = strndup(start, end ? (size_t)(end - start) : strlen(start));
	if (!part)
		abort();
	return part;
}

/* Is the key among the words of a line that begins with .Va or .It Va? */
static bool names_key(const char *part, const char *key)
{
	size_t length = strlen(key);

	for (const char *at = part; (at = strstr(at, key)); at += length) {
		const char *line = at;

		while (line > part && line[-1] != '\n')
			line--;
		if ((at[-1] == ' ' || at[-1] == '.') &&
		    !strchr("_abcdefghijklmnopqrstuvwxyz", at[length]) &&
		    (strncmp(line, ".Va ", 4) == 0 || strncmp(line, ".It Va ", 7) == 0))
			return true;
	}
	return false;
}

/* Keys of the document in its own part; those below anywhere, for they are shared. */
static void check_shape(
    const char *verb, const char *part, const char *json, const struct shape *shape)
{
	for (const struct shape_row *row = shape->rows; row->key; row++) {
		ck_assert_msg(names_key(part, row->key), "%s: %s has no key %s",
		    CTL_MANUAL, verb, row->key);
		if (row->shape)
			check_shape(verb, json, json, row->shape);
	}
}

static const struct {
	const char *verb;
	const struct shape *shape;
	const char *also; /* whose keys are not repeated */
} documents[] = {
	{ "status", &status_shape, "events" },
	{ "list", &list_shape, "status" },
	{ "describe", &describe_shape, "status" },
	{ "plan", &plan_shape, NULL },
	{ "diff", &diff_shape, NULL },
	{ "events", &events_shape, NULL },
	{ "validate", &validate_shape, "status" },
};

START_TEST(manual_has_every_key_of_json)
{
	autofree char *page = read_file(CTL_MANUAL);
	const char *json = strstr(page, "\n.Sh JSON\n");
	const char *also = documents[_i].also ? documents[_i].also : documents[_i].verb;
	autofree char *first = must_printf("\n.Ss %s\n", documents[_i].verb);
	autofree char *second = must_printf("\n.Ss %s\n", also);
	autofree char *own = NULL, *other = NULL, *both = NULL;

	ck_assert(json != NULL);
	own = part_of(json, first);
	other = part_of(json, second);
	both = must_printf("%s\n%s", own, other);
	check_shape(documents[_i].verb, both, json, documents[_i].shape);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("manual");
	TCase *test = tcase_create("manual");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(test, manual_has_every_key);
	tcase_add_test(test, manual_has_no_other_key);
	tcase_add_test(test, schema_is_that_of_the_tables);
	tcase_add_loop_test(test, manual_has_every_key_of_json, 0,
	    sizeof(documents) / sizeof(documents[0]));
	suite_add_tcase(suite, test);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
