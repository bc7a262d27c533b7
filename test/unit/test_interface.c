/* SPDX-License-Identifier: MIT */
/* Unit tests of the control interface: its methods, errors and descriptions. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/doc/json.h"
#include "lib/view/interface.h"

#include <check.h>

static size_t occurrences(const char *text, const char *word)
{
	size_t count = 0;

	for (; (text = strstr(text, word)); text++)
		count++;
	return count;
}

/* To be freed. */
static char *describe(const char *interface)
{
	struct text out = { 0 };

	ck_assert_msg(interface_describe(interface, &out), "%s", interface);
	return out.data;
}

/* "method List(kind: ?string) -> " as the description must have it. */
static void signature(const struct interface_method *m, struct text *out)
{
	text_add(out, "\nmethod %s(", m->name);
	for (const struct interface_parameter *p = m->parameters; p->name; p++)
		text_add(out, "%s%s: %s%s", p == m->parameters ? "" : ", ", p->name,
		    p->needed ? "" : "?", p->type == json_type_int ? "int" : "string");
	text_add(out, ") -> (");
}

START_TEST(every_method_is_described)
{
	autofree char *manager = describe(INTERFACE_NAME);
	autofree char *service = describe(INTERFACE_SERVICE);
	size_t described =
	    occurrences(manager, "\nmethod ") + occurrences(service, "\nmethod ");

	for (size_t i = 0; i < interface_method_count; i++) {
		const struct interface_method *m = &interface_methods[i];
		const char *text =
		    strcmp(m->interface, INTERFACE_NAME) == 0 ? manager : service;
		autotext struct text expected = { 0 };
		const char *found;

		signature(m, &expected);
		found = strstr(text, expected.data);
		ck_assert_msg(found != NULL, "no \"%s\"", expected.data + 1);
		while (found > text && found[-1] != '\n')
			found--;
		ck_assert_msg(*found == '#', "%s has no comment", m->name);
	}
	ck_assert_uint_eq(described, interface_method_count);
	ck_assert(!interface_exists("io.homek8s.Other"));
	ck_assert(!interface_describe("io.homek8s.Other", &(struct text){ 0 }));
}
END_TEST

START_TEST(every_error_is_described)
{
	static const char *const errors[] = { ERROR_NO_SUCH_OBJECT, ERROR_CONFIG_REFUSED,
		ERROR_APPROVAL_CHANGED, ERROR_NOT_POSSIBLE, ERROR_BUSY,
		ERROR_PERMISSION_DENIED, ERROR_INVALID_PARAMETER, ERROR_METHOD_NOT_FOUND,
		ERROR_INTERFACE_NOT_FOUND };

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		const char *dot = strrchr(errors[i], '.');
		autofree char *interface = strndup(errors[i], (size_t)(dot - errors[i]));
		autofree char *line = must_printf("\nerror %s (", dot + 1);
		autofree char *text = describe(interface);

		ck_assert_msg(strstr(text, line) != NULL, "%s", errors[i]);
	}
}
END_TEST

/* A type stands before what has it, and once; words of the language are no types. */
START_TEST(types_are_defined_before_they_are_used)
{
	autofree char *text = describe(INTERFACE_NAME);
	size_t used = 0;

	for (const char *at = text; (at = strpbrk(at, "]:? "));) {
		size_t length = strspn(++at, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					     "abcdefghijklmnopqrstuvwxyz");
		autofree char *name = strndup(at, length);
		autofree char *line = must_printf("\ntype %s (", name);
		const char *defined;
		bool is_member =
		    at[-1] == ']' || at[-1] == '?' || (at > text + 2 && at[-2] == ':');

		if (!is_member || *name < 'A' || *name > 'Z')
			continue;
		for (defined = at; *defined != '\n';)
			defined--;
		if (defined[1] == '#')
			continue;
		used++;
		defined = strstr(text, line);
		ck_assert_msg(defined && defined < at, "%s", name);
		ck_assert_msg(occurrences(text, line) == 1, "%s twice", name);
	}
	ck_assert_uint_ge(used, 20);
	ck_assert_uint_eq(occurrences(text, "\ntype "), 16);
}
END_TEST

/* What could be left out of a table of its own: comments wider than a terminal. */
START_TEST(descriptions_fit_a_terminal)
{
	autofree char *text = describe(INTERFACE_NAME);

	for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
		if (*line == '#')
			ck_assert_msg(strcspn(line, "\n") <= 90, "%.100s", line);
}
END_TEST

START_TEST(methods_are_found_by_full_name)
{
	ck_assert_str_eq(interface_find("io.homek8s.Manager.Plan")->name, "Plan");
	ck_assert(interface_find("io.homek8s.Manager.Approve")->changes);
	ck_assert(!interface_find("io.homek8s.Manager.GetStatus")->changes);
	ck_assert(interface_find("io.homek8s.Manager.Events")->streams);
	ck_assert_ptr_nonnull(interface_find("org.varlink.service.GetInfo"));
	ck_assert_ptr_null(interface_find("org.varlink.service.Plan"));
	ck_assert_ptr_null(interface_find("io.homek8s.Manager."));
	ck_assert_ptr_null(interface_find("Plan"));
	ck_assert_ptr_null(interface_find("io.homek8s.Manager.plan"));
}
END_TEST

static const struct {
	const char *what, *method, *json;
	const char *wrong; /* the parameter to be named; NULL: all is well */
} parameters[] = {
	{ "none, none needed", "List", "{}", NULL },
	{ "an optional one", "List", "{\"kind\":\"vm\"}", NULL },
	{ "null is left out", "List", "{\"kind\":null}", NULL },
	{ "an unknown one", "List", "{\"kin\":\"vm\"}", "kin" },
	{ "an unknown null", "List", "{\"kin\":null}", "kin" },
	{ "a number for a text", "List", "{\"kind\":1}", "kind" },
	{ "a needed one missing", "Describe", "{\"kind\":\"vm\"}", "name" },
	{ "a needed null", "Describe", "{\"kind\":\"vm\",\"name\":null}", "name" },
	{ "all of them", "Pause",
	    "{\"kind\":\"vm\",\"name\":\"a\",\"reason\":\"so\",\"milliseconds\":1}",
	    NULL },
	{ "a text for a number", "Pause", "{\"milliseconds\":\"1\"}", "milliseconds" },
	{ "a fraction", "Pause", "{\"milliseconds\":1.5}", "milliseconds" },
	{ "a negative number", "Pause", "{\"milliseconds\":-1}", "milliseconds" },
	{ "a number past 63 bits", "Pause", "{\"milliseconds\":18446744073709551615}",
	    "milliseconds" },
	{ "a NUL in a text", "Pause", "{\"reason\":\"a\\u0000b\"}", "reason" },
	{ "a newline in a text", "Pause", "{\"reason\":\"a\\nb\"}", "reason" },
	{ "an escape in a text", "Pause", "{\"reason\":\"\\u001b[31m\"}", "reason" },
	{ "a parameter where there is none", "Plan", "{\"x\":1}", "x" },
};

START_TEST(parameters_are_checked)
{
	autofree char *name = must_printf(INTERFACE_NAME ".%s", parameters[_i].method);
	autojson struct json_object *o =
	    json_parse(parameters[_i].json, strlen(parameters[_i].json), 8, NULL);
	const char *wrong;

	wrong = interface_check(interface_find(name), o);
	if (parameters[_i].wrong)
		ck_assert_msg(wrong && strcmp(wrong, parameters[_i].wrong) == 0, "%s: %s",
		    parameters[_i].what, wrong ? wrong : "accepted");
	else
		ck_assert_msg(!wrong, "%s: %s", parameters[_i].what, wrong);
}
END_TEST

#define ROWS(table) (int)(sizeof(table) / sizeof(table[0]))

int main(void)
{
	Suite *suite = suite_create("interface");
	TCase *t = tcase_create("interface");
	SRunner *runner;
	int failed;

	tcase_add_test(t, every_method_is_described);
	tcase_add_test(t, every_error_is_described);
	tcase_add_test(t, types_are_defined_before_they_are_used);
	tcase_add_test(t, descriptions_fit_a_terminal);
	tcase_add_test(t, methods_are_found_by_full_name);
	tcase_add_loop_test(t, parameters_are_checked, 0, ROWS(parameters));
	suite_add_tcase(suite, t);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
