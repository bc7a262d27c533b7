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


if __name__ == "__main__":
    run(start, by_its_webhook, by_its_pools, nothing_may_be_read, several)
