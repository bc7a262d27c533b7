/* SPDX-License-Identifier: MIT */
/* field_document: the types whose values may hold secrets: documents of other programs, and
 * keys. What is wrong with one is said without its text. */
#include <string.h>

#include "lib/base/base64.h"
#include "lib/doc/json.h"
#include "lib/model/field_type.h"

static int complain(
    struct report *report, const struct node *at, const char *fix, const char *text)
{
	report_add(report, SEVERITY_ERROR, "bad-value", &at->place, "%s", text)->fix =
	    fix;
	return -1;
}

/* Documents */

bool document_is_text(const struct node *document)
{
	return document->type == NODE_SCALAR &&
	       (document->text[0] == '#' || strchr(document->text, '\n'));
}

static int document_take(
    const struct field *f, const struct node *node, void *value, struct report *report)
{
	if (node->type == NODE_MAP || (node->type == NODE_SCALAR && node->text[0])) {
		*(const struct node **)value = node;
		return 0;
	}
	return complain(report, node,
	    arena_printf(report->arena, "write it as in \"%s: %s\"", f->key, f->example),
	    arena_printf(report->arena, "%s must be %s: this is %s", f->key,
		field_expected(report->arena, f), node_what(node)));
}

static const char *document_text(
    struct arena *a, const struct field *f, const void *value)
{
	const struct node *node = *(const struct node *const *)value;

	(void)f;
	if (!node)
		return NULL;
	if (node->type == NODE_SCALAR && !document_is_text(node))
		return node->text;
	return arena_printf(
	    a, "written here, hash %016llx", (unsigned long long)node_hash(node));
}

static bool documents_equal(const void *x, const void *y)
{
	const struct node *const *a = x, *const *b = y;

	return node_hash(*a) == node_hash(*b);
}

static struct json_object *document_schema(const struct field *f)
{
	(void)f;
	return schema_either(schema_of("string", NULL), schema_of("object", NULL));
}

const struct field_ops field_document = {
	.secret = true,
	.take = document_take,
	.text = document_text,
	.equal = documents_equal,
	.schema = document_schema,
	.expects = "a file of cloud-init/, a map, or the text itself",
};

/* Keys */

bool text_is_private_key(const char *text)
{
	return strstr(text, "PRIVATE KEY") || strstr(text, "PuTTY-User-Key-File");
}

/* The length that a field of a key begins with; -1: it does not end within the key. */
static long field_length(const struct bytes *key, size_t at)
{
	const unsigned char *c = (const unsigned char *)key->data + at;
	size_t length;

	if (key->length - at < 4)
		return -1;
	length = (size_t)c[0] << 24 | (size_t)c[1] << 16 | (size_t)c[2] << 8 | c[3];
	return length <= key->length - at - 4 ? (long)length : -1;
}

/* The first field is the type once more, and the last one ends with the key (RFC 4253,
 * 6.6). Certificates hold numbers too. */
static bool is_whole(struct arena *a, const char *type, size_t type_length,
    const char *digits, size_t digit_count)
{
	struct bytes key;
	long length;

	if (base64_decode(a, arena_copy_n(a, digits, digit_count), &key))
		return false;
	length = field_length(&key, 0);
	if (length != (long)type_length || memcmp(key.data + 4, type, type_length) != 0)
		return false;
	for (size_t at = 0; at < key.length && !memmem(type, type_length, "-cert-", 6);
	     at += 4 + (size_t)length) {
		length = field_length(&key, at);
		if (length < 0)
			return false;
	}
	return true;
}

enum key_line { KEY_LINE, KEY_CUT, KEY_NONE };

/* A line of authorized_keys: options, maybe; type; base64; a comment, maybe. */
static enum key_line judge_line(struct arena *a, const char *text)
{
	static const char *const types[] = { "ssh-", "ecdsa-sha2-", "sk-ssh-",
		"sk-ecdsa-sha2-" };

	if (text_control(text, strlen(text), false) >= 0)
		return KEY_NONE;
	for (const char *word = text; word; word = strchr(word, ' ')) {
		word += strspn(word, " ");
		for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
			size_t length = strcspn(word, " ");
			const char *key = word + length + strspn(word + length, " ");

			if (strncmp(word, types[i], strlen(types[i])) == 0 &&
			    strncmp(key, "AAAA", 4) == 0)
				return is_whole(a, word, length, key, strcspn(key, " "))
					   ? KEY_LINE
					   : KEY_CUT;
		}
	}
	return KEY_NONE;
}

static int take_key(const struct field *f, const struct node *node, const char **out,
    struct report *report)
{
	enum key_line line =
	    node->type == NODE_SCALAR ? judge_line(report->arena, node->text) : KEY_NONE;

	if (node->type == NODE_SCALAR && text_is_private_key(node->text))
		return complain(report, node,
		    "write the public one, the line of its .pub file; whoever has read this file has the private one, so make a new pair with ssh-keygen",
		    arena_printf(report->arena,
			"%s has a private key, which stays where it was made", f->key));
	if (line == KEY_CUT)
		return complain(report, node,
		    "copy the whole line of the .pub file: nobody could log in with this",
		    arena_printf(report->arena,
			"%s has a key that is not whole, or was changed", f->key));
	if (line == KEY_NONE)
		return complain(report, node,
		    arena_printf(
			report->arena, "write it as in \"%s: %s\"", f->key, f->example),
		    arena_printf(report->arena,
			"%s must be a list of lines of .pub files: this is none",
			f->key));
	*out = node->text;
	return 0;
}

static int keys_take(
    const struct field *f, const struct node *node, void *value, struct report *report)
{
	struct texts *keys = value;
	struct node *const *items = node->type == NODE_LIST ? node->items : NULL;
	size_t count = items ? node->count : 1;
	const char **out = arena_array(report->arena, count, sizeof(*out));
	int bad = 0;

	for (size_t i = 0; i < count; i++)
		bad |= take_key(f, items ? items[i] : node, &out[i], report);
	*keys = (struct texts){ out, bad ? 0 : count };
	return bad;
}

static const char *keys_text(struct arena *a, const struct field *f, const void *value)
{
	const struct texts *keys = value;
	const char *text = "";

	(void)f;
	for (size_t i = 0; i < keys->count; i++)
		text = arena_printf(a, "%s%s%s", text, i ? ", " : "", keys->items[i]);
	return text;
}

static struct json_object *keys_json(const void *value)
{
	const struct texts *keys = value;
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < keys->count; i++)
		json_push_string(list, keys->items[i]);
	return list;
}

static struct json_object *keys_schema(const struct field *f)
{
	(void)f;
	return schema_list(schema_of("string", NULL));
}

const struct field_ops field_ssh_keys = {
	.secret = true,
	.take = keys_take,
	.text = keys_text,
	.json = keys_json,
	.schema = keys_schema,
	.expects = "a list of public SSH keys",
};
