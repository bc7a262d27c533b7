#!/bin/bash
# Makes the Debian that test_host.sh boots: systemd, libvirt, qemu and what homek8sd needs, of
# this machine's own release and from its own package sources. Prints the archive's path; made
# once, in about a minute, kept in the cache. Nothing is installed on this machine.
#
#   build-host.sh             print the path of the archive, making it first if need be
#   build-host.sh --packages  print the Debian packages needed
#
# HOMEK8S_CACHE=DIR  keep it there instead of ~/.cache/homek8s
set -euo pipefail

packages="mmdebstrap tar"
inside="systemd-sysv dbus polkitd libvirt-daemon-system libvirt-clients dnsmasq-base iptables
	iproute2 qemu-system-x86 libjson-c5 libcurl4 libev4 libyaml-0-2 libxml2 libisofs6 libssl3
	libsystemd0 libvirt0 procps man-db bash-completion zsh"
cache=${HOMEK8S_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/homek8s}

say() { echo "build-host: $*" >&2; }
die() { say "$@"; exit 1; }

# The machine's sources for this release, each with its name's ending, which says its format.
sources() { # DIR
	local f
	for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list \
		/etc/apt/sources.list.d/*.sources; do
		if [[ -s $f ]] && grep -q "$codename" "$f"; then cp "$f" "$1/"; fi
	done
	ls "$1"/*.list "$1"/*.sources 2>/dev/null || true
}

build() { # WHERE
	local lists
	mkdir -p "$cache"
	exec 9>"$cache/build-host.lock"
	flock 9
	if [[ -f $1 ]]; then return; fi
	work=$(mktemp -d "$cache/build-host.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	trap 'exit 130' INT TERM
	mkdir "$work/sources"
	mapfile -t lists < <(sources "$work/sources")
	[[ ${#lists[@]} -gt 0 ]] || die "apt has no sources for $codename"
	# How this machine reaches them: proxies, time-outs, archives of a day long past.
	apt-config dump | grep -E '^Acquire::(https?|Check|Max|Retries)' >"$work/apt.conf" || true
	say "making a Debian $codename to boot, once, in $work"
	mmdebstrap --quiet --mode=root --variant=apt \
		--include="$(echo "$inside" | tr -s ' \t\n' ',')" \
		--aptopt="$work/apt.conf" --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
		"$codename" "$work/host.tar" "${lists[@]}" >&2
	rm -f "$cache"/host-*.tar # of older versions of this script
	mv "$work/host.tar" "$1"
}

case ${1:-} in
--packages)
	echo "$packages"
	exit ;;
"") ;;
*) die "usage: build-host.sh [--packages]" ;;
esac
[[ $(id -u) == 0 ]] || die "needs root"
codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
[[ -n $codename ]] || die "this system has no release name in /etc/os-release"
host=$cache/host-$codename-$(sha256sum <"$0" | cut -c1-12).tar
if [[ ! -f $host ]]; then build "$host"; fi
echo "$host"
