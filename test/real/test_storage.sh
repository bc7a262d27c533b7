#!/bin/bash
# What only real parts prove of disks: overlays that libvirt makes, whatever an image is
# called, growth under a guest that runs, and a daemon that is killed meanwhile. Exits 77
# where the lab cannot run.
# shellcheck disable=SC2016 # conditions in single quotes are evaluated later
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
if [[ -z ${LAB:-} ]]; then exec "$here/lab.sh" run "$here/test_storage.sh"; fi
# shellcheck source-path=SCRIPTDIR source=lab-functions.sh
. "$LAB_FUNCTIONS"
# shellcheck source-path=SCRIPTDIR source=daemon.sh
. "$here/daemon.sh"
[[ -n ${LAB_GUEST:-} ]] || { echo "SKIP storage: the guest could not be made"; exit 77; }
[[ -x $programs/homek8sd ]] || { echo "SKIP storage: no $programs/homek8sd"; exit 77; }
command -v qemu-img >/dev/null || { echo "SKIP storage: needs qemu-img (qemu-utils)"; exit 77; }

images=/var/lib/libvirt/images
outside=/var/lib/libvirt/outside.qcow2
clones='a b c d e f'

settings() {
	put_file homek8s.yaml <<-'END'
		kubernetes: {mode: "off"}
		first_start: converge
		vm: {minimum_uptime: 1s, stop_timeout: 4s, stop_resend: 1s, stop_force: true}
	END
}

vm() { # NAME STATE DISK
	cat <<-END
		  $1:
		    type: qemu
		    vcpus: 1
		    memory: 128MiB
		    state: $2
		    disk: {$3}
		    boot:
		      kernel: $(guest_kernel)
		      initrd: $(guest_initrd)
		      cmdline: console=ttyS0 quiet panic=1 guest.name=$1
	END
}

home() { # LINES OF VMS
	put_file desired.d/home.yaml <<-END
		network: {name: default, address: 192.168.122.1/24}
		vms:
		$1
	END
}

reason() { status -o json | jq -r --arg key "$1" '.objects[] | select(.key == $key) | .reason'; }
# The first command of the reason, to be done as it is printed.
do_as_told() { local command && command=$(reason "$1" | grep -o '`virsh[^`]*`' | head -n 1) &&
	bash -c "${command//\`/}"; }
info() { qemu-img info -U --output json "$images/$1" | jq -r ".$2"; }
capacity() { virsh domblkinfo node vda | awk '$1 == "Capacity:" { print $2 }'; }
state() { virsh -q domstate "$1"; }
volumes() { virsh -q vol-list default | awk '{ print $1 }'; }

from_an_image() {
	mkdir -p "$images"
	daemon_home "$LAB/daemon"
	settings
	home "$(vm node running 'size: 64MiB, image: base.img')"
	daemon_start
	check "without its pool a disk is blocked, and its VM waits" \
		"is volume/default/node.qcow2 blocked 'no storage pool default' &&
			is vm/node pending 'waits for volume/default/node.qcow2'" 20
	heals "the command that is printed makes the pool" 'do_as_told volume/default/node.qcow2' \
		"is volume/default/node.qcow2 blocked 'storage pool default does not have'" 20
	qemu-img create -q -f qcow2 "$images/base.img" 32M
	heals "the image appears: the disk is laid over it, and its VM runs" \
		'virsh -q pool-refresh default' \
		"is volume/default/node.qcow2 converged && is vm/node converged && [[ \$(state node) == running ]]" 60
	check "it is a qcow2 file as large as written" \
		'[[ $(info node.qcow2 format) == qcow2 && $(capacity) == 67108864 ]]'
	check "over the image, whose format it names" \
		"[[ \$(info node.qcow2 '[\"full-backing-filename\"]') == $images/base.img &&
			\$(info node.qcow2 '[\"backing-filename-format\"]') == qcow2 ]]"
}

grown() {
	local pid
	pid=$(qemu_pid node)
	libvirt_mark
	home "$(vm node running 'size: 96MiB, image: base.img')"
	check "a running guest's disk is grown" \
		"[[ \$(capacity) == 100663296 ]] && is volume/default/node.qcow2 converged" 20
	check "under the same process, and nothing else was done" \
		"[[ $pid == \$(qemu_pid node) && \$(libvirt_writes | wc -l) == 1 ]]"
	home "$(vm node running 'size: 80MiB, image: base.img')"
	check "it is never made smaller" \
		"is volume/default/node.qcow2 blocked '96MiB instead of 80MiB' && [[ \$(capacity) == 100663296 ]]" 20
	home "$(vm node stopped 'size: 96MiB, image: base.img')"
	check "stopping the only VM waits for approval" "is vm/node blocked 'waits for approval'" 20
	ctl approve vm/node >/dev/null
	check "and is then done" "[[ \$(state node) == 'shut off' ]] && is vm/node converged" 40
	home "$(vm node stopped 'size: 128MiB, image: base.img')"
	check "the disk of one that is stopped is grown, too" \
		"[[ \$(info node.qcow2 '[\"virtual-size\"]') == 134217728 ]] &&
			is volume/default/node.qcow2 converged" 40
}

# Further disks, each its VM's own whatever it is called.
several() {
	truncate -s 8M "$images/own.raw" "$images/tools.raw"
	virsh -q pool-refresh default
	home "$(vm node stopped 'size: 128MiB, image: base.img')
$(vm many stopped 'size: 16MiB')
    disks: [{name: data, size: 24MiB}, {path: $images/own.raw}, {size: 8MiB, image: tools.raw}]"
	check "further disks are made, and stand in their order" \
		"is vm/many converged && [[ \$(virsh -q domblklist many | awk '{ printf \"%s \", \$1 }') == 'vda vdb vdc vdd ' ]]" 40
	check "each under a name of its own, as large as written" \
		"[[ \$(info many.data.qcow2 '[\"virtual-size\"]') == 25165824 && \$(info many.disk-3.qcow2 '[\"virtual-size\"]') == 8388608 ]]"
}

# A raw file under a name of qcow2's, an image at a path, and one that is a disk.
odd_images() {
	truncate -s 16M "$images/raw.qcow2" "$outside"
	virsh -q pool-refresh default
	home "$(vm node stopped 'size: 128MiB, image: base.img')
$(vm raw stopped 'image: raw.qcow2')
$(vm path stopped "image: $images/base.img")
$(vm outside stopped "image: $outside")
$(vm later stopped "image: $outside.img")
$(vm over stopped 'image: node.qcow2')
$(vm small stopped 'size: 8MiB, image: base.img')"
	check "a raw file that is called qcow2 is taken as what it is" \
		"is vm/raw converged && [[ \$(info raw.qcow2 format) == raw ]]" 30
	check "and as large as it is" "[[ \$(virsh -q vol-info raw.qcow2 default | grep -c 16.00) == 1 ]]"
	check "an image may be a path" "is volume/default/path.qcow2 converged" 20
	check "also of a file in no pool, which is what it holds" \
		"is vm/outside converged && [[ \$(info outside.qcow2 '[\"full-backing-filename\"]') == $outside &&
			\$(info outside.qcow2 '[\"backing-filename-format\"]') == raw ]]" 20
	check "one that is not there is said" \
		"is volume/default/later.qcow2 blocked 'there is no such file'" 20
	heals "and its disk made once it is" "qemu-img create -q -f qcow2 $outside.img 24M && ctl reconcile" \
		"is vm/later converged && [[ \$(info later.qcow2 '[\"virtual-size\"]') == 25165824 ]]" 30
	check "a disk of a domain is no image" \
		"is volume/default/over.qcow2 blocked 'is a disk of domain node'" 20
	check "nor is one that is larger than the disk" \
		"is volume/default/small.qcow2 blocked 'write \`size: 32MiB\` or more'" 20
	check "and of these nothing was made" "! volumes | grep -Ex 'over.qcow2|small.qcow2'"
}

gone() {
	virsh -q vol-delete path.qcow2 default
	virsh -q pool-refresh default
	check "a disk that vanished under its domain is not made anew" \
		"is volume/default/path.qcow2 blocked 'though domain path exists'" 20
	stays "and stays so" "! volumes | grep -x path.qcow2" 2
}

# What the machine type takes stands in libvirt's capabilities.
many_vcpus() {
	libvirt_mark
	home "$(vm many stopped 'size: 64MiB' | sed 's/vcpus: 1/vcpus: 300/')"
	check "more vCPUs than the machine type takes are said so" \
		"is vm/many blocked 'at most 255 vCPUs with machine type'" 20
	stays "and nothing is asked for: no disk, no domain" '[[ -z $(libvirt_writes) ]]' 2
	heals "what is named instead is taken" \
		"home \"\$(vm many stopped 'size: 64MiB' | sed 's/vcpus: 1/vcpus: 255/')\"" \
		"is vm/many converged && is volume/default/many.qcow2 converged" 30
}

all_clones() {
	local name text=''
	for name in $clones; do text+="$(vm "$name" stopped 'size: 64MiB, image: base.img')"$'\n'; done
	echo "$text"
}

clones_are_whole() {
	local name
	for name in $clones; do
		is "volume/default/$name.qcow2" converged && is "vm/$name" converged &&
			[[ $(info "$name.qcow2" '["full-backing-filename"]') == "$images/base.img" ]] || return 1
	done
}

killed() {
	local instant
	home "$(all_clones)"
	for instant in 13 05 31 02 44 21; do
		sleep "0.$instant"
		daemon_kill
		daemon_start
	done
	check "killed six times while it makes disks: every one is whole" clones_are_whole 60
}

# As one whose image lies on a file server that hangs: qemu-img does not end until `hold` is gone.
held() {
	cp /usr/bin/qemu-img "$LAB/qemu-img"
	cat >"$LAB/wrapper" <<-END
		#!/bin/sh
		[ "\$1" != create ] || while [ -e $LAB/hold ]; do sleep 0.2; done
		exec $LAB/qemu-img "\$@"
	END
	chmod 755 "$LAB/wrapper"
	mount --bind "$LAB/wrapper" /usr/bin/qemu-img
	touch "$LAB/hold"
	home "$(vm node running 'size: 96MiB, image: base.img'; for name in h1 h2 h3; do
		vm $name stopped 'size: 64MiB'; done)"
	check "three disks are being made, which does not end" "is volume/default/h1.qcow2 pending" 20
	check "qemu-img runs" "pgrep -f '$LAB/wrapper|qemu-img create'" 20
	heals "meanwhile a VM that was destroyed runs again" 'virsh -q destroy node' \
		"[[ \$(state node) == running ]] && is vm/node converged" 60
	rm "$LAB/hold"
	check "then they are made" "is volume/default/h1.qcow2 converged &&
		is volume/default/h2.qcow2 converged && is volume/default/h3.qcow2 converged" 30
	umount /usr/bin/qemu-img
}

unwritable() {
	mount --bind "$images" "$images"
	mount -o remount,ro,bind "$images"
	home "$(vm node stopped 'size: 128MiB, image: base.img')
$(vm late stopped 'size: 64MiB')"
	check "where libvirt may not write, it is said, and how to see why" \
		"is volume/default/late.qcow2 failing 'libvirt may not write in storage pool default'" 30
	heals "what is tried again by itself succeeds when it may" 'umount $images' \
		"is volume/default/late.qcow2 converged" 60
}

libvirt_count_calls
from_an_image
grown
held
several
unwritable
odd_images
gone
many_vcpus
killed
daemon_stop
summary
