#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Starting with nothing remembered: a first start on a home that others made, with and without
observing, and a start after the state was lost.
"""

import re

from clients import ADVERTISEMENTS, POOLS
from homelab import EXAMPLE, run, started

VMS = ("control-plane", "worker-1", "worker-2")


def empty_state(home):
    if home.daemon:
        home.stop()
    for path in home.state_dir.iterdir():
        path.unlink()
    home.mark()


def first(home):
    """A home that somebody made: everything is there, nothing carries our mark."""
    started(home)
    home.stop()
    for name in VMS:
        home.virsh("destroy", name)
        text = home.virsh("dumpxml", "--inactive", name).out
        begin, end = text.index("<metadata>"), text.index("</metadata>")
        path = home.work / "plain.xml"
        path.write_text(text[:begin] + text[end + len("</metadata>"):])
        home.virsh("undefine", name)
        home.virsh("define", str(path))
    for path in (f"{POOLS}/default-pool", f"{ADVERTISEMENTS}/default-pool"):
        home.api.delete(path)


def remove_all(home):
    for name in VMS:
        home.virsh("destroy", name)
        home.virsh("undefine", name)
    home.virsh("net-destroy", "default")
    home.virsh("net-undefine", "default")
    for path in (f"{POOLS}/default-pool", f"{ADVERTISEMENTS}/default-pool"):
        if home.api.is_there(path):
            home.api.delete(path)


def observes(home):
    check = home.report.check
    empty_state(home)
    home.settings(first_start="observe")
    home.marks()
    home.start()
    check("a first start observes: everything is paused, with the reason",
          lambda: home.verdict() == "paused" and
          "first start" in home.status()["paused"]["reason"], 5)
    check("status names the way on", lambda: home.exits(1, "status").has("homek8sctl resume"))
    check("plan shows what would be done",
          lambda: home.exits(1, "plan").has("start", "control-plane"))
    shown = lambda: home.exits(1, "plan")
    home.put("desired.d/later.yaml", "vms: {later: {vcpus: 1, memory: 1GiB, "
             "disk: {size: 1GiB, image: none.img}}}\n")
    check("and what could not be done then, with the reason", lambda: shown().has(
        "volume/default/later.qcow2", "would be blocked: libvirt has no storage pool"), 5)
    (home.desired / "later.yaml").unlink()
    home.report.stays("and nothing is done", home.wrote_nothing, 2)
    home.stop()
    home.start()
    check("nor after a restart", lambda: home.verdict() == "paused", 5)
    home.report.stays("so long as nobody has said resume", home.wrote_nothing, 2)
    home.stop()
    remove_all(home)
    home.marks()
    home.start()
    check("nor where all that was found is gone", lambda: home.verdict() == "paused", 5)
    home.report.stays("and nothing is made", home.wrote_nothing, 1)
    home.exits(0, "resume")
    check("resume: it begins", home.converged, 10)
    home.stop()
    home.start()
    check("and has begun after a restart, too", home.converged, 10)


def preview(home):
    """The same without a service: one program that observes, prints and ends."""
    check = home.report.check
    plan = lambda: home.command([home.program, "--config-dir", home.etc, "--plan"])
    home.stop()
    check("--plan on a home as it is written: nothing to do",
          lambda: plan().has("Nothing to do.") and plan().code == 0)
    home.virsh("destroy", "worker-1")
    home.marks()
    check("--plan prints what would be done, exit 1", lambda: plan().code == 1 and
          plan().has("vm/worker-1: start domain worker-1"))
    check("and nothing is done", home.wrote_nothing)
    home.put("desired.d/bad.yaml", "nonsense: 1\n")
    check("--plan of a bad configuration: exit 78, and the errors",
          lambda: plan().code == 78 and plan().has("bad.yaml:1:1"))
    (home.desired / "bad.yaml").unlink()
    home.start()
    check("the service does it", home.converged, 10)


def nothing_written(home):
    """No configuration: it waits, observes, and takes the first one, which is imported."""
    check = home.report.check
    home.stop()
    empty_state(home)
    (home.desired / "home.yaml").unlink()
    home.settings(first_start="observe")
    home.marks()
    home.start()
    check("without a configuration it waits, and says what to write", lambda:
          home.verdict() == "blocked" and home.exits(1, "status").has(
              f"{home.etc}/desired.d/home.yaml", "homek8sctl import"), 5)
    check("plan and diff say that nothing is planned, not that there is nothing to do", lambda: all(
        home.exits(1, verb).has("Nothing is planned: no good configuration yet")
        for verb in ("plan", "diff")))
    found = home.exits(0, "import")
    text = found.out
    check("import works all the same", lambda: "worker-1:" in text and
          "default-pool:" in text and not found.err)
    home.report.stays("nothing is done", home.wrote_nothing, 1)
    home.write_home(text)
    check("the first file is taken by itself", lambda: home.generation() == 1, 10)
    check("there is nothing to do on it", lambda: home.exits(0, "plan"), 5)
    home.report.stays("and nothing is done", home.wrote_nothing, 1)
    home.settings(first_start="converge")
    home.write_home()


def lost(home):
    check = home.report.check
    home.exits(0, "pause", "vm/worker-1", "--reason", "a person")
    empty_state(home)
    home.virsh("destroy", "control-plane")
    home.start()
    check("the state was lost: what carries our mark goes on being kept",
          lambda: home.runs("control-plane") and home.verdict() == "converged", 10)
    check("it is in the journal", lambda: home.said("nothing is remembered of before"))
    check("and in status, with what is gone", lambda: any(
        one["id"] == "state-lost" and "approvals are gone" in one["text"]
        for one in home.status()["findings"]))
    home.stop()
    home.start()
    check("after a restart, too", lambda: any(
        one["id"] == "state-lost" for one in home.status()["findings"]), 5)
    home.exits(0, "resume")
    check("until somebody has read it", lambda: not any(
        one["id"] == "state-lost" for one in home.status()["findings"]), 5)


def nothing_there(home):
    """With nothing to take over there is nothing to wait for."""
    empty_state(home)
    remove_all(home)
    home.start()
    home.report.check("a first start on nothing makes it all", home.converged, 10)
    home.report.check("and says nothing of a loss", lambda: not any(
        one["id"] == "state-lost" for one in home.status()["findings"]))


def source_away(home):
    """What is away holds up the rest for some seconds only, and is a first start by itself."""
    check = home.report.check
    empty_state(home)
    remove_all(home)
    home.settings(first_start="observe")
    home.api.post(POOLS, {
        "apiVersion": "metallb.io/v1beta1", "kind": "IPAddressPool",
        "metadata": {"name": "default-pool", "namespace": "metallb-system"},
        "spec": {"addresses": ["192.168.122.200/32"]}})
    home.stop_api()
    home.libvirt_mark()
    home.start()
    home.report.stays("nothing is done so long as the API server may come",
                      lambda: not home.libvirt_writes(), 2)
    check("where it does not, libvirt's part begins", lambda: home.runs("worker-2"), 20)
    home.stop()
    home.start_api()
    home.api.mark()
    home.start()
    check("when it comes, with a pool that others made, it is observed", lambda: any(
        one["name"] == "default-pool" and one["verdict"] == "paused"
        and "first start" in one["reason"] for one in home.status()["objects"]), 10)
    home.virsh("destroy", "worker-2")
    check("libvirt's part goes on being kept", lambda: home.runs("worker-2"), 10)
    home.report.stays("and nothing is done in the cluster", lambda: not home.api.writes(), 2)
    home.exits(0, "resume")
    check("until resumed", home.converged, 10)


def pools_remembered(home):
    """Kubernetes is switched off and the pools are no longer written: they may be there still."""
    check = home.report.check
    ranges = lambda: re.findall(r"<range start='([0-9.]+)' end='([0-9.]+)'",
                                home.virsh("net-dumpxml", "default").out)
    check("all is as written again", home.converged, 10)
    before = ranges()
    home.stop()
    home.write_home(re.sub(r"^metallb:\n(?:[ #].*\n|\n)*", "", EXAMPLE.read_text(), flags=re.M))
    home.settings(kubernetes="off")
    home.start()
    check("to give a machine what a pool may have waits for approval", lambda: home.is_(
        "network/default", "blocked", "exposes 192.168.122.100-192.168.122.150"), 10)
    check("and was not done", lambda: len(before) == 2 and ranges() == before)
    home.exits(0, "approve", "network/default")
    check("a person says that it is gone", lambda: len(ranges()) == 1 and home.is_(
        "network/default", "converged"), 10)
    home.settings(kubernetes="auto")
    home.write_home()
    check("when the cluster is there again, with the pool, it is cut", lambda: ranges() == before
          and home.converged(), 20)
    home.api.store(*({
        "apiVersion": "metallb.io/v1beta1", "kind": "IPAddressPool",
        "metadata": {"name": f"many-{n}", "namespace": "metallb-system"},
        "spec": {"addresses": [f"10.77.{n // 250}.{n % 250}/32"]}} for n in range(1500)))
    check("of very many that are not written", lambda: "10.77.5.249" in home.exits(
        0, "import").out, 20)
    home.stop()
    kept = (home.state_dir / "state.json").read_text().count('"held"')
    check(f"not all are remembered, but {kept}", lambda: 1000 < kept < 1100)


if __name__ == "__main__":
    run(first, observes, preview, lost, nothing_there, source_away, nothing_written,
        pools_remembered)
