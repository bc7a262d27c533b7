/* SPDX-License-Identifier: MIT */
/* What findings show of a configuration that holds secrets: their places and words, never
 * a line or a text that may be one; and the lines of others as before. */
#include <string.h>

#include "lib/doc/unshown.h"
#include "lib/model/config.h"

#include <check.h> /* last: it defines the word fail */

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))
#define SECRET "hunter2"
#define DATA "user_data: \"password: " SECRET "\""

/* Loads it and adds every finding as it is printed; the number of errors. */
static size_t print(const char *settings, const char *home, struct text *out)
{
	struct source_text desired = { "home.yaml", home, strlen(home), NULL };
	struct config_files files = {
		.directory = "/etc/homek8s", .desired = &desired, .desired_count = 1
	};
	struct config *config;
	size_t errors;

	if (settings)
		files.settings = (struct source_text){ "homek8s.yaml", settings,
			strlen(settings), NULL };
	config_load(&files, &config);
	errors = config->report.errors;
	for (size_t i = 0; i < config->report.count; i++)
		finding_print(&config->report.findings[i], out);
	config_free(config);
	return errors;
}

static const struct secret_row {
	const char *what, *home;
} secrets[] = {
	{ "beside an unknown key", "vms: {w: {vcpu: 2, cloud_init: {" DATA "}}}\n" },
	{ "before a wrong value", "vms: {w: {cloud_init: {" DATA "}, vcpus: two}}\n" },
	{ "a list of VMs", "vms: [{cloud_init: {" DATA "}}]\n" },
	{ "a list of texts", "vms: [\"password: " SECRET "\"]\n" },
	{ "a list of one map", "vms: [{password: " SECRET "}]\n" },
	{ "beside a warning", "vms: {w: {node: w, role: none, cloud_init: {" DATA "}}}\n"
			      "nework: {}\n" },
	{ "in the wrong place", "vms: {w: {" DATA "}}\n" },
	{ "a section of its own", DATA "\n" },
	{ "another spelling of the key",
	    "vms: {w: {cloud-init: {User-Data: {x: " SECRET "}}, vcpu: 1}}\n" },
	{ "a key that is mistyped", "vms: {w: {cloud_init: {usr_data: " SECRET "}}}\n" },
	{ "both are", "vms: {w: {clod_init: {usr_data: " SECRET "}}}\n" },
	{ "a word of the home's own",
	    "vms: {w: {root_password: " SECRET ", vcpu: 1}}\n" },
	{ "a path as a key", "vms.w.password: " SECRET "\n" },
	{ "a path into cloud_init", "vms.w.cloud_init.user_data: " SECRET "\n" },
	{ "no blank after a colon", "vms: {w: {password:" SECRET ": x}}\n" },
	{ "no blank at all", "vms: {w: \"password:" SECRET "\"}\n" },
	{ "equals", "vms: {w: password=" SECRET "}\n" },
	{ "equals in cloud_init", "vms: {w: {cloud_init: user_data=" SECRET "}}\n" },
	{ "quoted where none is due", "vms: {w: {vcpus: \"token " SECRET "\"}}\n" },
	{ "a value of another type", "vms: {w: {memory: \"password " SECRET "\"}}\n" },
	{ "written twice", "vms: {w: {cloud_init: {" DATA ", " DATA "}}}\n" },
	{ "a block of two lines",
	    "vms:\n  w:\n    cloud_init:\n      user_data: |\n        #cloud-config\n"
	    "        runcmd: [login " SECRET "]\n\t\n" },
	{ "a tab in a block",
	    "vms:\n  w:\n    cloud_init:\n      user_data:\n        runcmd:\n\t- login " SECRET
	    "\n" },
	{ "a quote that is not closed",
	    "vms:\n  w:\n    cloud_init:\n      user_data: \"login " SECRET "\n" },
	{ "a brace that is not closed", "vms: {w: {cloud_init: {" DATA "}\n" },
	{ "a character before it", "vms: {w: {disk: @x, cloud_init: {" DATA "}}}\n" },
	{ "an anchor beside it", "vms: {w: {disk: &x {}, cloud_init: {" DATA "}}}\n" },
	{ "no UTF-8 in it",
	    "vms:\n  w:\n    cloud_init:\n      user_data: |\n        login " SECRET
	    "\xff\n" },
	{ "no UTF-8 below a mistyped key",
	    "vms:\n  w:\n    cloud_init:\n      usr_data: |\n        login " SECRET
	    "\xff\n" },
	{ "a directive in it",
	    "vms: {w: {cloud_init: {user_data: 'a\n%b " SECRET "'}}}\n" },
	{ "outdented",
	    "vms:\n  w:\n    cloud_init:\n      user_data: |\n        #cloud-config\n"
	    "    - login " SECRET "\n" },
	{ "a comment", "vms: {w: {vcpu: 1}} # the password is " SECRET "\n" },
	{ "a login in a URL",
	    "vms: {w: {disk: {image: \"http://me:" SECRET "@h/i\", sizes: 1GiB}}}\n" },
	{ "a private key",
	    "vms: {w: {vcpu: 1, cloud_init: {ssh_authorized_keys: [\"-----BEGIN PRIVATE KEY-----" SECRET
	    "\"]}}}\n" },
	{ "a name that cannot be one", "vms: {\"w password " SECRET "\": {vcpus: 1}}\n" },
	{ "meta data",
	    "vms: {w: {vcpu: 1, cloud_init: {meta_data: {a: [" SECRET "]}}}}\n" },
	{ "a second document", "a: 1\n--- {password: " SECRET "}\n" },
};

START_TEST(no_secret_is_shown)
{
	const struct secret_row *row = &secrets[_i];
	autotext struct text out = { 0 };

	ck_assert_msg(print(NULL, row->home, &out) > 0, "%s: it is taken", row->what);
	ck_assert_msg(
	    !strstr(text_get(&out), SECRET), "%s:\n%s", row->what, text_get(&out));
}
END_TEST

/* Merged over files, and in the settings. */
START_TEST(nor_one_of_the_settings)
{
	autotext struct text out = { 0 };

	ck_assert_uint_gt(
	    print("libvirt: {urii: \"qemu+tcp://me:" SECRET "@h/system\"}\n", "vms: {}\n",
		&out),
	    0);
	ck_assert_uint_gt(
	    print("libvirt: {uri: \"me:" SECRET "@h\", token: x}\n", "vms: {}\n", &out),
	    0);
	ck_assert_msg(!strstr(text_get(&out), SECRET), "%s", text_get(&out));
}
END_TEST

static const struct shown_row {
	const char *what, *home, *line;
} shown[] = {
	{ "a file's name",
	    "vms: {w: {vcpu: 2, cloud_init: {user_data: cloud-init/a.yaml}}}\n",
	    "vcpu: 2" },
	{ "what is said of the guest", "vms: {w: {cloud_init: {hostname: A_B}}}\n",
	    "hostname: A_B" },
	{ "the lines around a secret",
	    "vms:\n  w:\n    vcpu: 2\n    cloud_init:\n      user_data:\n        a: b\n"
	    "    memry: 1GiB\n",
	    "    memry: 1GiB" },
	{ "before a secret", "vms:\n  w:\n    vcpu: 2\n    cloud_init: {" DATA "}\n",
	    "    vcpu: 2" },
	{ "broken below a file's name",
	    "vms:\n  w:\n    cloud_init: {user_data: cloud-init/a}\n    disk: @x\n",
	    "disk: @x" },
	{ "broken after a guest's files",
	    "vms:\n  w:\n    cloud_init:\n      user_data: cloud-init/a\n    disk: @x\n",
	    "disk: @x" },
	{ "a key that is no secret", "vms: {w: {password: x}}\n",
	    "unknown key \"password\"" },
};

START_TEST(other_lines_are_shown)
{
	const struct shown_row *row = &shown[_i];
	autotext struct text out = { 0 };

	ck_assert_msg(print(NULL, row->home, &out) > 0, "%s: it is taken", row->what);
	ck_assert_msg(
	    strstr(text_get(&out), row->line), "%s:\n%s", row->what, text_get(&out));
}
END_TEST

START_TEST(words_are_recognised)
{
	static const struct {
		const char *text;
		bool secret;
	} rows[] = { { "PASSWORD", true }, { "pass-word", true }, { "api_key", true },
		{ "Private Key", true }, { "ssh://me@h", true }, { "me:x@h", true },
		{ "a: me@h", false }, { "pas", false }, { "", false },
		{ "a compass", false }, { "192.168.122.10", false } };

	for (int i = 0; i < ROWS(rows); i++)
		ck_assert_msg(
		    unshown_text(rows[i].text, strlen(rows[i].text)) == rows[i].secret,
		    "%s", rows[i].text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("unshown");
	TCase *c = tcase_create("unshown");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(c, no_secret_is_shown, 0, ROWS(secrets));
	tcase_add_test(c, nor_one_of_the_settings);
	tcase_add_loop_test(c, other_lines_are_shown, 0, ROWS(shown));
	tcase_add_test(c, words_are_recognised);
	suite_add_tcase(suite, c);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
