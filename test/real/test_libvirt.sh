#!/bin/bash
# homek8sd against a real libvirtd, dnsmasq and qemu: a home from nothing, each thing that
# breaks and comes back by itself (with the milliseconds that took), what is left alone,
# what waits for approval, and how many calls it all takes, counted in libvirtd's own log.
# Exits 77 where the lab cannot run.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
if [[ -z ${LAB:-} ]]; then exec "$here/lab.sh" run "$here/test_libvirt.sh"; fi
# shellcheck source-path=SCRIPTDIR source=lab-functions.sh
. "$LAB_FUNCTIONS"
# shellcheck source-path=SCRIPTDIR source=daemon.sh
. "$here/daemon.sh"
[[ -n ${LAB_GUEST:-} ]] || { echo "SKIP libvirt: the guest could not be made"; exit 77; }
[[ -x $programs/homek8sd ]] || { echo "SKIP libvirt: no $programs/homek8sd"; exit 77; }

hosts_file=/var/lib/libvirt/dnsmasq/default.hostsfile
dnsmasq_conf=/var/lib/libvirt/dnsmasq/default.conf

# What is written; tests change these and write it again.
worker_1_ip=192.168.122.11
worker_1_state=running
worker_2_state=running
deaf_state=stopped
pool=192.168.122.100-192.168.122.150
bridge=virbr0
mode=nat
stop_force=false
resync=5m

write_settings() {
	put_file homek8s.yaml <<-END
		kubernetes: {mode: "off"}
		resync: $resync
		first_start: converge
		vm: {minimum_uptime: 1s, stop_timeout: 4s, stop_resend: 1s, stop_force: $stop_force}
	END
}

vm() { # NAME STATE [CMDLINE]
	cat <<-END
		  $1:
		    role: worker
		    type: qemu
		    vcpus: 1
		    memory: 128MiB
		    state: $2
		    power: always
		    boot:
		      kernel: $(guest_kernel)
		      initrd: $(guest_initrd)
		      cmdline: console=ttyS0 quiet panic=1 guest.name=$1${3:+ $3}
	END
}

# The guest "deaf" is a shell and nothing else: it does not see its power button.
write_home() {
	put_file desired.d/home.yaml <<-END
		network:
		  name: default
		  mode: $mode
		  bridge: $bridge
		  address: 192.168.122.1/24
		  dhcp:
		    range: {start: 192.168.122.2, end: 192.168.122.254}
		  static_ips:
		    worker-1: $worker_1_ip
		    worker-2: 192.168.122.12
		    deaf: 192.168.122.13
		metallb:
		  pools:
		    default-pool: {addresses: [$pool]}
		vms:
		$(vm worker-1 "$worker_1_state")
		    autostart: true
		$(vm worker-2 "$worker_2_state")
		$(vm deaf "$deaf_state" rdinit=/bin/sh)
	END
}

state() { virsh -q domstate "$1"; }
runs_anew() { # NAME OLD-PID
	[[ $(state "$1") == running && $(qemu_pid "$1") != "$2" ]]
}
mac_of() { virsh -q domiflist "$1" | awk '{ print $5 }'; }
tap_of() { virsh -q domiflist "$1" | awk '{ print $1 }'; }
master_of() { basename "$(readlink "/sys/class/net/$1/master" || true)"; }
stored_network() { virsh -q net-dumpxml --inactive default; }
network_is() { virsh -q net-info default | grep -E "^$1: +$2\$"; }
live_host() { grep -x "$1" $hosts_file; } # MAC,IP,NAME as dnsmasq reads it
stored_host() { stored_network | grep -F "<host mac='${1%%,*}' name='${1##*,}' ip='$(cut -d, -f2 <<<"$1")'/>"; }
both_hosts() { live_host "$1" && stored_host "$1"; }
home_is_up() { in_order network reservation vm; }
dnsmasq_has() { grep -F "dhcp-range=192.168.122.$1,192.168.122.$2," $dnsmasq_conf; }
wrote_nothing() { [[ -z $(libvirt_writes) ]]; }
# Stops that come sooner after a start than vm.minimum_uptime are paced, as they should.
live_a_while() { sleep 1.2; }
update() { virsh -q net-update default "$@"; }

from_nothing() {
	local i
	daemon_home "$LAB/home"
	write_settings
	write_home
	libvirt_mark
	heals "network, reservations and VMs from nothing" daemon_start home_is_up 20
	libvirt_wrote "in as many calls as it takes" virNetworkDefineXML virNetworkCreate \
		virNetworkSetAutostart virDomainDefineXMLFlags virDomainDefineXMLFlags \
		virDomainDefineXMLFlags virDomainSetAutostart virDomainCreate virDomainCreate
	check "VMs are emulated, as type: qemu says" \
		"virsh dumpxml worker-1 | grep \"<domain type='qemu'\""
	check "guest takes its reserved address by DHCP" \
		"virsh -q net-dhcp-leases default | grep -E '192.168.122.11/24 +worker-1'" 60
	check "guest answers ping" "answers_ping 192.168.122.11" 10
	check "the second guest too" "answers_ping 192.168.122.12" 30
	check "dnsmasq leases neither side of the pool's addresses to others" \
		"dnsmasq_has 2 99 && dnsmasq_has 151 254 && ((\$(grep -c ^dhcp-range= $dnsmasq_conf) == 2))"
	for i in worker-1 worker-2; do
		check "tap of $i is on the bridge" "[[ \$(master_of \$(tap_of $i)) == virbr0 ]]"
	done
}

nothing_to_do() {
	libvirt_mark
	stays "converged: two resyncs change nothing" "home_is_up && wrote_nothing" 7
	ctl reconcile 2>/dev/null
	stays "nor does homek8sctl reconcile" "home_is_up && wrote_nothing" 1
	daemon_stop
	heals "started anew, everything is in order" daemon_start home_is_up 10
	check "without a single call that changes something" wrote_nothing
}

power() {
	local pid
	pid=$(qemu_pid worker-1)
	heals "virsh destroy" "virsh destroy worker-1" "runs_anew worker-1 $pid" 20
	live_a_while
	pid=$(qemu_pid worker-1)
	heals "kill -9 of qemu" "kill -KILL $pid" "runs_anew worker-1 $pid" 20
	check "reported as a crash" "daemon_said 'crashed; to be started'"
	check "its guest is back at its address" "answers_ping 192.168.122.11" 60
	sleep 1 # the guest answers ping before it listens to its power button
	pid=$(qemu_pid worker-1)
	daemon_mark
	heals "guest powers itself off, power: always" "virsh shutdown worker-1" \
		"runs_anew worker-1 $pid" 20
	check "reported as what it was" "daemon_said 'powered off by its guest; to be started'"
	reboot_is_no_stop
	pause_is_left_alone
	saved_goes_on
}

reboot_is_no_stop() {
	local pid
	check "guest is up again" "answers_ping 192.168.122.11" 60
	sleep 1
	pid=$(qemu_pid worker-1)
	daemon_mark
	virsh -q reboot worker-1
	check "guest reboots, noticed by its event" "daemon_said 'libvirt: rebooted'" 20
	check "answers again afterwards" "answers_ping 192.168.122.11" 60
	check "that was no stop: same qemu, nothing started" \
		"[[ \$(qemu_pid worker-1) == $pid ]] && ! daemon_said 'start domain worker-1'"
}

pause_is_left_alone() {
	virsh -q suspend worker-1
	check "virsh suspend is reported" "is vm/worker-1 blocked 'was paused by another client'" 5
	libvirt_mark
	stays "and left alone" "[[ \$(state worker-1) == paused ]] && wrote_nothing" 4
	virsh -q resume worker-1
	check "resumed by hand, all is well" "is vm/worker-1 converged" 5
}

saved_goes_on() {
	local pid
	pid=$(qemu_pid worker-1)
	daemon_mark
	heals "virsh managedsave, goes on" "virsh managedsave worker-1" \
		"runs_anew worker-1 $pid && answers_ping 192.168.122.11" 20
	check "reported as saved by somebody" "daemon_said 'was saved by another client'"
	check "its image is used up" "! virsh dominfo worker-1 | grep 'Managed save: *yes'"
}

reservations() {
	local mac host
	mac=$(mac_of worker-2)
	host="<host mac='$mac' name='worker-2' ip='192.168.122.12'/>"
	owned=$mac,192.168.122.12,worker-2
	foreign=52:54:00:00:00:77,192.168.122.77,printer
	update add-first ip-dhcp-host \
		"<host mac='52:54:00:00:00:77' name='printer' ip='192.168.122.77'/>" --live --config
	# Of the calls that are counted below, the first is the one that does the damage.
	libvirt_mark
	heals "reservation deleted, live side" \
		"update delete ip-dhcp-host \"$host\" --live" "both_hosts $owned" 10
	libvirt_wrote "in one call" virNetworkUpdate virNetworkUpdate
	libvirt_mark
	heals "reservation deleted, stored side" \
		"update delete ip-dhcp-host \"$host\" --config" "both_hosts $owned" 10
	libvirt_wrote "in one call" virNetworkUpdate virNetworkUpdate
	heals "reservation deleted, both sides" \
		"update delete ip-dhcp-host \"$host\" --live --config" "both_hosts $owned" 10
	heals "reservation's address changed, live side" \
		"update modify ip-dhcp-host \"${host/122.12/122.62}\" --live" \
		"both_hosts $owned && ! grep 192.168.122.62 $hosts_file" 10
	libvirt_mark
	update modify ip-dhcp-host "${host/worker-2/other}" --config
	stays "a name that somebody gave the entry: left as it is" \
		"stored_network | grep -F \"name='other'\" && in_order reservation" 2
	update modify ip-dhcp-host "$host" --config
	libvirt_wrote "with no call of its own" virNetworkUpdate virNetworkUpdate
	update add-first ip-dhcp-host \
		"<host mac='52:54:00:00:00:99' name='x' ip='192.168.122.99'/>" --live --config
	heals "a second reservation for our MAC" \
		"update modify ip-dhcp-host \"<host mac='$mac' name='x' ip='192.168.122.99'/>\" \
			--live --config" \
		"both_hosts $owned && ! grep 192.168.122.99 $hosts_file &&
			! stored_network | grep \"ip='192.168.122.99'\"" 10
	check "somebody else's reservation is still there" "both_hosts $foreign"
	check "all is in order" home_is_up 10
}

autostart() {
	heals "net-autostart --disable" "virsh net-autostart --disable default" \
		"network_is Autostart yes" 10
	heals "autostart --disable of a VM" "virsh autostart --disable worker-1" \
		"virsh dominfo worker-1 | grep -E 'Autostart: +enable'" 10
}

network() {
	local tap
	tap=$(tap_of worker-1)
	heals "net-destroy with guests attached: active again" "virsh net-destroy default" \
		"network_is Active yes && ip link show virbr0" 10
	echo "# tap $tap of worker-1 hangs on '$(master_of "$tap")'; ping:" \
		"$(answers_ping 192.168.122.11 >/dev/null && echo answers || echo silent)"
	check "that its guests are cut off is reported" "finding guests-cut-off '2 of 2'" 5
	heals "net-undefine and net-destroy" \
		"virsh net-undefine default; virsh net-destroy default" \
		"network_is Active yes && network_is Persistent yes && network_is Autostart yes &&
			both_hosts $owned" 15
	check "all else of it is in order" "in_order reservation" 10
	check "and the network waits for its guests" "is network/default blocked 'cut off'" 10
}

# A restarted libvirtd puts the taps back, which net-destroy has left on nothing.
libvirtd_dies() {
	local pid tap
	pid=$(qemu_pid worker-1)
	libvirtd_kill
	check "libvirtd killed: reported" "source_is libvirt down" 5
	check "the VM keeps running" "kill -0 $pid"
	heals "libvirtd back: connected, all is in order" libvirtd_start \
		"source_is libvirt connected && home_is_up" 45
	check "same qemu as before, and its guest answers" \
		"[[ \$(qemu_pid worker-1) == $pid ]] && answers_ping 192.168.122.11" 10
	check "guests are no longer reported as cut off" "! finding guests-cut-off" 20
	tap=$(tap_of worker-1)
	ip link set "$tap" nomaster
	check "a tap that is taken off its bridge is reported" "finding guests-cut-off '1 of 2'" 5
	ip link set "$tap" master virbr0
	check "put back, it is no longer" "! finding guests-cut-off" 5
	live_a_while
	pid=$(qemu_pid worker-2)
	daemon_mark
	heals "virsh destroy after that" "virsh destroy worker-2" "runs_anew worker-2 $pid" 20
	check "noticed by its event" "daemon_said 'libvirt: stopped (destroyed)'"
}

libvirtd_hangs() {
	libvirtd_pause
	ask_status 20 &
	check "libvirtd stopped: reported as unresponsive" "source_is libvirt unresponsive" 12
	wait $!
	status_answered "status answers all the 20 s long"
	heals "libvirtd goes on: connected, all is in order" libvirtd_continue \
		"libvirtd_lives && source_is libvirt connected && home_is_up" 45
	grep -s '^libvirtd crashed' "$LAB/libvirtd.out" | sed 's/^/# /' || true
}

approval() {
	worker_1_ip=192.168.122.21
	libvirt_mark
	heals "a running machine's other address waits for approval" write_home \
		"is reservation/worker-1 blocked 'from 192.168.122.11 to 192.168.122.21'" 5
	stays "untouched until then" wrote_nothing 4
	heals "approved, it is done" "ctl approve reservation/worker-1" \
		"both_hosts $(mac_of worker-1),192.168.122.21,worker-1" 10
	libvirt_wrote "in exactly as many calls as differences" virNetworkUpdate \
		virNetworkUpdate virNetworkUpdate virNetworkUpdate
	check "as long as the machine has the old one, it is not converged" \
		"is reservation/worker-1 pending 'still holds 192.168.122.11'" 5
	worker_1_ip=192.168.122.11
	heals "written back, needs no approval: the machine never left" write_home \
		"both_hosts $(mac_of worker-1),192.168.122.11,worker-1 && home_is_up" 10
}

# With the network's definition libvirt forgets its leases; the machine is still there.
approval_without_lease() {
	worker_1_ip=192.168.122.21
	libvirt_mark
	heals "so it does where libvirt has forgotten the lease" write_home \
		"is reservation/worker-1 blocked 'from 192.168.122.11 to 192.168.122.21'" 5
	worker_1_ip=192.168.122.11
	heals "written back, it is in order" write_home "in_order reservation" 5
	check "nothing was done" wrote_nothing
}

ranges() {
	local index
	index=$(cat /sys/class/net/virbr0/ifindex)
	libvirt_mark
	pool=192.168.122.100-192.168.122.180
	heals "a larger pool: the running dnsmasq leaves it out" write_home \
		"dnsmasq_has 2 99 && dnsmasq_has 181 254 && ! dnsmasq_has 151 254 && home_is_up" 10
	libvirt_wrote "in as many calls as differences" virNetworkUpdate virNetworkUpdate \
		virNetworkUpdate virNetworkUpdate
	check "same bridge, and the guest did not notice" \
		"(($index == \$(cat /sys/class/net/virbr0/ifindex))) && answers_ping 192.168.122.11" 2
	check "so it is stored" "stored_network | grep \"start='192.168.122.181'\""
}

restart_waits() {
	libvirt_mark
	bridge=virbr7
	heals "another bridge waits for approval" write_home \
		"is network/default blocked 'waits for approval: change bridge of network default from virbr0 to virbr7'" 5
	bridge=virbr0
	mode=route
	heals "another mode too" write_home \
		"is network/default blocked 'waits for approval: change mode of network default from nat to route'" 5
	mode=nat
	heals "written back, all is in order" write_home home_is_up 5
	check "nothing was done" wrote_nothing
}

what_runs() {
	echo "$(qemu_pid worker-1) $(qemu_pid worker-2) $(cat /sys/class/net/virbr0/ifindex)"
}

# Approved, it is done once no guest is attached, whoever's guest that is. No resync
# comes to help.
restart_is_done() {
	write_settings
	worker_1_state=stopped worker_2_state=stopped
	write_home
	check "two VMs of three to be stopped wait for approval" \
		"is vm/worker-1 blocked '2 of 3 virtual machines would then not be up' &&
		is vm/worker-2 blocked" 5
	ctl approve --all 2>/dev/null
	check "approved, they are" \
		"[[ \$(state worker-1)\$(state worker-2) == 'shut offshut off' ]] && home_is_up" 20
	ctl reconcile 2>/dev/null
	virsh -q start foreign >/dev/null
	bridge=virbr7
	write_home
	check "another bridge waits for approval" "is network/default blocked 'waits for approval'" 5
	ctl approve network/default 2>/dev/null
	stays "approved, it waits for somebody else's guest that is attached" \
		"[[ \$(master_of \$(tap_of foreign)) == virbr0 ]]" 3
	check "and says so" "is network/default blocked '1 guest is attached'"
	heals "once that is gone, it is done" "virsh destroy foreign" \
		"ip link show virbr7 && home_is_up" 60
	bridge=virbr0
	write_home
	check "back again waits for approval too" "is network/default blocked 'waits for approval'" 5
	heals "approved, it is done at once" "ctl approve network/default" \
		"ip link show virbr0 && home_is_up" 10
	worker_1_state=running worker_2_state=running
	write_settings
	heals "guests start again" write_home \
		"[[ \$(state worker-1)\$(state worker-2) == runningrunning ]] && home_is_up" 10
}

# The daemon's own end is none of the home's business (P1).
daemon_ends() {
	local how before
	for how in daemon_stop daemon_kill; do
		before=$(what_runs)
		libvirt_mark
		$how
		stays "$how leaves VMs and network as they are" \
			"wrote_nothing && [[ \$(what_runs) == '$before' ]]" 1
		daemon_start
		check "and coming back changes nothing" "home_is_up && wrote_nothing" 10
	done
}

stopping() {
	check "guest of worker-2 is up" "answers_ping 192.168.122.12" 60
	deaf_state=running
	heals "state: running of a VM that was stopped" write_home "[[ \$(state deaf) == running ]]" 10
	sleep 1
	worker_2_state=stopped
	libvirt_mark
	heals "state: stopped shuts the guest down" write_home "[[ \$(state worker-2) == 'shut off' ]]" 20
	libvirt_wrote "by a request and nothing else" virDomainAgentSetResponseTimeout \
		virDomainShutdownFlags
	stays "and so it stays" "is vm/worker-2 converged && [[ \$(state worker-2) == 'shut off' ]]" 4
	deaf_state=stopped
	heals "two of three would then be down: waits for approval" write_home \
		"is vm/deaf blocked '2 of 3 virtual machines would then not be up'" 5
	heals "a guest that does not listen is reported" "ctl approve vm/deaf" \
		"is vm/deaf failing 'has not shut down within 4s'" 15
	stays "but not killed" "[[ \$(state deaf) == running ]]" 3
	stop_force=true
	heals "vm.stop_force: true cuts its power" write_settings "[[ \$(state deaf) == 'shut off' ]]" 10
	worker_2_state=running
	heals "state: running again" write_home "[[ \$(state worker-2) == running ]] && home_is_up" 10
}

back_to_nothing() {
	local i
	for i in worker-1 worker-2 deaf; do
		virsh -q destroy $i || true
		virsh -q undefine $i || true
	done
	virsh -q net-destroy default || true
	virsh -q net-undefine default || true
} >/dev/null 2>&1

disk_vm() { # NAME DISK
	echo "  $1: {type: qemu, vcpus: 1, memory: 64MiB, state: running, disk: {$2}}"
}

disk_domain() { # NAME PATH
	domain_xml "$1" "52:54:00:00:01:$((RANDOM % 90 + 10))" | sed "s#<devices>#&<disk type='file' \
		device='disk'><source file='$2'/><target dev='vda' bus='virtio'/></disk>#; /<boot\|<kernel\|<initrd\|<cmdline/d"
}

defined() { virsh -q list --all --name | grep -x "$1"; }

# One file under four names: as a path, a link, a hard link and a volume of a pool.
disks() {
	local dir=/run/disks
	mkdir $dir
	truncate -s 10M $dir/one.img
	ln -s one.img $dir/link.img
	ln $dir/one.img $dir/by-volume.qcow2
	virsh -q pool-define-as disks dir --target $dir
	virsh -q pool-start disks
	virsh -q define <(disk_domain keeper $dir/one.img)
	put_file desired.d/disks.yaml <<-END
		vms:
		$(disk_vm by-link "path: $dir/link.img")
		$(disk_vm by-volume "pool: disks")
	END
	check "a disk under another name is that of the domain that has it" "
		is vm/by-link blocked 'domain keeper has its disk $dir/link.img' &&
		is vm/by-volume blocked 'domain keeper has its disk volume by-volume.qcow2 of pool disks'" 10
	stays "and nobody is defined on it" "! defined by-link && ! defined by-volume" 2
	virsh -q undefine keeper
	check "two that are to be defined do not share one either" "
		is vm/by-link blocked 'by-volume, which is to be defined as well' &&
		is vm/by-volume blocked 'by-link, which is to be defined as well'" 10
	put_file desired.d/disks.yaml <<-END
		vms:
		$(disk_vm by-link "path: $dir/link.img")
	END
	check "one alone is defined and started" "is vm/by-link converged && [[ \$(state by-link) == running ]]" 20
	virsh -q define <(disk_domain twin $dir/by-volume.qcow2)
	check "a domain that is defined on it later is reported" \
		"status | grep -F 'is a disk of domain by-link and of domain twin'" 10
	virsh -q destroy by-link
	check "it is not started while that one can run" \
		"is vm/by-link blocked 'not started: domain twin has its disk'" 10
	heals "the twin is undefined" "virsh -q undefine twin" \
		"[[ \$(state by-link) == running ]] && is vm/by-link converged" 10
	rm "$home/etc/desired.d/disks.yaml"
	ctl reload 2>/dev/null
	virsh -q destroy by-link
	virsh -q undefine by-link
	virsh -q pool-destroy disks
	virsh -q pool-undefine disks
	rm -r $dir
}

# The state's first line has the length of what follows it.
state_is_whole() {
	local file=$home/state/state.json
	[[ ! -e $file ]] || {
		(($(head -n1 "$file" | awk '{ print $4 }') == $(tail -n +2 "$file" | wc -c))) &&
			tail -n +2 "$file" | jq -en input >/dev/null
	}
}

# Killed at any instant, it goes on where it was (P5).
killed_at_random() {
	local i instant instants="" torn=0 ms slowest=0
	daemon_mark
	for ((i = 0; i < 10; i++)); do
		daemon_kill
		back_to_nothing
		instant=$((RANDOM % 1200))
		instants+=" $instant"
		daemon_spawn
		sleep "$((instant / 1000)).$(printf '%03d' $((instant % 1000)))"
		daemon_kill
		if ! state_is_whole; then torn=$((torn + 1)); fi
		daemon_start
		ms=$(wait_for home_is_up 45) || break
		if ((ms > slowest)); then slowest=$ms; fi
	done
	check "killed ten times while it makes the home (after$instants ms), it converges (slowest $slowest ms)" \
		"(($i == 10))"
	check "its state on disk is never torn" "(($torn == 0)) && ! daemon_said 'is not used'"
	check "one network and three VMs, no more" \
		"[[ \$(virsh -q net-list --all --name | wc -w) == 1 &&
			\$(virsh -q list --all --name | wc -w) == 4 ]]"
}

libvirt_count_calls
virsh -q define <(domain_xml foreign 52:54:00:00:00:66) >/dev/null
# shellcheck disable=SC2034 # read by the condition below
foreign_before=$(virsh -q dumpxml --inactive foreign)
from_nothing
nothing_to_do
power
reservations
approval
autostart
network
approval_without_lease
libvirtd_dies
libvirtd_hangs
ranges
restart_waits
daemon_ends
stopping
restart_is_done
disks
killed_at_random
check "somebody else's domain is as it was" \
	"[[ \$(virsh -q dumpxml --inactive foreign) == \"\$foreign_before\" &&
		\$(state foreign) == 'shut off' ]]"
summary
