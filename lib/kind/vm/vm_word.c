/* SPDX-License-Identifier: MIT */
/* vm_word: quoting for a shell and for YAML. */
#include "lib/kind/vm/vm_word.h"

#include <string.h>

#include "lib/base/text.h"
#include "lib/kind/vm/vm.h"

#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.+@-"

static bool is_plain(const char *name)
{
	return name[0] && !name[strspn(name, PLAIN)];
}

const char *vm_word(struct planner *p, const char *name)
{
	bool number = name[0] && !name[strspn(name, "0123456789")];
	const struct observed *domain =
	    number ? planner_observed(p, &vm_kind, name) : NULL;
	const struct vm *vm =
	    !domain ? NULL
		    : (const struct vm *)(domain->config ? domain->config : domain->live);

	return vm_shell_word(p->arena, vm && vm->uuid ? vm->uuid : name);
}

const char *vm_shell_word(struct arena *a, const char *name)
{
	const char *option = name[0] == '-' ? "--domain=" : "";
	autotext struct text text = { 0 };

	if (is_plain(name) && !option[0])
		return name;
	text_add(&text, "%s'", option);
	for (const char *c = name; *c; c++)
		text_add(&text, *c == '\'' ? "'\\''" : "%c", *c);
	text_add(&text, "'");
	return arena_copy(a, text_get(&text));
}

const char *vm_yaml_word(struct arena *a, const char *name)
{
	autotext struct text text = { 0 };
	const char first = name[0];

	if (is_plain(name) &&
	    ((first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z')))
		return name;
	text_add(&text, "\"");
	for (const char *c = name; *c; c++)
		text_add(&text, strchr("\"\\", *c) ? "\\%c" : "%c", *c);
	text_add(&text, "\"");
	return arena_copy(a, text_get(&text));
}
