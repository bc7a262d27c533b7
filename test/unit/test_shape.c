/* SPDX-License-Identifier: MIT */
/* Unit tests of shapes: what is written, hashed and described by one table. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/doc/json.h"
#include "lib/view/shape.h"

#include <check.h>

struct part {
	const char *name;
};

struct whole {
	const char *text, *none, *word;
	int64_t number, nothing, countdown, time, never;
	bool yes, no;
	struct list texts, parts, absent;
	const struct part *one, *null, *optional;
	struct shape_side side;
};

static const char *const words[] = { "red", "green", NULL };

static const struct shape part_shape = {
	.name = "Part",
	.help = "One part.",
	.size = sizeof(struct part),
	.rows =
	    (const struct shape_row[]){
		{ SHAPE_KEY(struct part, name, const char *), .type = SHAPE_STRING },
		{ 0 },
	    },
};

#define ROW(member, c_type, type_, flags_)                                               \
	{                                                                                \
		SHAPE_KEY(struct whole, member, c_type),                                 \
		    .type = type_, .flags = flags_, .words = words,                      \
		    .shape = (type_) == SHAPE_STRINGS ? NULL : &part_shape,              \
		    .help = #member                                                      \
	}

static const struct shape whole_shape = {
	.size = sizeof(struct whole),
	.rows =
	    (const struct shape_row[]){
		ROW(text, const char *, SHAPE_STRING, 0),
		ROW(none, const char *, SHAPE_STRING, SHAPE_NULLABLE),
		ROW(word, const char *, SHAPE_WORD, 0),
		ROW(number, int64_t, SHAPE_INT, 0),
		ROW(nothing, int64_t, SHAPE_INT, SHAPE_NULLABLE),
		ROW(countdown, int64_t, SHAPE_INT, SHAPE_NULLABLE | SHAPE_COUNTDOWN),
		ROW(time, int64_t, SHAPE_TIME, 0),
		ROW(never, int64_t, SHAPE_TIME, SHAPE_NULLABLE),
		ROW(yes, bool, SHAPE_BOOL, 0),
		ROW(no, bool, SHAPE_BOOL, 0),
		ROW(texts, struct list, SHAPE_STRINGS, 0),
		ROW(parts, struct list, SHAPE_LIST, 0),
		ROW(absent, struct list, SHAPE_STRINGS, SHAPE_OPTIONAL),
		ROW(one, const struct part *, SHAPE_STRUCT, 0),
		ROW(null, const struct part *, SHAPE_STRUCT, SHAPE_NULLABLE),
		ROW(optional, const struct part *, SHAPE_STRUCT, SHAPE_OPTIONAL),
		ROW(side, struct shape_side, SHAPE_FIELDS, SHAPE_NULLABLE),
		{ 0 },
	    },
};

static struct part parts[] = { { "a" }, { "b" } };
static const char *texts[] = { "x", "y" };

static struct whole example(void)
{
	return (struct whole){ .text = "a \"b\"\\\n\t\x01/\x7f\xc3\xa9",
		.word = "green",
		.number = 7,
		.nothing = -1,
		.countdown = 1500,
		.time = 1790000000123,
		.yes = true,
		.texts = { texts, 2 },
		.parts = { parts, 2 },
		.one = &parts[1] };
}

START_TEST(every_type_is_written)
{
	static const char want[] =
	    "{\"text\":\"a \\\"b\\\"\\\\\\n\\t\\u0001/\x7f\xc3\xa9\",\"none\":null,\"word\":\"green\",\"number\":7,\"nothing\":null,\"countdown\":1500,\"time\":\"2026-09-21T14:13:20Z\",\"never\":null,\"yes\":true,\"no\":false,\"texts\":[\"x\",\"y\"],\"parts\":[{\"name\":\"a\"},{\"name\":\"b\"}],\"one\":{\"name\":\"b\"},\"null\":null,\"side\":null}";
	struct whole whole = example();
	autotext struct text out = { 0 };

	shape_write(&whole_shape, &whole, &out);
	ck_assert_str_eq(text_get(&out), want);
}
END_TEST

/* json-c reads back what was put in. */
START_TEST(what_is_written_is_json)
{
	struct whole whole = example();
	autotext struct text out = { 0 };
	autojson struct json_object *o = NULL;

	shape_write(&whole_shape, &whole, &out);
	o = json_parse(out.data, out.length, 8, NULL);
	ck_assert_ptr_nonnull(o);
	ck_assert_str_eq(json_string_at(o, "text"), whole.text);
	ck_assert_uint_eq(json_count(json_at(o, "parts")), 2);
}
END_TEST

START_TEST(empty_lists_and_optional_ones)
{
	struct whole whole = example();
	autotext struct text out = { 0 };

	whole.texts = (struct list){ 0 };
	whole.absent = (struct list){ texts, 0 };
	whole.optional = &parts[0];
	shape_write(&whole_shape, &whole, &out);
	ck_assert_ptr_nonnull(strstr(out.data, "\"texts\":[],"));
	ck_assert_ptr_nonnull(strstr(out.data, "\"absent\":[],"));
	ck_assert_ptr_nonnull(strstr(out.data, "\"optional\":{\"name\":\"a\"},"));
}
END_TEST

static struct part other_parts[] = { { "a" }, { "c" } };
static const char *other_texts[] = { "xy", "" };

/* Every difference that would be written is a difference of the hash. */
START_TEST(hashes_differ_as_texts_do)
{
	struct whole w[12];
	uint64_t hash[12];
	const int count = 12;

	for (int i = 0; i < count; i++)
		w[i] = example();
	w[1].text = "b";
	w[2].none = "";
	w[3].number = 8;
	w[4].yes = false;
	w[5].time += 1000;
	w[6].texts.items = other_texts;
	w[7].parts.items = other_parts;
	w[8].parts.count = 1;
	w[9].one = &parts[0];
	w[10].null = &parts[0];
	w[11].absent = (struct list){ texts, 0 };
	for (int i = 0; i < count; i++) {
		hash[i] = shape_hash(&whole_shape, &w[i], 1000, NULL);
		for (int j = 0; j < i; j++)
			ck_assert_msg(hash[i] != hash[j], "%d and %d", i, j);
	}
	ck_assert(hash[0] == shape_hash(&whole_shape, &w[0], 1000, NULL));
	ck_assert(shape_hash(&whole_shape, &w[0], 0, "text") ==
		  shape_hash(&whole_shape, &w[1], 0, "text"));
}
END_TEST

/* 500 ms later the same try is 500 ms nearer: nothing has changed. */
START_TEST(a_countdown_is_the_same_while_it_runs)
{
	struct whole early = example(), late = example();

	late.countdown -= 500;
	ck_assert(shape_hash(&whole_shape, &early, 1000, NULL) ==
		  shape_hash(&whole_shape, &late, 1500, NULL));
	ck_assert(shape_hash(&whole_shape, &early, 1000, NULL) !=
		  shape_hash(&whole_shape, &late, 1600, NULL));
	early.countdown = late.countdown = -1;
	ck_assert(shape_hash(&whole_shape, &early, 1000, NULL) ==
		  shape_hash(&whole_shape, &late, 1600, NULL));
}
END_TEST

START_TEST(every_type_is_described)
{
	static const char want[] =
	    "(\n  text: string,\n  none: ?string,\n  word: (red, green),\n  number: int,\n  nothing: ?int,\n  countdown: ?int,\n  time: string,\n  never: ?string,\n  yes: bool,\n  no: bool,\n  texts: []string,\n  parts: []Part,\n  absent: ?[]string,\n  one: Part,\n  null: ?Part,\n  optional: ?Part,\n  side: ?object\n)\n";
	autotext struct text out = { 0 }, one = { 0 };

	shape_idl(&whole_shape, &out);
	ck_assert_str_eq(text_get(&out), want);
	shape_idl(&part_shape, &one);
	ck_assert_str_eq(text_get(&one), "(name: string)\n");
}
END_TEST

START_TEST(comments_are_broken_into_lines)
{
	autotext struct text out = { 0 };

	shape_idl_paragraph(
	    "aaaaaaaaa aaaaaaaaa aaaaaaaaa aaaaaaaaa aaaaaaaaa aaaaaaaaa aaaaaaaaa aaaaaaaaa aaaaaaaaa b",
	    "   key:", &out);
	ck_assert_str_eq(text_get(&out),
	    "#   key: aaaaaaaaa aaaaaaaaa aaaaaaaaa aaaaaaaaa aaaaaaaaa aaaaaaaaa aaaaaaaaa aaaaaaaaa\n#     aaaaaaaaa b\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("shape");
	TCase *t = tcase_create("shape");
	SRunner *runner;
	int failed;

	tcase_add_test(t, every_type_is_written);
	tcase_add_test(t, what_is_written_is_json);
	tcase_add_test(t, empty_lists_and_optional_ones);
	tcase_add_test(t, hashes_differ_as_texts_do);
	tcase_add_test(t, a_countdown_is_the_same_while_it_runs);
	tcase_add_test(t, every_type_is_described);
	tcase_add_test(t, comments_are_broken_into_lines);
	suite_add_tcase(suite, t);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
