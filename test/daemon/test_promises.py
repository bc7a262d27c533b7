#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The promises of the design that need no fault to be shown, by their numbers: P1, P2 and P8 to
P10. P6 is in test_bounds.py, P7 in test_secrets.py, those about faults in test_faults.py.
"""

import difflib
import os
import pwd
import re
import shutil

from clients import ADVERTISEMENTS, POOLS
from homelab import EXAMPLE, run, started

EMPTY_DOMAIN = """<domain type='test'><name>asleep</name><memory>65536</memory><vcpu>1</vcpu>
<os><type>hvm</type></os></domain>"""
PET = """<domain type='test'><name>pet</name><memory>65536</memory><vcpu>1</vcpu>
<os><type>hvm</type></os><devices><interface type='network'>
<mac address='52:54:00:00:00:99'/><source network='default'/></interface></devices></domain>"""
PRIVATE = """<network><name>private</name><ip address='10.9.0.1' prefix='24'/></network>"""
VMS = ["control-plane", "worker-1", "worker-2"]


def everything(home):
    """All there is in libvirt, to the byte: who reads the same twice knows nothing changed."""
    def say(*words):
        return home.virsh(*words).out

    parts = [say("list", "--all"), say("net-list", "--all"), say("pool-list", "--all")]
    for name in home.domains():
        info = say("dominfo", name)
        parts += [re.sub(r"(?m)^CPU time.*\n", "", info), say("dumpxml", name),
                  say("dumpxml", "--inactive", name)]
    for name in say("net-list", "--all", "--name").split():
        parts += [say("net-info", name), say("net-dumpxml", name)]
    parts += [say("pool-dumpxml", name) for name in say("pool-list", "--all", "--name").split()]
    return "\n".join(parts)


def changes(home, before):
    """The lines that differ from before."""
    after = everything(home)
    home.report.readings.clear()
    lines = [line for line in difflib.unified_diff(before.split("\n"), after.split("\n"), n=0)
             if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    home.report.saw("changed", "\n".join(lines))
    return lines


def nothing_at_all(home, before):
    return home.wrote_nothing() and not changes(home, before)


def p1_letting_go_touches_nothing(home):
    check, before = home.report.check, everything(home)
    untouched = lambda: nothing_at_all(home, before)
    home.marks()
    home.stop()
    check("P1 stopped: nothing of libvirt or the cluster has changed", untouched)
    home.start()
    check("P1 started again: converged", home.converged, 10)
    home.kill()
    check("P1 killed: nothing has changed", untouched)
    program, home.program = home.program, home.work / "next-version"
    shutil.copy(program, home.program)
    home.start()
    check("P1 upgraded: converged", home.converged, 10)
    check("P1 upgraded: nothing has changed", untouched)
    home.stop()
    home.program.unlink()
    home.program = program
    home.etc.rename(home.work / "etc.away")
    shutil.rmtree(home.state_dir)
    check("P1 removed with its state and configuration: nothing has changed", untouched)
    (home.work / "etc.away").rename(home.etc)
    home.state_dir.mkdir()
    home.start()
    check("P1 installed anew, with no state: converged", home.converged, 10)
    check("P1 installed anew: nothing has changed", untouched)


def without(text, first, last):
    """The text without the lines from one pattern to another, as sed '/a/,/b/d' has it."""
    return re.sub(rf"(?ms)^{first}$.*?^{last}", "", text)


def p2_no_edit_destroys(home):
    check, before = home.report.check, everything(home)
    example, written = EXAMPLE.read_text(), home.desired / "home.yaml"
    refused = lambda *parts: home.exits(3, "reload").has(*parts)
    home.marks()
    written.write_text("")
    check("P2 empty file is an error that names it",
          lambda: refused("desired.d/home.yaml", "it is empty"))
    home.write_home("# nothing\n---\n")
    check("P2 so is one of comments alone", lambda: refused("desired.d/home.yaml:"))
    written.unlink()
    check("P2 so is a desired.d without files",
          lambda: refused("there is no *.yaml or *.yml file in it"))
    home.desired.rmdir()
    check("P2 so is none at all", lambda: refused("there is no such directory"))
    home.desired.mkdir()
    home.write_home()
    check("P2 what was there is back in force", lambda: home.exits(0, "reload"))
    fewer = without(example, "  worker-1:", r"    disk:.*?\n")
    assert "worker-1: 192" in fewer and "  worker-1:\n" not in fewer
    home.write_home(fewer)
    check("P2 a VM taken out is reported", lambda: home.exits(0, "reload") and any(
        finding["id"] == "vm-not-written" and "vm/worker-1" in finding["objects"]
        for finding in home.status()["findings"]), 5)
    home.write_home(without(example, "vms:", r"\n"))
    check("P2 all VMs taken out", lambda: home.exits(0, "reload"))
    home.write_home("vms: {}\n")
    check("P2 everything taken out", lambda: home.exits(0, "reload"))
    home.report.stays("P2 none of it wrote anything to libvirt or the cluster",
                      home.wrote_nothing, 3)
    check("P2 all is as it was", lambda: not changes(home, before))
    home.settings(more="prune: true")
    check("P2 everything taken out, with prune", lambda: home.exits(0, "reload"))
    home.report.stays("P2 even so no VM, disk or network was touched", lambda:
                      set(home.libvirt_writes()) <= {"virNetworkUpdate"} and
                      home.domains() == VMS and home.runs(*VMS), 3)
    home.settings(more="")
    home.write_home()
    home.exits(0, "reload")
    check("P2 written again: converged", home.converged, 10)


def p8_everything_is_reported(home):
    check = home.report.check
    home.stop()
    for name in VMS:
        home.virsh("destroy", name)
        home.virsh("undefine", name)
    home.virsh("net-destroy", "default")
    home.virsh("net-undefine", "default")
    home.api.delete(f"{POOLS}/default-pool")
    home.api.delete(f"{ADVERTISEMENTS}/default-pool")
    home.marks()
    home.start()
    check("P8 the home from nothing: converged", home.converged, 10)
    check("P8 each write to libvirt and the cluster is reported, and no other", lambda:
          len(home.libvirt_writes()) == done(home, "network", "reservation", "vm") and
          len(home.api.writes()) == done(home, "pool", "advertisement"))
    actions = lambda: [event.get("action") for event in home.events()]
    check("P8 with what was done", lambda: {
        "define domain worker-1", "start network default", "start domain worker-2"
    } <= set(actions()))
    check("P8 with why: each is preceded by what was found", lambda: found_before(home))
    check("P8 the log has the same lines", lambda:
          home.said("vm/worker-1: done: define domain worker-1") and
          home.said("pending: to be defined"))
    who = f"uid {os.getuid()} ({pwd.getpwuid(os.getuid()).pw_name}) pid "
    home.ctl("pause", "vm/worker-1", "--reason=a test")
    home.ctl("resume", "vm/worker-1")
    home.ctl("reconcile", "vm/worker-1")
    home.ctl("reload")
    check("P8 with who asked: pause, resume, reconcile, reload", lambda: [
        event.get("action") for event in home.events() if f"by {who}" in event["text"]
    ] == ["pause", "resume", "reconcile", "reload"])
    check("P8 with the reason", lambda: home.said(f"pause vm/worker-1: a test, by {who}"))


def done(home, *kinds):
    """Steps that were reported as done, for objects of these kinds."""
    events = [event for event in home.events() if event.get("kind") in kinds and
              event.get("result") == "done" and event["level"] == "notice"]
    home.report.saw("done", len(events))
    return len(events)


def found_before(home):
    events = [event for event in home.events()
              if (event.get("kind"), event.get("name")) == ("vm", "worker-1")]
    first = [event.get("result") == "done" for event in events].index(True)
    return any(event["text"].startswith("pending: to be defined") for event in events[:first])


def foreign(home):
    """What is foreign, to the byte."""
    entry = [line for line in home.virsh("net-dumpxml", "default").out.split("\n")
             if "name='pet'" in line]
    return [home.virsh("dumpxml", "pet").out, home.virsh("dumpxml", "--inactive", "asleep").out,
            home.virsh("domstate", "asleep").out, home.virsh("net-dumpxml", "private").out,
            entry, home.virsh("pool-dumpxml", "default-pool").out,
            home.api.get(f"{POOLS}/other"), home.api.get(f"{ADVERTISEMENTS}/other"),
            home.api.get("/api/v1/nodes")["items"]]


def make_foreign(home):
    home.virsh("define", xml=PET)
    home.virsh("start", "pet")
    home.virsh("define", xml=EMPTY_DOMAIN)
    home.virsh("net-define", xml=PRIVATE)
    home.virsh("net-start", "private")
    host(home, "add", "<host mac='52:54:00:00:00:99' name='pet' ip='192.168.122.77'/>")
    for path, kind, spec in (
        (POOLS, "IPAddressPool", {"addresses": ["192.168.122.240-192.168.122.250"]}),
        (ADVERTISEMENTS, "L2Advertisement", {"ipAddressPools": ["other"]}),
    ):
        home.api.post(path, {"apiVersion": "metallb.io/v1beta1", "kind": kind, "spec": spec,
                             "metadata": {"name": "other", "namespace": "metallb-system"}})


def host(home, how, entry):
    return home.virsh("net-update", "default", how, "ip-dhcp-host", entry)


def p9_foreign_things_stay(home):
    check = home.report.check
    home.settings(more="prune: true")
    home.ctl("reload")
    make_foreign(home)
    before = foreign(home)
    check("P9 what is foreign is known", lambda: "52:54:00:00:00:99" in before[0] and
          before[4] and "192.168.122.240" in str(before[6]))
    # What is owned goes with prune, and that alone. The entry is owned once we have added it.
    host(home, "delete", home.host_entry("worker-2"))
    check("P9 converged", lambda: home.host_entry("worker-2") and home.converged(), 10)
    fewer = re.sub(r"(?m)^    worker-2: 192.*\n", "", EXAMPLE.read_text())
    home.write_home(re.sub(r"(?ms)^metallb:$.*", "", fewer))
    home.ctl("reload")
    check("P9 prune: our own reservation waits, its machine runs", lambda:
          home.is_("network/default", "blocked", "takes the address 192.168.122.12") and
          home.host_entry("worker-2") and home.exits(0, "approve", "network/default"), 10)
    check("P9 prune: approved, it goes", lambda: not home.host_entry("worker-2"), 10)
    check("P9 prune: our own pool waits, a Service lives in it", lambda:
          home.is_("pool/default-pool", "blocked", "takes the address") and
          home.exits(0, "approve", "pool/default-pool"), 5)
    check("P9 prune: it waits for its advertisement, a reload takes no approval back", lambda:
          home.exits(0, "reload") and home.is_(
              "pool/default-pool", "pending", "waits until advertisement/default-pool is gone"),
          5)
    check("P9 prune: the advertisement waits too", lambda:
          home.is_("advertisement/default-pool", "blocked", "no longer announces") and
          home.exits(0, "approve", "advertisement/default-pool"), 5)
    check("P9 prune: approved, both go", lambda:
          not home.api.is_there(f"{ADVERTISEMENTS}/default-pool") and
          not home.api.is_there(f"{POOLS}/default-pool"), 10)
    home.write_home()
    home.ctl("reload")
    check("P9 converged again", home.converged, 10)
    home.virsh("net-destroy", "default")
    check("P9 and after the network was started again", lambda:
          home.converged() and home.runs("worker-1"), 10)
    check("P9 foreign domains, networks, reservations, storage and cluster objects are as "
          "they were", lambda: foreign(home) == before)
    p9_an_entry_in_the_way(home)


def p9_an_entry_in_the_way(home):
    home.ctl("pause", "reservation/worker-2")
    host(home, "delete", home.host_entry("worker-2"))
    host(home, "add", "<host mac='52:54:00:00:00:98' name='guest' ip='192.168.122.12'/>")
    home.ctl("resume", "reservation/worker-2")
    home.report.check(
        "P9 a foreign entry in the way: reported, with what to do", lambda: home.is_(
            "reservation/worker-2", "blocked",
            "a foreign entry: 192.168.122.12 for guest (52:54:00:00:00:98)"), 10)
    home.report.stays("P9 and left alone", lambda:
                      "52:54:00:00:00:98" in home.virsh("net-dumpxml", "default").out, 3)


def six(home, *stopped, m3="192.168.122.23"):
    """Two control planes and four workers, each with an address; these are to be stopped."""
    lines = ["network:", "  name: default", "  address: 192.168.122.1/24",
             "  dhcp: {range: {start: 192.168.122.2, end: 192.168.122.99}}", "  static_ips:"]
    lines += [f"    m{i}: {m3 if i == 3 else f'192.168.122.2{i}'}" for i in range(1, 7)]
    lines += ["vms:"]
    for i in range(1, 7):
        role = "control-plane" if i < 3 else "worker"
        state = "stopped" if f"m{i}" in stopped else "running"
        lines.append(f"  m{i}: {{role: {role}, state: {state}, vcpus: 1, memory: 64MiB, "
                     f"disk: {{path: /m{i}.qcow2}}}}")
    home.write_home("\n".join(lines) + "\n")
    home.ctl("reload")


def p10_much_at_once_waits(home):
    check, stays = home.report.check, home.report.stays
    stopped = lambda: [name for name in home.domains("--inactive") if name.startswith("m")]
    waits = lambda: [row["name"] for row in home.status()["objects"]
                     if row["verdict"] == "blocked" and
                     row["reason"].startswith("waits for approval")]
    home.settings(kubernetes="off", more="")
    home.exits(0, "resume")  # so that nothing counts as lost with the state
    six(home)
    check("P10 six VMs: converged", home.converged, 10)
    six(home, "m3", "m4", "m5")
    check("P10 stopping three of six: two are stopped, the third waits for approval",
          lambda: waits() == ["m5"] and stopped() == ["m3", "m4"], 10)
    check("P10 and says how many", lambda:
          home.is_("vm/m5", "blocked", "3 of 6 virtual machines would then not be up"))
    stays("P10 nothing is done meanwhile", lambda: stopped() == ["m3", "m4"], 2)
    check("P10 approving it", lambda: home.exits(0, "approve", "vm/m5"))
    check("P10 stops that one", lambda: stopped() == ["m3", "m4", "m5"], 10)
    stays("P10 and no other", lambda: stopped() == ["m3", "m4", "m5"], 2)
    six(home)
    check("P10 written back: converged", lambda: home.converged() and
          home.runs("m1", "m2", "m3", "m4", "m5", "m6"), 10)
    six(home, "m1", "m2")
    check("P10 the last control plane waits, though both are but a third", lambda:
          waits() == ["m2"] and stopped() == ["m1"] and
          home.is_("vm/m2", "blocked", "no control plane would then be up"), 10)
    stays("P10 nothing is done meanwhile", lambda: stopped() == ["m1"], 2)
    six(home, "m5", "m6")
    check("P10 stopping two workers is done at once",
          lambda: stopped() == ["m5", "m6"] and home.converged(), 10)
    six(home)
    check("P10 written back: converged", home.converged, 10)


def p10_a_moved_address_waits(home):
    check, before = home.report.check, everything(home)
    six(home, m3="192.168.122.33")
    check("P10 moving a running machine's address waits", lambda: home.is_(
        "reservation/m3", "blocked",
        "moves the address of vm/m3 from 192.168.122.23 to 192.168.122.33"), 10)
    check("P10 plan names it, and exits with 1", lambda:
          home.exits(1, "plan").has("homek8sctl approve reservation/m3"))
    home.report.stays("P10 nothing is done meanwhile", lambda: not changes(home, before), 2)
    check("P10 approving it", lambda: home.exits(0, "approve", "reservation/m3"))
    check("P10 moves that address", lambda: home.converged() and
          "192.168.122.33" in home.virsh("net-dumpxml", "default").out, 10)
    check("P10 and nothing else", lambda:
          all("name='m3'" in line for line in changes(home, before)))
    check("P10 a second approval is refused", lambda:
          home.exits(3, "approve", "reservation/m3").has("nothing of reservation/m3 waits"))


if __name__ == "__main__":
    run(started, p1_letting_go_touches_nothing, p2_no_edit_destroys, p8_everything_is_reported,
        p9_foreign_things_stay, p10_much_at_once_waits, p10_a_moved_address_waits)
