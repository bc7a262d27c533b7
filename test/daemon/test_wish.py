#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`homek8sctl start` and `stop` on libvirt's test driver: what a person asks for stands above what
is written, over restarts, until it is resumed or the VM is edited.
"""

import json
import os
import pwd

from homelab import run, world

USER = pwd.getpwuid(os.getuid()).pw_name

FIRST = {
    "a": "power: always",
    "b": "power: always",
    "c": "power: manual",
    "d": "state: stopped",
    "e": "power: always",
    "f": "power: always",
    "g": "power: always",
}


def write(home, **change):
    """Changes what is written of these VMs, None for nothing, and writes the home."""
    home.written.update(change)
    lines = ["network:", "  name: default", "  address: 192.168.122.1/24", "vms:"]
    for name, text in home.written.items():
        if text is not None:
            text = f"vcpus: 1, memory: 64MiB, disk: {{path: /{name}.img}}, {text}"
            lines.append(f"  {name}: {{{text}}}")
    home.write_home("\n".join(lines) + "\n")
    if home.daemon:
        home.exits(0, "reload")


def start(home):
    world(home)
    home.settings(kubernetes="off", vm="minimum_uptime: 1s")
    home.written = dict(FIRST)
    write(home)
    home.start()
    home.must("the home stands", lambda: home.runs("a", "b", "e", "f", "g") and off(home, "d") and
              home.is_("vm/d", "converged"), 15)
    home.exits(0, "start", "vm/c")
    home.must("power: manual, started by name", lambda: home.runs("c") and
              home.is_("vm/c", "converged"), 10)


def off(home, domain):
    return home.domain_state(domain) == "shut off"


def stopped(home):
    check, stays = home.report.check, home.report.stays
    home.libvirt_mark()
    home.mark()
    answer = home.ctl("stop", "vm/a")
    check("stop: it says what comes of it", lambda: answer.code == 0 and
          "vm/a: pending: " in answer.err and "shut down" in answer.err)
    check("it is shut down, by a request and no more", lambda: off(home, "a") and
          home.libvirt_writes() == ["virDomainShutdownFlags"], 5)
    check("paused, with who asked and how to end it", lambda: home.is_(
        "vm/a", "paused", f"is stopped because {USER} requested it just now; "
        "`homek8sctl resume vm/a` or an edit of it ends that"), 5)
    check("status: not as written", lambda: home.ctl("status").code == 1)
    check("plan and diff say it too", lambda:
          f"is stopped because {USER} requested" in home.ctl("plan").out and
          any(change["field"] == "state" and change["want"] == "running"
              for row in json.loads(home.ctl("diff", "-o", "json").out)["objects"]
              for change in row["changes"]))
    check("list too", lambda: any(row["name"] == "a" and row["verdict"] == "paused" and
                                  row["fields"]["state"] == "stopped" for row in json.loads(
                                      home.ctl("list", "vms", "-o", "json").out)["objects"]))
    check("describe has it as it is remembered", lambda: json.loads(
        home.ctl("describe", "vm/a", "-o", "json").out)["remembered"]["wish"]["by"] == USER)
    check("the journal has who asked", lambda: home.said(
        f"stop vm/a, by uid {os.getuid()} ({USER})"))
    home.libvirt_mark()
    home.exits(0, "reconcile")
    stays("power: always does not start it again", lambda: off(home, "a") and
          not home.libvirt_writes(), 1)
    home.virsh("start", "a")
    check("started by somebody, it is shut down again", lambda: off(home, "a") and
          home.is_("vm/a", "paused"), 10)


def remembered(home):
    check, stays = home.report.check, home.report.stays
    home.restart()
    check("it outlives a restart", lambda: home.is_("vm/a", "paused", f"{USER} requested"), 5)
    stays("and is not started", lambda: off(home, "a"), 1)
    home.kill()
    home.start()
    check("a crash too", lambda: home.is_("vm/a", "paused", f"{USER} requested"), 5)
    write(home, b="power: always, autostart: true")
    check("an edit of another VM", lambda: home.is_("vm/b", "converged") and
          home.is_("vm/a", "paused", f"{USER} requested"), 5)
    stays("does not end it", lambda: off(home, "a"), 1)


def ended(home):
    check = home.report.check
    home.exits(0, "resume", "vm/a")
    check("resume ends it", lambda: home.runs("a") and home.is_("vm/a", "converged"), 10)
    home.exits(0, "stop", "vm/a")
    home.must("stopped again", lambda: off(home, "a"), 5)
    home.exits(0, "start", "vm/a")
    check("start ends it, too", lambda: home.runs("a") and home.is_("vm/a", "converged"), 10)
    home.exits(0, "stop", "vm/a")
    home.must("stopped again", lambda: home.is_("vm/a", "paused"), 5)
    write(home, a="power: always, autostart: true")
    check("an edit of it ends it", lambda: home.runs("a") and home.is_("vm/a", "converged"), 10)
    home.exits(0, "stop", "vm/a")
    home.must("stopped again", lambda: home.is_("vm/a", "paused"), 5)
    home.stop()
    write_down(home)
    home.start()
    check("an edit while it did not run, too", lambda: home.runs("a"), 10)


def write_down(home):
    home.daemon = None
    write(home, a="power: always")


def run_though_stopped(home):
    check = home.report.check
    home.exits(0, "start", "vm/d")
    check("start of what is written as stopped", lambda: home.runs("d") and home.is_(
        "vm/d", "paused", f"runs because {USER} requested it"), 10)
    home.exits(0, "stop", "vm/d")
    check("stop: as it is written", lambda: off(home, "d") and home.is_("vm/d", "converged"), 5)


def refused(home):
    check = home.report.check

    def no(*words, code=3, says):
        answer = home.ctl(*words)
        check(f"{' '.join(words)}: {says}", lambda:
              answer.code == code and says in answer.err)

    home.exits(0, "pause", "vm/b")
    no("stop", "vm/b", says="vm/b is paused, and nothing is done to it; "
       "`homek8sctl resume vm/b`, then stop it")
    home.exits(0, "resume", "vm/b")
    home.exits(0, "pause")
    no("start", "vm/b", says="everything is paused, and nothing is done; "
       "`homek8sctl resume`, then start vm/b")
    home.exits(0, "resume")
    no("stop", "network/default", says="a network can be neither started nor stopped")
    no("stop", "vm/nosuch", says="there is no vm/nosuch")
    no("stop", code=2, says="of what?")


def budget(home):
    check = home.report.check
    home.exits(0, "stop", "vm/a")
    home.must("two of seven may be down", lambda: off(home, "a") and home.is_("vm/a", "paused"), 5)
    answer = home.ctl("stop", "vm/b")
    check("a third waits for approval, and stop says so", lambda: answer.code == 0 and answer.has(
        "vm/b: blocked: waits for approval: stop vm/b: interrupts vm/b",
        "3 of 7 virtual machines would then not be up", "`homek8sctl approve vm/b` allows it"))
    home.report.stays("meanwhile it runs", lambda: home.runs("b"), 1)
    home.exits(0, "approve", "vm/b")
    check("approved, it is stopped", lambda: off(home, "b") and home.is_("vm/b", "paused"), 5)


if __name__ == "__main__":
    run(start, stopped, remembered, ended, run_though_stopped, refused, budget)
