#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What goes wrong again and again must not be tried again and again at full speed: few writes, few
log lines, and the reason in the status.
"""

from homelab import run, world
from test_kube import POOL


def start(home):
    world(home)
    home.put_proxy_between()
    home.start()
    home.report.check("converged", home.converged, 20)
    home.pool = home.api.get(POOL)
    home.pool["spec"]["addresses"] = ["192.168.122.200-192.168.122.210"]


def patches(home):
    """Those that reached the server, and those that the proxy did not let pass."""
    count = sum(line.startswith("PATCH") for line in home.api.writes())
    count += home.proxy.refused
    home.report.saw("writes", count)
    return count


def storm(home, what, harm, reason):
    """The pool is gone, and each PATCH that would bring it back ends like this."""
    check, stays = home.report.check, home.report.stays
    home.marks()
    home.proxy.refused = 0
    harm()
    home.api.delete(POOL)
    lines = len(home.log().splitlines())
    new_lines = lambda: len(home.log().splitlines()) - lines
    check(f"{what}: tried again", lambda: patches(home) > 1, 3)
    stays(f"{what}: 10 writes and 30 log lines at most in 3 s",
          lambda: patches(home) <= 10 and new_lines() <= 30, 3)
    check(f"{what}: the status says why",
          lambda: home.is_("pool/default-pool", "failing", reason), 2)
    home.api.no_faults()
    home.proxy.clear()
    check(f"{what}: over, converged", home.converged, 20)


def storms(home):
    fault = home.api.fault
    storm(home, "a gateway that gives up",
          lambda: fault("status", "PATCH", code=504, body="gateway timeout"),
          "gateway timeout")
    storm(home, "a connection that is reset",
          lambda: home.proxy.plan(b"PATCH ", refuse=True), "reset by peer")
    storm(home, "an answer nobody can read",
          lambda: fault("garbage", "PATCH"), "cannot be read")
    storm(home, "success that changes nothing",
          lambda: fault("status", "PATCH", code=200, body=home.pool), "still not as written")


def lost_answers(home):
    """The write has been done, and nobody says so: it is observed, and not done again.

    libcurl itself sends a request once more when the connection it used again was reset. That an
    apply bears.
    """
    for what, how in (("reset", {"reset": 0}), ("closed", {"truncate": 0})):
        home.marks()
        home.proxy.plan(b"PATCH ", **how)
        home.api.delete(POOL)
        home.report.check(f"answers {what} on their way: converged by what is observed",
                          lambda: home.api.is_there(POOL) and home.converged(), 5)
        home.report.stays(f"answers {what} on their way: not written over and over",
                          lambda: len(home.api.writes()) <= 3 and home.converged(), 2)
        home.proxy.clear()


if __name__ == "__main__":
    run(start, storms, lost_answers)
