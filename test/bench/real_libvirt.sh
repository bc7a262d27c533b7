#!/bin/bash
# Inside the lab (test/real/lab.sh): how long a killed VM takes to run again on real qemu,
# by homek8sd and by a bare client, how often it wakes up when nothing happens, and how
# many calls it makes to libvirt, counted in libvirtd's own log. Prints `name value` lines for bench.sh. Exits 77 where it cannot run.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../real/lab-functions.sh
. "$LAB_FUNCTIONS"
# shellcheck source-path=SCRIPTDIR source=../real/daemon.sh
. "$here/../real/daemon.sh"

samples=12
leases=10

die() {
	{ echo "$*"; ctl status; tail -n 20 "$home/log"; } >&2 || true
	exit 1
}
converged() { ctl wait --for=converged --timeout=4s; }
until_converged() { wait_for converged 60 >/dev/null || die "not converged"; }

# Nothing but events and requests makes it read.
write_settings() {
	put_file homek8s.yaml <<-END
		kubernetes: {mode: "off"}
		resync: 1h
		first_start: converge
		vm: {minimum_uptime: 1s}
	END
}

# There is nothing on its disk: the guest halts at once and leaves the machine to what is
# measured.
write_home() { # LEASES
	{
		cat <<-END
			vms:
			  worker-1:
			    type: qemu
			    vcpus: 1
			    memory: 128MiB
			    disk: {path: $LAB/empty.qcow2}
			network:
			  name: default
			  address: 192.168.122.1/24
			  dhcp:
			    range: {start: 192.168.122.100, end: 192.168.122.254}
			  static_ips:
			    worker-1: 192.168.122.11
		END
		machines "$1" '    machine-%d: {ip: 192.168.122.%d, mac: "52:54:00:00:01:%02x"}'
	} | put_file desired.d/home.yaml
}

machines() { # COUNT FORMAT
	local i
	for ((i = 1; i <= $1; i++)); do
		# shellcheck disable=SC2059 # the format is the caller's
		printf "$2\n" "$i" $((20 + i)) "$i"
	done
}

wakeups() { cat /proc/"$1"/task/*/status | awk '/^voluntary/ { n += $2 } END { print n }'; }

# Two rounds of asking what everything does, and a share of a resync, which comes every
# five minutes.
idle() {
	local seconds=60 before middle
	sleep 60 # connections that only the start needed are closed by then
	before=$(wakeups "$daemon_pid")
	sleep $seconds
	middle=$(wakeups "$daemon_pid")
	ctl reconcile
	sleep 2
	awk -v a="$before" -v b="$middle" -v c="$(wakeups "$daemon_pid")" -v s=$seconds 'BEGIN {
		printf "idle_wakeups %.3f\nresync_wakeups %d\n",
			(b - a) / s + (c - b) / 300, c - b }'
}

updates() { libvirt_writes | grep -c '^virNetworkUpdate$' || true; }

killed() {
	virsh -q dumpxml --inactive worker-1 |
		sed -e 's/worker-1/bare/' -e 's/empty/other/' -e '/<uuid>/d' -e '/<mac /d' >"$LAB/bare.xml"
	virsh -q define "$LAB/bare.xml" >/dev/null
	virsh -q start bare >/dev/null
	sleep 3 # both have found nothing to boot
	"$programs/test/bench_virt" qemu:///system "$daemon_pid" $samples 1 2500 bare worker-1
	echo "samples $samples"
	virsh -q destroy bare >/dev/null
	virsh -q undefine bare >/dev/null
}

calls() {
	daemon_stop
	libvirt_count_calls
	daemon_start
	until_converged
	libvirt_mark
	ctl reconcile
	sleep 1.5
	ctl reconcile
	sleep 1.5
	echo "no_calls $(libvirt_writes | wc -l)"
	write_home $leases
	wait_for "[[ \$(virsh -q net-dumpxml default | grep -c machine-) == $leases ]]" 30 >/dev/null ||
		die "the leases did not come"
	until_converged
	echo "new_calls $(updates)"
	# It may be mending the first while the last is being lost: the losses are counted too.
	libvirt_mark
	lose_leases
	ctl reconcile
	wait_for "[[ \$(virsh -q net-dumpxml default | grep -c machine-) == $leases ]]" 30 >/dev/null ||
		die "the leases did not come back"
	until_converged
	echo "lost_calls $(($(updates) - leases))"
}

lose_leases() {
	local host
	while read -r host; do
		virsh -q net-update default delete ip-dhcp-host "$host" --live >/dev/null
	done < <(machines $leases "<host name='machine-%d' ip='192.168.122.%d' mac='52:54:00:00:01:%02x'/>")
}

first_define() {
	daemon_stop
	virsh -q destroy worker-1 >/dev/null
	virsh -q net-destroy default >/dev/null
	virsh -q net-undefine default >/dev/null
	libvirt_mark
	daemon_start
	until_converged
	echo "define_updates $(updates)"
	echo "define_calls $(libvirt_writes | grep -c '^virNetworkDefineXML')"
}

qemu-img create -q -f qcow2 "$LAB/empty.qcow2" 1M
cp "$LAB/empty.qcow2" "$LAB/other.qcow2"
daemon_home "$LAB/home"
write_settings
write_home 0
daemon_start
until_converged
idle
killed
calls
first_define
