#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""MetalLB in another namespace than its manifests have: it is found, by its webhook, by its pools
or because it is written; nothing is made elsewhere, whatever may not be read or comes late.
"""

from homelab import EXAMPLE, run, world

HALL = "192.168.122.200-192.168.122.210"
EVERYWHERE = "/apis/metallb.io/v1beta1/ipaddresspools"
WEBHOOKS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
WEBHOOK = f"{WEBHOOKS}/metallb-webhook-configuration"


def inside(namespace, what="ipaddresspools/hall"):
    return f"/apis/metallb.io/v1beta1/namespaces/{namespace}/{what}"


def webhook(namespace):
    return {"apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": "metallb-webhook-configuration"},
            "webhooks": [{"name": "ipaddresspoolvalidationwebhook.metallb.io", "clientConfig": {
                "service": {"name": "metallb-webhook-service", "namespace": namespace}}}]}


def pool(name, namespace, *addresses):
    return {"apiVersion": "metallb.io/v1beta1", "kind": "IPAddressPool",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"addresses": list(addresses)}}


def write(home, namespace=None):
    head = EXAMPLE.read_text().partition("metallb:")[0]
    where = f"  namespace: {namespace}\n" if namespace else ""
    home.write_home(f"{head}metallb:\n{where}  pools:\n    hall: {{addresses: [{HALL}], "
                    "advertise: layer2}\n")


def clear(home):
    """No daemon, no MetalLB objects, no faults."""
    if home.daemon:
        home.stop()
    home.api.no_faults()
    for space in ("metallb-system", "network", "attic"):
        for what in ("ipaddresspools", "l2advertisements"):
            code, found = home.api.request("GET", inside(space, what))
            for item in found["items"] if code == 200 else []:
                home.api.delete(inside(space, f"{what}/{item['metadata']['name']}"))
    home.api.request("DELETE", WEBHOOK)
    write(home)
    home.api.forget_requests()


def start(home):
    """What is noticed here is noticed by the watches, not by a resync."""
    world(home)
    home.settings(resync="10m")
    for name in ("network", "attic"):
        home.api.store({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})


def made_in(home, namespace):
    return (home.api.is_there(inside(namespace)) and
            home.api.is_there(inside(namespace, "l2advertisements/hall")) and
            home.is_("pool/hall", "converged") and home.is_("advertisement/hall", "converged"))


def by_its_webhook(home):
    check, stays, api = home.report.check, home.report.stays, home.api
    clear(home)
    api.store(webhook("network"))
    api.fault("status", match=f"GET {WEBHOOKS}", code=500)
    api.mark()
    home.start()
    stays("the webhook is not known yet: unknown, and nothing is written", lambda:
          home.is_("pool/hall", "unknown") and not api.writes(), 1)
    api.no_faults()
    check("found: made there", lambda: made_in(home, "network"), 30)
    check("and nothing was written elsewhere",
          lambda: all("/namespaces/network/" in line for line in api.writes()))
    home.report.heals("deleted by hand", lambda: api.delete(inside("network")),
                      lambda: made_in(home, "network"), 5)
    api.mark()
    api.store(webhook("attic"))
    check("MetalLB has moved: made where it is now", lambda: made_in(home, "attic"), 5)
    check("what it left behind is not touched",
          lambda: api.is_there(inside("network")) and
          not any("/namespaces/network/" in line for line in api.writes()))


def by_its_pools(home):
    check, api = home.report.check, home.api
    clear(home)
    api.store(webhook("network"), pool("hall", "network", HALL))
    api.fault("status", match=f"GET {WEBHOOKS}", code=403)
    api.mark()
    home.start()
    check("no webhook may be read, but there is a pool", lambda:
          home.is_("pool/hall", "converged"), 5)
    check("nothing but its advertisement was made", lambda:
          api.is_there(inside("network", "l2advertisements/hall")) and
          all("/namespaces/network/l2advertisements" in line for line in api.writes()), 5)


def nothing_may_be_read(home):
    check, api = home.report.check, home.api
    clear(home)
    api.fault("status", match=f"GET {WEBHOOKS}", code=403)
    api.fault("status", match=f"GET {EVERYWHERE}", code=403)
    home.start()
    check("made in metallb-system", lambda: made_in(home, "metallb-system"), 5)
    check("all is converged", home.converged, 5)


def several(home):
    check, stays, api = home.report.check, home.report.stays, home.api
    clear(home)
    api.store(pool("one", "network", "10.9.0.0/24"), pool("two", "attic", "10.9.1.0/24"))
    api.mark()
    home.start()
    check("pools in two namespaces: blocked, with what to write", lambda:
          home.is_("pool/hall", "blocked", "write metallb.namespace") and
          home.is_("advertisement/hall", "blocked", "(attic, network)"), 5)
    stays("nothing is written", lambda: not api.writes(), 1)
    api.store(webhook("network"))
    check("its webhook comes: made there", lambda: made_in(home, "network"), 5)
    api.store(webhook("attic"))
    write(home, "attic")
    home.exits(0, "reload")
    check("another one is written: made there", lambda: made_in(home, "attic"), 5)
    api.mark()
    api.store(webhook("network"))
    stays("what is written stays in force", lambda: made_in(home, "attic"), 1)


def undone(home):
    """Three times by another manager: named and waited for; by hand: it comes back."""
    check, heals, api = home.report.check, home.report.heals, home.api
    clear(home)
    home.start()
    check("made", lambda: made_in(home, "metallb-system"), 5)
    path = inside("metallb-system", "l2advertisements/hall")
    heals("its advertisement deleted by hand", lambda: api.delete(path),
          lambda: made_in(home, "metallb-system"), 5)

    def undo():
        code, now = api.request("GET", path)
        now["metadata"].pop("managedFields")
        now["spec"]["ipAddressPools"] = ["garage"]
        api.request("PUT", f"{path}?fieldManager=argocd-controller", now)

    for _ in range(3):
        check("as written", lambda: made_in(home, "metallb-system"), 5)
        undo()
    check("three times in a row: who does it is named, and it is waited for", lambda:
          home.is_("advertisement/hall", "blocked",
                   "argocd-controller changes it back to pools garage again and again") and
          "contested" in home.ctl("status").out, 5)
    api.mark()
    home.report.stays("it is not fought", lambda: not api.writes(), 2)
    check("half a minute later it is tried once more: the other may have ceased",
          lambda: made_in(home, "metallb-system"), 40)
    undo()
    check("it has not: waited for anew", lambda:
          home.is_("advertisement/hall", "blocked", "(4 times in a row)"), 5)
    home.exits(0, "reconcile", "advertisement/hall")
    check("a reconcile tries again", lambda: made_in(home, "metallb-system"), 5)
    now = api.get(path)
    now["metadata"]["finalizers"] = ["attic.example/hold"]
    api.store(now)
    api.delete(path)
    check("being deleted: said so, with what holds it", lambda:
          home.is_("advertisement/hall", "pending", "finalizer attic.example/hold"), 5)
    api.patch(path, {"metadata": {"finalizers": None}})
    check("it is gone, and made anew", lambda: made_in(home, "metallb-system"), 5)


def whole(home):
    """A pool that is deleted comes back with what others gave it, and keeps it."""
    check, heals, api = home.report.check, home.report.heals, home.api
    clear(home)
    home.start()
    check("made", lambda: made_in(home, "metallb-system"), 5)
    path = inside("metallb-system")
    more = {"autoAssign": False, "serviceAllocation": {"priority": 50, "namespaces": ["dev"]}}
    api.patch(path, {"spec": more})
    is_whole = lambda: made_in(home, "metallb-system") and more.items() <= api.get(
        path)["spec"].items()
    check("a person gives it more", is_whole, 5)
    heals("deleted: it comes back whole", lambda: api.delete(path), is_whole, 5)
    home.restart()
    heals("deleted and edited: it keeps what is not written", lambda: api.patch(
        path, {"spec": {"addresses": ["192.168.122.200-192.168.122.205"]}}),
          lambda: api.get(path)["spec"]["addresses"] == [HALL] and is_whole(), 5)


def service(name, *addresses, **annotations):
    return {"apiVersion": "v1", "kind": "Service",
            "metadata": {"name": name, "namespace": "dev", "annotations": annotations},
            "spec": {"type": "LoadBalancer"},
            "status": {"loadBalancer": {"ingress": [{"ip": ip} for ip in addresses]}}}


def moved_meanwhile(home):
    """Who lost an address while a pool was gone is reported, each family by itself."""
    check, heals, api = home.report.check, home.report.heals, home.api
    clear(home)
    asks = {"metallb.universe.tf/loadBalancerIPs": "192.168.122.202"}
    api.store(service("both", "192.168.122.201", "fd00::1"))
    api.store(service("asks", "192.168.122.202", **asks))
    api.store(service("stays", "192.168.122.203", "fd00::3"))
    home.start()
    check("made", lambda: made_in(home, "metallb-system"), 5)
    heals("its pool deleted", lambda: api.delete(inside("metallb-system")),
          lambda: made_in(home, "metallb-system"), 5)
    api.store(service("both", "fd00::1", "192.168.122.209"))
    api.store(service("asks", "192.168.122.208", **asks))
    api.store(service("stays", "fd00::3", "192.168.122.203"))

    def reported():
        return {f["objects"][0]: (f["text"], f["fix"]) for f in home.status()["findings"]
                if f["id"] == "service-moved"}

    check("two have moved, one only says it in another order", lambda:
          sorted(reported()) == ["service/dev/asks", "service/dev/both"], 5)
    home.restart()
    check("a restart forgets neither", lambda:
          sorted(reported()) == ["service/dev/asks", "service/dev/both"], 5)
    text, fix = reported()["service/dev/both"]
    check("from where to where, and how to have both again", lambda:
          "had the address 192.168.122.201 and was given 192.168.122.209;" in text and
          fix.endswith("annotate service both metallb.universe.tf/loadBalancerIPs="
                       "192.168.122.201,fd00::1"))
    text, fix = reported()["service/dev/asks"]
    check("what asks for its own is given no such advice", lambda:
          text.endswith("; it asks for 192.168.122.202") and "annotate" not in fix)
    api.store(service("both", "192.168.122.201", "fd00::1"))
    api.store(service("asks", "192.168.122.208", **{
        "metallb.io/loadBalancerIPs": "192.168.122.208"}))
    check("its own again, or another one because it asks: nothing is reported", lambda:
          not reported(), 5)
    for name in ("both", "asks", "stays"):
        api.delete(f"/api/v1/namespaces/dev/services/{name}")


def keys_apart(home):
    """What needs approval keeps no other key of a pool from being put right."""
    check, api = home.report.check, home.api
    clear(home)
    home.start()
    check("made", lambda: made_in(home, "metallb-system"), 5)
    path = inside("metallb-system")
    api.store(service("web", "192.168.122.207"))
    less = "192.168.122.200-192.168.122.203"
    head = EXAMPLE.read_text().partition("metallb:")[0]
    home.write_home(f"{head}metallb:\n  pools:\n"
                    f"    hall: {{addresses: [{less}], auto_assign: false}}\n")
    home.exits(0, "reload")

    def has(addresses):
        spec = api.get(path)["spec"]
        return spec["addresses"] == [addresses] and spec.get("autoAssign") is False

    check("the addresses wait, the other key does not", lambda:
          home.is_("pool/hall", "blocked", "waits for approval") and has(HALL), 5)
    api.patch(path, {"spec": {"autoAssign": True}})
    check("it goes on being kept meanwhile", lambda: has(HALL), 5)
    home.exits(0, "approve", "pool/hall")
    check("approved: both", lambda: has(less) and home.is_("pool/hall", "converged"), 5)
    api.mark()
    api.patch(path, {"spec": {
        "autoAssign": True, "addresses": ["192.168.122.200-192.168.122.205"]}})
    check("what touches nobody goes in one request", lambda:
          has(less) and len(api.writes()) == 2, 5)
    api.delete("/api/v1/namespaces/dev/services/web")


if __name__ == "__main__":
    run(start, by_its_webhook, by_its_pools, nothing_may_be_read, several, undone, whole,
        moved_meanwhile, keys_apart)
