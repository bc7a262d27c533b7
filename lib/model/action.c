/* SPDX-License-Identifier: MIT */
/* action: calls are copied where they outlive the engine's own. */
#include "lib/model/action.h"

#include <string.h>

struct call call_copy(struct arena *a, const struct call *call)
{
	struct call copy = *call;

	copy.target = arena_copy(a, call->target);
	copy.text = arena_copy(a, call->text);
	copy.document = arena_copy(a, call->document);
	if (call->arguments) {
		void *arguments = arena_alloc(a, call->action->size);

		memcpy(arguments, call->arguments, call->action->size);
		if (call->action->keep)
			call->action->keep(a, arguments);
		copy.arguments = arguments;
	}
	return copy;
}
