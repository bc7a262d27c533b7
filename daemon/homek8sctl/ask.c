/* SPDX-License-Identifier: MIT */
/* ask: calls and their answers over a client's connection, and what is said where one
 * fails. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/homek8sctl/client.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/doc/json.h"
#include "lib/view/interface.h"

#define TIMEOUT_MS 10000
#define AGAIN_MS 500
#define TICK_MS 1000

enum status reply_complain(const struct reply *reply)
{
	const char *text = json_string_at(reply->parameters, "text");
	struct arena a = { 0 };

	if (strcmp(reply->error, ERROR_PERMISSION_DENIED) == 0) {
		say("permission denied: changes need root or group homek8s");
		return STATUS_DENIED;
	}
	if (strcmp(reply->error, ERROR_CONFIG_REFUSED) == 0) {
		text = json_string_at(reply->parameters, "errors");
		fprintf(stderr, "%s\n", text ? text : "");
		say("the configuration has errors; the last good one stays in force");
		return STATUS_ERROR;
	}
	if (text)
		say("%s", text_clean(&a, text, 1024));
	else
		say("homek8sd reports %s %s", text_clean(&a, reply->error, 256),
		    json_text(reply->parameters));
	arena_done(&a);
	return STATUS_ERROR;
}

static int64_t timeout_of(const struct ctl *ctl)
{
	return ctl->options.timeout ? ctl->options.timeout : TIMEOUT_MS;
}

enum status client_ask(struct ctl *ctl, const char *method,
    struct json_object *parameters, struct json_object **out)
{
	return client_ask_or(ctl, method, parameters, NULL, out);
}

enum status client_ask_or(struct ctl *ctl, const char *method,
    struct json_object *parameters, const char *error, struct json_object **out)
{
	struct error e = { 0 };
	enum status status = STATUS_UNREACHABLE;
	struct client *client = client_open(ctl->options.socket, &status, &e);
	struct reply reply = { 0 };
	enum exit_answer answer;

	*out = NULL;
	if (!client || client_send(client, method, parameters, false, &e) < 0) {
		say("%s", e.text);
		client_close(client);
		return status;
	}
	answer = client_receive(client, timeout_of(ctl), &reply, &e);
	if (answer == ANSWER_REPLY) {
		*out = json_object_get(reply.parameters);
		status = STATUS_YES;
	} else if (answer == ANSWER_ERROR && error && strcmp(reply.error, error) == 0) {
		*out = json_object_get(reply.parameters);
		status = STATUS_NO;
	} else if (answer == ANSWER_ERROR)
		status = reply_complain(&reply);
	else
		say("%s; see `systemctl status homek8sd`", e.text);
	reply_done(&reply);
	client_close(client);
	return status;
}

struct follower {
	void (*show)(struct ctl *ctl, struct json_object *reply, void *arg);
	void (*tick)(struct ctl *ctl, void *arg); /* or NULL */
	void *arg;
};

/* One connection's worth of answers. STATUS_UNREACHABLE: it ended, the error says how. */
static enum status follow_once(struct ctl *ctl, struct client *client, const char *method,
    struct json_object *parameters, const struct follower *f, struct error *e)
{
	int64_t patience = f->tick && ctl->terminal.tty ? TICK_MS : -1;
	enum status status = STATUS_YES;
	struct reply reply;
	bool more = true;

	if (client_send(client, method, parameters, true, e) < 0)
		return STATUS_UNREACHABLE;
	while (more && status == STATUS_YES) {
		switch (client_receive(client, patience, &reply, e)) {
		case ANSWER_REPLY:
			f->show(ctl, reply.parameters, f->arg);
			fflush(stdout);
			more = reply.continues;
			break;
		case ANSWER_ERROR:
			status = reply_complain(&reply);
			break;
		case ANSWER_TIMEOUT:
			f->tick(ctl, f->arg);
			fflush(stdout);
			break;
		case ANSWER_CLOSED:
			status = STATUS_UNREACHABLE;
			break;
		}
		reply_done(&reply);
	}
	return status;
}

enum status client_follow(struct ctl *ctl, const char *method,
    struct json_object *(*parameters)(void *arg),
    void (*show)(struct ctl *ctl, struct json_object *reply, void *arg),
    void (*tick)(struct ctl *ctl, void *arg), void *arg)
{
	const struct follower follower = { show, tick, arg };
	enum status status = STATUS_UNREACHABLE;
	bool reached = false, said = false;
	struct error e = { 0 };

	for (;;) {
		struct client *client = client_open(ctl->options.socket, &status, &e);

		if (client) {
			autojson struct json_object *with =
			    parameters ? parameters(arg) : NULL;

			if (said)
				say("homek8sd is back");
			reached = true;
			said = false;
			status = follow_once(ctl, client, method, with, &follower, &e);
			client_close(client);
		}
		/* Only who was there once is worth waiting for. */
		if (status != STATUS_UNREACHABLE || !reached) {
			if (!reached)
				say("%s", e.text);
			return status;
		}
		if (!said)
			say("%s; waiting for it to come back", e.text);
		said = true;
		usleep(AGAIN_MS * 1000);
	}
}
