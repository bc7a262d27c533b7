/* SPDX-License-Identifier: MIT */
/* Who may what: kubeconfig found or not, tokens, certificates, 401, 403, no MetalLB. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "test/kube/lab.h"

START_TEST(off)
{
	struct kubernetes_settings settings = { .mode = KUBERNETES_OFF };

	lab_server("--bookmark-interval", "0.3", NULL);
	lab_kubeconfig("", "    {}\n");
	lab_start_with(&settings);
	ck_assert_int_eq(kube_state(lab_kube())->status, KUBE_OFF);
	lab_wait("lost pool: switched off in homek8s.yaml");
	lab_run(200);
	ck_assert_uint_eq(lab_requests("/"), 0);
	settings.mode = KUBERNETES_AUTO;
	kube_configure(lab_kube(), &settings);
	lab_wait("listed pool 0:");
	settings.mode = KUBERNETES_OFF;
	lab_mark();
	kube_configure(lab_kube(), &settings);
	lab_wait("state off\n");
	ck_assert_uint_eq(lab_count("lost pool"), 1);
}
END_TEST

START_TEST(no_kubeconfig)
{
	lab_server("--bookmark-interval", "0.3", NULL);
	lab_start();
	lab_wait("state off\n");
	lab_wait_detail("no kubeconfig at /");
	lab_wait_detail("/kubeconfig; Kubernetes half is off");
	/* It is noticed when one comes. */
	lab_kubeconfig("", "    {}\n");
	lab_wait("listed pool 0:");
}
END_TEST

START_TEST(must_be_on)
{
	struct kubernetes_settings settings = { .mode = KUBERNETES_ON };

	lab_server("--bookmark-interval", "0.3", NULL);
	lab_start_with(&settings);
	lab_wait("state down\n");
	lab_wait_detail("no kubeconfig at /");
	lab_kubeconfig("", "    {}\n");
	lab_wait("listed pool 0:");
}
END_TEST

START_TEST(credentials_directory)
{
	lab_server("--bookmark-interval", "0.3", NULL);
	lab_kubeconfig("", "    {}\n");
	mkdir(lab_path("credentials"), 0700);
	ck_assert_int_eq(
	    rename(lab_path("kubeconfig"), lab_path("credentials/kubeconfig")), 0);
	setenv("CREDENTIALS_DIRECTORY", lab_path("credentials"), 1);
	lab_start();
	lab_wait("listed pool 0:");
}
END_TEST

/* A kubeconfig that the service manager handed out; the files beside the original. */
START_TEST(credentials_directory_without_the_rest)
{
	lab_server("--bookmark-interval", "0.3", NULL);
	lab_stop_server();
	lab_make_certificates();
	lab_server("--token", LAB_SECRET, "--tls-cert", lab_path("server.crt"),
	    "--tls-key", lab_path("server.key"), NULL);
	lab_write("token", "of another service\n");
	lab_kubeconfig("    certificate-authority: ca.crt\n", "    tokenFile: token\n");
	mkdir(lab_path("credentials"), 0700);
	ck_assert_int_eq(
	    rename(lab_path("kubeconfig"), lab_path("credentials/kubeconfig")), 0);
	lab_write("credentials/token", LAB_SECRET "\n");
	setenv("CREDENTIALS_DIRECTORY", lab_path("credentials"), 1);
	lab_start();
	lab_wait("listed pool 0:");
}
END_TEST

/* A copy that the service manager has made of the kubeconfig in the lab's directory. */
static void copy_kubeconfig(void)
{
	mkdir(lab_path("credentials"), 0700);
	lab_program((const char *const[]){
	    "cp", lab_path("kubeconfig"), lab_path("credentials/kubeconfig"), NULL });
	setenv("CREDENTIALS_DIRECTORY", lab_path("credentials"), 1);
}

/* What is said names the file that was written, never the copy. */
static void says_of_the_file(const char *format)
{
	autofree char *said = must_printf(format, lab_path("kubeconfig"));

	lab_wait_detail(said);
	ck_assert_msg(!strstr(kube_state(lab_kube())->detail, "credentials/"), "%s",
	    kube_state(lab_kube())->detail);
}

/* The file is another one than was copied: said at once, and gone with a new copy. */
START_TEST(changed_since_it_was_copied)
{
	struct kubernetes_settings settings = { .mode = KUBERNETES_AUTO };

	lab_server("--bookmark-interval", "0.3", NULL);
	lab_kubeconfig("", "    {}\n");
	copy_kubeconfig();
	lab_start();
	lab_wait("listed pool 0:");
	ck_assert_msg(!strstr(kube_state(lab_kube())->detail, "restart"), "%s",
	    kube_state(lab_kube())->detail);
	lab_kubeconfig("", "    token:\n");
	kube_configure(lab_kube(), &settings);
	says_of_the_file(
	    "; %s has changed since homek8sd was started and is read only then: `systemctl restart homek8sd`");
	copy_kubeconfig();
	lab_run(300);
	kube_configure(lab_kube(), &settings);
	lab_run(300);
	ck_assert_str_eq(kube_state(lab_kube())->detail, lab_url());
	unlink(lab_path("kubeconfig"));
	kube_configure(lab_kube(), &settings);
	says_of_the_file("; %s is gone, and homek8sd works with the copy");
}
END_TEST

START_TEST(copy_that_is_refused)
{
	struct kubernetes_settings settings = { .mode = KUBERNETES_AUTO };

	lab_server("--bookmark-interval", "0.3", NULL);
	lab_stop_server();
	lab_make_certificates();
	lab_server("--token", LAB_SECRET, "--tls-cert", lab_path("server.crt"),
	    "--tls-key", lab_path("server.key"), NULL);
	lab_kubeconfig("    certificate-authority: ca.crt\n", "    token: old\n");
	copy_kubeconfig();
	lab_start();
	lab_wait("state unauthorized\n");
	says_of_the_file(": renew the token in %s, then `systemctl restart homek8sd`");
	lab_kubeconfig("    certificate-authority: ca.crt\n", "    token: renewed\n");
	kube_configure(lab_kube(), &settings);
	says_of_the_file("(401 Unauthorized); %s has changed since homek8sd was started");
}
END_TEST

/* Its token is in a file of its own: that is the one to be renewed, and it is read again. Where
 * it was handed out too, it is not. */
START_TEST(token_file_that_is_refused)
{
	struct kubernetes_settings settings = { .mode = KUBERNETES_AUTO };
	autofree char *renew = must_printf("(401 Unauthorized): renew the token in %s%s",
	    lab_path("token"), _i ? ", then `systemctl restart homek8sd`" : "; next try");
	autofree char *changed =
	    must_printf("(401 Unauthorized); %s has changed since homek8sd was started",
		lab_path("token"));

	lab_server("--bookmark-interval", "0.3", NULL);
	lab_stop_server();
	lab_make_certificates();
	lab_server("--token", LAB_SECRET, "--tls-cert", lab_path("server.crt"),
	    "--tls-key", lab_path("server.key"), NULL);
	lab_kubeconfig("    certificate-authority: ca.crt\n", "    tokenFile: token\n");
	lab_write("token", "old\n");
	copy_kubeconfig();
	if (_i)
		lab_write("credentials/token", "old\n");
	lab_start();
	lab_wait("state unauthorized\n");
	lab_wait_detail(renew);
	lab_write("token", LAB_SECRET "\n");
	kube_configure(lab_kube(), &settings);
	if (_i)
		lab_wait_detail(changed);
	else
		lab_wait("listed pool 0:");
}
END_TEST

/* The lab's certificates are good for two days, and the first token that is refused ended long
 * ago. */
START_TEST(credentials_that_end)
{
	autofree char *renew =
	    must_printf(": renew the client certificate in %s", lab_path("one.crt"));

	lab_server("--bookmark-interval", "0.3", NULL);
	lab_stop_server();
	lab_make_certificates();
	lab_server("--token", LAB_SECRET, "--client-ca", lab_path("ca.crt"), "--tls-cert",
	    lab_path("server.crt"), "--tls-key", lab_path("server.key"), NULL);
	lab_kubeconfig("    certificate-authority: ca.crt\n",
	    _i ? "    token: e30.eyJleHAiOjk0NjY4NDgwMH0.x\n"
	       : "    client-certificate: one.crt\n    client-key: one.key\n");
	lab_start();
	if (_i) {
		lab_wait("state unauthorized\n");
		lab_wait_detail("; the token expired on 2000-01-01");
	} else {
		lab_wait("listed pool 0:");
		lab_wait_detail("; the client certificate expires on 2");
		lab_wait_detail(renew);
	}
}
END_TEST

static const struct {
	const char *what, *kubeconfig, *says;
} bad_copy_rows[] = {
	{ "no YAML", "a: [", "%s:2:1: " },
	{ "no context", "a: 1\n", "%s:1:1: it has no current-context" },
};

START_TEST(bad_copy)
{
	lab_write("kubeconfig", bad_copy_rows[_i].kubeconfig);
	copy_kubeconfig();
	lab_start();
	lab_wait("state down\n");
	says_of_the_file(bad_copy_rows[_i].says);
}
END_TEST

/* What it names relative to itself is where users have it. */
START_TEST(copy_without_a_file_it_names)
{
	autofree char *said =
	    must_printf("tokenFile: %s does not exist", lab_path("gone"));

	lab_write("kubeconfig",
	    "current-context: a\ncontexts: [{name: a, context: {cluster: c, user: u}}]\n"
	    "clusters: [{name: c, cluster: {server: \"https://h\"}}]\n"
	    "users: [{name: u, user: {tokenFile: gone}}]\n");
	copy_kubeconfig();
	lab_start();
	lab_wait_detail(said);
	ck_assert(!strstr(kube_state(lab_kube())->detail, "credentials/"));
}
END_TEST

/* The kubeconfig names another server: all that is known of the first one is void. */
START_TEST(another_server)
{
	struct kubernetes_settings settings = { .mode = KUBERNETES_AUTO };
	autofree char *file = NULL;

	lab_server("--bookmark-interval", "0.3", NULL);
	lab_put_pool("a", "10.0.0.0/24");
	lab_kubeconfig("", "    {}\n");
	lab_start();
	lab_wait("listed pool 1: a\n");
	lab_mark();
	/* The same one by another name, which is as good as another one. */
	file = must_printf(
	    "current-context: h\ncontexts: [{name: h, context: {cluster: c}}]\n"
	    "clusters: [{name: c, cluster: {server: \"http://localhost%s\"}}]\n",
	    strrchr(lab_url(), ':'));
	lab_write("kubeconfig", file);
	kube_configure(lab_kube(), &settings);
	lab_wait("lost pool: another server was configured\n");
	lab_wait("state connected\n");
	lab_wait("listed pool 1: a\n");
	ck_assert_uint_eq(lab_count("observed pool a "), 1);
	/* The same again changes nothing. */
	lab_run(100);
	lab_mark();
	kube_configure(lab_kube(), &settings);
	lab_run(300);
	ck_assert_str_eq(lab_log(), "");
}
END_TEST

static const struct {
	const char *what, *kubeconfig, *says;
	mode_t mode;
} bad_rows[] = {
	{ "empty", "", "kubeconfig is empty", 0600 },
	{ "no YAML", "a: [", "kubeconfig:", 0600 },
	{ "no context", "a: 1\n", "kubeconfig:1:1: it has no current-context", 0600 },
	{ "writable by all", "a: 1\n", "may be changed by others: chmod go-w", 0666 },
};

START_TEST(bad_kubeconfig)
{
	lab_write("kubeconfig", bad_rows[_i].kubeconfig);
	chmod(lab_path("kubeconfig"), bad_rows[_i].mode);
	lab_start();
	lab_wait("state down\n");
	ck_assert_msg(strstr(kube_state(lab_kube())->detail, bad_rows[_i].says), "%s: %s",
	    bad_rows[_i].what, kube_state(lab_kube())->detail);
	ck_assert_uint_eq(lab_count("lost pool"), 1);
}
END_TEST

START_TEST(odd_files)
{
	lab_write("ca", "no certificate\n");
	mkfifo(lab_path("fifo"), 0600);
	if (_i == 0)
		mkdir(lab_path("kubeconfig"), 0700);
	else if (_i == 1)
		mkfifo(lab_path("kubeconfig"), 0600);
	else
		lab_write("kubeconfig",
		    _i == 2 ? "current-context: a\ncontexts: [{name: a, context: "
			      "{cluster: c}}]\n"
			      "clusters: [{name: c, cluster: {server: \"https://h\", "
			      "certificate-authority: ca}}]\n"
			    : "current-context: a\ncontexts: [{name: a, context: "
			      "{cluster: c, "
			      "user: u}}]\nclusters: [{name: c, cluster: {server: "
			      "\"https://h\"}}]\nusers: [{name: u, user: {tokenFile: "
			      "gone}}]\n");
	lab_start();
	lab_wait("state down\n");
	lab_wait_detail(_i < 2	  ? "is not a regular file"
			: _i == 2 ? "ca is no PEM file"
				  : "tokenFile: ");
}
END_TEST

/* Asked for its passphrase, OpenSSL would read a terminal, and libcurl 7.88 crash. A file
 * that is put in place of a good one later is refused just so. */
START_TEST(an_encrypted_key_is_refused)
{
	static const char *const keys[] = {
		"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n"
		"-----END ENCRYPTED PRIVATE KEY-----\n",
		"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"
		"DEK-Info: AES-256-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n",
	};

	lab_write("key", keys[_i]);
	lab_write("cert", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n");
	lab_write("kubeconfig",
	    "current-context: a\ncontexts: [{name: a, context: {cluster: c, user: u}}]\n"
	    "clusters: [{name: c, cluster: {server: \"https://127.0.0.1:9\"}}]\n"
	    "users: [{name: u, user: {client-certificate: cert, client-key: key}}]\n");
	lab_start();
	lab_wait("state down\n");
	lab_wait_detail("is encrypted, and homek8sd has no passphrase for it");
}
END_TEST

/* OpenSSL asks for the passphrase of a certificate as well. */
START_TEST(an_encrypted_certificate_is_refused)
{
	static const char *const files[] = { "ca", "cert" };

	for (int i = 0; i < 2; i++)
		lab_write(files[i],
		    i == _i
			? "-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\n"
			  "DEK-Info: AES-256-CBC,00\n\nAAAA\n-----END CERTIFICATE-----\n"
			: "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n");
	lab_write(
	    "key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
	lab_write("kubeconfig",
	    "current-context: a\ncontexts: [{name: a, context: {cluster: c, user: u}}]\n"
	    "clusters: [{name: c, cluster: {server: \"https://127.0.0.1:9\", "
	    "certificate-authority: ca}}]\n"
	    "users: [{name: u, user: {client-certificate: cert, client-key: key}}]\n");
	lab_start();
	lab_wait("state down\n");
	lab_wait_detail(_i ? "client-certificate is encrypted"
			   : "certificate-authority is encrypted");
}
END_TEST

/* Refused, then the token's file is written anew. */
START_TEST(token_renewed)
{
	lab_server("--bookmark-interval", "0.3", NULL);
	lab_stop_server();
	lab_make_certificates();
	lab_server("--token", LAB_SECRET "-2", "--tls-cert", lab_path("server.crt"),
	    "--tls-key", lab_path("server.key"), NULL);
	lab_write("token", LAB_SECRET "-1\n");
	lab_kubeconfig("    certificate-authority: ca.crt\n", "    tokenFile: token\n");
	lab_start();
	lab_wait("state unauthorized\n");
	lab_wait_detail(
	    "does not accept our credentials (401 Unauthorized): renew the token");
	ck_assert_uint_eq(lab_count("lost pool: "), 1);
	lab_run(1500);
	ck_assert_uint_eq(lab_count("state"), 1);
	lab_write("token", "\n " LAB_SECRET "-2 \n\n");
	lab_wait("state connected\n");
	lab_wait("listed pool 0:");
	/* The server takes another one now; ours is read again and known to be old. */
	lab_mark();
	lab_stop_server();
	lab_server("--token", LAB_SECRET "-3", "--tls-cert", lab_path("server.crt"),
	    "--tls-key", lab_path("server.key"), NULL);
	lab_wait("state unauthorized\n");
	lab_write("token", LAB_SECRET "-3");
	lab_wait("state connected\n");
	lab_put_pool("a", "10.0.0.0/24");
	lab_wait("observed pool a ");
	ck_assert_uint_eq(lab_count("lost"), 0);
}
END_TEST

static void serve_tls(void)
{
	lab_server("--tls-cert", lab_path("server.crt"), "--tls-key",
	    lab_path("server.key"), "--client-ca", lab_path("ca.crt"), NULL);
}

START_TEST(client_certificate)
{
	lab_make_certificates();
	serve_tls();
	lab_kubeconfig("    certificate-authority: ca.crt\n",
	    "    client-certificate: one.crt\n    client-key: one.key\n");
	lab_start();
	lab_wait("listed pool 0:");
	lab_wait("listed node");
	/* Rotated: new connections are made, nothing is lost. */
	lab_run(200);
	lab_mark();
	lab_request("POST", "/fake/requests/clear", "{}");
	ck_assert_int_eq(rename(lab_path("two.crt"), lab_path("one.crt")), 0);
	ck_assert_int_eq(rename(lab_path("two.key"), lab_path("one.key")), 0);
	lab_run(1500);
	ck_assert_uint_eq(lab_requests("ipaddresspools?watch"), 1);
	ck_assert_uint_eq(lab_requests("ipaddresspools?limit=500"), 0);
	ck_assert_uint_eq(lab_count("lost"), 0);
	lab_put_pool("b", "10.0.0.0/24");
	lab_wait("observed pool b");
	/* Half a rotation: what was read before stays. */
	lab_write("one.key", "-----BEGIN NOTHING-----\n");
	lab_run(1500);
	ck_assert_uint_eq(lab_count("lost pool"), 0);
}
END_TEST

/* The server's certificate is of a CA we do not know, or for another name. */
START_TEST(server_certificate)
{
	lab_make_certificates();
	serve_tls();
	lab_kubeconfig(_i == 0	 ? "    certificate-authority: other.crt\n"
		       : _i == 1 ? "    certificate-authority: ca.crt\n"
				   "    tls-server-name: wrong.example\n"
				 : "    certificate-authority: ca.crt\n"
				   "    tls-server-name: kubernetes.home\n",
	    "    client-certificate: one.crt\n    client-key: one.key\n");
	lab_start();
	if (_i == 2) {
		lab_wait("listed pool 0:");
		return;
	}
	lab_wait("state down\n");
	lab_wait_detail("TLS: ");
	lab_wait_detail(_i == 0 ? "certificate" : "wrong.example");
	lab_wait_detail("compare certificate-authority and server in the kubeconfig");
	ck_assert_uint_eq(lab_count("state"), 1);
	/* Corrected: it connects by itself. */
	lab_kubeconfig("    certificate-authority: ca.crt\n",
	    "    client-certificate: one.crt\n    client-key: one.key\n");
	lab_wait("listed pool 0:");
}
END_TEST

/* Without one, where one is needed. */
START_TEST(certificate_refused)
{
	lab_make_certificates();
	serve_tls();
	lab_kubeconfig("    certificate-authority: ca.crt\n",
	    "    client-certificate: foreign.crt\n    client-key: foreign.key\n");
	lab_start();
	lab_wait("state down\n");
	lab_wait_detail("(https://127.0.0.1:");
}
END_TEST

START_TEST(forbidden)
{
	lab_server("--bookmark-interval", "0.3", NULL);
	lab_kubeconfig("", "    {}\n");
	lab_fault("{\"match\": \"ipaddresspools\", \"times\": -1, \"do\": \"status\","
		  " \"code\": 403, \"body\": {\"kind\": \"Status\", \"message\": \"User x"
		  " cannot list\", \"reason\": \"Forbidden\", \"code\": 403}}");
	lab_start();
	lab_wait("lost pool: forbidden: this user may not list ipaddresspools in "
		 "metallb-system: User x cannot list\n");
	lab_wait("listed node");
	lab_run(1600);
	ck_assert_uint_eq(lab_count("lost"), 1);
	ck_assert_uint_eq(lab_count("state"), 1);
	ck_assert_uint_le(lab_requests("ipaddresspools"), 4);
	lab_no_faults();
	lab_wait("listed pool 0:");
}
END_TEST

/* One that is answered with 401 for ever, from the beginning or later on, takes the others
 * nothing; two just so. */
START_TEST(one_collection_refused)
{
	char fault[200];

	snprintf(fault, sizeof(fault),
	    "{\"match\": \"%s\", \"times\": -1, \"do\": \"status\", \"code\": 401,"
	    " \"body\": {\"kind\": \"Status\", \"code\": 401}}",
	    _i < 2 ? "ipaddresspools" : "/apis/metallb.io");
	lab_server("--bookmark-interval", "0.3", NULL);
	lab_kubeconfig("", "    {}\n");
	if (_i != 1)
		lab_fault(fault);
	lab_start();
	if (_i == 1) {
		lab_wait("listed pool 0:");
		lab_fault(fault);
		kube_read_all(lab_kube());
	}
	lab_wait("lost pool: http://127.0.0.1:");
	lab_wait("listed node");
	lab_run(1600);
	ck_assert_uint_eq(lab_count("lost pool"), 1);
	ck_assert_uint_eq(lab_count("state unauthorized"), 0);
	ck_assert_uint_eq(lab_count("lost node"), 0);
	ck_assert_uint_le(lab_requests("ipaddresspools"), 20);
	lab_no_faults();
	lab_mark();
	lab_wait("listed pool 0:");
}
END_TEST

START_TEST(no_metallb)
{
	lab_server("--no-metallb", NULL);
	lab_kubeconfig("", "    {}\n");
	lab_start();
	lab_wait("lost pool: " LAB_MISSING "\n");
	lab_wait("listed node");
	lab_run(1600);
	ck_assert_uint_eq(lab_count("lost"), 1);
	ck_assert_uint_eq(lab_count("state"), 1);
	lab_request("POST", "/fake/groups", "{\"metallb.io\": true}");
	lab_wait("listed pool 0:");
	/* And taken away again: its watch ends, and then it is gone. */
	lab_mark();
	lab_request("POST", "/fake/groups", "{\"metallb.io\": false}");
	lab_request("POST", "/fake/drop", "{}");
	lab_wait("lost pool: " LAB_MISSING "\n");
}
END_TEST

TCase *access_tests(void)
{
	TCase *tc = tcase_create("access");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, lab_set_up, lab_tear_down);
	tcase_add_test(tc, off);
	tcase_add_test(tc, no_kubeconfig);
	tcase_add_test(tc, must_be_on);
	tcase_add_test(tc, credentials_directory);
	tcase_add_test(tc, credentials_directory_without_the_rest);
	tcase_add_test(tc, changed_since_it_was_copied);
	tcase_add_test(tc, copy_that_is_refused);
	tcase_add_loop_test(tc, token_file_that_is_refused, 0, 2);
	tcase_add_loop_test(tc, credentials_that_end, 0, 2);
	tcase_add_loop_test(
	    tc, bad_copy, 0, (int)(sizeof(bad_copy_rows) / sizeof(bad_copy_rows[0])));
	tcase_add_test(tc, copy_without_a_file_it_names);
	tcase_add_test(tc, another_server);
	tcase_add_loop_test(
	    tc, bad_kubeconfig, 0, (int)(sizeof(bad_rows) / sizeof(bad_rows[0])));
	tcase_add_loop_test(tc, odd_files, 0, 4);
	tcase_add_loop_test(tc, an_encrypted_key_is_refused, 0, 2);
	tcase_add_loop_test(tc, an_encrypted_certificate_is_refused, 0, 2);
	tcase_add_test(tc, token_renewed);
	tcase_add_test(tc, client_certificate);
	tcase_add_loop_test(tc, server_certificate, 0, 3);
	tcase_add_test(tc, certificate_refused);
	tcase_add_test(tc, forbidden);
	tcase_add_loop_test(tc, one_collection_refused, 0, 3);
	tcase_add_test(tc, no_metallb);
	return tc;
}
