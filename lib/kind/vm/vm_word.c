/* SPDX-License-Identifier: MIT */
/* vm_word: quoting for a shell and for YAML. */
#include "lib/kind/vm/vm_word.h"

#include <string.h>

#include "lib/base/text.h"

#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.+@-"

static bool is_plain(const char *name)
{
	return name[0] && !name[strspn(name, PLAIN)];
}

const char *vm_word(struct arena *a, const char *name)
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
