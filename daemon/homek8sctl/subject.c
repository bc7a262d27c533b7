/* SPDX-License-Identifier: MIT */
/* subject: the object a command is about. */
#include "daemon/homek8sctl/subject.h"

#include <string.h>

#include "lib/base/text.h"
#include "lib/doc/json.h"
#include "lib/model/kind.h"

/* Says that there is no such kind, and which one may have been meant. */
static void complain(struct ctl *ctl, const char *kind)
{
	const char **words = arena_array(&ctl->arena, kind_count + 1, sizeof(*words));
	const char *nearest;

	for (size_t i = 0; i < kind_count; i++)
		words[i] = kinds[i]->name;
	nearest = nearest_word(kind, words);
	if (nearest)
		say("there is no kind \"%s\"; did you mean %s?", kind, nearest);
	else
		say("there is no kind \"%s\"; see `homek8sctl list`", kind);
}

struct json_object *subject_parse(struct ctl *ctl, bool needed)
{
	struct json_object *parameters;
	const char *argument = ctl->count > 0 ? ctl->arguments[0] : NULL;
	const char *slash = argument ? strchr(argument, '/') : NULL;
	char *kind;

	if (!argument && !needed)
		return json_object_new_object();
	if (!slash || slash == argument || slash[1] == '\0') {
		say("%s: expected KIND/NAME, as in vm/worker-1%s%s", ctl->command->name,
		    argument ? ", not " : "", argument ? argument : "");
		return NULL;
	}
	kind = arena_copy_n(&ctl->arena, argument, (size_t)(slash - argument));
	if (!kind_find(kind)) {
		complain(ctl, kind);
		return NULL;
	}
	parameters = json_object_new_object();
	json_put_string(parameters, "kind", kind);
	json_put_string(parameters, "name", slash + 1);
	return parameters;
}
