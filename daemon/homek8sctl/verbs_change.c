/* SPDX-License-Identifier: MIT */
/* verbs_change: commands that ask the daemon to do something. What was done is
 * said on stderr; there is no data. */
#include "daemon/homek8sctl/client.h"
#include "daemon/homek8sctl/subject.h"
#include "daemon/homek8sctl/verbs.h"
#include "daemon/homek8sctl/words.h"
#include "lib/base/text.h"
#include "lib/doc/json.h"
#include "lib/view/interface.h"

/* Calls, drops the parameters, and says `done` with the object's name, or "everything".
 */
static enum status change(
    struct ctl *ctl, const char *method, struct json_object *parameters, const char *done)
{
	autojson struct json_object *with = parameters, *reply = NULL;
	enum status status = client_ask(ctl, method, with, &reply);

	if (status == STATUS_YES)
		say("%s: %s", ctl->count > 0 ? object_name(ctl, with) : "everything",
		    done);
	return status;
}

enum status verb_reconcile(struct ctl *ctl)
{
	struct json_object *parameters = subject_parse(ctl, false);

	if (!parameters)
		return STATUS_USAGE;
	return change(ctl, INTERFACE_NAME ".Reconcile", parameters,
	    "failures are forgotten and it is read again now; see `homek8sctl status`");
}

enum status verb_reload(struct ctl *ctl)
{
	autojson struct json_object *reply = NULL;
	enum status status = client_ask(ctl, INTERFACE_NAME ".Reload", NULL, &reply);

	if (status == STATUS_YES)
		say("configuration generation %lld is in force",
		    (long long)json_int_at(reply, "generation", 0));
	return status;
}

enum status verb_pause(struct ctl *ctl)
{
	struct json_object *parameters = subject_parse(ctl, false);
	const char *done = "paused until `homek8sctl resume`";
	struct error e = { 0 };
	int64_t ms;

	if (!parameters)
		return STATUS_USAGE;
	if (ctl->options.for_what) {
		if (duration_parse(ctl->options.for_what, &ms, &e) < 0 || ms <= 0) {
			say("--for: %s", *e.text ? e.text : "must be more than 0");
			json_object_put(parameters);
			return STATUS_USAGE;
		}
		json_put_int(parameters, "milliseconds", ms);
		done = arena_printf(
		    &ctl->arena, "paused for %s", duration_text(&ctl->arena, ms));
	}
	if (ctl->options.reason)
		json_put_string(parameters, "reason", ctl->options.reason);
	return change(ctl, INTERFACE_NAME ".Pause", parameters, done);
}

#define REASON_MAX 1000

/* Says what comes of it: it may have to wait for approval, or be done already. */
static enum status wish(struct ctl *ctl, const char *method)
{
	autojson struct json_object *with = subject_parse(ctl, true), *reply = NULL;
	autojson struct json_object *object = NULL;
	const char *reason;
	enum status status;

	if (!with)
		return STATUS_USAGE;
	status = client_ask(ctl, method, with, &reply);
	if (status == STATUS_YES)
		status = client_ask(ctl, INTERFACE_NAME ".Describe", with, &object);
	if (status != STATUS_YES)
		return status;
	reason = json_string_at(object, "reason");
	say("%s: %s%s%s", object_name(ctl, object), json_string_at(object, "verdict"),
	    reason && *reason ? ": " : "",
	    text_clean(&ctl->arena, reason ? reason : "", REASON_MAX));
	if (json_string_at(object, "approval"))
		say("`homek8sctl approve %s` allows it", object_name(ctl, object));
	return STATUS_YES;
}

enum status verb_start(struct ctl *ctl)
{
	return wish(ctl, INTERFACE_NAME ".Start");
}

enum status verb_stop(struct ctl *ctl)
{
	return wish(ctl, INTERFACE_NAME ".Stop");
}

enum status verb_restart(struct ctl *ctl)
{
	return wish(ctl, INTERFACE_NAME ".Restart");
}

enum status verb_resume(struct ctl *ctl)
{
	struct json_object *parameters = subject_parse(ctl, false);

	if (!parameters)
		return STATUS_USAGE;
	return change(ctl, INTERFACE_NAME ".Resume", parameters, "resumed");
}
