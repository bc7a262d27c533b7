/* SPDX-License-Identifier: MIT */
/* verbs_approve: shows what waits for approval and approves exactly what was shown: the
 * daemon is sent the hash of it, and refuses when it has become another change. */
#include <string.h>

#include "daemon/homek8sctl/client.h"
#include "daemon/homek8sctl/output.h"
#include "daemon/homek8sctl/render.h"
#include "daemon/homek8sctl/subject.h"
#include "daemon/homek8sctl/verbs.h"
#include "daemon/homek8sctl/words.h"
#include "lib/doc/json.h"
#include "lib/model/kind.h"
#include "lib/view/interface.h"

/* `approval` has kind, name and hash. */
static enum status approve(struct ctl *ctl, struct json_object *approval)
{
	autojson struct json_object *with = json_object_new_object(), *reply = NULL;
	enum status status;

	json_put_string(with, "kind", json_string_at(approval, "kind"));
	json_put_string(with, "name", json_string_at(approval, "name"));
	json_put_string(with, "hash", json_string_at(approval, "hash"));
	status = client_ask_or(
	    ctl, INTERFACE_NAME ".Approve", with, ERROR_APPROVAL_CHANGED, &reply);
	if (status == STATUS_YES) {
		say("%s: approved", object_name(ctl, with));
	} else if (status == STATUS_NO) {
		say("it has changed meanwhile; nothing was approved; now it is:");
		render_approval(ctl, reply);
		status = STATUS_ERROR;
	}
	return status;
}

/* By its name as shown, or by its full one. */
static bool is_of(struct json_object *approval, const struct kind *kind, const char *name)
{
	const char *its_kind = json_string_at(approval, "kind");
	const char *its_name = json_string_at(approval, "name");
	const char *its_key = json_string_at(approval, "key");
	size_t kind_length = strlen(kind->name);

	if (!its_kind || !its_name || strcmp(its_kind, kind->name) != 0)
		return false;
	if (its_key && strlen(its_key) > kind_length &&
	    strcmp(its_key + kind_length + 1, name) == 0)
		return true;
	return strcmp(its_name, name) == 0;
}

/* What waits for the object is shown and approved. Where nothing does the daemon says so:
 * it knows whether there is such an object. */
static enum status approve_object(
    struct ctl *ctl, struct json_object *subject, struct json_object *approvals)
{
	const struct kind *kind = kind_find(json_string_at(subject, "kind"));
	const char *name = json_string_at(subject, "name");
	enum status status = STATUS_YES;
	bool any = false;

	for (size_t i = 0; status == STATUS_YES && i < json_count(approvals); i++) {
		struct json_object *approval = json_item(approvals, i);

		if (!is_of(approval, kind, name))
			continue;
		any = true;
		render_approval(ctl, approval);
		status = approve(ctl, approval);
	}
	if (any)
		return status;
	json_put_string(subject, "hash", "none");
	return approve(ctl, subject);
}

static enum status approve_all(struct ctl *ctl, struct json_object *approvals)
{
	enum status status = STATUS_YES, one;

	for (size_t i = 0; i < json_count(approvals); i++) {
		render_approval(ctl, json_item(approvals, i));
		one = approve(ctl, json_item(approvals, i));
		status = one > status ? one : status;
	}
	return status;
}

enum status verb_approve(struct ctl *ctl)
{
	autojson struct json_object *subject = subject_parse(ctl, false), *plan = NULL;
	struct json_object *approvals;
	enum status status;

	if (!subject)
		return STATUS_USAGE;
	if (ctl->count > 0 && ctl->options.all) {
		say("approve: either KIND/NAME or --all");
		return STATUS_USAGE;
	}
	status = client_ask(ctl, INTERFACE_NAME ".Plan", NULL, &plan);
	approvals = json_at(plan, "approvals");
	if (status != STATUS_YES)
		return status;
	if (ctl->count > 0)
		return approve_object(ctl, subject, approvals);
	if (json_count(approvals) == 0)
		say("nothing waits for approval");
	if (ctl->options.all)
		return approve_all(ctl, approvals);
	json_object_object_del(plan, "steps");
	json_object_object_del(plan, "others");
	output(ctl, plan, "approvals", render_approvals);
	return STATUS_YES;
}
