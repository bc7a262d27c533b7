/* SPDX-License-Identifier: MIT */
/* api_path: segments between slashes, and where they stand. */
#include "lib/wire/api_path.h"

#include <string.h>

#define MAX_SEGMENTS 8

struct segments {
	const char *at[MAX_SEGMENTS];
	size_t length[MAX_SEGMENTS];
	size_t count;
};

static bool split(const char *path, struct segments *s)
{
	*s = (struct segments){ 0 };
	while (*path == '/') {
		size_t length = strcspn(++path, "/?");

		if (length == 0 || s->count == MAX_SEGMENTS)
			return false;
		s->at[s->count] = path;
		s->length[s->count++] = length;
		path += length;
	}
	return *path == '\0' || *path == '?';
}

static bool is(const struct segments *s, size_t i, const char *text)
{
	return i < s->count && s->length[i] == strlen(text) &&
	       strncmp(s->at[i], text, s->length[i]) == 0;
}

static const char *segment(struct arena *a, const struct segments *s, size_t i)
{
	return i < s->count ? arena_copy_n(a, s->at[i], s->length[i]) : NULL;
}

/* The path's beginning, to the end of segment `last`. */
static const char *up_to(struct arena *a, const struct segments *s, size_t last)
{
	const char *begin = s->at[0] - 1;

	return arena_copy_n(a, begin, (size_t)(s->at[last] + s->length[last] - begin));
}

bool api_path_read(struct arena *a, const char *path, struct api_path *out)
{
	struct segments s;
	size_t root, resource;

	*out = (struct api_path){ 0 };
	if (!split(path, &s) || (!is(&s, 0, "api") && !is(&s, 0, "apis")))
		return false;
	resource = root = is(&s, 0, "api") ? 2 : 3;
	/* "namespaces/b" alone is the object of that name. */
	if (is(&s, root, "namespaces") && s.count > root + 2)
		resource = root + 2;
	if (s.count <= resource || s.count > resource + 3)
		return false;
	out->object = up_to(a, &s, s.count > resource + 1 ? resource + 1 : resource);
	out->collection = out->everywhere = up_to(a, &s, resource);
	out->resource = segment(a, &s, resource);
	out->name = segment(a, &s, resource + 1);
	out->subresource = segment(a, &s, resource + 2);
	if (resource == root)
		return true;
	out->space = segment(a, &s, root + 1);
	out->everywhere = arena_printf(a, "%s/%s", up_to(a, &s, root - 1), out->resource);
	return true;
}

const char *api_path_text(struct arena *a, const char *path)
{
	struct api_path parts;

	if (!api_path_read(a, path, &parts))
		return arena_copy(a, path);
	if (!parts.space)
		return parts.resource;
	return arena_printf(a, "%s in %s", parts.resource, parts.space);
}
