#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The host shuts down: VMs in order, left to others, cancelled, a bus that is lost."""

import os
import subprocess

from homelab import BUILD, run, world

ORDERED = "host: {shutdown: ordered, shutdown_timeout: 6s}"
VMS = ["control-plane", "worker-1", "worker-2"]


class Logind:
    """The project's own logind, and what it has said."""

    def __init__(self, home):
        self.home, self.path = home, home.work / "bus"
        self.out = home.work / "logind.out"
        os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = f"unix:path={self.path}"
        self.start()

    def start(self):
        self.out.write_bytes(b"")
        self.process = self.home.spawn(BUILD / "fake-logind", self.path, log=self.out,
                                       stdin=subprocess.PIPE)
        self.home.must("no bus", self.path.exists, 5)

    def stop(self):
        self.home.end(self.process)
        self.path.unlink()

    def say(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def said(self):
        return self.out.read_text().split()

    def holds(self):
        """Somebody delays the next shutdown."""
        said = self.said()
        return said and said[-1] == "inhibited"

    def let_go(self):
        return self.said()[-1] == "released"


def runs(home, name):
    return home.virsh("domstate", name).out.strip() == "running"


def stopped_in_order(home, names):
    """The first words of libvirt's calls that shut something down, in their order."""
    sent = [line for line in home.log().splitlines() if "shut down domain" in line]
    found = [next(i for i, line in enumerate(sent) if name in line) for name in names]
    return found == sorted(found)


def finding(home, word):
    return any(one["id"] == word for one in home.status()["findings"])


def begin(home):
    home.logind = Logind(home)
    world(home)
    home.settings(more=ORDERED)
    home.start()
    home.report.check("converged, and the next shutdown is delayed",
                      lambda: home.converged() and home.logind.holds(), 15)


def in_order(home):
    home.mark()
    home.logind.say("shutdown")
    home.report.check("P1: PrepareForShutdown takes the VMs down, and lets the host go",
                      lambda: not any(runs(home, name) for name in VMS) and
                      home.logind.let_go(), 10)
    home.report.check("workers before the control plane",
                      lambda: stopped_in_order(home, ["worker-1", "control-plane"]) and
                      stopped_in_order(home, ["worker-2", "control-plane"]))
    home.report.check("nothing is started meanwhile, and it is said why",
                      lambda: "shutting down" in home.ctl("status").out)


def cancelled(home):
    home.logind.say("cancel")
    home.report.check("the shutdown is cancelled: all run again, the next one is delayed",
                      lambda: all(runs(home, name) for name in VMS) and
                      home.logind.holds() and home.converged(), 20)


def left_to_others(home):
    home.logind.say("guests active")
    home.ctl("reconcile")
    home.report.check("libvirt-guests.service is active: said beforehand",
                      lambda: finding(home, "shutdown-left-to-others"), 10)
    home.logind.say("shutdown")
    home.report.check("then nothing is done about the VMs, and nobody waits",
                      lambda: home.logind.let_go() and all(runs(home, name) for name in VMS), 5)
    home.logind.say("guests inactive")
    home.logind.say("cancel")
    home.report.check("cancelled", lambda: home.logind.holds() and home.converged(), 10)


def daemon_ends(home):
    home.stop()
    home.report.check("P1: homek8sd is stopped: the delay goes with it, the VMs stay",
                      lambda: home.logind.let_go() and all(runs(home, name) for name in VMS), 5)
    home.start()
    home.report.check("once more started it delays", home.logind.holds, 10)


def killed_meanwhile(home):
    home.virsh("suspend", "worker-1")
    home.logind.say("shutdown")
    home.report.check("a paused VM holds up nobody",
                      lambda: not runs(home, "worker-2") and not runs(home, "control-plane") and
                      home.logind.let_go(), 10)
    home.kill()
    home.start()
    home.report.check("killed in the midst of it: nothing is started",
                      lambda: "shutting down" in home.ctl("status").out and
                      not runs(home, "worker-2"), 10)
    home.virsh("resume", "worker-1")
    home.report.check("what can be shut down now is", lambda: not runs(home, "worker-1"), 10)
    home.logind.say("cancel")
    home.report.check("cancelled: all run again",
                      lambda: all(runs(home, name) for name in VMS) and home.converged(), 30)


def paused_by_people(home):
    home.ctl("pause")
    home.logind.say("shutdown")
    home.report.check("homek8sctl pause: VMs stay, nobody waits",
                      lambda: home.logind.let_go() and all(runs(home, name) for name in VMS), 5)
    home.logind.say("cancel")
    home.ctl("resume")
    home.report.check("resumed", lambda: home.logind.holds() and home.converged(), 10)


def bus_is_lost(home):
    home.logind.stop()
    home.report.check("the bus is gone: said",
                      lambda: finding(home, "shutdown-unnoticed"), 10)
    home.report.check("and the VMs stay", lambda: all(runs(home, name) for name in VMS))
    home.logind.start()
    home.report.check("it is back: the next shutdown is delayed", lambda: home.logind.holds() and
                      not finding(home, "shutdown-unnoticed"), 15)


def refused(home):
    """As at boot, where polkit, which logind asks, is later than homek8sd."""
    home.stop()
    home.logind.say("refuse")
    home.start()
    home.report.check("logind gives no inhibitor: said",
                      lambda: finding(home, "shutdown-not-held"), 10)
    home.logind.say("grant")
    home.report.check("it is requested again, by itself", lambda: home.logind.holds() and
                      not finding(home, "shutdown-not-held"), 15)


def left(home):
    home.settings(more="")
    home.report.check("host.shutdown: leave: no delay", home.logind.let_go, 5)
    home.logind.say("shutdown")
    home.report.stays("and nothing is done", lambda: all(runs(home, name) for name in VMS), 1)
    home.settings(more=ORDERED)
    home.report.check("written while it shuts down: VMs go down",
                      lambda: not any(runs(home, name) for name in VMS), 10)


run(begin, in_order, cancelled, left_to_others, daemon_ends, killed_meanwhile, paused_by_people,
    bus_is_lost, refused, left)
