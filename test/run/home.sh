# shellcheck shell=bash
# home.sh: a private home to play with, sourced by run.sh and tour.sh: a libvirtd that serves
# libvirt's test driver (nothing real is defined or started), the project's own API server on
# loopback, and homek8sd on the example configuration. Everything lives in one temporary
# directory and ends with the script.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$(cd "$top" && realpath "${BUILD:-build}")
PATH=$PATH:/usr/sbin:/sbin # where libvirtd lies, which is not in every user's path
ctl="$build/homek8sctl"
api=
api_options=() # more of fake-apiserver's

say() { printf '%s\n' "$*"; }
die() {
	say "$*" >&2
	exit 1
}

# wait_until SECONDS COMMAND...: polls every 50 ms; false when the time is over.
wait_until() {
	local until=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$until" ] || return 1
		sleep 0.05
	done
}

now_ms() { date +%s%3N; }

libvirtd_conf() {
	mkdir -p "$work/libvirt" "$work/xdg"
	chmod 755 "$work" "$work/libvirt"
	cat >"$work/libvirt/libvirtd.conf" <<-END
		unix_sock_dir = "$work/libvirt"
		auth_unix_ro = "none"
		auth_unix_rw = "none"
		log_outputs = "3:file:$work/libvirt/libvirtd.log"
	END
}

# libvirtd runs for a user who may do nothing here and keeps to the directories that XDG names: it
# neither finds nor starts anything of this machine.
libvirtd_of_a_user() {
	[ "$(id -u)" != 0 ] || chown -R nobody "$work/libvirt" "$work/xdg"
	XDG_RUNTIME_DIR=$work/xdg XDG_CONFIG_HOME=$work/xdg XDG_CACHE_HOME=$work/xdg \
		exec "${as_nobody[@]}" libvirtd --config "$work/libvirt/libvirtd.conf"
}

start_libvirtd() {
	rm -f "$work"/libvirt/libvirt-*sock
	libvirtd_of_a_user >>"$work/libvirtd.out" 2>&1 9>&- &
	libvirtd_pid=$!
	wait_until 20 virsh -c "$uri" version ||
		die "libvirtd did not start: $(cat "$work/libvirtd.out" "$work/libvirt/libvirtd.log" | tail -5)"
}

# The test driver forgets everything when its last client leaves: this one stays. It has
# come when it answers.
hold_libvirtd() {
	mkfifo "$work/hold" 2>/dev/null || true
	virsh -c "$uri" <"$work/hold" >"$work/held" 2>&1 &
	holder_pid=$!
	exec 9>"$work/hold" # which none of the other programs may inherit
	echo uri >&9
	wait_until 10 grep -qF "$uri" "$work/held" || die "libvirtd does not answer"
}

# The test driver begins with a domain and a network of its own; the tour begins with nothing.
empty_libvirtd() {
	{
		virsh -c "$uri" destroy test
		virsh -c "$uri" undefine test
		virsh -c "$uri" net-destroy default
		virsh -c "$uri" net-undefine default
	} >/dev/null 2>&1 || true
}

gone() { ! kill -0 "$1"; }

# end PID [SIGNAL]: a child of this script ends, in 5 s at the latest. Bash is silent on how. There
# is no `wait` here: in a trap it may wait for ever for what ended when the trap began.
end() {
	{
		kill "-${2:-TERM}" "$1" || true
		wait_until 5 gone "$1" || kill -KILL "$1" || true
		wait_until 5 gone "$1" || true
	} 2>/dev/null
}

stop_libvirtd() {
	end "$libvirtd_pid" KILL
	exec 9>&-
	end "$holder_pid"
}

start_api() {
	"$build/fake-apiserver" --listen "127.0.0.1:${api_port:-0}" --seed home \
		--state "$work/cluster.json" "${api_options[@]}" >"$work/api.out" 2>&1 9>&- &
	api_pid=$!
	wait_until 10 grep -q 'listening on' "$work/api.out" || die "the API server did not start"
	api=$(sed -n 's/^listening on //p' "$work/api.out")
	api_port=${api##*:}
}

stop_api() { end "$api_pid"; }

write_config() {
	mkdir -p "$work/etc/desired.d" "$work/state"
	cp "$top/conf/example/desired.d/home.yaml" "$work/etc/desired.d/"
	cat >"$work/etc/homek8s.yaml" <<-END
		libvirt:
		  uri: "$uri"
		kubernetes:
		  mode: "on"
		resync: 2s
		first_start: converge
		vm:
		  minimum_uptime: 1s
	END
	cat >"$work/etc/kubeconfig" <<-END
		apiVersion: v1
		kind: Config
		current-context: home
		contexts: [{name: home, context: {cluster: home, user: me}}]
		clusters: [{name: home, cluster: {server: "$api"}}]
		users: [{name: me, user: {}}]
	END
	chmod 600 "$work"/etc/*.yaml "$work/etc/kubeconfig" "$work"/etc/desired.d/*.yaml
}

# shellcheck disable=SC2034 # daemon_pid is for the scripts that source this
start_daemon() {
	"$build/homek8sd" --config-dir "$work/etc" --state-dir "$work/state" \
		--socket "$HOMEK8S_SOCKET" >>"$work/homek8sd.out" 2>&1 9>&- &
	daemon_pid=$!
	wait_until 10 "$ctl" list || die "homek8sd did not start: $(tail -5 "$work/homek8sd.out")"
}

# What the kubelets of the VMs say of their nodes: which machine it is, and in which boot. A pipe
# that nobody writes to is the clock, so that no child is left when this ends.
kubelets() {
	local name uuid id
	declare -A said=()
	mkfifo "$work/clock"
	exec 8<>"$work/clock"
	while ! read -rt 0.5 -u 8; do
		for name in control-plane worker-1 worker-2; do
			read -r uuid id <<<"$(virsh -c "$uri" domuuid "$name" | head -1) $(virsh -c "$uri" domid "$name" | head -1)"
			[[ $id =~ ^[0-9]+$ && ${said[$name]:-} != "$uuid $id" ]] || continue
			curl -sf -o "$work/node" -X PATCH -H 'Content-Type: application/merge-patch+json' -d \
				"{\"status\":{\"nodeInfo\":{\"systemUUID\":\"$uuid\",\"bootID\":\"$uuid-$id\"}}}" \
				"$api/api/v1/nodes/$name/status" && said[$name]="$uuid $id"
		done
	done
}

# Jobs and not what variables say: a signal may come between a start and its `$!`.
clean_up() {
	local pids i
	trap - EXIT
	trap '' INT TERM HUP
	mapfile -t pids < <(jobs -p)
	for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
		end "${pids[i]}"
	done
	[ -z "${work:-}" ] || rm -rf "$work"
}

# A shell that knows this home, for whoever wants to break it from another terminal.
write_shell() {
	cat >"$work/shell" <<-END
		#!/bin/sh
		# A shell in which virsh, curl and homek8sctl reach the home in $work.
		export HOMEK8S_SOCKET='$HOMEK8S_SOCKET' VIRSH_DEFAULT_CONNECT_URI='$uri'
		export PATH='$build':"\$PATH" home='$work/etc/desired.d/home.yaml'
		export pools='$api/apis/metallb.io/v1beta1/namespaces/metallb-system/ipaddresspools'
		for editor in vi nano; do
			[ -n "\${EDITOR:-}" ] || ! command -v \$editor >/dev/null || export EDITOR=\$editor
		done
		exec "\${SHELL:-/bin/sh}" "\$@"
	END
	chmod 755 "$work/shell"
}

start_home() {
	[ -n "$(trap -p INT)" ] || trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	libvirtd_conf
	start_libvirtd
	hold_libvirtd
	empty_libvirtd
	start_api
	write_config
	start_daemon
	kubelets >/dev/null 2>&1 9>&- &
}

as_nobody=()
[ "$(id -u)" != 0 ] || as_nobody=(setpriv --reuid nobody --regid nogroup --clear-groups)
# A directory for temporary files that is root's alone will not do for both.
"${as_nobody[@]}" test -x "${TMPDIR:-/tmp}" || TMPDIR=/tmp
trap clean_up EXIT
work=$(mktemp -d "${TMPDIR:-/tmp}/homek8s.XXXXXX")
export HOMEK8S_SOCKET=$work/homek8s.sock
uri="test+unix:///default?socket=$work/libvirt/libvirt-sock"
