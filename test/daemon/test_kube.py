#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The cluster's half against the fake API server: what is repaired and in how many writes, what
waits for approval, in which order addresses move, what is pruned, and nodes that come and go.
A server that is slow, gone, wrong or mad is in test_kube_faults.py.
"""

import copy

from clients import ADVERTISEMENTS, POOLS
from homelab import EXAMPLE, run, world

WHOLE = "192.168.122.100-192.168.122.150"
POOL = f"{POOLS}/default-pool"


def start(home):
    """What is noticed here is noticed by the watches, not by a resync."""
    world(home)
    home.settings(resync="10m")
    home.start()
    home.report.check("converged", home.converged, 10)
    home.mark()


def span(first, last):
    return f"192.168.122.{first}-192.168.122.{last}"


def write_pools(home, **pools):
    """What is written under metallb.pools; "_" in a name is "-"."""
    head = EXAMPLE.read_text().partition("    default-pool:")[0]
    rows = [f"    {name.replace('_', '-')}: {{addresses: [{addresses}]}}\n"
            for name, addresses in pools.items()]
    home.write_home(head + "".join(rows))
    home.exits(0, "reload")


def edit_pool(home, **spec):
    home.api.patch(POOL, {"spec": spec})


def methods(home):
    """Of each write since the mark, those of the test itself among them."""
    return [line.split()[0] for line in home.api.writes()]


def written(home):
    """The names of what was written since the mark."""
    return [line.rpartition("/")[2] for line in home.api.writes()]


def whole(home):
    return home.pool_is("default-pool", WHOLE)


def repaired(home):
    check, heals, stays, api = (
        home.report.check, home.report.heals, home.report.stays, home.api)
    heals("a pool deleted", lambda: api.delete(POOL), lambda: whole(home), 5)
    heals("an advertisement deleted", lambda: api.delete(f"{ADVERTISEMENTS}/default-pool"),
          lambda: home.advertised("default-pool"), 5)
    heals("a pool's addresses edited",
          lambda: edit_pool(home, addresses=["192.168.122.200/29"]), lambda: whole(home), 5)
    heals("addresses added", lambda: edit_pool(
        home, addresses=[WHOLE, "192.168.122.200/29"]), lambda: whole(home), 5)
    heals("an advertisement of another pool", lambda: api.patch(
        f"{ADVERTISEMENTS}/default-pool", {"spec": {"ipAddressPools": ["nobody"]}}),
        lambda: home.advertised("default-pool"), 5)
    check("converged, the DHCP range after it", lambda: home.converged() and
          home.virsh("net-dumpxml", "default").has(
              "start='192.168.122.151'", "end='192.168.122.254'"), 5)
    api.mark()
    edit_pool(home, addresses=[span(100, 149), "192.168.122.150/32"])
    edit_pool(home, avoidBuggyIPs=True)
    api.patch(POOL, {"metadata": {"labels": {"theirs": "1"}}})
    stays("the same addresses in other words, what is not written and labels: not touched",
          lambda: methods(home) == ["PATCH"] * 3 and home.converged(), 1)
    edit_pool(home, addresses=[span(100, 149)])
    check("repaired, and what is foreign has survived", lambda: survived(api.get(POOL)), 5)
    check("written with our mark", lambda: "homek8sd" in [
        entry["manager"] for entry in api.get(POOL)["metadata"]["managedFields"]])
    api.mark()
    api.delete(POOL)
    check("a repair is one write", lambda: methods(home) == ["DELETE", "PATCH"] and
          home.is_("pool/default-pool", "converged"), 5)
    api.mark()
    home.ctl("reconcile")
    stays("converged: none", lambda: not api.writes(), 1)


def survived(pool):
    spec, labels = pool["spec"], pool["metadata"]["labels"]
    return (spec["avoidBuggyIPs"] is True and spec["addresses"] == [WHOLE] and
            labels["theirs"] == "1" and labels["app.kubernetes.io/managed-by"] == "homek8sd")


def unreadable(home):
    home.api.store({"apiVersion": "metallb.io/v1beta1", "kind": "IPAddressPool",
                    "metadata": {"name": "odd", "namespace": "metallb-system"},
                    "spec": {"addresses": ["nonsense"]}})
    home.report.stays("a foreign pool that makes no sense: the owned one goes on",
                      lambda: home.is_("pool/default-pool", "converged"), 1)
    home.api.delete(f"{POOLS}/odd")
    home.api.store(
        {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "evil\nnode"}},
        {"apiVersion": "v1", "kind": "Service", "spec": {"type": "LoadBalancer"},
         "metadata": {"name": "x\x1b[31m", "namespace": "default"},
         "status": {"loadBalancer": {"ingress": [{"ip": "192.168.122.101"}]}}})
    home.report.check("names that are none are skipped, counted, and never shown", lambda:
                      home.source_is("kubernetes", "connected", "skipped") and not any(
                          part in home.ctl("status", "-o", "json").out
                          for part in ("evil", "u001b")), 5)


def approval(home):
    check, api = home.report.check, home.api
    ends_at = lambda end: home.pool_is("default-pool", span(100, end))
    write_pools(home, default_pool=span(120, 150))
    check("an edit that takes the address of a Service waits and names it", lambda: home.is_(
        "pool/default-pool", "blocked",
        "takes the address 192.168.122.100 of service/ingress-nginx/ingress-nginx-controller"), 5)
    home.report.stays("and does nothing meanwhile", lambda: whole(home), 1)
    check("approve without a name lists it, with its hash", lambda: home.exits(
        0, "approve").has("pool/default-pool: change pool default-pool to",
                          "- takes the address ", "hash "))
    check("approve shows what it approves, whole", lambda: home.exits(
        0, "approve", "pool/default-pool").has(
            "takes the address 192.168.122.100 of service/ingress-nginx/ingress-nginx-controller",
            "pool/default-pool: approved"))
    check("approved: done", lambda:
          home.pool_is("default-pool", span(120, 150)) and home.converged(), 5)
    write_pools(home, default_pool=WHOLE)
    check("written back", lambda: whole(home) and home.converged(), 5)
    write_pools(home, default_pool=span(120, 150))
    check("it waits again", lambda: home.is_("pool/default-pool", "blocked"), 5)
    check("approve --all", lambda: home.exits(0, "approve", "--all").has("pool: approved"))
    check("approved with all: done", lambda:
          home.pool_is("default-pool", span(120, 150)) and home.converged(), 5)
    write_pools(home, default_pool=WHOLE)
    check("written back: no approval is needed",
          lambda: whole(home) and home.converged(), 5)
    write_pools(home, default_pool=span(100, 119))
    check("giving up addresses nobody has needs none",
          lambda: ends_at(119) and home.converged(), 5)
    api.fault("status", "GET /api/v1/services", code=403, body="no")
    api.drop()
    write_pools(home, default_pool=span(100, 110))
    home.ctl("reconcile")
    check("Services that cannot be read: nothing is taken away", lambda: home.is_(
        "pool/default-pool", "unknown", "which Services live there is not known") and
        ends_at(119), 5)
    api.no_faults()
    home.ctl("reconcile")
    check("read again: done", lambda: ends_at(110), 5)
    write_pools(home, default_pool=WHOLE)
    check("written back once more", lambda: whole(home) and home.converged(), 5)
    api.fault("status", "PATCH", code=503)
    write_pools(home, default_pool=span(120, 150))
    check("it waits", lambda: home.is_("pool/default-pool", "blocked"), 5)
    home.exits(0, "approve", "pool/default-pool")
    check("approved, and the API server takes nothing",
          lambda: home.is_("pool/default-pool", "failing"), 5)
    write_pools(home)
    write_pools(home, default_pool=span(120, 150))
    api.no_faults()
    check("out of the files for a moment: it waits for approval anew", lambda: home.is_(
        "pool/default-pool", "blocked", "waits for approval"), 5)
    home.report.stays("nothing is done", lambda: whole(home), 1)
    write_pools(home, default_pool=span(100, 110))
    check("as before", lambda: ends_at(110) and home.converged(), 5)


def moved(home):
    """The server's webhook refuses overlapping pools: only the right order passes."""
    check, api = home.report.check, home.api
    home.mark()
    api.mark()
    write_pools(home, default_pool=span(100, 105), second=span(106, 150))
    check("addresses move to a new pool: shrink, then make", lambda:
          home.pool_is("second", span(106, 150)) and home.converged() and
          written(home)[:2] == ["default-pool", "second"], 5)
    api.mark()
    write_pools(home, default_pool=span(100, 120), second=span(121, 150))
    check("and back between two: shrink, then grow", lambda:
          home.pool_is("default-pool", span(100, 120)) and home.converged() and
          written(home) == ["second", "default-pool"], 5)
    check("no write was refused", lambda: not home.said("failed") and not home.said("overlap"))


def pruned(home):
    check, api = home.report.check, home.api
    write_pools(home, default_pool=WHOLE)
    check("no longer written: reported, left alone, and in the way", lambda: home.is_(
        "pool/default-pool", "blocked", "overlaps pool second, which is not written here") and
        ("no-longer-written", ["pool/second"]) in [
            (finding["id"], finding["objects"]) for finding in home.status()["findings"]], 5)
    home.settings(more="prune: true")
    check("with prune: it goes, and its advertisement, then the other grows", lambda:
          not api.is_there(f"{POOLS}/second") and
          not api.is_there(f"{ADVERTISEMENTS}/second") and
          whole(home) and home.converged(), 5)
    api.post(POOLS, {"apiVersion": "metallb.io/v1beta1", "kind": "IPAddressPool",
                     "metadata": {"name": "theirs", "namespace": "metallb-system"},
                     "spec": {"addresses": ["192.168.122.240/29"]}})
    check("and a foreign pool leaves the DHCP range", lambda:
          home.virsh("net-dumpxml", "default").has(
              "end='192.168.122.239'", "start='192.168.122.248'") and home.converged(), 5)
    home.report.stays("what is foreign is never pruned", lambda:
                      home.pool_is("theirs", "192.168.122.240/29") and home.converged(), 1)
    api.delete(f"{POOLS}/theirs")
    check("and comes back to it once it is gone", lambda:
          home.virsh("net-dumpxml", "default").has("end='192.168.122.254'") and
          home.converged(), 5)
    home.settings(more="")


def with_ready(node, status):
    """The node as its kubelet would report it with this status of Ready."""
    node = copy.deepcopy(node)
    for key in ("managedFields", "resourceVersion"):
        node["metadata"].pop(key, None)
    for condition in node["status"]["conditions"]:
        if condition["type"] == "Ready":
            condition.update(status=status, reason="KubeletNotReady",
                             message="container runtime is down")
    return node


def nodes(home):
    check, api = home.report.check, home.api
    check("nodes: Ready, since when and in what version", lambda:
          home.is_("node/worker-1", "converged", "Ready since 20") and
          home.is_("node/worker-1", "converged", "v1.29.0"))
    node = api.get("/api/v1/nodes/worker-1")
    api.store(with_ready(node, "False"))
    check("NotReady: reported", lambda: home.is_("node/worker-1", "failing", "NotReady") and
          home.verdict() == "degraded", 5)
    check("the machine it runs on is not touched",
          lambda: home.runs("worker-1") and home.is_("vm/worker-1", "converged"))
    api.store(with_ready(node, "True"))
    check("Ready again", lambda: home.is_("node/worker-1", "converged", "Ready"), 5)
    api.delete("/api/v1/nodes/worker-2")
    check("gone: reported", lambda: home.is_(
        "node/worker-2", "pending", "has not joined the cluster yet"), 5)
    other = with_ready(node, "True")
    other["metadata"]["name"] = "worker-2"
    del other["metadata"]["uid"]
    other["status"]["addresses"][0]["address"] = "192.168.122.12"
    api.store(other)
    check("joined: reported", lambda: home.is_("node/worker-2", "converged", "Ready"), 5)


def metallb_missing(home):
    check, api = home.report.check, home.api
    api.post("/fake/groups", {"metallb.io": False})
    home.ctl("reconcile")
    check("MetalLB is not there: reported, with what to do; the rest is as it was", lambda:
          home.is_("pool/default-pool", "blocked", "MetalLB") and
          home.is_("advertisement/default-pool", "blocked", "MetalLB") and
          home.is_("node/worker-1", "converged") and home.is_("vm/worker-1", "converged"), 5)
    api.mark()
    home.report.heals("a VM heals meanwhile", lambda: home.break_vm("worker-1"),
                      lambda: home.runs("worker-1"), 5)
    home.report.stays("nothing is written", lambda: not api.writes(), 1)
    api.post("/fake/groups", {"metallb.io": True})
    home.report.heals("MetalLB is installed: read, and made", lambda: home.ctl("reconcile"),
                      lambda: whole(home) and home.advertised("default-pool") and
                      home.converged(), 10)


if __name__ == "__main__":
    run(start, repaired, unreadable, approval, moved, pruned, nodes, metallb_missing)
