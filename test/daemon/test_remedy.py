#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Remediation with the whole daemon: a node that is not Ready while its VM runs, on libvirt's
test driver and the fake API server.
"""

import re

from homelab import EXAMPLE, run, world

POLICY = "remediation: {after: 1s, wait: 1s, cool_down: 5s, grace: 1s}\n"
MORE = "".join(f"  worker-{i}: {{role: none, vcpus: 1, memory: 64MiB, state: running,"
               f" disk: {{path: /d/worker-{i}.qcow2}}}}\n" for i in (3, 4))


def write(home, policy):
    head, vms, rest = EXAMPLE.read_text().partition("vms:\n")
    home.write_home(policy + head + vms + MORE + rest)


def ready(home, is_ready, name="worker-1"):
    """Its kubelet says so, of the domain that it runs in."""
    uuid = re.search("<uuid>(.*)</uuid>", home.virsh("dumpxml", name).out).group(1)
    node = home.api.get(f"/api/v1/nodes/{name}")
    for key in ("managedFields", "resourceVersion"):
        node["metadata"].pop(key, None)
    node["status"]["nodeInfo"]["systemUUID"] = uuid
    for condition in node["status"]["conditions"]:
        if condition["type"] == "Ready":
            condition.update(status="True" if is_ready else "Unknown")
    home.api.store(node)


def steps(home):
    return [word for word in ("reboot domain worker-1", "reset domain worker-1",
                              "cut the power of domain worker-1, and start it again")
            if word in home.log()[home.log_mark:]]


def begin(home):
    world(home)
    write(home, "")
    home.start()
    home.must("not all run", lambda: home.runs("worker-1", "worker-4"), 20)
    for name in ("control-plane", "worker-1", "worker-2"):
        ready(home, True, name)
    home.report.check("Ready", lambda: home.is_("node/worker-1", "converged"), 10)


def without_policy(home):
    home.mark()
    ready(home, False)
    home.report.check("not Ready: reported", lambda: home.is_("node/worker-1", "failing"), 5)
    home.report.stays("without a policy nothing is done", lambda: not steps(home), 3)
    ready(home, True)


def ladder(home):
    home.mark()
    write(home, POLICY)
    home.exits(0, "reload")
    ready(home, False)
    home.report.check("rebooted, reset, stopped and started",
                      lambda: len(steps(home)) == 3 and home.runs("worker-1"), 20)
    home.report.check("then it is reported as failing",
                      lambda: home.is_("vm/worker-1", "failing", "begins anew"), 10)
    ready(home, True)
    home.report.check("Ready again: all is well",
                      lambda: home.is_("vm/worker-1", "converged"), 10)


run(begin, without_policy, ladder)
