#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A procedure over two sources, killed (`kill -9`) at every step and at random: a node is cordoned,
a revision is run on the host, the node is uncordoned. It ends right every time: each revision was
run once, behind one cordon of its own, and the node takes Pods again.

SEED=N chooses the random places, ROUNDS=N how many.
"""

import fcntl
import json
import os
import random
import time

from test_frame import with_these_kinds
from homelab import run, world

NODE = "/api/v1/nodes/worker-1"
ROUNDS = int(os.environ.get("ROUNDS", "15"))


def write(home, revision, node="worker-1"):
    """None: the rollout is no longer written."""
    home.put("desired.d/rollout.yaml", "rollouts: {}\n" if revision is None else
             f"rollouts:\n  kernel: {{node: {node}, revision: {revision}}}\n")
    if home.daemon:
        home.exits(0, "reload")


def next_revision(home):
    home.revisions.append(f"r{len(home.revisions) + 1}")
    return home.revisions[-1]


class Held:
    """Nothing is run on the host meanwhile."""

    def __init__(self, home):
        self.path = home.work / "rollouts"

    def __enter__(self):
        self.fd = os.open(self.path, os.O_RDONLY)
        fcntl.flock(self.fd, fcntl.LOCK_EX)

    def __exit__(self, *_):
        os.close(self.fd)


def cordoned(home):
    return home.api.get(NODE)["spec"].get("unschedulable", False)


def phase(home):
    """As it is on disk: what is known after a kill."""
    text = (home.state_dir / "state.json").read_text()
    home.report.saw("state.json", text)
    for row in json.loads(text.split("\n", 1)[1])["objects"]:
        if row["kind"] == "rollout" and row["name"] == "kernel":
            procedure = row.get("procedure") or {}
            return row.get("phase") or procedure.get("phase")
    return None


def runs(home):
    path = home.work / "rollouts" / "kernel"
    return [line.split()[0] for line in path.read_text().splitlines()] if path.exists() else []


def ended(home):
    assert runs(home) == home.revisions, f"{runs(home)}, not {home.revisions}"
    return not cordoned(home) and home.is_("rollout/kernel", "converged") and \
        phase(home) is None


def version(home):
    return home.api.get("/api/v1/nodes")["metadata"]["resourceVersion"]


def cordons(home):
    """Whether the node took Pods, as it changed since the last call."""
    _code, text = home.api.request("GET", "/api/v1/nodes?watch=1&timeoutSeconds=1&fieldSelector="
                                   f"metadata.name%3Dworker-1&resourceVersion={home.version}")
    states = []
    for line in text.splitlines() if isinstance(text, str) else [json.dumps(text)]:
        node = json.loads(line)["object"]
        states.append(node["spec"].get("unschedulable", False))
        home.version = node["metadata"]["resourceVersion"]
    home.report.saw("cordons", states)
    return states


def once_each(home, count):
    """So many times cordoned and uncordoned, and nothing else, since the last call."""
    states = cordons(home)
    assert states == [True, False] * count, states
    return True


def start(home):
    with_these_kinds(home)
    world(home)
    home.settings(resync="10m")
    home.revisions = []
    write(home, next_revision(home))
    home.version = version(home)
    home.start()
    home.must("not converged", lambda: home.is_("rollout/kernel", "converged"), 10)
    home.report.check("its end is on disk at once", lambda: phase(home) is None, 0.5)
    home.report.check("from nothing: cordoned, run, uncordoned", lambda: ended(home), 10)
    home.report.check("once each", lambda: once_each(home, 1))


def unanswered(home, count):
    """Requests to change the node that the API server leaves without an answer."""
    home.must("no request came", lambda: home.api.count(f"PATCH {NODE}") >= count, 5)


def killed_at_cordon(home):
    check, api = home.report.check, home.api
    api.forget_requests()
    api.fault("stall", f"PATCH {NODE}")
    write(home, next_revision(home))
    unanswered(home, 1)
    check("the phase is on disk before its step is sent", lambda:
          phase(home) == "cordon worker-1")
    home.kill()
    api.no_faults()
    home.start()
    check("killed while it cordons: ends right", lambda: ended(home), 10)
    check("once each", lambda: once_each(home, 1))


def killed_at_run(home):
    check = home.report.check
    with Held(home):
        write(home, next_revision(home))
        home.must("not cordoned", lambda: cordoned(home) and phase(home) == "run worker-1", 5)
        home.kill()
        check("killed before it has run: the node stays cordoned", lambda: cordoned(home))
    home.start()
    check("ends right", lambda: ended(home), 10)
    check("once each", lambda: once_each(home, 1))


def killed_at_uncordon(home):
    check, api = home.report.check, home.api
    with Held(home):
        write(home, next_revision(home))
        home.must("not cordoned", lambda: cordoned(home) and phase(home) == "run worker-1", 5)
        api.forget_requests()
        api.fault("stall", f"PATCH {NODE}")
    unanswered(home, 1)
    check("it has run, and that is known", lambda: runs(home) == home.revisions and
          phase(home) == "uncordon worker-1")
    home.kill()
    api.no_faults()
    home.start()
    check("killed while it uncordons: ends right", lambda: ended(home), 10)
    check("once each", lambda: once_each(home, 1))


def killed_while_a_source_is_away(home):
    check = home.report.check
    with Held(home):
        write(home, next_revision(home))
        home.must("not cordoned", lambda: cordoned(home) and phase(home) == "run worker-1", 5)
        home.kill()
        home.stop_api()
        home.start()
        check("nothing is known of the node: it waits", lambda: home.is_(
            "rollout/kernel", "unknown", "nothing is known of node/worker-1"), 10)
        home.restart()
        home.start_api()
        home.version = version(home)
    check("known again: ends right", lambda: ended(home), 30)
    check("uncordoned once", lambda: cordons(home) == [False])


def no_longer_written(home):
    check = home.report.check
    for what, stop in (("killed and no longer written", True), ("no longer written", False)):
        with Held(home):
            write(home, f"never-{stop}".lower())
            home.must("not cordoned", lambda: cordoned(home) and phase(home) == "run worker-1", 5)
            if stop:
                home.kill()
            write(home, None)
            if stop:
                (home.work / "rollouts" / "kernel").rename(home.work / "rollouts" / ".kernel")
                home.start()
            else:
                # What is under way is waited for.
                home.revisions.append("never-false")
        check(f"{what}: its cordon is undone", lambda: not cordoned(home) and
              phase(home) is None, 10)
        check("once each", lambda: once_each(home, 1))
        if stop:
            (home.work / "rollouts" / ".kernel").rename(home.work / "rollouts" / "kernel")
            home.restart()
            home.must("not converged", home.converged, 10)
    write(home, next_revision(home))
    check("written again: run", lambda: ended(home), 10)
    check("once each", lambda: once_each(home, 1))


def paused(home):
    check = home.report.check
    with Held(home):
        write(home, next_revision(home))
        home.must("not cordoned", lambda: cordoned(home) and phase(home) == "run worker-1", 5)
        home.exits(0, "pause", "rollout/kernel", "--reason=lunch")
        home.must("not kept", lambda: "lunch" in (home.state_dir / "state.json").read_text(), 0.5)
        home.kill()
    home.start()
    home.report.stays("paused within it: it stays where it is, also after a restart", lambda:
                      cordoned(home) and len(runs(home)) == len(home.revisions) - 1 and
                      phase(home) == "run worker-1", 1)
    home.exits(0, "resume", "rollout/kernel")
    check("resumed: ends right", lambda: ended(home), 10)
    check("once each", lambda: once_each(home, 1))


def cordoned_by_hand(home):
    check, api = home.report.check, home.api
    api.patch(NODE, {"spec": {"unschedulable": True}})
    home.must("not observed", lambda: home.is_("node/worker-1", "converged", "no new pods"), 5)
    write(home, next_revision(home))
    check("a node that somebody has cordoned is left alone", lambda: home.is_(
        "rollout/kernel", "blocked", "cordoned, and not for this") and cordoned(home), 5)
    home.kill()
    home.start()
    home.report.stays("after a restart, too", lambda: cordoned(home), 1)
    api.patch(NODE, {"spec": {"unschedulable": None}})
    check("uncordoned by hand: run", lambda: ended(home), 10)
    check("once each, and by hand once", lambda: once_each(home, 2))


def killed_anywhere(home):
    """After a random number of lines were logged: no line, or all, being as likely as any."""
    seed = int(os.environ.get("SEED") or random.randrange(1 << 32))
    chance = random.Random(seed)
    print(f"# SEED={seed}")
    cordons(home)
    for _ in range(ROUNDS):
        write(home, next_revision(home))
        for _kill in range(chance.randrange(1, 4)):
            home.mark()
            size = home.log_mark + chance.randrange(1200)
            end = time.monotonic() + 1
            while home.log_file.stat().st_size < size and time.monotonic() < end and \
                    len(runs(home)) < len(home.revisions):
                pass
            home.kill()
            home.start()
        home.must(f"not ended right: SEED={seed}", lambda: ended(home), 15)
    home.report.check(f"killed at random {ROUNDS} times and more: ended right each time",
                      lambda: ended(home))
    home.report.check("once each", lambda: once_each(home, ROUNDS))


if __name__ == "__main__":
    run(start, killed_at_cordon, killed_at_run, killed_at_uncordon,
        killed_while_a_source_is_away, no_longer_written, paused, cordoned_by_hand,
        killed_anywhere)
