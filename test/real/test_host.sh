#!/bin/bash
# A real host: a throw-away Debian (build-host.sh) booted by systemd-nspawn with a network of its
# own, into which `make install` puts homek8sd. Real systemd, journald, polkit, libvirtd and qemu;
# the API server is the project's own. The host is shut down and booted again on the way.
#
#   test_host.sh             run; BUILD names the build directory
#   test_host.sh --packages  print the Debian packages needed
#
# Exits 77 where it cannot run. HOMEK8S_KEEP=1 leaves the host running and says how to enter it.
# shellcheck disable=SC2016,SC2034,SC2154 # conditions are strings that check evaluates
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
build=${BUILD:-build}
[[ $build == /* ]] || build=$top/$build
# shellcheck source-path=SCRIPTDIR source=host-functions.sh
. "$here/host-functions.sh"

if [[ ${1:-} == --packages ]]; then
	host_packages openssl
	exit
fi
host_needs openssl

files() { (cd "$root" && find usr etc lib var/lib/libvirt -xdev ! -type d | sort); }

# An API server on the host's loopback with a certificate of its own, and a kubeconfig that only
# root may read, with a token that must never be shown again.
make_cluster() {
	canary=canary-$(openssl rand -hex 16)
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
		-subj /CN=test -addext subjectAltName=IP:127.0.0.1 \
		-keyout "$root/root/api.key" -out "$root/root/api.crt" 2>/dev/null
	cp "$build/fake-apiserver" "$root/root/"
	cat >"$root/etc/systemd/system/api.service" <<-END
		[Service]
		ExecStart=/root/fake-apiserver --listen 127.0.0.1:6443 --tls-cert /root/api.crt --tls-key /root/api.key --token $canary --seed home
	END
	sys daemon-reload
	sys start api
}
write_kubeconfig() {
	(
		umask 077
		cat >"$root/etc/homek8s/kubeconfig" <<-END
			apiVersion: v1
			kind: Config
			current-context: home
			contexts: [{name: home, context: {cluster: home, user: me}}]
			clusters:
			- name: home
			  cluster:
			    server: https://127.0.0.1:6443
			    certificate-authority-data: $(base64 -w0 "$root/root/api.crt")
			users: [{name: me, user: {token: $canary}}]
		END
	)
}

test_install() {
	local before
	before=$(files)
	make -s -C "$top" BUILD="$build" DESTDIR="$root" install >"$work/install"
	check 'make install DESTDIR' '[[ -x $root/usr/local/bin/homek8sd ]]'
	make -s -C "$top" BUILD="$build" DESTDIR="$root" uninstall >>"$work/install"
	check 'make uninstall leaves nothing but /etc/homek8s' \
		'[[ $(files) == "$before" && -d $root/etc/homek8s/desired.d ]]'
	make -s -C "$top" BUILD="$build" DESTDIR="$root" install >>"$work/install"
	echo "$before" >"$work/before"
}

test_unit_files() {
	check 'systemd-sysusers makes user homek8s, in group libvirt' \
		'host systemd-sysusers && has "\<libvirt\>" host id -nG homek8s'
	check 'systemd-analyze verify says nothing' \
		'[[ -z $(host systemd-analyze verify homek8sd.service 2>&1) ]]'
	check 'systemd-analyze security 1.5 or better' \
		'host systemd-analyze security --threshold=15 homek8sd.service'
	echo "# security: $(host systemd-analyze security --no-pager homek8sd.service | tail -1)"
	check 'the journal takes the catalog' 'host journalctl --update-catalog &&
		has "homek8sd is ready" host journalctl --list-catalog'
	check 'man finds the pages' 'host man -w 8 homek8sd && host man -w 1 homek8sctl &&
		host man -w 5 homek8s.yaml'
}

test_first_start() {
	check 'without a configuration the service waits, and is not started again and again' \
		'sys start homek8sd && status_is .verdict blocked && [[ $(property NRestarts) == 0 ]]'
	check 'it says what to write' 'has "desired.d/home.yaml" status &&
		has "Status: \"blocked: no good configuration yet" sys status homek8sd'
	check 'import works meanwhile, and names another beginning where nothing runs' \
		'has "default:" ctl import && [[ $(ctl import 2>&1 >/dev/null) == *"homek8sctl example"* ]]'
	check 'plan says that nothing is planned' \
		'{ ctl plan >"$work/plan"; [[ $? == 1 ]]; } && grep -q "^Nothing is planned" "$work/plan"'
	sys stop homek8sd
	check 'stopped it stays so: who asks gets exit 4 and starts nothing' stays_stopped
	write_home
	sys stop libvirtd.service libvirtd.socket libvirtd-ro.socket libvirtd-admin.socket
	check 'enable --now: READY while libvirtd is down' 'sys enable --now homek8sd &&
		[[ $(sys is-active homek8sd) == active ]]'
	check 'status says that libvirt is down' 'status_is .sources.libvirt.state down' 10
	check 'STATUS= stands in systemctl status' 'has "Status: \"degraded: " sys status homek8sd'
	sys start libvirtd.socket libvirtd-ro.socket
	check 'a network is there that is written: the first start only observes' \
		'has "first start" status && has "define domain worker-1" plan' 20
	check 'and changes nothing' '! vm_runs && ! host virsh dominfo worker-1'
	ctl resume
	check 'healed: libvirtd comes, the network and the VM are made and started' \
		'vm_runs && network_runs && status_is .sources.libvirt.state connected' 60
	check 'runs as homek8s, with no capability' '[[ $(host ps -o user= -p "$(property MainPID)") == \
		homek8s ]] && host grep -qx "CapPrm:.0000000000000000" /proc/$(property MainPID)/status'
	check 'the directory of the socket is for group homek8s, 0750' \
		'[[ $(host stat -c %U:%G:%a /run/homek8s) == homek8s:homek8s:750 ]]'
	check 'the state says in which boot its times were kept' \
		'[[ $(host tail -n +2 /var/lib/homek8s/state.json | jq -r .boot) == \
			$(host cat /proc/sys/kernel/random/boot_id | tr -d -) ]]' 5
	check 'state is kept for its user alone' \
		'[[ $(host stat -c %U:%a /var/lib/homek8s) == homek8s:700 ]]'
}

test_polkit() {
	host useradd -m stranger
	check 'user homek8s may manage qemu:///system' \
		'host setpriv --reuid homek8s --regid homek8s --init-groups virsh -c qemu:///system list'
	check 'others may not' '! host setpriv --reuid stranger --regid stranger --clear-groups \
		virsh -c qemu:///system list'
	host gpasswd -d homek8s libvirt >/dev/null
	check 'out of group libvirt it may by the polkit rule alone' 'host setpriv --reuid homek8s \
		--regid homek8s --init-groups virsh -c qemu:///system list'
	host systemd-sysusers
	check 'systemd-sysusers puts it back' 'has "\<libvirt\>" host id -nG homek8s'
}

# The service cannot see other users' processes, and so not what the number belongs to.
dnsmasq_pid() { host cat /run/libvirt/network/default.pid; }
# And waits for its end: until then its number is not another's.
dnsmasq_kill() {
	local pid
	pid=$(dnsmasq_pid)
	host kill -KILL "$pid"
	wait_for "! host kill -0 $pid" 30 >/dev/null
}
dnsmasq_runs() { [[ $(host cat "/proc/$(dnsmasq_pid)/comm") == dnsmasq ]]; }

test_heals() {
	host virsh net-destroy default >/dev/null
	check 'healed: virsh net-destroy default' network_runs 30
	host virsh destroy worker-1 >/dev/null
	check 'healed: virsh destroy worker-1' vm_runs 60
	dnsmasq_kill
	check 'healed: dnsmasq killed' 'dnsmasq_runs && ctl wait --for=network/default=converged' 60
	sys stop homek8sd
	dnsmasq_kill
	host sh -c 'setsid sleep 1000 >/dev/null 2>&1 & echo $! >/run/libvirt/network/default.pid'
	sys start homek8sd
	check 'healed: dnsmasq died meanwhile, and its number is another process now' \
		'dnsmasq_runs && ctl wait --for=network/default=converged' 60
}

test_reload() {
	local generation
	wait_for '! status_is .sources.config.generation 0' 5 >/dev/null
	generation=$(ctl status -o json | jq .sources.config.generation)
	echo 'network: {nmae: x}' >"$root/etc/homek8s/desired.d/bad.yaml"
	check 'reload with a bad file fails, the old configuration stays' \
		'! sys reload homek8sd && status_is .sources.config.state error &&
		status_is .sources.config.generation "$generation" && vm_runs'
	check 'the journal has the error with its place' \
		'has "desired.d/bad.yaml:1:11: error\[unknown-key\]" journal' 5
	check 'a restart takes the last good one' 'sys restart homek8sd && status &&
		status_is ".objects | length > 0" true'
	rm "$root/etc/homek8s/desired.d/bad.yaml"
	check 'reload with good files' 'sys reload homek8sd && status_is .sources.config.state ok'
	check 'SIGHUP too' 'sys kill -s HUP homek8sd && ctl wait --for=ready'
}

test_journal() {
	local ids id missing=
	check 'HOMEK8S_KIND=, _NAME=, _ACTION=, _RESULT= and MESSAGE_ID= find what was done' \
		'journal HOMEK8S_KIND=network HOMEK8S_NAME=default HOMEK8S_RESULT=done -o json |
		jq -es "any(.[]; .HOMEK8S_ACTION and .MESSAGE_ID and .PRIORITY == \"5\")"'
	mapfile -t ids < <(journal -o json | jq -r 'select(.SYSLOG_IDENTIFIER == "homek8sd") |
		.MESSAGE_ID // empty' | sort -u)
	for id in "${ids[@]}"; do
		has 'Defined-By: homek8sd' journal -x MESSAGE_ID="$id" -n 1 || missing+=" $id"
	done
	check "journalctl -x explains all ${#ids[@]} sorts of message there were" \
		'((${#ids[@]} > 4)) && [[ -z $missing ]]'
}

test_cluster() {
	make_cluster
	check 'without a kubeconfig the Kubernetes half is off' \
		'status_is .sources.kubernetes.state off'
	write_kubeconfig
	check 'a kubeconfig of root alone reaches the daemon as a credential' 'sys restart homek8sd &&
		ctl wait --for=ready && status_is .sources.kubernetes.state connected' 5
	check 'healed: the pool is made, all is converged' converged 30
	{
		status -o json
		ctl events -o json
		journal
		host sh -c 'cat /var/lib/homek8s/*.json'
		host cat "/proc/$(property MainPID)/environ"
	} >"$work/shown"
	check 'P7: the token is in no status, no journal, no state file, no environment' \
		'grep -q default-pool "$work/shown" && grep -q CREDENTIALS_DIRECTORY "$work/shown" &&
		! grep -q "$canary" "$work/shown"'
}

test_who() {
	host useradd -m -G homek8s friend
	check 'group homek8s may read and change' 'host setpriv --reuid friend --regid friend \
		--init-groups homek8sctl reconcile'
	check 'P8: the journal says who it was' \
		'has "reconcile everything, by uid $(host id -u friend) \(friend\)" journal -n 50' 5
	check 'others may not connect' 'host setpriv --reuid stranger --regid stranger --clear-groups \
		homek8sctl status; [[ $? == 5 ]]'
	dropin homek8sd.service '[Service]\nRuntimeDirectoryMode=0755'
	sys restart homek8sd
	check 'with RuntimeDirectoryMode=0755 they read' 'host setpriv --reuid stranger --regid stranger \
		--clear-groups homek8sctl list'
	check 'and may not change' 'host setpriv --reuid stranger --regid stranger --clear-groups \
		homek8sctl reconcile; [[ $? == 5 ]]'
	dropin homek8sd.service ''
	sys restart homek8sd
	check 'without it no more' 'host setpriv --reuid stranger --regid stranger --clear-groups \
		homek8sctl status; [[ $? == 5 ]]'
}

# Stopped, killed, hung: the VM's process is the same one throughout.
test_stop() {
	local qemu pid restarts
	wait_for vm_runs 60 >/dev/null
	qemu=$(qemu_pid)
	local began
	began=$(now_ms)
	sys stop homek8sd 2>/dev/null
	began=$(($(now_ms) - began))
	if ((began < 2000)); then ok 'systemctl stop < 2 s' $began; else no "stop took $began ms"; fi
	check 'P1: stopped: network and VM stay' 'network_runs && [[ $(qemu_pid) == "$qemu" ]]'
	check 'who asks does not start it again' stays_stopped
	sys start homek8sd
	pid=$(property MainPID)
	sys kill -s KILL homek8sd
	check 'who asks after a crash waits for the next start, and is answered' \
		'status && [[ $(property MainPID) != "$pid" ]]'
	check 'healed: SIGKILL' converged 30
	check 'P1: killed: network and VM stay' 'network_runs && [[ $(qemu_pid) == "$qemu" ]]'
	dropin homek8sd.service '[Service]\nWatchdogSec=1'
	sys restart homek8sd
	sleep 2.5
	restarts=$(property NRestarts)
	check 'a watchdog of 1 s is fed' '[[ $restarts == 0 && $(property MainPID) != 0 ]]'
	sys kill -s STOP homek8sd
	check 'healed: SIGSTOP; the watchdog restarts it' '(($(property NRestarts) > restarts)) && converged' 60
	sys kill -s STOP homek8sd
	check 'a stop ends it even so' 'sys stop homek8sd && stays_stopped'
	sys start homek8sd
	check 'once more started it answers' 'status && converged' 30
	host rm -r /run/homek8s
	check 'the socket was removed: a restart makes it anew' 'sys restart homek8sd && status'
	dropin homek8sd.service ''
	sys restart homek8sd
	check 'P1: hung: network and VM stay' 'network_runs && [[ $(qemu_pid) == "$qemu" ]]'
}

test_restart_socket() {
	local i asked=0 failed_to=0
	(for ((i = 0; i < 30; i++)); do sys restart homek8sd; done) &
	while kill -0 $! 2>/dev/null; do
		asked=$((asked + 1))
		ctl status >/dev/null 2>>"$work/refused" || failed_to=$((failed_to + 1))
	done
	check "of $asked clients that ask during 30 restarts none finds nobody" \
		'((asked > 20)) && ! grep -q "not running" "$work/refused"'
	echo "# $failed_to of them were connected when it stopped, and got an answer"
}

test_completion() {
	local bash
	bash='. /usr/share/bash-completion/bash_completion; _completion_loader homek8sctl
		compopt() { :; }; COMP_WORDS=(homek8sctl $1 "$2"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		_homek8sctl homek8sctl; echo "${COMPREPLY[*]}"'
	check 'bash completes commands' '[[ $(host bash -c "$bash" - "" rec) == reconcile ]]'
	check 'bash completes objects of the running daemon' \
		'[[ $(host bash -c "$bash" - describe vm/) == vm/worker-1 ]]'
	cp "$here/complete.zsh" "$root/root/"
	check 'zsh completes commands' '[[ $(host zsh /root/complete.zsh "homek8sctl recon") == *reconcile* ]]' 20
	check 'zsh completes objects' \
		'[[ $(host zsh /root/complete.zsh "homek8sctl describe vm/") == *vm/worker-1* ]]' 20
	check 'zsh completes option values' \
		'[[ $(host zsh /root/complete.zsh "homek8sctl status --output=js") == *json* ]]' 20
}

# The order matters: whoever keeps VMs running must be gone before they are shut down.
test_reboot() {
	local log
	sys poweroff 2>/dev/null || true
	check 'the host shuts down' '! kill -0 $nspawn' 60
	wait "$nspawn" 2>/dev/null || true
	log=$(journalctl -D "$root/var/log/journal" -o short-unix --no-pager | tail -400)
	check 'homek8sd is gone before libvirt-guests stops the guests' \
		'[[ $(grep -n "Stopped homek8sd" <<<"$log" | tail -1 | cut -d: -f1) -lt \
		$(grep -n "Stopping libvirt-guests" <<<"$log" | tail -1 | cut -d: -f1) ]]'
	boot
	sys start api
	check 'healed: the host was booted again; network, VM and pool are back' \
		'vm_runs && network_runs && converged' 60
}

test_uninstall() {
	local qemu left
	qemu=$(qemu_pid)
	sys disable --now homek8sd 2>/dev/null
	make -s -C "$top" BUILD="$build" DESTDIR="$root" uninstall >"$work/uninstall"
	check 'make uninstall names what stays: configuration, state, user' \
		'grep -qx "  rm -r $root/etc/homek8s" "$work/uninstall" &&
		grep -qx "  rm -r $root/var/lib/homek8s" "$work/uninstall" &&
		grep -q "^  userdel .*homek8s$" "$work/uninstall"'
	sys daemon-reload
	check 'P1: removed: network and VM stay' 'network_runs && [[ $(qemu_pid) == "$qemu" ]]'
	left=$(find "$root/usr" "$root/etc/systemd" -iname '*homek8s*' -printf '%P\n')
	check 'make uninstall leaves no file of its own' '[[ -z $left ]]'
	check 'and keeps the configuration and the state' \
		'[[ -s $root/etc/homek8s/desired.d/home.yaml && -s $root/var/lib/homek8s/state.json ]]'
}

host_make
test_install
first_boot
for part in unit_files first_start polkit heals reload journal cluster who stop \
	restart_socket completion reboot uninstall; do
	test_$part
done
summary
