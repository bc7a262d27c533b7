#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every way in which an API server can be slow, gone, wrong or mad, and a kubeconfig that comes and
goes. What harms the wire is done by a proxy, what only a server can do by the fake one.
"""

import signal

from clients import POOLS
from homelab import EXAMPLE, run, world
from test_kube import POOL, edit_pool, span, whole

VMS = ("control-plane", "worker-1", "worker-2")


def start(home):
    world(home)
    home.put_proxy_between()
    home.settings(resync="10m")
    home.start()
    home.report.check("converged", home.converged, 10)


def mended(home):
    return whole(home) and home.converged()


def drop(home):
    """All connections of the daemon, so that it must ask anew."""
    home.proxy.cut()


def refused_writes(home):
    check, api = home.report.check, home.api
    pools = "ipaddresspools.metallb.io"
    api.post("/fake/webhooks", {pools: True})
    api.delete(POOL)
    api.forget_requests()
    check("MetalLB's webhook is down: reported with its text and when the next try is", lambda:
          home.is_("pool/default-pool", "failing", "MetalLB's webhook does not answer") and
          0 < home.object("pool/default-pool")["retry_in"] <= 60_000, 5)
    home.report.stays("and not tried over and over", lambda: api.count("PATCH") <= 1, 2)
    api.post("/fake/webhooks", {pools: False})
    home.report.heals("up again", lambda: home.ctl("reconcile", "pool/default-pool"),
                      lambda: mended(home), 5)
    api.fault("status", "PATCH", code=403, body={
        "kind": "Status", "status": "Failure", "reason": "Forbidden", "code": 403,
        "message": 'ipaddresspools.metallb.io is forbidden: User "me" cannot patch'})
    api.delete(POOL)
    check("a forbidden write: reported who may not do what", lambda: home.is_(
        "pool/default-pool", "failing", 'User "me" cannot patch'), 5)
    api.no_faults()
    home.ctl("reconcile")
    check("allowed: done", lambda: mended(home), 5)


def refused_reads(home):
    check, api = home.report.check, home.api
    api.fault("status", f"GET {POOLS}", code=403, body="no")
    drop(home)
    home.ctl("reconcile")
    check("a forbidden list: reported, unknown, and the other kinds go on", lambda:
          home.is_("pool/default-pool", "unknown", "ipaddresspools in metallb-system") and
          home.is_("node/worker-1", "converged") and
          home.is_("advertisement/default-pool", "converged") and
          home.source_is("kubernetes", "connected"), 10)
    api.no_faults()
    home.ctl("reconcile")
    check("allowed: known", home.converged, 10)
    api.fault("status", "/api", code=401, body="Unauthorized")
    drop(home)
    home.ctl("reconcile")
    check("401: unauthorized, and where to renew what", lambda: home.source_is(
        "kubernetes", "unauthorized",
        f"put a token or a client certificate into {home.etc}/kubeconfig"), 10)
    api.no_faults()
    home.ctl("reload")
    check("known again", home.converged, 10)


def busy(home):
    api = home.api
    api.forget_requests()
    api.fault("status", "/api", times=12, code=429, content_type="text/plain",
              body="Too many requests, please try again later.", headers={"Retry-After": "1"})
    drop(home)
    home.ctl("reconcile")
    home.must("no request came", lambda: api.count("GET /api") >= 3, 10)
    home.report.stays("429 as plain text: what was observed stays valid, and no storm", lambda:
                      home.is_("pool/default-pool", "converged") and
                      api.count("GET /api") <= 30, 2)
    api.no_faults()
    home.report.heals("429 is over", lambda: home.ctl("reconcile"), home.converged, 15)


def useless(home):
    """It answers, and nothing that it answers is of use. After what went before, a watch that
    has ended may wait for 30 s until it is opened again, and counts as good until then."""
    api = home.api
    api.fault("status", "GET /api", code=500, body="etcdserver: request timed out")
    drop(home)
    home.report.check("only errors for 15 s: down, and why", lambda: home.source_is(
        "kubernetes", "down", "nothing it answers is of use"), 75)
    home.report.heals("answers again: connected and converged", api.no_faults,
                      lambda: home.source_is("kubernetes", "connected") and
                      home.converged(), 45)


def noticed_after(home, what, fault):
    """A change comes through after it, by the watch alone.

    Each begins with a daemon that has met no failures, which would add to its patience.
    """
    home.ends = getattr(home, "ends", 150) - 1
    home.restart()
    home.must("not converged", home.converged, 10)
    home.api.forget_requests()
    fault()
    home.report.heals(f"{what}: a change comes through",
                      lambda: edit_pool(home, addresses=[span(100, home.ends)]),
                      lambda: mended(home), 45)
    home.report.check(f"{what}: without a storm",
                      lambda: home.api.count("ipaddresspools?") <= 12)
    home.api.no_faults()
    home.proxy.clear()


def watches(home):
    api, proxy = home.api, home.proxy
    watch = "ipaddresspools?watch="
    expired = {"kind": "Status", "status": "Failure", "reason": "Expired", "code": 410}

    def strike(do, match=watch, times=1, then=None, **rest):
        def fault():
            api.fault(do, match, times, **rest)
            if then:
                then()
        return fault

    def compacted():
        api.post("/fake/compact", {})
        drop(home)

    def in_pieces():
        proxy.plan(trickle=3, every=0.001)
        drop(home)

    for what, fault in (
        ("410 as a status", strike("status", code=410, body=expired, then=proxy.cut)),
        ("410 as an event", strike("error-event", code=410)),
        ("another ERROR event", strike("error-event", code=500, message="etcd")),
        ("history compacted", compacted),
        ("watches ended", strike("end-watch")),
        ("connections reset", lambda: proxy.cut(reset=True)),
        ("JSON in pieces of 1 to 7 bytes", strike("split", "watch", -1)),
        ("everything in pieces of 3 bytes", in_pieces),
        ("garbage in a watch", strike("garbage")),
        ("garbage for a list", strike("garbage", "limit=", then=lambda: home.ctl("reconcile"))),
        ("an object of 5 MiB", strike("huge")),
    ):
        noticed_after(home, what, fault)


def silent(home):
    check, heals, api = home.report.check, home.report.heals, home.api
    home.restart()
    home.must("not converged", home.converged, 10)
    api.fault("silence", "watch", times=1)
    edit_pool(home, addresses=[span(100, 109)])
    home.report.stays("a silent watch reports nothing",
                      lambda: home.is_("pool/default-pool", "converged"), 1)
    home.settings(resync="1s")
    heals("the next resync finds it", None, lambda: mended(home), 5)
    api.no_faults()
    version = api.get("/fake/state")["resourceVersion"]
    edit_pool(home, addresses=[span(100, 108)])
    check("mended", lambda: mended(home), 5)
    old = api.post("/fake/rollback", {"resourceVersion": version + 1})
    check("the cluster is restored from a backup: an old edit is back",
          lambda: old["resourceVersion"] == version + 1)
    heals("and is mended again", None, lambda: mended(home), 10)
    home.settings(resync="10m")


def deleted_unheard(home):
    """An edit is for the object that was read: where that is gone, none is made by it, which would
    have nothing of it but what is edited."""
    check, stays, heals, api = (home.report.check, home.report.stays, home.report.heals,
                                home.api)
    api.fault("silence", "watch", times=1)
    api.delete(POOL)
    api.forget_requests()
    home.write_home(EXAMPLE.read_text().replace("default-pool: {",
                                                "default-pool: {auto_assign: false, "))
    home.exits(0, "reload")
    check("a pool was deleted, and an edit of it is refused", lambda:
          home.is_("pool/default-pool", "failing", "uid mismatch"), 5)
    stays("it is not made of what the edit has", lambda: not api.is_there(POOL), 1)
    api.no_faults()
    heals("the next resync finds it gone", lambda: home.ctl("reconcile"), lambda:
          home.converged() and api.get(POOL)["spec"]["autoAssign"] is False, 10)
    home.write_home()
    home.must("not converged", home.converged, 10)


def come_and_gone(home):
    check, heals, exits = home.report.check, home.report.heals, home.exits
    kubeconfig, away = home.etc / "kubeconfig", home.work / "kubeconfig"
    off = lambda why: home.source_is("kubernetes", "off", why)
    kubeconfig.rename(away)
    home.settings(kubernetes="auto")
    exits(0, "reload")
    check("kubeconfig taken away: the half is off, said so",
          lambda: off("no kubeconfig at"), 5)
    check("no node is asked for, pools wait", lambda:
          "node" not in [row["kind"] for row in home.status()["objects"]] and
          home.is_("pool/default-pool", "unknown", "not managed"))
    heals("VMs are kept all the same", lambda: home.break_vm("worker-1"),
          lambda: home.runs("worker-1"), 5)
    away.rename(kubeconfig)
    heals("kubeconfig put there: connected", lambda: exits(0, "reload"), home.converged, 10)
    home.settings(kubernetes="off")
    exits(0, "reload")
    check("switched off: said so", lambda: off("kubernetes.mode"), 5)
    home.settings(kubernetes="on")
    exits(0, "reload")
    check("switched on: connected", home.converged, 10)


def unreachable(home):
    check, heals = home.report.check, home.report.heals
    home.stop()
    home.stop_api(signal.SIGKILL)
    home.proxy.refuse()
    for name in VMS:
        home.virsh("destroy", name)
        home.virsh("undefine", name)
    home.virsh("net-destroy", "default")
    home.virsh("net-undefine", "default")
    heals("started while the cluster is down: network, reservations and VMs are there",
          home.start, lambda: home.runs(*VMS) and
          home.is_("reservation/worker-1", "converged") and
          home.is_("vm/worker-2", "converged"), 10)
    check("the cluster is reported down, its objects unknown", lambda:
          home.source_is("kubernetes", "down") and
          home.is_("pool/default-pool", "unknown") and home.verdict() == "degraded")
    home.start_api()
    heals("the cluster is up: converged by itself", home.proxy.listen, home.converged, 60)
    home.stop()
    home.proxy.black_hole()
    home.start()
    heals("started while the cluster is black-holed: a VM is started",
          lambda: home.virsh("destroy", "control-plane"),
          lambda: home.runs("control-plane"), 5)
    heals("the cluster answers: converged by itself", home.proxy.clear, home.converged, 60)


if __name__ == "__main__":
    run(start, refused_writes, refused_reads, busy, useless, watches, silent, deleted_unheard,
        come_and_gone, unreachable)
