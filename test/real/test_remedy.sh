#!/bin/bash
# What is done about VMs that run and do not work, on a real libvirtd and qemu: a node that is not
# Ready is rebooted by its power button, or by its agent where that is there, reset, and stopped and
# started; a guest that was paused because no space was left for its disk goes on when there is.
# The nodes are those of the fake API server. Exits 77 where the lab cannot run.
# shellcheck disable=SC2016 # conditions in single quotes are evaluated later
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
if [[ -z ${LAB:-} ]]; then exec "$here/lab.sh" run "$here/test_remedy.sh"; fi
# shellcheck source-path=SCRIPTDIR source=lab-functions.sh
. "$LAB_FUNCTIONS"
# shellcheck source-path=SCRIPTDIR source=daemon.sh
. "$here/daemon.sh"
[[ -n ${LAB_GUEST:-} ]] || { echo "SKIP remedy: the guest could not be made"; exit 77; }
for program in homek8sd fake-apiserver; do
	[[ -x $programs/$program ]] || { echo "SKIP remedy: no $programs/$program"; exit 77; }
done

small=$LAB/small

# The lab's guest with other scripts in it: one that heeds its agent and no power button, and one
# that fills its disk.
guest() { # NAME: prints the initrd
	local root=$LAB/guest.$1
	mkdir -p "$root"
	(cd "$root" && find . -mindepth 1 | busybox cpio -o -H newc 2>/dev/null) | gzip -1 |
		cat "$(guest_initrd)" - >"$root.initrd"
	echo "$root.initrd"
}

write_guests() {
	mkdir -p "$LAB/guest.agent/etc/acpi/PWRF" "$LAB/guest.full"
	cat >"$LAB/guest.agent/agent" <<-'END'
		#!/bin/sh
		for port in /sys/class/virtio-ports/*; do
			[ "$(cat $port/name)" != org.qemu.guest_agent.0 ] || exec 3<>/dev/${port##*/}
		done
		while :; do
			while read -r line <&3; do
				id=$(echo "$line" | sed -n 's/.*"id": *\([0-9]*\).*/\1/p')
				case $line in
				*guest-sync-delimited*) printf '\377{"return": %s}\n' $id ;;
				*guest-sync*) printf '{"return": %s}\n' $id ;;
				*guest-shutdown*reboot*) reboot -f ;;
				*) printf '{"error": {"class": "CommandNotFound", "desc": "not here"}}\n' ;;
				esac >&3
			done
			sleep 1
		done
	END
	printf '#!/bin/sh\n' >"$LAB/guest.agent/etc/acpi/PWRF/00000080"
	cat >"$LAB/guest.full/seed" <<-'END'
		#!/bin/sh
		until [ -e /dev/vda ]; do sleep 0.2; done
		dd if=/dev/zero of=/dev/vda bs=64k
		ip addr add 192.168.122.33/24 dev eth0
	END
	chmod +x "$LAB"/guest.*/{agent,seed,etc/acpi/PWRF/*} 2>/dev/null || true
}

write_home() {
	local boot
	boot="kernel: $(guest_kernel), cmdline: \"console=ttyS0 quiet panic=1 guest.name="
	put_file homek8s.yaml <<-END
		first_start: converge
		vm: {minimum_uptime: 1s}
	END
	put_file kubeconfig <<-END
		apiVersion: v1
		kind: Config
		current-context: home
		contexts: [{name: home, context: {cluster: home, user: me}}]
		clusters: [{name: home, cluster: {server: "$api"}}]
		users: [{name: me, user: {}}]
	END
	put_file desired.d/home.yaml <<-END
		network: {name: default, bridge: virbr0, address: 192.168.122.1/24,
		  static_ips: {worker-1: 192.168.122.11, worker-2: 192.168.122.12}}
		remediation: {after: 2s, wait: 40s, cool_down: 10m, grace: 1s}
		vms:
		  worker-1: {role: worker, type: qemu, vcpus: 1, memory: 128MiB, state: running,
		    boot: {initrd: $(guest_initrd), ${boot}worker-1"}}
		  worker-2: {role: worker, type: qemu, vcpus: 1, memory: 128MiB, state: running,
		    boot: {initrd: $(guest agent), ${boot}worker-2 guest.own=192.168.122.22"}}
		  full: {type: qemu, vcpus: 1, memory: 128MiB, state: running, disk: {path: $small/full.qcow2},
		    boot: {initrd: $(guest full), ${boot}full"}}
	END
}

node() { # NAME READY
	curl -sf "$api/fake/objects" -H 'Content-Type: application/json' -d "{
		\"apiVersion\": \"v1\", \"kind\": \"Node\", \"metadata\": {\"name\": \"$1\"},
		\"status\": {\"nodeInfo\": {\"systemUUID\": \"$(virsh -q domuuid "$1")\"}, \"conditions\":
		[{\"type\": \"Ready\", \"status\": \"$2\", \"reason\": \"Kubelet\"}]}}" >/dev/null
}

domain_id() { virsh -q domid "$1"; }
times_done() { daemon_log | grep -cF "done: $1" || true; }
# Its guest began anew under the same qemu; its firmware may do so once more.
reboots() { grep -c "event 'reboot' for domain '$1'" "$LAB/events" || true; }
runs() { [[ $(virsh -q domstate "$1") == running ]]; }

begin() {
	mkdir "$small"
	mount -t tmpfs -o size=160m small "$small"
	dd if=/dev/zero of="$small/filler" bs=1M count=90 status=none
	qemu-img create -q -f qcow2 "$small/full.qcow2" 100M
	"$programs/fake-apiserver" --listen 127.0.0.1:0 >"$LAB/api.out" 2>&1 &
	wait_for "grep -q ^listening $LAB/api.out" 10 >/dev/null
	api=$(sed -n 's/^listening on //p' "$LAB/api.out")
	write_guests
	daemon_home "$LAB/home"
	write_home
	virsh -q event --all --loop >"$LAB/events" 2>&1 &
	daemon_start
	check "the VMs run" "runs worker-1 && runs worker-2" 60
	node worker-1 True
	node worker-2 True
	check "the nodes are Ready" "is node/worker-1 converged && is node/worker-2 converged" 20
	check "a guest is up" "answers_ping 192.168.122.11" 180
	check "and one with an agent" "answers_ping 192.168.122.12" 180
}

full() {
	check "no space is left for its disk: the guest is paused, and that is explained" \
		"is vm/full failing 'no space is left on this host for its disk vda ($small/full.qcow2); free some there'" 120
	check "libvirt says the same" '[[ $(virsh -q domstate --reason full) == "paused (I/O error)" ]]'
	stays "it is not resumed while there is none" '! runs full && ! daemon_said "resume domain full"' 12
	rm "$small/filler"
	check "there is space: it is resumed" 'runs full && is vm/full converged' 60
	check "and the guest ends what it did" 'answers_ping 192.168.122.33' 120
	check "resumed once" '[[ $(times_done "resume domain full") == 1 ]]'
}

ladder() {
	local id before
	id=$(domain_id worker-1)
	before=$(reboots worker-1)
	node worker-1 Unknown
	check "not Ready: its guest is rebooted by its power button" \
		"((\$(reboots worker-1) > $before)) && daemon_said 'done: reboot domain worker-1'" 60
	check "it is the same qemu" "[[ \$(domain_id worker-1) == $id ]]"
	before=$(reboots worker-1)
	check "in vain: it is reset" \
		"((\$(reboots worker-1) > $before)) && daemon_said 'done: reset domain worker-1'" 90
	check "the same qemu still" "[[ \$(domain_id worker-1) == $id ]]"
	check "in vain: it is stopped and started" \
		"runs worker-1 && [[ \$(domain_id worker-1) != $id ]]" 90
	check "which is all there is to do" "is vm/worker-1 failing 'begins anew'" 90
	check "each was done once" '[[ $(times_done "reboot domain worker-1") == 1 &&
		$(times_done "reset domain worker-1") == 1 && $(times_done "cut the power") == 1 ]]'
	node worker-1 True
	check "Ready: all is well" "is vm/worker-1 converged && is node/worker-1 converged" 20
	check "its guest is up" "answers_ping 192.168.122.11" 120
}

agent() {
	local id before
	id=$(domain_id worker-2)
	before=$(reboots worker-2)
	node worker-2 Unknown
	check "one that heeds no power button is rebooted by its agent" \
		"((\$(reboots worker-2) > $before)) && daemon_said 'done: reboot domain worker-2'" 60
	node worker-2 True
	check "Ready: all is well" "is vm/worker-2 converged" 20
	check "and no more was done" \
		"[[ \$(domain_id worker-2) == $id && \$(times_done 'reset domain worker-2') == 0 ]]"
}

begin
full
ladder
agent
daemon_stop
summary
