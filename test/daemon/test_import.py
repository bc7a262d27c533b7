#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Beginning: what runs is imported and written down, and there is nothing to do."""

import re

from clients import POOLS
from homelab import run, started

NETWORK = """<network><name>{name}</name><forward mode='nat'/><bridge name='{bridge}'/>
<ip address='{address}' netmask='255.255.255.0'><dhcp>{dhcp}</dhcp></ip>{more}</network>"""

DOMAIN = """<domain type='test'><name>{name}</name><memory unit='MiB'>512</memory><vcpu>1</vcpu>
<os><type>hvm</type></os><devices>{nics}</devices></domain>"""

NIC = ("<interface type='network'><mac address='52:54:00:00:aa:{n:02x}'/>"
       "<source network='{network}'/></interface>")


def define(home, kind, xml):
    """A network or a domain that somebody else has defined."""
    path = home.work / "foreign.xml"
    path.write_text(xml)
    ended = home.virsh(f"{kind}define", str(path))
    assert ended.code == 0, ended.err


def foreign(home):
    """Networks, machines and pools that are nobody's: odd names, several NICs, IPv6, ranges."""
    define(home, "net-", NETWORK.format(
        name="attic", bridge="virbr9", address="10.77.0.1",
        dhcp="<range start='10.77.0.2' end='10.77.0.9'/>"
             "<range start='10.77.0.30' end='10.77.0.40'/>"
             "<host mac='52:54:00:00:aa:01' ip='10.77.0.50'/>",
        more="<ip family='ipv6' address='fd00:77::1' prefix='64'/>"))
    home.virsh("net-start", "attic")
    define(home, "net-", NETWORK.format(name="asleep", bridge="virbr8", address="10.78.0.1",
                                        dhcp="", more=""))
    define(home, "", DOMAIN.format(name="Windows 11: (old)", nics=NIC.format(n=1, network="attic") +
                                   NIC.format(n=2, network="default")))
    define(home, "", DOMAIN.format(name="media_box", nics=""))
    home.virsh("start", "media_box")
    home.api.post(POOLS, {
        "apiVersion": "metallb.io/v1beta1", "kind": "IPAddressPool",
        "metadata": {"name": "attic", "namespace": "metallb-system"},
        "spec": {"autoAssign": False, "addresses": [
            "10.77.0.100-10.77.0.110", "10.77.0.200/30", "fd00:77::10-fd00:77::20"]}})


def keys(ended):
    """The sections, and what is in them."""
    return re.findall(r"(?m)^(?:  )?[a-z][^ ]*:$", ended.out)


def imports(home):
    check = home.report.check
    foreign(home)
    imported = []

    def all_of_it():
        imported[:] = [home.exits(0, "import")]
        return imported[0].has("Windows 11: (old)", "media-box", "attic")
    check("import writes what was defined by others, too", all_of_it, 10)
    text = imported[0].out
    check("what would be started is commented out",
          lambda: imported[0].has("  # asleep:", "it is not active"))
    check("several ranges are left as they are",
          lambda: imported[0].has("its DHCP ranges 10.77.0.2-10.77.0.9, "))
    check("one network alone",
          lambda: keys(home.exits(0, "import", "--network", "attic")) == ["networks:", "  attic:"])
    check("one VM alone, by its name in libvirt", lambda: keys(
        home.exits(0, "import", "--vm=Windows 11: (old)")) == ["vms:", "  windows-11-old:"])
    check("one that is not there", lambda: home.exits(3, "import", "--vm", "nobody"))
    home.write_home(text)
    check("it is taken", lambda: home.exits(0, "validate", "--config-dir", str(home.etc)))
    home.marks()
    home.exits(0, "reload")
    check("the plan on it is empty", lambda: home.exits(0, "plan"), 10)
    check("the home is converged", home.converged, 10)
    home.report.stays("and nothing was written", home.wrote_nothing, 2)
    again = home.exits(0, "import").out
    check("imported again it is the same", lambda: again == text)


if __name__ == "__main__":
    run(started, imports)
