#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a VM's power, state and domain mean on libvirt's test driver: who stopped it, whether it is
started again, and what is never touched. Pacing, autostart and strange states are in
test_power_pace.py.
"""

import re

from homelab import run, world

OLD_VM = """<domain type='test' xmlns:test='http://libvirt.org/schemas/domain/test/1.0'>
  <name>Old_VM.1</name>
  <uuid>11111111-2222-4333-8444-555555555555</uuid>
  <title>do not touch</title>
  <metadata><their:thing xmlns:their="urn:theirs">12</their:thing></metadata>
  <memory unit='KiB'>2097152</memory>
  <vcpu placement='static'>2</vcpu>
  <os><type arch='i686'>hvm</type><boot dev='network'/></os>
  <on_reboot>destroy</on_reboot>
  <devices>
    <disk type='file' device='disk'><source file='/theirs.raw'/>
      <target dev='sdq' bus='scsi'/></disk>
    <interface type='user'><mac address='52:54:00:ab:cd:ef'/></interface>
    <video><model type='vga' vram='9216' heads='1' primary='yes'/></video>
  </devices>
</domain>"""

# What is written of each VM; tests change these and write the home again.
FIRST = {
    "always": "power: always, autostart: true",
    "failure": "power: on-failure",
    "manual": "power: manual",
    "off": "state: stopped",
    "adopted": "domain: Old_VM.1, memory: 1GiB, vcpus: 1, power: always",
}
# These bring along all that is written of them.
WHOLE = ("adopted", "transient")

WRITES = re.compile(
    r": virDomain(Define|Set|Update|Attach|Detach|Shutdown|Destroy|Undefine|Create)")


def write(home, **change):
    """Changes what is written of these VMs, None for nothing, and writes the home."""
    home.written.update(change)
    lines = ["network:", "  name: default", "  address: 192.168.122.1/24", "vms:"]
    for name, text in home.written.items():
        if text is None:
            continue
        if name not in WHOLE:
            text = f"vcpus: 1, memory: 64MiB, disk: {{path: /{name}.img}}, {text}"
        lines.append(f"  {name}: {{{text}}}")
    home.write_home("\n".join(lines) + "\n")
    if home.daemon:
        home.exits(0, "reload")


def start(home):
    world(home)
    home.settings(kubernetes="off", vm="minimum_uptime: 1s")
    home.written = dict(FIRST)
    home.virsh("define", xml=OLD_VM)
    home.virsh("start", "Old_VM.1")
    home.old_xml = old_xml(home)
    write(home)
    home.mark()
    home.start()


def off(home, domain):
    return home.domain_state(domain) == "shut off"


def wrote(home, *calls):
    """Exactly these since the mark."""
    return sorted(home.libvirt_writes()) == sorted(calls)


def old_xml(home):
    info = re.sub(r"(?m)^CPU time.*\n", "", home.virsh("dominfo", "Old_VM.1").out)
    return (home.virsh("dumpxml", "Old_VM.1").out +
            home.virsh("dumpxml", "--inactive", "Old_VM.1").out + info)


def unchanged(text):
    """What no key is written of: a domain has another id each time it runs, and its size is
    what is written."""
    sizes = re.compile(r"id=|^Id:|<memory |<currentMemory |<vcpu |^CPU.s.:|^(Max|Used) memory:")
    return [line for line in text.splitlines() if not sizes.search(line)]


def writes_on(home, domain):
    """Calls that change this domain, which stands in libvirt's log behind each."""
    with open(home.calls_file, encoding="utf-8", errors="replace") as calls:
        lines = [line for line in calls if f"VM: name={domain}," in line]
    return [line for line in lines if WRITES.search(line)]


def blocked(home, name, *texts):
    return all(home.is_(f"vm/{name}", "blocked", text) for text in texts)


def from_nothing(home):
    check = home.report.check
    check("made and started as written, but the stopped one", lambda:
          home.runs("always", "failure", "manual") and off(home, "off") and
          home.is_("vm/always", "converged"), 10)
    check("the stopped one is as it should be", lambda: home.is_("vm/off", "converged"))
    check("adopted by domain: what is written is stored, and nothing else", lambda:
          unchanged(old_xml(home)) == unchanged(home.old_xml) and
          len(writes_on(home, "Old_VM.1")) == 1)
    check("what runs keeps its size until a restart is approved", lambda:
          blocked(home, "adopted", "waits for approval", "memory") and [
              change["field"] for change in home.object("vm/adopted")["changes"]
          ] == ["vcpus", "memory"])
    write(home, adopted="domain: Old_VM.1, memory: 1GiB, vcpus: 1")
    home.virsh("destroy", "Old_VM.1")
    check("adopted, and its power is not written: left as it is", lambda: home.is_(
        "vm/adopted", "converged") and off(home, "Old_VM.1"), 5)
    write(home, adopted=FIRST["adopted"])
    check("once it is, it is kept, with the size that is written", lambda: home.runs(
        "Old_VM.1") and home.is_("vm/adopted", "converged"), 5)
    check("and that was all: the rest of its definition is the same",
          lambda: unchanged(old_xml(home)) == unchanged(home.old_xml))


def always(home):
    check, heals = home.report.check, home.report.heals
    runs = lambda: home.runs("always")
    home.mark()
    heals("always: the guest powers off", lambda: home.break_vm("always", "shutdown"), runs, 5)
    check("reported as what it was", lambda: home.said(
        "vm/always: pending: was powered off by its guest; to be started"))
    home.mark()
    heals("always: somebody destroys it", lambda: home.break_vm("always"), runs, 5)
    check("reported as what it was", lambda: home.said(
        "was stopped by another client (virsh destroy or the like); to be started"))
    home.libvirt_mark()
    home.break_vm("always", "reboot")
    home.report.stays("a reboot is no stop", lambda:
                      home.is_("vm/always", "converged") and wrote(home, "virDomainReboot"), 1)
    stored = lambda: re.search("Persistent: *yes", home.virsh("dominfo", "always").out)
    heals("undefined while it runs: stored again", lambda: home.virsh("undefine", "always"),
          lambda: stored() and home.is_("vm/always", "converged"), 5)
    check("reported as what it was", lambda: home.said(
        "store the definition of domain always again"))
    heals("undefined while it is paused by homek8sctl, and stopped: made anew",
          lambda: undefine(home, "always"), lambda: runs() and stored(), 5)


def undefine(home, domain):
    home.exits(0, "pause", f"vm/{domain}")
    home.virsh("destroy", domain)
    home.virsh("undefine", domain)
    home.exits(0, "resume", f"vm/{domain}")


def on_failure(home):
    check = home.report.check
    home.break_vm("failure", "shutdown")
    check("on-failure: the guest powers off; reported, and how to start it", lambda: blocked(
        home, "failure", "was powered off by its guest; power: on-failure leaves it so"), 5)
    home.libvirt_mark()
    home.ctl("reconcile")
    home.report.stays("it stays off, even with a general reconcile",
                      lambda: off(home, "failure") and not home.libvirt_writes(), 1)
    home.exits(0, "reconcile", "vm/failure")
    check("reconcile of this very one starts it", lambda: home.runs("failure"), 5)
    home.break_vm("failure")
    check("on-failure: somebody destroys it; left so", lambda:
          blocked(home, "failure", "was stopped by another client") and off(home, "failure"), 5)
    home.restart()
    check("the reason is known after a restart, too",
          lambda: blocked(home, "failure", "was stopped by another client"), 5)
    home.virsh("start", "failure")
    check("started by hand: converged", lambda: home.is_("vm/failure", "converged"), 5)


def manual(home):
    check = home.report.check
    home.break_vm("manual", "shutdown")
    check("manual: reported how to start it", lambda: blocked(
        home, "manual",
        "power: manual leaves it so; `homek8sctl start vm/manual` starts it"), 5)
    home.report.stays("and not started", lambda: off(home, "manual"), 1)
    home.exits(0, "reconcile", "vm/manual")
    check("reconcile of this very one starts it", lambda: home.runs("manual"), 5)
    check("converged", lambda: home.is_("vm/manual", "converged"), 5)
    home.break_vm("manual")
    home.must("it runs", lambda: blocked(home, "manual", "manual leaves it so"), 5)
    home.report.stays("once, and not again", lambda: off(home, "manual"), 1)
    write(home, manual="power: always")
    check("written as always: started", lambda: home.runs("manual"), 5)
    write(home, manual="power: manual")


def stopped(home):
    check = home.report.check
    home.libvirt_mark()
    home.virsh("start", "off")
    check("stopped: started by somebody, it is shut down, by a request and no more", lambda:
          off(home, "off") and wrote(home, "virDomainCreate", "virDomainShutdownFlags"), 5)
    write(home, off="state: running")
    check("running, by an edit", lambda: home.runs("off"), 5)
    home.mark()
    home.libvirt_mark()
    write(home, off="state: stopped")
    check("stopped, by an edit: shut down, not destroyed",
          lambda: off(home, "off") and wrote(home, "virDomainShutdownFlags"), 5)
    check("reported as requested by homek8sd", lambda:
          home.said("vm/off: done: shut down domain off"), 5)
    home.ctl("pause", "vm/off")
    home.mark()
    home.virsh("start", "off")
    home.virsh("suspend", "off")
    home.must("not noticed", lambda: home.said("vm/off: libvirt: paused"), 5)
    home.ctl("reconcile")
    home.ctl("resume", "vm/off")
    check("paused, and should be stopped: reported, not destroyed",
          lambda: blocked(home, "off", "a paused guest cannot shut down"), 5)
    home.report.stays("left alone", lambda: home.domain_state("off") == "paused", 1)
    home.virsh("destroy", "off")
    check("ended by hand: converged", lambda: home.is_("vm/off", "converged"), 5)


def managed_save(home, text):
    """A condition with this text says what becomes of a VM's saved state."""
    return any(condition["type"] == "ManagedSave" and text in condition["message"]
               for row in home.status()["objects"] for condition in row["conditions"])


def paused(home):
    check = home.report.check
    home.virsh("suspend", "always")
    check("paused: reported, with what to do", lambda: blocked(
        home, "always", "was paused by another client; `virsh resume always` lets it go on"), 5)
    home.libvirt_mark()
    home.ctl("reconcile", "vm/always")
    home.report.stays("and left alone", lambda: home.domain_state("always") == "paused" and
                      not home.libvirt_writes(), 1)
    home.virsh("resume", "always")
    check("resumed by hand: converged", lambda: home.is_("vm/always", "converged"), 5)


def saved(home):
    check = home.report.check
    home.mark()
    home.report.heals("managed save: goes on from there",
                      lambda: home.break_vm("always", "managedsave"),
                      lambda: home.runs("always"), 5)
    check("reported as what it was",
          lambda: home.said("was saved by another client; to be started"))
    home.ctl("pause", "vm/always")
    home.break_vm("always", "managedsave")
    check("its image is a condition, and what becomes of it",
          lambda: managed_save(home, "goes on from there"), 5)
    home.settings(vm="minimum_uptime: 1s, boot_fresh: true")
    check("boot_fresh: it will be dropped", lambda: managed_save(home, "boots afresh"), 5)
    home.libvirt_mark()
    home.ctl("resume", "vm/always")
    check("boot_fresh: the image is dropped, then it boots", lambda: home.runs("always") and
          "saved" not in home.virsh("list", "--all", "--managed-save").out and
          any("ManagedSaveRemove" in call for call in home.libvirt_writes()), 5)
    home.settings(vm="minimum_uptime: 1s")


def mac(home, domain):
    return re.search(r"[0-9a-f:]{17}", home.virsh("domiflist", domain).out)[0]


def before(home, first, second):
    writes = home.libvirt_writes()
    return writes.index(first) < writes.index(second)


def made_and_kept(home):
    check, kept = home.report.check, mac(home, "always")
    home.lived("always")
    home.libvirt_mark()
    home.virsh("net-destroy", "default")
    home.virsh("destroy", "always")
    check("a VM waits for its network", lambda: home.runs("always") and
          before(home, "virNetworkCreate", "virDomainCreate"), 5)
    home.break_vm("always")
    home.virsh("undefine", "always")
    check("undefined: defined anew, with the MAC it always had",
          lambda: home.runs("always") and mac(home, "always") == kept, 5)
    check("marked as owned",
          lambda: "<homek8s:owner " in home.virsh("dumpxml", "always").out, 5)
    home.libvirt_mark()
    write(home, manual=None)
    check("no longer written: reported, and left as it is", lambda:
          ("vm-not-written", ["vm/manual"]) in [
              (finding["id"], finding["objects"]) for finding in home.status()["findings"]] and
          not home.libvirt_writes(), 5)


if __name__ == "__main__":
    run(start, from_nothing, always, on_failure, manual, stopped, paused, saved, made_and_kept)
