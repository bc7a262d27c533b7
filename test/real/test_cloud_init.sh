#!/bin/bash
# What a real cloud-init makes of the seed that homek8sd has built: its stages run on the seed's
# files in a Debian of their own, and host name, user, key, files and network are as written. Exits
# 77 where the lab cannot run, or that Debian cannot be made.
# shellcheck disable=SC2016 # conditions in single quotes are evaluated later
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
if [[ -z ${LAB:-} ]]; then
	# It comes from apt, so it must be made while there is a network.
	CLOUD_ROOT=$("$here/build-cloud-init.sh") || { echo "SKIP cloud-init: a Debian with it could not be made"; exit 77; }
	export CLOUD_ROOT
	exec "$here/lab.sh" run "$here/test_cloud_init.sh"
fi
# shellcheck source-path=SCRIPTDIR source=lab-functions.sh
. "$LAB_FUNCTIONS"
# shellcheck source-path=SCRIPTDIR source=daemon.sh
. "$here/daemon.sh"
[[ -x $programs/homek8sd ]] || { echo "SKIP cloud-init: no $programs/homek8sd"; exit 77; }

images=/var/lib/libvirt/images
mac=52:54:00:aa:bb:01
key="ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHGkFLoFXNIBNs4o8kFqv2e2hTg3pgTNWKeeHU3sHmNt alice@home"
root=$(mktemp -d)
trap 'umount -R "$root/dev" "$root/proc" "$root/sys" "$root/run" 2>/dev/null || true; rm -rf --one-file-system "$root"' EXIT

build_seed() {
	mkdir -p "$images"
	virsh -q pool-define-as default dir --target "$images" >/dev/null
	virsh -q pool-start default >/dev/null
	daemon_home "$LAB/daemon"
	put_file homek8s.yaml <<-'END'
		kubernetes: {mode: "off"}
		first_start: converge
	END
	put_file desired.d/home.yaml <<-END
		network: {name: default, address: 192.168.122.1/24}
		vms:
		  worker-1:
		    type: qemu
		    vcpus: 1
		    memory: 128MiB
		    state: stopped
		    disk: {size: 16MiB}
		    interfaces: [{network: default, mac: "$mac"}]
		    cloud_init:
		      hostname: worker-1
		      user: alice
		      ssh_authorized_keys: ["$key"]
		      user_data:
		        timezone: Asia/Tokyo
		        write_files: [{path: /etc/hello, content: "made by cloud-init\n"}]
	END
	daemon_start
	check "the seed is built" "is volume/default/worker-1.seed converged && is vm/worker-1 converged" 60
}

inside() { chroot "$root" env PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C "$@"; }

# As a guest finds it, with the interface that the seed is about.
prepare() {
	tar -C "$root" -xf "$CLOUD_ROOT"
	mount --rbind /dev "$root/dev"
	mount -t proc proc "$root/proc"
	mount -t sysfs sysfs "$root/sys"
	mount -t tmpfs run "$root/run"
	ip link add seed0 address "$mac" type veth peer name seed1
	mkdir -p "$root/var/lib/cloud/seed/nocloud"
	cp "$images"/worker-1.seed-*.iso "$root/seed.iso"
	inside xorriso -osirrox on -indev /seed.iso -extract / /var/lib/cloud/seed/nocloud 2>/dev/null
	printf 'locale: C.UTF-8\n' >"$root/etc/cloud/cloud.cfg.d/99_test.cfg" # its Debian has no other
}

said() { inside cat /var/log/cloud-init.log; }
seeds_file() { inside cloud-init schema --config-file "/var/lib/cloud/seed/nocloud/$1"; }

applied() {
	check "it is found where cloud-init looks for it" "inside /usr/lib/cloud-init/ds-identify --force &&
		inside cat /run/cloud-init/cloud.cfg | grep -q NoCloud"
	check "what the user wrote, and who it is, is of the schema" \
		"seeds_file user-data && seeds_file vendor-data"
	check "the stages end well" "inside cloud-init init --local && inside cloud-init init &&
		inside cloud-init modules --mode=config && inside cloud-init modules --mode=final"
	said | grep -F '[WARNING]' | sed 's/^/# /' || true
	check "with nothing to warn of in the seed" '! said | grep -E "DEPRECATED|Unhandled|Invalid" >/dev/null'
	check "the host's name" '[[ $(inside hostname) == worker-1 && $(cat "$root/etc/hostname") == worker-1 ]]'
	check "the user, who may use sudo" \
		'inside id alice && inside sudo -n -l -U alice | grep -q "NOPASSWD: ALL"'
	check "may log in by the key" '[[ $(cat "$root/home/alice/.ssh/authorized_keys") == "$key" &&
		$(inside stat -c %U:%a /home/alice/.ssh/authorized_keys) == alice:600 ]]'
	check "what the user data says" '[[ $(cat "$root/etc/hello") == "made by cloud-init" &&
		$(readlink "$root/etc/localtime") == */Asia/Tokyo ]]'
	check "its interface is known by its MAC address, and leases by it" 'inside netplan generate &&
		grep -qi "MACAddress=$mac" "$root"/run/systemd/network/*nic0* &&
		grep -q "ClientIdentifier=mac" "$root"/run/systemd/network/*nic0*'
	check "and the instance by its domain" \
		'[[ $(inside cloud-init query instance_id) == homek8s-worker-1 ]]'
}

build_seed
prepare
applied
daemon_stop
summary
