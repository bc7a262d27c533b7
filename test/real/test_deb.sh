#!/bin/bash
# The Debian package on a real host (host-functions.sh): built by `make deb`, installed, upgraded
# while the daemon runs, removed, purged.
#
#   test_deb.sh             run; BUILD names the build directory
#   test_deb.sh --packages  print the Debian packages needed
#
# Exits 77 where it cannot run. HOMEK8S_KEEP=1 leaves the host running and says how to enter it.
# shellcheck disable=SC2016,SC2034,SC2119,SC2154 # conditions are strings that check evaluates
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
build=${BUILD:-build}
[[ $build == /* ]] || build=$top/$build
# shellcheck source-path=SCRIPTDIR source=host-functions.sh
. "$here/host-functions.sh"

if [[ ${1:-} == --packages ]]; then
	host_packages debhelper dpkg-dev lintian
	exit
fi
host_needs dh dpkg-buildpackage lintian

deb() { # VERSION: the path of its package, among the host's files
	echo "/root/homek8sd_$1_$(dpkg --print-architecture).deb"
}
# Its own copy of what was built: others may be building there.
make_deb() { # VERSION
	mkdir -p "$work/build"
	cp -a "$build"/{obj,libhomek8s.a,homek8sd,homek8sctl} "$work/build/"
	make -s -C "$top" BUILD="$work/build" VERSION="$1" deb >"$work/deb.log" 2>&1 &&
		mv "$work/build/$(basename "$(deb "$1")")" "$root/root/"
}
packaged() { # COMMAND: dpkg's, on the host
	host env DEBIAN_FRONTEND=noninteractive dpkg "$@" >"$work/dpkg.log" 2>&1
}
package_is() { [[ $(host dpkg-query -W -f '${Status}' homek8sd) == "$1" ]]; }
same_home() { network_runs && [[ $(qemu_pid) == "$qemu" ]]; }

test_package() {
	check 'make deb' 'make_deb 1.0.0 && make_deb 1.0.1'
	check 'lintian finds no error' \
		'lintian --allow-root --fail-on error "$root$(deb 1.0.0)" >"$work/lintian"'
	sed 's/^/# /' "$work/lintian"
}

test_install() {
	check 'it is installed' 'packaged -i "$(deb 1.0.0)" && package_is "install ok installed"'
	check 'with its user, in group libvirt' 'has "\<libvirt\>" host id -nG homek8s'
	check 'with manual pages, completion and journal catalog' 'host man -w homek8sd homek8sctl homek8s.yaml &&
		[[ -s $root/usr/share/bash-completion/completions/homek8sctl ]] &&
		has "homek8sd is ready" host journalctl --list-catalog'
	check 'the service is neither enabled nor started: there is no home yet' \
		'[[ $(sys is-enabled homek8sd) == disabled && $(property ActiveState) == inactive ]]'
	write_home
	echo 'first_start: converge' >"$root/etc/homek8s/homek8s.yaml"
	sed -i '/^metallb:/,$d' "$root/etc/homek8s/desired.d/home.yaml"
	check 'healed: enabled and started, the home converges' \
		'sys enable --now homek8sd && converged && vm_runs' 60
	qemu=$(qemu_pid)
}

test_upgrade() {
	local pid asked=0
	pid=$(property MainPID)
	packaged -i "$(deb 1.0.1)" &
	while kill -0 $! 2>/dev/null; do
		asked=$((asked + 1))
		status >/dev/null 2>>"$work/refused" || true
	done
	check 'it is upgraded while the daemon runs' 'wait $! && package_is "install ok installed" &&
		[[ $(host dpkg-query -W -f "\${Version}" homek8sd) == 1.0.1 ]]'
	check 'which was restarted and is still enabled' '[[ $(property MainPID) != "$pid" &&
		$(property ActiveState) == active && $(sys is-enabled homek8sd) == enabled ]]'
	check "P1: network and VM stay, and none of $asked clients found nobody" \
		'same_home && ((asked > 2)) && ! grep -q "not running" "$work/refused"'
	check 'all is converged' converged 30
	sys stop homek8sd
	check 'who has stopped it finds it stopped after an upgrade' \
		'packaged -i "$(deb 1.0.0)" && stays_stopped'
	sys start homek8sd
}

test_remove() {
	check 'it is removed' 'packaged -r homek8sd && package_is "deinstall ok config-files"'
	check 'P1: the daemon is gone, network and VM stay' '! host pgrep -x homek8sd && same_home'
	check 'so do the home and the state' '[[ -s $root/etc/homek8s/desired.d/home.yaml &&
		-s $root/var/lib/homek8s/state.json ]]'
	check 'installed again it goes on' 'packaged -i "$(deb 1.0.1)" && sys start homek8sd &&
		ctl wait --for=converged --timeout=30s && same_home'
}

test_purge() {
	local left
	dropin homek8sd.service '[Service]\nRuntimeDirectoryMode=0755'
	check 'it is purged' 'packaged --purge homek8sd && ! package_is "deinstall ok config-files"'
	check 'P1: network and VM stay' same_home
	check 'what was written by hand stays, and is named' \
		'[[ -s $root/etc/homek8s/desired.d/home.yaml ]] &&
		grep -q "stays; to remove it: rm -r /etc/homek8s$" "$work/dpkg.log" &&
		grep -q "rm -r /etc/systemd/system/homek8sd.service.d$" "$work/dpkg.log"'
	left=$(cd "$root" && find etc usr lib/systemd run var/lib -xdev -iname '*homek8s*' \
		! -path 'etc/homek8s/*' ! -path '*/dpkg/*' | sort)
	check 'and nothing else' \
		'[[ $left == $(printf "etc/%s\n" homek8s systemd/system/homek8sd.service.d) ]]'
	rm -r "$root/etc/homek8s" "$root/etc/systemd/system/homek8sd.service.d"
	check 'where nothing was written nothing stays' 'packaged -i "$(deb 1.0.0)" &&
		packaged --purge homek8sd && [[ ! -e $root/etc/homek8s ]] && ! grep -q stays "$work/dpkg.log"'
}

host_make
first_boot
for part in package install upgrade remove purge; do
	test_$part
done
summary
