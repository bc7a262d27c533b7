/* SPDX-License-Identifier: MIT */
/*
 * bench_kube: what homek8sd does at an API server, timed, and the same done by a bare
 * libcurl client: one that keeps its connections and knows beforehand what to send. Where
 * both are measured here, their blocks of samples alternate, homek8sd being stopped by
 * SIGSTOP during the bare client's, so that a machine that grows slower does so for both.
 *
 *	edit		edits the pool by hand, again and again; from the edit to the
 *			PATCH that mends it, both as the fake server's log has them
 *	delete		deletes the pool, again and again; from before the DELETE until a
 *			watch of the bench's own shows the pool again
 *	sync, synced	lists all Services page by page and tokenizes them; from the first
 *			request to the watch that follows the list, by the server's log.
 *			synced only reads the log: of what homek8sd has just done
 *	storm		watches Services while the server changes them, and tokenizes what
 *			comes; CPU time of that, and of homek8sd meanwhile
 *
 * With https, $BENCH_CA, $BENCH_CERT and $BENCH_KEY are files.
 */
#include <curl/curl.h>
#include <json-c/json.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/doc/json.h"
#include "test/bench/measure.h"

#define POOLS "/apis/metallb.io/v1beta1/namespaces/metallb-system/ipaddresspools"
#define POOL POOLS "/default-pool"
#define SERVICES "/api/v1/services"
#define WRITTEN "192.168.122.100-192.168.122.150"
#define BY_HAND "192.168.122.200-192.168.122.2" /* and two digits more */
#define APPLY_TYPE "application/apply-patch+yaml"
#define MERGE_TYPE "application/merge-patch+json"
#define PATIENCE_US 20e6
#define BUFFER_BYTES (64L * 1024) /* as homek8sd */

/* Requests. */

struct client { /* one connection, kept */
	CURL *easy;
	const char *server;
	struct text answer;
};

static size_t on_bytes(char *bytes, size_t size, size_t count, void *arg)
{
	text_add_n(arg, bytes, size * count);
	return size * count;
}

static void set_file(CURL *easy, CURLoption option, const char *variable)
{
	if (getenv(variable))
		curl_easy_setopt(easy, option, getenv(variable));
}

static CURL *easy_new(void)
{
	CURL *easy = curl_easy_init();

	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, BUFFER_BYTES);
	set_file(easy, CURLOPT_CAINFO, "BENCH_CA");
	set_file(easy, CURLOPT_SSLCERT, "BENCH_CERT");
	set_file(easy, CURLOPT_SSLKEY, "BENCH_KEY");
	return easy;
}

static void client_open(struct client *c, const char *server)
{
	*c = (struct client){ easy_new(), server, { 0 } };
	curl_easy_setopt(c->easy, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(c->easy, CURLOPT_WRITEDATA, &c->answer);
}

static void client_close(struct client *c)
{
	curl_easy_cleanup(c->easy);
	text_done(&c->answer);
}

/* The answer lies in c->answer until the next request. */
static void ask(struct client *c, const char *method, const char *path, const char *type,
    const char *body)
{
	autofree char *url = must_printf("%s%s", c->server, path);
	autofree char *line = must_printf("Content-Type: %s", type ? type : "");
	struct curl_slist *headers = curl_slist_append(NULL, line);
	long status = 0;
	CURLcode code;

	text_done(&c->answer);
	curl_easy_setopt(c->easy, CURLOPT_URL, url);
	curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c->easy, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(c->easy, CURLOPT_POSTFIELDS, body ? body : "");
	curl_easy_setopt(c->easy, CURLOPT_HTTPGET, body ? 0L : 1L);
	if (body)
		curl_easy_setopt(c->easy, CURLOPT_POST, 1L);
	curl_easy_setopt(c->easy, CURLOPT_CUSTOMREQUEST, method);
	code = curl_easy_perform(c->easy);
	curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_slist_free_all(headers);
	if (code != CURLE_OK || status < 200 || status > 299)
		measure_die("%s %s: %s, status %ld: %s", method, url,
		    curl_easy_strerror(code), status, text_get(&c->answer));
}

static struct json_object *ask_json(struct client *c, const char *path)
{
	struct json_object *object;

	ask(c, "GET", path, NULL, NULL);
	object = json_tokener_parse(text_get(&c->answer));
	if (!object)
		measure_die("GET %s: no JSON", path);
	return object;
}

static void apply(struct client *c, const char *manager)
{
	autofree char *path = must_printf(POOL "?fieldManager=%s&force=true", manager);

	ask(c, "PATCH", path, APPLY_TYPE,
	    "{\"apiVersion\":\"metallb.io/v1beta1\",\"kind\":\"IPAddressPool\","
	    "\"metadata\":{\"name\":\"default-pool\",\"namespace\":\"metallb-system\","
	    "\"labels\":{\"app.kubernetes.io/managed-by\":\"homek8sd\"}},"
	    "\"spec\":{\"addresses\":[\"" WRITTEN "\"]}}");
}

/* Watches: a thread that reads lines. */

struct watch {
	CURL *easy;
	char *url;
	bool opened;
	struct text line;
	void (*on_line)(void *arg, const char *line, size_t length);
	void *arg;
};

static size_t on_watch_bytes(char *bytes, size_t size, size_t count, void *arg)
{
	struct watch *w = arg;
	size_t left = size * count;
	char *end;

	while ((end = memchr(bytes, '\n', left))) {
		size_t length = (size_t)(end - bytes);

		text_add_n(&w->line, bytes, length);
		w->on_line(w->arg, w->line.data, w->line.length);
		w->line.length = 0;
		bytes = end + 1;
		left -= length + 1;
	}
	text_add_n(&w->line, bytes, left);
	return size * count;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *arg)
{
	struct watch *w = arg;

	if (size * count == 2 && bytes[0] == '\r')
		__atomic_store_n(&w->opened, true, __ATOMIC_RELEASE);
	return size * count;
}

static void *run_watch(void *arg)
{
	struct watch *w = arg;

	curl_easy_perform(w->easy);
	return NULL; /* it lasts as long as the program */
}

/* From now on `on_line` is called on a thread of its own, for each event to come. */
static void watch_open(struct watch *w, struct client *c, const char *collection)
{
	struct json_object *list = NULL;
	autofree char *first = must_printf("%s?limit=1", collection);
	pthread_t thread;

	list = ask_json(c, first);
	w->url = must_printf("%s%s?watch=1&resourceVersion=%s", c->server, collection,
	    json_string_at(list, "metadata.resourceVersion"));
	json_object_put(list);
	w->easy = easy_new();
	curl_easy_setopt(w->easy, CURLOPT_URL, w->url);
	curl_easy_setopt(w->easy, CURLOPT_WRITEFUNCTION, on_watch_bytes);
	curl_easy_setopt(w->easy, CURLOPT_WRITEDATA, w);
	curl_easy_setopt(w->easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(w->easy, CURLOPT_HEADERDATA, w);
	if (pthread_create(&thread, NULL, run_watch, w) != 0)
		measure_die("no thread");
	pthread_detach(thread);
	while (!__atomic_load_n(&w->opened, __ATOMIC_ACQUIRE))
		measure_sleep(1e3);
}

/* Blocks. */

struct blocks {
	unsigned
	    edits; /* each to something else: the same again and again is a contest */
	struct client *client;
	pid_t daemon;
	long samples, block;
	double spacing;
	void (*sample)(struct blocks *b, bool bare);
	bool bare; /* the block now */
	struct feed *feed;
	struct samples ours, theirs;
};

static void run_blocks(struct blocks *b, char **argv)
{
	b->daemon = (pid_t)strtol(argv[0], NULL, 10);
	b->samples = strtol(argv[1], NULL, 10);
	b->block = strtol(argv[2], NULL, 10);
	b->spacing = strtod(argv[3], NULL) * 1e3;
	for (long done = 0; done < b->samples; done += b->block) {
		kill(b->daemon, SIGSTOP);
		__atomic_store_n(&b->bare, true, __ATOMIC_RELEASE);
		for (long i = 0; i < b->block; i++)
			b->sample(b, true);
		__atomic_store_n(&b->bare, false, __ATOMIC_RELEASE);
		kill(b->daemon, SIGCONT);
		measure_sleep(300e3); /* all that is reported to it now */
		for (long i = 0; i < b->block; i++)
			b->sample(b, false);
	}
}

/* edit */

struct mender {
	struct client client;
	struct blocks *blocks;
};

static void mend(void *arg, const char *line, size_t length)
{
	struct mender *m = arg;

	if (__atomic_load_n(&m->blocks->bare, __ATOMIC_ACQUIRE) &&
	    memmem(line, length, BY_HAND, strlen(BY_HAND)))
		apply(&m->client, "bench-bare");
}

static void edit(struct blocks *b, bool bare)
{
	autofree char *body =
	    must_printf("{\"spec\":{\"addresses\":[\"192.168.122.200-192.168.122.%u\"]}}",
		201 + b->edits++ % 50);

	(void)bare;
	ask(b->client, "PATCH", POOL "?fieldManager=bench-hand", MERGE_TYPE, body);
	measure_sleep(b->spacing);
}

static bool is_by(struct json_object *request, const char *manager)
{
	return strstr(json_string_at(request, "query"), manager);
}

/* Each edit by hand and the first PATCH of somebody else after it. */
static void read_edits(struct blocks *b)
{
	struct json_object *log = ask_json(b->client, "/fake/requests?match=PATCH");
	struct json_object *requests = json_at(log, "requests");
	int64_t edited = 0;

	for (size_t i = 0; i < json_count(requests); i++) {
		struct json_object *request = json_item(requests, i);
		int64_t at = json_int_at(request, "time_monotonic_us", 0);

		if (is_by(request, "fieldManager=bench-hand")) {
			edited = at;
		} else if (edited) {
			samples_add(is_by(request, "bench-bare") ? &b->theirs : &b->ours,
			    (double)(at - edited));
			edited = 0;
		}
	}
	json_object_put(log);
}

static void bench_edit(struct client *c, char **argv)
{
	struct blocks b = { .client = c, .sample = edit };
	struct mender mender = { .blocks = &b };
	struct watch watch = { .on_line = mend, .arg = &mender };

	client_open(&mender.client, c->server);
	ask(&mender.client, "GET", POOL, NULL, NULL); /* so that it is connected */
	watch_open(&watch, c, POOLS);
	ask(c, "POST", "/fake/requests/clear", "application/json", "{}");
	run_blocks(&b, argv);
	read_edits(&b);
	if (b.ours.count != (size_t)b.samples || b.theirs.count != (size_t)b.samples)
		measure_die("of %ld edits homek8sd mended %zu, the bare client %zu",
		    b.samples, b.ours.count, b.theirs.count);
	measure_say_samples("patch", &b.ours);
	measure_say_samples("bare_patch", &b.theirs);
}

/* delete */

struct feed {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	double added; /* 0: not yet */
};

static void take_event(void *arg, const char *line, size_t length)
{
	struct feed *s = arg;
	double now = measure_now();

	if (!memmem(line, length, "\"ADDED\"", 7))
		return;
	pthread_mutex_lock(&s->lock);
	s->added = now;
	pthread_cond_signal(&s->changed);
	pthread_mutex_unlock(&s->lock);
}

static double wait_for_event(struct feed *s)
{
	struct timespec until;
	double added;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += (time_t)(PATIENCE_US / 1e6);
	pthread_mutex_lock(&s->lock);
	while (s->added <= 0)
		if (pthread_cond_timedwait(&s->changed, &s->lock, &until) != 0)
			measure_die("the deleted pool did not come back");
	added = s->added;
	s->added = 0;
	pthread_mutex_unlock(&s->lock);
	return added;
}

static void delete (struct blocks *b, bool bare)
{
	double began = measure_now();

	ask(b->client, "DELETE", POOL, "application/json", "{}");
	if (bare)
		apply(b->client, "homek8sd");
	samples_add(bare ? &b->theirs : &b->ours, wait_for_event(b->feed) - began);
	measure_sleep(began + b->spacing - measure_now());
}

static void bench_delete(struct client *c, char **argv)
{
	struct feed feed = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0 };
	struct blocks b = { .client = c, .sample = delete, .feed = &feed };
	struct watch watch = { .on_line = take_event, .arg = &feed };

	watch_open(&watch, c, POOLS);
	run_blocks(&b, argv);
	measure_say_samples("pool", &b.ours);
	measure_say_samples("bare_pool", &b.theirs);
}

/* sync */

/* From the first page to the watch, in the log. */
static void read_sync(struct client *c, const char *name)
{
	struct json_object *log = ask_json(c, "/fake/requests?match=GET%20" SERVICES "?");
	struct json_object *requests = json_at(log, "requests");
	double began = 0, ended = 0;

	for (size_t i = 0; i < json_count(requests) && !ended; i++) {
		struct json_object *request = json_item(requests, i);
		double at = (double)json_int_at(request, "time_monotonic_us", 0);

		if (strstr(json_string_at(request, "query"), "watch="))
			ended = began ? at : 0;
		else if (!began && strstr(json_string_at(request, "query"), "limit=500"))
			began = at;
	}
	json_object_put(log);
	if (!ended)
		measure_die("the server's log has no list and watch of Services");
	measure_say(name, ended - began);
}

static void ignore(void *arg, const char *line, size_t length)
{
	(void)arg;
	(void)line;
	(void)length;
}

static void bench_sync(struct client *c)
{
	struct watch watch = { .on_line = ignore };
	autofree char *path = must_copy(SERVICES "?limit=500");
	double cpu = measure_cpu(getpid()), bytes = 0;
	bool more = true;

	ask(c, "POST", "/fake/requests/clear", "application/json", "{}");
	while (more) {
		struct json_object *page = ask_json(c, path);
		const char *token = json_string_at(page, "metadata.continue");

		bytes += (double)c->answer.length;
		free(path);
		more = token && *token;
		path = must_printf(SERVICES "?limit=500&continue=%s", more ? token : "");
		json_object_put(page);
	}
	measure_say("sync_bytes", bytes);
	measure_say("bare_sync_cpu", measure_cpu(getpid()) - cpu);
	watch_open(&watch, c, SERVICES);
	read_sync(c, "bare_sync");
}

/* storm */

struct storm {
	long count;
	double bytes;
};

static void tokenize(void *arg, const char *line, size_t length)
{
	struct storm *storm = arg;
	struct json_tokener *tokener = json_tokener_new();

	json_object_put(json_tokener_parse_ex(tokener, line, (int)length));
	json_tokener_free(tokener);
	storm->bytes += (double)length + 1;
	__atomic_add_fetch(&storm->count, 1, __ATOMIC_RELEASE);
}

static void bench_storm(struct client *c, char **argv)
{
	long count = strtol(argv[0], NULL, 10);
	pid_t daemon = (pid_t)strtol(argv[2], NULL, 10);
	struct storm storm = { 0 };
	struct watch watch = { .on_line = tokenize, .arg = &storm };
	autofree char *order = must_printf("{\"resource\":\"services\",\"count\":%ld,"
					   "\"per_second\":%s}",
	    count, argv[1]);
	double began, bare_cpu, cpu;

	watch_open(&watch, c, SERVICES);
	began = measure_now();
	bare_cpu = measure_cpu(getpid());
	cpu = measure_cpu(daemon);
	ask(c, "POST", "/fake/storm", "application/json", order);
	while (__atomic_load_n(&storm.count, __ATOMIC_ACQUIRE) < count) {
		if (measure_now() - began > 6 * PATIENCE_US)
			measure_die("of %ld events %ld came", count, storm.count);
		measure_sleep(10e3);
	}
	measure_say("storm_took", measure_now() - began);
	measure_sleep(200e3);
	measure_say("bare_storm_cpu", measure_cpu(getpid()) - bare_cpu);
	measure_say("storm_cpu", measure_cpu(daemon) - cpu);
	measure_say("storm_bytes", storm.bytes);
}

int main(int argc, char **argv)
{
	const char *verb = argc > 2 ? argv[2] : "";
	struct client c;

	curl_global_init(CURL_GLOBAL_ALL);
	client_open(&c, argc > 1 ? argv[1] : "");
	if (strcmp(verb, "edit") == 0 && argc == 7)
		bench_edit(&c, argv + 3);
	else if (strcmp(verb, "delete") == 0 && argc == 7)
		bench_delete(&c, argv + 3);
	else if (strcmp(verb, "sync") == 0 && argc == 3)
		bench_sync(&c);
	else if (strcmp(verb, "synced") == 0 && argc == 3)
		read_sync(&c, "sync");
	else if (strcmp(verb, "storm") == 0 && argc == 6)
		bench_storm(&c, argv + 3);
	else
		measure_die("usage: bench_kube SERVER edit|delete PID SAMPLES BLOCK "
			    "SPACING-MS | sync | synced | storm COUNT PER-SECOND PID");
	client_close(&c);
	return 0;
}
