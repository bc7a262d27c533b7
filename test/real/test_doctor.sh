#!/bin/bash
# homek8sctl doctor on a real host (host-functions.sh): what it finds wrong there, and that the
# commands it prints mend it, run as they stand. Then what validate and status say of files that
# the service may not read, and of a kubeconfig that was changed.
#
#   test_doctor.sh             run; BUILD names the build directory
#   test_doctor.sh --packages  print the Debian packages needed
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
	host_packages
	exit
fi
host_needs

doctor() { ctl doctor --pre -o json || [[ $? == 1 ]]; }
# Is this the result of the check, the worst of its answers?
is() { # CHECK RESULT
	[[ $(doctor | jq -r --arg id "$1" '[.checks[] | select(.id == $id) | .result] |
		sort_by(["skip", "pass", "warn", "fail"] | index(.)) | last') == "$2" ]]
}
commands_of() { doctor | jq -r --arg id "$1" '.checks[] | select(.id == $id) | .command // empty'; }
# Finds the check as it should, then runs what it prints.
mends() { # WHAT CHECK RESULT
	check "found: $1" "is $2 $3" 5
	commands_of "$2" | tee "$work/commands" >/dev/null
	check "mended: $1, by: $(paste -sd ';' "$work/commands")" \
		'[[ -s $work/commands ]] && host sh -e <"$work/commands" && is '"$2 pass" 10
}

test_install() {
	host systemctl stop libvirtd.socket libvirtd-ro.socket libvirtd-admin.socket libvirtd 2>/dev/null
	sys disable libvirtd.socket 2>/dev/null
	make -s -C "$top" BUILD="$build" --assume-old=all DESTDIR="$root" PREFIX=/usr install >/dev/null
	host systemctl daemon-reload
	check 'before anything is set up it ends, and fails' \
		'! ctl doctor --pre >"$work/out" && [[ $(tail -n 1 "$work/out") == *API\ server* ]]'
	mends 'no user' user fail
	mends 'libvirt is not started' libvirt fail
	check 'the polkit rule of make install lets it in' 'is libvirt-access pass'
	rm "$root/usr/share/polkit-1/rules.d/50-homek8s.rules"
	host gpasswd -d homek8s libvirt >/dev/null
	mends 'neither rule nor group' libvirt-access fail
	sys mask homek8sd 2>/dev/null || ln -sf /dev/null "$root/etc/systemd/system/homek8sd.service"
	mends 'the unit is masked' unit fail
	host dnsmasq --conf-file=/dev/null --pid-file=/run/other.pid
	check 'a DNS server on every address is found, and its name' \
		'is ports fail && [[ $(doctor) == *dnsmasq\ serves\ DNS* ]]' 5
	host sh -c 'kill $(cat /run/other.pid)'
	write_home
	sed -i '/^metallb:/,$d' "$root/etc/homek8s/desired.d/home.yaml"
	echo 'first_start: converge' >"$root/etc/homek8s/homek8s.yaml"
	mends 'the service is not enabled' enabled warn
	check 'healed: the command has started it, and the home converges' 'converged && vm_runs' 60
	check 'with everything running nothing fails' 'ctl doctor >"$work/out"'
	sed 's/^/# /' "$work/out"
}

test_conflicts() {
	check "libvirt's own dnsmasq is no conflict" 'network_runs && is ports pass'
	host dnsmasq --conf-file=/dev/null --pid-file=/run/other.pid --bind-dynamic --listen-address=127.0.0.2
	check 'a DNS server on an address of its own neither' 'is ports pass'
	host sh -c 'kill $(cat /run/other.pid)'
	host ip link add other type bridge
	host ip address add 192.168.122.77/24 dev other
	host ip link set other up
	check 'another interface has the network' 'is addresses fail && [[ $(doctor) == *interface\ other* ]]'
	host ip link delete other
	check 'it is gone' 'is addresses pass && converged' 60
}

test_files() {
	local file=/etc/homek8s/desired.d/home.yaml
	host chmod 600 $file
	check 'validate finds a file that homek8s may not read' \
		'! ctl validate >"$work/out" && grep -q "error\[file-unreadable\]: user homek8s may not" "$work/out"'
	check 'of one file, too' '! ctl validate $file >"$work/out" && grep -q "user homek8s may not" "$work/out"'
	check 'homek8sd --check too' '{ host homek8sd --check 2>"$work/out" || [[ $? == 78 ]]; } &&
		grep -q "user homek8s may not read it" "$work/out"'
	check 'and the service, when it reads it' '! ctl reload 2>"$work/out" && grep -q "may not read it" "$work/out"'
	mends 'a file of root alone' files fail
	check 'the service reads it now' 'ctl reload'
	host chmod 777 /etc/homek8s
	mends 'a directory that everybody may write' files fail
	check 'the service takes it again' 'ctl reload && converged' 10
}

write_kubeconfig() { # TOKEN
	(umask 077 && cat >"$root/etc/homek8s/kubeconfig" <<-END
		current-context: home
		contexts: [{name: home, context: {cluster: home, user: me}}]
		clusters: [{name: home, cluster: {server: "https://127.0.0.1:9"}}]
		users: [{name: me, user: {token: $1}}]
	END
	)
}
detail() { ctl status -o json | jq -r .sources.kubernetes.detail; }

test_kubeconfig() {
	local changed='/etc/homek8s/kubeconfig has changed since homek8sd was started'
	write_kubeconfig first
	check 'a new kubeconfig of root alone: status says what hands it over' \
		'[[ $(detail) == */etc/homek8s/kubeconfig*"\`systemctl restart homek8sd\`"* ]]' 5
	host chmod 644 /etc/homek8s/kubeconfig
	mends 'everybody may read it' kubeconfig warn
	sys restart homek8sd
	check 'after the restart it is in use' '[[ $(detail) == *127.0.0.1:9* && $(detail) != *restart* ]]' 10
	check 'doctor says that nobody answers there' 'is api-server warn'
	write_kubeconfig second
	check 'a changed one: status says so, and how it comes into force' \
		'[[ $(detail) == *"$changed"*"\`systemctl restart homek8sd\`"* ]]' 5
	check 'on the screen, too' 'status >"$work/out"; grep -q "has changed since" "$work/out"'
	sed -n '1,5s/^/# /p' "$work/out"
	sys restart homek8sd
	check 'after the restart no more' '[[ $(detail) != *"has changed"* ]]' 5
	echo 'users: [' >>"$root/etc/homek8s/kubeconfig"
	sys restart homek8sd
	check 'an error in it has the place in the file that was written' \
		'[[ $(detail) == */etc/homek8s/kubeconfig:6:1:* ]]' 5
	echo "# $(detail)"
	{
		status -o json
		ctl events -o json
		journal
		property StatusText
	} >"$work/shown"
	check 'no text names the copy that systemd has made' \
		'grep -q /etc/homek8s/kubeconfig "$work/shown" && ! grep -n /run/credentials "$work/shown"'
	host rm /etc/homek8s/kubeconfig
	sys restart homek8sd
}

host_make
first_boot
for part in install conflicts files kubeconfig; do
	test_$part
done
summary
