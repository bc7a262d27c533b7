#!/bin/bash
# Makes the small guest that the lab boots: Debian's cloud kernel and an initramfs of
# busybox. It asks for its address by DHCP, answers ping, says so on the serial console, and
# what stands on a CD, and powers off when the ACPI button is pressed. Prints the directory that holds `vmlinuz` and
# `initrd`; made once, kept in the cache. Nothing is installed on this machine.
#
#   build-guest.sh             print the directory, making it first if need be
#   build-guest.sh --packages  print the Debian packages needed
#
# On the guest's kernel command line `guest.name=NAME` sets the name it sends, and
# `guest.own=ADDRESS` an address of its own, of which an agent informs libvirt.
set -euo pipefail

packages="busybox-static gzip xz-utils dpkg"
# In loading order: each needs those before it.
modules="virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci failover
	net_failover virtio_net virtio_blk virtio_console button evdev scsi_common scsi_mod
	virtio_scsi cdrom sr_mod isofs virtio_balloon"
cache=${HOMEK8S_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/homek8s}

say() { echo "build-guest: $*" >&2; }
die() { say "$@"; exit 1; }

unpack_kernel() { # DIR: leaves the package's files in DIR/kernel
	local name
	name=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null |
		awk '/Depends: linux-image-/ { print $2; exit }')
	[[ -n $name ]] || die "apt knows no linux-image-cloud-amd64 (apt-get update?)"
	(cd "$1" && apt-get -qq -o APT::Sandbox::User=root download "$name" >&2)
	dpkg -x "$1"/linux-image-*.deb "$1/kernel"
}

write_init() { # ROOT
	cat >"$1/init" <<-'END'
		#!/bin/sh
		mount -t devtmpfs dev /dev
		mount -t proc proc /proc
		mount -t sysfs sys /sys
		name=$(sed -n 's/.*guest\.name=\([^ ]*\).*/\1/p' /proc/cmdline)
		hostname "${name:-guest}"
		for m in $(cat /modules/order); do insmod /modules/$m.ko; done
		acpid -c /etc/acpi -l /dev/null
		/seed &
		ip link set lo up
		ip link set eth0 up
		own=$(sed -n 's/.*guest\.own=\([^ ]*\).*/\1/p' /proc/cmdline)
		if [ -n "$own" ]; then
			ip addr add $own/24 dev eth0
			/agent $own &
		fi
		udhcpc -i eth0 -x "hostname:$(hostname)" -F "$(hostname)" -s /lease -t 20 -T 1 -A 1 -b
		while :; do sleep 3600; done
	END
	cat >"$1/seed" <<-'END'
		#!/bin/sh
		# A CD with the label of cloud-init's data source.
		n=0
		until [ -e /dev/sr0 ] || [ $((n += 1)) -gt 30 ]; do sleep 0.2; done
		[ -e /dev/sr0 ] || exit 0
		mount -t iso9660 -o ro /dev/sr0 /mnt || exit 0
		label=$(dd if=/dev/sr0 bs=1 skip=32808 count=6 2>/dev/null)
		for f in /mnt/*; do
			while read -r line; do
				echo "guest $(hostname) $label ${f##*/}: $line"
			done <$f
		done >/dev/ttyS0
	END
	cat >"$1/lease" <<-'END'
		#!/bin/sh
		case $1 in
		deconfig) ip addr flush dev $interface ;;
		bound | renew)
			ip addr replace $ip/$mask dev $interface
			if [ -n "$router" ]; then ip route replace default via $router; fi
			[ $1 = renew ] || echo "guest $(hostname) up at $ip" >/dev/ttyS0 ;;
		esac
	END
	cat >"$1/etc/acpi/PWRF/00000080" <<-'END'
		#!/bin/sh
		echo "guest $(hostname) powers off" >/dev/ttyS0
		poweroff -f
	END
	# As qemu-guest-agent does: answers what it is sent, and what it does not know with an error.
	cat >"$1/agent" <<-'END'
		#!/bin/sh
		mac=$(cat /sys/class/net/eth0/address)
		for port in /sys/class/virtio-ports/*; do
			[ "$(cat $port/name)" != org.qemu.guest_agent.0 ] || exec 3<>/dev/${port##*/}
		done
		while :; do
			while read -r line <&3; do
				id=$(echo "$line" | sed -n 's/.*"id": *\([0-9]*\).*/\1/p')
				case $line in
				*guest-sync-delimited*) printf '\377{"return": %s}\n' $id ;;
				*guest-sync*) printf '{"return": %s}\n' $id ;;
				*guest-network-get-interfaces*)
					printf '{"return": [{"name": "eth0", "hardware-address": "%s", "ip-addresses": [%s, %s, %s]}, %s]}\n' \
						$mac \
						'{"ip-address": "fe80::1", "ip-address-type": "ipv6", "prefix": 64}' \
						'{"ip-address": "2001:db8::7", "ip-address-type": "ipv6", "prefix": 64}' \
						'{"ip-address": "'$1'", "ip-address-type": "ipv4", "prefix": 24}' \
						'{"name": "cni0", "hardware-address": "02:00:00:00:00:01", "ip-addresses": [{"ip-address": "10.244.0.1", "ip-address-type": "ipv4", "prefix": 24}]}' ;;
				*) printf '{"error": {"class": "CommandNotFound", "desc": "not here"}}\n' ;;
				esac >&3
			done
			sleep 1
		done
	END
	chmod +x "$1/init" "$1/agent" "$1/seed" "$1/lease" "$1/etc/acpi/PWRF/00000080"
}

pack_initrd() { # DIR
	local root=$1/root m found
	mkdir -p "$root"/{bin,dev,mnt,proc,sys,modules,etc/acpi/PWRF,var/run}
	cp /bin/busybox "$root/bin/busybox"
	for m in $(/bin/busybox --list); do
		[[ $m == busybox ]] || ln -s busybox "$root/bin/$m"
	done
	for m in $modules; do
		# Under lib or usr/lib, and compressed in later Debians.
		found=$(find "$1/kernel" -path '*/lib/modules/*' -name "$m.ko*" -print -quit)
		case $found in
		*.ko) cp "$found" "$root/modules/" ;;
		*.ko.xz) xz -dc "$found" >"$root/modules/$m.ko" ;;
		*)
			grep -rqs --include=modules.builtin "/$m\.ko" "$1/kernel" ||
				die "this kernel has no module $m"
			continue ;;
		esac
		echo "$m"
	done >"$root/modules/order"
	write_init "$root"
	(cd "$root" && find . | /bin/busybox cpio -o -H newc 2>/dev/null) | gzip -1 >"$1/initrd"
}

build() { # WHERE
	local dir
	if ldd /bin/busybox >/dev/null 2>&1; then die "needs busybox-static"; fi
	mkdir -p "$cache"
	exec 9>"$cache/build-guest.lock"
	flock 9
	if [[ -d $1 ]]; then return; fi
	work=$(mktemp -d "$cache/build-guest.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	trap 'exit 130' INT TERM
	say "making the guest, once, in $work"
	unpack_kernel "$work"
	pack_initrd "$work"
	mkdir "$work/done"
	cp "$work"/kernel/boot/vmlinuz-* "$work/done/vmlinuz"
	mv "$work/initrd" "$work/done/initrd"
	for dir in "$cache"/guest-*; do rm -rf "$dir"; done # of older versions of this script
	mv "$work/done" "$1"
}

case ${1:-} in
--packages)
	echo "$packages"
	exit ;;
"") ;;
*) die "usage: build-guest.sh [--packages]" ;;
esac
guest=$cache/guest-$(sha256sum <"$0" | cut -c1-12)
if [[ ! -d $guest ]]; then build "$guest"; fi
echo "$guest"
