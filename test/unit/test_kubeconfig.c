/* SPDX-License-Identifier: MIT */
/* Unit tests of kubeconfig: what is taken, what is refused where, and what is not shown.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/wire/kubeconfig.h"

#include <check.h>

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

/* "-----BEGIN X-----\nYWJj\n-----END X-----\n" */
#define PEM_BASE64 "LS0tLS1CRUdJTiBYLS0tLS0KWVdKagotLS0tLUVORCBYLS0tLS0K"
#define PEM "-----BEGIN X-----\nYWJj\n-----END X-----\n"

/* A whole file around the lines of its cluster and user (indented by four). */
#define FILE_OF(cluster, user)                                                           \
	"apiVersion: v1\nkind: Config\npreferences: {}\ncurrent-context: home\n"         \
	"contexts:\n- name: home\n  context: {cluster: c, user: u, namespace: x}\n"      \
	"- name: other\n  context: {cluster: gone, user: u}\n"                           \
	"clusters:\n- name: c\n  cluster:\n" cluster "users:\n- name: u\n  user:\n" user

#define SERVER "    server: https://192.168.122.10:6443\n"
#define TOKEN "    token: s3cr3t-canary\n"

struct parsed {
	struct arena a;
	struct kubeconfig config;
	struct error e;
	int result;
};

static void parse(struct parsed *p, const char *text, const char *context)
{
	*p = (struct parsed){ 0 };
	p->result = kubeconfig_parse(text, strlen(text), "/etc/homek8s/kubeconfig",
	    "/etc/homek8s", context, &p->a, &p->config, &p->e);
}

static void done(struct parsed *p)
{
	arena_done(&p->a);
}

START_TEST(whole)
{
	struct parsed p;

	parse(&p,
	    FILE_OF(SERVER "    tls-server-name: kubernetes\n"
			   "    proxy-url: socks5://127.0.0.1:1080\n"
			   "    certificate-authority-data: " PEM_BASE64 "\n"
			   "    extensions: [{name: x, extension: {}}]\n",
		"    client-certificate-data: " PEM_BASE64 "\n"
		"    client-key-data: |\n"
		"      LS0tLS1CRUdJTiBYLS0tLS0KWVdKagot\n"
		"      LS0tLUVORCBYLS0tLS0K\n" TOKEN),
	    NULL);
	ck_assert_msg(p.result == 0, "%s", p.e.text);
	ck_assert_str_eq(p.config.context, "home");
	ck_assert_str_eq(p.config.server, "https://192.168.122.10:6443");
	ck_assert_str_eq(p.config.tls_server_name, "kubernetes");
	ck_assert_str_eq(p.config.proxy_url, "socks5://127.0.0.1:1080");
	ck_assert_str_eq(p.config.token, "s3cr3t-canary");
	ck_assert_uint_eq(p.config.ca.length, strlen(PEM));
	ck_assert_str_eq(p.config.ca.data, PEM);
	ck_assert_str_eq(p.config.client_certificate.data, PEM);
	ck_assert_str_eq(p.config.client_key.data, PEM);
	kubeconfig_wipe(&p.config);
	ck_assert_ptr_null(p.config.token);
	done(&p);
}
END_TEST

START_TEST(files)
{
	struct parsed p;

	parse(&p,
	    FILE_OF(SERVER "    certificate-authority: pki/ca.crt\n",
		"    client-certificate: /var/lib/pki/me.crt\n"
		"    client-key: pki/me.key\n"
		"    tokenFile: token\n"),
	    NULL);
	ck_assert_msg(p.result == 0, "%s", p.e.text);
	ck_assert_str_eq(p.config.ca_file, "/etc/homek8s/pki/ca.crt");
	ck_assert_str_eq(p.config.client_certificate_file, "/var/lib/pki/me.crt");
	ck_assert_str_eq(p.config.client_key_file, "/etc/homek8s/pki/me.key");
	ck_assert_str_eq(p.config.token_file, "/etc/homek8s/token");
	done(&p);
}
END_TEST

/* As large as kubectl's own with long chains: beyond the caps of other YAML files. */
START_TEST(long_data)
{
	struct text text = { 0 };
	struct parsed p;

	text_add(&text, "%s", FILE_OF(SERVER, "    client-key-data: " PEM_BASE64 "\n"));
	text_add(&text, "    client-certificate-data: ");
	/* 100,000 times "abc" after a header whose length divides by three. */
	text_add(&text, "LS0tLS1CRUdJTiBY");
	for (int i = 0; i < 100000; i++)
		text_add(&text, "YWJj");
	text_add(&text, "\n");
	parse(&p, text.data, NULL);
	ck_assert_msg(p.result == 0, "%s", p.e.text);
	ck_assert_uint_eq(p.config.client_certificate.length, 12 + 300000);
	done(&p);
	text_done(&text);
}
END_TEST

static const struct {
	const char *what, *text, *server;
} accepted_rows[] = {
	{ "trailing slashes", FILE_OF("    server: https://[::1]:6443//\n", TOKEN),
	    "https://[::1]:6443" },
	{ "a path", FILE_OF("    server: https://rancher.home/k8s/clusters/c-1\n", TOKEN),
	    "https://rancher.home/k8s/clusters/c-1" },
	{ "no port", FILE_OF("    server: https://k8s.home\n", TOKEN),
	    "https://k8s.home" },
	{ "kubectl proxy", FILE_OF("    server: http://127.0.0.1:8001\n", "    {}\n"),
	    "http://127.0.0.1:8001" },
	{ "plain localhost", FILE_OF("    server: http://localhost:8001\n", "    {}\n"),
	    "http://localhost:8001" },
	{ "insecure, but not",
	    FILE_OF(SERVER "    insecure-skip-tls-verify: false\n", TOKEN),
	    "https://192.168.122.10:6443" },
	{ "empty keys are none", FILE_OF(SERVER, TOKEN "    username: \"\"\n    exec:\n"),
	    "https://192.168.122.10:6443" },
	{ "other users are not judged",
	    FILE_OF(SERVER, TOKEN) "- name: v\n  user: {exec: {command: x}}\n",
	    "https://192.168.122.10:6443" },
	{ "JSON",
	    "{\"current-context\": \"a\", \"contexts\": [{\"name\": \"a\", \"context\": "
	    "{\"cluster\": \"c\", \"user\": \"u\"}}], \"clusters\": [{\"name\": \"c\", "
	    "\"cluster\": {\"server\": \"https://h:1\"}}], \"users\": [{\"name\": \"u\", "
	    "\"user\": {\"token\": \"t\"}}]}",
	    "https://h:1" },
	{ "insecure, but False",
	    FILE_OF(SERVER "    insecure-skip-tls-verify: False\n", TOKEN),
	    "https://192.168.122.10:6443" },
	{ "upper case", FILE_OF("    server: HTTPS://K8S.Home:6443/Path\n", TOKEN),
	    "https://k8s.home:6443/Path" },
	{ "an underscore", FILE_OF("    server: https://k8s_api.home:6443\n", TOKEN),
	    "https://k8s_api.home:6443" },
	{ "the dot of the root", FILE_OF("    server: https://k8s.home.:6443\n", TOKEN),
	    "https://k8s.home.:6443" },
	{ "the last port", FILE_OF("    server: https://k8s.home:65535\n", TOKEN),
	    "https://k8s.home:65535" },
	{ "a proxy in upper case",
	    FILE_OF(SERVER "    proxy-url: SOCKS5://Me:Pw@Proxy.Home:1080\n", TOKEN),
	    "https://192.168.122.10:6443" },
	{ "a document that says where it begins", "---\n" FILE_OF(SERVER, TOKEN) "...\n",
	    "https://192.168.122.10:6443" },
	{ "anchors and aliases of others",
	    FILE_OF(SERVER, TOKEN) "- &v {name: v, user: &w {token: &x a}}\n"
				   "- {name: w, user: *w}\n- {name: y, user: *w}\n",
	    "https://192.168.122.10:6443" },
	{ "an alias in use",
	    "x-server: &s https://k8s.home\n" FILE_OF("    server: *s\n", TOKEN),
	    "https://k8s.home" },
	{ "a text with its tag", FILE_OF("    server: !!str https://k8s.home\n", TOKEN),
	    "https://k8s.home" },
	{ "no user at all",
	    "current-context: a\ncontexts: [{name: a, context: {cluster: c}}]\n"
	    "clusters: [{name: c, cluster: {server: \"https://h\"}}]\n",
	    "https://h" },
};

START_TEST(accepted)
{
	struct parsed p;

	parse(&p, accepted_rows[_i].text, NULL);
	ck_assert_msg(p.result == 0, "%s: %s", accepted_rows[_i].what, p.e.text);
	ck_assert_str_eq(p.config.server, accepted_rows[_i].server);
	done(&p);
}
END_TEST

/* Line 13 is the cluster's first. */
static const struct {
	const char *what, *text, *context, *at, *says;
} refused_rows[] = {
	{ "exec", FILE_OF(SERVER, "    exec: {command: aws}\n"), NULL,
	    ":17:11:", "exec" },
	{ "auth-provider", FILE_OF(SERVER, "    auth-provider: {name: oidc}\n"), NULL,
	    ":17:", "auth-provider is not supported" },
	{ "insecure", FILE_OF(SERVER "    insecure-skip-tls-verify: true\n", TOKEN), NULL,
	    ":14:31:", "certificate-authority-data" },
	{ "username", FILE_OF(SERVER, "    username: admin\n    password: canary\n"),
	    NULL, ":17:", "username is not supported" },
	{ "password", FILE_OF(SERVER, "    password: canary\n"), NULL,
	    ":17:", "password is not supported" },
	{ "as", FILE_OF(SERVER, TOKEN "    as: root\n"), NULL, ":18:", "impersonate" },
	{ "as-uid", FILE_OF(SERVER, TOKEN "    as-uid: \"0\"\n"), NULL,
	    ":18:", "impersonate" },
	{ "as-groups", FILE_OF(SERVER, TOKEN "    as-groups: [a]\n"), NULL,
	    ":18:", "impersonate" },
	{ "as-user-extra", FILE_OF(SERVER, TOKEN "    as-user-extra: {a: [b]}\n"), NULL,
	    ":18:", "impersonate" },
	{ "unknown key", FILE_OF(SERVER "    canary: 1\n", TOKEN), NULL,
	    ":14:5:", "unknown key in the cluster" },
	{ "no server", FILE_OF("    {}\n", TOKEN), NULL, ":13:", "no server" },
	{ "server without scheme", FILE_OF("    server: 192.168.122.10:6443\n", TOKEN),
	    NULL, ":13:13:", "https://" },
	{ "server of a user", FILE_OF("    server: https://canary@h\n", TOKEN), NULL,
	    ":13:", "https://HOST" },
	{ "server with a query", FILE_OF("    server: https://h/?a=b\n", TOKEN), NULL,
	    ":13:", "https://HOST" },
	{ "server of nothing", FILE_OF("    server: https://\n", TOKEN), NULL,
	    ":13:", "https://HOST" },
	{ "server with a bad port", FILE_OF("    server: https://h:x\n", TOKEN), NULL,
	    ":13:", "https://HOST" },
	{ "server with a line break", FILE_OF("    server: \"https://h\\n\"\n", TOKEN),
	    NULL, ":13:", "control character" },
	{ "http elsewhere", FILE_OF("    server: http://192.168.122.10\n", "    {}\n"),
	    NULL, ":13:", "this machine itself" },
	{ "http with a token", FILE_OF("    server: http://127.0.0.1\n", TOKEN), NULL,
	    ":13:", "unencrypted" },
	{ "http with a token file",
	    FILE_OF("    server: http://127.0.0.1\n", "    tokenFile: t\n"), NULL,
	    ":13:", "unencrypted" },
	{ "server name", FILE_OF(SERVER "    tls-server-name: A_B\n", TOKEN), NULL,
	    ":14:", "neither a host name" },
	{ "proxy", FILE_OF(SERVER "    proxy-url: ftp://canary@x\n", TOKEN), NULL,
	    ":14:", "proxy-url is none" },
	{ "the rest of a password is no path",
	    FILE_OF(SERVER "    proxy-url: http://canary:canary#x@127.0.0.1:9\n", TOKEN),
	    NULL, ":14:", "proxy-url is none" },
	{ "two at signs", FILE_OF(SERVER "    proxy-url: http://a@canary@x\n", TOKEN),
	    NULL, ":14:", "proxy-url is none" },
	{ "two of one name",
	    "current-context: a\ncontexts:\n- {name: a, context: {cluster: c}}\n"
	    "clusters:\n- {name: c, cluster: {server: \"https://one\"}}\n"
	    "- {name: d}\n- {name: c, cluster: {server: \"https://canary\"}}\n",
	    NULL, ":7:", "is named \"c\"; the first is in line 5" },
	{ "two users of one name, of which neither is used",
	    FILE_OF(SERVER, TOKEN) "- name: v\n  user: {}\n- {name: w}\n- name: v\n",
	    NULL, ":21:3:", "named \"v\"; the first is in line 18" },
	{ "three contexts, two of one name",
	    "current-context: a\ncontexts:\n- {name: b}\n- {name: a, context: {cluster: "
	    "c}}\n- {name: b}\nclusters:\n- {name: c, cluster: {server: "
	    "\"https://one\"}}\n",
	    NULL, ":5:3:", "named \"b\"; the first is in line 3" },
	{ "a port too high", FILE_OF("    server: https://h:65536\n", TOKEN), NULL,
	    ":13:", "https://HOST" },
	{ "only the dot of the root", FILE_OF("    server: https://.\n", TOKEN), NULL,
	    ":13:", "https://HOST" },
	{ "no base64", FILE_OF(SERVER, "    client-key-data: canary!\n"), NULL,
	    ":17:22:", "no base64" },
	{ "cut base64", FILE_OF(SERVER "    certificate-authority-data: LS0tL\n", TOKEN),
	    NULL, ":14:", "no base64" },
	{ "base64 of no PEM", FILE_OF(SERVER, "    client-key-data: Y2FuYXJ5\n"), NULL,
	    ":17:", "of no PEM" },
	{ "certificate without key",
	    FILE_OF(SERVER, "    client-certificate-data: " PEM_BASE64 "\n"), NULL,
	    ":17:", "no client-key" },
	{ "key without certificate",
	    FILE_OF(SERVER, "    client-key-data: " PEM_BASE64 "\n"), NULL,
	    ":17:", "no client-certificate" },
	{ "token with a line break",
	    FILE_OF(SERVER, "    token: \"canary\\nX-Evil: 1\"\n"), NULL,
	    ":17:", "control character" },
	{ "token with a blank", FILE_OF(SERVER, "    token: a canary\n"), NULL,
	    ":17:", "no token has" },
	{ "token is a list", FILE_OF(SERVER, "    token: [canary]\n"), NULL,
	    ":17:", "must be a text" },
	{ "context that is not there", FILE_OF(SERVER, TOKEN), "nowhere",
	    ":6:", "\"nowhere\"" },
	{ "context of a cluster that is not there", FILE_OF(SERVER, TOKEN), "other",
	    ":9:", "\"gone\"" },
	{ "no current-context", "contexts: []\n", NULL, ":1:", "current-context" },
	{ "empty current-context", "current-context: \"\"\n", NULL,
	    ":1:", "kubernetes.context" },
	{ "a list", "- a\n", NULL, ":1:1:", "must be a map" },
	{ "empty", "", NULL, "", "" },
	{ "not YAML", "a: [canary\n", NULL, "kubeconfig:", "" },
	{ "an alias of nothing", FILE_OF(SERVER, "    token: *canary\n"), NULL,
	    ":17:12:", "no anchor of its name" },
	{ "an alias of what it stands in",
	    FILE_OF(SERVER, "    token: &canary [*canary]\n"), NULL,
	    ":17:", "no anchor of its name" },
	{ "a token that is an anchor", FILE_OF(SERVER, "    token: &canary [1]\n"), NULL,
	    ":17:", "must be a text" },
	{ "a token that is a tag", FILE_OF(SERVER, "    token: !canary\n"), NULL,
	    ":17:12:", "YAML tag" },
	{ "a key that is a secret, twice",
	    FILE_OF(SERVER, "    canary: 1\n    canary: 2\n"), NULL,
	    ":18:5:", "stands already" },
	{ "more aliases than fit",
	    "a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
	    "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d "
	    "[*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
	    "e: [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n",
	    NULL, ":5:", "more than 20000 values" },
	{ "users is a text",
	    "current-context: a\ncontexts: [{name: a, context: {cluster: c, user: u}}]\n"
	    "users: canary\n",
	    NULL, ":2:", "\"users\"" },
	{ "contexts of nothing", "current-context: a\ncontexts: [1, {}, {name: a}]\n",
	    NULL, ":2:", "no \"context\"" },
};

START_TEST(refused)
{
	struct parsed p;

	parse(&p, refused_rows[_i].text, refused_rows[_i].context);
	ck_assert_msg(p.result == -1, "%s: accepted", refused_rows[_i].what);
	ck_assert_msg(strstr(p.e.text, "/etc/homek8s/kubeconfig") &&
			  strstr(p.e.text, refused_rows[_i].at) &&
			  strstr(p.e.text, refused_rows[_i].says),
	    "%s: %s", refused_rows[_i].what, p.e.text);
	/* Whatever is wrong: no value is repeated. */
	ck_assert_msg(
	    !strstr(p.e.text, "canary"), "%s: %s", refused_rows[_i].what, p.e.text);
	ck_assert_ptr_null(p.config.token);
	done(&p);
}
END_TEST

/* Cut at every byte: an error or a result, never a crash. */
START_TEST(truncated)
{
	static const char text[] =
	    FILE_OF(SERVER "    certificate-authority-data: " PEM_BASE64 "\n", TOKEN);
	struct parsed p;

	for (size_t length = 0; length < sizeof(text); length++) {
		char *copy = must_alloc(length + 1);

		memcpy(copy, text, length);
		parse(&p, copy, NULL);
		ck_assert_msg(p.result == 0 || p.e.text[0], "at %zu", length);
		done(&p);
		free(copy);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kubeconfig");
	TCase *tc = tcase_create("kubeconfig");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, whole);
	tcase_add_test(tc, files);
	tcase_add_test(tc, long_data);
	tcase_add_loop_test(tc, accepted, 0, ROWS(accepted_rows));
	tcase_add_loop_test(tc, refused, 0, ROWS(refused_rows));
	tcase_add_test(tc, truncated);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
