#!/bin/bash
# What only real parts prove of cloud-init's seeds: a guest that reads one, what becomes of it
# when its files are edited, and what is left of one that was not written to its end. Exits 77
# where the lab cannot run.
# shellcheck disable=SC2016 # conditions in single quotes are evaluated later
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
if [[ -z ${LAB:-} ]]; then exec "$here/lab.sh" run "$here/test_seed.sh"; fi
# shellcheck source-path=SCRIPTDIR source=lab-functions.sh
. "$LAB_FUNCTIONS"
# shellcheck source-path=SCRIPTDIR source=daemon.sh
. "$here/daemon.sh"
[[ -n ${LAB_GUEST:-} ]] || { echo "SKIP seed: the guest could not be made"; exit 77; }
[[ -x $programs/homek8sd ]] || { echo "SKIP seed: no $programs/homek8sd"; exit 77; }

images=/var/lib/libvirt/images
tiny=/var/lib/libvirt/tiny
clones='a b c d e f'
secret=not-for-anybodys-eyes

settings() {
	put_file homek8s.yaml <<-'END'
		kubernetes: {mode: "off"}
		first_start: converge
		vm: {minimum_uptime: 1s, stop_timeout: 4s, stop_resend: 1s, stop_force: true}
	END
}

user_data() { # WORD
	mkdir -p "$home/etc/cloud-init"
	put_file cloud-init/user-data.yaml <<-END
		#cloud-config
		hello: $1
		password: $secret
	END
}

vm() { # NAME STATE CLOUD_INIT
	cat <<-END
		  $1:
		    type: qemu
		    vcpus: 1
		    memory: 128MiB
		    state: $2
		    disk: {size: 16MiB}
		    cloud_init: {$3}
		    boot:
		      kernel: $(guest_kernel)
		      initrd: $(guest_initrd)
		      cmdline: console=ttyS0 quiet panic=1 guest.name=$1
	END
}

home() { # LINES OF VMS
	put_file desired.d/home.yaml <<-END
		network: {name: default, address: 192.168.122.1/24}
		vms:
		$1
	END
}

# The first command of the reason, to be done as it is printed.
do_as_told() {
	local command
	command=$(status -o json | jq -r '.objects[] | select(.key == "volume/default/node.seed") | .reason' |
		grep -o '`virsh[^`]*`' | head -n 1)
	bash -c "${command//\`/}"
}
state() { virsh -q domstate "$1"; }
seeds_in() { virsh -q vol-list "$1" | awk '$1 ~ /\.seed-/ { print $1 }'; }
seed_of() { virsh dumpxml --inactive "$1" | grep -o "$1\.seed-[0-9a-f]*\.iso"; }
runs_with() { virsh dumpxml "$1" | grep -o "$1\.seed-[0-9a-f]*\.iso"; }
# From its start on: who comes later finds nothing.
listen() { # NAME
	wait_for "virsh -q ttyconsole $1 | grep /dev" 30 >/dev/null
	cat "$(virsh -q ttyconsole "$1")" >"$LAB/$1.console" 2>/dev/null &
}
is_whole() { # SEED
	[[ $(head -c 16 "$images/$1") == 'homek8sd-seed 1 ' ]] &&
		[[ $(head -c 64 "$images/$1" | awk '{ print $5 }') == "$(stat -c %s "$images/$1")" ]] &&
		[[ $(tail -c +2049 "$images/$1" | head -c 65536 | tr -d '\0' | wc -c) -gt 0 ]]
}

read_by_a_guest() {
	mkdir -p "$images" "$tiny"
	virsh -q pool-define-as default dir --target "$images" >/dev/null
	virsh -q pool-start default >/dev/null
	daemon_home "$LAB/daemon"
	settings
	user_data one
	home "$(vm node running 'user_data: cloud-init/user-data.yaml')"
	daemon_start
	listen node
	check "a VM is defined and started with its seed" \
		'is vm/node converged && is volume/default/node.seed converged && [[ $(state node) == running ]]' 60
	check "its guest finds the label, and reads user data" \
		"guest_log node | grep -q 'guest node cidata user-data: hello: one'" 60
	check "and that it is known by its MAC address" \
		"guest_log node | grep 'network-config: nic0' | grep -q \"\$(virsh -q domiflist node | awk '{ print \$5 }')\""
	check "and who it is" "guest_log node | grep -q 'meta-data: .*homek8s-node'"
	check "nobody but root may read it on the host" \
		'[[ $(stat -c %a "$images/$(seed_of node)") == 600 ]]'
}

no_secrets() {
	local verb
	for verb in status 'status -o json' plan 'plan -o json' diff 'describe vm/node' \
		'describe volume/default/node.seed' 'list volume -o json' events support; do
		# shellcheck disable=SC2086 # a verb and its options
		ctl $verb || true
	done >"$LAB/shown" 2>&1
	check "what user data says is shown nowhere" \
		'[[ -s $LAB/shown ]] && ! grep -qF "$secret" "$LAB/shown" "$home/log"'
}

edited() {
	local first pid
	first=$(seed_of node)
	pid=$(qemu_pid node)
	user_data two
	check "an edited file makes another seed, for the next boot" \
		"[[ \$(seed_of node) != $first && \$(runs_with node) == $first ]]" 30
	check "which is said" "is vm/node blocked 'waits for approval: restart vm/node, which has cloud_init'" 20
	check "the guest runs on, and its own seed is kept" \
		"[[ $pid == \$(qemu_pid node) ]] && seeds_in default | grep -qx $first"
	no_secrets
	virsh -q destroy node >/dev/null
	wait_for '[[ $(state node) == running ]]' 30 >/dev/null
	listen node
	check "its next boot reads the new one" \
		"guest_log node | grep -q 'guest node cidata user-data: hello: two'" 60
	check "and the one before is deleted" \
		"! seeds_in default | grep -qx $first && is vm/node converged" 30
}

# What a killed writer leaves, and what somebody else put there.
left_behind() {
	local seed
	home "$(vm node stopped 'user_data: cloud-init/user-data.yaml')"
	check "stopping the only VM waits for approval" "is vm/node blocked 'waits for approval'" 20
	ctl approve vm/node >/dev/null
	wait_for '[[ $(state node) == "shut off" ]]' 40 >/dev/null
	seed=$(seed_of node)
	daemon_stop
	virsh -q undefine node >/dev/null
	truncate -s 100K "$images/$seed"
	virsh -q pool-refresh default >/dev/null
	daemon_start
	check "one that was not written to its end is made anew" \
		"is volume/default/node.seed converged && is vm/node converged && is_whole $seed" 40
	daemon_stop
	virsh -q undefine node >/dev/null
	echo "not a seed" >"$images/$seed"
	virsh -q pool-refresh default >/dev/null
	daemon_start
	check "one that homek8sd did not make is left alone" \
		"is volume/default/node.seed blocked 'was not made by homek8sd' && grep -q 'not a seed' $images/$seed" 20
	heals "removed as is said, it is made" \
		do_as_told "is vm/node converged && is_whole $seed" 60
}

all_clones() { # STATE WORD
	local name
	for name in $clones; do vm "$name" "$1" "user_data: {hello: $2}"; done
}

clones_are_whole() {
	local name
	for name in $clones; do
		is "volume/default/$name.seed" converged && is "vm/$name" converged &&
			is_whole "$(seed_of "$name")" || return 1
	done
	[[ $(seeds_in default | wc -l) == $(wc -w <<<"$clones") ]]
}

killed() {
	local instant word=0
	virsh -q undefine node >/dev/null
	rm -f "$images"/node.*
	virsh -q pool-refresh default >/dev/null
	home "$(all_clones stopped "$word")"
	for instant in 13 05 31 02 44 21; do
		sleep "0.$instant"
		daemon_kill
		home "$(all_clones stopped $((word += 1)))"
		daemon_start
	done
	check "killed six times while it makes seeds, edited meanwhile: one whole one each" \
		clones_are_whole 60
	libvirtd_pause
	home "$(all_clones stopped last)"
	sleep 0.5
	daemon_kill
	libvirtd_continue
	wait_for 'libvirtd_lives && virsh -q list' 20 >/dev/null
	daemon_start
	check "and killed while libvirtd hangs, too" clones_are_whole 60
}

full() {
	local word
	mount -t tmpfs -o size=16k tmpfs "$tiny"
	virsh -q pool-define-as tiny dir --target "$tiny" >/dev/null
	virsh -q pool-start tiny >/dev/null
	home "$(vm small stopped 'pool: tiny')"
	check "a full pool is said" "is volume/tiny/small.seed failing 'No space left'" 30
	check "with nothing half made in it" '[[ -z $(seeds_in tiny) && -z $(ls "$tiny") ]]'
	heals "it is made once there is room" "mount -o remount,size=8m $tiny" \
		'is volume/tiny/small.seed converged && is vm/small converged' 60
	umount -l "$tiny"
}

read_by_a_guest
edited
left_behind
killed
full
daemon_stop
summary
