#!/bin/bash
# A VM restarted on a real libvirtd and qemu so that a changed memory size takes effect: it waits for
# approval, the guest is shut down by its power button, runs with the new size under another id, once;
# also with the daemon killed meanwhile.
# Exits 77 where the lab cannot run.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
if [[ -z ${LAB:-} ]]; then exec "$here/lab.sh" run "$here/test_restart_vm.sh"; fi
# shellcheck source-path=SCRIPTDIR source=lab-functions.sh
. "$LAB_FUNCTIONS"
# shellcheck source-path=SCRIPTDIR source=daemon.sh
. "$here/daemon.sh"
[[ -n ${LAB_GUEST:-} ]] || { echo "SKIP restart: the guest could not be made"; exit 77; }
[[ -x $programs/homek8sd ]] || { echo "SKIP restart: no $programs/homek8sd"; exit 77; }

memory=128MiB

write_home() {
	put_file homek8s.yaml <<-END
		kubernetes: {mode: "off"}
		first_start: converge
		vm: {minimum_uptime: 1s, stop_timeout: 15s, stop_resend: 2s}
	END
	put_file desired.d/home.yaml <<-END
		network: {name: default, bridge: virbr0, address: 192.168.122.1/24,
		  static_ips: {worker: 192.168.122.11}}
		vms:
		  worker:
		    {type: qemu, vcpus: 1, memory: $memory, state: running, boot: {kernel: $(guest_kernel),
		    initrd: $(guest_initrd), cmdline: "console=ttyS0 quiet panic=1 guest.name=worker"}}
	END
}

listens() { answers_ping 192.168.122.11; } # the guest
kib() { virsh dumpxml worker | sed -n "s|.*<memory unit='KiB'>\\([0-9]*\\)</memory>.*|\\1|p"; }
domain_id() { virsh -q domid worker; }
# Stored by another client as it is written: what runs is then another.
store() { # KIB
	virsh -q setmaxmem worker "$1" --config >/dev/null
	virsh -q setmem worker "$1" --config >/dev/null
}

begin() {
	daemon_home "$LAB/home"
	write_home
	daemon_start
	check "the VM runs" "in_order network reservation vm" 30
	check "its guest is up" listens 120
}

changed() {
	local pid id
	pid=$(qemu_pid worker)
	id=$(domain_id)
	memory=160MiB
	store 163840
	write_home
	check "another size waits for approval, with what it is for" \
		"is vm/worker blocked 'waits for approval: restart vm/worker, which has memory 128MiB instead of 160MiB'" 20
	stays "and the guest runs on" "[[ \$(qemu_pid worker) == $pid ]]" 2
	ctl approve vm/worker >/dev/null 2>&1
	check "approved: it runs with the new size, under another id" \
		"[[ \$(kib) == 163840 && \$(domain_id) != $id ]] && in_order vm" 60
	check "shut down by its power button" "daemon_said 'shut down domain worker'"
	check "its guest is up" listens 120
}

# At some instant of the whole, again and again.
killed() {
	local id after
	for after in 0 0.1 1; do
		id=$(domain_id)
		check "before: its guest is up" listens 120
		ctl restart vm/worker >/dev/null 2>&1
		ctl approve vm/worker >/dev/null 2>&1 || true
		sleep "$after" # whatever it is at then
		daemon_kill
		daemon_start
		check "killed after $after s: it runs under another id" \
			"[[ \$(domain_id) =~ ^[0-9]+\$ && \$(domain_id) != $id ]] && in_order vm" 60
		check "started once" "[[ \$(domain_id) == $((id + 1)) ]]"
	done
}

begin
changed
killed
daemon_stop
summary
