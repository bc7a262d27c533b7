#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""homek8sctl doctor on a root of files and sockets: a host on which all is well, then the same
with one thing wrong at a time. Commands that it prints are run where they work below a root.
"""

import os
import shutil
import socket
import subprocess

from homelab import run, skip
from report import none_of
from terminal import on_terminal

HOME = """network:
  name: default
  address: 192.0.2.1/24
  static_ips: {worker-1: 192.0.2.11}
vms: {worker-1: {vcpus: 1, memory: 1GiB}}
"""
MACHINE = os.uname().machine
SOCKET = "run/libvirt/libvirt-sock"
UNITS = "lib/systemd/system"
GUESTS = "etc/systemd/system/multi-user.target.wants/libvirt-guests.service"
ENABLED = "etc/systemd/system/multi-user.target.wants/homek8sd.service"
PROC_NET = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"


class Host:
    """A root directory that has what a host should have."""

    def __init__(self, home):
        self.home = home
        self.root = home.work / "host"
        self.sockets = []
        self.make()

    def make(self):
        for one in self.sockets:
            one.close()
        self.sockets = []
        shutil.rmtree(self.root, ignore_errors=True)
        for name, text in {
            "dev/kvm": "", f"usr/bin/qemu-system-{MACHINE}": "", "usr/sbin/dnsmasq": "",
            "usr/bin/qemu-img": "",
            "usr/bin/apt-get": "", "usr/sbin/libvirtd": "", "usr/bin/homek8sd": "",
            "proc/cpuinfo": "flags : fpu vmx lm\n", "proc/net/udp": PROC_NET,
            "proc/net/tcp": PROC_NET,
            "usr/lib/sysusers.d/homek8s.conf": "",
            "usr/lib/systemd/logind.conf.d/homek8s.conf": "",
            "etc/passwd": "root:x:0:0::/root:/bin/sh\nhomek8s:x:54321:54321::/:/bin/false\n",
            "etc/group": "root:x:0:\nhomek8s:x:54321:\nlibvirt:x:54322:homek8s\n",
            f"{UNITS}/homek8sd.service": "[Service]\nExecStart=/usr/bin/homek8sd --x\n",
            "etc/homek8s/desired.d/home.yaml": HOME,
        }.items():
            self.put(name, text)
        self.put("usr/lib/any/libvirt.so.0", link="libvirt.so.0.9000.0")
        self.put(ENABLED, link=f"/{UNITS}/homek8sd.service")
        self.put(GUESTS, link=f"/{UNITS}/libvirt-guests.service")
        self.listen(SOCKET)
        self.kubeconfig()

    def put(self, name, text="", mode=0o644, link=None):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_symlink() or path.is_file():
            path.unlink()
        if link:
            path.symlink_to(link)
        else:
            path.write_text(text)
            path.chmod(mode)

    def remove(self, *names):
        for name in names:
            (self.root / name).unlink()

    def mode(self, name, mode):
        (self.root / name).chmod(mode)

    def listen(self, name, mode=0o666):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        one = socket.socket(socket.AF_UNIX)
        one.bind(str(path))
        one.listen(64)
        path.chmod(mode)
        self.sockets.append(one)

    def stop_listening(self):
        self.sockets.pop().close()

    def kubeconfig(self, server=None, mode=0o600):
        self.home.kubeconfig(server=server)
        self.put("etc/homek8s/kubeconfig", (self.home.etc / "kubeconfig").read_text(), mode)

    def doctor(self, *words):
        return self.home.ctl("doctor", "--pre", f"--root={self.root}", "-o", "json", *words)

    def answers(self, check):
        return [one for one in self.doctor().json["checks"] if one["id"] == check]


def finds(host, check, result, *parts):
    """The check has this result, and its answers these parts."""
    answers = host.answers(check)
    shown = "\n".join(f"{one['result']} {one['text']}\n{one['command'] or one['fix'] or ''}"
                      for one in answers)
    host.home.report.saw(check, shown)
    assert any(one["result"] == result for one in answers), f"no {result}"
    missing = [part for part in parts if part not in shown]
    return none_of([f"lacks {part}" for part in missing])


def mends(host, check):
    """The command that the check prints, run as it is, mends it."""
    for one in host.answers(check):
        if one["command"]:
            subprocess.run(one["command"], shell=True, check=True, timeout=60)
    return all(one["result"] == "pass" for one in host.answers(check))


def running(home):
    """The daemon itself, without --pre."""
    host = home.host
    host.make()
    answers = lambda *before: home.command([*before, home.ctl_program, "doctor",
                                            f"--root={host.root}"])
    home.start_libvirtd()
    home.settings()
    home.write_home()
    home.start()
    home.must("not converged", home.converged, 20)
    home.report.check("a daemon that runs", lambda: answers().has(
        "pass  daemon          homek8sd runs: the home is as written"))
    home.virsh("destroy", "worker-1")
    home.ctl("pause")
    home.report.check("one that is paused", lambda: answers().has("warn  daemon") and
                      answers().has("\n    fix: homek8sctl status\n"))
    if os.getuid() == 0:
        home.report.check("one that does not let this user in", lambda: answers(
            "setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups").has(
                "skip  daemon", "permission denied"))


def well(home):
    home.start_api()
    home.host = Host(home)
    check, host = home.report.check, home.host
    good = lambda: [one for one in host.doctor().json["checks"]
                    if one["result"] not in ("pass", "skip")]
    check("all is well", lambda: none_of(good()) and host.doctor().code == 0)
    check("only addresses are skipped, which are this host's", lambda: [
        one["id"] for one in host.doctor().json["checks"] if one["result"] == "skip"
    ] == ["addresses"])
    check("the API server is reached", lambda: finds(
        host, "api-server", "pass", f"{home.api.url} accepts connections"))
    check("libvirt's version", lambda: finds(host, "libvirt", "pass", "libvirt 9.0 "))


def dns(port, inode=1, state="07"):
    return (f"{PROC_NET}   1: 00000000:{port:04X} 00000000:0000 {state} 00000000:00000000 "
            f"00:00000000 00000000     0        0 {inode} 2 0000000000000000 0\n")


def named(host, comm, command):
    """A process with the socket whose inode is 1."""
    host.put("proc/77/comm", f"{comm}\n")
    host.put("proc/77/cmdline", command.replace(" ", "\0"))
    (host.root / "proc/77/fd").mkdir()
    (host.root / "proc/77/fd/5").symlink_to("socket:[1]")


def dnsmasq(host, port, command):
    host.put("proc/net/udp", dns(port))
    named(host, "dnsmasq", command)


def with_settings(host, text):
    host.put("etc/homek8s/homek8s.yaml", text)


def masked(host):
    host.remove(f"{UNITS}/homek8sd.service")
    host.put("etc/systemd/system/homek8sd.service", link="/dev/null")


def modular(host):
    host.stop_listening()
    host.remove(SOCKET)
    host.listen("run/libvirt/virtqemud-sock")


def alone_in_group(host):
    """A socket of root and its group alone."""
    host.mode(SOCKET, 0o660)


def without_libvirt(host):
    host.stop_listening()
    host.remove(SOCKET, "usr/sbin/libvirtd")


def not_started(host):
    host.stop_listening()
    host.remove(SOCKET)


def not_in_group(host):
    host.put("etc/group", "root:x:0:\nhomek8s:x:54321:\nlibvirt:x:54322:\n")


# What is wrong: how it is made, the check, its result, and what it says.
WRONG = (
    ("no KVM", lambda host: host.remove("dev/kvm"), "kvm", "warn", "TCG", "modprobe kvm_intel"),
    ("no KVM on AMD", lambda host: (host.remove("dev/kvm"), host.put(
        "proc/cpuinfo", "flags : fpu svm lm\n")), "kvm", "warn", "modprobe kvm_amd"),
    ("no KVM at all", lambda host: (host.remove("dev/kvm"), host.put("proc/cpuinfo", "x\n")),
     "kvm", "warn", "nested virtualization"),
    ("no qemu", lambda host: host.remove(f"usr/bin/qemu-system-{MACHINE}"), "qemu", "fail",
     "apt-get install -y qemu-system-"),
    ("no qemu-img", lambda host: host.remove("usr/bin/qemu-img"), "qemu-img", "warn",
     "apt-get install -y qemu-utils"),
    ("no qemu-img, and a disk to be made", lambda host: (
        host.remove("usr/bin/qemu-img"), host.put(
            "etc/homek8s/desired.d/db.yaml",
            "vms: {db: {vcpus: 1, memory: 1GiB, disk: {size: 1GiB}}}\n")),
     "qemu-img", "fail", "apt-get install -y qemu-utils"),
    ("no dnsmasq", lambda host: host.remove("usr/sbin/dnsmasq"), "dnsmasq", "fail",
     "apt-get install -y dnsmasq-base"),
    ("no dnsmasq, and no Debian", lambda host: host.remove("usr/sbin/dnsmasq", "usr/bin/apt-get"),
     "dnsmasq", "fail", "install what is called dnsmasq-base on Debian"),
    ("a DNS server on every address", lambda host: host.put("proc/net/udp", dns(53)), "ports",
     "fail", "somebody serves DNS on every address (port 53)", "ss -lntup"),
    ("one over TCP", lambda host: host.put("proc/net/tcp", dns(53, state="0A")), "ports", "fail",
     "serves DNS"),
    ("a connection to port 53", lambda host: host.put("proc/net/tcp", dns(53, state="01")),
     "ports", "pass"),
    ("dnsmasq on every address", lambda host: dnsmasq(host, 53, "/usr/sbin/dnsmasq -u x"),
     "ports", "fail", "dnsmasq serves DNS", "echo bind-dynamic >/etc/dnsmasq.d/homek8s.conf"),
    ("libvirt's own dnsmasq", lambda host: dnsmasq(
        host, 67, "/usr/sbin/dnsmasq --conf-file=/var/lib/libvirt/dnsmasq/default.conf"),
     "ports", "pass"),
    ("a DHCP server", lambda host: dnsmasq(host, 67, "/usr/sbin/dnsmasq -u x"), "ports", "fail",
     "serves DHCP"),
    ("a DHCP server of nobody knows whom", lambda host: host.put("proc/net/udp", dns(67)),
     "ports", "skip", "takes root"),
    ("nobody shuts VMs down", lambda host: host.remove(GUESTS), "shutdown", "warn",
     "they lose their power", "host: {shutdown: ordered}"),
    ("left to libvirt-guests though ordered is written", lambda host: with_settings(
        host, "host: {shutdown: ordered}\n"), "shutdown", "warn",
     "systemctl disable libvirt-guests.service"),
    ("left to libvirt itself", lambda host: (host.remove(GUESTS), host.put(
        "etc/libvirt/qemu.conf", "#\nauto_shutdown_try_shutdown = \"all\"\n")), "shutdown",
     "pass", "libvirt takes the VMs down"),
    ("libvirt may do it, for root alone to know", lambda host: (
        host.remove(GUESTS), with_settings(host, "host: {shutdown: ordered}\n"),
        host.put("etc/libvirt/qemu.conf", "#auto_shutdown_poweroff = \"none\"\n", 0o600)),
     "shutdown", "warn", "user homek8s may not read /etc/libvirt/qemu.conf",
     "chgrp homek8s /etc/libvirt/qemu.conf && chmod g+r /etc/libvirt/qemu.conf"),
    ("and for homek8s to know", lambda host: (
        host.remove(GUESTS), with_settings(host, "host: {shutdown: ordered}\n"),
        host.put("etc/libvirt/qemu.conf", "#auto_shutdown_poweroff = \"none\"\n", 0o644)),
     "shutdown", "pass", "homek8sd shuts the VMs down"),
    ("no time to shut them down", lambda host: (
        host.remove(GUESTS, "usr/lib/systemd/logind.conf.d/homek8s.conf"),
        with_settings(host, "host: {shutdown: ordered}\n")), "shutdown", "warn",
     "five seconds", "InhibitDelayMaxSec=120"),
    ("shut down in order", lambda host: (
        host.remove(GUESTS), with_settings(host, "host: {shutdown: ordered}\n")), "shutdown",
     "pass", "homek8sd shuts the VMs down"),
    ("no libvirt", without_libvirt, "libvirt", "fail", "libvirt is not installed",
     "apt-get install -y libvirt-daemon-system"),
    ("libvirt not started", not_started, "libvirt", "fail",
     "systemctl enable --now libvirtd.socket"),
    ("nobody at its socket", lambda host: host.stop_listening(), "libvirt", "fail",
     "Connection refused", "systemctl restart libvirtd.socket"),
    ("an old libvirt", lambda host: host.put(
        "usr/lib/any/libvirt.so.0", link="libvirt.so.0.8003.0"), "libvirt", "warn",
     "libvirt 8.3 "),
    ("modular daemons without networks", modular, "libvirt", "fail",
     "systemctl enable --now virtnetworkd.socket"),
    ("modular daemons", lambda host: (modular(host), host.listen("run/libvirt/virtnetworkd-sock")),
     "libvirt", "pass", "virtqemud-sock"),
    ("libvirt elsewhere", lambda host: with_settings(
        host, 'libvirt: {uri: "qemu+ssh://other/system"}\n'), "libvirt", "skip",
     "virsh -c qemu+ssh://other/system version"),
    ("both sorts of daemon", lambda host: host.listen("run/libvirt/virtqemud-sock"), "managers",
     "warn", "systemctl disable --now virtqemud.service"),
    ("a cron job", lambda host: host.put(
        "etc/cron.d/watch", "# virsh list\n* * * * * root virsh start worker-1\n"), "managers",
     "warn", "/etc/cron.d/watch:2 runs virsh:"),
    ("a unit", lambda host: host.put(
        "etc/systemd/system/lab.service", "[Service]\nExecStart=/usr/bin/terraform apply\n"),
     "managers", "warn", "/etc/systemd/system/lab.service:2 runs terraform:"),
    ("no user", lambda host: host.put("etc/passwd", "root:x:0:0::/root:/bin/sh\n"), "user",
     "fail", "systemd-sysusers"),
    ("no user, nothing installed", lambda host: (
        host.put("etc/passwd", ""), host.remove("usr/lib/sysusers.d/homek8s.conf")), "user",
     "fail", "make install"),
    ("polkit does not let it", not_in_group, "libvirt-access", "fail", "polkit does not let it",
     "usermod -aG libvirt homek8s && systemctl try-restart homek8sd"),
    ("a rule of polkit lets it", lambda host: (not_in_group(host), host.put(
        "usr/share/polkit-1/rules.d/50-homek8s.rules")), "libvirt-access", "pass"),
    ("a socket of another group", alone_in_group, "libvirt-access", "fail", "(mode 0660, group ",
     "unix_sock_group"),
    ("no unit", lambda host: host.remove(f"{UNITS}/homek8sd.service"), "unit", "fail",
     "homek8sd.service is not installed", "make install"),
    ("a masked unit", masked, "unit", "fail", "systemctl unmask homek8sd"),
    ("no program", lambda host: host.remove("usr/bin/homek8sd"), "unit", "fail",
     "starts /usr/bin/homek8sd, which is not there"),
    ("not enabled", lambda host: host.remove(ENABLED), "enabled", "warn",
     "systemctl enable --now homek8sd"),
    ("a file of root alone", lambda host: host.mode("etc/homek8s/desired.d/home.yaml", 0o600),
     "files", "fail", "user homek8s may not read it", "chgrp homek8s "),
    ("nothing written", lambda host: host.remove("etc/homek8s/desired.d/home.yaml"), "config",
     "warn", "homek8sctl import"),
    ("errors", lambda host: host.put("etc/homek8s/desired.d/home.yaml", "vms: 1\nx: 2\n"),
     "config", "fail", "has 2 errors", "homek8sctl validate "),
    ("no kubeconfig", lambda host: host.remove("etc/homek8s/kubeconfig"), "kubeconfig", "skip",
     "the Kubernetes half is off"),
    ("a kubeconfig of no use", lambda host: host.put("etc/homek8s/kubeconfig", "a: 1\n", 0o600),
     "kubeconfig", "fail", "kubeconfig:1:1: it has no current-context"),
    ("no API server there", lambda host: host.kubeconfig("http://127.0.0.1:9"), "api-server",
     "warn", "(Connection refused)", "this machine itself"),
    ("an API server out in the world", lambda host: host.put(
        "etc/homek8s/kubeconfig", (host.root / "etc/homek8s/kubeconfig").read_text().replace(
            host.home.api.url, "https://203.0.113.5:1"), 0o600), "api-server", "warn",
     "only to private addresses", "IPAddressAllow=203.0.113.5\\n"),
)


def wrong(home):
    host = home.host
    for what, spoil, name, result, *parts in WRONG:
        host.make()
        spoil(host)
        home.report.check(what, lambda name=name, result=result, parts=parts: finds(
            host, name, result, *parts) and
            host.doctor().code == (1 if result == "fail" else 0))


# What is wrong, and the check whose command mends it.
MENDED = (
    ("no directory", lambda host: shutil.rmtree(host.root / "etc/homek8s"), "files"),
    ("a file that others may write", lambda host: host.mode(
        "etc/homek8s/desired.d/home.yaml", 0o666), "files"),
    ("a directory that others may write", lambda host: host.mode("etc/homek8s", 0o777), "files"),
    ("a directory of root alone", lambda host: host.mode("etc/homek8s/desired.d", 0o700),
     "files"),
    ("a kubeconfig that everybody may read", lambda host: host.mode(
        "etc/homek8s/kubeconfig", 0o644), "kubeconfig"),
)


def mended(home):
    host = home.host
    for what, spoil, name in MENDED:
        host.make()
        spoil(host)
        home.report.check(f"mended: {what}", lambda name=name: mends(host, name))


def too_wide(home, words, columns):
    """Lines that are longer, but for paths, which are not broken; a command must have one to
    itself."""
    text = on_terminal(home, *words, NO_COLOR="1", COLUMNS=str(columns))
    assert "\n    fix: apt-get install -y dnsmasq-base\n" in text, text
    return [line for line in text.splitlines()
            if len(line) > columns and not line.startswith("    fix: ") and
            "/" not in line.split()[-1]]


def shown(home):
    check, host = home.report.check, home.host
    host.make()
    host.remove("usr/sbin/dnsmasq")
    words = ("doctor", "--pre", f"--root={host.root}")
    check("on a terminal", lambda: none_of([part for part in (
        "Host\n", "  \u2713 pass  kvm             /dev/kvm is there",
        "  \u2717 fail  dnsmasq         there is no dnsmasq: libvirt can",
        "\n    fix: apt-get install -y dnsmasq-base\n", "1 failed, 0 warned, ")
        if part not in on_terminal(home, *words, NO_COLOR="1")]))
    for columns in (60, 80, 200):
        check(f"on {columns} columns no line is longer, and no command broken",
              lambda columns=columns: none_of(too_wide(home, words, columns)))
    check("elsewhere", lambda: home.ctl(*words).has("  fail  dnsmasq         there is no"))
    check("as YAML", lambda: home.ctl(*words, "-o", "yaml").has("verdict: fail\n"))
    check("without --pre the daemon must run", lambda: home.exits(
        1, "doctor", f"--root={host.root}").has("homek8sd is not running"))
    check("a root that is none", lambda: home.exits(
        2, "doctor", f"--root={host.root}/gone").has("is no directory"))
    check("what takes no --pre says so", lambda: home.exits(
        2, "status", "--pre").has("status takes no --pre"))


def nobody(home):
    """A user who may read little learns that root could say more."""
    host = home.host
    if os.getuid() != 0:
        print("# skipped: only root can be somebody else")
        return
    host.make()
    answers = lambda: home.command(
        ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups",
         home.ctl_program, "doctor", "--pre", f"--root={host.root}"])
    home.report.check("a kubeconfig of root alone is not judged", lambda: answers().has(
        "skip  kubeconfig", "this user may not read it") and "fail" not in answers().out)
    host.mode("etc/homek8s/desired.d", 0o750)
    host.put("etc/group", "root:x:0:homek8s\nhomek8s:x:54321:\nlibvirt:x:54322:homek8s\n")
    home.report.check("nor what homek8s may read and this one may not", lambda: answers().has(
        "skip  files", "this user may not read it, and so it was not checked") and
        "fail" not in answers().out)


if __name__ == "__main__":
    if os.getuid() != 0:
        skip("needs root: whose the files are is what is checked")
    run(well, wrong, mended, shown, nobody, running)
