/* SPDX-License-Identifier: MIT */
/*
 * Unit tests of home_check: what somebody else may not read, and kubeconfigs of the shapes
 * that kubeadm, k3s, k0s and Talos write. The keys in test/unit/kubeconfig are of no server.
 */
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/account.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/view/home_check.h"
#include "test/scratch.h"

#include <check.h>

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))
#define SHAPES "test/unit/kubeconfig"
#define NOW "2026-06-01T00:00:00Z"

static char root[64];
static struct arena arena;
static struct home_check check;

static const char *path_of(const char *name)
{
	return arena_printf(&arena, "%s/%s", root, name);
}

static void write_file(const char *name, const char *text, mode_t mode)
{
	int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
}

/* A shape, with one text in it replaced by another where there is one. */
static void write_shape(const char *shape, const char *from, const char *to, mode_t mode)
{
	autofile FILE *f = fopen(arena_printf(&arena, SHAPES "/%s.yaml", shape), "re");
	char *text = arena_alloc(&arena, 16384), *at;
	autotext struct text out = { 0 };

	ck_assert_msg(f != NULL, "%s", shape);
	ck_assert_uint_gt(fread(text, 1, 16383, f), 0);
	at = from ? strstr(text, from) : NULL;
	ck_assert_msg(!from || at, "%s has no %s", shape, from);
	if (at)
		text_add(&out, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	write_file("kubeconfig", at ? out.data : text, mode);
}

static void setup(void)
{
	ck_assert(scratch_make(root, sizeof(root), "check"));
	ck_assert_int_eq(chmod(root, 0755), 0);
	ck_assert_int_eq(mkdir(path_of("desired.d"), 0755), 0);
	write_file("desired.d/home.yaml", "network: {address: 192.168.122.1/24}\n", 0644);
}

static int remove_all(const char *path, const struct stat *st, int type, struct FTW *w)
{
	(void)st;
	(void)type;
	(void)w;
	return remove(path);
}

static void teardown(void)
{
	nftw(root, remove_all, 8, FTW_DEPTH | FTW_PHYS);
	home_check_done(&check);
	arena_done(&arena);
}

/* "LINE[ fix: FIX]", a line each, with ROOT for the directory. */
static const char *findings(void)
{
	const char *text = "", *at;
	size_t length = strlen(root);
	autotext struct text out = { 0 };

	for (size_t i = 0; i < check.report.count; i++) {
		const struct finding *f = &check.report.findings[i];

		text = arena_printf(&arena, "%s%s%s%s\n", text, finding_line(&arena, f),
		    f->fix ? " fix: " : "", f->fix ? f->fix : "");
	}
	for (; (at = strstr(text, root)); text = at + length)
		text_add(&out, "%.*sROOT", (int)(at - text), text);
	text_add(&out, "%s", text);
	return arena_copy(&arena, text_get(&out));
}

static void run(const struct account *account)
{
	struct home_check_request request = { .path = root,
		.account = account,
		.is_service = true,
		.now = time_parse(NOW) };

	home_check(&request, &check);
}

/* Kubeconfigs */

#define ADMIN                                                                            \
	"ROOT/kubeconfig: info[kubeconfig-admin]: its client certificate may do "        \
	"everything in the cluster, homek8sd needs little of that fix: make a new one: " \
	"`man homek8sd`, The cluster\n"

static const struct {
	const char *what, *shape, *from, *to, *settings, *server, *findings;
} shape_rows[] = {
	{ "kubeadm's user", "kubeadm-user", NULL, NULL, NULL,
	    "https://192.168.122.10:6443", "" },
	{ "kubeadm's admin.conf", "kubeadm-admin", NULL, NULL, NULL,
	    "https://192.168.122.10:6443", ADMIN },
	{ "k3s.yaml", "k3s-admin", NULL, NULL, NULL, "https://127.0.0.1:6443", ADMIN },
	{ "k3s.yaml with the server's address", "k3s-admin", "127.0.0.1",
	    "192.168.122.10", NULL, "https://192.168.122.10:6443", ADMIN },
	{ "k0s' user", "k0s-user", NULL, NULL, NULL, "https://192.168.122.10:6443", "" },
	{ "Talos, its context chosen", "talos-admin", NULL, NULL,
	    "kubernetes: {context: admin@home}\n", "https://192.168.122.10:6443", ADMIN },
	{ "Talos, merged into a file where another one is current", "talos-admin", NULL,
	    NULL, NULL, NULL,
	    "ROOT/kubeconfig:31:7: error[kubeconfig-invalid]: exec is not supported: "
	    "homek8sd runs no other program; create a ServiceAccount for homek8sd and use "
	    "its token, or a client certificate\n" },
	{ "a service account", "service-account", NULL, NULL, NULL,
	    "https://192.168.122.10:6443", "" },
	{ "a service account's token file", "service-account-file", NULL, NULL, NULL,
	    "https://192.168.122.10:6443", "" },
	{ "a context that is not there", "k0s-user", NULL, NULL,
	    "kubernetes: {context: home}\n", NULL,
	    "ROOT/kubeconfig:8:1: error[kubeconfig-invalid]: no entry of \"contexts\" is "
	    "named \"home\"\n" },
	{ "switched off: not read", "k0s-user", "clusters", "x",
	    "kubernetes: {mode: off}\n", NULL, "" },
	{ "two of one name", "k0s-user", "users:\n", "users:\n- name: homek8sd\n", NULL,
	    NULL,
	    "ROOT/kubeconfig:17:3: error[kubeconfig-invalid]: a second entry of \"users\" "
	    "is named \"homek8sd\"; the first is in line 16\n" },
	{ "a token that has expired", "service-account",
	    "eyJpc3MiOiJrdWJlcm5ldGVzL3NlcnZpY2VhY2NvdW50Iiwic3ViIjoic3lzdGVtOnNlcnZpY2VhY2NvdW50OmhvbWVrOHNkOmhvbWVrOHNkIn0",
	    "eyJleHAiOjE3NjcyMjU2MDB9", NULL, "https://192.168.122.10:6443",
	    "ROOT/kubeconfig: error[kubeconfig-expired]: the token expired on 2026-01-01, "
	    "151d ago fix: make a new one: `man homek8sd`, The cluster\n" },
	{ "a token that expires", "service-account",
	    "eyJpc3MiOiJrdWJlcm5ldGVzL3NlcnZpY2VhY2NvdW50Iiwic3ViIjoic3lzdGVtOnNlcnZpY2VhY2NvdW50OmhvbWVrOHNkOmhvbWVrOHNkIn0",
	    "eyJleHAiOjE3ODAyNzU2MDB9", NULL, "https://192.168.122.10:6443",
	    "ROOT/kubeconfig: warning[kubeconfig-expires]: the token expires on 2026-06-01, "
	    "in 1h fix: make a new one: `man homek8sd`, The cluster\n" },
};

START_TEST(shapes)
{
	write_shape(shape_rows[_i].shape, shape_rows[_i].from, shape_rows[_i].to, 0600);
	write_file("token", "abc\n", 0644);
	if (shape_rows[_i].settings)
		write_file("homek8s.yaml", shape_rows[_i].settings, 0644);
	run(NULL);
	ck_assert_msg(strcmp(findings(), shape_rows[_i].findings) == 0, "%s:\n%s",
	    shape_rows[_i].what, findings());
	if (shape_rows[_i].server)
		ck_assert_str_eq(check.server, shape_rows[_i].server);
	else
		ck_assert_ptr_null(check.server);
	ck_assert(check.kubernetes == (check.server && !check.report.errors));
}
END_TEST

static const struct {
	const char *what, *now, *findings;
} time_rows[] = {
	{ "long good", "2029-11-01T00:00:00Z", "" },
	{ "to be renewed", "2029-12-31T00:00:00Z",
	    "ROOT/kubeconfig: warning[kubeconfig-expires]: the client certificate expires on "
	    "2030-01-01, in 1d fix: make a new one: `man homek8sd`, The cluster\n" },
	{ "the second it ends", "2030-01-01T00:00:00Z",
	    "ROOT/kubeconfig: error[kubeconfig-expired]: the client certificate expired on "
	    "2030-01-01, 0s ago fix: make a new one: `man homek8sd`, The cluster\n" },
	{ "not yet", "2019-12-31T00:00:00Z",
	    "ROOT/kubeconfig: error[kubeconfig-expired]: the client certificate is valid only "
	    "from 2020-01-01T00:00:00Z on fix: if that is past, this host's clock is wrong: "
	    "see `timedatectl`\n"
	    "ROOT/kubeconfig: error[kubeconfig-expired]: the cluster's CA certificate is valid "
	    "only from 2020-01-01T00:00:00Z on fix: if that is past, this host's clock is "
	    "wrong: see `timedatectl`\n" },
};

START_TEST(times)
{
	struct home_check_request request = {
		.path = root, .is_service = true, .now = time_parse(time_rows[_i].now)
	};

	write_shape("kubeadm-user", NULL, NULL, 0600);
	home_check(&request, &check);
	ck_assert_msg(strcmp(findings(), time_rows[_i].findings) == 0, "%s:\n%s",
	    time_rows[_i].what, findings());
}
END_TEST

/* What another user may read */

static const struct account other = {
	.name = "homek8s", .uid = 54321, .groups = { 54322 }, .group_count = 1
};

static const struct {
	const char *what, *file; /* made this, with this mode */
	const char *text, *settings;
	const char *findings;
	mode_t mode;
} access_rows[] = {
	{ "all is open", "desired.d/home.yaml", NULL, NULL, "", 0644 },
	{ "a file of root alone", "desired.d/home.yaml", NULL, NULL,
	    "desired.d/home.yaml: error[file-unreadable]: user homek8s may not read it fix: "
	    "chgrp homek8s ROOT/desired.d/home.yaml && chmod 640 ROOT/desired.d/home.yaml\n",
	    0600 },
	{ "its own mistakes are shown, too", "desired.d/home.yaml", "vms: 1\n", NULL,
	    "desired.d/home.yaml: error[file-unreadable]: user homek8s may not read it fix: "
	    "chgrp homek8s ROOT/desired.d/home.yaml && chmod 640 ROOT/desired.d/home.yaml\n"
	    "desired.d/home.yaml:1:6: error[wrong-type]: vms must be a map of names, "
	    "it is a text",
	    0600 },
	{ "others may write", "desired.d/home.yaml", NULL, NULL,
	    "desired.d/home.yaml: error[file-writable]: others than its owner may write it "
	    "(mode 0666) fix: chmod go-w ROOT/desired.d/home.yaml\n",
	    0666 },
	{ "a directory of root alone", "desired.d", NULL, NULL,
	    "desired.d: error[file-unreadable]: user homek8s may not read this directory "
	    "fix: chmod a+rx ROOT/desired.d\n",
	    0700 },
	{ "a directory that others may write", "desired.d", NULL, NULL,
	    "desired.d: error[file-writable]: others than its owner may write it (mode 0777) "
	    "fix: chmod go-w ROOT/desired.d\n",
	    0777 },
	{ "the settings", "homek8s.yaml", "prune: false\n", NULL,
	    "homek8s.yaml: error[file-unreadable]: user homek8s may not read it fix: "
	    "chgrp homek8s ROOT/homek8s.yaml && chmod 640 ROOT/homek8s.yaml\n",
	    0600 },
	{ "the kubeconfig is handed over", "kubeconfig", "", NULL, "", 0600 },
	{ "everybody may read it", "kubeconfig", "", NULL,
	    "ROOT/kubeconfig: warning[kubeconfig-exposed]: everybody on this host may read "
	    "the credentials in it (mode 0644) fix: chmod o-r ROOT/kubeconfig\n",
	    0644 },
	{ "one that others may write", "kubeconfig", "", NULL,
	    "ROOT/kubeconfig: error[kubeconfig-invalid]: may be changed by others: chmod go-w "
	    "ROOT/kubeconfig\n",
	    0620 },
	{ "its token is in a file that is not handed over", "token", "abc\n", NULL,
	    "ROOT/token: error[kubeconfig-unreadable]: user homek8s may not read it fix: "
	    "chgrp homek8s ROOT/token && chmod 640 ROOT/token\n",
	    0600 },
	{ "one in a home directory", NULL, NULL,
	    "kubernetes: {kubeconfig: /root/homek8s-test/config, mode: on}\n",
	    "/root/homek8s-test/config: error[kubeconfig-missing]: there is none, and "
	    "kubernetes.mode is on fix: install -g homek8s -m 640 YOUR-KUBECONFIG "
	    "/root/homek8s-test/config\n",
	    0 },
	{ "one that is named and not there", NULL, NULL,
	    "kubernetes: {kubeconfig: /nowhere/config}\n",
	    "/nowhere/config: warning[kubeconfig-missing]: kubernetes.kubeconfig names it, "
	    "and it is not there: the Kubernetes half is off fix: install -g homek8s -m 640 "
	    "YOUR-KUBECONFIG /nowhere/config\n",
	    0 },
};

START_TEST(as_another_user)
{
	const char *file = access_rows[_i].file, *text = access_rows[_i].text;

	if (geteuid() != 0)
		return; /* these files are not root's then */
	if (file && strcmp(file, "kubeconfig") == 0)
		write_shape("k0s-user", NULL, NULL, access_rows[_i].mode);
	else if (text)
		write_file(file, text, access_rows[_i].mode);
	else if (file)
		ck_assert_int_eq(chmod(path_of(file), access_rows[_i].mode), 0);
	if (file && strcmp(file, "token") == 0)
		write_shape("service-account-file", NULL, NULL, 0600);
	if (access_rows[_i].settings)
		write_file("homek8s.yaml", access_rows[_i].settings, 0644);
	run(&other);
	ck_assert_msg(strncmp(findings(), access_rows[_i].findings,
			  strlen(access_rows[_i].findings)) == 0 &&
			  (*access_rows[_i].findings || !*findings()),
	    "%s:\n%s", access_rows[_i].what, findings());
}
END_TEST

/* One file, the settings among them, is not the whole home. */
START_TEST(one_file)
{
	struct home_check_request request = {
		.path = path_of("homek8s.yaml"), .account = &other, .now = time_parse(NOW)
	};

	if (geteuid() != 0)
		return;
	write_file("homek8s.yaml", "prune: 1\n", 0600);
	home_check(&request, &check);
	ck_assert_msg(
	    strstr(findings(), "ROOT/homek8s.yaml: error[file-unreadable]: user "
			       "homek8s may not read it") &&
		strstr(findings(), "ROOT/homek8s.yaml:1:8: error[") &&
		check.report.errors == 2,
	    "%s", findings());
}
END_TEST

/* A kubeconfig of its own is not handed over, and the sandbox hides where tests are. */
START_TEST(named_in_a_hidden_place)
{
	const char *path = arena_printf(&arena, "%s.kubeconfig", root);
	const char *settings =
	    arena_printf(&arena, "kubernetes: {kubeconfig: %s}\n", path);

	write_shape("k0s-user", NULL, NULL, 0644);
	ck_assert_int_eq(rename(path_of("kubeconfig"), path), 0);
	write_file("homek8s.yaml", settings, 0644);
	run(&other);
	unlink(path);
	ck_assert_msg(
	    strstr(findings(),
		"ROOT.kubeconfig: error[kubeconfig-unreadable]: the service's "
		"sandbox hides home directories and /tmp from it fix: put a copy "
		"into ROOT and name that one"),
	    "%s", findings());
}
END_TEST

/* Accounts */

static const struct {
	const char *what;
	uid_t uid;
	gid_t gid;
	mode_t mode;
	int access;
	bool may;
} may_rows[] = {
	{ "the owner", 54321, 0, 0400, R_OK, true },
	{ "the owner is denied what everybody may", 54321, 0, 0044, R_OK, false },
	{ "the group", 0, 54322, 0040, R_OK, true },
	{ "the group is denied what everybody may", 0, 54322, 0404, R_OK, false },
	{ "a second group", 0, 54323, 0640, R_OK, true },
	{ "everybody", 0, 0, 0004, R_OK, true },
	{ "nobody else", 0, 0, 0640, R_OK, false },
	{ "all of what is asked", 0, 0, 0004, R_OK | X_OK, false },
	{ "search", 0, 0, 0711, X_OK, true },
	{ "write", 0, 54322, 0660, W_OK, true },
};

START_TEST(may)
{
	const struct account account = {
		.uid = 54321, .groups = { 54322, 54323 }, .group_count = 2
	};
	struct stat st = { .st_uid = may_rows[_i].uid,
		.st_gid = may_rows[_i].gid,
		.st_mode = S_IFREG | may_rows[_i].mode };
	const struct account super = { .uid = 0 };

	ck_assert_msg(account_may(&account, &st, may_rows[_i].access) == may_rows[_i].may,
	    "%s", may_rows[_i].what);
	ck_assert(account_may(&super, &st, may_rows[_i].access));
}
END_TEST

START_TEST(found)
{
	struct account account;

	mkdir(path_of("etc"), 0755);
	write_file("etc/passwd",
	    "root:x:0:0::/root:/bin/sh\nhomek8s:x:998:997:homek8s daemon:/:/bin/false\n",
	    0644);
	write_file("etc/group",
	    "root:x:0:\nhomek8s:x:997:\nlibvirt:x:120:friend,homek8s\nkvm:x:121:friend\n",
	    0644);
	ck_assert(account_find(root, "homek8s", &account));
	ck_assert_uint_eq(account.uid, 998);
	ck_assert_uint_eq(account.group_count, 2);
	ck_assert(account_in_group(&account, 997) && account_in_group(&account, 120));
	ck_assert(!account_in_group(&account, 121));
	ck_assert_int_eq(account_group(root, "kvm"), 121);
	ck_assert_int_eq(account_group(root, "wheel"), -1);
	ck_assert(!account_find(root, "nobody", &account));
	ck_assert(!account_find(path_of("gone"), "homek8s", &account));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("home_check");
	TCase *tc = tcase_create("home_check");
	SRunner *runner;
	int failed;

	umask(022);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, shapes, 0, ROWS(shape_rows));
	tcase_add_loop_test(tc, times, 0, ROWS(time_rows));
	tcase_add_loop_test(tc, as_another_user, 0, ROWS(access_rows));
	tcase_add_test(tc, one_file);
	tcase_add_test(tc, named_in_a_hidden_place);
	tcase_add_loop_test(tc, may, 0, ROWS(may_rows));
	tcase_add_test(tc, found);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
