#!/bin/bash
# Makes the Debian in which test_cloud_init.sh runs cloud-init: that of build-host.sh with cloud-init
# and netplan beside. Prints the archive's path; made once, kept in the cache. Nothing is installed
# on this machine.
#
#   build-cloud-init.sh             print the path of the archive, making it first if need be
#   build-cloud-init.sh --packages  print the Debian packages needed
#
# HOMEK8S_CACHE=DIR  keep it there instead of ~/.cache/homek8s
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
inside="cloud-init netplan.io udev tzdata sudo openssh-client xorriso"
cache=${HOMEK8S_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/homek8s}

say() { echo "build-cloud-init: $*" >&2; }
die() { say "$@"; exit 1; }

# Runs as root of the new Debian, in mount and process namespaces of its own.
install_inside() { # ROOT
	mount --rbind /dev "$1/dev"
	mount -t proc proc "$1/proc"
	chroot "$1" apt-get -qq update
	# shellcheck disable=SC2086 # a list of packages
	DEBIAN_FRONTEND=noninteractive chroot "$1" apt-get -qq -y --no-install-recommends install $inside
	chroot "$1" apt-get -qq clean
	rm -rf "$1"/var/lib/apt/lists/*
}

build() { # WHERE
	local host
	host=$("$here/build-host.sh")
	exec 9>"$cache/build-cloud-init.lock"
	flock 9
	if [[ -f $1 ]]; then return; fi
	work=$(mktemp -d "$cache/build-cloud-init.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	trap 'exit 130' INT TERM
	say "making a Debian with cloud-init, once, in $work"
	mkdir "$work/root"
	tar -C "$work/root" -xf "$host"
	# How this machine reaches its package sources.
	apt-config dump | grep -E '^Acquire::(https?|Check|Max|Retries)' >"$work/root/etc/apt/apt.conf.d/90machine" || true
	cp /etc/resolv.conf "$work/root/etc/resolv.conf"
	printf '#!/bin/sh\nexit 101\n' >"$work/root/usr/sbin/policy-rc.d" # nothing is started
	chmod +x "$work/root/usr/sbin/policy-rc.d"
	unshare --mount --pid --fork "$0" inside "$work/root" >"$work/log" 2>&1 || {
		tail -n 20 "$work/log" >&2
		die "cloud-init could not be installed"
	}
	tar -C "$work/root" -cf "$work/root.tar" .
	rm -f "$cache"/cloud-init-*.tar # of older versions of this script
	mv "$work/root.tar" "$1"
}

case ${1:-} in
--packages)
	"$here/build-host.sh" --packages
	exit ;;
inside)
	install_inside "$2"
	exit ;;
"") ;;
*) die "usage: build-cloud-init.sh [--packages]" ;;
esac
[[ $(id -u) == 0 ]] || die "needs root"
codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
archive=$cache/cloud-init-$codename-$(sha256sum <"$0" | cut -c1-12).tar
if [[ ! -f $archive ]]; then build "$archive"; fi
echo "$archive"
