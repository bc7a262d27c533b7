/* SPDX-License-Identifier: MIT */
/*
 * disk: the files of /etc and of the state directory, in memory, and the life of the daemon
 * between them. What was handed to the writer is on disk a moment later, or never, where the
 * daemon is killed before.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/doc/json.h"
#include "lib/model/files.h"
#include "test/sim/host.h"

/* The configuration directory (in place of lib/model/files.c) */

static void add_source(struct config_files *files, struct source_text *out,
    const char *name, struct text *text)
{
	out->name = name;
	out->text = arena_copy_n(&files->arena, text_get(text), text->length);
	out->length = text->length;
}

int config_files_read(
    const char *path, enum files_of of, struct config_files *files, struct report *report)
{
	autotext struct text first = { 0 }, second = { 0 }, settings = { 0 };

	(void)of;
	(void)report;
	*files = (struct config_files){ .directory = path };
	home_print(&sim->home, &first, &second);
	home_print_settings(&sim->home, &settings);
	add_source(files, &files->settings, "homek8s.yaml", &settings);
	files->desired = arena_array(&files->arena, 2, sizeof(*files->desired));
	add_source(files, &files->desired[files->desired_count++], "desired.d/home.yaml",
	    &first);
	if (second.length)
		add_source(files, &files->desired[files->desired_count++],
		    "desired.d/vms.yaml", &second);
	return 0;
}

void config_files_done(struct config_files *files)
{
	arena_done(&files->arena);
}

/* The state directory */

struct state_dir {
	int unused;
};

static struct state_dir the_directory;

static struct disk_file *file_of(const char *name)
{
	return strcmp(name, "state.json") == 0 ? &sim->state : &sim->last_good;
}

struct json_object *state_dir_read(
    struct state_dir *state, const char *name, struct error *warning)
{
	const struct disk_file *file = file_of(name);

	(void)state;
	(void)warning;
	return file->text ? json_parse(file->text, strlen(file->text), 64, NULL) : NULL;
}

void state_dir_set_aside(
    struct state_dir *state, const char *name, const char *why, struct error *warning)
{
	(void)state;
	sim_fail(sim, "P5", "%s that the daemon wrote itself is not understood: %s", name,
	    why);
	fail(warning, "%s", why);
}

/* The writer */

struct pending {
	char *text;
	struct home home;
	uint64_t change, written; /* given, and on disk */
	bool due;
};

struct state_writer {
	struct state_writer_hooks hooks;
	void *arg;
	struct pending files[2]; /* state.json, last-good.json */
	bool trouble;
};

static const char *const names[] = { "state.json", "last-good.json" };

static void put_on_disk(struct pending *p, struct disk_file *file)
{
	free(file->text);
	file->text = p->text;
	file->home = p->home;
	p->text = NULL;
	p->written = p->change;
}

static void write_one(struct sim *s, void *arg)
{
	struct state_writer *w = s->host->writer;
	struct pending *p = arg;
	const char *error = s->faults.disk_full ? "no space left on device" : NULL;
	uint64_t change = p->change;
	bool news;

	p->due = false;
	if (!w || !p->text)
		return;
	news = (error != NULL) != w->trouble;
	if (!error)
		put_on_disk(p, file_of(names[p - w->files]));
	w->trouble = error;
	if (error) {
		p->due = true;
		sim_at(s, s->now_us + STATE_WRITER_RETRY_MS * MS, true, write_one, p);
	}
	if (w->hooks.ended)
		w->hooks.ended(w->arg, names[p - w->files], change, error);
	if (news && w->hooks.trouble)
		w->hooks.trouble(w->arg, error);
}

struct state_writer *state_writer_new(struct ev_loop *loop, struct state_dir *dir,
    int64_t retry_ms, const struct state_writer_hooks *hooks, void *arg)
{
	struct state_writer *w = must_alloc(sizeof(*w));

	(void)loop;
	(void)dir;
	(void)retry_ms;
	w->hooks = *hooks;
	w->arg = arg;
	return sim->host->writer = w;
}

bool state_writer_free(struct state_writer *w, int64_t ms)
{
	(void)ms;
	for (size_t i = 0; w && i < 2; i++) {
		if (w->files[i].text && !sim->host->dying && !sim->faults.disk_full)
			put_on_disk(&w->files[i], file_of(names[i]));
		free(w->files[i].text);
	}
	sim->host->writer = NULL;
	free(w);
	return true;
}

struct state_dir *state_writer_dir(const struct state_writer *w)
{
	(void)w;
	return &the_directory;
}

void state_writer_put(struct state_writer *w, const char *name,
    struct json_object *document, uint64_t change)
{
	struct pending *p = &w->files[strcmp(name, names[0]) != 0];

	free(p->text);
	p->text = must_copy(json_text(document));
	p->home = sim->home;
	p->change = change;
	if (p->due)
		return;
	p->due = true;
	sim_at(sim, sim_later(sim, 1, 30), true, write_one, p);
}

uint64_t state_writer_written(const struct state_writer *w, const char *name)
{
	return w->files[strcmp(name, names[0]) != 0].written;
}

uint64_t state_writer_given(const struct state_writer *w, const char *name)
{
	return w->files[strcmp(name, names[0]) != 0].change;
}

const char *state_writer_error(const struct state_writer *w)
{
	return w->trouble ? "no space left on device" : NULL;
}

/* The daemon */

static void on_changed(void *arg)
{
	judge_plan(arg);
}

void files_loaded(struct sim *s)
{
	const struct home *home = &s->home;
	struct home *copy;
	struct view view;

	engine_view(s->engine, &view);
	sim_say(s, "the configuration is %s", view.load.ok ? "in force" : "refused");
	if (!view.load.ok && (s->in_force || !view.load.generation))
		return;
	if (!view.load.ok)
		home = &s->last_good.home;
	copy = arena_alloc(&s->arena, sizeof(*copy));
	*copy = *home;
	s->in_force = copy;
	judge_edited(s);
}

void daemon_start(struct sim *s)
{
	struct engine_options options = { .config_dir = "/etc/homek8s",
		.state_dir = &the_directory,
		.changed = on_changed,
		.arg = s };

	s->life++;
	s->host->dying = false;
	sim_say(s, "the daemon starts");
	s->engine = engine_new(NULL, &options);
	s->in_force = NULL;
	files_loaded(s);
}

/* What it learned just before it was killed may not be on disk. */
static void forget_unsaved(struct sim *s)
{
	for (size_t i = 0; i < OBJECTS; i++)
		if (s->faults.disk_full ||
		    s->now_us - s->world.objects[i].held_us < 3 * SECOND)
			s->world.objects[i].held = (struct ranges){ 0 };
}

void daemon_stop(struct sim *s, bool crash)
{
	if (!s->engine)
		return;
	sim_say(s, crash ? "the daemon is killed" : "the daemon stops");
	s->host->dying = crash;
	judge_before(s);
	s->stopping = true;
	engine_free(s->engine);
	s->stopping = false;
	judge_ended(s);
	if (crash)
		forget_unsaved(s);
	s->engine = NULL;
	s->life++;
	s->ended_us = s->now_us;
	s->host->timer_count = 0;
}

bool daemon_has_sent(const struct sim *s, unsigned life, uint64_t token)
{
	if (life == s->life)
		return true;
	return token % 2 && s->now_us - s->ended_us < SECOND;
}

/* Autostart is honoured at boot; why a domain stopped is forgotten. */
void host_reboot(struct sim *s)
{
	struct world *w = &s->world;

	judge_reboot(s);
	daemon_stop(s, true);
	s->boot_us = s->now_us - SECOND;
	for (size_t i = 0; i < DOMS; i++)
		if (w->doms[i].e.exists && w->doms[i].id >= 0)
			dom_stopped(w, &w->doms[i], 5, 0);
		else
			w->doms[i].reason = 0;
	for (size_t i = 0; i < NETS; i++) {
		struct w_net *n = &w->nets[i];

		if (n->e.exists && n->active)
			net_stop(w, n);
		if (n->e.exists && n->autostart)
			net_start(w, n);
	}
	for (size_t i = 0; i < DOMS; i++)
		if (w->doms[i].e.exists && w->doms[i].autostart)
			dom_start(w, &w->doms[i], false);
	daemon_start(s);
}
