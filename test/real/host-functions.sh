# shellcheck shell=bash
# For test scripts that boot a real host: a throw-away Debian (build-host.sh) in systemd-nspawn
# with a network of its own. Brings report.sh along. The script sets `top`, the project's
# directory, and `build` before it reads this. It brings:
#
#   host_packages WORDS    the Debian packages this needs, with others, for --packages
#   host_needs PROGRAMS    ends the script with 77 where one is missing, here or in $build
#   host_make              unpacks the Debian into $root and configures its libvirt; $work, around
#                          it, goes at the end, and with it whatever runs
#   first_boot             skips the test where no Debian can be booted; later: boot
#   host COMMAND           runs it inside; sys: systemctl, ctl: homek8sctl, journal: of homek8sd
#   dropin UNIT TEXT       a drop-in of the unit; none removes it
#   write_home             a network, a VM without a system, a pool
#
# and conditions for `check`. HOMEK8S_KEEP=1 leaves the host running and says how to enter it.
# shellcheck disable=SC2016,SC2034,SC2154 # conditions are strings that check evaluates

# shellcheck source-path=SCRIPTDIR source=report.sh
. "$(dirname "${BASH_SOURCE[0]}")/report.sh"
host_source=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

host_packages() {
	echo "systemd-container util-linux procps jq make pkg-config systemd $*" \
		"$("$host_source/build-host.sh" --packages)" | tr -s ' \t\n' ' '
	echo
}

skip() {
	echo "SKIP $(basename "$0" .sh): $*"
	exit 77
}

host_needs() { # PROGRAMS
	local program
	[[ $(id -u) == 0 ]] || skip "needs root"
	[[ -c /dev/net/tun ]] || skip "needs /dev/net/tun: a machine, or a privileged container"
	for program in systemd-nspawn mmdebstrap nsenter jq "$@"; do
		command -v "$program" >/dev/null ||
			skip "no $program; packages needed:" "$("$0" --packages)"
	done
	for program in homek8sd homek8sctl fake-apiserver; do
		[[ -x $build/$program ]] || skip "$build/$program is not built"
	done
	archive=$("$host_source/build-host.sh") || skip "no Debian to boot; see above"
}

work=
root=
nspawn=
leader=

# Process 1 of the host, all below it, and the nspawn process.
end_host() {
	[[ -z $leader ]] || kill -KILL "$leader" 2>/dev/null || true
	[[ -z $nspawn ]] || kill -KILL "$nspawn" 2>/dev/null || true
	[[ -z $nspawn ]] || wait "$nspawn" 2>/dev/null || true
	leader=
	nspawn=
	forget_host
}
# What nspawn leaves in /run: all of it where it is killed, and some where it is not.
forget_host() {
	local run=/run/systemd/nspawn place
	for place in unix-export propagate; do
		umount -l "$run/$place/homek8s-$$" 2>/dev/null || true
		rmdir "$run/$place/homek8s-$$" 2>/dev/null || true
	done
	[[ -z $root ]] || rm -f "$run/locks/inode-$(stat -c %d:%i "$root")"
}
clean_up() {
	local status=$?
	trap - EXIT
	if [[ -n ${HOMEK8S_KEEP:-} ]]; then
		echo "kept: nsenter -t $leader -a -r -w ($work)"
		exit $status
	fi
	end_host
	remove_groups
	rm -rf "$work"
	exit $status
}
# Runs a command inside the host, whose root is named: where this runs in a chroot, that of
# the namespace is another.
host() {
	timeout -k 5 60 nsenter -t "$leader" -a -r -w -- env -i LANG=C.UTF-8 HOME=/root \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
}
sys() { host systemctl "$@"; }
ctl() { host homek8sctl "$@"; }
# Not as written is an answer, too.
status() { ctl status "$@" || [[ $? == 1 ]]; }
plan() { ctl plan "$@" || [[ $? == 1 ]]; }
# Has the command's output a line like PATTERN? Reads all of it: a writer that is cut off fails.
has() { # PATTERN COMMAND...
	local out
	out=$("${@:2}") && grep -qE -- "$1" <<<"$out"
}
property() { sys show homek8sd --value -p "$1"; }
journal() { host journalctl -u homek8sd --no-pager "$@"; }
dropin() { # UNIT TEXT: none removes it
	mkdir -p "$root/etc/systemd/system/$1.d"
	if [[ -n $2 ]]; then
		printf '%b\n' "$2" >"$root/etc/systemd/system/$1.d/test.conf"
	else
		rm -r "$root/etc/systemd/system/$1.d"
	fi
	sys daemon-reload
}

# Beside a systemd of this machine the host gets a control group of its own from it. Else it is
# made here: two hosts in one group would take each other's processes for their own.
groups=()
make_groups() {
	local target type options
	while read -r target type options; do
		if [[ $type == cgroup2 || ,$options, == *,name=systemd,* ]] &&
			mkdir "$target/homek8s-$$" 2>/dev/null; then
			groups+=("$target/homek8s-$$")
		fi
	done < <(findmnt -rn -t cgroup,cgroup2 -o TARGET,FSTYPE,FS-OPTIONS)
}
remove_groups() {
	local group
	for group in "${groups[@]}"; do
		wait_for 'find "$group" -depth -type d -exec rmdir {} + 2>/dev/null' 5 \
			>/dev/null 2>&1 || true
	done
}
in_groups() { # COMMAND
	local group
	for group in "${groups[@]}"; do
		echo $BASHPID >"$group/cgroup.procs"
	done
	exec "$@"
}

# Of the children of nspawn that which is process 1; the first ones only prepare it.
find_leader() {
	local pid
	for pid in $(pgrep -P "$nspawn"); do
		if grep -qE '^NSpid:.*[[:space:]]1$' "/proc/$pid/status"; then
			leader=$pid
			return
		fi
	done
	return 1
}

boot() {
	local flags=()
	if [[ ! -d /run/systemd/system ]]; then
		flags+=(--keep-unit)
		[[ ${#groups[@]} -gt 0 ]] || make_groups
	fi
	in_groups setpriv --pdeathsig KILL systemd-nspawn --quiet --register=no "${flags[@]}" \
		--directory="$root" --machine="homek8s-$$" --private-network --bind=/dev/net/tun \
		--capability=all --resolv-conf=off --timezone=off --link-journal=no --boot \
		--console=pipe </dev/null >>"$work/console" 2>&1 &
	nspawn=$!
	wait_for 'find_leader || ! kill -0 "$nspawn"' 60 >/dev/null && [[ -n $leader ]] || return 1
	booted=$(wait_for '[[ $(sys is-system-running) =~ ^(running|degraded)$ ]]' 60) || return 1
	echo "# booted in $booted ms"
}

host_make() {
	work=$(mktemp -d "${TMPDIR:-/tmp}/homek8s-host.XXXXXX")
	trap clean_up EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	root=$work/root
	mkdir "$root"
	tar -C "$root" -xf "$archive"
	configure
}

# Boots it for the first time, when it is a plain Debian: where that fails, this machine is the
# reason.
first_boot() {
	boot 2>/dev/null && return
	local why
	why=$(grep -aE '[a-z]{3}' "$work/console" | tail -1 | tr -cd '[:print:]')
	skip "systemd-nspawn cannot boot a Debian here: ${why:-it was not up within a minute}; it" \
		"needs control groups and a machine or a privileged container"
}

configure() {
	cat >>"$root/etc/libvirt/qemu.conf" <<-END
		cgroup_controllers = [ ]
		namespaces = [ ]
		security_driver = "none"
	END
	# The guest has no system that would answer the power button.
	echo SHUTDOWN_TIMEOUT=3 >>"$root/etc/default/libvirt-guests"
	mkdir -p "$root/var/log/journal"
	truncate -s 16M "$root/var/lib/libvirt/images/worker-1.raw"
	chmod 666 "$root/var/lib/libvirt/images/worker-1.raw"
}

write_home() {
	cat >"$root/etc/homek8s/desired.d/home.yaml" <<-END
		network:
		  name: default
		  address: 192.168.122.1/24
		  dhcp: {range: {start: 192.168.122.2, end: 192.168.122.99}}
		  static_ips: {worker-1: 192.168.122.11}
		vms:
		  worker-1:
		    vcpus: 1
		    memory: 64MiB
		    type: qemu
		    disk: {path: /var/lib/libvirt/images/worker-1.raw}
		metallb:
		  pools:
		    default-pool: {addresses: [192.168.122.100-192.168.122.150]}
	END
}

converged() { ctl wait --for=converged --timeout=1s; }
status_is() { [[ $(ctl status -o json | jq -r "$1") == "$2" ]]; }
vm_runs() { [[ $(host virsh domstate worker-1 | head -1) == running ]]; }
network_runs() { has '^default$' host virsh net-list --name; }
# Whoever asks reads that it does not run, and changes nothing about that.
stays_stopped() {
	local answer
	ctl status >/dev/null 2>"$work/answer" || answer=$?
	[[ ${answer:-0} == 4 && $(property ActiveState) == inactive ]] &&
		grep -q 'not running' "$work/answer"
}
qemu_pid() { host pgrep -f 'qemu-system.*guest=worker-1'; }
