#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Promise P6: bad input of any size costs bounded time and memory."""

import os
import re

from clients import Varlink
from homelab import run, started

FIRST_LINE = "bomb.yaml:1:"
COMMENT = "# sixty-three characters of comment, which say nothing at all...\n"


def cpu_ms(home):
    """Time of a processor the daemon has used so far."""
    with open(f"/proc/{home.daemon.pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 10


def peak_kib(home):
    """The most memory it has ever held."""
    with open(f"/proc/{home.daemon.pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmHWM:\s+(\d+)", status.read())[1])


def costs(home, most, function):
    """What the function makes the daemon do takes so many ms at most of a processor.

    A sanitizer is slower and has more.
    """
    begun = cpu_ms(home)
    holds = function()
    took = cpu_ms(home) - begun
    home.report.saw("time of a processor", f"{took} ms")
    return holds and took <= most * home.slower


def bomb(home, what, part, data):
    """One more file beside the good one."""
    path = home.desired / "bomb.yaml"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    path.chmod(0o600)
    home.report.check(f"P6 {what}: refused within 100 ms", lambda: costs(
        home, 100, lambda: home.exits(3, "reload").has(part)))
    path.unlink()


def sized(size):
    return COMMENT * (size // len(COMMENT) + 1) + "vms: {}\n"


def bad_configuration(home):
    bomb(home, "nesting of 100,000", "yaml-depth", "[" * 100_000)
    bomb(home, "12,000 directives", "directive", "%TAG !a! tag:a,2000:\n" * 12_000)
    bomb(home, "aliases of aliases", "bomb.yaml:1:4",
         f"a: &a [{', '.join(['x'] * 9)}]\nb: &b [{', '.join(['*a'] * 9)}]\n")
    bomb(home, "9,000 equal keys", "duplicate", "vms:\n" + "  a: {}\n" * 9_000)
    bomb(home, "9,000 wrong keys", "vcpu",
         "vms:\n" + "".join(f"  vm-{i}: {{vcpu: 1}}\n" for i in range(9_000)))
    bomb(home, "40,000 values", "yaml-nodes",
         "vms:\n" + "".join(f"  v{i}: {{}}\n" for i in range(20_000)))
    bomb(home, "a text of 200,000", FIRST_LINE,
         "vms: {a: {domain: " + "x" * 200_000 + "}}\n")
    bomb(home, "a file over 256 KiB", "262144 are allowed", sized(262_144))
    bomb(home, "a file of 20 MB", "262144 are allowed", sized(20_000_000))
    bomb(home, "noise", "bomb.yaml", os.urandom(200_000))
    many = [home.desired / f"many-{i}.yaml" for i in range(200)]
    for path in many:
        path.write_text("vms: {}\n")
        path.chmod(0o600)
    home.report.check("P6 201 files: refused within 100 ms", lambda: costs(
        home, 100, lambda: home.exits(3, "reload").has("64 are allowed")))
    for path in many:
        path.unlink()
    home.report.check("P6 all is well afterwards",
                      lambda: home.exits(0, "reload") and home.converged(), 5)


def talk(home, data):
    """The errors of all answers to these bytes."""
    with Varlink(home.socket) as link:
        link.send_bytes(data)
        errors = [answer.get("error", "") for answer in link.receive_all()]
    home.report.saw("answers", errors)
    return errors


def call(parameters):
    return b'{"method":"io.homek8s.Manager.GetVersion","parameters":' + parameters + b"}\0"


def refused(errors, times=1):
    return sum("InvalidParameter" in error for error in errors) == times


def bad_messages(home):
    check = home.report.check
    mib = b"x" * 1_048_000
    check("P6 a message of 1 MiB: 10 ms at most, and an answer", lambda: costs(
        home, 100, lambda: refused(talk(home, call(b'{"a":"' + mib + b'"}') * 10), 10)))
    check("P6 one of 4 MiB: refused", lambda: costs(
        home, 40, lambda: refused(talk(home, call(b"[" + mib * 4 + b"]")))))
    check("P6 nesting of 100,000: refused", lambda: costs(
        home, 10, lambda: refused(talk(home, call(b"[" * 100_000)))))
    check("P6 4 MB of noise: nobody else waits", lambda: costs(
        home, 40, lambda: talk(home, os.urandom(4_000_000)) and home.exits(0, "status")))
    check("P6 never more than 64 MiB",
          lambda: home.slower != 1 or peak_kib(home) <= 65_536)


def threads(home):
    """Their names, the main one's as "homek8sd"."""
    tasks = f"/proc/{home.daemon.pid}/task"
    names = []
    for task in os.listdir(tasks):
        with open(f"{tasks}/{task}/comm", encoding="ascii") as comm:
            names.append(comm.read().strip())
    home.report.saw("threads", names)
    return sorted(names)


def as_few_as_can_be(home):
    home.report.check("six of README's threads: no agent, no seed", lambda: threads(home) == [
        "homek8sd", "virt-call", "virt-call", "virt-event", "virt-transfer", "writer"], 5)
    home.report.check("a source without kinds is not mentioned",
                      lambda: not home.said("this host is "))


if __name__ == "__main__":
    run(started, as_few_as_can_be, bad_configuration, bad_messages)
