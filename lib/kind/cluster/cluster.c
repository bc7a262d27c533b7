/* SPDX-License-Identifier: MIT */
/* cluster: the pod and Service networks: read and checked against the rest of the home.
 */
#include "lib/kind/kinds.h"
#include "lib/kind/cluster/cluster.h"

static const char *const backend_words[] = { "vxlan", "host-gw", "wireguard", NULL };

static const struct field pod_rows[] = {
	{ "cidr", FIELD_CIDR, at(struct pod_network, cidr), FIELD_NEEDED,
	    .help = "Addresses of pods; every node gets a part.",
	    .example = "10.244.0.0/16" },
	{ "backend", FIELD_WORD, at(struct pod_network, backend), .words = backend_words,
	    .help = "How flannel carries pods' traffic between nodes.",
	    .example = "vxlan" },
	{ "vni", FIELD_INT, at(struct pod_network, vni), .minimum = 1,
	    .maximum = 16777215, .help = "VXLAN network identifier.", .example = "1" },
	{ "port", FIELD_INT, at(struct pod_network, port), .minimum = 1, .maximum = 65535,
	    .help = "UDP port of the overlay.", .example = "8472" },
	{ "mtu", FIELD_INT, at(struct pod_network, mtu), .minimum = 576, .maximum = 65535,
	    .help = "Largest packet inside the overlay.", .example = "1450" },
	{ 0 },
};

static const struct fields pod_fields = { pod_rows, sizeof(struct pod_network) };

static const struct field service_rows[] = {
	{ "cidr", FIELD_CIDR, at(struct service_network, cidr), FIELD_NEEDED,
	    .help = "Addresses of Services inside the cluster.",
	    .example = "10.96.0.0/12" },
	{ "dns", FIELD_IP, at(struct service_network, dns),
	    .help = "The cluster's DNS server.", .example = "10.96.0.10" },
	{ "api", FIELD_IP, at(struct service_network, api),
	    .help = "The API server's Service.", .example = "10.96.0.1" },
	{ 0 },
};

static const struct fields service_fields = { service_rows,
	sizeof(struct service_network) };

static const struct field rows[] = {
	{ "pod_network", FIELD_GROUP, at(struct cluster, pod_network),
	    .group = &pod_fields,
	    .help = "The network pods are in; checked against the rest of the home." },
	{ "service_network", FIELD_GROUP, at(struct cluster, service_network),
	    .group = &service_fields,
	    .help =
		"The network Services are in; checked against the rest of the home." },
	{ 0 },
};

static const struct section sections[] = {
	{ .path = "cluster", .shape = SECTION_ONE },
};

const struct kind cluster_kind = {
	.row = &cluster_row,
	.name = "cluster",
	.plural = "clusters",
	.title = "cluster networks",
	.fields = { rows, sizeof(struct cluster) },
	.sections = sections,
	.section_count = 1,
};
