#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every kind of bad input in the configuration is refused alike by homek8sctl validate,
homek8sd --check and the running daemon: each names the place and what is wrong.
"""

import os
import shutil
import socket

from homelab import EXAMPLE, run, started


def validate(home, code, folder=None):
    return home.exits(code, "validate", str(folder or home.etc))


def check_says(home, code):
    """What homek8sd --check says, which ends with this code."""
    ended = home.command([home.program, "--config-dir", home.etc, "--check"])
    assert ended.code == code, f"homek8sd --check: exit {ended.code}, not {code}"
    return ended


def refuse_all(home, *parts):
    """Each names all parts, and none lets it by."""
    return (validate(home, 1).has(*parts) and check_says(home, 78).has(*parts) and
            home.exits(3, "reload").has(*parts) and home.source_is("config", "error"))


def write(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(0o600)


def refuses(home, rows):
    """Each row's text as a file beside the good one."""
    bad = home.desired / "bad.yaml"
    for what, text, *parts in rows:
        write(bad, text)
        home.report.check(f"refused: {what}", lambda parts=parts: refuse_all(home, *parts))
        bad.unlink()


def vm(text):
    return f"vms: {{n: {{{text}}}}}\n"


def at(place, error):
    return f"bad.yaml:{place}: error[{error}]"


def bad_bytes(home):
    home.marks()
    refuses(home, (
        ("what is no UTF-8", b"vms: {n: {\xff}}\n", at("1:11", "yaml-encoding"), "0xff"),
        ("NUL", 'vms: {n: {domain: "\0"}}\n', at("1:20", "yaml-control"), "U+0000"),
        ("NUL as an escape", vm(r'domain: "\0"'), at("1:19", "yaml-control")),
        ("a terminal sequence", vm('domain: "\x1b[31m"'), at("1:20", "yaml-control"), "U+001B"),
        ("marks of right-to-left", vm('domain: "\u202ea"'), at("1:20", "yaml-control"),
         "U+202E"),
        ("tabs as indentation", "vms:\n\tn: {}\n", at("2:1", "yaml-syntax"), "use blanks"),
        ("nothing", "", "bad.yaml", "it is empty"),
        ("white space", "\n \n", "bad.yaml", "yaml-empty"),
        ("an empty document", "---\n...\n", "bad.yaml", "yaml-empty"),
        ("a second document", "vms: {}\n---\nvms: {}\n", at("2:1", "yaml-documents")),
        ("an anchor", "vms: &a {}\n", at("1:6", "yaml-anchor")),
        ("an alias", "vms: {a: &b {}, c: *b}\n", "yaml-a"),
        ("a tag", "vms: !!map {}\n", at("1:6", "yaml-tag")),
        ("a directive", "%YAML 1.1\n---\nvms: {}\n", at("1:1", "yaml-directive")),
        ("a list as a key", "? [a]\n: b\n", at("1:3", "yaml-key")),
    ))
    text = "\ufeff" + EXAMPLE.read_text()
    home.write_home(text.replace("\n", "\r\n"))
    home.report.check("taken: a byte order mark and CRLF", lambda:
                      validate(home, 0) and check_says(home, 0) and
                      home.exits(0, "reload") and home.converged(), 5)


def bad_names(home):
    name, value = at("1:7", "bad-name"), at("1:19", "bad-value")
    refuses(home, (
        ("upper case in a name", "vms: {Big: {}}\n", name, '"Big"',
         "call it \"big\" here, and write `domain: \"Big\"` in it"),
        ("an underscore", "vms: {a_b: {}}\n", name),
        ("a dash at the end", "vms: {a-: {}}\n", name),
        ("64 characters", f"vms: {{{'x' * 64}: {{}}}}\n", name, "x" * 64),
        ("a line break in a name", 'vms: {"a\\nb": {}}\n', name),
        ("a line break in a domain", vm(r'domain: "a\nb"'), value),
        ("a slash in a domain", vm("domain: a/b"), value),
        ("markup in a bridge", "network: {bridge: \"a'/>\"}\n", value),
        *((f'the host name "{host}"',
           f'network: {{static_ips: {{"{host}": '
           "{ip: 192.168.122.9, mac: 52:54:00:00:00:09}}}\n",
           at("1:24", "bad-name"))
          for host in (r"w\n1", "w 1", "w_1", "W1", "w1,", "w1 10.0.0.1", "<w/>")),
    ))


def static(*machines):
    rows = [f'{name}: {{ip: {ip}, mac: "52:54:00:00:00:0{mac}"}}' for name, ip, mac in machines]
    return f"network: {{static_ips: {{{', '.join(rows)}}}}}\n"


def pool(addresses):
    return f"metallb: {{pools: {{p: {{addresses: [{addresses}]}}}}}}\n"


def bad_addresses(home):
    refuses(home, (
        ("an address outside its network", static(("m", "192.168.123.9", 1)),
         at("1:32", "static-ip-outside-network")),
        ("an address that is none", static(("m", "192.168.122.300", 1)), "bad-value",
         "192.168.122.300"),
        ("the network's own address", static(("m", "192.168.122.1", 1)), "static-ip-is-gateway"),
        ("the broadcast address", static(("m", "192.168.122.255", 1)),
         "static-ip-is-broadcast"),
        ("a range that ends before it begins", pool("10.0.0.9-10.0.0.1"), "bad-value",
         "ends before it begins"),
        ("a prefix that is none", pool("10.0.0.0/33"), "bad-value", "10.0.0.0/33"),
        ("overlapping pools", pool("192.168.122.120-192.168.122.121"),
         at("1:35", "pools-overlap"), "default-pool"),
        ("a multicast MAC", vm("interfaces: [{mac: 01:00:5e:00:00:01}]"),
         at("1:30", "bad-value"), "multicast"),
        ("an address given twice", static(("m", "192.168.122.11", 1)), "duplicate-ip",
         "192.168.122.11"),
        ("a MAC given twice", static(("a", "192.168.122.8", 1), ("b", "192.168.122.9", 1)),
         "duplicate-mac"),
        ("a domain used twice", vm("domain: worker-1"), "duplicate-domain"),
        ("a disk used twice", vm("disk: {path: /var/lib/libvirt/images/worker-1.qcow2}"),
         "duplicate-disk"),
    ))


def bad_keys(home):
    refuses(home, (
        ("a key written twice", vm("vcpus: 1, vcpus: 2"), at("1:21", "yaml-duplicate-key"),
         "bad.yaml:1:11"),
        ("a key in two files", "vms: {control-plane: {vcpus: 2}}\n", "duplicate-key",
         "home.yaml:19:5", "bad.yaml:1:23"),
        ("a key that is near another", vm("vcpu: 1"), at("1:11", "unknown-key"),
         'did you mean "vcpus"?'),
        ("a section that is near another", "metalb: {}\n", "unknown-key",
         'did you mean "metallb"?'),
        ("a word that is near another", vm("power: allways"), at("1:18", "bad-value"),
         'did you mean "always"?'),
        ("a number out of range", vm("vcpus: 9999"), "out-of-range", "512"),
        ("a list where a map is due", "vms: [a]\n", "wrong-type"),
        ("a text over 4 KiB", vm(f"domain: {'x' * 5000}"), at("1:19", "yaml-text")),
        ("three errors: all of them", vm("vcpu: 1, memory: lots, state: up"),
         at("1:11", "unknown-key"), at("1:28", "bad-value"), at("1:41", "bad-value")),
    ))


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


def bad_files(home):
    """What stands in place of a file."""
    bad, check = home.desired / "bad.yaml", home.report.check
    for what, make, part in (
        ("a directory", bad.mkdir, "it is a directory where a plain file is due"),
        ("a FIFO", lambda: os.mkfifo(bad), "it is a FIFO"),
        ("a device", lambda: bad.symlink_to("/dev/zero"), "it is a device"),
        ("a socket", lambda: make_socket(bad), "it is a socket"),
        ("a dangling link", lambda: bad.symlink_to("nowhere"),
         "it is a link to a file that is not there"),
        ("a link in a circle", lambda: bad.symlink_to("bad.yaml"), "leads in a circle"),
    ):
        make()
        check(f"refused: {what}", lambda part=part:
              refuse_all(home, "desired.d/bad.yaml", part))
        bad.rmdir() if bad.is_dir() else bad.unlink()
    write(bad, "vms: {}\n")
    bad.chmod(0o620)
    check("refused by the daemon: a file others may write", lambda:
          check_says(home, 78).has("bad.yaml", "chmod go-w") and home.exits(3, "reload"))
    if os.getuid() == 0:
        bad.chmod(0o600)
        shutil.chown(bad, "nobody")
        check("refused by the daemon: a stranger's file",
              lambda: check_says(home, 78).has("bad.yaml", "it belongs to"))
    else:
        bad.chmod(0)
        check("refused: a file that may not be read",
              lambda: refuse_all(home, "bad.yaml", "this user may not read it"))
    bad.unlink()


def too_much(home):
    check = home.report.check
    files = [home.desired / f"f{i}.yaml" for i in range(64)]
    for path in files:
        write(path, "vms: {}\n")
    check("refused: 65 files", lambda: refuse_all(home, "65 *.yaml files, 64 are allowed"))
    comment = "# sixty-three characters of comment, which say nothing at all..\n"
    for path in files[5:]:
        path.unlink()
    for path in files[:5]:
        write(path, comment * 4090 + "vms: {}\n")
    check("refused: more than 1 MiB in all",
          lambda: refuse_all(home, "more than 1048576 bytes together"))
    for path in files[:5]:
        path.unlink()


def bad_settings(home):
    check, settings = home.report.check, home.etc / "homek8s.yaml"
    write(settings, settings.read_text() + "resinc: 2s\n")
    check("refused: an unknown key of the settings", lambda: refuse_all(
        home, "homek8s.yaml:7:1", "unknown-key", 'did you mean "resync"?'))
    home.settings(more="resync: soon")
    check("refused: a setting twice, and no time",
          lambda: refuse_all(home, "homek8s.yaml:6:1", "yaml-duplicate-key"))
    write(settings, "")
    check("refused: empty settings", lambda: refuse_all(home, "homek8s.yaml", "it is empty"))
    # Between two of all these the good home stood there again, and may have been read.
    check("nothing of all that was applied",
          lambda: home.wrote_nothing() and home.runs("worker-1"))
    home.settings(more="")
    check("good again", lambda: home.exits(0, "reload") and
          home.source_is("config", "ok") and home.converged(), 5)


if __name__ == "__main__":
    run(started, bad_bytes, bad_names, bad_addresses, bad_keys, bad_files, too_much, bad_settings)
