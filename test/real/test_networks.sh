#!/bin/bash
# What only real parts prove of networks: the reservation of the interface that runs, with
# a guest that boots; foreign entries as libvirt writes them; dnsmasq and the bridge gone;
# taps off the bridge; several <ip> elements. Exits 77 where the lab cannot run.
# shellcheck disable=SC2016 # conditions in single quotes are evaluated later
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
if [[ -z ${LAB:-} ]]; then exec "$here/lab.sh" run "$here/test_networks.sh"; fi
# shellcheck source-path=SCRIPTDIR source=lab-functions.sh
. "$LAB_FUNCTIONS"
# shellcheck source-path=SCRIPTDIR source=daemon.sh
. "$here/daemon.sh"
[[ -n ${LAB_GUEST:-} ]] || { echo "SKIP networks: the guest could not be made"; exit 77; }
[[ -x $programs/homek8sd ]] || { echo "SKIP networks: no $programs/homek8sd"; exit 77; }

first_mac=52:54:00:77:00:01
second_mac=52:54:00:77:00:02
third_mac=52:54:00:77:00:03
hosts_file=/var/lib/libvirt/dnsmasq/lab.hostsfile

settings() {
	put_file homek8s.yaml <<-'END'
		kubernetes: {mode: "off"}
		first_start: converge
		vm: {minimum_uptime: 1s}
	END
}

home() { # EXTRA LINES OF THE NETWORK
	put_file desired.d/home.yaml <<-END
		networks:
		  lab:
		    static_ips: {node: 10.66.0.11}
		${1:-}
		vms:
		  node: {state: running, power: always}
	END
}

# Dual stack, IPv6 first, and entries of other people in every shape.
network() {
	cat <<-END
		<network>
		  <name>lab</name>
		  <forward mode='nat'/>
		  <bridge name='virbr66' stp='on' delay='0'/>
		  <domain name='lab.example' localOnly='yes'/>
		  <ip family='ipv6' address='fd66::1' prefix='64'>
		    <dhcp>
		      <range start='fd66::100' end='fd66::1ff'/>
		      <host id='0:3:0:1:2:0:0:0:0:11' name='node' ip='fd66::11'/>
		    </dhcp>
		  </ip>
		  <ip address='10.66.0.1' netmask='255.255.255.0'>
		    <dhcp>
		      <range start='10.66.0.50' end='10.66.0.99'>
		        <lease expiry='30' unit='minutes'/>
		      </range>
		      <host mac='$first_mac' name='node.lab.example' ip='10.66.0.11'>
		        <lease expiry='10' unit='minutes'/>
		      </host>
		      <host mac='52:54:00:77:00:0f' ip='10.66.0.20'/>
		      <host mac='52:54:00:77:00:0e' name='node' ip='10.66.0.21'/>
		      <host mac='52:54:00:77:00:0d' name='printer' ip='10.66.0.22'>
		        <lease expiry='2' unit='hours'/>
		      </host>
		    </dhcp>
		  </ip>
		</network>
	END
}

guest() { domain_xml node "$1" | sed "s/network='default'/network='lab'/"; }

entries() { virsh net-dumpxml lab "$@" | grep -E '<host |<range |<lease |</host>|</range>'; }
entry_of() { virsh net-dumpxml lab "${@:2}" | grep -F "mac='$1'"; }
tap() { virsh -q domiflist node | awk 'NR == 1 { print $1 }'; }
on_bridge() { ip -o link show master virbr66 | grep -q " $(tap)[:@]"; }
dnsmasq_pid() { cat /run/libvirt/network/"$1".pid; }
dnsmasq_runs() { kill -0 "$(dnsmasq_pid "$1")"; }

begin() {
	network >"$LAB/lab.xml"
	virsh -q net-define "$LAB/lab.xml"
	virsh -q net-start lab
	guest "$first_mac" >"$LAB/node.xml"
	virsh -q define "$LAB/node.xml"
	virsh -q start node
	daemon_home "$LAB/daemon"
	settings
	home
}

kept_as_it_is() {
	entries >"$LAB/live.before"
	entries --inactive >"$LAB/stored.before"
	libvirt_mark
	daemon_start
	check "a home that is right is converged" "in_order network reservation vm" 30
	libvirt_wrote "and nothing was written"
	check "entries are byte for byte as they were" \
		'diff <(entries) "$LAB/live.before" && diff <(entries --inactive) "$LAB/stored.before"'
	check "the guest has its address" "answers_ping 10.66.0.11" 90
}

# The address is moved and a range is cut: what is in the way of neither stays.
dual_stack() {
	home "    dhcp: {range: {start: 10.66.0.60, end: 10.66.0.99}}"
	check "the IPv4 range changes, though IPv6 stands first" \
		"entries | grep -F \"start='10.66.0.60'\" &&
			entries --inactive | grep -F \"start='10.66.0.60'\" && in_order network" 20
	check "with its lease time, and the rest as it was" \
		'diff <(entries) <(sed "s/10.66.0.50/10.66.0.60/" "$LAB/live.before")'
}

# What is stored gets another MAC.
store_mac() { # FROM TO
	virsh dumpxml --inactive node | sed "s/$1/$2/" >"$LAB/node.xml"
	virsh -q define "$LAB/node.xml"
}

# The stored definition gets another MAC: what runs keeps its entry until it stops. dnsmasq
# does not give the address to the new MAC while it is leased to the old one: that is said.
running_interface() {
	store_mac "$first_mac" "$second_mac"
	check "the stored entry follows the stored interface" \
		"entry_of $second_mac --inactive | grep -F 10.66.0.11" 20
	check "the live one stays with the interface that runs" \
		"entry_of $first_mac | grep -F 10.66.0.11 && ! entry_of $second_mac"
	virsh -q reset node
	check "after a reset the guest has its address again" \
		"guest_log node | grep -c 'up at 10.66.0.11' | grep -qx 2" 90
	virsh -q destroy node
	check "started anew, it runs with the other interface" \
		"virsh -q domiflist node | grep -F $second_mac" 30
	check "and the live entry is for that one, with name and lease time" \
		"entry_of $second_mac | grep -F \"name='node.lab.example' ip='10.66.0.11'\" &&
			! entry_of $first_mac" 20
	check "it has another address as long as its own is leased: not converged" \
		"finding lease-conflict 10.66.0.11 && is reservation/node pending 'still holds'" 90
	store_mac "$second_mac" "$first_mac"
	virsh -q destroy node
	check "back to the first one: its entry is live again" \
		"entry_of $first_mac | grep -F 10.66.0.11 && ! entry_of $second_mac" 60
	check "its guest has its address, and all is as written" \
		"answers_ping 10.66.0.11 && in_order network reservation vm" 90
}

# Plugged in while it runs, and the first one out: what runs counts, what is stored waits.
hot_plugged() {
	virsh -q attach-interface node network lab --model virtio --mac "$third_mac" --live
	stays "a second interface takes nothing from the first" "entry_of $first_mac" 2
	virsh -q detach-interface node network --mac "$first_mac" --live
	check "the only one that runs has the live entry" \
		"entry_of $third_mac | grep -F 10.66.0.11 && entry_of $first_mac --inactive" 30
	virsh -q destroy node
	check "started anew, the stored one has it again" \
		"entry_of $first_mac | grep -F 10.66.0.11 && ! entry_of $third_mac" 60
	check "and its guest the address" "answers_ping 10.66.0.11 && in_order reservation" 90
}

# Its process is another one, and runs.
dnsmasq_is_new() { # NETWORK PID
	[[ $(dnsmasq_pid "$1") != "$2" ]] && dnsmasq_runs "$1"
}
dnsmasq_ends() { # NETWORK SIGNAL WHAT
	local pid
	pid=$(dnsmasq_pid "$1")
	heals "$3" "kill -$2 $pid" "dnsmasq_is_new $1 $pid && is network/$1 converged" 60
}

dnsmasq_dies() {
	local pid
	entries >"$LAB/entries.before"
	check "dnsmasq runs" "dnsmasq_runs lab"
	dnsmasq_ends lab KILL "dnsmasq killed: it runs again"
	dnsmasq_ends lab TERM "dnsmasq ended by SIGTERM: it runs again"
	check "with the reservation" "grep -F $first_mac $hosts_file"
	check "no entry has changed" 'diff <(entries) "$LAB/entries.before"'
	pid=$(dnsmasq_pid lab)
	heals "killed while homek8sd is away: it runs again" \
		"daemon_stop; kill -KILL $pid; daemon_start" \
		"dnsmasq_is_new lab $pid && is network/lab converged" 60
}

# Without entries there is nothing to write once more.
dnsmasq_without_entries() {
	cat >"$LAB/plain.xml" <<-'END'
		<network>
		  <name>plain</name>
		  <bridge name='virbr67'/>
		  <ip address='10.67.0.1' netmask='255.255.255.0'>
		    <dhcp><range start='10.67.0.50' end='10.67.0.99'/></dhcp>
		  </ip>
		</network>
	END
	virsh -q net-define "$LAB/plain.xml"
	virsh -q net-start plain
	put_file desired.d/plain.yaml <<-'END'
		networks: {plain: {autostart: false}}
	END
	check "a network without entries" "is network/plain converged" 20
	virsh net-dumpxml plain >"$LAB/plain.before"
	dnsmasq_ends plain KILL "its dnsmasq killed: it runs again"
	check "and the network is as it was" \
		'diff <(virsh net-dumpxml plain) "$LAB/plain.before"' 20
}

guests_cut_off() {
	heals "a tap taken off the bridge: reported" 'ip link set "$(tap)" nomaster' \
		"is network/lab blocked 'cut off' && finding guests-cut-off" 20
	heals "put back: all is well" 'ip link set "$(tap)" master virbr66' \
		"in_order network && ! finding guests-cut-off" 20
	heals "the bridge deleted: the network has one again" 'ip link del virbr66' \
		"ip link show virbr66 && is network/lab blocked 'cut off'" 60
	heals "libvirtd restarted puts the guest back on it" \
		'libvirtd_stop; libvirtd_start' "on_bridge && in_order network" 60
	check "and it answers" "answers_ping 10.66.0.11" 30
}

only_in_libvirt() {
	put_file desired.d/home.yaml <<-'END'
		networks: {lab: {static_ips: {node: 10.66.0.11}}}
	END
	check "a machine that is written nowhere else: its entry is its interface's" \
		"in_order reservation && ! finding address-without-vm" 20
}

libvirt_count_calls
begin
kept_as_it_is
dual_stack
running_interface
hot_plugged
dnsmasq_dies
dnsmasq_without_entries
guests_cut_off
only_in_libvirt
daemon_stop
summary
