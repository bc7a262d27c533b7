#!/usr/bin/env bash
# deps.sh run|check|all: installs the Debian packages that building and running need (run), or
# those and the ones for tests, lint and measurements (check, all). Asks apt only for what is
# missing. Who may not install gets a line for root; `check` then goes on if it can build.
#
# Nothing that is installed here is started or enabled on this host: tests bring up their own.
set -euo pipefail
here=$(dirname "$0")
what=${1:-run}

build="gcc make pkg-config libc6-dev libvirt-dev libsystemd-dev libjson-c-dev
	libcurl4-openssl-dev libev-dev libyaml-dev libxml2-dev libisofs-dev libssl-dev check"
run="libvirt-daemon libvirt-clients curl util-linux procps"
tests="clang clang-format libclang-rt-dev shellcheck mandoc valgrind strace jq git python3
	systemd systemd-container mmdebstrap polkitd debhelper lintian libarchive-tools"

# Another kubectl will do, and Debian's own cannot be installed over it.
installed() {
	if [ "$1" = kubernetes-client ] && command -v kubectl >/dev/null; then return; fi
	dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null | grep -q '^ii'
}

missing() { # PACKAGES
	local package
	for package in "$@"; do
		installed "$package" || echo "$package"
	done
}

say_what_is_missing() { # PACKAGES
	local word=these
	if [ "$what" = check ]; then word='for tests that are skipped without them these'; fi
	echo "$word packages are missing; as root:" >&2
	echo "  apt-get install -y --no-install-recommends $*" >&2
}

# What apt knows; what it does not is named and left out.
known() { # PACKAGES
	local package
	for package in "$@"; do
		if apt-cache show "$package" >/dev/null 2>&1; then
			echo "$package"
		else
			echo "this Debian has no $package: tests that need it are skipped" >&2
		fi
	done
}

# The script lives as long as this one: what is left of it after a kill allows everything.
forbid_starting() {
	local policy=/usr/sbin/policy-rc.d
	if [ -e $policy ] && ! grep -qs 'test/deps.sh' $policy; then return; fi
	cat >$policy <<-END
		#!/bin/sh
		# Of homek8sd's test/deps.sh, process $$, as long as it runs.
		! kill -0 $$ 2>/dev/null || exit 101
	END
	chmod 755 $policy
	trap 'rm -f /usr/sbin/policy-rc.d' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
}

enabled() { find /etc/systemd/system -path '*.wants/*' -type l 2>/dev/null | sort; }

# Where there was no systemd there is nothing that would start.
forbid_enabling() { # LINKS-BEFORE
	local new
	new=$(comm -13 <(echo "$1") <(enabled))
	if [ -z "$new" ]; then return; fi
	xargs rm -f <<<"$new"
	find /etc/systemd/system -name '*.wants' -type d -empty -delete
	echo "installed, and neither started nor enabled:" \
		"$(xargs -n 1 basename <<<"$new" | sort -u | xargs)"
}

install_packages() { # PACKAGES
	local before had_systemd=
	before=$(enabled)
	if installed systemd; then had_systemd=1; fi
	forbid_starting
	echo "installing what is missing: $*"
	DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"
	if [ -n "$had_systemd" ]; then forbid_enabling "$before"; fi
}

packages="$build $run"
if [ "$what" != run ]; then
	packages="$packages $tests $("$here/real/lab.sh" --packages)"
	packages="$packages $("$here/real/apiserver.sh" --packages)"
	packages="$packages $("$here/real/build-apiserver.sh" --packages)"
	packages="$packages $("$here/real/test_host.sh" --packages)"
fi
# shellcheck disable=SC2086 # a list
mapfile -t wanting < <(missing $packages | sort -u)

# Some tests download a package or its source: that needs apt's lists.
if [ "$(id -u)" = 0 ] && { [ ${#wanting[@]} -gt 0 ] ||
	! ls /var/lib/apt/lists/*Packages* >/dev/null 2>&1; }; then
	apt-get update -q
	mapfile -t wanting < <(known "${wanting[@]}")
fi
[ ${#wanting[@]} -gt 0 ] || exit 0
if [ "$(id -u)" = 0 ]; then
	install_packages "${wanting[@]}"
else
	say_what_is_missing "${wanting[@]}"
	# shellcheck disable=SC2086
	[ "$what" = check ] && [ -z "$(missing $build)" ]
fi
