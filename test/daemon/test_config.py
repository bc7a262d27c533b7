#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The configuration of a running daemon: how a change is noticed, that a bad one changes nothing
and is reported with its place, the kubeconfig, and starting on a bad one. What is refused in all
is in test_refusals.py.
"""

import datetime
import os
import re
import shutil
import signal
import time
import zlib

from clients import POOLS
from homelab import EXAMPLE, TOP, run, started
from test_refusals import validate, write

NETWORK = """# ネットワーク
network:
  name: default
  mode: nat
  bridge: virbr0
  dhcp:
    range:
      start: 192.168.122.2
      end: 192.168.122.254
  static_ips:
    control-plane: 192.168.122.10
    worker-1: 192.168.122.11
    worker-2: 192.168.122.12
"""


def text(end):
    """The example, with the last byte of the pool's last address."""
    return EXAMPLE.read_text().replace("150]", f"{end}]")


def pool_ends_at(home, end):
    return home.pool_is("default-pool", f"192.168.122.100-192.168.122.{end}")


def settled(home):
    """No more reading is on its way."""
    last = [None, 0.0]

    def unchanged():
        generation, now = home.generation(), time.monotonic()
        if generation != last[0]:
            last[:] = [generation, now]
        return now - last[1] > 0.5

    home.must("the configuration does not settle", unchanged, 10)
    return home.generation()


def noticed_and_put_in_force(home):
    check, desired = home.report.check, home.desired
    written = desired / "home.yaml"
    before = home.generation()
    check("homek8sctl reload of the same: it stays in force", lambda: home.exits(
        0, "reload").has(f"configuration generation {before} is in force"))
    a_file_left_open(home, before)
    home.daemon.send_signal(signal.SIGHUP)
    home.report.stays("SIGHUP: the same stays in force",
                      lambda: home.generation() == before, 1)

    def heals(what, change, end):
        home.report.heals(what, change, lambda: pool_ends_at(home, end), 5)

    def split():
        head, _, pools = text(146).partition("metallb:\n")
        home.write_home(head)
        home.put("desired.d/pools.yaml", f"metallb:\n{pools}")

    def unsplit():
        home.write_home(text(145))
        (desired / "pools.yaml").unlink()

    heals("a file renamed into place", lambda: home.write_home(text(149)), 149)
    heals("a file written in place", lambda: written.write_text(text(148)), 148)
    heals("sed -i", lambda: home.command(["sed", "-i", "s/148]/147]/", written]), 147)
    heals("a file added", split, 146)
    heals("and removed", unsplit, 145)
    before = settled(home)
    home.mark()
    home.settings(more="prune: true")
    home.must("not noticed", lambda: home.generation() > before, 5)
    home.settings(more="")
    check("the settings, too", lambda: home.generation() >= before + 2 and
          home.said(f"configuration {home.generation()} is in force"), 5)
    linked_directory(home, heals)
    editors_leavings(home)


def a_file_left_open(home, before):
    """Half of a home is no home: with prune a pool that is not written yet would go."""
    check, written = home.report.check, home.desired / "home.yaml"
    head, _, pools = text(150).partition("metallb:\n")
    home.marks()
    with open(written, "w", encoding="utf-8") as file:
        file.write(head)
        file.flush()
        check("a file being written: reload says so and reads nothing", lambda: home.exits(
            3, "reload").has("home.yaml is being written and not closed yet"), 5)
        home.report.stays("nothing of it is read before it is closed", lambda:
                          home.generation() == before and home.source_is("config", "ok"), 2)
        file.write(f"metallb:\n{pools}")
    check("closed, with the same text: nothing happened", lambda: home.exits(0, "reload") and
          home.generation() == before and home.wrote_nothing())


def linked_directory(home, heals):
    """As a mounted ConfigMap: the files are links into ..data, swapped as a whole."""
    desired, written = home.desired, home.desired / "home.yaml"
    for number, end in ((1, 144), (2, 143)):
        (desired / f"..{number}").mkdir()
        write(desired / f"..{number}" / "home.yaml", text(end))
    (desired / "..data").symlink_to("..1")
    (desired / "new").symlink_to("..data/home.yaml")
    (desired / "..new").symlink_to("..2")
    heals("a link to a file", lambda: (desired / "new").rename(written), 144)
    heals("a swap of ..data", lambda: (desired / "..new").rename(desired / "..data"), 143)
    home.write_home(text(142))
    (desired / "..data").unlink()
    for number in (1, 2):
        shutil.rmtree(desired / f"..{number}")
    home.report.check("a file again", lambda: pool_ends_at(home, 142), 5)

    def replace():
        shutil.copytree(desired, home.etc / "other")
        write(home.etc / "other" / "home.yaml", text(141))
        desired.rename(home.etc / "old")
        (home.etc / "other").rename(desired)

    heals("the directory replaced", replace, 141)
    shutil.rmtree(home.etc / "old")
    home.write_home()
    home.report.check("converged", lambda: pool_ends_at(home, 150) and home.converged(), 5)


def editors_leavings(home):
    names = ("home.yaml~", ".home.yaml.swp", "4913", "#home.yaml#", ".#home.yaml",
             "home.yaml.dpkg-old")
    before = settled(home)
    for name in names:
        (home.desired / name).write_text("garbage\n")
    home.report.stays("editors' leavings are no configuration",
                      lambda: home.generation() == before, 1)
    for name in names:
        (home.desired / name).unlink()


def a_bad_one_changes_nothing(home):
    check = home.report.check
    config = lambda: home.status()["sources"]["config"]
    good = home.generation()
    home.marks()
    home.write_home(text(140).replace("state: running", "state: runing") + "firewal: {}\n")
    check("a bad file: reported without being asked for",
          lambda: home.source_is("config", "error"), 5)
    said = config()["error"]
    check("every error of it, with its place, line, caret and what was meant", lambda: all(
        part in said for part in (
            "desired.d/home.yaml:21:12: error[bad-value]: state",
            "    state: runing\n             ^", 'did you mean "running"?',
            "desired.d/home.yaml:43:1: error[unknown-key]")))
    check("the whole home is degraded, each object is what it was", lambda:
          home.verdict() == "degraded" and
          {row["verdict"] for row in home.status()["objects"]} == {"converged"})
    check("status shows the first of them, and for how long", lambda: re.search(
        r"config +error +[0-9]+m?s +desired.d/home.yaml:21:12", home.exits(1, "status").out))
    since = config()["since"]
    began = datetime.datetime.fromisoformat(since).timestamp()
    home.must("time stands still", lambda: time.time() > began + 1.5, 5)
    with open(home.desired / "home.yaml", "a", encoding="utf-8") as file:
        file.write("}\n")
    check("bad in another way", lambda: home.source_is("config", "error", "yaml-syntax"), 5)
    check("its age is that of the first error", lambda: config()["since"] == since)
    check("homek8sctl reload: exit 3, the errors, and what is in force", lambda: home.exits(
        3, "reload").has("yaml-syntax", "home.yaml:", "the last good one stays in force"))
    check("nothing of it was applied", lambda: home.generation() == good and
          home.wrote_nothing() and home.runs("worker-1"))
    home.write_home()
    check("good again: in force",
          lambda: home.source_is("config", "ok") and home.converged(), 5)


def kubeconfig(home, user, context="home", cluster="", server=None):
    home.put("kubeconfig", f"""current-context: {context}
contexts: [{{name: home, context: {{cluster: home, user: me}}}}]
clusters:
- name: home
  cluster: {{server: "{server or home.api.url}"{cluster}}}
users:
- name: me
  user: {{{user}}}
""")


def refuses_kubeconfig(home, what, *parts):
    home.ctl("reload")
    home.report.check(f"kubeconfig refused: {what}", lambda: all(
        home.source_is("kubernetes", "down", part) for part in parts), 5)


def bad_kubeconfigs(home):
    bad = home.etc / "kubeconfig"
    good = bad.read_text()
    for key in ("exec: {command: id}", "auth-provider: {name: oidc}", "username: me",
                "as: admin"):
        kubeconfig(home, key)
        refuses_kubeconfig(home, key, "kubeconfig:8:",
                           f"{key.partition(':')[0]} is not supported")
    kubeconfig(home, "", cluster=", insecure-skip-tls-verify: true")
    refuses_kubeconfig(home, "insecure-skip-tls-verify", "kubeconfig:5:",
                       "insecure-skip-tls-verify is not supported")
    kubeconfig(home, "", context="office")
    refuses_kubeconfig(home, "a context that is not there", "kubeconfig:1:18",
                       'is named "office"')
    kubeconfig(home, "", context="")
    refuses_kubeconfig(home, "no context", "kubeconfig:1:", "no current-context")
    kubeconfig(home, "tokn: abc")
    refuses_kubeconfig(home, "an unknown key", "kubeconfig:8:", "unknown key in the user")
    kubeconfig(home, "client-certificate: nowhere.pem, client-key: nowhere.key",
               server="https://127.0.0.1:1")
    refuses_kubeconfig(home, "a certificate that is not there", "client-certificate",
                       f"{home.etc}/nowhere.pem does not exist")
    kubeconfig(home, "token: abc")
    refuses_kubeconfig(home, "a token over http", "kubeconfig:5:",
                       "must not be sent unencrypted")
    home.put("kubeconfig", "{\n")
    refuses_kubeconfig(home, "half a file", "kubeconfig:2:1")
    home.put("kubeconfig", "")
    refuses_kubeconfig(home, "an empty file", "kubeconfig", "is empty")
    odd_kubeconfigs(home, bad, good)


def odd_kubeconfigs(home, bad, good):
    check = home.report.check
    home.put("kubeconfig", good)
    bad.chmod(0o622)
    refuses_kubeconfig(home, "a file others may write", "kubeconfig",
                       "may be changed by others")
    if os.getuid() != 0:
        bad.chmod(0)
        refuses_kubeconfig(home, "a file that may not be read", "kubeconfig",
                           "may not be read by user id")
    bad.unlink()
    bad.mkdir()
    refuses_kubeconfig(home, "a directory", "kubeconfig", "is not a regular file")
    bad.rmdir()
    os.mkfifo(bad)
    refuses_kubeconfig(home, "a FIFO", "kubeconfig", "is not a regular file")
    bad.unlink()
    refuses_kubeconfig(home, "none, with mode on", "no kubeconfig at")
    home.break_vm("worker-2")
    check("the other half goes on all the while", lambda: home.runs("worker-2"), 5)
    home.put("kubeconfig", good)
    check("a good one: connected by itself",
          lambda: home.exits(0, "reload") and home.converged(), 10)


def start_fails(home, code, *parts):
    ended = home.command([home.program, "--config-dir", home.etc, "--state-dir", home.state_dir,
                          "--socket", home.socket])
    assert ended.code == code, f"exit {ended.code}, not {code}"
    return ended.has(*parts)


def waits(home, *parts):
    """Started like this, the daemon observes, does nothing and says why."""
    home.start()
    try:
        assert home.verdict() == "blocked", home.verdict()
        return home.ctl("status").has(*parts)
    finally:
        home.stop()


def started_with_a_bad_one(home):
    check, heals = home.report.check, home.report.heals
    bad = EXAMPLE.read_text() + "nonsense: 1\n"
    home.stop()
    home.write_home(bad)
    home.start()
    check("started on a bad file, with a good copy: works",
          lambda: home.source_is("config", "error", "nonsense"), 5)
    heals("by the good copy a VM heals", lambda: home.break_vm("worker-1"),
          lambda: home.runs("worker-1"), 5)
    heals("and the cluster", lambda: home.api.delete(f"{POOLS}/default-pool"),
          lambda: pool_ends_at(home, 150), 5)
    home.write_home(text(149))
    check("good again: in force", lambda: home.source_is("config", "ok") and
          pool_ends_at(home, 149) and home.converged(), 5)
    home.stop()
    home.write_home(bad)
    words = ("home.yaml:43:1: error[unknown-key]", "no good configuration yet")
    kept = home.state_dir / "last-good.json"
    header, _, copy = kept.read_text().partition("\n")
    copy = copy.replace(str(home.etc), "/etc/homek8s-of-another-home")
    kept.write_text("%s %s %08x %d\n%s" % (
        *header.split()[:2], zlib.crc32(copy.encode()), len(copy.encode()), copy))
    home.marks()
    check("started on a bad file, with a good copy of another directory: it waits",
          lambda: waits(home, *words))
    kept.write_text("garbage\n")
    check("started on a bad file, with a bad copy: it waits, with the errors and why",
          lambda: waits(home, *words))
    for path in home.state_dir.iterdir():
        path.unlink()
    check("started on a bad file, with no copy: it waits, with the errors and why",
          lambda: waits(home, *words))
    shutil.rmtree(home.desired)
    check("started on no desired state: it waits, and says what to write",
          lambda: waits(home, "desired.d", "no such directory", "write", "homek8sctl import"))
    check("none of it touched anything", home.wrote_nothing)
    home.start()
    home.desired.mkdir()
    home.write_home()
    check("the first good one is taken when it appears: converged", home.converged, 15)
    check("as generation 1", lambda: home.generation() == 1)
    check("a second daemon: exit 75, and who is there", lambda: start_fails(
        home, 75, f"in use by another homek8sd (pid {home.daemon.pid})"))


def written_as_at_home(home):
    """The same things as the home's own document says in its own words."""
    check, example = home.report.check, TOP / "conf" / "example"
    alone = home.work / "alone"
    network = alone / "desired.d" / "network.yaml"
    network.parent.mkdir(parents=True)
    write(network, NETWORK)
    check("the home document's network block is taken, and has no error", lambda:
          validate(home, 0, alone).has(": good") and
          "error[" not in validate(home, 0, alone).out)
    check("so it is as one file", lambda: validate(home, 0, network))
    check("the example: pool-in-dhcp-range, and exit 0", lambda: validate(home, 0, example).has(
        "home.yaml:42:32: info[pool-in-dhcp-range]", "reserve_pools", ": good, 1 note"))
    checked = home.ctl("validate", str(example), "-o", "json").json
    check("the same as JSON", lambda: checked["errors"] == 0 and
          checked["findings"][0]["id"] == "pool-in-dhcp-range" and
          checked["findings"][0]["objects"] == ["pool/default-pool", "network/default"])
    write(network, home.exits(0, "example").out)
    check("homek8sctl example is good itself", lambda: validate(home, 0, alone))


if __name__ == "__main__":
    run(started, noticed_and_put_in_force, a_bad_one_changes_nothing, bad_kubeconfigs,
        started_with_a_bad_one, written_as_at_home)
