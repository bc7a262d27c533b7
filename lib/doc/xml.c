/* SPDX-License-Identifier: MIT */
/* xml: reading, finding, editing and writing over libxml2's tree. */
#include "lib/doc/xml.h"

#include <libxml/parser.h>
#include <libxml/xmlerror.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* BIG_LINES: lines past 65535 keep their number in errors. */
#define PARSE_FLAGS (XML_PARSE_NONET | XML_PARSE_BIG_LINES)

struct reading { /* hangs on the parser while it reads */
	struct error *e;
	bool failed; /* e has the first error; what follows from it is not reported */
	bool refused;
};

static const xmlChar *in(const char *text)
{
	return (const xmlChar *)text;
}

static void *made(void *p)
{
	if (!p)
		abort();
	return p;
}

#define INVALID "a character that is no UTF-8, or that XML does not have"

/* What may be said: libxml2's own messages quote the text, which may hold a secret. */
static const struct {
	int code;
	const char *text;
} faults[] = {
	{ XML_ERR_DOCUMENT_EMPTY, "it does not begin with an element" },
	{ XML_ERR_DOCUMENT_END, "more follows after its end" },
	{ XML_ERR_TAG_NAME_MISMATCH, "an element ends under another name" },
	{ XML_ERR_TAG_NOT_FINISHED, "an element does not end" },
	{ XML_ERR_GT_REQUIRED, "a tag does not end" },
	{ XML_ERR_NAME_REQUIRED, "a name is missing" },
	{ XML_ERR_ATTRIBUTE_WITHOUT_VALUE, "an attribute has no value" },
	{ XML_ERR_ATTRIBUTE_NOT_STARTED, "the value of an attribute has no quotes" },
	{ XML_ERR_ATTRIBUTE_REDEFINED, "an attribute stands there twice" },
	{ XML_ERR_LT_IN_ATTRIBUTE, "a value has an unescaped <" },
	{ XML_ERR_UNDECLARED_ENTITY, "an entity that is not defined" },
	{ XML_ERR_INVALID_CHAR, INVALID },
	{ XML_ERR_INVALID_ENCODING, INVALID },
};

static const char *fault_text(int code, const char *message)
{
	/* Its code is another one in each release. */
	if (message && strncmp(message, "Excessive depth", 15) == 0)
		return "excessive depth";
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (faults[i].code == code)
			return faults[i].text;
	return "it is not well-formed";
}

static void on_error(void *context, const xmlError *error)
{
	struct reading *reading = ((xmlParserCtxt *)context)->_private;

	if (error->code == XML_ERR_NO_MEMORY)
		abort();
	if (reading->failed || error->level < XML_ERR_ERROR)
		return;
	reading->failed = true;
	fail(reading->e, "XML, line %d: %s", error->line,
	    fault_text(error->code, error->message));
}

/* Called at "<!DOCTYPE": stops before any entity is declared, let alone expanded. */
static void on_doctype(
    void *context, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
	xmlParserCtxt *parser = context;
	struct reading *reading = parser->_private;

	(void)name;
	(void)external;
	(void)system;
	if (!reading->failed)
		fail(reading->e, "XML: a document type declaration is not supported");
	reading->failed = reading->refused = true;
	xmlStopParser(parser);
}

void xml_init(void)
{
	xmlInitParser();
}

xmlDoc *xml_parse(const char *text, struct error *e)
{
	size_t length = strnlen(text, XML_MAX_BYTES + 1);
	struct reading reading = { .e = e };
	xmlParserCtxt *parser;
	xmlDoc *doc;

	if (length > XML_MAX_BYTES) {
		fail(e, "XML: more than the %zu bytes allowed", XML_MAX_BYTES);
		return NULL;
	}
	parser = made(xmlNewParserCtxt());
	parser->_private = &reading;
	parser->sax->internalSubset = on_doctype;
	/* The cast is for libxml2 before 2.12, whose handlers took no const. */
	parser->sax->serror = (xmlStructuredErrorFunc)on_error;
	doc = xmlCtxtReadMemory(parser, text, (int)length, NULL, "UTF-8", PARSE_FLAGS);
	xmlFreeParserCtxt(parser);
	if (doc && xmlDocGetRootElement(doc) && !reading.refused)
		return doc;
	if (!reading.failed)
		fail(e, "XML: there is no element in it");
	xml_free(doc);
	return NULL;
}

void xml_free(xmlDoc *doc)
{
	xmlFreeDoc(doc);
}

xmlNode *xml_root(xmlDoc *doc)
{
	return xmlDocGetRootElement(doc);
}

/* `name` is as long as given; with a prefix it must be the element's own. */
static bool is_named(const xmlNode *node, const char *name, size_t length)
{
	const char *own = (const char *)node->name;
	const char *prefix = node->ns ? (const char *)node->ns->prefix : NULL;
	size_t before = prefix ? strlen(prefix) : 0;

	if (node->type != XML_ELEMENT_NODE)
		return false;
	if (strlen(own) == length && memcmp(own, name, length) == 0)
		return true;
	return prefix && length == before + 1 + strlen(own) &&
	       memcmp(name, prefix, before) == 0 && name[before] == ':' &&
	       memcmp(name + before + 1, own, strlen(own)) == 0;
}

static xmlNode *first_named(xmlNode *node, const char *name, size_t length)
{
	while (node && !is_named(node, name, length))
		node = node->next;
	return node;
}

xmlNode *xml_first(xmlNode *parent, const char *name)
{
	return parent ? first_named(parent->children, name, strlen(name)) : NULL;
}

xmlNode *xml_next(xmlNode *element)
{
	const char *name = (const char *)element->name;

	return first_named(element->next, name, strlen(name));
}

xmlNode *xml_find(xmlNode *from, const char *path)
{
	size_t length = strcspn(path, "/");
	xmlNode *found;

	if (!from || !*path)
		return from;
	for (xmlNode *child = first_named(from->children, path, length); child;
	     child = first_named(child->next, path, length)) {
		found = path[length] ? xml_find(child, path + length + 1) : child;
		if (found)
			return found;
	}
	return NULL;
}

/* Takes libxml2's copy over into the arena. */
static const char *keep(struct arena *a, xmlChar *text)
{
	const char *copy = arena_copy(a, (const char *)text);

	xmlFree(text);
	return copy;
}

const char *xml_attribute(
    struct arena *a, xmlNode *from, const char *path, const char *name)
{
	xmlNode *node = xml_find(from, path ? path : "");

	return node ? keep(a, xmlGetNoNsProp(node, in(name))) : NULL;
}

const char *xml_content(struct arena *a, xmlNode *from, const char *path)
{
	xmlNode *node = xml_find(from, path ? path : "");

	return node ? keep(a, xmlNodeGetContent(node)) : NULL;
}

static xmlNode *append_named(xmlNode *parent, const char *name, size_t length)
{
	xmlChar *copy = made(xmlStrndup(in(name), (int)length));
	xmlNode *child = made(xmlNewDocNode(parent->doc, NULL, copy, NULL));

	xmlFree(copy);
	return made(xmlAddChild(parent, child));
}

xmlNode *xml_append(xmlNode *parent, const char *name)
{
	return append_named(parent, name, strlen(name));
}

xmlNode *xml_make(xmlNode *from, const char *path)
{
	while (*path) {
		size_t length = strcspn(path, "/");
		xmlNode *child = first_named(from->children, path, length);

		from = child ? child : append_named(from, path, length);
		path += length + (path[length] == '/');
	}
	return from;
}

void xml_set_attribute(xmlNode *element, const char *name, const char *value)
{
	if (value)
		made(xmlSetProp(element, in(name), in(value)));
	else
		xmlUnsetProp(element, in(name));
}

void xml_set_content(xmlNode *element, const char *text)
{
	/* xmlNodeSetContent() would take '&' for the start of an entity. */
	xmlNodeSetContent(element, NULL);
	xmlNodeAddContent(element, in(text));
}

void xml_remove(xmlNode *element)
{
	xmlUnlinkNode(element);
	xmlFreeNode(element);
}

/* Hands out what was written only if it can be read again. */
static const char *proved(struct arena *a, const xmlChar *text, struct error *e)
{
	autoxml xmlDoc *again = xml_parse((const char *)text, e);

	if (!again) {
		fail_in(e, "the XML to be sent does not parse");
		return NULL;
	}
	return arena_copy(a, (const char *)text);
}

const char *xml_print(struct arena *a, xmlDoc *doc, struct error *e)
{
	xmlChar *text = NULL;
	const char *copy;
	int length;

	xmlDocDumpMemoryEnc(doc, &text, &length, "UTF-8");
	copy = proved(a, made(text), e);
	xmlFree(text);
	return copy;
}

const char *xml_print_element(struct arena *a, xmlNode *element, struct error *e)
{
	autoxml xmlDoc *doc = made(xmlNewDoc(in("1.0")));
	xmlBuffer *buffer = made(xmlBufferCreate());
	const char *copy;

	/* A copy brings the namespaces along that are declared further up. */
	xmlDocSetRootElement(doc, made(xmlDocCopyNode(element, doc, 1)));
	if (xmlNodeDump(buffer, doc, xmlDocGetRootElement(doc), 0, 0) < 0)
		abort();
	copy = proved(a, xmlBufferContent(buffer), e);
	xmlBufferFree(buffer);
	return copy;
}
