#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`homek8sctl restart` of a node: cordoned under our mark, its Pods evicted as their budget lets
them, shut down, started, Ready in another boot, uncordoned; killed and gone on with at each phase;
the addresses it announces move before;
what others have done to the node is left to them.
"""

import json

from homelab import run, started

NODE = "/api/v1/nodes/worker-1"
PODS = "/api/v1/namespaces/default/pods"
BUDGETS = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
STATUSES = "/apis/metallb.io/v1beta1/namespaces/metallb-system/servicel2statuses"
L2STATUS = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "servicel2statuses.metallb.io"},
    "spec": {"group": "metallb.io", "scope": "Namespaced",
             "names": {"plural": "servicel2statuses", "singular": "servicel2status",
                       "kind": "ServiceL2Status", "listKind": "ServiceL2StatusList"},
             "versions": [{"name": "v1beta1", "served": True, "storage": True,
                           "schema": {"openAPIV3Schema": {"type": "object"}}}]}}
MARK = "homek8s.io/drain"
LABEL = "node.kubernetes.io/exclude-from-external-load-balancers"


def start(home):
    started(home)
    for name in ("control-plane", "worker-1", "worker-2"):
        uuid = home.virsh("domuuid", name).out.strip()
        home.api.patch(f"/api/v1/nodes/{name}/status",
                       {"status": {"nodeInfo": {"systemUUID": uuid}}})
    home.boots = 0
    boots(home)
    home.must("the node is observed", lambda: home.is_("node/worker-1", "converged"), 5)


def boots(home):
    """What the kubelet says once its machine has started."""
    home.boots += 1
    home.api.patch(f"{NODE}/status", {"status": {"nodeInfo": {"bootID": f"boot-{home.boots}"}}})


def node(home):
    return home.api.get(NODE)


def mark(home, name="worker-1"):
    of = home.api.get(f"/api/v1/nodes/{name}")
    return of["metadata"].get("annotations", {}).get(MARK)


def cordoned(home):
    return node(home)["spec"].get("unschedulable", False)


def excluded(home):
    return LABEL in node(home)["metadata"].get("labels", {})


def untouched(home):
    return not mark(home) and not cordoned(home) and not excluded(home)


def pod(name, owner="ReplicaSet", **labels):
    owners = [{"apiVersion": "apps/v1", "kind": owner, "name": "x", "uid": "1",
               "controller": True}] if owner else []
    return {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": "default", "labels": labels,
                         "ownerReferences": owners},
            "spec": {"nodeName": "worker-1", "containers": [{"name": "c", "image": "i"}]},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}


def budget(least):
    return {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
            "metadata": {"name": "db", "namespace": "default"},
            "spec": {"minAvailable": least, "selector": {"matchLabels": {"app": "db"}}}}


def pods(home):
    return sorted(item["metadata"]["name"] for item in home.api.get(PODS)["items"])


def domain_id(home):
    return home.virsh("domid", "worker-1").out.strip()


def phase(home):
    shown = json.loads(home.ctl("describe", "vm/worker-1", "-o", "json").out)
    return ((shown.get("remembered") or {}).get("procedure") or {}).get("phase", "").split(" ")[0]


def drained(home):
    check, stays = home.report.check, home.report.stays
    home.api.store(pod("web"), pod("db", app="db"), pod("agent", "DaemonSet"), pod("alone", None))
    home.api.post(BUDGETS, budget(1))
    before = domain_id(home)
    home.marks()
    answer = home.ctl("restart", "vm/worker-1")
    check("restart: it says what comes of it", lambda: answer.code == 0 and
          "vm/worker-1: pending: is being restarted" in answer.err)
    check("cordoned under our mark, and excluded from MetalLB", lambda: cordoned(home) and
          excluded(home) and mark(home).endswith(",cordon,exclude"), 5)
    check("what nothing keeps is evicted; who blocks is named", lambda:
          pods(home) == ["agent", "alone", "db"] and home.is_(
              "vm/worker-1", "pending",
              "default/db waits for PodDisruptionBudget default/db, which allows no disruption "
              "now: 1 of its Pods are healthy, and it needs 1"), 10)
    stays("nothing is evicted against it, and the VM runs", lambda:
          "db" in pods(home) and domain_id(home) == before and
          len([line for line in home.api.writes() if "/eviction" in line]) == 1, 4)
    check("another restart waits", lambda: home.ctl("restart", "vm/worker-2").code == 0 and
          home.is_("vm/worker-2", "pending", "waits until what goes on at vm/worker-1 is done"), 5)
    home.exits(0, "resume", "vm/worker-2")
    home.exits(0, "pause", "vm/worker-1")
    home.api.delete(f"{BUDGETS}/db")
    stays("paused: it does not go on", lambda: "db" in pods(home) and phase(home) == "drain", 4)
    home.exits(0, "resume", "vm/worker-1")
    stays("resumed: that ends the wish as well", lambda: "db" in pods(home), 1)
    check("what was done is taken back", lambda: untouched(home) and
          domain_id(home) == before and home.is_("vm/worker-1", "converged"), 10)


def restarted(home):
    check, stays = home.report.check, home.report.stays
    before = domain_id(home)
    home.exits(0, "restart", "vm/worker-1")
    check("without a budget it goes through", lambda: domain_id(home) not in (before, "-") and
          pods(home) == ["agent", "alone"], 20)
    check("it waits for its node", lambda: home.is_(
        "vm/worker-1", "pending", "waits for node worker-1 to be Ready"), 10)
    stays("Ready says nothing while the boot is the old one", lambda: cordoned(home) and
          home.is_("vm/worker-1", "pending", "waits for node worker-1 to be Ready"), 2)
    boots(home)
    check("Ready in another boot: it must stay so", lambda: home.is_(
        "vm/worker-1", "pending", "must stay so for 15s"), 5)
    stays("and is not given back at once", lambda: cordoned(home), 5)
    check("then it is uncordoned", lambda: untouched(home) and
          home.is_("vm/worker-1", "converged"), 20)
    check("events have the phases", lambda: all(
        words in home.ctl("events", "vm/worker-1").out for words in (
            "cordon node worker-1", "shut down domain worker-1", "start domain worker-1",
            "uncordon node worker-1")))
    home.marks()
    stays("nothing is done any more", home.wrote_nothing, 2)


def killed(home):
    """At each phase, as soon as it is there; a second one that was requested waits for its end."""
    check = home.report.check
    alone = lambda: not mark(home, "worker-2")
    home.api.store(pod("web"), pod("db", app="db"))
    home.api.post(BUDGETS, budget(1))
    before = domain_id(home)
    home.exits(0, "restart", "vm/worker-1")
    phases = []
    for words in (("cordon", "move"), ("move", "drain")):
        home.report.wait_until(lambda: phase(home) in words, 5)
        phases.append(phase(home))
        home.kill()
        home.start()
    check("it drains after two kills", lambda: cordoned(home) and pods(home) ==
          ["agent", "alone", "db"] and phase(home) == "drain" and alone(), 15)
    # Not before: it is answered a moment before it is on disk.
    home.exits(0, "restart", "vm/worker-2")
    home.api.delete(f"{BUDGETS}/db")
    home.report.wait_until(lambda: "db" not in pods(home), 10)
    home.kill()
    home.start()
    home.report.wait_until(lambda: domain_id(home) != before, 20)
    home.kill()
    home.start()
    check("it runs anew, once", lambda: domain_id(home) not in ("-", before) and alone(), 20)
    once = domain_id(home)
    home.kill()
    boots(home)
    home.start()
    check("killed while it waits for Ready", lambda: phase(home) == "settle" and alone(), 10)
    home.kill()
    home.start()
    check("to its end", lambda: untouched(home) and home.is_("vm/worker-1", "converged") and
          domain_id(home) == once, 30)
    check("then the other one begins", lambda: not alone(), 10)
    home.exits(0, "resume", "vm/worker-2")
    check("and is given up", lambda: alone() and home.is_("vm/worker-2", "converged"), 10)


def foreign(home):
    check = home.report.check
    home.api.patch(NODE, {"spec": {"unschedulable": True}})
    before = domain_id(home)
    home.exits(0, "restart", "vm/worker-1")
    check("a foreign cordon: our mark has only the label", lambda:
          (mark(home) or "").endswith("exclude") and "cordon" not in mark(home), 5)
    check("restarted", lambda: domain_id(home) not in (before, "-"), 20)
    boots(home)
    check("our mark goes, the cordon stays", lambda: not mark(home) and not excluded(home) and
          cordoned(home) and home.is_("vm/worker-1", "converged"), 30)
    home.api.patch(NODE, {"spec": {"unschedulable": None}})


def announced(*nodes):
    return [{"apiVersion": "metallb.io/v1beta1", "kind": "ServiceL2Status",
             "metadata": {"name": f"l2-{name}", "namespace": "metallb-system",
                          "labels": {"metallb.io/node": name}},
             "status": {"node": name, "serviceName": "web", "serviceNamespace": "default"}}
            for name in nodes]


def moved(home):
    """MetalLB says which node announces an address: before anything is evicted another one does,
    or it has had its time."""
    check, stays = home.report.check, home.report.stays
    home.api.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", L2STATUS)
    home.api.store(pod("web"), *announced("worker-1", "worker-2"))
    before = domain_id(home)
    home.exits(0, "restart", "vm/worker-1")
    check("it waits for the address", lambda: excluded(home) and phase(home) == "move" and
          home.is_("vm/worker-1", "pending",
                   "it announces the address of 1 Service still: default/web"), 5)
    home.kill()
    home.start()
    stays("killed: no Pod is evicted before, and the VM runs", lambda: "web" in pods(home) and
          domain_id(home) == before, 4)
    home.api.delete(f"{STATUSES}/l2-worker-1")
    check("it has moved: on it goes", lambda: "web" not in pods(home) and
          domain_id(home) not in (before, "-"), 10)
    boots(home)
    check("to its end", lambda: untouched(home) and home.is_("vm/worker-1", "converged"), 30)
    home.api.store(*announced("worker-1"))
    before = domain_id(home)
    home.exits(0, "restart", "vm/worker-1")
    stays("one that does not move is waited for", lambda: domain_id(home) == before, 10)
    check("not for ever", lambda: domain_id(home) not in (before, "-"), 15)
    check("and that is said", lambda: home.ctl("describe", "vm/worker-1").has(
        "node worker-1 still announced the address of service/default/web"))
    boots(home)
    check("to its end", lambda: untouched(home) and home.is_("vm/worker-1", "converged"), 30)


def no_server(home):
    check, stays = home.report.check, home.report.stays
    before = domain_id(home)
    home.stop_api()
    check("the API server is away", lambda: home.source_is("kubernetes", "down"), 20)
    home.exits(0, "restart", "vm/worker-1")
    check("it says so", lambda: any(home.is_("vm/worker-1", verdict, why) for verdict, why in (
        ("pending", "waits for Kubernetes"), ("failing", "connection refused"))), 5)
    stays("the VM runs on", lambda: domain_id(home) == before, 2)
    home.start_api()
    check("back: it begins", lambda: cordoned(home), 20)
    check("restarted", lambda: domain_id(home) not in (before, "-"), 20)
    boots(home)
    check("to its end", lambda: untouched(home) and home.is_("vm/worker-1", "converged"), 30)


def refused(home):
    check = home.report.check
    check("no name: usage", lambda: home.ctl("restart").code == 2)
    check("nothing of that name", lambda: home.ctl("restart", "vm/nobody").code == 3)
    check("a network cannot be restarted", lambda: home.ctl("restart", "network/default").code == 3)
    home.exits(0, "stop", "vm/worker-2")
    home.report.wait_until(lambda: home.domain_state("worker-2") == "shut off", 10)
    check("what does not run is not restarted", lambda: home.ctl("restart", "vm/worker-2").has(
        "does not run; `homek8sctl start vm/worker-2` starts it"))
    home.exits(0, "start", "vm/worker-2")


if __name__ == "__main__":
    run(start, drained, restarted, killed, foreign, moved, no_server, refused)
