# SPDX-License-Identifier: MIT
"""What the tests can ask of a home: the daemon, libvirt and the API server. Part of Home.

Every answer is noted, so that a condition that does not come true shows what was read for it.
"""

import datetime
import json
import re
import time

from clients import ADVERTISEMENTS, POOLS, Varlink

# libvirt's public functions that only read, and those that it calls itself.
READING = re.compile(
    "Get|Lookup|Is|Has|List|Free|Ref$|Ref[A-Z]|Port|DHCPLease|Num$|SetResponseTimeout"
)


class Ended:
    """What a command has come to."""

    def __init__(self, code, out, err):
        self.code = code
        self.out = out
        self.err = err

    @property
    def json(self):
        return json.loads(self.out)

    def has(self, *parts):
        """Each part is in what it said."""
        both = f"{self.out}\n{self.err}"
        for part in parts:
            assert part in both, f"lacks {part!r}"
        return True


class Observer:
    """The asking half of Home."""

    def ctl(self, *words, timeout=60, env=None):
        return self.command([self.ctl_program, *words], None, timeout,
                            "homek8sctl " + " ".join(map(str, words)), env)

    def exits(self, code, *words, **rest):
        """What homek8sctl came to, which has ended with this code."""
        ended = self.ctl(*words, **rest)
        assert ended.code == code, f"exit {ended.code}, not {code}: {' '.join(words)}"
        return ended

    def call(self, method, parameters=None):
        with Varlink(self.socket) as link:
            return link.call(method, parameters)

    def status(self):
        return self.call("GetStatus")

    def events(self):
        return self.ctl("events", "-o", "json").json["events"]

    def verdict(self):
        status = self.status()
        worst = [f"{o['kind']}/{o['name']} is {o['verdict']}: {o['reason']}"
                 for o in status["objects"] if o["verdict"] != "converged"]
        self.report.saw("status", "\n".join([status["verdict"], *worst]))
        return status["verdict"]

    def converged(self):
        return self.verdict() == "converged"

    def object(self, name):
        """The row of KIND/NAME in the status."""
        for row in self.status()["objects"]:
            if f"{row['kind']}/{row['name']}" == name:
                self.report.saw(name, json.dumps(row))
                return row
        raise LookupError(f"no {name} in the status")

    def is_(self, name, verdict, text=""):
        """The verdict of KIND/NAME; the text is in its reason, error or conditions."""
        row = self.object(name)
        said = [row["reason"], row.get("error"),
                *(c.get("message") for c in row.get("conditions") or [])]
        return row["verdict"] == verdict and text in "\n".join(part or "" for part in said)

    def source_is(self, source, state, text=""):
        row = self.status()["sources"][source]
        self.report.saw(source, json.dumps(row))
        said = row.get("detail") or row.get("error") or ""
        return row["state"] == state and text in said

    def generation(self):
        return self.status()["sources"]["config"]["generation"]

    def pool_is(self, name, *ranges):
        """Exactly these ranges, in the API server."""
        return self.api.get(f"{POOLS}/{name}")["spec"]["addresses"] == list(ranges)

    def advertised(self, name):
        spec = self.api.get(f"{ADVERTISEMENTS}/{name}")["spec"]
        return name in spec.get("ipAddressPools", [])

    def host_entry(self, name):
        """The network's reservation for a name, as it stands in its XML, or ""."""
        xml = self.virsh("net-dumpxml", "default").out
        found = re.search(rf"^ *(<host .*name='{name}'.*)$", xml, re.M)
        return found[1] if found else ""

    # libvirt.

    def domain_state(self, domain):
        return self.virsh("domstate", domain).out.strip().split("\n")[0]

    def runs(self, *domains):
        return all(self.domain_state(domain) == "running" for domain in domains)

    def domains(self, *options):
        return sorted(self.virsh("list", "--name", *(options or ["--all"])).out.split())

    def libvirt_mark(self):
        self.calls_mark = self.calls_file.stat().st_size

    def libvirt_writes(self):
        """libvirt's functions called since then, but for those that only read."""
        with open(self.calls_file, "rb") as calls:
            calls.seek(self.calls_mark)
            text = calls.read().decode("utf-8", "replace")
        names = re.findall(r" : (vir(?:Domain|Network)[A-Z][A-Za-z]*):[0-9]+ : ", text)
        writes = [name for name in names if not READING.search(name)]
        self.report.saw("calls to libvirt", " ".join(writes))
        return writes

    def lived(self, vm, seconds=1.2):
        """Waits until the VM has run for so long: it is then not "soon after its start"."""
        times = [event["time"] for event in self.events()
                 if (event.get("kind"), event.get("name")) == ("vm", vm) and
                 event["text"].startswith("libvirt: started")]
        if times:
            # Events have whole seconds.
            end = datetime.datetime.fromisoformat(times[-1]).timestamp() + 1 + seconds
            self.must("time stands still", lambda: time.time() > end, 10)

    def break_vm(self, vm, how="destroy"):
        """Stops a VM that has lived for long enough to be started again at once."""
        self.lived(vm)
        self.virsh(how, vm)
