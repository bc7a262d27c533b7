#!/usr/bin/env bash
# What is written about the programs, held to what the programs say: manual pages, completions,
# the journal's catalog, the units, and where `make install` puts them.
# shellcheck disable=SC2016 # conditions are strings that check evaluates
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
# shellcheck source=test/real/report.sh
. test/real/report.sh

for program in jq mandoc pkg-config; do
	command -v $program >/dev/null || {
		echo "SKIP test_man: no $program"
		exit 77
	}
done

work=$(mktemp -d "${TMPDIR:-/tmp}/homek8s-man.XXXXXX")
daemon=
clean_up() {
	[[ -z $daemon ]] || kill "$daemon" 2>/dev/null || true
	[[ -z $daemon ]] || wait "$daemon" 2>/dev/null || true
	rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

ctl=$build/homek8sctl
page_ctl=daemon/homek8sctl/homek8sctl.1
page_daemon=daemon/homek8sd.8
page_yaml=conf/homek8s.yaml.5

# same WHAT WANTED FOUND: two lists of words, in any order; tells what only one of them has.
same() {
	local only
	only=$(diff <(sort -u <<<"$2") <(sort -u <<<"$3") | sed -n 's/^[<>] /&/p') || true
	if [[ -z $only && -n $2 ]]; then
		ok "$1"
	else
		no "$1"
		sed 's/^</only the first:/; s/^>/only the second:/' <<<"$only"
	fi
}

# missing FILE PATTERN-WITH-% WORDS: the words that FILE has no line for.
missing() {
	local word
	for word in $3; do
		grep -qE -- "${2//%/$word}" "$1" || printf '%s ' "$word"
	done
}
all_in() { # WHAT FILE PATTERN WORDS
	local lost
	lost=$(missing "$2" "$3" "$4")
	if [[ -z $lost && -n $4 ]]; then ok "$1"; else no "$1: not there: $lost"; fi
}

verbs() { "$ctl" help -o name; }
methods() { sed -n 's/^METHOD(INTERFACE_NAME, \([A-Za-z]*\),.*/\1/p' lib/view/methods.def; }
options() { # PROGRAM ARGUMENTS...
	"$@" | grep -oE -- '--[a-z][a-z-]+' | sort -u | sed 's/^--//'
}

manual_pages() {
	local page out bad=
	for page in $page_ctl $page_daemon $page_yaml; do
		out=$(mandoc -T lint -W warning "$page" 2>&1) || bad+=$out
	done
	if [[ -z $bad ]]; then ok 'mandoc finds nothing'; else no "mandoc: $bad"; fi
	same 'homek8sctl(1) has every command and no other' "$(verbs)" \
		"$(sed -n '/^\.Sh DESCRIPTION/,/^\.Ss Options/s/^\.It Ic \([a-z]*\).*/\1/p' $page_ctl)"
	same 'homek8sctl(1) has every option and no other' "$(options "$ctl" help)" \
		"$(sed -n '/^\.Ss Options/,/^\.Sh/s/^\.It Fl \([a-z] , \)\{0,1\}-\([a-z-]*\).*/\2/p' $page_ctl)"
	same 'homek8sd(8) has every option and no other' "$(options "$build/homek8sd" --help |
		grep -v '^$')" "$(sed -n 's/^\.It Fl \([a-z] , \)\{0,1\}-\([a-z-]*\).*/\2/p' $page_daemon)"
	same 'every method of the interface is called by a command' "$(methods)" "$(for verb in $(verbs); do
		"$ctl" help "$verb" | sed -n 's/^Calls \(.*\) of .*/\1/p' | sed 's/ and /\n/g'
	done)"
	all_in 'homek8sctl(1) has every exit status' $page_ctl '^\.It %$' "0 1 2 3 4 5"
	all_in 'homek8sd(8) has every promise' $page_daemon '^\.It %$' \
		"P1 P2 P3 P4 P5 P6 P7 P8 P9 P10"
	same 'homek8s.yaml(5) has every finding of the linter and no other' \
		"$(cat lib/lint/lint_*.c | grep -oE '"[a-z]+(-[a-z0-9]+)+"' | tr -d '"' |
			grep -vxE 'host-gw')" \
		"$(sed -n '/^\.Sh FINDINGS/,/^\.Sh FILES/s/^\.It Cm [a-z]* : //p' $page_yaml |
			tr -d ' ' | tr ',' '\n' | grep -vxE \
			'duplicate-name|kvm-unavailable|lease-conflict|vm-not-written|no-longer-written')"
}

journal_catalog() {
	local ids catalog=units/homek8s.catalog
	ids=$(sed -n 's/.*\[MESSAGE_[A-Z_]*\] = { "\([0-9a-f]*\)".*/\1/p' daemon/journal/journal.c)
	same 'the catalog explains every message id and no other' "$ids" \
		"$(sed -n 's/^-- //p' $catalog)"
	if command -v journalctl >/dev/null; then
		cp $catalog "$work/"
		mkdir -p "$work/root/usr/lib/systemd/catalog" "$work/root/var/lib/systemd/catalog"
		cp $catalog "$work/root/usr/lib/systemd/catalog/"
		check 'journalctl takes it' 'journalctl --root="$work/root" --update-catalog'
	fi
}

# What bash offers for a command line.
completes() { # WORDS...
	bash -c '. units/completion/homek8sctl.bash
		compopt() { :; }
		COMP_WORDS=("$@")
		COMP_CWORD=$(($# - 1))
		_homek8sctl "$1"
		printf "%s\n" "${COMPREPLY[@]}"' - "$ctl" "$@"
}

completion() {
	local keys verb
	same 'bash completes every command' "$(verbs)" "$(completes '')"
	for verb in status pause call; do
		same "bash completes the options of $verb" "$(options "$ctl" help $verb)" \
			"$(completes $verb -- | sed -n 's/^--\([a-z-]*\).*/\1/p')"
	done
	same 'bash completes output formats, after a space' "table wide json yaml name" \
		"$(completes status -o '' | tr '\n' ' ' | sed 's/ $//')"
	same 'and after =, in one word and in three' "$(printf '%s\n' --output=json json)" \
		"$(completes list --output=j; completes list --output = j)"
	keys=$(completes explain vms.)
	same 'bash completes keys' "$("$ctl" explain vms | sed '1,/^keys:/d' |
		sed -n 's/^  \([a-z_]\{1,\}\) .*/vms.\1/p')" "$keys"
	same 'bash completes objects, which it asks the daemon for' "$("$ctl" list -o name)" \
		"$(completes describe '')"
	same 'bash completes methods' "$("$ctl" call org.varlink.service.GetInterfaceDescription \
		'{"interface":"io.homek8s.Manager"}' -o json | jq -r .description |
		sed -n 's/^method \([A-Za-z]*\).*/io.homek8s.Manager.\1/p')" "$(completes call '')"
	if command -v zsh >/dev/null; then
		check 'zsh reads its completion' 'zsh -n units/completion/_homek8sctl'
	fi
}

# A daemon on libvirt's test driver, for what only a running one can say.
start_daemon() {
	mkdir -p "$work/etc/desired.d" "$work/state"
	printf 'libvirt: {uri: "test:///default"}\n' >"$work/etc/homek8s.yaml"
	cat >"$work/etc/desired.d/home.yaml" <<-END
		network: {name: default, address: 192.168.122.1/24, mode: route}
		vms: {test: {memory: 16GiB, vcpus: 1}}
		metallb: {pools: {default-pool: {addresses: [192.168.122.100-192.168.122.150]}}}
	END
	chmod -R go-w "$work/etc"
	export HOMEK8S_SOCKET=$work/socket
	"$build/homek8sd" --config-dir "$work/etc" --state-dir "$work/state" \
		--socket "$HOMEK8S_SOCKET" 2>"$work/homek8sd.log" &
	daemon=$!
	wait_for '"$ctl" list -o name | grep vm/test' 20 >/dev/null
}

# Every member of the answers stands in the page, where the section of that command tells it.
json_members() { # COMMAND ARGUMENTS...
	local members
	members=$("$ctl" "$@" -o json | jq -r '
		def own: del(.. | objects | .desired?, .live?, .persistent?, .fields?);
		[own | paths(true) | .[] | strings] | unique | .[]') || true
	all_in "homek8sctl(1) tells every member of $1" $page_ctl \
		"^\.(It )?Va .*\b%\b" "$members"
}

units() {
	local unit=$work/units/homek8sd.service
	mkdir -p "$work/units"
	check 'make install puts the programs into PREFIX and fills in the unit' \
		'make -s BUILD="$build" DESTDIR="$work/a" PREFIX=/opt/x UNITDIR=/units install &&
		"$work/a/opt/x/bin/homek8sd" --version &&
		grep -qx "ExecStart=/opt/x/bin/homek8sd" "$work/a/units/homek8sd.service" &&
		! grep "@[A-Z]" "$work/a/units/homek8sd.service"'
	check 'make install writes nothing into /etc/homek8s' \
		'[[ -z $(find "$work/a/etc" -type f) ]]'
	check 'make uninstall removes all of it' 'make -s BUILD="$build" DESTDIR="$work/a" \
		PREFIX=/opt/x UNITDIR=/units uninstall && [[ -z $(find "$work/a" -type f) ]]'
	check 'another sysconfdir is used for the kubeconfig' \
		'make -s BUILD="$build" DESTDIR="$work/b" sysconfdir=/usr/local/etc UNITDIR=/units install &&
		grep -q "kubeconfig:/usr/local/etc/homek8s/kubeconfig" "$work/b/units/homek8sd.service" &&
		! grep ConfigurationDirectory= "$work/b/units/homek8sd.service"'
	if ! command -v systemd-analyze >/dev/null; then return; fi
	sed -e 's|@BINDIR@|/bin|; s|@SYSCONFDIR@|/etc|; s|/bin/homek8s.*|/bin/true|' \
		units/homek8sd.service >"$unit"
	cp units/homek8sd.socket "$work/units/"
	check 'systemd-analyze security 1.5 or better' \
		'systemd-analyze security --offline=true --threshold=15 "$unit"'
	check 'systemd-analyze verify says nothing' \
		'[[ -z $(systemd-analyze verify --man=no "$unit" "$work/units/homek8sd.socket" 2>&1) ]]'
}

manual_pages
journal_catalog
start_daemon
for command in status list plan diff events; do json_members $command; done
json_members describe vm/test
json_members validate conf/example
completion
units
summary
