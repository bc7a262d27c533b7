#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What is written about the programs, held to what the programs say: manual pages, completions,
the journal's catalog, the units, and where `make install` puts them.
"""

import re
import shutil

from homelab import BUILD, TOP, run
from report import none_of

PAGE_CTL = TOP / "daemon" / "homek8sctl" / "homek8sctl.1"
PAGE_DAEMON = TOP / "daemon" / "homek8sd.8"
PAGE_YAML = TOP / "conf" / "homek8s.yaml.5"
CATALOG = TOP / "units" / "homek8s.catalog"
UNIT = "homek8sd.service"

HOME = """network: {name: default, address: 192.168.122.1/24, mode: route}
vms: {test: {memory: 16GiB, vcpus: 1}}
metallb: {pools: {default-pool: {addresses: [192.168.122.100-192.168.122.150]}}}
"""

# What bash offers for a command line: "$1" is the program, the words follow it.
COMPLETES = """. "$0"
compopt() { :; }
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_homek8sctl "$1"
printf '%s\\n' "${COMPREPLY[@]}"
"""

# Findings of the planner, and a word in lib/lint that is no finding.
OTHER_FINDINGS = {"state-lost", "guests-cut-off", "disk-shared", "node-left-over",
                  "duplicate-name", "kvm-unavailable", "lease-conflict", "vm-not-written",
                  "no-longer-written"}
NO_FINDING = {"host-gw"}


def same(expected, found):
    """Two lists of words, in any order; shows what only one of them has."""
    expected, found = set(expected), set(found)
    assert expected, "nothing to compare with"
    return none_of([f"only the first: {word}" for word in sorted(expected - found)] +
                   [f"only the second: {word}" for word in sorted(found - expected)])


def all_in(text, pattern, words):
    """The text has a line with the pattern for each word."""
    assert words, "nothing to look for"
    return none_of([word for word in words
                    if not re.search(pattern.replace("%", re.escape(word)), text, re.M)])


def between(text, start, end):
    """From the line that begins with the one to that which begins with the other."""
    found = re.search(rf"(?ms)^{re.escape(start)}.*?^{re.escape(end)}", text)
    return found[0] if found else ""


def run_well(home, *command, **rest):
    """A command that must succeed; what it prints."""
    ended = home.command(command, **rest)
    assert ended.code == 0, f"exit {ended.code}"
    return ended


def options(text):
    return re.findall(r"--([a-z][a-z-]+)", text)


def items(page, macro):
    return re.findall(rf"(?m)^\.It {macro} ([a-z]+)", page)


def page_options(page):
    return re.findall(r"(?m)^\.It Fl (?:[a-z] , )?-([a-z-]+)", page)


def verbs(home):
    return home.exits(0, "help", "-o", "name").out.split()


def methods_called(home):
    """The methods that the help texts of the commands name."""
    found = []
    for verb in verbs(home):
        for methods in re.findall(r"(?m)^Calls (.*) of ", home.exits(0, "help", verb).out):
            found += methods.split(" and ")
    return found


def methods_in_table():
    table = (TOP / "lib" / "view" / "methods.def").read_text()
    return re.findall(r"(?m)^METHOD\(INTERFACE_NAME, ([A-Za-z]+),", table)


def findings_in_code():
    found = set()
    for source in (TOP / "lib" / "lint").glob("lint_*.c"):
        found |= set(re.findall(r'"([a-z]+(?:-[a-z0-9]+)+)"', source.read_text()))
    return found - NO_FINDING


def kubeconfig_findings():
    source = (TOP / "lib" / "wire" / "kubeconfig_check.c").read_text()
    return set(re.findall(r'"(kubeconfig-[a-z-]+)"', source))


def findings_in_page():
    section = between(PAGE_YAML.read_text(), ".Sh FINDINGS", ".Sh FILES")
    rows = re.findall(r"(?m)^\.It Cm [a-z]* : (.*)", section)
    words = {word for row in rows for word in re.split(r"[ ,]+", row)}
    return {word for word in words if not word.startswith("kubeconfig-")} - OTHER_FINDINGS


def manual_pages(home):
    check, page, daemon = home.report.check, PAGE_CTL.read_text(), PAGE_DAEMON.read_text()
    for path in (PAGE_CTL, PAGE_DAEMON, PAGE_YAML):
        check(f"mandoc finds nothing in {path.name}",
              lambda path=path: run_well(home, "mandoc", "-T", "lint", "-W", "warning", path))
    check("homek8sctl(1) has every command and no other", lambda: same(
        verbs(home), items(between(page, ".Sh DESCRIPTION", ".Ss Options"), "Ic")))
    check("homek8sctl(1) has every option and no other", lambda: same(
        options(home.exits(0, "help").out),
        page_options(between(page, ".Ss Options", ".Sh"))))
    check("homek8sd(8) has every option and no other", lambda: same(
        options(run_well(home, home.program, "--help").out), page_options(daemon)))
    check("every method of the interface is called by a command",
          lambda: same(methods_in_table(), methods_called(home)))
    check("homek8sctl(1) has every exit status", lambda: all_in(page, r"^\.It %$", "012345"))
    check("homek8sd(8) has every promise", lambda: all_in(
        daemon, r"^\.It %$", [f"P{number}" for number in range(1, 11)]))
    check("homek8s.yaml(5) has every finding of the linter and no other",
          lambda: same(findings_in_code(), findings_in_page()))
    check("and every finding about a kubeconfig", lambda: same(
        kubeconfig_findings(), re.findall(r"kubeconfig-[a-z-]+", PAGE_YAML.read_text())))


def message_ids():
    journal = (TOP / "daemon" / "journal" / "journal.c").read_text()
    return re.findall(r'\[MESSAGE_[A-Z_]*\] = \{ "([0-9a-f]*)"', journal)


def journal_catalog(home):
    check, root = home.report.check, home.work / "root"
    check("the catalog explains every message id and no other", lambda: same(
        message_ids(), re.findall(r"(?m)^-- (.*)", CATALOG.read_text())))
    if not shutil.which("journalctl"):
        print("# skipped: no journalctl to compile the catalog")
        return
    for folder in ("usr/lib/systemd/catalog", "var/lib/systemd/catalog"):
        (root / folder).mkdir(parents=True)
    shutil.copy(CATALOG, root / "usr/lib/systemd/catalog")
    check("journalctl takes it",
          lambda: run_well(home, "journalctl", f"--root={root}", "--update-catalog"))


def started(home):
    """A daemon on libvirt's test driver, for what only a running one can say."""
    home.put("homek8s.yaml", 'libvirt: {uri: "test:///default"}\n')
    home.write_home(HOME)
    home.start()
    home.must("there is no VM", lambda: shown(home, "list", "-o", "name", has="vm/test"), 20)


def shown(home, *words, has):
    return has in home.exits(0, *words).out.split()


def members(value):
    """The names of all members; those of the sides of an object are keys of its kind."""
    if isinstance(value, list):
        return {name for entry in value for name in members(entry)}
    if not isinstance(value, dict):
        return set()
    below = [value[name] for name in value
             if name not in ("desired", "live", "persistent", "fields", "remembered")]
    return set(value) | members(below)


def json_members(home):
    """Every member of the answers stands in the page."""
    page = PAGE_CTL.read_text()
    for verb, *words in (("status",), ("list",), ("plan",), ("diff",), ("events",),
                         ("describe", "vm/test"), ("validate", TOP / "conf/example"),
                         ("doctor", "--pre")):
        home.report.check(
            f"homek8sctl(1) has every member of {verb}", lambda words=(verb, *words): all_in(
                page, r"^\.(It )?Va .*\b%\b", members(home.ctl(*words, "-o", "json").json)))


def completes(home, *words):
    return run_well(home, "bash", "-c", COMPLETES, TOP / "units/completion/homek8sctl.bash",
                    home.ctl_program, *words).out.splitlines()


def long_options(words):
    return [found[1] for word in words if (found := re.match("--([a-z-]*)", word))]


def keys_explained(home, path):
    keys = home.exits(0, "explain", path).out.partition("\nkeys:\n")[2]
    return [f"{path}.{key}" for key in re.findall(r"(?m)^  ([a-z_]+) ", keys)]


def methods_described(home):
    described = home.exits(0, "call", "org.varlink.service.GetInterfaceDescription",
                           '{"interface":"io.homek8s.Manager"}', "-o", "json").json
    return [f"io.homek8s.Manager.{name}" for name in
            re.findall(r"(?m)^method ([A-Za-z]*)", described["description"])]


def completion(home):
    check, exits = home.report.check, home.exits
    check("bash completes every command", lambda: same(verbs(home), completes(home, "")))
    for verb in ("status", "pause", "call", "doctor"):
        check(f"bash completes the options of {verb}", lambda verb=verb: same(
            options(exits(0, "help", verb).out),
            long_options(completes(home, verb, "--"))))
    check("bash completes output formats, after a space", lambda: completes(
        home, "status", "-o", "") == ["table", "wide", "json", "yaml", "name"])
    check("and after =, in one word", lambda:
          completes(home, "list", "--output=j") == ["--output=json"])
    check("and in three", lambda: completes(home, "list", "--output", "=", "j") == ["json"])
    check("bash completes keys",
          lambda: same(keys_explained(home, "vms"), completes(home, "explain", "vms.")))
    # The daemon gets 200 ms to answer these, which a busy machine may not give it.
    check("bash completes objects, which it asks the daemon for", lambda: same(
        exits(0, "list", "-o", "name").out.split(), completes(home, "describe", "")), 5)
    check("and those of the one kind that a command takes", lambda:
          completes(home, "stop", "") == ["vm/test"], 5)
    check("bash completes the name after a kind", lambda:
          completes(home, "list", "pools", "") == ["default-pool"] and
          completes(home, "describe", "vm", "") == ["test"], 5)
    check("and nothing after an object", lambda: completes(home, "describe", "vm/test", "") == [""])
    check("bash completes methods",
          lambda: same(methods_described(home), completes(home, "call", "")), 5)
    if shutil.which("zsh"):
        check("zsh reads its completion",
              lambda: run_well(home, "zsh", "-n", TOP / "units/completion/_homek8sctl"))
    else:
        print("# skipped: no zsh to read its completion")


def make(home, goal, root, **variables):
    """Makes this below root. `all` counts as made: the programs under test stay as they are."""
    return run_well(home, "make", "-s", "-C", TOP, "-o", "all", f"BUILD={BUILD}",
                    f"DESTDIR={root}", "UNITDIR=/units", goal,
                    *(f"{name}={value}" for name, value in variables.items()),
                    timeout=60, env={"MAKEFLAGS": ""})


def files_below(root):
    return [path for path in root.rglob("*") if not path.is_dir()]


def lacks(text, pattern):
    return none_of(re.findall(pattern, text))


def installation(home):
    check, first, second = home.report.check, home.work / "a", home.work / "b"
    unit = lambda root: (root / "units" / UNIT).read_text()
    before = home.program.stat().st_mtime_ns
    check("make install puts the programs into PREFIX",
          lambda: make(home, "install", first, PREFIX="/opt/x") and
          run_well(home, first / "opt/x/bin/homek8sd", "--version") and
          run_well(home, first / "opt/x/bin/homek8sctl", "version"))
    check("and fills in the unit", lambda:
          "ExecStart=/opt/x/bin/homek8sd" in unit(first).splitlines() and
          lacks(unit(first), "@[A-Z]+"))
    check("make install writes nothing into /etc/homek8s",
          lambda: (first / "etc/homek8s").is_dir() and none_of(files_below(first / "etc")))
    check("make uninstall removes all of it",
          lambda: make(home, "uninstall", first, PREFIX="/opt/x") and
          none_of(files_below(first)))
    check("another sysconfdir is used for the kubeconfig", lambda:
          make(home, "install", second, sysconfdir="/usr/local/etc") and
          "kubeconfig:/usr/local/etc/homek8s/kubeconfig" in unit(second) and
          lacks(unit(second), "ConfigurationDirectory="))
    check("none of this links the programs anew",
          lambda: home.program.stat().st_mtime_ns == before)


def units(home):
    check, folder = home.report.check, home.work / "units"
    if not shutil.which("systemd-analyze"):
        print("# skipped: no systemd-analyze to read the units")
        return
    text = (TOP / "units" / UNIT).read_text()
    text = text.replace("@BINDIR@", "/bin").replace("@SYSCONFDIR@", "/etc")
    folder.mkdir()
    unit = folder / UNIT
    unit.write_text(re.sub("/bin/homek8s.*", "/bin/true", text))
    check("systemd-analyze security 1.5 or better", lambda: run_well(
        home, "systemd-analyze", "security", "--offline=true", "--threshold=15", unit))
    check("systemd-analyze verify says nothing", lambda: verified(home, unit))


def verified(home, *files):
    ended = home.command(["systemd-analyze", "verify", "--man=no", *files], timeout=30)
    return none_of(ended.out + ended.err)


if __name__ == "__main__":
    run(manual_pages, journal_catalog, started, json_members, completion, installation, units,
        needs=("mandoc", "pkg-config"))
