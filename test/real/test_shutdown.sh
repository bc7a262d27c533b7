#!/bin/bash
# A real host that shuts down and boots: a throw-away Debian in systemd-nspawn (host-functions.sh) whose
# logind waits for homek8sd, three VMs with a system that answers its power button. What was
# shut down in which order is read from the journal that the host leaves behind.
#
#   test_shutdown.sh             run; BUILD names the build directory
#   test_shutdown.sh --packages  print the Debian packages needed
#
# Exits 77 where it cannot run. HOMEK8S_KEEP=1 leaves the host running and says how to enter it.
# shellcheck disable=SC2016,SC2034,SC2154 # conditions are strings that check evaluates
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
build=${BUILD:-build}
[[ $build == /* ]] || build=$top/$build
# shellcheck source-path=SCRIPTDIR source=host-functions.sh
. "$here/host-functions.sh"

if [[ ${1:-} == --packages ]]; then
	host_packages "$("$here/build-guest.sh" --packages)"
	exit
fi
host_needs gzip
guest=$("$here/build-guest.sh") || skip "the guest could not be made"

vms='control-plane worker-1 worker-2'

vm() { # NAME ROLE
	cat <<-END
		  $1:
		    role: $2
		    type: qemu
		    vcpus: 1
		    memory: 128MiB
		    state: running
		    boot: {kernel: /var/lib/libvirt/boot/vmlinuz, initrd: /var/lib/libvirt/boot/initrd, cmdline: "console=ttyS0 quiet panic=1 guest.name=$1"}
	END
}
write_vms() {
	{
		echo 'network: {name: default, address: 192.168.122.1/24, dhcp: {range: {start: 192.168.122.2, end: 192.168.122.99}}}'
		echo 'vms:'
		vm control-plane control-plane
		vm worker-1 worker
		vm worker-2 worker
	} >"$root/etc/homek8s/desired.d/home.yaml"
	printf '%s\n' 'host: {shutdown: ordered, shutdown_timeout: 90s, start_interval: 4s}' \
		'first_start: converge' 'kubernetes: {mode: "off"}' >"$root/etc/homek8s/homek8s.yaml"
}

running() { [[ $(host virsh domstate "$1" | head -1) == running ]]; }
all_run() { for vm in $vms; do running "$vm" || return 1; done; }
leases() { host virsh -q net-dhcp-leases default | wc -l; }
holds() { has 'homek8sd.*delay' host systemd-inhibit --list --no-pager --no-legend; }
kept() { journalctl -D "$root/var/log/journal" -o cat --no-pager -u homek8sd "$@"; }
# When the first such step of the VM was done, in us.
when() { # STEP VM
	journalctl -D "$root/var/log/journal" -u homek8sd -o json --no-pager HOMEK8S_NAME="$2" |
		jq -r --arg step "$1" 'select(.HOMEK8S_ACTION == $step + " domain " + .HOMEK8S_NAME and
			.HOMEK8S_RESULT == "done") |
			.__REALTIME_TIMESTAMP' | sort -n | "${3:-head}" -1
}
before() { # STEP VM OTHER [head or tail]
	local one other
	one=$(when "$1" "$2" "${4:-head}") && other=$(when "$1" "$3" "${4:-head}") &&
		[[ -n $one && -n $other ]] && ((one < other))
}

advice() { ctl status -o json | jq -r '.findings[] | select(.id | contains("shutdown")) | .fix'; }
# The commands in it as they stand.
as_advised() { advice | grep -o '`[^`]*`' | tr -d '`' | host sh -e; }

test_ready() {
	check 'the next shutdown is delayed, for 120 s at most' 'holds &&
		[[ $(host busctl get-property org.freedesktop.login1 /org/freedesktop/login1 \
			org.freedesktop.login1.Manager InhibitDelayMaxUSec) == "t 120000000" ]]' 20
	check 'three VMs run, and have started' 'all_run && (($(leases) == 3))' 120
	check 'no finding is in the way, or what it prints mends it' 'as_advised; [[ -z $(advice) ]]' 20
	check 'doctor says who takes them down' 'has "homek8sd shuts the VMs down" ctl doctor'
}

test_stop() {
	sys stop homek8sd
	check 'P1: systemctl stop homek8sd: all run' all_run
	sys start homek8sd
	check 'and the next shutdown is delayed again' holds 20
}

test_poweroff() {
	sys poweroff 2>/dev/null || true
	check 'systemctl poweroff: the host is off, in less than the time it may take' \
		'! kill -0 $nspawn' 100
	wait "$nspawn" 2>/dev/null || true
	check 'both workers were requested to shut down before the control plane' \
		'before "shut down" worker-1 control-plane && before "shut down" worker-2 control-plane'
	check 'all three were down before homek8sd ended' \
		'[[ $(kept | tail -40 | grep -c "libvirt: stopped (shut down)") == 3 ]]'
}

test_boot() {
	boot
	check 'the host has booted: all run again' all_run 90
	check 'the control plane first, then the workers, 4 s apart' \
		'before start control-plane worker-1 tail && before start worker-1 worker-2 tail &&
		(($(when start worker-2 tail) - $(when start control-plane tail) > 7500000))'
}

# A VM that somebody has stopped, and one that dies.
test_respects() {
	check 'up' '(($(leases) == 3))' 120
	ctl stop vm/worker-2 || [[ $? == 1 ]]
	check 'homek8sctl stop worker-2' '! running worker-2' 60
	sys poweroff 2>/dev/null || true
	check 'off' '! kill -0 $nspawn' 100
	wait "$nspawn" 2>/dev/null || true
	boot
	check 'booted: what was stopped stays so, the others run' \
		'running control-plane && running worker-1 && ! running worker-2 && status' 90
	host virsh destroy worker-1 >/dev/null
	check 'healed: virsh destroy; no turn is waited for' 'running worker-1' 10
}

host_make
make -s -C "$top" BUILD="$build" DESTDIR="$root" install >"$work/install"
install -d "$root/etc/systemd/logind.conf.d"
printf '[Login]\nInhibitDelayMaxSec=120\n' >"$root/etc/systemd/logind.conf.d/homek8s.conf"
rm -f "$root/etc/systemd/system/multi-user.target.wants/libvirt-guests.service"
install -D -m 644 -t "$root/var/lib/libvirt/boot" "$guest"/{vmlinuz,initrd}
write_vms
ln -s /lib/systemd/system/homek8sd.service "$root/etc/systemd/system/multi-user.target.wants/"
first_boot
for part in ready stop poweroff boot respects; do
	test_$part
done
summary
