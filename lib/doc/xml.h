/* SPDX-License-Identifier: MIT */
/*
 * xml: libvirt's documents: read, edit in place, write. Hides libxml2. No network, no
 * DTD, no entities, 4 MiB and libxml2's own depth limit. Editing touches only what is
 * named, so that addresses, UUIDs and elements we know nothing of survive.
 *
 * A path is element names joined by '/', from the element given: "devices/interface/mac".
 * A name without a prefix fits in any namespace, "p:name" only where the element has that
 * prefix.
 */
#ifndef LIB_DOC_XML_H
#define LIB_DOC_XML_H

#include <libxml/tree.h>

#include "lib/base/arena.h"
#include "lib/base/error.h"

#define XML_MAX_BYTES ((size_t)4 * 1024 * 1024)

/* Once, before a second thread that may use libxml2 is started (libvirt's client does).
 */
void xml_init(void);

/* NULL on error. Free with xml_free (NULL allowed). */
xmlDoc *xml_parse(const char *text, struct error *e);
void xml_free(xmlDoc *doc);
static inline void xml_cleanup(xmlDoc **doc)
{
	xml_free(*doc);
}
#define autoxml __attribute__((cleanup(xml_cleanup)))

xmlNode *xml_root(xmlDoc *doc);

/* First element at `path` below `from`, or NULL. */
xmlNode *xml_find(xmlNode *from, const char *path);
/* First child element of that name, and the next sibling element of the same name. */
xmlNode *xml_first(xmlNode *parent, const char *name);
xmlNode *xml_next(xmlNode *element);

/* Copies in the arena; NULL where there is none. `path` NULL or "" means `from` itself.
 */
const char *xml_attribute(
    struct arena *a, xmlNode *from, const char *path, const char *name);
const char *xml_content(struct arena *a, xmlNode *from, const char *path);

/* Finds or makes every element of the path, appending new ones last. Never NULL. */
xmlNode *xml_make(xmlNode *from, const char *path);
/* Appends a new element, even where one of that name exists. */
xmlNode *xml_append(xmlNode *parent, const char *name);
/* A NULL value removes the attribute. */
void xml_set_attribute(xmlNode *element, const char *name, const char *value);
/* Replaces everything inside by text, escaped as it needs to be. */
void xml_set_content(xmlNode *element, const char *text);
void xml_remove(xmlNode *element);

/*
 * The document (or one element) as text in the arena. The text is parsed once more before
 * it is handed out: libxml2's writer lets control bytes by, and what does not parse is
 * never sent. NULL on error.
 */
const char *xml_print(struct arena *a, xmlDoc *doc, struct error *e);
const char *xml_print_element(struct arena *a, xmlNode *element, struct error *e);

#endif
