#!/bin/bash
# Runs a program in a private world with its own real libvirtd: own network, mount, process,
# host name and IPC namespaces, tmpfs over every directory that libvirt writes to. Nothing
# reaches the host's network, and nothing is left when the program ends, however it ends:
# the kernel kills what lives in the namespaces and forgets them.
#
#   lab.sh run PROGRAM [ARGS]   run it there as root; exit code is the program's
#   lab.sh --packages           print the Debian packages needed
#
# Inside, qemu:///system works as on any host, $LAB is a scratch directory (libvirtd.log lies
# there) and shell scripts may source $LAB_FUNCTIONS. `lab.sh run bash` gives a shell to look
# around. Exits 77 where the lab cannot run.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
packages="libvirt-daemon-system libvirt-clients dnsmasq-base qemu-system-x86 qemu-utils ovmf
	iproute2 iptables nftables util-linux"

skip() { echo "SKIP lab: $*"; exit 77; }

check_needs() {
	[[ $(id -u) == 0 ]] || skip "needs root"
	[[ -c /dev/net/tun ]] || skip "needs /dev/net/tun: a machine, or a privileged container"
	local p
	for p in libvirtd virsh dnsmasq qemu-system-x86_64 ip nft busybox unshare setpriv; do
		command -v "$p" >/dev/null || skip "no $p; packages needed:" "$("$0" --packages)"
	done
	unshare --net --mount --pid --fork true 2>/dev/null || skip "may not make namespaces: needs a machine, or a privileged container"
}

configure_libvirt() {
	cat >/etc/libvirt/libvirtd.conf <<-END
		auth_unix_rw = "none"
		auth_unix_ro = "none"
		unix_sock_rw_perms = "0777"
		host_uuid = "6c616221-0000-4000-8000-000000000001"
		log_outputs = "2:file:$LAB/libvirtd.log"
	END
	cat >/etc/libvirt/qemu.conf <<-END
		user = "root"
		group = "root"
		dynamic_ownership = 0
		security_driver = "none"
		cgroup_controllers = [ ]
		namespaces = [ ]
		stdio_handler = "file"
	END
	mkdir -p /etc/libvirt/qemu/networks/autostart /var/lib/libvirt/images
}

# Runs as process 1 of the new world. sysfs is mounted anew because the host's shows the
# host's interfaces and carries its control groups.
inside() {
	local d
	for d in /run /etc/libvirt /var/lib/libvirt /var/log/libvirt /var/cache/libvirt; do
		mkdir -p "$d"
		mount -t tmpfs -o mode=755 lab "$d"
	done
	mount -t sysfs sysfs /sys
	export LAB=/run/lab LAB_FUNCTIONS=$here/lab-functions.sh
	mkdir -p "$LAB" /run/lock
	hostname lab
	ip link set lo up
	echo 1 >/proc/sys/net/ipv4/ip_forward
	configure_libvirt
	# shellcheck source-path=SCRIPTDIR source=lab-functions.sh
	. "$LAB_FUNCTIONS"
	libvirtd_start
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	"$@"
}

case ${1:-} in
run)
	[[ $# -ge 2 ]] || { echo "usage: lab.sh run PROGRAM [ARGS]" >&2; exit 2; }
	check_needs
	shift
	# The guest comes from apt, so it must be made while there is a network.
	LAB_GUEST=$("$here/build-guest.sh") || LAB_GUEST=
	export LAB_GUEST
	# Death passes down: of this shell to unshare, and of unshare to the whole world.
	setpriv --pdeathsig KILL unshare --net --mount --pid --uts --ipc --fork --kill-child \
		--mount-proc "$0" inside "$@" ;;
inside)
	[[ $$ == 1 ]] || { echo "lab.sh: inside is for lab.sh itself" >&2; exit 2; }
	shift
	inside "$@" ;;
--packages)
	echo "$packages" "$("$here/build-guest.sh" --packages)" | tr -s ' \t\n' ' '
	echo ;;
*)
	echo "usage: lab.sh run PROGRAM [ARGS] | --packages" >&2
	exit 2 ;;
esac
