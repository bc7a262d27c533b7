/* SPDX-License-Identifier: MIT */
/*
 * fake-apiserver: a Kubernetes API server for tests and for a first look, in one process
 * and one thread, with scripted faults. It keeps objects, versions, watches and field
 * ownership as a v1.29 server shows them; nothing behind the objects is real.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "test/fake/control.h"
#include "test/fake/crd.h"
#include "test/fake/fault.h"
#include "test/fake/plain.h"
#include "test/fake/reqlog.h"
#include "test/fake/seed.h"
#include "test/fake/serve.h"
#include "test/fake/state.h"
#include "test/fake/storm.h"
#include "test/fake/tls.h"
#include "test/fake/watch.h"

static const char usage[] =
    "usage: fake-apiserver [options]\n"
    "  --listen HOST:PORT           where to listen (127.0.0.1:0; port 0 picks one)\n"
    "  --tls-cert FILE --tls-key FILE\n"
    "                               serve https\n"
    "  --client-ca FILE             accept clients with a certificate of this CA\n"
    "  --token TOKEN                accept clients with this bearer token\n"
    "  --seed home                  begin with the example home\n"
    "  --load FILE                  begin with the objects of a JSON file (may repeat)\n"
    "  --no-metallb                 do not serve the group metallb.io\n"
    "  --state FILE                 keep everything in FILE over restarts\n"
    "  --history N                  events a watch may look back (1024)\n"
    "  --bookmark-interval SECONDS  time between bookmarks (60)\n"
    "  --help                       print this and exit\n";

#define LOADS_MAX 16

struct options {
	const char *listen, *cert, *key, *client_ca, *token, *seed, *state;
	const char *loads[LOADS_MAX];
	int nloads;
	bool no_metallb;
	size_t history;
	double bookmark_interval;
};

static _Noreturn void bad_usage(const char *why)
{
	fprintf(stderr, "fake-apiserver: %s\n%s", why, usage);
	exit(2);
}

static double positive(const char *text, const char *option)
{
	char *end;
	double n = strtod(text, &end);

	if (*end || end == text || n <= 0 || n > 1e9)
		bad_usage(option);
	return n;
}

static void set_option(struct options *o, int which, const char *value)
{
	switch (which) {
	case 'l':
		o->listen = value;
		break;
	case 'c':
		o->cert = value;
		break;
	case 'k':
		o->key = value;
		break;
	case 'C':
		o->client_ca = value;
		break;
	case 't':
		o->token = value;
		break;
	case 's':
		if (strcmp(value, "home"))
			bad_usage("the only seed is \"home\"");
		o->seed = value;
		break;
	case 'f':
		if (o->nloads == LOADS_MAX)
			bad_usage("too many --load");
		o->loads[o->nloads++] = value;
		break;
	case 'n':
		o->no_metallb = true;
		break;
	case 'S':
		o->state = value;
		break;
	case 'H':
		o->history = (size_t)positive(value, "--history needs a number");
		break;
	case 'b':
		o->bookmark_interval =
		    positive(value, "--bookmark-interval needs seconds");
		break;
	case 'h':
		printf("%s\n%s", usage, control_help);
		exit(0);
	default:
		bad_usage("unknown or incomplete option");
	}
}

static void read_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{ "listen", required_argument, NULL, 'l' },
		{ "tls-cert", required_argument, NULL, 'c' },
		{ "tls-key", required_argument, NULL, 'k' },
		{ "client-ca", required_argument, NULL, 'C' },
		{ "token", required_argument, NULL, 't' },
		{ "seed", required_argument, NULL, 's' },
		{ "load", required_argument, NULL, 'f' },
		{ "no-metallb", no_argument, NULL, 'n' },
		{ "state", required_argument, NULL, 'S' },
		{ "history", required_argument, NULL, 'H' },
		{ "bookmark-interval", required_argument, NULL, 'b' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int which;

	*o = (struct options){
		.listen = "127.0.0.1:0", .history = 1024, .bookmark_interval = 60
	};
	opterr = 0;
	while ((which = getopt_long(argc, argv, "", longs, NULL)) >= 0)
		set_option(o, which, optarg);
	if (optind < argc)
		bad_usage("unexpected argument");
	if (!o->cert != !o->key)
		bad_usage("--tls-cert and --tls-key go together");
	if (o->client_ca && !o->cert)
		bad_usage("--client-ca needs --tls-cert");
}

static void crd_changed(const struct event *ev)
{
	struct json_object *crd = store_object(ev->now);

	if (ev->type == CHANGE_DELETED)
		crd_retire(crd);
	else
		crd_serve(crd);
	json_object_put(crd);
}

static void on_change(void *arg, const struct event *ev)
{
	struct fake *f = arg;

	if (ev && is_crd(ev->now->res))
		crd_changed(ev);
	if (f->state)
		state_note(f->state, f->store, ev);
	watches_wake(f);
}

static void on_signal(struct ev_loop *loop, struct ev_signal *w, int revents)
{
	(void)w;
	(void)revents;
	ev_break(loop, EVBREAK_ALL);
}

/* Fills the store: from the state file if it holds anything, else from seed and files. */
static bool fill_store(struct fake *f, const struct options *o)
{
	if (o->state && !(f->state = state_open(o->state, f->store)))
		return false;
	store_listen(f->store, on_change, f);
	if (store_rv(f->store) > 1)
		return true;
	seed_base(f);
	if (o->seed)
		seed_home(f);
	for (int i = 0; i < o->nloads; i++)
		if (!plain_load(f, o->loads[i]))
			return false;
	store_compact(f->store);
	return true;
}

static bool start(struct fake *f, const struct options *o)
{
	const char *colon = strrchr(o->listen, ':');
	int port;

	if (o->cert && !(f->server.tls = tls_load(o->cert, o->key, o->client_ca)))
		return false;
	if (o->no_metallb)
		resource_serve_group("metallb.io", false);
	if (!fill_store(f, o))
		return false;
	port = server_listen(&f->server, o->listen);
	if (port < 0)
		return false;
	printf("listening on %s://%.*s:%d\n", o->cert ? "https" : "http",
	    (int)(colon - o->listen), o->listen, port);
	fflush(stdout);
	return true;
}

static void stop(struct fake *f)
{
	server_close(&f->server);
	if (f->state) {
		state_save(f->state, f->store);
		state_close(f->state);
	}
	json_object_put(f->webhooks);
	storm_free(f->storm);
	faults_free(f->faults);
	reqlog_free(f->reqlog);
	store_free(f->store);
	SSL_CTX_free(f->server.tls);
}

int main(int argc, char **argv)
{
	struct fake f = { 0 };
	struct ev_signal term, intr;
	struct options o;

	read_options(argc, argv, &o);
	signal(SIGPIPE, SIG_IGN);
	resources_start();
	srandom((unsigned)time(NULL) ^ (unsigned)getpid());
	f.server.loop = ev_default_loop(0);
	f.server.serve = serve;
	f.store = store_new(o.history);
	f.faults = faults_new();
	f.reqlog = reqlog_new();
	f.storm = storm_new(&f);
	f.token = o.token;
	f.client_certs = o.client_ca != NULL;
	f.bookmark_interval = o.bookmark_interval;
	ev_signal_init(&term, on_signal, SIGTERM);
	ev_signal_init(&intr, on_signal, SIGINT);
	ev_signal_start(f.server.loop, &term);
	ev_signal_start(f.server.loop, &intr);
	if (!start(&f, &o))
		return 1;
	ev_run(f.server.loop, 0);
	stop(&f);
	return 0;
}
