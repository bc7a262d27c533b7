#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The promises about faults, by their numbers: P3 (one half that is gone never blocks the others),
P4 (each fault's end is the end of its trouble) and P5 (killed at any instant). SEED=N repeats P5.
"""

import contextlib
import json
import os
import random
import shutil
import signal
import threading
import time

from clients import POOLS, slowest_answer
from homelab import run, world

POOL = f"{POOLS}/default-pool"
VMS = ("control-plane", "worker-1", "worker-2")


def start(home):
    world(home)
    home.put_proxy_between()
    home.start()
    home.report.check("converged", home.converged, 10)


def pool_is_back(home):
    return home.pool_is("default-pool", "192.168.122.100-192.168.122.150")


def entry_is_back(home):
    return "ip='192.168.122.12'" in home.host_entry("worker-2")


def everything_stands(home):
    return home.runs(*VMS) and entry_is_back(home) and pool_is_back(home)


def break_entry(home):
    return home.virsh("net-update", "default", "delete", "ip-dhcp-host",
                      home.host_entry("worker-2"))


def reloads(home):
    """The configuration's half: an edit that changes no object is in force."""
    before = home.generation()
    with open(home.desired / "home.yaml", "a", encoding="utf-8") as file:
        file.write("# read again\n")
    return home.exits(0, "reload") and home.generation() == before + 1


def vm_heals(home, what, name):
    home.report.heals(f"P3 {what}: a VM heals", lambda: home.break_vm(name),
                      lambda: home.runs(name), 5)


def pool_heals(home, what):
    home.report.heals(f"P3 {what}: a pool heals", lambda: home.api.delete(POOL),
                      lambda: pool_is_back(home), 5)


def is_read(home, what):
    home.report.check(f"P3 {what}: the configuration is read", lambda: reloads(home))


@contextlib.contextmanager
def status_is_quick(home, what):
    """Asks for the status for as long as the fault lasts, beside everything else."""
    over, slowest, most = threading.Event(), [], 100 * home.slower

    def ask():
        slowest.append(slowest_answer(home.socket, home.daemon.pid, over))

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    try:
        yield
    finally:
        over.set()
        asking.join(10)
    home.report.saw("slowest", slowest)
    home.report.check(f"P3 {what}: status always within {most} ms ({slowest} at most)",
                      lambda: slowest and slowest[0] <= most)


def p3_broken_configuration(home):
    what = "broken configuration"
    with status_is_quick(home, what):
        with open(home.desired / "home.yaml", "a", encoding="utf-8") as file:
            file.write("network: {bridge: [}\n")
        home.report.check(f"P3 {what}: reported",
                          lambda: home.source_is("config", "error", "home.yaml"), 5)
        vm_heals(home, what, "worker-1")
        pool_heals(home, what)
    home.write_home()
    home.report.check("P4 configuration mended: converged", home.converged, 60)


def p3_dead_cluster(home):
    check, heals, proxy = home.report.check, home.report.heals, home.proxy
    with status_is_quick(home, "dead API server"):
        what = "nothing comes through to the API server"
        proxy.black_hole()
        vm_heals(home, what, "worker-1")
        is_read(home, what)
        home.ctl("reconcile")
        what = "API server killed"
        home.stop_api(signal.SIGKILL)
        proxy.refuse()
        proxy.cut(reset=True)
        check(f"P3 {what}: reported", lambda: home.source_is("kubernetes", "down"), 10)
        vm_heals(home, what, "worker-2")
        heals(f"P3 {what}: a reservation heals", lambda: break_entry(home),
              lambda: entry_is_back(home), 5)
        is_read(home, what)
        home.start_api()
        heals("P4 API server back: converged", proxy.clear, home.converged, 60)
        what = "API server answers nothing"
        home.api.fault("stall", "/apis")
        home.api.fault("end-watch", "/api")
        vm_heals(home, what, "worker-1")
        is_read(home, what)
    home.api.no_faults()
    heals("P4 API server answers again: a pool heals", lambda: home.api.delete(POOL),
          lambda: pool_is_back(home), 60)


def p3_hung_libvirtd(home):
    check, what = home.report.check, "libvirtd hangs"
    with status_is_quick(home, "hung libvirtd"):
        home.hang_libvirtd()
        pool_heals(home, what)
        is_read(home, what)
        check("P3 libvirtd hangs: reported within 20 s",
              lambda: home.source_is("libvirt", "unresponsive"), 20)
        pool_heals(home, "libvirtd hangs, and is known to")
        check("P3 its objects are unknown, not gone", lambda: {
            row["verdict"] for row in home.status()["objects"] if row["kind"] == "vm"
        } == {"unknown"})
        check("P3 libvirtd hangs on: the connection is given up", lambda:
              home.source_is("libvirt", "down") or home.source_is("libvirt", "connecting"), 30)
    home.report.heals("P4 libvirtd goes on: converged", home.wake_libvirtd, home.converged, 60)


def fault_and_end(home, what, begin, noticed, end=None):
    """While it lasts it must be noticed, or it was none."""
    home.mark()
    begin()
    home.report.check(f"P4 {what}: noticed", noticed, 10)
    home.report.heals(f"P4 {what}, and its end: converged", end,
                      lambda: home.converged() and everything_stands(home), 60)


def p4_each_fault_ends(home):
    proxy, kubeconfig = home.proxy, home.etc / "kubeconfig"
    good = kubeconfig.read_text()
    kubernetes = lambda state, text="": home.source_is("kubernetes", state, text)

    def reset():
        proxy.plan(reset=0)
        proxy.cut(reset=True)

    def refuse_token():
        home.api.fault("status", "/api", code=401)
        proxy.cut()

    def renew_token():
        home.api.no_faults()
        kubeconfig.touch()
        home.ctl("reload")

    def garble():
        home.put("kubeconfig", "garbage\n")
        home.ctl("reload")

    def restore():
        home.put("kubeconfig", good)
        home.ctl("reload")

    fault_and_end(home, "libvirtd killed", home.kill_libvirtd,
                  lambda: home.source_is("libvirt", "down"), home.start_libvirtd)
    fault_and_end(home, "connections reset", reset, lambda: kubernetes("down"), proxy.clear)
    fault_and_end(home, "token refused", refuse_token, lambda: kubernetes("unauthorized"),
                  renew_token)
    fault_and_end(home, "kubeconfig garbled", garble,
                  lambda: kubernetes("down", "kubeconfig:1:1"), restore)


def p4_failures_end(home):
    in_the_way = home.state_dir / ".state.json.new"

    def fail_writes():
        home.api.fault("status", "PATCH", code=500)
        home.api.delete(POOL)

    def failing_soon_again():
        row = home.object("pool/default-pool")
        return row["verdict"] == "failing" and 0 < row["retry_in"] <= 60_000

    def stop_network():
        """As soon as it is up again, four times."""
        for _ in range(4):
            home.must("the network does not come back",
                      lambda: home.virsh("net-destroy", "default").code == 0, 10)

    def fill_state():
        (home.state_dir / "state.json").unlink(missing_ok=True)
        (in_the_way / "x").mkdir(parents=True)
        home.virsh("destroy", "worker-1")

    fault_and_end(home, "writes fail", fail_writes, failing_soon_again, home.api.no_faults)
    fault_and_end(home, "network stopped over and over", stop_network,
                  lambda: home.said("network/default: libvirt: stopped"))
    fault_and_end(home, "state directory full of somebody else", fill_state,
                  lambda: home.said("the state cannot be kept on disk"),
                  lambda: shutil.rmtree(in_the_way))


def state_is_whole(home):
    """The header holds length and checksum; what follows must be one JSON object."""
    path = home.state_dir / "state.json"
    if not path.exists():
        return True
    return isinstance(json.loads(path.read_text().partition("\n")[2]), dict)


def random_break(home, chance):
    how = chance.randrange(5)
    if how == 0:
        home.virsh("destroy", "worker-1")
    elif how == 1:
        break_entry(home)
    elif how == 2:
        home.api.request("DELETE", POOL)
    elif how == 3:
        home.virsh("net-destroy", "default")
    else:
        home.virsh("destroy", "worker-2")
        home.virsh("undefine", "worker-2")


def p5_killed_at_any_instant(home):
    check, whole = home.report.check, 0
    seed = int(os.environ.get("SEED", os.getpid()))
    chance = random.Random(seed)
    print(f"# seed {seed}")
    home.mark()
    for _ in range(20):
        home.kill()
        whole += state_is_whole(home)
        random_break(home, chance)
        home.start(wait=False)  # it is to be killed before it answers, too
        time.sleep(chance.random() / 4)  # the instant
    home.kill()
    check("P5 killed 20 times: the state on disk was whole each time",
          lambda: whole == 20 and state_is_whole(home))
    check("P5 no file was set aside, none is left half done", lambda: not [
        name for name in os.listdir(home.state_dir)
        if "corrupt" in name or name.endswith("new")])
    home.start()
    home.report.heals("P5 and converges", None,
                      lambda: home.converged() and everything_stands(home), 60)
    check("P5 no step was done twice: none met what it had already made", lambda: not any(
        home.said(text) for text in (
            "already exists", "existing dhcp host", "already running", "already active",
            ": Requested operation is not valid")))
    check("P5 each VM, reservation and pool is there once", lambda:
          home.domains() == sorted(VMS) and
          home.virsh("net-dumpxml", "default").out.count("<host ") == 3)
    home.kill()
    home.marks()
    home.start()
    check("P5 the next start has nothing to do",
          lambda: home.converged() and home.wrote_nothing(), 10)


if __name__ == "__main__":
    run(start, p3_broken_configuration, p3_dead_cluster, p3_hung_libvirtd, p4_each_fault_ends,
        p4_failures_end, p5_killed_at_any_instant)
