#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Promise P7: no secret appears in any output, whatever is wrong with the kubeconfig."""

import base64
import json
import re
import secrets
import ssl

from clients import POOLS
from homelab import BUILD, run, world
from report import none_of

VERBS = ("status", "list", "plan", "diff", "events", "describe pool/default-pool", "list pools",
         "describe vm/worker-1")
FORMATS = ("table", "wide", "json", "yaml", "name")
OTHERS = ("version", "validate", "explain", "explain settings", "example", "help", "reconcile",
          "pause pool/default-pool", "resume pool/default-pool", "approve pool/default-pool",
          "reload", "wait --timeout=100ms")
METHODS = ("GetStatus", "List", "Plan", "Diff", "Events", "GetVersion", "Reload",
           "org.varlink.service.GetInfo")


def openssl(home, *words):
    done = home.command(["openssl", *words], timeout=30)
    assert done.code == 0, done.err


def make_secrets(home):
    """An authority, a server, a client and a token: each with text that can be searched for."""
    home.secrets = home.work / "secrets"
    home.secrets.mkdir()
    at = lambda name: str(home.secrets / name)
    openssl(home, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
            "-subj", "/CN=canary-ca", "-keyout", at("ca.key"), "-out", at("ca.crt"))
    (home.secrets / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    for name in ("server", "client"):
        openssl(home, "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}",
                "-keyout", at(f"{name}.key"), "-out", at(f"{name}.csr"))
        openssl(home, "x509", "-req", "-in", at(f"{name}.csr"), "-CA", at("ca.crt"),
                "-CAkey", at("ca.key"), "-CAcreateserial", "-days", "2",
                "-out", at(f"{name}.crt"), "-extfile", at("names"))
    home.token = "canary-" + secrets.token_hex(16)
    home.proxy_password = "canary-" + secrets.token_hex(16)


def carried(home, name):
    """A file as the kubeconfig carries it."""
    return base64.b64encode((home.secrets / name).read_bytes()).decode()


def tls_options(home):
    """With them the API server speaks TLS, and only to this client."""
    at = lambda name: str(home.secrets / name)
    return ["--tls-cert", at("server.crt"), "--tls-key", at("server.key"),
            "--client-ca", at("ca.crt"), "--token", home.token]


def tls_context(home):
    context = ssl.create_default_context(cafile=home.secrets / "ca.crt")
    # Python 3.13 wants more of a certificate than a server's client needs.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.load_cert_chain(home.secrets / "client.crt", home.secrets / "client.key")
    return context


def canaries(home):
    """Lines of the key and the CA as they stand, and as the kubeconfig carries them."""
    found = [home.token, home.proxy_password, base64.b64encode(home.token.encode()).decode()]
    for name in ("client.key", "ca.crt"):
        body = [line for line in (home.secrets / name).read_text().splitlines()
                if "-----" not in line]
        found += body[:3] + [carried(home, name)[59:120]]
    return found


def kubeconfig(home, cluster="", user="", token=None, server=None):
    """A whole one, with one more line for the cluster and one for the user."""
    return f"""apiVersion: v1
kind: Config
current-context: home
contexts: [{{name: home, context: {{cluster: home, user: me}}}}]
clusters:
- name: home
  cluster:
    server: "{server or home.api.url}"
    certificate-authority-data: {carried(home, 'ca.crt')}
    {cluster}
users:
- name: me
  user:
    client-certificate-data: {carried(home, 'client.crt')}
    client-key-data: {carried(home, 'client.key')}
    token: {token or home.token}
    {user}
"""


def put(home, text):
    home.put("kubeconfig", text)
    home.ctl("reload")


def add(home, done):
    home.all_output += done.out + done.err


def read_everything(home):
    """Everything there is to be read, added to what has been read already."""
    for shape in FORMATS:
        for verb in VERBS:
            add(home, home.ctl(*verb.split(), "-o", shape))
    for verb in (*OTHERS, f"validate {home.etc}", f"doctor --config-dir={home.etc}"):
        add(home, home.ctl(*verb.split()))
    for method in METHODS:
        add(home, home.ctl("call", method))
    add(home, home.ctl("call", "Describe", json.dumps({"kind": "pool", "name": "default-pool"})))
    add(home, home.command([BUILD / "homek8sd", "--config-dir", home.etc, "--check"]))
    home.all_output += home.log()
    for path in home.state_dir.iterdir():
        home.all_output += path.read_text(errors="replace")


def broken_kubeconfigs(home):
    """Each is wrong at the secret itself, or next to it."""
    token, file = home.token, home.secrets / "token"
    put(home, kubeconfig(home, user="token: again"))
    read_everything(home)
    put(home, f'users: [{{name: me, user: {{token: "{token}\n')
    read_everything(home)
    file.write_text(f"{token} {token}\n")
    file.chmod(0o600)
    taken = []
    for pattern, instead in (
        ("token: .*", f'token: "{token} {token}"'),
        ("token: .*", f"token: [{token}]"),
        ("token: .*", f"{token}: token"),
        ("(client-key-data: ..*)", rf"\1 {token}"),
        ("(certificate-authority-data:).*", rf"\1 {token}"),
        ("name: me$", f"name: {token}"),
        ("token: .*", f"tokenFile: {file}"),
        ("server: .*", f"server: https://me:{token}@h/"),
    ):
        text = re.sub(f"(?m){pattern}", instead, kubeconfig(home))
        assert text != kubeconfig(home)
        home.put("kubeconfig", text)
        add(home, home.ctl("reload"))
        if home.report.wait_until(lambda: home.source_is("kubernetes", "down"), 2) is None:
            taken.append(f"{pattern} -> {instead}")
        add(home, home.ctl("status", "-o", "json"))
        add(home, home.ctl("events"))
    home.report.check("P7 kubeconfigs broken at their secrets: reported", lambda: none_of(taken))


def start(home):
    world(home)
    home.stop_api()
    home.all_output = ""
    make_secrets(home)
    (home.work / "cluster.json").unlink()
    home.api_port = 0
    home.start_api(*tls_options(home))
    home.api.tls = tls_context(home)
    home.put("kubeconfig", kubeconfig(home))
    home.start()
    home.report.check("P7 converged with a client key and a token", home.converged, 10)


def no_secret_is_shown(home):
    check = home.report.check
    read_everything(home)
    broken_kubeconfigs(home)
    put(home, kubeconfig(
        home, cluster=f"proxy-url: http://me:{home.proxy_password}@127.0.0.1:1"))
    check("P7 a proxy that is not there: reported",
          lambda: home.source_is("kubernetes", "down"), 10)
    read_everything(home)
    refused = kubeconfig(home, token=f"{home.token}-not")
    put(home, re.sub("(?m)^.*client-.*\n", "", refused))
    check("P7 a token that is refused: reported",
          lambda: home.source_is("kubernetes", "unauthorized"), 10)
    read_everything(home)
    home.put("kubeconfig", kubeconfig(home))
    home.api.fault("status", "ipaddresspools", code=403, body="forbidden")
    home.ctl("reload")
    home.api.request("DELETE", f"{POOLS}/default-pool")
    home.ctl("reconcile")
    read_everything(home)
    shown = [home.all_output.partition(canary)[0][-80:] + "(here)" for canary in canaries(home)
             if canary in home.all_output]
    check("P7 all of that was something to read", lambda:
          len(home.all_output) > 100_000 and "127.0.0.1" in home.all_output)
    check("P7 no secret in any of it", lambda: none_of(shown))


if __name__ == "__main__":
    run(start, no_secret_is_shown, needs=("virsh", "libvirtd", "setpriv", "openssl"))
