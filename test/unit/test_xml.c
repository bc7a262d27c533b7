/* SPDX-License-Identifier: MIT */
/* Unit tests of xml: refusals, finding, editing in place, and the proof before sending.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/doc/xml.h"

#include <check.h>

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

static const char domain[] =
    "<domain type='kvm' id='3'>\n"
    "  <name>worker-1</name>\n"
    "  <metadata>\n"
    "    <o:object xmlns:o='urn:ours' name='worker-1'/>\n"
    "    <foreign xmlns='urn:theirs'><name>not this</name></foreign>\n"
    "  </metadata>\n"
    "  <description>a &lt;b&gt; &amp; c</description>\n"
    "  <devices>\n"
    "    <!-- kept -->\n"
    "    <interface type='user'/>\n"
    "    <interface type='network'>\n"
    "      <mac address='52:54:00:12:34:56'/>\n"
    "      <address type='pci' bus='0x01'/>\n"
    "    </interface>\n"
    "    <disk/>\n"
    "    <interface type='bridge'/>\n"
    "  </devices>\n"
    "</domain>\n";

static const struct refusal_row {
	const char *what, *text, *says;
} refusal_rows[] = {
	{ "empty", "", "XML" },
	{ "no XML", "worker-1", "XML, line 1: it does not begin with an element" },
	{ "not closed", "<a>\n<b>\n</a>",
	    "XML, line 3: an element ends under another name" },
	{ "cut", "<a><b", "XML, line 1: " },
	{ "two roots", "<a/>\n<b/>", "XML, line 2: more follows after its end" },
	{ "unknown entity", "<a>&x;</a>", "XML, line 1: an entity that is not defined" },
	{ "a DTD", "<!DOCTYPE a><a/>", "XML: a document type declaration" },
	{ "entities that multiply",
	    "<!DOCTYPE a [<!ENTITY b \"xxxxxxxxxx\"><!ENTITY c "
	    "\"&b;&b;&b;&b;&b;&b;&b;&b;\">"
	    "<!ENTITY d \"&c;&c;&c;&c;&c;&c;&c;&c;\">]><a x='&d;'>&d;</a>",
	    "XML: a document type declaration" },
	{ "a file asked for",
	    "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/hostname\">]><a>&b;</a>",
	    "XML: a document type declaration" },
	{ "an outer DTD", "<!DOCTYPE a SYSTEM \"http://127.0.0.1:1/a.dtd\"><a/>",
	    "XML: a document type declaration" },
	{ "no UTF-8", "<a>\xff</a>", "XML, line 1: a character that is no UTF-8" },
	{ "no UTF-8, whatever it says",
	    "<?xml version='1.0' encoding='latin1'?><a>\xff</a>",
	    "XML, line 1: a character that is no UTF-8" },
	{ "control byte", "<a>\x01</a>", "XML, line 1: " },
	{ "control byte as a reference", "<a>&#1;</a>", "XML, line 1: " },
	{ "an attribute twice", "<a b='1' b='2'/>",
	    "XML, line 1: an attribute stands there twice" },
	{ "an attribute without quotes", "<a b=1/>",
	    "XML, line 1: the value of an attribute has no quotes" },
	{ "a secret as an attribute", "<a hunter2/>",
	    "XML, line 1: an attribute has no value" },
	{ "a secret as an element", "<a><hunter2>x</b></a>",
	    "XML, line 1: an element ends under another name" },
	{ "a secret as an entity", "<a b='&hunter2;'/>",
	    "XML, line 1: an entity that is not defined" },
};

START_TEST(refusals)
{
	const struct refusal_row *row = &refusal_rows[_i];
	struct error e = { "" };
	autoxml xmlDoc *doc = xml_parse(row->text, &e);

	ck_assert_msg(!doc, "%s: accepted", row->what);
	ck_assert_msg(!strstr(e.text, "hunter2"), "%s: %s", row->what, e.text);
	ck_assert_msg(strncmp(e.text, row->says, strlen(row->says)) == 0, "%s: %s",
	    row->what, e.text);
}
END_TEST

/* `count` pieces between head and tail; freed by the caller. */
static char *repeated(const char *head, const char *piece, size_t count, const char *tail)
{
	size_t length = strlen(piece), used = strlen(head);
	char *text = malloc(used + length * count + strlen(tail) + 1);

	memcpy(text, head, used);
	for (size_t i = 0; i < count; i++, used += length)
		memcpy(text + used, piece, length);
	memcpy(text + used, tail, strlen(tail) + 1);
	return text;
}

START_TEST(size_and_depth_are_capped)
{
	autofree char *large = repeated("<a>", "x", XML_MAX_BYTES, "</a>");
	autofree char *fits = repeated("<a>", "<b/>", XML_MAX_BYTES / 4 - 2, "</a>");
	autofree char *deep = repeated("", "<a>", 100000, "");
	struct error e = { "" };
	autoxml xmlDoc *doc = xml_parse(fits, &e);

	ck_assert_msg(doc, "%s", e.text);
	ck_assert_ptr_null(xml_parse(large, &e));
	ck_assert_ptr_nonnull(strstr(e.text, "more than the 4194304 bytes"));
	ck_assert_ptr_null(xml_parse(deep, &e));
	ck_assert_ptr_nonnull(strstr(e.text, "depth"));
}
END_TEST

/* libxml2 likes to talk to stderr; nothing of it may reach the journal. */
START_TEST(nothing_is_printed)
{
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO);

	ck_assert_ptr_nonnull(file);
	dup2(fileno(file), STDERR_FILENO);
	for (int i = 0; i < ROWS(refusal_rows); i++)
		ck_assert_ptr_null(xml_parse(refusal_rows[i].text, NULL));
	xml_free(xml_parse("<a:b/>", NULL));
	dup2(saved, STDERR_FILENO);
	close(saved);
	ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
	ck_assert_int_eq(ftell(file), 0);
	fclose(file);
}
END_TEST

static const struct find_row {
	const char *what, *path, *attribute, *want;
} find_rows[] = {
	{ "the element itself", "", "type", "kvm" },
	{ "no path", NULL, "id", "3" },
	{ "a child's text", "name", NULL, "worker-1" },
	{ "deeper, in the second of several", "devices/interface/mac", "address",
	    "52:54:00:12:34:56" },
	{ "the first of several", "devices/interface", "type", "user" },
	{ "escapes are undone", "description", NULL, "a <b> & c" },
	{ "any namespace", "metadata/object", "name", "worker-1" },
	{ "a prefix", "metadata/o:object", "name", "worker-1" },
	{ "another prefix", "metadata/p:object", "name", NULL },
	{ "no such element", "devices/graphics", NULL, NULL },
	{ "no such attribute", "devices/disk", "type", NULL },
	{ "past a leaf", "name/x", NULL, NULL },
	{ "part of a name", "dev", NULL, NULL },
	{ "empty text", "devices/disk", NULL, "" },
};

START_TEST(elements_are_found)
{
	const struct find_row *row = &find_rows[_i];
	autoxml xmlDoc *doc = xml_parse(domain, NULL);
	struct arena a = { 0 };
	const char *got =
	    row->attribute ? xml_attribute(&a, xml_root(doc), row->path, row->attribute)
			   : xml_content(&a, xml_root(doc), row->path);

	ck_assert_msg(row->want ? got && strcmp(got, row->want) == 0 : !got, "%s: %s",
	    row->what, got ? got : "none");
	arena_done(&a);
}
END_TEST

START_TEST(siblings)
{
	autoxml xmlDoc *doc = xml_parse(domain, NULL);
	xmlNode *devices = xml_find(xml_root(doc), "devices");
	struct arena a = { 0 };
	autotext struct text types = { 0 };

	for (xmlNode *i = xml_first(devices, "interface"); i; i = xml_next(i))
		text_add(&types, "%s ", xml_attribute(&a, i, NULL, "type"));
	ck_assert_str_eq(text_get(&types), "user network bridge ");
	ck_assert_ptr_null(xml_first(devices, "graphics"));
	ck_assert_ptr_null(xml_first(NULL, "graphics"));
	ck_assert_ptr_null(xml_find(NULL, "graphics"));
	ck_assert_ptr_null(xml_attribute(&a, NULL, NULL, "x"));
	ck_assert_ptr_null(xml_content(&a, NULL, "x"));
	xml_free(NULL);
	arena_done(&a);
}
END_TEST

/* What was not named is byte for byte as it was (but for the quotes of attributes). */
START_TEST(edits_touch_only_what_is_named)
{
	autoxml xmlDoc *doc = xml_parse(domain, NULL);
	xmlNode *root = xml_root(doc), *mac = xml_find(root, "devices/interface/mac");
	struct arena a = { 0 };
	struct error e = { "" };
	const char *before = xml_print(&a, doc, &e), *after;
	autotext struct text want = { 0 };
	const char *cut = strstr(before, "52:54:00:12:34:56");

	xml_set_attribute(mac, "address", "52:54:00:00:00:01");
	after = xml_print(&a, doc, &e);
	text_add_n(&want, before, (size_t)(cut - before));
	text_add(&want, "52:54:00:00:00:01%s", cut + 17);
	ck_assert_str_eq(after, text_get(&want));
	ck_assert_ptr_nonnull(strstr(after, "<!-- kept -->"));
	ck_assert_ptr_nonnull(strstr(after, "<foreign xmlns=\"urn:theirs\">"));
	arena_done(&a);
}
END_TEST

START_TEST(elements_are_made)
{
	autoxml xmlDoc *doc = xml_parse("<n><ip a='1'/></n>", NULL);
	xmlNode *root = xml_root(doc), *range;
	struct arena a = { 0 };
	struct error e = { "" };

	range = xml_make(root, "ip/dhcp/range");
	ck_assert_ptr_eq(xml_make(root, "ip/dhcp/range"), range);
	ck_assert_ptr_eq(xml_make(root, ""), root);
	xml_set_attribute(range, "start", "10.0.0.1");
	xml_set_attribute(
	    xml_append(xml_find(root, "ip/dhcp"), "range"), "start", "10.0.0.9");
	xml_set_attribute(xml_find(root, "ip"), "a", NULL);
	xml_set_attribute(xml_find(root, "ip"), "never", NULL);
	ck_assert_str_eq(xml_print_element(&a, root, &e),
	    "<n><ip><dhcp><range start=\"10.0.0.1\"/><range "
	    "start=\"10.0.0.9\"/></dhcp></ip>"
	    "</n>");
	xml_remove(range);
	ck_assert_str_eq(xml_print_element(&a, xml_find(root, "ip/dhcp"), &e),
	    "<dhcp><range start=\"10.0.0.9\"/></dhcp>");
	arena_done(&a);
}
END_TEST

static const char *const awkward[] = { "a & b", "&amp;", "<b/>", "]]>", "\"'", "a\nb\tc",
	"\xe3\x81\x82", "", " ", "&#10;", "%s%n" };

START_TEST(texts_come_back_as_they_went_in)
{
	autoxml xmlDoc *doc = xml_parse("<a><b>old<c/>old</b></a>", NULL), *again = NULL;
	xmlNode *b = xml_find(xml_root(doc), "b");
	struct arena a = { 0 };
	struct error e = { "" };

	xml_set_content(b, awkward[_i]);
	xml_set_attribute(b, "x", awkward[_i]);
	again = xml_parse(xml_print(&a, doc, &e), &e);
	ck_assert_msg(again, "%s", e.text);
	ck_assert_str_eq(xml_content(&a, xml_root(again), "b"), awkward[_i]);
	ck_assert_str_eq(xml_attribute(&a, xml_root(again), "b", "x"), awkward[_i]);
	arena_done(&a);
}
END_TEST

static const struct proof_row {
	const char *what, *element, *attribute, *value;
} proof_rows[] = {
	{ "control byte in a value", "host", "name", "w\x01" },
	{ "no UTF-8 in a value", "host", "name", "w\xff" },
	{ "an element with a blank", "ho st", "name", "w" },
	{ "an element that closes another", "/a", "name", "w" },
	{ "markup in an attribute's name", "host", "n='1'><b", "w" },
};

START_TEST(what_does_not_parse_is_not_printed)
{
	const struct proof_row *row = &proof_rows[_i];
	autoxml xmlDoc *doc = xml_parse("<a/>", NULL);
	struct arena a = { 0 };
	struct error e = { "" };
	xmlNode *element = xml_append(xml_root(doc), row->element);

	xml_set_attribute(element, row->attribute, row->value);
	ck_assert_msg(!xml_print(&a, doc, &e), "%s: printed", row->what);
	ck_assert_msg(strncmp(e.text, "the XML to be sent does not parse: ", 35) == 0,
	    "%s: %s", row->what, e.text);
	ck_assert_msg(
	    !xml_print_element(&a, element, &e), "%s: printed alone", row->what);
	arena_done(&a);
}
END_TEST

START_TEST(one_element_takes_its_namespaces_along)
{
	autoxml xmlDoc *doc =
	    xml_parse("<a xmlns:o='urn:ours'><b><o:c x='1'/></b></a>", NULL);
	struct arena a = { 0 };
	struct error e = { "" };

	ck_assert_str_eq(xml_print_element(&a, xml_find(xml_root(doc), "b/o:c"), &e),
	    "<o:c xmlns:o=\"urn:ours\" x=\"1\"/>");
	ck_assert_ptr_nonnull(xml_find(xml_root(doc), "b/o:c"));
	arena_done(&a);
}
END_TEST

START_TEST(every_cut_is_refused)
{
	size_t length =
	    sizeof(domain) - 2; /* without the newline: the whole is well-formed */

	for (size_t cut = 0; cut < length; cut++) {
		autofree char *part = strndup(domain, cut);
		struct error e = { "" };

		ck_assert_ptr_null(xml_parse(part, &e));
		ck_assert_str_ne(e.text, "");
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("xml");
	TCase *tests = tcase_create("xml");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, refusals, 0, ROWS(refusal_rows));
	tcase_add_test(tests, size_and_depth_are_capped);
	tcase_add_test(tests, nothing_is_printed);
	tcase_add_loop_test(tests, elements_are_found, 0, ROWS(find_rows));
	tcase_add_test(tests, siblings);
	tcase_add_test(tests, edits_touch_only_what_is_named);
	tcase_add_test(tests, elements_are_made);
	tcase_add_loop_test(tests, texts_come_back_as_they_went_in, 0, ROWS(awkward));
	tcase_add_loop_test(
	    tests, what_does_not_parse_is_not_printed, 0, ROWS(proof_rows));
	tcase_add_test(tests, one_element_takes_its_namespaces_along);
	tcase_add_test(tests, every_cut_is_refused);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
