#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every command of homek8sctl and every option: what it prints where, and how it ends. The JSON
of the status is held against the design, key by key and word by word. What follows a stream, waits
or meets no daemon is in test_streams.py.
"""

import datetime
import json
import os
import re
import unicodedata

from clients import POOLS
from homelab import EXAMPLE, run, started
from report import none_of
from terminal import on_terminal

VERBS = ("status list describe plan diff validate doctor reconcile reload pause resume start stop "
         "restart approve wait events explain example import call version help").split()


def lines(ended, count):
    return len(ended.out.splitlines()) == count


def matches(ended, *patterns):
    for pattern in patterns:
        assert re.search(pattern, ended.out), f"lacks /{pattern}/"
    return True


def lacks(ended, *patterns):
    for pattern in patterns:
        assert not re.search(pattern, ended.out, re.S), f"has /{pattern}/"
    return True


def silent(ended):
    assert not ended.err, "something on stderr"
    return True


def talk_only(ended):
    assert not ended.out and ended.err, "stdout is not empty, or stderr is"
    return True


def json_of(home, code, *words):
    ended = home.exits(code, *words, "-o", "json")
    silent(ended)
    return ended.json


def every_verb(home):
    check, exits = home.report.check, home.exits
    check("help: every command, and no other", lambda: exits(0, "help") and
          home.ctl("help", "-o", "name").out.split() == VERBS)
    check("--help of each, on stdout", lambda: all(
        silent(exits(0, verb, "--help")) and
        exits(0, verb, "--help").has(f"homek8sctl {verb}") for verb in VERBS))
    check("unknown options and too many arguments: exit 2, on stderr", lambda: all(
        talk_only(exits(2, verb, "--nonsense")) and
        talk_only(exits(2, verb, "a", "b", "c", "d")) for verb in VERBS))
    check("a word that is near a command", lambda: talk_only(exits(2, "stats")) and
          exits(2, "stats").has('no command "stats"; did you mean `homek8sctl status`?'))
    check("a word that is near none",
          lambda: exits(2, "frobnicate").has("see `homek8sctl help`"))
    check("an option that is of no use is refused, not ignored", lambda:
          exits(2, "reload", "-o", "json").has("reload takes no --output") and
          exits(2, "plan", "-w") and exits(2, "version", "--no-headers") and
          exits(2, "status", "-o", "xml") and exits(2, "events", "--reason=x"))
    check("no arguments: status", lambda:
          silent(exits(0)) and exits(0).has("converged: all 12 objects"))


def is_time(text):
    return datetime.datetime.fromisoformat(text).timestamp() > 1e9


def status_as_designed(home):
    check = home.report.check
    status = json_of(home, 0, "status")
    config, libvirt, kubernetes = (
        status["sources"][name] for name in ("config", "libvirt", "kubernetes"))
    check("status -o json: the keys of the whole", lambda:
          status["verdict"] in ("converged", "converging", "degraded", "blocked", "paused",
                                "unknown") and
          sorted(status["sources"]) == ["config", "kubernetes", "libvirt"] and
          len(status["objects"]) == 12 and len(status["findings"]) == 1)
    check("status -o json: sources.config", lambda: config["state"] in ("ok", "error") and
          config["generation"] >= 1 and config["error"] is None)
    check("status -o json: sources.libvirt", lambda: libvirt["state"] in (
        "connected", "connecting", "unresponsive", "down", "off") and
        is_time(libvirt["since"]) and isinstance(libvirt["detail"], str))
    check("status -o json: sources.kubernetes", lambda: kubernetes["state"] in (
        "connected", "connecting", "unauthorized", "down", "off") and
        is_time(kubernetes["since"]) and kubernetes["version"] == "v1.29.0")
    check("status -o json: objects", lambda: none_of([
        row for row in status["objects"]
        if not all(isinstance(row[key], str) for key in ("kind", "name", "reason"))
        or row["verdict"] not in ("converged", "pending", "failing", "blocked", "unknown",
                                  "paused")
        or not is_time(row["since"]) or row["changes"] != []
        or row["error"] is not None or row["retry_in"] is not None]))
    check("status -o json: the kinds of the home", lambda: {
        row["kind"] for row in status["objects"]
    } == {"advertisement", "network", "node", "pool", "reservation", "vm"})
    finding = status["findings"][0]
    check("status -o json: findings", lambda: finding["id"] == "pool-in-dhcp-range" and
          finding["severity"] in ("error", "warning", "info") and
          finding["objects"] == ["pool/default-pool", "network/default"] and
          ".2-.99, .151-.254" in finding["text"] and isinstance(finding["fix"], str) and
          re.fullmatch(r"desired.d/home.yaml:\d+:\d+", finding["at"]))


def differences(home):
    check, exits = home.report.check, home.exits
    home.write_home(EXAMPLE.read_text().replace("memory: 8GiB", "memory: 6GiB"))
    home.api.post("/fake/webhooks", {"ipaddresspools.metallb.io": True})
    home.api.delete(f"{POOLS}/default-pool")
    vm, pool = "vm/control-plane", "pool/default-pool"
    check("a difference and a failure: status", lambda:
          home.is_(vm, "blocked", "memory") and home.is_(pool, "failing", "webhook"), 10)
    check("status -o name: what is not as written", lambda: exits(
        1, "status", "-o", "name").out.split() == [vm, pool])
    check("status -o json: changes as text, want and have", lambda: home.object(vm)[
        "changes"] == [{"field": "memory", "want": "6GiB", "have": "8GiB"}] and
        home.object(vm) in json_of(home, 1, "status")["objects"])
    check("status -o json: error and retry_in, in ms", lambda:
          "webhook" in home.object(pool)["error"] and
          0 < home.object(pool)["retry_in"] <= 75_000)
    check("status: what is not converged, why, and when the next try is", lambda:
          exits(1, "status").has(vm, "memory", "next try in") and
          lacks(exits(1, "status"), "worker-1 .*converged"))
    check("diff: exit 1, each side", lambda:
          exits(1, "diff").has("DESIRED", "LIVE", "PERSISTENT") and
          matches(exits(1, "diff"), f"{vm} +memory +6GiB +8GiB +6GiB"))
    differs = {"field": "memory", "want": "6GiB", "live": "8GiB", "persistent": "6GiB"}
    check("diff -o json", lambda: [(row["kind"], row["changes"]) for row in json_of(
        home, 1, "diff")["objects"]][0] == ("vm", [differs]))
    check("diff -o name", lambda: exits(1, "diff", "-o", "name").has(vm) and
          lacks(home.ctl("diff", "-o", "name"), "worker-1"))
    check("diff -o yaml", lambda:
          exits(1, "diff", "-o", "yaml").has("- field: memory", "want: 6GiB"))
    check("diff --no-headers", lambda: lacks(exits(1, "diff", "--no-headers"), "DESIRED"))
    check("plan: exit 1, what waits and why", lambda:
          exits(1, "plan").has("create pool default-pool", "not now:", "webhook"))
    step = json_of(home, 1, "plan")["steps"][0]
    check("plan -o json", lambda: (step["kind"], step["held"], step["disruptive"]) ==
          ("pool", True, False) and step["why_held"].startswith("next try in"))
    check("plan -o name", lambda: exits(1, "plan", "-o", "name").out.strip() == pool)
    described(home, vm, pool)
    home.api.post("/fake/webhooks", {"ipaddresspools.metallb.io": False})
    home.write_home()
    home.ctl("reconcile")
    check("mended: converged", home.converged, 10)
    check("plan: exit 0, nothing to do", lambda:
          exits(0, "plan").out.strip() == "Nothing to do." and
          json_of(home, 0, "plan")["steps"] == [] and
          json_of(home, 0, "plan")["approvals"] == [])
    check("diff: exit 0, no differences", lambda:
          exits(0, "diff").out.strip() == "No differences." and
          json_of(home, 0, "diff")["objects"] == [])


def described(home, vm, pool):
    check, exits = home.report.check, home.exits
    check("describe: desired, live, persistent, differences, history", lambda:
          exits(0, "describe", vm).has("DESIRED", "Differences", "History") and
          matches(exits(0, "describe", vm), "Verdict +blocked",
                  "Written at +desired.d/home.yaml:18:5", "memory +6GiB +8GiB +6GiB"))
    row = json_of(home, 0, "describe", vm)
    check("describe -o json", lambda:
          [row[side]["memory"] for side in ("desired", "live", "persistent")] ==
          ["6GiB", "8GiB", "6GiB"] and len(row["history"]) > 3 and
          row["title"] == "virtual machine" and isinstance(row["conditions"], list) and
          row["steps"] == [] and row["approval"] is None)
    check("describe: what is remembered", lambda: matches(
        exits(0, "describe", pool), "Remembered\n", "failures +[1-9]", "retry_at +20") and
        json_of(home, 0, "describe", pool)["remembered"]["failures"] > 0)
    check("describe: the last error and the next try", lambda: exits(
        0, "describe", pool).has("failing", "webhook", "Next try in", "create pool"))


def lists(home):
    check, exits = home.report.check, home.exits
    check("list: all objects", lambda:
          lines(exits(0, "list"), 13) and exits(0, "list").has("OBJECT", "node/worker-2"))
    check("list KIND, singular and plural", lambda:
          lines(exits(0, "list", "vm"), 4) and lines(exits(0, "list", "vms"), 4))
    check("list vms: the columns of the kind, filled", lambda: matches(
        exits(0, "list", "vms"), "STATE +ADDRESS +NODE +CPUS +MEMORY +UP",
        r"control-plane +converged +running +192.168.122.10 +Ready +4 +8GiB"))
    check("list reservations: address and MAC", lambda:
          exits(0, "list", "reservations").has("192.168.122.11", "52:54:00:"))
    check("list leases: the older name of the kind", lambda:
          exits(0, "list", "leases").out == exits(0, "list", "reservations").out, 3)
    check("list -o wide: the reason, too", lambda:
          exits(0, "list", "vms", "-o", "wide").has("REASON", "MEMORY"))
    check("list --no-headers", lambda: lines(exits(0, "list", "vms", "--no-headers"), 3) and
          lacks(exits(0, "list", "vms", "--no-headers"), "OBJECT"))
    check("list -o name", lambda: exits(0, "list", "vms", "-o", "name").out.split() ==
          ["vm/control-plane", "vm/worker-1", "vm/worker-2"])
    rows = json_of(home, 0, "list", "vms")["objects"]
    check("list -o json", lambda: len(rows) == 3 and rows[1]["kind"] == "vm" and
          rows[1]["fields"]["memory"] == "4GiB" and rows[1]["fields"]["vcpus"] == 2)
    check("list -o yaml: a MAC is a text to every reader", lambda:
          matches(exits(0, "list", "reservations", "-o", "yaml"), 'mac: "52:54:00:') and
          silent(exits(0, "list", "reservations", "-o", "yaml")))
    check("list of no kind: exit 2, and what may be meant",
          lambda: exits(2, "list", "vmz").has('no kind "vmz"; did you mean vm'))
    check("status -o wide: converged objects, too",
          lambda: exits(0, "status", "-o", "wide").has("vm/worker-1"))
    check("status -o name: what is not as written: nothing",
          lambda: exits(0, "status", "-o", "name").out == "")
    check("status -o yaml", lambda: silent(exits(0, "status", "-o", "yaml")) and
          exits(0, "status", "-o", "yaml").has("verdict: converged", "  libvirt:"))
    check("describe of nothing: exit 3; of no kind or no name: exit 2", lambda:
          exits(3, "describe", "vm/nobody").has("no vm/nobody") and
          exits(2, "describe", "wm/x") and exits(2, "describe") and
          exits(2, "describe", "worker-1").has("expected KIND/NAME"))


def plain(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def width(line):
    """The columns a line takes."""
    return sum(0 if unicodedata.combining(c) else
               2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


def fits(text, columns=80):
    """A word that is to be copied, as a URL, is not broken."""
    wide = [line for line in plain(text).splitlines()
            if width(line) > columns and " " in line.strip()]
    return text and none_of(wide)


def terminals(home):
    check, exits = home.report.check, home.exits
    green, escape = "\x1b[32m", "\x1b"
    for verb in ("status", "status -o wide", "list", "list vms", "list networks",
                 "describe vm/worker-1", "events", "plan", "help"):
        check(f"on a terminal {verb} fits 80 columns",
              lambda verb=verb: fits(on_terminal(home, *verb.split())))
    check("status fits 24 rows", lambda: fits(on_terminal(home, "status")) and
          len(on_terminal(home, "status").splitlines()) <= 24)
    check("colours on a terminal", lambda: green in on_terminal(home, "status"))
    check("none with NO_COLOR", lambda:
          escape not in on_terminal(home, "status", NO_COLOR="1"))
    check("none with --color=never",
          lambda: escape not in on_terminal(home, "status", "--color=never"))
    check("none into a pipe", lambda: escape not in exits(0, "status").out)
    check("but with --color=always",
          lambda: green in exits(0, "status", "--color=always").out)
    check("ASCII where the terminal knows no more", lambda: "+ converged" in plain(
        on_terminal(home, "status", LC_ALL="C")) and
        re.fullmatch(r"[ -~\n]*", plain(on_terminal(home, "status", LC_ALL="C"))))
    check("--color=perhaps: exit 2", lambda: exits(2, "status", "--color=perhaps"))


def changing(home):
    check, exits, etc = home.report.check, home.exits, str(home.etc)
    check("reconcile", lambda: talk_only(exits(0, "reconcile")) and
          exits(0, "reconcile", "vm/worker-1").has("vm/worker-1"))
    check("reconcile of nothing: exit 3",
          lambda: exits(3, "reconcile", "vm/nobody").has("no vm/nobody"))
    check("reload: which generation", lambda: talk_only(exits(0, "reload")) and
          exits(0, "reload").has("configuration generation"))
    check("approve where nothing waits: exit 3", lambda: exits(
        3, "approve", "vm/worker-1").has("nothing of vm/worker-1 waits"))
    check("approve what: exit 2",
          lambda: exits(2, "approve", "vm") and exits(2, "approve", "vm/worker-1", "--all") and
          exits(3, "approve", "vm/nobody"))
    check("approve without a name lists what waits: nothing",
          lambda: exits(0, "approve").has("nothing waits"))
    check("validate: 0; 1; a file; none", lambda: exits(0, "validate", etc) and
          exits(0, "validate", f"{etc}/desired.d/home.yaml") and
          exits(1, "validate", f"{etc}/kubeconfig") and
          exits(1, "validate", f"{home.work}/nowhere").has("cannot find it"))
    checked = home.ctl("validate", etc, "-o", "json").json
    check("validate --config-dir, and as JSON", lambda:
          exits(0, "validate", f"--config-dir={etc}") and checked["errors"] == 0 and
          checked["findings"][0]["id"] == "pool-in-dhcp-range")


def learning(home):
    check, exits = home.report.check, home.exits
    check("explain", lambda: exits(0, "explain").has("metallb", "settings", "resync") and
          exits(0, "explain", "vms.power").has("always, on-failure or manual"))
    check("explain of nothing: exit 1, and what may be meant",
          lambda: exits(1, "explain", "vms.powr").has("did you mean vms.power?"))
    check("example", lambda: silent(exits(0, "example")) and
          exits(0, "example").has("network:", "vms:"))
    check("version: of both", lambda: lines(exits(0, "version"), 2) and
          exits(0, "version").has("homek8sctl ", "homek8sd "))
    check("help of a command; of none", lambda: exits(0, "help", "wait").has("--timeout") and
          exits(2, "help", "wayt").has("did you mean `homek8sctl wait`"))
    version = exits(0, "call", "GetVersion").json
    check("call: a method, JSON out",
          lambda: version["version"] and "events" in version["features"])
    check("call: with parameters",
          lambda: len(exits(0, "call", "List", '{"kind":"vm"}').json["objects"]) == 3)
    check("call: by its full name", lambda:
          exits(0, "call", "org.varlink.service.GetInfo").has("io.homek8s.Manager"))
    check("call: the interface describes itself", lambda: exits(
        0, "call", "org.varlink.service.GetInterfaceDescription",
        json.dumps({"interface": "io.homek8s.Manager"})).has("method GetStatus()"))
    check("call: no such method or interface, wrong parameters: exit 3", lambda:
          exits(3, "call", "Nope").has("MethodNotFound") and
          exits(3, "call", "a.b.C").has("InterfaceNotFound") and
          exits(3, "call", "List", '{"kind":5}').has("InvalidParameter") and
          exits(3, "call", "List", '{"x":1}') and exits(3, "call", "Describe") and
          exits(3, "call", "Reload", '{"a":1}'))
    check("call: no method, no JSON: exit 2", lambda: exits(2, "call") and
          exits(2, "call", "List", "{").has("line 1 column") and exits(2, "call", "List", "[]"))
    sequence = [event["seq"] for event in json_of(home, 0, "events")["events"]]
    check("events: oldest first; -o json; -o name", lambda:
          exits(0, "events").has("configuration") and len(sequence) > 5 and
          sequence == sorted(sequence) and
          exits(0, "events", "-o", "name").has("vm/worker-1") and
          "" not in exits(0, "events", "-o", "name").out.splitlines())


def as_nobody(home, code, *words):
    ended = home.command(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                          home.ctl_program, *words])
    assert ended.code == code, f"exit {ended.code}"
    return ended


def denied(home):
    check = home.report.check
    if os.getuid() != 0:
        home.socket.chmod(0)
        check("who may not connect: exit 5",
              lambda: home.exits(5, "status").has("permission denied"))
        home.socket.chmod(0o600)
        return
    home.socket.chmod(0o666)
    check("everyone who may connect may read",
          lambda: as_nobody(home, 0, "status").has("12 objects"))
    check("who may not change anything: exit 5", lambda: all(
        as_nobody(home, 5, *verb.split()).has("permission denied")
        for verb in ("reconcile", "reload", "pause", "resume", "approve vm/worker-1")))
    check("nor did it", lambda: home.converged() and home.status().get("paused") is None)
    home.socket.chmod(0o600)
    check("who may not connect: exit 5",
          lambda: as_nobody(home, 5, "status").has("permission denied"))


def two_networks():
    """The example, its network as one of two, both with a worker-1."""
    head, network, rest = re.split(r"(?ms)^network:\n(.*?)^(?=vms:)", EXAMPLE.read_text())
    one = "  default:\n" + re.sub(r"(?m)^", "  ", network.replace("  name: default\n", ""))
    vms = rest.replace("vms:\n", "vms:\n", 1)
    return (f"{head}networks:\n{one.rstrip()}\n"
            "  lab: {address: 10.9.0.1/24, static_ips: {worker-1: {ip: 10.9.0.5, "
            'mac: "52:54:00:00:00:99"}}}\n' + vms)


def full_names(home):
    """Short names are for showing; both are understood, whatever else is written."""
    check, exits, full = home.report.check, home.exits, "reservation/default/worker-1"
    check("an object is shown by its short name, and has a key", lambda:
          exits(0, "describe", full).has("Object", "reservation/worker-1") and
          json_of(home, 0, "describe", full)["key"] == full ==
          json_of(home, 0, "describe", "reservation/worker-1")["key"])
    check("pause, resume and wait by the full name", lambda:
          exits(0, "pause", full).has("reservation/") and
          exits(0, "wait", f"--for={full}=paused") and exits(0, "resume", full) and
          exits(0, "wait", f"--for={full}=converged") and
          exits(0, "wait", "--for=reservation/worker-1=converged"))
    check("full names are completed", lambda: home.command(
        ["bash", "-c", ". units/completion/homek8sctl.bash; "
         '_homek8sctl_words "$1" KIND/NAME reservation/default/', "-",
         home.ctl_program]).out.split().count(full) == 1)
    before = json_of(home, 0, "describe", full)["history"]
    home.write_home(two_networks())
    check("a second network with one of that name: both in full",
          lambda: exits(0, "list", "reservations").has("default/worker-1", "lab/worker-1"), 10)
    check("the short name of two: exit 3, and which they are", lambda: exits(
        3, "describe", "reservation/worker-1").has(full, "reservation/lab/worker-1"))
    check("a name of one goes on being short",
          lambda: exits(0, "describe", "reservation/worker-2"))
    check("its state and its history are still its own", lambda: before and
          json_of(home, 0, "describe", full)["history"][:len(before)] == before)


if __name__ == "__main__":
    run(started, every_verb, status_as_designed, differences, lists, terminals, changing,
        learning, denied, full_names)
