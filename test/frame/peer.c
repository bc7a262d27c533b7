/* SPDX-License-Identifier: MIT */
/* peer: MetalLB's BGPPeer, a second kind under `metallb:`, of another API version than
 * its neighbours. */
#include "lib/doc/json.h"
#include "lib/kind/kinds.h"
#include "lib/kind/metallb/metallb.h"
#include "lib/kind/sources.h"

struct peer {
	struct object object; /* must be first */
	struct ip address;
	int64_t asn, own_asn;
	/* Observed only. */
	struct metallb_meta meta;
};

#define MAX_ASN 4294967295

static const struct field rows[] = {
	{ "address", FIELD_IP, at(struct peer, address), FIELD_NEEDED | FIELD_COMPARED,
	    .help = "The router's address.", .example = "192.168.122.1" },
	{ "asn", FIELD_INT, at(struct peer, asn), FIELD_NEEDED | FIELD_COMPARED,
	    .minimum = 1, .maximum = MAX_ASN, .help = "Its autonomous system.",
	    .example = "64512" },
	{ "own_asn", FIELD_INT, at(struct peer, own_asn), FIELD_NEEDED | FIELD_COMPARED,
	    .minimum = 1, .maximum = MAX_ASN, .help = "The cluster's.",
	    .example = "64513" },
	{ 0 },
};

static const struct section sections[] = {
	{ .path = "metallb.peers", .shape = SECTION_MAP },
};

static int decode(
    struct observed *observed, const struct reading *reading, struct error *e)
{
	struct peer *peer = observed_object(observed);
	struct json_object *o = reading->json;
	const char *address = json_string_at(o, "spec.peerAddress");

	if (!address || ip_parse(address, &peer->address, e) < 0)
		return fail(e, "spec.peerAddress is no address");
	peer->asn = json_int_at(o, "spec.peerASN", 0);
	peer->own_asn = json_int_at(o, "spec.myASN", 0);
	peer->object.record.has = field_bit(&peer_kind.fields, "address") |
				  field_bit(&peer_kind.fields, "asn") |
				  field_bit(&peer_kind.fields, "own_asn");
	peer->meta = metallb_meta(&observed->arena, o);
	observed->live = &peer->object;
	return 0;
}

static const char *document(struct planner *p, const struct step *step, struct error *e)
{
	const struct peer *peer = (const struct peer *)set_find(
	    config_get(p->input->desired, &peer_kind), step->name);
	const struct observed *have =
	    observations_find(p->input->observed, &peer_kind, step->name);
	const struct peer *live = have ? (const struct peer *)have->live : NULL;
	struct json_object *spec;

	if (!peer) {
		fail(e, "peer/%s is no longer written", step->name);
		return NULL;
	}
	spec = json_object_new_object();
	json_put_string(
	    spec, "peerAddress", ip_text(peer->address, (char[IP_TEXT]){ 0 }));
	json_put_int(spec, "peerASN", peer->asn);
	json_put_int(spec, "myASN", peer->own_asn);
	return metallb_body(p, step,
	    &(struct metallb_body){ "BGPPeer", live ? &live->meta : NULL,
		!live || live->meta.owned, spec, NULL },
	    e);
}

static void plan(struct planner *p, struct item *item, const struct object *want,
    const struct observed *have)
{
	const struct peer *live = have ? (const struct peer *)have->live : NULL;

	if (!want) {
		metallb_unwritten(p, item, &live->meta);
		return;
	}
	field_compare(&peer_kind.fields, want, live, p->arena, &item->differences);
	if (!item->differences.count) {
		item_ok(item);
		return;
	}
	item_pending(p, item, live ? "differs in %s" : "is to be created",
	    item->differences.items[0].field);
	metallb_apply(p, item, live ? &live->meta : NULL,
	    arena_printf(p->arena, "%s peer %s", live ? "change" : "create", item->name));
}

static const char *const columns[] = { "address", "asn", NULL };

static const struct watch watches[] = {
	{ .path = METALLB_PATH("v1beta2", "bgppeers"),
	    .prefix = "",
	    .missing = METALLB_MISSING("v1beta2") },
};

const struct kind peer_kind = {
	.row = &peer_row,
	.name = "peer",
	.plural = "peers",
	.title = "MetalLB BGP peer",
	.source = &kubernetes_source,
	.fields = { rows, sizeof(struct peer) },
	.sections = sections,
	.section_count = 1,
	.list_columns = columns,
	.watches = watches,
	.watch_count = 1,
	.watch_in = metallb_watch_in,
	.decode = decode,
	.plan = plan,
	.document = document,
};
