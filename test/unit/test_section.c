/* SPDX-License-Identifier: MIT */
/*
 * Unit tests of section and section_read: kinds are added by rows alone. The table here
 * has four kinds more, which share keys with those of the home and with one another.
 */
#define KINDS_DEF "test/unit/test_section.def"
#include "lib/kind/kinds.c"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/doc/json.h"
#include "lib/kind/metallb/namespace.h"
#include "lib/model/section_tree.h"

#include <check.h>

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

/* A second map beside the pools; a peer may be shortened to its address. */
struct peer {
	struct object object;
	struct ip address;
	int64_t port, checked;
};

static const struct field peer_rows[] = {
	{ "address", FIELD_IP, at(struct peer, address), FIELD_NEEDED,
	    .help = "Its address.", .example = "10.0.0.1" },
	{ "port", FIELD_INT, at(struct peer, port), .help = "Its port.",
	    .fallback = "179", .minimum = 1, .maximum = 65535 },
	{ 0 },
};
static const struct section peer_sections[] = {
	{ .path = "metallb.peers", .shape = SECTION_MAP, .short_for = "address" },
};

static void read_peer(struct config *config, struct object *object,
    const struct node *map, struct report *report)
{
	struct peer *peer = (struct peer *)object;

	(void)config;
	peer->checked = node_get(map, "address") ? peer->port : 0;
	if (peer->port == 1)
		report_add(report, SEVERITY_ERROR, "bad-value", field_place(peer, "port"),
		    "port 1 is nobody's");
}

const struct kind peer_kind = {
	.row = &peer_row,
	.name = "peer",
	.plural = "peers",
	.title = "BGP peer",
	.fields = { peer_rows, sizeof(struct peer) },
	.sections = peer_sections,
	.section_count = 1,
	.read_object = read_peer,
};

/* A second reader of each VM. */
struct agent {
	struct object object;
	bool on;
};

static const struct field agent_rows[] = {
	{ "agent", FIELD_BOOL, at(struct agent, on), .help = "Ask the guest." },
	{ 0 },
};
static const struct section agent_sections[] = {
	{ .path = "vms", .shape = SECTION_MAP },
};
const struct kind agent_kind = {
	.row = &agent_row,
	.name = "agent",
	.plural = "agents",
	.title = "guest agent",
	.fields = { agent_rows, sizeof(struct agent) },
	.sections = agent_sections,
	.section_count = 1,
};

/* Inside each VM. */
struct label {
	struct object object;
	const char *value;
};

static const struct field label_rows[] = {
	{ "value", FIELD_STRING, at(struct label, value), FIELD_NEEDED,
	    .help = "What it says.", .example = "a" },
	{ 0 },
};
static const struct section label_sections[] = {
	{ .path = "vms.labels", .shape = SECTION_INSIDE, .short_for = "value" },
};
const struct kind label_kind = {
	.row = &label_row,
	.name = "label",
	.plural = "labels",
	.title = "label",
	.fields = { label_rows, sizeof(struct label) },
	.sections = label_sections,
	.section_count = 1,
};

static struct config *load(const char *text)
{
	struct source_text source = { "desired.d/a.yaml", text, strlen(text), NULL };
	struct config_files files = { .desired = &source, .desired_count = 1 };
	struct config *config;

	config_load(&files, &config);
	return config;
}

/* "pool/p, peer/r": every object of these tests' kinds and some others. */
static const char *objects(struct config *config)
{
	static const struct kind *const shown[] = { &vm_kind, &pool_kind, &metallb_kind,
		&peer_kind, &agent_kind, &label_kind, &reservation_kind };
	const char *text = "";

	for (int k = 0; k < ROWS(shown); k++) {
		const struct set *set = config_get(config, shown[k]);

		for (size_t i = 0; i < set->count; i++)
			text = arena_printf(&config->arena, "%s%s%s/%s", text,
			    *text ? " " : "", shown[k]->name, set->items[i]->name);
	}
	return text;
}

static const char *errors(struct config *config)
{
	const char *text = "";

	for (size_t i = 0; i < config->report.count; i++) {
		const struct finding *f = &config->report.findings[i];

		if (f->severity == SEVERITY_ERROR)
			text = arena_printf(&config->arena, "%s%s%u:%u %s (%s)", text,
			    *text ? "; " : "", f->place.line, f->place.column, f->text,
			    f->fix ? f->fix : "");
	}
	return text;
}

static const struct {
	const char *what, *yaml, *objects, *errors;
} reads[] = {
	{ "two maps and a scalar under one key",
	    "metallb:\n  namespace: lb\n  pools: {p: {addresses: [10.0.0.1/32]}}\n"
	    "  peers: {r: {address: 10.0.0.9}}\n",
	    "pool/p metallb/metallb peer/r", "" },
	{ "one of them alone", "metallb: {peers: {r: {address: 10.0.0.9}}}\n",
	    "metallb/metallb peer/r", "" },
	{ "an empty map", "metallb: {peers: }\n", "metallb/metallb", "" },
	{ "a short form", "metallb: {peers: {r: 10.0.0.9}}\n", "metallb/metallb peer/r",
	    "" },
	{ "a wrong short form", "metallb: {peers: {r: 10.0.0}}\n",
	    "metallb/metallb peer/r",
	    "1:22 address must be an IP address: \"10.0.0\" is no IP address (write it as in \"192.168.122.10\")" },
	{ "a key near a map", "metallb: {peerz: {}}\n", "metallb/metallb",
	    "1:11 unknown key \"peerz\" (did you mean \"peers\"?)" },
	{ "a key near a scalar", "metallb: {namespaces: x}\n", "metallb/metallb",
	    "1:11 unknown key \"namespaces\" (did you mean \"namespace\"?)" },
	{ "a key near nothing", "metallb: {x: {}}\n", "metallb/metallb",
	    "1:11 unknown key \"x\" (the keys known here are: namespace, pools, peers)" },
	{ "a key in a record", "metallb: {peers: {r: {adress: 10.0.0.9}}}\n",
	    "metallb/metallb peer/r",
	    "1:23 unknown key \"adress\" (did you mean \"address\"?)" },
	{ "a key in a record, and one is missing",
	    "metallb: {peers: {r: {colour: red}}}\n", "metallb/metallb peer/r",
	    "1:22 address is missing: an IP address (add \"address: 10.0.0.1\"); "
	    "1:23 unknown key \"colour\" (the keys known here are: address, port)" },
	{ "a record beside its name",
	    "metallb:\n  peers:\n    r:\n    address: 10.0.0.9\n",
	    "metallb/metallb peer/r",
	    "4:5 address is a key of a BGP peer and stands where names do (indent it, and the keys that follow, by two blanks more than \"r:\")" },
	{ "a record above the section it belongs in",
	    "metallb: {r: {address: 10.0.0.9}}\n", "metallb/metallb",
	    "1:11 unknown key \"r\" (it belongs in peers: \"peers: {r: {...}}\")" },
	{ "a list where names are due", "metallb: {peers: [a]}\n", "metallb/metallb",
	    "1:18 metallb.peers must be a map of names, it is a list (write names without dashes, and what is of each below its name: \"a: 10.0.0.1\")" },
	{ "a text where a map is due", "metallb: x\n", "",
	    "1:10 metallb must be a map, it is a text (write it as in \"metallb: {namespace: metallb-system}\")" },
	{ "the kind's own check", "metallb: {peers: {r: {address: 10.0.0.9, port: 1}}}\n",
	    "metallb/metallb peer/r", "1:48 port 1 is nobody's ()" },
	{ "a record that two kinds read", "vms: {v: {vcpus: 2, agent: true}}\n",
	    "vm/v agent/v", "" },
	{ "an unknown key in it is said once", "vms: {v: {agnet: true}}\n",
	    "vm/v agent/v", "1:11 unknown key \"agnet\" (did you mean \"agent\"?)" },
	{ "inside a record", "vms: {v: {labels: {a: x}}, w: {labels: {a: {value: y}}}}\n",
	    "vm/v vm/w agent/v agent/w label/v/a label/w/a", "" },
	{ "inside, a bad name", "vms: {v: {labels: {A: x}}}\n", "vm/v agent/v",
	    "1:20 \"A\" cannot be the name of a label: a name is 1 to 63 of a-z, 0-9 and -, with no - at either end (choose a name such as \"a\")" },
	{ "inside a record with a bad name", "vms: {V: {labels: {a: {valeu: x}}}}\n",
	    "label/V/a",
	    "1:7 \"V\" cannot be the name of a guest agent: a name is 1 to 63 of a-z, 0-9 and -, with no - at either end (choose a name such as \"v\"); "
	    "1:7 \"V\" cannot be the name of a virtual machine: a name is 1 to 63 of a-z, 0-9 and -, with no - at either end (call it \"v\" here, and write `domain: \"V\"` in it if that is its name in libvirt); "
	    "1:24 unknown key \"valeu\" (did you mean \"value\"?)" },
	{ "one and many", "network: {}\nnetworks: {a: {}}\n", "",
	    "2:1 both network and networks are written (write all of them below \"networks:\", each with its name)" },
	{ "inside one", "network: {static_ips: {a: 10.0.0.2}}\n", "reservation/default/a",
	    "" },
	{ "inside one with a name", "network: {name: n, static_ips: {a: 10.0.0.2}}\n",
	    "reservation/n/a", "" },
	{ "inside many", "networks: {n: {static_ips: {a: 10.0.0.2}}, m: }\n",
	    "reservation/n/a", "" },
};

START_TEST(read_rows)
{
	struct config *config = load(reads[_i].yaml);

	ck_assert_msg(strcmp(errors(config), reads[_i].errors) == 0, "%s: %s",
	    reads[_i].what, errors(config));
	ck_assert_msg(strcmp(objects(config), reads[_i].objects) == 0, "%s: %s",
	    reads[_i].what, objects(config));
	config_free(config);
}
END_TEST

START_TEST(values_are_read)
{
	struct config *config =
	    load("metallb: {namespace: lb, peers: {r: {address: 10.0.0.9}}}\n");
	const struct peer *peer =
	    (const struct peer *)set_find(config_get(config, &peer_kind), "r");
	const struct metallb *metallb = (const struct metallb *)set_find(
	    config_get(config, &metallb_kind), "metallb");

	ck_assert_str_eq(metallb->namespace, "lb");
	ck_assert_int_eq(peer->checked, 179);
	ck_assert_uint_eq(peer->object.place->column, 34);
	config_free(config);
}
END_TEST

static const struct {
	const char *what, *yaml;
	const struct kind *kind;
	const char *name, *short_name;
} names[] = {
	{ "one network", "network: {static_ips: {a: 10.0.0.2}}\n", &reservation_kind,
	    "default/a", "a" },
	{ "two networks, one of that name",
	    "networks: {n: {static_ips: {a: 10.0.0.2}}, m: {static_ips: {b: 10.1.0.2}}}\n",
	    &reservation_kind, "n/a", "a" },
	{ "two networks, two of that name",
	    "networks: {n: {static_ips: {a: 10.0.0.2}}, m: {static_ips: {a: 10.1.0.2}}}\n",
	    &reservation_kind, "n/a", "n/a" },
	{ "an object that is inside nothing", "vms: {a: }\n", &vm_kind, "a", "a" },
	{ "one that is not written", "vms: {a: }\n", &reservation_kind, "n/a", "n/a" },
};

START_TEST(short_name_rows)
{
	struct config *config = load(names[_i].yaml);
	const char *name = config_short_name(config, names[_i].kind, names[_i].name);

	ck_assert_msg(
	    strcmp(name, names[_i].short_name) == 0, "%s: %s", names[_i].what, name);
	config_free(config);
}
END_TEST

static const struct {
	const char *what, *path, *json;
} schemas[] = {
	{ "pools", "properties.metallb.properties.pools.type", "\"object\"" },
	{ "peers beside them",
	    "properties.metallb.properties.peers.additionalProperties.anyOf",
	    "[{\"type\":\"string\"},{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{\"address\":{\"type\":\"string\",\"pattern\":\"^[0-9A-Fa-f.:]+$\",\"description\":\"Its address.\"},\"port\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":65535,\"description\":\"Its port.\",\"default\":179}},\"required\":[\"address\"]}]" },
	{ "a scalar beside them", "properties.metallb.properties.namespace.type",
	    "\"string\"" },
	{ "two readers, one", "properties.vms.additionalProperties.properties.vcpus.type",
	    "\"integer\"" },
	{ "and the other", "properties.vms.additionalProperties.properties.agent.type",
	    "\"boolean\"" },
	{ "inside", "properties.vms.additionalProperties.properties.labels.type",
	    "\"object\"" },
};

START_TEST(schema_rows)
{
	autojson struct json_object *o = config_schema();
	const char *json = json_object_to_json_string_ext(json_at(o, schemas[_i].path),
	    JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);

	ck_assert_msg(
	    strcmp(json, schemas[_i].json) == 0, "%s: %s", schemas[_i].what, json);
}
END_TEST

static const struct {
	const char *what, *path, *text;
} explains[] = {
	{ "all that a key holds", "metallb", "  pools      Names" },
	{ "and what lies beside it", "metallb",
	    "  peers      Names, and under each a BGP" },
	{ "and its scalars", "metallb", "  namespace  Where MetalLB is installed" },
	{ "a scalar", "metallb.namespace", "example   metallb-system" },
	{ "a key of the second map", "metallb.peers.r.port", "from 1 to 65535" },
	{ "a key of the second reader", "vms.v.agent", "Ask the guest." },
	{ "inside", "vms.v.labels.a.value", "What it says." },
	{ "a kind by its name", "label", "written in section vms.labels" },
};

START_TEST(explain_rows)
{
	autotext struct text out = { 0 };
	struct error e = { "" };
	int result = config_explain(explains[_i].path, &out, &e);
	const char *answer = result ? e.text : text_get(&out);

	ck_assert_msg(
	    strstr(answer, explains[_i].text), "%s: %s", explains[_i].what, answer);
}
END_TEST

START_TEST(every_kind_knows_its_row)
{
	ck_assert_uint_eq(kind_count, 18);
	for (size_t i = 0; i < kind_count; i++) {
		ck_assert_msg(
		    kinds[i]->row && kind_index(kinds[i]) == i, "%s", kinds[i]->name);
		ck_assert_ptr_eq(kind_find(kinds[i]->name), kinds[i]);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("section");
	TCase *test = tcase_create("section");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(test, read_rows, 0, ROWS(reads));
	tcase_add_test(test, values_are_read);
	tcase_add_loop_test(test, short_name_rows, 0, ROWS(names));
	tcase_add_loop_test(test, schema_rows, 0, ROWS(schemas));
	tcase_add_loop_test(test, explain_rows, 0, ROWS(explains));
	tcase_add_test(test, every_kind_knows_its_row);
	suite_add_tcase(suite, test);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
