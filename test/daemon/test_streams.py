#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What of homek8sctl takes a while: pausing and its end, waiting, following changes over one
connection, and how each command ends when there is no daemon.
"""

import datetime
import json
import os
import pathlib
import signal
import socket

from clients import POOLS
from homelab import run, started
from test_verbs import talk_only


def paused(home):
    return home.status().get("paused") is not None


def off(home, name):
    return home.domain_state(name) == "shut off"


def seconds_left(until):
    end = datetime.datetime.fromisoformat(until)
    return (end - datetime.datetime.now(datetime.timezone.utc)).total_seconds()


def pausing(home):
    check, exits = home.report.check, home.exits
    ended = exits(0, "pause", "--for=1h", "--reason=moving house")
    check("pause with an end and a reason",
          lambda: talk_only(ended) and ended.has("everything: paused for 1h"))
    check("is reported: the verdict, the reason, until when", lambda:
          home.verdict() == "paused" and home.status()["paused"]["reason"] == "moving house" and
          3500 < seconds_left(home.status()["paused"]["until"]) <= 3600)
    check("in the table as well",
          lambda: exits(1, "status").has("moving house", "homek8sctl resume"))
    home.virsh("destroy", "worker-1")
    check("what it would do is reported", lambda: home.is_(
        "vm/worker-1", "paused", "moving house; would: start domain worker-1"), 5)
    home.report.stays("and not done", lambda: off(home, "worker-1"), 1)
    check("resume", lambda: exits(0, "resume").has("everything: resumed"))
    check("resumed: done", lambda: home.runs("worker-1") and not paused(home), 5)
    check("a pause ends by itself",
          lambda: exits(0, "pause", "--for=700ms") and paused(home))
    check("after its time", lambda: not paused(home), 2)
    pausing_one(home)


def pausing_one(home):
    check, exits = home.report.check, home.exits
    check("pause of one object", lambda:
          exits(0, "pause", "vm/worker-2").has("until `homek8sctl resume`") and
          home.is_("vm/worker-2", "paused"))
    home.virsh("destroy", "worker-2")
    home.api.delete(f"{POOLS}/default-pool")
    check("the others go on", lambda: home.is_("pool/default-pool", "converged") and
          home.api.is_there(f"{POOLS}/default-pool"), 5)
    check("it does not", lambda:
          home.is_("vm/worker-2", "paused", "would: start") and off(home, "worker-2"), 5)
    home.restart()
    check("a pause outlives a restart",
          lambda: home.is_("vm/worker-2", "paused", "would: start"), 5)
    exits(0, "resume", "vm/worker-2")
    check("resume of one object", home.converged, 5)
    check("pause of nothing: exit 3", lambda:
          exits(3, "pause", "vm/nobody") and exits(3, "resume", "vm/nobody"))
    check("pause for no time: exit 2", lambda: exits(2, "pause", "--for=0s") and
          exits(2, "pause", "--for=soon").has("duration"))


def connections(process):
    """The sockets of a process, by which its connections differ."""
    found = []
    folder = f"/proc/{process.pid}/fd"
    for name in os.listdir(folder):
        try:
            found.append(os.readlink(f"{folder}/{name}"))
        except FileNotFoundError:  # closed meanwhile
            pass
    return sorted(link for link in found if link.startswith("socket:"))


def sleeps(process):
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as stat:
        return stat.read().rpartition(")")[2].split()[0] == "S"


def waiting(home):
    check, exits = home.report.check, home.exits
    check("wait: converged by default", lambda: exits(0, "wait") and
          exits(0, "wait", "--for=converged") and exits(0, "wait", "--for=ready"))
    check("wait for an object", lambda: exits(0, "wait", "--for=vm/worker-1=converged"))
    check("wait in vain: exit 1, how it stood", lambda: exits(
        1, "wait", "--for=vm/worker-1=failing", "--timeout=300ms").has(
        "not so after 300ms: vm/worker-1 is converged"))
    check("wait for nothing: exit 2", lambda: exits(2, "wait", "--for=peace") and
          exits(2, "wait", "--for=vm/x=fine") and exits(2, "wait", "--timeout=0s"))
    waiter = home.spawn(home.ctl_program, "wait", "--for=pool/default-pool=paused",
                        "--timeout=5s")
    home.must("wait does not connect", lambda: connections(waiter), 5)
    home.ctl("pause", "pool/default-pool")
    check("wait ends when it comes", lambda: waiter.poll() == 0, 5)
    home.ctl("resume")
    home.ctl("resume", "pool/default-pool")
    home.stop()
    waiter = home.spawn(home.ctl_program, "wait", "--timeout=8s")
    home.must("wait does not sleep", lambda: sleeps(waiter), 5)
    home.start()
    check("wait begins before the daemon does", lambda: waiter.poll() == 0, 8)


class Follower:
    """A homek8sctl that follows something; what it prints comes in a file."""

    def __init__(self, home, *words):
        self.home = home
        self.out = home.work / f"followed-{words[0]}"
        self.err_file = home.work / f"followed-{words[0]}.err"
        self.out.write_text("")
        with open(self.out, "wb") as out, open(self.err_file, "wb") as err:
            self.process = home.spawn(home.ctl_program, *words, stdout=out, stderr=err)
        home.must("nothing comes", lambda: self.lines(), 5)
        self.over = connections(self.process)

    def lines(self):
        lines = self.out.read_text().splitlines()
        self.home.report.saw("followed", "\n".join(lines[-3:]))
        return lines

    def json(self):
        return [json.loads(line) for line in self.lines()]

    def last(self):
        return self.json()[-1]

    def err(self):
        return self.err_file.read_text()

    def one_connection(self):
        return len(self.over) == 1 and connections(self.process) == self.over

    def end(self):
        self.home.end(self.process, signal.SIGTERM)


def verdicts(answer):
    return [row["verdict"] for row in answer["objects"]
            if row["name"] == "worker-1" and row["kind"] == "vm"]


def each_once(follower):
    numbers = [event["seq"] for event in follower.json()]
    return numbers == sorted(set(numbers))


def streaming_status(home):
    check = home.report.check
    follower = Follower(home, "status", "-w", "-o", "json")
    for number in range(1, 6):
        shown = len(follower.lines())
        home.ctl("pause", "vm/worker-1", f"--reason={number}")
        home.ctl("resume", "vm/worker-1")
        home.must("no answer", lambda: len(follower.lines()) > shown, 5)
    check("status -w: an answer for each change, a line of JSON each",
          lambda: len(follower.json()) >= 6, 5)
    check("status -w: the changes",
          lambda: ["paused"] in [verdicts(answer) for answer in follower.json()])
    check("status -w: all over one connection", follower.one_connection)
    follower.end()
    follower = Follower(home, "list", "vms", "-w", "-o", "json")
    home.ctl("pause", "vm/worker-1")
    check("list -w: what changes, over one connection", lambda:
          len(follower.lines()) >= 2 and verdicts(follower.last()) == ["paused"] and
          follower.one_connection(), 5)
    follower.end()
    home.ctl("resume", "vm/worker-1")


def streaming_events(home):
    check = home.report.check
    follower = Follower(home, "events", "-w", "-o", "json")
    home.ctl("reconcile", "vm/worker-2")
    check("events -w: each once, a line of JSON each, over one connection", lambda:
          (follower.last().get("action"), follower.last().get("name")) ==
          ("reconcile", "worker-2") and each_once(follower) and follower.one_connection(), 5)
    home.stop()
    check("events -w: says that the daemon has gone",
          lambda: "waiting for it to come back" in follower.err(), 5)
    home.start()
    check("events -w: goes on with the next one", lambda: "is back" in follower.err() and
          follower.last()["seq"] > 0 and
          any("is ready" in line for line in follower.lines()), 5)
    check("events -w: none twice", lambda: each_once(follower))
    follower.end()
    follower = Follower(home, "call", "GetStatus", "-w")
    check("call -w: streams what streams",
          lambda: any("verdict" in line for line in follower.lines()) and
          follower.one_connection())
    follower.end()
    follower = Follower(home, "status", "-w")
    check("status -w as text",
          lambda: any("all 12 objects" in line for line in follower.lines()))
    follower.end()


def fill_backlog(home):
    """Connections that wait to be accepted, as many as there may be."""
    full = []
    try:
        while True:
            one = socket.socket(socket.AF_UNIX)
            full.append(one)
            one.setblocking(False)
            one.connect(str(home.socket))
    except BlockingIOError:
        return full


def is_waiting(child):
    state = pathlib.Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state == "S" and child.poll() is None


def daemon_down(home):
    check, exits = home.report.check, home.exits
    home.stop()
    for verb in ("status", "list", "describe vm/x", "plan", "diff", "reconcile", "reload", "pause",
                 "resume", "approve vm/x", "wait --timeout=300ms", "events", "call GetStatus",
                 "status -w", "events -w"):
        check(f"daemon down, {verb}: exit 4, and what to run", lambda verb=verb:
              talk_only(exits(4, *verb.split())) and
              exits(4, *verb.split()).has("systemctl status homek8sd"))
    check("daemon down: what needs none", lambda: exits(0, "version") and exits(0, "help") and
          exits(0, "example") and exits(0, "explain") and exits(0, "validate", str(home.etc)))
    check("--socket: another one",
          lambda: exits(4, "status", "--socket=/nowhere/sock").has("/nowhere/sock"))
    home.start()
    check("--socket goes before HOMEK8S_SOCKET", lambda: exits(
        0, "list", f"--socket={home.socket}", env={"HOMEK8S_SOCKET": "/nowhere"}))
    home.daemon.send_signal(signal.SIGSTOP)
    check("a daemon that does not answer: exit 4 after --timeout", lambda: exits(
        4, "status", "--timeout=400ms").has("has not answered within 400 ms"))
    full = fill_backlog(home)
    waits = home.spawn(home.ctl_program, "list", log=home.work / "waits.out")
    check("its queue is full: it is waited for", lambda: is_waiting(waits), 2)
    for one in full:
        one.close()
    home.daemon.send_signal(signal.SIGCONT)
    check("and it answers", lambda: waits.poll() == 0, 5)


if __name__ == "__main__":
    run(started, pausing, waiting, streaming_status, streaming_events, daemon_down)
