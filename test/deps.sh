#!/usr/bin/env bash
# deps.sh run|all: installs the Debian packages that building and running need (run), or those and
# the ones for tests, lint and measurements (all). Asks apt only for what is missing.
set -euo pipefail
here=$(dirname "$0")

build="gcc make pkg-config libc6-dev libvirt-dev libsystemd-dev libjson-c-dev
	libcurl4-openssl-dev libev-dev libyaml-dev libxml2-dev libssl-dev check"
run="libvirt-daemon libvirt-daemon-system libvirt-clients curl util-linux procps"
tests="clang clang-format libclang-rt-dev shellcheck mandoc valgrind strace jq git python3
	systemd systemd-container mmdebstrap polkitd"

packages="$build $run"
if [ "${1:-run}" = all ]; then
	packages="$packages $tests $("$here/real/lab.sh" --packages)"
	packages="$packages $("$here/real/apiserver.sh" --packages)"
	packages="$packages $("$here/real/build-apiserver.sh" --packages)"
	packages="$packages $("$here/real/test_host.sh" --packages)"
fi

missing=()
for package in $packages; do
	dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' ||
		missing+=("$package")
done
# Some tests download a package or its source: that needs apt's lists.
if [ "$(id -u)" = 0 ] && ! ls /var/lib/apt/lists/*Packages* >/dev/null 2>&1; then
	apt-get update -q
fi
[ ${#missing[@]} -gt 0 ] || exit 0
if [ "$(id -u)" != 0 ]; then
	echo "these packages are missing; install them first:" >&2
	echo "  sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
	exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
# Nothing that is installed here may start by itself: tests bring up their own.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
	printf '#!/bin/sh\nexit 101\n' >$policy
	chmod 755 $policy
	trap 'rm -f $policy' EXIT
fi
apt-get install -y -q --no-install-recommends "${missing[@]}"
