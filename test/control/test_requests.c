/* SPDX-License-Identifier: MIT */
/* Tests of the control socket: what is asked and what comes back. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/cleanup.h"
#include "lib/doc/json.h"
#include "test/control/server.h"

static const struct {
	const char *what, *request;
	const char *error; /* NULL: a reply */
	const char *path, *value;
} exchanges[] = {
	{ "version", CALL("GetVersion", ""), NULL, "parameters.version",
	    HOMEK8S_VERSION },
	{ "status", CALL("GetStatus", ",\"parameters\":null"), NULL, "parameters.verdict",
	    "unknown" },
	{ "info", "{\"method\":\"org.varlink.service.GetInfo\"}", NULL,
	    "parameters.product", "homek8sd" },
	{ "more where nothing streams", CALL("GetVersion", ",\"more\":true"), NULL,
	    "parameters.version", HOMEK8S_VERSION },
	{ "an unknown method", CALL("Destroy", ""), ERROR_METHOD_NOT_FOUND,
	    "parameters.method", INTERFACE_NAME ".Destroy" },
	{ "an unknown interface", "{\"method\":\"a.b.C\"}", ERROR_INTERFACE_NOT_FOUND,
	    "parameters.interface", "a.b" },
	{ "the description of another interface",
	    "{\"method\":\"org.varlink.service.GetInterfaceDescription\","
	    "\"parameters\":{\"interface\":\"a.b\"}}",
	    ERROR_INTERFACE_NOT_FOUND, "parameters.interface", "a.b" },
	{ "an unknown parameter", CALL("List", ",\"parameters\":{\"x\":1}"),
	    ERROR_INVALID_PARAMETER, "parameters.parameter", "x" },
	{ "a kind without a name", CALL("Reconcile", ",\"parameters\":{\"kind\":\"vm\"}"),
	    ERROR_INVALID_PARAMETER, "parameters.parameter", "name" },
	{ "a name without a kind", CALL("Pause", ",\"parameters\":{\"name\":\"a\"}"),
	    ERROR_INVALID_PARAMETER, "parameters.parameter", "kind" },
	{ "an unknown kind", CALL("List", ",\"parameters\":{\"kind\":\"vmm\"}"),
	    ERROR_NO_SUCH_OBJECT, "parameters.kind", "vmm" },
	{ "an unknown object",
	    CALL("Describe", ",\"parameters\":{\"kind\":\"vm\",\"name\":\"a\"}"),
	    ERROR_NO_SUCH_OBJECT, "parameters.name", "a" },
	{ "an approval of nothing in particular",
	    CALL("Approve", ",\"parameters\":{\"kind\":\"vm\",\"name\":\"a\"}"),
	    ERROR_INVALID_PARAMETER, "parameters.parameter", "hash" },
	{ "a refused configuration", CALL("Reload", ""), ERROR_CONFIG_REFUSED,
	    "parameters.errors",
	    "home.yaml:1:1: error[test]: first\nhome.yaml:2:1: second" },
};

START_TEST(requests_get_the_right_answer)
{
	struct client c = dial();
	autojson struct json_object *reply = NULL;
	const char *error, *value;

	say_text(&c, exchanges[_i].request);
	reply = answer(&c, exchanges[_i].what);
	error = json_string_at(reply, "error");
	value = json_string_at(reply, exchanges[_i].path);
	ck_assert_msg(!error == !exchanges[_i].error &&
			  (!error || strcmp(error, exchanges[_i].error) == 0),
	    "%s: %s", exchanges[_i].what, json_text(reply));
	ck_assert_msg(value && strcmp(value, exchanges[_i].value) == 0, "%s: %s",
	    exchanges[_i].what, json_text(reply));
	ck_assert(!json_bool_at(reply, "continues", false));
	hang_up(&c);
}
END_TEST

START_TEST(the_interface_describes_itself)
{
	struct client c = dial();
	autojson struct json_object *reply = NULL;
	autotext struct text description = { 0 };

	say_text(&c, "{\"method\":\"org.varlink.service.GetInterfaceDescription\","
		     "\"parameters\":{\"interface\":\"" INTERFACE_NAME "\"}}");
	reply = answer(&c, "description");
	ck_assert(interface_describe(INTERFACE_NAME, &description));
	ck_assert_str_eq(
	    json_string_at(reply, "parameters.description"), text_get(&description));
	hang_up(&c);
}
END_TEST

START_TEST(changes_carry_who_asked)
{
	autofree char *want = must_printf("approve vm/a by uid %ld (", (long)geteuid());
	autofree char *pid = must_printf(") pid %ld", (long)getpid());
	struct client c = dial();
	autojson struct json_object *reply = NULL;
	const char *text;

	say_text(
	    &c, CALL("Approve",
		    ",\"parameters\":{\"kind\":\"vm\",\"name\":\"a\",\"hash\":\"0\"}"));
	reply = answer(&c, "approve");
	text = json_string_at(reply, "parameters.text");
	ck_assert_msg(
	    text && strstr(text, want) == text && strstr(text, pid), "%s", text);
	hang_up(&c);
}
END_TEST

/* Bytes with the NUL that ends them. */
#define WHOLE(text) text, sizeof(text)

static const struct {
	const char *what, *bytes;
	size_t length;
} rubbish[] = {
	{ "HTTP", WHOLE("GET / HTTP/1.1\r\n\r\n") },
	{ "no JSON object", WHOLE("[]") },
	{ "a NUL", WHOLE("") },
	{ "many NULs", WHOLE("\0\0\0\0\0\0\0") },
	{ "no UTF-8", WHOLE("{\"method\":\"\xff\xfe\"}") },
	{ "no method", WHOLE("{\"parameters\":{}}") },
	{ "a number for a method", WHOLE("{\"method\":1}") },
};

START_TEST(rubbish_is_refused_and_closed)
{
	struct client c = dial();
	autojson struct json_object *reply = NULL;

	say_bytes(&c, rubbish[_i].bytes, rubbish[_i].length);
	reply = answer(&c, rubbish[_i].what);
	ck_assert_str_eq(json_string_at(reply, "error"), ERROR_INVALID_PARAMETER);
	expect_closed(&c, SOON_MS, rubbish[_i].what);
	hang_up(&c);
	expect_alive(rubbish[_i].what);
}
END_TEST

START_TEST(bombs_cost_little)
{
	size_t length = 4 << 20;
	autofree char *bytes = malloc(length);
	struct client c = dial();

	memset(bytes, '[', length);
	say_bytes(&c, bytes, length);
	expect_closed(&c, SOON_MS, "four megabytes without an end");
	hang_up(&c);
	expect_alive("after four megabytes");
	c = dial();
	bytes[(1 << 20) - 1] = '\0';
	say_bytes(&c, bytes, 1 << 20);
	expect_closed(&c, SOON_MS, "a megabyte of brackets");
	hang_up(&c);
	expect_alive("after a megabyte of brackets");
}
END_TEST

START_TEST(bytes_may_come_one_by_one)
{
	static const char request[] = CALL("GetVersion", "");
	struct client c = dial();
	autojson struct json_object *reply = NULL;
	bool ended;

	for (size_t i = 0; i < sizeof(request); i++) {
		ck_assert_ptr_null(receive(&c, 1, &ended));
		say_bytes(&c, request + i, 1);
	}
	reply = answer(&c, "byte by byte");
	ck_assert_str_eq(json_string_at(reply, "parameters.version"), HOMEK8S_VERSION);
	hang_up(&c);
}
END_TEST

START_TEST(random_bytes_kill_nothing)
{
	unsigned seed = 12345;
	char bytes[256];

	for (int round = 0; round < 300; round++) {
		struct client c = dial();

		for (size_t i = 0; i < sizeof(bytes); i++) {
			seed = seed * 1103515245 + 12345;
			bytes[i] = "{}[]\":,\\\0ntmethod.\xff\x01"[(seed >> 16) % 20];
		}
		say_bytes(&c, bytes, sizeof(bytes));
		hang_up(&c);
	}
	expect_alive("after random bytes");
}
END_TEST

Suite *requests_suite(void)
{
	Suite *suite = suite_create("requests");
	TCase *t = tcase_create("requests");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, server_setup, server_teardown);
	tcase_add_loop_test(t, requests_get_the_right_answer, 0,
	    sizeof(exchanges) / sizeof(exchanges[0]));
	tcase_add_test(t, the_interface_describes_itself);
	tcase_add_test(t, changes_carry_who_asked);
	tcase_add_loop_test(
	    t, rubbish_is_refused_and_closed, 0, sizeof(rubbish) / sizeof(rubbish[0]));
	tcase_add_test(t, bombs_cost_little);
	tcase_add_test(t, bytes_may_come_one_by_one);
	tcase_add_test(t, random_bytes_kill_nothing);
	suite_add_tcase(suite, t);
	return suite;
}
