#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a network does to the connections between homek8sd and the API server: each harm is
noticed or outlived, and after its end a change comes through. First, that the proxy harms.
"""

import http.client
import time

from clients import HANGS, POOLS, Api
from homelab import run, world
from proxy import Proxy
from test_secrets import kubeconfig, make_secrets, tls_context, tls_options

WHOLE = "192.168.122.100-192.168.122.150"


def start(home):
    world(home)
    home.put_proxy_between()
    home.settings(resync="10m")  # what is noticed is noticed by the connections alone
    home.start()
    home.report.check("converged through the proxy", home.converged, 10)


def fetch(proxy, path="/version", timeout=HANGS):
    """The body through the proxy, and the seconds it took."""
    begun = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=timeout)
    try:
        connection.request("GET", path)
        return connection.getresponse().read(), time.monotonic() - begun
    finally:
        connection.close()


def fails(error, function):
    try:
        function()
    except error:
        return True
    return False


def the_proxy_harms(home):
    check = home.report.check
    with Proxy(home.api.host, home.api.port) as proxy:
        check("proxy: passes everything", lambda: b"v1.29.0" in fetch(proxy)[0])
        proxy.plan(delay=0.2, times=1)
        check("proxy: delays, each way", lambda: 0.4 <= fetch(proxy)[1] < 3)
        proxy.plan(trickle=40, every=0.02, times=1)
        check("proxy: trickles", lambda: fetch(proxy)[1] > 0.1)
        proxy.plan(truncate=200, times=1)
        check("proxy: truncates", lambda:
              fails(http.client.IncompleteRead, lambda: fetch(proxy)))
        proxy.plan(reset=30, times=1)
        check("proxy: resets", lambda: fails(ConnectionResetError, lambda: fetch(proxy)))
        proxy.plan(half_close=0, times=1)
        check("proxy: half-closes", lambda:
              fails(http.client.RemoteDisconnected, lambda: fetch(proxy)))
        proxy.plan(b"/healthz", black_hole=True)
        check("proxy: black hole, for what matches", lambda:
              fails(TimeoutError, lambda: fetch(proxy, "/healthz", 0.3)))
        check("proxy: and for nothing else", lambda: b"v1.29.0" in fetch(proxy)[0])
        proxy.refuse()
        check("proxy: refuses", lambda: fails(ConnectionRefusedError, lambda: fetch(proxy)))
        proxy.clear()
        check("proxy: all is well again", lambda: fetch(proxy, "/healthz")[0] == b"ok")


def edit_pool(home, end):
    """Past the proxy, by somebody else."""
    Api(home.api.url, home.report, home.api.tls).patch(
        f"{POOLS}/default-pool", {"spec": {"addresses": [f"192.168.122.100-192.168.122.{end}"]}})


def mended(home):
    return home.pool_is("default-pool", WHOLE) and home.converged()


def outlived(home, what, harm, noticed=None, seconds=45):
    """Harm, a change during it, the harm noticed, its end: the change comes through.

    A watch whose last try failed just before may wait for 30 s, before the harm is noticed and
    before its end is."""
    proxy, before = home.proxy, home.proxy.accepted
    home.ends = getattr(home, "ends", 149) - 1
    harm(proxy)
    edit_pool(home, home.ends)
    home.report.check(f"{what}: noticed", noticed or (lambda: proxy.accepted > before), 35)
    proxy.clear()
    home.report.heals(f"{what}: a change comes through", None, lambda: mended(home), seconds)


def ended_connections(home):

    def down():
        return home.source_is("kubernetes", "down")

    def tried_again():
        return home.proxy.accepted >= before + 3

    outlived(home, "all connections closed", lambda p: p.cut())
    outlived(home, "all connections reset", lambda p: p.cut(reset=True))
    outlived(home, "closed towards the daemon only", lambda p: p.harm(half_close=0))
    outlived(home, "closed, and new ones refused",
             lambda p: (p.refuse(), p.cut()), down)
    outlived(home, "new ones reset at once", lambda p: (p.plan(reset=0), p.cut()), down)
    before = home.proxy.accepted
    outlived(home, "answers cut off in their heads",
             lambda p: (p.plan(truncate=30), p.cut()), tried_again)
    before = home.proxy.accepted
    outlived(home, "and in their bodies",
             lambda p: (p.plan(truncate=700), p.cut()), tried_again)


def slow_connections(home):
    proxy, check = home.proxy, home.report.check
    proxy.plan(delay=0.3)
    proxy.harm(delay=0.3)
    edit_pool(home, 130)
    check("delayed by 0.3 s each way: a change comes through", lambda: mended(home), 20)
    proxy.clear()
    proxy.plan(trickle=50, every=0.01)
    proxy.cut()
    edit_pool(home, 131)
    check("50 bytes at a time: a change comes through", lambda: mended(home), 60)
    proxy.clear()
    proxy.cut()
    check("as before", lambda: mended(home), 20)


def black_holes(home):
    proxy, check, heals = home.proxy, home.report.check, home.report.heals
    proxy.black_hole()
    home.ctl("reconcile")
    heals("nothing passes: a VM heals meanwhile",
          lambda: home.break_vm("worker-1"), lambda: home.runs("worker-1"), 10)
    check("nothing passes: reported", lambda: home.source_is("kubernetes", "down"), 60)
    proxy.clear()
    proxy.cut()
    edit_pool(home, 132)
    check("and its end: a change comes through", lambda: mended(home), 60)
    proxy.plan(b"PATCH ", times=1, black_hole=True)
    edit_pool(home, 133)
    check("a write that is never answered is tried again", lambda: mended(home), 120)


def through_tls(home):
    """The same to an API server with TLS, of which the proxy understands nothing."""
    home.stop()
    home.stop_api()
    home.proxy.close()
    make_secrets(home)
    (home.work / "cluster.json").unlink()
    home.api_port = 0
    home.start_api(*tls_options(home))
    home.api.tls = tls_context(home)
    home.proxy = Proxy(home.api.host, home.api.port, tls=True)
    home.put("kubeconfig", kubeconfig(home, server=home.proxy.url))
    home.start()
    home.report.check("TLS: converged through the proxy", home.converged, 10)
    outlived(home, "TLS: all connections reset", lambda p: p.cut(reset=True))
    outlived(home, "TLS: cut off in the handshake", lambda p: (p.plan(truncate=700), p.cut()),
             lambda: home.source_is("kubernetes", "down"))
    outlived(home, "TLS: answers cut off", lambda p: p.harm(truncate=40))


if __name__ == "__main__":
    run(start, the_proxy_harms, ended_connections, slow_connections, black_holes, through_tls,
        needs=("virsh", "libvirtd", "setpriv", "openssl"))
