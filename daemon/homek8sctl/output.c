/* SPDX-License-Identifier: MIT */
/* output: the formats that are the same for every command. */
#include "daemon/homek8sctl/output.h"

#include <stdio.h>

#include "daemon/homek8sctl/words.h"
#include "lib/doc/json.h"

static void print_names(struct ctl *ctl, struct json_object *reply, const char *names)
{
	struct json_object *list = names ? json_at(reply, names) : NULL;

	if (!names)
		fprintf(ctl->out, "%s\n", object_name(ctl, reply));
	for (size_t i = 0; i < json_count(list); i++) {
		const char *name = object_name(ctl, json_item(list, i));

		/* Not every event is about an object. */
		if (*name)
			fprintf(ctl->out, "%s\n", name);
	}
}

void output(struct ctl *ctl, struct json_object *reply, const char *names,
    void (*text)(struct ctl *ctl, struct json_object *reply))
{
	switch (ctl->options.output) {
	case OUTPUT_TABLE:
	case OUTPUT_WIDE:
		text(ctl, reply);
		break;
	case OUTPUT_JSON:
		puts(ctl->options.watch ? json_text(reply) : json_pretty(reply));
		break;
	case OUTPUT_YAML:
		if (ctl->options.watch)
			puts("---");
		yaml_print(reply);
		break;
	case OUTPUT_NAME:
		print_names(ctl, reply, names);
		break;
	}
}
