#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The whole daemon with the kinds of this directory: everything it can do with its own kinds it can
do with these, and nothing was changed for them. Procedures are in test_procedure.py.
"""

import os
import pathlib
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "test" / "daemon"))

from clients import METALLB  # noqa: E402
from homelab import BUILD, run, world  # noqa: E402

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
PEERS = METALLB.replace("v1beta1", "v1beta2") + "/bgppeers"
WIDGETS = "/apis/example.org/v1/namespaces/default/widgets"
CONFIGMAPS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"


def with_these_kinds(home):
    """All that is built with them, and directories of its own for what they own on the host."""
    home.program = BUILD / "test" / "frame-homek8sd"
    home.ctl_program = BUILD / "test" / "frame-homek8sctl"
    for name in ("notes", "rollouts"):
        (home.work / name).mkdir()
        os.environ[f"HOMEK8S_{name.upper()}"] = str(home.work / name)


def definition(plural, kind, group, version):
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{plural}.{group}"},
            "spec": {"group": group, "scope": "Namespaced",
                     "names": {"plural": plural, "singular": kind.lower(), "kind": kind},
                     "versions": [{"name": version, "served": True, "storage": True}]}}


def pod(name, node):
    return {"apiVersion": "v1", "kind": "Pod", "status": {"phase": "Running"},
            "metadata": {"name": name, "namespace": "default"}, "spec": {"nodeName": node}}


def anything(api, kind, plural, content):
    return (f"{{api: {api}, kind: {kind}, plural: {plural}, namespace: default, "
            f"content: '{content}'}}")


def write(home, **change):
    """Changes what is written of a section, None for nothing, and has it read."""
    home.written.update(change)
    lines = []
    for section, objects in home.written.items():
        if objects:
            lines.append(f"{section}:")
            lines += [f"  {name}: {text}" for name, text in objects.items()]
    home.put("desired.d/frame.yaml", "\n".join(lines) + "\n" if lines else "notes: {}\n")
    if home.daemon:
        home.exits(0, "reload")


def note(home, name, text="as written"):
    return f"{{path: {home.work / name}, text: {text}}}"


def start(home):
    with_these_kinds(home)
    world(home)
    home.written = {}
    write(home, notes={"first": note(home, "first.txt")},
          anything={"settings": anything("v1", "ConfigMap", "configmaps", '{"data": {"a": "b"}}'),
                    "widget": anything("example.org/v1", "Widget", "widgets", '{"size": 1}')},
          residents={"first": "{node: worker-1}"})
    home.put("desired.d/peers.yaml", "metallb:\n  peers:\n    router: "
             "{address: 192.168.122.1, asn: 64512, own_asn: 64513}\n")
    home.start()
    home.report.check("each kind converges", lambda: all(
        home.is_(name, "converged") for name in (
            "note/first", "anything/settings", "resident/first", "vm/worker-1",
            "pool/default-pool")), 10)


def missing_apis(home):
    check = home.report.check
    check("a missing API blocks its own objects alone, and says which", lambda:
          home.is_("peer/router", "blocked", "does not know metallb.io/v1beta2") and
          home.is_("anything/widget", "blocked", "knows no widgets of example.org/v1") and
          home.is_("anything/settings", "converged") and
          home.is_("pool/default-pool", "converged"))
    home.api.post(CRDS, definition("bgppeers", "BGPPeer", "metallb.io", "v1beta2"))
    home.api.post(CRDS, definition("widgets", "Widget", "example.org", "v1"))


def apis_appear(home):
    """Waits for what missing_apis() has begun."""
    home.report.check("the definitions are there: so are the objects", lambda:
                      home.api.get(f"{PEERS}/router")["spec"]["peerASN"] == 64512 and
                      home.api.get(f"{WIDGETS}/widget")["size"] == 1 and home.converged(), 40)
    home.report.heals("a deleted one is back", lambda: home.api.delete(f"{PEERS}/router"),
                      lambda: home.api.is_there(f"{PEERS}/router"), 5)
    home.report.heals(
        "one of a kind found at run time, too", lambda: home.api.delete(f"{WIDGETS}/widget"),
        lambda: home.api.is_there(f"{WIDGETS}/widget") and home.converged(), 5)


def notes(home):
    check, heals = home.report.check, home.report.heals
    first, second = home.work / "first.txt", home.work / "second.txt"
    check("a note was written", lambda: first.read_text() == "as written\n")
    heals("edited: as written again", lambda: first.write_text("by hand\n"),
          lambda: first.read_text() == "as written\n" and home.converged(), 5)
    heals("deleted: there again", first.unlink,
          lambda: first.read_text() == "as written\n" and home.converged(), 5)
    heals("another text", lambda: write(home, notes={"first": note(home, "first.txt", "anew")}),
          lambda: first.read_text() == "anew\n" and home.converged(), 5)
    heals("another file: the old one is removed, once it is observed gone the new one is written",
          lambda: write(home, notes={"first": note(home, "second.txt")}),
          lambda: second.read_text() == "as written\n" and not first.exists() and
          home.converged(), 5)
    first.write_text("foreign\n")
    write(home, notes={"first": note(home, "second.txt"), "other": note(home, "first.txt")})
    check("what somebody else has put there is not overwritten", lambda: home.is_(
        "note/other", "failing", "homek8sd has not written it") and
        first.read_text() == "foreign\n", 5)
    heals("moved away: written", first.unlink, lambda:
          first.read_text() == "as written\n" and home.converged(), 35)
    home.stop()
    second.write_text("by hand\n")
    heals("edited while homek8sd was away", home.start, lambda:
          second.read_text() == "as written\n" and home.is_("note/first", "converged"), 5)
    home.marks()
    home.report.stays("and nothing is done once all is well", home.wrote_nothing, 2.5)


def residents(home):
    check, api = home.report.check, home.api
    for name, node in (("web", "worker-1"), ("job", "worker-2"), ("unplaced", "")):
        api.store(pod(name, node))
    check("a Pod of the node is shown, others are not", lambda:
          home.is_("resident/first", "converged", "1 on worker-1") and
          [o["name"] for o in home.status()["objects"] if o["kind"] == "resident"] ==
          ["first", "worker-1/default/web"], 5)
    write(home, residents={"first": "{node: worker-2}", "second": "{node: worker-1}"})
    check("each node has a watch of its own", lambda:
          home.is_("resident/first", "converged", "1 on worker-2") and
          home.is_("resident/second", "converged", "1 on worker-1") and
          home.is_("resident/worker-2/default/job", "converged", "Running"), 5)
    api.delete(f"{PODS}/job")
    check("gone", lambda: home.is_("resident/first", "converged", "0 on worker-2"), 5)
    write(home, residents=None)
    check("no longer written: nothing is shown, nothing is watched", lambda: not [
        o for o in home.status()["objects"] if o["kind"] == "resident"], 5)


def probes(home):
    api, check = home.api, home.report.check
    settings = f"{CONFIGMAPS}/settings"

    def change(value):
        content = f'{{"data": {{"a": "{value}"}}}}'
        write(home, anything={**home.written["anything"],
                              "settings": anything("v1", "ConfigMap", "configmaps", content)})

    api.forget_requests()
    change("c")
    check("asked by a dry run, then applied", lambda:
          api.get(settings)["data"] == {"a": "c"} and home.is_("anything/settings", "converged") and
          api.count(f"PATCH {settings}") == 2 and api.count("dryRun=All") == 1, 5)
    api.fault("status", "dryRun=All", code=422, body={
        "kind": "Status", "status": "Failure", "code": 422, "reason": "Invalid",
        "message": "the quota of settings is used up"})
    change("d")
    check("refused: blocked, in the server's words", lambda: home.is_(
        "anything/settings", "blocked", "the quota of settings is used up"), 5)
    check("and not applied", lambda: api.get(settings)["data"] == {"a": "c"})
    api.no_faults()
    check("judged anew, nothing done", lambda: api.get(settings)["data"] == {"a": "d"} and
          home.is_("anything/settings", "converged"), 10)
    api.fault("close", "dryRun=All")
    change("e")
    check("no answer: it waits for one", lambda: home.is_(
        "anything/settings", "pending", "is asked whether"), 5)
    api.no_faults()
    check("answered", lambda: api.get(settings)["data"] == {"a": "e"}, 15)


def state(home):
    """It is kept for kinds made at run time as for any."""
    home.exits(0, "pause", "anything/settings", "--reason=by hand")
    home.restart()
    home.api.delete(f"{CONFIGMAPS}/settings")
    home.report.check("paused over a restart", lambda: home.is_(
        "anything/settings", "paused", "by hand") and
        not home.api.is_there(f"{CONFIGMAPS}/settings"), 5)
    home.exits(0, "resume", "anything/settings")
    home.report.check("resumed", lambda: home.api.is_there(f"{CONFIGMAPS}/settings"), 5)


def shown(home):
    check, exits = home.report.check, home.exits
    check("explain", lambda: exits(0, "explain", "notes").has("path", "text", "Its one line.") and
          exits(0, "explain", "metallb").has("pools", "peers") and
          exits(0, "explain", "metallb.peers.asn").has("1 to 4294967295"))
    check("list", lambda: exits(0, "list", "notes").has("PATH", "second.txt") and
          exits(0, "list", "peer").has("192.168.122.1") and
          exits(0, "list", "-o", "name").has("note/first", "anything/widget"))
    check("describe", lambda: exits(0, "describe", "note/first").has("second.txt", "as written"))
    bad = home.work / "bad.yaml"
    bad.write_text("notes:\n  x: {path: relative, text: a}\nmetallb:\n  peers:\n    r: {asn: 0}\n"
                   "anything:\n  y: {api: v1, kind: K, plural: ks, content: '['}\n")
    check("validate names each error and its place", lambda: exits(1, "validate", str(bad)).has(
        "bad.yaml:2:", "bad.yaml:5:", "bad.yaml:7:", "content is no JSON object"))
    check("events", lambda: exits(0, "events").has("note/first: done: write "))
    complete = ('. "$1"; COMP_WORDS=(homek8sctl describe note/); COMP_CWORD=2; '
                'PATH=$2:$PATH; _homek8sctl homek8sctl; echo "${COMPREPLY[@]}"')
    (home.work / "bin").mkdir()
    (home.work / "bin" / "homek8sctl").symlink_to(home.ctl_program)
    check("completion", lambda: home.command(
        ["bash", "-c", complete, "-", TOP / "units" / "completion" / "homek8sctl.bash",
         home.work / "bin"]).has("note/first"))


def removal(home):
    check = home.report.check
    paths = [home.work / "first.txt", home.work / "second.txt"]
    (home.desired / "peers.yaml").unlink()
    write(home, notes=None)
    check("no longer written: left alone, and said so", lambda:
          home.exits(0, "status", "-o", "wide").has("note/first is owned by homek8sd",
                                                    "peer/router is owned by homek8sd") and
          all(path.exists() for path in paths) and home.api.is_there(f"{PEERS}/router"), 5)
    home.restart()
    home.must("both sources are read again", lambda: home.exits(0, "status", "-o", "wide").has(
        "note/first is owned by homek8sd", "peer/router is owned by homek8sd"), 10)
    home.mark()
    home.settings(more="prune: true")
    home.ctl("reload")
    check("with prune: removed, though the daemon has been restarted meanwhile", lambda:
          not any(path.exists() for path in paths) and
          not home.api.is_there(f"{PEERS}/router"), 5)
    check("and their records", lambda: not list((home.work / "notes").iterdir()), 5)
    log = home.log()[home.log_mark:]
    check("in reverse order of the rows", lambda:
          0 < log.index("delete peer/router") < log.index("remove "))


if __name__ == "__main__":
    run(start, missing_apis, notes, residents, probes, apis_appear, shown, state, removal)
