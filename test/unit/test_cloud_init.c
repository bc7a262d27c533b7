/* SPDX-License-Identifier: MIT */
/* cloud_init: what is refused of it, without a text of it being repeated; and the files of
 * the seed that come of it. */
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/kind/kinds.h"
#include "lib/kind/vm/vm.h"
#include "lib/model/config.h"

#include <check.h> /* last: it defines the word fail */

#define SECRET "hunter2"
#define KEY                                                                              \
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHGkFLoFXNIBNs4o8kFqv2e2hTg3pgTNWKeeHU3sHmNt me"
#define PRIVATE                                                                          \
	"-----BEGIN OPENSSH PRIVATE KEY-----\\n" SECRET                                  \
	"\\n-----END OPENSSH PRIVATE KEY-----"

static struct named_file named[] = {
	{ .source = { .name = "cloud-init/bom",
	      .text = "\xef\xbb\xbf#cloud-config\nx: " SECRET "\n" } },
	{ .source = { .name = "cloud-init/good",
	      .text = "#cloud-config\npackages: [vim]\n" } },
	{ .source = { .name = "cloud-init/huge" },
	    .why = "it has 5242880 bytes, 262144 are allowed",
	    .fix = "have the guest fetch what is large" },
	{ .source = { .name = "cloud-init/keys",
	      .text = "#cloud-config\nusers:\n- name: me\n  ssh_authorized_keys:\n  - |\n"
		      "    -----BEGIN RSA PRIVATE KEY-----\n    " SECRET "\n" } },
	{ .source = { .name = "cloud-init/list",
	      .text = "#cloud-config\n- " SECRET "\n" } },
	{ .source = { .name = "cloud-init/net", .text = "version: 2\n" } },
	{ .source = { .name = "cloud-init/odd",
	      .text = "# cloud-config\nx: " SECRET "\n" } },
	{ .source = { .name = "cloud-init/tab",
	      .text = "#cloud-config\nchpasswd:\n\tpassword: " SECRET "\n" } },
};

#define NAMED (sizeof(named) / sizeof(named[0]))

static int load(const char *cloud_init, struct config **config)
{
	static char text[4096];
	struct source_text desired = { "desired.d/home.yaml", text, 0, NULL };
	struct config_files files = { .directory = "/etc/homek8s",
		.desired = &desired,
		.desired_count = 1,
		.named = named,
		.named_count = NAMED };

	desired.length = (size_t)snprintf(text, sizeof(text),
	    "network: {name: lan, address: 10.0.0.1/24}\n"
	    "vms:\n"
	    "  w: {vcpus: 1, memory: 1GiB, disk: {size: 1GiB}, interfaces: [{mac: \"52:54:00:00:00:01\"}],\n"
	    "    cloud_init: {%s}}\n",
	    cloud_init);
	for (size_t i = 0; i < NAMED; i++) {
		named[i].source.length =
		    named[i].source.text ? strlen(named[i].source.text) : 0;
		named[i].checked = false;
	}
	return config_load(&files, config);
}

static const struct row {
	const char *what, *cloud_init;
	const char *error; /* its first words; NULL: none */
} rows[] = {
	{ "a file", "user_data: cloud-init/good", NULL },
	{ "a map", "user_data: {packages: [vim]}", NULL },
	{ "a host name twice", "hostname: a, meta_data: {local-hostname: b}",
	    "desired.d/home.yaml:4:42: error[bad-value]: cloud_init.meta_data has local-hostname, and cloud_init.hostname is written" },
	{ "keys twice",
	    "ssh_authorized_keys: [" KEY "], meta_data: \"public-keys: [x]\\n\"",
	    "desired.d/home.yaml:4:137: error[bad-value]: cloud_init.meta_data has public-keys, and cloud_init.ssh_authorized_keys is" },
	{ "other meta data beside them",
	    "hostname: a, ssh_authorized_keys: [" KEY "], meta_data: {instance-id: b}",
	    NULL },
	{ "a script", "user_data: \"#!/bin/sh\\necho\\n\"", NULL },
	{ "YAML of a kind that is not read here",
	    "user_data: \"#cloud-config\\nx: !!binary aGVsbG8=\\n\"", NULL },
	{ "a template", "user_data: \"## template: jinja\\n#cloud-config\\n{{\\n\"",
	    NULL },
	{ "a file that is not there", "user_data: cloud-init/gone",
	    "desired.d/home.yaml:4:29: error[bad-value]: cloud_init.user_data: there is no file cloud-init/gone" },
	{ "a file elsewhere", "user_data: /root/" SECRET,
	    "desired.d/home.yaml:4:29: error[bad-value]: cloud_init.user_data is neither the name of a file of cloud-init/ nor a text" },
	{ "5 MB", "user_data: cloud-init/huge",
	    "desired.d/home.yaml:4:29: error[bad-value]: cloud_init.user_data: cloud-init/huge cannot be used: it has 5242880 bytes, 262144 are allowed" },
	{ "a tab", "user_data: cloud-init/tab",
	    "cloud-init/tab:3:1: error[yaml-syntax]: tabs are not allowed for indentation" },
	{ "a tab in the home", "user_data: \"#cloud-config\\na:\\n\\tb: " SECRET "\\n\"",
	    "desired.d/home.yaml:4:29: error[yaml-syntax]: line 3 of it: tabs" },
	{ "a list", "user_data: cloud-init/list",
	    "cloud-init/list:2:1: error[wrong-type]: #cloud-config must hold keys" },
	{ "a byte order mark", "user_data: cloud-init/bom",
	    "cloud-init/bom:1:1: error[unknown-user-data]: user_data begins with a byte order mark" },
	{ "a comment in place of the first line", "user_data: cloud-init/odd",
	    "cloud-init/odd:1:1: error[unknown-user-data]" },
	{ "a private key in user data", "user_data: cloud-init/keys",
	    "cloud-init/keys:5:5: error[bad-value]: ssh_authorized_keys has a private key" },
	{ "a private key in a map", "user_data: {ssh_authorized_keys: [\"" PRIVATE "\"]}",
	    "desired.d/home.yaml:4:52: error[bad-value]: ssh_authorized_keys has a private key" },
	{ "a private key", "ssh_authorized_keys: [\"" PRIVATE "\"]",
	    "desired.d/home.yaml:4:40: error[bad-value]: ssh_authorized_keys has a private key" },
	{ "no key", "ssh_authorized_keys: [" SECRET "]",
	    "desired.d/home.yaml:4:40: error[bad-value]: ssh_authorized_keys must be a list of lines of .pub files" },
	{ "a key that is cut",
	    "ssh_authorized_keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHGkFLoF]",
	    "desired.d/home.yaml:4:40: error[bad-value]: ssh_authorized_keys has a key that is not whole" },
	{ "a key of another type than it says",
	    "ssh_authorized_keys: [ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIHGkFLoFXNIBNs4o8kFqv2e2hTg3pgTNWKeeHU3sHmNt]",
	    "desired.d/home.yaml:4:40: error[bad-value]: ssh_authorized_keys has a key that is not whole" },
	{ "a key with options", "ssh_authorized_keys: ['from=\"10.0.0.1\" " KEY "']",
	    NULL },
	{ "one key without a list", "ssh_authorized_keys: " KEY, NULL },
	{ "a list as user data", "user_data: [a]",
	    "desired.d/home.yaml:4:29: error[bad-value]: user_data must be a file of cloud-init/" },
	{ "meta data that is no map", "meta_data: \"#\\n- " SECRET "\\n\"",
	    "desired.d/home.yaml:4:29: error[wrong-type]: line 2 of it: meta_data must hold keys" },
	{ "a network of a file", "network_config: cloud-init/net", NULL },
};

START_TEST(refuses)
{
	const struct row *row = &rows[_i];
	autotext struct text printed = { 0 };
	struct config *config;
	int result = load(row->cloud_init, &config);

	for (size_t i = 0; i < config->report.count; i++)
		if (config->report.findings[i].severity == SEVERITY_ERROR)
			finding_print(&config->report.findings[i], &printed);
	ck_assert_msg((result < 0) == (row->error != NULL), "%s: %s", row->what,
	    text_get(&printed));
	if (row->error)
		ck_assert_msg(
		    strncmp(text_get(&printed), row->error, strlen(row->error)) == 0,
		    "%s: %s", row->what, text_get(&printed));
	ck_assert_msg(!strstr(text_get(&printed), SECRET), "%s: it is shown", row->what);
	ck_assert_msg(config->report.errors == (row->error != NULL), "%s: said twice: %s",
	    row->what, text_get(&printed));
	config_free(config);
}
END_TEST

static const struct seed *seed_of(const char *cloud_init, struct config **config)
{
	ck_assert_int_eq(load(cloud_init, config), 0);
	return ((const struct vm *)config_get(*config, &vm_kind)->items[0])->seed;
}

START_TEST(makes_files)
{
	struct config *config;
	const struct seed *seed = seed_of(
	    "user_data: {a: yes, b: \"yes\", c: [1, x y, {d: null}], e: 12:30, f: \"g: h\"}, hostname: w.home, user: me, ssh_authorized_keys: [" KEY
	    "], meta_data: {instance-id: i}",
	    &config);

	ck_assert_str_eq(seed->texts[SEED_USER],
	    "#cloud-config\n{a: yes, b: \"yes\", c: [1, \"x y\", {d: null}], e: 12:30, f: \"g: h\"}\n");
	ck_assert_str_eq(seed->texts[SEED_META],
	    "{instance-id: i, local-hostname: \"w.home\", public-keys: [\"" KEY "\"]}\n");
	ck_assert_str_eq(
	    seed->texts[SEED_VENDOR], "#cloud-config\nuser: {name: \"me\"}\n");
	ck_assert_str_eq(seed->texts[SEED_NETWORK],
	    "version: 2\nethernets:\n  nic0: {match: {macaddress: \"52:54:00:00:00:01\"}, dhcp4: true, dhcp-identifier: mac}\n");
	config_free(config);
}
END_TEST

/* The name changes with what is in it, and with nothing else. */
START_TEST(is_named_by_contents)
{
	struct config *one, *same, *other;
	const struct seed *a = seed_of("user_data: cloud-init/good", &one);
	const struct seed *b = seed_of("user_data: cloud-init/good, pool: ssd", &same);
	const struct seed *c = seed_of("user_data: cloud-init/good, user: me", &other);
	size_t length;
	uint64_t hash;

	ck_assert_str_eq(a->volume, b->volume);
	ck_assert_str_eq(b->pool, "ssd");
	ck_assert_str_ne(a->volume, c->volume);
	ck_assert(seed_name_parse(a->volume, &length, &hash));
	ck_assert_uint_eq(length, 1);
	config_free(one);
	config_free(same);
	config_free(other);
}
END_TEST

START_TEST(knows_names)
{
	static const struct {
		const char *name;
		bool is;
	} names[] = {
		{ "w.seed-0123456789abcdef.iso", true },
		{ "w.seed-0123456789abcdef.iso.part", false },
		{ "w.seed-0123456789ABCDEF.iso", false },
		{ "w.seed-0123456789abcde.iso", false },
		{ "w.seed-0123456789abcdef0.iso", false },
		{ ".seed-0123456789abcdef.iso", false },
		{ "w.qcow2", false },
	};
	size_t length;
	uint64_t hash;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ck_assert_msg(
		    seed_name_parse(names[i].name, &length, &hash) == names[i].is, "%s",
		    names[i].name);
}
END_TEST

/* What is shown of it, wherever a record is shown. */
START_TEST(hides_texts)
{
	struct config *config;
	const struct vm *vm;
	autojson struct json_object *o = NULL;

	seed_of("user_data: {chpasswd: " SECRET "}, meta_data: \"#\\na: " SECRET "\\n\"",
	    &config);
	vm = (const struct vm *)config_get(config, &vm_kind)->items[0];
	o = field_json(&vm_kind.fields, vm);
	ck_assert(!strstr(json_text(o), SECRET));
	ck_assert(strstr(json_text(o), "written here, hash"));
	config_free(config);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cloud_init");
	TCase *c = tcase_create("cloud_init");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(c, refuses, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(c, makes_files);
	tcase_add_test(c, is_named_by_contents);
	tcase_add_test(c, knows_names);
	tcase_add_test(c, hides_texts);
	suite_add_tcase(suite, c);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
