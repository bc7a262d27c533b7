/* SPDX-License-Identifier: MIT */
/* Unit tests of lint: homes with one fault each, and what is said of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/kind/kinds.h"

#include <check.h>

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

/* Line 1 of most homes: a network with a gateway at .1. */
#define NET                                                                              \
	"network: {address: 10.0.0.1/24, dhcp: {range: {start: 10.0.0.2, end: "          \
	"10.0.0.99}}"
#define END "}\n"

static struct config *load(const char *text)
{
	struct source_text source = { "home.yaml", text, strlen(text), NULL };
	struct config_files files = {
		.desired = &source, .desired_count = 1, .directory = "/etc/homek8s"
	};
	struct config *config;

	config_load(&files, &config);
	return config;
}

/* "error id at 2:3 [pool/a network/default]; ..." */
static const char *said(struct config *config)
{
	struct arena *a = &config->arena;
	const char *text = "";

	for (size_t i = 0; i < config->report.count; i++) {
		const struct finding *f = &config->report.findings[i];

		text = arena_printf(a, "%s%s%s %s", text, *text ? "; " : "",
		    severity_text(f->severity), f->id);
		if (f->place.source)
			text = arena_printf(
			    a, "%s at %u:%u", text, f->place.line, f->place.column);
		for (size_t n = 0; n < FINDING_OBJECTS && f->objects[n]; n++)
			text = arena_printf(
			    a, "%s%s%s", text, n ? " " : " [", f->objects[n]);
		if (f->objects[0])
			text = arena_printf(a, "%s]", text);
	}
	return text;
}

static const struct {
	const char *what;
	const char *home;
	const char *said;
	const char *text; /* in the first finding */
	const char *fix;  /* in its fix */
} lints[] = {
	/* Pools. */
	{ "pool beside the range",
	    NET END "metallb: {pools: {p: {addresses: [10.0.0.100-10.0.0.120]}}}\n", "",
	    NULL, NULL },
	{ "pool touches the range from inside",
	    NET END "metallb: {pools: {p: {addresses: [10.0.0.99-10.0.0.120]}}}\n",
	    "info pool-in-dhcp-range at 2:35 [pool/p network/default]",
	    "takes 10.0.0.99 out of the DHCP range of network default; the range is cut "
	    "to "
	    ".2-.98 ",
	    "end the DHCP range before" },
	{ "pool in the middle of the range",
	    NET END "metallb: {pools: {p: {addresses: [10.0.0.40-10.0.0.49]}}}\n",
	    "info pool-in-dhcp-range at 2:35 [pool/p network/default]",
	    "cut to .2-.39, .50-.99 (reserve_pools)", NULL },
	{ "range of one left",
	    NET END "metallb: {pools: {p: {addresses: [10.0.0.3-10.0.0.99]}}}\n",
	    "info pool-in-dhcp-range at 2:35 [pool/p network/default]", "cut to .2 ",
	    NULL },
	{ "the second item of two",
	    NET END "metallb: {pools: {p: {addresses: [10.0.0.200/32, 10.0.0.40/31]}}}\n",
	    "info pool-in-dhcp-range at 2:50 [pool/p network/default]",
	    "takes 10.0.0.40-10.0.0.41", NULL },
	{ "two pools",
	    NET END "metallb: {pools: {a: {addresses: [10.0.0.40/32]}, b: {addresses: "
		    "[10.0.0.50/32]}}}\n",
	    "info pool-in-dhcp-range at 2:35 [pool/a network/default]; info "
	    "pool-in-dhcp-range at 2:67 [pool/b network/default]",
	    "cut to .2-.39, .41-.49, .51-.99", NULL },
	{ "not reserved",
	    "network:\n  address: 10.0.0.1/24\n  dhcp: {reserve_pools: false, range: "
	    "{start: 10.0.0.2, end: 10.0.0.99}}\nmetallb: {pools: {p: {addresses: "
	    "[10.0.0.40-10.0.0.49]}}}\n",
	    "warning pool-in-dhcp-range at 4:35 [pool/p network/default]",
	    "a machine may be given a Service's address",
	    "set dhcp.reserve_pools to true" },
	{ "nothing left of the range",
	    NET END "metallb: {pools: {p: {addresses: [10.0.0.2-10.0.0.99]}}}\n",
	    "warning dhcp-range-empty at 1:47 [network/default]; info "
	    "pool-in-dhcp-range at 2:35 [pool/p network/default]",
	    "nothing is left", "move the pools" },
	{ "gateway in a pool",
	    NET END "metallb: {pools: {p: {addresses: [10.0.0.1/32]}}}\n",
	    "error pool-contains-gateway at 2:35 [pool/p network/default]",
	    "contains 10.0.0.1, the gateway of network default", "leave 10.0.0.1 out" },
	{ "broadcast in a pool",
	    NET END "metallb: {pools: {p: {addresses: [10.0.0.250-10.0.0.255]}}}\n",
	    "warning pool-contains-broadcast at 2:35 [pool/p network/default]",
	    "10.0.0.255", NULL },
	{ "network address in a pool",
	    NET END "metallb: {pools: {p: {addresses: [10.0.0.0/32]}}}\n",
	    "warning pool-contains-network-address at 2:35 [pool/p network/default]",
	    "10.0.0.0", NULL },
	{ "broadcast that MetalLB leaves out",
	    NET END "metallb: {pools: {p: {addresses: [10.0.0.250-10.0.0.255], "
		    "avoid_buggy_ips: true}}}\n",
	    "", NULL, NULL },
	{ "pools overlap",
	    NET END
	    "metallb:\n  pools:\n    a: {addresses: [10.0.0.100-10.0.0.120]}\n    "
	    "b: {addresses: [10.0.0.120-10.0.0.130]}\n",
	    "error pools-overlap at 5:21 [pool/a pool/b]",
	    "pool a and pool b share 10.0.0.120", "one pool only" },
	{ "a large pool holds two others",
	    NET END
	    "metallb:\n  pools:\n    a: {addresses: [10.0.0.100-10.0.0.200]}\n    "
	    "b: {addresses: [10.0.0.101/32]}\n    c: {addresses: "
	    "[10.0.0.190-10.0.0.210]}\n",
	    "error pools-overlap at 5:21 [pool/a pool/b]; error pools-overlap at 6:21 "
	    "[pool/a pool/c]",
	    "share 10.0.0.101", NULL },
	{ "pools touch",
	    NET END
	    "metallb:\n  pools:\n    a: {addresses: [10.0.0.100-10.0.0.119]}\n    "
	    "b: {addresses: [10.0.0.120-10.0.0.130]}\n",
	    "", NULL, NULL },
	{ "an address twice in a pool",
	    NET END
	    "metallb: {pools: {p: {addresses: [10.0.0.100/31, 10.0.0.101/32]}}}\n",
	    "error pools-overlap at 2:50 [pool/p]", "pool p lists 10.0.0.101 twice",
	    NULL },
	{ "pool outside",
	    NET END "metallb: {pools: {p: {addresses: [10.0.1.1-10.0.1.9]}}}\n",
	    "warning pool-outside-networks at 2:35 [pool/p]",
	    "10.0.1.1-10.0.1.9 is not inside any network", "the nodes are in" },
	{ "pool partly outside",
	    NET END "metallb: {pools: {p: {addresses: [10.0.0.251-10.0.1.9]}}}\n",
	    "warning pool-contains-broadcast at 2:35 [pool/p network/default]; warning "
	    "pool-outside-networks at 2:35 [pool/p]",
	    NULL, NULL },
	{ "pool where no network is written",
	    "metallb: {pools: {p: {addresses: [10.0.1.1-10.0.1.9]}}}\n", "", NULL, NULL },
	{ "IPv6 pool in an IPv4 home",
	    NET END "metallb: {pools: {p: {addresses: ['fd00::1-fd00::9']}}}\n", "", NULL,
	    NULL },
	{ "a pool that is not advertised",
	    NET END "metallb: {pools: {p: {addresses: [10.0.0.200/32], advertise: "
		    "none}}}\n",
	    "warning pool-not-advertised at 2:62 [pool/p]",
	    "pool p is not to be advertised from here", "BGP" },
	{ "pool without addresses", NET END "metallb: {pools: {p: {addresses: []}}}\n",
	    "error pool-empty at 2:34 [pool/p]", "has no addresses", "remove the pool" },
	{ "pool in the pod network",
	    "cluster: {pod_network: {cidr: 10.244.0.0/16}}\n"
	    "metallb: {pools: {p: {addresses: [10.244.3.0-10.245.0.9]}}}\n",
	    "error pool-in-cluster-network at 2:35 [pool/p cluster/cluster]",
	    "takes 10.244.3.0-10.244.255.255, which belong to the pod network", NULL },
	/* Fixed addresses. */
	{ "address of a machine that is no VM",
	    NET ", static_ips: {nas: {ip: 10.0.0.9, mac: '52:54:00:00:00:01'}}" END, "",
	    NULL, NULL },
	{ "address in a pool",
	    NET ",\n  static_ips: {w: 10.0.0.105}" END
		"vms: {w: {}}\nmetallb: {pools: {p: {addresses: "
		"[10.0.0.100-10.0.0.120]}}}\n",
	    "error static-ip-in-pool at 2:19 [reservation/w pool/p]",
	    "w has 10.0.0.105, which pool p may give to a Service", "out of the pool" },
	{ "address just outside a pool",
	    NET ",\n  static_ips: {w: 10.0.0.121}" END
		"vms: {w: {}}\nmetallb: {pools: {p: {addresses: "
		"[10.0.0.100-10.0.0.120]}}}\n",
	    "", NULL, NULL },
	{ "address outside its network",
	    NET ",\n  static_ips: {w: 10.0.1.5}" END "vms: {w: {}}\n",
	    "error static-ip-outside-network at 2:19 [reservation/w network/default]",
	    "not inside network default (10.0.0.1/24)",
	    "choose an address from 10.0.0.1-10.0.0.254" },
	{ "address is the gateway",
	    NET ",\n  static_ips: {w: 10.0.0.1}" END "vms: {w: {}}\n",
	    "error static-ip-is-gateway at 2:19 [reservation/w network/default]",
	    "the host's own address", NULL },
	{ "address is the broadcast",
	    NET ",\n  static_ips: {w: 10.0.0.255}" END "vms: {w: {}}\n",
	    "error static-ip-is-broadcast at 2:19 [reservation/w network/default]", NULL,
	    NULL },
	{ "address is the network's",
	    NET ",\n  static_ips: {w: 10.0.0.0}" END "vms: {w: {}}\n",
	    "error static-ip-is-network-address at 2:19 [reservation/w network/default]",
	    NULL, NULL },
	{ "one address, two machines",
	    NET ",\n  static_ips:\n    {a: 10.0.0.5,\n     b: 10.0.0.5}" END
		"vms: {a: {}, b: {}}\n",
	    "error duplicate-ip at 4:9 [reservation/b reservation/a]",
	    "b has 10.0.0.5, and so has a", "another address" },
	{ "address without VM, no VM at all", NET ",\n  static_ips: {w: 10.0.0.5}" END,
	    "info address-without-vm at 2:19 [reservation/w]",
	    "neither a VM of that name nor a MAC is written", "add w to vms" },
	{ "address without VM, others are",
	    NET ",\n  static_ips: {w: 10.0.0.5, v: 10.0.0.6}" END "vms: {v: {}}\n",
	    "warning address-without-vm at 2:19 [reservation/w]", NULL, NULL },
	{ "VM without interface there",
	    "networks:\n  n: {static_ips: {w: 10.0.0.5}}\n  m: {}\n"
	    "vms: {w: {interfaces: [{network: m}]}}\n",
	    "warning address-without-interface at 2:23 [reservation/w vm/w]; info "
	    "vm-without-address at 4:7 [vm/w]",
	    "no interface of the VM is written in network n", "add {network: n}" },
	{ "MAC in both places, the same",
	    NET ",\n  static_ips: {w: {ip: 10.0.0.5, mac: '52:54:00:00:00:01'}}" END
		"vms: {w: {interfaces: [{mac: '52:54:00:00:00:01'}]}}\n",
	    "", NULL, NULL },
	{ "MAC in both places, not the same",
	    NET ",\n  static_ips: {w: {ip: 10.0.0.5, mac: '52:54:00:00:00:01'}}" END
		"vms: {w: {interfaces: [{mac: '52:54:00:00:00:02'}]}}\n",
	    "error mac-mismatch at 2:24 [reservation/w vm/w]", "another one than in vms",
	    "one of the two places" },
	{ "MAC of an adopted VM, in static_ips only",
	    NET ",\n  static_ips: {w: {ip: 10.0.0.5, mac: '52:54:00:00:00:01'}}" END
		"vms: {w: {}}\n",
	    "", NULL, NULL },
	/* Networks. */
	{ "range outside its network",
	    "network:\n  address: 10.0.0.1/24\n  dhcp: {range: {start: 10.0.0.2, end: "
	    "10.0.1.9}}\n",
	    "error dhcp-range-outside-network at 3:17 [network/default]",
	    "10.0.0.2-10.0.1.9 is not inside the network 10.0.0.0-10.0.0.255", NULL },
	{ "range takes the broadcast",
	    "network:\n  address: 10.0.0.1/24\n  dhcp: {range: {start: 10.0.0.2, end: "
	    "10.0.0.255}}\n",
	    "error dhcp-range-takes-network-address at 3:17 [network/default]",
	    "broadcast", NULL },
	{ "range of more than libvirt takes",
	    "network:\n  address: 10.0.0.1/8\n  dhcp: {range: {start: 10.0.0.2, end: "
	    "10.1.0.1}}\n",
	    "error dhcp-range-too-large at 3:17 [network/default]", "65535", "earlier" },
	{ "range of all that libvirt takes",
	    "network:\n  address: 10.0.0.1/8\n  dhcp: {range: {start: 10.0.0.2, end: "
	    "10.1.0.0}}\n",
	    "", NULL, NULL },
	{ "the network's own address", "network: {address: 10.0.0.0/24}\n",
	    "error network-address-unusable at 1:20 [network/default]",
	    "10.0.0.0/24 is the network's own", "\"address: 10.0.0.1/24\"" },
	{ "the broadcast address", "network: {address: 10.0.1.255/23}\n",
	    "error network-address-unusable at 1:20 [network/default]", "broadcast",
	    NULL },
	{ "an address of two", "network: {address: 10.0.0.0/31}\n", "", NULL, NULL },
	{ "a multicast address", "network: {address: 224.0.0.1/24}\n",
	    "error network-address-unusable at 1:20 [network/default]",
	    "no network that machines", NULL },
	{ "an address of this host alone", "network: {address: 127.0.0.5/8}\n",
	    "error network-address-unusable at 1:20 [network/default]", NULL, NULL },
	{ "no address", "network: {address: 0.0.0.0/0}\n",
	    "error network-address-unusable at 1:20 [network/default]", NULL, NULL },
	{ "range backwards",
	    "network:\n  dhcp: {range: {start: 10.0.0.9, end: 10.0.0.2}}\n",
	    "error dhcp-range-reversed at 2:17 [network/default]", "starts after its end",
	    "swap" },
	{ "range of IPv6",
	    "network:\n  dhcp: {range: {start: 'fd00::2', end: 'fd00::9'}}\n",
	    "error dhcp-range-not-ipv4 at 2:17 [network/default]", "only IPv4", NULL },
	{ "range smaller than the reservations",
	    "network:\n  address: 10.0.0.1/24\n  dhcp: {range: {start: 10.0.0.2, end: "
	    "10.0.0.2}}\n  static_ips: {a: 10.0.0.5, b: 10.0.0.6}\nvms: {a: {}, b: {}}\n",
	    "info dhcp-too-small at 3:17 [network/default]",
	    "1 addresses for 2 reservations", NULL },
	{ "range as large as the reservations",
	    "network:\n  address: 10.0.0.1/24\n  dhcp: {range: {start: 10.0.0.2, end: "
	    "10.0.0.3}}\n  static_ips: {a: 10.0.0.5, b: 10.0.0.6}\nvms: {a: {}, b: {}}\n",
	    "", NULL, NULL },
	{ "two networks on one bridge",
	    "networks:\n  a: {address: 10.0.0.1/24, bridge: br1}\n  b: {address: 10.0.1.1/24, "
	    "bridge: br2}\n  c: {bridge: br1}\n",
	    "error duplicate-bridge at 4:15 [network/c network/a]",
	    "network c: its bridge br1 is that of network a", "of its own" },
	{ "networks overlap",
	    "networks:\n  a: {address: 10.0.0.1/24}\n  b: {address: 10.0.0.129/25}\n",
	    "error networks-overlap at 3:16 [network/a network/b]",
	    "network a and network b share 10.0.0.128-10.0.0.255", "of its own" },
	{ "networks side by side",
	    "networks:\n  a: {address: 10.0.0.1/25}\n  b: {address: 10.0.0.129/25}\n", "",
	    NULL, NULL },
	{ "pods where Services are",
	    "cluster:\n  pod_network: {cidr: 10.96.3.0/24}\n  service_network: {cidr: "
	    "10.96.0.0/12}\n",
	    "error networks-overlap at 2:23 [cluster/cluster]",
	    "the Service network and the pod network share 10.96.3.0-10.96.3.255", NULL },
	{ "VMs where pods are",
	    "network: {address: 10.244.9.1/24}\ncluster: {pod_network: {cidr: "
	    "10.244.0.0/16}}\n",
	    "error networks-overlap at 1:20 [cluster/cluster network/default]",
	    "the pod network and network default", NULL },
	/* Cluster. */
	{ "DNS outside",
	    "cluster:\n  service_network: {cidr: 10.96.0.0/12, dns: 10.112.0.10}\n",
	    "error service-dns-outside at 2:46 [cluster/cluster]",
	    "10.112.0.10 is outside the Service network 10.96.0.0/12", "10.96.0.0/12" },
	{ "API outside",
	    "cluster:\n  service_network: {cidr: 10.96.0.0/12, api: 10.95.255.255}\n",
	    "error service-api-outside at 2:46 [cluster/cluster]", "API", NULL },
	{ "both at the ends",
	    "cluster: {service_network: {cidr: 10.96.0.0/12, api: 10.96.0.0, dns: "
	    "10.111.255.255}}\n",
	    "", NULL, NULL },
	{ "overlay as large as it may be",
	    NET END "cluster: {pod_network: {cidr: 10.244.0.0/16, mtu: 1450}}\n", "",
	    NULL, NULL },
	{ "overlay too large",
	    NET END "cluster: {pod_network: {cidr: 10.244.0.0/16, mtu: 1451}}\n",
	    "warning overlay-mtu-too-large at 2:51 [cluster/cluster]",
	    "carries 1500 and the overlay adds 50, so at most 1450", "set mtu to 1450" },
	{ "overlay on a larger network",
	    "network: {mtu: 9000}\ncluster: {pod_network: {cidr: 10.244.0.0/16, mtu: "
	    "8950}}\n",
	    "", NULL, NULL },
	{ "the smaller of two networks",
	    "networks: {a: {mtu: 9000}, b: {}}\ncluster: {pod_network: {cidr: "
	    "10.244.0.0/16, mtu: 8950}}\n",
	    "warning overlay-mtu-too-large at 2:51 [cluster/cluster]", "at most 1450",
	    NULL },
	{ "the smaller of two networks, written first",
	    "networks: {a: {}, b: {mtu: 9000}}\ncluster: {pod_network: {cidr: "
	    "10.244.0.0/16, mtu: 8950}}\n",
	    "warning overlay-mtu-too-large at 2:51 [cluster/cluster]", "at most 1450",
	    NULL },
	{ "no overlay, nothing added",
	    NET END "cluster: {pod_network: {cidr: 10.244.0.0/16, backend: host-gw, mtu: "
		    "1500}}\n",
	    "", NULL, NULL },
	/* VMs. */
	{ "VM without address", NET END "vms:\n  w: {}\n",
	    "info vm-without-address at 3:3 [vm/w]", "VM w has no address",
	    "add \"w: ADDRESS\"" },
	{ "VM on a bridge of the host, where others give addresses",
	    NET END "vms: {w: {interfaces: [{bridge: br0}]}}\n", "", NULL, NULL },
	{ "VM with an address in its second network",
	    "networks:\n  n: {}\n  m: {static_ips: {w: 10.0.0.5}}\n"
	    "vms: {w: {interfaces: [{network: n}, {network: m}]}}\n",
	    "", NULL, NULL },
	{ "a network that is not there",
	    NET ", static_ips: {w: {ip: 10.0.0.5, mac: '52:54:00:00:00:01'}}" END
		"vms: {w: {interfaces: [{network: defualt}]}}\n",
	    "error unknown-network at 2:34 [vm/w]", "no network defualt is written here",
	    "did you mean \"default\"?" },
	{ "one MAC, two VMs",
	    NET ", static_ips: {a: 10.0.0.5, b: 10.0.0.6}" END
		"vms:\n  a: {interfaces: [{mac: '52:54:00:00:00:01'}]}\n"
		"  b: {interfaces: [{mac: '52:54:00:00:00:01'}]}\n",
	    "error duplicate-mac at 4:26 [vm/a vm/b]",
	    "52:54:00:00:00:01 is used by a and by b", NULL },
	{ "one MAC, twice in a VM",
	    NET ", static_ips: {a: 10.0.0.5}" END
		"vms:\n  a: {interfaces: [{mac: '52:54:00:00:00:01'}, {mac: "
		"'52:54:00:00:00:01'}]}\n",
	    "error duplicate-mac at 3:54 [vm/a]", NULL, NULL },
	{ "one MAC, a VM and another machine",
	    NET ", static_ips: {a: 10.0.0.5,\n  nas: {ip: 10.0.0.6, mac: "
		"'52:54:00:00:00:01'}}" END
		"vms:\n  a: {interfaces: [{mac: '52:54:00:00:00:01'}]}\n",
	    "error duplicate-mac at 2:28 [vm/a reservation/nas]", "used by a and by nas",
	    NULL },
	{ "one domain, two VMs",
	    NET ", static_ips: {a: 10.0.0.5, b: 10.0.0.6}" END
		"vms:\n  a: {}\n  b: {domain: a}\n",
	    "error duplicate-domain at 4:15 [vm/a vm/b]",
	    "domain a is used by a and by b", NULL },
	{ "one disk, two VMs",
	    NET ", static_ips: {a: 10.0.0.5, b: 10.0.0.6}" END
		"vms:\n  a: {disk: {path: /x}}\n  b: {disk: {path: /x}}\n",
	    "error duplicate-disk at 4:20 [vm/a vm/b]", "/x", NULL },
	/* After errors. */
	{ "a wrong address says no more than that",
	    "network: {address: 10.0.0.1/99, static_ips: {w: 10.9.9.9}}\nvms: {w: {}}\n",
	    "error bad-value at 1:20", NULL, NULL },
	{ "a wrong fixed address too",
	    NET ", static_ips: {w: 10.9.9}" END "vms: {v: {}, w: {}}\n",
	    "error bad-value at 1:99", NULL, NULL },
};

START_TEST(lint_rows)
{
	struct config *config = load(lints[_i].home);
	const struct finding *f = config->report.findings;

	ck_assert_msg(strcmp(said(config), lints[_i].said) == 0, "%s: %s", lints[_i].what,
	    said(config));
	if (lints[_i].text)
		ck_assert_msg(
		    strstr(f->text, lints[_i].text), "%s: %s", lints[_i].what, f->text);
	if (lints[_i].fix)
		ck_assert_msg(f->fix && strstr(f->fix, lints[_i].fix), "%s: %s",
		    lints[_i].what, f->fix);
	config_free(config);
}
END_TEST

/* Every error and warning says the next step. */
START_TEST(every_finding_has_a_fix)
{
	struct config *config = load(lints[_i].home);

	for (size_t i = 0; i < config->report.count; i++) {
		const struct finding *f = &config->report.findings[i];

		ck_assert_msg(!f->objects[0] || f->fix, "%s: %s", f->id, f->text);
		ck_assert_msg(f->place.source != NULL, "%s: no place", f->id);
	}
	config_free(config);
}
END_TEST

/* The example home of the documentation: one warning, which is its real fault. */
START_TEST(the_home)
{
	static const char home[] =
	    "network:\n"
	    "  name: default\n"
	    "  mode: nat\n"
	    "  bridge: virbr0\n"
	    "  address: 192.168.122.1/24\n"
	    "  dhcp:\n"
	    "    range: {start: 192.168.122.2, end: 192.168.122.254}\n"
	    "    reserve_pools: true\n"
	    "  static_ips:\n"
	    "    control-plane: 192.168.122.10\n"
	    "    worker-1: 192.168.122.11\n"
	    "    worker-2: 192.168.122.12\n"
	    "vms:\n"
	    "  control-plane: {role: control-plane, vcpus: 4, memory: 8GiB}\n"
	    "  worker-1: {role: worker, vcpus: 2, memory: 4GiB}\n"
	    "  worker-2: {role: worker, vcpus: 2, memory: 4GiB}\n"
	    "cluster:\n"
	    "  pod_network: {cidr: 10.244.0.0/16, backend: vxlan, vni: 1, port: 8472, "
	    "mtu: 1450}\n"
	    "  service_network: {cidr: 10.96.0.0/12, dns: 10.96.0.10, api: 10.96.0.1}\n"
	    "metallb:\n"
	    "  pools:\n"
	    "    default-pool: {addresses: [192.168.122.100-192.168.122.150]}\n";
	struct config *config = load(home);

	ck_assert_str_eq(said(config),
	    "info pool-in-dhcp-range at 22:32 [pool/default-pool network/default]");
	ck_assert(
	    strstr(config->report.findings->text, "cut to .2-.99, .151-.254 (reserve"));
	ck_assert_uint_eq(config->report.errors, 0);
	config_free(config);
}
END_TEST

START_TEST(notes_true_of_all_are_counted)
{
	autotext struct text text = { 0 };
	struct config *config;
	const struct finding *last;

	text_add(&text, "network: {name: default}\nvms:\n");
	for (int i = 0; i < 100; i++)
		text_add(&text, "  v%02d: {}\n", i);
	config = load(text_get(&text));
	ck_assert_uint_eq(config->report.count, 21);
	last = &config->report.findings[20];
	ck_assert_msg(strstr(last->text, "80 more VMs"), "%s", last->text);
	config_free(config);
}
END_TEST

/* Many cuts are not all reported, and the text stays in bounds. */
START_TEST(many_cuts)
{
	autotext struct text text = { 0 };
	struct config *config;

	text_add(&text, NET END "metallb: {pools: {p: {addresses: [");
	for (int i = 3; i < 60; i += 2)
		text_add(&text, "%s10.0.0.%d/32", i > 3 ? ", " : "", i);
	text_add(&text, "]}}}\n");
	config = load(text_get(&text));
	ck_assert_uint_eq(config->report.errors, 0);
	ck_assert_uint_eq(config->report.count, 29);
	ck_assert_msg(strstr(config->report.findings->text, ".2, .4, .6,"), "%s",
	    config->report.findings->text);
	ck_assert(strstr(config->report.findings->text, "and 22 more"));
	config_free(config);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lint");
	TCase *test = tcase_create("lint");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(test, lint_rows, 0, ROWS(lints));
	tcase_add_loop_test(test, every_finding_has_a_fix, 0, ROWS(lints));
	tcase_add_test(test, the_home);
	tcase_add_test(test, notes_true_of_all_are_counted);
	tcase_add_test(test, many_cuts);
	suite_add_tcase(suite, test);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
