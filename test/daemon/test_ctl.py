#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""homek8sctl as its users meet it: exit statuses, formats, terminals and pipes, against a daemon
on libvirt's in-process test driver, without a cluster. It needs nothing that is not built here.
"""

import json
import os
import re
import shutil
import signal
import subprocess

from homelab import run
from report import none_of
from terminal import on_terminal
from test_streams import Follower, each_once, verdicts
from test_verbs import as_nobody, fits

BAD = "network:\n  nmae: x\n"
COLOUR = "\x1b[3"


def says(home, code, text, *words, **rest):
    """It ends with this code, with this text on standard error."""
    ended = home.exits(code, *words, **rest)
    assert text in ended.err, f"standard error lacks {text!r}"
    return ended


def shows(home, code, text, *words, **rest):
    """The same of standard output."""
    ended = home.exits(code, *words, **rest)
    assert text in ended.out, f"standard output lacks {text!r}"
    return ended


def usage(home):
    """What is wrong with a command line is found without a daemon."""
    for what, text, *words in (
        ("an unknown command is guessed", "did you mean `homek8sctl status`", "stauts"),
        ("an unknown option", "", "status", "--nonsense"),
        ("an option the command does not take", "takes no --reason", "list", "--reason=x"),
        ("a format the command does not have", "no such output", "validate", "-o", "name"),
        ("too many arguments", "too many", "plan", "x"),
        ("an object without a name", "KIND/NAME", "describe", "vm"),
        ("an object of no kind", "did you mean node", "describe", "nodr/a"),
        ("a bad duration", "--timeout", "wait", "--timeout=soon"),
        ("a bad condition", "KIND/NAME=VERDICT", "wait", "--for=vm/a=fine"),
        ("bad JSON", "call", "call", "GetStatus", "{"),
    ):
        home.report.check(f"{what}: exit 2",
                          lambda text=text, words=words: says(home, 2, text, *words))


def help_into(home, stdout):
    """How `homek8sctl help` ends with this as its standard output."""
    return subprocess.run([home.ctl_program, "help"], stdin=subprocess.DEVNULL, stdout=stdout,
                          stderr=subprocess.DEVNULL, timeout=60, check=False).returncode


def into_a_full_disk(home):
    with open("/dev/full", "wb") as full:
        return help_into(home, full)


def into_a_closed_pipe(home):
    reader, writer = os.pipe()
    os.close(reader)
    try:
        return help_into(home, writer)
    finally:
        os.close(writer)


def without_a_daemon(home):
    check = home.report.check
    os.environ["LC_ALL"] = "C.UTF-8"
    os.environ.pop("NO_COLOR", None)
    check("status without a daemon: exit 4, and what to run",
          lambda: says(home, 4, "systemctl status homek8sd", "status"))
    check("wait without a daemon: exit 4",
          lambda: says(home, 4, "homek8sd", "wait", "--timeout=300ms"))
    usage(home)
    check("version without a daemon", lambda: shows(home, 0, "homek8sctl ", "version"))
    check("help", lambda: shows(home, 0, "Exit status", "help"))
    check("help of a command", lambda: shows(home, 0, "--reason", "pause", "--help"))
    check("every command has help", lambda: none_of([
        verb for verb in home.exits(0, "help", "-o", "name").out.split()
        if home.ctl(verb, "--help").code != 0]))
    check("output that cannot be written: exit 3", lambda: into_a_full_disk(home) == 3)
    check("a reader that has gone: the end by SIGPIPE",
          lambda: into_a_closed_pipe(home) == -signal.SIGPIPE)


def configuration(home):
    check, exits, etc = home.report.check, home.exits, str(home.etc)
    written = home.desired / "home.yaml"
    home.write_home(exits(0, "example").out)
    check("the example validates as it is", lambda: exits(0, "validate", etc))
    # What it says of a cluster is written, too, without its "# "; and there is no image here.
    head, pools = written.read_text().split("\n# metallb:")
    home.write_home(head + "\nmetallb:" + pools.replace("\n# ", "\n"))
    check("and with its pools", lambda: exits(0, "validate", etc))
    home.write_home(re.sub(r"(?m)^    disk: \{size: (\w+).*", r"    disk: {path: /\1.qcow2}",
                           exits(0, "example").out))
    home.put("homek8s.yaml", 'libvirt: {uri: "test:///default", network_uri: "test:///default"}\n'
             'kubernetes: {mode: "off"}\nfirst_start: converge\n')
    check("and with disks that exist", lambda: exits(0, "validate", etc))
    check("one file is validated", lambda: exits(0, "validate", str(written)))
    check("validate as JSON", lambda: shows(
        home, 0, '"errors": 0', "validate", "-o", "json", "--config-dir", etc))
    bad = home.work / "bad.yaml"
    bad.write_text(BAD)
    check("a bad file: exit 1, the place and a caret",
          lambda: shows(home, 1, ":2:3: error[", "validate", str(bad)) and
          re.search(r"(?m)^ *\^", home.ctl("validate", str(bad)).out))
    check("no such directory: exit 1", lambda: exits(1, "validate", f"{home.work}/nowhere"))
    check("explain", lambda: shows(home, 0, "vms", "explain"))
    check("explain a key", lambda: shows(home, 0, "memory", "explain", "vms.memory"))
    check("explain of nothing: exit 1, and what may be meant",
          lambda: says(home, 1, "did you mean", "explain", "vms.memry"))


def reading(home):
    check, exits = home.report.check, home.exits
    home.start()
    check("wait until a VM is as written", lambda: exits(
        0, "wait", "--for=vm/worker-1=converged", "--timeout=50s"))
    check("wait in vain: exit 1, how it stands", lambda: says(
        home, 1, "vm/worker-1 is converged",
        "wait", "--for=vm/worker-1=failing", "--timeout=300ms"))
    check("wait for what is not there: exit 1", lambda: says(
        home, 1, "there is no vm/x", "wait", "--for=vm/x=converged", "--timeout=300ms"))
    check("wait by another name of the kind", lambda: exits(
        0, "wait", "--for=vms/worker-1=converged", "--timeout=50s") and exits(
            0, "wait", "--for=lease/worker-1=converged", "--timeout=50s"))
    check("wait for no kind: exit 2, and the nearest", lambda: says(
        home, 2, "did you mean pool?", "wait", "--for=pol/x=converged"))
    check("wait until ready", lambda: exits(0, "wait", "--for=ready", "--timeout=50s"))
    check("status, plain in a pipe",
          lambda: "\x1b" not in shows(home, 0, "libvirt", "status").out)
    check("colours when asked for", lambda: shows(home, 0, COLOUR, "status", "--color=always"))
    check("without headers",
          lambda: "MEMORY" not in exits(0, "list", "vms", "--no-headers").out)
    for what, text, *words in (
        ("status as JSON", '"verdict"', "status", "-o", "json"),
        ("status as YAML", "verdict: ", "status", "-o", "yaml"),
        ("names", "vm/worker-1", "list", "-o", "name"),
        ("a list", "MEMORY", "list", "vms"),
        ("describe", "DESIRED", "describe", "vm/worker-1"),
        ("events", "vm/worker-1", "events"),
        ("plan where there is nothing to do", "", "plan"),
        ("diff where nothing differs", "", "diff"),
        ("version of both", "homek8sd ", "version"),
        ("call", '"features"', "call", "GetVersion"),
        ("call of another interface", "interface io.homek8s.Manager", "call",
         "org.varlink.service.GetInterfaceDescription", '{"interface":"io.homek8s.Manager"}'),
    ):
        check(what, lambda text=text, words=words: shows(home, 0, text, *words))
    check("list of no kind: exit 2, and which there are", lambda: says(
        home, 2, "it must be one of network, reservation", "list", "nonsense"))
    check("describe of nothing: exit 3",
          lambda: says(home, 3, "no vm/nobody", "describe", "vm/nobody"))


def terminals(home):
    check = home.report.check
    for verb in ("status", "list", "list vms", "describe vm/worker-1", "events", "plan", "diff",
                 "help"):
        check(f"on a terminal {verb} fits 80 columns",
              lambda verb=verb: fits(on_terminal(home, *verb.split())))
    check("status fits 24 rows", lambda: fits(on_terminal(home, "status")) and
          len(on_terminal(home, "status").splitlines()) <= 24)
    check("colours on a terminal", lambda: COLOUR in on_terminal(home, "status"))
    check("none when not asked for",
          lambda: "\x1b" not in on_terminal(home, "status", "--color=never"))
    check("none with NO_COLOR", lambda: "\x1b" not in on_terminal(home, "status", NO_COLOR="1"))
    check("ASCII without UTF-8", lambda: re.fullmatch(
        r"[ -~\n]+", on_terminal(home, "status", "--color=never", LC_ALL="C")))


def changing(home):
    check, exits = home.report.check, home.exits
    check("pause", lambda: says(
        home, 0, "paused for 1h", "pause", "vm/worker-1", "--for=1h", "--reason=by hand"))
    check("is observed",
          lambda: exits(0, "wait", "--for=vm/worker-1=paused", "--timeout=50s"))
    check("with its reason", lambda: shows(home, 1, "by hand", "status"))
    check("resume", lambda: says(home, 0, "resumed", "resume", "vm/worker-1"))
    check("is observed, too",
          lambda: exits(0, "wait", "--for=vm/worker-1=converged", "--timeout=50s"))
    check("reconcile", lambda: exits(0, "reconcile"))
    check("nothing to approve: exit 3", lambda: exits(3, "approve", "vm/worker-1"))
    check("reload", lambda: says(home, 0, "generation", "reload"))
    home.put("desired.d/zz.yaml", BAD)
    check("a bad reload: exit 3, and every error",
          lambda: says(home, 3, "zz.yaml:2:3: error[", "reload"))
    check("status reports it", lambda: shows(home, 1, "zz.yaml", "status"))
    (home.desired / "zz.yaml").unlink()
    check("mended", lambda: exits(0, "reload"))


def following(home):
    """Every line of two streams, until the daemon was restarted and some more has come."""
    check = home.report.check
    states = Follower(home, "status", "-w", "-o", "json")
    events = Follower(home, "events", "-w", "-o", "json")
    resumed = lambda: [event["action"] for event in events.json()].count("resume")
    before = resumed()
    home.ctl("pause", "vm/worker-1")
    check("a change comes as a state",
          lambda: any(verdicts(state) == ["paused"] for state in states.json()), 5)
    home.restart()
    check("both streams report that the daemon is back",
          lambda: "is back" in states.err() and "is back" in events.err(), 5)
    home.ctl("resume", "vm/worker-1")
    check("events go on over a restart", lambda: resumed() == before + 1, 5)
    check("states go on, too", lambda: verdicts(states.last()) == ["converged"], 5)
    states.end()
    events.end()
    check("states are JSON lines", lambda: len(states.json()) >= 3 and none_of(
        [line for line in states.lines() if not re.fullmatch(r"\{.*\}", line)]))
    check("every state is whole", lambda: none_of([
        state for state in states.json()
        if state["objects"][0]["kind"] != "network" or '"removed"' in json.dumps(state)]))
    check("no event comes twice", lambda: each_once(events))


def denied(home):
    check = home.report.check
    if os.getuid() != 0 or not shutil.which("setpriv"):
        print("# skipped: being another user needs root and setpriv")
        return
    # Where the programs are built that user may not be allowed to go.
    home.ctl_program = shutil.copy(home.ctl_program, home.work / "ctl")
    home.socket.chmod(0o660)
    check("a socket one may not open: exit 5", lambda: as_nobody(home, 5, "status"))
    home.socket.chmod(0o666)
    check("who may connect may read", lambda: as_nobody(home, 0, "status"))
    check("but change nothing: exit 5", lambda: as_nobody(home, 5, "reload"))


if __name__ == "__main__":
    run(without_a_daemon, configuration, reading, terminals, changing, following, denied, needs=())
