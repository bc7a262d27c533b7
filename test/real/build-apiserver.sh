#!/bin/bash
# Builds kube-apiserver from Debian's source package `kubernetes` (1.20.2) and prints where
# it lies. Takes four to eleven minutes on two cores, once: the program is kept in the cache
# directory and the next call finds it there. The machine's own apt lists are not touched.
#
#   build-apiserver.sh             print the path, building it first if need be
#   build-apiserver.sh --cached    print the path if it is there, else exit 1
#   build-apiserver.sh --packages  print the Debian packages that the build needs
#
# KUBE_APISERVER=/path  use that one and build nothing
# HOMEK8S_CACHE=DIR     keep it there instead of ~/.cache/homek8s
set -euo pipefail

packages="golang-1.19-go golang-github-modern-go-reflect2-dev dpkg-dev make rsync jq"
version=1.20.2
go=/usr/lib/go-1.19
gocode=/usr/share/gocode/src
reflect2=github.com/modern-go/reflect2
cache=${HOMEK8S_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/homek8s}
binary=$cache/kube-apiserver-$version

say() { echo "build-apiserver: $*" >&2; }
die() { say "$@"; exit 1; }
skip() { say "$@"; exit 77; }

# deb-src lines of this Debian release, made from the machine's own deb lines.
source_lists() { # DIR
	local f suites="^($codename|$codename-updates|$codename-security)\$"
	for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
		[[ -f $f ]] || continue
		sed -n 's/^deb\(-src\)\{0,1\}[ \t]\+/deb-src /p' "$f" |
			awk -v s="$suites" '{
				for (i = 2; i < NF; i++)
					if ($i ~ s && / main( |$)/) { print; next } }'
	done | sort -u >"$1/machine.list"
	for f in /etc/apt/sources.list.d/*.sources; do
		[[ -f $f ]] || continue
		awk -v RS= -v ORS='\n\n' -v s="$suites" '
			/(^|\n)Enabled:[ \t]*no/ || !/(^|\n)Components:[^\n]*main/ { next }
			match($0, /(^|\n)Suites:[^\n]*/) {
				n = split(substr($0, RSTART, RLENGTH), w)
				for (i = 2; i <= n; i++)
					if (w[i] ~ s) {
						sub(/Types:[^\n]*/, "Types: deb-src")
						print
						next
					}
			}' "$f"
	done >"$1/machine.sources"
}

fetch() { # DIR: leaves the unpacked source in DIR/source
	mkdir -p "$1"/{sources.d,lists/partial,cache}
	source_lists "$1/sources.d"
	local apt=(apt-get -qq -o APT::Sandbox::User=root -o Dir::Etc::sourcelist=/dev/null
		-o Dir::Etc::sourceparts="$1/sources.d" -o Dir::State::lists="$1/lists"
		-o Dir::Cache="$1/cache")
	"${apt[@]}" update >&2
	(cd "$1" && "${apt[@]}" --download-only source kubernetes >&2)
	local dsc=("$1"/kubernetes_*really"$version"-*.dsc)
	[[ -f ${dsc[0]} ]] || die "this Debian has no kubernetes $version source"
	dpkg-source --no-check -x "${dsc[0]}" "$1/source" >&2
}

# Kubernetes of that age wants to lie in a GOPATH. The version file stands in for the git
# checkout that its makefile would ask. Its own copy of reflect2 crashes when built with Go
# 1.18 or later (map iterators changed), so Debian's newer one takes its place.
compile() { # DIR
	mkdir -p "$1/go/src/k8s.io" "$1/home"
	rm "$1/source/vendor/$reflect2"/*.{go,s}
	cp "$gocode/$reflect2"/*.{go,s} "$1/source/vendor/$reflect2/"
	rm -f "$1/source/vendor/$reflect2"/*_test.go
	mv "$1/source" "$1/go/src/k8s.io/kubernetes"
	cat >"$1/version" <<-END
		KUBE_GIT_COMMIT=debian
		KUBE_GIT_TREE_STATE=archive
		KUBE_GIT_VERSION=v$version
		KUBE_GIT_MAJOR=1
		KUBE_GIT_MINOR=20
	END
	env -i PATH="$go/bin:/usr/sbin:/usr/bin:/sbin:/bin" HOME="$1/home" GOPATH="$1/go" \
		GOCACHE="$1/gocache" GO111MODULE=off CGO_ENABLED=0 GOFLAGS=-p=2 GOMAXPROCS=2 \
		KUBE_GIT_VERSION_FILE="$1/version" LC_ALL=C.UTF-8 \
		nice make -C "$1/go/src/k8s.io/kubernetes" WHAT=cmd/kube-apiserver >&2
}

build() {
	# shellcheck source=/dev/null
	local codename=${VERSION_CODENAME:-$(. /etc/os-release && echo "$VERSION_CODENAME")} p
	for p in "$go/bin/go" dpkg-source make rsync jq; do
		command -v "$p" >/dev/null && continue
		apt-cache show "${packages%% *}" >/dev/null 2>&1 ||
			skip "Debian $codename has no ${packages%% *} to build it with; another" \
				"kube-apiserver is taken by KUBE_APISERVER=/path"
		die "no $p; packages needed: $packages"
	done
	[[ -d $gocode/$reflect2 ]] || die "no $reflect2; packages needed: $packages"
	mkdir -p "$cache"
	exec 9>"$cache/build-apiserver.lock"
	flock 9
	if [[ -x $binary ]]; then return; fi # somebody else built it while we waited
	work=$(mktemp -d "$cache/build-apiserver.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	trap 'exit 130' INT TERM
	say "building kube-apiserver $version, once, in $work"
	fetch "$work"
	compile "$work"
	install -s "$(find "$work/go/src/k8s.io/kubernetes/_output" -type f -name kube-apiserver |
		head -n1)" "$work/done"
	"$work/done" --version >&2
	mv "$work/done" "$binary"
}

case ${1:-} in
--packages)
	echo "$packages"
	exit ;;
--cached | "") ;;
*) die "usage: build-apiserver.sh [--cached | --packages]" ;;
esac
if [[ -n ${KUBE_APISERVER:-} ]]; then
	[[ -x $KUBE_APISERVER ]] || die "KUBE_APISERVER=$KUBE_APISERVER is no program"
	echo "$KUBE_APISERVER"
	exit
fi
if [[ ! -x $binary ]]; then
	if [[ ${1:-} == --cached ]]; then exit 1; fi
	build
fi
echo "$binary"
