#!/bin/bash
# Proves that the lab is the real thing: network, DHCP, a guest that boots and answers, and
# every fault that the other tests build on. Exits 77 where the lab cannot run.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
if [[ -z ${LAB:-} ]]; then exec "$here/lab.sh" run "$here/test_lab.sh"; fi
# shellcheck source-path=SCRIPTDIR source=lab-functions.sh
. "$LAB_FUNCTIONS"
[[ -n ${LAB_GUEST:-} ]] || { echo "SKIP lab: the guest could not be made"; exit 77; }

mac=52:54:00:00:00:11
ip=192.168.122.11
host="<host mac='$mac' name='worker-1' ip='$ip'/>"

state() { virsh -q domstate worker-1; }

virsh -q net-define <(network_xml "$host") >/dev/null
virsh -q net-start default >/dev/null
check "network default is up with dnsmasq behind it" \
	"ip -br addr show virbr0 | grep 192.168.122.1/24 && grep -q $mac,$ip \
	/var/lib/libvirt/dnsmasq/default.hostsfile"
check "it is NAT" "nft list ruleset | grep 192.168.122.0/24 | grep masquerade"
check "there is no way out" "! ip route | grep default"

virsh -q define <(domain_xml worker-1 $mac) >/dev/null
virsh -q start worker-1 >/dev/null
check "guest boots and gets the reserved address" \
	"virsh -q net-dhcp-leases default | grep $ip" 60
check "guest answers ping" "answers_ping $ip" 20
check "guest says so on its serial console" "guest_log worker-1 | grep 'worker-1 up at $ip'" 5
check "lease carries the guest's name" \
	"virsh -q net-dhcp-leases default | grep -E 'worker-1'" 5

more="<host mac='52:54:00:00:00:12' name='worker-2' ip='192.168.122.12'/>"
virsh -q net-update default add ip-dhcp-host "$more" --live --config >/dev/null
check "net-update reaches the running dnsmasq's file" \
	"grep 192.168.122.12 /var/lib/libvirt/dnsmasq/default.hostsfile"

qemu=$(qemu_pid worker-1)
libvirtd_pause
check "a paused libvirtd answers nobody" "! timeout 1 virsh -q uri" 3
check "the guest does not mind" "answers_ping $ip" 5
libvirtd_continue
check "continued, it answers" "libvirtd_lives && timeout 5 virsh -q uri" 10

libvirtd_kill
check "a killed libvirtd is gone" "! timeout 2 virsh -q uri" 3
libvirtd_start
check "restarted, it finds the guest again" "[[ \$(state) == running ]]" 10
check "same qemu as before" "[[ \$(qemu_pid worker-1) == $qemu ]] && answers_ping $ip" 5
libvirtd_stop
libvirtd_start
check "stopped in order and restarted, the same" \
	"[[ \$(state) == running && \$(qemu_pid worker-1) == $qemu ]]" 10
# Until it has the guest's monitor again, libvirtd cannot know how the guest ends.
check "and has the guest's monitor" \
	"virsh qemu-monitor-command worker-1 --hmp 'info status' | grep running" 10

kill -KILL "$qemu"
check "kill -9 of qemu: libvirt says shut off" "[[ \$(state) == 'shut off' ]]" 10
check "and says crashed" "virsh domstate --reason worker-1 | grep -E 'crashed|failed'"
virsh -q start worker-1 >/dev/null
check "guest is back at its address" "answers_ping $ip" 60
check "and ready for its power button" "guest_log worker-1 | grep 'up at $ip'" 20
virsh -q shutdown worker-1 >/dev/null
check "ACPI shutdown ends it" "[[ \$(state) == 'shut off' ]]" 20
virsh -q start worker-1 >/dev/null
virsh -q destroy worker-1 >/dev/null
check "virsh destroy ends it" "[[ \$(state) == 'shut off' ]]" 5
virsh -q net-destroy default >/dev/null
check "network goes, bridge goes" "! ip link show virbr0" 5
summary
