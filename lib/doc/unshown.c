/* SPDX-License-Identifier: MIT */
/* unshown: words that speak of secrets, and a bit for each line. */
#include "lib/doc/unshown.h"

#include <ctype.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/doc/node.h"

/* As letters and digits alone, in lower case: "PRIVATE KEY", "api-key", "passWord". */
static const char *const words[] = { "passw", "passphrase", "pwd", "secret", "token",
	"privatekey", "credential", "apikey", NULL };

/* Words */

/* Whether the letters and digits of the text at `i` are those of the word. */
static bool begins(const char *text, size_t length, size_t i, const char *word)
{
	for (; i < length && *word; i++) {
		if (!isalnum((unsigned char)text[i]))
			continue;
		while (*word && !isalnum((unsigned char)*word))
			word++;
		if (*word != tolower((unsigned char)text[i]))
			return false;
		word++;
	}
	return !*word;
}

static bool has_word(const char *text, size_t length, const char *const *list)
{
	for (size_t i = 0; i < length; i++)
		for (size_t k = 0; list[k]; k++)
			if (list[k][0] == tolower((unsigned char)text[i]) &&
			    begins(text, length, i, list[k]))
				return true;
	return false;
}

/* "https://me:hunter2@host/", "me:hunter2@host", "https://token@host". */
static bool has_login(const char *text, size_t length)
{
	bool colon = false;

	if (!memchr(text, '@', length))
		return false;
	for (size_t i = 0; i < length; i++) {
		if (strchr(" \t\"',", text[i]))
			colon = false;
		else if (text[i] == ':')
			colon = true;
		else if (text[i] == '@' && colon)
			return true;
	}
	return false;
}

bool unshown_is_name(const struct unshown *u, const char *text)
{
	size_t prefix = u && u->keys->names ? strlen(u->keys->names) : 0;

	if (!prefix || strncmp(text, u->keys->names, prefix) != 0)
		return false;
	while (isalnum((unsigned char)*text) || (*text && strchr("._/-", *text)))
		text++;
	return !*text;
}

bool unshown_text(const char *text, size_t length)
{
	return has_word(text, length, words) || has_login(text, length);
}

static bool is_in(const char *key, const char *const *list)
{
	for (size_t i = 0; list[i]; i++)
		if (strcmp(key, list[i]) == 0)
			return true;
	return false;
}

/* However it is spelled. Most keys are too short to be any of them. */
static bool is_like(const char *key, const char *const *list)
{
	size_t length = strlen(key);

	return length > 5 && (has_word(key, length, list) || nearest_word(key, list));
}

enum unshown_value unshown_value(const struct unshown *u, const char *key, bool in_holder)
{
	if (has_word(key, strlen(key), words))
		return VALUE_UNSHOWN;
	if (u && in_holder)
		return is_in(key, u->keys->open) ? VALUE_SHOWN : VALUE_UNSHOWN;
	if (u && is_like(key, u->keys->holders))
		return VALUE_HOLDER;
	return u && is_like(key, u->keys->keys) ? VALUE_UNSHOWN : VALUE_SHOWN;
}

/* Lines */

static size_t count_lines(const struct source_text *source)
{
	size_t count = 1;

	for (size_t i = 0; i < source->length; i++)
		count += source->text[i] == '\n';
	return count;
}

void unshown_add(
    struct unshown *u, const struct source_text *source, unsigned first, unsigned last)
{
	if (!u)
		return;
	if (!u->count) {
		u->count = count_lines(source);
		u->lines = arena_alloc(u->arena, u->count / 8 + 1);
	}
	for (size_t line = first; line <= last && line <= u->count; line++)
		u->lines[(line - 1) / 8] |= (uint8_t)(1 << (line - 1) % 8);
}

/* What is known so far of lines that nobody has parsed. */
struct rest {
	const struct unshown *u;
	bool secret; /* a line before has something that may be one */
	size_t
	    holder; /* how far the key is indented that holds this line, and 1; 0: none */
};

/* A file's name stands in place of what may be a secret. */
static bool names_file(const struct unshown *u, const char *text, size_t length)
{
	const char *names = u->keys->names;

	return names && memmem(text, length, names, strlen(names));
}

static bool is_below_any(struct rest *r, const char *text, size_t length)
{
	size_t indent = 0;

	while (indent < length && text[indent] == ' ')
		indent++;
	if (indent < length && text[indent] != '\r' && indent + 1 <= r->holder)
		r->holder = 0;
	if (unshown_text(text, length) ||
	    (has_word(text, length, r->u->keys->keys) && !names_file(r->u, text, length)))
		r->secret = true;
	if (!r->holder && has_word(text, length, r->u->keys->holders) &&
	    !names_file(r->u, text, length))
		r->holder = indent + 1;
	return r->secret || r->holder;
}

void unshown_add_rest(struct unshown *u, const struct source_text *source, unsigned first)
{
	struct rest r = { .u = u };
	const char *at = source->text, *end = at + source->length;

	for (unsigned line = 1; u && at < end; line++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t length = (size_t)((newline ? newline : end) - at);

		if (is_below_any(&r, at, length) && line >= first)
			unshown_add(u, source, line, line);
		at += length + 1;
	}
}

bool unshown_line(
    const struct source_text *source, unsigned line, const char *text, size_t length)
{
	const struct unshown *u = source->unshown;

	if (u && line && line <= u->count &&
	    u->lines[(line - 1) / 8] >> (line - 1) % 8 & 1)
		return true;
	return unshown_text(text, length);
}
