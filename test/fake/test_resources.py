#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the fake API server has beyond plain objects: definitions, discovery, field selectors,
dry runs, evictions under budgets, finalizers, and webhooks that are down. selftest.sh has the rest.
"""

import http.client
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "daemon"))

from clients import HANGS, POOLS  # noqa: E402
from homelab import run  # noqa: E402

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
WIDGETS = "/apis/example.org/v1/namespaces/default/widgets"
PODS = "/api/v1/namespaces/default/pods"
BUDGETS = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
V2 = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


def definition(plural, kind, version, group="example.org", **spec):
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": plural, "singular": kind.lower(), "kind": kind},
            "versions": [
                {"name": "v0", "served": False, "storage": False},
                {"name": version, "served": True, "storage": True,
                 "subresources": {"status": {}}},
            ],
            **spec,
        },
    }


def pod(name, ready=True, labels=None, node="worker-1", phase="Running", finalizers=(),
        owner=None):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "labels": labels or {"app": "web"},
                     "finalizers": list(finalizers),
                     "ownerReferences": [owner] if owner else []},
        "spec": {"nodeName": node},
        "status": {"phase": phase,
                   "conditions": [{"type": "Ready", "status": "True" if ready else "False"}]},
    }


def names(listed):
    return [item["metadata"]["name"] for item in listed["items"]]


def server(home):
    home.start_api("--bookmark-interval", "1")


def definitions(home):
    check, api = home.report.check, home.api
    check("no definition yet: no such path", lambda: api.request("GET", WIDGETS)[0] == 404)
    code, bad = api.request("POST", CRDS, definition("widgets", "Widget", "v1", "example.org")
                            | {"metadata": {"name": "others.example.org"}})
    check("a definition under a wrong name: 422", lambda: code == 422 and
          bad["details"]["causes"][0]["field"] == "metadata.name")
    made = api.post(CRDS, definition("widgets", "Widget", "v1"))
    check("a definition is established", lambda: "True" == {
        c["type"]: c["status"] for c in made["status"]["conditions"]}["Established"])
    check("its resource is served", lambda: api.get(WIDGETS)["kind"] == "WidgetList")
    widget = {"apiVersion": "example.org/v1", "kind": "Widget", "metadata": {"name": "one"},
              "spec": {"anything": [1, {"a": None}]}, "status": {"phase": "Odd"}}
    check("any fields are kept, the status is not", lambda:
          api.apply(f"{WIDGETS}/one", widget)[0] == 201 and
          api.get(f"{WIDGETS}/one")["spec"]["anything"][0] == 1 and
          "status" not in api.get(f"{WIDGETS}/one"))
    check("nor is it left out by its own subresource", lambda: api.patch(
        f"{WIDGETS}/one/status", {"status": {"phase": "Even"}})["status"]["phase"] == "Even")
    api.post(CRDS, definition("gears", "Gear", "v2beta1", scope="Cluster"))
    check("a cluster-wide one", lambda: api.post(
        "/apis/example.org/v2beta1/gears", {"metadata": {"name": "g"}})["kind"] == "Gear")
    home.stop_api()
    home.start_api()
    check("definitions and objects outlive a restart", lambda:
          names(home.api.get(WIDGETS)) == ["one"])
    home.api.delete(f"{CRDS}/widgets.example.org")
    check("a definition deleted: nothing is served", lambda:
          home.api.request("GET", WIDGETS)[0] == 404)
    home.api.post(CRDS, definition("widgets", "Widget", "v1"))
    check("defined anew: its objects are gone", lambda: names(home.api.get(WIDGETS)) == [])


def discovery(home):
    check, api = home.report.check, home.api

    def groups():
        connection = http.client.HTTPConnection(api.host, api.port, timeout=HANGS)
        connection.request("GET", "/apis", headers={"Accept": V2})
        items = json.load(connection.getresponse())["items"]
        connection.close()
        return {item["metadata"]["name"]: item["versions"] for item in items}

    rows = {row["name"]: row for row in api.get("/apis/example.org/v1")["resources"]}
    check("the resources of a version, and no others", lambda:
          set(rows) == {"widgets", "widgets/status"} and rows["widgets"]["kind"] == "Widget")
    check("the versions of a group, released ones first", lambda:
          [v["version"] for v in api.get("/apis/example.org")["versions"]] == ["v1", "v2beta1"])
    check("the preferred one", lambda: {
        "groupVersion": "example.org/v1", "version": "v1"} in [
        g["preferredVersion"] for g in api.get("/apis")["groups"]])
    check("eviction is among the core resources", lambda: {
        row["name"]: row.get("kind") for row in api.get("/api/v1")["resources"]
    }["pods/eviction"] == "Eviction")
    check("aggregated: each version with its resources", lambda: [
        (v["version"], [r["resource"] for r in v["resources"]]) for v in groups()["example.org"]
    ] == [("v1", ["widgets"]), ("v2beta1", ["gears"])])
    check("aggregated: the scope", lambda:
          groups()["example.org"][1]["resources"][0]["scope"] == "Cluster")


def field_selectors(home):
    check, api = home.report.check, home.api
    api.store(pod("a", node="worker-1"), pod("b", node="worker-2"),
              pod("c", node="worker-1", phase="Pending"))

    def found(selector, path="/api/v1/pods"):
        return names(api.get(f"{path}?fieldSelector={selector}"))

    check("spec.nodeName", lambda: found("spec.nodeName%3Dworker-1") == ["a", "c"])
    check("status.phase", lambda: found("status.phase!%3DRunning") == ["c"])
    check("both", lambda:
          found("spec.nodeName%3Dworker-1,status.phase%3DRunning") == ["a"])
    check("metadata.name and metadata.namespace", lambda:
          found("metadata.name%3Db,metadata.namespace%3Ddefault") == ["b"])
    check("an absent flag is false", lambda:
          len(found("spec.unschedulable%3Dfalse", "/api/v1/nodes")) == 3)
    code, answer = api.request("GET", "/api/v1/nodes?fieldSelector=spec.nodeName%3Dx")
    check("a field the resource has not: 400", lambda: code == 400 and
          answer["message"] == "field label not supported: spec.nodeName")
    code2, answer2 = api.request("GET", f"{WIDGETS}?fieldSelector=spec.x%3D1")
    check("of a custom resource: other words", lambda: code2 == 400 and
          answer2["message"].startswith('"spec.x" is not a known field selector: only'))
    version = api.get("/api/v1/pods")["metadata"]["resourceVersion"]
    api.patch(f"{PODS}/b", {"spec": {"nodeName": "worker-1"}})
    api.patch(f"{PODS}/b", {"spec": {"nodeName": "worker-2"}})
    code3, stream = api.request("GET", f"/api/v1/pods?watch=1&resourceVersion={version}"
                                "&timeoutSeconds=1&fieldSelector=spec.nodeName%3Dworker-1")
    check("a watch: what comes to match is added, what ceases to is deleted", lambda: [
        line["type"] for line in lines(stream)] == ["ADDED", "DELETED"])


def lines(stream):
    if isinstance(stream, dict):
        return [stream]
    return [json.loads(line) for line in stream.splitlines()]


def dry_runs(home):
    check, api = home.report.check, home.api
    before = api.get("/fake/state")["resourceVersion"]
    maps = "/api/v1/namespaces/default/configmaps"
    made = api.post(f"{maps}?dryRun=All", {"metadata": {"name": "dry"}, "data": {"a": "1"}})
    check("a dry run of creating", lambda: made["data"] == {"a": "1"} and made["metadata"]["uid"])
    check("of deleting", lambda: api.delete(f"{PODS}/a?dryRun=All")["status"] == "Success")
    check("of deleting, in the options", lambda: api.ask(
        "DELETE", f"{PODS}/a", {"dryRun": ["All"]})["status"] == "Success")
    check("of evicting", lambda: evict(api, "a", query="?dryRun=All")[0] == 201)
    code, answer = api.request("PUT", f"{PODS}/a?dryRun=All", api.get(f"{PODS}/a"))
    check("of replacing", lambda: code == 200 and answer["metadata"]["name"] == "a")
    check("nothing has changed", lambda:
          api.get("/fake/state")["resourceVersion"] == before)
    code2, answer2 = api.request("POST", f"{maps}?dryRun=Some", {"metadata": {"name": "dry"}})
    check("another word: 422", lambda: code2 == 422 and
          answer2["message"].startswith("CreateOptions.meta.k8s.io") and
          'Unsupported value: "Some"' in answer2["message"])


def evict(api, name, uid=None, query=""):
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name},
            "deleteOptions": {"preconditions": {"uid": uid}} if uid else {}}
    return api.request("POST", f"{PODS}/{name}/eviction{query}", body)


def budget(name, **spec):
    return {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
            "metadata": {"name": name, "namespace": "default"},
            "spec": {"selector": {"matchLabels": {"app": "web"}}, **spec}}


def budgets(home):
    check, api = home.report.check, home.api
    for name in "abc":
        api.delete(f"{PODS}/{name}")
    api.store(pod("a"), pod("b"), pod("other", labels={"app": "db"}))
    api.post(BUDGETS, budget("web", minAvailable=2))
    check("a budget's status", lambda: {
        key: value for key, value in api.get(f"{BUDGETS}/web")["status"].items()
        if key != "conditions"
    } == {"currentHealthy": 2, "desiredHealthy": 2, "disruptionsAllowed": 0,
          "expectedPods": 2, "observedGeneration": 1})
    code, refusal = evict(api, "a")
    check("no disruption allowed: 429, with the cause", lambda: code == 429 and refusal == {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "Cannot evict pod as it would violate the pod's disruption budget.",
        "reason": "TooManyRequests",
        "details": {"causes": [{
            "reason": "DisruptionBudget",
            "message": "The disruption budget web needs 2 healthy pods and has 2 currently"}]},
        "code": 429})
    check("a pod it does not select goes", lambda: evict(api, "other")[0] == 201)
    api.store(pod("c"))
    check("one more pod: one disruption", lambda:
          api.get(f"{BUDGETS}/web")["status"]["disruptionsAllowed"] == 1)
    check("a wrong uid: 409", lambda: evict(api, "a", uid="nobody")[0] == 409)
    done, answer = evict(api, "a")
    check("evicted: 201", lambda: done == 201 and answer["status"] == "Success")
    check("and gone: 404", lambda: evict(api, "a")[0] == 404)
    check("the next one waits", lambda: evict(api, "b")[0] == 429)
    api.store(pod("sick", ready=False))
    check("one that is not ready may go while the others are enough", lambda:
          evict(api, "sick")[0] == 201)
    api.store(pod("new", phase="Pending", ready=False))
    check("one that does not run yet may always go", lambda: evict(api, "new")[0] == 201)
    api.post(BUDGETS, budget("second", maxUnavailable="50%"))
    code2, several = evict(api, "b")
    check("two budgets: 500", lambda: code2 == 500 and
          several["message"].startswith("This pod has more than one PodDisruptionBudget"))
    api.delete(f"{BUDGETS}/web")
    api.store({"apiVersion": "apps/v1", "kind": "ReplicaSet", "spec": {"replicas": 4},
               "metadata": {"name": "web", "namespace": "default"}})
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "controller": True}
    for name in "bcd":
        api.store(pod(name, owner=owner))
    check("of an owner's four half may go, and one is missing", lambda:
          api.get(f"{BUDGETS}/second")["status"]["expectedPods"] == 4 and
          evict(api, "b")[0] == 201)
    check("and no more", lambda: evict(api, "c")[0] == 429)


def finalizers(home):
    check, api = home.report.check, home.api
    api.store(pod("held", finalizers=["example.org/held"], labels={"x": "y"}))
    uid = api.get(f"{PODS}/held")["metadata"]["uid"]
    code, answer = api.request("DELETE", f"{PODS}/held")
    check("deleting what has finalizers marks it", lambda: code == 200 and
          answer["kind"] == "Pod" and answer["metadata"]["deletionTimestamp"])
    check("it stays, and is the same", lambda:
          api.get(f"{PODS}/held")["metadata"]["uid"] == uid)
    api.patch(f"{PODS}/held", {"metadata": {"finalizers": None}})
    check("the last one taken away: gone", lambda: not api.is_there(f"{PODS}/held"))


def webhooks(home):
    check, api = home.report.check, home.api
    pool = {"apiVersion": "metallb.io/v1beta1", "kind": "IPAddressPool",
            "metadata": {"name": "p"}, "spec": {"addresses": ["10.0.0.0/24"]}}
    hook = "ipaddresspoolvalidationwebhook.metallb.io"
    api.post("/fake/webhooks", {"ipaddresspools.metallb.io": True})
    code, answer = api.request("POST", POOLS, pool)
    text = f'failed calling webhook "{hook}": failed to call webhook: connection refused'
    check("its webhook is down: 500", lambda: code == 500 and answer == {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": f"Internal error occurred: {text}", "reason": "InternalError",
        "details": {"causes": [{"message": text}]}, "code": 500})
    check("for a dry run, too", lambda: api.request(
        "POST", f"{POOLS}?dryRun=All", pool)[0] == 500)
    check("reading needs none", lambda: api.get(POOLS)["items"] == [])
    check("nor do other resources", lambda: api.post(WIDGETS, {"metadata": {"name": "w"}}))
    api.post("/fake/webhooks", {"ipaddresspools.metallb.io": False})
    check("up again", lambda: api.post(POOLS, pool)["metadata"]["name"] == "p")
    api.post("/fake/webhooks", {"widgets.example.org": "check.example.org"})
    check("of any resource, by any name", lambda: '"check.example.org"' in api.request(
        "PATCH", f"{WIDGETS}/w", {"spec": {"a": 1}})[1]["message"])


if __name__ == "__main__":
    run(server, definitions, discovery, field_selectors, dry_runs, budgets, finalizers, webhooks,
        needs=())
