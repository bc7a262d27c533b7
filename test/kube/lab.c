/* SPDX-License-Identifier: MIT */
/* lab: starts and stops the server, turns the loop, keeps the log. */
#include <curl/curl.h>
#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "daemon/host/clock.h"
#include "lib/base/cleanup.h"
#include "lib/doc/json.h"
#include "test/kube/lab.h"
#include "test/scratch.h"

static const struct watch nodes = { .path = "/api/v1/nodes", .prefix = "" };
static const struct watch services = {
	.path = "/api/v1/services", .prefix = "", .namespaced = true
};
static const struct watch pools = {
	.path = LAB_POOLS, .prefix = "", .missing = LAB_MISSING
};
const struct kind lab_node = { .name = "node", .watches = &nodes, .watch_count = 1 };
const struct kind lab_service = {
	.name = "service", .watches = &services, .watch_count = 1
};
const struct kind lab_pool = {
	.name = "pool", .plural = "pools", .watches = &pools, .watch_count = 1
};
static const struct kind *const lab_kinds[] = { &lab_node, &lab_service, &lab_pool };

static struct {
	struct ev_loop *loop;
	struct kube *kube;
	pid_t server;
	char url[64]; /* "http://127.0.0.1:1234" */
	char directory[64];
	struct text log;
	size_t mark;
	struct text body; /* of the last lab_request() */
	struct arena arena;
	int64_t grace;
} lab;

static void on_state(void *arg)
{
	static const char *const names[] = { "off", "connecting", "connected",
		"unauthorized", "down" };

	(void)arg;
	/* Before kube_new_tuned() has returned there is nothing to ask. */
	ck_assert_ptr_nonnull(lab.kube);
	text_add(&lab.log, "state %s\n", names[kube_state(lab.kube)->status]);
}

static void on_observed(void *arg, const struct kind *kind, const struct reading *reading)
{
	struct json_object *addresses = json_at(reading->json, "spec.addresses");
	struct json_object *first = json_item(addresses, 0);

	(void)arg;
	ck_assert_ptr_eq(reading->kind, kind);
	text_add(&lab.log, "observed %s %s %s %s\n", kind->name, reading->name,
	    json_string_at(reading->json, "metadata.resourceVersion"),
	    first ? json_object_get_string(first) : "-");
}

static void on_gone(void *arg, const struct kind *kind, const char *name)
{
	(void)arg;
	text_add(&lab.log, "gone %s %s\n", kind->name, name);
}

static const struct kind *full;

void lab_full(const struct kind *kind)
{
	full = kind;
}

static bool on_full(void *arg, const struct kind *kind)
{
	(void)arg;
	return kind == full;
}

static void on_begun(void *arg, const struct kind *kind, const char *prefix)
{
	(void)arg;
	text_add(&lab.log, "begun %s%s%s\n", kind->name, *prefix ? " " : "", prefix);
}

static void on_ended(void *arg, const struct kind *kind, const char *prefix)
{
	(void)arg;
	text_add(&lab.log, "ended %s%s%s\n", kind->name, *prefix ? " " : "", prefix);
}

static void on_listed(void *arg, const struct kind *kind, const char *prefix,
    const char *const *names, size_t count)
{
	(void)arg;
	text_add(&lab.log, "listed %s%s%s %zu:", kind->name, *prefix ? " " : "", prefix,
	    count);
	for (size_t i = 0; i < count && i < 10; i++)
		text_add(&lab.log, " %s", names[i]);
	text_add(&lab.log, "\n");
}

static void on_lost(
    void *arg, const struct kind *kind, const char *prefix, const char *why, bool refused)
{
	(void)refused;
	(void)arg;
	text_add(
	    &lab.log, "lost %s%s%s: %s\n", kind->name, *prefix ? " " : "", prefix, why);
}

static void on_step_done(void *arg, uint64_t ticket, const struct kube_outcome *outcome)
{
	(void)arg;
	text_add(&lab.log, "done %llu: %s%s%s", (unsigned long long)ticket,
	    outcome->error ? outcome->error : "ok", outcome->slow ? " (slow)" : "",
	    outcome->lost ? " (lost)" : "");
	if (outcome->retry_after_ms)
		text_add(
		    &lab.log, " (retry after %lld)", (long long)outcome->retry_after_ms);
	text_add(&lab.log, "\n");
}

static void on_answered(void *arg, const struct answer *answer)
{
	const char *name = json_string_at(answer->json, "metadata.name");

	(void)arg;
	text_add(&lab.log, "answer %s %s %llu: %d %s%s%s\n", answer->kind->name,
	    answer->name, (unsigned long long)answer->hash, answer->status,
	    name ? name : "-", *answer->error ? " " : "", answer->error);
}

static const struct kube_callbacks callbacks = {
	.state = on_state,
	.observed = on_observed,
	.gone = on_gone,
	.full = on_full,
	.begun = on_begun,
	.ended = on_ended,
	.listed = on_listed,
	.lost = on_lost,
	.step_done = on_step_done,
	.answered = on_answered,
};

void lab_set_up(void)
{
	memset(&lab, 0, sizeof(lab));
	lab.grace = LAB_GRACE_MS;
	lab.loop = ev_loop_new(EVFLAG_AUTO);
	ck_assert(scratch_make(lab.directory, sizeof(lab.directory), "kube"));
	signal(SIGPIPE, SIG_IGN);
	/* Must be ignored: nothing listens there. */
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("https_proxy", "http://127.0.0.1:1", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
	unsetenv("CREDENTIALS_DIRECTORY");
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void lab_signal_server(int number)
{
	kill(lab.server, number);
}

const char *lab_url(void)
{
	return lab.url;
}

void lab_stop_server(void)
{
	if (lab.server <= 0)
		return;
	kill(lab.server, SIGTERM);
	waitpid(lab.server, NULL, 0);
	lab.server = 0;
}

void lab_tear_down(void)
{
	if (lab.kube) {
		text_add(&lab.log, "%s\n", kube_state(lab.kube)->detail);
		kube_free(lab.kube);
	}
	lab_stop_server();
	ev_loop_destroy(lab.loop);
	nftw(lab.directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	ck_assert_msg(!strstr(text_get(&lab.log), LAB_SECRET), "%s", lab.log.data);
	text_done(&lab.log);
	text_done(&lab.body);
	arena_done(&lab.arena);
}

static void read_url(int fd)
{
	autofile FILE *out = fdopen(fd, "r");
	char line[128];

	ck_assert_ptr_nonnull(fgets(line, sizeof(line), out));
	ck_assert_int_eq(sscanf(line, "listening on %63s", lab.url), 1);
}

void lab_server(const char *argument, ...)
{
	const char *program = getenv("FAKE_APISERVER");
	const char *argv[24] = { program ? program : "build/fake-apiserver", "--listen" };
	size_t count = 3;
	int pipe_fds[2];
	va_list args;

	argv[2] = lab.url[0] ? strstr(lab.url, "//") + 2 : "127.0.0.1:0";
	va_start(args, argument);
	for (const char *a = argument; a && count < 23; a = va_arg(args, const char *))
		argv[count++] = a;
	va_end(args);
	ck_assert_int_eq(pipe(pipe_fds), 0);
	lab.server = fork();
	ck_assert_int_ge(lab.server, 0);
	if (lab.server == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(pipe_fds[1], STDOUT_FILENO);
		close(pipe_fds[0]);
		close(pipe_fds[1]);
		execv(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	close(pipe_fds[1]);
	read_url(pipe_fds[0]);
}

void lab_program(const char *const *argv)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		if (freopen("/dev/null", "w", stderr) &&
		    freopen("/dev/null", "w", stdout))
			execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	ck_assert_msg(status == 0, "%s %s failed", argv[0], argv[1]);
}

const char *lab_path(const char *name)
{
	return arena_printf(&lab.arena, "%s/%s", lab.directory, name);
}

void lab_write(const char *name, const char *text)
{
	autofile FILE *file = fopen(lab_path(name), "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
}

void lab_kubeconfig(const char *cluster_lines, const char *user_lines)
{
	lab_write(
	    "kubeconfig", arena_printf(&lab.arena,
			      "current-context: home\n"
			      "contexts: [{name: home, context: {cluster: c, user: u}}]\n"
			      "clusters:\n- name: c\n  cluster:\n    server: %s\n%s"
			      "users:\n- name: u\n  user:\n%s",
			      lab.url, cluster_lines, user_lines));
}

void lab_start_with(const struct kubernetes_settings *settings)
{
	struct kube_tuning tuning = { .idle = LAB_IDLE_MS,
		.grace = lab.grace,
		.slow = LAB_SLOW_MS,
		.answer = LAB_ANSWER_MS,
		.write = LAB_ANSWER_MS };

	ev_now_update(lab.loop);
	lab.kube =
	    kube_new_tuned(lab.loop, settings, lab.directory, &callbacks, NULL, &tuning);
	lab_watch(NULL);
}

void lab_watch(const struct watch_request *more)
{
	struct arena a = { 0 };
	struct watch_set set = { 0 };

	for (size_t i = 0; i < sizeof(lab_kinds) / sizeof(lab_kinds[0]); i++)
		watch_set_add_kind(&a, &set, lab_kinds[i], NULL);
	for (; more && more->kind; more++)
		watch_set_add(&a, &set, more->kind, &more->watch);
	kube_watch(lab.kube, set.items, set.count);
	arena_done(&a);
}

void lab_set_grace(int ms)
{
	lab.grace = ms;
}

void lab_start(void)
{
	struct kubernetes_settings settings = { .mode = KUBERNETES_AUTO };

	lab_start_with(&settings);
}

struct kube *lab_kube(void)
{
	return lab.kube;
}

void lab_mark(void)
{
	lab.mark = lab.log.length;
}

const char *lab_log(void)
{
	return text_get(&lab.log) + lab.mark;
}

static void on_tick(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	(void)timer;
	(void)events;
	ev_break(loop, EVBREAK_ALL);
}

void lab_run(int ms)
{
	struct ev_timer timer;

	ev_now_update(lab.loop);
	ev_timer_init(&timer, on_tick, ms / 1000.0, 0);
	ev_timer_start(lab.loop, &timer);
	ev_run(lab.loop, 0);
	ev_timer_stop(lab.loop, &timer);
}

void lab_wait(const char *text)
{
	struct mono end = mono_add(clock_mono(), 12000);

	while (!strstr(lab_log(), text)) {
		ck_assert_msg(!mono_reached(end, clock_mono()),
		    "waited in vain for \"%s\" in:\n%s(%s)", text, lab_log(),
		    kube_state(lab.kube)->detail);
		lab_run(5);
	}
}

void lab_wait_count(const char *text, unsigned count)
{
	struct mono end = mono_add(clock_mono(), 12000);

	while (lab_count(text) < count) {
		ck_assert_msg(!mono_reached(end, clock_mono()),
		    "waited in vain for %u times \"%s\"", count, text);
		lab_run(5);
	}
}

void lab_wait_detail(const char *text)
{
	struct mono end = mono_add(clock_mono(), 12000);

	while (!strstr(kube_state(lab.kube)->detail, text)) {
		ck_assert_msg(!mono_reached(end, clock_mono()),
		    "waited in vain for \"%s\", but: %s", text,
		    kube_state(lab.kube)->detail);
		lab_run(5);
	}
}

unsigned lab_count(const char *text)
{
	unsigned count = 0;

	for (const char *at = lab_log(); (at = strstr(at, text)); at += strlen(text))
		count++;
	return count;
}

static size_t keep(char *bytes, size_t size, size_t count, void *arg)
{
	(void)arg;
	text_add_n(&lab.body, bytes, size * count);
	return size * count;
}

const char *lab_request(const char *method, const char *path, const char *body)
{
	autofree char *url = must_printf("%s%s", lab.url, path);
	CURL *easy = curl_easy_init();
	struct curl_slist *headers =
	    curl_slist_append(NULL, "Content-Type: application/json");
	CURLcode code;

	if (strstr(path, "fieldManager")) {
		curl_slist_free_all(headers);
		headers =
		    curl_slist_append(NULL, "Content-Type: application/apply-patch+yaml");
	}
	text_done(&lab.body);
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 5000L);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, keep);
	if (body)
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
	code = curl_easy_perform(easy);
	ck_assert_msg(
	    code == CURLE_OK, "%s %s: %s", method, path, curl_easy_strerror(code));
	curl_slist_free_all(headers);
	curl_easy_cleanup(easy);
	return text_get(&lab.body);
}

void lab_fault(const char *json)
{
	const char *answer = lab_request("POST", "/fake/faults", json);

	ck_assert_msg(!strstr(answer, "Failure"), "%s", answer);
}

void lab_no_faults(void)
{
	lab_request("DELETE", "/fake/faults", NULL);
}

unsigned lab_requests(const char *match)
{
	autofree char *path = must_printf("/fake/requests?match=%s", match);
	autojson struct json_object *o = NULL;
	const char *answer = lab_request("GET", path, NULL);
	struct error e = { "" };

	o = json_parse(answer, strlen(answer), 16, &e);
	ck_assert_msg(o && json_at(o, "count"), "%s: %s", e.text, answer);
	return (unsigned)json_int_at(o, "count", 0);
}

void lab_put_pool(const char *name, const char *address)
{
	autofree char *body = must_printf(
	    "{\"apiVersion\":\"metallb.io/v1beta1\",\"kind\":\"IPAddressPool\","
	    "\"metadata\":{\"name\":\"%s\",\"namespace\":\"metallb-system\"},"
	    "\"spec\":{\"addresses\":[\"%s\"]}}",
	    name, address);
	const char *answer = lab_request("POST", "/fake/objects", body);

	ck_assert_msg(!strstr(answer, "Failure"), "%s", answer);
}

void lab_send(uint64_t ticket, const struct kube_write *write)
{
	const char *slash = strrchr(write->path, '/');

	kube_send(
	    lab.kube, write, arena_printf(&lab.arena, "pool %s", slash + 1), ticket);
}

void lab_write_path(uint64_t ticket, const char *path, const char *body)
{
	lab_send(ticket,
	    &(struct kube_write){ .what = KUBE_APPLY, .path = path, .body = body });
}

void lab_apply(uint64_t ticket, const char *name, const char *body)
{
	autofree char *path = must_printf("%s/%s", LAB_POOLS, name);

	lab_write_path(ticket, path, body);
}

void lab_delete(uint64_t ticket, const char *name, const char *uid)
{
	autofree char *path = must_printf("%s/%s", LAB_POOLS, name);

	lab_send(ticket,
	    &(struct kube_write){ .what = KUBE_DELETE, .path = path, .uid = uid });
}
