/* SPDX-License-Identifier: MIT */
/* show: from an answer to what is shown of it. */
#include "daemon/homek8sctl/show.h"

#include <string.h>

#include "daemon/homek8sctl/client.h"
#include "daemon/homek8sctl/output.h"
#include "lib/base/cleanup.h"
#include "lib/doc/json.h"

static void keep_one(struct json_object *objects, const char *key)
{
	for (size_t i = json_count(objects); i-- > 0;) {
		const char *its = json_string_at(json_item(objects, i), "key");

		if (!its || strcmp(its, key) != 0)
			json_object_array_del_idx(objects, i, 1);
	}
}

void show_reply(struct ctl *ctl, struct json_object *reply, struct shown *s)
{
	if (s->only)
		keep_one(json_at(reply, s->names), s->only);
	if (s->trim)
		s->trim(reply);
	output(ctl, reply, s->names, s->text);
}

static struct json_object *same_parameters(void *arg)
{
	struct shown *s = arg;

	return json_object_get(s->parameters);
}

static void show_next(struct ctl *ctl, struct json_object *reply, void *arg)
{
	struct shown *s = arg;

	if (s->merges)
		merge_reply(&s->merge, reply);
	show_reply(ctl, reply, s);
	json_object_put(s->last);
	s->last = json_object_get(reply);
}

/* A second has passed: countdowns count, and so do ages. */
static void show_later(struct ctl *ctl, void *arg)
{
	struct shown *s = arg;
	struct json_object *objects = json_at(s->last, "objects");

	if (!s->last || ctl->options.output > OUTPUT_WIDE)
		return;
	for (size_t i = 0; i < json_count(objects); i++) {
		int64_t left = json_int_at(json_item(objects, i), "retry_in", -1);

		if (left >= 0)
			json_put_int(json_item(objects, i), "retry_in",
			    left > 1000 ? left - 1000 : 0);
	}
	output(ctl, s->last, s->names, s->text);
}

enum status show(struct ctl *ctl, struct shown *s, struct json_object **out)
{
	autojson struct json_object *parameters = s->parameters, *reply = NULL;
	enum status status;

	if (ctl->options.watch) {
		status = client_follow(
		    ctl, s->method, same_parameters, show_next, show_later, s);
		merge_done(&s->merge);
		json_object_put(s->last);
		return status;
	}
	status = client_ask(ctl, s->method, parameters, &reply);
	if (status == STATUS_YES)
		show_reply(ctl, reply, s);
	if (out)
		*out = json_object_get(reply);
	return status;
}
