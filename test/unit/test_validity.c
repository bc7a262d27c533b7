/* SPDX-License-Identifier: MIT */
/* Unit tests of validity: certificates and tokens, whole, cut and spoiled. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/wire/validity.h"

#include <check.h>

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

/* Made with `openssl ca`; their keys are thrown away. */
static const char user[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBEDCBtgIBATAKBggqhkjOPQQDAjAVMRMwEQYDVQQDDAprdWJlcm5ldGVzMB4X\n"
    "DTIwMDEwMTAwMDAwMFoXDTMwMDEwMTAwMDAwMFowEzERMA8GA1UEAwwIaG9tZWs4\n"
    "c2QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARu6ApDcSCxujaxzzIWpBMEi2SQ\n"
    "b9Pk8qDXNP4WQB+/Ds1TjAcK9Kyb6Lzy1DjSuLw5mg9m5SeVzRotYygn2pwSMAoG\n"
    "CCqGSM49BAMCA0kAMEYCIQCi7zWu7gNymm5U/v0ACePkuk0fg0nF5/pLJkbr74FE\n"
    "MgIhAIDVxmwX1tF1donvKU5QFEdsF1dWZq+bia+qFpLsoSMX\n"
    "-----END CERTIFICATE-----\n";
static const char admin[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBJTCBzAIBATAKBggqhkjOPQQDAjAVMRMwEQYDVQQDDAprdWJlcm5ldGVzMB4X\n"
    "DTIwMDEwMTAwMDAwMFoXDTMwMDEwMTAwMDAwMFowKTEXMBUGA1UECgwOc3lzdGVt\n"
    "Om1hc3RlcnMxDjAMBgNVBAMMBWFkbWluMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcD\n"
    "QgAE1W7eKwScbcs+Fa6i3bFIrd7l193ka3DMl+ooLR+iECmR2WRfuTwpcTGuRiJu\n"
    "+b6AihlLNJB906ebn5rxfgWHPDAKBggqhkjOPQQDAgNIADBFAiEAnX7RZK4dSgqp\n"
    "sLwXJYfd07JM7nyQDzIg8diD4TwdZ7cCIE8qzHaAeCJeYY6ZkamhBqdZ3F4iHgWZ\n"
    "aMBDaBHh5gG3\n"
    "-----END CERTIFICATE-----\n";
/* After 2049 certificates have the longer form of a time. */
static const char far_off[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBEjCBuAIBATAKBggqhkjOPQQDAjAVMRMwEQYDVQQDDAprdWJlcm5ldGVzMCAX\n"
    "DTIwMDEwMTAwMDAwMFoYDzIwNjAwMjI5MTIzNDU2WjATMREwDwYDVQQDDAhob21l\n"
    "azhzZDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABM479guw5ctHzlQFvlD9MVQ6\n"
    "Txodea6i/TDqjUj+wukrATGy9zFQZ+SenmFlCuHb4tOC+38HrxKv1vzGLmRCX2ww\n"
    "CgYIKoZIzj0EAwIDSQAwRgIhAPh0YSkzP6URjH3D83iuyWCMFXUT1EwRdVdb4eeM\n"
    "Vt5dAiEAgD5wSlRhpn/BO1Pr7fHAXKZ3Oom7Yx/6nUwuvq+UmFs=\n"
    "-----END CERTIFICATE-----\n";

static int read_text(const char *text, struct validity *v)
{
	return certificate_validity((struct bytes){ text, strlen(text) }, v);
}

static const struct {
	const char *what, *pem, *from, *to;
	bool is_admin;
} good_rows[] = {
	{ "a user", user, "2020-01-01T00:00:00Z", "2030-01-01T00:00:00Z", false },
	{ "an administrator", admin, "2020-01-01T00:00:00Z", "2030-01-01T00:00:00Z",
	    true },
	{ "far off", far_off, "2020-01-01T00:00:00Z", "2060-02-29T12:34:56Z", false },
};

START_TEST(good)
{
	struct validity v;
	struct arena a = { 0 };

	ck_assert_msg(read_text(good_rows[_i].pem, &v) == 0, "%s", good_rows[_i].what);
	ck_assert_str_eq(time_text(&a, v.from), good_rows[_i].from);
	ck_assert_str_eq(time_text(&a, v.to), good_rows[_i].to);
	ck_assert(v.is_admin == good_rows[_i].is_admin);
	arena_done(&a);
}
END_TEST

/* As k3s has it: the client's certificate, then that of the CA that signed it. */
START_TEST(the_first_of_a_chain)
{
	autotext struct text chain = { 0 };
	struct validity v;
	struct arena a = { 0 };

	text_add(&chain, "a comment\n%s%s", far_off, admin);
	ck_assert_int_eq(read_text(chain.data, &v), 0);
	ck_assert_str_eq(time_text(&a, v.to), "2060-02-29T12:34:56Z");
	ck_assert(!v.is_admin);
	arena_done(&a);
}
END_TEST

static const char *const bad_rows[] = {
	"",
	"-----BEGIN CERTIFICATE-----\n",
	"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
	"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
	"-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----\n",
	/* A length of four bytes, of which there is one. */
	"-----BEGIN CERTIFICATE-----\nMIT/\n-----END CERTIFICATE-----\n",
	/* A length of nine bytes. */
	"-----BEGIN CERTIFICATE-----\nMIkB\n-----END CERTIFICATE-----\n",
	"-----BEGIN X-----\nYWJj\n-----END X-----\n",
};

START_TEST(bad)
{
	struct validity v;

	ck_assert_int_eq(read_text(bad_rows[_i], &v), -1);
}
END_TEST

/* Cut at every byte, then with each byte of its DER as another one: an error or times, and
 * nothing outside of it is read (the sanitizers see to that). */
START_TEST(spoiled)
{
	struct validity v;

	for (size_t length = 0; length < strlen(user); length++) {
		autofree char *copy = must_alloc(length + 1);

		memcpy(copy, user, length);
		certificate_validity((struct bytes){ copy, length }, &v);
	}
	for (size_t i = strlen("-----BEGIN CERTIFICATE-----\n"); i < 300; i++)
		for (const char *c = "/A8"; *c; c++) {
			autofree char *copy = must_copy(user);

			copy[i] = *c;
			read_text(copy, &v);
		}
}
END_TEST

static const struct {
	const char *what, *token;
	int64_t seconds;
} token_rows[] = {
	{ "a service account's, bound",
	    "eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.eyJleHAiOjE4OTM0NTYwMDAsInN1YiI6InN5c3RlbTpzZXJ2aWNlYWNjb3VudDpob21lazhzZDpob21lazhzZCJ9.c2ln",
	    1893456000 },
	{ "a Secret's: no end", "eyJh.eyJzdWIiOiJ4In0.c2ln", -1 },
	{ "k3s' own", "K10abc::server:def", -1 },
	{ "two dots, no base64", "a.!.b", -1 },
	{ "base64, no JSON", "a.YWJj.b", -1 },
	{ "exp is a text", "a.eyJleHAiOiIxIn0.b", -1 },
	{ "exp before 1970", "a.eyJleHAiOi0xfQ.b", -1 },
	{ "empty", "", -1 },
	{ "dots", "..", -1 },
};

START_TEST(tokens)
{
	int64_t expected = token_rows[_i].seconds;

	ck_assert_msg(
	    token_expiry(token_rows[_i].token) == (expected < 0 ? -1 : expected * 1000),
	    "%s", token_rows[_i].what);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("validity");
	TCase *tc = tcase_create("validity");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, good, 0, ROWS(good_rows));
	tcase_add_test(tc, the_first_of_a_chain);
	tcase_add_loop_test(tc, bad, 0, ROWS(bad_rows));
	tcase_add_test(tc, spoiled);
	tcase_add_loop_test(tc, tokens, 0, ROWS(token_rows));
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
