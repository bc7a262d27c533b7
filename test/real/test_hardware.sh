#!/bin/bash
# What only a real libvirt proves of machine type, CPU, firmware and boot order: that they are
# stored by one call which leaves the rest as it was, byte for byte, that they are in force
# after the next start, and that guests boot with them; and that what this libvirt or this host
# cannot have is blocked before anything is done. Exits 77 where the lab cannot run.
# shellcheck disable=SC2016,SC2119 # conditions in single quotes are evaluated later
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
if [[ -z ${LAB:-} ]]; then exec "$here/lab.sh" run "$here/test_hardware.sh"; fi
# shellcheck source-path=SCRIPTDIR source=lab-functions.sh
. "$LAB_FUNCTIONS"
# shellcheck source-path=SCRIPTDIR source=daemon.sh
. "$here/daemon.sh"
[[ -n ${LAB_GUEST:-} ]] || { echo "SKIP hardware: the guest could not be made"; exit 77; }
[[ -x $programs/homek8sd ]] || { echo "SKIP hardware: no $programs/homek8sd"; exit 77; }

home() { # KEYS of vm hand, [KEYS of vm disks, [another VM]]
	put_file desired.d/home.yaml <<-END
		network: {name: default, address: 192.168.122.1/24}
		vms:
		  hand: {$1}
		  disks: {${2:-role: none}}
		  ${3:-}
	END
}

# Made by hand, with what homek8sd knows nothing of.
hand_made() {
	cat <<-END
		<domain type='qemu'>
		  <name>hand</name>
		  <title>by hand</title>
		  <metadata><my:note xmlns:my='urn:mine' since='2019'>keep &amp; care</my:note></metadata>
		  <memory unit='MiB'>192</memory>
		  <vcpu placement='static'>1</vcpu>
		  <os>
		    <type arch='x86_64' machine='pc-i440fx-6.2'>hvm</type>
		    <kernel>$(guest_kernel)</kernel>
		    <initrd>$(guest_initrd)</initrd>
		    <cmdline>console=ttyS0 quiet panic=1 guest.name=hand</cmdline>
		    <smbios mode='sysinfo'/>
		  </os>
		  <sysinfo type='smbios'><system><entry name='serial'>k &lt; 8</entry></system></sysinfo>
		  <features><acpi/><apic/></features>
		  <cpu mode='custom' match='exact' check='none'>
		    <model fallback='forbid'>qemu64</model>
		    <topology sockets='1' dies='1' cores='1' threads='1'/>
		    <feature policy='disable' name='svm'/>
		  </cpu>
		  <devices>
		    <interface type='network'>
		      <mac address='52:54:00:00:00:0a'/><source network='default'/><model type='virtio'/>
		    </interface>
		    <serial type='file'><source path='$LAB/hand.console' append='on'/></serial>
		    <graphics type='vnc' port='-1' autoport='yes' passwd='s3cret'/>
		    <watchdog model='i6300esb' action='none'/>
		    <memballoon model='none'/>
		  </devices>
		</domain>
	END
}

# Its boot order stands at its devices; nothing is on its disks.
disks_made() {
	truncate -s 1M "$LAB/a.img" "$LAB/b.img"
	cat <<-END
		<domain type='qemu'>
		  <name>disks</name>
		  <memory unit='MiB'>64</memory>
		  <vcpu>1</vcpu>
		  <os><type arch='x86_64' machine='q35'>hvm</type></os>
		  <devices>
		    <disk type='file' device='disk'><driver name='qemu' type='raw'/>
		      <source file='$LAB/a.img'/><target dev='vda' bus='virtio'/><boot order='2'/></disk>
		    <disk type='file' device='disk'><driver name='qemu' type='raw'/>
		      <source file='$LAB/b.img'/><target dev='vdb' bus='virtio'/><boot order='1'/></disk>
		    <interface type='network'>
		      <mac address='52:54:00:00:00:0b'/><source network='default'/><model type='virtio'/>
		    </interface>
		    <memballoon model='none'/>
		  </devices>
		</domain>
	END
}

stored() { virsh dumpxml --inactive "${1:-hand}"; }
live() { virsh dumpxml "${1:-hand}"; }
rest() { grep -vE "$1"; }
id() { virsh -q domid "$1"; }
keep() { stored "${1:-hand}" >"$LAB/before.xml"; libvirt_mark; }
boots() { guest_log hand | grep -c 'up at'; }
again() { virsh -q destroy "$1" && virsh -q start "$1"; }

# A new start, after which the guest is up once more and all is as it is written.
comes_up() { # WHAT [CONDITION]
	local before
	before=$(boots)
	again hand
	check "$1" "is vm/hand converged && ((\$(boots) > $before)) && ${2:-true}" 120
}

begin() {
	libvirt_count_calls
	virsh -q net-define <(network_xml)
	virsh -q net-start default
	virsh -q define <(hand_made)
	virsh -q define <(disks_made)
	virsh -q start hand
	virsh -q start disks
	daemon_home "$LAB/daemon"
	put_file homek8s.yaml <<-END
		kubernetes: {mode: "off"}
		first_start: converge
	END
	keep
	home 'machine: pc, cpu: qemu64, firmware: bios'
	daemon_start
	check "an alias of its machine type, its CPU and its firmware are in force" \
		"is vm/hand converged && is vm/disks converged" 30
	check "the guest is up" '(($(boots) == 1))' 90
	libvirt_wrote "nothing was written"
}

machine_and_cpu() {
	local before
	before=$(id hand)
	keep
	home 'machine: pc-i440fx-7.2, cpu: Nehalem'
	check "another version and another CPU are stored, and wait for a restart" \
		"is vm/hand blocked 'which has machine pc-i440fx-6.2 instead of pc-i440fx-7.2, cpu qemu64 instead of Nehalem' &&
			stored | grep -q \"machine='pc-i440fx-7.2'\" && stored | grep -q '>Nehalem</model>'" 30
	libvirt_wrote "by one call" virDomainDefineXMLFlags
	check "everything else stays byte for byte" \
		"diff <(rest 'machine=|<model fallback' <$LAB/before.xml) \
			<(stored | rest 'machine=|<model fallback')"
	check "the password too, which libvirt hides" \
		"virsh dumpxml --inactive --security-info hand | grep -q \"passwd='s3cret'\" && ! grep -rq s3cret $LAB/daemon"
	check "what runs goes on as it was" "[[ \$(id hand) == $before ]] && live | grep -q pc-i440fx-6.2"
	comes_up "the guest boots with both" \
		"live | grep -q \"machine='pc-i440fx-7.2'\" && live | grep -q '>Nehalem</model>'"
}

# A CPU of vm disks: what is stored, and what it waits with.
cpu() { # CPU [HAVE]
	home 'role: none' "cpu: $1"
	if [[ -n ${2:-} ]]; then
		check "$1 is stored, and waits for a restart" \
			"is vm/disks blocked 'which has cpu $2 instead of $1' && stored disks | grep -qE \"'$1'|>$1<\"" 30
	else
		check "$1 is in force" "is vm/disks converged" 30
	fi
}

# libvirt shows what host-model came to, and not the mode, while the domain runs.
cpu_modes() {
	cpu qemu64
	cpu maximum qemu64
	again disks
	cpu maximum
	cpu host-model maximum
	again disks
	cpu host-model
	check "whatever libvirt shows" "live disks | grep -q \"<cpu mode='custom'\""
	cpu qemu64 host-model
	cpu host-model
	cpu qemu64 host-model
	again disks
	cpu qemu64
	cpu host-model qemu64
	check "which is on disk a moment later" \
		'grep -rqE "\"cpu_id\": ?$(id disks)\b" $LAB/daemon/state' 20
	daemon_kill
	daemon_start
	cpu host-model qemu64
	again disks
	cpu host-model
	home 'role: none' 'cpu: qemu64'
	again disks
	cpu qemu64
}

refused() { # KEYS TEXT
	keep
	home "$1"
	check "$1 is blocked" "is vm/hand blocked '$2'" 30
	libvirt_wrote "and nothing was written"
}

not_possible() {
	refused 'machine: q35' 'a domain is not moved from one family of machines to another'
	refused 'machine: pc-i440fx-99.0' 'libvirt offers no such machine type on this host'
	refused 'cpu: host-passthrough' 'which only KVM can give'
	refused 'cpu: Pentium9' 'possible are host-model, maximum'
	refused 'boot_order: [disk]' 'it boots a kernel of the host'
	mount -t tmpfs hidden /usr/share/qemu/firmware
	ctl reconcile >/dev/null
	refused 'firmware: uefi' '`apt install ovmf && homek8sctl reconcile`'
	umount /usr/share/qemu/firmware
	ctl reconcile >/dev/null
}

firmware() {
	keep
	home 'firmware: uefi'
	check "UEFI waits for approval" \
		"is vm/hand blocked 'vm/hand may not boot with firmware uefi instead of firmware bios'" 60
	libvirt_wrote "and nothing was written"
	ctl approve vm/hand >/dev/null
	check "then it is stored, and waits for a restart" \
		"is vm/hand blocked 'which has firmware bios instead of uefi' && stored | grep -q \"<os firmware='efi'\"" 30
	libvirt_wrote "by one call" virDomainDefineXMLFlags
	check "everything else stays byte for byte" \
		"diff <(rest '<os|<loader|<nvram|<feature|firmware>' <$LAB/before.xml) \
			<(stored | rest '<os|<loader|<nvram|<feature|firmware>') &&
			[[ \$(stored | grep -c '<feature policy') == 1 ]]"
	comes_up "the guest boots with it" "live | grep -q \"type='pflash'\""
	nvram=/var/lib/libvirt/qemu/nvram/hand_VARS.fd
	home 'firmware: bios'
	check "BIOS waits for approval, too" "is vm/hand blocked 'may not boot with firmware bios'" 30
	ctl approve vm/hand >/dev/null
	check "then it is stored" "is vm/hand blocked 'which has firmware uefi instead of bios' && ! stored | grep -q efi" 30
	check "and NVRAM is kept" "[[ -s $nvram ]]"
	again hand
	check "and comes with its next start" \
		"is vm/hand converged && ! live | grep -q pflash && [[ -s $nvram ]]" 30
}

order() {
	keep disks
	home 'role: none' 'boot_order: [network, disk]'
	check "a boot order at devices is stored there" \
		"is vm/disks blocked 'which has boot_order [disk] instead of [network, disk]'" 30
	libvirt_wrote "by one call" virDomainDefineXMLFlags
	check "disks keep their order among themselves" \
		"[[ \$(stored disks | grep -o \"<boot order='.'\" | tr -d '\n') == \
			\"<boot order='3'<boot order='2'<boot order='1'\" ]]"
	check "everything else stays byte for byte" \
		"diff <(rest '<boot order' <$LAB/before.xml) <(stored disks | rest '<boot order')"
	again disks
	check "and is in force after its next start" "is vm/disks converged" 60
	home 'role: none' 'boot_order: [cdrom]'
	check "a device that it does not have is blocked" "is vm/disks blocked 'it has no device for'" 30
	virsh -q destroy disks
	virsh -q define <(stored disks | rest '<boot order')
	keep disks
	home 'role: none' 'boot_order: [network, disk], state: running'
	check "one in <os> is stored there, before it is started" "is vm/disks converged" 60
	check "as it is written" "[[ \$(live disks | grep -o \"<boot dev='[a-z]*'\" | tr -d '\n') == \
		\"<boot dev='network'<boot dev='hd'\" ]]"
	check "everything else stays byte for byte" \
		"diff <(rest '<boot dev' <$LAB/before.xml) <(stored disks | rest '<boot dev')"
}

defined() {
	home 'role: none' 'state: stopped' "ours: {type: qemu, vcpus: 1, memory: 192MiB, machine: pc, cpu: Nehalem,
    firmware: uefi, interfaces: [{network: default}],
    boot: {kernel: $(guest_kernel), initrd: $(guest_initrd), cmdline: console=ttyS0 panic=1 guest.name=ours}}"
	check "a VM is defined by us with them" \
		"is vm/ours converged && live ours | grep -q \"type='pflash'\" && live ours | grep -q '>Nehalem<'" 60
	virsh -q destroy disks
	check "and its guest boots" "virsh -q net-dhcp-leases default | grep -q ' ours '" 120
}

begin
machine_and_cpu
cpu_modes
not_possible
firmware
order
defined
libvirt_mark
stays "and then nothing is written any more" '[[ -z $(libvirt_writes) ]]' 3
daemon_stop
summary
