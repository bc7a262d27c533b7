#!/bin/bash
# What only a real libvirt proves of changes of a domain that exists: what a patch leaves as it
# was, byte for byte, a password that libvirt hides, vcpus, memory, an interface and disks given to
# a guest that runs, and a domain that is removed without its disk. Exits 77 where the lab cannot
# run.
# shellcheck disable=SC2016,SC2119 # conditions in single quotes are evaluated later
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
if [[ -z ${LAB:-} ]]; then exec "$here/lab.sh" run "$here/test_change.sh"; fi
# shellcheck source-path=SCRIPTDIR source=lab-functions.sh
. "$LAB_FUNCTIONS"
# shellcheck source-path=SCRIPTDIR source=daemon.sh
. "$here/daemon.sh"
[[ -n ${LAB_GUEST:-} ]] || { echo "SKIP change: the guest could not be made"; exit 77; }
[[ -x $programs/homek8sd ]] || { echo "SKIP change: no $programs/homek8sd"; exit 77; }

settings() { # LINES
	put_file homek8s.yaml <<-END
		kubernetes: {mode: "off"}
		first_start: converge
		vm: {minimum_uptime: 1s, stop_timeout: 4s, stop_resend: 1s, stop_force: true}
		${1:-}
	END
}

home() { # KEYS of vm hand
	put_file desired.d/home.yaml <<-END
		networks:
		  default: {address: 192.168.122.1/24}
		  data: {address: 192.168.130.1/24, bridge: virbr7}
		vms:
		  hand: {$1}
		${2:-}
	END
}

# Made by hand, with what homek8sd knows nothing of.
hand_made() {
	cat <<-END
		<domain type='qemu'>
		  <name>hand</name>
		  <title>by hand</title>
		  <metadata><my:note xmlns:my='urn:mine' since='2019'>keep &amp; care</my:note></metadata>
		  <memory unit='MiB'>256</memory>
		  <currentMemory unit='MiB'>128</currentMemory>
		  <vcpu placement='static' current='1'>2</vcpu>
		  <os>
		    <type arch='x86_64' machine='q35'>hvm</type>
		    <kernel>$(guest_kernel)</kernel>
		    <initrd>$(guest_initrd)</initrd>
		    <cmdline>console=ttyS0 quiet panic=1 guest.name=hand</cmdline>
		  </os>
		  <features><acpi/><apic/></features>
		  <cpu mode='custom' match='exact'><model>qemu64</model></cpu>
		  <devices>
		    <interface type='network'>
		      <mac address='52:54:00:00:00:0a'/><source network='default'/><model type='virtio'/>
		    </interface>
		    <serial type='file'><source path='$LAB/hand.console'/></serial>
		    <graphics type='vnc' port='-1' autoport='yes' passwd='s3cret'/>
		    <watchdog model='i6300esb' action='none'/>
		  </devices>
		</domain>
	END
}

stored() { virsh dumpxml --inactive hand; }
live() { virsh dumpxml hand; }
nics() { "$@" | grep -c '<interface '; }
# What is stored, without the lines that match.
rest() { grep -vE "$1"; }
used() { virsh dominfo hand | awk '/Used memory/ { print $3 }'; } # KiB
id() { virsh -q domid hand; }

patched() {
	virsh -q net-define <(network_xml)
	virsh -q net-start default
	virsh -q define <(hand_made)
	virsh -q start hand
	stored >"$LAB/before.xml"
	daemon_home "$LAB/daemon"
	settings
	home 'role: none'
	daemon_start
	check "nothing is written of it: nothing is changed" "is vm/hand converged" 30
	check "its balloon has taken what it is not to have at first" "[[ \$(used) == 131072 ]]" 90
	libvirt_mark
	home 'memory: 192MiB'
	check "more memory within what it may have comes at once, live and stored" \
		"is vm/hand converged && [[ \$(used) == 196608 ]] &&
			stored | grep -q \"<currentMemory unit='KiB'>196608<\"" 30
	check "in two calls, one a side" '[[ $(libvirt_writes | wc -l) == 2 ]]'
	check "and everything else stays byte for byte" \
		"diff <(rest currentMemory <$LAB/before.xml) <(stored | rest currentMemory)"
	check "the password too, which libvirt hides" \
		"virsh dumpxml --inactive --security-info hand | grep -q \"passwd='s3cret'\" && ! grep -rq s3cret $LAB/daemon"
	home 'memory: 192MiB, vcpus: 2'
	check "a vcpu is plugged in" \
		"is vm/hand converged && [[ \$(virsh vcpucount hand --live --current) == 2 ]]" 30
	libvirt_mark
	stays "and then nothing is written any more" '[[ -z $(libvirt_writes) ]]' 2
}

restarted() {
	local before
	home 'memory: 320MiB, vcpus: 2'
	check "more than it may have is stored, and waits for a restart" \
		"is vm/hand blocked 'waits for approval: restart vm/hand, which has memory' &&
			stored | grep -q \"<memory unit='KiB'>327680<\"" 30
	check "as a condition" \
		"describe vm/hand -o json | grep -q NeedsRestart"
	before=$(id)
	virsh -q destroy hand
	virsh -q start hand
	check "which ends with its next start" "is vm/hand converged && [[ \$(id) != $before ]]" 30
}

describe() { ctl describe "$@"; }

networks() {
	local address
	address=$(stored | grep -A9 52:54:00:00:00:0a | grep -m 1 "<address type='pci'")
	libvirt_mark
	home 'interfaces: [{network: data}, {network: default}]'
	check "an interface is attached while it runs, before the other in the list" \
		"is vm/hand converged && [[ \$(nics live) == 2 && \$(nics stored) == 2 ]]" 40
	check "by one call" '[[ $(libvirt_writes | grep -v -i network | wc -l) == 1 ]]'
	check "and the other keeps its place on the bus" \
		"stored | grep -A9 52:54:00:00:00:0a | grep -q -F \"$address\""
	check "the new one has the same place live and stored" \
		"[[ \$(live | grep -A12 \"network='data'\" | grep -m 1 \"<address type='pci'\") == \
			\$(stored | grep -A12 \"network='data'\" | grep -m 1 \"<address type='pci'\") ]]"
	home 'interfaces: [{network: default}]'
	check "one that is not written any more waits for approval" \
		"is vm/hand blocked 'cuts off vm/hand from network data' && [[ \$(nics live) == 2 ]]" 20
	ctl approve vm/hand >/dev/null
	check "and is detached then" \
		"is vm/hand converged && [[ \$(nics live) == 1 && \$(nics stored) == 1 ]]" 60
}

# Another network and another MAC: what runs keeps its own until it is started again.
moved() {
	local address
	address=$(stored | grep -A9 52:54:00:00:00:0a | grep -m 1 "<address type='pci'")
	libvirt_mark
	home 'interfaces: [{network: data, mac: "52:54:00:00:00:0c"}]'
	check "another network and MAC are stored at once, and need a restart" \
		"is vm/hand blocked 'which has interfaces[0].network default instead of data, interfaces[0].mac' &&
			stored | grep -A3 52:54:00:00:00:0c | grep -q \"network='data'\"" 30
	check "what runs keeps its own" "live | grep -A3 52:54:00:00:00:0a | grep -q \"network='default'\""
	check "by one call" '[[ $(libvirt_writes | grep -v -i network) == virDomainDefineXMLFlags ]]'
	check "its model and its place on the bus stay" \
		"stored | grep -A9 52:54:00:00:00:0c | grep -q -F \"$address\" && stored | grep -A9 52:54:00:00:00:0c | grep -q \"type='virtio'\""
	virsh -q destroy hand
	virsh -q start hand
	check "it has them once it is started again" \
		"is vm/hand converged && live | grep -A3 52:54:00:00:00:0c | grep -q \"network='data'\"" 30
}

images=/var/lib/libvirt/images
pool() {
	mkdir -p "$images"
	virsh -q pool-define-as default dir --target "$images"
	virsh -q pool-start default
}

drives() { virsh -q domblklist hand "$@" | awk '{ printf "%s=%s ", $1, $2 }'; }
size() { virsh domblkinfo hand "$1" | awk '$1 == "Capacity:" { print $2 }'; }

disks() {
	pool
	libvirt_mark
	home 'disks: [{name: data, size: 16MiB}]'
	check "a further disk is made and attached while it runs, live and stored" \
		"is vm/hand converged && [[ \$(drives) == 'vdb=hand.data.qcow2 ' && \$(drives --inactive) == 'vdb=hand.data.qcow2 ' ]]" 40
	check "by one call of the domain" "[[ \$(libvirt_writes) == virDomainAttachDeviceFlags ]]"
	libvirt_mark
	home 'disks: [{name: data, size: 24MiB}]'
	check "it is grown while it runs, by one call" \
		"is vm/hand converged && is volume/default/hand.data.qcow2 converged && [[ \$(size vdb) == 25165824 && \$(libvirt_writes) == virDomainBlockResize ]]" 30
	truncate -s 8M "$images/more.img"
	qemu-img create -q -f qcow2 "$images/called.raw" 12M
	libvirt_mark
	home "disks: [{name: data, size: 24MiB}, {path: $images/called.raw}]"
	check "where no PCI slot is left it is stored, and needs a restart, with the reason" \
		"is vm/hand blocked 'waits for approval: restart vm/hand, which has disks.disk-2' &&
			describe vm/hand -o json | grep -q 'no PCI slot left' &&
			[[ \$(drives --inactive) == \"vdb=hand.data.qcow2 vdc=$images/called.raw \" && \$(drives) == 'vdb=hand.data.qcow2 ' ]]" 30
	check "by two calls" '[[ $(libvirt_writes | wc -l) == 2 ]]'
	libvirt_mark
	stays "and is not tried again" '[[ -z $(libvirt_writes) ]]' 3
	virsh -q destroy hand
	virsh -q start hand
	check "it has it once it is started again, as what its file holds" \
		"is vm/hand converged && [[ \$(size vdc) == 12582912 ]]" 30
	virsh -q define <(hand_made | sed "s/>hand</>thief</; s/:0a'/:0b'/;
		s|<serial|<disk type='file'><source file='$images/more.img'/><target dev='vda'/></disk>&|")
	ln -s more.img "$images/link.img"
	libvirt_mark
	home "disks: [{name: data, size: 24MiB}, {path: $images/called.raw}, {path: $images/link.img}]"
	check "one that another domain has, under another name, is never attached" \
		"is vm/hand blocked 'domain thief has $images/link.img too'" 20
	check "and nothing was called" '[[ -z $(libvirt_writes) ]]'
	home 'disks: [{name: data, size: 24MiB}]'
	check "one that is not written any more waits for approval" \
		"is vm/hand blocked 'cuts off vm/hand from disk vdc' && [[ \$(drives | wc -w) == 2 ]]" 20
	virsh -q undefine thief
	wait_for "guest_log hand | grep -q 'guest hand up'" 60 >/dev/null
	ctl approve vm/hand >/dev/null
	check "and is detached then" \
		"is vm/hand converged && [[ \$(drives) == 'vdb=hand.data.qcow2 ' && \$(drives) == \"\$(drives --inactive)\" ]]" 60
	check "its file is kept" "[[ -s $images/called.raw ]]"
}

# An owned domain, with a disk, that leaves the files.
pruned() {
	home 'role: none' "  ours: {type: qemu, vcpus: 1, memory: 128MiB, state: running,
    interfaces: [{network: default}], disk: {size: 16MiB}}"
	check "one is defined by us" "is vm/ours converged && [[ \$(virsh -q domstate ours) == running ]]" 60
	home 'role: none'
	check "it is left alone when it leaves the files" \
		"[[ \$(virsh -q domstate ours) == running ]] && status -o json | grep -q vm-not-written" 20
	settings 'prune: true'
	check "with prune it waits for approval" "is vm/ours blocked 'removes vm/ours, interrupts vm/ours'" 20
	check "what is not ours does not" "[[ \$(virsh -q domstate hand) == running ]]"
	ctl approve vm/ours >/dev/null
	check "it is shut down and undefined" "! virsh -q dominfo ours" 60
	check "and its disk is kept" "[[ -s $images/ours.qcow2 ]]"
}

libvirt_count_calls
patched
restarted
networks
disks
moved
pruned
daemon_stop
summary
