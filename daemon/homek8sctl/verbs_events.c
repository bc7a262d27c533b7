/* SPDX-License-Identifier: MIT */
/* verbs_events: the history, or a part of it. After a reconnect only what was not shown
 * yet. */
#include <stdio.h>
#include <string.h>

#include "daemon/homek8sctl/client.h"
#include "daemon/homek8sctl/output.h"
#include "daemon/homek8sctl/render.h"
#include "daemon/homek8sctl/subject.h"
#include "daemon/homek8sctl/verbs.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/doc/json.h"
#include "lib/model/kind.h"
#include "lib/view/interface.h"

#define BEFORE 10 /* events shown by `events -w` before what comes */

struct history {
	int64_t after;	  /* the last one that came */
	const char *kind; /* of the object it is about; NULL: all */
	const char *name; /* whole, or its last part */
	bool any;	  /* something was shown */
};

static struct json_object *events_after(void *arg)
{
	struct history *h = arg;
	struct json_object *parameters = json_object_new_object();

	json_put_int(parameters, "after", h->after);
	return parameters;
}

static bool ends_in(const char *key, const char *name)
{
	size_t length = strlen(key), part = strlen(name);

	return length > part && key[length - part - 1] == '/' &&
	       strcmp(key + length - part, name) == 0;
}

static bool is_asked_for(
    const struct ctl *ctl, const struct history *h, struct json_object *event)
{
	const char *kind = json_string_at(event, "kind");
	const char *key = json_string_at(event, "key");
	const char *time = json_string_at(event, "time");

	if (ctl->options.since > 0 && (!time || time_parse(time) < ctl->options.since))
		return false;
	return !h->kind ||
	       (kind && key && strcmp(kind, h->kind) == 0 && ends_in(key, h->name));
}

/* How many people want of those from before. */
static size_t wanted_before(const struct ctl *ctl, const struct history *h, size_t count)
{
	if (h->after != 0) /* what comes, all of it */
		return count;
	if (ctl->options.lines >= 0)
		return (size_t)ctl->options.lines;
	if (ctl->options.watch && ctl->options.since == 0 &&
	    ctl->options.output <= OUTPUT_WIDE)
		return BEFORE;
	return count;
}

static void keep_part(
    const struct ctl *ctl, const struct history *h, struct json_object *events)
{
	size_t count, most;

	for (size_t i = json_count(events); i-- > 0;)
		if (!is_asked_for(ctl, h, json_item(events, i)))
			json_object_array_del_idx(events, i, 1);
	count = json_count(events);
	most = wanted_before(ctl, h, count);
	if (count > most)
		json_object_array_del_idx(events, 0, count - most);
}

static void show_events(struct ctl *ctl, struct json_object *reply, void *arg)
{
	struct history *h = arg;
	struct json_object *events = json_at(reply, "events");
	size_t count = json_count(events);
	int64_t last =
	    json_int_at(json_item(events, count ? count - 1 : 0), "seq", h->after);

	keep_part(ctl, h, events);
	h->after = last;
	count = json_count(events);
	h->any |= count > 0;
	if (count == 0 && ctl->options.watch)
		return;
	/* A line per event is what a reader of a stream of JSON lines wants. */
	for (size_t i = 0;
	     ctl->options.watch && ctl->options.output == OUTPUT_JSON && i < count; i++)
		puts(json_text(json_item(events, i)));
	if (!ctl->options.watch || ctl->options.output != OUTPUT_JSON)
		output(ctl, reply, "events", render_events);
}

enum status verb_events(struct ctl *ctl)
{
	autojson struct json_object *subject = subject_parse(ctl, false), *reply = NULL;
	struct history h = { 0 };
	enum status status;

	if (!subject)
		return STATUS_USAGE;
	if (ctl->count > 0) {
		h.kind = kind_find(json_string_at(subject, "kind"))->name;
		h.name = json_string_at(subject, "name");
	}
	if (ctl->options.watch)
		return client_follow(
		    ctl, INTERFACE_NAME ".Events", events_after, show_events, NULL, &h);
	status = client_ask(ctl, INTERFACE_NAME ".Events", NULL, &reply);
	if (status != STATUS_YES)
		return status;
	show_events(ctl, reply, &h);
	if (!h.any)
		say("no such event since homek8sd was started; older ones: `journalctl -u homek8sd`");
	return status;
}
