#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""VMs that stop soon after their start: paced, and never given up; meanwhile autostart and
transient domains. Then the states that only a file of the test driver has.
"""

import re
import time

from homelab import run
from test_power import blocked, off, start, write

TRANSIENT = """<domain type='test'><name>transient</name><memory>65536</memory><vcpu>1</vcpu>
<os><type>hvm</type></os></domain>"""

# Names and their numbers in libvirt.
STATES = {"paused": 3, "ending": 4, "saved": 5, "crashed": 6}


def begin(home):
    start(home)
    home.report.check("made and started", lambda: home.runs("always", "failure"), 10)


def failing(home, *texts):
    return all(home.is_("vm/always", "failing", text) for text in texts)


def paced(home):
    """The first wait is of 10 s. What comes next goes on meanwhile.

    It must not use a general reconcile, which would end the wait.
    """
    check = home.report.check
    home.settings(vm="minimum_uptime: 1h, start_attempts: 3")
    home.ctl("reload")
    home.ctl("reconcile", "vm/failure")
    write(home, failure="power: always")
    home.report.heals("pacing: the first stop is mended at once",
                      lambda: home.virsh("destroy", "always"), lambda: home.runs("always"), 5)
    home.waiting_since = time.monotonic()
    home.virsh("destroy", "always")
    check("the second waits 10 to 12.5 s, and says so", lambda:
          failing(home, "2 times in a row soon after its start") and
          8000 < home.object("vm/always")["retry_in"] <= 12_500, 5)
    check("plan shows the start that waits",
          lambda: home.exits(1, "plan").has("start domain always", "not now"))
    home.virsh("destroy", "failure")
    check("the others are not held up", lambda: home.runs("failure"), 5)
    home.virsh("destroy", "failure")
    home.must("not noticed", lambda: home.is_("vm/failure", "failing"), 5)
    home.exits(0, "reconcile", "vm/failure")
    check("reconcile clears the wait", lambda: home.runs("failure"), 2)


def starts_by_itself(home, domain, word):
    return re.search(f"Autostart: *{word}", home.virsh("dominfo", domain).out)


def autostart(home):
    home.report.heals("autostart taken away",
                      lambda: home.virsh("autostart", "--disable", "always"),
                      lambda: starts_by_itself(home, "always", "enable"), 5)
    home.virsh("autostart", "failure")
    home.report.stays("autostart left out: not touched by two resyncs",
                      lambda: starts_by_itself(home, "failure", "enable"), 5)
    write(home, failure="power: on-failure, autostart: false")
    home.report.check("written as false: taken away",
                      lambda: starts_by_itself(home, "failure", "disable"), 5)


def transient(home):
    check = home.report.check
    home.virsh("create", xml=TRANSIENT)
    home.libvirt_mark()
    write(home, transient="power: always, autostart: true")
    check("transient: reported, and what to do", lambda:
          home.is_("vm/transient", "blocked", "virsh dumpxml --inactive transient") and
          "TransientDomain" in [condition["type"] for condition in
                                home.object("vm/transient")["conditions"]], 5)
    write(home, transient="state: stopped")
    check("transient, and should be stopped: reported that it would be lost", lambda: blocked(
        home, "transient", "has no stored definition and would be lost"), 5)
    home.report.stays("left alone", lambda: home.runs("transient") and
                      not home.libvirt_writes(), 1)
    home.virsh("destroy", "transient")
    write(home, transient="state: stopped")
    check("gone, and not enough is written to make it: reported what is missing", lambda: blocked(
        home, "transient", "there is no domain transient; to have it defined, write vcpus, memory, "
        "disk or boot"), 5)
    write(home, transient=None)


def goes_on(home):
    check = home.report.check
    check("the wait is over: started", lambda: home.runs("always"), 14)
    check("after 10 s and no sooner",
          lambda: time.monotonic() - home.waiting_since >= 9.9)
    home.virsh("destroy", "always")
    check("the third waits no longer than 30 s, and says where to look", lambda: failing(
        home, "after 3 stops and failed starts in a row", "/var/log/libvirt/qemu") and
        20_000 < home.object("vm/always")["retry_in"] <= 30_000, 5)
    home.restart()
    check("the wait goes on after a restart", lambda: off(home, "always") and
          0 < home.object("vm/always")["retry_in"] <= 30_000, 5)
    check("and it is started by itself", lambda: home.runs("always"), 31)
    home.settings(vm="minimum_uptime: 1s, start_attempts: 3")
    home.ctl("reload")
    home.report.heals("up for long enough: forgotten, mended at once",
                      lambda: home.break_vm("always"), lambda: home.runs("always"), 5)


def strange_states(home):
    """Each in a driver of the daemon's own, read from a file."""
    check = home.report.check
    home.stop()
    domains = [
        f"<domain type='test'><name>{name}</name><memory>65536</memory><vcpu>1</vcpu>"
        f"<os><type>hvm</type></os><test:runstate>{number}</test:runstate>"
        f"{'<test:hasmanagedsave>1</test:hasmanagedsave>' if name == 'saved' else ''}</domain>"
        for name, number in STATES.items()]
    home.put("states.xml", "<node xmlns:test='http://libvirt.org/schemas/domain/test/1.0'>"
             + "".join(domains) + "</node>\n")
    home.put("homek8s.yaml", f'{{libvirt: {{uri: "test://{home.etc}/states.xml"}}, '
             'kubernetes: {mode: "off"}, first_start: converge}\n')
    home.write_home("vms:\n" + "".join(
        f"  {name}: {{state: running}}\n" for name in STATES))
    home.mark()
    home.start()
    check("crashed and kept: reported, not destroyed", lambda: blocked(
        home, "crashed", "its guest has crashed and is kept as it is; `virsh destroy crashed`"),
        5)
    check("on its way down: waited for", lambda: home.is_(
        "vm/ending", "pending", "is shutting down; waits until it has"))
    check("found paused: reported", lambda: blocked(home, "paused", "was paused by another client"))
    check("found saved: goes on", lambda: home.is_("vm/saved", "converged") and
          home.said("vm/saved: done: start domain saved"), 5)
    check("nothing else was done", lambda: [
        event.get("result") for event in home.events()].count("done") == 1)


if __name__ == "__main__":
    run(begin, paced, autostart, transient, goes_on, strange_states)
