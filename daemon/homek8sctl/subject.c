/* SPDX-License-Identifier: MIT */
/* subject: the object a command is about. */
#include "daemon/homek8sctl/subject.h"

#include <string.h>

#include "daemon/homek8sctl/client.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/doc/json.h"
#include "lib/model/kind.h"
#include "lib/view/interface.h"

/* "network, reservation, vm" */
static const char *all_kinds(struct ctl *ctl)
{
	const char *text = "";

	for (size_t i = 0; i < kind_count; i++)
		if (kinds[i]->plan)
			text = arena_printf(&ctl->arena, "%s%s%s", text,
			    *text ? ", " : "", kinds[i]->name);
	return text;
}

void subject_no_kind(struct ctl *ctl, const char *kind)
{
	const char **words = arena_array(&ctl->arena, 2 * kind_count + 1, sizeof(*words));
	const char *nearest;
	size_t count = 0;

	for (size_t i = 0; i < kind_count; i++)
		if (kinds[i]->plan) {
			words[count++] = kinds[i]->name;
			words[count++] = kinds[i]->plural;
		}
	kind = text_clean(&ctl->arena, kind, 60);
	nearest = nearest_word(kind, words);
	if (nearest)
		say("there is no kind \"%s\"; did you mean %s?", kind, nearest);
	else
		say("there is no kind \"%s\"; it must be one of %s", kind,
		    all_kinds(ctl));
}

/* "vm/worker-1", or the same in two words. NULL: there is no argument. */
static const char *argument_of(struct ctl *ctl)
{
	if (ctl->count < 2)
		return ctl->count ? ctl->arguments[0] : NULL;
	return arena_printf(&ctl->arena, "%s/%s", ctl->arguments[0], ctl->arguments[1]);
}

static void not_a_name(struct ctl *ctl, const char *argument)
{
	const char *verb = ctl->command->name;
	char *word =
	    argument ? arena_copy_n(&ctl->arena, argument, strcspn(argument, "/")) : NULL;
	const struct kind *kind = word ? kind_find(word) : NULL;

	if (kind)
		say("%s: which %s? Expected KIND/NAME; `homek8sctl list %s` shows them",
		    verb, kind->name, kind->plural);
	else if (!argument)
		say("%s: of what? Expected KIND/NAME, as in vm/worker-1; `homek8sctl list` shows all",
		    verb);
	else
		say("%s: expected KIND/NAME, as in vm/%s, not %s; `homek8sctl list` shows all",
		    verb, name_is_label(argument) ? argument : "worker-1",
		    text_clean(&ctl->arena, argument, 60));
}

struct json_object *subject_parse(struct ctl *ctl, bool needed)
{
	struct json_object *parameters;
	const char *argument = argument_of(ctl);
	const char *slash = argument ? strchr(argument, '/') : NULL;
	char *kind;

	if (!argument && !needed)
		return json_object_new_object();
	if (!slash || slash == argument || slash[1] == '\0') {
		not_a_name(ctl, argument);
		return NULL;
	}
	kind = arena_copy_n(&ctl->arena, argument, (size_t)(slash - argument));
	if (!kind_find(kind)) {
		subject_no_kind(ctl, kind);
		return NULL;
	}
	parameters = json_object_new_object();
	json_put_string(parameters, "kind", kind);
	json_put_string(parameters, "name", slash + 1);
	return parameters;
}

struct json_object *subject_resolve(struct ctl *ctl, enum status *status)
{
	autojson struct json_object *parameters = subject_parse(ctl, true),
				    *object = NULL;

	*status = STATUS_USAGE;
	if (!parameters)
		return NULL;
	*status = client_ask(ctl, INTERFACE_NAME ".Describe", parameters, &object);
	if (*status != STATUS_YES)
		return NULL;
	json_put_string(parameters, "name", json_string_at(object, "name"));
	json_put_string(parameters, "key", json_string_at(object, "key"));
	return json_object_get(parameters);
}
